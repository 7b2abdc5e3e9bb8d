// SPDX-License-Identifier: GPL-2.0-only
/*
 * No driver for an NVMe controller: the policy that packages.sh activates at boot.
 * The controller's driver shows whether it was active before the first probe.
 */
#include <bpf/bus_ext.bpf.h>

static s32 BX_OP(no_nvme_select, struct bx_select_ctx *ctx)
{
	return ctx->dev.class == 0x010802 ? BX_REFUSE : BX_PASS;
}

BX_POLICY(no_nvme,
	.bus = "pci",
	.vendor = 0x1b36,
	.priority = 10,
	.version = 1,
	.select = (void *)no_nvme_select,
);
