// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: the values of a condition
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rules_text.h"

#define DIGITS	18	/* of a decimal number, so that it fits */

/**
 * struct reader - reads the values of a condition
 * @p: the place
 * @key: the condition
 * @bus: bus of the rule
 * @text: the current value, without marks
 * @column: its column
 * @cond: takes the values
 */
struct reader {
	struct rules_place	*p;
	const struct rules_key	*key;
	const char		*bus;
	char			*text;
	unsigned int		column;
	struct bx_rule_cond	*cond;
};

static int add(struct reader *r, const struct bx_rule_value *value)
{
	struct bx_rule_cond *cond = r->cond;
	struct bx_rule_value *more;

	if (cond->n == RULES_VALUES)
		return rules_bad(r->p, r->column, "too many values of '%s'; expected at most %d",
				 r->key->name, RULES_VALUES);
	more = realloc(cond->value, (cond->n + 1) * sizeof(*more));
	if (!more)
		return rules_no_memory(r->p);
	cond->value = more;
	more[cond->n] = *value;
	if (value->text) {
		more[cond->n].text = strdup(value->text);
		if (!more[cond->n].text)
			return rules_no_memory(r->p);
	}
	cond->n++;
	return 0;
}

/* ---- texts ---- */

static void lower(char *text)
{
	for (; *text; text++)
		if (*text >= 'A' && *text <= 'Z')
			*text += 'a' - 'A';
}

static int text_value(struct reader *r, const char *from, const char *to)
{
	struct bx_rule_value value = { .text = r->text };
	bool plain = rules_to_plain(from, to, r->text);
	size_t longest = r->key->kind == BX_COND_CMDLINE ? RULES_LINE : BX_FACT_LEN;

	if (!plain) {
		value.kind = BX_VALUE_GLOB;
		rules_to_glob(from, to, r->text);
		if (rules_has_open_set(from, to))
			return rules_bad(r->p, r->column, "'%.64s' has '[' without ']'", r->text);
	} else if (strlen(r->text) >= longest) {
		return rules_bad(r->p, r->column,
				 "the text is too long; expected at most %zu characters",
				 longest - 1);
	}
	if (r->key->type == RULES_LOWER)
		lower(r->text);
	return add(r, &value);
}

/* One of the texts that the kernel gives */
static int word_value(struct reader *r, const char *const *words, const char *expected)
{
	struct bx_rule_value value = { .text = r->text };

	for (; *words; words++)
		if (!strcmp(*words, r->text))
			return add(r, &value);
	return rules_bad(r->p, r->column, "invalid value '%.64s' of '%s'; expected %s", r->text,
			 r->key->name, expected);
}

/* ---- numbers ---- */

static bool decimal(const char *text, size_t len, long long *out)
{
	*out = 0;
	if (!len || len > DIGITS)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		*out = *out * 10 + text[i] - '0';
	}
	return true;
}

static bool hex(const char *text, size_t len, long long *out)
{
	char digits[9] = "", *end;

	if (len > 2 && !strncmp(text, "0x", 2)) {
		text += 2;
		len -= 2;
	}
	if (!len || len >= sizeof(digits))
		return false;
	memcpy(digits, text, len);
	*out = strtoll(digits, &end, 16);
	return !*end && strspn(digits, "0123456789abcdefABCDEF") == len;
}

static bool has_class_digits(const struct reader *r)
{
	return !strcmp(r->bus, "pci") || !strcmp(r->bus, "usb");
}

/* Reads one number, or what stands for a range: the digits of a class. */
static bool number(const struct reader *r, const char *text, size_t len, long long *low,
		   long long *high)
{
	bool good;

	if (r->key->type == RULES_CLASS && has_class_digits(r)) {
		if (len > 2 && !strncmp(text, "0x", 2)) {
			text += 2;
			len -= 2;
		}
		return rules_class_range(text, len, low, high);
	}
	good = r->key->type == RULES_ID || r->key->type == RULES_CLASS ?
		hex(text, len, low) : decimal(text, len, low);
	*high = *low;
	return good;
}

static const char *expected_number(const struct reader *r)
{
	switch (r->key->type) {
	case RULES_CLASS:
		if (has_class_digits(r))
			return "2, 4 or 6 hexadecimal digits, a range, or the name of a class";
		return "a hexadecimal number, or a range";
	case RULES_ID:
		return "a hexadecimal number of up to 8 digits, or a range";
	case RULES_INDEX:
		return "a number, a range as in 0-3, or none";
	default:
		return "a number, or a range as in 0-3";
	}
}

static int range_value(struct reader *r)
{
	struct bx_rule_value value = { .kind = BX_VALUE_RANGE };
	const char *dash = strchr(r->text, '-');
	size_t len = dash ? (size_t)(dash - r->text) : strlen(r->text);
	long long other;

	if (r->key->type == RULES_INDEX && !strcmp(r->text, "none")) {
		value.low = -1;
		value.high = -1;
		return add(r, &value);
	}
	if (!number(r, r->text, len, &value.low, &value.high) ||
	    (dash && !number(r, dash + 1, strlen(dash + 1), &other, &value.high)))
		return rules_bad(r->p, r->column, "invalid value '%.64s' of '%s'; expected %s",
				 r->text, r->key->name, expected_number(r));
	if (dash && other < value.low)
		return rules_bad(r->p, r->column,
				 "the range '%.64s' is empty; expected the lower number first",
				 r->text);
	return add(r, &value);
}

/* Adds the codes of a named class; returns 1 if there is no such name. */
static int class_value(struct reader *r)
{
	struct bx_rule_value value = { .kind = BX_VALUE_RANGE };
	const struct rules_class *c;
	const char *code;
	int err = 0;

	for (size_t i = 0; (c = rules_class_at(i)); i++)
		if (!strcmp(c->bus, r->bus) && !strcmp(c->name, r->text))
			break;
	if (!c)
		return 1;
	for (code = c->codes; !err && *code; code += strspn(code, " ")) {
		size_t len = strcspn(code, " ");

		rules_class_range(code, len, &value.low, &value.high);
		err = add(r, &value);
		code += len;
	}
	return err;
}

/* ---- any ---- */

static int one_value(struct reader *r, const char *from, const char *to)
{
	static const char *const switches[] = { "0", "1", NULL };
	static const char *const removable[] = { "fixed", "removable", "unknown", NULL };
	int ret = 1;

	if (from == to)
		return rules_bad(r->p, r->column,
				 "'%s' lacks a value; expected one, or \"\" for an empty text",
				 r->key->name);
	if (r->key->type == RULES_TEXT || r->key->type == RULES_LOWER)
		return text_value(r, from, to);
	rules_to_plain(from, to, r->text);
	if (r->key->type == RULES_SWITCH)
		return word_value(r, switches, "0 or 1");
	if (r->key->type == RULES_REMOVABLE)
		return word_value(r, removable, "fixed, removable or unknown");
	if (r->key->type == RULES_CLASS)
		ret = class_value(r);
	return ret > 0 ? range_value(r) : ret;
}

int rules_values(struct rules_place *p, const struct rules_key *key, const char *bus,
		 const struct rules_word *word, const char *text, struct bx_rule_cond *cond)
{
	char buf[2 * RULES_LINE];
	struct reader r = { p, key, bus, buf, 0, cond };
	const char *end;
	int err;

	for (;; text = end + 1) {
		end = rules_find(text, ',');
		r.column = word->at[text - word->text];
		err = one_value(&r, text, end);
		if (err || !*end)
			return err;
	}
}
