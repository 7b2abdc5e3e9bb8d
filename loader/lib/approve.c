// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: devices that a policy refuses until they are approved
 *
 * A bundle with a list setting 'approved' takes fingerprints of devices in it.  An approval
 * is a change of this setting, which is activated as any other: the policies compare the
 * fingerprint at each election, so a device that was exchanged in between is refused.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "install.h"

#define SETTING		"approved"

/* ---- the device ---- */

static int keep_fact(const struct bx_fact_rec *rec, void *arg)
{
	struct bx_approval *a = arg;

	switch (rec->fact) {
	case BX_FACT_FINGERPRINT:
		copy_name(a->fingerprint, sizeof(a->fingerprint), rec->value);
		break;
	case BX_FACT_MANUFACTURER:
		strcpy(a->manufacturer, rec->value);
		break;
	case BX_FACT_PRODUCT:
		strcpy(a->product, rec->value);
		break;
	case BX_FACT_SERIAL:
		strcpy(a->serial, rec->value);
		break;
	case BX_FACT_INTERFACES:
		strcpy(a->interfaces, rec->value);
		break;
	}
	return 0;
}

/* Reads a device with its fingerprint, which is empty if it has none. */
static int read_device(struct bx_handle *h, struct bx_devref *ref, struct bx_approval *a)
{
	int err;

	*a = (struct bx_approval) {};
	err = bx_get_device(h, ref, &a->device);
	if (!err)
		err = bx_list_facts(h, ref, keep_fact, a);
	a->there = !err;
	return err;
}

static bool is_fingerprint(const char *text)
{
	return strlen(text) == BX_FINGERPRINT_LEN - 1 &&
		strspn(text, "0123456789abcdef") == BX_FINGERPRINT_LEN - 1;
}

/* Takes digits of either case. */
static int parse_fingerprint(struct bx_handle *h, const char *text, char *out)
{
	snprintf(out, BX_FINGERPRINT_LEN, "%s", text);
	for (char *p = out; *p; p++)
		*p = tolower((unsigned char)*p);
	if (strlen(text) == BX_FINGERPRINT_LEN - 1 && is_fingerprint(out))
		return 0;
	return fail(h, BX_FAULT_USAGE, EINVAL,
		    "'%.80s' is not a fingerprint: it must have %d hexadecimal digits", text,
		    BX_FINGERPRINT_LEN - 1);
}

static bool is_refused_by(const struct bx_device_rec *rec, const struct names *policies)
{
	return rec->decision.outcome == BX_OUT_REFUSED && rec->decision.by == BX_BY_SELECT &&
		names_have(policies, rec->decision.policy);
}

/* ---- the bundles ---- */

/**
 * struct approver - an enabled bundle whose devices are approved
 * @inst: its state
 * @b: its current version, with the settings that are valid now
 * @list: its setting
 */
struct approver {
	struct installed	inst;
	struct bx_bundle	*b;
	const struct setting	*list;
};

typedef int (*approver_fn)(struct bx_handle *h, const struct approver *a, void *arg);

struct walk {
	approver_fn	fn;
	void		*arg;
};

static void approver_close(struct approver *a)
{
	bx_bundle_close(a->b);
	state_free(&a->inst);
}

static int walk_one(struct bx_handle *h, const char *name, void *arg)
{
	const struct walk *w = arg;
	struct approver a = {};
	int ret;

	ret = state_read(h, name, &a.inst);
	if (ret > 0 && a.inst.enabled && a.inst.current) {
		ret = installed_open(h, &a.inst, state_generation(&a.inst, a.inst.current), &a.b);
		/* one that is damaged does not keep devices of others from being approved */
		if (ret)
			note_failure(h, "%s", bx_error(h));
		error_forget(h);
		a.list = ret ? NULL : bundle_setting(a.b, SETTING);
		ret = 0;
		if (a.list && a.list->about.type == BX_SETTING_LIST)
			ret = w->fn(h, &a, w->arg);
	} else if (ret > 0) {
		ret = 0;
	}
	approver_close(&a);
	return ret;
}

/* Calls @fn for each such bundle; stops when it returns other than 0. */
static int each_approver(struct bx_handle *h, approver_fn fn, void *arg)
{
	struct walk w = { fn, arg };

	return state_each(h, walk_one, &w);
}

static const struct names *policies_of(const struct approver *a)
{
	return &state_generation(&a->inst, a->inst.current)->policies;
}

static bool has_approved(const struct approver *a, const char *fingerprint)
{
	return list_has(a->list, fingerprint);
}

/**
 * struct search - the search for the bundle that decides on a device
 * @rec: the device
 * @fingerprint: its fingerprint
 * @found: number of bundles in whose claims the device is
 * @certain: @bundle has refused it
 * @approved: @bundle has approved it already
 * @bundle: the first of those bundles, or the one that has refused it
 */
struct search {
	const struct bx_device_rec	*rec;
	const char			*fingerprint;
	unsigned int			found;
	bool				certain;
	bool				approved;
	char				bundle[BX_NAME_LEN];
};

