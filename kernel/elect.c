// SPDX-License-Identifier: GPL-2.0-only
/*
 * The election: decides which driver a device gets
 *
 * There is one election per device and generation, not one opinion per pair;
 * the callers (own.c, override.c) cache the outcome.  Order of authority,
 * highest first: the administrator's driver_override, the hook, the policies'
 * select() in order, the highest match() score, the drivers' id tables or, on an
 * adopted bus, its own rule.  A veto excludes a driver from everything below the hook.
 * A quarantined policy refuses in the place of its select().
 *
 * bx_elect() and all that it calls run inside a bx_srcu read section, in
 * process context, with or without the device lock.
 */
#include <linux/cleanup.h>
#include <linux/mutex.h>
#include <linux/platform_device.h>
#include "core.h"
#include "trace.h"

/* ---- the hook ---- */

/*
 * As in bpf_testmod and HID-BPF, __weak and noinline keep the compiler from
 * folding the constant into the caller.
 */
__bpf_hook_start();

/**
 * bx_hook_select() - attach point of the operator's own program
 * @ctx: the device
 *
 * A fmod_ret program attached here runs before all policies.  BX_PASS leaves
 * the device to the policies; the other values of enum bx_verdict decide.
 *
 * Return: BX_PASS, unless a program replaces it.
 */
__weak noinline int bx_hook_select(struct bx_select_ctx *ctx)
{
	return BX_PASS;
}

__bpf_hook_end();

/* ---- one election ---- */

/**
 * bx_election_alloc_log() - allocate an election without a device
 * @explain: keep a log of opinions, change nothing
 *
 * The caller fills in the description of the device.
 *
 * Return: as bx_election_alloc().
 */
struct bx_election *bx_election_alloc_log(bool explain)
{
	struct bx_election *e = kzalloc(sizeof(*e), GFP_KERNEL);

	if (!e)
		return NULL;
	e->ctx.election = e;
	if (!explain)
		return e;
	e->dry = true;
	e->maxlog = 64;
	e->log = kvcalloc(e->maxlog, sizeof(*e->log), GFP_KERNEL);
	if (e->log)
		return e;
	kfree(e);
	return NULL;
}

/**
 * bx_election_alloc() - allocate an election and describe its device
 * @dev: the device
 * @explain: keep a log of opinions, change nothing
 *
 * Context: may sleep.
 * Return: the election, to be freed with bx_election_free(); NULL if out of
 * memory.
 */
struct bx_election *bx_election_alloc(struct device *dev, bool explain)
{
	struct bx_election *e = bx_election_alloc_log(explain);

	if (!e)
		return NULL;
	bx_dev_info_fill(dev, &e->ctx.dev);
	e->ctx.device = dev;
	if (dev_is_pci(dev))
		e->ctx.pdev = to_pci_dev(dev);
	else if (dev->bus == &platform_bus_type)
		e->ctx.platform = to_platform_device(dev);
	return e;
}

void bx_election_free(struct bx_election *e)
{
	if (!e)
		return;
	kvfree(e->cands);
	kvfree(e->log);
	bx_group_free(e);
	kfree(e);
}

/* Sets the outcome; @inst is the deciding policy, or NULL. */
void bx_decide(struct bx_election *e, enum bx_decider by,
	       enum bx_outcome outcome, const char *driver,
	       struct bx_inst *inst)
{
	struct bx_cand *c = driver ? bx_cand_find(e, driver) : NULL;

	e->decided = true;
	e->by = inst;
	e->dec.by = by;
	e->dec.outcome = outcome;
	e->dec.retry_ms = outcome == BX_OUT_DEFERRED ? e->ctx.retry_ms : 0;
	e->vendor = inst ? inst->vendor : BX_ANY;
	strscpy(e->dec.driver, driver ?: "", sizeof(e->dec.driver));
	if (inst) {
		strscpy(e->dec.policy, inst->name, sizeof(e->dec.policy));
		e->dec.policy_id = inst->policy->id;
		e->next_best = (by == BX_BY_SELECT || (by == BX_BY_SCORE && e->adopted)) &&
			       inst->flags & BX_F_NEXT_BEST;
		if (!e->dry)
			this_cpu_inc(inst->counts->decided);
	}
	if (c && outcome == BX_OUT_DRIVER) {
		e->winner = c->order;
		if (by == BX_BY_SCORE)
			e->dec.score = c->score;
	}
}

