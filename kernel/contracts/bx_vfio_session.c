// SPDX-License-Identifier: GPL-2.0-only
/*
 * bx-vfio: sessions, a provider's way to the user of its device
 *
 * A vfio device and its eventfds live as long as vfio says, and a provider hears
 * of their end from a call that a policy may have answered.  So a provider holds
 * neither, but a session: reference-counted, and cut off when vfio closes the
 * device, whatever the provider was told.
 *
 * Memory is reached by copying, nothing is pinned.  To unpin it, vfio would have
 * to tell the provider, and runs into a BUG when pages stay pinned all the same.
 *
 * Locking: @lock is held while memory is copied, inside of a provider's locks
 * and outside of vfio's and of the user's mmap_lock; the xarray's own lock, an
 * irq-safe spinlock, while an eventfd is signalled.
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
 * @ref: one of the driver's, until it closes; others of the provider's
 * @lock: protects @vdev, and holds off the close
 * @vdev: the vfio device, NULL when it is closed
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
 * @vdev: the device that was opened
 *
 * Pairs with bx_vfio_session_close().
 *
 * Return: the session, or NULL without memory.
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
 * @session: the session; nobody wires its interrupts any more
 *
 * When this returns nobody uses the vfio device or the eventfds through it.
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
 * bx_vfio_session_wire() - say which eventfd an interrupt signals
 * @session: a session that is not closed
 * @irq: kind of interrupt, below BX_VFIO_MAX_IRQS
 * @vector: vector of it, below BX_VFIO_MAX_VECTORS
 * @ctx: the eventfd, whose reference is taken over; NULL for none
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
 * bx_vfio_session_get() - hold a session
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
 * bx_vfio_session_put() - hold a session no longer
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
 * bx_vfio_session_live() - whether a session still leads to a user
 * @session: a session that the caller holds; may be NULL
 *
 * Context: may sleep.
 * Return: false once it is closed, and for NULL.
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
 * @iova: where it is mapped
 * @buf: the device's side
 * @len: bytes
 * @write: whether memory is written, from @buf
 *
 * Context: may sleep; not called with locks held that are taken under a user's
 * mmap_lock.
 * Return: 0; -ENODEV when the session is closed; -EINVAL for an address that is
 * not mapped or a @len of 0, -EPERM for one that may not be used so, -EFAULT
 * when there is no memory.  A part may have been copied when it fails.
 */
int bx_vfio_dma_rw(struct bx_vfio_session *session, u64 iova, void *buf,
		   size_t len, bool write)
{
	if (!session)
		return -ENODEV;
	guard(rwsem_read)(&session->lock);
	if (!session->vdev)
		return -ENODEV;
	/* vfio looks for the start of each piece alone, and may wrap */
	if (iova + len < iova)
		return -EINVAL;
	return vfio_dma_rw(session->vdev, iova, buf, len, write);
}
EXPORT_SYMBOL_GPL(bx_vfio_dma_rw);

/**
 * bx_vfio_trigger() - raise an interrupt
 * @session: a session that the caller holds; may be NULL
 * @irq: kind of interrupt
 * @vector: vector of it
 *
 * Context: any.
 * Return: whether an eventfd was wired to it, and is signalled.
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
