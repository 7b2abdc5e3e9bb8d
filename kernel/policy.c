// SPDX-License-Identifier: GPL-2.0-only
/*
 * Policies: their list, order and versions, and the end of ejected ones
 *
 * A policy is active from reg() to unreg() (struct_ops.c), with one version
 * (struct bx_inst) at a time.  Attach, update, commit and detach publish the
 * index that elections read (index.c).
 *
 *	          reg()                    unreg()
 *	(nothing) ------> active  ------------------> (nothing)
 *	                   |    ^ |                        ^
 *	                   +----+ | invalid result         | unreg()
 *	                  update()v                        |
 *	                        ejected: no program runs, work queued
 *
 * With BX_F_FAIL_CLOSED the work does not detach the link: the policy stays ejected,
 * quarantined, until its link is detached or updated, or a commit replaces it.
 *
 * A policy attached with BX_F_STAGED is not active, see commit.c.
 */
#include "core.h"
#include "trace.h"

DEFINE_MUTEX(bx_policy_mutex);		/* protects all below */
LIST_HEAD(bx_policies);			/* in order of authority */
static u32 bx_npolicies;
static u64 bx_last_id;

/* ---- the list ---- */

/* Publishes the list: elections that begin afterwards see its current state. */
int bx_publish(gfp_t gfp)
{
	struct bx_index *old;
	int err;

	lockdep_assert_held(&bx_policy_mutex);
	err = bx_index_publish(&bx_policies, bx_npolicies, gfp, &old);
	if (err)
		return err;
	/* each device has a pointer to its chain, which belongs to the index */
	bx_devices_update_watched(NULL, false);
	bx_index_retire(old);
	return 0;
}

/* A policy in shadow mode runs before its twin, on the same input. */
static bool bx_is_first(const struct bx_inst *a, const struct bx_inst *b)
{
	int order = strcmp(a->name, b->name);

	return order < 0 || (!order && a->flags & BX_F_SHADOW);
}

/* Inserts by priority, highest first; policies of equal priority by name. */
static void bx_policy_insert(struct bx_policy *policy)
{
	struct bx_policy *pos;

	list_for_each_entry(pos, &bx_policies, node) {
		if (policy->inst->priority > pos->inst->priority ||
		    (policy->inst->priority == pos->inst->priority &&
		     bx_is_first(policy->inst, pos->inst)))
			break;
	}
	list_add_tail(&policy->node, &pos->node);
}

/*
 * Names are unique among active policies, and among those that are staged; in each case
 * once in shadow mode and once not.
 */
struct bx_policy *bx_policy_by_name(const struct bx_inst *inst,
				    enum bx_stage stage)
{
	struct bx_policy *policy;

	list_for_each_entry(policy, &bx_policies, node) {
		if (policy->stage == stage &&
		    !strcmp(policy->inst->name, inst->name) &&
		    !bx_are_twins(policy->inst, inst))
			return policy;
	}
	return NULL;
}

struct bx_policy *bx_policy_by_link(const struct bpf_link *link)
{
	struct bx_policy *policy;

	list_for_each_entry(policy, &bx_policies, node) {
		if (policy->link == link)
			return policy;
	}
	return NULL;
}

/* ---- versions ---- */

static void bx_policy_free(struct kref *ref)
{
	struct bx_policy *policy = container_of(ref, struct bx_policy, ref);

	module_put(policy->bus_owner);
	free_percpu(policy->counts);
	kfree(policy);
}

static void bx_inst_free(struct kref *ref)
{
	struct bx_inst *inst = container_of(ref, struct bx_inst, ref);

	if (inst->policy)
		kref_put(&inst->policy->ref, bx_policy_free);
	kfree(inst);
}

void bx_put_inst(struct bx_inst *inst)
{
	kref_put(&inst->ref, bx_inst_free);
}

/* Only an active policy has devices and calls to keep closed. */
static bool bx_is_quarantined(const struct bx_policy *policy)
{
	return bx_is_active(policy) && !bx_inst_live(policy->inst) &&
	       bx_fails_closed(policy->inst);
}

/*
 * Detaches the link of an ejected version, unless it was detached or replaced
 * meanwhile, or is quarantined.  bx_policy_replace() refuses later updates of one
 * that is not quarantined, so the detached version is the ejected one.
 */
