/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * bx-vfio: the operations of devices for user space, as drivers, the kernel and
 * policies see them; drivers and providers include <linux/bx_vfio.h>
 */
#ifndef _UAPI_LINUX_BX_VFIO_H
#define _UAPI_LINUX_BX_VFIO_H

/**
 * enum bx_vfio_op - the operations
 * @BX_VFIO_OPEN: the first user comes; the argument is hidden
 * @BX_VFIO_CLOSE: the last user has gone; the argument is hidden
 * @BX_VFIO_GET_INFO: what the device has; struct bx_vfio_info
 * @BX_VFIO_GET_REGION_INFO: describe a region; struct bx_vfio_region_info.
 *	Asked again before each access, so what it says is what is enforced.
 * @BX_VFIO_GET_IRQ_INFO: describe an interrupt; struct bx_vfio_irq_info
 * @BX_VFIO_READ: read from a region; struct bx_vfio_access
 * @BX_VFIO_WRITE: write to a region; struct bx_vfio_access
 * @BX_VFIO_SET_IRQ: interrupts are about to be wired to eventfds, or no longer
 *	so; struct bx_vfio_set_irq
 * @BX_VFIO_RESET: bring the device to its initial state; no argument
 * @BX_VFIO_NR_OPS: how many there are
 */
enum bx_vfio_op {
	BX_VFIO_OPEN,
	BX_VFIO_CLOSE,
	BX_VFIO_GET_INFO,
	BX_VFIO_GET_REGION_INFO,
	BX_VFIO_GET_IRQ_INFO,
	BX_VFIO_READ,
	BX_VFIO_WRITE,
	BX_VFIO_SET_IRQ,
	BX_VFIO_RESET,
	BX_VFIO_NR_OPS,
};

/**
 * struct bx_vfio_info - argument of BX_VFIO_GET_INFO
 * @num_regions: regions are numbered from 0, as vfio does it
 * @num_irqs: likewise, kinds of interrupts
 * @request_irq: 1 + the interrupt that asks user space to give the device back;
 *	0 for none.  It is raised for the provider.
 * @reserved: zero
 */
struct bx_vfio_info {
	__u32	num_regions;
	__u32	num_irqs;
	__u32	request_irq;
	__u32	reserved;
};

/**
 * enum bx_vfio_region_flags - what may be done with a region
 * @BX_VFIO_REGION_READ: it may be read
 * @BX_VFIO_REGION_WRITE: it may be written
 */
enum bx_vfio_region_flags {
	BX_VFIO_REGION_READ	= 1 << 0,
	BX_VFIO_REGION_WRITE	= 1 << 1,
};

/**
 * struct bx_vfio_region_info - argument of BX_VFIO_GET_REGION_INFO
 * @index: which region; in
 * @flags: enum bx_vfio_region_flags; out
 * @size: in bytes, 0 for a region that is not there; out
 */
struct bx_vfio_region_info {
	__u32	index;
	__u32	flags;
	__u64	size;
};

/**
 * struct bx_vfio_irq_info - argument of BX_VFIO_GET_IRQ_INFO
 * @index: which kind of interrupt; in
 * @count: how many vectors it has, 0 for a kind that is not there; out
 */
struct bx_vfio_irq_info {
	__u32	index;
	__u32	count;
};

/**
 * struct bx_vfio_access - argument of BX_VFIO_READ and BX_VFIO_WRITE
 * @region: which region
 * @reserved: zero
 * @offset: where in it
 * @data: what is written or takes what is read, as long as the call says
 */
struct bx_vfio_access {
	__u32	region;
	__u32	reserved;
	__u64	offset;
	__u8	data[];
};

/**
 * struct bx_vfio_set_irq - argument of BX_VFIO_SET_IRQ
 * @index: which kind of interrupt
 * @start: the first vector
 * @count: how many vectors
 * @wired: 1 when eventfds are there for them from now on, else 0
 *
 * To know and to deny: what is changed here changes what the provider is told,
 * not what is wired.
 */
struct bx_vfio_set_irq {
	__u32	index;
	__u32	start;
	__u32	count;
	__u32	wired;
};

#endif /* _UAPI_LINUX_BX_VFIO_H */