static int consider(struct bx_handle *h, const struct approver *a, void *arg)
{
	struct search *s = arg;
	const struct bx_dev_info *dev = &s->rec->dev;

	s->certain = is_refused_by(s->rec, policies_of(a));
	if (!s->certain && !claims_cover(a->b->claims, a->b->nr_claims, dev->bus, dev->vendor))
		return 0;
	if (s->certain || !s->found++) {
		copy_name(s->bundle, sizeof(s->bundle), a->inst.name);
		s->approved = has_approved(a, s->fingerprint);
	}
	return s->certain;
}

/* Finds the bundle that has refused the device, or the only one that may. */
static int find_bundle(struct bx_handle *h, struct search *s)
{
	const struct bx_decision *d = &s->rec->decision;
	const struct bx_dev_info *dev = &s->rec->dev;
	int ret;

	ret = each_approver(h, consider, s);
	if (ret)
		return ret < 0 ? ret : 0;
	if (d->outcome == BX_OUT_REFUSED && d->by == BX_BY_SELECT)
		return fail(h, BX_FAULT_REJECTED, ENOENT,
			    "cannot approve device '%s/%s': it is refused by policy '%s', which is not of an enabled bundle with a list of approved devices",
			    dev->bus, dev->name, d->policy);
	if (!s->found)
		return fail(h, BX_FAULT_REJECTED, ENOENT,
			    "cannot approve device '%s/%s': no enabled bundle has a list of approved devices on bus '%s'",
			    dev->bus, dev->name, dev->bus);
	if (s->found > 1)
		return fail(h, BX_FAULT_REJECTED, ENOTUNIQ,
			    "cannot approve device '%s/%s': it is not refused, and several bundles have lists of approved devices on bus '%s'",
			    dev->bus, dev->name, dev->bus);
	return 0;
}

/* Adds the fingerprint to the list ('+'), or removes it ('-'), and activates the result. */
static int change_list(struct bx_handle *h, const char *bundle, char how,
		       const char *fingerprint)
{
	char text[sizeof(SETTING) + 3 + BX_FINGERPRINT_LEN];
	const char *set = text;
	const struct bx_install_opts opts = { .set = &set, .nr_set = 1 };

	snprintf(text, sizeof(text), SETTING "%c=%s", how, fingerprint);
	return bx_enable(h, bundle, &opts, NULL, NULL);
}

/* ---- approve ---- */

/* Checks that the device which is there now is the approved one and is not refused. */
static int check_result(struct bx_handle *h, struct bx_devref *ref, struct bx_approval *a)
{
	struct bx_approval now;
	int err = read_device(h, ref, &now);

	if (err == -ENODEV || (!err && strcmp(now.fingerprint, a->fingerprint))) {
		a->there = false;
		return fail(h, BX_FAULT_STATE, ENODEV,
			    "device '%s/%s' was %s meanwhile; the approval of %s is kept in bundle '%s'",
			    ref->bus, ref->name, err ? "removed" : "exchanged",
			    a->fingerprint, a->bundle);
	}
	if (err)
		return err;
	a->device = now.device;
	if (now.device.decision.outcome != BX_OUT_REFUSED)
		return 0;
	return hint_explain(h, ref->bus, ref->name,
			    fail(h, BX_FAULT_STATE, EPERM,
				 "device '%s/%s' is approved in bundle '%s', but still refused",
				 ref->bus, ref->name, a->bundle));
}

int bx_approve(struct bx_handle *h, struct bx_devref *ref, const char *expected,
	       struct bx_approval *a)
{
	struct search s = { .rec = &a->device, .fingerprint = a->fingerprint };
	char wanted[BX_FINGERPRINT_LEN] = "";
	int err;

	err = expected ? parse_fingerprint(h, expected, wanted) : 0;
	if (!err)
		err = read_device(h, ref, a);
	if (err)
		return err;
	if (!is_fingerprint(a->fingerprint))
		return fail(h, BX_FAULT_REJECTED, ENODATA,
			    "cannot approve device '%s/%s': it has no fingerprint",
			    ref->bus, ref->name);
	if (expected && strcmp(wanted, a->fingerprint))
		return fail(h, BX_FAULT_STATE, EKEYREJECTED,
			    "cannot approve device '%s/%s': its fingerprint is %s, and not %s: it is another device, or works at another speed",
			    ref->bus, ref->name, a->fingerprint, wanted);
	err = find_bundle(h, &s);
	if (err)
		return err;
	strcpy(a->bundle, s.bundle);
	a->approved = true;
	a->changed = !s.approved;
	if (a->changed)
		err = change_list(h, s.bundle, '+', a->fingerprint);
	return err ?: check_result(h, ref, a);
}

/* ---- revoke ---- */

static int find_approved(struct bx_handle *h, const struct approver *a, void *arg)
{
	struct bx_approval *of = arg;

	if (!has_approved(a, of->fingerprint))
		return 0;
	copy_name(of->bundle, sizeof(of->bundle), a->inst.name);
	return 1;
}

