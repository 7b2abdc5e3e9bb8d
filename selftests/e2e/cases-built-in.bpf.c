// SPDX-License-Identifier: GPL-2.0-only
/* A device whose driver is in the kernel image, so that it is bound before any policy. */
#include <bpf/bus_ext.bpf.h>

static s32 BX_OP(built_in_select, struct bx_select_ctx *ctx)
{
	return ctx->dev.class == 0x020000 ? bx_select(ctx, "vfio-pci") : BX_PASS;
}

BX_POLICY(built_in, .bus = "pci", .vendor = 0x1af4, .select = (void *)built_in_select);
