// SPDX-License-Identifier: GPL-2.0-only
/* A policy with the flag for staging, which only loaders may set */
#include <bpf/bus_ext.bpf.h>

static s32 BX_OP(pass, struct bx_select_ctx *ctx)
{
	return BX_PASS;
}

BX_POLICY(loader_test, .bus = "pci", .select = (void *)pass, .version = 9,
	  .flags = BX_F_STAGED);
