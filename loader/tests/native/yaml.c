// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * bxctl reads a file's values exactly, or refuses it with the line
 *
 * Good and bad files, each cut off at every byte and with bytes replaced; the messages of
 * manifests; and the cost of a file, in events and comparisons and not in time.
 */
#include <yaml.h>

#include "../../lib/bundle.h"
#include "tap.h"

static struct bx_handle *h;
static unsigned long events, comparisons;

int __real_yaml_parser_parse(yaml_parser_t *parser, yaml_event_t *event);
int __wrap_yaml_parser_parse(yaml_parser_t *parser, yaml_event_t *event);
int __real_strcmp(const char *a, const char *b);
int __wrap_strcmp(const char *a, const char *b);

int __wrap_yaml_parser_parse(yaml_parser_t *parser, yaml_event_t *event)
{
	events++;
	return __real_yaml_parser_parse(parser, event);
}

int __wrap_strcmp(const char *a, const char *b)
{
	comparisons++;
	return __real_strcmp(a, b);
}

/* Copies the text to memory of exactly its size, which the sanitizer watches. */
static int parse(const char *text, size_t len, struct yaml *y)
{
	char *copy = malloc(len);

	memcpy(copy, text, len);
	h->error[0] = '\0';
	h->fault = BX_FAULT_NONE;
	return yaml_parse(h, "f", copy, len, y);
}

/* ---- good files ---- */

#define GOOD(t, n)	{ .text = (t), .len = sizeof(t) - 1, .nodes = (n) }

static const struct {
	const char	*text;
	size_t		len;
	const char	*nodes;
} good[] = {
	GOOD("a: 1\nb: [ x, y ]\n", "1:1{1:1'a':1:4'1',2:1'b':2:4[2:6'x',2:9'y']}"),
	GOOD("- a\n-   b: c\n", "1:1[1:3'a',2:5{2:5'b':2:8'c'}]"),
	GOOD("--- # first\na: b\n...\n# end\n", "2:1{2:1'a':2:4'b'}"),
	GOOD("a:\r\n  b: 'it''s'\r\n", "1:1{1:1'a':2:3{2:3'b':2:6'it's'}}"),
	GOOD("{ \"a\": \"\\u00e9\\\"\\\\\", b: \303\251 }",
	     "1:1{1:3'a':1:8'\303\251\"\\',1:22'b':1:25'\303\251'}"),
	GOOD("a: >\n  two\n  lines\nb: |\n  one\n",
	     "1:1{1:1'a':1:4'two lines',4:1'b':4:4'one'}"),
	GOOD("a:\nb: \"\"\n", "1:1{1:1'a':1:3'',2:1'b':2:4''}"),
	GOOD("? a\n: b\n", "1:1{1:3'a':2:3'b'}"),
	GOOD("a: \360\237\220\247 \342\202\254\n",
	     "1:1{1:1'a':1:4'\360\237\220\247 \342\202\254'}"),
	GOOD("{}", "1:1{}"),
	GOOD("word", "1:1'word'"),
	GOOD("a: { x: 1 }\nb: { x: 2 }\n",
	     "1:1{1:1'a':1:4{1:6'x':1:9'1'},2:1'b':2:4{2:6'x':2:9'2'}}"),
	/* not a merge, since it is a value; not a directive, since it is indented */
	GOOD("a: <<\nb: |\n  %x\n", "1:1{1:1'a':1:4'<<',2:1'b':2:4'%x'}"),
	/* a scalar that looks like a number, a boolean or null is a text */
	GOOD("[ 010, yes, ~, 1e3, 2001-01-01 ]",
	     "1:1[1:3'010',1:8'yes',1:13'~',1:16'1e3',1:21'2001-01-01']"),
};

static void show(FILE *f, const struct yaml_node *node)
{
	bool map = node->kind == YAML_MAP;

	fprintf(f, "%u:%u", node->line, node->column);
	if (node->kind == YAML_VALUE) {
		fprintf(f, "'%s'", node->text);
		return;
	}
	putc(map ? '{' : '[', f);
	for (unsigned int i = 0; i < node->nr_kids; i++) {
		if (i)
			putc(map && i % 2 ? ':' : ',', f);
		show(f, node->kids[i]);
	}
	putc(map ? '}' : ']', f);
}

