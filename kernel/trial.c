// SPDX-License-Identifier: GPL-2.0-only
/*
 * Trials: elections of described devices, which need not exist
 */
#include <linux/cleanup.h>
#include "core.h"

/**
 * bx_election_alloc_trial() - allocate the election of a described device
 * @trial: the description; must outlive the election
 *
 * Return: the election, to be freed with bx_election_free(); ERR_PTR(-EINVAL)
 * if a text has no NUL or a fact is invalid, ERR_PTR(-ENODEV) if the bus does not exist,
 * ERR_PTR(-ENOMEM).
 */
struct bx_election *bx_election_alloc_trial(const struct bx_trial *trial)
{
	const struct bx_dev_info *dev = &trial->dev;
	const struct bx_kind *kind;
	struct bx_election *e;
	struct module *owner;

	if (!bx_is_terminated(dev->name) || !bx_is_terminated(dev->bus) ||
	    !bx_is_terminated(dev->parent) ||
	    !bx_is_terminated(dev->parent_driver) ||
	    !bx_is_terminated(dev->modalias) ||
	    !bx_is_terminated(trial->override))
		return ERR_PTR(-EINVAL);
	for (u32 i = 0; i < trial->nr_drivers; i++) {
		if (!bx_is_terminated(trial->drivers[i].name))
			return ERR_PTR(-EINVAL);
	}
	for (u32 i = 0; i < trial->nr_facts; i++) {
		const struct bx_fact_rec *fact = &trial->facts[i];

		if (fact->fact >= BX_NR_FACTS || !bx_is_terminated(fact->value) ||
		    fact->error > 0 || fact->error < -MAX_ERRNO)
			return ERR_PTR(-EINVAL);
	}
	kind = bx_kind_get(dev->bus, &owner);
	if (!kind)
		return ERR_PTR(-ENODEV);
	module_put(owner);

	e = bx_election_alloc_log(true);
	if (!e)
		return ERR_PTR(-ENOMEM);
	e->trial = trial;
	e->adopted = kind->adopted;
	e->claimants = kind->claimants && kind->claimants(dev->bus);
	e->ctx.dev = *dev;
	e->ctx.dev.flags &= ~BX_DEV_ADOPTED;
	e->ctx.dev.flags |= kind->adopted ? BX_DEV_ADOPTED : 0;
	strscpy(e->override, trial->override, sizeof(e->override));
	return e;
}

static int bx_trial_candidates(struct bx_election *e)
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

/* The rule of an adopted bus: the first driver that claims the device wins. */
static void bx_trial_kernel_rule(struct bx_election *e)
{
	const struct bx_trial *trial = e->trial;

	for (u32 i = 0; i < trial->nr_drivers; i++) {
		const struct bx_candidate *c = &trial->drivers[i];
		bool wins = !e->decided && c->claims;

		e->dec.considered++;
		if (!c->claims)
			continue;
		bx_log_opinion(e, BX_OPN_ID_TABLE, NULL, c->name, 1,
			       wins ? BX_WHY_WON : BX_WHY_LATE, 0);
		if (wins)
			bx_decide(e, BX_BY_KERNEL, BX_OUT_DRIVER, c->name, NULL);
	}
	if (!e->decided)
		e->dec.by = BX_BY_KERNEL;
}

/**
 * bx_elect_trial() - hold the election of a described device
 * @e: from bx_election_alloc_trial(); @e->error is 0 if it has an outcome
 *
 * Context: may sleep; not inside bx_srcu.
 */
void bx_elect_trial(struct bx_election *e)
{
	int idx;

	e->error = e->adopted ? 0 : bx_trial_candidates(e);
	if (e->error)
		return;
	idx = srcu_read_lock(&bx_srcu);
	bx_elect(e, 0);
	srcu_read_unlock(&bx_srcu, idx);
	if (e->error || !e->adopted)
		return;
	if (e->judges)
		bx_elect_kernel(e);
	else
		bx_trial_kernel_rule(e);
}
