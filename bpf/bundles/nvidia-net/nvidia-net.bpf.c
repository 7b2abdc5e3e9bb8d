// SPDX-License-Identifier: GPL-2.0-only
/*
 * Virtual functions of ConnectX-4 and later adapters. Functions whose index is in
 * a range go to vfio-pci, or to mlx5_vfio_pci, which supports migration. All
 * others stay with mlx5_core.
 *
 * Ids: drivers/net/ethernet/mellanox/mlx5/core/main.c of Linux.
 */
#include <stdbool.h>
#include <bpf/bus_ext.bpf.h>

const volatile s32 first_vf = 4;
const volatile s32 last_vf = 1023;
const volatile bool migratable;

static bool is_virtual_function(u32 device)
{
	switch (device) {
	case 0x1014:	/* ConnectX-4 */
	case 0x1016:	/* ConnectX-4 Lx */
	case 0x1018:	/* ConnectX-5 */
	case 0x101a:	/* ConnectX-5 Ex */
	case 0x101c:	/* ConnectX-6 */
	case 0x101e:	/* ConnectX family, since ConnectX-6 Dx */
		return true;
	default:
		return false;
	}
}

static s32 BX_OP(nvidia_net_select, struct bx_select_ctx *ctx)
{
	s32 index = ctx->dev.vf_index;

	if (!(ctx->dev.flags & BX_DEV_VF) ||
	    !is_virtual_function(ctx->dev.device) ||
	    index < first_vf || index > last_vf)
		return BX_PASS;
	if (migratable)
		return bx_select(ctx, "mlx5_vfio_pci");
	return bx_select(ctx, "vfio-pci");
}

BX_POLICY(nvidia_net,
	.bus = "pci",
	.vendor = 0x15b3,
	.version = 1,
	.select = (void *)nvidia_net_select,
);
