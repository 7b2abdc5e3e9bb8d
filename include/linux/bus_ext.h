/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * bus_ext: buses whose device-to-driver matching is policy
 *
 * The API for contract modules, parents and drivers.  A contract module
 * registers one struct bx_bus; a parent allocates and adds struct bx_device on
 * it; a driver registers a struct bx_driver.  The election (see kernel/elect.c)
 * decides which driver gets which device: attached BPF policies come first, the
 * drivers' id tables decide if no policy has an opinion.
 */
#ifndef _LINUX_BUS_EXT_H
#define _LINUX_BUS_EXT_H

#include <linux/device.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/percpu.h>
#include <linux/rcuwait.h>
#include <linux/rhashtable-types.h>
#include <linux/timer.h>
#include <linux/uuid.h>
#include <linux/workqueue.h>
#include <uapi/linux/bus_ext.h>

struct bx_device;
struct bx_driver;

/** BX_MAX_OPS - most operations of a contract */
#define BX_MAX_OPS	(64 * BX_CALL_WORDS)

/** BX_UNPAIRED - in struct bx_op_desc.pair: the operation has no pair */
#define BX_UNPAIRED	0

/**
 * struct bx_op_desc - one operation of a contract
 * @name: its name, for people and for policies
 * @flags: enum bx_op_flags: required, atomic, variable length
 * @size: size of its argument in bytes; with BX_OPF_VARLEN, the minimum
 * @type: C type of its argument, for people and tools; NULL for none
 * @hidden: number of bytes at the start of the argument that are hidden from
 *	policies: kernel pointers and other data that the provider does not
 *	check
 * @pair: 1 + the number of the paired operation: a provider must implement both
 *	or neither; BX_UNPAIRED for none
 */
