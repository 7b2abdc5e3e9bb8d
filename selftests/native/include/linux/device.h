/* SPDX-License-Identifier: GPL-2.0-only */
/* The parts of the driver model that struct bx_device uses */
#ifndef _NATIVE_DEVICE_H
#define _NATIVE_DEVICE_H

#include <linux/atomic.h>
#include <linux/err.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/string.h>

/* As in newer kernels; see kernel/compat.h */
#define BX_GENERIC_DRIVER_OVERRIDE
#define BX_PCI_MATCH_DRIVER

struct attribute;
struct attribute_group;
struct kobj_uevent_env;

struct device_node;
struct fwnode_handle;

struct kobject {
	const char		*name;
	struct list_head	entry;
};

struct kset {
	struct list_head	list;
	spinlock_t		list_lock;	/* protects list */
};

enum device_removable {
	DEVICE_REMOVABLE_NOT_SUPPORTED,
	DEVICE_REMOVABLE_UNKNOWN,
	DEVICE_FIXED,
	DEVICE_REMOVABLE,
};

struct device_type {
	const char	*name;
};

struct bus_type {
	const char	*name;
	bool		need_parent_lock, driver_override;
};

struct dev_pm_domain {
	int		unused;
};

struct device_driver {
	const char	*name;
};

struct device {
	struct kobject		kobj;
	const struct bus_type	*bus;
	struct device_driver	*driver;
	void			*driver_data;
	struct device		*parent;
	const struct device_type *type;
	struct device_node	*of_node;
	enum device_removable	removable;
	struct {
		const char	*name;
		spinlock_t	lock;	/* protects name */
	} driver_override;
};

/* Of a device that a test has: references are not counted. */
#define kobject_get_unless_zero(kobj)	((void)(kobj), true)
void put_device(struct device *dev);
const char *dev_name(const struct device *dev);

static inline void *dev_get_drvdata(const struct device *dev)
{
	return dev->driver_data;
}

static inline void dev_set_drvdata(struct device *dev, void *data)
{
	dev->driver_data = data;
}

int sysfs_emit_at(char *buf, int at, const char *fmt, ...) __printf(3, 4);
#define sysfs_emit(buf, ...)	sysfs_emit_at(buf, 0, __VA_ARGS__)

#endif /* _NATIVE_DEVICE_H */
