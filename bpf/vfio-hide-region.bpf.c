// SPDX-License-Identifier: GPL-2.0-only
/*
 * A region of one kind of device is hidden from user space
 *
 * Purpose: on the bus bx-vfio, region 2 of devices 1d1d:0001 is hidden: its size
 * is 0, and reading or writing it fails with -EINVAL, as vfio does for regions that
 * a device lacks.  Other devices and other regions are unchanged.
 *
 * Features: call(), which answers instead of the provider.  The provider is not
 * asked about the region.
 */
#include <bpf/bus_ext.bpf.h>
#include <uapi/linux/bx_vfio.h>

#define VENDOR		0x1d1d
#define DEVICE		0x0001
#define REGION		2

static s32 BX_OP(hide_region_call, struct bx_call *call)
{
	struct bx_vfio_region_info *info;

	if (call->dev->device != DEVICE)
		return BX_CALL_PASS;
	info = (void *)bx_call_data(call, 0, sizeof(*info));
	if (!info || info->index != REGION)
		return BX_CALL_PASS;
	info->size = 0;
	info->flags = 0;
	return BX_CALL_HANDLED;
}

BX_POLICY(vfio_hide_region,
	.bus = "bx-vfio",
	.vendor = VENDOR,
	.version = 1,
	.calls = { BX_WATCH(BX_VFIO_GET_REGION_INFO) },
	.call = (void *)hide_region_call,
);
