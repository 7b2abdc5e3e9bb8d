// SPDX-License-Identifier: GPL-2.0-only
/*
 * Of two identical network cards, the one with this PCI Device Serial Number is for virtual
 * machines, in whatever slot it is.
 */
#include <bpf/bus_ext.bpf.h>

static s32 BX_OP_SLEEPABLE(card_select, struct bx_select_ctx *ctx)
{
	char serial[BX_FACT_LEN] = {};

	if (bx_fact(ctx, BX_FACT_SERIAL, serial) < 0 || !bx_streq(serial, "525400ffff0000b2"))
		return BX_PASS;
	return bx_select(ctx, "vfio-pci");
}

BX_POLICY(card, .bus = "pci", .vendor = 0x8086, .select = (void *)card_select);
