// SPDX-License-Identifier: GPL-2.0-only
/*
 * An operator's hook: no virtual function gets a driver on this machine
 *
 * Purpose: a single program on the fmod_ret point, asked before any policy and
 * attached with only bpftool:
 *
 *	bpftool prog loadall hook.bpf.o /sys/fs/bpf/bus_ext/hook autoattach
 *
 * Limits: it is one decision for the whole machine, no policy can overrule it,
 * and it has no name that decisions could show.
 */
#include <bpf/bus_ext.bpf.h>

static s32 BX_HOOK(keep_vfs_free, struct bx_select_ctx *ctx)
{
	return ctx->dev.flags & BX_DEV_VF ? BX_REFUSE : BX_PASS;
}

char _license[] SEC("license") = "GPL";
