// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: the effect of a change: elections and calls now, and with the new policies
 *
 * The policies are staged, at most until the process ends.  The trials are those of
 * trial.c, which bx_apply() makes as well.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "holders.h"
#include "install.h"

struct plan {
	struct forecast		f;
	struct transaction	txn;
	struct bx_call_change	calls[CONTRACT_OPS];
	bx_change_fn		fn;
	void			*arg;
	int			changes;
	struct usage		usage;
	bool			usage_known;
	bool			usage_failed;
};

/* Returns whether the trial's outcome differs from the current one. */
static bool differs(const struct bx_device_rec *rec,
		    const struct bx_opinion *then)
{
	/* the kernel's rule was applied already: a probe failed, or no driver was probed */
	if (!rec->driver[0] && then->by == BX_BY_KERNEL &&
	    rec->decision.by == BX_BY_KERNEL)
		return false;
	switch (then->verdict) {
	case BX_OUT_DRIVER:
	case BX_OUT_ABSENT:
		return strcmp(rec->driver, then->driver);
	case BX_OUT_REFUSED:
	case BX_OUT_DEFERRED:
		return rec->driver[0] ||
			rec->decision.outcome != (__u32)then->verdict;
	default:
		return rec->driver[0];
	}
}

/* Finds the policy that causes the difference. */
static int name_policy(struct plan *p, const struct bx_device_rec *rec,
		       const struct contract_op *op, struct bx_call_change *c)
{
	int err;

	err = forecast_cause(&p->f, rec, op, &c->then, c->policy);
	if (err || c->policy[0])
		return err;
	copy_name(c->policy, sizeof(c->policy),
		  c->then.policy[0] ? c->then.policy : c->now.policy);
	return 0;
}

static int plan_call(struct plan *p, const struct bx_device_rec *rec,
		     const struct contract_op *op, struct bx_change *change)
{
	static const struct bx_commit nothing;
	struct bx_call_change *c = &p->calls[change->nr_calls];
	int ret;

	c->op = op->name;
	ret = forecast_call(&p->f, rec, op, &nothing, &c->now);
	if (ret > 0)
		ret = forecast_call(&p->f, rec, op, &p->f.trial.change,
				    &c->then);
	if (ret <= 0 || !forecast_differs(&c->now, &c->then))
		return ret;
	change->nr_calls++;
	ret = name_policy(p, rec, op, c);
	if (!ret && c->then.why == BX_WHY_BAD && !change->invalid.policy[0])
		forecast_bad_call(&change->invalid, c->policy, c->op);
	return ret;
}

static int plan_calls(struct plan *p, const struct bx_device_rec *rec,
		      struct bx_change *change)
{
	unsigned int n = forecast_ops(&p->f, rec->dev.bus);
	int ret = 0;

	change->calls = p->calls;
	for (unsigned int i = 0; ret >= 0 && i < n; i++)
		ret = plan_call(p, rec, &p->f.ops[i], change);
	return ret < 0 ? ret : 0;
}

/* Finds the uses of a device; a plan without them is better than none. */
static void plan_holders(struct plan *p, const struct bx_device_rec *rec,
			 struct holders *holders)
{
	struct bx_handle *h = p->f.h;
	struct bx_devref ref = {};
	int err = 0;

	*holders = (struct holders) {};
	if (p->usage_failed)
		return;
	copy_name(ref.bus, sizeof(ref.bus), rec->dev.bus);
	copy_name(ref.name, sizeof(ref.name), rec->dev.name);
	if (!p->usage_known)
		err = usage_read(h, &p->usage);
	p->usage_known = true;
	p->usage_failed = err;
	if (!err)
		err = holders_read(h, &p->usage, &ref, holders);
	if (!err)
		return;
	note(h, "%s", h->error);
	error_forget(h);
}

