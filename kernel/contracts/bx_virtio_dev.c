// SPDX-License-Identifier: GPL-2.0-only
/*
 * The driver of bx-virtio: a struct virtio_device over a bx device
 *
 * The calls of struct virtio_config_ops by the kernel's virtio drivers become
 * calls on the bx device (<linux/bx_virtio.h>).  Policies may change, answer
 * or refuse them, and a provider may answer wrongly.  Virtio drivers were
 * written for correct devices, so this driver corrects the results:
 *
 *   reset	Stops all queues at once, even if the reset is refused.  Then
 *		the driver that is being unbound sees the device as reset; the
 *		next driver's probe fails, unless a further reset succeeds.
 *   status	Has no bits that were not written since the reset, except
 *		NEEDS_RESET; DRIVER_OK stays set.
 *   features	Ring features are limited to those that this driver knows.
 *   config	Announcements of a network interface that were not negotiated
 *		are hidden: virtio-net has a BUG() for them.
 *   generation	One that changes all the time is reported as stable.
 *   notify	A refused notification is lost, and does not break the queue.
 */
#include <linux/bitops.h>
#include <linux/cleanup.h>
#include <linux/hashtable.h>
#include <linux/log2.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/virtio.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_ring.h>
#include <uapi/linux/virtio_net.h>
#include <xen/xen.h>
#include "bx_virtio_priv.h"

#define BX_VIRTIO_MAX_FLAPS	64	/* changes in a row */

/* Feature bits of the ring and the transport */
#define BX_VIRTIO_TRANSPORT \
	GENMASK_ULL(VIRTIO_TRANSPORT_F_END - 1, VIRTIO_TRANSPORT_F_START)

/* Those of them that this driver and the walker support */
#define BX_VIRTIO_KNOWN \
	(BIT_ULL(VIRTIO_RING_F_INDIRECT_DESC) | \
	 BIT_ULL(VIRTIO_RING_F_EVENT_IDX) | BIT_ULL(VIRTIO_F_VERSION_1))

/**
 * struct bx_virtio_dev - a virtio device over a bx device
 * @vdev: the virtio device; its release frees this structure
 * @bdev: the bx device; a reference, put in the release
 * @node: in bx_virtio_devs, while configuration interrupts are accepted
 * @name: name of the device on its transport
 * @reset_err: errno of a refused reset, which the driver does not see; or 0
 * @written: status bits that were written since the reset
 * @generation: last generation of the configuration
 * @flaps: number of changes of the generation in a row
 */
struct bx_virtio_dev {
	struct virtio_device	vdev;
	struct bx_device	*bdev;
	struct hlist_node	node;
	char			name[BX_VIRTIO_NAME_LEN];
	int			reset_err;
	u8			written;
	u32			generation;
	u32			flaps;
};

/* Protects the table, whose key is the bx device; held while a driver is notified */
static DEFINE_SPINLOCK(bx_virtio_lock);
static DEFINE_HASHTABLE(bx_virtio_devs, 8);

static struct bx_virtio_dev *to_bx_virtio(struct virtio_device *vdev)
{
	return container_of(vdev, struct bx_virtio_dev, vdev);
}

/* A call with a typed argument; 0 or the errnos of bx_call() */
#define vd_call(vd, op, arg)	bx_call((vd)->bdev, op, arg, sizeof(*(arg)))

/* ---- configuration ---- */

/*
 * virtio-net runs into a BUG() on ANNOUNCE without F_GUEST_ANNOUNCE: it has no
 * control queue to acknowledge it on.
 */
static void vd_hide_announce(struct virtio_device *vdev, unsigned int offset,
			     u8 *buf, unsigned int len)
{
	unsigned int at = offsetof(struct virtio_net_config, status) +
			  !virtio_is_little_endian(vdev);

	if (vdev->id.device == VIRTIO_ID_NET &&
	    !virtio_has_feature(vdev, VIRTIO_NET_F_GUEST_ANNOUNCE) &&
	    at >= offset && at - offset < len)
		buf[at - offset] &= ~VIRTIO_NET_S_ANNOUNCE;
}

static void vd_get(struct virtio_device *vdev, unsigned int offset, void *buf,
		   unsigned int len)
{
	bx_virtio_get(to_bx_virtio(vdev)->bdev, offset, buf, len);
	vd_hide_announce(vdev, offset, buf, len);
}

static void vd_set(struct virtio_device *vdev, unsigned int offset,
		   const void *buf, unsigned int len)
{
	bx_virtio_set(to_bx_virtio(vdev)->bdev, offset, buf, len);
}

/*
 * Drivers read until the generation is the same twice, so this must happen at
 * some time.
 */
