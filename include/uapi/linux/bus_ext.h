/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * bus_ext: what the kernel, a BPF policy and user space share
 *
 * Records are plain data: fixed-width fields, NUL-terminated names, no
 * pointers.  They are append-only; a reader relies on CO-RE (BPF) or on the
 * record size that the iterator's consumer was built with (user space).
 *
 * BPF programs include <bpf/bus_ext.bpf.h> instead, which includes this.
 */
#ifndef _UAPI_LINUX_BUS_EXT_H
#define _UAPI_LINUX_BUS_EXT_H

#ifndef __bpf__
#include <linux/types.h>
#endif

/** BX_NAME_LEN - policy, bus, driver and contract names, with the NUL */
#define BX_NAME_LEN	32
/** BX_SHADOW_SUFFIX - ends the shown name of a policy in shadow mode, as in sysfs */
#define BX_SHADOW_SUFFIX	"@shadow"
/** BX_SHOWN_LEN - shown names of policies, with the NUL */
#define BX_SHOWN_LEN	(BX_NAME_LEN + sizeof(BX_SHADOW_SUFFIX) - 1)
/** BX_DEV_NAME_LEN - device names, with the NUL */
#define BX_DEV_NAME_LEN	64
/** BX_MSG_LEN - the reason of an ejection, with the NUL */
#define BX_MSG_LEN	128
/** BX_CALL_WORDS - 64-bit words of the mask of watched operations */
#define BX_CALL_WORDS	4

/** BX_ANY - wildcard in an id, a class or a scope (0 means the same in a scope) */
#define BX_ANY		(~0U)

/**
 * BX_OVERRIDE_NONE - the driver_override that keeps every driver away
 *
 * The name that Documentation/ABI/testing/sysfs-bus-pci suggests for it.
 */
#define BX_OVERRIDE_NONE	"none"

/**
 * enum bx_verdict - what select() and the hook may return
 * @BX_PASS: no opinion
 * @BX_SELECT: the driver named with bx_select_driver() gets the device
 * @BX_REFUSE: no driver gets the device
 * @BX_DEFER: not yet; asked again when something in scope changes
 *
 * Everything else is impossible: the policy is ejected.
 */
enum bx_verdict {
	BX_PASS		= 0,
	BX_SELECT	= 1,
	BX_REFUSE	= 2,
	BX_DEFER	= 3,
};

/**
 * enum bx_match_verdict - what match() may return
 * @BX_VETO: this driver must not get this device
 * @BX_NO_SCORE: no opinion on the pair
 * @BX_SCORE_MAX: 1..BX_SCORE_MAX is a score, the highest wins
 *
 * Everything else is impossible: the policy is ejected.
 */
enum bx_match_verdict {
	BX_VETO		= -1,
	BX_NO_SCORE	= 0,
	BX_SCORE_MAX	= 10000,
};

/**
 * enum bx_call_verdict - what call() may return, beside an errno
 * @BX_CALL_PASS: no opinion; the next policy is asked, then the provider
 * @BX_CALL_HANDLED: the policy has done the operation: what it set with
 *	bx_call_result() is the result, 0 if it set none
 * @BX_CALL_REDIRECT: the device named with bx_call_redirect() does it
 *
 * A negative errno, down to -4095, denies the call: it is the result.
 * Everything else is impossible: the policy is ejected.
 */
enum bx_call_verdict {
	BX_CALL_PASS		= 0,
	BX_CALL_HANDLED		= 1,
	BX_CALL_REDIRECT	= 2,
};

/**
 * enum bx_op_flags - an operation of a contract
 * @BX_OPF_REQUIRED: every provider has it
 * @BX_OPF_ATOMIC: called where nothing may sleep
 * @BX_OPF_VARLEN: its argument ends in data of any length
 */
enum bx_op_flags {
	BX_OPF_REQUIRED	= 1 << 0,
	BX_OPF_ATOMIC	= 1 << 1,
	BX_OPF_VARLEN	= 1 << 2,
};

