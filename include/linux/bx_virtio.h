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
 * are set, generation, synchronize_cbs, bus_name and the two for affinity.  The
 * provider must check arguments, since policies may write to them.
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
int bx_virtio_bus_name(struct bx_device *bdev, char *name);

#endif /* _LINUX_BX_VIRTIO_H */
