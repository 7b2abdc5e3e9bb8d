/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * bx-virtio: the contract of virtio devices
 *
 * A provider offers a device on this bus, whose device id is the number of a
 * virtio device type (VIRTIO_ID_NET, ...).  The driver "bx-virtio", in the same
 * module, registers a struct virtio_device for it.  The kernel's virtio drivers
 * bind to that device and make the calls.
 *
 * A provider implements the operations of <uapi/linux/bx_virtio.h>.  Optional
 * are set, generation, synchronize_cbs, bus_name, the two for affinity,
 * get_shm_region and the two for the reset of one queue.  The provider must
 * check arguments, since policies may write to them.
 *
 * The provider receives a queue as a struct bx_vq, keeps it with bx_vq_get()
 * and uses it only through the functions below.  They may sleep.  They never
 * access memory of a driver that has reset the device or deleted its queues,
 * even if the provider has not been told, but return -ENODEV.
 */
#ifndef _LINUX_BX_VIRTIO_H
#define _LINUX_BX_VIRTIO_H

#include <linux/bus_ext.h>
#include <uapi/linux/bx_virtio.h>

struct cpumask;
struct bx_chain;
struct bx_vq;

/** BX_VIRTIO_VERSION - version of this contract */
#define BX_VIRTIO_VERSION	1

extern struct bx_bus bx_virtio_bus;

/**
 * typedef bx_chain_fn - serves one chain of buffers
 * @chain: the buffers, for bx_chain_read() and bx_chain_write()
 * @data: private data of the caller
 *
 * Return: number of bytes written; an errno leaves the chain in the queue.
 */
typedef ssize_t (*bx_chain_fn)(struct bx_chain *chain, void *data);

struct bx_vq *bx_vq_get(struct bx_vq *vq);
void bx_vq_put(struct bx_vq *vq);
ssize_t bx_vq_serve(struct bx_vq *vq, bx_chain_fn fn, void *data);
int bx_vq_want_kicks(struct bx_vq *vq, bool want);
void bx_vq_interrupt(struct bx_vq *vq);

u32 bx_chain_readable(const struct bx_chain *chain);
u32 bx_chain_writable(const struct bx_chain *chain);
int bx_chain_read(struct bx_chain *chain, u32 offset, void *buf, u32 len);
int bx_chain_write(struct bx_chain *chain, u32 offset, const void *buf,
		   u32 len);

void bx_virtio_config_changed(struct bx_device *bdev);

int bx_virtio_get(struct bx_device *bdev, u32 offset, void *buf, u32 len);
int bx_virtio_set(struct bx_device *bdev, u32 offset, const void *buf, u32 len);
int bx_virtio_get_shm_region(struct bx_device *bdev, u32 id, u64 *addr,
			     u64 *len);
int bx_virtio_bus_name(struct bx_device *bdev, char *name);

/**
 * bx_virtio_generation() - read the generation of the configuration
 * @bdev: the device
 * @generation: result: a number that changes with the configuration
 *
 * Context: may sleep.
 * Return: 0 or an errno.
 */
static inline int bx_virtio_generation(struct bx_device *bdev, u32 *generation)
{
	struct bx_virtio_generation_arg arg = {};
	int err = bx_call(bdev, BX_VIRTIO_GENERATION, &arg, sizeof(arg));

	if (!err)
		*generation = arg.generation;
	return err;
}

/**
 * bx_virtio_get_status() - read the status byte
 * @bdev: the device
 * @status: result: VIRTIO_CONFIG_S_*
 *
 * Context: may sleep.
 * Return: 0 or an errno.
 */
static inline int bx_virtio_get_status(struct bx_device *bdev, u8 *status)
{
	struct bx_virtio_status_arg arg = {};
	int err = bx_call(bdev, BX_VIRTIO_GET_STATUS, &arg, sizeof(arg));

	if (!err)
		*status = arg.status;
	return err;
}

/**
 * bx_virtio_set_status() - write the status byte
 * @bdev: the device
 * @status: VIRTIO_CONFIG_S_*
 *
 * Context: may sleep.
 * Return: 0 or an errno.
 */
static inline int bx_virtio_set_status(struct bx_device *bdev, u8 status)
{
	struct bx_virtio_status_arg arg = { .status = status };

	return bx_call(bdev, BX_VIRTIO_SET_STATUS, &arg, sizeof(arg));
}

/**
 * bx_virtio_reset() - reset a device to its initial state
 * @bdev: the device
 *
 * Context: may sleep.
 * Return: 0 or an errno.
 */
static inline int bx_virtio_reset(struct bx_device *bdev)
{
	return bx_call(bdev, BX_VIRTIO_RESET, NULL, 0);
}

/**
 * bx_virtio_find_vqs() - announce that queues will be set up
 * @bdev: the device
 * @nvqs: number of queues
 *
 * Context: may sleep.
 * Return: 0 or an errno.
 */
static inline int bx_virtio_find_vqs(struct bx_device *bdev, u32 nvqs)
{
	struct bx_virtio_vqs_arg arg = { .nvqs = nvqs };

	return bx_call(bdev, BX_VIRTIO_FIND_VQS, &arg, sizeof(arg));
}

/**
 * bx_virtio_del_vqs() - make the provider forget all queues
 * @bdev: the device
 *
 * Context: may sleep.
 * Return: 0 or an errno.
 */
static inline int bx_virtio_del_vqs(struct bx_device *bdev)
{
	return bx_call(bdev, BX_VIRTIO_DEL_VQS, NULL, 0);
}

