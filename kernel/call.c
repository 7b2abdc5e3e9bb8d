// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dispatch of the calls that drivers make on their devices
 *
 * bx_call() (<linux/bus_ext.h>) handles unwatched calls inline.  A watched call
 * passes through
 *
 *	call() of the policies in scope, in order: pass, deny, answer, redirect
 *	the provider, unless a policy denied, answered or redirected the call
 *	complete() of the policies that passed, in reverse order
 *
 * RCU is held around programs but not around the provider, so a slow provider does
 * not delay attach or detach.  Therefore complete() needs the device's chain a second
 * time: it runs for the current policies that were active when the others were asked
 * and that have more authority than the deciding policy.
 *
 * watch.c maintains the masks of watched operations.
 */
#include <linux/hash.h>
#include <linux/sched.h>
#include "core.h"
#include "trace.h"

/* Most redirects, one inside the other, of one task */
#define BX_CALL_DEPTH	8

/* ---- nesting depth ---- */

/* A redirected call in progress */
struct bx_nested_call {
	struct hlist_node	node;
	struct task_struct	*task;
};

static struct bx_nesting {
	raw_spinlock_t		lock;	/* protects @list */
	struct hlist_head	list;
} bx_nesting[64];

static struct bx_nesting *bx_nesting_of(const struct task_struct *task)
{
	return &bx_nesting[hash_ptr(task, ilog2(ARRAY_SIZE(bx_nesting)))];
}

/* Returns -ELOOP if calls nest too deep; pairs with bx_nesting_leave(). */
static int bx_nesting_enter(struct bx_nested_call *nested)
{
	struct bx_nesting *nesting = bx_nesting_of(current);
	struct bx_nested_call *other;
	unsigned long flags;
	int depth = 0;

	nested->task = current;
	raw_spin_lock_irqsave(&nesting->lock, flags);
	hlist_for_each_entry(other, &nesting->list, node)
		depth += other->task == current;
	if (depth < BX_CALL_DEPTH)
		hlist_add_head(&nested->node, &nesting->list);
	raw_spin_unlock_irqrestore(&nesting->lock, flags);
	return depth < BX_CALL_DEPTH ? 0 : -ELOOP;
}

static void bx_nesting_leave(struct bx_nested_call *nested)
{
	struct bx_nesting *nesting = bx_nesting_of(nested->task);
	unsigned long flags;

	raw_spin_lock_irqsave(&nesting->lock, flags);
	hlist_del(&nested->node);
	raw_spin_unlock_irqrestore(&nesting->lock, flags);
}

/* ---- targets of redirected calls ---- */

/**
 * bx_call_set_target() - set the target device of a redirect
 * @call: the call
 * @name: name of the device, on the same bus
 *
 * Context: any; called by a running program.
 * Return: 0; -ENODEV if there is no such device; -EPERM if the policy does not have
 * it in its scope; -EINVAL in complete().
 */
int bx_call_set_target(struct bx_call *call, const char *name)
{
	struct bx_device *to;

	if (call->completing)
		return -EINVAL;
	if (call->trial) {
		strscpy_pad(call->trial->to, name, sizeof(call->trial->to));
		call->targeted = *name;
		return 0;
	}
	/*
	 * No reference is taken: bx_call_begin() holds off removal, which waits
	 * for RCU between marking the device and counting the calls.
	 */
	rcu_read_lock();
	to = bx_device_find_rcu(call->bdev->bus, name);
	if (to && !bx_in_scope(call->run->inst, to->bus->name, to->id.vendor)) {
		rcu_read_unlock();
		return -EPERM;
	}
	if (to)
		bx_call_begin(to);
	if (to && READ_ONCE(to->gone)) {
		bx_call_end(to);
		to = NULL;
	}
	rcu_read_unlock();
	if (!to)
		return -ENODEV;
	bx_call_drop_target(call);
	call->to = to;
	call->targeted = true;
	return 0;
}

void bx_call_drop_target(struct bx_call *call)
{
	/* the count is all that holds the device, and bx_call_end() reads it after that */
	rcu_read_lock();
	if (call->to)
		bx_call_end(call->to);
	rcu_read_unlock();
	call->to = NULL;
	call->targeted = false;
	if (call->trial)
		call->trial->to[0] = '\0';
}

/* ---- one program ---- */

