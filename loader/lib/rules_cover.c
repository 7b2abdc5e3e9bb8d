// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: two rules, and the devices that both match
 *
 * Conditions are compared as sets.  Sets that cannot be compared, as two globs, are taken for
 * sets of which neither covers the other: a warning must be right.
 */
#include <string.h>

#include "rules_check.h"

/* ---- values ---- */

static bool value_covers(const struct bx_rule_value *a, const struct bx_rule_value *b)
{
	if (a->kind == BX_VALUE_RANGE || b->kind == BX_VALUE_RANGE)
		return a->kind == b->kind && a->low <= b->low && a->high >= b->high;
	if (a->kind == BX_VALUE_GLOB && b->kind == BX_VALUE_TEXT)
		return rules_glob(a->text, b->text);
	if (a->kind == BX_VALUE_GLOB && !strcmp(a->text, "*"))
		return true;
	return a->kind == b->kind && !strcmp(a->text, b->text);
}

static bool values_exclude(const struct bx_rule_value *a, const struct bx_rule_value *b)
{
	if (a->kind == BX_VALUE_RANGE && b->kind == BX_VALUE_RANGE)
		return a->high < b->low || a->low > b->high;
	if (a->kind == BX_VALUE_TEXT && b->kind == BX_VALUE_TEXT)
		return strcmp(a->text, b->text);
	if (a->kind == BX_VALUE_GLOB && b->kind == BX_VALUE_TEXT)
		return !rules_glob(a->text, b->text);
	if (a->kind == BX_VALUE_TEXT && b->kind == BX_VALUE_GLOB)
		return !rules_glob(b->text, a->text);
	return false;
}

/* Whether each value of @b is covered by one of @a */
static bool set_covers(const struct bx_rule_cond *a, const struct bx_rule_cond *b)
{
	for (size_t i = 0, k; i < b->n; i++) {
		for (k = 0; k < a->n && !value_covers(&a->value[k], &b->value[i]); k++)
			;
		if (k == a->n)
			return false;
	}
	return true;
}

static bool sets_exclude(const struct bx_rule_cond *a, const struct bx_rule_cond *b)
{
	for (size_t i = 0; i < a->n; i++)
		for (size_t k = 0; k < b->n; k++)
			if (!values_exclude(&a->value[i], &b->value[k]))
				return false;
	return true;
}

/* ---- conditions ---- */

static bool same_key(const struct bx_rule_cond *a, const struct bx_rule_cond *b)
{
	if (a->kind != b->kind)
		return false;
	if (a->kind == BX_COND_CMDLINE)
		return a->key && b->key ? !strcmp(a->key, b->key) : a->key == b->key;
	return a->what == b->what;
}

/* A device has one of what is compared; the line has many words, a USB device many classes. */
static bool is_single(const char *bus, const struct bx_rule_cond *c)
{
	if (c->kind == BX_COND_CMDLINE)
		return c->key;
	return c->kind != BX_COND_MEMBER || c->what != BX_MEMBER_CLASS || strcmp(bus, "usb");
}

/* Whether @b holds only if @a does */
static bool cond_follows(const char *bus, const struct bx_rule_cond *a,
			 const struct bx_rule_cond *b)
{
	if (!same_key(a, b))
		return false;
	if (a->kind == BX_COND_FLAG)
		return a->negated == b->negated;
	if (a->negated && b->negated)
		return set_covers(b, a);
	if (a->negated)
		return !b->negated && is_single(bus, a) && sets_exclude(a, b);
	return !b->negated && set_covers(a, b);
}

bool rules_conds_exclude(const char *bus, const struct bx_rule_cond *a,
			 const struct bx_rule_cond *b)
{
	if (!same_key(a, b) || (a->negated && b->negated))
		return false;
	if (a->kind == BX_COND_FLAG)
		return a->negated != b->negated;
	if (a->negated || b->negated)
		return a->negated ? set_covers(a, b) : set_covers(b, a);
	return is_single(bus, a) && sets_exclude(a, b);
}

static bool conds_cover(const struct bx_rule *a, const struct bx_rule *b)
{
	for (size_t i = 0, k; i < a->nconds; i++) {
		for (k = 0; k < b->nconds; k++)
			if (cond_follows(a->bus, &a->cond[i], &b->cond[k]))
				break;
		if (k == b->nconds)
			return false;
	}
	return true;
}

/* ---- patterns ---- */

static bool pattern_covers(const struct rules_checked *a, const struct rules_checked *b)
{
	const char *pattern = a->rule->pattern;

	if (!strcmp(pattern, "*"))
		return true;
	/* "*" is also for devices without a modalias */
	if (!strcmp(b->rule->pattern, "*"))
		return false;
	if (a->fit == RULES_FITS && b->fit == RULES_FITS)
		return rules_shape_includes(&a->shape, &b->shape);
	if (!strcmp(pattern, b->rule->pattern))
		return true;
	if (!b->rule->pattern[b->fixed])
		return rules_glob_alias(pattern, b->rule->pattern);
	return !strcmp(pattern + a->fixed, "*") && b->fixed >= a->fixed &&
		!strncmp(pattern, b->rule->pattern, a->fixed);
}

static bool patterns_meet(const struct rules_checked *a, const struct rules_checked *b)
{
	struct rules_shape both;

	if (a->fit == RULES_FITS && b->fit == RULES_FITS)
		return rules_shape_related(&a->shape, &b->shape, &both);
	return pattern_covers(a, b) || pattern_covers(b, a);
}

/* ---- rules ---- */

bool rules_covers(const struct rules_checked *a, const struct rules_checked *b)
{
	if (strcmp(a->rule->bus, b->rule->bus))
		return false;
	if (b->rule->group != BX_RULE_NO_GROUP && a->rule->group != b->rule->group)
		return false;
	if (a->rule->until_approved && !b->rule->until_approved)
		return false;
	return conds_cover(a->rule, b->rule) && pattern_covers(a, b);
}

bool rules_meets(const struct rules_checked *a, const struct rules_checked *b)
{
	if (strcmp(a->rule->bus, b->rule->bus) || !patterns_meet(a, b))
		return false;
	/* conditions of another member of the group exclude nothing */
	if (a->rule->group != BX_RULE_NO_GROUP || b->rule->group != BX_RULE_NO_GROUP)
		return true;
	for (size_t i = 0; i < a->rule->nconds; i++)
		for (size_t k = 0; k < b->rule->nconds; k++)
			if (rules_conds_exclude(a->rule->bus, &a->rule->cond[i],
						&b->rule->cond[k]))
				return false;
	return true;
}

bool rules_same_verdict(const struct bx_rule *a, const struct bx_rule *b)
{
	if (a->verdict != b->verdict || a->ndrivers != b->ndrivers || a->score != b->score ||
	    a->any_order != b->any_order || a->bound != b->bound)
		return false;
	for (unsigned int i = 0; i < a->ndrivers; i++)
		if (strcmp(a->driver[i], b->driver[i]))
			return false;
	return true;
}
