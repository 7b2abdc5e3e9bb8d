/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * bus_ext: definitions shared by the kernel, BPF policies and user space
 *
 * Records are plain data: fixed-width members, NUL-terminated names, no
 * pointers.  They are append-only.  BPF readers rely on CO-RE; user space
 * relies on the record size that the BPF program of the iterator was built
 * with.
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
/** BX_MODALIAS_LEN - modalias of a device, with the NUL; a longer one is cut */
#define BX_MODALIAS_LEN	128
/** BX_MSG_LEN - reasons of ejections, with the NUL */
#define BX_MSG_LEN	128
/** BX_CALL_WORDS - 64-bit words of the mask of watched operations */
#define BX_CALL_WORDS	4

/** BX_MAX_CHOICES - most drivers that one select() may name */
#define BX_MAX_CHOICES	4

/**
 * BX_MAX_DEFERRALS - deferrals of a device after which it is not elected again by itself
 *
 * They are counted from the last change of policies or of the device's driver, or the
 * last rebind.
 */
#define BX_MAX_DEFERRALS	1000
/** BX_RETRY_MAX_MS - the longest time of bx_retry_after(), in ms: an hour */
#define BX_RETRY_MAX_MS		3600000U

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
 * @BX_SELECT: the driver named with bx_select_driver() gets the device; of several,
 *	the first that is registered, or whose module can be loaded
 * @BX_REFUSE: no driver gets the device
 * @BX_DEFER: no driver yet; the device is elected again when another device in the scope
 *	of the policy (for the hook: on the bus) is added, bound, unbound or removed, when a
 *	driver of the bus comes, after the time of bx_retry_after(), when a program calls
 *	bx_reelect_deferred(), and when policies change; see BX_MAX_DEFERRALS
 *
 * Other values are invalid; the policy is ejected.
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
 * Other values are invalid; the policy is ejected.
 */
enum bx_match_verdict {
	BX_VETO		= -1,
	BX_NO_SCORE	= 0,
	BX_SCORE_MAX	= 10000,
};

/**
 * enum bx_call_verdict - what call() may return, besides an errno
 * @BX_CALL_PASS: no opinion; the next policy is asked, and the provider at last
 * @BX_CALL_HANDLED: the policy handled the operation; the result is that of
 *	bx_call_result(), 0 if it was not called
 * @BX_CALL_REDIRECT: the call goes to the device named with bx_call_redirect()
 *
 * A negative errno, down to -4095, denies the call and is its result.
 * Other values are invalid; the policy is ejected.
 */
enum bx_call_verdict {
	BX_CALL_PASS		= 0,
	BX_CALL_HANDLED		= 1,
	BX_CALL_REDIRECT	= 2,
};

/**
 * enum bx_op_flags - properties of an operation of a contract
 * @BX_OPF_REQUIRED: every provider must implement it
 * @BX_OPF_ATOMIC: it may be called in atomic context and must not sleep
 * @BX_OPF_VARLEN: its argument ends with data of variable length
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
 * @BX_F_SHADOW: evaluate and record its results, but do not apply them; the policy may
 *	have the name of a policy without this flag, its twin, which it is compared with
 * @BX_F_STAGED: attach the policy inactive; bx_commit() activates it, and until
 *	then only trials run its programs.  For loaders.
 * @BX_F_FAIL_CLOSED: an ejection does not detach the policy but quarantines it: its
 *	decisions stay, it refuses devices that are elected afterwards, and denies the
 *	calls that it watches, until it is detached or replaced.  No effect in shadow
 *	mode.
 * @BX_F_NEXT_BEST: after a failed probe of a driver that select() named, the next one
 *	that it named is tried.  On buses of bus_ext's own, any errno but
 *	-EPROBE_DEFER counts; without this flag, -ENODEV and -ENXIO.  On adopted buses,
 *	the errno is not known, so each failed probe counts; without this flag, none.
 */
enum bx_policy_flags {
	BX_F_SHADOW	= 1 << 0,
	BX_F_STAGED	= 1 << 2,
	BX_F_FAIL_CLOSED = 1 << 3,
	BX_F_NEXT_BEST	= 1 << 4,
	BX_F_ALL	= BX_F_SHADOW | BX_F_STAGED | BX_F_FAIL_CLOSED |
			  BX_F_NEXT_BEST,
};

