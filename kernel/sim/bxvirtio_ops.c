// SPDX-License-Identifier: GPL-2.0-only
/*
 * bxvirtio: the wire between two network devices, and the operations that drivers
 * call on a device
 *
 * bxvirtio_main.c describes the locking.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cleanup.h>
#include <linux/string.h>
#include "bxvirtio.h"

#define BXV_NUM		256	/* entries of a queue */

/* ---- the wire ---- */

static __virtio16 bxv_net_status(const struct bxv_dev *dev)
{
	return (__force __virtio16)cpu_to_le16(dev->peer ?
					       VIRTIO_NET_S_LINK_UP : 0);
}

static void bxv_config_changed(struct bxv_dev *dev)
{
	if (dev->bdev)
		bx_virtio_config_changed(dev->bdev);
}

static void bxv_set_peer(struct bxv_dev *dev, struct bxv_dev *peer)
{
	lockdep_assert_held(&bxv_lock);
	dev->peer = peer;
	dev->config.status = bxv_net_status(dev);
	dev->generation++;
}

/* Only for commands; @peer may be NULL. */
void bxv_connect(struct bxv_dev *dev, struct bxv_dev *peer)
{
	struct bxv_dev *old;

	lockdep_assert_held(&bxv_cmd_lock);
	scoped_guard(spinlock_irqsave, &bxv_lock) {
		old = dev->peer;
		if (old)
			bxv_set_peer(old, NULL);
		bxv_set_peer(dev, peer);
		if (peer)
			bxv_set_peer(peer, dev);
	}
	if (old)
		bxv_config_changed(old);
	if (peer)
		bxv_config_changed(peer);
}

/* ---- the operations ---- */

static struct bxv_dev *bxv_of(struct bx_device *bdev)
{
	return bdev->hw_data;
}

static bool bxv_in_config(const struct bxv_dev *dev, u32 offset, u32 len)
{
	return offset <= dev->kind->config_len &&
	       len <= dev->kind->config_len - offset;
}

static int bxv_get(struct bx_device *bdev, void *data, u32 len)
{
	struct bx_virtio_config_arg *arg = data;
	struct bxv_dev *dev = bxv_of(bdev);

	len -= sizeof(*arg);
	if (!bxv_in_config(dev, arg->offset, len))
		return -EINVAL;
	scoped_guard(spinlock_irqsave, &bxv_lock)
		memcpy(arg->data, (u8 *)&dev->config + arg->offset, len);
	return 0;
}

/* The address is what a driver may write, of a device without VERSION_1. */
static int bxv_set(struct bx_device *bdev, void *data, u32 len)
{
	struct bx_virtio_config_arg *arg = data;
	struct bxv_dev *dev = bxv_of(bdev);

	len -= sizeof(*arg);
	if (!bxv_in_config(dev, arg->offset, len) ||
	    arg->offset + len > sizeof(dev->config.mac))
		return -EINVAL;
	scoped_guard(spinlock_irqsave, &bxv_lock)
		memcpy(dev->config.mac + arg->offset, arg->data, len);
	return 0;
}

static int bxv_generation(struct bx_device *bdev, void *data, u32 len)
{
	struct bx_virtio_generation_arg *arg = data;

	arg->generation = READ_ONCE(bxv_of(bdev)->generation);
	return 0;
}

static int bxv_get_status(struct bx_device *bdev, void *data, u32 len)
{
	struct bx_virtio_status_arg *arg = data;

	arg->status = READ_ONCE(bxv_of(bdev)->status);
	return 0;
}

static int bxv_set_status(struct bx_device *bdev, void *data, u32 len)
{
	struct bx_virtio_status_arg *arg = data;
	struct bxv_dev *dev = bxv_of(bdev);

	if (arg->status > U8_MAX)
		return -EINVAL;
	WRITE_ONCE(dev->status, arg->status);
	if (arg->status & VIRTIO_CONFIG_S_DRIVER_OK)
		bxv_run(dev, 0);
	return 0;
}

void bxv_forget_vqs(struct bxv_dev *dev)
{
	struct bx_vq *vq[BXV_MAX_VQS];

	scoped_guard(spinlock_irqsave, &bxv_lock) {
		memcpy(vq, dev->vq, sizeof(vq));
		memset(dev->vq, 0, sizeof(dev->vq));
	}
	for (u32 i = 0; i < BXV_MAX_VQS; i++)
		bx_vq_put(vq[i]);
}

static int bxv_reset(struct bx_device *bdev, void *unused, u32 len)
{
	struct bxv_dev *dev = bxv_of(bdev);

	bxv_forget_vqs(dev);
	scoped_guard(spinlock_irqsave, &bxv_lock) {
		dev->status = 0;
		dev->features = 0;
		memset(dev->has_affinity, 0, sizeof(dev->has_affinity));
	}
	atomic_inc(&dev->resets);
	return 0;
}

static int bxv_find_vqs(struct bx_device *bdev, void *data, u32 len)
{
	struct bx_virtio_vqs_arg *arg = data;

	return arg->nvqs <= bxv_of(bdev)->kind->nvqs ? 0 : -ENOENT;
}

