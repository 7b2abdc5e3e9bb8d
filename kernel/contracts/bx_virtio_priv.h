/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * bx_virtio.ko: declarations that its files share, for the driver's side of a
 * queue
 *
 * bx_virtio_dev.c creates, starts and stops queues; bx_virtio_ring.c has the
 * other functions.  Lock order: a queue's lock is the innermost sleeping lock,
 * and no two queues' locks are held at the same time.
 */
#ifndef _BX_VIRTIO_PRIV_H
#define _BX_VIRTIO_PRIV_H

#include <linux/bx_virtio.h>

struct virtqueue;

extern struct bx_driver bx_virtio_driver;

struct bx_vq *bx_vq_alloc(u32 num);
void *bx_vq_pages(struct bx_vq *vq);
void bx_vq_start(struct bx_vq *vq, struct virtqueue *driver_vq);
void bx_vq_stop(struct bx_vq *vq);
void bx_vq_synchronize(struct bx_vq *vq);

#endif /* _BX_VIRTIO_PRIV_H */
