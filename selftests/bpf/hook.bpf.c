// SPDX-License-Identifier: GPL-2.0-only
/*
 * The operator's hook, which follows the orders of a test
 */
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bus_ext.bpf.h>

char _license[] SEC("license") = "GPL";

__s32 verdict;
char driver[BX_NAME_LEN];
__u32 asked;
__u32 retry_ms;

static s32 BX_HOOK(hook, struct bx_select_ctx *ctx)
{
	asked++;
	if (driver[0])
		bx_hook_driver_mem(ctx, driver, sizeof(driver));
	if (retry_ms)
		bx_hook_retry_after(ctx, retry_ms);
	return verdict;
}
