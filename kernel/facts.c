// SPDX-License-Identifier: GPL-2.0-only
/*
 * Facts: descriptions of devices for programs, records and events
 *
 * Ids, parent, driver and IOMMU group of a device on an own or adopted bus.
 * The election (elect.c) knows devices only by these.
 */
#include <linux/iommu.h>
#include "core.h"

/**
 * bx_dev_driver_name() - copy the name of the driver bound to a device
 * @dev: the device
 * @buf: takes the name, empty if no driver is bound
 * @len: size of @buf in bytes
 *
 * Without the device lock, a driver that is being unbound may or may not be
 * seen.  Its memory stays valid: bx_srcu protects drivers of own buses, RCU the
 * modules of all others.
 *
 * Context: any, with or without the device lock.
 */
void bx_dev_driver_name(struct device *dev, char *buf, size_t len)
{
	int idx = srcu_read_lock(&bx_srcu);
	const struct device_driver *drv;

	rcu_read_lock();
	drv = READ_ONCE(dev->driver);
	strscpy(buf, drv ? drv->name : "", len);
	rcu_read_unlock();
	srcu_read_unlock(&bx_srcu, idx);
}

/**
 * bx_dev_is_bound() - check whether a driver is bound to a device
 * @dev: the device
 *
 * While a driver is probed, or refused at binding, dev->driver is set, but the device may soon
 * be without one again.
 *
 * Context: any, with or without the device lock.
 * Return: true if one is.
 */
bool bx_dev_is_bound(struct device *dev)
{
	return device_is_bound(dev);
}

/* The vendor id by which policies have a scope; 0 on a bus without ids, as platform */
u32 bx_dev_vendor(struct device *dev)
{
	struct bx_entry *entry;
	u32 vendor;

	if (dev_is_pci(dev))
		return to_pci_dev(dev)->vendor;
	if (bx_is_own(dev))
		return to_bx_device(dev)->id.vendor;
	entry = bx_entry_get(dev);
	vendor = entry ? entry->vendor : 0;
	bx_entry_put(entry);
	return vendor;
}

static void bx_info_pci(struct pci_dev *pdev, struct bx_dev_info *info)
{
	info->vendor = pdev->vendor;
	info->device = pdev->device;
	info->subvendor = pdev->subsystem_vendor;
	info->subdevice = pdev->subsystem_device;
	info->class = pdev->class;
	info->revision = pdev->revision;
	if (pdev->is_virtfn)
		info->flags |= BX_DEV_VF;
	else if (pdev->is_physfn)
		info->flags |= BX_DEV_PF;
}

/* Describes the identity of a device on an own bus, which need not exist yet. */
void bx_info_identity(struct bx_dev_info *info, const struct bx_id *id, const guid_t *guid)
{
	info->vendor = id->vendor;
	info->device = id->device;
	info->subvendor = id->subvendor;
	info->subdevice = id->subdevice;
	info->class = id->class;
	info->revision = id->revision;
	export_guid(info->guid, guid);
}

static void bx_info_parent(struct device *parent, struct bx_dev_info *info)
{
	if (!parent)
		return;
	strscpy(info->parent, dev_name(parent), sizeof(info->parent));
	bx_dev_driver_name(parent, info->parent_driver,
			   sizeof(info->parent_driver));
}

/* A device on an own bus references its parent, and has its group, until its release. */
static void bx_info_own_links(struct device *dev, struct bx_dev_info *info)
{
	struct iommu_group *group = iommu_group_get(dev);

	bx_info_parent(dev->parent, info);
	if (group)
		info->iommu_group = iommu_group_id(group);
	iommu_group_put(group);
}

/*
 * The caller may hold only a reference to the device, which keeps its parent
 * only until it is removed; so the parent comes from the entry.
 */
static void bx_info_adopted_links(struct device *dev, struct bx_dev_info *info)
{
	struct bx_entry *entry = bx_entry_get(dev);

	if (!entry)
		return;
	bx_info_parent(entry->parent, info);
	if (!dev_is_pci(dev)) {
		info->vendor = entry->vendor;
		info->device = entry->device;
	}
	strscpy(info->modalias, entry->modalias ?: "", sizeof(info->modalias));
	if (READ_ONCE(entry->claimed))
		info->flags |= BX_DEV_CLAIMED;
	info->vf_index = entry->vf_index;
	info->iommu_group = bx_entry_iommu_group(entry);
	bx_entry_put(entry);
}

/**
 * bx_dev_info_fill() - describe a device
 * @dev: a device on an own or adopted bus; if it was removed from an adopted
 *	bus, the description has no parent
 * @info: takes the description
 *
 * Context: may sleep; with or without the device lock.
 */
void bx_dev_info_fill(struct device *dev, struct bx_dev_info *info)
{
	memset(info, 0, sizeof(*info));
	info->vf_index = -1;
	info->iommu_group = -1;
	info->numa_node = dev_to_node(dev);
	strscpy(info->name, dev_name(dev), sizeof(info->name));
	strscpy(info->bus, dev->bus->name, sizeof(info->bus));
	if (bx_dev_is_bound(dev))
		info->flags |= BX_DEV_BOUND;

	if (bx_is_own(dev)) {
		bx_info_identity(info, &to_bx_device(dev)->id, &to_bx_device(dev)->guid);
		bx_info_own_links(dev, info);
		return;
	}
	info->flags |= BX_DEV_ADOPTED;
	if (dev_is_pci(dev))
		bx_info_pci(to_pci_dev(dev), info);
	bx_info_adopted_links(dev, info);
}
