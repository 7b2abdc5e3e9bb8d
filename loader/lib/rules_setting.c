// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: settings of a bundle in its rules
 *
 * $NAME stands for the value of a setting.  The reader replaces it: a table is made of the
 * values, and another value is another table.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "internal.h"
#include "rules_text.h"
#include "yaml.h"

/* ---- names ---- */

/* Length of the name at @text, which begins with '$'; 0 if it is not one */
static size_t name_length(const char *text)
{
	size_t len = 1;

	if (text[0] != '$' || (!isalpha((unsigned char)text[1]) && text[1] != '_'))
		return 0;
	while (isalnum((unsigned char)text[len]) || text[len] == '_')
		len++;
	return len;
}

bool rules_is_setting(const char *from, const char *to)
{
	return from < to && *from == '$';
}

int rules_setting_find(struct rules_place *p, unsigned int column, const char *from,
		       const char *to, struct rules_setting *s)
{
	const struct rules_scope *scope = p->scope;
	size_t len = name_length(from);
	char name[BX_NAME_LEN];

	if (!len || from + len != to || len > BX_NAME_LEN)
		return rules_bad(p, column,
				 "'%.*s' is not the name of a setting; expected $NAME, or quotes around a text with '$'",
				 (int)(to - from < 64 ? to - from : 64), from);
	copy_name(name, len, from + 1);
	if (!scope)
		return rules_bad(p, column,
				 "'$%s' is a setting; only the rules of a bundle have settings",
				 name);
	if (scope->setting(name, s, scope->arg))
		return 0;
	return rules_bad(p, column,
			 "unknown setting '$%s'; expected one of 'settings' in the manifest", name);
}

bool rules_setting_item(const char **at, char *item, size_t size)
{
	size_t len = strcspn(*at, ",");

	if (!**at)
		return false;
	snprintf(item, size, "%.*s", (int)len, *at);
	*at += len + ((*at)[len] == ',');
	return true;
}

/* ---- conditions ---- */

static bool in_range(long long n, const char *text)
{
	long long low, high;
	int end = 0;

	if (sscanf(text, "%lld-%lld%n", &low, &high, &end) == 2 && !text[end])
		return n >= low && n <= high;
	return false;
}

/* Whether the setting equals a value, lexed, from @from to @to */
static bool equals(const struct rules_setting *s, const char *from, const char *to)
{
	char value[2 * RULES_LINE], item[128];
	bool plain = rules_to_plain(from, to, value);
	int64_t n, other;

	if (s->type == BX_SETTING_INT)
		return number_from(s->value, &n) &&
			((number_from(value, &other) && n == other) || in_range(n, value));
	if (!plain)
		rules_to_glob(from, to, value);
	if (s->type == BX_SETTING_STRING)
		return plain ? !strcmp(s->value, value) : rules_glob(value, s->value);
	for (const char *at = s->value; rules_setting_item(&at, item, sizeof(item));)
		if (plain ? !strcmp(item, value) : rules_glob(value, item))
			return true;
	return false;
}

/* A number, or a range of numbers that are not negative */
static bool is_number(const char *from, const char *to)
{
	char value[2 * RULES_LINE];
	int64_t n;

	if (!rules_to_plain(from, to, value))
		return false;
	if (number_from(value, &n))
		return true;
	return isdigit((unsigned char)value[0]) && strspn(value, "0123456789-") == strlen(value) &&
		strchr(value, '-') == strrchr(value, '-') &&
		isdigit((unsigned char)value[strlen(value) - 1]);
}

static int check_value(struct rules_place *p, unsigned int column, const struct rules_setting *s,
		       const char *from, const char *to)
{
	if (from == to)
		return rules_bad(p, column, "a condition on a setting lacks a value; expected one");
	if (s->type == BX_SETTING_INT && !is_number(from, to))
		return rules_bad(p, column,
				 "invalid value '%.*s' of a setting of type int; expected a number, or a range as in 0-3",
				 (int)(to - from < 64 ? to - from : 64), from);
	return 0;
}

int rules_setting_cond(struct rules_place *p, const struct rules_word *word, const char *name,
		       const char *value, bool *holds)
{
	struct rules_setting s;
	const char *end;
	bool flag;
	int err = rules_setting_find(p, word->at[0], name, name + strlen(name), &s);

	if (err)
		return err;
	flag = s.type == BX_SETTING_BOOL;
	if (flag == !!value)
		return rules_bad(p, word->at[0], value ?
				 "the setting '%s' is of type bool; expected $%s or !$%s" :
				 "the setting '%s' is not of type bool; expected $%s=VALUE or $%s!=VALUE",
				 name + 1, name + 1, name + 1);
	*holds = flag && !strcmp(s.value, "true");
	for (; value; value = *end ? end + 1 : NULL) {
		end = rules_find(value, ',');
		err = check_value(p, word->at[value - word->text], &s, value, end);
		if (err)
			return err;
		*holds |= equals(&s, value, end);
	}
	return 0;
}
