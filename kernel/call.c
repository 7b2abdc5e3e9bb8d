// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dispatch: what happens to a call that a driver makes on its device
 *
 * bx_call() (<linux/bus_ext.h>) is the way of a call that nobody watches, and all
 * of it.  Here is that of a watched one:
 *
 *	policies in scope, in order: pass, deny, answer, redirect
 *	the provider, unless one of them denied, answered or redirected
 *	complete() of those that passed, in reverse order
 *
 * bx_srcu is held around programs and not around the provider, which may take as
 * long as it likes without holding up who attaches or detaches.  So the policies
 * that complete() are looked up once more: those of today that were there when
 * the call began, and that stand before the one that decided it.
 *
 * What is watched is a mask in each device, made of the policies in scope and
 * kept current under bx_device_mutex.  Tracing watches everything.
 */
#include <linux/hash.h>
#include <linux/sched.h>
#include "core.h"
#include "trace.h"

/* Calls of one task that may be under way inside of each other */
#define BX_CALL_DEPTH	8

static DECLARE_WAIT_QUEUE_HEAD(bx_call_wait);
static bool bx_call_tracing;	/* bx_device_mutex */

/* ---- how deep are we ---- */

/* A watched call, as long as it takes */
struct bx_frame {
	struct hlist_node	node;
	struct task_struct	*task;
};

static struct bx_frames {
	raw_spinlock_t		lock;	/* protects @list */
	struct hlist_head	list;
} bx_frames[64];

static struct bx_frames *bx_frames_of(const struct task_struct *task)
{
	return &bx_frames[hash_ptr(task, ilog2(ARRAY_SIZE(bx_frames)))];
}

/* Pairs with bx_frame_leave(); -ELOOP. */
static int bx_frame_enter(struct bx_frame *frame)
{
	struct bx_frames *frames = bx_frames_of(current);
	struct bx_frame *other;
	unsigned long flags;
	int depth = 0;

	frame->task = current;
	raw_spin_lock_irqsave(&frames->lock, flags);
	hlist_for_each_entry(other, &frames->list, node)
		depth += other->task == current;
	if (depth < BX_CALL_DEPTH)
		hlist_add_head(&frame->node, &frames->list);
	raw_spin_unlock_irqrestore(&frames->lock, flags);
	return depth < BX_CALL_DEPTH ? 0 : -ELOOP;
}

static void bx_frame_leave(struct bx_frame *frame)
{
	struct bx_frames *frames = bx_frames_of(frame->task);
	unsigned long flags;

	raw_spin_lock_irqsave(&frames->lock, flags);
	hlist_del(&frame->node);
	raw_spin_unlock_irqrestore(&frames->lock, flags);
}

/* ---- devices that other devices' calls go to ---- */

/**
 * bx_call_set_target() - name the device that a call goes to
 * @call: the call
 * @name: the device, on the same bus
 *
 * Context: any; a program runs.
 * Return: 0, -ENODEV, or -EINVAL when the call is complete.
 */
int bx_call_set_target(struct bx_call *call, const char *name)
{
	struct bx_device *to;

	if (call->completing)
		return -EINVAL;
	if (call->trial) {
		strscpy_pad(call->trial->to, name, sizeof(call->trial->to));
		return 0;
	}
	/*
	 * No reference is taken: that a call has begun holds off removal, which
	 * waits for RCU between marking the device and counting.
	 */
	rcu_read_lock();
	to = bx_device_find_rcu(call->bdev->bus, name);
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
	return 0;
}

void bx_call_drop_target(struct bx_call *call)
{
	if (call->to)
		bx_call_end(call->to);
	call->to = NULL;
	if (call->trial)
		call->trial->to[0] = '\0';
}

static bool bx_call_has_target(const struct bx_call *call)
{
	return call->trial ? *call->trial->to : !!call->to;
}

/* ---- one program ---- */

/* What policies see of an argument. */
static void bx_call_show(struct bx_call *call, void *arg, u32 len)
{
	u32 hidden = call->desc->hidden;

	if (len <= hidden)
		return;
	call->data = arg + hidden;
	call->len = len - hidden;
}