/** BX_WATCH - a bit of struct bus_ext_ops.calls[0], for operations below 64 */
#define BX_WATCH(op)	(1ULL << (op))
/** BX_WATCH_ALL - the value of struct bus_ext_ops.calls for every operation */
#define BX_WATCH_ALL	{ ~0ULL, ~0ULL, ~0ULL, ~0ULL }

/**
 * enum bx_policy_flags - struct bus_ext_ops.flags
 * @BX_F_SHADOW: evaluated and recorded, never applied; it may have the name of a
 *	policy without the flag, its twin, whose successor it is meant to be, and with
 *	which it is compared
 * @BX_F_ABSENT_OK: a selected driver may be unknown for now; the device waits
 *	for it.  Without the flag, naming a driver that is not registered ejects
 *	the policy, unless the device's MODALIAS or the alias bus_ext:BUS:DRIVER
 *	loads it.
 * @BX_F_STAGED: not in force when it is attached, but when bx_commit() says so;
 *	until then trials alone ask it.  For loaders.
 */
enum bx_policy_flags {
	BX_F_SHADOW	= 1 << 0,
	BX_F_ABSENT_OK	= 1 << 1,
	BX_F_STAGED	= 1 << 2,
	BX_F_ALL	= BX_F_SHADOW | BX_F_ABSENT_OK | BX_F_STAGED,
};

/**
 * enum bx_stage - whether a policy is in force
 * @BX_STAGE_FORCE: it is
 * @BX_STAGE_STAGED: not yet (BX_F_STAGED)
 * @BX_STAGE_RETIRED: no more: a commit took it out; its link is to be detached
 */
enum bx_stage {
	BX_STAGE_FORCE		= 0,
	BX_STAGE_STAGED		= 1,
	BX_STAGE_RETIRED	= 2,
};

/**
 * enum bx_dev_flags - struct bx_dev_info.flags
 * @BX_DEV_ADOPTED: on an adopted bus (pci, platform)
 * @BX_DEV_VF: an SR-IOV virtual function
 * @BX_DEV_PF: a function that can have virtual functions
 * @BX_DEV_BOUND: a driver is bound
 */
enum bx_dev_flags {
	BX_DEV_ADOPTED	= 1 << 0,
	BX_DEV_VF	= 1 << 1,
	BX_DEV_PF	= 1 << 2,
	BX_DEV_BOUND	= 1 << 3,
};

/**
 * struct bx_dev_info - a device, as a policy and an operator see it
 * @name: device name, e.g. "0000:01:00.1"
 * @bus: bus name
 * @parent: the physical function of a virtual one, else the parent device
 * @parent_driver: driver of @parent, empty when it has none
 * @vendor: vendor id; 0 where the bus has no ids (platform)
 * @device: device id
 * @subvendor: subsystem vendor id
 * @subdevice: subsystem device id
 * @class: class code; 24 bits on PCI (0x010802 is NVMe)
 * @revision: revision
 * @flags: enum bx_dev_flags
 * @vf_index: index of a virtual function, from 0; -1 for anything else
 * @numa_node: NUMA node, -1 when unknown
 * @iommu_group: IOMMU group, -1 when there is none
 * @guid: identity of a device on a bus of bus_ext's own, else all zero
 */
struct bx_dev_info {
	char	name[BX_DEV_NAME_LEN];
	char	bus[BX_NAME_LEN];
	char	parent[BX_DEV_NAME_LEN];
	char	parent_driver[BX_NAME_LEN];
	__u32	vendor;
	__u32	device;
	__u32	subvendor;
	__u32	subdevice;
	__u32	class;
	__u32	revision;
	__u32	flags;
	__s32	vf_index;
	__s32	numa_node;
	__s32	iommu_group;
	__u8	guid[16];
};

/**
 * struct bx_candidate - a driver that may be chosen
 * @name: its name
 * @claims: 1 when its id table claims the device
 * @error: errno (negative) of a probe that refused the device, else 0
 */
struct bx_candidate {
	char	name[BX_NAME_LEN];
	__u32	claims;
	__s32	error;
};

/**
 * enum bx_event_kind - what happened to a device in scope
 * @BX_EVENT_ADDED: it appeared
 * @BX_EVENT_BOUND: a driver was bound to it
 * @BX_EVENT_UNBOUND: its driver was unbound
 * @BX_EVENT_REMOVED: it is gone
 */
