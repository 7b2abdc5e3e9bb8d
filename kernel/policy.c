// SPDX-License-Identifier: GPL-2.0-only
/*
 * Policies: the struct_ops type, their order, their end
 *
 * A policy is in force from reg() to unreg(), in one version (struct bx_inst)
 * at a time.  Attach, update and detach publish the index that elections look
 * at (index.c).
 *
 *	          reg()                    unreg()
 *	(nothing) ------> in force  ------------------> (nothing)
 *	                   |    ^ |                        ^
 *	                   +----+ | misbehaves             | unreg()
 *	                  update()v                        |
 *	                        ejected: no program runs, work queued
 *
 * One that is attached with BX_F_STAGED is not in force.  A commit brings any
 * number of such into force and takes any number out, with one new index, if each
 * that enters is what the caller has checked (expect.c):
 *
 *	          reg()          commit            commit            unreg()
 *	(nothing) ------> staged ------> in force ------> retired ------> (nothing)
 *
 * An ejection is claimed by whoever sees the mistake, inside an election.  From
 * that moment on no program of the version is run, so the fallback rule is in
 * force; the link is detached later, from a work item, since detaching takes
 * update_mutex.
 */
#include <linux/bpf_verifier.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include "core.h"
#include "trace.h"

struct btf *bx_btf;

static DEFINE_MUTEX(bx_policy_mutex);	/* protects all below */
static LIST_HEAD(bx_policies);		/* in order of authority */
static u32 bx_npolicies;
static u64 bx_last_id;
static atomic64_t bx_last_seq;		/* needs no lock */

/* Elections that begin after this see the list as it is now. */
static int bx_publish(gfp_t gfp)
{
	int err;

	lockdep_assert_held(&bx_policy_mutex);
	err = bx_index_publish(&bx_policies, bx_npolicies, gfp);
	if (!err)
		bx_devices_watch(NULL, false);
	return err;
}

/* One in shadow mode sees what its twin sees, and not what that makes of it. */
static bool bx_is_first(const struct bx_inst *a, const struct bx_inst *b)
{
	int order = strcmp(a->name, b->name);

	return order < 0 || (!order && a->flags & BX_F_SHADOW);
}

/* Higher priority first, equal ones in order of their names. */
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
 * Names are unique among those in force, and among those that are staged; in each case
 * once in shadow mode and once not.
 */
