// SPDX-License-Identifier: GPL-2.0-only
/*
 * virtio-pci and vp_vdpa both claim virtio functions. Network and block functions
 * that are meant for guests go to vp_vdpa, which makes vdpa devices of them.
 *
 * The driver of a vdpa device, virtio_vdpa or vhost_vdpa, is decided on another
 * bus.
 */
#include <stdbool.h>
#include <bpf/bus_ext.bpf.h>

#define VIRTIO_NET	0x1041
#define VIRTIO_BLK	0x1042

const volatile bool vfs_only = true;

static s32 BX_OP(virtio_vdpa_select, struct bx_select_ctx *ctx)
{
	if (ctx->dev.device != VIRTIO_NET && ctx->dev.device != VIRTIO_BLK)
		return BX_PASS;
	if (vfs_only && !(ctx->dev.flags & BX_DEV_VF))
		return BX_PASS;
	return bx_select(ctx, "vp-vdpa");
}

BX_POLICY(virtio_vdpa,
	.bus = "pci",
	.vendor = 0x1af4,
	.version = 1,
	.select = (void *)virtio_vdpa_select,
);
