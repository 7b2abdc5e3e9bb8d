// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: a new generation of a table of rules, by the difference or from scratch
 *
 * A rule that says the same as one of the active generation keeps its nodes.  Where rules
 * have changed places, the longest series of them that are in order stays.  Ranks have gaps,
 * so that a rule gets one between its neighbours without another one being written.
 */
#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "rules_table.h"

/* Ranks of a new table begin in the middle, with room between two of them. */
#define RANK_START	0x4000000000000000ULL
#define RANK_GAP	0x100000000ULL

/* More rules with the same ids are told apart by a text, if they have one. */
#define SAME_IDS	4

/* ---- size ---- */

static size_t nodes_of(const struct rt_draft *d)
{
	return d->index ? d->index->n : 1;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int by_number(const void *a, const void *b)
{
	__u64 x = *(const __u64 *)a, y = *(const __u64 *)b;

	return x < y ? -1 : x > y;
}

/* Number of different drivers */
static int count_names(const struct rt_drafts *drafts, __u32 *count)
{
	const char **name = calloc(drafts->n * BX_MAX_CHOICES + 1, sizeof(*name));
	size_t n = 0;

	if (!name)
		return -ENOMEM;
	for (size_t i = 0; i < drafts->n; i++)
		for (unsigned int k = 0; k < drafts->draft[i].rule->ndrivers; k++)
			name[n++] = drafts->draft[i].rule->driver[k];
	qsort(name, n, sizeof(*name), by_text);
	*count = 0;
	for (size_t i = 0; i < n; i++)
		*count += !i || strcmp(name[i], name[i - 1]);
	free(name);
	return 0;
}

/* Number of different vendors, as the hash of vendors knows them */
static int count_vendors(const struct rt_drafts *drafts, __u32 *count)
{
	__u64 *word = calloc(drafts->n + 1, sizeof(*word));

	if (!word)
		return -ENOMEM;
	for (size_t i = 0; i < drafts->n; i++) {
		enum bx_rt_format format = rt_format_of(drafts->draft[i].rule->bus);

		word[i] = drafts->draft[i].pattern.word[BX_RT_VENDOR_AT(format)] &
			BX_RT_VENDOR_MASK(format);
	}
	qsort(word, drafts->n, sizeof(*word), by_number);
	*count = 0;
	for (size_t i = 0; i < drafts->n; i++)
		*count += !i || word[i] != word[i - 1];
	free(word);
	return 0;
}

static __u32 with_room(size_t n, unsigned int grow)
{
	return (n + n / 4 + 64) * grow;
}

static __u32 power(size_t n)
{
	__u32 p = 16;

	while (p < n)
		p *= 2;
	return p;
}

int rt_table_size(const struct rt_drafts *drafts, unsigned int grow, struct bx_rt_head *head)
{
	size_t nodes = 0, checks = 0, texts = 0;
	__u32 names, vendors;

	*head = (struct bx_rt_head) { .version = BX_RT_VERSION };
	if (count_names(drafts, &names) || count_vendors(drafts, &vendors))
		return -ENOMEM;
	for (size_t i = 0; i < drafts->n; i++) {
		nodes += nodes_of(&drafts->draft[i]);
		checks += drafts->draft[i].nchecks;
		texts += drafts->draft[i].ntexts;
	}
	head->nodes = with_room(nodes, grow);
	head->checks = with_room(checks, grow);
	head->texts = with_room(texts, grow);
	head->names = with_room(names, grow);
	/* chains of other ids are rare, and a bucket is small */
	head->buckets = power(4 * (size_t)head->nodes);
	head->vendors = power(4 * (size_t)vendors * grow);
	return 0;
}

/* ---- the difference ---- */

/**
 * struct old - a rule of the active generation
 * @digest: what it says
 * @rank: its rank
 * @taken: of the first one of those that say the same, how many new rules have one
 * @kept: a new rule has its nodes
 */
struct old {
	__u64	digest[2];
	__u64	rank;
	size_t	taken;
	bool	kept;
};

struct olds {
	struct old	*rule;
	size_t		n;
};

static bool is_live(const struct bx_rt_node *node, __u32 active)
{
	return node->from && node->from <= active && node->until > active;
}

/* By their digests; of those that say the same, the winner comes first. */
static int by_digest(const void *a, const void *b)
{
	const struct old *x = a, *y = b;

	for (int i = 0; i < 2; i++)
		if (x->digest[i] != y->digest[i])
			return x->digest[i] < y->digest[i] ? -1 : 1;
	return x->rank > y->rank ? -1 : x->rank < y->rank;
}

/* Collects the rules of the active generation; several nodes may be one rule. */
static int find_olds(const struct rt_store *s, __u32 active, struct olds *olds)
{
	size_t n = 0;

	*olds = (struct olds) { .rule = calloc(s->head->nodes, sizeof(*olds->rule)) };
	if (!olds->rule)
		return -ENOMEM;
	for (__u32 i = 1; i < s->head->nodes; i++) {
		const struct bx_rt_node *node = &s->node[i];

		if (is_live(node, active))
			olds->rule[n++] = (struct old) {
				.digest = { node->digest[0], node->digest[1] },
				.rank = node->rank,
			};
	}
	qsort(olds->rule, n, sizeof(*olds->rule), by_digest);
	for (size_t i = 0; i < n; i++)
		if (!i || by_digest(&olds->rule[i], &olds->rule[i - 1]))
			olds->rule[olds->n++] = olds->rule[i];
	return 0;
}

static bool same_digest(const struct old *old, const struct rt_draft *d)
{
	return old->digest[0] == d->digest[0] && old->digest[1] == d->digest[1];
}

/* Returns the next old rule that says the same as a draft, or NULL. */
static struct old *take_old(const struct olds *olds, const struct rt_draft *d)
{
	struct old key = { .digest = { d->digest[0], d->digest[1] }, .rank = ~0ULL };
	size_t low = 0, high = olds->n, next;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (by_digest(&olds->rule[mid], &key) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == olds->n || !same_digest(&olds->rule[low], d))
		return NULL;
	next = low + olds->rule[low].taken++;
	return next < olds->n && same_digest(&olds->rule[next], d) ? &olds->rule[next] : NULL;
}

/*
 * Finds the longest series of drafts whose old ranks fall: @last[k] is the end of the best
 * series of length k + 1 so far, the one with the highest rank there.
 */
static void keep_longest(struct rt_drafts *drafts, struct old **old, size_t *last, size_t *before)
{
	size_t length = 0, at;

	for (size_t i = 0; i < drafts->n; i++) {
		size_t low = 0, high = length;

		if (!old[i])
			continue;
		while (low < high) {
			size_t mid = low + (high - low) / 2;

			if (old[last[mid]]->rank > old[i]->rank)
				low = mid + 1;
			else
				high = mid;
		}
		before[i] = low ? last[low - 1] : SIZE_MAX;
		last[low] = i;
		if (low == length)
			length++;
	}
	for (at = length ? last[length - 1] : SIZE_MAX; at != SIZE_MAX; at = before[at]) {
		drafts->draft[at].kept = true;
		drafts->draft[at].rank = old[at]->rank;
		old[at]->kept = true;
	}
}

static int compare_with(struct rt_drafts *drafts, const struct olds *olds)
{
	struct old **old = calloc(drafts->n + 1, sizeof(*old));
	size_t *last = calloc(drafts->n + 1, sizeof(*last));
	size_t *before = calloc(drafts->n + 1, sizeof(*before));
	int err = old && last && before ? 0 : -ENOMEM;

	for (size_t i = 0; !err && i < drafts->n; i++) {
		drafts->draft[i].kept = false;
		old[i] = take_old(olds, &drafts->draft[i]);
	}
	if (!err)
		keep_longest(drafts, old, last, before);
	free(old);
	free(last);
	free(before);
	return err;
}

/* ---- ranks ---- */

/*
 * Gives ranks to the drafts from @first to @end, between those of their neighbours; 0 stands
 * for none.
 */
static int rank_run(struct rt_drafts *drafts, size_t first, size_t end, __u64 high, __u64 low)
{
	__u64 n = end - first, gap;

	if (!high && !low)
		high = RANK_START;
	if (!high)
		high = low <= RANK_START * 3 - (n + 1) * RANK_GAP ? low + (n + 1) * RANK_GAP :
			RANK_START * 3;
	gap = high > low ? (high - low) / (n + 1) : 0;
	if (!low && gap > RANK_GAP)
		gap = RANK_GAP;
	if (!gap)
		return -ENOSPC;
	for (size_t i = first; i < end; i++)
		drafts->draft[i].rank = high - (i - first + 1) * gap;
	return 0;
}

static int rank_all(struct rt_drafts *drafts)
{
	__u64 high = 0;
	size_t i = 0, end;
	int err = 0;

	while (!err && i < drafts->n) {
		for (end = i; end < drafts->n && !drafts->draft[end].kept;)
			end++;
		if (end > i)
			err = rank_run(drafts, i, end, high,
				       end < drafts->n ? drafts->draft[end].rank : 0);
		if (end < drafts->n)
			high = drafts->draft[end].rank;
		i = end + 1;
	}
	return err;
}

/* ---- update ---- */

static __u64 ids_hash(const struct rt_draft *d)
{
	const struct rt_pattern *p = &d->pattern;
	__u64 h = BX_RT_MIX(d->kind, (__u64)d->bus << 8 | p->prefix);

	for (int i = 0; i < BX_RT_WORDS; i++) {
		h = BX_RT_MIX(h, p->word[i]);
		h = BX_RT_MIX(h, p->mask[i]);
	}
	return h;
}

/* Whether more than SAME_IDS rules have the ids of a draft, by their sorted hashes */
static bool has_many(const __u64 *hash, size_t n, __u64 key)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (hash[mid] < key)
			low = mid + 1;
		else
			high = mid;
	}
	return low + SAME_IDS < n && hash[low + SAME_IDS] == key;
}