enum bx_event_kind {
	BX_EVENT_ADDED,
	BX_EVENT_BOUND,
	BX_EVENT_UNBOUND,
	BX_EVENT_REMOVED,
};

/**
 * struct bx_event - argument of event()
 * @dev: the device
 * @driver: the driver concerned; empty when none is
 * @kind: enum bx_event_kind
 */
struct bx_event {
	struct bx_dev_info	dev;
	char			driver[BX_NAME_LEN];
	__u32			kind;
};

/**
 * enum bx_decider - who decided an election
 * @BX_BY_NOBODY: no driver is eligible
 * @BX_BY_OVERRIDE: driver_override written by the administrator
 * @BX_BY_HOOK: the fmod_ret hook
 * @BX_BY_SELECT: a policy's select()
 * @BX_BY_SCORE: the policies' match() scores
 * @BX_BY_ID_TABLE: a driver's static id table
 * @BX_BY_KERNEL: an adopted bus' own match rule
 */
enum bx_decider {
	BX_BY_NOBODY,
	BX_BY_OVERRIDE,
	BX_BY_HOOK,
	BX_BY_SELECT,
	BX_BY_SCORE,
	BX_BY_ID_TABLE,
	BX_BY_KERNEL,
};

/**
 * enum bx_outcome - what an election came to
 * @BX_OUT_NONE: nobody claims the device
 * @BX_OUT_DRIVER: a driver was elected
 * @BX_OUT_REFUSED: kept from every driver
 * @BX_OUT_DEFERRED: a policy wants to be asked again later
 * @BX_OUT_ABSENT: a driver was elected that is not registered (yet)
 */
enum bx_outcome {
	BX_OUT_NONE,
	BX_OUT_DRIVER,
	BX_OUT_REFUSED,
	BX_OUT_DEFERRED,
	BX_OUT_ABSENT,
};

/**
 * struct bx_decision - the recorded outcome of an election
 * @driver: the elected driver; empty when there is none
 * @policy: the policy that decided; empty when none did
 * @by: enum bx_decider
 * @outcome: enum bx_outcome
 * @score: the winner's score when @by is BX_BY_SCORE
 * @considered: how many drivers were considered
 * @probe_error: errno (negative) of the last failed probe, else 0
 * @reserved: zero
 * @policy_id: identity of the policy that decided, 0 when none did
 * @generation: generation of the policies and drivers it was taken under
 * @time_ns: CLOCK_MONOTONIC
 */
struct bx_decision {
	char	driver[BX_NAME_LEN];
	char	policy[BX_NAME_LEN];
	__u32	by;
	__u32	outcome;
	__s32	score;
	__u32	considered;
	__s32	probe_error;
	__u32	reserved;
	__u64	policy_id;
	__u64	generation;
	__u64	time_ns;
};

/**
 * struct bx_device_rec - what the device iterator yields
 * @dev: the device
 * @driver: the driver bound to it; empty when none is
 * @decision: the last decision; by == BX_BY_KERNEL when there was none
 */
struct bx_device_rec {
	struct bx_dev_info	dev;
	char			driver[BX_NAME_LEN];
	struct bx_decision	decision;
};

/**
 * struct bx_driver_rec - what the driver iterator yields
 * @name: driver name
 * @bus: bus name
 * @module: module name; empty when built in
 * @order: order of registration on a bus of bus_ext's own, else 0
 * @devices: how many devices are bound to it
 * @adopted: 1 on an adopted bus
 */
struct bx_driver_rec {
	char	name[BX_NAME_LEN];
	char	bus[BX_NAME_LEN];
	char	module[64];
	__u64	order;
	__u32	devices;
	__u32	adopted;
};

/**
 * enum bx_op_mask - struct bx_policy_rec.ops: which members are implemented
 */
enum bx_op_mask {
	BX_OP_SELECT	= 1 << 0,
	BX_OP_MATCH	= 1 << 1,
	BX_OP_EVENT	= 1 << 2,
	BX_OP_INIT	= 1 << 3,
	BX_OP_EXIT	= 1 << 4,
	BX_OP_CALL	= 1 << 5,
	BX_OP_COMPLETE	= 1 << 6,
};