/**
 * enum bx_stage - stage of an attached policy
 * @BX_STAGE_ACTIVE: active
 * @BX_STAGE_STAGED: not active yet (BX_F_STAGED)
 * @BX_STAGE_RETIRED: deactivated by a commit; the loader should detach its link
 */
enum bx_stage {
	BX_STAGE_ACTIVE		= 0,
	BX_STAGE_STAGED		= 1,
	BX_STAGE_RETIRED	= 2,
};

/**
 * enum bx_dev_flags - struct bx_dev_info.flags
 * @BX_DEV_ADOPTED: on an adopted bus, such as pci
 * @BX_DEV_VF: an SR-IOV virtual function
 * @BX_DEV_PF: a function that can have virtual functions
 * @BX_DEV_BOUND: a driver is bound
 * @BX_DEV_TRIAL: a program is asked for an explanation or in a trial: nothing follows
 *	from its answer, so it should not change what it keeps in maps
 * @BX_DEV_CLAIMED: a driver was bound without a probe, against the decision, as by
 *	usb_driver_claim_interface(); only on adopted buses without driver_override
 */
enum bx_dev_flags {
	BX_DEV_ADOPTED	= 1 << 0,
	BX_DEV_VF	= 1 << 1,
	BX_DEV_PF	= 1 << 2,
	BX_DEV_BOUND	= 1 << 3,
	BX_DEV_TRIAL	= 1 << 4,
	BX_DEV_CLAIMED	= 1 << 5,
};

/**
 * enum bx_dev_state - state of a device on a bus of bus_ext's own; see docs/lifecycle.md
 * @BX_STATE_CREATING: not on its bus yet
 * @BX_STATE_READY: on its bus, without a driver
 * @BX_STATE_BOUND: a driver is bound
 * @BX_STATE_DRAINING: the hardware is gone, or the device is being removed
 * @BX_STATE_GONE: removed
 */
enum bx_dev_state {
	BX_STATE_CREATING,
	BX_STATE_READY,
	BX_STATE_BOUND,
	BX_STATE_DRAINING,
	BX_STATE_GONE,
};

/** BX_COMPOSITE_BUS - the bus of composite devices */
#define BX_COMPOSITE_BUS	"bx-composite"

/** BX_PART_LEN - names of a composite device and its part, "COMPOSITE/PART", with the NUL */
#define BX_PART_LEN	(BX_DEV_NAME_LEN + BX_NAME_LEN)

/**
 * enum bx_part_flags - flags of a part of a composite device, see bx_part()
 * @BX_PART_BOUND: the part is there while a driver of its own is bound to it; without this
 *	flag, while none is
 */
enum bx_part_flags {
	BX_PART_BOUND	= 1 << 0,
};

/** BX_COMM_LEN - name of a task, with the NUL */
#define BX_COMM_LEN	16

/**
 * struct bx_dev_info - description of a device
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
 * @modalias: what its drivers' modules are found by; empty if there is none
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
	char	modalias[BX_MODALIAS_LEN];
};

/**
 * struct bx_candidate - a candidate driver of an election
 * @name: its name
 * @claims: 1 if its id table matches the device
 * @error: errno (negative) of a probe that rejected the device, else 0.  On adopted
 *	buses, -ENODEV for a driver of which it is known, see BX_DRIVER_REJECTED.
 */
struct bx_candidate {
	char	name[BX_NAME_LEN];
	__u32	claims;
	__s32	error;
};

/**
 * enum bx_group - kind of a group of devices
 * @BX_GROUP_SLOT: the functions of a PCI card: the same bus and device number; a virtual
 *	function is only in its own
 * @BX_GROUP_IOMMU: the devices of an IOMMU group, on the same bus.  Its number does not
 *	identify it: it changes when devices are removed and found again.
 * @BX_NR_GROUPS: number of kinds
 */
enum bx_group {
	BX_GROUP_SLOT,
	BX_GROUP_IOMMU,
	BX_NR_GROUPS,
};

/**
 * struct bx_member - a member of the device's group, or the device itself
 * @dev: the member
 * @driver: the driver bound to it; empty if there is none
 */
struct bx_member {
	struct bx_dev_info	dev;
	char			driver[BX_NAME_LEN];
};

