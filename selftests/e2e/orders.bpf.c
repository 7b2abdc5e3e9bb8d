// SPDX-License-Identifier: GPL-2.0-only
/*
 * One driver for each device that several drivers claim, whichever is there first.  USB devices
 * themselves, which have no modalias, are for the driver "usb".
 */
#include <bpf/bus_ext.bpf.h>

#define MOUSE	"serio1"
#define BOT	0x0001		/* usb-storage of qemu: bulk-only transport */
#define UAS	0x0003		/* usb-uas of qemu */

static s32 BX_OP(ethernet_select, struct bx_select_ctx *ctx)
{
	return ctx->dev.device == 0x8139 ? bx_select(ctx, "8139cp") : BX_PASS;
}

static s32 BX_OP(adapter_select, struct bx_select_ctx *ctx)
{
	if (ctx->dev.device != 0xa4a2 || !ctx->dev.modalias[0])
		return BX_PASS;
	return bx_select(ctx, "cdc_ether");
}

static s32 BX_OP(storage_select, struct bx_select_ctx *ctx)
{
	if (!ctx->dev.modalias[0])
		return BX_PASS;
	switch (ctx->dev.device) {
	case BOT:
		return bx_select(ctx, "usb-storage");
	case UAS:
		return bx_select(ctx, "uas");
	default:
		return BX_PASS;
	}
}

static s32 BX_OP(tablet_select, struct bx_select_ctx *ctx)
{
	return bx_select(ctx, "hid-generic");
}

static s32 BX_OP(mouse_select, struct bx_select_ctx *ctx)
{
	char name[sizeof(MOUSE)];

	bx_probe_read(name, sizeof(name), ctx->dev.name);
	return bx_streq(name, MOUSE) ? bx_select(ctx, "psmouse") : BX_PASS;
}

static s32 BX_OP(widget_select, struct bx_select_ctx *ctx)
{
	return bx_select(ctx, "bxaux_second.widget");
}

static s32 BX_OP(disk_select, struct bx_select_ctx *ctx)
{
	return bx_select(ctx, "sd");
}

#define CHOOSES(policy, program, ...) \
	SEC(".struct_ops.link") struct bus_ext_ops policy = { .name = #policy, \
		.select = (void *)program, __VA_ARGS__ }

BX_POLICY(ethernet, .bus = "pci", .vendor = 0x10ec, .select = (void *)ethernet_select);
CHOOSES(adapter, adapter_select, .bus = "usb", .vendor = 0x0525);
CHOOSES(storage, storage_select, .bus = "usb", .vendor = 0x46f4);
CHOOSES(tablet, tablet_select, .bus = "hid", .vendor = 0x056a);
CHOOSES(mouse, mouse_select, .bus = "serio");
CHOOSES(widget, widget_select, .bus = "auxiliary");
CHOOSES(disk, disk_select, .bus = "scsi");
