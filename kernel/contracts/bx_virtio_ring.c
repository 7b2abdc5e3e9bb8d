// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device's side of a virtio queue: a walker of split rings
 *
 * The driver's side is the kernel's virtio_ring.c, in the same memory.  A provider
 * serves one chain of buffers at a time and interrupts the driver; see
 * <linux/bx_virtio.h>.
 *
 * The driver may reset the device or delete its queues at any moment, and then
 * frees the buffers.  So everything that touches the ring or a buffer happens
 * under the queue's lock, while the queue runs, and bx_vq_stop() takes the lock
 * to end that.  What a provider is told about the end, and when, does not matter.
 *
 * What is in the ring is checked: indexes and lengths always.  Addresses are
 * physical, as drivers write them for a device without VIRTIO_F_ACCESS_PLATFORM;
 * they come from the kernel's virtio_ring.c and must be memory.  A ring with
 * nonsense in it is not served any more (-EPROTO) until the device is reset.
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
 * @nr: buffers
 * @nr_out: how many of them are for reading; they come first
 * @out_len: bytes to read
 * @in_len: bytes to write to
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
 * @kref: references; the provider has one, the driver has one
 * @lock: protects all below, and every access to the ring and its buffers
 * @running: the ring and its buffers may be touched
 * @broken: nonsense was found in the ring
 * @event_idx: VIRTIO_RING_F_EVENT_IDX is in use
 * @vq: the driver's side, while the queue runs
 * @vring: the ring
 * @last_avail: next entry of the driver's to serve
 * @used: next entry of ours to fill
 * @signalled: @used as of the last interrupt
 * @pages: memory of the ring
 * @chain: what is being served
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

/* ---- life ---- */

static size_t bx_vq_size(u32 num)
{
	return PAGE_ALIGN(vring_size(num, SMP_CACHE_BYTES));
}

/**
 * bx_vq_alloc() - make a queue that does not run yet
 * @num: entries; a power of two up to BX_VIRTIO_MAX_NUM
 *
 * Return: the queue, for bx_vq_put(); NULL when there is no memory.
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

/* The memory of the ring, laid out for cache lines (vring_new_virtqueue()). */
void *bx_vq_pages(struct bx_vq *vq)
{
	return vq->pages;
}

/**
 * bx_vq_get() - keep a queue
 * @vq: the queue
 *
 * Context: any.
 * Return: @vq, for bx_vq_put().
 */
struct bx_vq *bx_vq_get(struct bx_vq *vq)
{
	kref_get(&vq->kref);
	return vq;
}
EXPORT_SYMBOL_GPL(bx_vq_get);

/**
 * bx_vq_put() - the opposite of bx_vq_get()
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
 * bx_vq_start() - let a queue be served, from its first entry on
 * @vq: the queue, which does not run
 * @driver_vq: the driver's side of it; outlives bx_vq_stop()
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
 * bx_vq_stop() - let nobody touch a queue or its buffers any more
 * @vq: the queue
 *
 * Context: may sleep; waits for who serves the queue, and for the driver's
 * callback.
 */
void bx_vq_stop(struct bx_vq *vq)
{
	guard(mutex)(&vq->lock);
	vq->running = false;
	vq->vq = NULL;
}

/* Wait for the driver's callback, if it runs. */
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

/* Copy between @buf and physical memory, which bx_is_memory(). */
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

/* Make @table the one that an indirect descriptor stands for. */
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

	/* also what ends a chain that is a circle */
	if (chain->nr >= vq->vring.num || !bx_is_memory(seg.addr, seg.len) ||
	    check_add_overflow(*total, seg.len, total))
		return -EPROTO;
	if (!in && chain->nr_out != chain->nr)
		return -EPROTO;
	chain->seg[chain->nr++] = seg;
	chain->nr_out += !in;
	return 0;
}

/* Collect the buffers from descriptor @i on. */
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
 * bx_chain_readable() - bytes that the driver sends
 * @chain: the chain that is being served
 *
 * Return: how many bytes bx_chain_read() can get at.
 */
u32 bx_chain_readable(const struct bx_chain *chain)
{
	return chain->out_len;
}
EXPORT_SYMBOL_GPL(bx_chain_readable);

/**
 * bx_chain_writable() - bytes that the driver has room for
 * @chain: the chain that is being served
 *
 * Return: how many bytes bx_chain_write() can get at.
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
 * bx_chain_read() - get what the driver sends
 * @chain: the chain that is being served
 * @offset: of the first byte
 * @buf: where to
 * @len: bytes
 *
 * Context: in a bx_chain_fn.
 * Return: 0; -EMSGSIZE when there are not as many bytes.
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
 * bx_chain_write() - give something to the driver
 * @chain: the chain that is being served
 * @offset: of the first byte
 * @buf: what
 * @len: bytes
 *
 * Context: in a bx_chain_fn.
 * Return: 0; -EMSGSIZE when there is not as much room.
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

/* Entries that the driver has made available, or an errno. */
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
	/* the index first, then what it stands for */
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
	/* the entry first, then the index that tells of it */
	virtio_wmb(true);
	vq->used++;
	WRITE_ONCE(vring->used->idx, cpu_to_virtio16(vdev, vq->used));
}

/**
 * bx_vq_serve() - serve the next chain of a queue
 * @vq: the queue
 * @fn: does it; may sleep, and must not use the queue otherwise
 * @data: for @fn
 *
 * The driver hears of it by bx_vq_interrupt(), which may follow several of these.
 *
 * Context: may sleep.
 * Return: what @fn returned; -EAGAIN when nothing is waiting, -ENODEV when the
 * driver has reset the device or deleted the queue, -EPROTO when there is nonsense
 * in the ring or @fn claims to have written more than there was room for.
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
 * bx_vq_want_kicks() - say whether the driver is to kick
 * @vq: the queue
 * @want: whether
 *
 * Context: may sleep.
 * Return: 1 when something is waiting already, which no kick will tell of; 0;
 * the errnos of bx_vq_serve().
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
	/* the wish first, then a look: the driver does it the other way round */
	virtio_mb(true);
	ret = bx_vq_avail(vq);
	return ret > 0 ? 1 : ret;
}
EXPORT_SYMBOL_GPL(bx_vq_want_kicks);

/* Whether the driver wants to hear of what was pushed since the last time. */
static bool bx_vq_wants_interrupt(struct bx_vq *vq)
{
	struct virtio_device *vdev = vq->vq->vdev;
	struct vring *vring = &vq->vring;
	u16 old = vq->signalled;

	if (vq->used == old)
		return false;
	vq->signalled = vq->used;
	/* our index first, then a look at the driver's wish */
	virtio_mb(true);
	if (!vq->event_idx)
		return !(READ_ONCE(vring->avail->flags) &
			 cpu_to_virtio16(vdev, VRING_AVAIL_F_NO_INTERRUPT));
	return vring_need_event(virtio16_to_cpu(vdev,
						vring_used_event(vring)),
				vq->used, old);
}

/**
 * bx_vq_interrupt() - tell the driver of what was served, if it wants to know
 * @vq: the queue
 *
 * The driver's callback finds what it would in an interrupt: interrupts off, and
 * softirqs run once it is done.
 *
 * Context: may sleep.
 */
void bx_vq_interrupt(struct bx_vq *vq)
{
	guard(mutex)(&vq->lock);
	if (!vq->running || !bx_vq_wants_interrupt(vq))
		return;
	local_bh_disable();
	local_irq_disable();
	vring_interrupt(0, vq->vq);
	local_irq_enable();
	local_bh_enable();
}
EXPORT_SYMBOL_GPL(bx_vq_interrupt);
