/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * libbusext: patterns as sets of ids, see rules_shape.c
 */
#ifndef _BUSEXT_RULES_SHAPE_H
#define _BUSEXT_RULES_SHAPE_H

#include <stdint.h>

#include "rules.h"

#define RULES_SHAPE_LEN		64	/* at least the length of each template */
#define RULES_SHAPE_TEXT	1024	/* at least the length of a printed shape, with the NUL */

/**
 * struct rules_shape - what a pattern lets through
 * @template: what all modaliases of the bus have in common; NULL for a bus without one
 * @len: its length
 * @mask: for each of its places, a bit for each digit; 1 where there is no digit
 */
struct rules_shape {
	const char	*template;
	size_t		len;
	uint16_t	mask[RULES_SHAPE_LEN];
};

/**
 * enum rules_fit - how a pattern fits the modaliases of a bus
 * @RULES_FITS: it has a shape
 * @RULES_FITS_NEVER: no modalias of the bus matches it
 * @RULES_FITS_SOMEHOW: its characters may be at several places, or the bus is another one
 */
enum rules_fit {
	RULES_FITS,
	RULES_FITS_NEVER,
	RULES_FITS_SOMEHOW,
};

enum rules_fit rules_shape(const char *bus, const char *pattern, struct rules_shape *shape);
/* Whether the pattern would fit if hexadecimal digits were in lower case */
bool rules_shape_in_lower_case(const char *bus, const char *pattern);
/* Whether @a lets through all that @b does */
bool rules_shape_includes(const struct rules_shape *a, const struct rules_shape *b);
/* Whether both let something through; @both takes that. */
bool rules_shape_meets(const struct rules_shape *a, const struct rules_shape *b,
		       struct rules_shape *both);
/*
 * The same if devices are likely to exist that both let through: one includes the other, or both
 * name vendor and device.  A class and a device meet, too, but which class that device has is
 * not known.
 */
bool rules_shape_related(const struct rules_shape *a, const struct rules_shape *b,
			 struct rules_shape *both);
/* A modalias that is let through, of RULES_FITS; @seed chooses the digits that are free. */
void rules_shape_example(const struct rules_shape *s, unsigned int seed, char *buf);
/* The shape as a pattern, of at most RULES_SHAPE_TEXT bytes */
void rules_shape_print(const struct rules_shape *s, char *buf);

#endif /* _BUSEXT_RULES_SHAPE_H */
