// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: the arrays of a table of rules: what is used, chains, allocation
 *
 * Elections read the arrays while they are written.  An entry is complete before the one
 * store that makes it reachable, and none is written again before it was unlinked and all
 * elections have ended that could be at it.  A process that dies leaves a table that is
 * valid for the active generation.
 */
#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "rules_table.h"

static void wrote(struct rt_store *s)
{
	s->writes++;
	if (s->written)
		s->written(s);
}

#define publish(s, place, value) do { \
	__atomic_store_n(place, value, __ATOMIC_RELEASE); \
	wrote(s); \
} while (0)

/* ---- what is used ---- */

static __u32 array_size(const struct rt_store *s, enum rt_array which)
{
	switch (which) {
	case RT_NODES:
		return s->head->nodes;
	case RT_CHECKS:
		return s->head->checks;
	case RT_TEXTS:
		return s->head->texts;
	default:
		return s->head->names;
	}
}

static void use(struct rt_store *s, enum rt_array which, __u32 first, __u32 n)
{
	for (__u32 i = first; i < first + n && i < array_size(s, which); i++)
		s->used[which][i] = 1;
}

static void use_node(struct rt_store *s, __u32 i)
{
	const struct bx_rt_node *node = &s->node[i];

	use(s, RT_NODES, i, 1);
	use(s, RT_CHECKS, node->check, node->nchecks);
	for (__u32 k = 0; k < node->nchecks && node->check + k < s->head->checks; k++) {
		const struct bx_rt_check *check = &s->check[node->check + k];

		if (check->text && check->text < s->head->texts)
			use(s, RT_TEXTS, check->text, rt_glob_texts(s->text[check->text]));
	}
	for (int k = 0; k < node->ndrivers; k++)
		use(s, RT_NAMES, node->driver[k], 1);
}

static __u32 *name_slot(const struct rt_store *s, const char *name)
{
	__u32 i = rt_hash_text(name, BX_RT_NAME / 8) & (s->nnamed - 1);

	while (s->named[i] && strcmp(s->name[s->named[i]], name))
		i = (i + 1) & (s->nnamed - 1);
	return &s->named[i];
}

static int scan_names(struct rt_store *s)
{
	for (s->nnamed = 16; s->nnamed < 2 * s->head->names;)
		s->nnamed *= 2;
	s->named = calloc(s->nnamed, sizeof(*s->named));
	if (!s->named)
		return -ENOMEM;
	for (__u32 i = 1; i < s->head->names; i++)
		if (s->used[RT_NAMES][i])
			*name_slot(s, s->name[i]) = i;
	return 0;
}

int rt_store_scan(struct rt_store *s)
{
	for (int i = 0; i < 4; i++) {
		s->used[i] = calloc(array_size(s, i) ?: 1, 1);
		if (!s->used[i])
			return -ENOMEM;
		s->used[i][0] = 1;
		s->cursor[i] = 1;
	}
	for (__u32 i = 1; i < s->head->nodes; i++)
		if (s->node[i].from)
			use_node(s, i);
	return scan_names(s);
}

void rt_store_forget(struct rt_store *s)
{
	for (int i = 0; i < 4; i++)
		free(s->used[i]);
	free(s->named);
	memset(s->used, 0, sizeof(s->used));
	s->named = NULL;
}

/* Returns how many entries from @at on are unused, at most @n. */
static __u32 unused(const struct rt_store *s, enum rt_array which, __u32 at, __u32 n)
{
	__u32 k = 0;

	while (k < n && at + k < array_size(s, which) && !s->used[which][at + k])
		k++;
	return k;
}

/* Takes @n entries in a row; returns the first one, or 0. */
static __u32 take(struct rt_store *s, enum rt_array which, __u32 n)
{
	__u32 size = array_size(s, which), at = s->cursor[which];
	bool again = false;

	for (;;) {
		__u32 k = unused(s, which, at, n);

		if (k == n)
			break;
		at += k + 1;
		if (at < size)
			continue;
		if (again)
			return 0;
		again = true;
		at = 1;
	}
	use(s, which, at, n);
	s->cursor[which] = at + n < size ? at + n : 1;
	return at;
}

/* ---- buses, shapes, vendors ---- */

__u32 rt_store_bus(struct rt_store *s, const char *name)
{
	struct bx_rt_head *head = s->head;
	__u32 i;

	for (i = 1; i <= head->nbuses; i++)
		if (!strcmp(head->bus[i].name, name))
			return i;
	if (i == BX_RT_BUSES)
		return 0;
	copy_name(head->bus[i].name, sizeof(head->bus[i].name), name);
	head->bus[i].format = rt_format_of(name);
	s->writes++;
	publish(s, &head->nbuses, i);
	return i;
}

