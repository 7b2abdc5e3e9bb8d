/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * bus_ext: buses whose device-to-driver matching is policy
 *
 * What the writer of a contract, a parent or a driver needs.  A contract
 * module registers one struct bx_bus; a parent allocates and adds struct
 * bx_device on it; a driver registers a struct bx_driver.  Which driver gets
 * which device is decided by the election (see kernel/elect.c): attached BPF
 * policies first, the drivers' id tables where no policy has an opinion.
 */
#ifndef _LINUX_BUS_EXT_H
#define _LINUX_BUS_EXT_H

#include <linux/device.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/percpu.h>
#include <linux/uuid.h>
#include <linux/workqueue.h>
#include <uapi/linux/bus_ext.h>

struct bx_device;
struct bx_driver;

/** BX_MAX_OPS - operations that a contract can have */
#define BX_MAX_OPS	(64 * BX_CALL_WORDS)

/** BX_UNPAIRED - in struct bx_op_desc.pair: the operation stands alone */
#define BX_UNPAIRED	0

/**
 * struct bx_op_desc - one operation of a contract
 * @name: its name, for people and for policies
 * @flags: enum bx_op_flags: required, atomic, variable length
 * @since: contract version that first had it; 0 means 1
 * @size: bytes of its argument; with BX_OPF_VARLEN, the least
 * @type: C type of its argument, for people and for tools; NULL for none
 * @hidden: bytes at the start of the argument that are not shown to policies:
 *	kernel pointers, and what else the provider believes without a check
 * @pair: 1 + the number of the operation that a provider implements with this
 *	one or not at all; BX_UNPAIRED for none
 */
struct bx_op_desc {
	const char	*name;
	u32		flags;
	u32		since;
	u32		size;
	const char	*type;
	u32		hidden;
	u32		pair;
};

/** BX_OP_ARG - size and type of an operation's argument */
#define BX_OP_ARG(_type)	.size = sizeof(_type), .type = #_type

/**
 * struct bx_contract - a named, versioned API between provider and driver
 * @name: name of the API, below BX_NAME_LEN bytes
 * @version: the newest version; new operations and features increment it, what
 *	a version has is never changed
 * @features: all feature bits that are defined
 * @ops: the operations, in order of their numbers; a number is never reused
 * @nr_ops: how many, at most BX_MAX_OPS
 */
struct bx_contract {
	const char		*name;
	u32			version;
	u64			features;
	const struct bx_op_desc	*ops;
	u32			nr_ops;
};

/**
 * typedef bx_op_fn - how a provider implements an operation
 * @bdev: the device
 * @arg: the operation's argument, in and out; NULL when it has none
 * @len: bytes at @arg: what the contract says, or more with BX_OPF_VARLEN
 *
 * What of @arg policies may write is to be checked like a value from user
 * space.  May sleep, unless the operation is atomic.
 *
 * Return: 0 or an errno.
 */
typedef int (*bx_op_fn)(struct bx_device *bdev, void *arg, u32 len);

/**
 * struct bx_provider - how a device is provided
 * @version: contract version that it implements
 * @features: feature bits that it offers
 * @ops: the operations by number, NULL where it has none; may be NULL for a
 *	device that policies provide
 * @nr_ops: entries of @ops
 * @by_policy: operations may be missing: policies are to handle them, and no
 *	driver is bound before they do
 */
struct bx_provider {
	u32			version;
	u64			features;
	const bx_op_fn		*ops;
	u32			nr_ops;
	bool			by_policy;
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
	atomic_t		ndevices;	/* not released yet */
	atomic64_t		gen;
	struct notifier_block	nb;
	struct kobject		*kobj;
};

/* Calls that have begun and ended, see bx_call() */
struct bx_calls {
	unsigned long		begun;
	unsigned long		ended;
};

/**
 * struct bx_device - a device on a bus of bus_ext's own
 * @dev: the device proper; its driver data belongs to the driver
 * @bus: where it lives
 * @guid: its identity, unique among all such devices
 * @id: what it is
 * @provider: how it is provided
 * @hw_data: private between the provider and a driver that knows its hardware
 * @version: what bus_ext and the driver agreed upon: the contract version
 * @features: likewise, the feature bits
 *
 * Allocated by bx_device_alloc(), never embedded.  The rest is private.
 */