struct bx_op_desc {
	const char	*name;
	u32		flags;
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
 * @version: the newest version; new operations increment it, and an existing
 *	version never changes
 * @ops: the operations, in order of their numbers; a number is never reused
 * @nr_ops: number of @ops, at most BX_MAX_OPS
 */
struct bx_contract {
	const char		*name;
	u32			version;
	const struct bx_op_desc	*ops;
	u32			nr_ops;
};

/**
 * typedef bx_op_fn - a provider's implementation of an operation
 * @bdev: the device
 * @arg: the operation's argument, in and out; NULL if it has none
 * @len: size of @arg in bytes: that of the contract, or more with BX_OPF_VARLEN
 *
 * The provider must check the visible part of @arg like a value from user
 * space, since policies may write to it.
 *
 * Context: may sleep, unless the operation is atomic.
 * Return: 0 or an errno.
 */
typedef int (*bx_op_fn)(struct bx_device *bdev, void *arg, u32 len);

/**
 * struct bx_provider - the provider of a device
 * @version: contract version that it implements
 * @ops: the operations by number, NULL entries for missing ones; may be NULL
 *	for a device that policies provide
 * @nr_ops: number of entries of @ops
 * @by_policy: required operations may be missing; policies must handle them,
 *	and no driver is bound before
 */
struct bx_provider {
	u32			version;
	const bx_op_fn		*ops;
	u32			nr_ops;
	bool			by_policy;
};

/**
 * struct bx_id - ids of a device; a bus may leave members zero
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
 * @class_mask: bits of @class to compare; 0 for any class
 * @driver_data: private to the driver
 *
 * An all-zero row ends the table, so a row for all devices must have BX_ANY in
 * some member.
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

/* The deferred devices of a bus, see defer.c */
struct bx_deferrals {
	struct list_head	node;
	const struct bus_type	*type;
	void			(*reelect)(struct device *dev);
	struct list_head	list;
	u32			listed;		/* number of devices in @list */
	atomic_t		events;
	struct timer_list	timer;
	struct work_struct	work;
};

/* A device that may be deferred, see defer.c */
struct bx_deferral {
	struct bx_deferrals	*of;	/* NULL unless it is listed there */
	struct list_head	node;
	struct device		*dev;
	u32			count;
	u32			vendor;
	int			seen;
	unsigned long		deadline;
	bool			armed;
	bool			due;
	bool			ended;
};

/**
 * struct bx_bus_ops - operations of a bus whose devices are not told apart by ids
 * @claims: whether a driver claims a device, in place of its id table; no locks, any number
 *	of times
 * @prepare: called before the driver's probe(), with the device lock held; -EPROBE_DEFER
 *	if something that the driver needs is missing.  May sleep.
 * @modalias: writes the MODALIAS of a device, below BX_MODALIAS_LEN bytes; returns its length
 */
struct bx_bus_ops {
	bool	(*claims)(const struct bx_device *bdev, const struct bx_driver *drv);
	int	(*prepare)(struct bx_device *bdev, struct bx_driver *drv);
	int	(*modalias)(const struct bx_device *bdev, char *buf, size_t len);
};

/**
 * struct bx_bus - a bus for devices of one contract
 * @name: bus name, below BX_NAME_LEN bytes; "bx-" and the contract's name
 * @contract: the API that its devices offer
 * @ops: operations in place of ids, or NULL
 *
 * The other members are private to the core.
 */
struct bx_bus {
	const char		*name;
	const struct bx_contract *contract;
	const struct bx_bus_ops	*ops;
	/* private: */
	struct module		*owner;
	struct bus_type		type;
	struct list_head	node;
	struct mutex		drv_lock;	/* protects writes to drivers */
	struct list_head	drivers;	/* order of registration; SRCU */
	struct work_struct	reelect;
	struct bx_deferrals	deferrals;
	unsigned long		flags;
	atomic_t		ndevices;	/* not released yet */
	atomic64_t		gen;
	struct notifier_block	nb;
	struct kobject		*kobj;
};

/* Numbers of begun and ended calls, see bx_call() */
struct bx_calls {
	unsigned long		begun;
	unsigned long		ended;
};

/**
 * struct bx_device - a device on a bus of bus_ext's own
 * @dev: the device of the driver core; its driver data belongs to the driver
 * @bus: its bus
 * @guid: its identity, unique among all such devices
 * @id: its ids
 * @provider: its provider
 * @hw_data: private to the provider and a driver that knows its hardware
 *
 * Allocated by bx_device_alloc(), never embedded.  The other members are
 * private.
 */
struct bx_device {
	struct device		dev;
	struct bx_bus		*bus;
	guid_t			guid;
	struct bx_id		id;
	const struct bx_provider *provider;
	void			*hw_data;
	/* private: */
	struct bx_calls __percpu *calls;
	u32			state;		/* enum bx_dev_state, see lifecycle.c */
	u64			generation;	/* of its GUID: never used again */
	struct bx_instance	*inst;		/* if it was created on request */
	const void __rcu	*chain;		/* policies in scope, see watch.c */
	u64			watched[BX_CALL_WORDS];	/* all set if @gone */
	u64			covered[BX_CALL_WORDS];	/* by policies */
	struct rcuwait		drain;		/* removal, while it waits for calls */
	bool			gone;
	bool			pins_owner;	/* the bus' module, once removed */
	bx_op_fn		*op;		/* one for each operation */
	struct bx_dev_info	*info;		/* description when it was added */
	struct rhash_head	name_node;
	struct rhash_head	guid_node;
	struct list_head	node;
	struct work_struct	reattach;
	bool			added;		/* device_add() has returned */
	bool			forget;		/* policies changed before */
	struct bx_deferral	deferral;
	struct mutex		elect_lock;	/* protects all below */
	u64			elected;	/* order of a driver, 0: none */
	u64			tried;		/* likewise, probed last */
	struct bx_decision	decision;
	u64			elected_gen;
	bool			next_best;	/* after any failed probe */
	bool			may_load;
	bool			probing;	/* the driver is being probed */
	bool			again;		/* an election is due after that */
	struct list_head	failed;
	struct list_head	notes;		/* on modules, see notes.c */
	struct rcu_head		rcu;		/* frees the device */
};

#define to_bx_device(d)	container_of(d, struct bx_device, dev)

/**
 * struct bx_driver - a driver of devices of one contract
 * @name: driver name, unique on the bus
 * @id_table: devices that it claims if no policy has an opinion; may be NULL
 * @probe: binds to a device.  @id is the row that matches; NULL if a policy or
 *	an override chose the driver, which must check the device then.  Returns
 *	0 or an errno: -ENODEV and -ENXIO pass the device to the runner-up,
 *	-EPROBE_DEFER retries this driver later.  May sleep, called with the
 *	device lock held.
 * @remove: unbinds; may be NULL.  May sleep, called with the device lock held.
 * @driver: the driver of the driver core; dev_groups and pm may be set, the
 *	other members are private
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
 * MODULE_BX_ALIAS - load a driver's module for a vendor and device id
 * @bus: bus name, a string
 * @vend: vendor id, a string of 8 upper-case hex digits
 * @dev: device id, a string of 8 upper-case hex digits
 */
#define MODULE_BX_ALIAS(bus, vend, dev) \
	MODULE_ALIAS("bus_ext:" bus ":v" vend "d" dev "sv*sd*c*r*")

/**
 * MODULE_BX_DRIVER_ALIAS - load a driver's module when a policy names it
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

/*
 * Counts a call; removal waits for counted calls, see bx_call().  The task cannot be
 * preempted inside of this_cpu_inc(), so this is an RCU read section of its own, on which
 * removal relies: a plain increment between rcu_read_lock() and rcu_read_unlock() would not
 * be safe in an interrupt.  selftests/litmus has the proofs.
 */
static __always_inline void bx_call_begin(struct bx_device *bdev)
{
	this_cpu_inc(bdev->calls->begun);
	barrier();
}

/* Pairs with bx_call_begin(). */
static __always_inline void bx_call_end(struct bx_device *bdev)
{
	smp_mb__before_atomic();	/* a barrier() on x86; pairs with bx_call_idle() */
	this_cpu_inc(bdev->calls->ended);
	if (unlikely(READ_ONCE(bdev->gone)))
		bx_call_drained(bdev);
}

/**
 * bx_call() - call an operation of a device
 * @bdev: the device; the caller is bound to it or holds a reference
 * @op: number of the operation in the contract
 * @arg: its argument, in and out; NULL if it has none
 * @len: size of @arg in bytes, as the contract requires
 *
 * For the typed functions in the header of a contract, which drivers call.  An
 * unwatched operation goes directly to the provider.
 *
 * Removal waits for calls in flight.  A call is counted before it reads
 * @watched.  Removal sets all bits of @watched, waits for a grace period and
 * then reads the counts (see bx_call_drain()).  So either the call sees the bits
 * or removal sees the call, and the call needs no barrier.
 *
 * Context: that of the operation: any for an atomic one, else may sleep.
 * Return: the result of the provider or a policy; -ENODEV if the device is
 * gone, -ESTALE if it is gone and its GUID belongs to another device,
 * -EOPNOTSUPP if the operation is not implemented, -ELOOP if calls nest
 * too deep.
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
struct device *bx_device_front(struct bx_device *bdev);

static inline void *bx_get_drvdata(const struct bx_device *bdev)
{
	return dev_get_drvdata(&bdev->dev);
}

static inline void bx_set_drvdata(struct bx_device *bdev, void *data)
{
	dev_set_drvdata(&bdev->dev, data);
}

#endif /* _LINUX_BUS_EXT_H */
