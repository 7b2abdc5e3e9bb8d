// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device's side of a virtio queue: a walker of split rings
 *
 * The driver's side is the kernel's virtio_ring.c, in the same memory.  A provider
 * serves one chain of buffers at a time and interrupts the driver; see
 * <linux/bx_virtio.h>.
 *
 * The driver may reset the device or delete its queues at any moment, and then
 * frees the buffers.  So the ring and the buffers are only accessed under the
 * queue's lock, while the queue runs, and bx_vq_stop() takes the lock to stop
 * the queue.  So it is irrelevant whether and when a provider is told of the
 * end.
 *
 * The contents of the ring are checked: indexes and lengths always.  Addresses
 * are physical, as drivers write them for a device without
 * VIRTIO_F_ACCESS_PLATFORM; they come from the kernel's virtio_ring.c and must
 * be memory.  A ring with invalid contents is not served any more (-EPROTO)
 * until the device is reset.
 */
#include <linux/bottom_half.h>
#include <linux/cleanup.h>
#include <linux/gfp.h>
#include <linux/highmem.h>
#include <linux/kref.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/virtio.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ring.h>
#include "bx_virtio_priv.h"

/* One buffer of a chain */
struct bx_seg {
	u64	addr;
	u32	len;
};

/**
 * struct bx_chain - a chain of buffers, while it is served
 * @nr: number of buffers
 * @nr_out: number of buffers for reading, which come first
 * @out_len: number of bytes for reading
 * @in_len: number of bytes for writing
 * @seg: the buffers
 */
struct bx_chain {
	u32		nr;
	u32		nr_out;
	u32		out_len;
	u32		in_len;
	struct bx_seg	seg[];
};

/**
 * struct bx_vq - a queue
 * @kref: references: one of the provider, one of the driver
 * @lock: protects all members below, and every access to the ring and its
 *	buffers
 * @running: the ring and its buffers may be accessed
 * @broken: the ring has invalid contents
 * @event_idx: VIRTIO_RING_F_EVENT_IDX is in use
 * @vq: the driver's side, while the queue runs
 * @vring: the ring
 * @last_avail: next entry of the available ring to serve
 * @used: next entry of the used ring to fill
 * @signalled: @used at the time of the last interrupt
 * @pages: memory of the ring
 * @chain: the chain that is being served
 */
struct bx_vq {
	struct kref		kref;
	struct mutex		lock;	/* protects all below */
	bool			running;
	bool			broken;
	bool			event_idx;
	struct virtqueue	*vq;
	struct vring		vring;
	u16			last_avail;
	u16			used;
	u16			signalled;
	void			*pages;
	struct bx_chain		*chain;
};

/* ---- lifetime ---- */

static size_t bx_vq_size(u32 num)
{
	return PAGE_ALIGN(vring_size(num, SMP_CACHE_BYTES));
}

/**
 * bx_vq_alloc() - allocate a queue that does not run yet
 * @num: number of entries, a power of two up to BX_VIRTIO_MAX_NUM
 *
 * Return: the queue, to put with bx_vq_put(); NULL if there is no memory.
 */
struct bx_vq *bx_vq_alloc(u32 num)
{
	struct bx_vq *vq __free(kfree) = kzalloc(sizeof(*vq), GFP_KERNEL);
	struct bx_chain *chain __free(kvfree) = NULL;

	chain = kvzalloc(struct_size(chain, seg, num), GFP_KERNEL);
	if (!vq || !chain)
		return NULL;
	vq->pages = alloc_pages_exact(bx_vq_size(num),
				      GFP_KERNEL | __GFP_ZERO | __GFP_NOWARN);
	if (!vq->pages)
		return NULL;
	kref_init(&vq->kref);
	mutex_init(&vq->lock);
	vring_init(&vq->vring, num, vq->pages, SMP_CACHE_BYTES);
	vq->chain = no_free_ptr(chain);
	return_ptr(vq);
}

static void bx_vq_free(struct kref *kref)
{
	struct bx_vq *vq = container_of(kref, struct bx_vq, kref);

	free_pages_exact(vq->pages, bx_vq_size(vq->vring.num));
	mutex_destroy(&vq->lock);
	kvfree(vq->chain);
	kfree(vq);
}

/*
 * Returns the memory of the ring, aligned to cache lines
 * (vring_new_virtqueue()).
 */
void *bx_vq_pages(struct bx_vq *vq)
{
	return vq->pages;
}

/**
 * bx_vq_get() - take a reference to a queue
 * @vq: the queue
 *
 * Context: any.
 * Return: @vq, to put with bx_vq_put().
 */
