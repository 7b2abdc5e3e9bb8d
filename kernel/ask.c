// SPDX-License-Identifier: GPL-2.0-only
/*
 * Results of policies in an election: runs select() and match(), and checks what they
 * return
 */
#include "core.h"

/* Appends an opinion to the log of an explanation. */
void bx_log_opinion(struct bx_election *e, enum bx_opinion_kind kind,
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

/*
 * Whether programs of the policy at position @i may run.  None runs after an
 * invalid result: a real election ejects the policy; a dry one (an explanation,
 * a trial) ejects none, but mutes the policy until its end.
 */
bool bx_may_run(const struct bx_election *e, u32 i)
{
	return bx_inst_live(e->chain->inst[i]) && !test_bit(i, e->muted);
}

/*
 * Whether the policy at position @i is quarantined, or would be for the invalid
 * result that muted it
 */
bool bx_is_closed(const struct bx_election *e, u32 i)
{
	const struct bx_inst *inst = e->chain->inst[i];

	return bx_fails_closed(inst) && !bx_may_run(e, i) &&
	       (inst->ops->select || inst->ops->match);
}

static void bx_mute(struct bx_election *e, const struct bx_inst *inst)
{
	for (u32 i = 0; i < e->chain->n; i++) {
		if (e->chain->inst[i] == inst)
			__set_bit(i, e->muted);
	}
}

static void bx_elect_run_init(struct bx_run *run, struct bx_election *e,
			      struct bx_inst *inst, const char *what)
{
	bx_run_init(run, inst, what, &e->ctx.dev, e->dry);
	if (!e->dry)
		this_cpu_inc(inst->counts->asked);
}

/*
 * In a trial, the change of the trial gives the limit of a policy that enters.
 */
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

/* Returns BX_WHY_WON if the policy may name the driver. */
static enum bx_opinion_why bx_check_limit(struct bx_election *e,
					  struct bx_inst *inst,
					  const char *what, const char *driver)
{
	if (bx_limit_allows(bx_limit_of(e, inst), driver))
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
			 "match() returned %d for driver %s; expected -1 to %d",
			 ret, driver, BX_SCORE_MAX);
	return BX_WHY_BAD;
}

/* Runs one match(); BX_WHY_WON if the result is valid, else the reason. */
enum bx_opinion_why bx_ask_match(struct bx_election *e,
				 struct bx_inst *inst,
				 const struct bx_cand *c, s32 *ret)
{
	struct bx_match_ctx *ctx = &e->match;
	enum bx_opinion_why why;
	struct bx_run run;

	ctx->dev = e->ctx.dev;
	ctx->drv = c->rec;
	ctx->device = e->ctx.device;
	bx_elect_run_init(&run, e, inst, "match()");
	ctx->run = &run;
	*ret = inst->ops->match(ctx);
	ctx->run = NULL;
	why = bx_run_judge(&run) ?
		bx_check_match(e, inst, c->rec.name, *ret) : bx_run_why(&run);
	if (why != BX_WHY_WON)
		bx_mute(e, inst);
	return why;
}

/* The first veto is that which is shown. */
static void bx_veto_cand(struct bx_election *e, struct bx_cand *c, struct bx_inst *inst)
{
	if (c->vetoed)
		return;
	c->vetoed = true;
	c->veto_by = inst;
	if (!strcmp(c->rec.name, e->binding))
		strscpy(e->binding_veto, inst->name, sizeof(e->binding_veto));
}

/* Asks one policy about a driver: the first score counts, any veto stands. */
static void bx_judge_one(struct bx_election *e, struct bx_cand *c,
			 struct bx_inst *inst)
{
	enum bx_opinion_why why;
	s32 ret;

	why = bx_ask_match(e, inst, c, &ret);
	if (why != BX_WHY_WON) {
		/* the policy is muted now */
	} else if (!ret) {
		why = BX_WHY_PASS;
	} else if (inst->flags & BX_F_SHADOW) {
		why = BX_WHY_SHADOW;
	} else if (ret == BX_VETO) {
		why = BX_WHY_VETO;
		bx_veto_cand(e, c, inst);
		if (!e->dry)
			this_cpu_inc(inst->counts->vetoed);
	} else {
		why = c->score ? BX_WHY_LATE : BX_WHY_LOW;
		if (!c->score) {
			c->score = ret;
			c->by = inst;
		}
	}
	bx_log_opinion(e, BX_OPN_MATCH, inst, c->rec.name, ret, why, 0);
}

