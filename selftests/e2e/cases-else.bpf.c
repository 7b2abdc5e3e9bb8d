// SPDX-License-Identifier: GPL-2.0-only
/*
 * The vendor's driver, else the kernel's: for one card the vendor's driver does not exist,
 * for the other it exists and rejects the card.
 */
#include <bpf/bus_ext.bpf.h>

#define FIRST	"0000:00:0a.0"

static s32 BX_OP(else_select, struct bx_select_ctx *ctx)
{
	char name[BX_DEV_NAME_LEN];

	bx_probe_read(name, sizeof(name), ctx->dev.name);
	if (ctx->dev.device != 0x8139)
		return BX_PASS;
	if (!__builtin_memcmp(name, FIRST, sizeof(FIRST)))
		return bx_select(ctx, "acme-net", "8139cp");
	return bx_select(ctx, "8139too", "8139cp");
}

BX_POLICY(vendor_else, .bus = "pci", .vendor = 0x10ec, .flags = BX_F_NEXT_BEST,
	  .select = (void *)else_select);