static void good_files(void)
{
	struct yaml y;
	char *nodes;
	size_t size;
	bool ok = true;
	FILE *f;

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		if (parse(good[i].text, good[i].len, &y)) {
			ok = same(good[i].text, "", bx_error(h));
			continue;
		}
		f = open_memstream(&nodes, &size);
		show(f, y.root);
		fclose(f);
		ok &= same(good[i].text, good[i].nodes, nodes);
		free(nodes);
		yaml_close(&y);
	}
	check(ok, "nodes, with their lines and columns");
}

/* ---- ids ---- */

static void id_texts(void)
{
	static const struct {
		const char	*text;
		bool		good;
		uint32_t	id;
	} list[] = {
		{ "8086", true, 0x8086 }, { "0x8086", true, 0x8086 },
		{ "0X10dE", true, 0x10de }, { "0", true, 0 },
		{ "ffffffff", true, 0xffffffff }, { "100000000" }, { "0x" },
		{ "" }, { "-1" }, { "+1" }, { " 1" }, { "10dg" }, { "0x0x1" },
	};
	bool ok = true;

	for (size_t i = 0; i < ARRAY_SIZE(list); i++) {
		uint32_t id = 0;
		bool good = id_from(list[i].text, &id);

		if (good != list[i].good || (good && id != list[i].id)) {
			ok = false;
			printf("# '%s': %x\n", list[i].text, id);
		}
	}
	check(ok, "ids are hexadecimal, with or without 0x");
}

/* ---- bad files ---- */

#define BAD(t, e)	{ .text = (t), .len = sizeof(t) - 1, .error = (e) }
#define CONTROL(n)	"the control character U+" n " is not allowed in a value"
#define NO_TEXT(n)	"the byte 0x" n " is not part of printable UTF-8 text"

