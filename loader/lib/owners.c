// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: the installed bundle that a policy belongs to
 *
 * A policy belongs to the bundle that has the folder +KEY in the pin directory, from
 * before it is active until after it is active.  Only that bundle replaces or removes it:
 * neither 'bxctl apply' nor another bundle does, and a bundle does not take over policies
 * that were applied without one.
 */
#include <stdlib.h>
#include <string.h>

#include "internal.h"

static int belongs_to(struct bx_handle *h, const char *policy,
		      const char *bundle)
{
	return hint(h, BX_HINT_OWNER, bundle,
		    fail(h, BX_FAULT_CONFLICT, EEXIST,
			 "the policy '%s' belongs to the installed bundle '%s'",
			 policy, bundle));
}

/* Checks that no policy of the transaction belongs to another bundle. */
static int check_bundle(struct bx_handle *h, const struct transaction *txn,
			const char *bundle)
{
	struct names owned = {};
	int err;

	if (txn->bundle && !strcmp(txn->bundle, bundle))
		return 0;
	err = pins_owned(h, bundle, SLOT_ALL, &owned);
	for (size_t i = 0; !err && i < txn->nr_items; i++) {
		const struct item *item = txn->items[i];

		if (item->about.kind == BX_ITEM_POLICY && !item->gone &&
		    names_have(&owned, item->key))
			err = belongs_to(h, item->key, bundle);
	}
	free(owned.name);
	return err;
}

/* Checks that attached policies with the names of a bundle's policies belong to it. */
static int check_attached(struct bx_handle *h, const struct transaction *txn)
{
	struct names owned = {};
	struct bx_policy_rec rec;
	int ret = pins_owned(h, txn->bundle, SLOT_ALL, &owned);

	for (size_t i = 0; !ret && i < txn->nr_items; i++) {
		const struct item *item = txn->items[i];

		if (item->gone || item->about.kind != BX_ITEM_POLICY ||
		    names_have(&owned, item->key))
			continue;
		ret = find_policy(h, item->key, &rec);
		if (ret > 0)
			ret = hint(h, BX_HINT_DETACH, item->key,
				   fail(h, BX_FAULT_CONFLICT, EEXIST,
					"the policy '%s' of bundle '%s' is attached already, and not by that bundle",
					item->key, txn->bundle));
	}
	free(owned.name);
	return ret;
}

int owners_check(struct bx_handle *h, const struct transaction *txn)
{
	struct names bundles = {};
	int err;

	err = pins_list_bundles(h, &bundles);
	for (unsigned int i = 0; !err && i < bundles.count; i++)
		err = check_bundle(h, txn, bundles.name[i]);
	free(bundles.name);
	return err || !txn->bundle ? err : check_attached(h, txn);
}