static struct bx_policy *bx_policy_by_name(const struct bx_inst *inst,
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

static struct bx_policy *bx_policy_by_link(const struct bpf_link *link)
{
	struct bx_policy *policy;

	list_for_each_entry(policy, &bx_policies, node) {
		if (policy->link == link)
			return policy;
	}
	return NULL;
}

/* ---- refusals, readable ---- */

#define BX_NREFUSED	8

/* Protects refusals and exits; a call may be made, and fail, anywhere. */
static DEFINE_RAW_SPINLOCK(bx_exit_lock);
static struct bx_refusal {
	char	name[BX_SHOWN_LEN];
	char	msg[BX_MSG_LEN];
	int	err;
} bx_refused[BX_NREFUSED];
static u32 bx_nrefused;

/**
 * bx_refuse() - leave the reason of a refusal in /sys/kernel/bus_ext/refused
 * @name: the policy, as it is shown
 * @err: what is returned
 * @fmt: the reason, for people
 *
 * BPF tells an attacher nothing but an errno, and so does bx_wait().
 *
 * Context: any.
 * Return: @err.
 */
int bx_refuse(const char *name, int err, const char *fmt, ...)
{
	struct bx_refusal *line;
	char msg[BX_MSG_LEN];
	unsigned long flags;
	va_list args;

	va_start(args, fmt);
	vscnprintf(msg, sizeof(msg), fmt, args);
	va_end(args);

	/* A name that is taken is how a loader finds that it is to update. */
	if (err != -EEXIST)
		pr_notice_ratelimited("policy '%s' refused (%d): %s\n", name,
				      err, msg);
	raw_spin_lock_irqsave(&bx_exit_lock, flags);
	line = &bx_refused[bx_nrefused++ % BX_NREFUSED];
	strscpy(line->name, name, sizeof(line->name));
	strscpy(line->msg, msg, sizeof(line->msg));
	line->err = err;
	raw_spin_unlock_irqrestore(&bx_exit_lock, flags);
	return err;
}

/* Of one that has no version yet */
#define bx_refuse_ops(ops, err, ...)					\
({									\
	char shown_[BX_SHOWN_LEN];					\
									\
	bx_refuse(bx_shown_name(shown_, (ops)->name, (ops)->flags),	\
		  err, __VA_ARGS__);					\
})

/* ... and then the refusal was only a step on the way. */
static void bx_refusal_forget(const char *name)
{
	struct bx_refusal *last;
	unsigned long flags;

	raw_spin_lock_irqsave(&bx_exit_lock, flags);
	last = &bx_refused[(bx_nrefused - 1) % BX_NREFUSED];
	if (bx_nrefused && last->err == -EEXIST && !strcmp(last->name, name))
		bx_nrefused--;
	raw_spin_unlock_irqrestore(&bx_exit_lock, flags);
}

ssize_t bx_refused_show(char *buf)
{
	unsigned long flags;
	ssize_t len = 0;
	u32 first;

	raw_spin_lock_irqsave(&bx_exit_lock, flags);
	first = bx_nrefused > BX_NREFUSED ? bx_nrefused - BX_NREFUSED : 0;
	for (u32 i = first; i < bx_nrefused; i++)
		len += sysfs_emit_at(buf, len, "%s: %s\n",
				     bx_refused[i % BX_NREFUSED].name,
				     bx_refused[i % BX_NREFUSED].msg);
	raw_spin_unlock_irqrestore(&bx_exit_lock, flags);
	return len;
}

/* ---- ejection ---- */

#define BX_NEXITS	16

static struct bx_exit_info bx_exits[BX_NEXITS];
static u64 bx_nexits;

u64 bx_exit_count(void)
{
	unsigned long flags;
	u64 n;

	raw_spin_lock_irqsave(&bx_exit_lock, flags);
	n = bx_nexits;
	raw_spin_unlock_irqrestore(&bx_exit_lock, flags);
	return n;
}

/**
 * bx_exit_records() - the last ejections, oldest first
 * @recs: takes an array, to be freed with kvfree()
 * @n: takes its length
 *
 * Return: 0 or -ENOMEM.
 */
int bx_exit_records(struct bx_exit_info **recs, u32 *n)
{
	unsigned long flags;
	u64 first;

	*recs = kvcalloc(BX_NEXITS, sizeof(**recs), GFP_KERNEL);
	if (!*recs)
		return -ENOMEM;
	raw_spin_lock_irqsave(&bx_exit_lock, flags);
	first = bx_nexits > BX_NEXITS ? bx_nexits - BX_NEXITS : 0;
	*n = bx_nexits - first;
	for (u32 i = 0; i < *n; i++)
		(*recs)[i] = bx_exits[(first + i) % BX_NEXITS];
	raw_spin_unlock_irqrestore(&bx_exit_lock, flags);
	return 0;
}

/* The number of the last version that was made. */
u64 bx_inst_newest(void)
{
	return atomic64_read(&bx_last_seq);
}

/* Whether programs of this version may be run. */
bool bx_inst_live(const struct bx_inst *inst)
{
	return !atomic_read(&inst->ejected);
}

static void bx_policy_free(struct kref *ref)
{
	struct bx_policy *policy = container_of(ref, struct bx_policy, ref);

	module_put(policy->bus_owner);
	kfree(policy);
}

static void bx_inst_free(struct kref *ref)
{
	struct bx_inst *inst = container_of(ref, struct bx_inst, ref);

	if (inst->policy)
		kref_put(&inst->policy->ref, bx_policy_free);
	kfree(inst);
}

static void bx_put_inst(struct bx_inst *inst)
{
	kref_put(&inst->ref, bx_inst_free);
}

/*
 * Detach the link of an ejected version, unless it was detached or replaced
 * meanwhile.  An update that comes later is refused (bx_update()), so what is
 * detached is the version that was ejected.
 */
static void bx_eject_work(struct work_struct *work)
{
	struct bx_inst *inst = container_of(work, struct bx_inst, work);
	struct bpf_link *link = NULL;

	mutex_lock(&bx_policy_mutex);
	if (inst->policy->inst == inst && inst->policy->link)
		link = bpf_link_inc_not_zero(inst->policy->link);
	mutex_unlock(&bx_policy_mutex);

	if (!IS_ERR_OR_NULL(link)) {
		link->ops->detach(link);
		bpf_link_put(link);
	}
	bx_put_inst(inst);	/* pairs with bx_eject_claim() */
	bx_async_end();
}

static bool bx_eject_claim(struct bx_inst *inst)
{
	if (atomic_cmpxchg(&inst->ejected, 0, 1))
		return false;
	kref_get(&inst->ref);
	return true;
}

static void bx_eject_finish(struct bx_inst *inst, enum bx_exit_kind kind,
			    s32 code, const char *device)
{
	struct bx_exit_info *exit = &inst->exit;
	unsigned long flags;

	exit->kind = kind;
	exit->code = code;
	strscpy(exit->name, inst->name, sizeof(exit->name));
	strscpy(exit->bus, inst->bus, sizeof(exit->bus));
	strscpy(exit->device, device, sizeof(exit->device));
	exit->version = inst->version;
	exit->flags = inst->flags;
	exit->id = inst->policy->id;
	exit->time_ns = ktime_get_ns();

	raw_spin_lock_irqsave(&bx_exit_lock, flags);
	exit->seq = ++bx_nexits;
	bx_exits[(bx_nexits - 1) % BX_NEXITS] = *exit;
	raw_spin_unlock_irqrestore(&bx_exit_lock, flags);

	pr_warn("policy '%s' on %s ejected: %s%s%s (kind %u, code %d)\n",
		inst->shown, exit->bus, exit->msg, *device ? ", device " : "",
		device, exit->kind, exit->code);
	trace_bx_eject(exit);
	bx_async_begin();
	queue_work(bx_wq, &inst->work);
}

/**
 * bx_eject() - put a policy out of force
 * @inst: the version that misbehaved
 * @kind: what it did
 * @code: the value it returned or reported
 * @dev: the device it happened on, or NULL
 * @fmt: the reason, for people
 *
 * Once this returns no program of @inst is started again; the first reason
 * counts.
 *
 * Context: inside bx_srcu; any other lock may be held.
 */
void bx_eject(struct bx_inst *inst, enum bx_exit_kind kind, s32 code,
	      const struct bx_dev_info *dev, const char *fmt, ...)
{
	va_list args;

	if (!bx_eject_claim(inst))
		return;
	va_start(args, fmt);
	vscnprintf(inst->exit.msg, sizeof(inst->exit.msg), fmt, args);
	va_end(args);
	bx_eject_finish(inst, kind, code, dev ? dev->name : "");
}

/**
 * bx_eject_id() - put a policy out of force, outside of an election
 * @policy_id: the policy; nothing is done when it is gone
 * @kind: what it did
 * @device: the device it happened on
 * @fmt: the reason, for people
 *
 * Context: process, takes bx_policy_mutex.
 */
void bx_eject_id(u64 policy_id, enum bx_exit_kind kind, const char *device,
		 const char *fmt, ...)
{
	struct bx_policy *policy;
	va_list args;

	mutex_lock(&bx_policy_mutex);
	list_for_each_entry(policy, &bx_policies, node) {
		struct bx_inst *inst = policy->inst;

		if (policy->id != policy_id || !bx_eject_claim(inst))
			continue;
		va_start(args, fmt);
		vscnprintf(inst->exit.msg, sizeof(inst->exit.msg), fmt, args);
		va_end(args);
		bx_eject_finish(inst, kind, 0, device);
	}
	mutex_unlock(&bx_policy_mutex);
}

/* ---- attach, update, detach ---- */

static u32 bx_ops_mask(const struct bus_ext_ops *ops)
{
	return (ops->select ? BX_OP_SELECT : 0) |
	       (ops->match ? BX_OP_MATCH : 0) |
	       (ops->event ? BX_OP_EVENT : 0) |
	       (ops->init ? BX_OP_INIT : 0) |
	       (ops->exit ? BX_OP_EXIT : 0) |
	       (ops->call ? BX_OP_CALL : 0) |
	       (ops->complete ? BX_OP_COMPLETE : 0);
}

static void bx_policy_rec_fill(const struct bx_policy *policy,
			       const struct bx_inst *inst,
			       struct bx_policy_rec *rec)
{
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
		.asked = atomic64_read(&policy->asked),
		.decided = atomic64_read(&policy->decided),
		.vetoed = atomic64_read(&policy->vetoed),
		.diverged = atomic64_read(&policy->diverged),
		.denied = atomic64_read(&policy->denied),
		.handled = atomic64_read(&policy->handled),
		.redirected = atomic64_read(&policy->redirected),
		.amended = atomic64_read(&policy->amended),
		.link_id = policy->link ? policy->link->id : 0,
		.limit = policy->limit,
	};
	strscpy(rec->name, inst->name, sizeof(rec->name));
	strscpy(rec->bus, inst->bus, sizeof(rec->bus));
}

