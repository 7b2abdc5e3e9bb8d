// SPDX-License-Identifier: GPL-2.0-only
/* A policy that the kernel of the native tests activates when it is attached */
#include <bpf/bus_ext.bpf.h>

static s32 BX_OP(unstaged, struct bx_select_ctx *ctx)
{
	return BX_PASS;
}

BX_POLICY(loader_test, .bus = "pci", .select = (void *)unstaged,
	  .version = 4);
