// SPDX-License-Identifier: GPL-2.0-only
/*
 * The election: which driver a device gets
 *
 * One election per device and generation, not one opinion per pair: the
 * callers (bus.c for our own buses, adopt.c for pci and platform) cache the
 * outcome.  Order of authority, highest first: the administrator's
 * driver_override, the hook, the policies' select() in order, the highest
 * match() score, the drivers' id tables.  A veto takes a driver out of
 * everything below the hook.
 *
 * Everything here runs inside a bx_srcu read section of bx_elect(), in process
 * context, with or without the device lock.
 */
#include <linux/cleanup.h>
#include <linux/hash.h>
#include <linux/sched.h>
#include "core.h"
#include "trace.h"

/* ---- running programs ---- */

/*
 * Programs that are running, by task.  One that runs in an interrupt stands
 * before those of the task that it interrupts, and ends before them.
 */
static struct bx_runs {
	raw_spinlock_t		lock;	/* protects @list */
	struct list_head	list;
} bx_runs[64];

static struct bx_runs *bx_runs_of(const struct task_struct *task)
{
	return &bx_runs[hash_ptr(task, ilog2(ARRAY_SIZE(bx_runs)))];
}

/* Pairs with bx_run_end(). */
void bx_run_begin(struct bx_run *run)
{
	struct bx_runs *runs = bx_runs_of(current);
	unsigned long flags;

	run->task = current;
	raw_spin_lock_irqsave(&runs->lock, flags);
	list_add(&run->node, &runs->list);
	raw_spin_unlock_irqrestore(&runs->lock, flags);
}

void bx_run_end(struct bx_run *run)
{
	struct bx_runs *runs = bx_runs_of(run->task);
	unsigned long flags;

	raw_spin_lock_irqsave(&runs->lock, flags);
	list_del(&run->node);
	raw_spin_unlock_irqrestore(&runs->lock, flags);
}

/**
 * bx_run_find() - the program that is calling a kfunc
 * @ctx: the context it was called with; NULL when the kfunc takes none
 *
 * The hook's context is not trusted by the verifier, so a pointer is believed
 * only when it is one that was handed to a program of this very task.
 *
 * Return: the run, valid until the program returns; NULL when there is none.
 */
struct bx_run *bx_run_find(const void *ctx)
{
	struct bx_runs *runs = bx_runs_of(current);
	struct bx_run *run, *found = NULL;
	unsigned long flags;

	raw_spin_lock_irqsave(&runs->lock, flags);
	list_for_each_entry(run, &runs->list, node) {
		if (run->task == current && (!ctx || run->ctx == ctx)) {
			found = run;
			break;
		}
	}
	raw_spin_unlock_irqrestore(&runs->lock, flags);
	return found;
}

static void bx_policy_begin(struct bx_run *run, struct bx_election *e,
			    struct bx_inst *inst, const void *ctx)
{
	bx_run_init(run, inst, ctx, &e->ctx.dev, e->dry);
	if (!e->dry)
		atomic64_inc(&inst->policy->asked);
	bx_run_begin(run);
}

/**
 * bx_run_judge() - end a run, and eject a policy that it showed to be bad
 * @run: from bx_run_begin()
 *
 * Return: false when a kfunc found the program at fault, or it gave up itself.
 */
bool bx_run_judge(struct bx_run *run)
{
	bx_run_end(run);
	if (!run->failed)
		return true;
	if (!run->dry)
		bx_eject(run->inst, run->kind, run->code, run->dev, "%s",
			 run->error);
	return false;
}

/* ---- the hook ---- */

/*
 * bpf_testmod and HID-BPF mark such functions the same way: weak and noinline
 * keep the compiler from folding the constant into the caller.
 */
__bpf_hook_start();

/**
 * bx_hook_select() - where an operator's own program decides
 * @ctx: the device
 *
 * A fmod_ret program attached here is asked before any policy: BX_PASS leaves
 * the device to them, the other values of enum bx_verdict decide.
 */
__weak noinline int bx_hook_select(struct bx_select_ctx *ctx)
{
	return BX_PASS;
}

