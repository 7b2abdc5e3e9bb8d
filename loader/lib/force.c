// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: a bundle's policies: loaded, verified, planned, brought into force
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/libbpf.h>

#include "bundle.h"

/* ---- loading ---- */

static int check_scope(struct bx_bundle *b, const struct object *obj)
{
	char vendor[32] = "any vendor";

	for (size_t i = 0; i < obj->count; i++) {
		const struct bx_applied *a = &obj->items[i].about;

		if (a->kind == BX_ITEM_HOOK)
			return fail(b->h, BX_FAULT_REJECTED, EINVAL,
				    "'%s' has the hook '%s': a bundle has policies alone; a hook is the operator's",
				    obj->path, a->name);
		if (claims_cover(b->claims, b->nr_claims, a->target, a->vendor))
			continue;
		if (a->vendor != BX_ANY)
			snprintf(vendor, sizeof(vendor), "vendor 0x%04x",
				 a->vendor);
		return fail(b->h, BX_FAULT_REJECTED, EINVAL,
			    "the policy '%s' of bundle '%s' is for bus '%s', %s, which its manifest does not claim",
			    a->name, b->about.name, a->target, vendor);
	}
	return 0;
}

static int add_object(struct bx_bundle *b, struct transaction *txn,
		      const char *file)
{
	char path[PATH_MAX], shown[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", b->dir, file);
	snprintf(shown, sizeof(shown), "%s/%s", b->shown, file);
	if (access(path, R_OK) && errno == ENOENT)
		return fail(b->h, BX_FAULT_REJECTED, ENODATA,
			    "bundle '%s' has no '%s', which its manifest names",
			    b->shown, file);
	return txn_add(b->h, txn, path, shown);
}

/* What its vendor made for shadow mode cannot be enforced. */
static int check_mode(struct bx_bundle *b, const struct object *obj)
{
	if (!b->enforce)
		return 0;
	for (size_t i = 0; i < obj->count; i++)
		if (obj->items[i].about.built_shadow)
			return fail(b->h, BX_FAULT_REJECTED, EINVAL,
				    "the policy '%s' of bundle '%s' cannot be enforced: it is made for shadow mode (BX_F_SHADOW); '--mode shadow' takes it as that",
				    obj->items[i].about.name, b->about.name);
	return 0;
}

static int try_object(struct bx_bundle *b, struct transaction *txn,
		      const char *file, uint64_t *seen)
{
	struct object *obj;
	int err;

	err = add_object(b, txn, file);
	if (err)
		return err;
	obj = &txn->objs[txn->count - 1];
	err = check_scope(b, obj);
	if (!err)
		err = check_mode(b, obj);
	if (!err)
		err = constants_put(b, obj, seen);
	return err ?: object_load(b->h, obj);
}

/* The first object that loads here; older ones are for older kernels. */
static int load_policy(struct bx_bundle *b, struct transaction *txn,
		       const struct alternatives *a, uint64_t *seen)
{
	int err = 0;

	for (unsigned int i = 0; i < a->count; i++) {
		err = try_object(b, txn, a->file[i], seen);
		/* a missing object is a damaged bundle, not an old kernel */
		if (!err || err == -ENODATA ||
		    b->h->fault != BX_FAULT_REJECTED || i + 1 == a->count)
			return err;
		note(b->h, "%s; trying '%s'", b->h->error, a->file[i + 1]);
		object_close(&txn->objs[--txn->count]);
	}
	return err;
}

static bool txn_has(const struct transaction *txn, const char *policy)
{
	for (size_t i = 0; i < txn->count; i++)
		for (size_t k = 0; k < txn->objs[i].count; k++)
			if (!strcmp(txn->objs[i].items[k].about.name, policy))
				return true;
	return false;
}

static int add_drops(struct bx_handle *h, struct transaction *txn,
		     const struct names *drops)
{
	int err = 0;

	for (unsigned int i = 0; !err && drops && i < drops->count; i++)
		if (!txn_has(txn, drops->name[i]))
			err = txn_drop(h, txn, drops->name[i]);
	return err ?: txn_prepare(h, txn);
}

/* @drops: policies that are to go in the same step, unless the bundle has them; or NULL */
int bundle_load(struct bx_bundle *b, const struct names *drops,
		struct transaction *txn)
{
	uint64_t seen = 0;
	int err;

	*txn = (struct transaction) { .flags = b->shadow ? BX_F_SHADOW : 0 };
	err = bx_check_kernel(b->h);
	if (!err)
		err = pins_lock(b->h);
	for (unsigned int i = 0; !err && i < b->nr_policies; i++)
		err = load_policy(b, txn, &b->policies[i], &seen);
	if (!err)
		err = constants_check(b, seen);
	return err ?: add_drops(b->h, txn, drops);
}

void bundle_unload(struct bx_bundle *b, struct transaction *txn)
{
	/* what was staged goes before somebody else stages the same names */
	txn_close(txn);
	pins_unlock(b->h);
}

/* Where nobody asks them: they go with the process, if not before. */
int bundle_stage(struct bx_bundle *b, struct transaction *txn,
		 struct bx_commit *change)
{
	struct bx_policy_rec rec;
	int ret;

	*change = (struct bx_commit) {};
	for (size_t i = 0; i < txn->nr_items; i++) {
		struct item *item = txn->items[i];

		ret = item->gone ? 0 : item_attach(b->h, item) ?:
			commit_enter_item(b->h, change, item);
		if (ret)
			return ret;
		ret = find_policy(b->h, item->about.name, &rec);
		if (ret < 0)
			return ret;
		if (!ret || change->nr_leave == BX_COMMIT_MAX)
			continue;
		change->leave[change->nr_leave++] = rec.id;
		if (!item->gone)
			continue;
		copy_name(item->about.target, sizeof(item->about.target),
			  rec.bus);
		item->about.vendor = rec.vendor ?: BX_ANY;
	}
	return 0;
}

/* While the kernel is changed, nothing tells what is in force of the bundle. */
static int run_marked(struct bx_bundle *b, struct transaction *txn,
		      const char *mark, const struct names *policies)
{
	const char *name = b->about.name;
	struct names owned = {};
	char before[MARK_SIZE];
	int err;

	pins_read_mark(b->h, name, before, sizeof(before));
	err = pins_owned(b->h, name, &owned);
	if (err) {
		free(owned.name);
		return err;
	}
	err = pins_unmark(b->h, name);
	if (!err)
		err = pins_own(b->h, name, policies);
	if (!err)
		err = txn_run(b->h, txn);
	if (!err) {
		err = pins_disown(b->h, name, policies) ?:
			pins_mark(b->h, name, mark);
		if (err)
			leave_astray(b->h);
	} else if (!b->h->astray) {
		pins_disown(b->h, name, owned.count ? &owned : NULL);
		if (before[0])
			pins_mark(b->h, name, before);
	}
	free(owned.name);
	return err;
}

/*
 * In one step, in which those of @drops go that it does not have.  For a bundle that is
 * installed, @mark is to tell of it, and of its policies; else NULL.
 */
int bundle_force(struct bx_bundle *b, const struct names *drops,
		 const char *mark, const struct names *policies,
		 bx_applied_fn fn, void *arg)
{
	struct transaction txn;
	int err;

	err = bundle_load(b, drops, &txn);
	txn.bundle = mark ? b->about.name : NULL;
	if (!err)
		err = owners_check(b->h, &txn);
	if (!err)
		err = mark ? run_marked(b, &txn, mark, policies) :
			txn_run(b->h, &txn);
	if (!err)
		txn_report(&txn, fn, arg);
	bundle_unload(b, &txn);
	return err;
}

/* All of them go, in one step. */
int bundle_drop(struct bx_handle *h, const struct names *drops,
		bx_applied_fn fn, void *arg)
{
	struct transaction txn = {};
	int err;

	err = bx_check_kernel(h);
	if (!err)
		err = pins_lock(h);
	if (!err)
		err = add_drops(h, &txn, drops);
	if (!err)
		err = txn_run(h, &txn);
	if (!err)
		txn_report(&txn, fn, arg);
	txn_close(&txn);
	pins_unlock(h);
	return err;
}

int bx_bundle_apply(struct bx_bundle *b, bx_applied_fn fn, void *arg)
{
	return bundle_may_load(b) ?:
		bundle_force(b, NULL, NULL, NULL, fn, arg);
}

/* ---- names of policies ---- */

/* The policies of one object: those of an alternative are the same */
static int object_policies(struct bx_bundle *b, const char *file, bool first,
			   struct names *names)
{
	struct transaction txn = {};
	int err;

	err = add_object(b, &txn, file);
	if (!err)
		err = check_scope(b, &txn.objs[0]);
	for (size_t i = 0; !err && i < txn.objs[0].count; i++) {
		const char *name = txn.objs[0].items[i].about.name;

		if (first)
			err = names_add(b->h, names, name);
		else if (!names_have(names, name))
			err = fail(b->h, BX_FAULT_REJECTED, EINVAL,
				   "'%s' of bundle '%s' has the policy '%s', which the object that it is an alternative to has not",
				   file, b->about.name, name);
	}
	txn_close(&txn);
	return err;
}

/* The names of all of its policies; needs no kernel */
int bundle_policies(struct bx_bundle *b, struct names *names)
{
	int err = 0;

	for (unsigned int i = 0; !err && i < b->nr_policies; i++)
		for (unsigned int k = 0; !err && k < b->policies[i].count; k++)
			err = object_policies(b, b->policies[i].file[k], !k,
					      names);
	return err;
}

/* Can it be in the mode that it is to be in?  Needs no kernel. */
int bundle_check_mode(struct bx_bundle *b)
{
	struct transaction txn = {};
	int err = 0;

	for (unsigned int i = 0; !err && i < b->nr_policies; i++)
		for (unsigned int k = 0; !err && k < b->policies[i].count; k++)
			err = add_object(b, &txn, b->policies[i].file[k]) ?:
				check_mode(b, &txn.objs[txn.count - 1]);
	txn_close(&txn);
	return err;
}

/*
 * All that can be said of its objects without a kernel: they are there, policies of the
 * claimed scope, in a mode that is possible, and the settings fit.
 */
int bundle_check_objects(struct bx_bundle *b)
{
	struct transaction txn = {};
	uint64_t seen = 0;
	int err = 0;

	for (unsigned int i = 0; !err && i < b->nr_policies; i++)
		for (unsigned int k = 0; !err && k < b->policies[i].count; k++) {
			err = add_object(b, &txn, b->policies[i].file[k]);
			if (!err)
				err = check_scope(b, &txn.objs[0]);
			if (!err)
				err = check_mode(b, &txn.objs[0]);
			if (!err)
				err = constants_put(b, &txn.objs[0], &seen);
			txn_close(&txn);
		}
	return err ?: constants_check(b, seen);
}

/* ---- verify ---- */

static void count_programs(const struct object *obj, struct bx_verified *v)
{
	struct bpf_program *prog;

	bpf_object__for_each_program(prog, obj->bpf) {
		int insns = kernel_insns(prog);

		if (insns < 0)
			continue;
		v->programs++;
		v->insns += insns;
	}
}

int bx_bundle_verify(struct bx_bundle *b, bx_verified_fn fn, void *arg)
{
	struct bx_commit unused;
	struct transaction txn;
	int err;

	err = bundle_may_load(b);
	if (err)
		return err;
	err = bundle_load(b, NULL, &txn);
	/* bus_ext has a say as well, and init() */
	if (!err)
		err = bundle_stage(b, &txn, &unused);
	for (size_t i = 0; !err && i < txn.count; i++) {
		for (size_t k = 0; k < txn.objs[i].count; k++) {
			struct bx_verified v = {
				.policy = &txn.objs[i].items[k].about,
			};

			count_programs(&txn.objs[i], &v);
			if (fn)
				fn(&v, arg);
		}
	}
	bundle_unload(b, &txn);
	return err;
}

/* ---- plan ---- */

struct plan {
	struct bx_bundle	*b;
	struct transaction	txn;
	struct bx_trial		trial;
	struct contract_op	ops[CONTRACT_OPS];
	struct bx_call_change	calls[CONTRACT_OPS];
	bx_change_fn		fn;
	void			*arg;
	int			changes;
};

static bool in_scope(const struct plan *p, const struct bx_dev_info *dev)
{
	for (size_t i = 0; i < p->txn.nr_items; i++) {
		const struct bx_applied *a = &p->txn.items[i]->about;

		if (!strcmp(a->target, dev->bus) &&
		    (a->vendor == BX_ANY || a->vendor == dev->vendor))
			return true;
	}
	return false;
}

/* Is what it would come to not what it is? */
static bool differs(const struct bx_device_rec *rec,
		    const struct bx_opinion *then)
{
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

/*
 * A call with an argument of zeros and a provider that answers 0, with the bundle in
 * force or as it is now: 1 when it can be made.
 */
static int plan_call(struct plan *p, const struct contract_op *op, bool then,
		     struct bx_trial_call *call)
{
	static const struct bx_commit nothing;
	struct bx_commit change = p->trial.change;
	int64_t result = 0;
	int err;

	memset(call, 0, sizeof(*call));
	call->op = op->number;
	call->len = op->size;
	if (op->size > sizeof(call->data))
		return 0;
	if (!then)
		p->trial.change = nothing;
	err = control_try_call(p->b->h, &p->trial, call, &result);
	p->trial.change = change;
	if (!err && then && result == -EPERM)
		return commit_refused(p->b->h, &change);
	return err ?: !result;
}

static bool calls_differ(const struct bx_trial_call *a,
			 const struct bx_trial_call *b)
{
	return a->verdict != b->verdict || a->ret != b->ret ||
		a->why != b->why || strcmp(a->to, b->to) ||
		memcmp(a->data, b->data, sizeof(a->data));
}

static int plan_calls(struct plan *p, const struct bx_device_rec *rec,
		      struct bx_change *change)
{
	unsigned int n = contract_ops(p->b->h, rec->dev.bus, p->ops);
	struct bx_call_change *c;
	int ret;

	p->trial.dev = rec->dev;
	change->calls = p->calls;
	for (unsigned int i = 0; i < n; i++) {
		c = &p->calls[change->nr_calls];
		c->op = p->ops[i].name;
		ret = plan_call(p, &p->ops[i], false, &c->now);
		if (ret > 0)
			ret = plan_call(p, &p->ops[i], true, &c->then);
		if (ret < 0)
			return ret;
		if (ret && calls_differ(&c->now, &c->then))
			change->nr_calls++;
	}
	return 0;
}

static int plan_device(const struct bx_device_rec *rec, void *arg)
{
	struct plan *p = arg;
	struct bx_change change = { .device = rec };
	struct records recs;
	int err;

	if (!in_scope(p, &rec->dev))
		return 0;
	err = plan_calls(p, rec, &change);
	if (err)
		return err;
	memset(&p->trial.ref, 0, sizeof(p->trial.ref));
	copy_name(p->trial.ref.bus, sizeof(p->trial.ref.bus), rec->dev.bus);
	copy_name(p->trial.ref.name, sizeof(p->trial.ref.name), rec->dev.name);
	err = control_list(p->b->h, LIST_TRIAL, &p->trial,
			   sizeof(struct bx_opinion), &recs);
	/* it may have gone meanwhile */
	if (err == -ENODEV)
		return 0;
	if (err == -EPERM)
		return commit_refused(p->b->h, &p->trial.change);
	if (err)
		return err;
	if (recs.count) {
		change.then = *(struct bx_opinion *)record(&recs,
							   recs.count - 1);
		change.differs = differs(rec, &change.then);
		change.at_next_bind = rec->driver[0];
		p->changes += change.differs || change.nr_calls;
		if (p->fn)
			p->fn(&change, p->arg);
	}
	records_free(&recs);
	return 0;
}

int bx_bundle_plan(struct bx_bundle *b, bx_change_fn fn, void *arg)
{
	struct names drops = {};
	struct plan *p;
	int err;

	err = bundle_may_load(b);
	if (err)
		return err;
	p = calloc(1, sizeof(*p));
	if (!p)
		return fail(b->h, BX_FAULT_FAILED, ENOMEM, "out of memory");
	p->b = b;
	p->fn = fn;
	p->arg = arg;
	/* policies of the installed version that this one does not have go */
	err = pins_owned(b->h, b->about.name, &drops);
	if (!err)
		err = bundle_load(b, &drops, &p->txn);
	if (!err)
		err = bundle_stage(b, &p->txn, &p->trial.change);
	if (!err)
		err = bx_list_devices(b->h, plan_device, p);
	bundle_unload(b, &p->txn);
	err = err ?: p->changes;
	free(drops.name);
	free(p);
	return err;
}
