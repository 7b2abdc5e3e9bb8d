// SPDX-License-Identifier: GPL-2.0-only
/*
 * Three drivers for three ranges of sub-functions, by the last number of their GUIDs
 */
#include <bpf/bus_ext.bpf.h>

static s32 BX_OP(ranges_select, struct bx_select_ctx *ctx)
{
	u32 index = ctx->dev.guid[14] << 8 | ctx->dev.guid[15];

	if (index < 100)
		return bx_select(ctx, "first");
	if (index < 700)
		return bx_select(ctx, "middle");
	return bx_select(ctx, "last");
}

BX_POLICY(ranges, .bus = "bx-sf", .vendor = 0xf055, .select = (void *)ranges_select);
