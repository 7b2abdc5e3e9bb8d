/* SPDX-License-Identifier: GPL-2.0-only */
/* Policies that have no opinion, to measure the cost of asking them. */
#ifndef _POLICIES_H
#define _POLICIES_H

#include <bpf/bus_ext.bpf.h>

static s32 BX_OP(pass_select, struct bx_select_ctx *ctx)
{
	return BX_PASS;
}

char _license[] SEC("license") = "GPL";

#define PASS(policy, vend) \
	SEC(".struct_ops.link") struct bus_ext_ops policy = { \
		.name = #policy, .bus = "bx-sf", .vendor = vend, \
		.select = (void *)pass_select, \
	}

#define PASS4(name, vend) \
	PASS(name##0, vend); PASS(name##1, vend); \
	PASS(name##2, vend); PASS(name##3, vend)

#endif /* _POLICIES_H */
