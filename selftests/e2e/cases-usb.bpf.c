// SPDX-License-Identifier: GPL-2.0-only
/* A driver whose module has another name: xhci_hcd is in xhci-pci. */
#include <bpf/bus_ext.bpf.h>

static s32 BX_OP(usb_select, struct bx_select_ctx *ctx)
{
	return ctx->dev.class == 0x0c0330 ? bx_select(ctx, "xhci_hcd") : BX_PASS;
}

BX_POLICY(usb, .bus = "pci", .select = (void *)usb_select);