static u32 vd_generation(struct virtio_device *vdev)
{
	struct bx_virtio_dev *vd = to_bx_virtio(vdev);
	struct bx_virtio_generation_arg arg = {};
	u32 now, last = READ_ONCE(vd->generation);
	int err = vd_call(vd, BX_VIRTIO_GENERATION, &arg);

	now = arg.generation;
	if (err || now == last) {
		WRITE_ONCE(vd->flaps, 0);
		return last;
	}
	if (READ_ONCE(vd->flaps) >= BX_VIRTIO_MAX_FLAPS) {
		WRITE_ONCE(vd->flaps, 0);
		dev_warn_ratelimited(&vdev->dev, "configuration changes all the time\n");
		return last;
	}
	WRITE_ONCE(vd->flaps, READ_ONCE(vd->flaps) + 1);
	WRITE_ONCE(vd->generation, now);
	return now;
}

static const char *vd_bus_name(struct virtio_device *vdev)
{
	return to_bx_virtio(vdev)->name;
}

/* ---- status, reset, features ---- */

/* Resets the device.  One that is gone (-ENODEV) counts as reset. */
static int vd_do_reset(struct bx_virtio_dev *vd)
{
	int err = bx_call(vd->bdev, BX_VIRTIO_RESET, NULL, 0);

	vd->reset_err = err == -ENODEV ? 0 : err;
	return vd->reset_err;
}

/*
 * Tries a refused reset again, for the next user of the device.  Returns 0 or
 * an errno.
 */
static int vd_make_reset(struct bx_virtio_dev *vd)
{
	return vd->reset_err ? vd_do_reset(vd) : 0;
}

static void vd_reset(struct virtio_device *vdev)
{
	struct bx_virtio_dev *vd = to_bx_virtio(vdev);
	struct virtqueue *vq;

	list_for_each_entry(vq, &vdev->vqs, list)
		bx_vq_stop(vq->priv);
	vd->written = 0;
	if (vd_do_reset(vd))
		dev_warn(&vd->bdev->dev, "reset refused (%pe): no driver can use the device until it succeeds\n",
			 ERR_PTR(vd->reset_err));
}

static u8 vd_get_status(struct virtio_device *vdev)
{
	struct bx_virtio_dev *vd = to_bx_virtio(vdev);
	struct bx_virtio_status_arg arg = {};
	u8 status = vd_call(vd, BX_VIRTIO_GET_STATUS, &arg) ? 0 : arg.status;

	if (!vd->written)
		return 0;
	/* DRIVER_OK must not vanish: virtio_device_ready() would run again */
	return (status & (vd->written | VIRTIO_CONFIG_S_NEEDS_RESET)) |
	       (vd->written & VIRTIO_CONFIG_S_DRIVER_OK);
}

static void vd_set_status(struct virtio_device *vdev, u8 status)
{
	struct bx_virtio_status_arg arg = { .status = status };
	struct bx_virtio_dev *vd = to_bx_virtio(vdev);

	/* remove() ends by writing only ACKNOWLEDGE */
	if (status & ~VIRTIO_CONFIG_S_ACKNOWLEDGE && vd_make_reset(vd))
		return;
	vd->written |= status;
	vd_call(vd, BX_VIRTIO_SET_STATUS, &arg);
}

static u64 vd_get_features(struct virtio_device *vdev)
{
	struct bx_virtio_features_arg arg = {};

	if (vd_call(to_bx_virtio(vdev), BX_VIRTIO_GET_FEATURES, &arg))
		return 0;
	return arg.features & (BX_VIRTIO_KNOWN | ~BX_VIRTIO_TRANSPORT);
}

static int vd_finalize_features(struct virtio_device *vdev)
{
	struct bx_virtio_dev *vd = to_bx_virtio(vdev);
	struct bx_virtio_features_arg arg = { .features = vdev->features };
	int err;

	err = vd_make_reset(vd);
	if (err) {
		dev_err(&vdev->dev, "cannot reset the device for its driver: %pe\n",
			ERR_PTR(err));
		return err;
	}
	err = vd_call(vd, BX_VIRTIO_FINALIZE_FEATURES, &arg);
	if (!err)
		vdev->features &= arg.features;
	return err;
}

/* ---- queues ---- */

/* False breaks the queue for good, so only if the device is gone. */
static bool vd_notify(struct virtqueue *vq)
{
	struct bx_virtio_vq_arg arg = { .index = vq->index };

	return vd_call(to_bx_virtio(vq->vdev), BX_VIRTIO_KICK, &arg) != -ENODEV;
}

