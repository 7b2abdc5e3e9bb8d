// SPDX-License-Identifier: GPL-2.0-only
/* One that says of itself that it is to be staged, which is for loaders */
#include <bpf/bus_ext.bpf.h>

static s32 BX_OP(pass, struct bx_select_ctx *ctx)
{
	return BX_PASS;
}

BX_POLICY(loader_test, .bus = "pci", .select = (void *)pass, .version = 9,
	  .flags = BX_F_STAGED);
