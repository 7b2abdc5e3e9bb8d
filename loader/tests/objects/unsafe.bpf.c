// SPDX-License-Identifier: GPL-2.0-only
/* A program that the verifier rejects */
#include <bpf/bus_ext.bpf.h>

static s32 BX_OP(unsafe, struct bx_select_ctx *ctx)
{
	return ctx->pdev ? 0 : *(s32 *)(ctx->dev.class + 8UL);
}

BX_POLICY(unsafe_policy, .bus = "pci", .select = (void *)unsafe);
