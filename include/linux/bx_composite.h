/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * bx-composite: the bus of composite devices
 *
 * A composite device consists of devices on any own or adopted buses, its parts.  Policies
 * name them: the program part() calls bx_part(ctx, "TYPE.INSTANCE/PART", flags).  The
 * composite device TYPE.INSTANCE is on the bus from the first part on.  Its driver is bound
 * when all parts that it needs are there, and unbound before one of them leaves.
 *
 * The bus has no operations: a driver uses the parts, each by the API of its own bus.
 */
#ifndef _LINUX_BX_COMPOSITE_H
#define _LINUX_BX_COMPOSITE_H

#include <linux/bus_ext.h>

/** BX_COMPOSITE_VERSION - version of this contract */
#define BX_COMPOSITE_VERSION	1

/** BX_COMPOSITE_PARTS - most parts that a driver may have */
#define BX_COMPOSITE_PARTS	16

/**
 * struct bx_composite_need - a part that a driver needs
 * @name: its name, [A-Za-z0-9_-], below BX_NAME_LEN bytes; NULL ends the array
 * @optional: the driver is bound also without it
 */
struct bx_composite_need {
	const char	*name;
	bool		optional;
};

/**
 * struct bx_composite_driver - a driver of composite devices
 * @drv: name, probe() and remove(); the id table is not used
 * @type: the type of the devices that it claims
 * @needs: the parts; the array ends with an entry without a name
 *
 * From the begin of probe() to the end of remove(), the parts are there, in the same state.
 * Both are called with the lock of the composite device held, and must not take the lock of a
 * part, which may wait for them: no functions such as device_release_driver() or
 * pci_reset_function(); pci_try_reset_function() does not wait.
 *
 * An optional part that comes while the driver is bound is used from the next binding on.
 */
struct bx_composite_driver {
	struct bx_driver		drv;
	const char			*type;
	const struct bx_composite_need	*needs;
};

extern struct bx_bus bx_composite_bus;

int __bx_composite_driver_register(struct bx_composite_driver *drv, struct module *owner,
				   const char *mod_name);
#define bx_composite_driver_register(drv) \
	__bx_composite_driver_register(drv, THIS_MODULE, KBUILD_MODNAME)
void bx_composite_driver_unregister(struct bx_composite_driver *drv);

struct device *bx_composite_part(struct bx_device *bdev, const char *name);

/**
 * MODULE_BX_COMPOSITE - load a driver's module for a type of composite devices
 * @type: the type, a string
 */
#define MODULE_BX_COMPOSITE(type) \
	MODULE_ALIAS("bus_ext:" BX_COMPOSITE_BUS ":type=" type)

#endif /* _LINUX_BX_COMPOSITE_H */