__bpf_hook_end();

/* ---- one election ---- */

static struct bx_election *bx_election_alloc_log(bool explain)
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
 * bx_election_alloc() - prepare an election
 * @dev: the device
 * @explain: keep a log of opinions, change nothing
 *
 * Return: the election, to be freed with bx_election_free(); NULL when out of
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
	kfree(e);
}

/* Note an opinion. */
void bx_say(struct bx_election *e, enum bx_opinion_kind kind,
	    const struct bx_inst *inst, const char *driver, s32 verdict,
	    enum bx_opinion_why why, s32 error)
{
	struct bx_opinion *o;

	if (!e->log)
		return;
	if (e->nlog >= e->maxlog) {
		o = kvcalloc(2 * e->maxlog, sizeof(*o), GFP_KERNEL);
		if (!o) {
			e->log_lost = true;
			return;
		}
		memcpy(o, e->log, e->maxlog * sizeof(*o));
		kvfree(e->log);
		e->log = o;
		e->maxlog *= 2;
	}
	o = &e->log[e->nlog++];
	strscpy(o->policy, inst ? inst->name : "", sizeof(o->policy));
	o->policy_id = inst ? inst->policy->id : 0;
	o->flags = inst ? inst->flags : 0;
	strscpy(o->driver, driver ?: "", sizeof(o->driver));
	o->kind = kind;
	o->verdict = verdict;
	o->why = why;
	o->error = error;
}

static struct bx_cand *bx_cand_find(struct bx_election *e, const char *name)
{
	for (u32 i = 0; i < e->ncands; i++) {
		if (!strcmp(e->cands[i].rec.name, name))
			return &e->cands[i];
	}
	return NULL;
}

static void bx_decide(struct bx_election *e, enum bx_decider by,
		      enum bx_outcome outcome, const char *driver,
		      struct bx_inst *inst)
{
	struct bx_cand *c = driver ? bx_cand_find(e, driver) : NULL;

	e->decided = true;
	e->by = inst;
	e->dec.by = by;
	e->dec.outcome = outcome;
	strscpy(e->dec.driver, driver ?: "", sizeof(e->dec.driver));
	if (inst) {
		strscpy(e->dec.policy, inst->name, sizeof(e->dec.policy));
		e->dec.policy_id = inst->policy->id;
		e->absent_ok = inst->flags & BX_F_ABSENT_OK;
		if (!e->dry)
			atomic64_inc(&inst->policy->decided);
	}
	if (c && outcome == BX_OUT_DRIVER) {
		e->winner = c->order;
		if (by == BX_BY_SCORE)
			e->dec.score = c->score;
	}
}

/* Where the drivers of a trial are not those of the bus. */
static const struct bx_candidate *bx_trial_driver(const struct bx_trial *trial,
						  const char *name)
{
	for (u32 i = 0; i < trial->nr_drivers; i++) {
		if (!strcmp(trial->drivers[i].name, name))
			return &trial->drivers[i];
	}
	return NULL;
}

static bool bx_election_has_driver(struct bx_election *e, const char *name)
{
	if (e->adopted && !e->ctx.device)
		return bx_trial_driver(e->trial, name);
	if (e->adopted)
		return bx_driver_exists(e->ctx.dev.bus, name);
	return bx_cand_find(e, name);
}

/* Whoever names a driver gets it, or waits for it. */
static void bx_decide_driver(struct bx_election *e, enum bx_decider by,
			     const char *driver, struct bx_inst *inst)
{
	bx_decide(e, by, bx_election_has_driver(e, driver) ?
		  BX_OUT_DRIVER : BX_OUT_ABSENT, driver, inst);
}

static void bx_elect_override(struct bx_election *e)
{
	if (!*e->override)
		return;
	bx_decide_driver(e, BX_BY_OVERRIDE, e->override, NULL);
	bx_say(e, BX_OPN_OVERRIDE, NULL, e->override, 0, BX_WHY_WON, 0);
}

