// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: patterns as sets of ids
 *
 * A modalias of these buses has a hexadecimal digit at each of some places, and the same
 * characters between them.  The digits that a pattern lets through at each place are its shape, by
 * which patterns are compared exactly: one includes another, or both have a device in common.
 */
#include <stdio.h>
#include <string.h>

#include "rules_shape.h"

#define TOKENS	RULES_PATTERN

/* 'X' is a digit */
static const char *const templates[] = {
	"pci:vXXXXXXXXdXXXXXXXXsvXXXXXXXXsdXXXXXXXXbcXXscXXiXX",
	"usb:vXXXXpXXXXdXXXXdcXXdscXXdpXXicXXiscXXipXXinXX",
	"hid:bXXXXgXXXXvXXXXXXXXpXXXXXXXX",
	"virtio:dXXXXXXXXvXXXXXXXX",
};

static const char upper[] = "0123456789ABCDEF", lower[] = "0123456789abcdef";

/**
 * struct walk - the ways in which a pattern and a template fit
 * @template: the template
 * @hex: the digits of the bus
 * @len: its length
 * @token: where each part of the pattern begins: '*', '?', a set, or a character
 * @plain: the character, if a part is one
 * @digits: the digits that each part lets through, but those of '*'
 * @n: number of parts
 * @to: whether the first i parts may match the first k characters
 * @from: whether the others may match the others
 */
struct walk {
	const char	*template;
	const char	*hex;
	size_t		len;
	const char	*token[TOKENS + 1];
	char		plain[TOKENS];
	uint16_t	digits[TOKENS];
	size_t		n;
	bool		to[TOKENS + 1][RULES_SHAPE_LEN + 1];
	bool		from[TOKENS + 1][RULES_SHAPE_LEN + 1];
};

/* Whether a part, but no '*', matches the character */
static bool lets(const struct walk *w, size_t i, char c)
{
	char glob[TOKENS + 1], text[2] = { c };
	size_t len = w->token[i + 1] - w->token[i];

	if (w->plain[i])
		return w->plain[i] == c;
	memcpy(glob, w->token[i], len);
	glob[len] = '\0';
	return rules_glob_alias(glob, text);
}

static void split(struct walk *w, const char *pattern)
{
	const char *end;

	for (w->n = 0; *pattern && w->n < TOKENS; w->n++) {
		w->token[w->n] = pattern;
		end = *pattern == '[' ? rules_glob_set_end(pattern) : NULL;
		w->plain[w->n] = strchr("*?[\\-_", *pattern) ? '\0' : *pattern;
		pattern = end ?: pattern + 1 + (*pattern == '\\' && pattern[1]);
	}
	w->token[w->n] = pattern;
	for (size_t i = 0; i < w->n; i++)
		for (int d = 0; d < 16 && *w->token[i] != '*'; d++)
			w->digits[i] |= lets(w, i, w->hex[d]) << d;
}

/* The digits that a part, but no '*', lets through at a place; 1 for another character */
static uint16_t mask_of(const struct walk *w, size_t i, size_t k)
{
	return w->template[k] == 'X' ? w->digits[i] : lets(w, i, w->template[k]);
}

static void walk(struct walk *w)
{
	w->to[0][0] = true;
	for (size_t i = 0; i < w->n; i++) {
		bool star = *w->token[i] == '*';

		for (size_t k = 0; k <= w->len; k++) {
			if (!w->to[i][k])
				continue;
			if (star)
				for (size_t more = k; more <= w->len; more++)
					w->to[i + 1][more] = true;
			else if (k < w->len && mask_of(w, i, k))
				w->to[i + 1][k + 1] = true;
		}
	}
	w->from[w->n][w->len] = true;
	for (size_t i = w->n; i--;) {
		bool star = *w->token[i] == '*';

		for (size_t k = 0; k <= w->len; k++) {
			if (!w->to[i][k])
				continue;
			if (star)
				for (size_t more = k; more <= w->len; more++)
					w->from[i][k] |= w->from[i + 1][more];
			else if (k < w->len && w->from[i + 1][k + 1])
				w->from[i][k] = mask_of(w, i, k);
		}
	}
}

/* A part that fits at several places has no shape. */
static enum rules_fit read_masks(const struct walk *w, struct rules_shape *shape)
{
	if (!w->from[0][0])
		return RULES_FITS_NEVER;
	for (size_t k = 0; k < w->len; k++)
		shape->mask[k] = w->template[k] == 'X' ? 0xffff : 1;
	for (size_t i = 0; i < w->n; i++) {
		unsigned int places = 0;

		if (*w->token[i] == '*')
			continue;
		for (size_t k = 0; k < w->len; k++) {
			if (!w->to[i][k] || !w->from[i + 1][k + 1] || !mask_of(w, i, k))
				continue;
			shape->mask[k] = mask_of(w, i, k);
			places++;
		}
		if (places != 1)
			return RULES_FITS_SOMEHOW;
	}
	return RULES_FITS;
}