/* A quarantined policy with match() vetoes each driver: it could have. */
static void bx_veto_closed(struct bx_election *e, struct bx_cand *c,
			   struct bx_inst *inst)
{
	bx_veto_cand(e, c, inst);
	bx_log_opinion(e, BX_OPN_QUARANTINE, inst, c->rec.name, BX_VETO,
		       BX_WHY_VETO, 0);
}

void bx_judge(struct bx_election *e, struct bx_cand *c)
{
	if (c->judged || !e->chain)
		return;
	c->judged = true;
	for (u32 i = 0; i < e->chain->n; i++) {
		struct bx_inst *inst = e->chain->inst[i];

		/* bx_elect_shadow() asks policies in shadow mode at the end. */
		if (!e->log && inst->flags & BX_F_SHADOW)
			continue;
		if (!inst->ops->match)
			continue;
		if (bx_may_run(e, i))
			bx_judge_one(e, c, inst);
		if (bx_is_closed(e, i))
			bx_veto_closed(e, c, inst);
	}
}

/* Returns BX_WHY_WON if a named driver can win, else the reason. */
enum bx_opinion_why bx_check_candidate(struct bx_election *e,
				       const char *name, int *error)
{
	struct bx_cand *c = bx_cand_named(e, name);

	*error = 0;
	if (!c)		/* without memory, nothing tells that it is not vetoed */
		return e->judges ? BX_WHY_VETOED : BX_WHY_WON;
	if (c->rec.error && !e->adopted) {
		*error = c->rec.error;
		return BX_WHY_FAILED;
	}
	bx_judge(e, c);
	return c->vetoed ? BX_WHY_VETOED : BX_WHY_WON;
}

/* Returns BX_WHY_WON if the policy may name each of the drivers. */
static enum bx_opinion_why bx_check_limits(struct bx_election *e,
					   struct bx_inst *inst)
{
	enum bx_opinion_why why = BX_WHY_WON;

	for (u32 i = 0; i < e->ctx.nchoices && why == BX_WHY_WON; i++) {
		strscpy(e->ctx.driver, e->ctx.choice[i], sizeof(e->ctx.driver));
		why = bx_check_limit(e, inst, "select()", e->ctx.driver);
	}
	return why;
}

static enum bx_opinion_why bx_check_select(struct bx_election *e,
					   struct bx_inst *inst, s32 ret)
{
	if (ret >= BX_PASS && ret <= BX_DEFER && ret != BX_SELECT)
		return BX_WHY_WON;
	if (ret == BX_SELECT && e->ctx.nchoices)
		return bx_check_limits(e, inst);
	if (!e->dry)
		bx_eject(inst, BX_EXIT_RETURN, ret, &e->ctx.dev,
			 ret == BX_SELECT ?
			 "select() returned BX_SELECT (%d) without naming a driver" :
			 "select() returned %d; expected BX_PASS to BX_DEFER",
			 ret);
	return BX_WHY_BAD;
}

/*
 * Notes the groups that a program has asked for.  Without memory for their members it has
 * decided without knowing them: that counts as BX_DEFER.
 */
static void bx_ask_grouped(struct bx_election *e, struct bx_inst *inst,
			   struct bx_run *run, s32 *ret)
{
	if (e->asked & ~READ_ONCE(inst->groups))
		WRITE_ONCE(inst->groups, inst->groups | e->asked);
	if (!bx_group_is_missing(e, e->asked))
		return;
	run->failed = false;
	*ret = BX_DEFER;
}

/* Runs one select(); BX_WHY_WON if the result is valid, else the reason. */
enum bx_opinion_why bx_ask_select(struct bx_election *e,
				  struct bx_inst *inst, s32 *ret)
{
	u32 retry_ms = e->ctx.retry_ms;
	enum bx_opinion_why why;
	struct bx_run run;

	bx_group_read(e, READ_ONCE(inst->groups));
	do {
		e->asked = 0;
		e->ctx.retry_ms = retry_ms;
		bx_choices_clear(&e->ctx);
		bx_elect_run_init(&run, e, inst, "select()");
		bx_select_begin(&e->ctx, &run);
		*ret = inst->ops->select(&e->ctx);
		bx_select_end(&e->ctx);
	} while (bx_group_read(e, e->asked));
	bx_ask_grouped(e, inst, &run, ret);
	why = bx_run_judge(&run) ? bx_check_select(e, inst, *ret) :
				   bx_run_why(&run);
	if (why != BX_WHY_UNLISTED)
		bx_choices_show(&e->ctx);
	if (why != BX_WHY_WON)
		bx_mute(e, inst);
	return why;
}
