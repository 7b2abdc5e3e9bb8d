/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * libbusext: rules that are probably not meant as they are
 *
 *	rules_cover.c  two rules: whether one matches all that the other does, or nothing of it
 *	rules_reach.c  one rule: whether a device can match it
 *	rules_check.c  all rules of a table
 */
#ifndef _BUSEXT_RULES_CHECK_H
#define _BUSEXT_RULES_CHECK_H

#include "rules_shape.h"

/**
 * struct rules_checked - a rule, and its pattern as a set
 * @rule: the rule
 * @fit: how its pattern fits its bus
 * @shape: its shape, if it has one
 * @fixed: length of the part of the pattern before its first wildcard
 */
struct rules_checked {
	const struct bx_rule	*rule;
	enum rules_fit		fit;
	struct rules_shape	shape;
	size_t			fixed;
};

/*
 * rules_cover.c: whether @a matches all that @b does, and whether both match a device that is
 * likely to exist.  Patterns and values that cannot be compared give false.
 */
bool rules_covers(const struct rules_checked *a, const struct rules_checked *b);
bool rules_meets(const struct rules_checked *a, const struct rules_checked *b);
bool rules_same_verdict(const struct bx_rule *a, const struct bx_rule *b);
/* Whether two conditions of a rule cannot hold together */
bool rules_conds_exclude(const char *bus, const struct bx_rule_cond *a,
			 const struct bx_rule_cond *b);

/*
 * rules_reach.c: return why no device matches the rule, or why it is suspect; NULL if that is
 * not so.  @buf must hold 256 bytes.
 */
const char *rules_unreachable(const struct rules_checked *c, char *buf);
const char *rules_suspect(const struct rules_checked *c, char *buf);

#endif /* _BUSEXT_RULES_CHECK_H */
