/* SPDX-License-Identifier: GPL-2.0-only */
/* A policy on bx-virtio that watches one operation, and passes. */
#ifndef _VIRTIO_H
#define _VIRTIO_H

#include <bpf/bus_ext.bpf.h>
#include <uapi/linux/bx_virtio.h>

static s32 BX_OP(pass_call, struct bx_call *call)
{
	return BX_CALL_PASS;
}

#define WATCHES(policy, operation) \
	BX_POLICY(policy, .bus = "bx-virtio", .call = (void *)pass_call, \
		  .calls = { BX_WATCH(operation) })

#endif /* _VIRTIO_H */