static const struct {
	const char	*text;
	size_t		len;
	const char	*error;
} bad[] = {
	/* duplicate keys in all notations */
	BAD("d: 1\nx: 2\nd: 3\n", "f:3:1: duplicate key 'd', first in line 1"),
	BAD("d: 1\n\"d\": 3\n", "f:2:1: duplicate key 'd'"),
	BAD("d: 1\n'd': 3\n", "f:2:1: duplicate key 'd'"),
	BAD("d: 1\n\"\\u0064\": 3\n", "f:2:1: duplicate key 'd'"),
	BAD("d: 1\n\"\\x64\": 3\n", "f:2:1: duplicate key 'd'"),
	BAD("d: 1\n? d\n: 3\n", "f:2:3: duplicate key 'd'"),
	BAD("d: 1\n? |\n  d\n: 3\n", "f:2:3: duplicate key 'd'"),
	BAD("a: { b: [ { d: 1, e: 2, d: 3 } ] }", "f:1:25: duplicate key 'd'"),
	BAD("d: 1\n!!str d: 3\n", "f:2:1: tags"),
	/* scalars that readers interpret differently */
	BAD("a: &b 1\n", "f:1:4: anchors"),
	BAD("a: &b [ *b ]\n", "f:1:4: anchors"),
	BAD("a: *b\n", "f:1:4: aliases"),
	BAD("*b : 1\n", "f:1:1: aliases"),
	BAD("a: 1\n<<: { b: 1 }\n", "f:2:1: merge keys"),
	BAD("a: 1\n\"<<\": { b: 1 }\n", "f:2:1: merge keys"),
	BAD("a: !!binary QUJD\n", "f:1:4: tags"),
	BAD("a: ! b\n", "f:1:4: tags"),
	BAD("!x { a: b }\n", "f:1:1: tags"),
	BAD("a: !x [ b ]\n", "f:1:4: tags"),
	BAD("? [ a ]\n: b\n", "f:1:3: a key must be a single value"),
	BAD("{ { a: b }: c }", "f:1:3: a key must be a single value"),
	BAD(": b\n", "f:1:1: invalid YAML: "),
	BAD("{ : b }", "f:1:3: invalid YAML: "),
	BAD("?\n: b\n", "f:1:2: a key must not be empty"),
	BAD("\"\": b\n", "f:1:1: a key must not be empty"),
	BAD("%YAML 1.2\n---\na: b\n", "f:1:1: directives"),
	BAD("%TAG ! tag:x,2000:\n---\na: b\n", "f:1:1: directives"),
	BAD("# x\n%FOO\n---\na: b\n", "f:2:1: directives"),
	/* more than one document */
	BAD("a: b\n---\nc: d\n", "f:2:1: a file must have only one document"),
	BAD("a: b\n...\nc: d\n", "f:3:1: a file must have only one document"),
	BAD("a: b\n...\n---\n", "f:3:1: a file must have only one document"),
	BAD("a: b\n...\n]\n", "f:3:1: a file must have only one document"),
	BAD("--- a\n--- b\n", "f:2:1: a file must have only one document"),
	BAD("[ a ]\nb\n", "f:2:1: a file must have only one document"),
	/* bytes that are not text */
	BAD("a: b\0c\n", "f:1: " NO_TEXT("00")),
	BAD("a: b\n\0", "f:2: " NO_TEXT("00")),
	BAD("a: \033[8m\n", "f:1: " NO_TEXT("1b")),
	BAD("a: b\n# \177\n", "f:2: " NO_TEXT("7f")),
	BAD("a: \303\050\n", "f:1: " NO_TEXT("c3")),
	BAD("a: \300\200\n", "f:1: " NO_TEXT("c0")),
	BAD("a: \355\240\200\n", "f:1: " NO_TEXT("ed")),
	BAD("a: \364\220\200\200\n", "f:1: " NO_TEXT("f4")),
	BAD("a: \303", "f:1: " NO_TEXT("c3")),
	BAD("a: \302\205b\n", "f:1: " NO_TEXT("c2")),
	BAD("a: \302\233b\n", "f:1: " NO_TEXT("c2")),
	BAD("a: \342\200\250b\n", "f:1: " NO_TEXT("e2")),
	BAD("a: \342\200\256b\n", "f:1: " NO_TEXT("e2")),
	BAD("a: \342\201\246b\n", "f:1: " NO_TEXT("e2")),
	BAD("a: b\rc: d\n", "f:1: " NO_TEXT("0d")),
	BAD("\357\273\277a: b\n",
	    "f:1:1: the file starts with a byte order mark (BOM); save it as UTF-8 "),
	BAD("a: b\n\357\273\277c: d\n", "f:2: " NO_TEXT("ef")),
	BAD("\377\376a\0:\0 \0b\0", "f:1: " NO_TEXT("ff")),
	BAD("\376\377\0a\0:\0 \0b", "f:1: " NO_TEXT("fe")),
	/* the same as escapes */
	BAD("a: \"b\\0c\"\n", "f:1:4: " CONTROL("0000")),
	BAD("a: \"b\\e[8m\"\n", "f:1:4: " CONTROL("001B")),
	BAD("a: \"b\\rc\"\n", "f:1:4: " CONTROL("000D")),
	BAD("a: \"b\\a\"\n", "f:1:4: " CONTROL("0007")),
	BAD("a: \"b\\tc\"\n", "f:1:4: " CONTROL("0009")),
	BAD("a: \"\\x7f\"\n", "f:1:4: " CONTROL("007F")),
	BAD("a: \"\\N\"\n", "f:1:4: " CONTROL("0085")),
	BAD("a: \"\\x9b\"\n", "f:1:4: " CONTROL("009B")),
	BAD("a: \"\\L\"\n", "f:1:4: " CONTROL("2028")),
	BAD("a: \"\\u202e\"\n", "f:1:4: " CONTROL("202E")),
	BAD("a: \"\\u2066\"\n", "f:1:4: " CONTROL("2066")),
	BAD("a: \"\\ufeff\"\n", "f:1:4: " CONTROL("FEFF")),
	BAD("\"a\\0b\": c\n", "f:1:1: " CONTROL("0000")),
	BAD("a: \"\\ud800\"\n", "f:1:"),
	/* more than one line */
	BAD("a: \"b\\nc\"\n", "f:1:4: a value must be one line of text"),
	BAD("a: |\n  b\n  c\n", "f:1:4: a value must be one line of text"),
	BAD("a: >\n  b\n\n  c\n", "f:1:4: a value must be one line of text"),
	BAD("a: 'b\n\n  c'\n", "f:1:4: a value must be one line of text"),
	/* nothing */
	BAD("", "f: the file is empty"),
	BAD("\n\n", "f: the file is empty"),
	BAD("# only this\n", "f: the file is empty"),
	BAD("---\n", "f: the file is empty"),
	BAD("---\n...\n", "f: the file is empty"),
	/* not YAML */
	BAD("a: [", "f:2:1: invalid YAML: "),
	BAD("a: b: c\n", "f:1:5: invalid YAML: "),
	BAD("a: 'b\n", "f:2:1: invalid YAML: "),
	BAD("a: b\n c: d\n", "f:2:3: invalid YAML: "),
	BAD("a:\n\t- b\n", "f:2:1: invalid YAML: "),
	BAD("a: \"\\q\"\n", "f:1:"),
	BAD("a: @b\n", "f:1:4: invalid YAML: "),
	BAD("  ? ? ? ? ? ?$?:\t ?2", "f:1:"),
};

