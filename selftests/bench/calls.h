/* SPDX-License-Identifier: GPL-2.0-only */
/* Policies that see calls, to measure the cost of asking them. */
#ifndef _CALLS_H
#define _CALLS_H

#include <bpf/bus_ext.bpf.h>
#include <uapi/linux/bx_sf.h>

/* A call() of that name and verdict; an unused program cannot be loaded. */
#define CALL(prog, verdict) \
	static s32 BX_OP(prog, struct bx_call *call) { return verdict; }

char _license[] SEC("license") = "GPL";

#define CALLS(policy, vend, operation, prog) \
	SEC(".struct_ops.link") struct bus_ext_ops policy = { \
		.name = #policy, .bus = "bx-sf", .vendor = vend, \
		.call = (void *)prog, .calls = { BX_WATCH(operation) }, \
	}

#endif /* _CALLS_H */
