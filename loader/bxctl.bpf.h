/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * bus_ext: programs that libbusext runs in the kernel
 *
 * There is one small program per request.  A module that lacks one of an object's requests
 * still answers the others: then each program is loaded separately.  Lists are transferred
 * through a ring; records that do not fit are counted, and user space repeats the request
 * with a larger ring.  The programs make no decisions.
 *
 * There are two objects, since few commands need the programs of both.
 */
#ifndef _BXCTL_BPF_H
#define _BXCTL_BPF_H

#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include "lib/kfuncs.h"

#define BX_KFUNC(ret, name, ...) \
	static ret (*const name)(__VA_ARGS__) = (void *)KFUNC_##name
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

#define REQUEST(name) \
	SEC(KFUNCS_SECTION) \
	int name(void *ctx)

#define LIST(name, what, type, ...) \
	REQUEST(name) \
	{ \
		struct bpf_iter_bx_##what it; \
		struct type *rec; \
		\
		data.result = bpf_iter_bx_##what##_new(&it, __VA_ARGS__); \
		while ((rec = bpf_iter_bx_##what##_next(&it))) \
			emit(rec, sizeof(*rec)); \
		bpf_iter_bx_##what##_destroy(&it); \
		return 0; \
	}

#endif /* _BXCTL_BPF_H */
