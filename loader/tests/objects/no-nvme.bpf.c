// SPDX-License-Identifier: GPL-2.0-only
/* A policy that keeps every driver away from NVMe controllers, bound ones too in the end */
#include <bpf/bus_ext.bpf.h>

static s32 BX_OP(keep_free, struct bx_select_ctx *ctx)
{
	return ctx->dev.class == 0x010802 ? BX_REFUSE : BX_PASS;
}

BX_POLICY(no_nvme, .bus = "pci", .select = (void *)keep_free, .version = 1);