/**
 * enum bx_driver_state - what is known of a driver, on the bus of a device
 * @BX_DRIVER_UNKNOWN: not registered; its module was not requested for the device, so
 *	it is not known whether it can be loaded.  Naming the driver requests it.
 * @BX_DRIVER_REGISTERED: registered
 * @BX_DRIVER_LOADING: not registered; its module was requested for the device
 * @BX_DRIVER_ABSENT: not registered; its module was requested for the device, and the
 *	load has ended without the driver
 * @BX_DRIVER_REJECTED: registered, but its probe has rejected the device.  On adopted
 *	buses this is known only of drivers that a policy with BX_F_NEXT_BEST named.
 * @BX_DRIVER_UNCLAIMED: registered, but it does not claim the device, and its bus binds no
 *	other: an adopted bus without driver_override
 *
 * BX_DRIVER_LOADING, _ABSENT and _REJECTED are forgotten when policies change, and when a
 * rebind is requested.
 */
enum bx_driver_state {
	BX_DRIVER_UNKNOWN,
	BX_DRIVER_REGISTERED,
	BX_DRIVER_LOADING,
	BX_DRIVER_ABSENT,
	BX_DRIVER_REJECTED,
	BX_DRIVER_UNCLAIMED,
};

/** BX_FACT_NAME_LEN - names of facts, with the NUL */
#define BX_FACT_NAME_LEN	32
/** BX_FACT_LEN - texts of facts, with the NUL; a longer one is not given */
#define BX_FACT_LEN	128

/**
 * enum bx_fact - facts by name, texts that are read on request; see docs/buses.md
 * @BX_FACT_PATH: "path": the place, without numbers of buses that may change: on pci the
 *	bridges, as in "0000:00:1c.0/00.0", and "/vf3" after that of the physical function;
 *	on usb the ports, "1-1.2"; on hid where it is attached
 * @BX_FACT_SLOT: "slot": name of the physical slot
 * @BX_FACT_SERIAL: "serial": on pci, the PCI Device Serial Number as 16 hex digits; on
 *	usb and hid, the serial number of the device
 * @BX_FACT_MANUFACTURER: "manufacturer": of the USB device
 * @BX_FACT_PRODUCT: "product": of the USB or HID device
 * @BX_FACT_INTERFACES: "interfaces": classes, subclasses and protocols of all interfaces
 *	of the USB device, ":030101:080650:"
 * @BX_FACT_MAC: "mac": address of a network card, where the firmware or the descriptors of
 *	a USB device tell it, "52:54:00:12:34:56"
 * @BX_FACT_REMOVABLE: "removable": "fixed", "removable" or "unknown", as in sysfs
 * @BX_FACT_UNTRUSTED: "untrusted": "1" if the firmware says that the PCI device is attached
 *	from outside, else "0"
 * @BX_FACT_HOTPLUGGED: "hotplugged": "1" if the device was added after the machine had
 *	booted (the module's parameter booted), else "0"
 * @BX_FACT_BOOT_VGA: "boot_vga": "1" for the graphics card that the firmware has used,
 *	"0" for another one
 * @BX_FACT_ACPI_PATH: "acpi_path": path in the firmware's namespace
 * @BX_FACT_ACPI_HID: "acpi_hid": hardware id in the firmware
 * @BX_FACT_ACPI_INDEX: "acpi_index": number that the firmware gives a PCI device
 * @BX_FACT_LABEL: "label": label that the firmware gives a PCI device
 * @BX_FACT_OF_NODE: "of_node": path in the devicetree
 * @BX_FACT_SYS_VENDOR: "dmi.sys_vendor": of the machine, as those below
 * @BX_FACT_PRODUCT_NAME: "dmi.product_name"
 * @BX_FACT_PRODUCT_VERSION: "dmi.product_version"
 * @BX_FACT_PRODUCT_SKU: "dmi.product_sku"
 * @BX_FACT_BOARD_VENDOR: "dmi.board_vendor"
 * @BX_FACT_BOARD_NAME: "dmi.board_name"
 * @BX_FACT_BIOS_VERSION: "dmi.bios_version"
 * @BX_FACT_BOOT: "boot": the module's parameter boot, "bus_ext.boot=" on the kernel
 *	command line
 * @BX_FACT_FINGERPRINT: "fingerprint": on pci and usb, SHA-256 over all that the device
 *	says of itself, as 64 hex digits; see docs/buses.md
 * @BX_FACT_AT_BOOT: "at_boot": on usb, "1" if the device, or one with its fingerprint, was
 *	there before the machine had booted, else "0"
 * @BX_FACT_CONFIGURATION: "configuration": on usb, number of the active configuration, to
 *	which an interface belongs
 * @BX_NR_FACTS: number of facts
 */
