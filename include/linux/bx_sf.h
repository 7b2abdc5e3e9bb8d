/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * bx-sf: the contract of managed multi-function hardware
 *
 * For sub-functions whose API is private to one vendor: the device carries an
 * opaque hw_data that a driver of the same vendor understands, and one generic
 * operation.  What generic code needs from every sub-function is reset.
 */
#ifndef _LINUX_BX_SF_H
#define _LINUX_BX_SF_H

#include <linux/bus_ext.h>

/** BX_SF_VERSION - version of this contract */
#define BX_SF_VERSION	1

/**
 * struct bx_sf_ops - what a sub-function's provider implements
 * @exec: run one request.  @cmd is the vendor's own; @arg points to @len bytes
 *	of its argument and takes the result.  0 or an errno: -EOPNOTSUPP for a
 *	command the sub-function does not know, -EINVAL for a wrong @len,
 *	-ETIMEDOUT when the hardware does not answer.  May sleep.
 * @reset: bring the sub-function to its initial state.  0 or an errno.  May
 *	sleep.
 */
struct bx_sf_ops {
	int (*exec)(struct bx_device *bdev, u32 cmd, void *arg, size_t len);
	int (*reset)(struct bx_device *bdev);
};

extern struct bx_bus bx_sf_bus;

/**
 * bx_sf_exec() - run a request on a sub-function
 * @bdev: the sub-function
 * @cmd: the vendor's command
 * @arg: argument and result
 * @len: bytes at @arg
 *
 * Context: may sleep; the caller is bound to @bdev.
 * Return: 0 or an errno, see struct bx_sf_ops.
 */
static inline int bx_sf_exec(struct bx_device *bdev, u32 cmd, void *arg,
			     size_t len)
{
	const struct bx_sf_ops *ops = bdev->ops;

	return ops->exec(bdev, cmd, arg, len);
}

/**
 * bx_sf_reset() - bring a sub-function to its initial state
 * @bdev: the sub-function
 *
 * Context: may sleep; the caller is bound to @bdev.
 * Return: 0 or an errno.
 */
static inline int bx_sf_reset(struct bx_device *bdev)
{
	const struct bx_sf_ops *ops = bdev->ops;

	return ops->reset(bdev);
}

#define bx_sf_driver_register(drv)	bx_driver_register(&bx_sf_bus, drv)
#define bx_sf_driver_unregister(drv)	bx_driver_unregister(drv)

#endif /* _LINUX_BX_SF_H */
