// SPDX-License-Identifier: GPL-2.0-only
/*
 * A network device that asks its driver to announce itself, though the feature for
 * that was not negotiated: bit 1 of the status, at byte 6 of the configuration
 */
#include <bpf/bus_ext.bpf.h>
#include <uapi/linux/bx_virtio.h>

#define STATUS		6
#define ANNOUNCE	2

static void BX_OP2(announce_complete, struct bx_call *call, s32 ret)
{
	struct bx_virtio_config_arg *arg;
	u8 *byte;

	arg = (void *)bx_call_data(call, 0, sizeof(*arg));
	if (ret || !arg || arg->offset > STATUS)
		return;
	byte = bx_call_data(call, sizeof(*arg) + STATUS - arg->offset, 1);
	if (byte)
		*byte |= ANNOUNCE;
}

char _license[] SEC("license") = "GPL";

SEC(".struct_ops.link") struct bus_ext_ops virtio_announce = {
	.name = "virtio_announce",
	.bus = "bx-virtio",
	.calls = { BX_WATCH(BX_VIRTIO_GET) },
	.complete = (void *)announce_complete,
};