static void bx_trace_policy(const char *what, const struct bx_policy *policy,
			    const struct bx_inst *inst)
{
	struct bx_policy_rec rec;

	if (!trace_bx_policy_enabled())
		return;
	bx_policy_rec_fill(policy, inst, &rec);
	trace_bx_policy(what, &rec);
}

/**
 * bx_policy_records() - the policies, in order of authority
 * @recs: takes an array, to be freed with kvfree()
 * @n: takes its length
 *
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

/* Which bus: 1 an adopted one, 0 our own with its module pinned, or -ENODEV. */
static int bx_scope_bus_get(const char *bus, struct module **owner)
{
	*owner = NULL;
	if (!bx_adopted_bus_get(bus))
		return 1;
	return bx_own_bus_get(bus, owner);
}

static struct bx_inst *bx_inst_alloc(const struct bus_ext_ops *ops)
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
	inst->seq = atomic64_inc_return(&bx_last_seq);
	return inst;
}

/* What a policy watches must exist, and suit its programs. */
static int bx_ops_check_calls(const struct bus_ext_ops *ops)
{
	bool sleeps = ops->sleepable & (BX_OP_CALL | BX_OP_COMPLETE);
	bool all = !memchr_inv(ops->calls, 0xff, sizeof(ops->calls));
	const struct bx_contract *contract;
	int err;

	if (!memchr_inv(ops->calls, 0, sizeof(ops->calls)))
		return bx_refuse_ops(ops, -EINVAL,
				     "call() and complete() watch nothing: set .calls, for instance to BX_WATCH_ALL");
	err = bx_own_contract(ops->bus, &contract);
	for (u32 op = 0; !err && op < BX_MAX_OPS; op++) {
		if (!(ops->calls[op / 64] & BIT_ULL(op % 64)))
			continue;
		if (op >= contract->nr_ops)
			return all ? 0 :
			       bx_refuse_ops(ops, -EINVAL,
					     "contract '%s' has no operation %u to watch",
					     contract->name, op);
		if (sleeps && contract->ops[op].flags & BX_OPF_ATOMIC)
			return bx_refuse_ops(ops, -EINVAL,
					     "operation '%s' is atomic: call() and complete() must not sleep",
					     contract->ops[op].name);
	}
	return err;
}

