/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Types of other subsystems' struct_ops, as far as the benchmark of hooks sets them: libbpf
 * looks up members by name in the running kernel, and the kernel whose types this is built with
 * may have neither. Includes no other header, for the same reason.
 */
#ifndef _HOOKS_H
#define _HOOKS_H

typedef unsigned int __u32;
typedef unsigned long long __u64;

#define SEC(name) __attribute__((section(name), used))

/* Programs ignore their arguments. */
struct hid_bpf_ops___bench {
	int hid_id;
	__u32 flags;
	int (*hid_device_event)(void *ctx);
};

struct sched_ext_ops___bench {
	void (*running)(void *task);
	void (*set_weight)(void *task);
	__u64 flags;
	char name[128];
};

char _license[] SEC("license") = "GPL";

#endif /* _HOOKS_H */