/* Sets the part of the argument that is visible to policies. */
static void bx_call_set_arg(struct bx_call *call, void *arg, u32 len)
{
	u32 hidden = call->desc->hidden;

	if (len <= hidden)
		return;
	call->data = arg + hidden;
	call->len = len - hidden;
}

static bool bx_inst_watches(const struct bx_inst *inst, u32 op)
{
	return inst->calls[op / 64] & BIT_ULL(op % 64);
}

static void bx_call_run_init(struct bx_run *run, struct bx_call *call,
			     struct bx_inst *inst, const char *what)
{
	bx_run_init(run, inst, what, call->dev, call->trial);
	if (likely(!call->trial))
		this_cpu_inc(inst->counts->asked);
	call->run = run;
}

static noinline void bx_call_bad_verdict(const struct bx_call *call,
					 struct bx_inst *inst, s32 ret)
{
	if (call->trial)
		return;
	bx_eject(inst, BX_EXIT_RETURN, ret, call->dev,
		 ret == BX_CALL_REDIRECT ?
		 "call() returned BX_CALL_REDIRECT (%d) for '%s' without naming a device" :
		 "call() returned %d for '%s'; expected -4095 to BX_CALL_REDIRECT",
		 ret, call->desc->name);
}

/* Runs one call(); false if its result was invalid. */
static __always_inline bool bx_ask_call(struct bx_call *call, struct bx_inst *inst, s32 *ret)
{
	struct bx_run run __uninitialized;

	call->result = 0;
	bx_call_run_init(&run, call, inst, "call()");
	*ret = inst->call(call);
	call->run = NULL;
	if (!bx_run_judge(&run))
		return false;
	if (likely(*ret == BX_CALL_PASS))
		return true;
	if (likely(*ret >= -MAX_ERRNO && *ret <= BX_CALL_REDIRECT &&
		   (*ret != BX_CALL_REDIRECT || call->targeted)))
		return true;
	bx_call_bad_verdict(call, inst, *ret);
	return false;
}

/*
 * The result of a policy in shadow mode, kept until its twin has returned; @inst is NULL
 * without a result, and then no other member is valid.
 */
struct bx_shadow {
	struct bx_inst	*inst;
	struct bx_call	call;
	void		*copy;
	s32		verdict;
};

/* In shadow mode a policy gets a copy to write to, and nothing is applied. */
static noinline void bx_shadow_ask(struct bx_shadow *shadow,
				   const struct bx_call *call,
				   struct bx_inst *inst)
{
	shadow->call = *call;
	shadow->call.to = NULL;
	shadow->call.targeted = false;
	shadow->copy = NULL;
	if (call->len) {
		shadow->copy = kmemdup(call->data, call->len,
				       GFP_ATOMIC | __GFP_NOWARN);
		if (!shadow->copy)
			return;
		shadow->call.data = shadow->copy;
	}
	if (bx_ask_call(&shadow->call, inst, &shadow->verdict)) {
		shadow->inst = inst;
		return;
	}
	bx_call_drop_target(&shadow->call);
	kfree(shadow->copy);
	shadow->copy = NULL;
}

static bool bx_shadow_differs(const struct bx_shadow *shadow,
			      const struct bx_call *call, s32 verdict)
{
	if (shadow->verdict != verdict)
		return true;
	if (verdict == BX_CALL_HANDLED && shadow->call.result != call->result)
		return true;
	if (verdict == BX_CALL_REDIRECT && shadow->call.to != call->to)
		return true;
	return shadow->copy && memcmp(shadow->copy, call->data, call->len);
}

static noinline void __bx_shadow_compare(struct bx_shadow *shadow,
					 const struct bx_call *call, s32 verdict)
{
	struct bx_inst *inst = shadow->inst;

	if (bx_shadow_differs(shadow, call, verdict)) {
		this_cpu_inc(inst->counts->diverged);
		trace_bx_shadow_call(call->dev, inst->name, call->desc->name,
				     shadow->verdict);
	}
	bx_call_drop_target(&shadow->call);
	kfree(shadow->copy);
	shadow->copy = NULL;
	shadow->inst = NULL;
}

/* @verdict: of the twin, and @call is as the twin has left it; else, of no policy */
static void bx_shadow_compare(struct bx_shadow *shadow,
			      const struct bx_call *call, s32 verdict)
{
	if (shadow->inst)
		__bx_shadow_compare(shadow, call, verdict);
}

/* ---- all programs of a call ---- */

