// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices that are plugged in after the boot get no driver until they are approved. A fact
 * that cannot be read never makes a device trusted.
 *
 * On usb the device itself is refused, so it has no configuration, and no interface appears.
 * Once it is approved, it is elected again and comes up whole.
 *
 * A keyboard that was there at boot is never locked out, also when it is unplugged and
 * comes back: the kernel remembers its fingerprint. But only its HID interfaces need no approval,
 * so that a device which only begins as a keyboard gets no further. The keyboard's device
 * must pass for this, since interfaces appear with the configuration.
 *
 * On pci, devices that are attached from outside, as by Thunderbolt, can read and write
 * memory as far as the IOMMU lets them. Bridges pass, as hubs do on usb: what is behind them
 * is decided on its own.
 */
#include <stdbool.h>
#include <bpf/bus_ext.bpf.h>

#define ENODATA		61
#define DIGITS		64		/* of a fingerprint */
#define MAX_APPROVED	64

const volatile char approved[MAX_APPROVED][DIGITS + 1];
const volatile char at_boot[16] = "trust";

/* Above policies that choose a driver: they are asked only about trusted devices. */
#define PRIORITY	1000

static inline __attribute__((always_inline)) bool trusts_boot(void)
{
	return at_boot[0] == 't';
}

/* Whether the device was there before the machine had booted */
static inline __attribute__((always_inline)) bool was_at_boot(struct bx_select_ctx *ctx)
{
	char hotplugged[2] = {};

	return bx_fact(ctx, BX_FACT_HOTPLUGGED, hotplugged) == 1 && hotplugged[0] == '0';
}

/* Reads the fingerprint; without one, no device is approved. */
static inline __attribute__((always_inline)) bool
read_print(struct bx_select_ctx *ctx, char *print)
{
	return bx_select_fact(ctx, BX_FACT_FINGERPRINT, print, DIGITS + 1) == DIGITS;
}

/* The verifier walks the loops: a branch for each digit would make it a large tree. */
static inline __attribute__((always_inline)) bool is_approved(const char *print)
{
	for (u32 i = 0; i < MAX_APPROVED && approved[i][0]; i++) {
		u8 differs = 0;

		for (u32 k = 0; k < DIGITS; k++)
			differs |= approved[i][k] ^ print[k];
		if (!differs)
			return true;
	}
	return false;
}

/* ---- usb ---- */

#define KEYBOARD	":030101"	/* HID, boot interface, keyboard */
#define CLASS_AT	34		/* of the interface, in usb:vNNNNpNNNN...icNN */
#define MAX_CLASSES	18		/* that the fact 'interfaces' has room for */

/* Whether @classes, :CCSSPP:CCSSPP:, has one that begins with @text, or only such ones */
static inline __attribute__((always_inline)) bool
has_class(const char *classes, const char *text, u32 len, bool only)
{
	for (u32 i = 0; i < MAX_CLASSES; i++) {
		const char *class = &classes[7 * i];
		bool same = true;

		if (!class[0] || !class[1])
			return only && i;
		for (u32 k = 0; k < len; k++)
			same &= class[k] == text[k];
		if (same != only)
			return same;
	}
	return false;
}

/*
 * Whether the keyboard was there at boot, also if it was unplugged since: the kernel knows it
 * by its fingerprint, because this fact was read then.
 */
static inline __attribute__((always_inline)) bool is_boot_keyboard(struct bx_select_ctx *ctx)
{
	char known[2] = {};

	return bx_fact(ctx, BX_FACT_AT_BOOT, known) == 1 && known[0] == '1';
}

static inline __attribute__((always_inline)) bool is_hid(const struct bx_dev_info *dev)
{
	return dev->modalias[CLASS_AT] == '0' && dev->modalias[CLASS_AT + 1] == '3';
}

static s32 BX_OP_SLEEPABLE(hotplug_usb_select, struct bx_select_ctx *ctx)
{
	char classes[BX_FACT_LEN] = {}, print[DIGITS + 1] = {};
	bool boot = was_at_boot(ctx), known = read_print(ctx, print), keyboard = false;

	if (bx_fact(ctx, BX_FACT_INTERFACES, classes) > 0) {
		if (has_class(classes, ":09", 3, true))
			return BX_PASS;		/* a hub: what is behind it is not */
		keyboard = has_class(classes, KEYBOARD, sizeof(KEYBOARD) - 1, false);
	}
	keyboard = keyboard && is_boot_keyboard(ctx);
	if ((boot && trusts_boot()) || (known && is_approved(print)))
		return BX_PASS;
	/* an interface has a modalias, a device has none */
	if (keyboard && (!ctx->dev.modalias[0] || is_hid(&ctx->dev)))
		return BX_PASS;
	return BX_REFUSE;
}

BX_POLICY(hotplug_usb,
	.bus = "usb",
	.vendor = BX_ANY,
	.priority = PRIORITY,
	.version = 1,
	.select = (void *)hotplug_usb_select,
);

/* ---- pci ---- */

#define CLASS_BRIDGE	0x0604
#define CLASS_USB	0x0c03		/* where a keyboard may be */

static s32 BX_OP_SLEEPABLE(hotplug_pci_select, struct bx_select_ctx *ctx)
{
	char untrusted[2] = {}, removable[16] = {}, print[DIGITS + 1] = {};
	u32 class = ctx->dev.class >> 8;
	int len;

	if (bx_fact(ctx, BX_FACT_UNTRUSTED, untrusted) != 1)
		return BX_REFUSE;
	/* most devices lack it: the kernel knows it of those behind certain ports */
	len = bx_fact(ctx, BX_FACT_REMOVABLE, removable);
	if (len < 0 && len != -ENODATA)
		return BX_REFUSE;
	if (untrusted[0] == '0' && !bx_streq(removable, "removable"))
		return BX_PASS;
	if (class == CLASS_BRIDGE)
		return BX_PASS;
	if (was_at_boot(ctx) && (trusts_boot() || class == CLASS_USB))
		return BX_PASS;
	return read_print(ctx, print) && is_approved(print) ? BX_PASS : BX_REFUSE;
}

SEC(".struct_ops.link") struct bus_ext_ops hotplug_pci = {
	.name = "hotplug_pci",
	.bus = "pci",
	.vendor = BX_ANY,
	.priority = PRIORITY,
	.version = 1,
	.select = (void *)hotplug_pci_select,
};
