// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: what a table of rules has
 */
#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "rules_text.h"

#define MOST_BUSES	64

/**
 * struct buses - the buses of a table
 * @name: their names
 * @count: for each, the number of rules
 * @n: number of buses
 */
struct buses {
	const char	*name[MOST_BUSES];
	size_t		count[MOST_BUSES];
	size_t		n;
};

static void count_bus(struct buses *b, const char *bus)
{
	size_t i;

	for (i = 0; i < b->n && strcmp(b->name[i], bus); i++)
		;
	if (i == b->n && b->n < MOST_BUSES)
		b->name[b->n++] = bus;
	if (i < MOST_BUSES)
		b->count[i]++;
}

static void tell_buses(const struct bx_rules *rules, bx_rules_count_fn fn, void *arg)
{
	struct buses b = {};

	for (size_t i = 0; i < rules->n; i++)
		count_bus(&b, rules->rule[i].bus);
	for (size_t i = 0; i < b.n; i++)
		fn("bus", b.name[i], b.count[i], arg);
}

static void tell_verdicts(const struct bx_rules *rules, bx_rules_count_fn fn, void *arg)
{
	static const char *const words[] = {
		[BX_RULE_DRIVER] = "driver", [BX_RULE_REFUSE] = "refuse",
		[BX_RULE_DEFER] = "defer", [BX_RULE_SCORE] = "score", [BX_RULE_PASS] = "pass",
		[BX_RULE_PART] = "part",
	};
	size_t count[sizeof(words) / sizeof(*words)] = {};

	for (size_t i = 0; i < rules->n; i++)
		count[rules->rule[i].verdict]++;
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (count[i])
			fn("verdict", words[i], count[i], arg);
}

static void tell_conditions(const struct bx_rules *rules, bx_rules_count_fn fn, void *arg)
{
	const struct rules_key *key;
	size_t none = 0;

	for (size_t i = 0; i < rules->n; i++)
		none += !rules->rule[i].nconds;
	if (none)
		fn("condition", "none", none, arg);
	for (size_t i = 0, count; (key = rules_key_at(i)); i++) {
		count = 0;
		for (size_t r = 0; r < rules->n; r++)
			for (size_t k = 0; k < rules->rule[r].nconds; k++)
				count += rules_key_of(&rules->rule[r].cond[k]) == key;
		if (count)
			fn("condition", key->name, count, arg);
	}
}

static void tell_options(const struct bx_rules *rules, bx_rules_count_fn fn, void *arg)
{
	size_t priority = 0, approved = 0, group = 0, any = 0;

	for (size_t i = 0; i < rules->n; i++) {
		const struct bx_rule *rule = &rules->rule[i];

		priority += rule->priority != 0;
		approved += rule->until_approved;
		group += rule->group != BX_RULE_NO_GROUP;
		any += rule->any_order;
	}
	if (group)
		fn("option", "group", group, arg);
	if (priority)
		fn("option", "priority", priority, arg);
	if (approved)
		fn("option", "until", approved, arg);
	if (any)
		fn("option", "any-order", any, arg);
}

static int compare_names(const void *a, const void *b)
{
	const char *const *one = a, *const *other = b;

	return strcmp(*one, *other);
}

/* Counts the different ones of some names, and sorts them. */
static size_t count_different(const char **name, size_t n)
{
	size_t different = 0;

	qsort(name, n, sizeof(*name), compare_names);
	for (size_t i = 0; i < n; i++)
		different += !i || strcmp(name[i], name[i - 1]);
	return different;
}

static int tell_different(const struct bx_rules *rules, bx_rules_count_fn fn, void *arg)
{
	const char **name = calloc(rules->n * BX_MAX_CHOICES + 1, sizeof(*name));
	size_t n = 0;

	if (!name)
		return -ENOMEM;
	for (size_t i = 0; i < rules->n; i++)
		name[n++] = rules->rule[i].pattern;
	fn("total", "patterns", count_different(name, n), arg);
	n = 0;
	for (size_t i = 0; i < rules->n; i++)
		for (unsigned int k = 0; k < rules->rule[i].ndrivers; k++)
			name[n++] = rules->rule[i].driver[k];
	fn("total", "drivers", count_different(name, n), arg);
	free(name);
	return 0;
}

int bx_rules_stats(struct bx_handle *h, const struct bx_rules *rules, bx_rules_count_fn fn,
		   void *arg)
{
	fn("total", "rules", rules->n, arg);
	fn("total", "files", rules->nfiles, arg);
	if (tell_different(rules, fn, arg))
		return fail(h, BX_FAULT_FAILED, ENOMEM, "out of memory");
	tell_buses(rules, fn, arg);
	tell_verdicts(rules, fn, arg);
	tell_conditions(rules, fn, arg);
	tell_options(rules, fn, arg);
	return 0;
}
