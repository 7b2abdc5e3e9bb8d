// SPDX-License-Identifier: GPL-2.0-only
/*
 * The own rule of an adopted bus: which drivers it matches without an override
 */
#include <linux/acpi.h>
#include <linux/of_device.h>
#include <linux/platform_device.h>
#include "core.h"

/*
 * pci_bus_type's match() knows the ids that were added at run time, but obeys
 * driver_override.  So it is asked about a copy of the device that has none.
 * NULL on other buses.
 */
static struct pci_dev *bx_rule_copy(struct device *dev)
{
	struct pci_dev *copy;

	if (!dev_is_pci(dev))
		return NULL;
	copy = kmemdup(to_pci_dev(dev), sizeof(*copy), GFP_KERNEL);
	if (!copy)
		return ERR_PTR(-ENOMEM);
	bx_override_reset(&copy->dev);
	return copy;
}

/*
 * As platform_bus_type's match(), which stores what it finds in the device;
 * ACPI does not match a copy.
 */
static bool bx_rule_platform(struct device *dev,
			     const struct device_driver *drv)
{
	const struct platform_device_id *id = to_platform_driver(drv)->id_table;
	const char *name = to_platform_device(dev)->name;

	if (of_driver_match_device(dev, drv) ||
	    acpi_driver_match_device(dev, drv))
		return true;
	if (!id)
		return !strcmp(name, drv->name);
	for (; *id->name; id++) {
		if (!strcmp(name, id->name))
			return true;
	}
	return false;
}

/*
 * The rule of another bus.  Where the bus has driver_override, its rule obeys it.  The
 * driver core asks it without the device lock, too.
 */
static bool bx_rule_other(struct device *dev, const struct device_driver *drv)
{
	const struct bx_bus_desc *desc = bx_bus_desc(dev->bus->name);

	if (!dev->bus->match || (desc && desc->match_writes))
		return true;
	return dev->bus->match(dev, drv) > 0;
}

static bool bx_rule_matches(struct device *dev, struct pci_dev *copy,
			    const struct device_driver *drv)
{
	if (copy)
		return drv->bus->match(&copy->dev, drv) > 0;
	return dev->bus == &platform_bus_type ? bx_rule_platform(dev, drv) :
						bx_rule_other(dev, drv);
}

/**
 * bx_rule_claims() - check whether the own rule of the bus matches a driver
 * @dev: a device on an adopted bus
 * @drv: a driver of that bus
 *
 * Context: process; with or without the device lock.
 * Return: true if it does; false also if out of memory.
 */
bool bx_rule_claims(struct device *dev, const struct device_driver *drv)
{
	struct pci_dev *copy = bx_rule_copy(dev);
	bool claims;

	if (IS_ERR(copy))
		return false;
	claims = bx_rule_matches(dev, copy, drv);
	kfree(copy);
	return claims;
}

struct bx_rule_claimants {
	struct device		*dev;
	struct pci_dev		*copy;
	int			(*fn)(const char *driver, void *data);
	void			*data;
};

static int bx_rule_claimant(struct device_driver *drv, void *data)
{
	const struct bx_rule_claimants *all = data;

	return bx_rule_matches(all->dev, all->copy, drv) ?
	       all->fn(drv->name, all->data) : 0;
}

/**
 * bx_rule_walk_claimants() - call a function for each driver that claims a device
 * @dev: a device on an adopted bus
 * @fn: the function, called in the order of registration; an errno ends the walk
 * @data: its argument
 *
 * Context: process; with or without the device lock.
 * Return: 0, -ENOMEM, or the errno of @fn.
 */
int bx_rule_walk_claimants(struct device *dev,
			   int (*fn)(const char *driver, void *data), void *data)
{
	struct bx_rule_claimants all = { .dev = dev, .fn = fn, .data = data };
	int err;

	all.copy = bx_rule_copy(dev);
	if (IS_ERR(all.copy))
		return PTR_ERR(all.copy);
	err = bus_for_each_drv(dev->bus, NULL, &all, bx_rule_claimant);
	kfree(all.copy);
	return err;
}

/**
 * bx_rule_obeys() - check whether the rule of a bus sees only the driver of an override
 * @bus: an adopted bus
 *
 * Return: true if it does; the rules of pci and platform are asked without the override.
 */
bool bx_rule_obeys(const struct bus_type *bus)
{
	return bus->driver_override && bus != &pci_bus_type && bus != &platform_bus_type;
}

struct bx_rule_query {
	struct device	*dev;
	const char	*driver;
};

static int bx_rule_query_driver(struct device_driver *drv, void *data)
{
	const struct bx_rule_query *q = data;

	return !strcmp(drv->name, q->driver) && bx_rule_claims(q->dev, drv);
}

/**
 * bx_rule_claims_by_name() - check whether the own rule of the bus matches a driver
 * @dev: a device on an adopted bus
 * @driver: name of the driver
 *
 * Context: process; with or without the device lock.
 * Return: true if the driver is registered and the rule matches it.
 */
bool bx_rule_claims_by_name(struct device *dev, const char *driver)
{
	struct bx_rule_query q = { .dev = dev, .driver = driver };

	return bus_for_each_drv(dev->bus, NULL, &q, bx_rule_query_driver);
}
