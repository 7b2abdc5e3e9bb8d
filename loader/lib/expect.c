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
#include "machine.h"

/* Rules name devices by their modalias. */
static bool is_named(const struct machine_device *d)
{
	return d->rec.dev.modalias[0];
}

/* ---- learn ---- */

static int learn_device(struct bx_handle *h, const struct machine_device *d,
			bx_learned_fn fn, void *arg)
{
	const char *driver = d->rec.driver;
	struct bx_site_opts opts = { .driver = driver[0] ? driver : NULL };
	enum bx_identity by;
	char *text;
	int ret = bx_site_propose(h, d->rules, &opts, &by, &text);

	if (!ret)
		ret = fn(&d->rec, text, arg);
	free(text);
	return ret;
}

int bx_learn(struct bx_handle *h, const char *bus, bx_learned_fn fn, void *arg)
{
	struct machine m;
	int ret = machine_read(h, bus, &m);

	for (size_t i = 0; !ret && i < m.n; i++)
		if (is_named(&m.device[i]))
			ret = learn_device(h, &m.device[i], fn, arg);
	machine_free(&m);
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

static void expect_device(struct expecting *e, const struct machine_device *d)
{
	const struct bx_rule *rule = rules_select(e->rules, d->rules);

	if (!rule)
		return;
	e->seen[rule - e->rules->rule] = true;
	if (!is_as_expected(rule, d->rec.driver))
		tell(e, rule, &d->rec);
}

int bx_expect(struct bx_handle *h, const struct bx_rules *rules, bx_difference_fn fn, void *arg)
{
	struct expecting e = { .rules = rules, .fn = fn, .arg = arg };
	struct machine m;
	int err;

	e.seen = calloc(rules->n + 1, sizeof(*e.seen));
	if (!e.seen)
		return fail(h, BX_FAULT_FAILED, ENOMEM, "out of memory");
	err = machine_read(h, NULL, &m);
	for (size_t i = 0; !err && i < m.n; i++)
		if (is_named(&m.device[i]))
			expect_device(&e, &m.device[i]);
	for (size_t i = 0; !err && i < rules->n; i++)
		if (!e.seen[i])
			tell(&e, &rules->rule[i], NULL);
	machine_free(&m);
	free(e.seen);
	return err ?: e.n;
}
