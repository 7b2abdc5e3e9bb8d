// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * Texts are preserved in a state, and a terminal gets none of their control characters
 *
 * Generated values of settings are written and read again.  Texts with control
 * characters go through messages, output, and an ejection by the fake kernel.
 */
#include <sys/stat.h>
#include <unistd.h>

#include "../../cmd/bxctl.h"
#include "../../lib/state.h"
#include "../../lib/tree.h"
#include "world.h"

/* The results are this program's own. */
#undef printf
#include "tap.h"

static struct bx_handle *h;
static char dir[] = "/tmp/bus_ext-text.XXXXXX";

/* ---- stored texts ---- */

static unsigned int random_number(unsigned int below)
{
	static unsigned long long seed = 88172645463325252ULL;

	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (seed >> 32) % below;
}

/* A character of one to four bytes; those that mean something to YAML more often */
static void add_char(char *text)
{
	static const char special[] = "\"\\'#:-?[]{},&*!|>%@` \\\"";
	unsigned int c = 0;
	char utf8[5] = {};

	switch (random_number(6)) {
	case 0:
	case 1:
		utf8[0] = special[random_number(sizeof(special) - 1)];
		break;
	case 2:
		utf8[0] = ' ' + random_number(95);
		break;
	case 3:
		c = 0xa0 + random_number(0x800 - 0xa0);
		utf8[0] = 0xc0 | c >> 6;
		utf8[1] = 0x80 | (c & 0x3f);
		break;
	case 4:
		c = 0x800 + random_number(0xf800);
		utf8[0] = 0xe0 | c >> 12;
		utf8[1] = 0x80 | (c >> 6 & 0x3f);
		utf8[2] = 0x80 | (c & 0x3f);
		break;
	default:
		c = 0x10000 + random_number(0x100000);
		utf8[0] = 0xf0 | c >> 18;
		utf8[1] = 0x80 | (c >> 12 & 0x3f);
		utf8[2] = 0x80 | (c >> 6 & 0x3f);
		utf8[3] = 0x80 | (c & 0x3f);
	}
	if (text_char(utf8, strlen(utf8), NULL) &&
	    strlen(text) + strlen(utf8) < MAX_VALUE_LEN)
		strcat(text, utf8);
}

static void fill(struct installed *inst)
{
	struct generation *g = &inst->gens[0];
	char text[BX_NAME_LEN + MAX_VALUE_LEN + 1];

	*inst = (struct installed) { .name = "b", .count = 1, .current = 1 };
	g->number = 1;
	strcpy(g->version, "1");
	memset(g->digest, 'a', sizeof(g->digest) - 1);
	memset(g->fingerprint, 'b', sizeof(g->fingerprint) - 1);
	memset(g->anchor, 'c', sizeof(g->anchor) - 1);
	strcpy(g->signer, "/CN=");
	for (int n = random_number(30); n; n--)
		add_char(g->signer);
	for (unsigned int i = 0; i < MAX_SETTINGS; i++) {
		char *value = text + sprintf(text, "s%u=", i);

		for (int n = random_number(i ? 60 : 200); n; n--)
			add_char(value);
		if (generation_set(h, g, text))
			abort();
	}
}

static bool is_kept(const struct installed *a)
{
	struct installed b = {};
	bool ok;

	if (state_write(h, a) || state_read(h, "b", &b) != 1) {
		same("a state", "is read", bx_error(h));
		return false;
	}
	ok = same("the signer", a->gens[0].signer, b.gens[0].signer) &&
		b.count == a->count && b.gens[0].nr_set == a->gens[0].nr_set;
	for (unsigned int i = 0; ok && i < a->gens[0].nr_set; i++)
		ok = same("a setting", a->gens[0].set[i], b.gens[0].set[i]);
	state_free(&b);
	return ok;
}

static void make_dir(const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	mkdir(path, 0700);
}

/* The maximum of generations and settings, each value full of quotation marks */
static void fill_largest(struct installed *inst)
{
	char text[BX_NAME_LEN + MAX_VALUE_LEN + 1];
	struct generation *g;
	size_t len;

	*inst = (struct installed) { .name = "b", .count = MAX_GENERATIONS };
	for (g = inst->gens; g < inst->gens + MAX_GENERATIONS; g++) {
		g->number = g - inst->gens + 1;
		strcpy(g->version, "1");
		memset(g->digest, 'a', sizeof(g->digest) - 1);
		for (unsigned int i = 0; i < MAX_SETTINGS; i++) {
			len = sprintf(text, "a_name_of_thirty_one_letters_%02u=",
				      i);
			memset(text + len, '"', MAX_VALUE_LEN - 1);
			text[len + MAX_VALUE_LEN - 1] = '\0';
			if (generation_set(h, g, text))
				abort();
		}
	}
}

