/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * bus_ext: what libbusext runs in the kernel
 *
 * One small program per request.  A module that lacks one of an object's requests
 * still answers the others: each is loaded alone then.  Lists go out through a ring;
 * what does not fit is counted, and user space comes back with a larger one.  Nothing
 * is decided here.
 *
 * There are two objects, since libbpf looks for each kfunc that an object knows of
 * in all types of the kernel, whether it is called or not.
 */
#ifndef _BXCTL_BPF_H
#define _BXCTL_BPF_H

#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bus_ext_ctl.bpf.h>
#include "lib/control.h"

char _license[] SEC("license") = "GPL";

struct control_data data;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} records SEC(".maps");

static __always_inline void emit(const void *rec, __u32 size)
{
	void *dst = bpf_ringbuf_reserve(&records, size, 0);

	if (!dst) {
		data.lost++;
		return;
	}
	if (bpf_probe_read_kernel(dst, size, rec)) {
		data.result = -14; /* EFAULT */
		bpf_ringbuf_discard(dst, BPF_RB_NO_WAKEUP);
		return;
	}
	bpf_ringbuf_submit(dst, BPF_RB_NO_WAKEUP);
}

#define LIST(prog, what, type, ...) \
	SEC("syscall") \
	int prog(void *ctx) \
	{ \
		struct type *rec; \
		\
		bx_for_each(data.result, what, rec, __VA_ARGS__) \
			emit(rec, sizeof(*rec)); \
		return 0; \
	}

#endif /* _BXCTL_BPF_H */
