/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Orders of the tests to the policies of bpf/scripted.bpf.c, and their notes;
 * shared by both
 *
 * A script of zeros has no opinion on anything.
 */
#ifndef _SCRIPT_H
#define _SCRIPT_H

#define SCRIPT_SLOTS		5
/* The programs of this slot may sleep. */
#define SCRIPT_SLEEPABLE	(SCRIPT_SLOTS - 1)
#define SCRIPT_VERDICTS		3
#define SCRIPT_CANDIDATES	4
#define SCRIPT_PARTS		4
#define SCRIPT_MORE		4	/* one more than the kernel takes */

/**
 * struct script_verdict - the return value of match() for one driver
 * @driver: the driver
 * @verdict: enum bx_match_verdict, or something impossible
 */
struct script_verdict {
	char	driver[BX_NAME_LEN];
	__s32	verdict;
};

/**
 * struct script_candidate - a driver as select() saw it
 * @name: the driver
 * @claims: its id table claims the device
 * @error: errno of its failed probe
 */
struct script_candidate {
	char	name[BX_NAME_LEN];
	__u32	claims;
	__s32	error;
};

/**
 * struct script_part - what part() names
 * @device: the device; empty for none
 * @name: argument of bx_part_mem()
 * @flags: likewise
 */
struct script_part {
	char	device[BX_DEV_NAME_LEN];
	char	name[2 * BX_PART_LEN];
	__u32	flags;
	__u32	reserved;
};

/** enum script_bus - a bus for bx_reelect_deferred() */
enum script_bus {
	SCRIPT_NO_BUS,
	SCRIPT_EVENTS_BUS,
	SCRIPT_BXANY,
	SCRIPT_NOSUCH,
};

/**
 * struct script - one policy's orders and notes
 * @device: the orders are only for this device; empty for any
 * @wants: select() passes unless this driver is a candidate; empty for always
 * @select: the return value of select()
 * @driver: the driver that it names; empty for none
 * @driver_size: bytes of @driver given to the kernel; 0 for BX_NAME_LEN
 * @more: the drivers that it names after that, up to an empty one
 * @retry_ms: argument of bx_retry_after(), which is not called with 0
 * @companion: once event() tells that this device has a driver, @select is @then
 * @then: see @companion
 * @wakes: event() calls bx_reelect_deferred() for this bus
 * @asks_state: the driver whose state it reads; empty for none
 * @asks_group: the group of @device that it reads, plus 1: enum bx_group; 0 for none
 * @error_without_members: it calls bx_policy_error() when it sees no member
 * @match: the return values of match(), driver by driver
 * @match_rest: its return value for all other drivers
 * @init: the return value of init()
 * @call: the return value of call()
 * @call_result: its argument of bx_call_result(), which is not called with 0
 * @call_target: the device that it redirects to; empty for none
 * @call_writes: it adds this to the last byte of the argument, if there is one
 * @admit: the return value of admit(), which gives a reason if it is negative
 * @admit_most: admit() refuses with -EDQUOT if the user has more devices; 0 for no limit
 * @part: what part() names, device by device
 * @complete_result: argument of complete() for bx_call_result(); 1: no call
 * @complete_writes: as @call_writes
 * @error_in: enum bx_op_mask, where bx_policy_error() is called
 * @error_code: its argument
 * @slow_in: enum bx_op_mask, where time is spent
 * @slow_ms: how much
 * @selects: calls of select()
 * @deferrals: those of the device of the last of them
 * @woke: the last result of bx_reelect_deferred()
 * @matches: calls of match()
 * @inits: calls of init()
 * @exits: calls of exit()
 * @calls: calls of call()
 * @completes: calls of complete()
 * @admits: calls of admit()
 * @parts: calls of part()
 * @admit_type: what the last of them was told: the type
 * @admit_comm: the task
 * @admit_uid: its user
 * @admit_cgroup: its cgroup
 * @admit_of_type: devices of the type
 * @admit_of_parent: of the parent
 * @admit_of_user: of the user
 * @admit_dev: the device
 * @call_op: the operation of the last call()
 * @call_len: bytes of its argument
 * @call_first: the first 8 bytes of it
 * @call_dev: the device of the last call()
 * @call_dev_flags: its flags
 * @call_node: its NUMA node
 * @complete_ret: the result that the last complete() was given
 * @events: calls of event(), by kind
 * @event_driver: the driver of the last event of a kind
 * @info: the argument of the last exit()
 * @seen: the device of the last select()
 * @named: result of the last bx_select_driver_mem()
 * @state: result of the last bx_driver_state_mem(), 100 for none
 * @ncandidates: drivers that the last select() could choose among
 * @candidates: the first of them
 * @meant: calls of select() for @device
 * @nmembers: members of its group that the last of these saw
 * @member: names of the first of them
 */
struct script {
	char			device[BX_DEV_NAME_LEN];
	char			wants[BX_NAME_LEN];
	__s32			select;
	char			driver[2 * BX_NAME_LEN];
	__u32			driver_size;
	char			more[SCRIPT_MORE][BX_NAME_LEN];
	__u32			retry_ms;
	char			companion[BX_DEV_NAME_LEN];
	__s32			then;
	enum script_bus		wakes;
	char			asks_state[BX_NAME_LEN];
	__u32			asks_group;
	__u32			error_without_members;
	struct script_verdict	match[SCRIPT_VERDICTS];
	__s32			match_rest;
	__s32			init;
	__s32			call;
	__s32			call_result;
	char			call_target[BX_DEV_NAME_LEN];
	__u8			call_writes;
	__s32			admit;
	__u32			admit_most;
	struct script_part	part[SCRIPT_PARTS] __attribute__((aligned(8)));
	__s32			complete_result;
	__u8			complete_writes;
	__u32			error_in;
	__s32			error_code;
	__u32			slow_in;
	__u32			slow_ms;

	__u32			selects;
	__u32			deferrals;
	__s32			woke;
	__u32			matches;
	__u32			inits;
	__u32			exits;
	__u32			calls;
	__u32			completes;
	__u32			admits;
	__u32			parts;
	char			admit_type[BX_NAME_LEN];
	char			admit_comm[BX_COMM_LEN];
	__u32			admit_uid;
	__u64			admit_cgroup;
	__u32			admit_of_type;
	__u32			admit_of_parent;
	__u32			admit_of_user;
	struct bx_dev_info	admit_dev;
	__u32			call_op;
	__u32			call_len;
	__u64			call_first;
	char			call_dev[BX_DEV_NAME_LEN];
	__u32			call_dev_flags;
	__s32			call_node;
	__s32			complete_ret;
	__u32			events[4];
	char			event_driver[4][BX_NAME_LEN];
	struct bx_exit_info	info;
	struct bx_dev_info	seen;
	__s32			named;
	__s32			state;
	__u32			ncandidates;
	struct script_candidate	candidates[SCRIPT_CANDIDATES];
	__u32			meant;
	__u32			nmembers;
	char			member[SCRIPT_CANDIDATES][BX_DEV_NAME_LEN];
};

#endif /* _SCRIPT_H */
