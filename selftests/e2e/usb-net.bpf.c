// SPDX-License-Identifier: GPL-2.0-only
/*
 * A network adapter that two drivers of the kernel claim: cdc_ether needs both of its
 * interfaces, and cdc_subset would take one of them. The data interface has no class
 * that leads to cdc_ether, which claims it without a probe.
 */
#include <bpf/bus_ext.bpf.h>

static s32 BX_OP(net_select, struct bx_select_ctx *ctx)
{
	return ctx->dev.device == 0xa4a2 ? bx_select(ctx, "cdc_ether") : BX_PASS;
}

BX_POLICY(usb_net, .bus = "usb", .vendor = 0x0525, .select = (void *)net_select);
