// SPDX-License-Identifier: GPL-2.0-only
/* A struct_ops of another subsystem */
#include <bpf/bus_ext.bpf.h>

struct other_ops {
	s32 (*select)(struct bx_select_ctx *ctx);
};

static s32 BX_OP(pass, struct bx_select_ctx *ctx)
{
	return BX_PASS;
}

char _license[] SEC("license") = "GPL";

SEC(".struct_ops.link") struct other_ops foreign = { .select = (void *)pass };