enum bx_fact {
	BX_FACT_PATH,
	BX_FACT_SLOT,
	BX_FACT_SERIAL,
	BX_FACT_MANUFACTURER,
	BX_FACT_PRODUCT,
	BX_FACT_INTERFACES,
	BX_FACT_MAC,
	BX_FACT_REMOVABLE,
	BX_FACT_UNTRUSTED,
	BX_FACT_HOTPLUGGED,
	BX_FACT_BOOT_VGA,
	BX_FACT_ACPI_PATH,
	BX_FACT_ACPI_HID,
	BX_FACT_ACPI_INDEX,
	BX_FACT_LABEL,
	BX_FACT_OF_NODE,
	BX_FACT_SYS_VENDOR,
	BX_FACT_PRODUCT_NAME,
	BX_FACT_PRODUCT_VERSION,
	BX_FACT_PRODUCT_SKU,
	BX_FACT_BOARD_VENDOR,
	BX_FACT_BOARD_NAME,
	BX_FACT_BIOS_VERSION,
	BX_FACT_BOOT,
	BX_FACT_FINGERPRINT,
	BX_FACT_AT_BOOT,
	BX_FACT_CONFIGURATION,
	BX_NR_FACTS,
};

/**
 * struct bx_fact_rec - record of the fact iterator, and a fact of a described device
 * @fact: enum bx_fact
 * @error: errno (negative) if the fact could not be read, else 0
 * @name: its name; unused in a description
 * @value: the text, in printable ASCII; empty with an @error
 */
struct bx_fact_rec {
	__u32	fact;
	__s32	error;
	char	name[BX_FACT_NAME_LEN];
	char	value[BX_FACT_LEN];
};

/**
 * enum bx_event_kind - event of a device in scope
 * @BX_EVENT_ADDED: the device was added
 * @BX_EVENT_BOUND: a driver was bound to it
 * @BX_EVENT_UNBOUND: its driver was unbound
 * @BX_EVENT_REMOVED: the device was removed
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
 * @driver: the driver concerned; empty if there is none
 * @kind: enum bx_event_kind
 */
struct bx_event {
	struct bx_dev_info	dev;
	char			driver[BX_NAME_LEN];
	__u32			kind;
};

/**
 * enum bx_decider - source of a decision
 * @BX_BY_NONE: no decision; no driver is eligible
 * @BX_BY_OVERRIDE: driver_override written by the administrator
 * @BX_BY_HOOK: the fmod_ret hook
 * @BX_BY_SELECT: a policy's select()
 * @BX_BY_SCORE: the policies' match() scores
 * @BX_BY_ID_TABLE: a driver's static id table
 * @BX_BY_KERNEL: an adopted bus' own match rule
 * @BX_BY_QUARANTINE: a quarantined policy (BX_F_FAIL_CLOSED)
 * @BX_BY_VETO: the policies' match(): each driver of an adopted bus that claims the device
 *	is vetoed; the policy is that of the first veto
 */
enum bx_decider {
	BX_BY_NONE,
	BX_BY_OVERRIDE,
	BX_BY_HOOK,
	BX_BY_SELECT,
	BX_BY_SCORE,
	BX_BY_ID_TABLE,
	BX_BY_KERNEL,
	BX_BY_QUARANTINE,
	BX_BY_VETO,
};

/**
 * enum bx_outcome - outcome of an election
 * @BX_OUT_NONE: no driver claims the device
 * @BX_OUT_DRIVER: a driver was elected
 * @BX_OUT_REFUSED: no driver may have the device
 * @BX_OUT_DEFERRED: no driver yet; a policy or the hook returned BX_DEFER
 * @BX_OUT_ABSENT: a driver was elected that is not registered (yet); the device
 *	waits for it, and no other driver gets it
 */
enum bx_outcome {
	BX_OUT_NONE,
	BX_OUT_DRIVER,
	BX_OUT_REFUSED,
	BX_OUT_DEFERRED,
	BX_OUT_ABSENT,
};