static void round_trip(void)
{
	static const char *const others[] = {
		"s=\n", "s=\t", "s=\033", "s=\177", "s=\302\233", "s=\342\200\256",
		"s=\377", "s=\303", "s=\357\277\277",
	};
	struct installed inst;
	bool ok = true;

	make_dir("bundles");
	make_dir("bundles/b");
	for (int i = 0; ok && i < 40; i++) {
		fill(&inst);
		ok = is_kept(&inst);
		state_free(&inst);
	}
	check(ok, "values of settings are read as they were written");

	ok = true;
	inst = (struct installed) {};
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		ok &= generation_set(h, &inst.gens[0], others[i]) == -EINVAL;
	check(ok, "what could not be read again is not kept");
	fill_largest(&inst);
	check(is_kept(&inst), "the largest state is within the limits");
	state_free(&inst);
}

/* ---- output to a terminal ---- */

static const struct {
	const char	*text;
	const char	*shown;
} texts[] = {
	{ "plain, \303\251 and \360\237\220\247", "plain, \303\251 and \360\237\220\247" },
	{ "a\033[8mb\rc\n", "a\\x1b[8mb\\x0dc\\x0a" },
	{ "\t\177", "\\x09\\x7f" },
	{ "\302\23331m", "\\xc2\\x9b31m" },
	{ "\342\200\256x\342\201\251", "\\xe2\\x80\\xaex\\xe2\\x81\\xa9" },
	{ "\377\303(\300\200\355\240\200", "\\xff\\xc3(\\xc0\\x80\\xed\\xa0\\x80" },
	{ "cut off \342\202", "cut off \\xe2\\x82" },
};

static void printable(void)
{
	char buf[128], small[6];
	bool ok = true;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		ok &= same("text", texts[i].shown,
			   bx_printable(buf, sizeof(buf), texts[i].text));
	ok &= same("cut off before a character", "abc",
		   bx_printable(small, sizeof(small), "abc\342\202\254"));
	ok &= same("cut off before an escape", "ab",
		   bx_printable(small, sizeof(small), "ab\033"));
	check(ok, "no control character is shown");

	fail(h, BX_FAULT_FAILED, EINVAL, "x '%s'", "\033]0;x\a\nbxctl: done");
	check(same("message", "x '\\x1b]0;x\\x07\\x0abxctl: done'", bx_error(h)),
	      "nor in a message");
}

static void printed(void)
{
	char *text;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	print_to(f, "%s\n%-6s|%6s|%.2s|%-*s|", "a\nb", "c\r", "d", "e\033f", 3,
		 "g");
	print_to(f, "%d %u %llu %lld 0x%04x %zu %c 100%% %02x %ld\n", -1, 2u,
		 ~0ULL, -3LL, 0x1f, (size_t)7, 'x', 5, -6L);
	fclose(f);
	check(same("output",
		   "a\\x0ab\nc\\x0d |     d|e\\x1b|g  |"
		   "-1 2 18446744073709551615 -3 0x001f 7 x 100% 05 -6\n",
		   text),
	      "nor in output, whose format stays as it is");
	free(text);
}

/* The fake kernel's policy ends with a message of that sort. */
static void last_words(void)
{
	const char *build = getenv("BUILD") ?: "build";
	struct result r = {};
	char objects[4096];

	snprintf(objects, sizeof(objects), "%s/loader/tests/objects", build);
	if (world_open(objects)) {
		printf("ok %d # SKIP this machine has no seccomp filters\n",
		       ++count);
		return;
	}
	world_reset();
	world_run("apply --allow-unsigned @/in/objects/late.bpf.o", FAULT_NONE, 0, &r);
	world_close();
	check(r.status == BX_FAULT_STATE && !strchr(r.said, '\033') &&
	      !strchr(r.said, '\r') &&
	      strstr(r.said, " 77\\x1b[8m\\x0d\\x0abxctl: done"),
	      "nor in the reason of an ejection");
}

int main(void)
{
	struct bx_open_opts opts = { .state_dir = dir };

	if (!mkdtemp(dir) || bx_open(&h, &opts))
		return 1;
	printf("TAP version 13\n1..7\n");
	round_trip();
	printable();
	printed();
	last_words();
	tree_discard(dir);
	bx_close(h);
	return failures ? 1 : 0;
}
