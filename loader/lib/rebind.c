// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: rebinding all devices that are not as decided
 *
 * The kernel rebinds one device at a time, by bx_rebind(), and completes that also if this
 * process ends: so an interruption leaves some devices moved, and the others as they were.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "state.h"

/**
 * struct astray - a device that is not as decided
 * @path: its directory in sysfs; else its bus and name
 * @rec: its record
 */
struct astray {
	char			path[PATH_MAX];
	struct bx_device_rec	rec;
};

struct rebinds {
	struct bx_handle	*h;
	struct bx_rebind_opts	*opts;
	bool			every;		/* also decisions of no policy */
	struct names		policies;
	struct astray		*list;
	size_t			count;
	bx_rebound_fn		fn;
	void			*arg;
};

/* ---- the policies ---- */

static int add_policy(struct rebinds *r, const char *name)
{
	struct bx_policy_rec rec;
	int ret = find_policy(r->h, name, &rec);

	if (ret > 0)
		return names_add(r->h, &r->policies, name);
	return ret ?: hint(r->h, BX_HINT_POLICIES, NULL,
			   fail(r->h, BX_FAULT_USAGE, ENOENT,
				"there is no active policy '%.64s' that is enforced", name));
}

/* A canary and a bundle in shadow mode decide nothing. */
static int add_bundle(struct rebinds *r)
{
	const char *name = r->opts->bundle;
	const struct generation *g;
	struct installed inst;
	int ret;

	ret = state_read(r->h, name, &inst);
	if (!ret)
		ret = hint(r->h, BX_HINT_BUNDLES, NULL,
			   fail(r->h, BX_FAULT_USAGE, ENOENT,
				"the bundle '%s' is not installed", name));
	g = ret > 0 ? state_generation(&inst, inst.current) : NULL;
	for (unsigned int i = 0; ret > 0 && g && i < g->policies.count; i++)
		ret = names_add(r->h, &r->policies, g->policies.name[i]) ?: 1;
	state_free(&inst);
	return ret < 0 ? ret : 0;
}

static int read_policies(struct rebinds *r)
{
	int err = r->opts->bundle ? add_bundle(r) : 0;

	r->every = !r->opts->bundle && !r->opts->nr_policies;
	for (unsigned int i = 0; !err && i < r->opts->nr_policies; i++)
		err = add_policy(r, r->opts->policies[i]);
	return err;
}

/* ---- the devices ---- */

static void device_path(struct bx_handle *h, const struct bx_dev_info *dev, char *buf)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/bus/%s/devices/%s", h->sysfs, dev->bus, dev->name);
	if (!realpath(path, buf))
		snprintf(buf, PATH_MAX, "%s/%s", dev->bus, dev->name);
}

static int add_device(const struct bx_device_rec *rec, void *arg)
{
	struct rebinds *r = arg;
	struct astray *list;

	if (bx_is_as_decided(rec) ||
	    (!r->every && !names_have(&r->policies, rec->decision.policy)))
		return 0;
	list = realloc(r->list, (r->count + 1) * sizeof(*list));
	if (!list)
		return fail(r->h, BX_FAULT_FAILED, ENOMEM, "out of memory");
	r->list = list;
	list += r->count++;
	list->rec = *rec;
	device_path(r->h, &rec->dev, list->path);
	return 0;
}

static int depth(const char *path)
{
	int n = 0;

	for (; *path; path++)
		n += *path == '/';
	return n;
}

/* Parents first, and virtual functions last on their level */
static int by_place(const void *one, const void *other)
{
	const struct astray *a = one, *b = other;
	int diff = depth(a->path) - depth(b->path);

	if (!diff)
		diff = (a->rec.dev.vf_index >= 0) - (b->rec.dev.vf_index >= 0);
	return diff ?: strcmp(a->path, b->path) ?:
		strcmp(a->rec.dev.bus, b->rec.dev.bus);
}

/* ---- one device ---- */

