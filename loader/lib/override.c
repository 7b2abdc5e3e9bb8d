// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: the administrator's override of a device: driver_override, or where the bus
 * has none, the file 'override' that bus_ext has for the bus
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"

struct target {
	char	path[PATH_MAX];
	char	text[BX_DEV_NAME_LEN + BX_NAME_LEN + 2];
};

/* An empty line removes driver_override; in bus_ext's file, the device by itself does. */
static void find_target(struct bx_handle *h, const struct bx_devref *ref,
			const char *driver, struct target *to)
{
	snprintf(to->path, sizeof(to->path), "%s/bus/%s/devices/%s/driver_override",
		 h->sysfs, ref->bus, ref->name);
	snprintf(to->text, sizeof(to->text), "%s\n", driver);
	if (!access(to->path, F_OK))
		return;
	snprintf(to->path, sizeof(to->path), "%s/kernel/bus_ext/buses/%s/override",
		 h->sysfs, ref->bus);
	snprintf(to->text, sizeof(to->text), "%s %s\n", ref->name, driver);
}

static int write_target(struct bx_handle *h, const struct bx_devref *ref,
			const struct target *to)
{
	int err = write_sysfs(to->path, to->text);

	if (!err)
		return 0;
	return fail(h, err == EPERM || err == EACCES ? BX_FAULT_PERMISSION : BX_FAULT_FAILED,
		    err, "cannot override the driver of device '%s/%s': '%s': %s", ref->bus,
		    ref->name, to->path, strerror(err));
}

int bx_set_override(struct bx_handle *h, struct bx_devref *ref, const char *driver)
{
	struct bx_device_rec rec;
	struct target to;
	int err = bx_get_device(h, ref, &rec);

	if (err)
		return err;
	if (driver && (!driver[0] || strlen(driver) >= BX_NAME_LEN || strchr(driver, '/') ||
		       strchr(driver, '\n')))
		return fail(h, BX_FAULT_USAGE, EINVAL, "'%s' is not the name of a driver", driver);
	find_target(h, ref, driver ?: "", &to);
	return write_target(h, ref, &to);
}
