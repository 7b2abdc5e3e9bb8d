// SPDX-License-Identifier: GPL-2.0-only
/*
 * Virtual functions of Intel QuickAssist go to vfio-pci before qat_*vf can bind
 * to them.
 *
 * vfio-pci refuses the older devices, because a guest could crash the host
 * through them (vfio_pci_dev_in_denylist() in drivers/vfio/pci/vfio_pci.c). If
 * the policy selected vfio-pci for them, the probe would fail without a visible
 * reason. So the policy refuses them, which 'bxctl explain' shows, unless the
 * operator sets that the deny list of vfio-pci is disabled.
 */
#include <stdbool.h>
#include <bpf/bus_ext.bpf.h>

const volatile bool denylist_disabled;

static s32 BX_OP(intel_qat_select, struct bx_select_ctx *ctx)
{
	if (!(ctx->dev.flags & BX_DEV_VF))
		return BX_PASS;
	switch (ctx->dev.device) {
	case 0x4941:	/* 4xxx */
	case 0x4943:	/* 401xx */
	case 0x4945:	/* 402xx */
	case 0x4947:	/* 420xx */
		return bx_select(ctx, "vfio-pci");
	case 0x0443:	/* DH895xCC */
	case 0x19e3:	/* C3xxx */
	case 0x37c9:	/* C62x */
		if (denylist_disabled)
			return bx_select(ctx, "vfio-pci");
		return BX_REFUSE;
	default:
		return BX_PASS;
	}
}

BX_POLICY(intel_qat,
	.bus = "pci",
	.vendor = 0x8086,
	.version = 1,
	.select = (void *)intel_qat_select,
);
