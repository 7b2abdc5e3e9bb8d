/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * libbusext: the vendors that a rule is for, see rules_claim.c
 */
#ifndef _BUSEXT_RULES_CLAIM_H
#define _BUSEXT_RULES_CLAIM_H

#include <errno.h>

#include "rules.h"

/*
 * Lists the vendors, to be freed.  Returns their number, 0 if the rule is for devices of any
 * vendor, or -ENOMEM.
 */
int rules_vendors(const struct bx_rule *rule, long long **vendors);

#endif /* _BUSEXT_RULES_CLAIM_H */
