// SPDX-License-Identifier: GPL-2.0-only
/*
 * A USB 2 controller and its companions go to a virtual machine together: a companion takes
 * over the slow devices at the same sockets, and the driver of one writes to the others.
 */
#include <bpf/bus_ext.bpf.h>

#define UHCI	0x0c0300
#define EHCI	0x0c0320

static s32 BX_OP(companions_select, struct bx_select_ctx *ctx)
{
	struct bx_member *m;
	int uhci = 0, ehci = 0;

	bx_for_each_member(m, ctx, BX_GROUP_SLOT) {
		if (m->dev.class == UHCI)
			uhci = 1;
		if (m->dev.class == EHCI)
			ehci = 1;
	}
	return uhci && ehci ? bx_select(ctx, "vfio-pci") : BX_PASS;
}

BX_POLICY(companions, .bus = "pci", .select = (void *)companions_select);
