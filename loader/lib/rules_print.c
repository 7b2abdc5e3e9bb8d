// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: from a rule to its canonical text
 *
 * The text is read back to the same rule: texts are quoted where they must be, and only there.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "rules_text.h"

/* ---- texts ---- */

/* A backslash quotes these, so one before them must be quoted itself. */
#define QUOTABLE	"*?[]\\,\"=!:#$ "

/* Prints @len plain characters, in quotes if one of them is in @special. */
static void print_plain(FILE *out, const char *text, size_t len, const char *special)
{
	bool quotes = false;

	for (size_t i = 0; i < len; i++)
		quotes |= !!strchr(special, text[i]);
	if (quotes)
		fputc('"', out);
	for (size_t i = 0; i < len; i++) {
		bool last = i + 1 == len;

		if (text[i] == '"' || (text[i] == '\\' &&
				       (last || strchr(QUOTABLE, text[i + 1]))))
			fputc('\\', out);
		fputc(text[i], out);
	}
	if (quotes)
		fputc('"', out);
}

static void print_set(FILE *out, const char *from, const char *to)
{
	for (; from < to; from++) {
		if (*from == ' ')
			fputc('\\', out);
		fputc(*from, out);
	}
}

/* Prints a glob: its plain parts as texts, the others as they are. */
static void print_glob(FILE *out, const char *glob, const char *special)
{
	char plain[2 * RULES_LINE];
	const char *end;
	size_t len = 0;

	for (; *glob; glob++) {
		bool active = strchr("*?[", *glob);

		end = *glob == '[' ? rules_glob_set_end(glob) : NULL;
		if (!active || (*glob == '[' && !end)) {
			glob += *glob == '\\' && glob[1];
			plain[len++] = *glob;
			continue;
		}
		print_plain(out, plain, len, special);
		len = 0;
		if (end) {
			print_set(out, glob, end);
			glob = end - 1;
		} else {
			fputc(*glob, out);
		}
	}
	print_plain(out, plain, len, special);
}

#define IN_VALUE	" *?[,\"$"
#define IN_PATTERN	" *?[\"#"
#define IN_SCORE	" *?[,\":$"

static void print_text(FILE *out, const char *text, const char *special)
{
	if (*text)
		print_plain(out, text, strlen(text), special);
	else
		fputs("\"\"", out);
}

/* ---- numbers ---- */

/* The shortest digits that stand for a range of classes */
static void print_class(FILE *out, long long low, long long high)
{
	if (!(low & 0xffff) && high == (low | 0xffff))
		fprintf(out, "%02llx", low >> 16);
	else if (!(low & 0xff) && high == (low | 0xff))
		fprintf(out, "%04llx", low >> 8);
	else if (low == high)
		fprintf(out, "%06llx", low);
	else
		fprintf(out, "%06llx-%06llx", low, high);
}

static bool has_class_digits(const char *bus)
{
	return !strcmp(bus, "pci") || !strcmp(bus, "usb");
}

static void print_range(FILE *out, const struct rules_key *key, const char *bus,
			const struct bx_rule_value *v)
{
	int digits = key->kind == BX_COND_MEMBER && key->what == BX_MEMBER_REVISION ? 2 : 4;

	if (key->type == RULES_CLASS && has_class_digits(bus))
		print_class(out, v->low, v->high);
	else if (key->type == RULES_INDEX && v->low < 0)
		fputs("none", out);
	else if (key->type == RULES_ID || key->type == RULES_CLASS)
		fprintf(out, "%0*llx", digits, v->low);
	else
		fprintf(out, "%lld", v->low);
	if (v->low == v->high || (key->type == RULES_CLASS && has_class_digits(bus)))
		return;
	if (key->type == RULES_ID || key->type == RULES_CLASS)
		fprintf(out, "-%0*llx", digits, v->high);
	else
		fprintf(out, "-%lld", v->high);
}

/* Number of values at @v that are all codes of a named class, or 0 */
static size_t class_len(const struct rules_class *c, const struct bx_rule_value *v, size_t left)
{
	const char *code = c->codes;
	long long low, high;
	size_t n = 0;

	for (; *code; n++) {
		size_t len = strcspn(code, " ");

		rules_class_range(code, len, &low, &high);
		if (n == left || v[n].low != low || v[n].high != high)
			return 0;
		code += len;
		code += strspn(code, " ");
	}
	return n;
}

/* Prints the name of a class that stands for the next values; returns their number. */
static size_t print_class_name(FILE *out, const char *bus, const struct bx_rule_value *v,
			       size_t left)
{
	const struct rules_class *c;
	size_t n;

	for (size_t i = 0; (c = rules_class_at(i)); i++) {
		n = strcmp(c->bus, bus) ? 0 : class_len(c, v, left);
		if (n) {
			fputs(c->name, out);
			return n;
		}
	}
	return 0;
}

/* ---- conditions ---- */

static bool is_flag(const struct rules_key *key, const struct bx_rule_cond *cond)
{
	const char *flag = rules_key_flag(key);

	return key->type == RULES_FLAG ||
		(flag && cond->n == 1 && !strcmp(cond->value->text, flag));
}

static void print_values(FILE *out, const struct rules_key *key, const char *bus,
			 const struct bx_rule_cond *cond)
{
	for (size_t i = 0, n; i < cond->n; i += n) {
		const struct bx_rule_value *v = &cond->value[i];

		fputs(i ? "," : "", out);
		n = key->type == RULES_CLASS ? print_class_name(out, bus, v, cond->n - i) : 0;
		if (n)
			continue;
		n = 1;
		if (v->kind == BX_VALUE_SETTING)
			fputs(v->text, out);
		else if (v->kind == BX_VALUE_RANGE)
			print_range(out, key, bus, v);
		else if (v->kind == BX_VALUE_GLOB)
			print_glob(out, v->text, IN_VALUE);
		else
			print_text(out, v->text, IN_VALUE);
	}
}

