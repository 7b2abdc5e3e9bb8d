// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: a rule for one device, applied at once
 *
 * The file is changed, the table becomes active, and the device is rebound; if one of these
 * fails, as when the device is in use, the former file is written again and becomes active.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "holders.h"
#include "internal.h"
#include "rules.h"
#include "site.h"
#include "state.h"

int site_activate(struct bx_handle *h, struct bx_rules *rules)
{
	struct bx_rules_applied about;

	/* without the list, the devices stay as the rules say */
	if (bx_site_approved(h, rules)) {
		note_failure(h, "no device is approved: %s", bx_error(h));
		error_forget(h);
	}
	return bx_rules_apply(h, rules, SITE_TABLE, SITE_PRIORITY, NULL, NULL, &about);
}

int bx_site_apply(struct bx_handle *h)
{
	struct bx_rules rules;
	int err = site_read(h, NULL, NULL, &rules);

	if (!err)
		err = site_activate(h, &rules);
	if (!err)
		site_keep(h, &rules);
	rules_free(&rules);
	return err;
}

/* The device may have been unbound before: tells what it has after all. */
static void note_driver(struct bx_handle *h, const struct bx_devref *device)
{
	struct bx_devref ref = *device;
	struct bx_device_rec rec;

	if (!bx_get_device(h, &ref, &rec))
		note(h, "the rules are as they were; '%s/%s' has %s%s%s", ref.bus, ref.name,
		     rec.driver[0] ? "driver '" : "no driver", rec.driver,
		     rec.driver[0] ? "'" : "");
}

/* Writes the former file again; the error of what has failed stays. */
static int take_back(struct bx_handle *h, const struct bx_devref *device, const char *before,
		     int err)
{
	struct said failed;

	error_keep(h, &failed);
	if (bx_site_restore(h, before) || bx_site_apply(h))
		note(h, "the rules as they were could not be made active again: %s", bx_error(h));
	else
		note_driver(h, device);
	error_restore(h, &failed);
	return err;
}

/* The driver follows the rules; a device that is removed meanwhile has none. */
static int rebind(struct bx_handle *h, const struct bx_site_change *change,
		  struct bx_device_rec *rec)
{
	struct bx_devref ref = *change->device;
	int ret;

	if (change->group)
		ret = bx_rebind_group(h, &ref, change->flags, NULL, NULL);
	else
		ret = bx_rebind(h, &ref, change->flags, rec);
	if (ret >= 0)
		ret = bx_get_device(h, &ref, rec);
	return ret;
}

static struct bx_devref ref_of(const struct bx_dev_info *dev)
{
	struct bx_devref ref = {};

	copy_name(ref.bus, sizeof(ref.bus), dev->bus);
	copy_name(ref.name, sizeof(ref.name), dev->name);
	return ref;
}

/* Members that the removed rules were for: none is moved if one of them is in use. */
static int rebind_members(struct bx_handle *h, const struct bx_site_change *change,
			  const bool *members)
{
	const struct bx_rules_device *d = change->rules_device;
	struct bx_device_rec rec;
	struct bx_devref ref;
	int ret = 0;

	for (size_t i = 0; ret >= 0 && i < d->nmembers; i++) {
		ref = ref_of(&d->member[i]->dev);
		if (members[i] && !(change->flags & BX_REBIND_FORCE))
			ret = holders_refuse(h, &ref);
	}
	for (size_t i = 0; ret >= 0 && i < d->nmembers; i++) {
		ref = ref_of(&d->member[i]->dev);
		if (members[i])
			ret = bx_rebind(h, &ref, change->flags, &rec);
	}
	return ret < 0 ? ret : 0;
}

/* Adds the rule; returns 1. */
static int add_rule(struct bx_handle *h, const struct bx_site_change *change, const char *before,
		    struct bx_device_rec *rec)
{
	int err = bx_site_add(h, change->text);

	if (err)
		return err;
	err = bx_site_apply(h) ?: rebind(h, change, rec);
	return err ? take_back(h, change->device, before, err) : 1;
}

/* Removes the rules of the device; returns their number. */
static int remove_rules(struct bx_handle *h, const struct bx_site_change *change,
			const char *before, struct bx_device_rec *rec)
{
	bool *members = calloc(change->rules_device->nmembers + 1, sizeof(*members));
	int n, err = 0;

	if (!members)
		return fail(h, BX_FAULT_FAILED, ENOMEM, "out of memory");
	n = site_remove(h, change->rules_device, members);
	if (n > 0)
		err = bx_site_apply(h) ?: rebind_members(h, change, members) ?:
			rebind(h, change, rec);
	if (err)
		take_back(h, change->device, before, err);
	free(members);
	return err ?: n;
}

static int change_rules(struct bx_handle *h, const struct bx_site_change *change,
			struct bx_device_rec *rec)
{
	char *before;
	int ret = bx_site_save(h, &before);

	if (ret)
		return ret;
	ret = change->text ? add_rule(h, change, before, rec) :
		remove_rules(h, change, before, rec);
	free(before);
	return ret;
}

/* Two of these must not change the file at the same time: the lock is that of installations. */
int bx_site_set(struct bx_handle *h, const struct bx_site_change *change,
		struct bx_device_rec *rec)
{
	int ret = state_lock(h);

	if (!ret)
		ret = change_rules(h, change, rec);
	state_unlock(h);
	return ret;
}
