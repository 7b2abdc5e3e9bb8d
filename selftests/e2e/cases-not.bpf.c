// SPDX-License-Identifier: GPL-2.0-only
/* Anything but 8139too: the card is one that this driver takes a look at, and rejects. */
#include <bpf/bus_ext.bpf.h>

static const char unwanted[] = "8139too";

static s32 BX_OP(not_match, struct bx_match_ctx *ctx)
{
	for (u32 i = 0; i < sizeof(unwanted); i++) {
		if (ctx->drv.name[i] != unwanted[i])
			return BX_NO_SCORE;
	}
	return BX_VETO;
}

BX_POLICY(not_too, .bus = "pci", .vendor = 0x10ec, .match = (void *)not_match);
