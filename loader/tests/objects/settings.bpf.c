// SPDX-License-Identifier: GPL-2.0-only
/* A policy with a constant of each size, one of them in a section of its own */
#include <bpf/bus_ext.bpf.h>

const volatile s32 elsewhere SEC(".rodata.a") = 7;

const volatile __s8 size1;
const volatile u16 size2;
const volatile s32 size4;
const volatile u64 size8;
const volatile _Bool flag;
const volatile char text[8];
const volatile char list[3][4];

static s32 BX_OP(choose, struct bx_select_ctx *ctx)
{
	if (elsewhere == 7 && flag && !text[0] && !list[1][0] && size1 && size2 && size4 &&
	    size8)
		return BX_REFUSE;
	return BX_PASS;
}

BX_POLICY(loader_test, .bus = "pci", .select = (void *)choose);