/* Returns 1 if it is still not as decided, with its record in @rec; 0; or an errno. */
static int look_again(struct rebinds *r, struct bx_devref *ref,
		      struct bx_device_rec *rec)
{
	struct bx_device_rec now;
	int err = bx_get_device(r->h, ref, &now);

	if (!err && now.driver[0] && bx_is_as_decided(&now))
		err = decide_now(r->h, &now);
	if (err)
		return err;
	*rec = now;
	return !bx_is_as_decided(rec);
}

/* Returns the result, or an errno if the others need not be tried. */
static int result_of(struct bx_handle *h, int ret, bool dry)
{
	if (ret >= 0)
		return dry ? BX_REBIND_WOULD : BX_REBIND_MOVED;
	if (ret == -ENODEV)
		return BX_REBIND_GONE;
	if (h->fault == BX_FAULT_IN_USE)
		return BX_REBIND_IN_USE;
	if (h->fault == BX_FAULT_PERMISSION || h->fault == BX_FAULT_KERNEL)
		return ret;
	return BX_REBIND_FAILED;
}

/* The message of a request that failed is about the kernel, and not about the device. */
static void name_device(struct bx_handle *h, const struct bx_dev_info *dev)
{
	struct said why;

	if (strstr(h->error, dev->name))
		return;
	error_keep(h, &why);
	fail(h, why.fault, 0, "cannot rebind '%s/%s': %.900s", dev->bus, dev->name, why.text);
	hint(h, why.hint, why.subject, 0);
}

static void tell(struct rebinds *r, struct bx_rebound *out)
{
	struct said why;

	r->opts->count[out->result]++;
	if (out->result == BX_REBIND_FAILED)
		name_device(r->h, &out->before->dev);
	error_keep(r->h, &why);
	if (out->result == BX_REBIND_IN_USE || out->result == BX_REBIND_FAILED)
		out->problem = (struct bx_problem) { why.text, why.hint, why.subject };
	if (r->fn)
		r->fn(out, r->arg);
	error_forget(r->h);
}

static int rebind_one(struct rebinds *r, const struct bx_device_rec *listed)
{
	bool dry = r->opts->flags & BX_REBIND_DRY_RUN;
	bool force = r->opts->flags & BX_REBIND_FORCE;
	struct bx_device_rec before = *listed, after = *listed;
	struct bx_devref ref = {};
	struct bx_rebound out = { .before = &before };
	int ret;

	copy_name(ref.bus, sizeof(ref.bus), listed->dev.bus);
	copy_name(ref.name, sizeof(ref.name), listed->dev.name);
	ret = look_again(r, &ref, &before);
	if (!ret)
		return 0;
	if (ret > 0 && dry)
		ret = force ? 0 : check_unused(r->h, &ref, &before);
	else if (ret > 0)
		ret = bx_rebind(r->h, &ref, r->opts->flags & BX_REBIND_FORCE, &after);
	ret = result_of(r->h, ret, dry);
	if (ret < 0)
		return ret;
	out.result = ret;
	if (!dry && ret != BX_REBIND_GONE)
		out.after = &after;
	tell(r, &out);
	return 0;
}

int bx_rebind_all(struct bx_handle *h, struct bx_rebind_opts *opts,
		  bx_rebound_fn fn, void *arg)
{
	struct rebinds r = { .h = h, .opts = opts, .fn = fn, .arg = arg };
	int err;

	memset(opts->count, 0, sizeof(opts->count));
	err = read_policies(&r);
	if (!err)
		err = bx_list_decided(h, add_device, &r);
	if (r.count)
		qsort(r.list, r.count, sizeof(*r.list), by_place);
	for (size_t i = 0; !err && i < r.count; i++) {
		hold_signals(h);
		err = rebind_one(&r, &r.list[i].rec);
		release_signals(h);
	}
	free(r.list);
	free(r.policies.name);
	return err ?: (int)(opts->count[BX_REBIND_WOULD] + opts->count[BX_REBIND_IN_USE] +
			    opts->count[BX_REBIND_FAILED]);
}
