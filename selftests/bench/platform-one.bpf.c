// SPDX-License-Identifier: GPL-2.0-only
/* One policy in scope of all devices on the platform bus, without an opinion */
#include <bpf/bus_ext.bpf.h>

static s32 BX_OP(pass_select, struct bx_select_ctx *ctx)
{
	return BX_PASS;
}

char _license[] SEC("license") = "GPL";

SEC(".struct_ops.link") struct bus_ext_ops platform_one = {
	.name = "platform_one", .bus = "platform",
	.select = (void *)pass_select,
};
