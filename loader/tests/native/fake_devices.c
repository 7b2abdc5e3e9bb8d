// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * Native tests: the tests' own kernel: devices that a test adds, with their elections
 */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/internal.h"
#include "fake.h"
#include "fake_kernel.h"

/* ---- requests ---- */

struct fake_device *fake_find_device(const struct bx_devref *ref)
{
	for (int i = 0; ref && i < FAKE_DEVICES; i++)
		if (fake->more[i].there && !strcmp(fake->more[i].rec.dev.name, ref->name))
			return &fake->more[i];
	return NULL;
}

void fake_list_opinions(const struct bx_devref *ref, struct records *out)
{
	const struct fake_device *d = fake_find_device(ref);

	fake_add_record(out, d ? &d->opinion : &fake->opinion);
}

/* The devices below one vanish with its driver. */
static void unbind(struct bx_device_rec *rec)
{
	for (int i = 0; i < FAKE_DEVICES; i++)
		if (!strcmp(fake->more[i].rec.dev.parent, rec->dev.name))
			fake->more[i].there = false;
	rec->driver[0] = '\0';
}

/* driver_override, which a test may write as a file */
static bool read_override(const char *name, struct bx_opinion *o)
{
	char path[PATH_MAX], driver[BX_NAME_LEN] = "";
	FILE *f;

	snprintf(path, sizeof(path), "%s/bus/pci/devices/%s/driver_override", fake->sysfs,
		 name);
	f = fopen(path, "re");
	if (!f)
		return false;
	if (fscanf(f, "%31s", driver) == 1) {
		*o = (struct bx_opinion) {
			.kind = BX_OPN_DECISION, .by = BX_BY_OVERRIDE, .verdict = BX_OUT_DRIVER,
		};
		strcpy(o->driver, driver);
	}
	fclose(f);
	return driver[0];
}

/* Returns as bx_override_rebind(). */
int64_t fake_rebind(const struct bx_devref *ref)
{
	struct fake_device *d = fake_find_device(ref);
	struct bx_device_rec *rec = d ? &d->rec : &fake->device;
	const struct bx_opinion *o = d ? &d->opinion : &fake->opinion;
	struct bx_opinion override;
	char before[BX_NAME_LEN];

	if (read_override(ref->name, &override))
		o = &override;
	if (!d && strcmp(ref->name, rec->dev.name))
		return -ENODEV;
	if (fake->signal_at && !--fake->signal_at)
		raise(SIGTERM);
	strcpy(before, rec->driver);
	bx_set_decision(rec, o);
	rec->decision.generation = 1;
	if (!strcmp(before, rec->decision.driver))
		return 0;
	unbind(rec);
	if (!strcmp(rec->decision.driver, "broken")) {
		rec->decision.probe_error = -EIO;
		return -EAGAIN;
	}
	if (o->verdict == BX_OUT_DRIVER)
		strcpy(rec->driver, rec->decision.driver);
	return 1;
}

/* ---- for the test ---- */

/* BY:OUTCOME:DRIVER, and :POLICY; for a deferred device the number of deferrals */
static int parse_decision(const char *text, struct bx_decision *d)
{
	char copy[200], *rest = copy;
	const char *by, *outcome, *driver, *policy;

	copy_name(copy, sizeof(copy), text);
	by = strsep(&rest, ":");
	outcome = strsep(&rest, ":");
	driver = strsep(&rest, ":") ?: "";
	policy = strsep(&rest, ":") ?: "scripted";
	if (!outcome || strlen(driver) >= BX_NAME_LEN || strlen(policy) >= BX_NAME_LEN)
		return -1;
	*d = (struct bx_decision) { .driver_state = BX_DRIVER_ABSENT };
	while (strcmp(bx_decider_text(d->by), by))
		if (!strcmp(bx_decider_text(d->by++), "unknown"))
			return -1;
	while (strcmp(bx_outcome_text(d->outcome), outcome))
		if (!strcmp(bx_outcome_text(d->outcome++), "unknown"))
			return -1;
	if (d->outcome == BX_OUT_DEFERRED)
		d->deferrals = atoi(driver);
	else
		strcpy(d->driver, driver);
	if (d->by == BX_BY_SELECT)
		strcpy(d->policy, policy);
	d->generation = 1;
	for (int i = 0; i < FAKE_POLICIES; i++)
		if (fake->policy[i].link)
			d->policy_id = fake->policy[i].rec.id;
	if (!d->policy_id)
		d->policy_id = ~0ULL;	/* of one that is detached */
	return 0;
}

