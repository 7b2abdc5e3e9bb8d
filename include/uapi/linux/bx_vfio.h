/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * bx-vfio: the operations of devices for user space, for drivers, the kernel
 * and policies; drivers and providers include <linux/bx_vfio.h>
 */
#ifndef _UAPI_LINUX_BX_VFIO_H
#define _UAPI_LINUX_BX_VFIO_H

#ifndef __bpf__
#include <linux/types.h>
#endif

/**
 * enum bx_vfio_op - the operations
 * @BX_VFIO_OPEN: the first user opens the device; the argument is hidden
 * @BX_VFIO_CLOSE: the last user closed the device; the argument is hidden
 * @BX_VFIO_GET_INFO: describe the device; struct bx_vfio_info
 * @BX_VFIO_GET_REGION_INFO: describe a region; struct bx_vfio_region_info.
 *	Called before each access, which must be within the result.
 * @BX_VFIO_GET_IRQ_INFO: describe an interrupt; struct bx_vfio_irq_info
 * @BX_VFIO_READ: read from a region; struct bx_vfio_access
 * @BX_VFIO_WRITE: write to a region; struct bx_vfio_access
 * @BX_VFIO_SET_IRQ: interrupts will be wired to eventfds, or unwired;
 *	struct bx_vfio_set_irq
 * @BX_VFIO_RESET: reset the device to its initial state; no argument
 * @BX_VFIO_NR_OPS: number of operations
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
 * @num_regions: number of regions, numbered from 0 as in vfio
 * @num_irqs: number of kinds of interrupts, numbered from 0
 * @request_irq: 1 + index of the interrupt that asks user space to release the
 *	device; 0 for none.  The driver bx-vfio raises it.
 * @reserved: zero
 */
struct bx_vfio_info {
	__u32	num_regions;
	__u32	num_irqs;
	__u32	request_irq;
	__u32	reserved;
};

/**
 * enum bx_vfio_region_flags - permitted access to a region
 * @BX_VFIO_REGION_READ: it is readable
 * @BX_VFIO_REGION_WRITE: it is writable
 */
enum bx_vfio_region_flags {
	BX_VFIO_REGION_READ	= 1 << 0,
	BX_VFIO_REGION_WRITE	= 1 << 1,
};

/**
 * struct bx_vfio_region_info - argument of BX_VFIO_GET_REGION_INFO
 * @index: index of the region; in
 * @flags: enum bx_vfio_region_flags; out
 * @size: size in bytes, 0 if there is no such region; out
 */
struct bx_vfio_region_info {
	__u32	index;
	__u32	flags;
	__u64	size;
};

/**
 * struct bx_vfio_irq_info - argument of BX_VFIO_GET_IRQ_INFO
 * @index: index of the kind of interrupt; in
 * @count: number of vectors, 0 if there is no such kind; out
 */
struct bx_vfio_irq_info {
	__u32	index;
	__u32	count;
};

/**
 * struct bx_vfio_access - argument of BX_VFIO_READ and BX_VFIO_WRITE
 * @region: index of the region
 * @reserved: zero
 * @offset: offset in the region in bytes
 * @data: data to write, or takes the data read; the length of the call gives
 *	its size
 */
struct bx_vfio_access {
	__u32	region;
	__u32	reserved;
	__u64	offset;
	__u8	data[];
};

/**
 * struct bx_vfio_set_irq - argument of BX_VFIO_SET_IRQ
 * @index: index of the kind of interrupt
 * @start: the first vector
 * @count: number of vectors
 * @wired: 1 if eventfds will be wired to the vectors, else 0
 *
 * A policy can observe and deny the operation.  If it changes the argument, the
 * provider sees the change, but the wiring stays as requested.
 */
struct bx_vfio_set_irq {
	__u32	index;
	__u32	start;
	__u32	count;
	__u32	wired;
};

#endif /* _UAPI_LINUX_BX_VFIO_H */
