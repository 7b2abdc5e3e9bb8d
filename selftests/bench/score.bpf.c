// SPDX-License-Identifier: GPL-2.0-only
/* One policy that judges every driver */
#include <bpf/bus_ext.bpf.h>

static s32 BX_OP(score_match, struct bx_match_ctx *ctx)
{
	return ctx->drv.claims ? 10 : BX_NO_SCORE;
}

BX_POLICY(score, .bus = "bx-sf", .vendor = 0x1d1d, .match = (void *)score_match);
