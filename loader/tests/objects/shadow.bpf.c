// SPDX-License-Identifier: GPL-2.0-only
/* A policy that its vendor made for shadow mode */
#include <bpf/bus_ext.bpf.h>

static s32 BX_OP(pass, struct bx_select_ctx *ctx)
{
	return BX_PASS;
}

BX_POLICY(shadow, .bus = "pci", .select = (void *)pass, .flags = BX_F_SHADOW);
