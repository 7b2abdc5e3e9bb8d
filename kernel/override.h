/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The driver_override of a device: reading and replacing it, for which the kernel offers no
 * function
 *
 * Kernels keep the override in struct device, protected by a spinlock.
 *
 * A *token* is the address of a string that bus_ext stored.  A write by another
 * party stores another string.  bus_ext takes the override for its own if both
 * the address and the text are those that it stored.  Its strings have
 * BX_OVERRIDE_SIZE bytes, so that the string of another party hardly ever gets
 * the address of one that was freed.
 */
#ifndef _BX_OVERRIDE_H
#define _BX_OVERRIDE_H

#include <linux/bus_ext.h>
#include <linux/device.h>
#include <linux/err.h>
#include <linux/slab.h>
#include <linux/string.h>

#define BX_OVERRIDE_SIZE	512

/* The end of a name that was cut: it must not be that of another driver. */
#define BX_OVERRIDE_CUT		"/..."

/**
 * bx_override_read() - copy a device's driver_override
 * @dev: the device
 * @buf: takes the name, empty if none is set; a longer one is cut, and ends with
 *	BX_OVERRIDE_CUT, which no driver's name has
 * @len: size of @buf in bytes, BX_NAME_LEN
 *
 * Return: the token of the current override, NULL if none is set.  For a name
 * that bus_ext cannot have written, ERR_PTR(-ENAMETOOLONG), which equals no
 * token.
 */
static inline const char *bx_override_read(struct device *dev, char *buf,
					   size_t len)
{
	const char *name;

	spin_lock(&dev->driver_override.lock);
	name = dev->driver_override.name;
	strscpy(buf, name ?: "", len);
	if (name && strlen(name) >= len) {
		strscpy(buf + len - sizeof(BX_OVERRIDE_CUT), BX_OVERRIDE_CUT,
			sizeof(BX_OVERRIDE_CUT));
		name = ERR_PTR(-ENAMETOOLONG);
	}
	spin_unlock(&dev->driver_override.lock);
	return name;
}

/**
 * bx_override_swap() - replace an override that bus_ext wrote
 * @dev: the device
 * @token: the expected token of the current override; NULL for no override
 * @text: the expected text; ignored without a token
 * @name: the new name, NULL to remove the override
 *
 * Return: the new token, NULL if removed, ERR_PTR(-EBUSY) if the current
 * override is another one, ERR_PTR(-ENOMEM).
 */
static inline const char *bx_override_swap(struct device *dev,
					   const char *token, const char *text,
					   const char *name)
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

	spin_lock(&dev->driver_override.lock);
	old = dev->driver_override.name;
	ours = old == token && (!old || !strcmp(old, text));
	if (ours)
		dev->driver_override.name = new;
	spin_unlock(&dev->driver_override.lock);

	kfree(ours ? old : new);
	return ours ? new : ERR_PTR(-EBUSY);
}

/* Removes the override from a copy of a device, which owns no string. */
static inline void bx_override_reset(struct device *copy)
{
	spin_lock_init(&copy->driver_override.lock);
	copy->driver_override.name = NULL;
}

#endif /* _BX_OVERRIDE_H */
