// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * Rules are read exactly, or refused with the file, the line, the column and what was expected;
 * their canonical form means the same, and is its own
 *
 * Files of loader/tests/rules, each also cut off at every byte and with bytes replaced; rules
 * made at random; and the limits of hostile files.
 */
#include <dirent.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../lib/internal.h"
#include "../../lib/rules_text.h"
#include "tap.h"

#define CORPUS	"loader/tests/rules"

static struct bx_handle *h;

/* ---- problems ---- */

static char said[1 << 16];

/* Writes a problem as the files of bad rules have it. */
static void keep(const struct bx_rules_problem *p, void *arg)
{
	size_t len = strlen(said);

	snprintf(said + len, sizeof(said) - len, "%u:%u: %s\n", p->line, p->column, p->text);
}

/* Copies the text to memory of exactly its size, which the sanitizer watches. */
static int parse(const char *text, size_t len, struct bx_rules *rules)
{
	char *copy = malloc(len);
	int err;

	memcpy(copy, text, len);
	said[0] = '\0';
	err = rules_parse(h, "f", copy, len, keep, NULL, rules);
	free(copy);
	return err;
}

static char *format(const char *text, size_t len)
{
	char *out;
	size_t out_len;

	said[0] = '\0';
	if (rules_format(h, "f", text, len, keep, NULL, &out, &out_len))
		return NULL;
	return out;
}

/* ---- two models ---- */