static __u32 find_shape(const struct rt_store *s, const struct bx_rt_shape *shape)
{
	for (__u32 i = 1; i <= s->head->nshapes; i++) {
		const struct bx_rt_shape *known = &s->shape[i];

		if (!memcmp(known->mask, shape->mask, sizeof(known->mask)) &&
		    known->bus == shape->bus && known->kind == shape->kind &&
		    known->source == shape->source && known->what == shape->what &&
		    known->prefix == shape->prefix)
			return i;
	}
	return 0;
}

/* A shape that compares nothing is always possible: there is room for one of each kind. */
static bool is_coarse(const struct rt_draft *d, bool by_index)
{
	__u64 any = by_index | d->pattern.prefix;

	for (int i = 0; i < BX_RT_WORDS; i++)
		any |= d->pattern.mask[i];
	return !any;
}

/* Returns the number of the shape of a draft, or 0 if there is no room. */
static __u32 shape_of(struct rt_store *s, const struct rt_draft *d, bool by_index)
{
	struct bx_rt_shape shape = {
		.bus = d->bus, .kind = d->kind, .prefix = d->pattern.prefix,
		.source = by_index ? d->source : 0, .what = by_index ? d->what : 0,
	};
	__u32 i;

	memcpy(shape.mask, d->pattern.mask, sizeof(shape.mask));
	i = find_shape(s, &shape);
	if (i)
		return i;
	i = s->head->nshapes + 1;
	if (i >= BX_RT_SHAPES - (is_coarse(d, by_index) ? 0 : BX_RT_BUSES * BX_RT_KINDS))
		return 0;
	s->shape[i] = shape;
	s->writes++;
	publish(s, &s->head->nshapes, i);
	return i;
}

/* Adds a shape to a list; returns whether it is there. */
static bool list_add(struct rt_store *s, __u8 *list, __u32 *n, __u32 max, __u32 shape)
{
	for (__u32 i = 0; i < *n; i++)
		if (list[i] == shape)
			return true;
	if (*n == max)
		return false;
	__atomic_store_n(&list[*n], shape, __ATOMIC_RELEASE);
	publish(s, n, *n + 1);
	return true;
}

/* Returns the entry of a vendor, which is added; NULL if there is no room. */
static struct bx_rt_vendor *find_vendor(struct rt_store *s, __u32 bus, __u64 word)
{
	__u64 h = BX_RT_MIX(bus, word);

	for (__u32 i = 0; i < BX_RT_VENDOR_PROBES; i++) {
		struct bx_rt_vendor *v = &s->vendor[(h + i) & (s->head->vendors - 1)];

		if (v->word == word && v->bus == bus)
			return v;
		if (v->word)
			continue;
		v->bus = bus;
		publish(s, &v->word, word);
		return v;
	}
	return NULL;
}

/* The list of the vendor; returns whether the shape is in it. */
static bool list_of_vendor(struct rt_store *s, const struct rt_draft *d, __u32 shape)
{
	enum bx_rt_format format = s->head->bus[d->bus].format;
	__u64 mask = BX_RT_VENDOR_MASK(format);
	__u32 at = BX_RT_VENDOR_AT(format);
	struct bx_rt_vendor *v;

	if (format == BX_RT_TEXT_ONLY || (d->pattern.mask[at] & mask) != mask)
		return false;
	v = find_vendor(s, d->bus, d->pattern.word[at] & mask);
	return v && list_add(s, v->shape, &v->nshapes, BX_RT_VENDOR_SHAPES, shape);
}

/* Puts the shape into a list in which elections of the device look for it. */
static bool list_shape(struct rt_store *s, const struct rt_draft *d, bool by_index, __u32 shape)
{
	struct bx_rt_bus *bus = &s->head->bus[d->bus];
	__u32 room = BX_RT_BUS_SHAPES - (is_coarse(d, by_index) ? 0 : BX_RT_KINDS);

	return list_of_vendor(s, d, shape) ||
		list_add(s, bus->shape, &bus->nshapes, room, shape);
}

/* ---- chains ---- */

static struct bx_rt_bucket *bucket_of(const struct rt_store *s, const struct bx_rt_node *node)
{
	const struct bx_rt_shape *shape = &s->shape[node->shape];
	enum bx_rt_format format = s->head->bus[shape->bus].format;
	__u64 h = node->shape;