int bx_revoke(struct bx_handle *h, struct bx_devref *ref, const char *fingerprint,
	      struct bx_approval *a)
{
	int ret;

	*a = (struct bx_approval) {};
	ret = fingerprint ? parse_fingerprint(h, fingerprint, a->fingerprint) :
		read_device(h, ref, a);
	if (!ret && !is_fingerprint(a->fingerprint))
		ret = fail(h, BX_FAULT_REJECTED, ENODATA, "device '%s/%s' has no fingerprint",
			   ref->bus, ref->name);
	/* more than one bundle may have approved it */
	while (!ret && (ret = each_approver(h, find_approved, a)) > 0) {
		ret = change_list(h, a->bundle, '-', a->fingerprint);
		a->changed |= !ret;
	}
	return ret;
}

/* ---- list ---- */

struct listing {
	struct bx_approval	*devices;	/* those that are there */
	size_t			count;
	bx_approval_fn		fn;
	void			*arg;
};

/* Interfaces are left out: their fingerprints are those of their devices. */
static int keep_ref(const struct bx_device_rec *rec, void *arg)
{
	struct listing *l = arg;
	bool usb = !strcmp(rec->dev.bus, "usb");
	struct bx_approval *more;

	if ((!usb && strcmp(rec->dev.bus, "pci")) || (usb && rec->dev.modalias[0]))
		return 0;
	more = realloc(l->devices, (l->count + 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	l->devices = more;
	more[l->count++] = (struct bx_approval) { .device = *rec };
	return 0;
}

/* Reads the devices that are there; one that goes meanwhile has no fingerprint. */
static int read_devices(struct bx_handle *h, struct listing *l)
{
	int err = bx_list_devices(h, keep_ref, l);

	if (err == -ENOMEM)
		return fail(h, BX_FAULT_FAILED, ENOMEM, "out of memory");
	for (size_t i = 0; !err && i < l->count; i++) {
		struct bx_approval *a = &l->devices[i];
		struct bx_devref ref = {};

		copy_name(ref.bus, sizeof(ref.bus), a->device.dev.bus);
		copy_name(ref.name, sizeof(ref.name), a->device.dev.name);
		if (bx_list_facts(h, &ref, keep_fact, a))
			error_forget(h);
		else
			a->there = true;
	}
	return err;
}

/* Tells about one approval: with each device that has it, or without a device. */
static int list_approved(struct listing *l, const char *bundle, const char *fingerprint)
{
	struct bx_approval none = { .approved = true };
	bool there = false;
	int ret = 0;

	for (size_t i = 0; !ret && i < l->count; i++) {
		struct bx_approval *a = &l->devices[i];

		if (!a->there || strcmp(a->fingerprint, fingerprint))
			continue;
		there = true;
		a->approved = true;
		strcpy(a->bundle, bundle);
		ret = l->fn(a, l->arg);
	}
	if (there)
		return ret;
	strcpy(none.bundle, bundle);
	strcpy(none.fingerprint, fingerprint);
	return l->fn(&none, l->arg);
}

static int list_bundle(struct bx_handle *h, const struct approver *a, void *arg)
{
	struct listing *l = arg;
	char fingerprint[BX_FINGERPRINT_LEN];
	const char *item = a->list->value;
	int ret = 0;
	size_t len;

	for (; !ret && *item; item += len + !!item[len]) {
		len = strcspn(item, ",");
		snprintf(fingerprint, sizeof(fingerprint), "%.*s", (int)len, item);
		ret = list_approved(l, a->inst.name, fingerprint);
	}
	for (size_t i = 0; !ret && i < l->count; i++) {
		struct bx_approval *one = &l->devices[i];

		if (!one->there || !is_refused_by(&one->device, policies_of(a)) ||
		    has_approved(a, one->fingerprint))
			continue;
		one->approved = false;
		strcpy(one->bundle, a->inst.name);
		ret = l->fn(one, l->arg);
	}
	return ret;
}

int bx_list_approvals(struct bx_handle *h, bx_approval_fn fn, void *arg)
{
	struct listing l = { .fn = fn, .arg = arg };
	int ret;

	ret = read_devices(h, &l) ?: each_approver(h, list_bundle, &l);
	free(l.devices);
	return ret;
}

/* ---- for explain ---- */

static int has_refused(struct bx_handle *h, const struct approver *a, void *arg)
{
	return is_refused_by(arg, policies_of(a));
}

bool bx_is_approvable(struct bx_handle *h, const struct bx_device_rec *rec)
{
	struct bx_device_rec copy = *rec;
	int ret;

	if (rec->decision.outcome != BX_OUT_REFUSED || rec->decision.by != BX_BY_SELECT)
		return false;
	ret = each_approver(h, has_refused, &copy);
	if (ret < 0)
		error_forget(h);
	return ret > 0;
}