/* Is this a policy at all?  @adopted: 1 when its bus is an adopted one. */
static int bx_ops_check(const struct bus_ext_ops *ops, int adopted)
{
	bool calls = ops->call || ops->complete;

	if (!ops->select && !ops->match && !ops->event && !calls)
		return bx_refuse_ops(ops, -EINVAL,
				     "it has neither select nor match nor event nor call nor complete");
	if (adopted && ops->match)
		return bx_refuse_ops(ops, -EOPNOTSUPP,
				     "match() is not called on adopted bus '%s'; use select()",
				     ops->bus);
	if (adopted && calls)
		return bx_refuse_ops(ops, -EOPNOTSUPP,
				     "drivers of adopted bus '%s' do not call through bus_ext",
				     ops->bus);
	if (!calls && memchr_inv(ops->calls, 0, sizeof(ops->calls)))
		return bx_refuse_ops(ops, -EINVAL,
				     ".calls is set, and there is neither call nor complete");
	return calls ? bx_ops_check_calls(ops) : 0;
}

static int bx_ops_init(const struct bus_ext_ops *ops)
{
	struct bx_run run;
	int idx, ret;

	if (!ops->init)
		return 0;
	bx_run_init(&run, NULL, NULL, NULL, true);
	idx = srcu_read_lock(&bx_srcu);
	bx_run_begin(&run);
	ret = ops->init();
	bx_run_end(&run);
	srcu_read_unlock(&bx_srcu, idx);
	if (run.failed)
		return bx_refuse_ops(ops, -ECANCELED,
				     "init() gave up: %s (code %d)", run.error,
				     run.code);
	if (!ret)
		return 0;
	if (ret > 0 || ret < -MAX_ERRNO)
		return bx_refuse_ops(ops, -EPROTO,
				     "init() returned %d, which is no errno", ret);
	return bx_refuse_ops(ops, ret, "init() returned %d", ret);
}

