// SPDX-License-Identifier: GPL-2.0-only
/* Another version of good.bpf.c, which names a driver that is not there */
#include <bpf/bus_ext.bpf.h>

static s32 BX_OP(missing_driver, struct bx_select_ctx *ctx)
{
	if (ctx->dev.class != 0x060000)
		return BX_PASS;
	return bx_select(ctx, "missing");
}

BX_POLICY(loader_test, .bus = "pci", .select = (void *)missing_driver,
	  .version = 6);
