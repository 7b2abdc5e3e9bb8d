// SPDX-License-Identifier: GPL-2.0-only
/*
 * Virtual functions of qemu's NVMe controller (1b36:0010), which have the ids of
 * their physical function. Functions for guests go to vfio-pci, the others to the
 * host's own driver, or to none.
 */
#include <bpf/bus_ext.bpf.h>

#define QEMU_NVME	0x0010

const volatile s32 first_vf;
const volatile char host_driver[8] = "nvme";

static s32 BX_OP(qemu_nvme_select, struct bx_select_ctx *ctx)
{
	if (ctx->dev.device != QEMU_NVME || !(ctx->dev.flags & BX_DEV_VF))
		return BX_PASS;
	if (ctx->dev.vf_index >= first_vf)
		return bx_select(ctx, "vfio-pci");
	return host_driver[1] == 'v' ? bx_select(ctx, "nvme") : BX_REFUSE;
}

BX_POLICY(qemu_nvme,
	.bus = "pci",
	.vendor = 0x1b36,
	.priority = 10,
	.version = 2,
	.select = (void *)qemu_nvme_select,
);