/* A lexed word has marks of all that was quoted, but of blanks and of an empty text. */
static void put_lexed(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (*text == ' ')
			fputc('\\', out);
		if (*text == RULES_EMPTY)
			fputs("\"\"", out);
		else
			fputc(*text, out);
	}
}

static void put_cond(FILE *out, const struct bx_rule *rule, const struct bx_rule_cond *cond)
{
	const struct rules_key *key;

	if (cond->kind == BX_COND_SETTING) {
		put_lexed(out, cond->key);
		return;
	}
	key = rules_key_of(cond);
	if (is_flag(key, cond)) {
		fprintf(out, "%s%s", cond->negated ? "!" : "", key->name);
		return;
	}
	fprintf(out, "%s%s%s%s=", key->name, cond->key ? "." : "", cond->key ?: "",
		cond->negated ? "!" : "");
	print_values(out, key, rule->bus, cond);
}

/* The bus is written only if the pattern does not tell it. */
static void put_conds(FILE *out, const struct bx_rule *rule)
{
	char buf[BX_NAME_LEN];
	bool firm;
	const char *bus = rules_bus_of(rule->pattern, buf, &firm), *gap = "";

	if (!bus || strcmp(bus, rule->bus)) {
		fprintf(out, "bus=%s", rule->bus);
		gap = " ";
	}
	for (size_t i = 0; i < rule->nconds; i++, gap = " ") {
		fputs(gap, out);
		put_cond(out, rule, &rule->cond[i]);
	}
	if (rule->group == BX_GROUP_SLOT)
		fprintf(out, "%sgroup", gap);
	else if (rule->group == BX_GROUP_IOMMU)
		fprintf(out, "%sgroup=iommu", gap);
}

/* ---- verdicts ---- */

static void put_verdict(FILE *out, const struct bx_rule *rule)
{
	static const char *const words[] = {
		[BX_RULE_DRIVER] = "driver=", [BX_RULE_REFUSE] = "refuse",
		[BX_RULE_DEFER] = "defer", [BX_RULE_SCORE] = "score=", [BX_RULE_PASS] = "pass",
		[BX_RULE_PART] = "part=",
	};

	fputs(words[rule->verdict], out);
	if (rule->verdict == BX_RULE_PART) {
		fprintf(out, "%s/%s", rule->driver[0], rule->driver[1]);
		return;
	}
	for (unsigned int i = 0; i < rule->ndrivers; i++) {
		fputs(i ? "," : "", out);
		/* a driver has no such name: this is a setting */
		if (rule->driver[i][0] == '$')
			fputs(rule->driver[i], out);
		else
			print_text(out, rule->driver[i],
				   rule->verdict == BX_RULE_SCORE ? IN_SCORE : IN_VALUE);
	}
	if (rule->verdict == BX_RULE_SCORE)
		fprintf(out, ":%u", rule->score);
}

static void put_options(FILE *out, const struct bx_rule *rule)
{
	if (rule->priority)
		fprintf(out, " priority=%d", rule->priority);
	if (rule->until_approved)
		fputs(" until=approved", out);
	if (rule->bound)
		fputs(" bound", out);
	if (rule->any_order)
		fputs(" any-order", out);
}

static void put_part(FILE *out, const struct bx_rule *rule, enum rules_part part)
{
	switch (part) {
	case RULES_PATTERN_PART:
		print_glob(out, rule->pattern, IN_PATTERN);
		break;
	case RULES_COND_PART:
		put_conds(out, rule);
		break;
	default:
		put_verdict(out, rule);
		put_options(out, rule);
	}
}

/* ---- texts in memory ---- */

/**
 * struct memory - a text in memory that is being written
 * @out: where to write
 * @text: the text, after memory_end()
 * @size: its length
 */
struct memory {
	FILE	*out;
	char	*text;
	size_t	size;
};

static bool memory_begin(struct memory *m)
{
	*m = (struct memory) {};
	m->out = open_memstream(&m->text, &m->size);
	return m->out;
}

static char *memory_end(struct memory *m)
{
	bool bad = ferror(m->out);

	if (!fclose(m->out) && !bad)
		return m->text;
	free(m->text);
	return NULL;
}

char *rules_print_part(const struct bx_rule *rule, enum rules_part part)
{
	struct memory m;

	if (!memory_begin(&m))
		return NULL;
	put_part(m.out, rule, part);
	return memory_end(&m);
}

char *rules_print(const struct bx_rule *rule)
{
	struct memory m;
	long before;

	if (!memory_begin(&m))
		return NULL;
	put_part(m.out, rule, RULES_PATTERN_PART);
	fputc(' ', m.out);
	before = ftell(m.out);
	put_part(m.out, rule, RULES_COND_PART);
	if (ftell(m.out) != before)
		fputc(' ', m.out);
	put_part(m.out, rule, RULES_VERDICT_PART);
	return memory_end(&m);
}

char *rules_print_verdict(const struct bx_rule *rule)
{
	struct memory m;

	if (!memory_begin(&m))
		return NULL;
	put_verdict(m.out, rule);
	return memory_end(&m);
}

char *rules_print_cond(const struct bx_rule *rule, const struct bx_rule_cond *cond)
{
	struct memory m;

	if (!memory_begin(&m))
		return NULL;
	put_cond(m.out, rule, cond);
	return memory_end(&m);
}

char *rules_print_word(const char *text)
{
	struct memory m;

	if (!memory_begin(&m))
		return NULL;
	print_text(m.out, text, text[0] == '#' ? IN_PATTERN : IN_VALUE);
	return memory_end(&m);
}
