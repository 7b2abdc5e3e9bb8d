// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: lists and requests
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "holders.h"

/* ---- words ---- */

const char *bx_decider_text(__u32 by)
{
	static const char *const keys[] = {
		[BX_BY_NONE]		= "none",
		[BX_BY_OVERRIDE]	= "driver_override",
		[BX_BY_HOOK]		= "hook",
		[BX_BY_SELECT]		= "select",
		[BX_BY_SCORE]		= "score",
		[BX_BY_ID_TABLE]	= "id_table",
		[BX_BY_KERNEL]		= "kernel",
		[BX_BY_QUARANTINE]	= "quarantine",
		[BX_BY_VETO]		= "veto",
	};

	return by < sizeof(keys) / sizeof(*keys) ? keys[by] : "unknown";
}

bool bx_is_quarantined(const struct bx_policy_rec *rec)
{
	return rec->ejected && rec->stage == BX_STAGE_ACTIVE &&
		(rec->flags & (BX_F_FAIL_CLOSED | BX_F_SHADOW)) ==
		BX_F_FAIL_CLOSED;
}

const char *bx_outcome_text(__u32 outcome)
{
	static const char *const keys[] = {
		[BX_OUT_NONE]		= "none",
		[BX_OUT_DRIVER]		= "driver",
		[BX_OUT_REFUSED]	= "refused",
		[BX_OUT_DEFERRED]	= "deferred",
		[BX_OUT_ABSENT]		= "absent",
	};

	return outcome < sizeof(keys) / sizeof(*keys) ? keys[outcome] :
		"unknown";
}

const char *bx_fact_text(__u32 fact)
{
	static const char *const keys[] = {
		[BX_FACT_PATH]		= "path",
		[BX_FACT_SLOT]		= "slot",
		[BX_FACT_SERIAL]	= "serial",
		[BX_FACT_MANUFACTURER]	= "manufacturer",
		[BX_FACT_PRODUCT]	= "product",
		[BX_FACT_INTERFACES]	= "interfaces",
		[BX_FACT_MAC]		= "mac",
		[BX_FACT_REMOVABLE]	= "removable",
		[BX_FACT_UNTRUSTED]	= "untrusted",
		[BX_FACT_HOTPLUGGED]	= "hotplugged",
		[BX_FACT_BOOT_VGA]	= "boot_vga",
		[BX_FACT_ACPI_PATH]	= "acpi_path",
		[BX_FACT_ACPI_HID]	= "acpi_hid",
		[BX_FACT_ACPI_INDEX]	= "acpi_index",
		[BX_FACT_LABEL]		= "label",
		[BX_FACT_OF_NODE]	= "of_node",
		[BX_FACT_SYS_VENDOR]	= "dmi.sys_vendor",
		[BX_FACT_PRODUCT_NAME]	= "dmi.product_name",
		[BX_FACT_PRODUCT_VERSION] = "dmi.product_version",
		[BX_FACT_PRODUCT_SKU]	= "dmi.product_sku",
		[BX_FACT_BOARD_VENDOR]	= "dmi.board_vendor",
		[BX_FACT_BOARD_NAME]	= "dmi.board_name",
		[BX_FACT_BIOS_VERSION]	= "dmi.bios_version",
		[BX_FACT_BOOT]		= "boot",
		[BX_FACT_FINGERPRINT]	= "fingerprint",
		[BX_FACT_AT_BOOT]	= "at_boot",
		[BX_FACT_CONFIGURATION]	= "configuration",
	};

	return fact < sizeof(keys) / sizeof(*keys) ? keys[fact] : "unknown";
}

bool bx_fact_is_machine(__u32 fact)
{
	return fact >= BX_FACT_SYS_VENDOR && fact <= BX_FACT_BOOT;
}

/* ---- lists ---- */

void records_free(struct records *r)
{
	free(r->data);
	r->data = NULL;
	r->count = 0;
	r->room = 0;
}

typedef int (*record_fn)(const void *rec, void *arg);

