// SPDX-License-Identifier: GPL-2.0-only
/*
 * Nothing is bound on these buses; on serio, which has the console's keyboard, no mouse; on usb
 * no interface, since a device that is refused would have none.
 */
#include <bpf/bus_ext.bpf.h>

#define MOUSE	"serio1"

static s32 BX_OP(refuse, struct bx_select_ctx *ctx)
{
	return BX_REFUSE;
}

static s32 BX_OP(refuse_mouse, struct bx_select_ctx *ctx)
{
	char name[sizeof(MOUSE)];

	bx_probe_read(name, sizeof(name), ctx->dev.name);
	return bx_streq(name, MOUSE) ? BX_REFUSE : BX_PASS;
}

/* The USB device itself has no modalias. */
static s32 BX_OP(refuse_interface, struct bx_select_ctx *ctx)
{
	return ctx->dev.modalias[0] ? BX_REFUSE : BX_PASS;
}

#define REFUSES(policy, ...) \
	SEC(".struct_ops.link") struct bus_ext_ops policy = { .name = #policy, \
		.select = (void *)refuse, __VA_ARGS__ }

BX_POLICY(no_mouse, .bus = "serio", .select = (void *)refuse_mouse);
BX_POLICY(no_storage, .bus = "usb", .vendor = 0x46f4,	/* qemu's disks */
	  .select = (void *)refuse_interface);
REFUSES(no_auxiliary, .bus = "auxiliary");
REFUSES(no_codec, .bus = "hdaudio");
REFUSES(no_sensor, .bus = "i2c");
REFUSES(no_spi, .bus = "spi");
REFUSES(no_disk, .bus = "scsi");
REFUSES(no_vdpa, .bus = "vdpa");
