// SPDX-License-Identifier: GPL-2.0-only
/*
 * Drivers on own buses
 */
#include "core.h"

static atomic64_t bx_driver_order;

/*
 * Lists a driver before driver_register(), whose device walk then can elect it.
 */
static int bx_driver_list(struct bx_driver *drv)
{
	struct bx_bus *bus = drv->bus;
	struct bx_driver *other;
	int err = 0;

	mutex_lock(&bus->drv_lock);
	list_for_each_entry(other, &bus->drivers, node) {
		if (!strcmp(other->name, drv->name))
			err = -EEXIST;
	}
	if (!err) {
		drv->order = atomic64_inc_return(&bx_driver_order);
		list_add_tail_rcu(&drv->node, &bus->drivers);
		atomic64_inc_return(&bus->gen);
	}
	mutex_unlock(&bus->drv_lock);
	return err;
}

static void bx_driver_unlist(struct bx_driver *drv)
{
	mutex_lock(&drv->bus->drv_lock);
	list_del_rcu(&drv->node);
	atomic64_inc_return(&drv->bus->gen);
	mutex_unlock(&drv->bus->drv_lock);
}

/**
 * __bx_driver_register() - register a driver on a bus
 * @bus: the bus
 * @drv: the driver, owned by the caller
 * @owner: THIS_MODULE, set by bx_driver_register()
 * @mod_name: KBUILD_MODNAME, set by bx_driver_register()
 *
 * Context: process; probes devices.
 * Return: 0; -EINVAL for a missing or too long name or a missing probe();
 * -EEXIST if the name is in use; the errno of driver_register().
 */
int __bx_driver_register(struct bx_bus *bus, struct bx_driver *drv,
			 struct module *owner, const char *mod_name)
{
	int err;

	if (!drv->name || !*drv->name || strlen(drv->name) >= BX_NAME_LEN ||
	    !drv->probe)
		return -EINVAL;
	drv->bus = bus;
	drv->driver.name = drv->name;
	drv->driver.bus = &bus->type;
	drv->driver.owner = owner;
	drv->driver.mod_name = mod_name;
	drv->driver.probe_type = PROBE_FORCE_SYNCHRONOUS;

	err = bx_driver_list(drv);
	if (err)
		return err;
	err = driver_register(&drv->driver);
	if (err) {
		bx_driver_unlist(drv);
		synchronize_srcu(&bx_srcu);
		return err;
	}
	/*
	 * The driver core tried only this driver; another may be elected now.
	 */
	bx_own_reelect(bus, false);
	return 0;
}
EXPORT_SYMBOL_GPL(__bx_driver_register);

/**
 * bx_driver_unregister() - remove a driver
 * @drv: a registered driver
 *
 * Unbinds its devices and schedules their re-election.
 *
 * Context: process; waits for remove() and for elections that use @drv.
 */
void bx_driver_unregister(struct bx_driver *drv)
{
	struct bx_bus *bus = drv->bus;

	bx_driver_unlist(drv);
	driver_unregister(&drv->driver);
	synchronize_srcu(&bx_srcu);
	bx_own_reelect(bus, false);
}
EXPORT_SYMBOL_GPL(bx_driver_unregister);
