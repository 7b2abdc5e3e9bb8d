// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: the device and the drivers of a test case
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cases.h"

#define MAX_ERRNO	4095

/* ---- names of errors ---- */

/* Parses an errno: "EACCES", "-EACCES", "-13". */
static bool errno_from(const char *text, int64_t *out)
{
	const char *name = text + (*text == '-'), *known;

	if (number_from(text, out))
		return *out <= 0 && *out >= -MAX_ERRNO;
	for (int e = 1; e < 200; e++) {
		known = strerrorname_np(e);
		if (known && !strcmp(known, name)) {
			*out = -e;
			return true;
		}
	}
	return false;
}

const char *errno_word(char *buf, int64_t err)
{
	const char *known = err ? strerrorname_np(-err) : NULL;

	if (known)
		snprintf(buf, WORDS, "-%s", known);
	else
		snprintf(buf, WORDS, "%lld", (long long)err);
	return buf;
}

int read_errno(struct run *r, struct yaml_node *map, const char *key,
	       int64_t *out, bool *there)
{
	const char *text = NULL;
	int err = yaml_text(&r->y, map, key, YAML_OPTIONAL, &text);

	*there = text;
	if (err || !text || errno_from(text, out))
		return err;
	return yaml_bad(&r->y, yaml_at(map, key),
			"'%s' must be 0 or an errno, as in -EACCES, not '%.64s'",
			key, text);
}

/* ---- the device ---- */

static int read_name(struct run *r, struct yaml_node *map, const char *key,
		     enum yaml_need need, char *out, size_t size)
{
	const char *text = NULL;
	int err = yaml_text(&r->y, map, key, need, &text);

	if (err || !text)
		return err;
	if (strlen(text) >= size)
		return yaml_bad(&r->y, yaml_at(map, key),
				"'%s' has more than %zu characters", key,
				size - 1);
	memset(out, 0, size);
	strcpy(out, text);
	return 0;
}

/* Parses pci:v0000144Dd0000A808sv...sd...bc01sc08i02, where * stands for 0. */
static bool modalias_from(const char *text, struct bx_dev_info *dev)
{
	static const struct {
		const char	*tag;
		int		digits;
	} parts[] = {
		{ "v", 8 }, { "d", 8 }, { "sv", 8 }, { "sd", 8 },
		{ "bc", 2 }, { "sc", 2 }, { "i", 2 },
	};
	__u32 value[7] = {};
	char hex[9], *end;

	if (strncmp(text, "pci:", 4))
		return false;
	text += 4;
	for (int i = 0; i < 7; i++) {
		size_t tag = strlen(parts[i].tag), len = 1;

		if (strncmp(text, parts[i].tag, tag))
			return false;
		text += tag;
		if (*text != '*') {
			len = parts[i].digits;
			if (strlen(text) < len)
				return false;
			memcpy(hex, text, len);
			hex[len] = '\0';
			value[i] = strtoul(hex, &end, 16);
			if (*end || strchr("+- ", hex[0]))
				return false;
		}
		text += len;
	}
	dev->vendor = value[0];
	dev->device = value[1];
	dev->subvendor = value[2];
	dev->subdevice = value[3];
	dev->class = value[4] << 16 | value[5] << 8 | value[6];
	return !*text;
}

static int read_modalias(struct run *r, struct yaml_node *map)
{
	const char *text = NULL;
	int err = yaml_text(&r->y, map, "modalias", YAML_OPTIONAL, &text);

	if (err || !text || modalias_from(text, &r->trial.dev))
		return err;
	return yaml_bad(&r->y, yaml_at(map, "modalias"),
			"'%.64s' is not the modalias of a PCI device", text);
}

static int read_ids(struct run *r, struct yaml_node *map)
{
	struct bx_dev_info *dev = &r->trial.dev;
	const struct {
		const char	*key;
		__u32		*to;
	} ids[] = {
		{ "vendor", &dev->vendor }, { "device", &dev->device },
		{ "subvendor", &dev->subvendor },
		{ "subdevice", &dev->subdevice }, { "class", &dev->class },
		{ "revision", &dev->revision },
	};
	int err = 0;

	for (size_t i = 0; !err && i < sizeof(ids) / sizeof(*ids); i++)
		err = yaml_id(&r->y, map, ids[i].key, ids[i].to);
	return err;
}

