// SPDX-License-Identifier: GPL-2.0-only
/*
 * Commits: policies that are activated and deactivated together
 *
 * A policy that is attached with BX_F_STAGED is not active.  A commit activates any
 * number of such and deactivates any number, with one new index, if each that enters is
 * what the caller has checked (expect.c):
 *
 *	          reg()          commit            commit            unreg()
 *	(nothing) ------> staged ------> active -------> retired -------> (nothing)
 */
#include "core.h"

static struct bx_policy *bx_policy_by_id(u64 id)
{
	struct bx_policy *policy;

	list_for_each_entry(policy, &bx_policies, node) {
		if (policy->id == id)
			return policy;
	}
	return NULL;
}

/* Note the stage that a policy will have, once for each policy. */
static int bx_commit_mark(struct bx_policy *policy, enum bx_stage from,
			  enum bx_stage to)
{
	if (!policy || policy->stage != from)
		return -ENOENT;
	if (policy->to != from)
		return -EINVAL;
	policy->to = to;
	return 0;
}

/*
 * A staged policy has no other version, so it stays what bx_expect() sees.  Elections
 * look at its limit when it is active, which is after the next index; until then, a
 * trial has a limit of its own.
 */
static int bx_commit_mark_all(const struct bx_commit *c)
{
	struct bx_policy *policy;
	int err = 0;

	lockdep_assert_held(&bx_policy_mutex);
	for (u32 i = 0; i < c->nr_enter && !err; i++) {
		policy = bx_policy_by_id(c->enter[i].id);
		err = bx_commit_mark(policy, BX_STAGE_STAGED,
				     BX_STAGE_ACTIVE) ?:
		      bx_expect(policy->inst, &c->enter[i]);
		if (!err)
			policy->limit = c->enter[i].limit;
	}
	for (u32 i = 0; i < c->nr_leave && !err; i++) {
		policy = bx_policy_by_id(c->leave[i]);
		err = bx_commit_mark(policy, BX_STAGE_ACTIVE, BX_STAGE_RETIRED);
	}
	return err;
}

static bool bx_commit_enters(const struct bx_policy *policy)
{
	return policy->stage != policy->to && policy->to == BX_STAGE_ACTIVE;
}

static bool bx_commit_leaves(const struct bx_policy *policy)
{
	return policy->stage != policy->to && policy->to == BX_STAGE_RETIRED;
}

/* Who has the name of one that comes goes with the same commit. */
static int bx_commit_heirs(void)
{
	struct bx_policy *policy, *old;

	list_for_each_entry(policy, &bx_policies, node) {
		if (!bx_commit_enters(policy))
			continue;
		old = bx_policy_by_name(policy->inst->name, BX_STAGE_ACTIVE);
		if (old && !bx_commit_leaves(old))
			return -EEXIST;
		if (old)
			old->heir = policy;
		policy->kobj = old ? old->kobj : NULL;
	}
	return 0;
}

static int bx_commit_prepare(const struct bx_commit *c)
{
	struct bx_policy *policy;
	int err;

	list_for_each_entry(policy, &bx_policies, node)
		policy->to = policy->stage;
	err = bx_commit_mark_all(c) ?: bx_commit_heirs();
	if (err)
		return err;
	list_for_each_entry(policy, &bx_policies, node) {
		if (!bx_commit_enters(policy) || policy->kobj)
			continue;
		policy->kobj = bx_sysfs_add_policy(policy->inst->name, policy);
		if (IS_ERR(policy->kobj)) {
			err = PTR_ERR(policy->kobj);
			policy->kobj = NULL;
			return err;
		}
	}
	return 0;
}

static bool bx_commit_inherits(const struct bx_policy *heir)
{
	struct bx_policy *policy;

	list_for_each_entry(policy, &bx_policies, node) {
		if (bx_commit_leaves(policy) && policy->heir == heir)
			return true;
	}
	return false;
}

/* Nothing is in force that was not before: take back what was prepared. */
static void bx_commit_undo(void)
{
	struct bx_policy *policy;

	list_for_each_entry(policy, &bx_policies, node) {
		if (policy->stage != BX_STAGE_STAGED || !policy->kobj)
			continue;
		if (!bx_commit_inherits(policy))
			bx_sysfs_del_policy(policy->kobj);
		policy->kobj = NULL;
	}
	list_for_each_entry(policy, &bx_policies, node) {
		if (bx_is_active(policy))
			policy->heir = NULL;
	}
}

/* The stages are the new ones from here on. */
static void bx_commit_swap(void)
{
	struct bx_policy *policy;

	list_for_each_entry(policy, &bx_policies, node)
		swap(policy->stage, policy->to);
}

/* It is done, and @to is what was before: let the rest of the world follow. */
static void bx_commit_finish(void)
{
	struct bx_policy *policy;

	list_for_each_entry(policy, &bx_policies, node) {
		if (policy->stage == policy->to)
			continue;
		if (bx_is_active(policy)) {
			bx_sysfs_move_policy(policy->kobj, policy);
			bx_trace_policy("commit", policy, policy->inst);
		} else if (policy->heir) {
			bx_decisions_inherit(policy->id, policy->heir->id);
			policy->kobj = NULL;
			bx_trace_policy("retire", policy, policy->inst);
		} else {
			bx_sysfs_del_policy(policy->kobj);
			policy->kobj = NULL;
			bx_decisions_forget(policy->id);
			bx_trace_policy("retire", policy, policy->inst);
		}
		bx_policies_changed(policy->inst->bus);
	}
}

/**
 * bx_policy_commit() - bring policies into force, and take others out
 * @commit: which
 *
 * With one new index, so every election and every call sees all of it or nothing.
 * What a policy that goes has decided on adopted buses is passed on to the one of
 * its name that comes, as with an update.
 *
 * Context: process; not inside bx_srcu.
 * Return: 0; -EINVAL, -E2BIG, -ENOENT, -EPERM, -EEXIST: see bx_commit() in
 * <bpf/bus_ext_ctl.bpf.h>; -ENOMEM.  Nothing has changed then.
 */
int bx_policy_commit(const struct bx_commit *commit)
{
	int err;

	if (commit->nr_enter > BX_COMMIT_MAX || commit->nr_leave > BX_COMMIT_MAX)
		return -E2BIG;
	mutex_lock(&bx_policy_mutex);
	err = bx_commit_prepare(commit);
	if (err) {
		bx_commit_undo();
		goto out;
	}
	bx_commit_swap();
	err = bx_publish(GFP_KERNEL);
	if (err) {
		bx_commit_swap();
		bx_commit_undo();
		goto out;
	}
	bx_commit_finish();
out:
	mutex_unlock(&bx_policy_mutex);
	return err;
}
