// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rewrite a configuration: the operator's prefix in every MAC address
 *
 * Purpose: on the bus bx-virtio, network devices of vendor 0x1d1d have a MAC
 * address that starts with 02:b0:05.  Only the last three bytes come from the
 * device.
 *
 * Features: an argument of any length.  A driver may read the address at once or
 * byte by byte (Linux does the latter).  So the policy checks which part of the
 * configuration was read, and changes the bytes of the prefix in it.
 *
 * Limits: the driver reads the address when it binds.  An address that it sets
 * itself later is not changed.
 */
#include <bpf/bus_ext.bpf.h>
#include <uapi/linux/bx_virtio.h>

#define VIRTIO_ID_NET	1

/* The address is the first thing in the configuration. */
const volatile u8 prefix[3] = { 0x02, 0xb0, 0x05 };

static void BX_OP2(virtio_mac_complete, struct bx_call *call, s32 ret)
{
	struct bx_virtio_config_arg *arg;
	u8 *byte;

	if (ret || call->dev->device != VIRTIO_ID_NET)
		return;
	arg = (void *)bx_call_data(call, 0, sizeof(*arg));
	for (u32 i = 0; arg && i < sizeof(prefix); i++) {
		if (i < arg->offset)
			continue;
		byte = bx_call_data(call, sizeof(*arg) + i - arg->offset, 1);
		if (byte)
			*byte = prefix[i];
	}
}

BX_POLICY(virtio_mac,
	.bus = "bx-virtio",
	.vendor = 0x1d1d,
	.calls = { BX_WATCH(BX_VIRTIO_GET) },
	.complete = (void *)virtio_mac_complete,
);
