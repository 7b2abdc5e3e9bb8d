// SPDX-License-Identifier: GPL-2.0-only
/*
 * How often the nvme driver probed a virtual function
 */
#include <vmlinux.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char _license[] SEC("license") = "GPL";

__u32 probes;

SEC("fentry/nvme_probe")
int BPF_PROG(nvme_probe, struct pci_dev *pdev)
{
	if (BPF_CORE_READ_BITFIELD_PROBED(pdev, is_virtfn))
		__sync_fetch_and_add(&probes, 1);
	return 0;
}
