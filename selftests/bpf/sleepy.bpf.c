// SPDX-License-Identifier: GPL-2.0-only
/*
 * A hook that refuses the devices of kernel/election.c, and sleeps the first time
 */
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bus_ext.bpf.h>

char _license[] SEC("license") = "GPL";

__u64 address;	/* of user memory; the first run sleeps until it is there */
__u32 asked;

SEC("fmod_ret.s/bx_hook_select")
int BPF_PROG(sleepy, struct bx_select_ctx *dev_ctx, int ret)
{
	char byte;

	if (dev_ctx->dev.vendor != 0xf055)
		return BX_PASS;
	if (!__sync_fetch_and_add(&asked, 1))
		bpf_copy_from_user(&byte, sizeof(byte), (void *)address);
	return BX_REFUSE;
}