/**
 * struct bx_decision - recorded outcome of an election
 * @driver: the elected driver; empty if there is none
 * @policy: the deciding policy; empty if no policy decided
 * @by: enum bx_decider
 * @outcome: enum bx_outcome
 * @score: the winner's score if @by is BX_BY_SCORE
 * @considered: number of drivers considered
 * @probe_error: errno (negative) of the last failed probe, else 0
 * @driver_state: enum bx_driver_state of @driver at the election, if @outcome is
 *	BX_OUT_ABSENT; BX_DRIVER_UNCLAIMED if it is BX_OUT_DRIVER and the driver cannot be
 *	bound; else 0
 * @policy_id: identity of the deciding policy, 0 if no policy decided
 * @generation: generation of policies and drivers at the election
 * @time_ns: time of the election in ns, CLOCK_MONOTONIC
 * @deferrals: if @outcome is BX_OUT_DEFERRED, number of deferrals, at most
 *	BX_MAX_DEFERRALS; else 0
 * @retry_ms: if @outcome is BX_OUT_DEFERRED, the time after which the device is elected
 *	again, 0 for none; else 0
 */
struct bx_decision {
	char	driver[BX_NAME_LEN];
	char	policy[BX_NAME_LEN];
	__u32	by;
	__u32	outcome;
	__s32	score;
	__u32	considered;
	__s32	probe_error;
	__u32	driver_state;
	__u64	policy_id;
	__u64	generation;
	__u64	time_ns;
	__u32	deferrals;
	__u32	retry_ms;
};

/**
 * struct bx_device_rec - record of the device iterator
 * @dev: the device
 * @driver: the driver bound to it; empty if there is none
 * @decision: the last decision; by == BX_BY_KERNEL if there was none
 */
struct bx_device_rec {
	struct bx_dev_info	dev;
	char			driver[BX_NAME_LEN];
	struct bx_decision	decision;
};

/**
 * struct bx_driver_rec - record of the driver iterator
 * @name: driver name
 * @bus: bus name
 * @module: module name; empty if built in
 * @order: order of registration on a bus of bus_ext's own, else 0
 * @devices: number of devices bound to it
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
	BX_OP_ADMIT	= 1 << 7,
	BX_OP_PART	= 1 << 8,
};

/** BX_LIMIT_DRIVERS - drivers that a limit may list */
#define BX_LIMIT_DRIVERS 16

/**
 * struct bx_limit - drivers that a policy may name
 * @nr: number of @driver; BX_ANY for all drivers
 * @driver: their names; unused entries are zero
 *
 * select() names a driver by returning BX_SELECT, match() by giving a score.  A
 * policy that names an unlisted driver is ejected.  The limit does not apply to
 * refusals, deferrals and vetoes.
 */
struct bx_limit {
	__u32	nr;
	char	driver[BX_LIMIT_DRIVERS][BX_NAME_LEN];
};

/**
 * struct bx_policy_rec - record of the policy iterator
 * @name: unique name
 * @bus: bus in scope
 * @vendor: vendor in scope, BX_ANY for all
 * @priority: higher comes first
 * @flags: enum bx_policy_flags
 * @version: the vendor's own version number
 * @ops: enum bx_op_mask
 * @ejected: 1 between the ejection and the end of the link; with BX_F_FAIL_CLOSED,
 *	and not in shadow mode, the policy is quarantined during that time
 * @stage: enum bx_stage
 * @id: identity; kept by an update, new with every attach
 * @generation: number of attaches and updates, from 1
 * @asked: number of program runs
 * @decided: elections that it decided
 * @vetoed: pairs of device and driver that it vetoed
 * @diverged: elections and calls that it would have decided differently
 *	(BX_F_SHADOW)
 * @denied: calls that it denied
 * @handled: calls that it answered
 * @redirected: calls that it sent to another device
 * @amended: results of calls that it changed in complete()
 * @link_id: id of its BPF link; 0 during attach and detach
 * @limit: drivers that it may name; set by a commit, else all; kept by an
 *	update
 * @reason: the reason of the ejection; empty unless @ejected is set
 * @awaits_bus: 1 while its bus, an adopted one, does not exist
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
	char	reason[BX_MSG_LEN];
	__u32	awaits_bus;
};

/**
 * struct bx_call_rec - a call, in the tracepoint bx_call
 * @op: number of the operation
 * @name: name of the operation
 * @policy: the policy that denied, answered or redirected the call; empty for
 *	none
 * @verdict: result of call() of that policy, else BX_CALL_PASS
 * @ret: result for the caller
 * @duration_ns: duration in ns, including policies
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
 * enum bx_exit_kind - reason for the end of a policy
 * @BX_EXIT_DETACH: its link was detached or closed
 * @BX_EXIT_UPDATE: replaced by a newer version
 * @BX_EXIT_RETURN: ejected: returned an invalid value
 * @BX_EXIT_ERROR: ejected: reported its own error with bx_policy_error()
 * @BX_EXIT_BAD_NAME: ejected: named a driver with an invalid name
 * @BX_EXIT_BAD_RESULT: ejected: set a result of a call that is neither 0 nor an
 *	errno
 * @BX_EXIT_UNLISTED: ejected: named a driver that its limit does not list
 * @BX_EXIT_SLOW: ejected: a program ran longer than the parameter eject_ms of the module
 */