/** BX_LIMIT_DRIVERS - drivers that a limit may list */
#define BX_LIMIT_DRIVERS 16

/**
 * struct bx_limit - drivers that a policy may name
 * @nr: how many; BX_ANY for all drivers
 * @driver: their names; the rest is zero
 *
 * select() names a driver when it returns BX_SELECT, match() when it gives a driver a
 * score.  A policy that names another driver is ejected.  It may refuse, defer and
 * veto without a limit.
 */
struct bx_limit {
	__u32	nr;
	char	driver[BX_LIMIT_DRIVERS][BX_NAME_LEN];
};

/**
 * struct bx_policy_rec - what the policy iterator yields, in order of authority
 * @name: unique name
 * @bus: bus in scope
 * @vendor: vendor in scope, BX_ANY for all
 * @priority: higher comes first
 * @flags: enum bx_policy_flags
 * @version: the vendor's own version number
 * @ops: enum bx_op_mask
 * @ejected: 1 between the ejection and the end of the link
 * @stage: enum bx_stage
 * @id: identity; kept by an update, new with every attach
 * @generation: how often it was attached or updated, from 1
 * @asked: how often a program of it was run
 * @decided: how many elections it decided
 * @vetoed: how many pairs it vetoed
 * @diverged: elections and calls that it would have decided otherwise
 *	(BX_F_SHADOW)
 * @denied: calls that it denied
 * @handled: calls that it answered
 * @redirected: calls that it sent to another device
 * @amended: results of calls that it changed in complete()
 * @link_id: its BPF link; 0 while that is being made or ends
 * @limit: drivers that it may name; given by a commit, else all; kept by an update
 */
struct bx_policy_rec {
	char	name[BX_NAME_LEN];
	char	bus[BX_NAME_LEN];
	__u32	vendor;
	__s32	priority;
	__u64	flags;
	__u32	version;
	__u32	ops;
	__u32	ejected;
	__u32	stage;
	__u64	id;
	__u64	generation;
	__u64	asked;
	__u64	decided;
	__u64	vetoed;
	__u64	diverged;
	__u64	denied;
	__u64	handled;
	__u64	redirected;
	__u64	amended;
	__u32	link_id;
	struct bx_limit	limit;
};

/**
 * struct bx_call_rec - a call, as the tracepoint bx_call tells it
 * @op: the operation's number
 * @name: its name
 * @policy: the policy that denied, answered or redirected it; empty for none
 * @verdict: what that policy returned, else BX_CALL_PASS
 * @ret: what the caller got
 * @duration_ns: how long it took, policies included
 */
struct bx_call_rec {
	__u32	op;
	char	name[BX_NAME_LEN];
	char	policy[BX_NAME_LEN];
	__s32	verdict;
	__s32	ret;
	__u64	duration_ns;
};

/**
 * enum bx_exit_kind - why a policy ended
 * @BX_EXIT_DETACH: its link was detached or closed
 * @BX_EXIT_UPDATE: replaced by a newer version
 * @BX_EXIT_RETURN: ejected: an impossible return value
 * @BX_EXIT_NO_DRIVER: ejected: selected a driver that does not exist
 * @BX_EXIT_ERROR: ejected: reported its own error with bx_policy_error()
 * @BX_EXIT_BAD_NAME: ejected: named a driver with an impossible name
 * @BX_EXIT_BAD_RESULT: ejected: gave a call a result that is neither 0 nor an
 *	errno
 * @BX_EXIT_UNLISTED: ejected: named a driver that its limit does not list
 */
enum bx_exit_kind {
	BX_EXIT_DETACH		= 0,
	BX_EXIT_UPDATE		= 1,
	BX_EXIT_RETURN		= 1024,
	BX_EXIT_NO_DRIVER	= 1025,
	BX_EXIT_ERROR		= 1026,
	BX_EXIT_BAD_NAME	= 1027,
	BX_EXIT_BAD_RESULT	= 1028,
	BX_EXIT_UNLISTED	= 1029,
};

