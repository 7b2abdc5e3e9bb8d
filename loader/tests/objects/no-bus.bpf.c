// SPDX-License-Identifier: GPL-2.0-only
/* A policy without a bus */
#include <bpf/bus_ext.bpf.h>

static s32 BX_OP(pass, struct bx_select_ctx *ctx)
{
	return BX_PASS;
}

BX_POLICY(no_bus, .select = (void *)pass);
