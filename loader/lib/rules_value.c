// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: the values of a condition
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "rules_text.h"
#include "yaml.h"

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

/* Reads the value in r->text, which is not one of a text. */
static int plain_value(struct reader *r)
{
	static const char *const switches[] = { "0", "1", NULL };
	static const char *const removable[] = { "fixed", "removable", "unknown", NULL };
	int ret = 1;

	if (r->key->type == RULES_SWITCH)
		return word_value(r, switches, "0 or 1");
	if (r->key->type == RULES_REMOVABLE)
		return word_value(r, removable, "fixed, removable or unknown");
	if (r->key->type == RULES_CLASS)
		ret = class_value(r);
	return ret > 0 ? range_value(r) : ret;
}

static bool is_text(const struct reader *r)
{
	return r->key->type == RULES_TEXT || r->key->type == RULES_LOWER;
}

/* ---- settings ---- */

static const char *expected_setting(const struct reader *r)
{
	switch (r->key->type) {
	case RULES_SWITCH:
		return "bool";
	case RULES_NUMBER:
	case RULES_INDEX:
	case RULES_ID:
		return "int, string or list";
	default:
		return "string or list";
	}
}

static bool setting_fits(const struct reader *r, int type)
{
	if (r->key->type == RULES_SWITCH)
		return type == BX_SETTING_BOOL;
	if (type == BX_SETTING_INT)
		return r->key->type == RULES_NUMBER || r->key->type == RULES_INDEX ||
			r->key->type == RULES_ID;
	return type != BX_SETTING_BOOL;
}

static int find_setting(struct reader *r, const char *from, const char *to,
			struct rules_setting *s)
{
	int err = rules_setting_find(r->p, r->column, from, to, s);

	if (err || setting_fits(r, s->type))
		return err;
	return rules_bad(r->p, r->column,
			 "the setting '%.*s' has another type than '%s'; expected one of type %s",
			 (int)(to - from) - 1, from + 1, r->key->name, expected_setting(r));
}

/* A text of the operator is not a pattern. */
static int setting_text(struct reader *r)
{
	struct bx_rule_value value = { .text = r->text };

	if (strlen(r->text) >= BX_FACT_LEN && r->key->kind != BX_COND_CMDLINE)
		return rules_bad(r->p, r->column,
				 "the text of a setting is too long; expected at most %d characters",
				 BX_FACT_LEN - 1);
	if (r->key->type == RULES_LOWER)
		lower(r->text);
	return add(r, &value);
}

/* A bound of a range: a setting, or a number */
static int bound(struct reader *r, const char *from, const char *to, long long *out)
{
	struct rules_setting s;
	long long unused;
	int64_t n;
	int err;

	if (*from != '$') {
		if (number(r, from, to - from, out, &unused))
			return 0;
		return rules_bad(r->p, r->column, "invalid value '%.*s' of '%s'; expected %s",
				 (int)(to - from), from, r->key->name, expected_number(r));
	}
	err = find_setting(r, from, to, &s);
	if (!err && s.type != BX_SETTING_INT)
		err = rules_bad(r->p, r->column,
				"the setting '%.*s' is not a number; expected one of type int in a range",
				(int)(to - from) - 1, from + 1);
	if (err)
		return err;
	if (number_from(s.value, &n) && n >= 0) {
		*out = n;
		return 0;
	}
	return rules_bad(r->p, r->column, "the setting '%.*s' is %s; expected a number from 0 on",
			 (int)(to - from) - 1, from + 1, s.value);
}

static int setting_range(struct reader *r, const char *from, const char *dash, const char *to)
{
	struct bx_rule_value value = { .kind = BX_VALUE_RANGE };
	int err;

	if (r->key->type == RULES_CLASS && has_class_digits(r))
		return rules_bad(r->p, r->column,
				 "a range of classes cannot have settings; expected digits");
	err = bound(r, from, dash, &value.low);
	if (!err && dash == to)
		value.high = value.low;
	else if (!err)
		err = bound(r, dash + 1, to, &value.high);
	if (err)
		return err;
	if (value.high < value.low)
		return rules_bad(r->p, r->column,
				 "the range '%.*s' is %lld-%lld, which is empty; expected the lower number first",
				 (int)(to - from), from, value.low, value.high);
	return add(r, &value);
}

static int setting_items(struct reader *r, const struct rules_setting *s)
{
	int err = 0;

	if (s->type == BX_SETTING_BOOL) {
		strcpy(r->text, strcmp(s->value, "true") ? "0" : "1");
		return plain_value(r);
	}
	for (const char *at = s->value;
	     !err && rules_setting_item(&at, r->text, RULES_LINE);)
		err = is_text(r) ? setting_text(r) : plain_value(r);
	return err;
}

static int setting_value(struct reader *r, const char *from, const char *to)
{
	const char *dash = is_text(r) ? to : memchr(from, '-', to - from) ?: to;
	struct rules_setting s;
	int err;

	if (r->p->formats) {
		snprintf(r->text, RULES_LINE, "%.*s", (int)(to - from), from);
		return add(r, &(struct bx_rule_value) {
			.kind = BX_VALUE_SETTING, .text = r->text });
	}
	if (dash < to)
		return setting_range(r, from, dash, to);
	err = find_setting(r, from, to, &s);
	if (err)
		return err;
	return s.type == BX_SETTING_INT ? setting_range(r, from, to, to) : setting_items(r, &s);
}

/* In a text, '$' is only special as the first character. */
static bool has_setting(const struct reader *r, const char *from, const char *to)
{
	return *from == '$' || (!is_text(r) && rules_find(from, '$') < to);
}

static int one_value(struct reader *r, const char *from, const char *to)
{
	if (from == to)
		return rules_bad(r->p, r->column,
				 "'%s' lacks a value; expected one, or \"\" for an empty text",
				 r->key->name);
	if (has_setting(r, from, to))
		return setting_value(r, from, to);
	if (is_text(r))
		return text_value(r, from, to);
	rules_to_plain(from, to, r->text);
	return plain_value(r);
}

int rules_values(struct rules_place *p, const struct rules_key *key, const char *bus,
		 const struct rules_word *word, const char *text, struct bx_rule_cond *cond)
{
	char buf[2 * RULES_LINE];
	struct reader r = { .p = p, .key = key, .bus = bus, .text = buf, .cond = cond };
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
