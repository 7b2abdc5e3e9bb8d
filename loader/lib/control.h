/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * libbusext: what control.c and its programs in the kernel share
 *
 * Both have the types in it by then, from <linux/bus_ext.h>.
 */
#ifndef _BUSEXT_CONTROL_H
#define _BUSEXT_CONTROL_H

/**
 * struct control_data - what user space asks, and the answer to it
 * @ref: a device
 * @device: what is known of it
 * @change: policies that are to come and go
 * @trial: an election that is not held
 * @call: a call that is not made
 * @ticket: what is waited for
 * @wait_ms: for so many milliseconds
 * @result: 0, a ticket, or a negative errno
 * @lost: records that the ring had no room for
 */
struct control_data {
	struct bx_devref	ref;
	struct bx_device_rec	device;
	struct bx_commit	change;
	struct bx_trial		trial;
	struct bx_trial_call	call;
	__u64			ticket;
	__u32			wait_ms;
	__s64			result;
	__u64			lost;
};

#endif /* _BUSEXT_CONTROL_H */
