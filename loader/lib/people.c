// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: devices by the names that people know: as lspci prints a function, a network
 * interface, a disk
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"

/* "01:00.0" of lspci, without the domain */
static bool is_short_pci(const char *text)
{
	unsigned int bus, device, function;
	char end;

	return strlen(text) == strlen("01:00.0") &&
		sscanf(text, "%2x:%2x.%1x%c", &bus, &device, &function, &end) == 3;
}

/* Whether a path in sysfs is a device on a bus; *@ref takes it. */
static bool is_on_bus(const char *path, struct bx_devref *ref)
{
	char link[PATH_MAX], target[PATH_MAX], *bus;
	ssize_t len;

	if (snprintf(link, sizeof(link), "%s/subsystem", path) >= (int)sizeof(link))
		return false;
	len = readlink(link, target, sizeof(target) - 1);
	if (len < 0)
		return false;
	target[len] = '\0';
	bus = strrchr(target, '/');
	/* of a class, it is class/NAME */
	if (!bus || bus - target < 4 || strncmp(bus - 4, "/bus", 4))
		return false;
	if (strlen(bus + 1) >= sizeof(ref->bus) ||
	    strlen(strrchr(path, '/') + 1) >= sizeof(ref->name))
		return false;
	memset(ref, 0, sizeof(*ref));
	strcpy(ref->bus, bus + 1);
	strcpy(ref->name, strrchr(path, '/') + 1);
	return true;
}

/* The device behind an entry of a class: the nearest one above it that is on a bus */
static bool find_behind(struct bx_handle *h, const char *class, const char *name,
			struct bx_devref *ref)
{
	char path[PATH_MAX], real[PATH_MAX], root[PATH_MAX];
	size_t top;

	snprintf(path, sizeof(path), "%s/class/%s/%s", h->sysfs, class, name);
	snprintf(root, sizeof(root), "%s/devices", h->sysfs);
	if (!realpath(path, real) || !realpath(root, path))
		return false;
	for (top = strlen(path); strlen(real) > top; *strrchr(real, '/') = '\0') {
		if (is_on_bus(real, ref))
			return true;
	}
	return false;
}

static bool is_controller(const char *entry)
{
	return !strncmp(entry, "nvme", 4) && isdigit((unsigned char)entry[4]);
}

/*
 * The controller of a disk that several NVMe controllers could offer: it belongs to their
 * subsystem, which is not below any of them.  The device, if there is only one.
 */
static bool find_by_subsystem(struct bx_handle *h, const char *disk, struct bx_devref *ref)
{
	struct bx_devref found;
	char path[PATH_MAX];
	struct dirent *entry;
	unsigned int n = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/class/block/%s/device", h->sysfs, disk);
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		if (!is_controller(entry->d_name) ||
		    !find_behind(h, "nvme", entry->d_name, &found))
			continue;
		*ref = found;
		n++;
	}
	if (dir)
		closedir(dir);
	return n == 1;
}

int bx_find_device(struct bx_handle *h, const char *text, const char *bus,
		   struct bx_devref *ref)
{
	static const char *const classes[] = { "net", "block", "tty", "sound", "drm", "input" };
	struct bx_device_rec rec;
	char name[BX_DEV_NAME_LEN];
	int err;

	if (!bus && !strchr(text, '/') && strlen(text) < sizeof(name)) {
		for (size_t i = 0; i < sizeof(classes) / sizeof(*classes); i++) {
			if (find_behind(h, classes[i], text, ref))
				return bx_get_device(h, ref, &rec);
		}
		if (find_by_subsystem(h, text, ref))
			return bx_get_device(h, ref, &rec);
		if (is_short_pci(text)) {
			snprintf(name, sizeof(name), "0000:%s", text);
			return bx_parse_device(h, name, "pci", ref) ?: bx_get_device(h, ref, &rec);
		}
	}
	err = bx_parse_device(h, text, bus, ref);
	return err ?: bx_get_device(h, ref, &rec);
}
