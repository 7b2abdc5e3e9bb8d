// SPDX-License-Identifier: GPL-2.0-only
/* A hook without an opinion */
#include <bpf/bus_ext.bpf.h>

static s32 BX_HOOK(loader_hook, struct bx_select_ctx *ctx)
{
	return BX_PASS;
}

char _license[] SEC("license") = "GPL";
