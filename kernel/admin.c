// SPDX-License-Identifier: GPL-2.0-only
/*
 * The administrator's override of a device on a bus without driver_override
 *
 * It is above all policies and the hook, as driver_override is elsewhere, and like that
 * binds and unbinds nothing itself.  The entry of the device has it, so it ends with the
 * removal of the device.  /sys/kernel/bus_ext/buses/BUS/override reads and writes it.
 */
#include <linux/sysfs.h>
#include "core.h"

/* The hid core keeps hid-generic away, unless the device is prepared for it. */
static void bx_admin_store(struct bx_entry *entry, const char *driver)
{
	strscpy(entry->admin, driver, sizeof(entry->admin));
	entry->prepared = bx_bus_prepare(entry->dev, *driver ? driver : NULL,
					 entry->prepared);
}

/**
 * bx_admin_override() - set or remove the override of a device
 * @bus: an adopted bus without driver_override
 * @device: name of the device
 * @driver: the driver, BX_OVERRIDE_NONE for none, empty to remove the override
 *
 * Context: process.
 * Return: 0, -ENODEV if the bus has no such device, -EINVAL for a name that is too long.
 */
int bx_admin_override(const char *bus, const char *device, const char *driver)
{
	struct bx_devref ref = {};
	struct bx_entry *entry;
	struct device *dev;
	int err = -ENODEV;

	if (strscpy(ref.bus, bus, sizeof(ref.bus)) < 0 ||
	    strscpy(ref.name, device, sizeof(ref.name)) < 0 ||
	    strlen(driver) >= sizeof(entry->admin))
		return -EINVAL;
	dev = bx_find_device(&ref);
	if (IS_ERR(dev))
		return PTR_ERR(dev);
	entry = bx_entry_get(dev);
	if (entry) {
		mutex_lock(&entry->lock);
		if (!entry->gone) {
			bx_admin_store(entry, driver);
			err = 0;
		}
		mutex_unlock(&entry->lock);
	}
	bx_entry_put(entry);
	put_device(dev);
	return err;
}

struct bx_admin_list {
	const char	*bus;
	char		*buf;
	int		len;
};

static int bx_admin_show_device(struct device *dev, void *data)
{
	struct bx_entry *entry = bx_entry_get(dev);
	struct bx_admin_list *list = data;

	if (!entry)
		return 0;
	mutex_lock(&entry->lock);
	if (*entry->admin)
		list->len += sysfs_emit_at(list->buf, list->len, "%s %s\n",
					   dev_name(dev), entry->admin);
	mutex_unlock(&entry->lock);
	bx_entry_put(entry);
	return 0;
}

static int bx_admin_show_bus(const struct bus_type *bus, bool adopted, void *data)
{
	const struct bx_admin_list *list = data;

	return strcmp(bus->name, list->bus) ? 0 :
	       bus_for_each_dev(bus, NULL, data, bx_admin_show_device);
}

/* Lists the overrides of a bus, "DEVICE DRIVER" in each line, as many as fit the page. */
ssize_t bx_admin_show(const char *bus, char *buf)
{
	struct bx_admin_list list = { .bus = bus, .buf = buf };

	bx_for_each_bus(bx_admin_show_bus, &list, ~0U);
	return list.len;
}