static void bx_ops_exit(struct bx_inst *inst, enum bx_exit_kind kind)
{
	struct bx_exit_info *info = &inst->exit;
	int idx;

	if (!inst->ops->exit)
		return;
	if (bx_inst_live(inst)) {
		info->kind = kind;
		strscpy(info->name, inst->name, sizeof(info->name));
		strscpy(info->bus, inst->bus, sizeof(info->bus));
		info->version = inst->version;
		info->flags = inst->flags;
		info->id = inst->policy ? inst->policy->id : 0;
		info->time_ns = ktime_get_ns();
	}
	idx = srcu_read_lock(&bx_srcu);
	inst->ops->exit(info);
	srcu_read_unlock(&bx_srcu, idx);
}

/* The bus and everything unbound on it get another election. */
static void bx_bus_changed(const char *bus)
{
	bx_own_changed(bus);
	bx_adopted_changed(bus);
}

static struct bx_policy *bx_policy_alloc(const struct bus_ext_ops *ops,
					 struct bpf_link *link)
{
	struct bx_policy *policy = kzalloc(sizeof(*policy), GFP_KERNEL);

	if (!policy)
		return NULL;
	policy->inst = bx_inst_alloc(ops);
	if (!policy->inst) {
		kfree(policy);
		return NULL;
	}
	kref_init(&policy->ref);
	kref_get(&policy->ref);		/* the version's */
	policy->inst->policy = policy;
	policy->link = link;
	policy->stage = ops->flags & BX_F_STAGED ? BX_STAGE_STAGED :
						   BX_STAGE_FORCE;
	policy->generation = 1;
	policy->limit.nr = BX_ANY;
	return policy;
}

static void bx_policy_drop(struct bx_policy *policy)
{
	bx_put_inst(policy->inst);
	kref_put(&policy->ref, bx_policy_free);
}

static int bx_policy_add(struct bx_policy *policy)
{
	const char *name = policy->inst->shown;
	int err;

	lockdep_assert_held(&bx_policy_mutex);
	if (bx_policy_by_name(policy->inst, policy->stage))
		return bx_refuse(name, -EEXIST,
				 "a policy of this name is attached");
	if (bx_npolicies >= BX_MAX_POLICIES)
		return bx_refuse(name, -E2BIG, "%u policies are attached",
				 bx_npolicies);
	policy->id = ++bx_last_id;
	if (bx_in_force(policy)) {
		policy->kobj = bx_sysfs_add_policy(name, policy);
		if (IS_ERR(policy->kobj))
			return PTR_ERR(policy->kobj);
	}
	bx_policy_insert(policy);
	bx_npolicies++;
	err = bx_publish(GFP_KERNEL);
	if (!err)
		return 0;
	list_del(&policy->node);
	bx_npolicies--;
	if (policy->kobj)
		bx_sysfs_del_policy(policy->kobj);
	return err;
}

/*
 * What can be said without the lock is said first: init() runs a program that
 * may look at policies.
 */
static int bx_reg(void *kdata, struct bpf_link *link)
{
	const struct bus_ext_ops *ops = kdata;
	struct bx_policy *policy;
	int adopted, err;

	if (!capable(CAP_SYS_ADMIN))
		return bx_refuse_ops(ops, -EPERM, "CAP_SYS_ADMIN is needed");
	if (!link)
		return bx_refuse_ops(ops, -EOPNOTSUPP,
				     "put the policy into SEC(\".struct_ops.link\")");

	policy = bx_policy_alloc(ops, link);
	if (!policy)
		return -ENOMEM;
	adopted = bx_scope_bus_get(ops->bus, &policy->bus_owner);
	err = adopted < 0 ? bx_refuse_ops(ops, -ENODEV,
					  "there is no bus '%s'", ops->bus) :
			    bx_ops_check(ops, adopted);
	if (err)
		goto err_drop;

	mutex_lock(&bx_policy_mutex);
	if (bx_policy_by_name(policy->inst, policy->stage))
		err = bx_refuse_ops(ops, -EEXIST,
				    "a policy of this name is attached");
	mutex_unlock(&bx_policy_mutex);
	/* update_mutex keeps others from attaching the name meanwhile */
	err = err ?: bx_ops_init(ops);
	if (err)
		goto err_drop;

	mutex_lock(&bx_policy_mutex);
	err = bx_policy_add(policy);
	mutex_unlock(&bx_policy_mutex);
	if (err) {
		bx_ops_exit(policy->inst, BX_EXIT_DETACH);
		goto err_drop;
	}
	bx_trace_policy("attach", policy, policy->inst);
	/* it may be in force by now, and not be when it was attached */
	if (!(ops->flags & BX_F_STAGED))
		bx_bus_changed(ops->bus);
	return 0;

err_drop:
	bx_policy_drop(policy);
	return err;
}