enum bx_exit_kind {
	BX_EXIT_DETACH		= 0,
	BX_EXIT_UPDATE		= 1,
	BX_EXIT_RETURN		= 1024,
	BX_EXIT_ERROR		= 1026,
	BX_EXIT_BAD_NAME	= 1027,
	BX_EXIT_BAD_RESULT	= 1028,
	BX_EXIT_UNLISTED	= 1029,
	BX_EXIT_SLOW		= 1030,
};

/**
 * struct bx_exit_info - end of a policy; argument of exit()
 * @kind: enum bx_exit_kind
 * @code: the return value, or the code that the policy reported
 * @name: name of the policy
 * @bus: bus in scope
 * @device: name of the device concerned, empty if there is none
 * @msg: the reason, as text
 * @version: the policy's version
 * @flags: enum bx_policy_flags; a policy in shadow mode may have the name of another one
 * @id: identity of the policy
 * @seq: number of the ejection since module load, from 1; 0 if it is not an
 *	ejection
 * @time_ns: time of the end in ns, CLOCK_MONOTONIC
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
 * enum bx_opinion_kind - kind of a line of an explanation
 * @BX_OPN_OVERRIDE: the administrator's driver_override
 * @BX_OPN_HOOK: the hook's verdict (enum bx_verdict)
 * @BX_OPN_SELECT: a policy's select() (enum bx_verdict)
 * @BX_OPN_MATCH: a policy's match() on a driver (enum bx_match_verdict)
 * @BX_OPN_ID_TABLE: a driver's id table matches the device
 * @BX_OPN_CANDIDATE: a driver whose id table does not match the device
 * @BX_OPN_DECISION: the outcome; always the last line
 * @BX_OPN_QUARANTINE: a quarantined policy's refusal (BX_REFUSE), or its veto against
 *	the driver (BX_VETO)
 */
enum bx_opinion_kind {
	BX_OPN_OVERRIDE,
	BX_OPN_HOOK,
	BX_OPN_SELECT,
	BX_OPN_MATCH,
	BX_OPN_ID_TABLE,
	BX_OPN_CANDIDATE,
	BX_OPN_DECISION,
	BX_OPN_QUARANTINE,
};

/**
 * enum bx_opinion_why - effect of an opinion
 * @BX_WHY_WON: it decided
 * @BX_WHY_PASS: it expressed no opinion
 * @BX_WHY_LATE: a higher authority had decided
 * @BX_WHY_VETOED: the driver was vetoed
 * @BX_WHY_FAILED: the driver's probe had rejected the device
 * @BX_WHY_LOW: another driver has a higher score, or precedes it
 * @BX_WHY_ABSENT: the driver is not registered, and loading its module did not help
 * @BX_WHY_SHADOW: the policy is in shadow mode
 * @BX_WHY_BAD: the value is invalid
 * @BX_WHY_VETO: it vetoed the driver
 * @BX_WHY_UNLISTED: the policy's limit (struct bx_limit) does not list the
 *	driver
 * @BX_WHY_SLOW: the program ran too long, see BX_EXIT_SLOW
 * @BX_WHY_UNCLAIMED: the driver does not claim the device, see BX_DRIVER_UNCLAIMED
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
	BX_WHY_SLOW,
	BX_WHY_UNCLAIMED,
};

/**
 * struct bx_opinion - record of the explanation iterator
 * @policy: the policy with this opinion; empty if it is not a policy's; with BX_OPN_ID_TABLE
 *	and BX_OPN_CANDIDATE, the first policy that vetoed the driver
 * @driver: the driver concerned; empty if there is none
 * @kind: enum bx_opinion_kind
 * @verdict: the return value; for BX_OPN_DECISION, enum bx_outcome
 * @why: enum bx_opinion_why
 * @by: for BX_OPN_DECISION, enum bx_decider
 * @error: for BX_WHY_FAILED, the errno (negative) of the probe
 * @score: for BX_OPN_DECISION, the winner's score
 * @policy_id: identity of @policy; 0 when it was not one
 * @flags: enum bx_policy_flags of @policy; one in shadow mode may have the name of
 *	another one
 * @driver_state: for BX_OPN_DECISION, as in struct bx_decision
 * @reserved: zero
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
	__u32	driver_state;
	__u32	reserved;
};

/**
 * struct bx_devref - reference to a device by name
 * @bus: bus name; empty to search all buses
 * @name: device name, or the GUID of a device on a bus of bus_ext's own
 */
