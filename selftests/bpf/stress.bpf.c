// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reports the events of the devices of bx-sf, in order, to kernel/stress.c
 */
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bus_ext.bpf.h>
#include "../lib/stress_io.h"

char _license[] SEC("license") = "GPL";

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 16 << 20);
} events SEC(".maps");

__u64 lost;

/* A fresh event about a device of ours, NULL for one of another bus. */
static __always_inline struct stress_event *
begin(enum stress_kind kind, const struct bx_dev_info *dev)
{
	struct stress_event *e;
	char bus[6];

	bpf_probe_read_kernel(bus, sizeof(bus), dev->bus);
	if (bus[0] != 'b' || bus[1] != 'x' || bus[3] != 's')
		return NULL;
	e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);
	if (!e) {
		__sync_fetch_and_add(&lost, 1);
		return NULL;
	}
	__builtin_memset(e, 0, sizeof(*e));
	e->time_ns = bpf_ktime_get_ns();
	e->kind = kind;
	e->vendor = dev->vendor;
	e->id = dev->device;
	bpf_probe_read_kernel(e->device, sizeof(e->device), dev->name);
	return e;
}

SEC("tp_btf/bx_decide")
int BPF_PROG(decide, const struct bx_dev_info *dev,
	     const struct bx_decision *dec)
{
	struct stress_event *e;

	if (!dev || !dec)
		return 0;
	e = begin(STRESS_DECIDE, dev);
	if (!e)
		return 0;
	e->by = dec->by;
	bpf_probe_read_kernel(e->driver, sizeof(e->driver), dec->driver);
	bpf_probe_read_kernel(e->policy, sizeof(e->policy), dec->policy);
	bpf_ringbuf_submit(e, 0);
	return 0;
}

/* The verifier assumes that a pointer of a module's tracepoint may be NULL. */
#define DRIVER_EVENT(event, kind) \
	SEC("tp_btf/bx_" #event) \
	int BPF_PROG(event, const struct bx_dev_info *dev, const char *driver) \
	{ \
		struct stress_event *e = dev ? begin(kind, dev) : NULL; \
		\
		if (!e) \
			return 0; \
		bpf_probe_read_kernel_str(e->driver, sizeof(e->driver), driver); \
		bpf_ringbuf_submit(e, 0); \
		return 0; \
	}

DRIVER_EVENT(create, STRESS_CREATE)
DRIVER_EVENT(bind, STRESS_BIND)
DRIVER_EVENT(unbind, STRESS_UNBIND)
DRIVER_EVENT(remove, STRESS_REMOVE)
