// SPDX-License-Identifier: GPL-2.0-only
/*
 * Policies in shadow mode: counts the elections that they would have decided differently
 */
#include "core.h"
#include "trace.h"

static bool bx_is_before(const struct bx_policy_chain *chain, const struct bx_inst *a,
			 const struct bx_inst *b)
{
	u32 i = 0;

	while (chain->inst[i] != a && chain->inst[i] != b)
		i++;
	return chain->inst[i] == a;
}

/* Whether a policy decided in the place of its select() */
static bool bx_by_select(const struct bx_election *e)
{
	return e->dec.by == BX_BY_SELECT || e->dec.by == BX_BY_QUARANTINE;
}

/*
 * Removes the named drivers that match() of the same policy vetoes: its veto does
 * not count otherwise.  Returns false after an invalid result.
 */
static bool bx_shadow_veto(struct bx_election *e, struct bx_inst *inst)
{
	struct bx_select_ctx *ctx = &e->ctx;
	u32 kept = 0;

	for (u32 i = 0; inst->ops->match && i < ctx->nchoices; i++) {
		const char *name = ctx->choice[i];
		struct bx_cand *c = bx_election_has_driver(e, name) ?
				    bx_cand_named(e, name) : NULL;
		s32 score = 0;

		if (c && bx_ask_match(e, inst, c, &score) != BX_WHY_WON)
			return false;
		if (score == BX_VETO)
			continue;
		if (kept != i)
			strscpy_pad(ctx->choice[kept], ctx->choice[i],
				    sizeof(ctx->choice[kept]));
		kept++;
	}
	if (inst->ops->match)
		ctx->nchoices = kept;
	return ctx->nchoices;
}

/*
 * Whether the policy could have given the device to a named driver.  Other
 * policies may not have been asked about the driver yet; they are asked dry, as
 * in an explanation.
 */
static bool bx_shadow_possible(struct bx_election *e, struct bx_inst *inst)
{
	bool possible;
	int error;

	if (!bx_shadow_veto(e, inst))
		return false;
	e->dry = true;
	possible = bx_choose(e, inst, BX_OPN_SELECT, &error) == BX_WHY_WON;
	e->dry = false;
	return possible;
}

/*
 * Whether this select() would have decided; @ret and @e->ctx.driver take how.
 */
static bool bx_shadow_decides(struct bx_election *e, struct bx_inst *inst,
			      s32 *ret)
{
	if (!inst->ops->select ||
	    (bx_by_select(e) && !bx_are_twins(inst, e->by) &&
	     bx_is_before(e->chain, e->by, inst)))
		return false;
	return bx_ask_select(e, inst, ret) == BX_WHY_WON && *ret != BX_PASS &&
	       (*ret != BX_SELECT || bx_shadow_possible(e, inst));
}

/*
 * Whether this match() would have vetoed the winner or preferred another
 * driver.  If a select() decided, a score changes nothing.
 */
static bool bx_shadow_match(struct bx_election *e, struct bx_inst *inst,
			    s32 *ret)
{
	struct bx_cand *best = NULL, *failed = NULL;
	s32 score, top = 0, top_failed = 0;

	for (u32 i = 0; inst->ops->match && i < e->ncands; i++) {
		struct bx_cand *c = &e->cands[i];
		bool wins = c->order == e->winner;

		if (c->vetoed || (!e->adopted && c->rec.error) ||
		    (e->adopted && !c->rec.claims && !wins) ||
		    (bx_by_select(e) && !wins))
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
		if (score > top && !c->rec.error) {
			top = score;
			best = c;
		} else if (score > top_failed && c->rec.error) {
			top_failed = score;
			failed = c;
		}
	}
	if (!best) {
		top = top_failed;
		best = failed;
	}
	if (!best && e->dec.by == BX_BY_SCORE && bx_are_twins(inst, e->by)) {
		*ret = BX_NO_SCORE;
		return true;
	}
	if (!best || best->order == e->winner || bx_by_select(e))
		return false;
	*ret = top;
	strscpy(e->ctx.driver, best->rec.name, sizeof(e->ctx.driver));
	return true;
}

/* The driver that the device gets, also by the own rule of an adopted bus; "" for none */
static const char *bx_driver_of(const struct bx_election *e)
{
	const struct bx_cand *winner = e->decided ? NULL : bx_cand_winner(e);

	return winner ? winner->rec.name : e->dec.driver;
}

/* Whether the outcome would differ if this policy were not in shadow mode. */
static bool bx_shadow_diverges(struct bx_election *e, u32 i, s32 *ret)
{
	struct bx_inst *inst = e->chain->inst[i];

	e->ctx.driver[0] = '\0';
	if (!bx_shadow_decides(e, inst, ret)) {
		e->ctx.driver[0] = '\0';
		if (!bx_may_run(e, i))
			return false;
		/* its twin decided, and it would not have */
		if (bx_by_select(e) && bx_are_twins(inst, e->by)) {
			*ret = BX_PASS;
			return true;
		}
		return bx_shadow_match(e, inst, ret);
	}
	switch (*ret) {
	case BX_SELECT:
		return strcmp(e->ctx.driver, bx_driver_of(e));
	case BX_REFUSE:
		return e->dec.outcome != BX_OUT_REFUSED;
	default:
		return e->dec.outcome != BX_OUT_DEFERRED;
	}
}

/*
 * Counts and traces each policy in shadow mode that would change the outcome.
 */
void bx_elect_shadow(struct bx_election *e)
{
	s32 ret = 0;

	if (e->dec.by == BX_BY_OVERRIDE || e->dec.by == BX_BY_HOOK)
		return;
	for (u32 i = 0; e->chain && i < e->chain->n; i++) {
		struct bx_inst *inst = e->chain->inst[i];

		if (!(inst->flags & BX_F_SHADOW) || !bx_may_run(e, i) ||
		    !bx_shadow_diverges(e, i, &ret))
			continue;
		this_cpu_inc(inst->counts->diverged);
		trace_bx_shadow(&e->ctx.dev, inst->name, ret, e->ctx.driver,
				&e->dec);
	}
}