/**
 * bx_virtio_synchronize_cbs() - wait for running interrupt handlers
 * @bdev: the device
 *
 * Context: may sleep.
 * Return: 0 or an errno.
 */
static inline int bx_virtio_synchronize_cbs(struct bx_device *bdev)
{
	return bx_call(bdev, BX_VIRTIO_SYNCHRONIZE_CBS, NULL, 0);
}

/**
 * bx_virtio_get_features() - read the features that a device offers
 * @bdev: the device
 * @features: result: the feature bits
 *
 * Context: may sleep.
 * Return: 0 or an errno.
 */
static inline int bx_virtio_get_features(struct bx_device *bdev, u64 *features)
{
	struct bx_virtio_features_arg arg = {};
	int err = bx_call(bdev, BX_VIRTIO_GET_FEATURES, &arg, sizeof(arg));

	if (!err)
		*features = arg.features;
	return err;
}

/**
 * bx_virtio_finalize_features() - set the features that the driver accepts
 * @bdev: the device
 * @features: the feature bits; result: the bits that policies and provider left
 *	set
 *
 * Context: may sleep.
 * Return: 0 or an errno.
 */
static inline int bx_virtio_finalize_features(struct bx_device *bdev,
					      u64 *features)
{
	struct bx_virtio_features_arg arg = { .features = *features };
	int err = bx_call(bdev, BX_VIRTIO_FINALIZE_FEATURES, &arg, sizeof(arg));

	if (!err)
		*features = arg.features;
	return err;
}

/**
 * bx_virtio_get_vq_num() - read the maximum size of a queue
 * @bdev: the device
 * @index: index of the queue
 * @num: result: number of entries, not checked; 0 if there is no such queue
 *
 * Context: may sleep.
 * Return: 0 or an errno.
 */
static inline int bx_virtio_get_vq_num(struct bx_device *bdev, u32 index,
				       u32 *num)
{
	struct bx_virtio_vq_arg arg = { .index = index };
	int err = bx_call(bdev, BX_VIRTIO_GET_VQ_NUM, &arg, sizeof(arg));

	if (!err)
		*num = arg.num;
	return err;
}

/**
 * bx_virtio_setup_vq() - pass a queue to the provider
 * @bdev: the device
 * @index: index of the queue
 * @num: number of its entries
 * @vq: the ring
 *
 * Context: may sleep.
 * Return: 0 or an errno.
 */
static inline int bx_virtio_setup_vq(struct bx_device *bdev, u32 index, u32 num,
				     struct bx_vq *vq)
{
	struct bx_virtio_setup_arg arg = {
		.vq = (uintptr_t)vq, .index = index, .num = num,
	};

	return bx_call(bdev, BX_VIRTIO_SETUP_VQ, &arg, sizeof(arg));
}

/**
 * bx_virtio_disable_vq() - disable and reset one queue
 * @bdev: the device
 * @index: index of the queue
 *
 * Context: may sleep.
 * Return: 0 or an errno.
 */
static inline int bx_virtio_disable_vq(struct bx_device *bdev, u32 index)
{
	struct bx_virtio_vq_arg arg = { .index = index };

	return bx_call(bdev, BX_VIRTIO_DISABLE_VQ, &arg, sizeof(arg));
}

/**
 * bx_virtio_enable_vq() - enable a queue after its reset; it is empty
 * @bdev: the device
 * @index: index of the queue
 *
 * Context: may sleep.
 * Return: 0 or an errno.
 */
static inline int bx_virtio_enable_vq(struct bx_device *bdev, u32 index)
{
	struct bx_virtio_vq_arg arg = { .index = index };

	return bx_call(bdev, BX_VIRTIO_ENABLE_VQ, &arg, sizeof(arg));
}

/**
 * bx_virtio_kick() - notify the provider of new buffers in a queue
 * @bdev: the device
 * @index: index of the queue
 *
 * Context: any but NMI.
 * Return: 0 or an errno.
 */
static inline int bx_virtio_kick(struct bx_device *bdev, u32 index)
{
	struct bx_virtio_vq_arg arg = { .index = index };

	return bx_call(bdev, BX_VIRTIO_KICK, &arg, sizeof(arg));
}

/**
 * bx_virtio_set_vq_affinity() - set the processors that a queue interrupts
 * @bdev: the device
 * @index: index of the queue
 * @mask: the processors, NULL for any
 *
 * Context: may sleep.
 * Return: 0 or an errno.
 */
static inline int bx_virtio_set_vq_affinity(struct bx_device *bdev, u32 index,
					    const struct cpumask *mask)
{
	struct bx_virtio_affinity_arg arg = {
		.mask = (uintptr_t)mask, .index = index,
	};

	return bx_call(bdev, BX_VIRTIO_SET_VQ_AFFINITY, &arg, sizeof(arg));
}

/**
 * bx_virtio_get_vq_affinity() - read the processors that a queue interrupts
 * @bdev: the device
 * @index: index of the queue
 * @mask: result: the provider's mask, valid as long as the device; NULL for any
 *
 * Context: may sleep.
 * Return: 0 or an errno.
 */
static inline int bx_virtio_get_vq_affinity(struct bx_device *bdev, u32 index,
					    const struct cpumask **mask)
{
	struct bx_virtio_affinity_arg arg = { .index = index };
	int err = bx_call(bdev, BX_VIRTIO_GET_VQ_AFFINITY, &arg, sizeof(arg));

	if (!err)
		*mask = (const struct cpumask *)(uintptr_t)arg.mask;
	return err;
}

#endif /* _LINUX_BX_VIRTIO_H */
