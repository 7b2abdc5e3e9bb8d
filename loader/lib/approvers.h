/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * libbusext: the lists of approved devices: those of bundles, and that of the machine's rules
 */
#ifndef _BUSEXT_APPROVERS_H
#define _BUSEXT_APPROVERS_H

#include <stdbool.h>
#include <stddef.h>

#include "../busext.h"

struct setting;
struct names;
struct bx_bundle;

/**
 * struct approver - a list of approved devices
 * @bundle: the enabled bundle whose setting 'approved' it is; empty for the machine's
 * @list: the setting; NULL for the machine
 * @policies: policies of the bundle
 * @b: the bundle, with its claims
 * @rules: the rules of the machine, with their list
 */
struct approver {
	const char		*bundle;
	const struct setting	*list;
	const struct names	*policies;
	const struct bx_bundle	*b;
	const struct bx_rules	*rules;
};

typedef int (*approver_fn)(struct bx_handle *h, const struct approver *a, void *arg);

/* Calls @fn for each; stops when it returns other than 0. */
int approvers_each(struct bx_handle *h, approver_fn fn, void *arg);

/* Whether the fingerprint is in the list */
bool approver_has(const struct approver *a, const char *fingerprint);
/* Calls @fn for each fingerprint of the list; stops when it returns other than 0. */
int approver_list(const struct approver *a, int (*fn)(const char *fingerprint, void *arg),
		  void *arg);
/* Whether it has refused the device, for lack of an approval as far as that can be told */
bool approver_refuses(struct bx_handle *h, const struct approver *a,
		      const struct bx_device_rec *rec);
/* Whether it may refuse the device */
bool approver_covers(struct bx_handle *h, const struct approver *a,
		     const struct bx_device_rec *rec);

/* Adds the fingerprint to the list that the approval names, or removes it, and activates that. */
int approver_change(struct bx_handle *h, const struct bx_approval *approval, bool add);

#endif /* _BUSEXT_APPROVERS_H */
