// SPDX-License-Identifier: GPL-2.0-only
/*
 * Facts: a device as programs, records and events see it
 *
 * Ids, parent, driver, IOMMU group of a device on one of our own or an adopted
 * bus.  This is what the election (elect.c) knows of a device.
 */
#include <linux/iommu.h>
#include <linux/rwsem.h>
#include "core.h"

/**
 * bx_dev_driver_name() - name of the driver that is bound to a device
 * @dev: the device
 * @buf: takes the name, empty when no driver is bound
 * @len: size of @buf
 *
 * Without the device lock, a driver that goes at this moment may or may not be
 * seen.  It stays in memory as long as we look: one of ours until its owner has
 * waited for bx_srcu, any other until its module has waited for RCU.
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

/* Taken for writing when a device has left its bus, see bx_parent_synchronize(). */
static DECLARE_RWSEM(bx_parent_rwsem);

/*
 * A device keeps its parent only until it is removed, and the holder of a
 * reference to the device may come later.  Devices of our own buses hold a
 * reference to the parent for life.  For others the bus is asked: its notifier
 * is called after the device left its list and before it drops the parent, and
 * there waits for this function.
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
 * bx_parent_synchronize() - wait for readers that look for a device's parent
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
 * @dev: a device on one of our own or an adopted bus; it may be gone, and then
 *	has no parent
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
 * bx_dev_info_fill_removed() - describe a device that is just being removed
 * @dev: a device on an adopted bus
 * @info: takes the description
 *
 * Context: BUS_NOTIFY_REMOVED_DEVICE, where the parent is still there.
 */
void bx_dev_info_fill_removed(struct device *dev, struct bx_dev_info *info)
{
	bx_info_fill(dev, bx_natural_parent(dev), info);
}
