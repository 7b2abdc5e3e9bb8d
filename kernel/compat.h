/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Differences between kernels, so that no other file has an #ifdef
 *
 * driver_override: newer stable kernels keep it in struct device, behind a
 * spinlock, for any bus that asks for it.  Older ones have a string per bus
 * (struct pci_dev, struct platform_device) that the device lock protects.
 *
 * A *token* is the address of the string that bus_ext itself stored.  Every
 * write by somebody else stores another one, so comparing it tells who wrote
 * the override that is in force.  Ours are allocated far larger than needed, so
 * that the address can come back only with a name that is longer than any
 * driver's.
 */
#ifndef _BX_COMPAT_H
#define _BX_COMPAT_H

#include <linux/bus_ext.h>
#include <linux/pci.h>
#include <linux/platform_device.h>
#include <linux/slab.h>
#include <linux/string.h>

#define BX_OVERRIDE_SIZE	512

#ifdef BX_GENERIC_DRIVER_OVERRIDE

#define BX_BUS_DRIVER_OVERRIDE		.driver_override = true,

static inline const char **bx_override_slot(struct device *dev)
{
	return &dev->driver_override.name;
}

static inline void bx_override_lock(struct device *dev)
{
	spin_lock(&dev->driver_override.lock);
}

static inline void bx_override_unlock(struct device *dev)
{
	spin_unlock(&dev->driver_override.lock);
}

/* The bus' own attribute is enough. */
#define BX_OVERRIDE_ATTR		NULL

#else /* the older, per-bus field */

#define BX_BUS_DRIVER_OVERRIDE

static inline const char **bx_override_slot(struct device *dev)
{
	if (dev->bus == &pci_bus_type)
		return (const char **)&to_pci_dev(dev)->driver_override;
	if (dev->bus == &platform_bus_type)
		return (const char **)&to_platform_device(dev)->driver_override;
	return &to_bx_device(dev)->driver_override;
}

/*
 * An election on a bus of our own runs with or without the device lock, so
 * there the string has a lock of its own, which the attribute takes as well.
 */
extern spinlock_t bx_override_spin;

static inline void bx_override_lock(struct device *dev)
{
	if (dev->bus == &pci_bus_type || dev->bus == &platform_bus_type)
		device_lock(dev);
	else
		spin_lock(&bx_override_spin);
}

static inline void bx_override_unlock(struct device *dev)
{
	if (dev->bus == &pci_bus_type || dev->bus == &platform_bus_type)
		device_unlock(dev);
	else
		spin_unlock(&bx_override_spin);
}

extern struct device_attribute dev_attr_driver_override;
#define BX_OVERRIDE_ATTR		(&dev_attr_driver_override.attr)

#endif

/**
 * bx_override_read() - copy a device's driver_override
 * @dev: the device
 * @buf: takes the name, empty when none is set
 * @len: size of @buf
 *
 * Return: the token of what is in force, NULL when none is set.  Never one of
 * ours for a name that we would not write.
 */
static inline const char *bx_override_read(struct device *dev, char *buf,
					   size_t len)
{
	const char *name;

	bx_override_lock(dev);
	name = *bx_override_slot(dev);
	strscpy(buf, name ?: "", len);
	if (name && strlen(name) >= BX_NAME_LEN)
		name = ERR_PTR(-ENAMETOOLONG);
	bx_override_unlock(dev);
	return name;
}

/**
 * bx_override_swap() - replace the override that one's token stands for
 * @dev: the device
 * @token: what must be in force; NULL for no override
 * @name: the new name, NULL to remove it
 *
 * Return: the new token, NULL when removed, ERR_PTR(-EBUSY) when something else
 * is in force, ERR_PTR(-ENOMEM).
 */
static inline const char *bx_override_swap(struct device *dev,
					   const char *token, const char *name)
{
	const char *old;
	char *new = NULL;
	bool ours;

	if (name) {
		new = kzalloc(BX_OVERRIDE_SIZE, GFP_KERNEL);
		if (!new)
			return ERR_PTR(-ENOMEM);
		strscpy(new, name, BX_NAME_LEN);
	}

	bx_override_lock(dev);
	old = *bx_override_slot(dev);
	ours = old == token && (!old || strlen(old) < BX_NAME_LEN);
	if (ours)
		*bx_override_slot(dev) = new;
	bx_override_unlock(dev);

	kfree(ours ? old : new);
	return ours ? new : ERR_PTR(-EBUSY);
}

#endif /* _BX_COMPAT_H */
