// SPDX-License-Identifier: GPL-2.0-only
/*
 * The override of a device on an adopted bus, and binding it
 *
 * Where the bus has driver_override, this is the override.  Devices on other buses have
 * one in their entry, and another one of the administrator (admin.c): binding.c refuses
 * all other drivers before their probe.  It cannot make a driver take a device that it
 * does not claim.
 */
#include "core.h"

/* The tokens of overrides in an entry: of bus_ext, and of the administrator */
static const char bx_entry_token[] = "";
static const char bx_admin_token[] = "";

/* As bx_override_read(); bx_entry.lock held. */
const char *bx_steer_read(struct bx_entry *entry, char *buf, size_t len)
{
	lockdep_assert_held(&entry->lock);
	if (!bx_steers_at_binding(entry->dev->bus))
		return bx_override_read(entry->dev, buf, len);
	if (*entry->admin) {
		strscpy(buf, entry->admin, len);
		return bx_admin_token;
	}
	strscpy(buf, entry->token ? entry->text : "", len);
	return entry->token;
}

/* As bx_override_swap(); the caller stores the text.  bx_entry.lock held. */
const char *bx_steer_swap(struct bx_entry *entry, const char *name)
{
	lockdep_assert_held(&entry->lock);
	if (!bx_steers_at_binding(entry->dev->bus))
		return bx_override_swap(entry->dev, entry->token, entry->text,
					name);
	if (*entry->admin)
		return ERR_PTR(-EBUSY);
	return name ? bx_entry_token : NULL;
}

static struct device *bx_locked_parent(struct bx_entry *entry)
{
	struct device *parent = bx_needs_parent_lock(entry->dev) ? entry->parent :
								   NULL;

	if (parent)
		device_lock(parent);
	return parent;
}

/**
 * bx_steer_attach() - try the drivers of the bus on an unbound device
 * @entry: the entry of the device; the caller holds a reference to the device
 *
 * Context: process; probes.
 * Return: as device_attach().
 */
int bx_steer_attach(struct bx_entry *entry)
{
	struct device *parent = bx_locked_parent(entry);
	int ret = device_attach(entry->dev);

	if (parent)
		device_unlock(parent);
	return ret;
}

/* Unbinds the driver, if one is bound. */
void bx_steer_release(struct bx_entry *entry)
{
	struct device *parent = bx_locked_parent(entry);

	device_release_driver(entry->dev);
	if (parent)
		device_unlock(parent);
}
