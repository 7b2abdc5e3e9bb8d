// SPDX-License-Identifier: GPL-2.0-only
/*
 * Realtek's own drivers r8125 and r8127 claim ids that r8169 of the kernel claims
 * as well. Without a policy a device gets the driver that is loaded first. With
 * this policy the operator chooses, and gets the other one where that is not
 * installed.
 */
#include <stdbool.h>
#include <bpf/bus_ext.bpf.h>

const volatile char prefer[8] = "vendor";

static s32 BX_OP(realtek_vendor_select, struct bx_select_ctx *ctx)
{
	bool kernel = prefer[0] == 'k';

	switch (ctx->dev.device) {
	case 0x8125:
		return kernel ? bx_select(ctx, "r8169", "r8125") :
				bx_select(ctx, "r8125", "r8169");
	case 0x8127:
		return kernel ? bx_select(ctx, "r8169", "r8127") :
				bx_select(ctx, "r8127", "r8169");
	default:
		return BX_PASS;
	}
}

BX_POLICY(realtek_vendor,
	.bus = "pci",
	.vendor = 0x10ec,
	.version = 1,
	.select = (void *)realtek_vendor_select,
);
