/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Differences between kernels, so that other files need no #ifdef
 *
 * driver_override: newer stable kernels keep it in struct device, protected by
 * a spinlock, for each bus that requests it.  Older ones have a string per bus
 * (struct pci_dev, struct platform_device), protected by the device lock.
 *
 * A *token* is the address of a string that bus_ext stored.  A write by another
 * party stores another string, so a comparison of addresses tells whether
 * bus_ext wrote the current override.  Its strings have BX_OVERRIDE_SIZE bytes,
 * so that another party gets the same address again only for a name longer than
 * that of any driver; bx_override_read() and bx_override_swap() check the
 * length.
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

/* The bus core adds the attribute. */
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
 * Protects the strings of devices on own buses, where elections run with or
 * without the device lock; the attribute driver_override takes it, too.
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
 * @buf: takes the name, empty if none is set
 * @len: size of @buf in bytes
 *
 * Return: the token of the current override, NULL if none is set.  For a name
 * that bus_ext cannot have written, ERR_PTR(-ENAMETOOLONG), which equals no
 * token.
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
 * bx_override_swap() - replace an override that bus_ext wrote
 * @dev: the device
 * @token: the expected token of the current override; NULL for no override
 * @name: the new name, NULL to remove the override
 *
 * Return: the new token, NULL if removed, ERR_PTR(-EBUSY) if the current
 * override has another token, ERR_PTR(-ENOMEM).
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