/*
 * Whether programs of the policy at @i may be run.  None is run after a mistake:
 * the policy is ejected then or, where an election ejects no policy (an
 * explanation, a trial), silent for the rest of it.
 */
static bool bx_speaks(const struct bx_election *e, u32 i)
{
	return bx_inst_live(e->chain->inst[i]) && !test_bit(i, e->silent);
}

static void bx_silence(struct bx_election *e, const struct bx_inst *inst)
{
	for (u32 i = 0; i < e->chain->n; i++) {
		if (e->chain->inst[i] == inst)
			__set_bit(i, e->silent);
	}
}

/* In a trial, a policy that enters has the limit that the trial gives it. */
static const struct bx_limit *bx_limit_of(const struct bx_election *e,
					  const struct bx_inst *inst)
{
	const struct bx_commit *c = e->trial ? &e->trial->change : NULL;

	for (u32 i = 0; c && i < c->nr_enter; i++) {
		if (c->enter[i].id == inst->policy->id)
			return &c->enter[i].limit;
	}
	return &inst->policy->limit;
}

/* A policy that names a driver: BX_WHY_WON when it may */
static enum bx_opinion_why bx_check_limit(struct bx_election *e,
					  struct bx_inst *inst,
					  const char *what, const char *driver)
{
	if (bx_limit_lists(bx_limit_of(e, inst), driver))
		return BX_WHY_WON;
	if (!e->dry)
		bx_eject(inst, BX_EXIT_UNLISTED, 0, &e->ctx.dev,
			 "%s named driver %s, which the limit of the policy does not list",
			 what, driver);
	return BX_WHY_UNLISTED;
}

static enum bx_opinion_why bx_check_match(struct bx_election *e,
					  struct bx_inst *inst,
					  const char *driver, s32 ret)
{
	if (ret == BX_VETO || ret == BX_NO_SCORE)
		return BX_WHY_WON;
	if (ret > BX_NO_SCORE && ret <= BX_SCORE_MAX)
		return bx_check_limit(e, inst, "match()", driver);
	if (!e->dry)
		bx_eject(inst, BX_EXIT_RETURN, ret, &e->ctx.dev,
			 "match() returned %d for driver %s; only -1 to %d is possible",
			 ret, driver, BX_SCORE_MAX);
	return BX_WHY_BAD;
}

/* Run one match(): BX_WHY_WON when the answer is possible, else why it is not */
static enum bx_opinion_why bx_ask_match(struct bx_election *e,
					struct bx_inst *inst,
					const struct bx_cand *c, s32 *ret)
{
	struct bx_match_ctx *ctx = &e->match;
	enum bx_opinion_why why;
	struct bx_run run;

	ctx->dev = e->ctx.dev;
	ctx->drv = c->rec;
	ctx->device = e->ctx.device;
	bx_policy_begin(&run, e, inst, ctx);
	*ret = inst->ops->match(ctx);
	why = bx_run_judge(&run) ?
		bx_check_match(e, inst, c->rec.name, *ret) : BX_WHY_BAD;
	if (why != BX_WHY_WON)
		bx_silence(e, inst);
	return why;
}

/* Judge a driver once: the first score counts, any veto stands. */
static void bx_judge_one(struct bx_election *e, struct bx_cand *c,
			 struct bx_inst *inst)
{
	enum bx_opinion_why why;
	s32 ret;

	why = bx_ask_match(e, inst, c, &ret);
	if (why != BX_WHY_WON) {
		/* the policy is silent from here on */
	} else if (!ret) {
		why = BX_WHY_PASS;
	} else if (inst->flags & BX_F_SHADOW) {
		why = BX_WHY_SHADOW;
	} else if (ret == BX_VETO) {
		why = BX_WHY_VETO;
		c->vetoed = true;
		if (!e->dry)
			atomic64_inc(&inst->policy->vetoed);
	} else {
		why = c->score ? BX_WHY_LATE : BX_WHY_LOW;
		if (!c->score) {
			c->score = ret;
			c->by = inst;
		}
	}
	bx_say(e, BX_OPN_MATCH, inst, c->rec.name, ret, why, 0);
}