static bool refused(const char *text, size_t len, const char *error)
{
	struct yaml y;

	if (!parse(text, len, &y)) {
		yaml_close(&y);
		return same(text, error, "no error");
	}
	if (y.nodes || h->fault != BX_FAULT_REJECTED ||
	    strncmp(bx_error(h), error, strlen(error)))
		return same(text, error, bx_error(h));
	return true;
}

static void bad_files(void)
{
	bool ok = true;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		ok &= refused(bad[i].text, bad[i].len, bad[i].error);
	check(ok, "bad files are refused with their line");
}

/* Any result is allowed, without a sanitizer's report, and an error needs a reason. */
static bool survives(const char *text, size_t len)
{
	struct yaml y;

	if (!parse(text, len, &y)) {
		yaml_close(&y);
		return true;
	}
	return bx_error(h)[0] && bx_fault(h) == BX_FAULT_REJECTED;
}

static bool survives_changes(const char *text, size_t len)
{
	static const char bytes[] = "\0\n\t :?-[]{},#&*!|>'\"%@`~\\\303\377";
	char copy[256];
	bool ok = true;

	for (size_t n = 0; n <= len; n++)
		ok &= survives(text, n);
	for (size_t at = 0; at < len; at++) {
		memcpy(copy, text, len);
		for (size_t i = 0; i < sizeof(bytes) - 1; i++) {
			copy[at] = bytes[i];
			ok &= survives(copy, len);
		}
	}
	return ok;
}

static void changed_files(void)
{
	bool ok = true;

	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		ok &= survives_changes(good[i].text, good[i].len);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		ok &= survives_changes(bad[i].text, bad[i].len);
	check(ok, "files that are cut off, or have another byte anywhere");
}

/* ---- the cost of a file ---- */

/* @n times @piece, which may have one %zu */
static char *many(const char *piece, size_t n, size_t *len)
{
	char *text;
	FILE *f = open_memstream(&text, len);

	for (size_t i = 0; i < n; i++)
		fprintf(f, piece, i);
	fclose(f);
	return text;
}

/* Checks that it is refused for @error, after at most so many events. */
static bool refused_after(const char *piece, size_t n, const char *error,
			  unsigned long most)
{
	size_t len;
	char *text = many(piece, n, &len);
	bool ok;

	events = 0;
	ok = refused(text, len, error);
	if (events > most) {
		printf("# %zu times '%s': %lu events\n", n, piece, events);
		ok = false;
	}
	free(text);
	return ok;
}

static void limits(void)
{
	const unsigned long few = YAML_DEPTH + 3;

	check(refused_after("k%zu: 1\n", 20000,
			    "f:8192:8: the file has more than 16384 keys",
			    YAML_NODES + 4),
	      "20,000 keys end at the limit of keys");
	check(refused_after("- 1\n", 60000,
			    "f:16384:3: the file has more than 16384 keys",
			    YAML_NODES + 4),
	      "60,000 items end at the limit");
	check(refused_after("[", 250000, "f:1:33: more than 32 lists", few) &&
	      refused_after("{a: ", 60000, "f:1:129: more than 32 lists",
			    2 * few) &&
	      refused_after("- ", 900, "f:1:65: more than 32 lists", few) &&
	      refused_after("? ", 900, "f:1:3: a key must be", few),
	      "what is nested too deeply ends at the limit of depth");
	check(refused_after("[", 500000,
			    "f: the file has 500000 bytes; at most 262144", 0) &&
	      refused_after("k%zu: 1\n", 70000, "f: the file has ", 0) &&
	      refused_after("#", YAML_MAX + 1, "f: the file has ", 0),
	      "what is too large is not read at all");
}

/* Comparisons of texts for a file of @n keys, and a look-up of the last */
static unsigned long cost(const char *piece, size_t n)
{
	const char *out = NULL;
	char last[64], *text;
	struct yaml y;
	size_t len;

	text = many(piece, n, &len);
	snprintf(last, sizeof(last), "k%zu", n - 1);
	comparisons = 0;
	events = 0;
	if (parse(text, len, &y) ||
	    (yaml_is_map(yaml_root(&y)) &&
	     yaml_text(&y, yaml_root(&y), last, YAML_REQUIRED, &out)))
		return 0;
	yaml_close(&y);
	free(text);
	return comparisons + events;
}

