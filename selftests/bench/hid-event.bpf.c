// SPDX-License-Identifier: GPL-2.0-only
/*
 * HID-BPF: programs that see each report of a device and leave it as it is. hooks.c fills in
 * hid_id.
 */
#include "hooks.h"

SEC("struct_ops/hid_device_event") int hid_pass(__u64 *args)
{
	return 0;
}

#define EVENT(ops) \
	SEC(".struct_ops.link") struct hid_bpf_ops___bench ops = { \
		.hid_device_event = (void *)hid_pass, \
	}

EVENT(event_0);
EVENT(event_1);
EVENT(event_2);
EVENT(event_3);
