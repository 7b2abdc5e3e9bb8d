// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: trial elections and calls with staged policies
 *
 * In a trial, the kernel binds no device and ejects no policy.  So an invalid result, for
 * which the kernel would eject the policy, is found before the policy is active.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

/* A commit makes no calls, so trials of calls on the first devices are enough. */
#define CALL_DEVICES	16

static bool in_scope(const struct bx_applied *about,
		     const struct bx_dev_info *dev)
{
	return about->kind == BX_ITEM_POLICY &&
		!strcmp(about->target, dev->bus) &&
		(about->vendor == BX_ANY || about->vendor == dev->vendor);
}

/* Returns whether a device is in the scope of a policy that enters or leaves. */
bool forecast_covers(const struct forecast *f, const struct bx_dev_info *dev)
{
	for (size_t i = 0; i < f->txn->nr_items; i++)
		if (in_scope(&f->txn->items[i]->about, dev))
			return true;
	return false;
}

/* Finds the new policy of a name and mode; NULL when the change has none. */
static const struct bx_applied *entering(const struct forecast *f,
					 const char *name, __u64 flags)
{
	char key[BX_SHOWN_LEN];

	bx_policy_key(key, name, flags);
	for (size_t i = 0; i < f->txn->nr_items; i++) {
		const struct item *item = f->txn->items[i];

		if (item->about.kind == BX_ITEM_POLICY && !item->gone &&
		    !strcmp(item->key, key))
			return &item->about;
	}
	return NULL;
}

/* ---- elections ---- */

static void bad_select(struct bx_invalid *invalid, __s32 verdict)
{
	if (verdict < BX_PASS || verdict > BX_DEFER)
		snprintf(invalid->what, sizeof(invalid->what),
			 "select() returned %d, which is invalid", verdict);
	else if (verdict == BX_SELECT)
		snprintf(invalid->what, sizeof(invalid->what),
			 "select() returned BX_SELECT and named no driver, or one with an invalid name");
	else
		snprintf(invalid->what, sizeof(invalid->what),
			 "select() reported an error, or named a driver with an invalid name");
}

static void bad_match(struct bx_invalid *invalid, const struct bx_opinion *o)
{
	if (o->verdict < BX_VETO || o->verdict > BX_SCORE_MAX)
		snprintf(invalid->what, sizeof(invalid->what),
			 "match() returned %d for driver '%s', which is invalid",
			 o->verdict, o->driver);
	else
		snprintf(invalid->what, sizeof(invalid->what),
			 "match() reported an error for driver '%s'",
			 o->driver);
}

static void unlisted(struct bx_invalid *invalid, const struct bx_opinion *o)
{
	snprintf(invalid->what, sizeof(invalid->what),
		 "%s named driver '%s', which 'drivers' in the bundle's manifest does not list",
		 o->kind == BX_OPN_MATCH ? "match()" : "select()", o->driver);
}

/* Returns whether the kernel would eject a policy for an opinion. */
bool opinion_is_invalid(const struct bx_opinion *o)
{
	return o->why == BX_WHY_BAD || o->why == BX_WHY_UNLISTED ||
	       o->why == BX_WHY_SLOW;
}

static bool is_invalid(const struct forecast *f, const struct bx_opinion *o,
		       struct bx_invalid *invalid)
{
	if (!opinion_is_invalid(o) || !entering(f, o->policy, o->flags))
		return false;
	copy_name(invalid->policy, sizeof(invalid->policy), o->policy);
	if (o->why == BX_WHY_UNLISTED)
		unlisted(invalid, o);
	else if (o->why == BX_WHY_SLOW)
		snprintf(invalid->what, sizeof(invalid->what),
			 "%s ran longer than the module's parameter eject_ms allows",
			 o->kind == BX_OPN_MATCH ? "match()" : "select()");
	else if (o->kind == BX_OPN_MATCH)
		bad_match(invalid, o);
	else
		bad_select(invalid, o->verdict);
	return true;
}

/*
 * Holds a trial election of a device: returns 1, with its decision and the first invalid
 * result of a new policy; 0 when the device no longer exists.
 */
int forecast_election(struct forecast *f, const struct bx_device_rec *rec,
		      struct bx_opinion *then, struct bx_invalid *invalid)
{
	struct records recs;
	bool found = false;
	int err;

	*invalid = (struct bx_invalid) {};
	memset(&f->trial.ref, 0, sizeof(f->trial.ref));
	copy_name(f->trial.ref.bus, sizeof(f->trial.ref.bus), rec->dev.bus);
	copy_name(f->trial.ref.name, sizeof(f->trial.ref.name), rec->dev.name);
	err = control_list(f->h, LIST_TRIAL, &f->trial,
			   sizeof(struct bx_opinion), &recs);
	if (err == -EPERM)
		return commit_refused(f->h, &f->trial.change);
	if (err)
		return err == -ENODEV ? 0 : err;
	for (size_t i = 0; i < recs.count && !found; i++)
		found = is_invalid(f, record(&recs, i), invalid);
	if (recs.count)
		*then = *(struct bx_opinion *)record(&recs, recs.count - 1);
	err = recs.count > 0;
	records_free(&recs);
	return err;
}

/* ---- calls ---- */

/* Reads the operations of a bus; returns 0 for a bus without calls. */
unsigned int forecast_ops(struct forecast *f, const char *bus)
{
	if (strcmp(f->bus, bus)) {
		copy_name(f->bus, sizeof(f->bus), bus);
		f->nr_ops = contract_ops(f->h, bus, f->ops);
	}
	return f->nr_ops;
}