static int plan_device(const struct bx_device_rec *rec, void *arg)
{
	struct plan *p = arg;
	struct holders holders = {};
	struct bx_change change = { .device = rec };
	int ret;

	if (!forecast_covers(&p->f, &rec->dev))
		return 0;
	ret = forecast_election(&p->f, rec, &change.then, &change.invalid);
	/* the device may have been removed meanwhile */
	if (ret <= 0)
		return ret;
	ret = plan_calls(p, rec, &change);
	if (ret)
		return ret;
	change.differs = differs(rec, &change.then);
	change.at_next_bind = rec->driver[0];
	p->changes += change.differs || change.nr_calls;
	if (change.differs && change.at_next_bind)
		plan_holders(p, rec, &holders);
	change.holders = record(&holders.list, 0);
	change.nr_holders = holders.list.count;
	if (p->fn)
		p->fn(&change, p->arg);
	holders_free(&holders);
	return 0;
}

/* Notes hooks, which take part in elections only after they were attached. */
static void note_hooks(struct bx_handle *h, const struct plan *p)
{
	for (size_t i = 0; i < p->txn.nr_items; i++) {
		const struct bx_applied *about = &p->txn.items[i]->about;

		if (about->kind == BX_ITEM_HOOK)
			note(h, "the hook '%s' is not part of the plan: a hook cannot be tried",
			     about->name);
	}
}

static void plan_free(struct plan *p)
{
	usage_free(&p->usage);
	free(p);
}

/* Runs the trials; the caller has loaded all objects and holds the lock. */
static int plan_run(struct bx_handle *h, struct plan *p)
{
	int err;

	p->f.h = h;
	p->f.txn = &p->txn;
	note_hooks(h, p);
	/* a plan refuses the same as an apply */
	err = owners_check(h, &p->txn);
	if (!err)
		err = txn_stage(h, &p->txn, &p->f.trial.change);
	return err ?: bx_list_devices(h, plan_device, p);
}

static struct plan *plan_new(struct bx_handle *h, bx_change_fn fn, void *arg)
{
	struct plan *p = calloc(1, sizeof(*p));

	if (!p) {
		fail(h, BX_FAULT_FAILED, ENOMEM, "out of memory");
		return NULL;
	}
	p->fn = fn;
	p->arg = arg;
	return p;
}

int bx_plan(struct bx_handle *h, const char *path, unsigned int flags,
	    bx_change_fn fn, void *arg)
{
	struct plan *p = plan_new(h, fn, arg);
	int err;

	if (!p)
		return -ENOMEM;
	err = may_apply(h, "plan", path, flags);
	if (!err)
		err = txn_read(h, &p->txn, path);
	if (!err)
		err = bx_check_kernel(h);
	if (!err)
		err = pins_lock(h);
	if (!err)
		err = txn_load(h, &p->txn);
	if (!err)
		err = plan_run(h, p);
	txn_close(&p->txn);
	pins_unlock(h);
	err = err ?: p->changes;
	plan_free(p);
	return err;
}

/* Finds the replaced slot: in shadow mode, a new version would be the canary. */
static int replaced_slot(struct bx_bundle *b, enum slot *slot)
{
	struct installed inst;
	int ret = state_read(b->h, b->about.name, &inst);

	*slot = ret > 0 && inst.current && !inst.shadow && b->shadow ?
		SLOT_CANARY : SLOT_ALL;
	state_free(&inst);
	return ret < 0 ? ret : 0;
}

int bx_bundle_plan(struct bx_bundle *b, bx_change_fn fn, void *arg)
{
	struct names drops = {};
	enum slot slot = SLOT_ALL;
	struct plan *p;
	int err;

	err = bundle_may_load(b);
	if (err)
		return err;
	p = plan_new(b->h, fn, arg);
	if (!p)
		return -ENOMEM;
	/* policies that only the installed version has would be deactivated */
	err = replaced_slot(b, &slot);
	if (!err)
		err = pins_owned(b->h, b->about.name, slot, &drops);
	if (!err)
		err = bundle_load(b, &drops, &p->txn);
	p->txn.bundle = drops.count ? b->about.name : NULL;
	if (!err)
		err = plan_run(b->h, p);
	bundle_unload(b, &p->txn);
	err = err ?: p->changes;
	free(drops.name);
	plan_free(p);
	return err;
}
