// SPDX-License-Identifier: GPL-2.0-only
/* All functions of a card with a network and a USB controller go to a virtual machine. */
#include <bpf/bus_ext.bpf.h>

static s32 BX_OP(slot_select, struct bx_select_ctx *ctx)
{
	struct bx_member *m;
	int net = 0, usb = 0;

	bx_for_each_member(m, ctx, BX_GROUP_SLOT) {
		if (m->dev.class == 0x020000)
			net = 1;
		if (m->dev.class == 0x0c0330)
			usb = 1;
	}
	return net && usb ? bx_select(ctx, "vfio-pci") : BX_PASS;
}

BX_POLICY(slot, .bus = "pci", .select = (void *)slot_select);
