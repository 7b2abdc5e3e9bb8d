// SPDX-License-Identifier: GPL-2.0-only
/* Of two identical controllers, the one at the second port is for virtual machines. */
#include <bpf/bus_ext.bpf.h>

#define PORT	"0000:00:09.0"

static s32 BX_OP(port_select, struct bx_select_ctx *ctx)
{
	char parent[BX_DEV_NAME_LEN];

	bx_probe_read(parent, sizeof(parent), ctx->dev.parent);
	if (ctx->dev.class != 0x010802 || __builtin_memcmp(parent, PORT, sizeof(PORT)))
		return BX_PASS;
	return bx_select(ctx, "vfio-pci");
}

BX_POLICY(port, .bus = "pci", .vendor = 0x1b36, .select = (void *)port_select);
