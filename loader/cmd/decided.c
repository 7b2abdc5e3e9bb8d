// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * bxctl: devices with their decisions, also those that were bound before any election
 *
 * A policy or bus_ext itself may come after a device was bound.  Such a device keeps its
 * driver and has no decision: what the policies in scope would decide is found out by a
 * trial.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bxctl.h"

struct decided {
	struct env		*env;
	struct bx_policy_rec	*policies;
	size_t			nr_policies;
	bx_device_fn		fn;
	void			*arg;
};

static int keep_policy(const struct bx_policy_rec *rec, void *arg)
{
	struct decided *d = arg;

	d->policies = realloc(d->policies, (d->nr_policies + 1) * sizeof(*rec));
	if (!d->policies)
		abort();
	d->policies[d->nr_policies++] = *rec;
	return 0;
}

static bool in_scope(const struct decided *d, const struct bx_dev_info *dev)
{
	for (size_t i = 0; i < d->nr_policies; i++) {
		const struct bx_policy_rec *p = &d->policies[i];

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
	for (size_t i = 0; i < d->nr_policies; i++)
		if (d->policies[i].id == decision->policy_id)
			return;
	decision->policy_id = 0;
}

static int keep_decision(const struct bx_opinion *o, void *arg)
{
	if (o->kind == BX_OPN_DECISION)
		*(struct bx_opinion *)arg = *o;
	return 0;
}

/* Stores the outcome of a trial in a device's record, as if it was its last election. */
void set_decision(struct bx_device_rec *rec, const struct bx_opinion *o)
{
	struct bx_decision *d = &rec->decision;

	d->outcome = o->verdict;
	d->by = o->by;
	d->score = o->score;
	d->policy_id = o->policy_id;
	d->driver_state = o->driver_state;
	memcpy(d->driver, o->driver, sizeof(d->driver));
	memcpy(d->policy, o->policy, sizeof(d->policy));
}

static int decide(const struct bx_device_rec *rec, void *arg)
{
	struct bx_opinion o = { .by = BX_BY_KERNEL };
	struct bx_device_rec decided = *rec;
	struct decided *d = arg;
	struct bx_devref ref;
	int err;

	if (has_decision(rec) || !rec->driver[0] || !in_scope(d, &rec->dev)) {
		mark_detached(d, &decided.decision);
		return d->fn(&decided, d->arg);
	}
	memcpy(ref.bus, rec->dev.bus, sizeof(ref.bus));
	memcpy(ref.name, rec->dev.name, sizeof(ref.name));
	err = bx_list_opinions(d->env->bx, &ref, keep_decision, &o);
	/* the device may have been removed meanwhile */
	if (err)
		return err == -ENODEV ? 0 : err;
	if (o.by != BX_BY_KERNEL && o.by != BX_BY_OVERRIDE)
		set_decision(&decided, &o);
	return d->fn(&decided, d->arg);
}

/* As bx_list_devices() */
int list_decided(struct env *env, bx_device_fn fn, void *arg)
{
	struct decided d = { .env = env, .fn = fn, .arg = arg };
	int err;

	err = bx_list_policies(env->bx, keep_policy, &d);
	if (!err)
		err = bx_list_devices(env->bx, decide, &d);
	free(d.policies);
	return err;
}