static int for_each(struct bx_handle *h, enum request which,
		    const struct bx_devref *ref, size_t size,
		    record_fn fn, void *arg)
{
	struct records recs;
	size_t i;
	int ret;

	ret = control_list(h, which, ref, size, &recs);
	for (i = 0; !ret && i < recs.count; i++)
		ret = fn(record(&recs, i), arg);
	records_free(&recs);
	return ret;
}

/* Defines a function that passes a record to a callback with its type. */
#define DEFINE_THUNK(what) \
struct what##_call { \
	bx_##what##_fn	fn; \
	void		*arg; \
}; \
static int what##_thunk(const void *rec, void *arg) \
{ \
	const struct what##_call *call = arg; \
\
	return call->fn(rec, call->arg); \
}

/* Defines a list function whose callback has a typed record. */
#define DEFINE_LIST(what, list, which, rec_type) \
DEFINE_THUNK(what) \
int bx_##list(struct bx_handle *h, bx_##what##_fn fn, void *arg) \
{ \
	struct what##_call call = { fn, arg }; \
\
	return for_each(h, which, NULL, sizeof(struct rec_type), \
			what##_thunk, &call); \
}

DEFINE_LIST(device, list_devices, LIST_DEVICES, bx_device_rec)
DEFINE_LIST(driver, list_drivers, LIST_DRIVERS, bx_driver_rec)
DEFINE_LIST(policy, list_policies, LIST_POLICIES, bx_policy_rec)
DEFINE_LIST(exit, list_exits, LIST_EXITS, bx_exit_info)

/*
 * Defines a list function for a device.  A missing one would give an empty list: it is
 * checked first.
 */
#define DEFINE_LIST_OF_DEVICE(what, list, which, rec_type) \
DEFINE_THUNK(what) \
int bx_##list(struct bx_handle *h, const struct bx_devref *ref, \
	      bx_##what##_fn fn, void *arg) \
{ \
	struct what##_call call = { fn, arg }; \
	struct bx_devref whole = *ref; \
	struct bx_device_rec rec; \
	int err = bx_get_device(h, &whole, &rec); \
\
	return err ?: for_each(h, which, &whole, sizeof(struct rec_type), \
			       what##_thunk, &call); \
}

DEFINE_LIST_OF_DEVICE(fact, list_facts, LIST_FACTS, bx_fact_rec)
DEFINE_LIST_OF_DEVICE(opinion, list_opinions, LIST_OPINIONS, bx_opinion)

struct policy_search {
	const char		*key;
	struct bx_policy_rec	*rec;
};

static int match_policy(const struct bx_policy_rec *rec, void *arg)
{
	struct policy_search *search = arg;
	char key[BX_SHOWN_LEN];

	if (rec->stage != BX_STAGE_ACTIVE ||
	    strcmp(bx_policy_key(key, rec->name, rec->flags), search->key))
		return 0;
	*search->rec = *rec;
	return 1;
}

/* Returns 1 when the policy of that key is active, 0 when it is not. */
int find_policy(struct bx_handle *h, const char *key,
		struct bx_policy_rec *rec)
{
	struct policy_search search = { key, rec };

	return bx_list_policies(h, match_policy, &search);
}

int bx_parse_device(struct bx_handle *h, const char *text, const char *bus,
		    struct bx_devref *ref)
{
	const char *slash = strchr(text, '/');
	const char *name = slash ? slash + 1 : text;
	size_t bus_len;

	if (slash)
		bus = text;
	bus_len = slash ? (size_t)(slash - text) : strlen(bus ?: "");
	if (!name[0] || (slash && !bus_len))
		return fail(h, BX_FAULT_USAGE, EINVAL,
			    "'%s' is not a device: write NAME, BUS/NAME or a GUID",
			    text);
	if (bus_len >= sizeof(ref->bus) || strlen(name) >= sizeof(ref->name))
		return fail(h, BX_FAULT_USAGE, EINVAL,
			    "'%s' is too long for a device", text);
	memset(ref, 0, sizeof(*ref));
	memcpy(ref->bus, bus ?: "", bus_len);
	strcpy(ref->name, name);
	return 0;
}

struct bus_search {
	const char	*name;
	char		buses[256];
};

static int collect_bus(const struct bx_device_rec *rec, void *arg)
{
	struct bus_search *search = arg;
	size_t len = strlen(search->buses);

	if (!strcmp(rec->dev.name, search->name))
		snprintf(search->buses + len, sizeof(search->buses) - len,
			 "%s'%s/%s'", len ? " or " : "", rec->dev.bus,
			 rec->dev.name);
	return 0;
}

static int is_bus(const char *bus, void *arg)
{
	return !strcmp(bus, arg);
}

static int no_bus(struct bx_handle *h, const char *bus)
{
	return hint(h, BX_HINT_BUSES, NULL,
		    fail(h, BX_FAULT_USAGE, ENODEV,
			 "there is no bus '%s' that policies decide on", bus));
}

static int device_failed(struct bx_handle *h, const struct bx_devref *ref,
			 int64_t err)
{
	struct bus_search search = { .name = ref->name };

	switch (err) {
	case -ENODEV:
		if (ref->bus[0] && !bx_list_buses(h, is_bus, (void *)ref->bus))
			return no_bus(h, ref->bus);
		if (ref->bus[0])
			return fail(h, BX_FAULT_USAGE, err,
				    "there is no device '%s' on the bus '%s'",
				    ref->name, ref->bus);
		return hint(h, BX_HINT_DEVICES, NULL,
			    fail(h, BX_FAULT_USAGE, err,
				 "there is no device '%s'", ref->name));
	case -ENOTUNIQ:
		if (bx_list_devices(h, collect_bus, &search))
			search.buses[0] = '\0';
		return fail(h, BX_FAULT_USAGE, err,
			    "several buses have a device '%s'; use %s",
			    ref->name, search.buses[0] ? search.buses :
			    "BUS/NAME");
	default:
		return fail(h, BX_FAULT_FAILED, err,
			    "cannot look at device '%s': %s", ref->name,
			    strerror(-err));
	}
}

int bx_get_device(struct bx_handle *h, struct bx_devref *ref,
		  struct bx_device_rec *rec)
{
	int64_t result;
	int err;

	err = control_call(h, GET_DEVICE, ref, rec, &result);
	if (err)
		return err;
	if (result)
		return device_failed(h, ref, result);
	copy_name(ref->bus, sizeof(ref->bus), rec->dev.bus);
	copy_name(ref->name, sizeof(ref->name), rec->dev.name);
	return 0;
}

/* Returns 0 when the kernel accepted a request or refused it; @result takes the refusal. */
static int accepted(struct bx_handle *h, int64_t ticket, int64_t *result)
{
	*result = ticket < 0 ? ticket : ticket ? -EINPROGRESS : -EIO;
	if (ticket != -EBUSY)
		return 0;
	return hint(h, BX_HINT_DMESG, NULL,
		    fail(h, BX_FAULT_STATE, ticket,
			 "too many requests wait in the kernel, for a driver that is not done"));
}

/* The kernel keeps the last results, but not for ever. */
static int lost(struct bx_handle *h)
{
	return fail(h, BX_FAULT_STATE, ESTALE,
		    "the result is not known: the kernel has dropped it, after many newer ones");
}

/*
 * Waits for a request to the kernel's thread.  @result takes the result of the request.
 * On an error it is -EINPROGRESS when the result is not known; the error is -ETIMEDOUT
 * when there is no result yet.
 */
static int await_ticket(struct bx_handle *h, int64_t ticket, int64_t *result)
{
	uint64_t end = now_ms() + h->timeout_ms, now;
	char time[32];
	int err;

	err = accepted(h, ticket, result);
	if (err || *result != -EINPROGRESS)
		return err;
	do {
		now = now_ms();
		err = control_wait(h, ticket, now >= end ? 0 :
				   end - now < 1000 ? end - now : 1000,
				   result);
		if (err)
			break;
		/* a signal has ended the wait, but not the request */
		if (*result == -EINTR)
			*result = -EINPROGRESS;
		if (*result == -ESTALE)
			err = lost(h);
		if (err || *result != -EINPROGRESS)
			break;
	} while (now < end);
	if (err)
		*result = -EINPROGRESS;
	if (err || *result != -EINPROGRESS)
		return err;
	return fail(h, BX_FAULT_STATE, ETIMEDOUT,
		    "the kernel is not done after %s",
		    seconds_text(time, sizeof(time), h->timeout_ms));
}

static int await(struct bx_handle *h, enum request which,
		 const struct bx_devref *ref, int64_t *result)
{
	int64_t ticket;
	int err;

	err = control_call(h, which, ref, NULL, &ticket);
	return err ?: await_ticket(h, ticket, result);
}

/*
 * Activates policies and deactivates others; @result takes the kernel's result.  With an
 * error, it is -EINPROGRESS when it is not known whether the commit was done.
 */
int commit_policies(struct bx_handle *h, const struct bx_commit *change,
		    int64_t *result)
{
	int64_t ticket;
	int err;

	*result = 0;
	err = control_commit(h, change, &ticket);
	return err ?: await_ticket(h, ticket, result);
}

int bx_settle(struct bx_handle *h)
{
	int64_t result;
	int err;

	err = await(h, SETTLE, NULL, &result);
	if (err)
		return err;
	if (result < 0)
		return fail(h, BX_FAULT_FAILED, result,
			    "cannot wait for the kernel: %s",
			    strerror(-result));
	return 0;
}

int bx_reelect(struct bx_handle *h, const char *bus)
{
	struct bx_devref ref = {};
	int64_t result;
	int err;

	if (bus && strlen(bus) >= sizeof(ref.bus))
		return fail(h, BX_FAULT_USAGE, EINVAL,
			    "'%s' is too long for a bus", bus);
	strcpy(ref.bus, bus ?: "");
	err = await(h, REELECT, &ref, &result);
	if (err)
		return err;
	if (result == -ENODEV && bus)
		return no_bus(h, bus);
	if (result < 0)
		return fail(h, BX_FAULT_FAILED, result, "cannot re-elect: %s",
			    strerror(-result));
	return 0;
}

static int rebind_failed(struct bx_handle *h, const struct bx_devref *ref,
			 const struct bx_device_rec *rec, int64_t result)
{
	const struct bx_decision *d = &rec->decision;

	if (result != -EAGAIN)
		return result == -ENODEV ? device_failed(h, ref, result) :
			fail(h, BX_FAULT_FAILED, result,
			     "cannot rebind '%s/%s': %s", ref->bus, ref->name,
			     strerror(-result));
	if (d->probe_error)
		return hint(h, BX_HINT_DMESG, NULL,
			    fail(h, BX_FAULT_STATE, result,
				 "'%s/%s' has no driver now: the probe of '%s' failed: %s",
				 ref->bus, ref->name, d->driver,
				 strerror(-d->probe_error)));
	if (rec->driver[0])
		return hint_explain(h, ref->bus, ref->name,
				    fail(h, BX_FAULT_STATE, result,
					 "'%s/%s' has the driver '%s', which was not elected",
					 ref->bus, ref->name, rec->driver));
	if (d->outcome == BX_OUT_ABSENT)
		return hint_explain(h, ref->bus, ref->name,
				    fail(h, BX_FAULT_STATE, result,
					 "'%s/%s' has no driver now: '%s' was elected, which is not registered",
					 ref->bus, ref->name, d->driver));
	return hint_explain(h, ref->bus, ref->name,
			    fail(h, BX_FAULT_STATE, result,
				 "'%s/%s' has no driver now, though '%s' was elected",
				 ref->bus, ref->name, d->driver));
}

/* Checks that the bound driver is the elected one. */
static int check_bound(struct bx_handle *h, const struct bx_device_rec *rec)
{
	const struct bx_decision *d = &rec->decision;

	if (d->outcome == BX_OUT_DRIVER && d->by != BX_BY_KERNEL &&
	    strcmp(rec->driver, d->driver))
		return hint_explain(h, rec->dev.bus, rec->dev.name,
			fail(h, BX_FAULT_STATE, EAGAIN,
			     "'%s/%s' has the driver '%s', though '%s' was elected",
			     rec->dev.bus, rec->dev.name,
			     rec->driver[0] ? rec->driver : "none", d->driver));
	if (d->outcome == BX_OUT_ABSENT && strcmp(rec->driver, d->driver))
		return hint_explain(h, rec->dev.bus, rec->dev.name,
			fail(h, BX_FAULT_STATE, EAGAIN,
			     "'%s/%s' has the driver '%s', though '%s' was elected, which is not registered",
			     rec->dev.bus, rec->dev.name,
			     rec->driver[0] ? rec->driver : "none", d->driver));
	if (d->outcome == BX_OUT_REFUSED && rec->driver[0])
		return fail(h, BX_FAULT_STATE, EAGAIN,
			    "'%s/%s' has the driver '%s', though every driver was refused",
			    rec->dev.bus, rec->dev.name, rec->driver);
	return 0;
}

int bx_clear_exits(struct bx_handle *h)
{
	char path[PATH_MAX];
	int err;

	err = bx_check_kernel(h);
	if (err)
		return err;
	snprintf(path, sizeof(path), "%s/kernel/bus_ext/ejected", h->sysfs);
	err = write_sysfs(path, "clear");
	if (!err)
		return 0;
	return fail(h, err == EPERM || err == EACCES ? BX_FAULT_PERMISSION :
		    BX_FAULT_FAILED, err,
		    "cannot clear the list of ejections: '%s': %s", path,
		    strerror(err));
}

static int keep_decision(const struct bx_opinion *o, void *arg)
{
	if (o->kind == BX_OPN_DECISION)
		*(struct bx_opinion *)arg = *o;
	return 0;
}

/* Checks that nothing uses a device that would lose its driver. */
int check_unused(struct bx_handle *h, const struct bx_devref *ref,
		 const struct bx_device_rec *rec)
{
	struct bx_opinion decision = {};
	int err;

	if (!rec->driver[0])
		return 0;
	err = bx_list_opinions(h, ref, keep_decision, &decision);
	if (err || !strcmp(rec->driver, decision.driver))
		return err;
	return holders_refuse(h, ref);
}

/* Waits for the elected driver, which the kernel may be loading. */
static int await_driver(struct bx_handle *h, struct bx_devref *ref,
			struct bx_device_rec *rec)
{
	int err = bx_get_device(h, ref, rec);

	if (err || rec->decision.outcome != BX_OUT_ABSENT ||
	    !strcmp(rec->driver, rec->decision.driver))
		return err;
	err = bx_settle(h);
	return err ?: bx_get_device(h, ref, rec);
}

int bx_rebind(struct bx_handle *h, struct bx_devref *ref,
	      unsigned int flags, struct bx_device_rec *rec)
{
	char before[BX_NAME_LEN], time[32];
	int64_t result;
	int err;

	err = bx_get_device(h, ref, rec);
	if (!err && !(flags & BX_REBIND_FORCE))
		err = check_unused(h, ref, rec);
	if (err)
		return err;
	copy_name(before, sizeof(before), rec->driver);
	err = await(h, REBIND, ref, &result);
	if (err == -ETIMEDOUT)
		return hint_explain(h, ref->bus, ref->name,
			fail(h, BX_FAULT_STATE, err,
			     "'%s/%s' is still unbinding or binding after %s: something may hold the device open; the kernel continues",
			     ref->bus, ref->name,
			     seconds_text(time, sizeof(time), h->timeout_ms)));
	if (err)
		return err;
	/* the device may be removed meanwhile: the result of the request tells that better */
	err = await_driver(h, ref, rec);
	if (result < 0)
		return rebind_failed(h, ref, rec, result);
	if (!err)
		err = check_bound(h, rec);
	return err ?: strcmp(before, rec->driver) != 0;
}

const char *bx_verdict_text(__s32 verdict)
{
	if (verdict < 0)
		return "deny";
	return verdict == BX_CALL_HANDLED ? "handled" :
		verdict == BX_CALL_REDIRECT ? "redirect" : "pass";
}
