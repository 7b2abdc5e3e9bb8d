// SPDX-License-Identifier: GPL-2.0-only
/*
 * The next version of good.bpf.c, which differs from the checked policy in the kernel of
 * the native tests
 */
#include <bpf/bus_ext.bpf.h>

static s32 BX_OP(differs, struct bx_select_ctx *ctx)
{
	return BX_PASS;
}

BX_POLICY(loader_test, .bus = "pci", .select = (void *)differs,
	  .version = 5);
