// SPDX-License-Identifier: GPL-2.0-only
/* An object that has nothing to attach */
#include <bpf/bus_ext.bpf.h>

char _license[] SEC("license") = "GPL";

SEC("syscall") int lonely(void *ctx)
{
	return 0;
}
