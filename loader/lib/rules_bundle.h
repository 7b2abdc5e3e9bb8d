/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * libbusext: the rules of a bundle, see rules_bundle.c
 */
#ifndef _BUSEXT_RULES_BUNDLE_H
#define _BUSEXT_RULES_BUNDLE_H

#include "bundle.h"
#include "rules_change.h"

/**
 * struct bundle_rules - the rules of a bundle, with the values of its settings
 * @b: the bundle
 * @rules: its rules
 * @scope: scopes of their policies: of the claims that cover them
 * @nscopes: their number
 * @seen: has a bit for each setting that the rules use
 * @errors: number of errors in them
 */
struct bundle_rules {
	struct bx_bundle	*b;
	struct bx_rules		rules;
	struct rules_scope_of	scope[MAX_CLAIMS];
	unsigned int		nscopes;
	uint64_t		seen;
	unsigned int		errors;
};

/* Reads and checks all rules; needs no kernel. Without rules in the manifest, it has none. */
int bundle_rules_read(struct bx_bundle *b, struct bundle_rules *r);
void bundle_rules_free(struct bundle_rules *r);
/* Adds the names of the policies of its rules. */
int bundle_rules_policies(struct bx_bundle *b, struct names *names);
/* Checks the rules, and sets the bits of the settings that they use. */
int bundle_rules_check(struct bx_bundle *b, uint64_t *seen);
/*
 * Adds the policies of its rules to a transaction, and loads them; @trial: they are only tried.
 * The lock is held.
 */
int bundle_rules_load(struct bx_bundle *b, struct transaction *txn, bool trial, uint64_t *seen);
/* After the transaction, as its result was */
void bundle_rules_done(struct bx_bundle *b, int err);
/* Ends what bundle_rules_load() has begun, after the transaction is closed. */
void bundle_rules_unload(struct bx_bundle *b);

#endif /* _BUSEXT_RULES_BUNDLE_H */
