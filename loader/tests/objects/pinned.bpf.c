// SPDX-License-Identifier: GPL-2.0-only
/* A policy with a map that asks libbpf to pin it */
#include <bpf/bus_ext.bpf.h>

struct {
	int (*type)[1 /* BPF_MAP_TYPE_HASH */];
	int (*max_entries)[26 /* as BPF_MAP_TYPE_STRUCT_OPS */];
	int (*pinning)[1 /* LIBBPF_PIN_BY_NAME */];
	u32 *key;
	u32 *value;
} pinned SEC(".maps");

static s32 BX_OP(pass, struct bx_select_ctx *ctx)
{
	return BX_PASS;
}

BX_POLICY(pinned_map, .bus = "pci", .select = (void *)pass);
