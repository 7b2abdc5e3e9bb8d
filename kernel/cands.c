// SPDX-License-Identifier: GPL-2.0-only
/*
 * Candidates: the drivers among which an election chooses
 *
 * On an own bus they are all its drivers (own.c).  An adopted bus may have hundreds of
 * drivers, and has its own rule.  So there they are collected only if a policy in scope
 * has match().  They are the drivers that claim the device, in order of registration, then
 * the one that is being bound, and those that policies name.
 */
#include "core.h"

struct bx_cand *bx_cand_find(struct bx_election *e, const char *name)
{
	for (u32 i = 0; i < e->ncands; i++) {
		if (!strcmp(e->cands[i].rec.name, name))
			return &e->cands[i];
	}
	return NULL;
}

/* Returns the candidate that wins, also by the own rule of an adopted bus, or NULL. */
struct bx_cand *bx_cand_winner(const struct bx_election *e)
{
	for (u32 i = 0; i < e->ncands; i++) {
		if (e->cands[i].order == e->winner)
			return &e->cands[i];
	}
	return NULL;
}

bool bx_cand_eligible(const struct bx_cand *c)
{
	return !c->vetoed && !c->rec.error;
}

static int bx_cands_grow(struct bx_election *e)
{
	u32 max = e->maxcands ? 2 * e->maxcands : 8;
	struct bx_cand *cands = kvcalloc(max, sizeof(*cands), GFP_KERNEL);

	if (!cands)
		return -ENOMEM;
	if (e->ncands)
		memcpy(cands, e->cands, e->ncands * sizeof(*cands));
	kvfree(e->cands);
	e->cands = cands;
	e->maxcands = max;
	return 0;
}

/* Adds a candidate on an adopted bus; other pointers to candidates become invalid. */
static struct bx_cand *bx_cand_add(struct bx_election *e, const char *name, bool claims)
{
	struct bx_cand *c;

	if (e->ncands == e->maxcands && bx_cands_grow(e))
		return NULL;
	c = &e->cands[e->ncands++];
	c->order = e->ncands;
	strscpy(c->rec.name, name, sizeof(c->rec.name));
	c->rec.claims = claims;
	/* the driver core does not report the errno */
	if (bx_note_state(e->notes, c->rec.name) == BX_DRIVER_REJECTED)
		c->rec.error = -ENODEV;
	return c;
}

static int bx_cand_add_claimant(const char *name, void *data)
{
	return bx_cand_add(data, name, true) ? 0 : -ENOMEM;
}

/* The drivers of the description replace those of the bus. */
static int bx_cands_described(struct bx_election *e)
{
	const struct bx_trial *trial = e->trial;
	struct bx_cand *c;

	for (u32 i = 0; i < trial->nr_drivers; i++) {
		if (!trial->drivers[i].claims)
			continue;
		c = bx_cand_add(e, trial->drivers[i].name, true);
		if (!c)
			return -ENOMEM;
		c->rec = trial->drivers[i];
	}
	return 0;
}

/**
 * bx_cands_collect() - collect the candidates on an adopted bus
 * @e: the election
 *
 * Context: process, may sleep; inside bx_srcu.
 * Return: 0 or -ENOMEM, which the election keeps.
 */
int bx_cands_collect(struct bx_election *e)
{
	e->error = e->ctx.device ?
		   bx_rule_walk_claimants(e->ctx.device, bx_cand_add_claimant, e) :
		   bx_cands_described(e);
	/* the driver core has found it; it may be too new for the walk */
	if (!e->error && *e->binding && !bx_cand_find(e, e->binding) &&
	    !bx_cand_add(e, e->binding, true))
		e->error = -ENOMEM;
	return e->error;
}

/**
 * bx_cand_named() - find the candidate that a policy names, or add it
 * @e: the election
 * @name: a registered driver
 *
 * Return: the candidate; NULL if no policy in scope has match() on an adopted bus, if an
 * own bus has no such driver, or without memory.
 */
struct bx_cand *bx_cand_named(struct bx_election *e, const char *name)
{
	struct bx_cand *c = bx_cand_find(e, name);

	if (c || !e->judges)
		return c;
	c = bx_cand_add(e, name, false);
	if (!c)
		e->error = -ENOMEM;
	return c;
}
