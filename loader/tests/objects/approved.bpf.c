// SPDX-License-Identifier: GPL-2.0-only
/* A policy with a list of approved devices, of which it needs none */
#include <bpf/bus_ext.bpf.h>

const volatile char approved[2][65];

static s32 BX_OP(choose, struct bx_select_ctx *ctx)
{
	return approved[0][0] ? BX_PASS : BX_REFUSE;
}

BX_POLICY(approved_test, .bus = "pci", .version = 1, .select = (void *)choose);
