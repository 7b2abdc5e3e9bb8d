// SPDX-License-Identifier: GPL-2.0-only
/*
 * A region of one kind of device is read-only for user space
 *
 * Purpose: on the bus bx-vfio, region 1 of devices 1d1d:0001 can be read but not
 * written.  Other devices and other regions are unchanged.  When the policy is
 * detached, the region can be written again.
 *
 * Features: complete(), which sees and changes the provider's answer.  The driver
 * asks for a region's description before each access and enforces it, so a changed
 * description is enough: user space sees it, and its writes are refused.
 */
#include <bpf/bus_ext.bpf.h>
#include <uapi/linux/bx_vfio.h>

#define VENDOR		0x1d1d
#define DEVICE		0x0001
#define REGION		1

static void BX_OP2(read_only_complete, struct bx_call *call, s32 ret)
{
	struct bx_vfio_region_info *info;

	if (ret || call->dev->device != DEVICE)
		return;
	info = (void *)bx_call_data(call, 0, sizeof(*info));
	if (info && info->index == REGION)
		info->flags &= ~BX_VFIO_REGION_WRITE;
}

BX_POLICY(vfio_read_only,
	.bus = "bx-vfio",
	.vendor = VENDOR,
	.version = 1,
	.calls = { BX_WATCH(BX_VFIO_GET_REGION_INFO) },
	.complete = (void *)read_only_complete,
);
