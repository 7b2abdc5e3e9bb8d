// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: a machine as rules, and the comparison of a machine with rules
 *
 * Nothing is changed: a file of 'learn' describes which driver each device has, and 'expect'
 * tells the differences, also those of a rule that matches no device.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "rules_text.h"
#include "site.h"

/* ---- devices of the machine ---- */

/**
 * struct devices - devices of the machine with a modalias, which rules can name
 * @h: the handle
 * @bus: only this bus; NULL for all
 * @rec: the devices
 * @n: number of devices
 */
struct devices {
	struct bx_handle	*h;
	const char		*bus;
	struct bx_device_rec	*rec;
	size_t			n;
};

static int add_device(const struct bx_device_rec *rec, void *arg)
{
	struct devices *all = arg;
	struct bx_device_rec *more;

	if ((all->bus && strcmp(rec->dev.bus, all->bus)) || !rec->dev.modalias[0])
		return 0;
	more = reallocarray(all->rec, all->n + 1, sizeof(*more));
	if (!more)
		return fail(all->h, BX_FAULT_FAILED, ENOMEM, "out of memory");
	all->rec = more;
	all->rec[all->n++] = *rec;
	return 0;
}

/* *@device: the device for rules; NULL if it was removed meanwhile */
static int read_device(struct bx_handle *h, const struct bx_device_rec *rec,
		       struct bx_rules_device **device)
{
	struct bx_devref ref = {};
	int err;

	*device = NULL;
	memcpy(ref.bus, rec->dev.bus, sizeof(ref.bus));
	memcpy(ref.name, rec->dev.name, sizeof(ref.name));
	err = bx_rules_device_read(h, &ref, device);
	return err == -ENODEV ? 0 : err;
}

/* ---- learn ---- */

static int learn_device(struct bx_handle *h, const struct bx_device_rec *rec,
			bx_learned_fn fn, void *arg)
{
	struct bx_site_opts opts = { .driver = rec->driver[0] ? rec->driver : NULL };
	struct bx_rules_device *d;
	enum bx_identity by;
	char *text;
	int ret = read_device(h, rec, &d);

	if (ret || !d)
		return ret;
	ret = bx_site_propose(h, d, &opts, &by, &text);
	bx_rules_device_free(d);
	if (!ret)
		ret = fn(rec, text, arg);
	free(text);
	return ret;
}

int bx_learn(struct bx_handle *h, const char *bus, bx_learned_fn fn, void *arg)
{
	struct devices all = { .h = h, .bus = bus };
	int ret = bx_list_devices(h, add_device, &all);

	for (size_t i = 0; !ret && i < all.n; i++)
		ret = learn_device(h, &all.rec[i], fn, arg);
	free(all.rec);
	return ret;
}

/* ---- expect ---- */

/**
 * struct expecting - a comparison
 * @rules: the rules
 * @seen: of each rule: it has decided on a device
 * @fn: called for each difference
 * @arg: its argument
 * @n: number of differences
 */
struct expecting {
	const struct bx_rules	*rules;
	bool			*seen;
	bx_difference_fn	fn;
	void			*arg;
	int			n;
};

static void tell(struct expecting *e, const struct bx_rule *rule, const struct bx_device_rec *rec)
{
	struct bx_difference d = {
		.file = rule->file, .line = rule->line, .device = rec,
		.driver = rule->verdict == BX_RULE_DRIVER ? rule->driver[0] : "",
	};

	e->n++;
	e->fn(&d, e->arg);
}

static bool is_as_expected(const struct bx_rule *rule, const char *driver)
{
	if (rule->verdict != BX_RULE_DRIVER)
		return rule->verdict == BX_RULE_PASS || !driver[0];
	for (unsigned int i = 0; i < rule->ndrivers; i++)
		if (!strcmp(rule->driver[i], driver))
			return true;
	return false;
}

static int expect_device(struct bx_handle *h, struct expecting *e, const struct bx_device_rec *rec)
{
	const struct bx_rule *rule;
	struct bx_rules_device *d;
	int err = read_device(h, rec, &d);

	if (err || !d)
		return err;
	rule = rules_select(e->rules, d);
	bx_rules_device_free(d);
	if (!rule)
		return 0;
	e->seen[rule - e->rules->rule] = true;
	if (!is_as_expected(rule, rec->driver))
		tell(e, rule, rec);
	return 0;
}

int bx_expect(struct bx_handle *h, const struct bx_rules *rules, bx_difference_fn fn, void *arg)
{
	struct expecting e = { .rules = rules, .fn = fn, .arg = arg };
	struct devices all = { .h = h };
	int err;

	e.seen = calloc(rules->n + 1, sizeof(*e.seen));
	if (!e.seen)
		return fail(h, BX_FAULT_FAILED, ENOMEM, "out of memory");
	err = bx_list_devices(h, add_device, &all);
	for (size_t i = 0; !err && i < all.n; i++)
		err = expect_device(h, &e, &all.rec[i]);
	for (size_t i = 0; !err && i < rules->n; i++)
		if (!e.seen[i])
			tell(&e, &rules->rule[i], NULL);
	free(all.rec);
	free(e.seen);
	return err ?: e.n;
}
