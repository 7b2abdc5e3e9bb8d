// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: devices with their decisions, also those that were bound before
 *
 * A policy, another version of it, or bus_ext itself may come after a device was bound.  Such
 * a device keeps its driver and its last decision, if it has one: the decision of the policies
 * in scope is found out by a trial.
 */
#include <stdlib.h>
#include <string.h>

#include "internal.h"

struct decided {
	struct bx_handle	*h;
	struct records		policies;	/* struct bx_policy_rec */
	bx_device_fn		fn;
	void			*arg;
};

static bool has_decision(const struct bx_device_rec *rec)
{
	return rec->decision.by != BX_BY_KERNEL;
}

/* Returns whether the bound driver is the elected one; none while the device waits. */
bool bx_is_as_decided(const struct bx_device_rec *rec)
{
	const struct bx_decision *d = &rec->decision;

	if (!has_decision(rec))
		return true;
	switch (d->outcome) {
	case BX_OUT_DRIVER:
		return !strcmp(rec->driver, d->driver);
	case BX_OUT_ABSENT:
		return !rec->driver[0] || !strcmp(rec->driver, d->driver);
	case BX_OUT_REFUSED:
	case BX_OUT_DEFERRED:
		return !rec->driver[0];
	default:
		return true;
	}
}

/* The decision of a trial has no generation. */
bool bx_is_bound_before(const struct bx_device_rec *rec)
{
	return rec->driver[0] && !rec->decision.generation && !bx_is_as_decided(rec);
}

void bx_set_decision(struct bx_device_rec *rec, const struct bx_opinion *o)
{
	rec->decision = (struct bx_decision) {
		.by = o->by,
		.outcome = o->verdict,
		.score = o->score,
		.policy_id = o->policy_id,
		.driver_state = o->driver_state,
	};
	copy_name(rec->decision.driver, sizeof(rec->decision.driver), o->driver);
	copy_name(rec->decision.policy, sizeof(rec->decision.policy), o->policy);
}

static bool in_scope(const struct decided *d, const struct bx_dev_info *dev)
{
	for (size_t i = 0; i < d->policies.count; i++) {
		const struct bx_policy_rec *p = record(&d->policies, i);

		if (p->stage == BX_STAGE_ACTIVE && !p->ejected &&
		    !(p->flags & BX_F_SHADOW) && !strcmp(p->bus, dev->bus) &&
		    (!p->vendor || p->vendor == BX_ANY || p->vendor == dev->vendor))
			return true;
	}
	return false;
}

/* A bound device keeps its driver, and so its decision, when the policy goes. */
static void mark_detached(const struct decided *d, struct bx_decision *decision)
{
	for (size_t i = 0; i < d->policies.count; i++) {
		const struct bx_policy_rec *p = record(&d->policies, i);

		if (p->id == decision->policy_id)
			return;
	}
	decision->policy_id = 0;
}

static int keep_decision(const struct bx_opinion *o, void *arg)
{
	if (o->kind == BX_OPN_DECISION)
		*(struct bx_opinion *)arg = *o;
	return 0;
}

int decide_now(struct bx_handle *h, struct bx_device_rec *rec)
{
	struct bx_opinion o = { .by = BX_BY_KERNEL };
	struct bx_device_rec now = *rec;
	struct bx_devref ref = {};
	int err;

	copy_name(ref.bus, sizeof(ref.bus), rec->dev.bus);
	copy_name(ref.name, sizeof(ref.name), rec->dev.name);
	err = bx_list_opinions(h, &ref, keep_decision, &o);
	/* an override is the administrator's, and the kernel's rule is not a policy's matter */
	if (err || o.by == BX_BY_KERNEL || o.by == BX_BY_OVERRIDE)
		return err;
	bx_set_decision(&now, &o);
	/* the last election had the same result: it has more to tell */
	if (!has_decision(rec) || !bx_is_as_decided(&now))
		*rec = now;
	return 0;
}

static int decide(const struct bx_device_rec *rec, void *arg)
{
	struct bx_device_rec decided = *rec;
	struct decided *d = arg;
	int err;

	/* an unbound device is elected whenever policies change */
	if (rec->driver[0] && bx_is_as_decided(rec) && in_scope(d, &rec->dev)) {
		err = decide_now(d->h, &decided);
		/* the device may have been removed meanwhile */
		if (err == -ENODEV)
			error_forget(d->h);
		if (err)
			return err == -ENODEV ? 0 : err;
	}
	if (decided.decision.generation)
		mark_detached(d, &decided.decision);
	return d->fn(&decided, d->arg);
}

int bx_list_decided(struct bx_handle *h, bx_device_fn fn, void *arg)
{
	struct decided d = { .h = h, .fn = fn, .arg = arg };
	int err;

	err = control_list(h, LIST_POLICIES, NULL, sizeof(struct bx_policy_rec), &d.policies);
	if (!err)
		err = bx_list_devices(h, decide, &d);
	records_free(&d.policies);
	return err;
}
