/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Differences between kernels
 *
 * Each entry says what differs and has the fields
 *
 *	Detect:	the macro that compat.mk defines, and what it finds in the headers
 *	Old:	the old form, and the last Linux with it
 *	New:	the new form, the first Linux with it, and stable kernels that have it, too
 *
 * and a form of the code for each.  "Seen in" are kernels whose headers were read, where the
 * first one is not known.  No other file depends on a version or on a macro of compat.mk
 * (scripts/compat.sh).  scripts/strip-compat.sh writes the sources for only one kernel: macros of
 * this file are expanded there, and functions keep one form.
 */
#ifndef _BX_COMPAT_H
#define _BX_COMPAT_H

#include <linux/btf.h>
#include <linux/hrtimer.h>
#include <linux/pci.h>
#include <linux/pm_runtime.h>

/*
 * bus_ext reads and writes the driver_override of a device (override.h).
 *
 * Detect: BX_GENERIC_DRIVER_OVERRIDE: device.h has __device_set_driver_override(), and neither
 *	struct pci_dev nor struct platform_device has a driver_override
 * Old: a string in the structure of each bus, up to Linux 7.0; not supported
 * New: in struct device, since Linux 7.1, and in 6.12.117
 */
#ifndef BX_GENERIC_DRIVER_OVERRIDE
#error "needs a kernel that keeps driver_override in struct device: 6.12.117 and later, or 7.1"
#endif

/*
 * Whether a device may be attached: device_add() has come to its probe, so it
 * does not follow.  Before that, device_attach() of newer kernels defers the
 * probe, and leaks the reason if the device is removed meanwhile.
 *
 * Detect: BX_READY_TO_PROBE: device.h has the accessors of ready_to_probe
 * Old: a device is attached at any time, up to Linux 7.0 at least
 * New: a patch of April 2026, seen in 6.12.117 and 7.3.4
 */
#ifdef BX_READY_TO_PROBE
#define bx_is_ready_to_probe	dev_ready_to_probe
#else
static inline bool bx_is_ready_to_probe(const struct device *dev)
{
	return true;
}
#endif

/*
 * Whether the PCI core lets drivers bind to the device.  If only its own files can see that: the
 * step before it is to enable the device's runtime power management.
 *
 * Detect: BX_PCI_MATCH_DRIVER: struct pci_dev has match_driver
 * Old: seen in 6.12.117
 * New: a flag private to the PCI core, in Linux 6.18 at the latest
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
 * Whether a device is probed and unbound under the lock of its parent, as on usb
 *
 * Detect: BX_TYPE_PARENT_LOCK: struct bus_type has no need_parent_lock
 * Old: of the bus, seen in the first sources with the driver_override of struct device
 * New: of the type of device, seen in 6.12.117 and 7.3.4
 */
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

/*
 * Of the attribute that functions of a binary attribute get
 *
 * Detect: BX_CONST_BIN_ATTRIBUTE: read() of struct bin_attribute in sysfs.h has a const one
 * Old: not const, up to Linux 6.15
 * New: const, since Linux 6.16
 */
#ifdef BX_CONST_BIN_ATTRIBUTE
#define bx_bin_const	const
#else
#define bx_bin_const
#endif

/*
 * Arguments of kfuncs that the verifier does not trust.  BX_OLD_HOOK_ID() lists a kfunc of the
 * hook under the name that it has for a policy; it has the hook's context, which is not trusted,
 * as an argument, so it exists only where that is allowed.
 *
 * Detect: BX_UNTRUSTED_ARGS: btf.h has KF_TRUSTED_ARGS
 * Old: arguments of a kfunc without that flag need not be trusted, up to Linux 6.19
 * New: all must be, and the flag does not exist, since Linux 7.0
 */
#ifdef BX_UNTRUSTED_ARGS
#define BX_OLD_HOOK_ID(name, ...)	BTF_ID_FLAGS(func, name, ##__VA_ARGS__)
#else
#define BX_OLD_HOOK_ID(name, ...)
#define KF_TRUSTED_ARGS			0
#endif

/*
 * Initializes a timer with its function.
 *
 * Detect: BX_HRTIMER_INIT: hrtimer.h has no hrtimer_setup()
 * Old: hrtimer_init(), and the function is stored afterwards, up to Linux 6.12
 * New: hrtimer_setup(), since Linux 6.13; without the other since 6.15
 */
#ifdef BX_HRTIMER_INIT
static inline void bx_hrtimer_setup(struct hrtimer *timer,
				    enum hrtimer_restart (*function)(struct hrtimer *),
				    clockid_t clock, enum hrtimer_mode mode)
{
	hrtimer_init(timer, clock, mode);
	timer->function = function;
}
#else
#define bx_hrtimer_setup	hrtimer_setup
#endif

/*
 * The function for VFIO_DEVICE_GET_REGION_INFO, in struct vfio_device_ops
 *
 * Detect: BX_VFIO_REGION_INFO: struct vfio_device_ops has get_region_info_caps
 * Old: ioctl() gets it, up to Linux 6.18
 * New: an operation of its own, and ioctl() does not get it, since Linux 6.19
 */
#ifdef BX_VFIO_REGION_INFO
#define BX_VFIO_REGION_INFO_OP(fn)	.get_region_info_caps = (fn),
#else
#define BX_VFIO_REGION_INFO_OP(fn)
#endif

#endif /* _BX_COMPAT_H */