/*
 * The deciding policy of a call and its verdict.  complete() runs only for
 * policies that outrank it; @completes: a policy asked so far has complete().
 * @priority and @name are valid only if @decided: a call has no time to clear them.
 */
struct bx_call_decision {
	bool	decided;
	bool	completes;
	bool	bad;		/* a policy returned an invalid result */
	u64	gen;		/* of the chain that was asked */
	s32	verdict;
	s32	priority;
	char	name[BX_NAME_LEN];
};

static void bx_call_count(struct bx_inst *inst, s32 verdict)
{
	if (verdict < 0)
		this_cpu_inc(inst->counts->denied);
	else if (verdict == BX_CALL_HANDLED)
		this_cpu_inc(inst->counts->handled);
	else
		this_cpu_inc(inst->counts->redirected);
}

static void bx_call_decide(struct bx_call *call, struct bx_inst *inst,
			   s32 verdict, struct bx_call_decision *dec)
{
	dec->decided = true;
	dec->verdict = verdict;
	dec->priority = inst->priority;
	memcpy(dec->name, inst->name, sizeof(dec->name));
	if (verdict < 0)
		call->result = verdict;
	if (!call->trial)
		bx_call_count(inst, verdict);
}

/*
 * A quarantined policy denies the calls that it watches; so does one that is quarantined
 * for this call.
 */
static void bx_call_deny_closed(struct bx_call *call, struct bx_inst *inst,
				struct bx_shadow *shadow,
				struct bx_call_decision *dec)
{
	if (!bx_fails_closed(inst))
		return;
	bx_shadow_compare(shadow, call, -EPERM);
	bx_call_decide(call, inst, -EPERM, dec);
}

static void bx_call_ask_chain(struct bx_call *call,
			      struct bx_call_decision *dec,
			      const struct bx_policy_chain *chain)
{
	struct bx_shadow shadow __uninitialized;
	s32 verdict;

	dec->decided = false;
	dec->completes = false;
	dec->bad = false;
	dec->verdict = BX_CALL_PASS;
	dec->gen = chain ? chain->gen : 0;
	shadow.inst = NULL;
	for (u32 i = 0; chain && i < chain->n && !dec->decided; i++) {
		struct bx_inst *inst = chain->inst[i];

		/* a twin follows immediately */
		if (shadow.inst && !bx_are_twins(inst, shadow.inst))
			bx_shadow_compare(&shadow, call, BX_CALL_PASS);

		if (!bx_inst_watches(inst, call->op))
			continue;
		if (!bx_inst_live(inst)) {
			bx_call_deny_closed(call, inst, &shadow, dec);
			continue;
		}
		dec->completes |= inst->completes;
		if (!inst->call)
			continue;
		if (inst->flags & BX_F_SHADOW) {
			if (!call->trial)
				bx_shadow_ask(&shadow, call, inst);
		} else if (!bx_ask_call(call, inst, &verdict)) {
			dec->bad = true;
			bx_call_deny_closed(call, inst, &shadow, dec);
		} else {
			bx_shadow_compare(&shadow, call, verdict);
			if (verdict)
				bx_call_decide(call, inst, verdict, dec);
		}
		/* a target counts only with BX_CALL_REDIRECT */
		if (call->targeted && dec->verdict != BX_CALL_REDIRECT)
			bx_call_drop_target(call);
	}
	bx_shadow_compare(&shadow, call, BX_CALL_PASS);
}

static void bx_call_ask(struct bx_call *call, struct bx_call_decision *dec)
{
	rcu_read_lock();
	bx_call_ask_chain(call, dec, rcu_dereference(call->bdev->chain));
	rcu_read_unlock();
}

/* Whether @inst has more authority than the deciding policy. */
static bool bx_outranks(const struct bx_inst *inst,
			const struct bx_call_decision *dec)
{
	if (!dec->decided)
		return true;
	if (inst->priority != dec->priority)
		return inst->priority > dec->priority;
	return strcmp(inst->name, dec->name) < 0;
}

static void bx_complete_one(struct bx_call *call, struct bx_inst *inst)
{
	s32 before = call->result;
	struct bx_run run __uninitialized;

	bx_call_run_init(&run, call, inst, "complete()");
	inst->ops->complete(call, before);
	call->run = NULL;
	if (!bx_run_judge(&run))
		call->result = before;
	else if (call->result != before && !call->trial)
		this_cpu_inc(inst->counts->amended);
}

