/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * bxvfio: the programming interface of the simulated bx-vfio device
 *
 * It has three regions and two kinds of interrupts with one vector each.
 * Numbers are in the byte order of the machine.
 */
#ifndef _UAPI_LINUX_BXVFIO_H
#define _UAPI_LINUX_BXVFIO_H

#ifndef __bpf__
#include <linux/types.h>
#endif

/**
 * enum bxvfio_region - the regions
 * @BXVFIO_REGS: registers, struct bxvfio_regs; writes must be aligned words of
 *	4 or 8 bytes
 * @BXVFIO_DATA: BXVFIO_DATA_SIZE bytes of memory
 * @BXVFIO_ROM: BXVFIO_ROM_SIZE bytes of text, "bxvfio" and the device's name
 * @BXVFIO_NR_REGIONS: number of regions
 */
enum bxvfio_region {
	BXVFIO_REGS,
	BXVFIO_DATA,
	BXVFIO_ROM,
	BXVFIO_NR_REGIONS,
};

#define BXVFIO_DATA_SIZE	65536
#define BXVFIO_ROM_SIZE		128

/**
 * enum bxvfio_irq - the interrupts
 * @BXVFIO_IRQ_DONE: a command has ended
 * @BXVFIO_IRQ_REQUEST: the user must release the device
 * @BXVFIO_NR_IRQS: number of interrupts
 */
enum bxvfio_irq {
	BXVFIO_IRQ_DONE,
	BXVFIO_IRQ_REQUEST,
	BXVFIO_NR_IRQS,
};

/**
 * enum bxvfio_command - values of the control register
 * @BXVFIO_CMD_NOP: raise the interrupt
 * @BXVFIO_CMD_FETCH: copy from @iova to the data region, then raise the
 *	interrupt
 * @BXVFIO_CMD_STORE: copy from the data region to @iova, then raise the
 *	interrupt
 */
enum bxvfio_command {
	BXVFIO_CMD_NOP,
	BXVFIO_CMD_FETCH,
	BXVFIO_CMD_STORE,
};

/**
 * struct bxvfio_regs - the registers
 * @control: a write starts a command, enum bxvfio_command
 * @status: errno of the last command, 0 for success; read-only
 * @iova: address in the user's address space
 * @offset: offset in the data region in bytes
 * @length: number of bytes to copy
 * @commands: number of commands since the last reset; read-only
 * @reserved: zero; read-only
 */
struct bxvfio_regs {
	__u32	control;
	__u32	status;
	__u64	iova;
	__u32	offset;
	__u32	length;
	__u32	commands;
	__u32	reserved;
};

#endif /* _UAPI_LINUX_BXVFIO_H */
