// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices of vendor 0x1d1d become legacy ones: no VIRTIO_F_VERSION_1, so that
 * drivers write to the configuration, and no bytes for it in the packets' headers
 */
#include <bpf/bus_ext.bpf.h>
#include <uapi/linux/bx_virtio.h>

#define VIRTIO_F_VERSION_1	32

static void BX_OP2(legacy_complete, struct bx_call *call, s32 ret)
{
	struct bx_virtio_features_arg *arg;

	arg = (void *)bx_call_data(call, 0, sizeof(*arg));
	if (!ret && arg)
		arg->features &= ~(1ULL << VIRTIO_F_VERSION_1);
}

char _license[] SEC("license") = "GPL";

SEC(".struct_ops.link") struct bus_ext_ops virtio_legacy = {
	.name = "virtio_legacy",
	.bus = "bx-virtio",
	.vendor = 0x1d1d,
	.calls = { BX_WATCH(BX_VIRTIO_GET_FEATURES) },
	.complete = (void *)legacy_complete,
};
