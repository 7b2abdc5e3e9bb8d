// SPDX-License-Identifier: GPL-2.0-only
/* A policy in the section for maps without links */
#include <bpf/bus_ext.bpf.h>

static s32 BX_OP(pass, struct bx_select_ctx *ctx)
{
	return BX_PASS;
}

char _license[] SEC("license") = "GPL";

SEC(".struct_ops") struct bus_ext_ops no_link = {
	.name = "no_link",
	.bus = "pci",
	.select = (void *)pass,
};