struct bx_devref {
	char	bus[BX_NAME_LEN];
	char	name[BX_DEV_NAME_LEN];
};

/** BX_COMMIT_MAX - most policies that enter, and that leave, in one commit */
#define BX_COMMIT_MAX	128

/**
 * struct bx_commit_enter - an entering policy and its checked values
 * @id: its identity
 * @flags: enum bx_policy_flags, as in struct bx_policy_rec: without BX_F_STAGED
 * @name: its name
 * @bus: bus in scope
 * @vendor: vendor in scope, BX_ANY for all
 * @priority: its priority
 * @version: the vendor's own version number
 * @limit: drivers that it may name from now on
 *
 * The loader reads these values from an object, checks them against a manifest,
 * and writes them here.  The kernel compares each of them with its own policy
 * and does not activate a policy that differs, for whatever reason.  It records
 * the difference in /sys/kernel/bus_ext/refused, under the @name given here.
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
 * struct bx_commit - policies that become active and inactive together
 * @nr_enter: number of @enter
 * @nr_leave: number of @leave
 * @enter: policies in BX_STAGE_STAGED, and their expected values
 * @leave: identities of policies in BX_STAGE_ACTIVE
 *
 * An entering policy may have the name of a leaving one.
 */
struct bx_commit {
	__u32			nr_enter;
	__u32			nr_leave;
	struct bx_commit_enter	enter[BX_COMMIT_MAX];
	__u64			leave[BX_COMMIT_MAX];
};

/** BX_TRIAL_DRIVERS - most drivers of a trial */
#define BX_TRIAL_DRIVERS	32
/** BX_TRIAL_FACTS - most facts of a trial */
#define BX_TRIAL_FACTS		32

/**
 * enum bx_trial_flags - struct bx_trial.flags
 * @BX_TRIAL_ALONE: ask only the policies of @change.enter, and not the hook
 */
enum bx_trial_flags {
	BX_TRIAL_ALONE	= 1 << 0,
};

/**
 * struct bx_trial - a dry-run election or call, under a change of policies
 * @change: the assumed change of policies
 * @ref: the device, which must exist; with an empty name, the trial uses @dev
 * @dev: description of a device that need not exist; its bus must exist
 * @override: the administrator's driver_override for @dev; empty for none
 * @flags: enum bx_trial_flags
 * @nr_drivers: number of @drivers
 * @drivers: the drivers for @dev, in order of registration
 * @nr_facts: number of @facts
 * @facts: the facts of @dev; it lacks all others
 */
struct bx_trial {
	struct bx_commit	change;
	struct bx_devref	ref;
	struct bx_dev_info	dev;
	char			override[BX_NAME_LEN];
	__u32			flags;
	__u32			nr_drivers;
	struct bx_candidate	drivers[BX_TRIAL_DRIVERS];
	__u32			nr_facts;
	struct bx_fact_rec	facts[BX_TRIAL_FACTS];
};

/** BX_TRIAL_DATA - most bytes of the argument of a trial call */
#define BX_TRIAL_DATA	512

/**
 * struct bx_trial_call - a dry-run call and its results
 * @op: number of the operation in the contract
 * @len: size of the argument in bytes
 * @ret: the assumed result of the provider; result: the result for the driver
 * @verdict: result: the verdict of the deciding policy, else BX_CALL_PASS
 * @why: result: BX_WHY_BAD if a policy returned an invalid value, else
 *	BX_WHY_WON if a policy decided, else BX_WHY_PASS
 * @policy: result: the deciding policy; empty if no policy decided
 * @to: result: the target device of a redirect; empty for none
 * @data: the argument from the driver; result: the argument as it returns to
 *	the driver, from a provider that changes nothing
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
