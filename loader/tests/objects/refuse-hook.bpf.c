// SPDX-License-Identifier: GPL-2.0-only
/* A hook that keeps every unbound device without a driver */
#include <bpf/bus_ext.bpf.h>

static s32 BX_HOOK(loader_hook, struct bx_select_ctx *ctx)
{
	return BX_REFUSE;
}

char _license[] SEC("license") = "GPL";
