// SPDX-License-Identifier: GPL-2.0-only
/*
 * Of two identical controllers, the one at the second port is for virtual machines. Its
 * path has no number of a bus, which another card would shift.
 */
#include <bpf/bus_ext.bpf.h>

static s32 BX_OP_SLEEPABLE(port_select, struct bx_select_ctx *ctx)
{
	char path[BX_FACT_LEN] = {};

	if (bx_fact(ctx, BX_FACT_PATH, path) < 0 || !bx_streq(path, "0000:00:09.0/00.0"))
		return BX_PASS;
	return bx_select(ctx, "vfio-pci");
}

BX_POLICY(port, .bus = "pci", .vendor = 0x1b36, .select = (void *)port_select);