static void bx_judge(struct bx_election *e, struct bx_cand *c)
{
	if (c->judged || !e->chain)
		return;
	c->judged = true;
	for (u32 i = 0; i < e->chain->n; i++) {
		struct bx_inst *inst = e->chain->inst[i];

		/* Policies in shadow mode are asked when all is decided. */
		if (!e->log && inst->flags & BX_F_SHADOW)
			continue;
		if (inst->ops->match && bx_speaks(e, i))
			bx_judge_one(e, c, inst);
	}
}

static void bx_elect_hook(struct bx_election *e)
{
	enum bx_opinion_why why = e->decided ? BX_WHY_LATE : BX_WHY_WON;
	struct bx_run run;
	s32 ret;

	if (e->trial && e->trial->flags & BX_TRIAL_ALONE)
		return;
	e->ctx.driver[0] = '\0';
	bx_run_init(&run, NULL, &e->ctx, &e->ctx.dev, e->dry);
	bx_run_begin(&run);
	ret = bx_hook_select(&e->ctx);
	bx_run_end(&run);

	if (ret == BX_PASS)
		return;
	if (ret < BX_PASS || ret > BX_DEFER ||
	    (ret == BX_SELECT && !*e->ctx.driver)) {
		why = BX_WHY_BAD;
		pr_warn_ratelimited("%s %s: ignored the hook: it returned %d%s\n",
				    e->ctx.dev.bus, e->ctx.dev.name, ret,
				    ret == BX_SELECT ?
				    " without naming a driver" : "");
	} else if (e->decided) {
		why = BX_WHY_LATE;
	} else if (ret == BX_SELECT) {
		bx_decide_driver(e, BX_BY_HOOK, e->ctx.driver, NULL);
		e->absent_ok = true;	/* there is nobody to eject */
	} else {
		bx_decide(e, BX_BY_HOOK, ret == BX_REFUSE ? BX_OUT_REFUSED :
			  BX_OUT_DEFERRED, NULL, NULL);
	}
	bx_say(e, BX_OPN_HOOK, NULL,
	       ret == BX_SELECT ? e->ctx.driver : NULL, ret, why, 0);
}

/* Why a named driver cannot be had, BX_WHY_WON when it can. */
static enum bx_opinion_why bx_obstacle(struct bx_election *e, const char *name,
				       int *error)
{
	struct bx_cand *c = bx_cand_find(e, name);

	*error = 0;
	if (!c)
		return BX_WHY_WON;
	if (c->rec.error) {
		*error = c->rec.error;
		return BX_WHY_FAILED;
	}
	bx_judge(e, c);
	return c->vetoed ? BX_WHY_VETOED : BX_WHY_WON;
}

static enum bx_opinion_why bx_check_select(struct bx_election *e,
					   struct bx_inst *inst, s32 ret)
{
	if (ret >= BX_PASS && ret <= BX_DEFER && ret != BX_SELECT)
		return BX_WHY_WON;
	if (ret == BX_SELECT && *e->ctx.driver)
		return bx_check_limit(e, inst, "select()", e->ctx.driver);
	if (!e->dry)
		bx_eject(inst, BX_EXIT_RETURN, ret, &e->ctx.dev,
			 ret == BX_SELECT ?
			 "select() returned BX_SELECT (%d) without naming a driver" :
			 "select() returned %d; only BX_PASS to BX_DEFER is possible",
			 ret);
	return BX_WHY_BAD;
}

/* Run one select(): BX_WHY_WON when the answer is possible, else why it is not */
static enum bx_opinion_why bx_ask_select(struct bx_election *e,
					 struct bx_inst *inst, s32 *ret)
{
	enum bx_opinion_why why;
	struct bx_run run;

	e->ctx.driver[0] = '\0';
	bx_policy_begin(&run, e, inst, &e->ctx);
	*ret = inst->ops->select(&e->ctx);
	why = bx_run_judge(&run) ? bx_check_select(e, inst, *ret) : BX_WHY_BAD;
	if (why != BX_WHY_WON)
		bx_silence(e, inst);
	return why;
}