/*
 * The named driver wins; if it is not registered, the outcome is BX_OUT_ABSENT.
 */
static void bx_decide_driver(struct bx_election *e, enum bx_decider by,
			     const char *driver, struct bx_inst *inst)
{
	bool has = bx_election_has_driver(e, driver);

	bx_decide(e, by, has ? BX_OUT_DRIVER : BX_OUT_ABSENT, driver, inst);
	/* policies in shadow mode are asked later, with the same context */
	e->nchoices = by == BX_BY_OVERRIDE ? 0 : e->ctx.nchoices;
	if (!has)
		e->dec.driver_state = bx_absent_state(e, driver);
	else
		e->dec.driver_state = bx_election_claims(e, driver) ? 0 :
				      BX_DRIVER_UNCLAIMED;
}

static void bx_elect_override(struct bx_election *e)
{
	if (!*e->override)
		return;
	bx_decide_driver(e, BX_BY_OVERRIDE, e->override, NULL);
	if (e->dec.outcome == BX_OUT_ABSENT &&
	    !strcmp(e->override, BX_OVERRIDE_NONE))
		bx_decide(e, BX_BY_OVERRIDE, BX_OUT_REFUSED, NULL, NULL);
	bx_log_opinion(e, BX_OPN_OVERRIDE, NULL, e->override, 0, BX_WHY_WON, 0);
}

/*
 * BPF skips a fmod_ret program that another task runs on the same processor: one that sleeps, or
 * was preempted.  The hook would have no say in the second election, so only one asks it.
 */
static DEFINE_MUTEX(bx_hook_mutex);	/* serializes the hook */

static s32 bx_ask_hook(struct bx_election *e, struct bx_run *run)
{
	s32 ret;

	mutex_lock(&bx_hook_mutex);
	bx_run_init(run, NULL, "program", &e->ctx.dev, e->dry);
	bx_select_begin(&e->ctx, run);
	ret = bx_hook_select(&e->ctx);
	bx_select_end(&e->ctx);
	mutex_unlock(&bx_hook_mutex);
	return ret;
}

static void bx_elect_hook(struct bx_election *e)
{
	enum bx_opinion_why why = e->decided ? BX_WHY_LATE : BX_WHY_WON;
	struct bx_run run;
	int error;
	s32 ret;

	if (e->trial && e->trial->flags & BX_TRIAL_ALONE)
		return;
	bx_choices_clear(&e->ctx);
	ret = bx_ask_hook(e, &run);
	bx_choices_show(&e->ctx);
	bx_run_judge(&run);	/* the hook's time; it cannot be ejected */

	if (ret == BX_PASS)
		return;
	if (ret < BX_PASS || ret > BX_DEFER ||
	    (ret == BX_SELECT && !e->ctx.nchoices)) {
		why = BX_WHY_BAD;
		pr_warn_ratelimited("%s %s: hook ignored: it returned %d%s\n",
				    e->ctx.dev.bus, e->ctx.dev.name, ret,
				    ret == BX_SELECT ?
				    " without naming a driver" : "");
	} else if (e->decided) {
		why = BX_WHY_LATE;
	} else if (ret == BX_SELECT) {
		bx_choose(e, NULL, BX_OPN_HOOK, &error);
		bx_decide_driver(e, BX_BY_HOOK, e->ctx.driver, NULL);
	} else {
		bx_decide(e, BX_BY_HOOK, ret == BX_REFUSE ? BX_OUT_REFUSED :
			  BX_OUT_DEFERRED, NULL, NULL);
	}
	bx_log_opinion(e, BX_OPN_HOOK, NULL,
		       ret == BX_SELECT ? e->ctx.driver : NULL, ret, why, 0);
}

static void bx_elect_select_one(struct bx_election *e, struct bx_inst *inst)
{
	enum bx_opinion_why why;
	int error = 0;
	s32 ret;

	why = bx_ask_select(e, inst, &ret);
	if (why != BX_WHY_WON)
		; /* the policy is muted now */
	else if (ret == BX_PASS)
		why = BX_WHY_PASS;
	else if (inst->flags & BX_F_SHADOW)
		why = BX_WHY_SHADOW;
	else if (e->decided)
		why = BX_WHY_LATE;
	else if (ret == BX_SELECT)
		why = bx_choose(e, inst, BX_OPN_SELECT, &error);

	bx_log_opinion(e, BX_OPN_SELECT, inst,
		       ret == BX_SELECT ? e->ctx.driver : NULL, ret, why,
		       error);
	if (why != BX_WHY_WON)
		return;
	if (ret == BX_SELECT)
		bx_decide_driver(e, BX_BY_SELECT, e->ctx.driver, inst);
	else
		bx_decide(e, BX_BY_SELECT, ret == BX_REFUSE ? BX_OUT_REFUSED :
			  BX_OUT_DEFERRED, NULL, inst);
}