int fake_decide(const char *driver, const char *last, const char *now)
{
	struct bx_device_rec *rec = &fake->device;
	struct bx_decision d;

	if (strlen(driver) >= sizeof(rec->driver) ||
	    parse_decision(last, &rec->decision) || parse_decision(now, &d))
		return -1;
	fake->scripted = true;
	strcpy(rec->driver, driver);
	fake->opinion = (struct bx_opinion) {
		.kind = BX_OPN_DECISION, .verdict = d.outcome, .by = d.by,
		.driver_state = d.driver_state,
	};
	strcpy(fake->opinion.driver, d.driver);
	strcpy(fake->opinion.policy, d.policy);
	return 0;
}

void fake_fingerprint(const char *print)
{
	copy_name(fake->fingerprint, sizeof(fake->fingerprint), print);
}

void fake_list_facts(const struct bx_devref *ref, struct records *out)
{
	struct bx_fact_rec rec = { .fact = BX_FACT_FINGERPRINT, .name = "fingerprint" };

	if (!fake->fingerprint[0] || strcmp(ref->name, fake->device.dev.name))
		return;
	strcpy(rec.value, fake->fingerprint);
	fake_add_record(out, &rec);
	rec = (struct bx_fact_rec) { BX_FACT_PRODUCT, 0, "product", "Disk" };
	fake_add_record(out, &rec);
}

void fake_elect(void)
{
	struct bx_device_rec *rec = &fake->device;

	if (!fake->fingerprint[0] || rec->driver[0])
		return;
	bx_set_decision(rec, &fake->opinion);
	strcpy(rec->driver, fake->opinion.driver);
}

int fake_add_device(const char *name, const char *driver, const char *now,
		    const char *parent)
{
	struct bx_decision d;

	for (int i = 0; i < FAKE_DEVICES; i++) {
		struct fake_device *new = &fake->more[i];

		if (new->there)
			continue;
		if (parse_decision(now, &d))
			return -1;
		*new = (struct fake_device) { .there = true, .rec = fake->device };
		new->rec.decision = (struct bx_decision) { .by = BX_BY_KERNEL };
		copy_name(new->rec.dev.name, sizeof(new->rec.dev.name), name);
		copy_name(new->rec.dev.parent, sizeof(new->rec.dev.parent), parent ?: "");
		copy_name(new->rec.driver, sizeof(new->rec.driver), driver);
		new->opinion = (struct bx_opinion) {
			.kind = BX_OPN_DECISION, .verdict = d.outcome, .by = d.by,
			.driver_state = d.driver_state, .policy_id = d.policy_id,
		};
		strcpy(new->opinion.driver, d.driver);
		strcpy(new->opinion.policy, d.policy);
		return 0;
	}
	return -1;
}

int fake_group(const char *name, int group)
{
	struct bx_devref ref = {};
	struct fake_device *d;

	copy_name(ref.name, sizeof(ref.name), name);
	d = fake_find_device(&ref);
	if (d)
		d->rec.dev.iommu_group = group;
	return d ? 0 : -1;
}

void fake_no_devices(void)
{
	memset(fake->more, 0, sizeof(fake->more));
}

void fake_drivers(char *buf, size_t size)
{
	size_t at = 0;

	buf[0] = '\0';
	for (int i = 0; i < FAKE_DEVICES && at < size; i++)
		if (fake->more[i].there)
			at += snprintf(buf + at, size - at, " %s:%s",
				       fake->more[i].rec.dev.name, fake->more[i].rec.driver);
}
