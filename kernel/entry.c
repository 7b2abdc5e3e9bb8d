// SPDX-License-Identifier: GPL-2.0-only
/*
 * Entries: what bus_ext knows of a device on an adopted bus
 *
 * struct device has no field for this, so a table finds the entry by the
 * device's address.  An entry is in the table from BUS_NOTIFY_ADD_DEVICE to
 * BUS_NOTIFY_REMOVED_DEVICE, and for a device that was added before the module
 * was loaded, from the load on.  Without an entry there are no elections.
 */
#include <linux/iommu.h>
#include <linux/moduleparam.h>
#include <linux/rhashtable.h>
#include "core.h"

static const struct rhashtable_params bx_entry_params = {
	.key_len		= sizeof(struct device *),
	.key_offset		= offsetof(struct bx_entry, dev),
	.head_offset		= offsetof(struct bx_entry, node),
	.automatic_shrinking	= true,
};

static bool bx_booted;
module_param_named(booted, bx_booted, bool, 0644);
MODULE_PARM_DESC(booted, "the machine has booted: devices that are added from now on are hot-plugged");

static struct rhashtable bx_entries;
static LIST_HEAD(bx_entry_list);
static DEFINE_SPINLOCK(bx_entry_list_lock);	/* protects bx_entry_list */

static void bx_entry_free(struct kref *ref)
{
	struct bx_entry *entry = container_of(ref, struct bx_entry, ref);

	bx_notes_clear(&entry->notes);
	put_device(entry->parent);
	kfree(entry->modalias);
	mutex_destroy(&entry->lock);
	kfree_rcu(entry, rcu);
}

/* May sleep: the last put releases the parent. */
void bx_entry_put(struct bx_entry *entry)
{
	if (entry)
		kref_put(&entry->ref, bx_entry_free);
}

static struct bx_entry *bx_entry_find(struct device *dev)
{
	struct bx_entry *entry;

	rcu_read_lock();
	entry = rhashtable_lookup(&bx_entries, &dev, bx_entry_params);
	if (entry && !kref_get_unless_zero(&entry->ref))
		entry = NULL;
	rcu_read_unlock();
	return entry;
}

/**
 * bx_entry_get() - get the entry of a device
 * @dev: a device on an adopted bus; the caller holds a reference to it
 *
 * Context: process.
 * Return: the entry, to be released with bx_entry_put(); NULL if the device was
 * removed.
 */
struct bx_entry *bx_entry_get(struct device *dev)
{
	struct bx_entry *entry = bx_entry_find(dev);

	/* pairs with bx_entry_complete() */
	if (!entry || smp_load_acquire(&entry->complete))
		return entry;
	bx_entry_put(entry);
	return NULL;
}

/**
 * bx_entry_add() - add an incomplete entry, unless the device has an entry
 * @dev: the device
 * @found: it was found on its bus, so it may be removed already
 *
 * Context: process.
 * Return: 0 or an errno.
 */
int bx_entry_add(struct device *dev, bool found)
{
	struct bx_entry *entry;
	int err;

	entry = kzalloc(sizeof(*entry), GFP_KERNEL);
	if (!entry)
		return -ENOMEM;
	bx_veto_init(&entry->veto);
	kref_init(&entry->ref);
	mutex_init(&entry->lock);
	spin_lock_init(&entry->iommu_lock);
	INIT_LIST_HEAD(&entry->notes);
	bx_deferral_init(&entry->deferral, dev);
	entry->dev = dev;
	entry->dec.by = BX_BY_KERNEL;
	entry->found = found;
	entry->hotplugged = !found && READ_ONCE(bx_booted);
	entry->vf_index = -1;
	entry->iommu_group = -1;
	spin_lock(&bx_entry_list_lock);
	list_add(&entry->list, &bx_entry_list);
	spin_unlock(&bx_entry_list_lock);
	err = rhashtable_lookup_insert_fast(&bx_entries, &entry->node,
					    bx_entry_params);
	if (!err)
		return 0;
	spin_lock(&bx_entry_list_lock);
	list_del(&entry->list);
	spin_unlock(&bx_entry_list_lock);
	bx_entry_put(entry);
	return err == -EEXIST ? 0 : err;
}

/*
 * The number of a virtual function.  pci_iov_vf_id() divides by the stride, which
 * may be 0 for a single function.
 */
static s32 bx_vf_index(struct pci_dev *vf)
{
	struct pci_dev *pf = pci_physfn(vf);
	u16 offset = 0, stride = 0;
	int pos, rid;

	pos = pci_find_ext_capability(pf, PCI_EXT_CAP_ID_SRIOV);
	if (!pos)
		return -1;
	pci_read_config_word(pf, pos + PCI_SRIOV_VF_OFFSET, &offset);
	pci_read_config_word(pf, pos + PCI_SRIOV_VF_STRIDE, &stride);
	rid = pci_dev_id(vf) - pci_dev_id(pf) - offset;
	if (rid < 0)
		return -1;
	return stride ? rid / stride : 0;
}

/**
 * bx_entry_complete() - fill in the parent and the identity of a device
 * @dev: a device with an entry
 *
 * The device's removal waits for the entry's lock before it releases the
 * parent.
 *
 * Context: process; in BUS_NOTIFY_ADD_DEVICE, or with a device that the caller
 * found on its bus after it had called bx_entry_add().
 */
