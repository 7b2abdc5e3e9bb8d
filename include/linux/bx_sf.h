/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * bx-sf: the contract of managed multi-function hardware
 *
 * For sub-functions whose API is private to one vendor: the device carries an
 * opaque hw_data for drivers of the same vendor, and one generic operation for
 * the vendor's commands.  Generic code only needs the reset of a sub-function.
 *
 * A provider implements
 *
 *	BX_SF_EXEC	struct bx_sf_exec_arg and data behind it: 0 or an errno,
 *			-EOPNOTSUPP for a command that the sub-function does not
 *			know, -EINVAL for a wrong length, -ETIMEDOUT when the
 *			hardware does not answer
 *	BX_SF_RESET	no argument: 0 or an errno
 *
 * Both may sleep.
 */
#ifndef _LINUX_BX_SF_H
#define _LINUX_BX_SF_H

#include <linux/bus_ext.h>
#include <uapi/linux/bx_sf.h>

/** BX_SF_VERSION - version of this contract */
#define BX_SF_VERSION	1

extern struct bx_bus bx_sf_bus;

int bx_sf_exec(struct bx_device *bdev, u32 cmd, void *arg, u32 len);

/**
 * bx_sf_reset() - reset a sub-function to its initial state
 * @bdev: the sub-function
 *
 * Context: may sleep; the caller is bound to @bdev.
 * Return: 0 or an errno; those of bx_call().
 */
static inline int bx_sf_reset(struct bx_device *bdev)
{
	return bx_call(bdev, BX_SF_RESET, NULL, 0);
}

#define bx_sf_driver_register(drv)	bx_driver_register(&bx_sf_bus, drv)
#define bx_sf_driver_unregister(drv)	bx_driver_unregister(drv)

#endif /* _LINUX_BX_SF_H */
