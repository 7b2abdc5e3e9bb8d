// SPDX-License-Identifier: GPL-2.0-only
/* A policy that decides by a fact: the device with the serial number "S2" */
#include <bpf/bus_ext.bpf.h>

static s32 BX_OP_SLEEPABLE(by_serial, struct bx_select_ctx *ctx)
{
	char serial[BX_FACT_LEN] = {};

	if (bx_fact(ctx, BX_FACT_SERIAL, serial) < 0 || !bx_streq(serial, "S2"))
		return BX_PASS;
	return bx_select(ctx, "b");
}

BX_POLICY(loader_test, .bus = "pci", .select = (void *)by_serial, .version = 1);
