// SPDX-License-Identifier: GPL-2.0-only
/*
 * What bus_ext knows of single buses of the kernel: one table
 *
 * Any bus can be adopted by its name (adopt.c); a bus without a line here has the
 * common facts only.  A line says how to get the bus, which facts its devices have
 * before their first probe, and what its drivers' match does besides.
 */
#include <linux/hid.h>
#include <linux/kobject.h>
#include <linux/platform_device.h>
#include "core.h"

/*
 * ---- ids, from a variable of the uevent: a function of the bus would make its module one
 * that this one depends on ----
 */

/* Devices, which have no modalias, have it, too. */
static bool bx_ids_usb(const char *product, u32 *vendor, u32 *device)
{
	return sscanf(product, "%x/%x/", vendor, device) == 2;
}

static bool bx_ids_hid(const char *modalias, u32 *vendor, u32 *device)
{
	u32 bus, group;

	return sscanf(modalias, "hid:b%4xg%4xv%8xp%8x", &bus, &group, vendor,
		      device) == 4;
}

static bool bx_ids_virtio(const char *modalias, u32 *vendor, u32 *device)
{
	return sscanf(modalias, "virtio:d%8xv%8x", device, vendor) == 2;
}

/*
 * hid-generic does not claim a device while a special driver for it is registered,
 * and its core unbinds it then, unless the device has this quirk.
 */
static bool bx_prepare_hid(struct device *dev, const char *driver, bool before)
{
	bool generic = driver && !strcmp(driver, "hid-generic");

	if (generic)
		to_hid_device(dev)->quirks |= HID_QUIRK_IGNORE_SPECIAL_DRIVER;
	else if (before)
		to_hid_device(dev)->quirks &= ~HID_QUIRK_IGNORE_SPECIAL_DRIVER;
	return generic;
}

static const struct bx_bus_desc bx_bus_descs[] = {
	{ .name = "pci", .type = &pci_bus_type },
	{ .name = "platform", .type = &platform_bus_type },
	{ .name = "auxiliary" },
	{ .name = "hdaudio", .match_writes = true },
	{ .name = "hid", .ids_in = "MODALIAS=", .ids = bx_ids_hid, .prepare = bx_prepare_hid },
	{ .name = "i2c" },
	{ .name = "mdio_bus" },
	{ .name = "scsi" },
	{ .name = "serio" },
	{ .name = "spi" },
	{ .name = "usb", .ids_in = "PRODUCT=", .ids = bx_ids_usb },
	{ .name = "vdpa" },
	{ .name = "virtio", .ids_in = "MODALIAS=", .ids = bx_ids_virtio },
	{ .name = "wmi" },
};

/**
 * bx_bus_desc() - get what is known of a bus
 * @name: the bus
 *
 * Return: its line of the table, or NULL.
 */
const struct bx_bus_desc *bx_bus_desc(const char *name)
{
	for (u32 i = 0; i < ARRAY_SIZE(bx_bus_descs); i++) {
		if (!strcmp(bx_bus_descs[i].name, name))
			return &bx_bus_descs[i];
	}
	return NULL;
}

/* Returns line @i of the table, NULL after the last one. */
const struct bx_bus_desc *bx_bus_desc_nth(u32 i)
{
	return i < ARRAY_SIZE(bx_bus_descs) ? &bx_bus_descs[i] : NULL;
}

/* The environment of a uevent of the device, as the driver core fills it in, or NULL */
static struct kobj_uevent_env *bx_uevent_env(const struct device *dev)
{
	struct kobj_uevent_env *env = kzalloc(sizeof(*env), GFP_KERNEL);

	if (!env || (dev->bus->uevent && dev->bus->uevent(dev, env)))
		return env;
	if (dev->type && dev->type->uevent)
		dev->type->uevent(dev, env);
	return env;
}

/* Returns the value of a variable; @key ends with '='.  NULL without it. */
static const char *bx_uevent_value(const struct kobj_uevent_env *env, const char *key)
{
	size_t len = strlen(key);

	for (int i = 0; i < env->envp_idx; i++) {
		if (!strncmp(env->envp[i], key, len))
			return env->envp[i] + len;
	}
	return NULL;
}

static char *bx_uevent_modalias(const struct kobj_uevent_env *env)
{
	const char *alias = bx_uevent_value(env, "MODALIAS=");

	return alias ? kstrdup(alias, GFP_KERNEL) : NULL;
}

/**
 * bx_bus_modalias() - get the modalias of a device
 * @dev: the device
 *
 * Context: process; from BUS_NOTIFY_ADD_DEVICE on, which precedes the uevent; no lock is
 * needed.
 * Return: the modalias, to be freed with kfree(); NULL if there is none, or no memory.
 */
char *bx_bus_modalias(const struct device *dev)
{
	struct kobj_uevent_env *env = bx_uevent_env(dev);
	char *alias = env ? bx_uevent_modalias(env) : NULL;

	kfree(env);
	return alias;
}

/**
 * bx_bus_identify() - read the identity of a device
 * @dev: the device
 * @vendor: takes the vendor id, 0 if there is none
 * @device: takes the device id, 0 if there is none
 *
 * Context, return: as bx_bus_modalias().
 */
char *bx_bus_identify(struct device *dev, u32 *vendor, u32 *device)
{
	const struct bx_bus_desc *desc = bx_bus_desc(dev->bus->name);
	struct kobj_uevent_env *env = bx_uevent_env(dev);
	const char *ids = NULL;
	char *modalias = NULL;

	if (env && desc && desc->ids)
		ids = bx_uevent_value(env, desc->ids_in);
	if (!ids || !desc->ids(ids, vendor, device)) {
		*vendor = 0;
		*device = 0;
	}
	if (env)
		modalias = bx_uevent_modalias(env);
	kfree(env);
	return modalias;
}

/**
 * bx_bus_prepare() - prepare a device for a decision
 * @dev: a device on an adopted bus
 * @driver: the elected driver, or NULL
 * @before: result of the last call for the device
 *
 * Context: process; bx_entry.lock held.
 * Return: true if the device was changed, which the next call may have to undo.
 */
bool bx_bus_prepare(struct device *dev, const char *driver, bool before)
{
	const struct bx_bus_desc *desc = bx_bus_desc(dev->bus->name);

	return desc && desc->prepare && desc->prepare(dev, driver, before);
}