static bool bx_watches(const struct bx_inst *inst, u32 op)
{
	return inst->calls[op / 64] & BIT_ULL(op % 64);
}

static void bx_call_run_begin(struct bx_run *run, struct bx_call *call,
			      struct bx_inst *inst)
{
	bx_run_init(run, inst, call, call->dev, call->trial);
	if (!call->trial)
		atomic64_inc(&inst->policy->asked);
	bx_run_begin(run);
}

/* Run call(); false when the answer was impossible. */
static bool bx_ask_call(struct bx_call *call, struct bx_inst *inst, s32 *ret)
{
	struct bx_run run;

	call->result = 0;
	bx_call_run_begin(&run, call, inst);
	*ret = inst->ops->call(call);
	if (!bx_run_judge(&run))
		return false;
	if (*ret >= -MAX_ERRNO && *ret <= BX_CALL_REDIRECT &&
	    (*ret != BX_CALL_REDIRECT || bx_call_has_target(call)))
		return true;
	if (call->trial)
		return false;
	bx_eject(inst, BX_EXIT_RETURN, *ret, call->dev,
		 *ret == BX_CALL_REDIRECT ?
		 "call() returned BX_CALL_REDIRECT (%d) for '%s' without naming a device" :
		 "call() returned %d for '%s'; only -4095 to BX_CALL_REDIRECT is possible",
		 *ret, call->desc->name);
	return false;
}

/*
 * The answer of a policy in shadow mode, until its twin has answered: @inst is NULL when
 * there is none.
 */
struct bx_shadow {
	struct bx_inst	*inst;
	struct bx_call	call;
	void		*copy;
	s32		verdict;
};

/* In shadow mode a policy gets a copy to write to, and nothing is applied. */
static void bx_shadow_ask(struct bx_shadow *shadow, const struct bx_call *call,
			  struct bx_inst *inst)
{
	gfp_t gfp = call->desc->flags & BX_OPF_ATOMIC ? GFP_ATOMIC : GFP_KERNEL;

