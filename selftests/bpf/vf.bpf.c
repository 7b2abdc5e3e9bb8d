// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reserves virtual functions for virtual machines, all but one; decides by the
 * kernel's own struct pci_dev, and is built as a user builds a policy
 */
#include <vmlinux.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bus_ext.bpf.h>

#define CLASS_NVME	0x010802

/* Index of the virtual function that is left to the kernel. */
__s32 exception = -1;
__u32 asked_for_others;

static s32 BX_OP(vf_select, struct bx_select_ctx *ctx)
{
	struct pci_dev *pdev = ctx->pdev;

	if (!pdev || pdev->class != CLASS_NVME)
		return BX_PASS;
	if (!BPF_CORE_READ_BITFIELD_PROBED(pdev, is_virtfn)) {
		asked_for_others++;
		return BX_PASS;
	}
	if (ctx->dev.vf_index == exception)
		return BX_PASS;
	return bx_select(ctx, "vfio-pci");
}

BX_POLICY(vf, .bus = "pci", .select = (void *)vf_select);