static bool same_text(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

static bool same_cond(const struct bx_rule_cond *a, const struct bx_rule_cond *b)
{
	if (a->kind != b->kind || a->what != b->what || a->negated != b->negated ||
	    a->n != b->n || !same_text(a->key, b->key))
		return false;
	for (size_t i = 0; i < a->n; i++) {
		const struct bx_rule_value *v = &a->value[i], *w = &b->value[i];

		if (v->kind != w->kind || v->low != w->low || v->high != w->high ||
		    !same_text(v->text, w->text))
			return false;
	}
	return true;
}

static bool same_rule(const struct bx_rule *a, const struct bx_rule *b)
{
	if (strcmp(a->pattern, b->pattern) || strcmp(a->bus, b->bus) ||
	    a->nconds != b->nconds || a->verdict != b->verdict || a->ndrivers != b->ndrivers ||
	    memcmp(a->driver, b->driver, sizeof(a->driver)) || a->score != b->score ||
	    a->priority != b->priority || a->specificity != b->specificity ||
	    a->order != b->order || a->group != b->group ||
	    a->until_approved != b->until_approved || a->any_order != b->any_order)
		return false;
	for (size_t i = 0; i < a->nconds; i++)
		if (!same_cond(&a->cond[i], &b->cond[i]))
			return false;
	return true;
}

static bool same_rules(const struct bx_rules *a, const struct bx_rules *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (!same_rule(&a->rule[i], &b->rule[i]))
			return false;
	return true;
}

/*
 * Whether a text is refused with a message, or has a canonical form with the same meaning, which
 * is the canonical form of itself
 */
static bool is_sound(const char *text, size_t len)
{
	struct bx_rules rules, again;
	char *once, *twice = NULL;
	int err = parse(text, len, &rules);
	bool good;

	once = format(text, len);
	/* an include is refused in a text, and formatted */
	if (err) {
		good = bx_error(h)[0] || once;
		free(once);
		return good && !rules.n && !rules.nfiles;
	}
	if (!once)
		return false;
	good = !parse(once, strlen(once), &again) && same_rules(&rules, &again);
	twice = format(once, strlen(once));
	good = good && twice && !strcmp(once, twice);
	free(once);
	free(twice);
	rules_free(&rules);
	rules_free(&again);
	return good;
}

/* ---- the files ---- */

static char *read_all(const char *path, size_t *len)
{
	FILE *f = fopen(path, "re");
	char *text = malloc(1 << 16);

	if (!f)
		abort();
	*len = fread(text, 1, (1 << 16) - 1, f);
	text[*len] = '\0';
	fclose(f);
	return text;
}

/* Calls @fn for each file of a directory; whether all of them were good, and there was one */
static bool each_file(const char *dir, bool (*fn)(const char *name, const char *text, size_t len))
{
	struct dirent **list;
	char path[PATH_MAX];
	int n = scandir(dir, &list, is_visible, alphasort);
	bool good = n > 0;

	for (int i = 0; i < n; i++) {
		size_t len;
		char *text;

		snprintf(path, sizeof(path), "%s/%s", dir, list[i]->d_name);
		text = read_all(path, &len);
		good &= fn(list[i]->d_name, text, len);
		free(text);
		free(list[i]);
	}
	if (n >= 0)
		free(list);
	return good;
}

static bool is_canonical(const char *name, const char *text, size_t len)
{
	struct bx_rules rules;
	char *out;
	bool good;

	good = !parse(text, len, &rules) && rules.n;
	if (!good)
		return same(name, "no error", said);
	rules_free(&rules);
	out = format(text, len);
	good = out && same(name, text, out);
	free(out);
	return good && is_sound(text, len);
}

/* Collects the lines '#^ COLUMN: TEXT', which are about the last line before them. */
static void collect(const char *text, char *out, size_t size)
{
	unsigned int line = 0, about = 0;
	size_t used = 0, len;

	out[0] = '\0';
	for (; *text; text += len + !!text[len]) {
		len = strcspn(text, "\n");
		line++;
		if (strncmp(text, "#^ ", 3))
			about = line;
		else
			used += snprintf(out + used, size - used, "%u:%.*s\n", about,
					 (int)len - 3, text + 3);
	}
}

static bool is_refused(const char *name, const char *text, size_t len)
{
	static char expected[sizeof(said)];
	struct bx_rules rules;
	bool good;

	collect(text, expected, sizeof(expected));
	good = parse(text, len, &rules) == -EINVAL && bx_fault(h) == BX_FAULT_REJECTED;
	return same(name, expected, said) && good && expected[0];
}

static bool is_sound_cut(const char *name, const char *text, size_t len)
{
	for (size_t i = 0; i <= len; i++)
		if (!is_sound(text, i))
			return same(name, "sound", "cut off");
	return true;
}

static bool is_sound_changed(const char *name, const char *text, size_t len)
{
	static const char bytes[] = "\0\n\t \"\\*[]!,=#:-0\377a";
	char *copy = malloc(len);
	bool good = true;

	for (size_t i = 0; good && i < len; i++) {
		memcpy(copy, text, len);
		copy[i] = bytes[(i * 7 + rand()) % (sizeof(bytes) - 1)];
		good = is_sound(copy, len);
		if (!good)
			printf("# byte %zu of %s\n", i, name);
	}
	free(copy);
	return good;
}

static void all_files(void)
{
	check(each_file(CORPUS "/good", is_canonical), "good files are read, and are canonical");
	check(each_file(CORPUS "/bad", is_refused),
	      "bad files are refused, with all errors, each with its column");
	check(each_file(CORPUS "/good", is_sound_cut) && each_file(CORPUS "/bad", is_sound_cut),
	      "a file that is cut off is sound, or refused");
	check(each_file(CORPUS "/good", is_sound_changed) &&
	      each_file(CORPUS "/bad", is_sound_changed),
	      "a file with a changed byte is sound, or refused");
}

/* ---- the canonical form ---- */

static const struct {
	const char *text, *canonical;
} forms[] = {
	{ "", "" },
	{ "\n\n# a\n\n\n\n#b  \t\n\n", "# a\n\n#b\n" },
	{ "pci:*   refuse", "pci:*  refuse\n" },
	{ "pci:*\trefuse\tserial=1\r\n", "pci:*  serial=1  refuse\n" },
	{ "pci:* bus=pci refuse", "pci:*  refuse\n" },
	{ "*  refuse bus=pci", "*  bus=pci  refuse\n" },
	{ "of:* bus=i2c pass\nof:* bus=platform pass",
	  "of:*  bus=i2c  pass\nof:*           pass\n" },
	{ "pci:* priority=0 pass", "pci:*  pass\n" },
	{ "pci:* any_order driver=a,b", "pci:*  driver=a,b any-order\n" },
	{ "pci:* driver=a,b any-order", "pci:*  driver=a,b any-order\n" },
	{ "pci:* group=slot pass", "pci:*  group  pass\n" },
	{ "pci:* until=approved priority=+1 refuse", NULL },
	{ "pci:* parent_driver=x boot-vga pass", "pci:*  parent-driver=x boot_vga  pass\n" },
	{ "pci:* untrusted=1 removable=removable hotplugged!=1 pass",
	  "pci:*  untrusted removable !hotplugged  pass\n" },
	{ "pci:* class=0x01,0x0108,0x010802,02-0280 pass",
	  "pci:*  class=storage,0108,nvme,020000-0280ff  pass\n" },
	{ "usb:* class=0206,020c,020d,020E,0202ff,e00103,ef0401 pass", "usb:*  class=net  pass\n" },
	{ "pci:* vendor=0x8086-0x8087 revision=5 pass",
	  "pci:*  vendor=8086-8087 revision=05  pass\n" },
	{ "pci:* vf-index=0-0,03 pass", "pci:*  vf-index=0,3  pass\n" },
	{ "pci:* mac=AA:BB:cc:00:11:22 pass", "pci:*  mac=aa:bb:cc:00:11:22  pass\n" },
	{ "pci:* label=\"x\" serial=\"a b\"c pass", "pci:*  label=x serial=\"a bc\"  pass\n" },
	{ "pci:* label=\\*\\\"a\\ b pass", "pci:*  label=\"*\\\"a b\"  pass\n" },
	{ "pci:* label=\"a b\"*\" c\" pass", "pci:*  label=\"a b\"*\" c\"  pass\n" },
	{ "pci:* acpi_path=\\\\_SB_ pass", "pci:*  acpi_path=\\_SB_  pass\n" },
	{ "pci:* label=[\"]a\\ \"]x pass", "pci:*  label=[\\]a\\ ]x  pass\n" },
	{ "pci:* name=a\\\\* pass", "pci:*  name=a\\\\*  pass\n" },
	{ "include  \"a b\"   # x", "include \"a b\"  # x\n" },
	{ "pci:* pass # x\nusb:* pass#y", NULL },
	{ "pci:* pass # x", "pci:*  pass  # x\n" },
	{ "\"#a:\"* bus=x pass", "\"#a:\"*  bus=x  pass\n" },
	{ "pci:*  pass\ni2c:lm75  name=1 pass\n# z\npci:* pass",
	  "pci:*             pass\ni2c:lm75  name=1  pass\n# z\npci:*  pass\n" },
};

static void canonical_forms(void)
{
	bool good = true;

	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		char *out = format(forms[i].text, strlen(forms[i].text));

		good &= same(forms[i].text, forms[i].canonical ?: "(refused)", out ?: "(refused)");
		free(out);
		if (!is_sound(forms[i].text, strlen(forms[i].text)))
			good = same(forms[i].text, "sound", bx_error(h));
	}
	check(good, "each form has one canonical form");
}

