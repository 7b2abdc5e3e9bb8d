// SPDX-License-Identifier: GPL-2.0-only
/* A first policy: NVMe virtual functions are for virtual machines. */
#include <bpf/bus_ext.bpf.h>

static s32 BX_OP(first_select, struct bx_select_ctx *ctx)
{
	if (ctx->dev.class == 0x010802 && ctx->dev.flags & BX_DEV_VF)
		return bx_select(ctx, "vfio-pci");
	return BX_PASS;
}

BX_POLICY(first, .bus = "pci", .select = (void *)first_select);
