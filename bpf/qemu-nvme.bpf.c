// SPDX-License-Identifier: GPL-2.0-only
/*
 * qemu's NVMe controller (1b36:0010): drivers of its virtual functions
 *
 * Purpose: virtual functions go to vfio-pci, ready for virtual machines,
 * before nvme probes them.  One of them, by index, stays with the host.  The
 * policy does not decide about the physical function, which stays with nvme.
 *
 * Features: a scope (bus and vendor), so that devices of other vendors
 * cost nothing; telling virtual and physical functions of the same id apart; a
 * setting that the loader can change before load; typed access to the kernel's
 * own struct pci_dev.
 *
 * Limits: it only looks at the index.  A virtual function of this controller is
 * offline until its physical function assigns it resources, so the probe of the
 * host's virtual function fails until then.
 */
#include <bpf/bus_ext.bpf.h>

/* The needed members of the kernel's type; CO-RE finds their real offsets. */
struct pci_dev {
	unsigned int is_virtfn:1;
} __attribute__((preserve_access_index));

#define QEMU_VENDOR	0x1b36
#define QEMU_NVME	0x0010

/* Index of the host's virtual function; -1 for none. */
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