/* ---- rules made at random ---- */

static const char *any(const char *const *list, size_t n)
{
	return list[rand() % n];
}

#define ANY(...) any((const char *const []) { __VA_ARGS__ }, \
		     ARRAY_SIZE(((const char *const []) { __VA_ARGS__ })))

/* Writes characters that are special somewhere, or nothing unusual. */
static void add_chars(char *out, const char *from)
{
	size_t len = strlen(out);

	for (int n = rand() % 9; n; n--)
		out[len++] = from[rand() % strlen(from)];
	out[len] = '\0';
}

static void add_value(char *out)
{
	switch (rand() % 4) {
	case 0:
		add_chars(out, "abc*?[]!-^\\,\"=:# ");
		break;
	case 1:
		strcat(out, "\"");
		add_chars(out, "abc*?[]!-^\\,=:# ");
		strcat(out, "\"");
		break;
	case 2:
		strcat(out, ANY("0", "1", "0-3", "none", "10ec", "020000", "net", "02-03",
				"fixed"));
		break;
	default:
		add_chars(out, "abc*?-");
	}
}

static void add_condition(char *out)
{
	const struct rules_key *key;
	int n = rand() % 45;

	while (!(key = rules_key_at(n)))
		n--;
	strcat(out, " ");
	if (!(rand() % 5))
		strcat(out, "!");
	strcat(out, key->name);
	if (key->kind == BX_COND_CMDLINE && rand() % 2)
		strcat(out, ".quiet");
	if (key->type == RULES_FLAG || !(rand() % 4))
		return;
	strcat(out, rand() % 5 ? "=" : "!=");
	add_value(out);
	while (!(rand() % 3)) {
		strcat(out, ",");
		add_value(out);
	}
}

static void add_rule(char *out)
{
	out += strlen(out);
	strcpy(out, ANY("pci:*", "usb:*", "pci:v000010ECd*", "*", "of:N*", "hid:[0-9]*",
			"\"x:\"*"));
	if (rand() % 2)
		strcat(out, ANY(" bus=usb", " bus=pci", " bus=x"));
	for (int n = rand() % 3; n; n--)
		add_condition(out);
	strcat(out, ANY(" pass", " refuse", " driver=a", " driver=a,\"b c\"", " score=a:5",
			" score=\"a:b\":7", " defer", " part=pair.0/left",
			" part=p/x bound", ""));
	if (!(rand() % 4))
		strcat(out, ANY(" priority=5", " until=approved", " any-order", " group",
				" group=iommu"));
	strcat(out, ANY("", "", "", " # x", " #"));
	strcat(out, "\n");
}