/* Frees the ring, and puts our queue, which the provider may still hold. */
static void vd_free_vq(struct virtqueue *vq)
{
	struct bx_vq *bvq = vq->priv;

	bx_vq_stop(bvq);
	vring_del_virtqueue(vq);
	bx_vq_put(bvq);
}

static void vd_del_vqs(struct virtio_device *vdev)
{
	struct virtqueue *vq, *next;

	list_for_each_entry_safe(vq, next, &vdev->vqs, list)
		vd_free_vq(vq);
	bx_call(to_bx_virtio(vdev)->bdev, BX_VIRTIO_DEL_VQS, NULL, 0);
}

static struct virtqueue *vd_setup_vq(struct bx_virtio_dev *vd, u32 index,
				     const struct virtqueue_info *info)
{
	struct bx_virtio_vq_arg size = { .index = index };
	struct bx_virtio_setup_arg setup;
	struct virtqueue *vq;
	struct bx_vq *bvq;
	u32 num;
	int err;

	err = vd_call(vd, BX_VIRTIO_GET_VQ_NUM, &size);
	if (err)
		return ERR_PTR(err);
	num = size.num;
	if (!num)
		return ERR_PTR(-ENOENT);
	if (num > BX_VIRTIO_MAX_NUM || !is_power_of_2(num)) {
		dev_err(&vd->bdev->dev, "invalid size of queue %u: expected a power of two up to %u, got %u\n",
			index, BX_VIRTIO_MAX_NUM, num);
		return ERR_PTR(-EINVAL);
	}
	bvq = bx_vq_alloc(num);
	if (!bvq)
		return ERR_PTR(-ENOMEM);
	vq = vring_new_virtqueue(index, num, SMP_CACHE_BYTES, &vd->vdev, true,
				 info->ctx, bx_vq_pages(bvq), vd_notify,
				 info->callback, info->name);
	if (!vq) {
		bx_vq_put(bvq);
		return ERR_PTR(-ENOMEM);
	}
	vq->num_max = num;
	vq->priv = bvq;
	bx_vq_start(bvq, vq);
	setup = (struct bx_virtio_setup_arg) {
		.vq = (uintptr_t)bvq, .index = index, .num = num,
	};
	err = vd_call(vd, BX_VIRTIO_SETUP_VQ, &setup);
	if (err) {
		vd_free_vq(vq);
		return ERR_PTR(err);
	}
	return vq;
}

static int vd_find_vqs(struct virtio_device *vdev, unsigned int nvqs,
		       struct virtqueue *vqs[],
		       struct virtqueue_info vqs_info[],
		       struct irq_affinity *desc)
{
	struct bx_virtio_dev *vd = to_bx_virtio(vdev);
	struct bx_virtio_vqs_arg arg = {};
	u32 index = 0;
	int err;

	for (u32 i = 0; i < nvqs; i++)
		arg.nvqs += !!vqs_info[i].name;
	err = vd_make_reset(vd) ?: vd_call(vd, BX_VIRTIO_FIND_VQS, &arg);
	if (err)
		return err;
	for (u32 i = 0; i < nvqs; i++) {
		vqs[i] = NULL;
		if (!vqs_info[i].name)
			continue;
		vqs[i] = vd_setup_vq(vd, index++, &vqs_info[i]);
		if (IS_ERR(vqs[i])) {
			err = PTR_ERR(vqs[i]);
			vd_del_vqs(vdev);
			return err;
		}
	}
	return 0;
}

static void vd_synchronize_cbs(struct virtio_device *vdev)
{
	struct virtqueue *vq;

	bx_call(to_bx_virtio(vdev)->bdev, BX_VIRTIO_SYNCHRONIZE_CBS, NULL, 0);
	list_for_each_entry(vq, &vdev->vqs, list)
		bx_vq_synchronize(vq->priv);
}

static int vd_set_vq_affinity(struct virtqueue *vq, const struct cpumask *mask)
{
	struct bx_virtio_affinity_arg arg = {
		.mask = (uintptr_t)mask, .index = vq->index,
	};

	return vd_call(to_bx_virtio(vq->vdev), BX_VIRTIO_SET_VQ_AFFINITY, &arg);
}

static const struct cpumask *vd_get_vq_affinity(struct virtio_device *vdev,
						int index)
{
	struct bx_virtio_affinity_arg arg = { .index = index };

	if (vd_call(to_bx_virtio(vdev), BX_VIRTIO_GET_VQ_AFFINITY, &arg))
		return NULL;
	return (const struct cpumask *)(uintptr_t)arg.mask;
}

