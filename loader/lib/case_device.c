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

/* Parses pci:v0000144Dd0000A808sv...sd...bc01sc08i02, where * stands for 0. */
static bool pci_modalias_from(const char *text, struct bx_dev_info *dev)
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

/* As the kernel reads the ids of a device, kernel/buses.c; buses without ids have none. */
bool modalias_from(const char *text, struct bx_dev_info *dev)
{
	__u32 bus, group;

	if (!strcmp(dev->bus, "pci"))
		return pci_modalias_from(text, dev);
	if (!strcmp(dev->bus, "usb"))
		return sscanf(text, "usb:v%4xp%4x", &dev->vendor,
			      &dev->device) == 2;
	if (!strcmp(dev->bus, "hid"))
		return sscanf(text, "hid:b%4xg%4xv%8xp%8x", &bus, &group,
			      &dev->vendor, &dev->device) == 4;
	if (!strcmp(dev->bus, "virtio"))
		return sscanf(text, "virtio:d%8xv%8x", &dev->device,
			      &dev->vendor) == 2;
	return true;
}

static int read_modalias(const struct yaml *y, struct yaml_node *map,
			 const struct yaml_key *k)
{
	struct bx_dev_info *dev = k->to;
	const char *text = NULL;
	int err = yaml_text(y, map, k->key, k->need, &text);

	if (err || !text)
		return err;
	if (!modalias_from(text, dev))
		return yaml_bad(y, yaml_at(map, k->key),
				"'%.64s' is not the modalias of a device on bus '%s'",
				text, dev->bus);
	copy_name(dev->modalias, sizeof(dev->modalias), text);
	return 0;
}

/* Writes the modalias of a device that a case describes by its ids. */
static void make_modalias(struct bx_dev_info *dev)
{
	char *to = dev->modalias;

	if (to[0])
		return;
	if (!strcmp(dev->bus, "pci"))
		snprintf(to, sizeof(dev->modalias),
			 "pci:v%08Xd%08Xsv%08Xsd%08Xbc%02Xsc%02Xi%02X", dev->vendor, dev->device,
			 dev->subvendor, dev->subdevice, dev->class >> 16 & 0xff,
			 dev->class >> 8 & 0xff, dev->class & 0xff);
	else if (!strcmp(dev->bus, "virtio"))
		snprintf(to, sizeof(dev->modalias), "virtio:d%08Xv%08X", dev->device, dev->vendor);
}

/* Reads the facts of the device: a mapping of names to texts. */
static int read_facts(struct run *r, struct yaml_node *device)
{
	char value[BX_NR_FACTS][BX_FACT_LEN] = {};
	struct yaml_key keys[BX_NR_FACTS] = {};
	struct yaml_node *map = NULL;
	int err;

	r->trial.nr_facts = 0;
	for (__u32 i = 0; i < BX_NR_FACTS; i++)
		keys[i] = (struct yaml_key) { bx_fact_text(i), YAML_OPTIONAL,
			yaml_read_chars, value[i], sizeof(value[i]) };
	err = yaml_map(&r->y, device, "facts", YAML_OPTIONAL, &map);
	if (!err && map)
		err = yaml_read(&r->y, map, keys);
	for (__u32 i = 0; !err && i < BX_NR_FACTS; i++) {
		struct bx_fact_rec *fact = &r->trial.facts[r->trial.nr_facts];

		if (!value[i][0])
			continue;
		*fact = (struct bx_fact_rec) { .fact = i };
		strcpy(fact->value, value[i]);
		r->trial.nr_facts++;
	}
	return err;
}

int read_device(struct run *r, struct yaml_node *one)
{
	struct bx_dev_info *dev = &r->trial.dev;
	int64_t vf = -1, node = -1, group = -1;
	bool pf = false, bound = false;
	const struct yaml_key keys[] = {
		{ "bus", YAML_REQUIRED, yaml_read_chars, dev->bus,
		  sizeof(dev->bus) },
		{ "name", YAML_OPTIONAL, yaml_read_chars, dev->name,
		  sizeof(dev->name) },
		{ "parent", YAML_OPTIONAL, yaml_read_chars, dev->parent,
		  sizeof(dev->parent) },
		{ "parent_driver", YAML_OPTIONAL, yaml_read_chars,
		  dev->parent_driver, sizeof(dev->parent_driver) },
		{ "override", YAML_OPTIONAL, yaml_read_chars,
		  r->trial.override, sizeof(r->trial.override) },
		{ "modalias", YAML_OPTIONAL, read_modalias, dev },
		{ "vendor", YAML_OPTIONAL, yaml_read_id, &dev->vendor },
		{ "device", YAML_OPTIONAL, yaml_read_id, &dev->device },
		{ "subvendor", YAML_OPTIONAL, yaml_read_id, &dev->subvendor },
		{ "subdevice", YAML_OPTIONAL, yaml_read_id, &dev->subdevice },
		{ "class", YAML_OPTIONAL, yaml_read_id, &dev->class },
		{ "revision", YAML_OPTIONAL, yaml_read_id, &dev->revision },
		{ "vf_index", YAML_OPTIONAL, yaml_read_number, &vf,
		  .max = INT32_MAX },
		{ "numa_node", YAML_OPTIONAL, yaml_read_number, &node,
		  .max = INT32_MAX },
		{ "iommu_group", YAML_OPTIONAL, yaml_read_number, &group,
		  .max = INT32_MAX },
		{ "pf", YAML_OPTIONAL, yaml_read_bool, &pf },
		{ "bound", YAML_OPTIONAL, yaml_read_bool, &bound },
		{ "facts", YAML_OPTIONAL },
	};
	struct yaml_node *map;
	int err;

	memset(dev, 0, sizeof(*dev));
	memset(r->trial.override, 0, sizeof(r->trial.override));
	strcpy(dev->name, "test");
	err = yaml_map(&r->y, one, "device", YAML_REQUIRED, &map);
	if (!err)
		err = yaml_read(&r->y, map, keys);
	if (!err)
		err = read_facts(r, map);
	make_modalias(dev);
	dev->vf_index = vf;
	dev->numa_node = node;
	dev->iommu_group = group;
	dev->flags = (vf >= 0 ? BX_DEV_VF : 0) | (pf ? BX_DEV_PF : 0) |
		     (bound ? BX_DEV_BOUND : 0);
	return err;
}

/* Reads a driver; only a name means a driver that claims the device. */
static int read_driver(struct run *r, struct yaml_node *item)
{
	struct bx_candidate *c = &r->trial.drivers[r->trial.nr_drivers];
	const char *name = NULL;
	bool claims = true, there;
	int64_t error = 0;
	const struct yaml_key keys[] = {
		{ "name", YAML_REQUIRED, yaml_read_text, &name },
		{ "claims", YAML_OPTIONAL, yaml_read_bool, &claims },
		{ "error", YAML_OPTIONAL },
	};
	int err;

	if (r->trial.nr_drivers == BX_TRIAL_DRIVERS)
		return yaml_bad(&r->y, item, "at most %d drivers",
				BX_TRIAL_DRIVERS);
	if (yaml_is_map(item)) {
		err = yaml_read(&r->y, item, keys);
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
