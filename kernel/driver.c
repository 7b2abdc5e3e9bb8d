// SPDX-License-Identifier: GPL-2.0-only
/*
 * Drivers on buses of bus_ext's own
 */
#include "core.h"

static atomic64_t bx_driver_order;

/* Listed before it is registered, so that its walk over devices can elect it. */
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
 * @drv: the driver; stays the caller's
 * @owner: THIS_MODULE, by way of bx_driver_register()
 * @mod_name: KBUILD_MODNAME, likewise
 *
 * Context: process; probes devices.
 * Return: 0; -EINVAL without a name, with one of BX_NAME_LEN bytes or more, or
 * without probe(); -EPROTONOSUPPORT or -EOPNOTSUPP when it asks for what the
 * contract does not have; -EEXIST when the name is in use; what
 * driver_register() returns.
 */
int __bx_driver_register(struct bx_bus *bus, struct bx_driver *drv,
			 struct module *owner, const char *mod_name)
{
	int err;

	if (!drv->name || !*drv->name || strlen(drv->name) >= BX_NAME_LEN ||
	    !drv->probe)
		return -EINVAL;
	err = bx_driver_check(bus, drv);
	if (err)
		return err;

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
	/* The driver core has tried this driver alone: another may win now. */
	bx_own_reelect(bus, false);
	return 0;
}
EXPORT_SYMBOL_GPL(__bx_driver_register);

/**
 * bx_driver_unregister() - remove a driver
 * @drv: a registered driver
 *
 * Its devices are unbound, then elected anew.
 *
 * Context: process; waits for remove() and for elections that look at @drv.
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