struct bx_device {
	struct device		dev;
	struct bx_bus		*bus;
	guid_t			guid;
	struct bx_id		id;
	const struct bx_provider *provider;
	void			*hw_data;
	u32			version;
	u64			features;
	/* private: */
	struct bx_calls __percpu *calls;
	u64			watched[BX_CALL_WORDS];	/* all, once it is gone */
	u64			covered[BX_CALL_WORDS];	/* policies may do these */
	bool			gone;
	bx_op_fn		*op;		/* as many as the contract has */
	struct bx_dev_info	*info;		/* as it was added */
	struct hlist_node	name_node;
	struct list_head	node;
	struct work_struct	reattach;
	bool			added;		/* device_add() is over */
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
 * @version: newest contract version that it knows; 0 means 1
 * @min_version: oldest that it can do with; 0 means 1
 * @features: feature bits that it knows
 * @needs_features: those that it cannot do without
 * @needs: optional operations that it cannot do without, a bit for each
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
	u32				version;
	u32				min_version;
	u64				features;
	u64				needs_features;
	u64				needs[BX_CALL_WORDS];
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

/**
 * MODULE_BX_DRIVER_ALIAS - let a policy that names a driver load its module
 * @bus: bus name, a string
 * @name: the driver's name, a string of letters, digits, '_' and '-'
 */
#define MODULE_BX_DRIVER_ALIAS(bus, name) \
	MODULE_ALIAS("bus_ext:" bus ":" name)

int __bx_bus_register(struct bx_bus *bus, struct module *owner);
#define bx_bus_register(bus)	__bx_bus_register(bus, THIS_MODULE)
void bx_bus_unregister(struct bx_bus *bus);

struct bx_device *bx_device_alloc(struct bx_bus *bus, struct device *parent,
				  const struct bx_id *id, const guid_t *guid,
				  const struct bx_provider *provider,
				  void *hw_data);
int bx_device_add(struct bx_device *bdev, const char *name);
void bx_device_unplug(struct bx_device *bdev);
void bx_device_remove(struct bx_device *bdev);

int __bx_driver_register(struct bx_bus *bus, struct bx_driver *drv,
			 struct module *owner, const char *mod_name);
#define bx_driver_register(bus, drv) \
	__bx_driver_register(bus, drv, THIS_MODULE, KBUILD_MODNAME)
void bx_driver_unregister(struct bx_driver *drv);

int bx_call_watched(struct bx_device *bdev, u32 op, void *arg, u32 len);
void bx_call_drained(struct bx_device *bdev);

/* From here on removal waits, whatever is seen next; see bx_call(). */
static __always_inline void bx_call_begin(struct bx_device *bdev)
{
	this_cpu_inc(bdev->calls->begun);
	barrier();
}

/* Pairs with bx_call_begin(). */
static __always_inline void bx_call_end(struct bx_device *bdev)
{
	barrier();
	this_cpu_inc(bdev->calls->ended);
	if (unlikely(READ_ONCE(bdev->gone)))
		bx_call_drained(bdev);
}

/**
 * bx_call() - use a device
 * @bdev: the device; the caller is bound to it, or holds a reference
 * @op: operation of the contract, by number
 * @arg: its argument, in and out; NULL when it has none
 * @len: bytes at @arg, as the contract says
 *
 * For the typed functions of a contract's header; drivers call those.  An
 * operation that no policy watches goes straight to the provider.
 *
 * Removal waits for calls in flight.  A call is counted before it looks at
 * @watched, and removal sets all bits there and then has every processor pass
 * through a barrier before it looks at the counts: the one or the other sees
 * (see bx_call_drain()).  So neither needs a barrier here.
 *
 * Context: what the operation's description says.
 * Return: what the provider or a policy answers; -ENODEV when the device is
 * gone, -EOPNOTSUPP for an operation that nobody provides, -ELOOP when calls
 * are nested too deep.
 */
static __always_inline int bx_call(struct bx_device *bdev, u32 op, void *arg,
				   u32 len)
{
	int ret;

	bx_call_begin(bdev);
	if (unlikely(READ_ONCE(bdev->watched[op / 64]) & BIT_ULL(op % 64)))
		ret = bx_call_watched(bdev, op, arg, len);
	else
		ret = bdev->op[op](bdev, arg, len);
	bx_call_end(bdev);
	return ret;
}

bool bx_has_op(struct bx_device *bdev, u32 op);

/** bx_has_feature - whether driver and device agreed on a feature bit */
static inline bool bx_has_feature(const struct bx_device *bdev, u64 feature)
{
	return bdev->features & feature;
}

static inline void *bx_get_drvdata(const struct bx_device *bdev)
{
	return dev_get_drvdata(&bdev->dev);
}

static inline void bx_set_drvdata(struct bx_device *bdev, void *data)
{
	dev_set_drvdata(&bdev->dev, data);
}

#endif /* _LINUX_BUS_EXT_H */