	for (int i = 0; i < BX_RT_USED(format); i++)
		h = BX_RT_MIX(h, node->key[i]);
	if (shape->source)
		h = BX_RT_MIX(h, node->hash);
	return &s->bucket[h & (s->head->buckets - 1)];
}

/* Links a node behind those of a higher rank. */
static int link_node(struct rt_store *s, __u32 i)
{
	struct bx_rt_node *node = &s->node[i];
	__u32 *place = &bucket_of(s, node)->node, length = 0;

	while (*place && s->node[*place].rank >= node->rank) {
		place = &s->node[*place].next;
		length++;
	}
	node->next = *place;
	for (__u32 k = *place; k; k = s->node[k].next)
		length++;
	if (length >= BX_RT_CHAIN)
		return -EMLINK;
	publish(s, place, i);
	return 0;
}

static __u32 take_name(struct rt_store *s, const char *name)
{
	__u32 *slot = name_slot(s, name);

	if (*slot)
		return *slot;
	*slot = take(s, RT_NAMES, 1);
	if (!*slot)
		return 0;
	memset(s->name[*slot], 0, BX_RT_NAME);
	copy_name(s->name[*slot], BX_RT_NAME, name);
	s->writes++;
	return *slot;
}

/* Writes the checks of a draft; @first takes the first one. */
static int write_checks(struct rt_store *s, const struct rt_draft *d, __u32 *first)
{
	__u32 text = 0;

	*first = 0;
	if (!d->nchecks)
		return 0;
	*first = take(s, RT_CHECKS, d->nchecks);
	if (d->ntexts)
		text = take(s, RT_TEXTS, d->ntexts);
	if (!*first || (d->ntexts && !text))
		return -ENOSPC;
	if (d->ntexts)
		memcpy(s->text[text], d->text, d->ntexts * BX_RT_TEXT);
	for (size_t i = 0; i < d->nchecks; i++) {
		s->check[*first + i] = d->check[i];
		if (d->check[i].text)
			s->check[*first + i].text = text + d->check[i].text - 1;
	}
	s->writes += d->nchecks + d->ntexts;
	return 0;
}

static __u8 verdict_of(const struct bx_rule *rule)
{
	switch (rule->verdict) {
	case BX_RULE_DRIVER:
		return BX_RT_DRIVER;
	case BX_RULE_REFUSE:
		return BX_RT_REFUSE;
	case BX_RULE_DEFER:
		return BX_RT_DEFER;
	case BX_RULE_SCORE:
		return BX_RT_SCORED;
	case BX_RULE_PART:
		return BX_RT_NAMED;
	default:
		return BX_RT_PASS;
	}
}

static int fill_node(struct rt_store *s, struct bx_rt_node *node, const struct rt_draft *d)
{
	*node = (struct bx_rt_node) {
		.rank = d->rank, .digest = { d->digest[0], d->digest[1] },
		.until = BX_RT_FOREVER, .nchecks = d->nchecks, .score = d->rule->score,
		.separators = d->pattern.separators, .ndrivers = d->rule->ndrivers,
		.verdict = verdict_of(d->rule),
		.flags = (d->rule->until_approved ? BX_RT_UNTIL_APPROVED : 0) |
			(d->rule->any_order ? BX_RT_ANY_ORDER : 0) |
			(d->rule->bound ? BX_RT_BOUND : 0),
	};
	memcpy(node->key, d->pattern.word, sizeof(node->key));
	for (unsigned int i = 0; i < d->rule->ndrivers; i++) {
		node->driver[i] = take_name(s, d->rule->driver[i]);
		if (!node->driver[i])
			return -ENOSPC;
	}
	return write_checks(s, d, &node->check);
}

static int add_node(struct rt_store *s, const struct bx_rt_node *node)
{
	struct bx_rt_shape *shape = &s->shape[node->shape];
	__u32 i = take(s, RT_NODES, 1);

	if (!i)
		return -ENOSPC;
	s->node[i] = *node;
	s->writes++;
	if (shape->best < node->rank)
		publish(s, &shape->best, node->rank);
	return link_node(s, i);
}

static int add_at(struct rt_store *s, const struct rt_draft *d, bool by_index, __u32 shape,
		  __u32 generation)
{
	__u32 *kinds = &s->head->bus[d->bus].kinds;
	struct bx_rt_node node;
	int err;

	if (!(*kinds & 1 << d->kind))
		publish(s, kinds, *kinds | 1 << d->kind);
	err = fill_node(s, &node, d);
	node.shape = shape;
	node.from = generation;
	if (err || !by_index)
		return err ?: add_node(s, &node);
	for (size_t i = 0; !err && i < d->index->n; i++) {
		node.hash = rt_hash_text(d->index->value[i].text, BX_RT_TEXT / 8);
		err = add_node(s, &node);
	}
	return err;
}

