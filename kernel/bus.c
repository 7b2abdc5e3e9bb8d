// SPDX-License-Identifier: GPL-2.0-only
/*
 * The bus library: buses of one contract each.  Elections on them are in own.c.
 */

/**
 * DOC: bus library
 *
 * A contract module registers a struct bx_bus.  A parent, the driver of
 * hardware that is made of several functions, allocates a struct bx_device for
 * each, with a GUID, ids, the contract's operations and an opaque hw_data, and
 * adds it.  A driver registers a struct bx_driver on the bus and is bound to
 * the devices that the election gives it.
 */
#include <linux/cleanup.h>
#include <linux/rwsem.h>
#include <linux/wait_bit.h>
#include "core.h"

static int bx_bus_notify(struct notifier_block *nb, unsigned long action,
			 void *data)
{
	if (action == BUS_NOTIFY_ADD_DEVICE)
		bx_emit_dev(data, "", BX_EVENT_ADDED);
	return NOTIFY_OK;
}

static int bx_bus_list(struct bx_bus *bus)
{
	guard(rwsem_write)(&bx_bus_rwsem);
	if (bx_bus_find(bus->name))
		return -EEXIST;
	list_add_tail(&bus->node, &bx_buses);
	return 0;
}

/**
 * __bx_bus_register() - register a bus for one contract
 * @bus: the bus; stays the caller's
 * @owner: THIS_MODULE, by way of bx_bus_register()
 *
 * Context: process.
 * Return: 0, -EINVAL for a name that is missing or too long or a contract that
 * makes no sense, -EEXIST when the name is in use, or what bus_register()
 * returns.
 */
int __bx_bus_register(struct bx_bus *bus, struct module *owner)
{
	int err;

	if (!bus->name || !*bus->name || strlen(bus->name) >= BX_NAME_LEN ||
	    bx_is_adopted(bus->name))
		return -EINVAL;
	err = bx_contract_check(bus);
	if (err)
		return err;

	bus->owner = owner;
	mutex_init(&bus->drv_lock);
	INIT_LIST_HEAD(&bus->drivers);
	atomic_set(&bus->ndevices, 0);
	bx_own_bus_init(bus);
	bus->type = (struct bus_type) {
		.name		= bus->name,
		.dev_groups	= bx_device_groups,
		.match		= bx_own_match,
		.uevent		= bx_device_uevent,
		.probe		= bx_own_probe,
		.remove		= bx_own_remove,
		BX_BUS_DRIVER_OVERRIDE
	};
	err = bus_register(&bus->type);
	if (err)
		return err;
	bus->kobj = bx_sysfs_add_bus(bus->name, bus->contract);
	if (IS_ERR(bus->kobj)) {
		err = PTR_ERR(bus->kobj);
		goto err_bus;
	}
	bus->nb.notifier_call = bx_bus_notify;
	err = bus_register_notifier(&bus->type, &bus->nb);
	if (err)
		goto err_sysfs;
	err = bx_bus_list(bus);
	if (err)
		goto err_notifier;
	return 0;

err_notifier:
	bus_unregister_notifier(&bus->type, &bus->nb);
err_sysfs:
	bx_sysfs_del_bus(bus->kobj);
err_bus:
	bus_unregister(&bus->type);
	return err;
}
EXPORT_SYMBOL_GPL(__bx_bus_register);

/**
 * bx_bus_unregister() - remove a bus
 * @bus: the bus, without devices and drivers
 *
 * Policies in scope of the bus pin its module, so there is none any more.
 *
 * Context: process; waits for elections and re-elections, and for whoever still
 * has a reference to one of its devices.
 */
void bx_bus_unregister(struct bx_bus *bus)
{
	down_write(&bx_bus_rwsem);
	list_del(&bus->node);
	up_write(&bx_bus_rwsem);
	if (cancel_work_sync(&bus->reelect))
		bx_async_end();
	/* a request may look at a device's bus after the device was removed */
	wait_var_event(&bus->ndevices, !atomic_read(&bus->ndevices));
	bus_unregister_notifier(&bus->type, &bus->nb);
	bx_sysfs_del_bus(bus->kobj);
	bus_unregister(&bus->type);
}
EXPORT_SYMBOL_GPL(bx_bus_unregister);
