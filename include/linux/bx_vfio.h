/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * bx-vfio: the contract of devices that user space drives through vfio
 *
 * For devices that are regions to read and write, interrupts, and DMA to the
 * user's memory.  A provider implements them as operations on kernel memory; the
 * driver bx-vfio makes a vfio device of it, with its IOMMU emulated, and other
 * drivers may use the same operations in the kernel.
 *
 * A provider implements, all of them may sleep,
 *
 *	BX_VFIO_OPEN		struct bx_vfio_open: keep the session, with a
 *				reference; -EBUSY when there is a live one
 *	BX_VFIO_CLOSE		struct bx_vfio_open: drop the session, if it is
 *				the one that is kept
 *	BX_VFIO_GET_INFO	fill in struct bx_vfio_info
 *	BX_VFIO_GET_REGION_INFO	fill in struct bx_vfio_region_info; -EINVAL for
 *				an unknown index
 *	BX_VFIO_GET_IRQ_INFO	fill in struct bx_vfio_irq_info; likewise
 *	BX_VFIO_READ		fill in the data of struct bx_vfio_access
 *	BX_VFIO_WRITE		take it; both -EINVAL for what is not there
 *	BX_VFIO_SET_IRQ		optional
 *	BX_VFIO_RESET		optional
 *
 * A policy may have changed any argument, and may have answered OPEN or CLOSE in
 * the provider's stead.  So regions, offsets and lengths are checked like those
 * of user space; a session may be missing (NULL is one that does nothing); and
 * one that is no longer live is replaced by the next OPEN.
 */
#ifndef _LINUX_BX_VFIO_H
#define _LINUX_BX_VFIO_H

#include <linux/bus_ext.h>
#include <uapi/linux/bx_vfio.h>

/** BX_VFIO_VERSION - version of this contract */
#define BX_VFIO_VERSION		1

/** BX_VFIO_MAX_DATA - bytes that one BX_VFIO_READ or BX_VFIO_WRITE can move */
#define BX_VFIO_MAX_DATA	4096

/** BX_VFIO_MAX_REGIONS - a device has no more; what is beyond is not there */
#define BX_VFIO_MAX_REGIONS	256
/** BX_VFIO_MAX_IRQS - likewise, kinds of interrupts */
#define BX_VFIO_MAX_IRQS	32
/** BX_VFIO_MAX_VECTORS - likewise, vectors of a kind */
#define BX_VFIO_MAX_VECTORS	64
/** BX_VFIO_MAX_SIZE - no region is larger; vfio has one space for all of them */
#define BX_VFIO_MAX_SIZE	BIT_ULL(40)

extern struct bx_bus bx_vfio_bus;

/**
 * struct bx_vfio_session - what a provider has of the user of its device
 *
 * The way to the user's memory and eventfds, from OPEN to CLOSE.  It can be held
 * for longer, and then leads nowhere: that a provider misses CLOSE does no harm.
 */
struct bx_vfio_session;

/**
 * struct bx_vfio_open - argument of BX_VFIO_OPEN and BX_VFIO_CLOSE, hidden
 * @session: the user; NULL for one in the kernel, without DMA and interrupts
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
 * bx_vfio_open() - begin to use a device
 * @bdev: the device
 * @session: the user, or NULL for one in the kernel
 *
 * Pairs with bx_vfio_close().
 *
 * Context: may sleep; the caller is bound to @bdev.
 * Return: 0; -EBUSY when it is in use; those of bx_call().
 */
static inline int bx_vfio_open(struct bx_device *bdev,
			       struct bx_vfio_session *session)
{
	struct bx_vfio_open arg = { .session = session };

	return bx_call(bdev, BX_VFIO_OPEN, &arg, sizeof(arg));
}

/**
 * bx_vfio_close() - end to use a device
 * @bdev: the device
 * @session: what bx_vfio_open() was given
 *
 * Context: may sleep; the caller is bound to @bdev.
 * Return: 0; those of bx_call(), which change nothing: it is closed.
 */
static inline int bx_vfio_close(struct bx_device *bdev,
				struct bx_vfio_session *session)
{
	struct bx_vfio_open arg = { .session = session };

	return bx_call(bdev, BX_VFIO_CLOSE, &arg, sizeof(arg));
}

/**
 * bx_vfio_set_irq() - say that interrupts will be wired, or no longer so
 * @bdev: the device
 * @irq: which kind
 * @start: the first vector
 * @count: how many vectors
 * @wired: whether they will be
 *
 * Context: may sleep; the caller is bound to @bdev.
 * Return: 0, also when the provider does not care; those of bx_call().
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

/** bx_vfio_can_reset - whether bx_vfio_reset() is there */
static inline bool bx_vfio_can_reset(struct bx_device *bdev)
{
	return bx_has_op(bdev, BX_VFIO_RESET);
}

/**
 * bx_vfio_reset() - bring a device to its initial state
 * @bdev: the device
 *
 * Context: may sleep; the caller is bound to @bdev.
 * Return: 0 or an errno; those of bx_call().
 */
static inline int bx_vfio_reset(struct bx_device *bdev)
{
	return bx_call(bdev, BX_VFIO_RESET, NULL, 0);
}

#define bx_vfio_driver_register(drv)	bx_driver_register(&bx_vfio_bus, drv)
#define bx_vfio_driver_unregister(drv)	bx_driver_unregister(drv)

#endif /* _LINUX_BX_VFIO_H */