static void bx_elect_select_one(struct bx_election *e, struct bx_inst *inst)
{
	enum bx_opinion_why why;
	int error = 0;
	s32 ret;

	why = bx_ask_select(e, inst, &ret);
	if (why != BX_WHY_WON)
		; /* the policy is silent from here on */
	else if (ret == BX_PASS)
		why = BX_WHY_PASS;
	else if (inst->flags & BX_F_SHADOW)
		why = BX_WHY_SHADOW;
	else if (e->decided)
		why = BX_WHY_LATE;
	else if (ret == BX_SELECT)
		why = bx_obstacle(e, e->ctx.driver, &error);

	bx_say(e, BX_OPN_SELECT, inst,
	       ret == BX_SELECT ? e->ctx.driver : NULL, ret, why, error);
	if (why != BX_WHY_WON)
		return;
	if (ret == BX_SELECT)
		bx_decide_driver(e, BX_BY_SELECT, e->ctx.driver, inst);
	else
		bx_decide(e, BX_BY_SELECT, ret == BX_REFUSE ? BX_OUT_REFUSED :
			  BX_OUT_DEFERRED, NULL, inst);
}

static void bx_elect_select(struct bx_election *e)
{
	for (u32 i = 0; e->chain && i < e->chain->n; i++) {
		struct bx_inst *inst = e->chain->inst[i];

		if (!e->log && (e->decided || inst->flags & BX_F_SHADOW))
			continue;
		if (inst->ops->select && bx_speaks(e, i))
			bx_elect_select_one(e, inst);
	}
}

static bool bx_cand_eligible(const struct bx_cand *c)
{
	return !c->vetoed && !c->rec.error;
}

static void bx_elect_score(struct bx_election *e)
{
	struct bx_cand *best = NULL;

	for (u32 i = 0; i < e->ncands; i++) {
		struct bx_cand *c = &e->cands[i];

		bx_judge(e, c);
		if (bx_cand_eligible(c) && c->score &&
		    (!best || c->score > best->score))
			best = c;
	}
	if (best && !e->decided)
		bx_decide(e, BX_BY_SCORE, BX_OUT_DRIVER, best->rec.name,
			  best->by);
}

static void bx_elect_id_table(struct bx_election *e)
{
	for (u32 i = 0; i < e->ncands; i++) {
		struct bx_cand *c = &e->cands[i];
		enum bx_opinion_why why = BX_WHY_WON;

		if (c->rec.error)
			why = BX_WHY_FAILED;
		else if (c->vetoed)
			why = BX_WHY_VETOED;
		else if (e->decided)
			why = strcmp(e->dec.driver, c->rec.name) ? BX_WHY_LATE :
			      BX_WHY_WON;
		if (!c->rec.claims) {
			bx_say(e, BX_OPN_CANDIDATE, NULL, c->rec.name, 0,
			       why == BX_WHY_LATE || (why == BX_WHY_WON &&
			       !e->decided) ? BX_WHY_PASS : why, c->rec.error);
			continue;
		}
		if (why == BX_WHY_WON && !e->decided)
			bx_decide(e, BX_BY_ID_TABLE, BX_OUT_DRIVER, c->rec.name,
				  NULL);
		bx_say(e, BX_OPN_ID_TABLE, NULL, c->rec.name, 1, why,
		       c->rec.error);
	}
}

/* The scores' fate is known only now. */
static void bx_settle_log(struct bx_election *e)
{
	for (u32 i = 0; i < e->nlog; i++) {
		struct bx_opinion *o = &e->log[i];
		struct bx_cand *c;

		if (o->kind != BX_OPN_MATCH || o->why != BX_WHY_LOW)
			continue;
		c = bx_cand_find(e, o->driver);
		if (c && c->rec.error)
			o->why = BX_WHY_FAILED;
		else if (c && c->vetoed)
			o->why = BX_WHY_VETOED;
		else if (e->dec.by != BX_BY_SCORE)
			o->why = BX_WHY_LATE;
		else if (!strcmp(e->dec.driver, o->driver))
			o->why = BX_WHY_WON;
	}
}

