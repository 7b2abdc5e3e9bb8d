// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: devices that rules are evaluated for: described ones, and those of the machine
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cases.h"
#include "internal.h"
#include "rules_text.h"
#include "site.h"

/* ---- described devices ---- */

static struct bx_rules_device *new_device(struct bx_handle *h)
{
	struct bx_rules_device *d = calloc(1, sizeof(*d));

	if (!d) {
		fail(h, BX_FAULT_FAILED, ENOMEM, "out of memory");
		return NULL;
	}
	d->dev.vf_index = -1;
	d->dev.numa_node = -1;
	d->dev.iommu_group = -1;
	return d;
}

bool rules_device_ids(struct bx_dev_info *dev)
{
	return modalias_from(dev->modalias, dev);
}

static int set_modalias(struct bx_handle *h, struct bx_rules_device *d, const char *modalias)
{
	copy_name(d->dev.modalias, sizeof(d->dev.modalias), modalias);
	if (rules_device_ids(&d->dev))
		return 0;
	return fail(h, BX_FAULT_USAGE, EINVAL,
		    "'%.128s' is not the modalias of a device on bus '%s'", modalias, d->dev.bus);
}

int bx_rules_device_describe(struct bx_handle *h, const char *bus, const char *modalias,
			     struct bx_rules_device **device)
{
	char buf[BX_NAME_LEN];
	bool firm;
	int err;

	*device = NULL;
	if (!bus)
		bus = modalias ? rules_bus_of(modalias, buf, &firm) : NULL;
	if (!bus || strlen(bus) >= BX_NAME_LEN)
		return fail(h, BX_FAULT_USAGE, EINVAL, "the bus of the device is not known");
	*device = new_device(h);
	if (!*device)
		return -ENOMEM;
	strcpy((*device)->dev.bus, bus);
	err = modalias ? set_modalias(h, *device, modalias) : 0;
	if (err) {
		bx_rules_device_free(*device);
		*device = NULL;
	}
	return err;
}

void bx_rules_device_free(struct bx_rules_device *d)
{
	if (!d)
		return;
	for (size_t i = 0; i < d->nmembers; i++)
		bx_rules_device_free(d->member[i]);
	free(d->member);
	free(d->in_group);
	free(d->cmdline);
	free(d);
}

/* ---- assignments ---- */

static int bad_value(struct bx_handle *h, const char *name, const char *value,
		     const char *expected)
{
	return fail(h, BX_FAULT_USAGE, EINVAL, "invalid value '%.64s' of '%s'; expected %s", value,
		    name, expected);
}

static int set_text(struct bx_handle *h, const char *name, const char *value, char *to, size_t size)
{
	if (strlen(value) >= size)
		return bad_value(h, name, value, "a shorter text");
	strcpy(to, value);
	return 0;
}

static int set_id(struct bx_handle *h, const char *name, const char *value, __u32 *to)
{
	return id_from(value, to) ? 0 : bad_value(h, name, value, "a hexadecimal number");
}

static int set_index(struct bx_handle *h, const char *name, const char *value, __s32 *to)
{
	int64_t number = -1;

	if (strcmp(value, "none") &&
	    (!number_from(value, &number) || number < 0 || number > INT32_MAX))
		return bad_value(h, name, value, "a number, or none");
	*to = number;
	return 0;
}

static int set_flag(struct bx_handle *h, const char *name, const char *value, __u32 bit, __u32 *to)
{
	if (strcmp(value, "0") && strcmp(value, "1"))
		return bad_value(h, name, value, "0 or 1");
	*to = value[0] == '1' ? *to | bit : *to & ~bit;
	return 0;
}

/* Of a GUID, the kernel stores the first three numbers with the lowest byte first. */
static int set_guid(struct bx_handle *h, const char *value, __u8 *to)
{
	static const int order[16] = { 3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15 };
	char guid[BX_GUID_LEN], digits[3] = "";
	int err = bx_parse_guid(h, value, guid);

	for (size_t i = 0, n = 0; !err && n < 16; i++) {
		if (guid[i] == '-')
			continue;
		memcpy(digits, guid + i++, 2);
		to[order[n++]] = strtoul(digits, NULL, 16);
	}
	return err;
}