static void random_rules(void)
{
	unsigned int cases = env_number("BX_CASES", 20000), read = 0;
	int seed = env_number("BX_SEED", getpid());
	char text[2048];
	struct bx_rules rules;
	bool good = true;

	printf("# BX_SEED=%d\n", seed);
	srand(seed);
	for (unsigned int i = 0; good && i < cases; i++) {
		text[0] = '\0';
		for (int n = 1 + rand() % 2; n; n--)
			add_rule(text);
		read += !parse(text, strlen(text), &rules);
		rules_free(&rules);
		good = is_sound(text, strlen(text));
		if (!good)
			printf("# not sound: %s", text);
	}
	printf("# %u of %u texts are rules\n", read, cases);
	check(good, "rules made at random are sound, or refused");
	check(read > cases / 20 && read < cases, "and some of both");
}

/* ---- globs ---- */

static const struct {
	const char *glob, *text;
	bool matches;
} globs[] = {
	{ "", "", true }, { "*", "", true }, { "?", "", false }, { "a", "", false },
	{ "", "a", false }, { "a*c", "abbc", true }, { "a*c", "abb", false },
	{ "a*b*c", "a-b-b-c", true }, { "*a", "aaa", true }, { "a?c", "abc", true },
	{ "[a-c]x", "bx", true }, { "[a-c]x", "dx", false }, { "[!a-c]x", "dx", true },
	{ "[^a-c]x", "bx", false }, { "[]a]", "]", true }, { "[]a]", "b", false },
	{ "[a-]", "-", true }, { "[", "[", true }, { "[a", "[a", true }, { "[a", "a", false },
	{ "\\*", "*", true }, { "\\*", "a", false }, { "[\\]]", "]", true },
	{ "[\\]]", "\\", false }, { "\\", "\\", true }, { "a-b", "a_b", false },
	{ "*.*", ".x/y", true }, { "[a-c-e]", "-", true }, { "[a-c-e]", "d", false },
	{ "[!]]", "a", true }, { "[!]]", "]", false }, { "[]", "[]", true },
};

static const struct {
	const char *glob, *text;
	bool matches;
} aliases[] = {
	{ "a-b", "a_b", true }, { "a_b", "a-b", true }, { "a-b*", "a_b-c", true },
	{ "[_]x", "-x", true }, { "[-]x", "-x", false }, { "a-b", "a.b", false },
};

static void glob_cases(void)
{
	bool good = true;

	for (size_t i = 0; i < ARRAY_SIZE(globs); i++)
		if (rules_glob(globs[i].glob, globs[i].text) != globs[i].matches)
			good = same(globs[i].glob, globs[i].text, "differs");
	check(good, "globs match as documented");
	good = true;
	for (size_t i = 0; i < ARRAY_SIZE(aliases); i++)
		if (rules_glob_alias(aliases[i].glob, aliases[i].text) != aliases[i].matches)
			good = same(aliases[i].glob, aliases[i].text, "differs");
	check(good, "globs of a modalias match as modprobe does");
	check(rules_glob_fixed("pci:v[0-9]*\\*?") == 6, "fixed characters are counted");
}

/* ---- includes ---- */

static char dir[64];

static void write_file(const char *name, const char *text)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "we");
	if (!f || fputs(text, f) < 0 || fclose(f))
		abort();
}

static int read_rules(const char *name, struct bx_rules *rules)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	said[0] = '\0';
	return rules_read(h, path, keep, NULL, rules);
}

static bool ends(const char *text, const char *end)
{
	size_t len = strlen(text), of = strlen(end);

	return len >= of && !strcmp(text + len - of, end);
}

