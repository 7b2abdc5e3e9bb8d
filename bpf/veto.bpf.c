// SPDX-License-Identifier: GPL-2.0-only
/*
 * A veto: one driver is kept away from one vendor's devices
 *
 * Purpose: on the bus bx-sf, the driver "sf-legacy" never gets a device of
 * vendor 0x1d1d, regardless of its id table and of other policies.  The next best
 * driver gets the device.
 *
 * Features: match(), which judges one driver at a time.  BX_VETO wins over any
 * select() and any score.  A score from 1 to BX_SCORE_MAX would prefer a driver;
 * BX_NO_SCORE gives no opinion.
 *
 * Limits: on an adopted bus (pci, usb), match() is asked only about drivers that claim
 * the device, and a device that is bound already stays bound.
 */
#include <bpf/bus_ext.bpf.h>

static const char unwanted[] = "sf-legacy";

static s32 BX_OP(veto_match, struct bx_match_ctx *ctx)
{
	for (u32 i = 0; i < sizeof(unwanted); i++) {
		if (ctx->drv.name[i] != unwanted[i])
			return BX_NO_SCORE;
	}
	return BX_VETO;
}

BX_POLICY(veto,
	.bus = "bx-sf",
	.vendor = 0x1d1d,
	.match = (void *)veto_match,
);
