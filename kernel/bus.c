// SPDX-License-Identifier: GPL-2.0-only
/*
 * The bus library: buses with one contract each; own.c holds their elections
 */

/**
 * DOC: bus library
 *
 * A contract module registers a struct bx_bus.  A parent, the driver of
 * hardware with several functions, allocates a struct bx_device for each
 * function, with a GUID, ids, the contract's operations and an opaque hw_data,
 * and adds it.  A driver registers a struct bx_driver on the bus and is bound
 * to the devices for which it is elected.
 */
#include <linux/cleanup.h>
#include <linux/rwsem.h>
#include <linux/wait_bit.h>
#include "core.h"
#include "lifecycle.h"

/*
 * The state is changed here because the uevent follows that tells it.  In particular, the
 * last one tells that no call is in flight any more.
 */
static void bx_bus_notify_state(struct bx_device *bdev, unsigned long action)
{
	switch (action) {
	case BUS_NOTIFY_ADD_DEVICE:
	case BUS_NOTIFY_UNBOUND_DRIVER:
		bx_state_set(bdev, BX_STATE_READY);
		break;
	case BUS_NOTIFY_BOUND_DRIVER:
		bx_state_set(bdev, BX_STATE_BOUND);
		break;
	case BUS_NOTIFY_REMOVED_DEVICE:
		bx_device_end_calls(bdev);
		break;
	}
}

static int bx_bus_notify(struct notifier_block *nb, unsigned long action,
			 void *data)
{
	bx_bus_notify_state(to_bx_device(data), action);
	if (action == BUS_NOTIFY_ADD_DEVICE)
		bx_emit_dev(data, "", BX_EVENT_ADDED);
	bx_part_notify(data, action);
	bx_event_notify(&container_of(nb, struct bx_bus, nb)->deferrals, data, action);
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
 * @bus: the bus, owned by the caller
 * @owner: THIS_MODULE, set by bx_bus_register()
 *
 * Context: process.
 * Return: 0, -EINVAL for a missing or too long name, the name of an adopted bus
 * or an invalid contract, -EEXIST if the name is in use, -ENOMEM, or the errno
 * of bus_register().
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
	bus->type = (struct bus_type) {
		.name		= bus->name,
		.dev_groups	= bx_device_groups,
		.match		= bx_own_match,
		.uevent		= bx_device_uevent,
		.probe		= bx_own_probe,
		.remove		= bx_own_remove,
		.driver_override = true,
	};
	bx_own_bus_init(bus);
	err = bus_register(&bus->type);
	if (err)
		goto err_own;
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
err_own:
	bx_own_bus_exit(bus);
	return err;
}
EXPORT_SYMBOL_GPL(__bx_bus_register);

/**
 * bx_bus_unregister() - remove a bus
 * @bus: the bus, without devices and drivers
 *
 * Policies in scope of the bus pin its module, so none is attached any more.
 *
 * Context: process; waits for elections, re-elections and, in a module that adds
 * devices to a bus of its own, for the release of all devices.  Of other modules,
 * each device that is not released yet prevents the unload.
 */
void bx_bus_unregister(struct bx_bus *bus)
{
	down_write(&bx_bus_rwsem);
	list_del(&bus->node);
	up_write(&bx_bus_rwsem);
	bx_own_bus_exit(bus);
	/* a request may use a device and its bus after the device's removal */
	while (!wait_var_event_timeout(&bus->ndevices,
				       !atomic_read(&bus->ndevices), 10 * HZ))
		pr_warn("bus '%s': waiting for %d removed devices that are in use\n",
			bus->name, atomic_read(&bus->ndevices));
	bus_unregister_notifier(&bus->type, &bus->nb);
	bx_sysfs_del_bus(bus->kobj);
	bus_unregister(&bus->type);
}
EXPORT_SYMBOL_GPL(bx_bus_unregister);
