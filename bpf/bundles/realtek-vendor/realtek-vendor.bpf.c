// SPDX-License-Identifier: GPL-2.0-only
/*
 * Realtek's own drivers r8125 and r8127 claim ids that r8169 of the kernel claims
 * as well; which one a device gets is a matter of who is loaded first. Here it is
 * the operator's choice.
 */
#include <stdbool.h>
#include <bpf/bus_ext.bpf.h>

const volatile char prefer[8] = "vendor";

static s32 BX_OP(realtek_vendor_select, struct bx_select_ctx *ctx)
{
	bool kernel = prefer[0] == 'k';

	switch (ctx->dev.device) {
	case 0x8125:
		return bx_select(ctx, kernel ? "r8169" : "r8125");
	case 0x8127:
		return bx_select(ctx, kernel ? "r8169" : "r8127");
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
