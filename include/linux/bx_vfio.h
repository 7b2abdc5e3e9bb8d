/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * bx-vfio: the contract of devices that user space drives through vfio
 *
 * For devices with regions to read and write, interrupts, and DMA to the user's
 * memory.  A provider implements them as operations on kernel memory.  The
 * driver bx-vfio makes a vfio device of each, with an emulated IOMMU; other
 * drivers may use the same operations in the kernel.
 *
 * A provider implements these operations, which may all sleep:
 *
 *	BX_VFIO_OPEN		struct bx_vfio_open: keep the session, with a
 *				reference; -EBUSY if a live session is kept
 *	BX_VFIO_CLOSE		struct bx_vfio_open: drop the session, if it is
 *				the kept one
 *	BX_VFIO_GET_INFO	fill in struct bx_vfio_info
 *	BX_VFIO_GET_REGION_INFO	fill in struct bx_vfio_region_info; -EINVAL for
 *				an unknown index
 *	BX_VFIO_GET_IRQ_INFO	fill in struct bx_vfio_irq_info; -EINVAL for an
 *				unknown index
 *	BX_VFIO_READ		fill in the data of struct bx_vfio_access;
 *				-EINVAL for an invalid region, offset or length
 *	BX_VFIO_WRITE		write the data; -EINVAL as for BX_VFIO_READ
 *	BX_VFIO_SET_IRQ		optional
 *	BX_VFIO_RESET		optional
 *
 * A policy may have changed any visible argument, and may have answered OPEN or
 * CLOSE instead of the provider.  So the provider must check regions, offsets
 * and lengths like values from user space, handle a missing session (the
 * functions below accept NULL), and replace a session that is no longer live at
 * the next OPEN.
 */
#ifndef _LINUX_BX_VFIO_H
#define _LINUX_BX_VFIO_H

#include <linux/bus_ext.h>
#include <uapi/linux/bx_vfio.h>

/** BX_VFIO_VERSION - version of this contract */
#define BX_VFIO_VERSION		1

/** BX_VFIO_MAX_DATA - most bytes of one BX_VFIO_READ or BX_VFIO_WRITE */
#define BX_VFIO_MAX_DATA	4096

/** BX_VFIO_MAX_REGIONS - most regions of a device; further ones are ignored */
#define BX_VFIO_MAX_REGIONS	256
/** BX_VFIO_MAX_IRQS - most kinds of interrupts; further ones are ignored */
#define BX_VFIO_MAX_IRQS	32
/** BX_VFIO_MAX_VECTORS - most vectors of a kind; further ones are ignored */
#define BX_VFIO_MAX_VECTORS	64
/** BX_VFIO_MAX_SIZE - most bytes of a region; all share one offset space */
#define BX_VFIO_MAX_SIZE	BIT_ULL(40)

extern struct bx_bus bx_vfio_bus;

/**
 * struct bx_vfio_session - access of a provider to the user of its device
 *
 * Gives access to the user's memory and eventfds from OPEN to CLOSE.  A
 * provider may keep its reference longer; the session is then not live and its
 * functions have no effect.  So a missed CLOSE does no harm.
 */
struct bx_vfio_session;

/**
 * struct bx_vfio_open - argument of BX_VFIO_OPEN and BX_VFIO_CLOSE, hidden
 * @session: the user's session; NULL for a user in the kernel, which has no DMA
 *	and no interrupts
 */
struct bx_vfio_open {
	struct bx_vfio_session	*session;
};

/* For providers. */
struct bx_vfio_session *bx_vfio_session_get(struct bx_vfio_session *session);
void bx_vfio_session_put(struct bx_vfio_session *session);
bool bx_vfio_session_live(struct bx_vfio_session *session);
int bx_vfio_dma_rw(struct bx_vfio_session *session, u64 iova, void *buf,
		   size_t len, bool write);
bool bx_vfio_trigger(struct bx_vfio_session *session, u32 irq, u32 vector);

/* For drivers. */
int bx_vfio_get_info(struct bx_device *bdev, struct bx_vfio_info *info);
int bx_vfio_get_region_info(struct bx_device *bdev,
			    struct bx_vfio_region_info *info);
int bx_vfio_get_irq_info(struct bx_device *bdev, struct bx_vfio_irq_info *info);
int bx_vfio_read(struct bx_device *bdev, u32 region, u64 offset, void *buf,
		 u32 len);
int bx_vfio_write(struct bx_device *bdev, u32 region, u64 offset,
		  const void *buf, u32 len);

/**
 * bx_vfio_open() - open a device
 * @bdev: the device
 * @session: the user's session, or NULL for a user in the kernel
 *
 * Pairs with bx_vfio_close().
 *
 * Context: may sleep; the caller is bound to @bdev.
 * Return: 0; -EBUSY if the device is in use; those of bx_call().
 */
static inline int bx_vfio_open(struct bx_device *bdev,
			       struct bx_vfio_session *session)
{
	struct bx_vfio_open arg = { .session = session };

	return bx_call(bdev, BX_VFIO_OPEN, &arg, sizeof(arg));
}

/**
 * bx_vfio_close() - close a device
 * @bdev: the device
 * @session: the session passed to bx_vfio_open()
 *
 * Context: may sleep; the caller is bound to @bdev.
 * Return: 0, or those of bx_call(); the device counts as closed in any case.
 */
static inline int bx_vfio_close(struct bx_device *bdev,
				struct bx_vfio_session *session)
{
	struct bx_vfio_open arg = { .session = session };

	return bx_call(bdev, BX_VFIO_CLOSE, &arg, sizeof(arg));
}

/**
 * bx_vfio_set_irq() - announce that interrupts will be wired or unwired
 * @bdev: the device
 * @irq: index of the kind of interrupt
 * @start: the first vector
 * @count: number of vectors
 * @wired: true to wire them
 *
 * Context: may sleep; the caller is bound to @bdev.
 * Return: 0, also if the provider does not implement it; those of bx_call().
 */
static inline int bx_vfio_set_irq(struct bx_device *bdev, u32 irq, u32 start,
				  u32 count, bool wired)
{
	struct bx_vfio_set_irq arg = {
		.index = irq, .start = start, .count = count, .wired = wired,
	};

	if (!bx_has_op(bdev, BX_VFIO_SET_IRQ))
		return 0;
	return bx_call(bdev, BX_VFIO_SET_IRQ, &arg, sizeof(arg));
}

/** bx_vfio_can_reset - check whether the device has BX_VFIO_RESET */
static inline bool bx_vfio_can_reset(struct bx_device *bdev)
{
	return bx_has_op(bdev, BX_VFIO_RESET);
}

/**
 * bx_vfio_reset() - reset a device to its initial state
 * @bdev: the device
 *
 * Context: may sleep; the caller is bound to @bdev.
 * Return: 0 or an errno; those of bx_call().
 */
static inline int bx_vfio_reset(struct bx_device *bdev)
{
	return bx_call(bdev, BX_VFIO_RESET, NULL, 0);
}

#endif /* _LINUX_BX_VFIO_H */
