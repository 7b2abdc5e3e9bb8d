// SPDX-License-Identifier: GPL-2.0-only
/* Unknown flags */
#include <bpf/bus_ext.bpf.h>

static s32 BX_OP(pass, struct bx_select_ctx *ctx)
{
	return BX_PASS;
}

BX_POLICY(bad_flags, .bus = "pci", .select = (void *)pass, .flags = 1ULL << 40);
