// SPDX-License-Identifier: GPL-2.0-only
/*
 * A call refused: one vendor's devices are never reset
 *
 * What it is: on the bus bx-virtio, resets of devices of vendor 0x1d1d fail
 * with EPERM, say because the firmware does not come back from one.
 *
 * What it shows: call(), which decides before the provider hears of anything; an
 * errno denies.
 *
 * Its limits: a virtio device is reset before a driver uses it.  A driver that
 * is bound works on; once it is unbound the device is unusable until this
 * policy is detached, and the kernel's log says so.
 */
#include <bpf/bus_ext.bpf.h>
#include <uapi/linux/bx_virtio.h>

#define EPERM	1

static s32 BX_OP(virtio_no_reset_call, struct bx_call *call)
{
	return -EPERM;
}

BX_POLICY(virtio_no_reset,
	.bus = "bx-virtio",
	.vendor = 0x1d1d,
	.calls = { BX_WATCH(BX_VIRTIO_RESET) },
	.call = (void *)virtio_no_reset_call,
);
