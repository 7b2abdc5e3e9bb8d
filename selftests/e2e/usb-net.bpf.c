// SPDX-License-Identifier: GPL-2.0-only
/*
 * A network adapter that two drivers of the kernel claim: cdc_ether needs both of its
 * interfaces, and cdc_subset would take one of them. The data interface has no class
 * that leads to cdc_ether, which claims it without a probe.  The USB device itself, which
 * has no modalias, is for the driver "usb".
 */
#include <bpf/bus_ext.bpf.h>

static s32 BX_OP(net_select, struct bx_select_ctx *ctx)
{
	if (ctx->dev.device != 0xa4a2 || !ctx->dev.modalias[0])
		return BX_PASS;
	return bx_select(ctx, "cdc_ether");
}

BX_POLICY(usb_net, .bus = "usb", .vendor = 0x0525, .select = (void *)net_select);
