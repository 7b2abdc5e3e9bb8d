// SPDX-License-Identifier: GPL-2.0-only
/* The next version of good.bpf.c, which the kernel ejects */
#include <bpf/bus_ext.bpf.h>

static s32 BX_OP(impossible, struct bx_select_ctx *ctx)
{
	return 77;
}

BX_POLICY(loader_test, .bus = "pci", .select = (void *)impossible,
	  .version = 3);
