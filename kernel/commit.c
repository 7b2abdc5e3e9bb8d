// SPDX-License-Identifier: GPL-2.0-only
/*
 * Commits: policies that become active and inactive together
 *
 * A policy attached with BX_F_STAGED is not active.  A commit activates staged
 * policies and deactivates active ones with one new index, if each entering
 * policy has the values that the caller has checked (expect.c):
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

/* Sets ->to of a listed policy; -EINVAL if the policy is listed twice. */
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
 * A staged policy cannot be updated, so the result of bx_expect() stays valid.
 * Elections read its limit only when it is active, after the publication of the
 * next index; until then, trials bring their own limit.
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

/*
 * An active policy with the name and the mode of an entering one must leave in
 * the same commit, and the entering policy takes over its directory.
 */
static int bx_commit_heirs(void)
{
	struct bx_policy *policy, *old;

	list_for_each_entry(policy, &bx_policies, node) {
		if (!bx_commit_enters(policy))
			continue;
		old = bx_policy_by_name(policy->inst, BX_STAGE_ACTIVE);
		if (old && !bx_commit_leaves(old))
			return -EEXIST;
		if (old)
			old->heir = policy;
		policy->kobj = old ? old->kobj : NULL;
	}
	return 0;
}

/* A replaced policy does not count. */
static int bx_commit_limit(void)
{
	struct bx_policy *policy;
	const char *name = NULL;
	u32 active = 0;

	list_for_each_entry(policy, &bx_policies, node) {
		active += policy->to == BX_STAGE_ACTIVE;
		if (bx_commit_enters(policy))
			name = policy->inst->shown;
	}
	return name ? bx_policies_fit(name, active) : 0;
}

static int bx_commit_prepare(const struct bx_commit *c)
{
	struct bx_policy *policy;
	int err;

	list_for_each_entry(policy, &bx_policies, node)
		policy->to = policy->stage;
	err = bx_commit_mark_all(c) ?: bx_commit_limit() ?: bx_commit_heirs();
	if (err)
		return err;
	list_for_each_entry(policy, &bx_policies, node) {
		if (!bx_commit_enters(policy) || policy->kobj)
			continue;
		policy->kobj = bx_sysfs_add_policy(policy->inst->shown, policy);
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

/* Reverts bx_commit_prepare(); the active policies are the old ones. */
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

/*
 * Sets the new stages, and saves the old ones in ->to; a second call reverts
 * it.
 */
static void bx_commit_swap(void)
{
	struct bx_policy *policy;

	list_for_each_entry(policy, &bx_policies, node)
		swap(policy->stage, policy->to);
}

/*
 * The new index is live (->to has the old stage): update sysfs, records and
 * traces.
 */
static void bx_commit_finish(void)
{
	struct bx_policy *policy;

	list_for_each_entry(policy, &bx_policies, node) {
		if (policy->stage == policy->to)
			continue;
		if (bx_is_active(policy)) {
			bx_sysfs_move_policy(policy->kobj, policy);
			bx_uevent_policy(policy, "active");
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
		bx_policies_changed(policy->inst->bus, policy->inst->vendor);
	}
}

/**
 * bx_policy_commit() - activate staged policies and deactivate active ones
 * @commit: the policies
 *
 * Publishes one new index, so every election and every call sees either all of
 * the change or none.  Decisions of a leaving policy on adopted buses are
 * transferred to the entering policy of the same name, as in an update; a policy
 * in shadow mode has none and inherits none.
 *
 * Context: process; not inside bx_srcu.
 * Return: 0, or an errno without any change: -EINVAL, -E2BIG, -ENOENT, -EPERM,
 * -EEXIST (see bx_commit() in <bpf/bus_ext_ctl.bpf.h>), -ENOMEM.
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