static int set_member(struct bx_handle *h, struct bx_dev_info *dev, unsigned int what,
		      const char *name, const char *value)
{
	int err;

	switch (what) {
	case BX_MEMBER_NAME:
		return set_text(h, name, value, dev->name, sizeof(dev->name));
	case BX_MEMBER_PARENT:
		return set_text(h, name, value, dev->parent, sizeof(dev->parent));
	case BX_MEMBER_PARENT_DRIVER:
		return set_text(h, name, value, dev->parent_driver, sizeof(dev->parent_driver));
	case BX_MEMBER_GUID:
		return set_guid(h, value, dev->guid);
	case BX_MEMBER_VENDOR:
		return set_id(h, name, value, &dev->vendor);
	case BX_MEMBER_DEVICE:
		return set_id(h, name, value, &dev->device);
	case BX_MEMBER_SUBVENDOR:
		return set_id(h, name, value, &dev->subvendor);
	case BX_MEMBER_SUBDEVICE:
		return set_id(h, name, value, &dev->subdevice);
	case BX_MEMBER_REVISION:
		return set_id(h, name, value, &dev->revision);
	case BX_MEMBER_CLASS:
		return set_id(h, name, value, &dev->class);
	case BX_MEMBER_NUMA_NODE:
		return set_index(h, name, value, &dev->numa_node);
	case BX_MEMBER_IOMMU_GROUP:
		return set_index(h, name, value, &dev->iommu_group);
	default:
		err = set_index(h, name, value, &dev->vf_index);
		dev->flags = dev->vf_index >= 0 ? dev->flags | BX_DEV_VF : dev->flags & ~BX_DEV_VF;
		return err;
	}
}

static int set_cmdline(struct bx_handle *h, struct bx_rules_device *d, const char *value)
{
	char *copy = strdup(value);

	if (!copy)
		return fail(h, BX_FAULT_FAILED, ENOMEM, "out of memory");
	free(d->cmdline);
	d->cmdline = copy;
	return 0;
}

int bx_rules_device_set(struct bx_handle *h, struct bx_rules_device *d, const char *assignment)
{
	const char *eq = strchr(assignment, '='), *value = eq ? eq + 1 : NULL;
	const struct rules_key *key;
	char name[64];

	if (!eq || eq == assignment || eq - assignment >= (ptrdiff_t)sizeof(name))
		return fail(h, BX_FAULT_USAGE, EINVAL, "expected NAME=VALUE, got '%.64s'",
			    assignment);
	memcpy(name, assignment, eq - assignment);
	name[eq - assignment] = '\0';
	if (!strcmp(name, "modalias"))
		return set_modalias(h, d, value);
	if (!strcmp(name, "approved")) {
		d->approved = value[0] == '1';
		return strcmp(value, "0") && strcmp(value, "1") ?
			bad_value(h, name, value, "0 or 1") : 0;
	}
	key = strchr(name, '.') && !strncmp(name, "cmdline", strlen("cmdline")) ? NULL :
		rules_key_find(name);
	if (!key)
		return fail(h, BX_FAULT_USAGE, EINVAL,
			    "a device has no '%s'; expected the name of a condition", name);
	switch (key->kind) {
	case BX_COND_FACT:
		return set_text(h, name, value, d->fact[key->what], BX_FACT_LEN);
	case BX_COND_MEMBER:
		return set_member(h, &d->dev, key->what, name, value);
	case BX_COND_FLAG:
		return set_flag(h, name, value, key->what, &d->dev.flags);
	default:
		return set_cmdline(h, d, value);
	}
}

const struct bx_dev_info *bx_rules_device_info(const struct bx_rules_device *d)
{
	return &d->dev;
}

