/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * bx-sf: the operations of managed multi-function hardware, for drivers, the
 * kernel and policies; drivers include <linux/bx_sf.h>
 */
#ifndef _UAPI_LINUX_BX_SF_H
#define _UAPI_LINUX_BX_SF_H

#ifndef __bpf__
#include <linux/types.h>
#endif

/**
 * enum bx_sf_op - the operations
 * @BX_SF_EXEC: run a command of the vendor; struct bx_sf_exec_arg
 * @BX_SF_RESET: reset the sub-function to its initial state; no argument
 * @BX_SF_NR_OPS: number of operations
 */
enum bx_sf_op {
	BX_SF_EXEC,
	BX_SF_RESET,
	BX_SF_NR_OPS,
};

/**
 * struct bx_sf_exec_arg - argument of BX_SF_EXEC
 * @cmd: the vendor's command
 * @reserved: zero
 * @data: its argument, in and out; the length of the call gives its size
 */
struct bx_sf_exec_arg {
	__u32	cmd;
	__u32	reserved;
	__u8	data[];
};

#endif /* _UAPI_LINUX_BX_SF_H */
