/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reports of bpf/stress.bpf.c to kernel/stress.c; shared by both
 */
#ifndef _STRESS_IO_H
#define _STRESS_IO_H

enum stress_kind {
	STRESS_CREATE,
	STRESS_DECIDE,
	STRESS_BIND,
	STRESS_UNBIND,
	STRESS_REMOVE,
};

/**
 * struct stress_event - an event of a device
 * @time_ns: CLOCK_MONOTONIC
 * @kind: enum stress_kind
 * @by: for STRESS_DECIDE, enum bx_decider
 * @vendor: of the device
 * @id: of the device
 * @device: its name
 * @driver: elected, bound or unbound; empty for none
 * @policy: the deciding policy; empty for none
 */
struct stress_event {
	__u64	time_ns;
	__u32	kind;
	__u32	by;
	__u32	vendor;
	__u32	id;
	char	device[BX_DEV_NAME_LEN];
	char	driver[BX_NAME_LEN];
	char	policy[BX_NAME_LEN];
};

#endif /* _STRESS_IO_H */
