// SPDX-License-Identifier: GPL-2.0-only
/* A name of characters that are not allowed */
#include <bpf/bus_ext.bpf.h>

static s32 BX_OP(pass, struct bx_select_ctx *ctx)
{
	return BX_PASS;
}

char _license[] SEC("license") = "GPL";

SEC(".struct_ops.link") struct bus_ext_ops bad_name = {
	.name = "acme/nvme",
	.bus = "pci",
	.select = (void *)pass,
};