static void bx_call_complete_chain(struct bx_call *call,
				   const struct bx_call_decision *dec,
				   const struct bx_policy_chain *chain)
{
	call->completing = true;
	for (u32 i = chain ? chain->n : 0; i--; ) {
		struct bx_inst *inst = chain->inst[i];

		if (inst->completes && bx_inst_watches(inst, call->op) &&
		    bx_inst_live(inst) && !(inst->flags & BX_F_SHADOW) &&
		    inst->since <= dec->gen && bx_outranks(inst, dec))
			bx_complete_one(call, inst);
	}
}

static void bx_call_complete(struct bx_call *call,
			     const struct bx_call_decision *dec)
{
	rcu_read_lock();
	bx_call_complete_chain(call, dec, rcu_dereference(call->bdev->chain));
	rcu_read_unlock();
}

static void bx_call_trace(const struct bx_call *call,
			  const struct bx_call_decision *dec, u64 start)
{
	struct bx_call_rec rec = {
		.op = call->op, .ret = call->result,
		.verdict = dec->verdict,
		.duration_ns = ktime_get_ns() - start,
	};

	strscpy(rec.name, call->desc->name, sizeof(rec.name));
	strscpy(rec.policy, dec->decided ? dec->name : "", sizeof(rec.policy));
	trace_bx_call(call->dev, &rec);
}

/* Only redirects can nest without end, so others are not counted. */
static noinline int bx_call_redirected(struct bx_call *call, void *arg, u32 len)
{
	struct bx_nested_call nested;
	int ret = bx_nesting_enter(&nested);

	if (ret)
		return ret;
	ret = bx_call(call->to, call->op, arg, len);
	bx_nesting_leave(&nested);
	return ret;
}

static __always_inline int bx_call_dispatch(struct bx_call *call, void *arg, u32 len)
{
	u64 start = trace_bx_call_enabled() ? ktime_get_ns() : 0;
	struct bx_call_decision dec __uninitialized;

	bx_call_ask(call, &dec);
	if (call->to)
		call->result = bx_call_redirected(call, arg, len);
	else if (!dec.decided)
		call->result = call->bdev->op[call->op](call->bdev, arg, len);
	if (dec.completes)
		bx_call_complete(call, &dec);
	if (call->targeted)
		bx_call_drop_target(call);
	if (start)
		bx_call_trace(call, &dec, start);
	return call->result;
}

/**
 * bx_call_watched() - dispatch a watched call
 * @bdev: the device
 * @op: number of the operation in the contract
 * @arg: its argument, in and out
 * @len: size of @arg in bytes
 *
 * Only bx_call() calls this.
 *
 * Context: that of bx_call().
 * Return: as bx_call().
 */
int bx_call_watched(struct bx_device *bdev, u32 op, void *arg, u32 len)
{
	const struct bx_op_desc *desc = &bdev->bus->contract->ops[op];
	struct bx_call call __uninitialized;

	if (READ_ONCE(bdev->gone))
		return bx_device_is_stale(bdev) ? -ESTALE : -ENODEV;
	/* explicitly: a call has no time to clear memory twice */
	call.dev = bdev->info;
	call.op = op;
	call.len = 0;
	call.run = NULL;
	call.bdev = bdev;
	call.desc = desc;
	call.data = NULL;
	call.to = NULL;
	call.trial = NULL;
	call.result = 0;
	call.completing = false;
	call.targeted = false;
	bx_call_set_arg(&call, arg, len);
	return bx_call_dispatch(&call, arg, len);
}
EXPORT_SYMBOL_GPL(bx_call_watched);

/* ---- trials ---- */

static int bx_trial_check_call(const struct bx_contract *contract,
			       const struct bx_trial_call *tcall)
{
	const struct bx_op_desc *desc;

	if (tcall->op >= contract->nr_ops || tcall->len > sizeof(tcall->data))
		return -EINVAL;
	desc = &contract->ops[tcall->op];
	if (tcall->len < desc->size ||
	    (tcall->len > desc->size && !(desc->flags & BX_OPF_VARLEN)))
		return -EINVAL;
	if (tcall->ret > 0 || tcall->ret < -MAX_ERRNO)
		return -EINVAL;
	return 0;
}

