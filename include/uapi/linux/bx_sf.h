/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * bx-sf: the operations of managed multi-function hardware, as drivers, the
 * kernel and policies see them; drivers include <linux/bx_sf.h>
 */
#ifndef _UAPI_LINUX_BX_SF_H
#define _UAPI_LINUX_BX_SF_H

/**
 * enum bx_sf_op - the operations
 * @BX_SF_EXEC: run one request of the vendor's own; struct bx_sf_exec_arg
 * @BX_SF_RESET: bring the sub-function to its initial state; no argument
 * @BX_SF_NR_OPS: how many there are
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
 * @data: its argument, as long as the call says, in and out
 */
struct bx_sf_exec_arg {
	__u32	cmd;
	__u32	reserved;
	__u8	data[];
};

#endif /* _UAPI_LINUX_BX_SF_H */