/* ---- policies in shadow mode ---- */

static bool bx_is_before(const struct bx_chain *chain, const struct bx_inst *a,
			 const struct bx_inst *b)
{
	u32 i = 0;

	while (chain->inst[i] != a && chain->inst[i] != b)
		i++;
	return chain->inst[i] == a;
}

/*
 * Could the policy have given the device to the driver that it names?  What
 * other policies think of the driver may not be known yet: they are asked as in
 * an explanation.
 */
static bool bx_shadow_possible(struct bx_election *e, struct bx_inst *inst)
{
	struct bx_cand *c = bx_cand_find(e, e->ctx.driver);
	bool possible;
	s32 score;
	int error;

	if (!c)
		return true;
	e->dry = true;
	possible = bx_obstacle(e, c->rec.name, &error) == BX_WHY_WON;
	e->dry = false;
	if (!possible || !inst->ops->match)
		return possible;
	return bx_ask_match(e, inst, c, &score) == BX_WHY_WON &&
	       score != BX_VETO;
}

/* Would this select() have decided?  @ret and @e->ctx.driver say what. */
static bool bx_shadow_decides(struct bx_election *e, struct bx_inst *inst,
			      s32 *ret)
{
	if (!inst->ops->select ||
	    (e->dec.by == BX_BY_SELECT && !bx_are_twins(inst, e->by) &&
	     bx_is_before(e->chain, e->by, inst)))
		return false;
	return bx_ask_select(e, inst, ret) == BX_WHY_WON && *ret != BX_PASS &&
	       (*ret != BX_SELECT || bx_shadow_possible(e, inst));
}

/*
 * Would this match() have vetoed the winner, or preferred another?  Where a
 * select() decided, a score changes nothing.
 */
static bool bx_shadow_match(struct bx_election *e, struct bx_inst *inst,
			    s32 *ret)
{
	struct bx_cand *best = NULL;
	s32 score, top = 0;

	for (u32 i = 0; inst->ops->match && i < e->ncands; i++) {
		struct bx_cand *c = &e->cands[i];
		bool wins = c->order == e->winner;

		if (!bx_cand_eligible(c) ||
		    (e->dec.by == BX_BY_SELECT && !wins))
			continue;
		if (bx_ask_match(e, inst, c, &score) != BX_WHY_WON)
			return false;
		if (score == BX_VETO && wins) {
			*ret = score;
			return true;
		}
		if (score == BX_VETO)
			continue;
		/* a score of the twin would not be there */
		if (c->score && !bx_are_twins(inst, c->by) &&
		    (!score || bx_is_before(e->chain, c->by, inst)))
			score = c->score;
		if (score > top) {
			top = score;
			best = c;
		}
	}
	if (!best && e->dec.by == BX_BY_SCORE && bx_are_twins(inst, e->by)) {
		*ret = BX_NO_SCORE;
		return true;
	}
	if (!best || best->order == e->winner || e->dec.by == BX_BY_SELECT)
		return false;
	*ret = top;
	strscpy(e->ctx.driver, best->rec.name, sizeof(e->ctx.driver));
	return true;
}

/* Would the outcome be another one if this policy were followed? */
static bool bx_shadow_diverges(struct bx_election *e, u32 i, s32 *ret)
{
	struct bx_inst *inst = e->chain->inst[i];

	e->ctx.driver[0] = '\0';
	if (!bx_shadow_decides(e, inst, ret)) {
		e->ctx.driver[0] = '\0';
		if (!bx_speaks(e, i))
			return false;
		/* its twin decides, and it would not */
		if (e->dec.by == BX_BY_SELECT && bx_are_twins(inst, e->by)) {
			*ret = BX_PASS;
			return true;
		}
		return bx_shadow_match(e, inst, ret);
	}
	switch (*ret) {
	case BX_SELECT:
		return strcmp(e->ctx.driver, e->dec.driver);
	case BX_REFUSE:
		return e->dec.outcome != BX_OUT_REFUSED;
	default:
		return e->dec.outcome != BX_OUT_DEFERRED;
	}
}

