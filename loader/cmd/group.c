// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * bxctl: groups of devices, in explain and plan
 *
 * VFIO uses a device only if no other device of its IOMMU group has a driver of the host: a
 * plan warns of groups that would be divided.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bxctl.h"

/* ---- explain ---- */

static const char *word_member(const struct bx_group_member *m)
{
	return m->slot && m->iommu ? "same card and IOMMU group" :
		m->slot ? "same card" : "same IOMMU group";
}

static int show_member(const struct bx_group_member *m, void *arg)
{
	const struct bx_dev_info *dev = &m->device->dev;
	struct env *env = arg;
	struct json *j = &env->json;

	if (m->self)
		return 0;
	if (!env->args.json) {
		printf("group    %s/%s (%s, driver %s)\n", dev->bus, dev->name,
		       word_member(m), word_bound(m->device->driver));
		return 0;
	}
	json_object(j, NULL);
	json_string(j, "bus", dev->bus);
	json_string(j, "name", dev->name);
	json_string_or_null(j, "driver", m->device->driver);
	json_bool(j, "slot", m->slot);
	json_bool(j, "iommu", m->iommu);
	json_end_object(j);
	return 0;
}

int show_group(struct env *env, const struct bx_devref *ref)
{
	struct bx_devref of = *ref;
	int err;

	if (env->args.json)
		json_array(&env->json, "group");
	err = bx_list_group(env->bx, &of, show_member, env);
	if (env->args.json)
		json_end_array(&env->json);
	return err;
}

/* ---- plan ---- */

/**
 * struct future - a device with an IOMMU group, after the plan
 * @dev: the device
 * @driver: its driver then; empty for none
 */
struct future {
	struct bx_dev_info	dev;
	char			driver[BX_NAME_LEN];
};

struct futures {
	struct future	*list;
	size_t		count;
};

static bool is_bridge(const struct bx_dev_info *dev)
{
	return dev->class >> 16 == 0x06;
}

static bool is_vfio(const char *driver)
{
	return strstr(driver, "vfio");
}

/* These do not use their devices. */
static bool is_host(const char *driver)
{
	return driver[0] && !is_vfio(driver) && strcmp(driver, "pci-stub");
}

static void add_future(struct futures *f, const struct bx_dev_info *dev, const char *driver)
{
	if (dev->iommu_group < 0 || is_bridge(dev))
		return;
	f->list = realloc(f->list, (f->count + 1) * sizeof(*f->list));
	if (!f->list)
		abort();
	f->list[f->count] = (struct future) { .dev = *dev };
	snprintf(f->list[f->count++].driver, BX_NAME_LEN, "%s", driver);
}

/* A device on which no policy decides keeps its driver. */
void group_plan(struct env *env, const struct bx_change *c)
{
	bool kept = c->then.by == BX_BY_KERNEL && c->device->driver[0];

	if (!env->futures)
		env->futures = calloc(1, sizeof(*env->futures));
	if (!env->futures)
		abort();
	add_future(env->futures, &c->device->dev,
		   kept ? c->device->driver : c->then.driver);
}

/* Devices out of scope keep their drivers. */
static int add_rest(const struct bx_device_rec *rec, void *arg)
{
	struct futures *f = arg;

	for (size_t i = 0; i < f->count; i++)
		if (!strcmp(f->list[i].dev.name, rec->dev.name) &&
		    !strcmp(f->list[i].dev.bus, rec->dev.bus))
			return 0;
	add_future(f, &rec->dev, rec->driver);
	return 0;
}

static const struct future *find_in_group(const struct futures *f, int group,
					  bool (*is)(const char *driver))
{
	for (size_t i = 0; i < f->count; i++)
		if (f->list[i].dev.iommu_group == group && is(f->list[i].driver))
			return &f->list[i];
	return NULL;
}

static void show_divided(struct env *env, const struct future *vfio, const struct future *host)
{
	struct json *j = &env->json;

	if (!env->args.json) {
		printf("IOMMU group %d: VFIO will refuse %s/%s, since %s/%s would have driver %s\n",
		       vfio->dev.iommu_group, vfio->dev.bus, vfio->dev.name,
		       host->dev.bus, host->dev.name, host->driver);
		return;
	}
	json_object(j, NULL);
	json_int(j, "iommu_group", vfio->dev.iommu_group);
	json_string(j, "vfio", vfio->dev.name);
	json_string(j, "host", host->dev.name);
	json_string(j, "driver", host->driver);
	json_end_object(j);
}

/* Each group once: with its first device of VFIO and its first one of the host */
static void show_futures(struct env *env, const struct futures *f)
{
	for (size_t i = 0; i < f->count; i++) {
		const struct future *vfio = &f->list[i], *host;
		int group = vfio->dev.iommu_group;

		if (find_in_group(f, group, is_vfio) != vfio)
			continue;
		host = find_in_group(f, group, is_host);
		if (host)
			show_divided(env, vfio, host);
	}
}

void group_plan_end(struct env *env, bool failed)
{
	if (env->args.json)
		json_array(&env->json, "divided_groups");
	if (env->futures && !failed && !bx_list_devices(env->bx, add_rest, env->futures))
		show_futures(env, env->futures);
	if (env->args.json)
		json_end_array(&env->json);
	if (env->futures)
		free(env->futures->list);
	free(env->futures);
	env->futures = NULL;
}