/* A quarantined policy refuses the device. */
static void bx_elect_closed(struct bx_election *e, struct bx_inst *inst)
{
	bx_log_opinion(e, BX_OPN_QUARANTINE, inst, NULL, BX_REFUSE,
		       e->decided ? BX_WHY_LATE : BX_WHY_WON, 0);
	if (!e->decided)
		bx_decide(e, BX_BY_QUARANTINE, BX_OUT_REFUSED, NULL, inst);
}

static void bx_elect_select(struct bx_election *e)
{
	for (u32 i = 0; e->chain && i < e->chain->n; i++) {
		struct bx_inst *inst = e->chain->inst[i];

		if (!e->log && (e->decided || inst->flags & BX_F_SHADOW))
			continue;
		if (inst->ops->select && bx_may_run(e, i))
			bx_elect_select_one(e, inst);
		if (bx_is_closed(e, i))
			bx_elect_closed(e, inst);
	}
}

/* match() of a policy may have been invalid after bx_elect_select(). */
static void bx_elect_match_closed(struct bx_election *e)
{
	for (u32 i = 0; e->chain && i < e->chain->n && !e->decided; i++) {
		if (bx_is_closed(e, i))
			bx_elect_closed(e, e->chain->inst[i]);
	}
}

static struct bx_cand *bx_better(struct bx_cand *best, struct bx_cand *c)
{
	return best && best->score >= c->score ? best : c;
}

/*
 * On an adopted bus, a device whose scored drivers have all rejected it stays with the
 * best of them: other drivers must not get it.
 */
static void bx_elect_score(struct bx_election *e)
{
	struct bx_cand *best = NULL, *failed = NULL;

	for (u32 i = 0; i < e->ncands; i++) {
		struct bx_cand *c = &e->cands[i];

		bx_judge(e, c);
		if (c->vetoed || !c->score || (e->adopted && !c->rec.claims))
			continue;
		if (bx_cand_eligible(c))
			best = bx_better(best, c);
		else if (e->adopted)
			failed = bx_better(failed, c);
	}
	best = best ?: failed;
	bx_elect_match_closed(e);
	if (best && !e->decided)
		bx_decide(e, BX_BY_SCORE, BX_OUT_DRIVER, best->rec.name,
			  best->by);
}

static enum bx_opinion_why bx_table_why(const struct bx_election *e,
					const struct bx_cand *c)
{
	/* the rule of an adopted bus knows nothing of former probes */
	if (c->rec.error && !e->adopted)
		return BX_WHY_FAILED;
	if (c->vetoed)
		return BX_WHY_VETOED;
	if (e->decided)
		return strcmp(e->dec.driver, c->rec.name) ? BX_WHY_LATE : BX_WHY_WON;
	return e->winner && c->rec.claims ? BX_WHY_LOW : BX_WHY_WON;
}

/* Policies have vetoed each driver that claims the device, of which there is one. */
static void bx_elect_vetoed(struct bx_election *e)
{
	for (u32 i = 0; i < e->ncands && !e->decided; i++) {
		const struct bx_cand *c = &e->cands[i];

		if (c->rec.claims && c->vetoed)
			bx_decide(e, BX_BY_VETO, BX_OUT_REFUSED, NULL, c->veto_by);
	}
}

