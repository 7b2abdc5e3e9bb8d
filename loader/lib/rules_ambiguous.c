// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: devices that several drivers of a kernel claim
 *
 * Two patterns have devices in common if one includes the other, or if both name the same
 * vendor and device.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "rules_import.h"
#include "rules_shape.h"
#include "rules_text.h"

#define DRIVERS	16	/* drivers of one ambiguous id that are told */

/**
 * struct claim - a pattern of the kernel
 * @alias: the pattern
 * @shape: its shape
 */
struct claim {
	const struct rules_alias	*alias;
	struct rules_shape		shape;
};

/**
 * struct search - the search for ambiguous ids
 * @h: the handle
 * @rules: rules to tell the winner, or NULL
 * @claim: the patterns
 * @n: number of patterns
 * @seen: hashes of ids that were told
 * @nseen: number of them
 * @room: number of hashes that memory is allocated for
 * @found: number of ambiguous ids
 * @fn: called for each
 * @arg: its second argument
 */
struct search {
	struct bx_handle	*h;
	const struct bx_rules	*rules;
	struct claim		*claim;
	size_t			n;
	char			**seen;
	size_t			nseen;
	size_t			room;
	int			found;
	bx_rules_ambiguous_fn	fn;
	void			*arg;
};

/* Keeps an id; returns 1 if it was told before. */
static int keep(struct search *s, const char *pattern)
{
	char **more;

	for (size_t i = 0; i < s->nseen; i++)
		if (!strcmp(s->seen[i], pattern))
			return 1;
	if (s->nseen == s->room) {
		size_t room = s->room ? 2 * s->room : 256;

		more = reallocarray(s->seen, room, sizeof(*more));
		if (!more)
			return -ENOMEM;
		s->seen = more;
		s->room = room;
	}
	s->seen[s->nseen] = strdup(pattern);
	return s->seen[s->nseen] ? (s->nseen++, 0) : -ENOMEM;
}

/* The drivers that claim all devices of a shape */
static size_t drivers_of(const struct search *s, const struct rules_shape *shape,
			 const char **driver)
{
	size_t n = 0, k;

	for (size_t i = 0; i < s->n; i++) {
		if (!rules_shape_includes(&s->claim[i].shape, shape))
			continue;
		for (size_t d = 0; d < s->claim[i].alias->n; d++) {
			const char *name = s->claim[i].alias->driver[d];

			for (k = 0; k < n && strcmp(driver[k], name); k++)
				;
			if (k == n && n < DRIVERS)
				driver[n++] = name;
		}
	}
	return n;
}

/* The rule that wins on a device of the shape, of which only the modalias is known */
static const struct bx_rule *winner_of(const struct search *s, const char *bus,
				       const struct rules_shape *shape)
{
	struct bx_rules_device device = {};

	if (!s->rules)
		return NULL;
	strcpy(device.dev.bus, bus);
	rules_shape_example(shape, 0, device.dev.modalias);
	rules_device_ids(&device.dev);
	device.dev.vf_index = -1;
	device.dev.numa_node = -1;
	device.dev.iommu_group = -1;
	return rules_select(s->rules, &device);
}

static int tell(struct search *s, const char *bus, const struct rules_shape *shape)
{
	const char *driver[DRIVERS];
	char pattern[RULES_SHAPE_TEXT];
	struct bx_rules_ambiguous a = { .bus = bus, .pattern = pattern, .driver = driver };
	const struct bx_rule *winner;
	char *verdict = NULL;
	int err;

	rules_shape_print(shape, pattern);
	err = keep(s, pattern);
	if (err)
		return err < 0 ? err : 0;
	a.ndrivers = drivers_of(s, shape, driver);
	winner = winner_of(s, bus, shape);
	if (winner) {
		verdict = rules_print_verdict(winner);
		if (!verdict)
			return -ENOMEM;
		a.file = winner->file;
		a.line = winner->line;
		a.verdict = verdict;
	}
	s->found++;
	if (s->fn)
		s->fn(&a, s->arg);
	free(verdict);
	return 0;
}

static bool same_drivers(const struct claim *a, const struct claim *b)
{
	return a->alias->n == 1 && b->alias->n == 1 &&
		!strcmp(a->alias->driver[0], b->alias->driver[0]);
}

static int search(struct search *s)
{
	struct rules_shape both;
	int err = 0;

	for (size_t i = 0; !err && i < s->n; i++) {
		const struct claim *a = &s->claim[i];

		if (a->alias->n > 1)
			err = tell(s, a->alias->bus, &a->shape);
		for (size_t k = i + 1; !err && k < s->n; k++)
			if (!same_drivers(a, &s->claim[k]) &&
			    rules_shape_related(&a->shape, &s->claim[k].shape, &both))
				err = tell(s, a->alias->bus, &both);
	}
	return err;
}

static int read_claims(struct search *s, const struct rules_aliases *list)
{
	s->claim = calloc(list->n ?: 1, sizeof(*s->claim));
	if (!s->claim)
		return -ENOMEM;
	for (size_t i = 0; i < list->n; i++) {
		struct claim *c = &s->claim[s->n];

		c->alias = &list->alias[i];
		/* on the others, a generic driver claims most devices */
		if (strcmp(c->alias->bus, "pci") && strcmp(c->alias->bus, "usb"))
			continue;
		if (rules_shape(c->alias->bus, c->alias->pattern, &c->shape) != RULES_FITS)
			continue;
		s->n++;
	}
	return 0;
}

int bx_rules_ambiguous(struct bx_handle *h, const struct bx_rules *rules, const char *path,
		       const char *bus, bx_rules_ambiguous_fn fn, void *arg)
{
	struct search s = { .h = h, .rules = rules, .fn = fn, .arg = arg };
	struct rules_aliases list;
	int err;

	err = rules_aliases_read(h, path, bus, &list);
	if (err)
		return err;
	err = read_claims(&s, &list);
	if (!err)
		err = search(&s);
	for (size_t i = 0; i < s.nseen; i++)
		free(s.seen[i]);
	free(s.seen);
	free(s.claim);
	rules_aliases_free(&list);
	return err ? fail(h, BX_FAULT_FAILED, ENOMEM, "out of memory") : s.found;
}
