// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: groups of devices: the functions of a PCI card, and an IOMMU group
 *
 * A group is rebound as a whole or not at all: all uses are looked for before the first device
 * is moved, and if one cannot be moved, those before it get their drivers back, by a
 * driver_override that is removed again.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "holders.h"

#define PCI_CLASS_BRIDGE	0x06

/* ---- members ---- */

/* Up to the number of the function */
static bool same_slot(const struct bx_dev_info *a, const struct bx_dev_info *b)
{
	const char *dot = strrchr(a->name, '.');

	return !strcmp(a->bus, "pci") && !strcmp(b->bus, "pci") && dot &&
		!strncmp(a->name, b->name, dot + 1 - a->name) &&
		a->vf_index < 0 && b->vf_index < 0;
}

/* The driver of a bridge does not keep VFIO from using what is behind it. */
static bool same_iommu(const struct bx_dev_info *a, const struct bx_dev_info *b)
{
	return a->iommu_group >= 0 && a->iommu_group == b->iommu_group &&
		b->class >> 16 != PCI_CLASS_BRIDGE;
}

struct listing {
	struct bx_device_rec	of;
	bx_member_fn		fn;
	void			*arg;
};

static int list_member(const struct bx_device_rec *rec, void *arg)
{
	struct listing *l = arg;
	struct bx_group_member m = {
		.device = rec,
		.self = !strcmp(rec->dev.bus, l->of.dev.bus) &&
			!strcmp(rec->dev.name, l->of.dev.name),
		.slot = same_slot(&l->of.dev, &rec->dev),
		.iommu = same_iommu(&l->of.dev, &rec->dev),
	};

	return m.self || m.slot || m.iommu ? l->fn(&m, l->arg) : 0;
}

int bx_list_group(struct bx_handle *h, struct bx_devref *ref, bx_member_fn fn, void *arg)
{
	struct listing l = { .fn = fn, .arg = arg };
	int err = bx_get_device(h, ref, &l.of);

	return err ?: bx_list_devices(h, list_member, &l);
}

/* ---- the members to move ---- */

/**
 * struct mover - a member that is not as decided
 * @ref: its name
 * @before: the device before, with the decision
 * @after: afterwards
 */
struct mover {
	struct bx_devref	ref;
	struct bx_device_rec	before;
	struct bx_device_rec	after;
};

struct group {
	struct bx_handle	*h;
	struct mover		*list;
	size_t			count;
};

static int keep_decision(const struct bx_opinion *o, void *arg)
{
	if (o->kind == BX_OPN_DECISION)
		bx_set_decision(arg, o);
	return 0;
}

static int add_member(const struct bx_group_member *m, void *arg)
{
	struct group *g = arg;
	struct mover *list = realloc(g->list, (g->count + 1) * sizeof(*list));

	if (!list)
		return fail(g->h, BX_FAULT_FAILED, ENOMEM, "out of memory");
	g->list = list;
	list += g->count++;
	*list = (struct mover) { .before = *m->device };
	copy_name(list->ref.bus, sizeof(list->ref.bus), m->device->dev.bus);
	copy_name(list->ref.name, sizeof(list->ref.name), m->device->dev.name);
	return 0;
}

/* Keeps the members that have another driver than the decided one. */
static int decide_members(struct group *g)
{
	size_t kept = 0;
	int err = 0;

	for (size_t i = 0; !err && i < g->count; i++) {
		struct mover *m = &g->list[i];

		err = bx_list_opinions(g->h, &m->ref, keep_decision, &m->before);
		if (!err && !bx_is_as_decided(&m->before))
			g->list[kept++] = *m;
	}
	if (!err)
		g->count = kept;
	return err;
}

static int by_name(const void *one, const void *other)
{
	const struct mover *a = one, *b = other;

	return strcmp(a->ref.bus, b->ref.bus) ?: strcmp(a->ref.name, b->ref.name);
}

/* Fails if one of them is in use, and names it. */
static int check_members(struct group *g, const char *of)
{
	struct said why;
	int err = 0;

	for (size_t i = 0; !err && i < g->count; i++)
		if (g->list[i].before.driver[0])
			err = holders_refuse(g->h, &g->list[i].ref);
	if (err != -EBUSY)
		return err;
	error_keep(g->h, &why);
	return hint(g->h, BX_HINT_FORCE_GROUP, of,
		    fail(g->h, why.fault, err, "the group of '%s' keeps its drivers: %.900s",
			 of, why.text));
}