static void good_includes(void)
{
	struct bx_rules rules;
	char path[128];
	bool good;

	snprintf(path, sizeof(path), "%s/sub", dir);
	mkdir(path, 0700);
	write_file("a", "pci:* pass\ninclude sub/b # here\nusb:* pass\n");
	write_file("sub/b", "i2c:* refuse\ninclude ../c\ninclude c\n");
	write_file("c", "spi:* refuse");
	write_file("sub/c", "hid:* refuse");
	good = !read_rules("a", &rules) && rules.n == 5 && rules.nfiles == 4 &&
		!strcmp(rules.rule[1].bus, "i2c") && !strcmp(rules.rule[2].bus, "spi") &&
		!strcmp(rules.rule[3].bus, "hid") && rules.rule[4].line == 3 &&
		ends(rules.rule[1].file, "/sub/b") && ends(rules.rule[4].file, "/a");
	check(good, "an included file stands for its line, and is found beside the file");
	rules_free(&rules);
}

static void bad_includes(void)
{
	struct bx_rules rules;
	char name[3] = "d0", text[64];

	write_file("loop", "pci:* pass\n\ninclude loop2\nfrob\n");
	write_file("loop2", "include ./loop\n");
	check(read_rules("loop", &rules) == -EINVAL && strstr(said, "includes itself") &&
	      strstr(said, "\n4:1: expected a pattern"),
	      "a cycle is refused, and the other errors are told, too");
	for (; name[1] < '9'; name[1]++) {
		snprintf(text, sizeof(text), "include d%c\n", name[1] + 1);
		write_file(name, text);
	}
	write_file("d9", "pci:* pass\n");
	check(read_rules("d0", &rules) == -EINVAL && strstr(said, "at most 8"),
	      "so are too many files that include each other");
	check(!read_rules("d2", &rules) && rules.n == 1, "but not eight");
	rules_free(&rules);
	write_file("dir", "include sub\ninclude none\n");
	check(read_rules("dir", &rules) == -EINVAL && strstr(said, "1:1: '/tmp/") &&
	      strstr(said, "is not a file") && strstr(said, "2:1: cannot open "),
	      "a directory and a missing file are errors of the line");
	check(read_rules("none", &rules) == -ENOENT && !said[0] &&
	      !strncmp(bx_error(h), "cannot open '", 13), "a missing first file is an errno");
	write_file("many", "");
	check(!read_rules("many", &rules) && !rules.n, "an empty file has no rules");
	rules_free(&rules);
}

static void remove_files(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -r %s", dir);
	if (system(command))
		abort();
}

/* ---- limits ---- */

static void limits(void)
{
	size_t size = 1 << 20, len = 0;
	char *text = malloc(size);
	struct bx_rules rules;

	memset(text, 'a', size);
	check(parse(text, size, &rules) == -EINVAL && strstr(said, "the line is too long"),
	      "a line has at most 4096 bytes");
	for (int i = 0; i < 200; i++)
		len += sprintf(text + len, "frob\n");
	check(parse(text, len, &rules) < 0 && strstr(said, "\n50:1: too many errors"),
	      "after many errors, the rest is not read");
	len = sprintf(text, "pci:*");
	for (int i = 0; i < RULES_CONDS + 1; i++)
		len += sprintf(text + len, " serial=%d", i);
	len += sprintf(text + len, " pass\n");
	check(parse(text, len, &rules) == -EINVAL && strstr(said, "too many conditions"),
	      "conditions are limited");
	len = sprintf(text, "pci:* serial=0");
	for (int i = 0; i < RULES_VALUES; i++)
		len += sprintf(text + len, ",%d", i);
	len += sprintf(text + len, " pass\n");
	check(parse(text, len, &rules) == -EINVAL && strstr(said, "too many values"),
	      "so are values");
	len = sprintf(text, "pci:");
	for (int i = 0; i < RULES_PATTERN; i++)
		len += sprintf(text + len, "*");
	len += sprintf(text + len, " pass\n");
	check(parse(text, len, &rules) == -EINVAL && strstr(said, "the pattern is too long"),
	      "and patterns");
	len = 0;
	for (int i = 0; i < 10000; i++)
		len += sprintf(text + len, "pci:v%08X* driver=d%d\n", i, i);
	check(!parse(text, len, &rules) && rules.n == 10000 && rules.rule[9999].order == 9999,
	      "a large file is read");
	rules_free(&rules);
	free(text);
}

int main(void)
{
	strcpy(dir, "/tmp/bus_ext-rules.XXXXXX");
	if (bx_open(&h, NULL) || !mkdtemp(dir))
		return 1;
	printf("TAP version 13\n1..23\n");
	all_files();
	canonical_forms();
	random_rules();
	glob_cases();
	good_includes();
	bad_includes();
	limits();
	remove_files();
	bx_close(h);
	return failures ? 1 : 0;
}