/* What policies in shadow mode would have changed, each by itself. */
static void bx_elect_shadow(struct bx_election *e)
{
	s32 ret = 0;

	if (e->dec.by == BX_BY_OVERRIDE || e->dec.by == BX_BY_HOOK)
		return;
	for (u32 i = 0; e->chain && i < e->chain->n; i++) {
		struct bx_inst *inst = e->chain->inst[i];

		if (!(inst->flags & BX_F_SHADOW) || !bx_speaks(e, i) ||
		    !bx_shadow_diverges(e, i, &ret))
			continue;
		atomic64_inc(&inst->policy->diverged);
		trace_bx_shadow(&e->ctx.dev, inst->name, ret, e->ctx.driver,
				&e->dec);
	}
}

/* ---- all of it ---- */

/**
 * bx_elect() - hold an election
 * @e: from bx_election_alloc(), with candidates and override filled in
 * @generation: of the caller's cache
 *
 * Context: inside bx_srcu, for the sake of @e's candidates; may sleep.  Never
 * called with bx_policy_mutex held.
 */
void bx_elect(struct bx_election *e, u64 generation)
{
	struct bx_chain *chain __free(kfree) = NULL;

	e->chain = bx_chain_lookup(e->ctx.dev.bus, e->ctx.dev.vendor);
	if (e->trial) {
		chain = bx_chain_try(e->trial, e->ctx.dev.bus,
				     e->ctx.dev.vendor);
		e->error = PTR_ERR_OR_ZERO(chain);
		if (e->error)
			return;
		e->chain = chain;
	}

	bx_elect_override(e);
	if (!e->decided || e->log)
		bx_elect_hook(e);
	if (!e->decided || e->log)
		bx_elect_select(e);
	if (!e->decided || e->log) {
		bx_elect_score(e);
		bx_elect_id_table(e);
	}
	if (e->log)
		bx_settle_log(e);
	else if (!e->dry)
		bx_elect_shadow(e);

	e->dec.considered = e->ncands;
	e->dec.generation = generation;
	e->dec.time_ns = ktime_get_ns();
	if (!e->dry)
		trace_bx_decide(&e->ctx.dev, &e->dec);
}

/* ---- elections of devices that do not exist ---- */

/**
 * bx_election_alloc_try() - prepare the election of a device that is described
 * @trial: the description; outlives the election
 *
 * Return: the election, to be freed with bx_election_free(); ERR_PTR(-EINVAL) for
 * a description that makes no sense, ERR_PTR(-ENODEV) when there is no such bus,
 * ERR_PTR(-ENOMEM).
 */
struct bx_election *bx_election_alloc_try(const struct bx_trial *trial)
{
	const struct bx_dev_info *dev = &trial->dev;
	struct module *owner = NULL;
	struct bx_election *e;
	bool adopted;

	if (!bx_ends(dev->name) || !bx_ends(dev->bus) ||
	    !bx_ends(dev->parent) || !bx_ends(dev->parent_driver) ||
	    !bx_ends(trial->override))
		return ERR_PTR(-EINVAL);
	for (u32 i = 0; i < trial->nr_drivers; i++) {
		if (!bx_ends(trial->drivers[i].name))
			return ERR_PTR(-EINVAL);
	}
	adopted = !bx_adopted_bus_get(dev->bus);
	if (!adopted && bx_own_bus_get(dev->bus, &owner))
		return ERR_PTR(-ENODEV);
	module_put(owner);

	e = bx_election_alloc_log(true);
	if (!e)
		return ERR_PTR(-ENOMEM);
	e->trial = trial;
	e->adopted = adopted;
	e->ctx.dev = *dev;
	e->ctx.dev.flags &= ~BX_DEV_ADOPTED;
	e->ctx.dev.flags |= adopted ? BX_DEV_ADOPTED : 0;
	strscpy(e->override, trial->override, sizeof(e->override));
	return e;
}