/* ---- back ---- */

static int write_device(struct bx_handle *h, const struct bx_devref *ref,
			const char *file, const char *text)
{
	char path[PATH_MAX];
	int err;

	snprintf(path, sizeof(path), "%s/bus/%s/devices/%s/%s", h->sysfs, ref->bus,
		 ref->name, file);
	err = write_sysfs(path, text);
	if (!err)
		return 0;
	fail(h, BX_FAULT_FAILED, err, "cannot write '%s': %s", path, strerror(err));
	return -EIO;
}

/* The administrator's override is the decision, and must be there afterwards. */
static int bind_again(struct bx_handle *h, struct mover *m)
{
	bool overridden = m->before.decision.by == BX_BY_OVERRIDE;
	struct bx_device_rec rec;
	int err, ret;

	err = write_device(h, &m->ref, "driver_override", m->before.driver);
	if (err)
		return err;
	ret = bx_rebind(h, &m->ref, BX_REBIND_FORCE, &rec);
	err = write_device(h, &m->ref, "driver_override",
			   overridden ? m->before.decision.driver : "\n");
	return ret < 0 ? ret : err;
}

static int put_back(struct bx_handle *h, struct mover *m)
{
	struct bx_device_rec rec;
	int err = bx_get_device(h, &m->ref, &rec);

	if (err || !strcmp(rec.driver, m->before.driver))
		return err;
	return m->before.driver[0] ? bind_again(h, m) :
		write_device(h, &m->ref, "driver/unbind", m->ref.name);
}

/* Puts back the first @count members; the error is that of the move, and tells about it. */
static int roll_group_back(struct group *g, const char *of, size_t count, int err)
{
	struct said why, back = {};
	const struct mover *lost = NULL;

	error_keep(g->h, &why);
	while (count--) {
		if (!put_back(g->h, &g->list[count]))
			continue;
		lost = &g->list[count];
		error_keep(g->h, &back);
	}
	if (!lost)
		return fail(g->h, why.fault, err,
			    "the group of '%s' has its drivers again, since one device was not moved: %.800s",
			    of, why.text);
	return hint_explain(g->h, lost->ref.bus, lost->ref.name,
			    fail(g->h, BX_FAULT_STATE, err,
				 "the group of '%s' was not moved: %.400s; '%s/%s' did not get its driver '%s' back: %.300s",
				 of, why.text, lost->ref.bus, lost->ref.name,
				 lost->before.driver, back.text));
}

/* ---- the move ---- */

static int move_members(struct group *g, const char *of, unsigned int flags)
{
	int ret;

	for (size_t i = 0; i < g->count; i++) {
		ret = bx_rebind(g->h, &g->list[i].ref, flags, &g->list[i].after);
		if (ret < 0)
			return roll_group_back(g, of, i + 1, ret);
	}
	return 0;
}

static void tell_members(const struct group *g, bool dry, bx_rebound_fn fn, void *arg)
{
	for (size_t i = 0; fn && i < g->count; i++)
		fn(&(struct bx_rebound) {
			.result = dry ? BX_REBIND_WOULD : BX_REBIND_MOVED,
			.before = &g->list[i].before,
			.after = dry ? NULL : &g->list[i].after,
		   }, arg);
}

int bx_rebind_group(struct bx_handle *h, struct bx_devref *ref, unsigned int flags,
		    bx_rebound_fn fn, void *arg)
{
	bool dry = flags & BX_REBIND_DRY_RUN;
	char of[BX_NAME_LEN + BX_DEV_NAME_LEN];
	struct group g = { .h = h };
	int err;

	/* bx_list_group() fills in the bus */
	err = bx_list_group(h, ref, add_member, &g);
	snprintf(of, sizeof(of), "%s/%s", ref->bus, ref->name);
	if (!err)
		err = decide_members(&g);
	if (g.count)
		qsort(g.list, g.count, sizeof(*g.list), by_name);
	if (!err && !(flags & BX_REBIND_FORCE))
		err = check_members(&g, of);
	hold_signals(h);
	if (!err && !dry)
		err = move_members(&g, of, flags & BX_REBIND_FORCE);
	if (!err)
		tell_members(&g, dry, fn, arg);
	release_signals(h);
	free(g.list);
	return err ?: (int)g.count;
}
