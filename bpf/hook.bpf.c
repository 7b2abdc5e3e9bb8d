// SPDX-License-Identifier: GPL-2.0-only
/*
 * An operator's hook: no virtual function gets a driver on this machine
 *
 * What it is: a single program on the fmod_ret point, asked before any policy;
 * attached with bpftool alone:
 *
 *	bpftool prog loadall hook.bpf.o /sys/fs/bpf/bus_ext/hook autoattach
 *
 * Its limits: one decision for the whole machine, nobody else's policy can
 * overrule it, and it has no name that a decision could be traced to.
 */
#include <bpf/bus_ext.bpf.h>

static s32 BX_HOOK(keep_vfs_free, struct bx_select_ctx *ctx)
{
	return ctx->dev.flags & BX_DEV_VF ? BX_REFUSE : BX_PASS;
}

char _license[] SEC("license") = "GPL";
