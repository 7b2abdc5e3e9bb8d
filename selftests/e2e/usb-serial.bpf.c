// SPDX-License-Identifier: GPL-2.0-only
/*
 * Of two identical serial adapters, the one with this serial number has no driver, and is
 * left to a program that uses it through libusb.
 */
#include <bpf/bus_ext.bpf.h>

static s32 BX_OP_SLEEPABLE(serial_select, struct bx_select_ctx *ctx)
{
	char serial[BX_FACT_LEN] = {};

	/* an interface: the device itself, which has no modalias, stays */
	if (!ctx->dev.modalias[0] || bx_fact(ctx, BX_FACT_SERIAL, serial) < 0 ||
	    !bx_streq(serial, "AAA"))
		return BX_PASS;
	return BX_REFUSE;
}

BX_POLICY(usb_serial, .bus = "usb", .vendor = 0x0403, .select = (void *)serial_select);
