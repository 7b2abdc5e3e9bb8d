// SPDX-License-Identifier: GPL-2.0-only
/* A policy, and a program that does not belong to it */
#include <bpf/bus_ext.bpf.h>

static s32 BX_OP(pass, struct bx_select_ctx *ctx)
{
	return BX_PASS;
}

SEC("kprobe/do_group_exit") int beside(void *ctx)
{
	return 0;
}

BX_POLICY(loader_test, .bus = "pci", .select = (void *)pass);
