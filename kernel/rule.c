// SPDX-License-Identifier: GPL-2.0-only
/*
 * The own rule of an adopted bus: which drivers it matches without an override
 */
#include <linux/acpi.h>
#include <linux/of_device.h>
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

struct bx_rule_walk {
	struct pci_dev		*copy;
	struct bx_election	*e;
	char			first[BX_NAME_LEN];
};

static int bx_rule_explain_driver(struct device_driver *drv, void *data)
{
	struct bx_rule_walk *walk = data;
	struct bx_election *e = walk->e;

	e->dec.considered++;
	if (!bx_rule_matches(e->ctx.device, walk->copy, drv))
		return 0;
	if (!*walk->first)
		strscpy(walk->first, drv->name, sizeof(walk->first));
	bx_log_opinion(e, BX_OPN_ID_TABLE, NULL, drv->name, 1,
		       e->decided ? BX_WHY_LATE :
		       strcmp(walk->first, drv->name) ? BX_WHY_LOW :
		       BX_WHY_WON, 0);
	return 0;
}

/**
 * bx_rule_explain() - log the drivers that the own rule of the bus matches
 * @e: an election with a log; if it has no outcome, the first driver wins
 *
 * Context: process.
 * Return: 0 or -ENOMEM.
 */
int bx_rule_explain(struct bx_election *e)
{
	struct bx_rule_walk walk = { .e = e };

	walk.copy = bx_rule_copy(e->ctx.device);
	if (IS_ERR(walk.copy))
		return PTR_ERR(walk.copy);
	bus_for_each_drv(e->ctx.device->bus, NULL, &walk,
			 bx_rule_explain_driver);
	kfree(walk.copy);
	if (e->decided)
		return 0;
	e->dec.by = BX_BY_KERNEL;
	strscpy(e->dec.driver, walk.first, sizeof(e->dec.driver));
	if (*walk.first)
		e->dec.outcome = BX_OUT_DRIVER;
	return 0;
}
