// SPDX-License-Identifier: GPL-2.0-only
/*
 * The drivers that select() or the hook names, in order of preference
 *
 * The first of them wins that is registered, or whose module can be loaded.  Only
 * loading the module tells whether it can be: the election waits for a driver that
 * is not registered, and a note on the device (notes.c) keeps the result for the
 * next election.
 */
#include "core.h"

/**
 * bx_choice_add() - add a driver to those that a program names
 * @ctx: the context of the program
 * @name: a valid name
 *
 * Return: 0, also for a driver that was named before; -E2BIG if BX_MAX_CHOICES
 * drivers were named.
 */
int bx_choice_add(struct bx_select_ctx *ctx, const char *name)
{
	for (u32 i = 0; i < ctx->nchoices; i++) {
		if (!strcmp(ctx->choice[i], name))
			return 0;
	}
	if (ctx->nchoices == BX_MAX_CHOICES)
		return -E2BIG;
	strscpy_pad(ctx->choice[ctx->nchoices++], name, BX_NAME_LEN);
	return 0;
}

/*
 * Finds a driver of the trial of a described device by name, or NULL; they replace
 * the drivers of the bus.
 */
static const struct bx_candidate *bx_trial_driver(struct bx_election *e,
						  const char *name)
{
	const struct bx_trial *trial = e->ctx.device ? NULL : e->trial;

	for (u32 i = 0; trial && i < trial->nr_drivers; i++) {
		if (!strcmp(trial->drivers[i].name, name))
			return &trial->drivers[i];
	}
	return NULL;
}

/* Whether a driver is registered, in a trial of a described device: listed */
bool bx_election_has_driver(struct bx_election *e, const char *name)
{
	if (!e->adopted)
		return bx_cand_find(e, name);
	if (!e->ctx.device)
		return bx_trial_driver(e, name);
	return bx_bus_has_driver(e->ctx.device->bus, name);
}

/* Whether a registered driver can be bound to the device by the rule of its bus */
bool bx_election_claims(struct bx_election *e, const char *name)
{
	const struct bx_candidate *listed;

	if (!e->claimants)
		return true;
	if (e->ctx.device)
		return bx_rule_claims_by_name(e->ctx.device, name);
	listed = bx_trial_driver(e, name);
	return listed && listed->claims;
}

/* Returns what is known of a driver that is not registered. */
enum bx_driver_state bx_absent_state(struct bx_election *e, const char *name)
{
	enum bx_driver_state noted = bx_note_state(e->notes, name);

	return noted == BX_DRIVER_REJECTED ? BX_DRIVER_UNKNOWN : noted;
}

/**
 * bx_choice_state() - get what is known of a driver, without loading anything
 * @e: the election
 * @name: the driver
 *
 * Context: any; the programs of @e run, or have run.
 * Return: enum bx_driver_state.
 */
enum bx_driver_state bx_choice_state(struct bx_election *e, const char *name)
{
	const struct bx_candidate *listed = bx_trial_driver(e, name);
	struct bx_cand *c = bx_cand_find(e, name);

	if (!bx_election_has_driver(e, name))
		return bx_absent_state(e, name);
	if (!bx_election_claims(e, name))
		return BX_DRIVER_UNCLAIMED;
	return bx_note_state(e->notes, name) == BX_DRIVER_REJECTED || (c && c->rec.error) ||
	       (listed && listed->error) ?
	       BX_DRIVER_REJECTED : BX_DRIVER_REGISTERED;
}

/* Whether the election may wait for the module of a driver that is not registered */
static bool bx_may_come(struct bx_election *e, const char *name)
{
	switch (bx_absent_state(e, name)) {
	case BX_DRIVER_LOADING:
		return true;
	case BX_DRIVER_UNKNOWN:
		return e->may_load;
	default:
		return false;
	}
}

/* Returns BX_WHY_WON if the named driver can win, else the reason. */
static enum bx_opinion_why bx_try_choice(struct bx_election *e,
					 const struct bx_inst *inst,
					 const char *name, int *error)
{
	enum bx_opinion_why why;

	*error = 0;
	if (!bx_election_has_driver(e, name))
		return bx_may_come(e, name) ? BX_WHY_WON : BX_WHY_ABSENT;
	if (!bx_election_claims(e, name))
		return BX_WHY_UNCLAIMED;
	if (!inst)
		return BX_WHY_WON;
	why = bx_check_candidate(e, name, error);
	if (why == BX_WHY_WON && e->adopted && inst->flags & BX_F_NEXT_BEST &&
	    bx_choice_state(e, name) == BX_DRIVER_REJECTED)
		return BX_WHY_FAILED;
	return why;
}

/*
 * Without a driver that can win, the device waits for the first that is absent.  On
 * an adopted bus it stays with the last that rejected or does not claim it: other
 * drivers must not get it.
 */
static int bx_fallback(const struct bx_election *e,
		       const enum bx_opinion_why *why, u32 n)
{
	int last = -1;

	for (u32 i = 0; i < n; i++) {
		if (why[i] == BX_WHY_ABSENT)
			return i;
		if ((why[i] == BX_WHY_FAILED || why[i] == BX_WHY_UNCLAIMED) &&
		    e->adopted)
			last = i;
	}
	return last;
}

/**
 * bx_choose() - find the driver that wins among the named ones
 * @e: the election; @e->ctx.driver takes the driver
 * @inst: the policy, NULL for the hook
 * @kind: kind of the opinion, for the log of an explanation
 * @error: takes the errno of the probe of a driver that failed
 *
 * Logs the other drivers that were tried.
 *
 * Return: BX_WHY_WON, or the reason why @e->ctx.driver, the last one, cannot win.
 */
enum bx_opinion_why bx_choose(struct bx_election *e, const struct bx_inst *inst,
			      enum bx_opinion_kind kind, int *error)
{
	enum bx_opinion_why why[BX_MAX_CHOICES];
	const struct bx_select_ctx *ctx = &e->ctx;
	int errors[BX_MAX_CHOICES];
	u32 tried = 0, shown;
	int win;

	do {
		why[tried] = bx_try_choice(e, inst, ctx->choice[tried],
					   &errors[tried]);
	} while (why[tried++] != BX_WHY_WON && tried < ctx->nchoices);
	shown = tried - 1;
	win = why[shown] == BX_WHY_WON ? shown : bx_fallback(e, why, tried);
	if (win >= 0) {
		shown = win;
		why[win] = BX_WHY_WON;
		errors[win] = 0;
	}
	for (u32 i = 0; i < tried; i++) {
		if (i != shown)
			bx_log_opinion(e, kind, inst, ctx->choice[i], BX_SELECT,
				       why[i], errors[i]);
	}
	strscpy_pad(e->ctx.driver, ctx->choice[shown], sizeof(e->ctx.driver));
	*error = errors[shown];
	return why[shown];
}

/**
 * bx_choice_request() - note that the module of the elected driver is requested
 * @e: after bx_elect()
 *
 * Context: process; the lock of the device's decision is held.
 * Return: true if the caller must call bx_request_driver().
 */
bool bx_choice_request(struct bx_election *e)
{
	if (e->dec.outcome != BX_OUT_ABSENT || e->dec.by == BX_BY_OVERRIDE ||
	    e->dec.driver_state != BX_DRIVER_UNKNOWN || !e->may_load ||
	    !bx_note_set(e->notes, e->dec.driver, BX_DRIVER_LOADING))
		return false;
	e->dec.driver_state = BX_DRIVER_LOADING;
	return true;
}
