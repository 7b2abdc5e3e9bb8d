// SPDX-License-Identifier: GPL-2.0-only
/*
 * From the name of a bus of the running kernel to its struct bus_type
 *
 * The kernel exports few buses, and no function finds one by name.  But each bus is a
 * kset in /sys/bus, embedded in private data of the driver core, which also have a
 * pointer to the bus.  Its place is learnt from pci and platform, and each result is
 * verified: bus_get_kset() compares pointers and follows none.  Where that fails, a bus
 * is found by a device on it.
 */
#include <linux/kobject.h>
#include <linux/platform_device.h>
#include <linux/uaccess.h>
#include "core.h"

/* Bytes behind the kset that may have the pointer */
#define BX_KSET_RANGE	1024

/* Returns the distance of the pointer from the bus' kset, or an errno. */
static int bx_bus_offset(const struct bus_type *bus)
{
	struct kset *kset = bus_get_kset(bus);
	const void *word;

	for (int off = 0; kset && off < BX_KSET_RANGE; off += sizeof(word)) {
		if (copy_from_kernel_nofault(&word, (void *)kset + off,
					     sizeof(word)))
			return -EFAULT;
		if (word == bus)
			return off;
	}
	return -ENOENT;
}

/* The bus is not pinned yet: only its address may be used. */
static const struct bus_type *bx_bus_at(struct kset *kset, int off)
{
	const struct bus_type *bus;

	if (copy_from_kernel_nofault(&bus, (void *)kset + off, sizeof(bus)) ||
	    bus_get_kset(bus) != kset)
		return NULL;
	return bus;
}

static const struct bus_type *bx_bus_by_kset(const char *name)
{
	int off = bx_bus_offset(&pci_bus_type);
	const struct bus_type *bus;
	struct kobject *kobj;

	if (off < 0 || off != bx_bus_offset(&platform_bus_type))
		return NULL;
	kobj = kset_find_obj(bus_get_kset(&pci_bus_type)->kobj.kset, name);
	if (!kobj)
		return NULL;
	bus = bx_bus_at(to_kset(kobj), off);
	kobject_put(kobj);
	return bus;
}

/* All devices of the machine are members of one kset. */
static const struct bus_type *bx_bus_by_device(const char *name)
{
	struct kset *all = platform_bus.kobj.kset;
	const struct bus_type *bus = NULL;
	struct kobject *kobj;

	spin_lock(&all->list_lock);
	list_for_each_entry(kobj, &all->list, entry) {
		struct device *dev = kobj_to_dev(kobj);

		if (kobj->ktype != platform_bus.kobj.ktype || !dev->bus ||
		    strcmp(dev->bus->name, name))
			continue;
		bus = dev->bus;
		break;
	}
	spin_unlock(&all->list_lock);
	return bus;
}

/*
 * Pins the module that contains @addr: NULL if it is in the kernel image, -ENODEV if
 * the module is being unloaded.
 */
static struct module *bx_pin_owner(unsigned long addr)
{
	struct kset *modules = THIS_MODULE->mkobj.kobj.kset;
	struct module *owner = NULL;
	struct kobject *kobj;

	spin_lock(&modules->list_lock);
	list_for_each_entry(kobj, &modules->list, entry) {
		struct module_kobject *mk =
			container_of(kobj, struct module_kobject, kobj);

		/* the kobject is in the list, so the module is not freed yet */
		if (!mk->mod || !within_module(addr, mk->mod))
			continue;
		owner = try_module_get(mk->mod) ? mk->mod : ERR_PTR(-ENODEV);
		break;
	}
	spin_unlock(&modules->list_lock);
	return owner;
}

/**
 * bx_bus_lookup() - find a bus by its name
 * @name: the bus
 * @owner: takes its pinned module, NULL if it is built in; the caller calls
 *	module_put()
 *
 * Context: process.
 * Return: the bus, which stays while its module is pinned; NULL if there is none.
 */
const struct bus_type *bx_bus_lookup(const char *name, struct module **owner)
{
	const struct bus_type *bus = bx_bus_by_kset(name) ?: bx_bus_by_device(name);

	*owner = NULL;
	if (!bus)
		return NULL;
	*owner = bx_pin_owner((unsigned long)bus);
	if (IS_ERR(*owner)) {
		*owner = NULL;
		return NULL;
	}
	/* it may have been unregistered before its module was pinned */
	if (bus_get_kset(bus) && !strcmp(bus->name, name))
		return bus;
	module_put(*owner);
	*owner = NULL;
	return NULL;
}
