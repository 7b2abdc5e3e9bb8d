// SPDX-License-Identifier: GPL-2.0-only
/* All functions of one slot go to the same virtual machine. */
#include <bpf/bus_ext.bpf.h>

#define SLOT	"0000:00:0c."

static s32 BX_OP(slot_select, struct bx_select_ctx *ctx)
{
	char name[BX_DEV_NAME_LEN];

	bx_probe_read(name, sizeof(name), ctx->dev.name);
	if (__builtin_memcmp(name, SLOT, sizeof(SLOT) - 1))
		return BX_PASS;
	return bx_select(ctx, "vfio-pci");
}

BX_POLICY(slot, .bus = "pci", .select = (void *)slot_select);
