// SPDX-License-Identifier: GPL-2.0-only
/*
 * The parts of a composite device: a card in one place, and an NVMe controller
 *
 * Purpose: a driver needs two devices, here one that no other driver has, and one that works
 * with a driver of its own.  It is bound to the composite device pair.0 when both are there,
 * and unbound before one of them leaves (docs/lifecycle.md).
 *
 * Features: part() names a device as a part with bx_part(); facts by name, which tell one
 * card from another of the same model; BX_PART_BOUND, for the part that has its own driver.
 * select() keeps other drivers from the first part.
 *
 * Limits: the driver is that of the composite device, and must be written for it, see
 * <linux/bx_composite.h>; here the tests' module bxpair.
 */
#include <bpf/bus_ext.bpf.h>

#define PLACE	"0000:00:01.0"	/* as in 'bxctl explain': fact path */

static int is_card(const struct bx_dev_info *dev)
{
	return dev->vendor == 0x1234 && dev->device == 0x11e8;
}

static s32 BX_OP_SLEEPABLE(pair_part, struct bx_part_ctx *ctx)
{
	char path[BX_FACT_LEN];

	if (ctx->dev.class == 0x010802)
		bx_part(ctx, "pair.0/right", BX_PART_BOUND);
	else if (is_card(&ctx->dev) && bx_fact(ctx, BX_FACT_PATH, path) > 0 &&
		 bx_streq(path, PLACE))
		bx_part(ctx, "pair.0/left", 0);
	return 0;
}

static s32 BX_OP(pair_select, struct bx_select_ctx *ctx)
{
	return is_card(&ctx->dev) ? BX_REFUSE : BX_PASS;
}

BX_POLICY(pair,
	.bus = "pci",
	.part = (void *)pair_part,
	.select = (void *)pair_select,
);