static void scaling(void)
{
	unsigned long one = cost("k%zu: 1\n", 2000);
	unsigned long two = cost("k%zu: 1\n", 4000);
	unsigned long four = cost("k%zu: 1\n", 8000);
	unsigned long limit = 2000 * 32;

	printf("# 2000, 4000, 8000 keys: %lu, %lu, %lu\n", one, two, four);
	check(one && one < limit && two < 2 * limit && four < 4 * limit &&
	      two < one * 9 / 4 && four < two * 9 / 4,
	      "twice as many keys cost about twice as much");
}

/* ---- messages ---- */

#define MANIFEST_HEAD	"bundle: b\nversion: 1\nvendor: v\nsummary: s\n"
#define MANIFEST_TAIL	"claims: [ { bus: pci } ]\npolicies: [ f.bpf.o ]\n"

static const struct {
	const char	*text;
	const char	*error;
} manifests[] = {
	{ MANIFEST_HEAD "sumary: x\n" MANIFEST_TAIL,
	  "/b/bundle.yaml:5: unknown key 'sumary' (did you mean 'summary'?); known keys: " },
	{ MANIFEST_HEAD MANIFEST_TAIL "polcies: x\n",
	  "/b/bundle.yaml:7: unknown key 'polcies' (did you mean 'policies'?); known keys: " },
	{ MANIFEST_HEAD MANIFEST_TAIL "frobnicate: x\n",
	  "/b/bundle.yaml:7: unknown key 'frobnicate'; known keys: " },
	{ "bundle: b\nversion: x\n", "/b/bundle.yaml:2: 'version' must be a version" },
	{ "version: 1\nbundle: a/b\n", "/b/bundle.yaml:2: 'a/b' is not a valid name" },
	{ "bundle: b\nversion: 1\nvendor:\n", "/b/bundle.yaml:3: 'vendor' has no value" },
	{ MANIFEST_HEAD "claims:\n  bus: pci\n", "/b/bundle.yaml:5: 'claims' must be a list" },
	{ MANIFEST_HEAD "claims:\n- bus: pci\n- bus: pci\n  vendor: acme\n",
	  "/b/bundle.yaml:8: 'vendor' must be an id in hexadecimal" },
	{ MANIFEST_HEAD "claims:\n- bus: pci\n- bsu: pci\n",
	  "/b/bundle.yaml:7: unknown key 'bsu' (did you mean 'bus'?); known keys: bus, vendor" },
	{ MANIFEST_HEAD MANIFEST_TAIL
	  "settings:\n  x:\n    type: int\n    help: h\n    mni: 1\n",
	  "/b/bundle.yaml:11: unknown key 'mni' (did you mean 'min'?)" },
	{ MANIFEST_HEAD MANIFEST_TAIL
	  "settings:\n  x:\n    type: int\n    help: h\n    max: 1\n    default: 2\n",
	  "/b/bundle.yaml:12: the default of 'x' must be " },
	{ MANIFEST_HEAD MANIFEST_TAIL "settings:\n  x:\n    type: int\n    help: h\n",
	  "/b/bundle.yaml:8: the key 'default' is missing" },
	{ "", "/b/bundle.yaml: the file is empty" },
	{ "- a\n", "/b/bundle.yaml:1: a manifest must be a mapping" },
	{ "  ? ? ? ? ? ?$?:\t ?2", "/b/bundle.yaml:1" },
};

static void messages(void)
{
	struct bx_bundle *b;
	bool ok = true;

	for (size_t i = 0; i < ARRAY_SIZE(manifests); i++) {
		const char *text = manifests[i].text;

		if (!bundle_parse(h, "/b", strdup(text), strlen(text), &b)) {
			ok = same(text, manifests[i].error, "no error");
			bx_bundle_close(b);
			continue;
		}
		if (strncmp(bx_error(h), manifests[i].error,
			    strlen(manifests[i].error)))
			ok = same(text, manifests[i].error, bx_error(h));
	}
	check(ok, "an error names the line of its key, and the key that was meant");
}

int main(void)
{
	if (bx_open(&h, NULL))
		return 1;
	printf("TAP version 13\n1..10\n");
	good_files();
	id_texts();
	bad_files();
	changed_files();
	limits();
	scaling();
	messages();
	bx_close(h);
	return failures ? 1 : 0;
}