/*
 * Holds a trial of a call after a change, with an argument of zeros and a provider that
 * answers 0; returns 1 when the call can be made.
 */
int forecast_call(struct forecast *f, const struct bx_device_rec *rec,
		  const struct contract_op *op, const struct bx_commit *change,
		  struct bx_trial_call *call)
{
	struct bx_trial trial = {
		.change = *change, .dev = rec->dev,
	};
	int64_t result = 0;
	int err;

	memset(call, 0, sizeof(*call));
	call->op = op->number;
	call->len = op->size;
	if (op->size > sizeof(call->data))
		return 0;
	err = control_try_call(f->h, &trial, call, &result);
	if (!err && change->nr_enter && result == -EPERM)
		return commit_refused(f->h, change);
	return err ?: !result;
}

bool forecast_differs(const struct bx_trial_call *a,
		      const struct bx_trial_call *b)
{
	return a->verdict != b->verdict || a->ret != b->ret ||
		a->why != b->why || strcmp(a->to, b->to) ||
		memcmp(a->data, b->data, sizeof(a->data));
}

/* Copies a change without one of its entering policies. */
static void change_without(const struct bx_commit *all, unsigned int one,
			   struct bx_commit *change)
{
	*change = *all;
	change->nr_enter--;
	for (unsigned int i = one; i < change->nr_enter; i++)
		change->enter[i] = change->enter[i + 1];
}

/*
 * Finds the new policy without which a call has another outcome than @then: also one that
 * lets the call pass, with another argument or another result.  @policy is empty when
 * there is none, as with a policy that leaves.
 */
int forecast_cause(struct forecast *f, const struct bx_device_rec *rec,
		   const struct contract_op *op,
		   const struct bx_trial_call *then, char *policy)
{
	struct bx_trial_call call;
	struct bx_commit change;
	unsigned int n = 0;

	policy[0] = '\0';
	for (size_t i = 0; i < f->txn->nr_items; i++) {
		const struct item *item = f->txn->items[i];
		int ret;

		if (item->about.kind != BX_ITEM_POLICY || item->gone)
			continue;
		change_without(&f->trial.change, n++, &change);
		if (!in_scope(&item->about, &rec->dev))
			continue;
		ret = forecast_call(f, rec, op, &change, &call);
		if (ret < 0)
			return ret;
		if (ret && forecast_differs(&call, then)) {
			copy_name(policy, BX_NAME_LEN, item->about.name);
			return 0;
		}
	}
	return 0;
}

void forecast_bad_call(struct bx_invalid *invalid, const char *policy,
		       const char *op)
{
	copy_name(invalid->policy, sizeof(invalid->policy), policy);
	snprintf(invalid->what, sizeof(invalid->what),
		 "call() returned an invalid value for '%s'", op);
}

/* ---- before a commit ---- */

static int refuse(struct forecast *f, const struct bx_device_rec *rec,
		  const struct bx_invalid *invalid)
{
	return fail(f->h, BX_FAULT_REJECTED, EBADMSG,
		    "cannot activate '%s': it would be ejected on device '%s/%s': %s",
		    invalid->policy, rec->dev.bus, rec->dev.name,
		    invalid->what);
}

static int try_calls(struct forecast *f, const struct bx_device_rec *rec)
{
	unsigned int n = forecast_ops(f, rec->dev.bus);
	struct bx_invalid invalid;
	struct bx_trial_call call;
	char policy[BX_NAME_LEN];
	int ret;

	if (!n || f->call_devices++ >= CALL_DEVICES)
		return 0;
	for (unsigned int i = 0; i < n; i++) {
		ret = forecast_call(f, rec, &f->ops[i], &f->trial.change,
				    &call);
		if (ret < 0)
			return ret;
		if (!ret || call.why != BX_WHY_BAD)
			continue;
		ret = forecast_cause(f, rec, &f->ops[i], &call, policy);
		if (ret < 0)
			return ret;
		/* without a cause, it comes from a policy that is already active */
		if (!policy[0])
			continue;
		forecast_bad_call(&invalid, policy, f->ops[i].name);
		return refuse(f, rec, &invalid);
	}
	return 0;
}

static int try_device(struct forecast *f, const struct bx_device_rec *rec)
{
	struct bx_invalid invalid;
	struct bx_opinion then;
	int ret;

	if (!forecast_covers(f, &rec->dev))
		return 0;
	ret = forecast_election(f, rec, &then, &invalid);
	if (ret <= 0)
		return ret;
	return invalid.policy[0] ? refuse(f, rec, &invalid) :
		try_calls(f, rec);
}

/*
 * Refuses a policy that would be ejected, before it is active.  The commit itself reports
 * a policy that was detached meanwhile.
 */
int txn_try(struct bx_handle *h, const struct transaction *txn,
	    const struct bx_commit *change)
{
	struct forecast *f;
	int err = 0;

	if (!change->nr_enter)
		return 0;
	f = calloc(1, sizeof(*f));
	if (!f)
		return fail(h, BX_FAULT_FAILED, ENOMEM, "out of memory");
	f->h = h;
	f->txn = txn;
	f->trial.change = *change;
	for (size_t i = 0; !err && i < txn->before.devices.count; i++)
		err = try_device(f, record(&txn->before.devices, i));
	free(f);
	return err == -ENOENT ? 0 : err;
}