static void bx_unreg(void *kdata, struct bpf_link *link)
{
	struct bx_policy *policy;

	mutex_lock(&bx_policy_mutex);
	policy = bx_policy_by_link(link);
	if (WARN_ON_ONCE(!policy)) {
		mutex_unlock(&bx_policy_mutex);
		return;
	}
	list_del(&policy->node);
	bx_npolicies--;
	policy->link = NULL;
	/* Detaching cannot fail, and the index must not name what is gone. */
	bx_publish(GFP_KERNEL | __GFP_NOFAIL);
	/* The name is free with the mutex: a closed link holds no other lock. */
	if (policy->kobj)
		bx_sysfs_del_policy(policy->kobj);
	mutex_unlock(&bx_policy_mutex);

	bx_ops_exit(policy->inst, policy->heir ? BX_EXIT_UPDATE :
						 BX_EXIT_DETACH);
	bx_trace_policy("detach", policy, policy->inst);
	if (bx_in_force(policy)) {
		bx_adopted_forget(policy->id);
		bx_bus_changed(policy->inst->bus);
	}
	bx_policy_drop(policy);
}

static int bx_update_check(const struct bus_ext_ops *ops,
			   const struct bus_ext_ops *old)
{
	struct module *owner;
	int adopted, err;

	if (!capable(CAP_SYS_ADMIN))
		return bx_refuse_ops(ops, -EPERM, "CAP_SYS_ADMIN is needed");
	if (ops->flags & BX_F_STAGED)
		return bx_refuse_ops(ops, -EINVAL,
				     "an update cannot be staged: attach it, and commit it");
	if (strcmp(ops->name, old->name))
		return bx_refuse_ops(ops, -EINVAL,
				     "an update cannot rename '%s'", old->name);
	if ((ops->flags ^ old->flags) & BX_F_SHADOW)
		return bx_refuse_ops(ops, -EINVAL,
				     "an update cannot %s shadow mode: attach it, and commit it",
				     ops->flags & BX_F_SHADOW ? "begin" : "end");
	if (strcmp(ops->bus, old->bus))
		return bx_refuse_ops(ops, -EINVAL,
				     "an update cannot move it from bus '%s' to '%s'",
				     old->bus, ops->bus);
	adopted = bx_scope_bus_get(ops->bus, &owner);
	if (adopted < 0)
		return adopted;
	err = bx_ops_check(ops, adopted);
	module_put(owner);
	return err;
}

/* Publish @inst in the place of the version in force. */
static int bx_policy_replace(struct bx_policy *policy, struct bx_inst *inst)
{
	struct bx_inst *old = policy->inst;
	int err;

	lockdep_assert_held(&bx_policy_mutex);
	if (!bx_in_force(policy))
		return bx_refuse(inst->shown, -EINVAL,
				 "it is not in force: attach another one");
	if (!bx_inst_live(old))
		return bx_refuse(inst->shown, -ESHUTDOWN,
				 "it is being ejected; attach it anew");
	list_del(&policy->node);
	policy->inst = inst;
	bx_policy_insert(policy);
	err = bx_publish(GFP_KERNEL);
	if (!err) {
		policy->generation++;
		return 0;
	}
	list_del(&policy->node);
	policy->inst = old;
	bx_policy_insert(policy);
	synchronize_srcu(&bx_srcu);	/* sysfs may have looked at @inst */
	return err;
}

static int bx_update(void *kdata, void *old_kdata, struct bpf_link *link)
{
	const struct bus_ext_ops *ops = kdata;
	struct bx_policy *policy;
	struct bx_inst *inst, *old;
	int err;

	err = bx_update_check(ops, old_kdata);
	if (err)
		return err;
	inst = bx_inst_alloc(ops);
	if (!inst)
		return -ENOMEM;
	err = bx_ops_init(ops);
	if (err) {
		bx_put_inst(inst);
		return err;
	}

	mutex_lock(&bx_policy_mutex);
	policy = bx_policy_by_link(link);
	if (!policy) {
		err = -ENOLINK;
		goto out;
	}
	kref_get(&policy->ref);
	inst->policy = policy;
	old = policy->inst;
	err = bx_policy_replace(policy, inst);
out:
	mutex_unlock(&bx_policy_mutex);
	if (err) {
		bx_ops_exit(inst, BX_EXIT_DETACH);
		bx_put_inst(inst);
		return err;
	}
	bx_refusal_forget(inst->shown);
	bx_ops_exit(old, BX_EXIT_UPDATE);
	bx_trace_policy("update", policy, inst);
	bx_put_inst(old);
	bx_bus_changed(inst->bus);
	return 0;
}