static void bx_eject_work(struct work_struct *work)
{
	struct bx_inst *inst = container_of(work, struct bx_inst, work);
	struct bpf_link *link = NULL;

	mutex_lock(&bx_policy_mutex);
	if (inst->policy->inst == inst && inst->policy->link) {
		bool stays = bx_is_quarantined(inst->policy);

		bx_uevent_policy(inst->policy,
				 stays ? "quarantined" : "ejected");
		if (!stays)
			link = bpf_link_inc_not_zero(inst->policy->link);
	}
	mutex_unlock(&bx_policy_mutex);

	if (!IS_ERR_OR_NULL(link)) {
		link->ops->detach(link);
		bpf_link_put(link);
	}
	bx_put_inst(inst);	/* pairs with bx_eject_claim() */
	bx_async_end(BX_Q_EJECT);
}

struct bx_inst *bx_inst_alloc(const struct bus_ext_ops *ops)
{
	struct bx_inst *inst = kzalloc(sizeof(*inst), GFP_KERNEL);

	if (!inst)
		return NULL;
	kref_init(&inst->ref);
	INIT_WORK(&inst->work, bx_eject_work);
	inst->ops = ops;
	strscpy(inst->name, ops->name, sizeof(inst->name));
	strscpy(inst->bus, ops->bus, sizeof(inst->bus));
	inst->vendor = ops->vendor ?: BX_ANY;
	inst->priority = ops->priority;
	inst->flags = ops->flags & ~(u64)BX_F_STAGED;
	inst->version = ops->version;
	bx_shown_name(inst->shown, inst->name, inst->flags);
	memcpy(inst->calls, ops->calls, sizeof(inst->calls));
	inst->call = ops->call;
	inst->completes = ops->complete;
	return inst;
}

struct bx_policy *bx_policy_alloc(const struct bus_ext_ops *ops,
				  struct bpf_link *link)
{
	struct bx_policy *policy = kzalloc(sizeof(*policy), GFP_KERNEL);

	if (!policy)
		return NULL;
	policy->counts = alloc_percpu(struct bx_counts);
	policy->inst = policy->counts ? bx_inst_alloc(ops) : NULL;
	if (!policy->inst) {
		free_percpu(policy->counts);
		kfree(policy);
		return NULL;
	}
	kref_init(&policy->ref);
	kref_get(&policy->ref);		/* the version's */
	policy->inst->policy = policy;
	policy->inst->counts = policy->counts;
	policy->link = link;
	policy->stage = ops->flags & BX_F_STAGED ? BX_STAGE_STAGED :
						   BX_STAGE_ACTIVE;
	policy->generation = 1;
	policy->limit.nr = BX_ANY;
	return policy;
}

void bx_policy_drop(struct bx_policy *policy)
{
	bx_put_inst(policy->inst);
	kref_put(&policy->ref, bx_policy_free);
}

/* ---- add, replace, remove ---- */

/* Checks that there may be @active active policies; the limit leaves room for a commit. */
int bx_policies_fit(const char *name, u32 active)
{
	if (active <= BX_MAX_POLICIES)
		return 0;
	return bx_refuse(name, -E2BIG, "limit of %u policies reached",
			 BX_MAX_POLICIES);
}

static u32 bx_count_active(void)
{
	struct bx_policy *policy;
	u32 n = 0;

	list_for_each_entry(policy, &bx_policies, node)
		n += bx_is_active(policy);
	return n;
}

int bx_policy_add(struct bx_policy *policy)
{
	const char *name = policy->inst->shown;
	int err;

	lockdep_assert_held(&bx_policy_mutex);
	if (bx_policy_by_name(policy->inst, policy->stage))
		return bx_refuse(name, -EEXIST,
				 "a policy of this name is attached");
	if (bx_npolicies >= BX_MAX_ATTACHED)
		return bx_refuse(name, -E2BIG,
				 "limit of %u policies, active or not, reached",
				 BX_MAX_ATTACHED);
	err = bx_policies_fit(name, bx_count_active() + bx_is_active(policy));
	if (err)
		return err;
	policy->id = ++bx_last_id;
	if (bx_is_active(policy)) {
		policy->kobj = bx_sysfs_add_policy(name, policy);
		if (IS_ERR(policy->kobj))
			return PTR_ERR(policy->kobj);
	}
	bx_policy_insert(policy);
	bx_npolicies++;
	err = bx_publish(GFP_KERNEL);
	if (!err) {
		bx_uevent_policy(policy, "active");
		return 0;
	}
	list_del(&policy->node);
	bx_npolicies--;
	if (policy->kobj)
		bx_sysfs_del_policy(policy->kobj);
	return err;
}

