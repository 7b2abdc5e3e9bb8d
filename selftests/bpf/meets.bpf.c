// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lets the end of a probe that defers a device meet an election of the device
 *
 * The probe has asked for the decision; it ends when an election has begun and ended since.
 */
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#define EPROBE_DEFER	517

char _license[] SEC("license") = "GPL";

__u32 armed;
volatile __u32 probing;		/* a probe has deferred its device, and is about to end */
volatile __u32 electing;	/* an election has begun since */
volatile __u32 met;		/* and has ended */

static int has_met(__u32 i, void *ctx)
{
	return met != 0;
}

SEC("fexit/bx_own_probe")
int BPF_PROG(probe, struct device *dev, int ret)
{
	if (!armed || ret != -EPROBE_DEFER || probing)
		return 0;
	probing = 1;
	/* some seconds: the other processor has its turn */
	for (int i = 0; i < 64 && !met; i++)
		bpf_loop(1 << 23, has_met, NULL, 0);
	return 0;
}

SEC("fentry/bx_own_reelect_deferred")
int BPF_PROG(elect, struct device *dev)
{
	electing = probing;
	return 0;
}

SEC("fexit/bx_own_reelect_deferred")
int BPF_PROG(elected, struct device *dev)
{
	if (electing)
		met = 1;
	return 0;
}
