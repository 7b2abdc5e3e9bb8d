// SPDX-License-Identifier: GPL-2.0-only
/* 40 policies, more than a bundle may have */
#include <bpf/bus_ext.bpf.h>

static s32 BX_OP(pass, struct bx_select_ctx *ctx)
{
	return BX_PASS;
}

char _license[] SEC("license") = "GPL";

#define ONE(n)	SEC(".struct_ops.link") struct bus_ext_ops many_##n = { \
			.name = "many_" #n, .bus = "pci", .select = (void *)pass, .version = 1, \
		}

ONE(10); ONE(11); ONE(12); ONE(13); ONE(14); ONE(15); ONE(16); ONE(17);
ONE(18); ONE(19); ONE(20); ONE(21); ONE(22); ONE(23); ONE(24); ONE(25);
ONE(26); ONE(27); ONE(28); ONE(29); ONE(30); ONE(31); ONE(32); ONE(33);
ONE(34); ONE(35); ONE(36); ONE(37); ONE(38); ONE(39); ONE(40); ONE(41);
ONE(42); ONE(43); ONE(44); ONE(45); ONE(46); ONE(47); ONE(48); ONE(49);
