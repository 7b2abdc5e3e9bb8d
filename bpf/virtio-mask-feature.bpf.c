// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mask a feature: one vendor's network interfaces offer no checksum offload
 *
 * Purpose: on the bus bx-virtio, network devices of vendor 0x1d1d lose the
 * feature bits VIRTIO_NET_F_CSUM and VIRTIO_NET_F_GUEST_CSUM, for example because
 * their checksums are wrong.  The unmodified driver then computes the checksums
 * itself.
 *
 * Features: complete(), which changes the provider's answer before the driver
 * sees it; a scope, so that devices of other vendors keep the feature.
 *
 * Limits: features are negotiated when a driver binds, so a bound device keeps
 * its features until it is unbound and bound again.
 */
#include <bpf/bus_ext.bpf.h>
#include <uapi/linux/bx_virtio.h>

#define VIRTIO_ID_NET		1
#define VIRTIO_NET_F_CSUM	0
#define VIRTIO_NET_F_GUEST_CSUM	1

const volatile u64 masked = 1 << VIRTIO_NET_F_CSUM |
			    1 << VIRTIO_NET_F_GUEST_CSUM;

static void BX_OP2(virtio_mask_complete, struct bx_call *call, s32 ret)
{
	struct bx_virtio_features_arg *arg;

	if (ret || call->dev->device != VIRTIO_ID_NET)
		return;
	arg = (void *)bx_call_data(call, 0, sizeof(*arg));
	if (arg)
		arg->features &= ~masked;
}

BX_POLICY(virtio_mask_feature,
	.bus = "bx-virtio",
	.vendor = 0x1d1d,
	.calls = { BX_WATCH(BX_VIRTIO_GET_FEATURES) },
	.complete = (void *)virtio_mask_complete,
);
