// SPDX-License-Identifier: GPL-2.0-only
/* One policy in scope of no device on the platform bus */
#include <bpf/bus_ext.bpf.h>

static s32 BX_OP(pass_select, struct bx_select_ctx *ctx)
{
	return BX_PASS;
}

char _license[] SEC("license") = "GPL";

SEC(".struct_ops.link") struct bus_ext_ops platform_other = {
	.name = "platform_other", .bus = "platform", .vendor = 0x1d1d,
	.select = (void *)pass_select,
};
