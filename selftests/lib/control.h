/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Questions of the tests to bpf/control.bpf.c; shared by both
 */
#ifndef _CONTROL_H
#define _CONTROL_H

#define CONTROL_POLICIES	16
#define CONTROL_EXITS		16
#define CONTROL_OPINIONS	64
#define CONTROL_DRIVERS		16
#define CONTROL_FACTS		32

/**
 * struct control_io - questions and answers
 * @ref: a device
 * @ticket: a request to wait for
 * @wait_ms: how long
 * @run_ms: how long the programs of explanations and trials may take
 * @result: the kernel's return value
 * @device: the device
 * @n: records in the list that was asked for
 * @policies: attached policies
 * @exits: the last ejections
 * @opinions: the explanation of @ref's election
 * @drivers: drivers on buses of bus_ext's own
 * @facts: the facts of @ref
 * @commit: policies that enter and leave
 * @trial: the trial of an election; its opinions are in @opinions
 * @call: the trial of a call
 */
struct control_io {
	struct bx_devref	ref;
	__u64			ticket;
	__u32			wait_ms;
	__u32			run_ms;
	__s64			result;
	struct bx_device_rec	device;
	__u32			n;
	struct bx_policy_rec	policies[CONTROL_POLICIES];
	struct bx_exit_info	exits[CONTROL_EXITS];
	struct bx_opinion	opinions[CONTROL_OPINIONS];
	struct bx_driver_rec	drivers[CONTROL_DRIVERS];
	struct bx_fact_rec	facts[CONTROL_FACTS];
	struct bx_commit	commit;
	struct bx_trial		trial;
	struct bx_trial_call	call;
};

#endif /* _CONTROL_H */