static int read_indexes(struct run *r, struct yaml_node *map)
{
	struct bx_dev_info *dev = &r->trial.dev;
	const struct {
		const char	*key;
		__s32		*to;
	} indexes[] = {
		{ "vf_index", &dev->vf_index }, { "numa_node", &dev->numa_node },
		{ "iommu_group", &dev->iommu_group },
	};
	int64_t n;
	int err = 0;

	for (size_t i = 0; !err && i < sizeof(indexes) / sizeof(*indexes);
	     i++) {
		n = -1;
		err = yaml_number(&r->y, map, indexes[i].key, YAML_OPTIONAL, 0,
				  INT32_MAX, &n);
		*indexes[i].to = n;
	}
	if (dev->vf_index >= 0)
		dev->flags |= BX_DEV_VF;
	return err;
}

static int read_flag(struct run *r, struct yaml_node *map, const char *key,
		     __u32 flag)
{
	bool is = false;
	int err = yaml_bool(&r->y, map, key, YAML_OPTIONAL, &is);

	if (is)
		r->trial.dev.flags |= flag;
	return err;
}

int read_device(struct run *r, struct yaml_node *one)
{
	static const char *const keys[] = {
		"bus", "name", "modalias", "vendor", "device", "subvendor",
		"subdevice", "class", "revision", "vf_index", "numa_node",
		"iommu_group", "pf", "bound", "parent", "parent_driver",
		"override", NULL
	};
	struct bx_dev_info *dev = &r->trial.dev;
	struct yaml_node *map;
	int err;

	memset(dev, 0, sizeof(*dev));
	memset(r->trial.override, 0, sizeof(r->trial.override));
	strcpy(dev->name, "test");
	err = yaml_map(&r->y, one, "device", YAML_REQUIRED, &map);
	if (!err)
		err = yaml_keys(&r->y, map, keys);
	if (!err)
		err = read_name(r, map, "bus", YAML_REQUIRED, dev->bus,
				sizeof(dev->bus));
	if (!err)
		err = read_name(r, map, "name", YAML_OPTIONAL, dev->name,
				sizeof(dev->name));
	if (!err)
		err = read_name(r, map, "parent", YAML_OPTIONAL, dev->parent,
				sizeof(dev->parent));
	if (!err)
		err = read_name(r, map, "parent_driver", YAML_OPTIONAL,
				dev->parent_driver, sizeof(dev->parent_driver));
	if (!err)
		err = read_name(r, map, "override", YAML_OPTIONAL,
				r->trial.override, sizeof(r->trial.override));
	if (!err)
		err = read_modalias(r, map);
	if (!err)
		err = read_ids(r, map);
	if (!err)
		err = read_indexes(r, map);
	if (!err)
		err = read_flag(r, map, "pf", BX_DEV_PF);
	return err ?: read_flag(r, map, "bound", BX_DEV_BOUND);
}

/* Reads a driver; only a name means a driver that claims the device. */
static int read_driver(struct run *r, struct yaml_node *item)
{
	static const char *const keys[] = { "name", "claims", "error", NULL };
	struct bx_candidate *c = &r->trial.drivers[r->trial.nr_drivers];
	const char *name = NULL;
	bool claims = true, there;
	int64_t error = 0;
	int err;

	if (r->trial.nr_drivers == BX_TRIAL_DRIVERS)
		return yaml_bad(&r->y, item, "at most %d drivers",
				BX_TRIAL_DRIVERS);
	if (yaml_is_map(item)) {
		err = yaml_keys(&r->y, item, keys);
		if (!err)
			err = yaml_text(&r->y, item, "name", YAML_REQUIRED,
					&name);
		if (!err)
			err = yaml_bool(&r->y, item, "claims", YAML_OPTIONAL,
					&claims);
		if (!err)
			err = read_errno(r, item, "error", &error, &there);
	} else {
		err = yaml_scalar(&r->y, item, &name);
	}
	if (err)
		return err;
	if (strlen(name) >= sizeof(c->name))
		return yaml_bad(&r->y, item, "'%s' is too long for a driver",
				name);
	*c = (struct bx_candidate) { .claims = claims, .error = error };
	strcpy(c->name, name);
	r->trial.nr_drivers++;
	return 0;
}

int read_drivers(struct run *r, struct yaml_node *one)
{
	struct yaml_node *list = NULL, *item;
	int err;

	r->trial.nr_drivers = 0;
	err = yaml_list(&r->y, one, "drivers", YAML_OPTIONAL, &list);
	for (unsigned int i = 0; !err && list && (item = yaml_item(list, i));
	     i++)
		err = read_driver(r, item);
	return err;
}