/* Removes a policy from the list and publishes the rest; cannot fail. */
void bx_policy_del(struct bx_policy *policy)
{
	lockdep_assert_held(&bx_policy_mutex);
	list_del(&policy->node);
	bx_npolicies--;
	policy->link = NULL;
	/* Detaching cannot fail, and the index must not contain the policy. */
	bx_publish(GFP_KERNEL | __GFP_NOFAIL);
	/*
	 * Under the mutex: closing a link holds no other lock against an
	 * attach.
	 */
	if (policy->kobj)
		bx_sysfs_del_policy(policy->kobj);
}

/* Replaces the current version by @inst and publishes it. */
int bx_policy_replace(struct bx_policy *policy, struct bx_inst *inst)
{
	struct bx_inst *old = policy->inst;
	int err;

	lockdep_assert_held(&bx_policy_mutex);
	if (!bx_is_active(policy))
		return bx_refuse(inst->shown, -EINVAL,
				 "policy is not active: attach a new one");
	if (!bx_inst_live(old) && !bx_is_quarantined(policy))
		return bx_refuse(inst->shown, -ESHUTDOWN,
				 "policy is being ejected: attach it again");
	list_del(&policy->node);
	policy->inst = inst;
	bx_policy_insert(policy);
	err = bx_publish(GFP_KERNEL);
	if (!err) {
		policy->generation++;
		bx_uevent_policy(policy, "active");
		return 0;
	}
	list_del(&policy->node);
	policy->inst = old;
	bx_policy_insert(policy);
	synchronize_srcu(&bx_srcu);	/* sysfs may have read @inst */
	return err;
}

/* ---- records ---- */

static u32 bx_ops_mask(const struct bus_ext_ops *ops)
{
	return (ops->select ? BX_OP_SELECT : 0) |
	       (ops->match ? BX_OP_MATCH : 0) |
	       (ops->event ? BX_OP_EVENT : 0) |
	       (ops->init ? BX_OP_INIT : 0) |
	       (ops->exit ? BX_OP_EXIT : 0) |
	       (ops->call ? BX_OP_CALL : 0) |
	       (ops->complete ? BX_OP_COMPLETE : 0) |
	       (ops->admit ? BX_OP_ADMIT : 0) |
	       (ops->part ? BX_OP_PART : 0);
}

static void bx_policy_rec_fill(const struct bx_policy *policy,
			       struct bx_inst *inst,
			       struct bx_policy_rec *rec)
{
	struct bx_counts sum = bx_counts_sum(policy);

	*rec = (struct bx_policy_rec) {
		.vendor = inst->vendor,
		.priority = inst->priority,
		.flags = inst->flags,
		.version = inst->version,
		.ops = bx_ops_mask(inst->ops),
		.ejected = !bx_inst_live(inst),
		.stage = policy->stage,
		.id = policy->id,
		.generation = policy->generation,
		.asked = sum.asked,
		.decided = sum.decided,
		.vetoed = sum.vetoed,
		.diverged = sum.diverged,
		.denied = sum.denied,
		.handled = sum.handled,
		.redirected = sum.redirected,
		.amended = sum.amended,
		.link_id = policy->link ? policy->link->id : 0,
		.limit = policy->limit,
		.awaits_bus = !bx_bus_exists(inst->bus),
	};
	strscpy(rec->name, inst->name, sizeof(rec->name));
	strscpy(rec->bus, inst->bus, sizeof(rec->bus));
	bx_inst_reason(inst, rec->reason, sizeof(rec->reason));
}

void bx_trace_policy(const char *what, const struct bx_policy *policy,
		     struct bx_inst *inst)
{
	struct bx_policy_rec rec;

	if (!trace_bx_policy_enabled())
		return;
	bx_policy_rec_fill(policy, inst, &rec);
	trace_bx_policy(what, &rec);
}

/**
 * bx_policy_records() - copy the records of all policies, in order of authority
 * @recs: takes an array, to be freed with kvfree()
 * @n: takes its length
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int bx_policy_records(struct bx_policy_rec **recs, u32 *n)
{
	struct bx_policy *policy;
	int err = 0;

	*n = 0;
	mutex_lock(&bx_policy_mutex);
	*recs = kvcalloc(bx_npolicies + 1, sizeof(**recs), GFP_KERNEL);
	if (!*recs)
		err = -ENOMEM;
	else
		list_for_each_entry(policy, &bx_policies, node)
			bx_policy_rec_fill(policy, policy->inst,
					   &(*recs)[(*n)++]);
	mutex_unlock(&bx_policy_mutex);
	return err;
}

u32 bx_policy_count(void)
{
	return READ_ONCE(bx_npolicies);
}
