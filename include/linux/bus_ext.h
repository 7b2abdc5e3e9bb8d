/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * bus_ext: buses whose device-to-driver matching is policy
 *
 * What the writer of a contract, a parent or a driver needs.  A contract
 * module registers one struct bx_bus; a parent allocates and adds struct
 * bx_device on it; a driver registers a struct bx_driver.  Which driver gets
 * which device is decided by the election (see kernel/match.c): attached BPF
 * policies first, the drivers' id tables where no policy has an opinion.
 */
#ifndef _LINUX_BUS_EXT_H
#define _LINUX_BUS_EXT_H

#include <linux/device.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/uuid.h>
#include <linux/workqueue.h>
#include <uapi/linux/bus_ext.h>

struct bx_device;
struct bx_driver;

/**
 * struct bx_contract - a named, versioned API between provider and driver
 * @name: name of the API
 * @version: incremented when the API changes incompatibly
 */
struct bx_contract {
	const char	*name;
	u32		version;
};

/**
 * struct bx_id - identity of a device; a bus may leave fields zero
 * @vendor: vendor id
 * @device: device id
 * @subvendor: subsystem vendor id
 * @subdevice: subsystem device id; on bx-sf, the kind of sub-function
 * @class: class code
 * @revision: revision
 */
struct bx_id {
	u32	vendor;
	u32	device;
	u32	subvendor;
	u32	subdevice;
	u32	class;
	u32	revision;
};

/**
 * struct bx_device_id - one row of a driver's id table
 * @vendor: vendor id or BX_ANY
 * @device: device id or BX_ANY
 * @subvendor: subsystem vendor id or BX_ANY
 * @subdevice: subsystem device id or BX_ANY
 * @class: class code, compared under @class_mask
 * @class_mask: bits of @class that count; 0 for any class
 * @driver_data: private to the driver
 *
 * A table ends with a row that is all zero, so one that claims everything names
 * BX_ANY somewhere.
 */
struct bx_device_id {
	u32		vendor;
	u32		device;
	u32		subvendor;
	u32		subdevice;
	u32		class;
	u32		class_mask;
	unsigned long	driver_data;
};

/** BX_DEVICE - a row for any device of these vendor and device ids */
#define BX_DEVICE(vend, dev) \
	.vendor = (vend), .device = (dev), \
	.subvendor = BX_ANY, .subdevice = BX_ANY

/** BX_DEVICE_SUB - a row that names the subsystem as well */
#define BX_DEVICE_SUB(vend, dev, subvend, subdev) \
	.vendor = (vend), .device = (dev), \
	.subvendor = (subvend), .subdevice = (subdev)

/**
 * struct bx_bus - a bus for devices of one contract
 * @name: bus name, below BX_NAME_LEN bytes; "bx-" and the contract's name
 * @contract: the API that its devices offer
 *
 * The rest is private to the core.
 */
struct bx_bus {
	const char		*name;
	const struct bx_contract *contract;
	/* private: */
	struct module		*owner;
	struct bus_type		type;
	struct list_head	node;
	struct mutex		drv_lock;	/* protects writes to drivers */
	struct list_head	drivers;	/* order of registration; SRCU */
	struct work_struct	reelect;
	unsigned long		flags;
	atomic64_t		gen;
	struct notifier_block	nb;
	struct kobject		*kobj;
};

/**
 * struct bx_device - a device on a bus of bus_ext's own
 * @dev: the device proper; its driver data belongs to the driver
 * @bus: where it lives
 * @guid: its identity, unique among all such devices
 * @id: what it is
 * @ops: the provider's operations, of the contract's type
 * @hw_data: private between the provider and a driver that knows its hardware
 *
 * Allocated by bx_device_alloc(), never embedded.  The rest is private.
 */
struct bx_device {
	struct device		dev;
	struct bx_bus		*bus;
	guid_t			guid;
	struct bx_id		id;
	const void		*ops;
	void			*hw_data;
	/* private: */
	struct list_head	node;
	struct work_struct	reattach;
	struct mutex		elect_lock;	/* protects all below */
	u64			elected;	/* order of a driver, 0: none */
	u64			tried;		/* likewise, probed last */
	struct bx_decision	decision;
	u64			elected_gen;
	bool			ask_module;
	struct list_head	failed;
	const char		*driver_override;	/* on older kernels */
};

#define to_bx_device(d)	container_of(d, struct bx_device, dev)

/**
 * struct bx_driver - a driver of devices of one contract
 * @name: driver name, unique on the bus
 * @id_table: devices it claims where no policy has an opinion; may be NULL
 * @probe: bind to a device.  @id is the row that claims it, NULL when a policy
 *	or an override gave it to the driver: check what it is.  0 or an errno:
 *	-ENODEV and -ENXIO pass the device to the next best driver,
 *	-EPROBE_DEFER waits for this one.  May sleep, called with the device
 *	lock held.
 * @remove: unbind; may be NULL.  May sleep, called with the device lock held.
 * @driver: the driver core's; dev_groups and pm may be set, the rest is private
 */
struct bx_driver {
	const char			*name;
	const struct bx_device_id	*id_table;
	int	(*probe)(struct bx_device *bdev, const struct bx_device_id *id);
	void	(*remove)(struct bx_device *bdev);
	struct device_driver		driver;
	/* private: */
	struct bx_bus			*bus;
	struct list_head		node;
	u64				order;
};

#define to_bx_driver(d)	container_of_const(d, struct bx_driver, driver)

/**
 * MODULE_BX_ALIAS - let a driver's module load for a vendor and device id
 * @bus: bus name, a string
 * @vend: vendor id, a string of 8 upper-case hex digits
 * @dev: device id, likewise
 */
#define MODULE_BX_ALIAS(bus, vend, dev) \
	MODULE_ALIAS("bus_ext:" bus ":v" vend "d" dev "sv*sd*c*r*")

int __bx_bus_register(struct bx_bus *bus, struct module *owner);
#define bx_bus_register(bus)	__bx_bus_register(bus, THIS_MODULE)
void bx_bus_unregister(struct bx_bus *bus);

struct bx_device *bx_device_alloc(struct bx_bus *bus, struct device *parent,
				  const struct bx_id *id, const guid_t *guid,
				  const void *ops, void *hw_data);
int bx_device_add(struct bx_device *bdev, const char *name);
void bx_device_remove(struct bx_device *bdev);

int __bx_driver_register(struct bx_bus *bus, struct bx_driver *drv,
			 struct module *owner, const char *mod_name);
#define bx_driver_register(bus, drv) \
	__bx_driver_register(bus, drv, THIS_MODULE, KBUILD_MODNAME)
void bx_driver_unregister(struct bx_driver *drv);

static inline void *bx_get_drvdata(const struct bx_device *bdev)
{
	return dev_get_drvdata(&bdev->dev);
}

static inline void bx_set_drvdata(struct bx_device *bdev, void *data)
{
	dev_set_drvdata(&bdev->dev, data);
}

#endif /* _LINUX_BUS_EXT_H */
