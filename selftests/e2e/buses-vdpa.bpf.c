// SPDX-License-Identifier: GPL-2.0-only
/* A vdpa device goes to a virtual machine, not to the host. */
#include <bpf/bus_ext.bpf.h>

static s32 BX_OP(vdpa_select, struct bx_select_ctx *ctx)
{
	return bx_select(ctx, "vhost_vdpa");
}

BX_POLICY(to_guests, .bus = "vdpa", .select = (void *)vdpa_select);
