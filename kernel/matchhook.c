// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kernels whose driver core asks: CONFIG_DRIVER_MATCH_HOOK, see upstream/
 *
 * There, driver_match_device() asks about each driver that claims a device, and a probe is
 * preceded by a second question, under the device lock.  binding.c answers both, and
 * arms no veto.  With the parameter match_hook=0 it uses vetoes there as well.
 */
#include <linux/moduleparam.h>
#include "core.h"

#ifdef CONFIG_DRIVER_MATCH_HOOK
#include <linux/device/match.h>

static bool bx_match_hook = true;
module_param_named(match_hook, bx_match_hook, bool, 0444);
MODULE_PARM_DESC(match_hook, "whether the driver core asks; else drivers are vetoed when they are bound");

/* Constant from start to stop */
static struct driver_match_hook bx_hook;
static bool bx_hooked;

/**
 * bx_match_hook_start() - let the driver core ask about drivers
 * @match: answers without the device lock: whether a driver may be tried
 * @bind: answers under the device lock: whether it may be probed
 *
 * Context: process; no notifier of an adopted bus is registered.
 * Return: 0, also if vetoes are used; -EBUSY if another module answers.
 */
int bx_match_hook_start(bx_match_fn match, bx_match_fn bind)
{
	int err;

	if (!bx_match_hook)
		return 0;
	bx_hook = (struct driver_match_hook) { .match = match, .bind = bind };
	err = driver_match_hook_register(&bx_hook);
	bx_hooked = !err;
	return err;
}

/* Waits for answers that are being given.  Context: process; no lock is held. */
void bx_match_hook_stop(void)
{
	if (bx_hooked)
		driver_match_hook_unregister(&bx_hook);
	bx_hooked = false;
}

/* Whether the driver core asks, so that nothing is vetoed */
bool bx_match_hooked(void)
{
	return bx_hooked;
}
#endif
