// SPDX-License-Identifier: GPL-2.0-only
/*
 * A quota: each user may have a number of devices of a vendor
 *
 * Purpose: a parent creates devices on request (bxctl create), here on the bus bx-sf; no user
 * gets more than four of vendor 0xf055 at the same time.
 *
 * Features: admit(), which is asked before a device is created.  An errno refuses it, and
 * the reason is shown to the user.  The context tells the task, its user and its cgroup, the
 * type, and how many devices there are with this one.
 *
 * Limits: a user of a container counts as the user that it is outside.  Devices that were
 * created before the policy was attached count, too, but are not removed.
 */
#include <bpf/bus_ext.bpf.h>

#define EDQUOT	122

const volatile u32 most = 4;

static s32 BX_OP(quota_admit, struct bx_admit_ctx *ctx)
{
	if (ctx->of_user <= most)
		return 0;
	bx_admit_reason(ctx, "the user has as many devices as the quota allows");
	return -EDQUOT;
}

BX_POLICY(quota,
	.bus = "bx-sf",
	.vendor = 0xf055,
	.admit = (void *)quota_admit,
);