/* ---- commit ---- */

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
		err = bx_commit_mark(policy, BX_STAGE_STAGED, BX_STAGE_FORCE) ?:
		      bx_expect(policy->inst, &c->enter[i]);
		if (!err)
			policy->limit = c->enter[i].limit;
	}
	for (u32 i = 0; i < c->nr_leave && !err; i++) {
		policy = bx_policy_by_id(c->leave[i]);
		err = bx_commit_mark(policy, BX_STAGE_FORCE, BX_STAGE_RETIRED);
	}
	return err;
}

static bool bx_commit_enters(const struct bx_policy *policy)
{
	return policy->stage != policy->to && policy->to == BX_STAGE_FORCE;
}

static bool bx_commit_leaves(const struct bx_policy *policy)
{
	return policy->stage != policy->to && policy->to == BX_STAGE_RETIRED;
}

/* The policy that has the name, and the mode, of one that enters must leave. */
static int bx_commit_heirs(void)
{
	struct bx_policy *policy, *old;

	list_for_each_entry(policy, &bx_policies, node) {
		if (!bx_commit_enters(policy))
			continue;
		old = bx_policy_by_name(policy->inst, BX_STAGE_FORCE);
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
		if (bx_in_force(policy))
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
		if (bx_in_force(policy)) {
			bx_sysfs_move_policy(policy->kobj, policy);
			bx_trace_policy("commit", policy, policy->inst);
		} else if (policy->heir) {
			bx_adopted_inherit(policy->id, policy->heir->id);
			policy->kobj = NULL;
			bx_trace_policy("retire", policy, policy->inst);
		} else {
			bx_sysfs_del_policy(policy->kobj);
			policy->kobj = NULL;
			bx_adopted_forget(policy->id);
			bx_trace_policy("retire", policy, policy->inst);
		}
		bx_bus_changed(policy->inst->bus);
	}
}

/**
 * bx_policy_commit() - bring policies into force, and take others out
 * @commit: which
 *
 * With one new index, so every election and every call sees all of it or nothing.
 * What a policy that goes has decided on adopted buses is passed on to the one of
 * its name that comes, as with an update; one in shadow mode has decided nothing and
 * inherits nothing.
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

/* ---- the struct_ops type ---- */

static int bx_ops_type_init(struct btf *btf)
{
	bx_btf = btf;
	return 0;
}

static bool bx_ops_is_valid_access(int off, int size, enum bpf_access_type type,
				   const struct bpf_prog *prog,
				   struct bpf_insn_access_aux *info)
{
	return bpf_tracing_btf_ctx_access(off, size, type, prog, info);
}

/* Policies return answers; they change no kernel structure in place. */
static int bx_ops_btf_struct_access(struct bpf_verifier_log *log,
				    const struct bpf_reg_state *reg,
				    int off, int size)
{
	bpf_log(log, "bus_ext: contexts are read-only for programs\n");
	return -EACCES;
}

static const struct bpf_func_proto *
bx_ops_get_func_proto(enum bpf_func_id func_id, const struct bpf_prog *prog)
{
	return bpf_base_func_proto(func_id, prog);
}

static const struct bpf_verifier_ops bx_verifier_ops = {
	.get_func_proto		= bx_ops_get_func_proto,
	.is_valid_access	= bx_ops_is_valid_access,
	.btf_struct_access	= bx_ops_btf_struct_access,
};

static int bx_init_name(const struct bus_ext_ops *uops, char *to,
			const char *from, const char *what)
{
	int err = bx_name_check(from);

	if (err == -ENAMETOOLONG)
		return bx_refuse_ops(uops, err,
				     "%s has no end within %d bytes", what,
				     BX_NAME_LEN);
	if (err)
		return bx_refuse_ops(uops, err,
				     "%s must be of letters, digits, '_', '.' and '-'",
				     what);
	strscpy_pad(to, from, BX_NAME_LEN);
	return 1;
}

