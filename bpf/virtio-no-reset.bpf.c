// SPDX-License-Identifier: GPL-2.0-only
/*
 * Deny a call: one vendor's devices are never reset
 *
 * Purpose: on the bus bx-virtio, resets of devices of vendor 0x1d1d fail with
 * EPERM, for example because the firmware does not survive a reset.
 *
 * Features: call(), which runs before the provider; an errno denies the call.
 *
 * Limits: a virtio device is reset before a driver uses it.  A bound driver
 * continues to work.  When it is unbound, the device is unusable until this
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
