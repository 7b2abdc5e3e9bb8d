// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: policies and devices before a change, compared with those after it
 *
 * A change that was rolled back has an effect on devices that were bound meanwhile: only
 * their state shows it.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "internal.h"

int snapshot_take(struct bx_handle *h, struct snapshot *s)
{
	int err;

	err = control_list(h, LIST_POLICIES, NULL, sizeof(struct bx_policy_rec),
			   &s->policies);
	if (!err)
		err = control_list(h, LIST_DEVICES, NULL,
				   sizeof(struct bx_device_rec), &s->devices);
	return err;
}

void snapshot_free(struct snapshot *s)
{
	records_free(&s->policies);
	records_free(&s->devices);
}

#define LISTED	3	/* largest number of differences in a message */

/**
 * struct differences - differences between two snapshots
 * @buf: takes a description of the first differences
 * @size: size of @buf
 * @at: length of the text
 * @count: number of differences
 */
struct differences {
	char		*buf;
	size_t		size;
	size_t		at;
	unsigned int	count;
};

static void add(struct differences *d, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void add(struct differences *d, const char *fmt, ...)
{
	va_list args;

	if (d->count++ >= LISTED || d->at >= d->size)
		return;
	if (d->at)
		d->at += snprintf(d->buf + d->at, d->size - d->at, ", ");
	if (d->at >= d->size)
		return;
	va_start(args, fmt);
	d->at += vsnprintf(d->buf + d->at, d->size - d->at, fmt, args);
	va_end(args);
}

/* ---- policies ---- */

static bool is_active(const struct bx_policy_rec *rec)
{
	return rec->stage == BX_STAGE_ACTIVE &&
		(!rec->ejected || bx_is_quarantined(rec));
}

/* Finds the active policy of a key. */
static const struct bx_policy_rec *active(const struct snapshot *s,
					  const char *key)
{
	char found[BX_SHOWN_LEN];

	for (size_t i = 0; i < s->policies.count; i++) {
		const struct bx_policy_rec *rec = record(&s->policies, i);

		bx_policy_key(found, rec->name, rec->flags);
		if (is_active(rec) && !strcmp(found, key))
			return rec;
	}
	return NULL;
}

/* Compares without the identity and the counters, which are new after attaching again. */
static bool is_same(const struct bx_policy_rec *a,
		    const struct bx_policy_rec *b)
{
	return !strcmp(a->bus, b->bus) && a->vendor == b->vendor &&
		a->priority == b->priority && a->version == b->version &&
		a->flags == b->flags;
}

static void compare_policies(const struct snapshot *before,
			     const struct snapshot *after,
			     struct differences *d)
{
	char key[BX_SHOWN_LEN];

	for (size_t i = 0; i < before->policies.count; i++) {
		const struct bx_policy_rec *rec = record(&before->policies, i);
		const struct bx_policy_rec *now;

		bx_policy_key(key, rec->name, rec->flags);
		now = active(after, key);

		if (!is_active(rec) || (now && is_same(rec, now)))
			continue;
		if (now)
			add(d, "policy '%s' is another one (version %u, before: %u)",
			    key, now->version, rec->version);
		else
			add(d, "policy '%s' is not active", key);
	}
	for (size_t i = 0; i < after->policies.count; i++) {
		const struct bx_policy_rec *rec = record(&after->policies, i);

		bx_policy_key(key, rec->name, rec->flags);
		if (is_active(rec) && !active(before, key))
			add(d, "policy '%s' is active", key);
	}
}

/* ---- devices ---- */

static const struct bx_device_rec *find_device(const struct snapshot *s,
					       const struct bx_dev_info *dev,
					       size_t guess)
{
	for (size_t i = 0; i < s->devices.count; i++) {
		const struct bx_device_rec *rec =
			record(&s->devices, (guess + i) % s->devices.count);

		if (!strcmp(rec->dev.name, dev->name) &&
		    !strcmp(rec->dev.bus, dev->bus))
			return rec;
	}
	return NULL;
}

/* Compares decisions only of unbound devices; a bound one keeps its driver. */
static bool decided_differently(const struct bx_device_rec *a,
				const struct bx_device_rec *b)
{
	return !a->driver[0] && !b->driver[0] &&
		(a->decision.outcome != b->decision.outcome ||
		 strcmp(a->decision.driver, b->decision.driver));
}

/* Ignores devices that were added or removed, which a change of policies does not cause. */
static void compare_devices(const struct snapshot *before,
			    const struct snapshot *after,
			    struct differences *d)
{
	for (size_t i = 0; i < before->devices.count; i++) {
		const struct bx_device_rec *rec = record(&before->devices, i);
		const struct bx_device_rec *now = find_device(after, &rec->dev,
							      i);

		if (!now)
			continue;
		if (strcmp(rec->driver, now->driver))
			add(d, "device '%s/%s' has %s%s%s (before: %s)",
			    rec->dev.bus, rec->dev.name,
			    now->driver[0] ? "the driver '" : "no driver",
			    now->driver, now->driver[0] ? "'" : "",
			    rec->driver[0] ? rec->driver : "none");
		else if (decided_differently(rec, now))
			add(d, "the decision on device '%s/%s' is '%s' (before: '%s')",
			    rec->dev.bus, rec->dev.name,
			    bx_outcome_text(now->decision.outcome),
			    bx_outcome_text(rec->decision.outcome));
	}
}

/*
 * Compares @before with the current state; @buf takes a description of the first
 * differences.  Returns their number, or an errno with a message.
 */
int snapshot_compare(struct bx_handle *h, const struct snapshot *before,
		     char *buf, size_t size)
{
	struct differences d = { .buf = buf, .size = size };
	struct snapshot after = {};
	int err;

	buf[0] = '\0';
	err = snapshot_take(h, &after);
	if (!err) {
		compare_policies(before, &after, &d);
		compare_devices(before, &after, &d);
	}
	snapshot_free(&after);
	if (d.count > LISTED && d.at < size)
		snprintf(buf + d.at, size - d.at, " and %u more",
			 d.count - LISTED);
	return err ?: (int)d.count;
}
