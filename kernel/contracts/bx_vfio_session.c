// SPDX-License-Identifier: GPL-2.0-only
/*
 * bx-vfio: sessions, a provider's access to the user of its device
 *
 * vfio decides about the lifetime of a vfio device and its eventfds.  A
 * provider is told of their end by a call, which a policy may have answered
 * instead.  So a provider does not hold them, but a session: it is
 * reference-counted, and is disconnected when vfio closes the device, even if
 * the provider was not called.
 *
 * Memory is accessed by copying; no page is pinned.  To unpin pages, vfio
 * would have to tell the provider, and it runs into a BUG if pages stay
 * pinned.
 *
 * Locking: @lock is held while memory is copied, inside of a provider's locks
 * and outside of vfio's and of the user's mmap_lock.  The xarray's own lock,
 * an irq-safe spinlock, is held while an eventfd is signalled.
 */
#include <linux/cleanup.h>
#include <linux/eventfd.h>
#include <linux/refcount.h>
#include <linux/rwsem.h>
#include <linux/slab.h>
#include <linux/vfio.h>
#include <linux/xarray.h>
#include "bx_vfio.h"

/**
 * struct bx_vfio_session - see <linux/bx_vfio.h>
 * @ref: references: one of the driver, until it closes the session;
 *	others of the provider
 * @lock: protects @vdev, and delays the close
 * @vdev: the vfio device, NULL after the close
 * @irqs: eventfd contexts, by kind and vector of the interrupt
 */
struct bx_vfio_session {
	refcount_t		ref;
	struct rw_semaphore	lock;	/* protects vdev */
	struct vfio_device	*vdev;
	struct xarray		irqs;
};

static unsigned long bx_vfio_irq_key(u32 irq, u32 vector)
{
	return irq * BX_VFIO_MAX_VECTORS + vector;
}

/**
 * bx_vfio_session_open() - begin a session
 * @vdev: the opened device
 *
 * Pairs with bx_vfio_session_close().
 *
 * Return: the session, or NULL if there is no memory.
 */
struct bx_vfio_session *bx_vfio_session_open(struct vfio_device *vdev)
{
	struct bx_vfio_session *session = kzalloc(sizeof(*session),
						  GFP_KERNEL_ACCOUNT);

	if (!session)
		return NULL;
	refcount_set(&session->ref, 1);
	init_rwsem(&session->lock);
	session->vdev = vdev;
	xa_init_flags(&session->irqs, XA_FLAGS_LOCK_IRQ | XA_FLAGS_ACCOUNT);
	return session;
}

/**
 * bx_vfio_session_close() - end a session
 * @session: the session; its interrupts are not wired any more
 *
 * When this returns, the vfio device and the eventfds are not used through the
 * session any more.
 *
 * Context: may sleep; waits for copies under way.
 */
void bx_vfio_session_close(struct bx_vfio_session *session)
{
	struct eventfd_ctx *ctx;
	unsigned long key;

	scoped_guard(rwsem_write, &session->lock)
		session->vdev = NULL;
	xa_for_each(&session->irqs, key, ctx) {
		xa_erase_irq(&session->irqs, key);
		eventfd_ctx_put(ctx);
	}
	bx_vfio_session_put(session);
}

/**
 * bx_vfio_session_wire() - set the eventfd that an interrupt signals
 * @session: a session that is not closed
 * @irq: kind of interrupt, below BX_VFIO_MAX_IRQS
 * @vector: vector of the interrupt, below BX_VFIO_MAX_VECTORS
 * @ctx: the eventfd, NULL for none; consumes its reference
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int bx_vfio_session_wire(struct bx_vfio_session *session, u32 irq, u32 vector,
			 struct eventfd_ctx *ctx)
{
	unsigned long key = bx_vfio_irq_key(irq, vector);
	struct eventfd_ctx *old;
	int err;

	if (ctx)
		old = xa_store_irq(&session->irqs, key, ctx, GFP_KERNEL);
	else
		old = xa_erase_irq(&session->irqs, key);
	err = xa_err(old);
	if (err)
		old = ctx;
	if (old)
		eventfd_ctx_put(old);
	return err;
}

/**
 * bx_vfio_session_get() - take a reference to a session
 * @session: from BX_VFIO_OPEN; may be NULL
 *
 * Pairs with bx_vfio_session_put().
 *
 * Return: @session.
 */