static int add_new(struct rt_store *s, const struct rt_drafts *drafts, __u32 next)
{
	__u64 *hash = calloc(drafts->n + 1, sizeof(*hash));
	int err = hash ? 0 : -ENOMEM;

	for (size_t i = 0; !err && i < drafts->n; i++)
		hash[i] = ids_hash(&drafts->draft[i]);
	if (!err)
		qsort(hash, drafts->n, sizeof(*hash), by_number);
	for (size_t i = 0; !err && i < drafts->n; i++) {
		struct rt_draft *d = &drafts->draft[i];

		if (d->kept)
			continue;
		s->failed = d->rule;
		err = rt_store_add(s, d, d->index && has_many(hash, drafts->n, ids_hash(d)),
				   next);
	}
	free(hash);
	return err;
}

static int by_rank(const void *a, const void *b)
{
	const struct old *x = a, *y = b;

	return x->rank < y->rank ? -1 : x->rank > y->rank;
}

/* Ends the nodes of old rules that no new one has. */
static void end_old(struct rt_store *s, const struct olds *olds, __u32 active, __u32 next)
{
	qsort(olds->rule, olds->n, sizeof(*olds->rule), by_rank);
	for (__u32 i = 1; i < s->head->nodes; i++) {
		struct old key = { .rank = s->node[i].rank };
		const struct old *old;

		if (!is_live(&s->node[i], active))
			continue;
		old = bsearch(&key, olds->rule, olds->n, sizeof(key), by_rank);
		if (old && !old->kept)
			rt_store_end(s, i, next);
	}
}

static int find_buses(struct rt_store *s, struct rt_drafts *drafts)
{
	for (size_t i = 0; i < drafts->n; i++) {
		struct rt_draft *d = &drafts->draft[i];

		d->bus = i && !strcmp(d->rule->bus, d[-1].rule->bus) ? d[-1].bus :
			rt_store_bus(s, d->rule->bus);
		if (!d->bus)
			return -ENOSPC;
	}
	return 0;
}

int rt_table_update(struct rt_store *s, struct rt_drafts *drafts, __u32 active, __u32 next)
{
	struct olds olds = {};
	int err;

	s->writes = 0;
	if (active)
		rt_store_unlink(s, active);
	err = rt_store_scan(s) ?: find_olds(s, active, &olds) ?: compare_with(drafts, &olds) ?:
		rank_all(drafts) ?: find_buses(s, drafts);
	if (!err)
		err = add_new(s, drafts, next);
	if (!err && rt_store_cost(s) > RT_COST_MAX)
		err = -EFBIG;
	if (!err)
		end_old(s, &olds, active, next);
	free(olds.rule);
	rt_store_forget(s);
	return err;
}
