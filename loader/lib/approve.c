// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: devices that a policy refuses until they are approved
 *
 * A bundle with a list setting 'approved' takes fingerprints of devices in it, and the rules
 * of the machine have a file of them.  An approval is a change of this list, which is
 * activated as any other: the fingerprint is compared at each election, so a device that was
 * exchanged in between is refused.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "approvers.h"
#include "internal.h"

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

/* ---- the list that decides on a device ---- */

/**
 * struct search - the search for the list that decides on a device
 * @rec: the device
 * @fingerprint: its fingerprint
 * @found: number of lists that may decide
 * @certain: @bundle has refused it
 * @approved: @bundle has approved it already
 * @bundle: the bundle of the first of them, or of the one that has refused it; empty for the
 *	rules of the machine
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

	s->certain = approver_refuses(h, a, s->rec);
	if (!s->certain && !approver_covers(h, a, s->rec))
		return 0;
	if (s->certain || !s->found++) {
		copy_name(s->bundle, sizeof(s->bundle), a->bundle);
		s->approved = approver_has(a, s->fingerprint);
	}
	return s->certain;
}

/* Finds the list whose bundle or rules have refused the device, or the only one that may. */
static int find_list(struct bx_handle *h, struct search *s)
{
	const struct bx_decision *d = &s->rec->decision;
	const struct bx_dev_info *dev = &s->rec->dev;
	int ret;

	ret = approvers_each(h, consider, s);
	if (ret)
		return ret < 0 ? ret : 0;
	if (d->outcome == BX_OUT_REFUSED && d->by == BX_BY_SELECT)
		return fail(h, BX_FAULT_REJECTED, ENOENT,
			    "cannot approve device '%s/%s': it is refused by policy '%s', which is not of an enabled bundle with a list of approved devices, nor of a rule with until=approved",
			    dev->bus, dev->name, d->policy);
	if (!s->found)
		return fail(h, BX_FAULT_REJECTED, ENOENT,
			    "cannot approve device '%s/%s': no enabled bundle has a list of approved devices on bus '%s', and no rule with until=approved matches it",
			    dev->bus, dev->name, dev->bus);
	if (s->found > 1)
		return fail(h, BX_FAULT_REJECTED, ENOTUNIQ,
			    "cannot approve device '%s/%s': it is not refused, and several bundles or rules have lists of approved devices on bus '%s'",
			    dev->bus, dev->name, dev->bus);
	return 0;
}

/* ---- approve ---- */

#define WHERE	(BX_NAME_LEN + 16)

static const char *list_text(char *buf, const struct bx_approval *a)
{
	if (!a->bundle[0])
		return "the list of the machine";
	snprintf(buf, WHERE, "bundle '%s'", a->bundle);
	return buf;
}

/* Checks that the device which is there now is the approved one and is not refused. */
static int check_result(struct bx_handle *h, struct bx_devref *ref, struct bx_approval *a)
{
	char where[WHERE];
	struct bx_approval now;
	int err = read_device(h, ref, &now);

	if (err == -ENODEV || (!err && strcmp(now.fingerprint, a->fingerprint))) {
		a->there = false;
		return fail(h, BX_FAULT_STATE, ENODEV,
			    "device '%s/%s' was %s meanwhile; the approval of %s is kept in %s",
			    ref->bus, ref->name, err ? "removed" : "exchanged",
			    a->fingerprint, list_text(where, a));
	}
	if (err)
		return err;
	a->device = now.device;
	if (now.device.decision.outcome != BX_OUT_REFUSED)
		return 0;
	return hint_explain(h, ref->bus, ref->name,
			    fail(h, BX_FAULT_STATE, EPERM,
				 "device '%s/%s' is approved in %s, but still refused",
				 ref->bus, ref->name, list_text(where, a)));
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
	err = find_list(h, &s);
	if (err)
		return err;
	strcpy(a->bundle, s.bundle);
	a->approved = true;
	a->changed = !s.approved;
	if (a->changed)
		err = approver_change(h, a, true);
	return err ?: check_result(h, ref, a);
}

/* ---- revoke ---- */

static int find_approved(struct bx_handle *h, const struct approver *a, void *arg)
{
	struct bx_approval *of = arg;

	if (!approver_has(a, of->fingerprint))
		return 0;
	copy_name(of->bundle, sizeof(of->bundle), a->bundle);
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
	/* more than one list may have it */
	while (!ret && (ret = approvers_each(h, find_approved, a)) > 0) {
		ret = approver_change(h, a, false);
		a->changed |= !ret;
	}
	return ret;
}

/* ---- list ---- */

struct listing {
	struct bx_approval	*devices;	/* those that are there */
	size_t			count;
	char			bundle[BX_NAME_LEN];	/* whose list it is */
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
static int list_approved(const char *fingerprint, void *arg)
{
	struct bx_approval none = { .approved = true };
	struct listing *l = arg;
	bool there = false;
	int ret = 0;

	for (size_t i = 0; !ret && i < l->count; i++) {
		struct bx_approval *a = &l->devices[i];

		if (!a->there || strcmp(a->fingerprint, fingerprint))
			continue;
		there = true;
		a->approved = true;
		strcpy(a->bundle, l->bundle);
		ret = l->fn(a, l->arg);
	}
	if (there)
		return ret;
	strcpy(none.bundle, l->bundle);
	strcpy(none.fingerprint, fingerprint);
	return l->fn(&none, l->arg);
}

static int list_one(struct bx_handle *h, const struct approver *a, void *arg)
{
	struct listing *l = arg;
	int ret;

	copy_name(l->bundle, sizeof(l->bundle), a->bundle);
	ret = approver_list(a, list_approved, l);
	for (size_t i = 0; !ret && i < l->count; i++) {
		struct bx_approval *one = &l->devices[i];

		if (!one->there || approver_has(a, one->fingerprint) ||
		    !approver_refuses(h, a, &one->device))
			continue;
		one->approved = false;
		strcpy(one->bundle, a->bundle);
		ret = l->fn(one, l->arg);
	}
	return ret;
}

int bx_list_approvals(struct bx_handle *h, bx_approval_fn fn, void *arg)
{
	struct listing l = { .fn = fn, .arg = arg };
	int ret;

	ret = read_devices(h, &l) ?: approvers_each(h, list_one, &l);
	free(l.devices);
	return ret;
}

/* ---- for explain ---- */

static int has_refused(struct bx_handle *h, const struct approver *a, void *arg)
{
	return approver_refuses(h, a, arg);
}

bool bx_is_approvable(struct bx_handle *h, const struct bx_device_rec *rec)
{
	struct bx_device_rec copy = *rec;
	int ret;

	if (rec->decision.outcome != BX_OUT_REFUSED || rec->decision.by != BX_BY_SELECT)
		return false;
	ret = approvers_each(h, has_refused, &copy);
	if (ret < 0)
		error_forget(h);
	return ret > 0;
}