/**
 * struct bx_exit_info - how a policy ended; the argument of exit()
 * @kind: enum bx_exit_kind
 * @code: the return value, or the code that the policy reported
 * @name: the policy
 * @bus: its bus
 * @device: the device it happened on, empty when there was none
 * @msg: the reason, for people
 * @version: the policy's version
 * @flags: enum bx_policy_flags; a policy in shadow mode may have the name of another one
 * @id: identity of the policy
 * @seq: number of the ejection since load, from 1; 0 when not an ejection
 * @time_ns: CLOCK_MONOTONIC
 */
struct bx_exit_info {
	__u32	kind;
	__s32	code;
	char	name[BX_NAME_LEN];
	char	bus[BX_NAME_LEN];
	char	device[BX_DEV_NAME_LEN];
	char	msg[BX_MSG_LEN];
	__u32	version;
	__u32	flags;
	__u64	id;
	__u64	seq;
	__u64	time_ns;
};

/**
 * enum bx_opinion_kind - one line of an explanation
 * @BX_OPN_OVERRIDE: the administrator's driver_override
 * @BX_OPN_HOOK: the hook's verdict (enum bx_verdict)
 * @BX_OPN_SELECT: a policy's select() (enum bx_verdict)
 * @BX_OPN_MATCH: a policy's match() on a driver (enum bx_match_verdict)
 * @BX_OPN_ID_TABLE: a driver's id table claims the device
 * @BX_OPN_CANDIDATE: a driver that nothing speaks for
 * @BX_OPN_DECISION: the outcome; always the last line
 */
enum bx_opinion_kind {
	BX_OPN_OVERRIDE,
	BX_OPN_HOOK,
	BX_OPN_SELECT,
	BX_OPN_MATCH,
	BX_OPN_ID_TABLE,
	BX_OPN_CANDIDATE,
	BX_OPN_DECISION,
};

/**
 * enum bx_opinion_why - what became of an opinion
 * @BX_WHY_WON: it decided
 * @BX_WHY_PASS: it was no opinion
 * @BX_WHY_LATE: something of higher authority had decided
 * @BX_WHY_VETOED: a veto stands against the driver
 * @BX_WHY_FAILED: the driver's probe had refused the device
 * @BX_WHY_LOW: another driver has a higher score, or came first
 * @BX_WHY_ABSENT: the driver is not registered
 * @BX_WHY_SHADOW: the policy is in shadow mode
 * @BX_WHY_BAD: an impossible value
 * @BX_WHY_VETO: this is a veto, and it stands
 * @BX_WHY_UNLISTED: the policy's limit (struct bx_limit) does not list the driver
 */
enum bx_opinion_why {
	BX_WHY_WON,
	BX_WHY_PASS,
	BX_WHY_LATE,
	BX_WHY_VETOED,
	BX_WHY_FAILED,
	BX_WHY_LOW,
	BX_WHY_ABSENT,
	BX_WHY_SHADOW,
	BX_WHY_BAD,
	BX_WHY_VETO,
	BX_WHY_UNLISTED,
};

/**
 * struct bx_opinion - what the explanation iterator yields
 * @policy: the policy that spoke; empty when it was not one
 * @driver: the driver it is about; empty when about none
 * @kind: enum bx_opinion_kind
 * @verdict: what was returned; for BX_OPN_DECISION, enum bx_outcome
 * @why: enum bx_opinion_why
 * @by: for BX_OPN_DECISION, enum bx_decider
 * @error: for BX_WHY_FAILED, the errno (negative) of the probe
 * @score: for BX_OPN_DECISION, the winner's score
 * @policy_id: identity of @policy; 0 when it was not one
 * @flags: enum bx_policy_flags of @policy; one in shadow mode may have the name of
 *	another one
 */
struct bx_opinion {
	char	policy[BX_NAME_LEN];
	char	driver[BX_NAME_LEN];
	__u32	kind;
	__s32	verdict;
	__u32	why;
	__u32	by;
	__s32	error;
	__s32	score;
	__u64	policy_id;
	__u64	flags;
};

/**
 * struct bx_devref - names a device
 * @bus: bus name; empty for any bus that has a device of that name
 * @name: device name, or the GUID of a device on a bus of bus_ext's own
 */