static int bx_try_candidates(struct bx_election *e)
{
	const struct bx_trial *trial = e->trial;

	e->cands = kvcalloc(trial->nr_drivers + 1, sizeof(*e->cands),
			    GFP_KERNEL);
	if (!e->cands)
		return -ENOMEM;
	for (u32 i = 0; i < trial->nr_drivers; i++) {
		e->cands[i].order = i + 1;
		e->cands[i].rec = trial->drivers[i];
	}
	e->ncands = trial->nr_drivers;
	return 0;
}

/* What the rule of an adopted bus makes of it: the first that claims it. */
static void bx_try_kernel(struct bx_election *e)
{
	const struct bx_trial *trial = e->trial;

	for (u32 i = 0; i < trial->nr_drivers; i++) {
		const struct bx_candidate *c = &trial->drivers[i];
		bool wins = !e->decided && c->claims;

		e->dec.considered++;
		if (!c->claims)
			continue;
		bx_say(e, BX_OPN_ID_TABLE, NULL, c->name, 1,
		       wins ? BX_WHY_WON : BX_WHY_LATE, 0);
		if (wins)
			bx_decide(e, BX_BY_KERNEL, BX_OUT_DRIVER, c->name, NULL);
	}
	if (!e->decided)
		e->dec.by = BX_BY_KERNEL;
}

/**
 * bx_elect_try() - hold the election of a device that is described
 * @e: from bx_election_alloc_try(); its error says whether it has an outcome
 *
 * Context: may sleep; not inside bx_srcu.
 */
void bx_elect_try(struct bx_election *e)
{
	int idx;

	e->error = e->adopted ? 0 : bx_try_candidates(e);
	if (e->error)
		return;
	idx = srcu_read_lock(&bx_srcu);
	bx_elect(e, 0);
	srcu_read_unlock(&bx_srcu, idx);
	if (!e->error && e->adopted)
		bx_try_kernel(e);
}

/* ---- events ---- */

static void bx_emit_one(struct bx_inst *inst, struct bx_event *event)
{
	struct bx_run run;

	bx_run_init(&run, inst, event, &event->dev, false);
	atomic64_inc(&inst->policy->asked);
	bx_run_begin(&run);
	inst->ops->event(event);
	bx_run_judge(&run);
}

/**
 * bx_emit_event() - tell the policies in scope what happened to a device
 * @dev: the device
 * @driver: the driver concerned, or ""
 * @kind: what happened
 *
 * Context: process; may sleep.
 */
void bx_emit_event(const struct bx_dev_info *dev, const char *driver,
		   enum bx_event_kind kind)
{
	const struct bx_chain *chain;
	struct bx_event *event;
	int idx;

	switch (kind) {
	case BX_EVENT_ADDED:
		trace_bx_create(dev, driver);
		break;
	case BX_EVENT_BOUND:
		trace_bx_bind(dev, driver);
		break;
	case BX_EVENT_UNBOUND:
		trace_bx_unbind(dev, driver);
		break;
	case BX_EVENT_REMOVED:
		trace_bx_remove(dev, driver);
		break;
	}

	idx = srcu_read_lock(&bx_srcu);
	chain = bx_chain_lookup(dev->bus, dev->vendor);
	event = chain ? kzalloc(sizeof(*event), GFP_KERNEL) : NULL;
	for (u32 i = 0; event && i < chain->n; i++) {
		struct bx_inst *inst = chain->inst[i];

		if (!inst->ops->event || !bx_inst_live(inst))
			continue;
		event->dev = *dev;
		event->kind = kind;
		strscpy(event->driver, driver, sizeof(event->driver));
		bx_emit_one(inst, event);
	}
	kfree(event);
	srcu_read_unlock(&bx_srcu, idx);
}

void bx_match_init(void)
{
	for (u32 i = 0; i < ARRAY_SIZE(bx_runs); i++) {
		raw_spin_lock_init(&bx_runs[i].lock);
		INIT_LIST_HEAD(&bx_runs[i].list);
	}
}
