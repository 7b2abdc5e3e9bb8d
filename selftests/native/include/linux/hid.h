/* SPDX-License-Identifier: GPL-2.0-only */
/* HID devices, and their texts */
#ifndef _NATIVE_HID_H
#define _NATIVE_HID_H

#include <linux/device.h>

struct hid_device {
	struct device	dev;
	char		name[128];
	char		phys[64];
	char		uniq[64];
};

#define to_hid_device(d)	container_of(d, struct hid_device, dev)

#endif /* _NATIVE_HID_H */
