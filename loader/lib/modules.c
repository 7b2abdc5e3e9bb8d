// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: where a driver is: registered, or in a module that bus_ext can load
 *
 * Drivers and modules have different names, and no file says which driver is in which
 * module.  bus_ext asks modprobe for an alias with the driver's name and for the device's
 * modalias; the answers to both are known without loading anything.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"
#include "kernel.h"

#define MAX_MODULES	16	/* that one alias leads to */

/* ---- registered drivers ---- */

/*
 * Reads the name of a driver's module; empty if it is in the kernel image: such a "module" has
 * a directory in sysfs, but no state.
 */
static void read_module(struct bx_handle *h, const char *dir, char *module, size_t size)
{
	char path[PATH_MAX], target[PATH_MAX], state[32];
	const char *name;
	ssize_t len;

	module[0] = '\0';
	snprintf(path, sizeof(path), "%s/module", dir);
	len = readlink(path, target, sizeof(target) - 1);
	if (len <= 0)
		return;
	target[len] = '\0';
	name = strrchr(target, '/');
	copy_name(module, size, name ? name + 1 : target);
	snprintf(path, sizeof(path), "module/%.64s/initstate", module);
	if (read_sysfs(h, path, state, sizeof(state)) < 0)
		module[0] = '\0';
}

static bool is_registered(struct bx_handle *h, const char *bus, struct bx_driver_source *s)
{
	char dir[512];

	snprintf(dir, sizeof(dir), "%s/bus/%s/drivers/%s", h->sysfs, bus, s->driver);
	if (access(dir, F_OK))
		return false;
	s->kind = BX_SOURCE_REGISTERED;
	read_module(h, dir, s->module, sizeof(s->module));
	return true;
}

/* ---- modules ---- */

bool bx_is_module_of(const char *module, const char *driver)
{
	for (; *module && *driver; module++, driver++)
		if (*module != *driver && (!strchr("-_", *module) || !strchr("-_", *driver)))
			return false;
	return !*module && !*driver;
}

static unsigned int find(const char *alias, struct kernel_module *mods)
{
	int n = alias[0] ? kernel_find_modules(alias, mods, MAX_MODULES) : 0;

	return n < 0 ? 0 : n;
}

/* Keeps the better of two findings: the kinds are in that order. */
static void consider(struct bx_driver_source *s, enum bx_source_kind kind, const char *module)
{
	if (kind >= s->kind)
		return;
	s->kind = kind;
	copy_name(s->module, sizeof(s->module), module);
}

/* A module that is loaded, or in the kernel image, has registered its drivers. */
static void consider_module(struct bx_driver_source *s, const struct kernel_module *mod,
			    bool leads_to_driver)
{
	if (mod->loaded)
		return;
	if (!leads_to_driver && !bx_is_module_of(mod->name, s->driver))
		consider(s, mod->blacklisted ? BX_SOURCE_NONE : BX_SOURCE_POSSIBLE, mod->name);
	else
		consider(s, mod->blacklisted ? BX_SOURCE_BLACKLISTED : BX_SOURCE_LOADABLE,
			 mod->name);
}

static void find_by_alias(struct bx_driver_source *s)
{
	struct kernel_module mods[MAX_MODULES];
	unsigned int n = find(s->alias, mods);

	for (unsigned int i = 0; i < n; i++)
		consider_module(s, &mods[i], true);
}

static void find_by_device(struct bx_driver_source *s, const char *modalias)
{
	struct kernel_module mods[MAX_MODULES];
	unsigned int n = find(modalias, mods);

	for (unsigned int i = 0; i < n; i++)
		consider_module(s, &mods[i], false);
}

/* A module with the driver's name, which bus_ext does not load without an alias. */
static void find_by_name(struct bx_driver_source *s)
{
	struct kernel_module mods[MAX_MODULES];
	unsigned int n = find(s->driver, mods);

	for (unsigned int i = 0; i < n; i++)
		if (!mods[i].loaded && bx_is_module_of(mods[i].name, s->driver))
			consider(s, BX_SOURCE_NO_ALIAS, mods[i].name);
}

void bx_find_driver(struct bx_handle *h, const struct bx_dev_info *dev, const char *driver,
		    struct bx_driver_source *s)
{
	*s = (struct bx_driver_source) { .kind = BX_SOURCE_NONE };
	copy_name(s->driver, sizeof(s->driver), driver);
	snprintf(s->alias, sizeof(s->alias), "bus_ext:%s:%s", dev->bus, driver);
	if (is_registered(h, dev->bus, s))
		return;
	find_by_alias(s);
	find_by_device(s, dev->modalias);
	find_by_name(s);
}

/* ---- words ---- */

const char *bx_source_kind_text(enum bx_source_kind kind)
{
	static const char *const keys[] = {
		[BX_SOURCE_REGISTERED]	= "registered",
		[BX_SOURCE_LOADABLE]	= "loadable",
		[BX_SOURCE_BLACKLISTED]	= "blacklisted",
		[BX_SOURCE_POSSIBLE]	= "possible",
		[BX_SOURCE_NO_ALIAS]	= "no_alias",
		[BX_SOURCE_NONE]	= "none",
	};

	return kind < sizeof(keys) / sizeof(*keys) ? keys[kind] : "unknown";
}

const char *bx_driver_source_text(char *buf, size_t size, const struct bx_driver_source *s)
{
	switch (s->kind) {
	case BX_SOURCE_REGISTERED:
		if (s->module[0])
			snprintf(buf, size, "registered by module %s", s->module);
		else
			snprintf(buf, size, "registered, in the kernel image");
		break;
	case BX_SOURCE_LOADABLE:
		snprintf(buf, size, "not registered; module %s can be loaded for it", s->module);
		break;
	case BX_SOURCE_BLACKLISTED:
		snprintf(buf, size, "not registered; its module %s is on modprobe's blacklist",
			 s->module);
		break;
	case BX_SOURCE_POSSIBLE:
		snprintf(buf, size, "not registered; may be in module %s, which claims the device",
			 s->module);
		break;
	case BX_SOURCE_NO_ALIAS:
		snprintf(buf, size, "not registered; module %s is there, but modprobe needs "
			 "the alias '%s' for it",
			 s->module, s->alias);
		break;
	default:
		snprintf(buf, size, "not registered; no module that can be loaded has it");
	}
	return buf;
}
