// SPDX-License-Identifier: GPL-2.0-only
/* A policy whose init() refuses */
#include <bpf/bus_ext.bpf.h>

static s32 BX_OP(pass, struct bx_select_ctx *ctx)
{
	return BX_PASS;
}

SEC("struct_ops.s") s32 refuse(unsigned long long *ctx)
{
	return -17; /* EEXIST: must not look like a name that is in use */
}

BX_POLICY(no_init, .bus = "pci", .select = (void *)pass,
	  .init = (void *)refuse);
