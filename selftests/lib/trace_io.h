/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Notes of bpf/trace.bpf.c for kernel/trace.c; shared by both
 */
#ifndef _TRACE_IO_H
#define _TRACE_IO_H

/**
 * struct trace_hit - a tracepoint about a device and a driver
 * @count: how often it fired
 * @device: the last device
 * @driver: the last driver
 */
struct trace_hit {
	__u32	count;
	char	device[BX_DEV_NAME_LEN];
	char	driver[BX_NAME_LEN];
};

/**
 * struct trace_io - the last arguments of each tracepoint, and how often it fired
 */
struct trace_io {
	__u32			decides;
	struct bx_dev_info	decide_dev;
	struct bx_decision	decide;
	struct trace_hit	bind, unbind, create, remove;
	__u32			policies;
	char			what[16];
	struct bx_policy_rec	policy;
	__u32			ejects;
	struct bx_exit_info	eject;
	__u32			shadows;
	char			shadow_policy[BX_NAME_LEN];
	char			shadow_driver[BX_NAME_LEN];
	char			shadow_actual[BX_NAME_LEN];
	__s32			shadow_verdict;
};

#endif /* _TRACE_IO_H */
