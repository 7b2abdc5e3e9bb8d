// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: a bundle's policies: loaded, verified, activated
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/libbpf.h>

#include "rules_bundle.h"

/* ---- loading ---- */

static int check_scope(struct bx_bundle *b, const struct object *obj)
{
	char vendor[32] = "any vendor";

	for (size_t i = 0; i < obj->count; i++) {
		const struct bx_applied *a = &obj->items[i].about;

		if (a->kind == BX_ITEM_HOOK)
			return hint(b->h, BX_HINT_APPLY_HOOK, NULL,
				    fail(b->h, BX_FAULT_REJECTED, EINVAL,
					 "'%s' has the hook '%s': hooks are not allowed in a bundle",
					 obj->path, a->name));
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

/* Checks that no policy is enforced that its vendor built for shadow mode. */
static int check_mode(struct bx_bundle *b, const struct object *obj)
{
	if (!b->enforce)
		return 0;
	for (size_t i = 0; i < obj->count; i++)
		if (obj->items[i].about.built_shadow)
			return fail(b->h, BX_FAULT_REJECTED, EINVAL,
				    "the policy '%s' of bundle '%s' cannot be enforced: it is made for shadow mode (BX_F_SHADOW); use '--mode shadow'",
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

/* Loads the first object that this kernel accepts; later ones are for older kernels. */
static int load_policy(struct bx_bundle *b, struct transaction *txn,
		       const struct alternatives *a, uint64_t *seen)
{
	int err = 0;

	for (unsigned int i = 0; i < a->count; i++) {
		err = try_object(b, txn, a->file[i], seen);
		/* a missing object means a damaged bundle, not an old kernel */
		if (!err || err == -ENODATA ||
		    b->h->fault != BX_FAULT_REJECTED || i + 1 == a->count)
			return err;
		note_failure(b->h, "%s; trying '%s'", b->h->error, a->file[i + 1]);
		object_close(&txn->objs[--txn->count]);
	}
	return err;
}

static bool txn_has(const struct transaction *txn, const char *key)
{
	for (size_t i = 0; i < txn->count; i++)
		for (size_t k = 0; k < txn->objs[i].count; k++)
			if (!strcmp(txn->objs[i].items[k].key, key))
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

/*
 * Loads the policies and takes the lock.  @drops: keys of policies that are deactivated in
 * the same step, unless the bundle has them; may be NULL.  @trial: they will not be active.
 */
static int load(struct bx_bundle *b, const struct names *drops, bool trial,
		struct transaction *txn)
{
	uint64_t seen = 0;
	int err;

	*txn = (struct transaction) {
		.flags = (b->shadow ? BX_F_SHADOW : 0) |
			(b->fail_closed ? BX_F_FAIL_CLOSED : 0) |
			(b->next_best ? BX_F_NEXT_BEST : 0),
		.limit = b->limit,
	};
	err = bx_check_kernel(b->h);
	if (!err)
		err = pins_lock(b->h);
	for (unsigned int i = 0; !err && i < b->nr_policies; i++)
		err = load_policy(b, txn, &b->policies[i], &seen);
	if (!err)
		err = bundle_rules_load(b, txn, trial, &seen);
	if (!err)
		err = constants_check(b, seen);
	return err ?: add_drops(b->h, txn, drops);
}

int bundle_load(struct bx_bundle *b, const struct names *drops,
		struct transaction *txn)
{
	return load(b, drops, true, txn);
}

void bundle_unload(struct bx_bundle *b, struct transaction *txn)
{
	/* detach staged policies before another process can stage the same names */
	txn_close(txn);
	bundle_rules_unload(b);
	pins_unlock(b->h);
}

/* Attaches the policies staged, where no election asks them, until the process ends. */
int txn_stage(struct bx_handle *h, struct transaction *txn,
	      struct bx_commit *change)
{
	struct bx_policy_rec rec;
	int ret;

	*change = (struct bx_commit) {};
	for (size_t i = 0; i < txn->nr_items; i++) {
		struct item *item = txn->items[i];

		if (item->about.kind != BX_ITEM_POLICY)
			continue;
		ret = item->gone ? 0 : item_attach(h, item) ?:
			commit_enter_item(h, change, txn, item);
		if (ret)
			return ret;
		ret = find_policy(h, item->key, &rec);
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

/*
 * Restores the marks, and with @owned the owner, after a change was rolled back; if that
 * fails, the next command does.  Keeps the error of the change.
 */
void pins_restore(struct bx_handle *h, const char *bundle,
		  const struct bundle_pins *before, bool owned)
{
	struct said why;
	int err = 0;

	error_keep(h, &why);
	if (owned)
		err = pins_disown(h, bundle, SLOT_ALL,
				  before->owned.count ? &before->owned : NULL);
	if (!err && before->current[0])
		err = pins_mark(h, bundle, before->current);
	if (!err && before->canary[0])
		err = pins_mark(h, bundle, before->canary);
	error_restore(h, &why);
	if (err)
		leave_astray(h);
}

/* Runs the transaction without a mark, since no mark is valid during the change. */
static int run_marked(struct bx_bundle *b, struct transaction *txn,
		      const struct activation *to)
{
	const char *name = b->about.name;
	struct bundle_pins before;
	int err;

	err = pins_of_bundle(b->h, name, &before);
	if (err) {
		free(before.owned.name);
		return err;
	}
	err = pins_unmark(b->h, name, to->slot);
	if (!err)
		err = pins_own(b->h, name, &to->keys);
	if (!err)
		err = txn_run(b->h, txn);
	if (!err) {
		err = pins_disown(b->h, name, to->slot, &to->keys) ?:
			pins_mark(b->h, name, to->mark);
		if (err)
			leave_astray(b->h);
	} else if (!b->h->astray) {
		pins_restore(b->h, name, &before, true);
	}
	free(before.owned.name);
	return err;
}

/*
 * Activates a bundle in one step, which also deactivates the policies of @drops that it
 * does not have.  @to: the activation of an installed bundle; else NULL.
 */
int bundle_activate(struct bx_bundle *b, const struct names *drops,
		    const struct activation *to, bx_applied_fn fn, void *arg)
{
	struct transaction txn;
	int err;

	b->h->astray = false;
	err = load(b, drops, false, &txn);
	txn.bundle = to ? b->about.name : NULL;
	if (!err)
		err = owners_check(b->h, &txn);
	if (!err)
		err = to ? run_marked(b, &txn, to) : txn_run(b->h, &txn);
	bundle_rules_done(b, err);
	if (!err)
		txn_report(&txn, fn, arg);
	bundle_unload(b, &txn);
	return err;
}

/* Deactivates all policies of @drops in one step. */
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
		rules_sweep(h);
	if (!err)
		txn_report(&txn, fn, arg);
	txn_close(&txn);
	pins_unlock(h);
	return err;
}

void bx_bundle_fail_closed(struct bx_bundle *b)
{
	b->fail_closed = true;
}

int bx_bundle_apply(struct bx_bundle *b, bx_applied_fn fn, void *arg)
{
	return bundle_may_load(b) ?:
		bundle_activate(b, NULL, NULL, fn, arg);
}

/* ---- names of policies ---- */

/* Collects the policies of one object; an alternative must have the same policies. */
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
				   "'%s' of bundle '%s' has the policy '%s', which is not in the object that it is an alternative for",
				   file, b->about.name, name);
	}
	txn_close(&txn);
	return err;
}

/* Collects the names of all policies of a bundle; needs no kernel. */
int bundle_policies(struct bx_bundle *b, struct names *names)
{
	int err = 0;

	for (unsigned int i = 0; !err && i < b->nr_policies; i++)
		for (unsigned int k = 0; !err && k < b->policies[i].count; k++)
			err = object_policies(b, b->policies[i].file[k], !k,
					      names);
	return err ?: bundle_rules_policies(b, names);
}

/*
 * Checks that a bundle can be in the mode that was chosen for it, and that its rules can have
 * the chosen settings; needs no kernel.
 */
int bundle_check_mode(struct bx_bundle *b)
{
	struct transaction txn = {};
	uint64_t unused = 0;
	int err = bundle_rules_check(b, &unused);

	for (unsigned int i = 0; !err && i < b->nr_policies; i++)
		for (unsigned int k = 0; !err && k < b->policies[i].count; k++)
			err = add_object(b, &txn, b->policies[i].file[k]) ?:
				check_mode(b, &txn.objs[txn.count - 1]);
	txn_close(&txn);
	return err;
}

/*
 * Checks everything that needs no kernel: the objects exist, their policies are in the
 * claimed scope and can be in the chosen mode, and the settings fit.
 */
int bundle_check_objects(struct bx_bundle *b)
{
	struct transaction txn = {};
	uint64_t seen = 0;
	int err = bundle_rules_check(b, &seen);

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
	/* bus_ext checks them as well, and runs init() */
	if (!err)
		err = txn_stage(b->h, &txn, &unused);
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