static const struct virtio_config_ops vd_config_ops = {
	.get			= vd_get,
	.set			= vd_set,
	.generation		= vd_generation,
	.get_status		= vd_get_status,
	.set_status		= vd_set_status,
	.reset			= vd_reset,
	.find_vqs		= vd_find_vqs,
	.del_vqs		= vd_del_vqs,
	.synchronize_cbs	= vd_synchronize_cbs,
	.get_features		= vd_get_features,
	.finalize_features	= vd_finalize_features,
	.bus_name		= vd_bus_name,
	.set_vq_affinity	= vd_set_vq_affinity,
	.get_vq_affinity	= vd_get_vq_affinity,
};

/* ---- configuration interrupts ---- */

/**
 * bx_virtio_config_changed() - notify the driver of a changed configuration
 * @bdev: the device; a driver need not be bound
 *
 * Context: any but NMI; with PREEMPT_RT not a hard interrupt, nor with interrupts disabled.
 */
void bx_virtio_config_changed(struct bx_device *bdev)
{
	struct bx_virtio_dev *vd;
	unsigned long flags;

	spin_lock_irqsave(&bx_virtio_lock, flags);
	hash_for_each_possible(bx_virtio_devs, vd, node, (unsigned long)bdev) {
		if (vd->bdev == bdev)
			virtio_config_changed(&vd->vdev);
	}
	spin_unlock_irqrestore(&bx_virtio_lock, flags);
}
EXPORT_SYMBOL_GPL(bx_virtio_config_changed);

static void bx_virtio_list(struct bx_virtio_dev *vd)
{
	spin_lock_irq(&bx_virtio_lock);
	hash_add(bx_virtio_devs, &vd->node, (unsigned long)vd->bdev);
	spin_unlock_irq(&bx_virtio_lock);
	/* the driver was not notified of changes until now */
	virtio_config_changed(&vd->vdev);
}

static void bx_virtio_unlist(struct bx_virtio_dev *vd)
{
	spin_lock_irq(&bx_virtio_lock);
	hash_del(&vd->node);
	spin_unlock_irq(&bx_virtio_lock);
}

/* ---- the driver ---- */

static void bx_virtio_release(struct device *dev)
{
	struct bx_virtio_dev *vd = to_bx_virtio(dev_to_virtio(dev));

	put_device(&vd->bdev->dev);
	kfree(vd);
}

static struct bx_virtio_dev *bx_virtio_alloc(struct bx_device *bdev)
{
	struct bx_virtio_dev *vd = kzalloc(sizeof(*vd), GFP_KERNEL);

	if (!vd)
		return NULL;
	get_device(&bdev->dev);
	vd->bdev = bdev;
	vd->vdev.config = &vd_config_ops;
	vd->vdev.id.device = bdev->id.device;
	vd->vdev.id.vendor = bdev->id.vendor;
	vd->vdev.dev.parent = &bdev->dev;
	vd->vdev.dev.release = bx_virtio_release;
	if (bx_virtio_bus_name(bdev, vd->name))
		strscpy(vd->name, dev_name(&bdev->dev), sizeof(vd->name));
	return vd;
}

static int bx_virtio_probe(struct bx_device *bdev,
			   const struct bx_device_id *id)
{
	struct bx_virtio_dev *vd;
	int err;

	/* on Xen virtio_ring.c would map addresses, but ours are physical */
	if (xen_domain())
		return -ENODEV;
	if (!bdev->id.device)
		return -ENODEV;
	/* the virtio core resets again, but cannot handle a refusal */
	err = bx_call(bdev, BX_VIRTIO_RESET, NULL, 0);
	if (err) {
		dev_err(&bdev->dev, "cannot reset the device: %pe\n", ERR_PTR(err));
		return err;
	}
	vd = bx_virtio_alloc(bdev);
	if (!vd)
		return -ENOMEM;
	bx_set_drvdata(bdev, vd);
	err = register_virtio_device(&vd->vdev);
	if (err) {
		put_device(&vd->vdev.dev);
		return err;
	}
	bx_virtio_list(vd);
	return 0;
}

static void bx_virtio_remove(struct bx_device *bdev)
{
	struct bx_virtio_dev *vd = bx_get_drvdata(bdev);

	bx_virtio_unlist(vd);
	unregister_virtio_device(&vd->vdev);
}

static const struct bx_device_id bx_virtio_ids[] = {
	{ BX_DEVICE(BX_ANY, BX_ANY) },
	{ }
};

struct bx_driver bx_virtio_driver = {
	.name		= "bx-virtio",
	.id_table	= bx_virtio_ids,
	.probe		= bx_virtio_probe,
	.remove		= bx_virtio_remove,
};