	shadow->call = *call;
	shadow->call.to = NULL;
	if (call->len) {
		shadow->copy = kmemdup(call->data, call->len,
				       gfp | __GFP_NOWARN);
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

/* @verdict: of the twin, and @call is as the twin has left it; else, of no policy */
static void bx_shadow_compare(struct bx_shadow *shadow,
			      const struct bx_call *call, s32 verdict)
{
	struct bx_inst *inst = shadow->inst;

	if (!inst)
		return;
	if (bx_shadow_differs(shadow, call, verdict)) {
		atomic64_inc(&inst->policy->diverged);
		trace_bx_shadow_call(call->dev, inst->name, call->desc->name,
				     shadow->verdict);
	}
	bx_call_drop_target(&shadow->call);
	kfree(shadow->copy);
	shadow->copy = NULL;
	shadow->inst = NULL;
}

/* ---- all of them ---- */

/*
 * The policy that decided a call, and as what; complete() ends above it.  Most
 * often there is none among those that were asked.
 */
struct bx_stop {
	bool	decided;
	bool	completes;
	bool	bad;		/* somebody gave an impossible answer */
	s32	verdict;
	s32	priority;
	char	name[BX_NAME_LEN];
};

static void bx_call_count(struct bx_policy *policy, s32 verdict)
{
	if (verdict < 0)
		atomic64_inc(&policy->denied);
	else if (verdict == BX_CALL_HANDLED)
		atomic64_inc(&policy->handled);
	else
		atomic64_inc(&policy->redirected);
}

static void bx_call_decide(struct bx_call *call, struct bx_inst *inst,
			   s32 verdict, struct bx_stop *stop)
{
	stop->decided = true;
	stop->verdict = verdict;
	stop->priority = inst->priority;
	strscpy(stop->name, inst->name, sizeof(stop->name));
	if (verdict < 0)
		call->result = verdict;
	if (!call->trial)
		bx_call_count(inst->policy, verdict);
}

static void bx_call_ask_chain(struct bx_call *call, struct bx_stop *stop,
			      const struct bx_chain *chain)
{
	struct bx_shadow shadow = {};
	s32 verdict;

	for (u32 i = 0; chain && i < chain->n && !stop->decided; i++) {
		struct bx_inst *inst = chain->inst[i];

		/* the twin, if there is one, is the next one */
		if (!bx_are_twins(inst, shadow.inst))
			bx_shadow_compare(&shadow, call, BX_CALL_PASS);

		if (!bx_watches(inst, call->op) || !bx_inst_live(inst))
			continue;
		stop->completes |= !!inst->ops->complete;
		if (!inst->ops->call)
			continue;
		if (inst->flags & BX_F_SHADOW) {
			if (!call->trial)
				bx_shadow_ask(&shadow, call, inst);
		} else if (!bx_ask_call(call, inst, &verdict)) {
			stop->bad = true;
		} else {
			bx_shadow_compare(&shadow, call, verdict);
			if (verdict)
				bx_call_decide(call, inst, verdict, stop);
		}
		/* whoever named a device must say so as well */
		if (stop->verdict != BX_CALL_REDIRECT)
			bx_call_drop_target(call);
	}
	bx_shadow_compare(&shadow, call, BX_CALL_PASS);
}

static void bx_call_ask(struct bx_call *call, struct bx_stop *stop)
{
	int idx = srcu_read_lock(&bx_srcu);

	bx_call_ask_chain(call, stop, bx_chain_lookup(call->dev->bus,
						      call->dev->vendor));
	srcu_read_unlock(&bx_srcu, idx);
}

/* Whether @inst stands before the policy that decided. */
static bool bx_is_above(const struct bx_inst *inst, const struct bx_stop *stop)
{
	if (!stop->decided)
		return true;
	if (inst->priority != stop->priority)
		return inst->priority > stop->priority;
	return strcmp(inst->name, stop->name) < 0;
}

static void bx_complete_one(struct bx_call *call, struct bx_inst *inst)
{
	s32 before = call->result;
	struct bx_run run;

	bx_call_run_begin(&run, call, inst);
	inst->ops->complete(call, before);
	if (!bx_run_judge(&run))
		call->result = before;
	else if (call->result != before && !call->trial)
		atomic64_inc(&inst->policy->amended);
}

static void bx_call_complete_chain(struct bx_call *call,
				   const struct bx_stop *stop, u64 newest,
				   const struct bx_chain *chain)
{
	call->completing = true;
	for (u32 i = chain ? chain->n : 0; i--; ) {
		struct bx_inst *inst = chain->inst[i];

		if (inst->ops->complete && bx_watches(inst, call->op) &&
		    bx_inst_live(inst) && !(inst->flags & BX_F_SHADOW) &&
		    inst->seq <= newest && bx_is_above(inst, stop))
			bx_complete_one(call, inst);
	}
}

static void bx_call_complete(struct bx_call *call, const struct bx_stop *stop,
			     u64 newest)
{
	int idx = srcu_read_lock(&bx_srcu);

	bx_call_complete_chain(call, stop, newest,
			       bx_chain_lookup(call->dev->bus,
					       call->dev->vendor));
	srcu_read_unlock(&bx_srcu, idx);
}

static void bx_call_trace(const struct bx_call *call,
			  const struct bx_stop *stop, u64 start)
{
	struct bx_call_rec rec = {
		.op = call->op, .ret = call->result,
		.verdict = stop->verdict,
		.duration_ns = ktime_get_ns() - start,
	};

	strscpy(rec.name, call->desc->name, sizeof(rec.name));
	strscpy(rec.policy, stop->name, sizeof(rec.policy));
	trace_bx_call(call->dev, &rec);
}

static int bx_call_dispatch(struct bx_call *call, void *arg, u32 len)
{
	u64 start = trace_bx_call_enabled() ? ktime_get_ns() : 0;
	u64 newest = bx_inst_newest();
	struct bx_stop stop = {};

	bx_call_ask(call, &stop);
	if (call->to)
		call->result = bx_call(call->to, call->op, arg, len);
	else if (!stop.decided)
		call->result = call->bdev->op[call->op](call->bdev, arg, len);
	if (stop.completes)
		bx_call_complete(call, &stop, newest);
	bx_call_drop_target(call);
	if (start)
		bx_call_trace(call, &stop, start);
	return call->result;
}

/**
 * bx_call_watched() - the way of a call that something watches
 * @bdev: the device
 * @op: operation of the contract, by number
 * @arg: its argument, in and out
 * @len: bytes at @arg
 *
 * For bx_call() alone.
 */
int bx_call_watched(struct bx_device *bdev, u32 op, void *arg, u32 len)
{
	const struct bx_op_desc *desc = &bdev->bus->contract->ops[op];
	struct bx_call call = {
		.dev = bdev->info, .op = op, .bdev = bdev, .desc = desc,
	};
	struct bx_frame frame;
	int ret;

	if (READ_ONCE(bdev->gone))
		return -ENODEV;
	ret = bx_frame_enter(&frame);
	if (ret)
		return ret;
	bx_call_show(&call, arg, len);
	ret = bx_call_dispatch(&call, arg, len);
	bx_frame_leave(&frame);
	return ret;
}
EXPORT_SYMBOL_GPL(bx_call_watched);

/* ---- calls that are not made ---- */

static int bx_try_check(const struct bx_contract *contract,
			const struct bx_trial_call *try)
{
	const struct bx_op_desc *desc;

	if (try->op >= contract->nr_ops || try->len > sizeof(try->data))
		return -EINVAL;
	desc = &contract->ops[try->op];
	if (try->len < desc->size ||
	    (try->len > desc->size && !(desc->flags & BX_OPF_VARLEN)))
		return -EINVAL;
	if (try->ret > 0 || try->ret < -MAX_ERRNO)
		return -EINVAL;
	return 0;
}

static void bx_try_run(struct bx_call *call, struct bx_stop *stop,
		       const struct bx_chain *chain, s32 provided)
{
	bx_call_ask_chain(call, stop, chain);
	if (!stop->decided || stop->verdict == BX_CALL_REDIRECT)
		call->result = provided;
	if (stop->completes)
		bx_call_complete_chain(call, stop, bx_inst_newest(), chain);
}

/* @out is in a map: only what is complete is written there. */
static int bx_try_contract(const struct bx_trial *trial,
			   const struct bx_contract *contract,
			   struct bx_trial_call *out)
{
	struct bx_trial_call *try __free(kfree) = NULL;
	struct bx_chain *chain __free(kfree) = NULL;
	struct bx_call call = { .dev = &trial->dev };
	struct bx_stop stop = {};
	int idx, err;

	try = kmemdup(out, sizeof(*out), GFP_KERNEL);
	if (!try)
		return -ENOMEM;
	err = bx_try_check(contract, try);
	if (err)
		return err;
	try->to[0] = '\0';
	call.trial = try;
	call.op = try->op;
	call.desc = &contract->ops[try->op];
	bx_call_show(&call, try->data, try->len);

	idx = srcu_read_lock(&bx_srcu);
	chain = bx_chain_try(trial, trial->dev.bus, trial->dev.vendor);
	err = PTR_ERR_OR_ZERO(chain);
	if (!err)
		bx_try_run(&call, &stop, chain, try->ret);
	srcu_read_unlock(&bx_srcu, idx);
	if (err)
		return err;
	try->ret = call.result;
	try->verdict = stop.verdict;
	try->why = stop.bad ? BX_WHY_BAD :
		   stop.decided ? BX_WHY_WON : BX_WHY_PASS;
	strscpy_pad(try->policy, stop.name, sizeof(try->policy));
	*out = *try;
	return 0;
}

/**
 * bx_call_try() - make a call as it would be
 * @trial: the device, described, and what would be different
 * @try: the call; takes what became of it
 *
 * Context: may sleep; not inside bx_srcu.
 * Return: see bx_trial_call().
 */
int bx_call_try(const struct bx_trial *trial, struct bx_trial_call *try)
{
	const struct bx_contract *contract;
	struct module *owner = NULL;
	int err;

	if (!bx_ends(trial->dev.name) || !bx_ends(trial->dev.bus))
		return -EINVAL;
	if (!bx_adopted_bus_get(trial->dev.bus))
		return -EOPNOTSUPP;
	err = bx_own_bus_get(trial->dev.bus, &owner);
	if (err)
		return err;
	err = bx_own_contract(trial->dev.bus, &contract);
	if (!err)
		err = contract ? bx_try_contract(trial, contract, try) :
				 -EOPNOTSUPP;
	module_put(owner);
	return err;
}

/* ---- what is watched ---- */

/**
 * bx_device_watch() - bring a device's mask of watched operations up to date
 * @bdev: the device
 *
 * Context: bx_device_mutex held.
 */
void bx_device_watch(struct bx_device *bdev)
{
	u64 watched[BX_CALL_WORDS] = {}, covered[BX_CALL_WORDS] = {};
	const struct bx_chain *chain;
	int idx;

	if (bdev->gone)
		return;
	idx = srcu_read_lock(&bx_srcu);
	chain = bx_chain_lookup(bdev->bus->name, bdev->id.vendor);
	for (u32 i = 0; chain && i < chain->n; i++) {
		struct bx_inst *inst = chain->inst[i];

		for (u32 w = 0; w < BX_CALL_WORDS && bx_inst_live(inst); w++) {
			watched[w] |= inst->calls[w];
			if (inst->ops->call && !(inst->flags & BX_F_SHADOW))
				covered[w] |= inst->calls[w];
		}
	}
	srcu_read_unlock(&bx_srcu, idx);
	for (u32 w = 0; w < BX_CALL_WORDS; w++) {
		WRITE_ONCE(bdev->watched[w],
			   bx_call_tracing ? ~0ULL : watched[w]);
		WRITE_ONCE(bdev->covered[w], covered[w]);
	}
}

/* For the tracepoint: someone listens, or no one any more. */
int bx_call_trace_on(void)
{
	bx_devices_watch(&bx_call_tracing, true);
	return 0;
}

void bx_call_trace_off(void)
{
	bx_devices_watch(&bx_call_tracing, false);
}

/**
 * bx_has_op() - whether somebody provides an operation
 * @bdev: the device
 * @op: operation of the contract, by number
 *
 * Context: any; the device was added.
 * Return: true when its provider or, as things are now, a policy may do it.
 */
bool bx_has_op(struct bx_device *bdev, u32 op)
{
	if (op >= bdev->bus->contract->nr_ops)
		return false;
	return bx_provides(bdev->provider, op) ||
	       READ_ONCE(bdev->covered[op / 64]) & BIT_ULL(op % 64);
}
EXPORT_SYMBOL_GPL(bx_has_op);

/* ---- the end of a device ---- */

/* Ends first: what ends in between was begun before, and is seen to be. */
static bool bx_call_idle(const struct bx_device *bdev)
{
	unsigned long begun = 0, ended = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		ended += READ_ONCE(per_cpu_ptr(bdev->calls, cpu)->ended);
	smp_mb();	/* pairs with the barrier that every processor passed */
	for_each_possible_cpu(cpu)
		begun += READ_ONCE(per_cpu_ptr(bdev->calls, cpu)->begun);
	return begun == ended;
}

/* A call has ended on a device that is gone; for bx_call() alone. */
void bx_call_drained(struct bx_device *bdev)
{
	wake_up_all(&bx_call_wait);
}
EXPORT_SYMBOL_GPL(bx_call_drained);

/**
 * bx_call_drain() - wait for calls in flight
 * @bdev: a device that is marked as gone
 *
 * The grace period is the barrier that bx_call() does without: whoever began
 * before it is counted from then on, and whoever begins after it sees the mark.
 *
 * Context: may sleep.
 */
void bx_call_drain(struct bx_device *bdev)
{
	/* like unregistering a network device: somebody waits for it */
	synchronize_rcu_expedited();
	wait_event(bx_call_wait, bx_call_idle(bdev));
}

void bx_call_init(void)
{
	for (u32 i = 0; i < ARRAY_SIZE(bx_frames); i++)
		raw_spin_lock_init(&bx_frames[i].lock);
}
