/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The sub-functions of the edu device: its vendor's private API
 *
 * qemu's educational PCI device (-device edu) has three engines.  The parent
 * (kernel/parents/bx_edu.c) offers each as a device on the bus bx-sf; a driver
 * distinguishes them by subdevice id and runs the commands below with
 * bx_sf_exec().  Only the parent knows other details of the hardware.
 */
#ifndef _LINUX_BX_EDU_H
#define _LINUX_BX_EDU_H

#include <linux/types.h>

/** BX_EDU_VENDOR - vendor id of the PCI device and of its sub-functions */
#define BX_EDU_VENDOR		0x1234
/** BX_EDU_DEVICE - device id of the PCI device and of its sub-functions */
#define BX_EDU_DEVICE		0x11e8
/** BX_EDU_FACTORIAL_MAX - the largest number whose factorial fits 32 bits */
#define BX_EDU_FACTORIAL_MAX	12
/** BX_EDU_DMA_MAX - most bytes of one BX_EDU_DMA_COPY */
#define BX_EDU_DMA_MAX		4096

/**
 * enum bx_edu_kind - the kind of sub-function: its subdevice id
 * @BX_EDU_KIND_FACT: computes factorials; supports BX_EDU_FACTORIAL
 * @BX_EDU_KIND_DMA: moves memory; supports BX_EDU_DMA_COPY
 * @BX_EDU_KIND_IRQ: interrupts; supports BX_EDU_IRQ_RAISE and BX_EDU_IRQ_COUNT
 */
enum bx_edu_kind {
	BX_EDU_KIND_FACT	= 1,
	BX_EDU_KIND_DMA		= 2,
	BX_EDU_KIND_IRQ		= 3,
};

/**
 * enum bx_edu_cmd - commands for bx_sf_exec(), and the arguments they take
 * @BX_EDU_FACTORIAL: struct bx_edu_factorial; -ERANGE above
 *	%BX_EDU_FACTORIAL_MAX
 * @BX_EDU_DMA_COPY: 1 to %BX_EDU_DMA_MAX bytes, sent to the device's buffer
 *	and read back from there in place
 * @BX_EDU_IRQ_RAISE: struct bx_edu_irq; returns after the interrupt.  -EINVAL
 *	for value 0, which raises none
 * @BX_EDU_IRQ_COUNT: struct bx_edu_irq; returns the count, raises no interrupt
 *
 * Each returns -EOPNOTSUPP on a sub-function of another kind, -EINVAL for a
 * wrong length and -ETIMEDOUT when the hardware does not answer.
 */
enum bx_edu_cmd {
	BX_EDU_FACTORIAL	= 1,
	BX_EDU_DMA_COPY		= 2,
	BX_EDU_IRQ_RAISE	= 3,
	BX_EDU_IRQ_COUNT	= 4,
};

/**
 * struct bx_edu_factorial - argument and result of BX_EDU_FACTORIAL
 * @value: the number, then its factorial
 */
struct bx_edu_factorial {
	u32	value;
};

/**
 * struct bx_edu_irq - argument and result of the BX_EDU_IRQ_* commands
 * @value: interrupt status bits to raise
 * @count: result: interrupts handled for this sub-function since its reset
 */
struct bx_edu_irq {
	u32	value;
	u32	count;
};

#endif /* _LINUX_BX_EDU_H */
