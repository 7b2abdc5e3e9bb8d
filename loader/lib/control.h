/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * libbusext: data shared by control.c and its programs in the kernel
 *
 * Both include the types of <linux/bus_ext.h> before this file.
 */
#ifndef _BUSEXT_CONTROL_H
#define _BUSEXT_CONTROL_H

/**
 * struct control_data - a request of user space, and the answer to it
 * @ref: a device
 * @device: record of the device
 * @change: policies to activate and to deactivate
 * @trial: a trial election
 * @call: a trial call
 * @ticket: the ticket to wait for
 * @wait_ms: longest time to wait, in milliseconds
 * @result: 0, a ticket, or a negative errno
 * @lost: number of records that did not fit into the ring
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