struct bx_vq *bx_vq_get(struct bx_vq *vq)
{
	kref_get(&vq->kref);
	return vq;
}
EXPORT_SYMBOL_GPL(bx_vq_get);

/**
 * bx_vq_put() - drop a reference to a queue
 * @vq: the queue, or NULL
 *
 * Context: may sleep.
 */
void bx_vq_put(struct bx_vq *vq)
{
	if (vq)
		kref_put(&vq->kref, bx_vq_free);
}
EXPORT_SYMBOL_GPL(bx_vq_put);

/**
 * bx_vq_start() - start a queue, at its first entry
 * @vq: the queue, which does not run
 * @driver_vq: the driver's side of the queue; must stay valid until
 *	bx_vq_stop()
 *
 * Context: may sleep.
 */
void bx_vq_start(struct bx_vq *vq, struct virtqueue *driver_vq)
{
	guard(mutex)(&vq->lock);
	vq->vq = driver_vq;
	vq->event_idx = virtio_has_feature(driver_vq->vdev,
					   VIRTIO_RING_F_EVENT_IDX);
	vq->last_avail = 0;
	vq->used = 0;
	vq->signalled = 0;
	vq->broken = false;
	vq->running = true;
}

/**
 * bx_vq_stop() - end all accesses to a queue and its buffers
 * @vq: the queue
 *
 * Context: may sleep; waits for a provider that serves the queue, and for the
 * driver's callback.
 */
void bx_vq_stop(struct bx_vq *vq)
{
	guard(mutex)(&vq->lock);
	vq->running = false;
	vq->vq = NULL;
}

/* Waits for the driver's callback, if it runs. */
void bx_vq_synchronize(struct bx_vq *vq)
{
	guard(mutex)(&vq->lock);
}

/* ---- memory ---- */

static bool bx_is_memory(u64 addr, u64 len)
{
	u64 last = addr + len - 1;

	return len && last >= addr && last <= PHYS_ADDR_MAX &&
	       pfn_valid(PHYS_PFN(addr)) && pfn_valid(PHYS_PFN(last));
}

/* Copies between @buf and physical memory that passed bx_is_memory(). */
static void bx_copy_phys(u64 addr, void *buf, size_t len, bool write)
{
	while (len) {
		size_t at = offset_in_page(addr);
		size_t n = min(len, PAGE_SIZE - at);
		struct page *page = pfn_to_page(PHYS_PFN(addr));

		if (write)
			memcpy_to_page(page, at, buf, n);
		else
			memcpy_from_page(buf, page, at, n);
		addr += n;
		buf += n;
		len -= n;
	}
}

/* ---- chains ---- */

/* A table of descriptors: the ring's own, or one in memory */
struct bx_table {
	const struct vring_desc	*desc;
	u64			addr;
	u32			num;
};

static int bx_table_read(const struct bx_table *table, u32 i,
			 struct vring_desc *desc)
{
	if (i >= table->num)
		return -EPROTO;
	if (table->desc)
		*desc = table->desc[i];
	else
		bx_copy_phys(table->addr + i * sizeof(*desc), desc,
			     sizeof(*desc), false);
	return 0;
}

/* Sets @table to the table that an indirect descriptor refers to. */
static int bx_table_enter(struct bx_vq *vq, struct bx_table *table,
			  const struct vring_desc *desc)
{
	struct virtio_device *vdev = vq->vq->vdev;
	u64 addr = virtio64_to_cpu(vdev, desc->addr);
	u32 len = virtio32_to_cpu(vdev, desc->len);

	if (!table->desc || vq->chain->nr || !len || len % sizeof(*desc) ||
	    len / sizeof(*desc) > vq->vring.num || !bx_is_memory(addr, len))
		return -EPROTO;
	*table = (struct bx_table) {
		.addr = addr, .num = len / sizeof(*desc),
	};
	return 0;
}

static int bx_chain_add(struct bx_vq *vq, const struct vring_desc *desc,
			u16 flags)
{
	struct virtio_device *vdev = vq->vq->vdev;
	struct bx_chain *chain = vq->chain;
	struct bx_seg seg = {
		.addr = virtio64_to_cpu(vdev, desc->addr),
		.len = virtio32_to_cpu(vdev, desc->len),
	};
	bool in = flags & VRING_DESC_F_WRITE;
	u32 *total = in ? &chain->in_len : &chain->out_len;

	/* the limit of @nr also ends a circular chain */
	if (chain->nr >= vq->vring.num || !bx_is_memory(seg.addr, seg.len) ||
	    check_add_overflow(*total, seg.len, total))
		return -EPROTO;
	if (!in && chain->nr_out != chain->nr)
		return -EPROTO;
	chain->seg[chain->nr++] = seg;
	chain->nr_out += !in;
	return 0;
}

