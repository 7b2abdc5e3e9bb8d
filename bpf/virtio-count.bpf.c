// SPDX-License-Identifier: GPL-2.0-only
/*
 * Count every call
 *
 * Purpose: on the bus bx-virtio, count the calls of each operation, by its
 * number (enum bx_virtio_op), for all devices together:
 *
 *	bpftool map dump name virtio_c.bss
 *
 * Features: a policy that observes and changes nothing.  All accesses of a driver
 * to its device go through the contract, including the kicks of the data path.
 *
 * Limits: a kick may come from an interrupt, so a policy that watches kicks
 * cannot sleep, and it adds a cost to each kick.
 */
#include <bpf/bus_ext.bpf.h>
#include <uapi/linux/bx_virtio.h>

u64 calls[BX_VIRTIO_NR_OPS];

static s32 BX_OP(virtio_count_call, struct bx_call *call)
{
	u32 op = call->op;

	if (op < BX_VIRTIO_NR_OPS)
		__sync_fetch_and_add(&calls[op], 1);
	return BX_CALL_PASS;
}

BX_POLICY(virtio_count,
	.bus = "bx-virtio",
	.calls = BX_WATCH_ALL,
	.call = (void *)virtio_count_call,
);