struct bx_devref {
	char	bus[BX_NAME_LEN];
	char	name[BX_DEV_NAME_LEN];
};

/** BX_COMMIT_MAX - policies that come, and that go, with one commit */
#define BX_COMMIT_MAX	32

/**
 * struct bx_commit_enter - a policy that enters, and the values that were checked
 * @id: its identity
 * @flags: enum bx_policy_flags, as in struct bx_policy_rec: without BX_F_STAGED
 * @name: its name
 * @bus: bus in scope
 * @vendor: vendor in scope, BX_ANY for all
 * @priority: its priority
 * @version: the vendor's own version number
 * @limit: drivers that it may name from now on
 *
 * The loader reads these values in an object, checks them against a manifest, and
 * writes them here.  The kernel compares each of them with the policy that it has:
 * it does not activate a policy that differs, whatever the object made of itself on
 * the way.  The reason is in /sys/kernel/bus_ext/refused, below the @name given here.
 */
struct bx_commit_enter {
	__u64	id;
	__u64	flags;
	char	name[BX_NAME_LEN];
	char	bus[BX_NAME_LEN];
	__u32	vendor;
	__s32	priority;
	__u32	version;
	struct bx_limit	limit;
};

/**
 * struct bx_commit - policies that are activated together, and deactivated
 * @nr_enter: how many enter
 * @nr_leave: how many leave
 * @enter: policies that are BX_STAGE_STAGED, and what they must be
 * @leave: identities of policies that are BX_STAGE_FORCE
 *
 * One that leaves makes room for one of its name that enters.
 */
struct bx_commit {
	__u32			nr_enter;
	__u32			nr_leave;
	struct bx_commit_enter	enter[BX_COMMIT_MAX];
	__u64			leave[BX_COMMIT_MAX];
};

/** BX_TRIAL_DRIVERS - drivers that a trial may name */
#define BX_TRIAL_DRIVERS	32

/**
 * enum bx_trial_flags - struct bx_trial.flags
 * @BX_TRIAL_ALONE: of all policies those of @change.enter alone, and no hook
 */
enum bx_trial_flags {
	BX_TRIAL_ALONE	= 1 << 0,
};

/**
 * struct bx_trial - an election, or a call, as it would be
 * @change: with these policies in force, and without those
 * @ref: on a device that exists; with an empty name, on @dev
 * @dev: a device that need not exist; its bus must
 * @override: the administrator's driver_override for @dev; empty for none
 * @flags: enum bx_trial_flags
 * @nr_drivers: how many drivers there are for @dev
 * @drivers: these: their names, whether they claim it, and whether their
 *	probes have failed, in order of registration
 */
struct bx_trial {
	struct bx_commit	change;
	struct bx_devref	ref;
	struct bx_dev_info	dev;
	char			override[BX_NAME_LEN];
	__u32			flags;
	__u32			nr_drivers;
	struct bx_candidate	drivers[BX_TRIAL_DRIVERS];
};

/** BX_TRIAL_DATA - bytes of an argument that a trial of a call may have */
#define BX_TRIAL_DATA	512

/**
 * struct bx_trial_call - a call, and what would become of it
 * @op: operation of the contract, by number
 * @len: bytes of its argument
 * @ret: what the provider is taken to return; result: what the driver gets
 * @verdict: result: what the policy that decided returned, else BX_CALL_PASS
 * @why: result: BX_WHY_WON when a policy decided, BX_WHY_BAD when one gave an
 *	impossible answer, else BX_WHY_PASS
 * @policy: result: that policy; empty when none did
 * @to: result: the device the call would go to
 * @data: the argument, as the driver gives it; result: as the driver gets it
 *	back, from a provider that changes nothing
 */
struct bx_trial_call {
	__u32	op;
	__u32	len;
	__s32	ret;
	__s32	verdict;
	__u32	why;
	char	policy[BX_NAME_LEN];
	char	to[BX_DEV_NAME_LEN];
	__u8	data[BX_TRIAL_DATA];
};

#endif /* _UAPI_LINUX_BUS_EXT_H */
