// SPDX-License-Identifier: GPL-2.0-only
/*
 * The own rule of an adopted bus in an explanation
 *
 * With match() in scope, the drivers that claim the device are candidates, and so part of
 * the election (elect.c).  Without, this asks the rule for the explanation only.
 */
#include "core.h"

struct bx_rule_walk {
	struct bx_election	*e;
	char			first[BX_NAME_LEN];
};

static int bx_rule_explain_driver(const char *driver, void *data)
{
	struct bx_rule_walk *walk = data;
	struct bx_election *e = walk->e;

	if (!*walk->first)
		strscpy(walk->first, driver, sizeof(walk->first));
	bx_log_opinion(e, BX_OPN_ID_TABLE, NULL, driver, 1,
		       e->decided ? BX_WHY_LATE :
		       strcmp(walk->first, driver) ? BX_WHY_LOW : BX_WHY_WON, 0);
	return 0;
}

static int bx_count_driver(struct device_driver *drv, void *data)
{
	struct bx_election *e = data;

	e->dec.considered++;
	return 0;
}

/**
 * bx_rule_explain() - log the drivers that the own rule of the bus matches
 * @e: an election with a log; if it has no outcome, the first driver wins
 *
 * Context: process.
 * Return: 0 or -ENOMEM.
 */
int bx_rule_explain(struct bx_election *e)
{
	struct bx_rule_walk walk = { .e = e };
	struct device *dev = e->ctx.device;
	int err;

	e->dec.considered = 0;
	bus_for_each_drv(dev->bus, NULL, e, bx_count_driver);
	err = bx_rule_walk_claimants(dev, bx_rule_explain_driver, &walk);
	if (err || e->decided)
		return err;
	e->dec.by = BX_BY_KERNEL;
	strscpy(e->dec.driver, walk.first, sizeof(e->dec.driver));
	if (*walk.first)
		e->dec.outcome = BX_OUT_DRIVER;
	return 0;
}
