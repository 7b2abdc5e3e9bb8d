// SPDX-License-Identifier: GPL-2.0-only
/*
 * The next version of good.bpf.c, which the kernel ejects once it is active: it is asked
 * twice about the host bridge, and the first question is that of a trial
 */
#include <bpf/bus_ext.bpf.h>

static u32 asked;

static s32 BX_OP(impossible_later, struct bx_select_ctx *ctx)
{
	if (ctx->dev.class != 0x060000)
		return BX_PASS;
	return __sync_fetch_and_add(&asked, 1) ? 77 : BX_PASS;
}

BX_POLICY(loader_test, .bus = "pci", .select = (void *)impossible_later,
	  .version = 5);