/*
 * Note which programs may sleep: what the kernel keeps of them does not tell.
 * The kernel takes care of the member itself, of a wrong program as well.
 */
static int bx_init_prog(struct bus_ext_ops *ops, const void *member, u32 op)
{
	int fd = *(const unsigned long *)member;
	struct bpf_prog *prog;

	if (!fd)
		return 0;
	prog = bpf_prog_get_type_dev(fd, BPF_PROG_TYPE_STRUCT_OPS, false);
	if (IS_ERR(prog))
		return PTR_ERR(prog);
	if (prog->sleepable)
		ops->sleepable |= op;
	bpf_prog_put(prog);
	return 0;
}

static int bx_ops_init_member(const struct btf_type *t,
			      const struct btf_member *member,
			      void *kdata, const void *udata)
{
	const struct bus_ext_ops *uops = udata;
	struct bus_ext_ops *ops = kdata;

	switch (__btf_member_bit_offset(t, member) / 8) {
	case offsetof(struct bus_ext_ops, call):
		return bx_init_prog(ops, &uops->call, BX_OP_CALL);
	case offsetof(struct bus_ext_ops, complete):
		return bx_init_prog(ops, &uops->complete, BX_OP_COMPLETE);
	case offsetof(struct bus_ext_ops, name):
		return bx_init_name(uops, ops->name, uops->name, "name");
	case offsetof(struct bus_ext_ops, bus):
		return bx_init_name(uops, ops->bus, uops->bus, "bus");
	case offsetof(struct bus_ext_ops, vendor):
		ops->vendor = uops->vendor;
		return 1;
	case offsetof(struct bus_ext_ops, priority):
		ops->priority = uops->priority;
		return 1;
	case offsetof(struct bus_ext_ops, flags):
		if (uops->flags & ~(u64)BX_F_ALL)
			return bx_refuse_ops(uops, -EINVAL,
					     "flags 0x%llx are not known here",
					     uops->flags & ~(u64)BX_F_ALL);
		ops->flags = uops->flags;
		return 1;
	case offsetof(struct bus_ext_ops, version):
		ops->version = uops->version;
		return 1;
	case offsetof(struct bus_ext_ops, calls):
		memcpy(ops->calls, uops->calls, sizeof(ops->calls));
		return 1;
	}
	return 0;
}

static s32 bx_stub_select(struct bx_select_ctx *ctx)
{
	return BX_PASS;
}

static s32 bx_stub_match(struct bx_match_ctx *ctx)
{
	return BX_NO_SCORE;
}

static void bx_stub_event(struct bx_event *event)
{
}

static s32 bx_stub_init(void)
{
	return 0;
}

static void bx_stub_exit(struct bx_exit_info *info)
{
}

static s32 bx_stub_call(struct bx_call *call)
{
	return BX_CALL_PASS;
}

static void bx_stub_complete(struct bx_call *call, s32 ret)
{
}

static struct bus_ext_ops bx_cfi_stubs = {
	.select		= bx_stub_select,
	.match		= bx_stub_match,
	.event		= bx_stub_event,
	.init		= bx_stub_init,
	.exit		= bx_stub_exit,
	.call		= bx_stub_call,
	.complete	= bx_stub_complete,
};

static struct bpf_struct_ops bx_struct_ops = {
	.verifier_ops	= &bx_verifier_ops,
	.init		= bx_ops_type_init,
	.init_member	= bx_ops_init_member,
	.reg		= bx_reg,
	.unreg		= bx_unreg,
	.update		= bx_update,
	.cfi_stubs	= &bx_cfi_stubs,
	.name		= "bus_ext_ops",
	.owner		= THIS_MODULE,
};

/**
 * bx_policy_init() - register the struct_ops type
 *
 * The kernel has no way to unregister one: it goes with the module's BTF.
 *
 * Return: 0 or an errno; -ENOENT when the module was built without BTF, which
 * the kernel itself would let pass in silence.
 */
int bx_policy_init(void)
{
	int err = register_bpf_struct_ops(&bx_struct_ops, bus_ext_ops);

	if (err) {
		pr_err("cannot register the struct_ops type: %d\n", err);
		return err;
	}
	if (!bx_btf) {
		pr_err("this module has no BTF that fits the running kernel; build it with pahole installed and against this kernel's own headers\n");
		return -ENOENT;
	}
	return 0;
}
