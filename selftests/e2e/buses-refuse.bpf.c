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

#define REFUSES(policy, program, ...) \
	SEC(".struct_ops.link") struct bus_ext_ops policy = { .name = #policy, \
		.select = (void *)program, __VA_ARGS__ }

BX_POLICY(no_mouse, .bus = "serio", .select = (void *)refuse_mouse);
REFUSES(no_auxiliary, refuse, .bus = "auxiliary");
REFUSES(no_codec, refuse, .bus = "hdaudio");
REFUSES(no_sensor, refuse, .bus = "i2c");
REFUSES(no_spi, refuse, .bus = "spi");
REFUSES(no_disk, refuse, .bus = "scsi");
REFUSES(no_vdpa, refuse, .bus = "vdpa");
REFUSES(no_storage, refuse_interface, .bus = "usb", .vendor = 0x46f4);	/* qemu's disks */
