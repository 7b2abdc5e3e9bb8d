// SPDX-License-Identifier: GPL-2.0-only
/*
 * qemu's NVMe controller (1b36:0010): who gets its virtual functions
 *
 * What it is: virtual functions go to vfio-pci, ready for virtual machines,
 * before nvme ever sees them; one of them, by index, is kept for the host.  The
 * physical function is nobody's business here and stays with nvme.
 *
 * What it shows: a scope (bus and vendor), so that devices of other vendors
 * cost nothing; telling virtual and physical functions of the same id apart; a
 * setting that the loader can change before load; typed access to the kernel's
 * own struct pci_dev.
 *
 * Its limits: it looks at an index and nothing else.  A virtual function of
 * this controller is offline until its physical function assigns it resources,
 * so the one that is kept for the host fails to probe until then.
 */
#include <bpf/bus_ext.bpf.h>

/* What is needed of the kernel's type; CO-RE finds it where it really is. */
struct pci_dev {
	unsigned int is_virtfn:1;
} __attribute__((preserve_access_index));

#define QEMU_VENDOR	0x1b36
#define QEMU_NVME	0x0010

/* Index of the virtual function that the host keeps; -1 for none. */
const volatile s32 host_vf = 3;

static s32 BX_OP(qemu_nvme_select, struct bx_select_ctx *ctx)
{
	struct pci_dev *pdev = ctx->pdev;

	if (ctx->dev.device != QEMU_NVME || !bx_bitfield(pdev, is_virtfn))
		return BX_PASS;
	if (ctx->dev.vf_index == host_vf)
		return bx_select(ctx, "nvme");
	return bx_select(ctx, "vfio-pci");
}

BX_POLICY(qemu_nvme,
	.bus = "pci",
	.vendor = QEMU_VENDOR,
	.priority = 10,
	.version = 1,
	.select = (void *)qemu_nvme_select,
);
