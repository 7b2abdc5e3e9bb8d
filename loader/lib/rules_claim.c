// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: the vendors that a rule is for
 *
 * A rule is for some vendors if its pattern has all digits of the vendor, or a condition names
 * them.  It may match fewer devices than this tells, but not others.
 */
#include <stdlib.h>
#include <string.h>

#include "rules_claim.h"
#include "rules_shape.h"

/* Place of the vendor's digits in the modaliases of a bus, and their number; 0 without one */
static size_t vendor_at(const struct rules_shape *s, size_t *digits)
{
	size_t at = 0;

	while (at + 1 < s->len && (s->template[at] != 'v' || s->template[at + 1] != 'X'))
		at++;
	for (*digits = 0; at + 1 + *digits < s->len && s->template[at + 1 + *digits] == 'X';)
		++*digits;
	return *digits ? at + 1 : 0;
}

static int digit_of(char c)
{
	static const char digits[] = "0123456789ABCDEF";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? at - digits : -1;
}

/* Reads @n digits that the pattern has itself. */
static bool digits_of(const char *text, size_t n, long long *out)
{
	*out = 0;
	for (size_t i = 0; i < n; i++) {
		if (digit_of(text[i]) < 0)
			return false;
		*out = *out << 4 | digit_of(text[i]);
	}
	return true;
}

/* A pattern that begins as a modalias does, up to the vendor */
static bool by_prefix(const char *pattern, const char *prefix, size_t digits, long long *vendor)
{
	size_t len = strlen(prefix);

	return !strncmp(pattern, prefix, len) && digits_of(pattern + len, digits, vendor);
}

static bool by_shape(const struct rules_shape *s, size_t at, size_t digits, long long *vendor)
{
	*vendor = 0;
	for (size_t i = at; i < at + digits; i++) {
		uint16_t mask = s->mask[i];

		if (!mask || mask & (mask - 1))
			return false;
		*vendor = *vendor << 4 | __builtin_ctz(mask);
	}
	return true;
}

/* On buses of bus_ext's own: bus_ext:NAME:vXXXXXXXX */
static bool by_own_bus(const struct bx_rule *rule, long long *vendor)
{
	char prefix[sizeof("bus_ext::v") + BX_NAME_LEN];

	strcpy(prefix, "bus_ext:");
	strcat(prefix, rule->bus);
	strcat(prefix, ":v");
	return by_prefix(rule->pattern, prefix, 8, vendor);
}

static bool by_pattern(const struct bx_rule *rule, long long *vendor)
{
	enum rules_fit fit;
	struct rules_shape shape;
	char prefix[RULES_SHAPE_LEN];
	size_t at, digits;

	fit = rules_shape(rule->bus, rule->pattern, &shape);
	if (!shape.template)
		return by_own_bus(rule, vendor);
	at = vendor_at(&shape, &digits);
	if (!at)
		return false;
	if (fit == RULES_FITS)
		return by_shape(&shape, at, digits, vendor);
	/* where characters may be at several places, only the beginning is certain */
	memcpy(prefix, shape.template, at);
	prefix[at] = '\0';
	return !strchr(prefix, 'X') && by_prefix(rule->pattern, prefix, digits, vendor);
}

static bool names_vendors(const struct bx_rule_cond *cond)
{
	if (cond->kind != BX_COND_MEMBER || cond->what != BX_MEMBER_VENDOR || cond->negated)
		return false;
	for (size_t i = 0; i < cond->n; i++)
		if (cond->value[i].low != cond->value[i].high)
			return false;
	return cond->n;
}

int rules_vendors(const struct bx_rule *rule, long long **vendors)
{
	const struct bx_rule_cond *cond = NULL;
	long long one;
	bool pattern = by_pattern(rule, &one);
	size_t n = 1;

	*vendors = NULL;
	for (size_t i = 0; !pattern && !cond && i < rule->nconds; i++)
		if (names_vendors(&rule->cond[i]))
			cond = &rule->cond[i];
	if (!pattern && !cond)
		return 0;
	if (cond)
		n = cond->n;
	*vendors = calloc(n, sizeof(**vendors));
	if (!*vendors)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		(*vendors)[i] = pattern ? one : cond->value[i].low;
	return n;
}
