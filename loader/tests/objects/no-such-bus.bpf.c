// SPDX-License-Identifier: GPL-2.0-only
/* A policy for a bus that does not exist */
#include <bpf/bus_ext.bpf.h>

static s32 BX_OP(pass, struct bx_select_ctx *ctx)
{
	return BX_PASS;
}

BX_POLICY(no_such_bus, .bus = "no-such-bus", .select = (void *)pass);
