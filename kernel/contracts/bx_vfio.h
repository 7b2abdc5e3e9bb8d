/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * bx_vfio.ko: declarations that its files share; other modules include
 * <linux/bx_vfio.h>
 */
#ifndef _BX_VFIO_PRIVATE_H
#define _BX_VFIO_PRIVATE_H

#include <linux/bx_vfio.h>

struct eventfd_ctx;
struct vfio_device;

/* bx_vfio_session.c */
struct bx_vfio_session *bx_vfio_session_open(struct vfio_device *vdev);
void bx_vfio_session_close(struct bx_vfio_session *session);
int bx_vfio_session_wire(struct bx_vfio_session *session, u32 irq, u32 vector,
			 struct eventfd_ctx *ctx);

/* bx_vfio_drv.c */
extern struct bx_driver bx_vfio_driver;

#endif /* _BX_VFIO_PRIVATE_H */