void bx_entry_complete(struct device *dev)
{
	struct bx_entry *entry = bx_entry_find(dev);
	struct device *parent = dev->parent;

	if (!entry)
		return;
	mutex_lock(&entry->lock);
	if (!entry->gone && !entry->complete) {
		if (dev_is_pci(dev) && to_pci_dev(dev)->is_virtfn) {
			parent = &pci_physfn(to_pci_dev(dev))->dev;
			entry->vf_index = bx_vf_index(to_pci_dev(dev));
		}
		entry->parent = get_device(parent);
		entry->modalias = bx_bus_identify(dev, &entry->vendor,
						  &entry->device);
		/* pairs with bx_entry_get() */
		smp_store_release(&entry->complete, true);
	}
	mutex_unlock(&entry->lock);
	bx_entry_put(entry);
}

/* Takes an entry out of the table, unless another caller was faster. */
static void bx_entry_unlink(struct bx_entry *entry)
{
	if (rhashtable_remove_fast(&bx_entries, &entry->node, bx_entry_params))
		return;
	spin_lock(&bx_entry_list_lock);
	list_del(&entry->list);
	spin_unlock(&bx_entry_list_lock);
	bx_entry_put(entry);	/* the table's */
}

/* The device is being removed; its lock is held. */
void bx_entry_set_leaving(struct device *dev)
{
	struct bx_entry *entry = bx_entry_find(dev);

	device_lock_assert(dev);
	if (entry)
		entry->leaving = true;
	bx_entry_put(entry);
}

/**
 * bx_entry_leave() - end the elections of a device that is being removed
 * @dev: the device
 *
 * Waits for an election in progress.  Afterwards the entry refers to nothing
 * that the removal takes away, but still describes the device.
 *
 * Context: process; BUS_NOTIFY_REMOVED_DEVICE, before the IOMMU core is told.
 */
void bx_entry_leave(struct device *dev)
{
	struct bx_entry *entry = bx_entry_find(dev);

	if (!entry)
		return;
	bx_entry_iommu_group(entry);	/* for BX_EVENT_REMOVED */
	mutex_lock(&entry->lock);
	spin_lock(&entry->iommu_lock);
	entry->gone = true;
	spin_unlock(&entry->iommu_lock);
	entry->token = NULL;	/* the device frees its override */
	bx_deferral_end(&entry->deferral);
	mutex_unlock(&entry->lock);
	bx_entry_put(entry);
}

/* Takes the entry of a removed device out of the table. */
void bx_entry_remove(struct device *dev)
{
	struct bx_entry *entry = bx_entry_find(dev);

	if (!entry)
		return;
	bx_entry_unlink(entry);
	bx_entry_put(entry);
}

/**
 * bx_entry_iommu_group() - get the id of the device's IOMMU group
 * @entry: the entry
 *
 * Context: any.
 * Return: the id, -1 for none; for a removed device the last one seen.
 */
s32 bx_entry_iommu_group(struct bx_entry *entry)
{
	struct iommu_group *group;
	s32 id;

	spin_lock(&entry->iommu_lock);
	if (!entry->gone) {
		group = iommu_group_get(entry->dev);
		entry->iommu_group = group ? iommu_group_id(group) : -1;
		iommu_group_put(group);
	}
	id = entry->iommu_group;
	spin_unlock(&entry->iommu_lock);
	return id;
}

int bx_entries_init(void)
{
	return rhashtable_init(&bx_entries, &bx_entry_params);
}

static struct bx_entry *bx_entry_get_incomplete(void)
{
	struct bx_entry *entry, *found = NULL;

	spin_lock(&bx_entry_list_lock);
	list_for_each_entry(entry, &bx_entry_list, list) {
		if (entry->found && !entry->complete &&
		    kref_get_unless_zero(&entry->ref)) {
			found = entry;
			break;
		}
	}
	spin_unlock(&bx_entry_list_lock);
	return found;
}

/*
 * Drops the entries of devices that were found on their bus, but left it before
 * bx_entry_complete().
 */
static void bx_entries_prune(void)
{
	struct bx_entry *entry;

	while ((entry = bx_entry_get_incomplete())) {
		bx_entry_unlink(entry);
		bx_entry_put(entry);
	}
}

static int bx_entry_add_found(struct device *dev, void *data)
{
	return bx_entry_add(dev, true);
}

static int bx_entry_complete_found(struct device *dev, void *data)
{
	bx_entry_complete(dev);
	return 0;
}

/**
 * bx_entries_add() - add entries of the devices that are on a bus
 * @bus: the bus, whose notifiers are registered
 *
 * They may be removed meanwhile: one that the second walk finds was still on the bus
 * when it had an entry, so the notifier of its removal drops the entry.
 *
 * Context: process; one caller at a time: each walk prunes the entries that none has
 * completed.
 * Return: 0 or an errno.
 */
int bx_entries_add(const struct bus_type *bus)
{
	int err = bus_for_each_dev(bus, NULL, NULL, bx_entry_add_found);

	bus_for_each_dev(bus, NULL, NULL, bx_entry_complete_found);
	bx_entries_prune();
	return err;
}

/* Called without notifiers and without work, so no entry is in use. */
void bx_entries_exit(void)
{
	struct bx_entry *entry, *tmp;

	list_for_each_entry_safe(entry, tmp, &bx_entry_list, list)
		bx_entry_unlink(entry);
	rhashtable_destroy(&bx_entries);
}