/* Collects the buffers of the chain that starts at descriptor @i. */
static int bx_chain_collect(struct bx_vq *vq, u32 i)
{
	struct virtio_device *vdev = vq->vq->vdev;
	struct bx_table table = {
		.desc = vq->vring.desc, .num = vq->vring.num,
	};
	struct vring_desc desc;
	u16 flags;
	int err;

	memset(vq->chain, 0, sizeof(*vq->chain));
	for (;;) {
		err = bx_table_read(&table, i, &desc);
		if (err)
			return err;
		flags = virtio16_to_cpu(vdev, desc.flags);
		if (flags & VRING_DESC_F_INDIRECT) {
			err = bx_table_enter(vq, &table, &desc);
			if (err)
				return err;
			i = 0;
			continue;
		}
		err = bx_chain_add(vq, &desc, flags);
		if (err || !(flags & VRING_DESC_F_NEXT))
			return err;
		i = virtio16_to_cpu(vdev, desc.next);
	}
}

/**
 * bx_chain_readable() - number of bytes that the driver sends
 * @chain: the chain that is being served
 *
 * Return: the number of bytes for bx_chain_read().
 */
u32 bx_chain_readable(const struct bx_chain *chain)
{
	return chain->out_len;
}
EXPORT_SYMBOL_GPL(bx_chain_readable);

/**
 * bx_chain_writable() - number of bytes that the driver has room for
 * @chain: the chain that is being served
 *
 * Return: the number of bytes for bx_chain_write().
 */
u32 bx_chain_writable(const struct bx_chain *chain)
{
	return chain->in_len;
}
EXPORT_SYMBOL_GPL(bx_chain_writable);

static void bx_chain_copy(const struct bx_seg *seg, u32 offset, void *buf,
			  u32 len, bool write)
{
	for (; len; seg++) {
		u32 n;

		if (offset >= seg->len) {
			offset -= seg->len;
			continue;
		}
		n = min(len, seg->len - offset);
		bx_copy_phys(seg->addr + offset, buf, n, write);
		offset = 0;
		buf += n;
		len -= n;
	}
}

/**
 * bx_chain_read() - read bytes that the driver sends
 * @chain: the chain that is being served
 * @offset: offset of the first byte
 * @buf: result
 * @len: number of bytes
 *
 * Context: in a bx_chain_fn.
 * Return: 0; -EMSGSIZE if the chain has fewer bytes.
 */
int bx_chain_read(struct bx_chain *chain, u32 offset, void *buf, u32 len)
{
	if (offset > chain->out_len || len > chain->out_len - offset)
		return -EMSGSIZE;
	bx_chain_copy(chain->seg, offset, buf, len, false);
	return 0;
}
EXPORT_SYMBOL_GPL(bx_chain_read);

/**
 * bx_chain_write() - write bytes to the driver's buffers
 * @chain: the chain that is being served
 * @offset: offset of the first byte
 * @buf: the bytes
 * @len: number of bytes
 *
 * Context: in a bx_chain_fn.
 * Return: 0; -EMSGSIZE if the chain has less room.
 */
int bx_chain_write(struct bx_chain *chain, u32 offset, const void *buf, u32 len)
{
	if (offset > chain->in_len || len > chain->in_len - offset)
		return -EMSGSIZE;
	bx_chain_copy(chain->seg + chain->nr_out, offset, (void *)buf, len,
		      true);
	return 0;
}
EXPORT_SYMBOL_GPL(bx_chain_write);

/* ---- the ring ---- */

/*
 * Returns the number of entries that the driver has made available, or an
 * errno.
 */
static int bx_vq_avail(struct bx_vq *vq)
{
	struct vring *vring = &vq->vring;
	u16 n;

	lockdep_assert_held(&vq->lock);
	if (!vq->running)
		return -ENODEV;
	if (vq->broken)
		return -EPROTO;
	n = virtio16_to_cpu(vq->vq->vdev, READ_ONCE(vring->avail->idx)) -
	    vq->last_avail;
	if (n > vring->num) {
		vq->broken = true;
		return -EPROTO;
	}
	/* read the index first, then the entries */
	virtio_rmb(true);
	return n;
}

static void bx_vq_push(struct bx_vq *vq, u32 head, u32 len)
{
	struct virtio_device *vdev = vq->vq->vdev;
	struct vring *vring = &vq->vring;

	vring->used->ring[vq->used & (vring->num - 1)] =
		(struct vring_used_elem) {
			.id = cpu_to_virtio32(vdev, head),
			.len = cpu_to_virtio32(vdev, len),
		};
	/* write the entry first, then the index */
	virtio_wmb(true);
	vq->used++;
	WRITE_ONCE(vring->used->idx, cpu_to_virtio16(vdev, vq->used));
}

