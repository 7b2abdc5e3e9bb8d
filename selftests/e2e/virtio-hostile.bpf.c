// SPDX-License-Identifier: GPL-2.0-only
/*
 * The worst that a policy can do to a virtio device: random denials, random
 * arguments for the provider and random results for the driver
 *
 * Features are only removed: with others no driver would get beyond their negotiation.
 */
#include <bpf/bus_ext.bpf.h>
#include <uapi/linux/bx_virtio.h>

#define EIO	5

static u32 (*const random)(void) = (void *)7;	/* bpf_get_prandom_u32() */

/* One in @n */
static __attribute__((always_inline)) s32 lucky(u32 n)
{
	return random() % n == 0;
}

static __attribute__((always_inline)) void scribble(struct bx_call *call)
{
	u8 *byte;

	for (u32 i = 0; i < 16; i++) {
		byte = bx_call_data(call, i, 1);
		if (!byte)
			break;
		if (call->op == BX_VIRTIO_GET_FEATURES ||
		    call->op == BX_VIRTIO_FINALIZE_FEATURES)
			*byte &= random() | 0x31;
		else if (lucky(4))
			*byte = random();
	}
}

static s32 BX_OP(hostile_call, struct bx_call *call)
{
	if (lucky(16))
		return -EIO;
	if (lucky(8))
		scribble(call);
	return BX_CALL_PASS;
}

static void BX_OP2(hostile_complete, struct bx_call *call, s32 ret)
{
	if (lucky(8))
		scribble(call);
	if (!ret && lucky(32))
		bx_call_result(call, -EIO);
}

char _license[] SEC("license") = "GPL";

SEC(".struct_ops.link") struct bus_ext_ops virtio_hostile = {
	.name = "virtio_hostile",
	.bus = "bx-virtio",
	.calls = BX_WATCH_ALL,
	.call = (void *)hostile_call,
	.complete = (void *)hostile_complete,
};
