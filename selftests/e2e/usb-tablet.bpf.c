// SPDX-License-Identifier: GPL-2.0-only
/* A tablet as a plain pointer: the generic driver, though a special one is registered */
#include <bpf/bus_ext.bpf.h>

static s32 BX_OP(tablet_select, struct bx_select_ctx *ctx)
{
	return bx_select(ctx, "hid-generic");
}

BX_POLICY(tablet, .bus = "hid", .vendor = 0x056a, .select = (void *)tablet_select);