/**
 * bx_vq_serve() - serve the next chain of a queue
 * @vq: the queue
 * @fn: called with the chain; may sleep, and must not use the queue in
 *	other ways
 * @data: argument of @fn
 *
 * bx_vq_interrupt() notifies the driver, of one or several served chains.
 *
 * Context: may sleep.
 * Return: the result of @fn; -EAGAIN if no chain is waiting; -ENODEV if the
 * driver has reset the device or deleted the queue; -EPROTO if the ring has
 * invalid contents, or @fn claims to have written more bytes than there is
 * room for.
 */
ssize_t bx_vq_serve(struct bx_vq *vq, bx_chain_fn fn, void *data)
{
	struct vring *vring = &vq->vring;
	ssize_t ret;
	u32 head;

	guard(mutex)(&vq->lock);
	ret = bx_vq_avail(vq);
	if (ret <= 0)
		return ret ?: -EAGAIN;
	head = virtio16_to_cpu(vq->vq->vdev,
			       vring->avail->ring[vq->last_avail &
						  (vring->num - 1)]);
	if (bx_chain_collect(vq, head))
		goto broken;
	ret = fn(vq->chain, data);
	if (ret < 0)
		return ret;
	if (ret > vq->chain->in_len)
		goto broken;
	vq->last_avail++;
	bx_vq_push(vq, head, ret);
	return ret;

broken:
	vq->broken = true;
	return -EPROTO;
}
EXPORT_SYMBOL_GPL(bx_vq_serve);

/**
 * bx_vq_want_kicks() - enable or disable kicks of the driver
 * @vq: the queue
 * @want: true to enable them
 *
 * Context: may sleep.
 * Return: 1 if a chain is already waiting, for which no kick will come; 0; the
 * errnos of bx_vq_serve().
 */
int bx_vq_want_kicks(struct bx_vq *vq, bool want)
{
	struct virtio_device *vdev;
	struct vring *vring = &vq->vring;
	int ret;

	guard(mutex)(&vq->lock);
	if (!vq->running)
		return -ENODEV;
	vdev = vq->vq->vdev;
	if (!vq->event_idx)
		WRITE_ONCE(vring->used->flags,
			   cpu_to_virtio16(vdev, want ? 0 :
					   VRING_USED_F_NO_NOTIFY));
	else if (want)
		vring_avail_event(vring) = cpu_to_virtio16(vdev,
							   vq->last_avail);
	/*
	 * write the request first, then read the index: the driver does the
	 * reverse
	 */
	virtio_mb(true);
	ret = bx_vq_avail(vq);
	return ret > 0 ? 1 : ret;
}
EXPORT_SYMBOL_GPL(bx_vq_want_kicks);

/*
 * Whether the driver wants an interrupt for the entries pushed since the last
 * one.
 */
static bool bx_vq_wants_interrupt(struct bx_vq *vq)
{
	struct virtio_device *vdev = vq->vq->vdev;
	struct vring *vring = &vq->vring;
	u16 old = vq->signalled;

	if (vq->used == old)
		return false;
	vq->signalled = vq->used;
	/* write our index first, then read the driver's request */
	virtio_mb(true);
	if (!vq->event_idx)
		return !(READ_ONCE(vring->avail->flags) &
			 cpu_to_virtio16(vdev, VRING_AVAIL_F_NO_INTERRUPT));
	return vring_need_event(virtio16_to_cpu(vdev,
						vring_used_event(vring)),
				vq->used, old);
}

/**
 * bx_vq_interrupt() - notify the driver of served chains if it wants that
 * @vq: the queue
 *
 * The driver's callback runs as in an interrupt: with interrupts disabled, and
 * with softirqs run after it.  With PREEMPT_RT, where interrupts have threads and
 * callbacks may take a spinlock, which may sleep there, interrupts stay enabled.
 *
 * Context: may sleep.
 */
void bx_vq_interrupt(struct bx_vq *vq)
{
	guard(mutex)(&vq->lock);
	if (!vq->running || !bx_vq_wants_interrupt(vq))
		return;
	local_bh_disable();
	if (!IS_ENABLED(CONFIG_PREEMPT_RT))
		local_irq_disable();
	vring_interrupt(0, vq->vq);
	if (!IS_ENABLED(CONFIG_PREEMPT_RT))
		local_irq_enable();
	local_bh_enable();
}
EXPORT_SYMBOL_GPL(bx_vq_interrupt);
