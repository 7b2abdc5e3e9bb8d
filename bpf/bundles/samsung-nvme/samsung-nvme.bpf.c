// SPDX-License-Identifier: GPL-2.0-only
/*
 * NVMe virtual functions of Samsung's SSDs, of any device id: the policy
 * identifies them by their class. The first ones stay with the host, the others go
 * to guests.
 */
#include <bpf/bus_ext.bpf.h>

#define CLASS_NVME	0x010802

const volatile s32 host_vfs = 1;

static s32 BX_OP(samsung_nvme_select, struct bx_select_ctx *ctx)
{
	if (!(ctx->dev.flags & BX_DEV_VF) || ctx->dev.class != CLASS_NVME ||
	    ctx->dev.vf_index < host_vfs)
		return BX_PASS;
	return bx_select(ctx, "vfio-pci");
}

BX_POLICY(samsung_nvme,
	.bus = "pci",
	.vendor = 0x144d,
	.version = 1,
	.select = (void *)samsung_nvme_select,
);
