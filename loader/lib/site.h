/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * libbusext: the rules of the machine, in rules.d of the configuration
 */
#ifndef _BUSEXT_SITE_H
#define _BUSEXT_SITE_H

#include "rules.h"

/* site.c: calls a function for each device of the machine that a rule matches. */
int site_matches(struct bx_handle *h, const struct bx_rule *rule, bx_device_fn fn, void *arg);

/* site_file.c: all rules of the machine, as one table; none if there is no directory */
int site_read(struct bx_handle *h, bx_rules_problem_fn fn, void *arg, struct bx_rules *rules);

#endif /* _BUSEXT_SITE_H */
