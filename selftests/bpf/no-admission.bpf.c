// SPDX-License-Identifier: GPL-2.0-only
/*
 * No device is created on request on bx-sf
 */
#include <bpf/bus_ext.bpf.h>

static s32 BX_OP(no_admission_admit, struct bx_admit_ctx *ctx)
{
	bx_admit_reason(ctx, "closed");
	return -1;	/* EPERM */
}

BX_POLICY(no_admission, .bus = "bx-sf", .admit = (void *)no_admission_admit);
