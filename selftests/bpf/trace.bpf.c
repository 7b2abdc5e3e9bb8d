// SPDX-License-Identifier: GPL-2.0-only
/*
 * The last arguments of each tracepoint, and how often it fired
 */
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bus_ext.bpf.h>
#include "../lib/trace_io.h"

char _license[] SEC("license") = "GPL";

struct trace_io seen;

/* For records; names may be shorter than the arrays that they are copied to. */
#define copy(to, from)	bpf_probe_read_kernel(&(to), sizeof(to), from)
#define copy_name(to, from) \
	bpf_probe_read_kernel_str(to, sizeof(to), from)

SEC("tp_btf/bx_decide")
int BPF_PROG(decide, const struct bx_dev_info *dev,
	     const struct bx_decision *dec)
{
	seen.decides++;
	copy(seen.decide_dev, dev);
	copy(seen.decide, dec);
	return 0;
}

/* The verifier assumes that a pointer of a module's tracepoint may be NULL. */
#define DRIVER_EVENT(event) \
	SEC("tp_btf/bx_" #event) \
	int BPF_PROG(event, const struct bx_dev_info *dev, const char *driver) \
	{ \
		if (!dev) \
			return 0; \
		seen.event.count++; \
		copy_name(seen.event.device, dev->name); \
		copy_name(seen.event.driver, driver); \
		return 0; \
	}

DRIVER_EVENT(bind)
DRIVER_EVENT(unbind)
DRIVER_EVENT(create)
DRIVER_EVENT(remove)

SEC("tp_btf/bx_policy")
int BPF_PROG(policy, const char *what, const struct bx_policy_rec *rec)
{
	seen.policies++;
	copy_name(seen.what, what);
	copy(seen.policy, rec);
	return 0;
}

SEC("tp_btf/bx_eject")
int BPF_PROG(eject, const struct bx_exit_info *info)
{
	seen.ejects++;
	copy(seen.eject, info);
	return 0;
}

SEC("tp_btf/bx_shadow")
int BPF_PROG(shadow, const struct bx_dev_info *dev, const char *name,
	     s32 verdict, const char *driver, const struct bx_decision *dec)
{
	if (!dec)
		return 0;
	seen.shadows++;
	copy_name(seen.shadow_policy, name);
	copy_name(seen.shadow_driver, driver);
	copy_name(seen.shadow_actual, dec->driver);
	seen.shadow_verdict = verdict;
	return 0;
}