/* Adds a draft to the chain in which all ids are, for want of shapes. */
static int add_coarse(struct rt_store *s, const struct rt_draft *d, __u32 generation)
{
	struct rt_draft coarse;
	__u32 shape;
	int err;

	err = rt_draft_coarse(d, &coarse);
	shape = err ? 0 : shape_of(s, &coarse, false);
	if (shape && list_shape(s, &coarse, false, shape))
		err = add_at(s, &coarse, false, shape, generation);
	else if (!err)
		err = -ENOSPC;
	rt_draft_free(&coarse);
	return err;
}

int rt_store_add(struct rt_store *s, const struct rt_draft *d, bool by_index, __u32 generation)
{
	__u32 shape = shape_of(s, d, by_index);

	if (shape && list_shape(s, d, by_index, shape))
		return add_at(s, d, by_index, shape, generation);
	return add_coarse(s, d, generation);
}

void rt_store_end(struct rt_store *s, __u32 node, __u32 generation)
{
	publish(s, &s->node[node].until, generation);
}

/* ---- the end of nodes ---- */

/* Unlinks from one chain. */
static void unlink_dead(struct rt_store *s, __u32 *place, __u32 active)
{
	while (*place) {
		struct bx_rt_node *node = &s->node[*place];

		if (node->from > active || node->until <= active) {
			/* no later generation must take it for its own */
			if (node->until > node->from)
				publish(s, &node->until, node->from);
			publish(s, place, node->next);
			continue;
		}
		if (node->until != BX_RT_FOREVER)
			publish(s, &node->until, BX_RT_FOREVER);
		place = &node->next;
	}
}

void rt_store_unlink(struct rt_store *s, __u32 active)
{
	for (__u32 i = 0; i < s->head->buckets; i++)
		unlink_dead(s, &s->bucket[i].node, active);
}

int rt_store_release(struct rt_store *s)
{
	unsigned char *linked = calloc(s->head->nodes, 1);

	if (!linked)
		return -ENOMEM;
	for (__u32 i = 0; i < s->head->buckets; i++)
		for (__u32 k = s->bucket[i].node; k; k = s->node[k].next)
			linked[k] = 1;
	for (__u32 i = 1; i < s->head->nodes; i++)
		if (s->node[i].from && !linked[i])
			publish(s, &s->node[i].from, 0);
	free(linked);
	return 0;
}

/* ---- the longest evaluation ---- */

/*
 * Steps of a glob at most: each part between two '*' is tried at some places of the text, of
 * which all parts together have no more than the text.
 */
static __u64 glob_cost(const char *glob)
{
	__u64 stars = 0, part = 0, longest = 0;

	for (; *glob; glob++) {
		part = *glob == BX_RT_STAR ? 0 : part + 1;
		stars += *glob == BX_RT_STAR;
		if (part > longest)
			longest = part;
	}
	return stars ? (BX_RT_TEXT + stars) * (longest + 1) : longest + 1;
}

static __u64 node_cost(const struct rt_store *s, const struct bx_rt_node *node)
{
	__u64 cost = 1;

	for (__u32 i = 0; i < node->nchecks; i++) {
		const struct bx_rt_check *check = &s->check[node->check + i];

		cost += check->op == BX_RT_MATCH ? glob_cost(s->text[check->text]) : 1;
	}
	return cost;
}

/* A rule for a group is looked for with each member; larger groups are rare. */
#define MEMBERS	16

__u64 rt_store_cost(const struct rt_store *s)
{
	__u64 longest[BX_RT_SHAPES] = {}, sum = 0;

	for (__u32 i = 0; i < s->head->buckets; i++) {
		__u64 cost = 0;

		for (__u32 k = s->bucket[i].node; k; k = s->node[k].next)
			cost += node_cost(s, &s->node[k]);
		for (__u32 k = s->bucket[i].node; k; k = s->node[k].next)
			if (longest[s->node[k].shape] < cost)
				longest[s->node[k].shape] = cost;
	}
	for (__u32 i = 1; i <= s->head->nshapes; i++)
		sum += longest[i] * (s->shape[i].kind < BX_RT_GROUP ? 1 : MEMBERS);
	return sum;
}