static int bxv_del_vqs(struct bx_device *bdev, void *unused, u32 len)
{
	bxv_forget_vqs(bxv_of(bdev));
	return 0;
}

static int bxv_get_features(struct bx_device *bdev, void *data, u32 len)
{
	struct bx_virtio_features_arg *arg = data;

	arg->features = bxv_of(bdev)->kind->features;
	return 0;
}

static int bxv_finalize_features(struct bx_device *bdev, void *data, u32 len)
{
	struct bx_virtio_features_arg *arg = data;
	struct bxv_dev *dev = bxv_of(bdev);

	if (arg->features & ~dev->kind->features)
		return -EINVAL;
	scoped_guard(spinlock_irqsave, &bxv_lock)
		dev->features = arg->features;
	return 0;
}

static int bxv_bus_name(struct bx_device *bdev, void *data, u32 len)
{
	struct bx_virtio_name_arg *arg = data;

	scnprintf(arg->name, sizeof(arg->name), "bxvirtio/%s",
		  bxv_of(bdev)->name);
	return 0;
}

static int bxv_set_affinity(struct bx_device *bdev, void *data, u32 len)
{
	struct bx_virtio_affinity_arg *arg = data;
	const struct cpumask *mask = (const void *)(uintptr_t)arg->mask;
	struct bxv_dev *dev = bxv_of(bdev);

	if (arg->index >= dev->kind->nvqs)
		return -EINVAL;
	scoped_guard(spinlock_irqsave, &bxv_lock) {
		dev->has_affinity[arg->index] = mask;
		if (mask)
			cpumask_copy(&dev->affinity[arg->index], mask);
	}
	return 0;
}

static int bxv_get_affinity(struct bx_device *bdev, void *data, u32 len)
{
	struct bx_virtio_affinity_arg *arg = data;
	struct bxv_dev *dev = bxv_of(bdev);

	if (arg->index >= dev->kind->nvqs)
		return -EINVAL;
	scoped_guard(spinlock_irqsave, &bxv_lock) {
		if (dev->has_affinity[arg->index])
			arg->mask = (uintptr_t)&dev->affinity[arg->index];
	}
	return 0;
}

static int bxv_get_vq_num(struct bx_device *bdev, void *data, u32 len)
{
	struct bx_virtio_vq_arg *arg = data;

	arg->num = arg->index < bxv_of(bdev)->kind->nvqs ? BXV_NUM : 0;
	return 0;
}

static int bxv_setup_vq(struct bx_device *bdev, void *data, u32 len)
{
	struct bx_virtio_setup_arg *arg = data;
	struct bxv_dev *dev = bxv_of(bdev);
	struct bx_vq *vq;

	if (arg->index >= dev->kind->nvqs)
		return -EINVAL;
	vq = bx_vq_get((struct bx_vq *)(uintptr_t)arg->vq);
	scoped_guard(spinlock_irqsave, &bxv_lock)
		swap(vq, dev->vq[arg->index]);
	bx_vq_put(vq);
	return 0;
}

/* A kick for the receive queue may be what the peer waits for. */
static int bxv_kick(struct bx_device *bdev, void *data, u32 len)
{
	struct bx_virtio_vq_arg *arg = data;
	struct bxv_dev *dev = bxv_of(bdev);

	if (arg->index >= dev->kind->nvqs)
		return -EINVAL;
	if (dev->kind->device != VIRTIO_ID_NET || arg->index == BXV_TX) {
		bxv_run(dev, 0);
		return 0;
	}
	scoped_guard(spinlock_irqsave, &bxv_lock) {
		if (dev->peer)
			bxv_run(dev->peer, 0);
	}
	return 0;
}

static const bx_op_fn bxv_ops[BX_VIRTIO_NR_OPS] = {
	[BX_VIRTIO_GET]			= bxv_get,
	[BX_VIRTIO_SET]			= bxv_set,
	[BX_VIRTIO_GENERATION]		= bxv_generation,
	[BX_VIRTIO_GET_STATUS]		= bxv_get_status,
	[BX_VIRTIO_SET_STATUS]		= bxv_set_status,
	[BX_VIRTIO_RESET]		= bxv_reset,
	[BX_VIRTIO_FIND_VQS]		= bxv_find_vqs,
	[BX_VIRTIO_DEL_VQS]		= bxv_del_vqs,
	[BX_VIRTIO_GET_FEATURES]	= bxv_get_features,
	[BX_VIRTIO_FINALIZE_FEATURES]	= bxv_finalize_features,
	[BX_VIRTIO_BUS_NAME]		= bxv_bus_name,
	[BX_VIRTIO_SET_VQ_AFFINITY]	= bxv_set_affinity,
	[BX_VIRTIO_GET_VQ_AFFINITY]	= bxv_get_affinity,
	[BX_VIRTIO_GET_VQ_NUM]		= bxv_get_vq_num,
	[BX_VIRTIO_SETUP_VQ]		= bxv_setup_vq,
	[BX_VIRTIO_KICK]		= bxv_kick,
};

const struct bx_provider bxv_provider = {
	.version	= BX_VIRTIO_VERSION,
	.ops		= bxv_ops,
	.nr_ops		= ARRAY_SIZE(bxv_ops),
};
