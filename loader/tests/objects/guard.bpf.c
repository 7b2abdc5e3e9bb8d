// SPDX-License-Identifier: GPL-2.0-only
/* Another version of good.bpf.c, which keeps every driver away from the host bridge */
#include <bpf/bus_ext.bpf.h>

static s32 BX_OP(keep_free, struct bx_select_ctx *ctx)
{
	return ctx->dev.class == 0x060000 ? BX_REFUSE : BX_PASS;
}

BX_POLICY(loader_test, .bus = "pci", .select = (void *)keep_free, .version = 4);
