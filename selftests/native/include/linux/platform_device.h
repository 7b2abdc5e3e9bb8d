/* SPDX-License-Identifier: GPL-2.0-only */
/* The platform bus: no device of a test is on it */
#ifndef _NATIVE_PLATFORM_DEVICE_H
#define _NATIVE_PLATFORM_DEVICE_H

#include <linux/device.h>

struct platform_device {
	struct device	dev;
};

extern const struct bus_type platform_bus_type;

static inline struct platform_device *to_platform_device(struct device *dev)
{
	return container_of(dev, struct platform_device, dev);
}

#endif /* _NATIVE_PLATFORM_DEVICE_H */