struct bx_vfio_session *bx_vfio_session_get(struct bx_vfio_session *session)
{
	if (session)
		refcount_inc(&session->ref);
	return session;
}
EXPORT_SYMBOL_GPL(bx_vfio_session_get);

/**
 * bx_vfio_session_put() - drop a reference to a session
 * @session: the session; may be NULL
 */
void bx_vfio_session_put(struct bx_vfio_session *session)
{
	if (!session || !refcount_dec_and_test(&session->ref))
		return;
	xa_destroy(&session->irqs);
	kfree(session);
}
EXPORT_SYMBOL_GPL(bx_vfio_session_put);

/**
 * bx_vfio_session_live() - whether a session is still connected to a user
 * @session: a session that the caller holds; may be NULL
 *
 * Context: may sleep.
 * Return: false after the session is closed, and for NULL.
 */
bool bx_vfio_session_live(struct bx_vfio_session *session)
{
	if (!session)
		return false;
	guard(rwsem_read)(&session->lock);
	return session->vdev;
}
EXPORT_SYMBOL_GPL(bx_vfio_session_live);

/**
 * bx_vfio_dma_rw() - read or write the memory that the user has mapped
 * @session: a session that the caller holds; may be NULL
 * @iova: address in the user's mapping
 * @buf: buffer of the device
 * @len: number of bytes
 * @write: true to write memory from @buf, false to read memory into @buf
 *
 * Context: may sleep; not called with locks held that are taken under a user's
 * mmap_lock.
 * Return: 0; -ENODEV if the session is closed; -EINVAL if the address is not
 * mapped or @len is 0; -EPERM if the mapping does not allow the access;
 * -EFAULT if there is no memory.  On failure a part may have been copied.
 */
int bx_vfio_dma_rw(struct bx_vfio_session *session, u64 iova, void *buf,
		   size_t len, bool write)
{
	int err;

	if (!session)
		return -ENODEV;
	guard(rwsem_read)(&session->lock);
	if (!session->vdev)
		return -ENODEV;
	/* vfio only checks the start of each piece, and may wrap */
	if (iova + len < iova)
		return -EINVAL;
	err = vfio_dma_rw(session->vdev, iova, buf, len, write);
	/* that of iommufd, which a user can also have without an address space */
	return err == -ENOENT ? -EINVAL : err;
}
EXPORT_SYMBOL_GPL(bx_vfio_dma_rw);

/**
 * bx_vfio_trigger() - raise an interrupt
 * @session: a session that the caller holds; may be NULL
 * @irq: kind of interrupt
 * @vector: vector of the interrupt
 *
 * Context: any; with PREEMPT_RT not a hard interrupt, nor with interrupts disabled.
 * Return: true if an eventfd was wired to the interrupt, and has been
 * signalled.
 */
bool bx_vfio_trigger(struct bx_vfio_session *session, u32 irq, u32 vector)
{
	struct eventfd_ctx *ctx;
	unsigned long flags;

	if (!session || irq >= BX_VFIO_MAX_IRQS ||
	    vector >= BX_VFIO_MAX_VECTORS)
		return false;
	xa_lock_irqsave(&session->irqs, flags);
	ctx = xa_load(&session->irqs, bx_vfio_irq_key(irq, vector));
	if (ctx)
		eventfd_signal(ctx);
	xa_unlock_irqrestore(&session->irqs, flags);
	return ctx;
}
EXPORT_SYMBOL_GPL(bx_vfio_trigger);