/* On an adopted bus the first driver is only noted: the kernel's own rule will take it. */
static void bx_elect_id_table(struct bx_election *e)
{
	for (u32 i = 0; i < e->ncands; i++) {
		struct bx_cand *c = &e->cands[i];
		enum bx_opinion_why why = bx_table_why(e, c);
		struct bx_inst *veto_by = why == BX_WHY_VETOED ? c->veto_by : NULL;

		if (!c->rec.claims) {
			bx_log_opinion(e, BX_OPN_CANDIDATE, veto_by, c->rec.name,
				       0, why == BX_WHY_LATE ||
				       (why == BX_WHY_WON && !e->decided) ?
				       BX_WHY_PASS : why, c->rec.error);
			continue;
		}
		if (why == BX_WHY_WON && !e->decided && e->adopted)
			e->winner = c->order;
		else if (why == BX_WHY_WON && !e->decided)
			bx_decide(e, BX_BY_ID_TABLE, BX_OUT_DRIVER, c->rec.name,
				  NULL);
		bx_log_opinion(e, BX_OPN_ID_TABLE, veto_by, c->rec.name, 1, why,
			       c->rec.error);
	}
	if (e->adopted && !e->winner)
		bx_elect_vetoed(e);
}

/*
 * Sets the final reason of each score, which is known only after the election.
 */
static void bx_finish_log(struct bx_election *e)
{
	for (u32 i = 0; i < e->nlog; i++) {
		struct bx_opinion *o = &e->log[i];
		struct bx_cand *c;

		if (o->kind != BX_OPN_MATCH || o->why != BX_WHY_LOW)
			continue;
		c = bx_cand_find(e, o->driver);
		if (e->dec.by == BX_BY_SCORE && !strcmp(e->dec.driver, o->driver))
			o->why = BX_WHY_WON;
		else if (c && c->rec.error)
			o->why = BX_WHY_FAILED;
		else if (c && c->vetoed)
			o->why = BX_WHY_VETOED;
		else if (e->dec.by != BX_BY_SCORE)
			o->why = BX_WHY_LATE;
	}
}

/* ---- the whole election ---- */

/**
 * bx_elect() - hold an election
 * @e: from bx_election_alloc(), with override and, on an own bus, candidates filled in
 * @generation: generation of the caller's cache
 *
 * The outcome is in @e->dec; an election without an outcome has its errno in
 * @e->error.
 *
 * Context: inside bx_srcu, which @e's candidates must not outlive; may sleep.
 * Never called with bx_policy_mutex held.
 */
void bx_elect(struct bx_election *e, u64 generation)
{
	struct bx_policy_chain *chain __free(kfree) = NULL;

	e->chain = bx_chain_lookup(e->ctx.dev.bus, e->ctx.dev.vendor);
	if (e->trial) {
		chain = bx_trial_chain(e->trial, e->ctx.dev.bus,
				       e->ctx.dev.vendor);
		e->error = PTR_ERR_OR_ZERO(chain);
		if (e->error)
			return;
		e->chain = chain;
	}

	if (e->adopted && bx_chain_judges(e->chain)) {
		e->judges = true;
		if (bx_cands_collect(e))
			return;
	}
	if (e->log)
		e->ctx.dev.flags |= BX_DEV_TRIAL;
	bx_elect_override(e);
	if (!e->decided || e->log)
		bx_elect_hook(e);
	if (!e->decided || e->log)
		bx_elect_select(e);
	if ((!e->decided || e->log) && (!e->adopted || e->judges)) {
		bx_elect_score(e);
		bx_elect_id_table(e);
	}
	if (e->error)
		return;
	e->dec.considered = e->ncands;
	if (e->log)
		bx_finish_log(e);
	else if (!e->dry)
		bx_elect_shadow(e);

	e->dec.generation = generation;
	e->dec.time_ns = ktime_get_ns();
	if (!e->dry)
		trace_bx_decide(&e->ctx.dev, &e->dec);
}

/**
 * bx_elect_kernel() - let the own rule of an adopted bus decide, for an explanation
 * @e: after bx_elect(), with candidates
 */
void bx_elect_kernel(struct bx_election *e)
{
	const struct bx_cand *winner = bx_cand_winner(e);

	if (e->decided)
		return;
	e->dec.by = BX_BY_KERNEL;
	if (winner)
		bx_decide(e, BX_BY_KERNEL, BX_OUT_DRIVER, winner->rec.name, NULL);
}

/**
 * bx_elect_held() - count and trace a dry election whose outcome is applied
 * @e: after bx_elect()
 *
 * Context: as bx_elect(), in the same read section.
 */
void bx_elect_held(struct bx_election *e)
{
	e->dry = false;
	if (e->by) {
		this_cpu_inc(e->by->counts->asked);
		this_cpu_inc(e->by->counts->decided);
	}
	bx_elect_shadow(e);
	trace_bx_decide(&e->ctx.dev, &e->dec);
}