/* ---- devices of the machine ---- */

static int keep_fact(const struct bx_fact_rec *rec, void *arg)
{
	struct bx_rules_device *d = arg;

	if (rec->fact < BX_NR_FACTS && !rec->error)
		copy_name(d->fact[rec->fact], BX_FACT_LEN, rec->value);
	return 0;
}

static int read_facts(struct bx_handle *h, struct bx_rules_device *d)
{
	struct bx_devref ref = {};

	copy_name(ref.bus, sizeof(ref.bus), d->dev.bus);
	copy_name(ref.name, sizeof(ref.name), d->dev.name);
	return bx_list_facts(h, &ref, keep_fact, d);
}

static int read_cmdline(struct bx_handle *h, struct bx_rules_device *d)
{
	char line[4096];
	ssize_t len = read_below(h->proc, "cmdline", line, sizeof(line));

	if (len < 0)
		return 0;
	line[strcspn(line, "\n")] = '\0';
	return set_cmdline(h, d, line);
}

/**
 * struct members - the members of a device's groups
 * @h: the handle
 * @device: the device
 */
struct members {
	struct bx_handle	*h;
	struct bx_rules_device	*device;
};

static int add_member(const struct bx_group_member *m, void *arg)
{
	struct members *all = arg;
	struct bx_rules_device *d = all->device, *member, **more;
	unsigned int *bits;

	/* an engine sees the members on the same bus */
	if (m->self || strcmp(m->device->dev.bus, d->dev.bus))
		return 0;
	more = reallocarray(d->member, d->nmembers + 1, sizeof(*more));
	if (more)
		d->member = more;
	bits = reallocarray(d->in_group, d->nmembers + 1, sizeof(*bits));
	if (bits)
		d->in_group = bits;
	member = more && bits ? new_device(all->h) : NULL;
	if (!member)
		return fail(all->h, BX_FAULT_FAILED, ENOMEM, "out of memory");
	member->dev = m->device->dev;
	d->in_group[d->nmembers] = m->slot << BX_GROUP_SLOT | m->iommu << BX_GROUP_IOMMU;
	d->member[d->nmembers++] = member;
	return 0;
}

static int read_members(struct bx_handle *h, struct bx_rules_device *d, struct bx_devref *ref)
{
	struct members all = { h, d };
	int err = bx_list_group(h, ref, add_member, &all);

	for (size_t i = 0; !err && i < d->nmembers; i++) {
		err = read_facts(h, d->member[i]);
		if (!err && d->cmdline)
			err = set_cmdline(h, d->member[i], d->cmdline);
	}
	return err;
}

/* Whether the device is in the list of the machine */
static int read_approval(struct bx_handle *h, struct bx_rules_device *d)
{
	const char *fingerprint = d->fact[BX_FACT_FINGERPRINT];
	struct bx_rules approved = {};
	int err = *fingerprint ? site_approved(h, &approved, false) : 0;

	d->approved = !err && rules_is_approved(&approved, fingerprint);
	rules_free(&approved);
	return err;
}

void bx_rules_device_use(struct bx_rules_device *device, const struct bx_rules *rules)
{
	device->approved = rules_is_approved(rules, device->fact[BX_FACT_FINGERPRINT]);
}

int bx_rules_device_read(struct bx_handle *h, struct bx_devref *ref,
			 struct bx_rules_device **device)
{
	struct bx_rules_device *d = new_device(h);
	struct bx_device_rec rec;
	int err;

	*device = NULL;
	if (!d)
		return -ENOMEM;
	err = bx_get_device(h, ref, &rec);
	if (!err) {
		d->dev = rec.dev;
		err = read_facts(h, d);
	}
	if (!err)
		err = read_cmdline(h, d);
	if (!err)
		err = read_members(h, d, ref);
	if (!err)
		err = read_approval(h, d);
	if (err)
		bx_rules_device_free(d);
	else
		*device = d;
	return err;
}