static void bx_trial_dispatch(struct bx_call *call,
			      struct bx_call_decision *dec,
			      const struct bx_policy_chain *chain, s32 provided)
{
	bx_call_ask_chain(call, dec, chain);
	if (!dec->decided || dec->verdict == BX_CALL_REDIRECT)
		call->result = provided;
	if (dec->completes)
		bx_call_complete_chain(call, dec, chain);
}

static int bx_trial_run_contract(const struct bx_trial *trial,
				 const struct bx_contract *contract,
				 struct bx_trial_call *tcall)
{
	struct bx_policy_chain *chain __free(kfree) = NULL;
	struct bx_call call = { .dev = &trial->dev };
	struct bx_call_decision dec = {};
	int idx, err;

	err = bx_trial_check_call(contract, tcall);
	if (err)
		return err;
	tcall->to[0] = '\0';
	call.trial = tcall;
	call.op = tcall->op;
	call.desc = &contract->ops[tcall->op];
	bx_call_set_arg(&call, tcall->data, tcall->len);

	idx = srcu_read_lock(&bx_srcu);
	chain = bx_trial_chain(trial, trial->dev.bus, trial->dev.vendor);
	err = PTR_ERR_OR_ZERO(chain);
	if (!err)
		bx_trial_dispatch(&call, &dec, chain, tcall->ret);
	srcu_read_unlock(&bx_srcu, idx);
	if (err)
		return err;
	tcall->ret = call.result;
	tcall->verdict = dec.verdict;
	tcall->why = dec.bad ? BX_WHY_BAD :
		     dec.decided ? BX_WHY_WON : BX_WHY_PASS;
	strscpy_pad(tcall->policy, dec.decided ? dec.name : "",
		    sizeof(tcall->policy));
	return 0;
}

/**
 * bx_trial_run_call() - run the programs of a call without its provider
 * @trial: the described device and the assumed change of policies
 * @tcall: the call; takes the results, which are valid if there is no error
 *
 * Context: may sleep; not inside bx_srcu.
 * Return: see bx_trial_call().
 */
int bx_trial_run_call(const struct bx_trial *trial, struct bx_trial_call *tcall)
{
	const struct bx_contract *contract;
	const struct bx_kind *kind;
	struct module *owner;
	int err;

	if (!bx_is_terminated(trial->dev.name) ||
	    !bx_is_terminated(trial->dev.bus))
		return -EINVAL;
	kind = bx_kind_get(trial->dev.bus, &owner);
	if (!kind)
		return -ENODEV;
	contract = kind->contract ? kind->contract(trial->dev.bus) : NULL;
	err = contract ? bx_trial_run_contract(trial, contract, tcall) :
			 -EOPNOTSUPP;
	module_put(owner);
	return err;
}

/* ---- removal ---- */

/*
 * Sum @ended first: every call counted there is also counted in @begun, so
 * equal sums mean that no call is in flight.
 */
static bool bx_call_idle(const struct bx_device *bdev)
{
	unsigned long begun = 0, ended = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		ended += READ_ONCE(per_cpu_ptr(bdev->calls, cpu)->ended);
	smp_mb();	/* pairs with the barrier in bx_call_end() */
	for_each_possible_cpu(cpu)
		begun += READ_ONCE(per_cpu_ptr(bdev->calls, cpu)->begun);
	return begun == ended;
}

/*
 * Called by bx_call_end() on a device that is gone, in the context of the call.  So no
 * queue of waiters: its lock may sleep with PREEMPT_RT, and it would serve all devices.
 */
void bx_call_drained(struct bx_device *bdev)
{
	rcuwait_wake_up(&bdev->drain);
}
EXPORT_SYMBOL_GPL(bx_call_drained);

/**
 * bx_call_drain() - wait for calls in flight
 * @bdev: a device marked as gone
 *
 * The grace period replaces a barrier in bx_call(): a call that was counted before
 * its end is seen, and one that is counted later sees the mark, since its processor has
 * passed through a barrier before.
 *
 * Context: may sleep; once for each device.
 */
void bx_call_drain(struct bx_device *bdev)
{
	/* expedited, as for a network device: the caller waits */
	synchronize_rcu_expedited();
	rcuwait_wait_event(&bdev->drain, bx_call_idle(bdev), TASK_UNINTERRUPTIBLE);
}

void bx_call_init(void)
{
	for (u32 i = 0; i < ARRAY_SIZE(bx_nesting); i++)
		raw_spin_lock_init(&bx_nesting[i].lock);
}