static const char *template_of(const char *bus)
{
	size_t len = strlen(bus);

	for (size_t i = 0; i < sizeof(templates) / sizeof(*templates); i++)
		if (!strncmp(templates[i], bus, len) && templates[i][len] == ':')
			return templates[i];
	return NULL;
}

static enum rules_fit read_shape(const char *bus, const char *pattern, const char *hex,
				 struct rules_shape *shape)
{
	struct walk w = { .template = template_of(bus), .hex = hex };

	shape->template = w.template;
	if (!w.template)
		return RULES_FITS_SOMEHOW;
	w.len = strlen(w.template);
	shape->len = w.len;
	split(&w, pattern);
	walk(&w);
	return read_masks(&w, shape);
}

enum rules_fit rules_shape(const char *bus, const char *pattern, struct rules_shape *shape)
{
	return read_shape(bus, pattern, upper, shape);
}

bool rules_shape_in_lower_case(const char *bus, const char *pattern)
{
	struct rules_shape shape;

	return read_shape(bus, pattern, lower, &shape) != RULES_FITS_NEVER;
}

bool rules_shape_includes(const struct rules_shape *a, const struct rules_shape *b)
{
	if (a->template != b->template)
		return false;
	for (size_t k = 0; k < a->len; k++)
		if (b->mask[k] & ~a->mask[k])
			return false;
	return true;
}

bool rules_shape_meets(const struct rules_shape *a, const struct rules_shape *b,
		       struct rules_shape *both)
{
	if (a->template != b->template)
		return false;
	*both = *a;
	for (size_t k = 0; k < a->len; k++) {
		both->mask[k] &= b->mask[k];
		if (!both->mask[k])
			return false;
	}
	return true;
}

/* Whether the digits of @n numbers are fixed, after the first @skip ones */
static bool names_numbers(const struct rules_shape *s, size_t skip, size_t n)
{
	size_t number = 0;

	for (size_t k = 0; k < s->len && number < skip + n; k++) {
		if (s->template[k] != 'X')
			continue;
		if (number >= skip && s->mask[k] & (s->mask[k] - 1))
			return false;
		number += s->template[k + 1] != 'X';
	}
	return true;
}

/* Whether vendor and device are fixed: the first two numbers, but for hid the next two */
static bool names_device(const struct rules_shape *s)
{
	return names_numbers(s, s->template[0] == 'h' ? 2 : 0, 2);
}

bool rules_shape_related(const struct rules_shape *a, const struct rules_shape *b,
			 struct rules_shape *both)
{
	if (!rules_shape_meets(a, b, both))
		return false;
	return rules_shape_includes(a, b) || rules_shape_includes(b, a) ||
		(names_device(a) && names_device(b));
}

void rules_shape_example(const struct rules_shape *s, unsigned int seed, char *buf)
{
	for (size_t k = 0; k < s->len; k++) {
		unsigned int n = s->mask[k] == 0xffff ? seed >> k % 16 & 15 : 0;

		buf[k] = s->template[k];
		if (buf[k] != 'X')
			continue;
		/* the digit that begins the search, or the next one that is let through */
		while (!(s->mask[k] >> n & 1))
			n = (n + 1) & 15;
		buf[k] = upper[n];
	}
	buf[s->len] = '\0';
}

/* Prints a place: a digit, '?', or a set. */
static int print_place(char *buf, uint16_t mask)
{
	int n = 0;

	if (mask == 0xffff)
		return sprintf(buf, "?");
	if (!(mask & (mask - 1)))
		return sprintf(buf, "%c", upper[__builtin_ctz(mask)]);
	buf[n++] = '[';
	for (int d = 0; d < 16; d++)
		if (mask >> d & 1)
			buf[n++] = upper[d];
	buf[n++] = ']';
	buf[n] = '\0';
	return n;
}

/* Whether the digits from @k to the next other character are all free; *@end: that place */
static bool free_number(const struct rules_shape *s, size_t k, size_t *end)
{
	bool free = true;

	for (*end = k; *end < s->len && s->template[*end] == 'X'; (*end)++)
		free &= s->mask[*end] == 0xffff;
	return free;
}

/* A place after which all is free, for a '*' at the end */
static size_t free_end(const struct rules_shape *s)
{
	size_t k = s->len;

	while (k && (s->template[k - 1] != 'X' || s->mask[k - 1] == 0xffff))
		k--;
	return k;
}

void rules_shape_print(const struct rules_shape *s, char *buf)
{
	size_t last = free_end(s), end;

	for (size_t k = 0; k < last;) {
		if (s->template[k] == 'X' && free_number(s, k, &end)) {
			*buf++ = '*';
			k = end;
		} else if (s->template[k] == 'X') {
			buf += print_place(buf, s->mask[k++]);
		} else {
			*buf++ = s->template[k++];
		}
	}
	strcpy(buf, last < s->len ? "*" : "");
}
