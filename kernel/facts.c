// SPDX-License-Identifier: GPL-2.0-only
/*
 * Facts: descriptions of devices for programs, records and events
 *
 * Ids, parent, driver and IOMMU group of a device on an own or adopted bus.
 * The election (elect.c) knows devices only by these.
 */
#include <linux/iommu.h>
#include <linux/rwsem.h>
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

static struct device *bx_natural_parent(struct device *dev)
{
	if (dev_is_pci(dev) && to_pci_dev(dev)->is_virtfn)
		return &pci_physfn(to_pci_dev(dev))->dev;
	return dev->parent;
}

static int bx_is_same(struct device *dev, const void *other)
{
	return dev == other;
}

/* Written after a device left its bus, see bx_parent_synchronize(). */
static DECLARE_RWSEM(bx_parent_rwsem);

/*
 * Returns a device's parent, referenced.  The caller may hold only a reference
 * to the device, which keeps its parent only until it is removed.  A device on
 * an own bus references its parent until its release.  A device on an adopted
 * bus still has its parent if it is in the list of its bus: it leaves the list
 * before BUS_NOTIFY_REMOVED_DEVICE, which waits for this function, and drops
 * the parent afterwards.
 */
static struct device *bx_parent_get(struct device *dev)
{
	struct device *listed, *parent;

	if (bx_is_own(dev))
		return get_device(dev->parent);
	guard(rwsem_read)(&bx_parent_rwsem);
	listed = bus_find_device(dev->bus, NULL, dev, bx_is_same);
	parent = listed ? get_device(bx_natural_parent(dev)) : NULL;
	put_device(listed);
	return parent;
}

/**
 * bx_parent_synchronize() - wait for running lookups of parents
 *
 * Context: BUS_NOTIFY_REMOVED_DEVICE of an adopted bus.
 */
void bx_parent_synchronize(void)
{
	down_write(&bx_parent_rwsem);
	up_write(&bx_parent_rwsem);
}

static void bx_info_pci(struct pci_dev *pdev, struct bx_dev_info *info)
{
	info->vendor = pdev->vendor;
	info->device = pdev->device;
	info->subvendor = pdev->subsystem_vendor;
	info->subdevice = pdev->subsystem_device;
	info->class = pdev->class;
	info->revision = pdev->revision;
	if (pdev->is_virtfn) {
		info->flags |= BX_DEV_VF;
		info->vf_index = pci_iov_vf_id(pdev);
	} else if (pdev->is_physfn) {
		info->flags |= BX_DEV_PF;
	}
}

static void bx_info_own(struct bx_device *bdev, struct bx_dev_info *info)
{
	info->vendor = bdev->id.vendor;
	info->device = bdev->id.device;
	info->subvendor = bdev->id.subvendor;
	info->subdevice = bdev->id.subdevice;
	info->class = bdev->id.class;
	info->revision = bdev->id.revision;
	export_guid(info->guid, &bdev->guid);
}

static void bx_info_fill(struct device *dev, struct device *parent,
			 struct bx_dev_info *info)
{
	struct iommu_group *group;

	memset(info, 0, sizeof(*info));
	info->vf_index = -1;
	info->iommu_group = -1;
	info->numa_node = dev_to_node(dev);
	strscpy(info->name, dev_name(dev), sizeof(info->name));
	strscpy(info->bus, dev->bus->name, sizeof(info->bus));
	if (READ_ONCE(dev->driver))
		info->flags |= BX_DEV_BOUND;

	if (bx_is_own(dev)) {
		bx_info_own(to_bx_device(dev), info);
	} else {
		info->flags |= BX_DEV_ADOPTED;
		if (dev_is_pci(dev))
			bx_info_pci(to_pci_dev(dev), info);
	}
	if (parent) {
		strscpy(info->parent, dev_name(parent), sizeof(info->parent));
		bx_dev_driver_name(parent, info->parent_driver,
				   sizeof(info->parent_driver));
	}

	group = iommu_group_get(dev);
	if (group) {
		info->iommu_group = iommu_group_id(group);
		iommu_group_put(group);
	}
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
	struct device *parent = bx_parent_get(dev);

	bx_info_fill(dev, parent, info);
	put_device(parent);
}

/**
 * bx_dev_info_fill_removed() - describe a device during its removal
 * @dev: a device on an adopted bus
 * @info: takes the description
 *
 * Context: BUS_NOTIFY_REMOVED_DEVICE, where the device still has its parent.
 */
void bx_dev_info_fill_removed(struct device *dev, struct bx_dev_info *info)
{
	bx_info_fill(dev, bx_natural_parent(dev), info);
}
