/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * bx-check: the contract of the tests, see bxcheck.c
 */
#ifndef _BX_CHECK_H
#define _BX_CHECK_H

/**
 * enum bx_check_op - the operations
 * @BX_CHECK_PING: atomic, required; struct bx_check_ping
 * @BX_CHECK_OPEN: optional, paired with BX_CHECK_CLOSE
 * @BX_CHECK_CLOSE: optional, paired with BX_CHECK_OPEN
 * @BX_CHECK_FAST: optional
 * @BX_CHECK_MUST: required, too
 * @BX_CHECK_NR_OPS: number of operations
 */
enum bx_check_op {
	BX_CHECK_PING,
	BX_CHECK_OPEN,
	BX_CHECK_CLOSE,
	BX_CHECK_FAST,
	BX_CHECK_MUST,
	BX_CHECK_NR_OPS,
};

/*
 * The bus bx-many has as many operations as a contract can have: op0, op1 and so on,
 * whose descriptions do not fit a page.
 */

/**
 * struct bx_check_ping - argument of BX_CHECK_PING
 * @secret: hidden from policies: the address of the argument
 * @value: visible to policies; the provider adds 1
 */
struct bx_check_ping {
	__u64	secret;
	__u32	value;
};

#endif /* _BX_CHECK_H */
