/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Differences between kernels, and the driver_override of a device: what no
 * function of the kernel offers
 *
 * Kernels keep the override in struct device, protected by a spinlock.  Older ones have a
 * string per bus, which bus_ext does not support: compat.mk looks for it, as for each other
 * difference.
 *
 * A *token* is the address of a string that bus_ext stored.  A write by another
 * party stores another string.  bus_ext takes the override for its own if both
 * the address and the text are those that it stored.  Its strings have
 * BX_OVERRIDE_SIZE bytes, so that the string of another party hardly ever gets
 * the address of one that was freed.
 */
#ifndef _BX_COMPAT_H
#define _BX_COMPAT_H

#include <linux/btf.h>
#include <linux/bus_ext.h>
#include <linux/hrtimer.h>
#include <linux/pci.h>
#include <linux/platform_device.h>
#include <linux/pm_runtime.h>
#include <linux/slab.h>
#include <linux/string.h>

#ifndef BX_GENERIC_DRIVER_OVERRIDE
/* for pci and platform: Linux 6.12.117 or a later 6.12.y, or 7.1 or newer */
#error "needs a kernel that keeps driver_override in struct device: 6.12.117 and later, or 7.1"
#endif

/* All slots, /sys/bus/pci/slots: the kernel exports it, but no installed header declares it */
extern struct kset *pci_slots_kset;

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

/*
 * Whether a device may be attached: device_add() has come to its probe, so it
 * does not follow.  Before that, device_attach() of newer kernels defers the
 * probe, and leaks the reason if the device is removed meanwhile.
 */
#ifdef BX_READY_TO_PROBE
static inline bool bx_is_ready_to_probe(const struct device *dev)
{
	return dev_ready_to_probe(dev);
}
#else
static inline bool bx_is_ready_to_probe(const struct device *dev)
{
	return true;
}
#endif

/*
 * Whether the PCI core lets drivers bind to the device.  Newer kernels tell that to their own
 * files only; the step before it is to enable the device's runtime power management.
 */
#ifdef BX_PCI_MATCH_DRIVER
static inline bool bx_pci_is_matchable(struct pci_dev *pdev)
{
	return pdev->match_driver;
}
#else
static inline bool bx_pci_is_matchable(struct pci_dev *pdev)
{
	return !IS_ENABLED(CONFIG_PM) || pm_runtime_enabled(&pdev->dev);
}
#endif

/*
 * Whether the bus has come so far with a device that a driver may be bound: on PCI that is
 * later than device_add().
 */
static inline bool bx_is_matchable(struct device *dev)
{
	return bx_is_ready_to_probe(dev) &&
	       (!dev_is_pci(dev) || bx_pci_is_matchable(to_pci_dev(dev)));
}

/* Whether a device is probed and unbound under the lock of its parent, as on usb */
#ifdef BX_TYPE_PARENT_LOCK
static inline bool bx_needs_parent_lock(const struct device *dev)
{
	return dev->type && dev->type->need_parent_lock;
}
#else
static inline bool bx_needs_parent_lock(const struct device *dev)
{
	return dev->bus->need_parent_lock;
}
#endif

/* Of the attribute that functions of a binary attribute get */
#ifdef BX_CONST_BIN_ATTRIBUTE
#define bx_bin_const	const
#else
#define bx_bin_const
#endif

/*
 * Newer kernels trust no argument of a kfunc that is not: the flag is gone.  The hook's
 * kfuncs with an argument that is not trusted exist only where it is.
 */
#ifdef KF_TRUSTED_ARGS
#define BX_UNTRUSTED_ARGS
#else
#define KF_TRUSTED_ARGS	0
#endif

/* A timer gets its function when it is initialized, or, on older kernels, afterwards. */
#ifdef BX_HRTIMER_INIT
static inline void bx_hrtimer_setup(struct hrtimer *timer,
				    enum hrtimer_restart (*function)(struct hrtimer *),
				    clockid_t clock, enum hrtimer_mode mode)
{
	hrtimer_init(timer, clock, mode);
	timer->function = function;
}
#else
#define bx_hrtimer_setup hrtimer_setup
#endif

/*
 * VFIO_DEVICE_GET_REGION_INFO: newer kernels have an operation for it, and do not hand it to
 * ioctl().
 */
#ifdef BX_VFIO_REGION_INFO
#define BX_VFIO_REGION_INFO_OP(fn)	.get_region_info_caps = (fn),
#else
#define BX_VFIO_REGION_INFO_OP(fn)
#endif

#endif /* _BX_COMPAT_H */
