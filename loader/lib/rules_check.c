// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: rules of a table that never win, or only by the order of lines
 *
 * Comparing each rule with each other one would take too long for a large table.  A rule that
 * covers another one has a pattern whose beginning is one of the other pattern's, and if it
 * compares a fact with one text, the other one does so, too: a hash of both finds it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "rules_check.h"

#define MOST_PAIRS	100000000UL	/* comparisons of rules that one check may take */
#define MOST_DRIVERS	4096		/* drivers that are looked up */

/**
 * struct checker - the check of a table
 * @h: the handle
 * @rules: the table
 * @rule: its rules
 * @first: for each hash, a rule with it, or -1
 * @next: for each rule, another one with the same hash
 * @size: number of hashes, a power of two
 * @pairs: comparisons until now
 * @found: problems until now
 * @fn: called for each
 * @arg: its second argument
 */
struct checker {
	struct bx_handle	*h;
	const struct bx_rules	*rules;
	struct rules_checked	*rule;
	long			*first;
	long			*next;
	size_t			size;
	unsigned long		pairs;
	int			found;
	bx_rules_problem_fn	fn;
	void			*arg;
};

static void tell(struct checker *c, enum bx_rules_kind kind, const struct bx_rule *rule,
		 const struct bx_rule *other, const char *text)
{
	char shown[512];
	struct bx_rules_problem p = {
		.kind = kind, .file = rule->file, .line = rule->line, .column = rule->column,
		.text = bx_printable(shown, sizeof(shown), text),
		.other_file = other ? other->file : NULL, .other_line = other ? other->line : 0,
	};

	c->found++;
	if (c->fn)
		c->fn(&p, c->arg);
}

/* ---- the hash ---- */

static unsigned long hash_text(unsigned long hash, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		hash = hash * 1099511628211UL ^ (unsigned char)(text[i] == '-' ? '_' : text[i]);
	return hash;
}

/* A condition that compares a fact or a member with one text; 0 for any other one */
static unsigned long hash_cond(const struct bx_rule_cond *cond)
{
	unsigned long hash = 14695981039346656037UL + cond->kind * 64 + cond->what;

	if (cond->kind > BX_COND_MEMBER || cond->negated || cond->n != 1 ||
	    cond->value->kind != BX_VALUE_TEXT)
		return 0;
	return hash_text(hash, cond->value->text, strlen(cond->value->text)) | 1;
}

static size_t slot_of(const struct checker *c, const struct rules_checked *r, size_t prefix,
		      unsigned long cond)
{
	unsigned long hash = hash_text(cond, r->rule->pattern, prefix);

	hash = hash_text(hash, r->rule->bus, strlen(r->rule->bus));
	return (hash ^ hash >> 29) & (c->size - 1);
}

static void add(struct checker *c, size_t i)
{
	struct rules_checked *r = &c->rule[i];
	unsigned long cond = 0;
	size_t slot;

	for (size_t k = 0; !cond && k < r->rule->nconds; k++)
		cond = hash_cond(&r->rule->cond[k]);
	slot = slot_of(c, r, r->fixed, cond);
	c->next[i] = c->first[slot];
	c->first[slot] = i;
}

/* ---- rules that never win ---- */

static bool names_part(const struct rules_checked *r)
{
	return r->rule->verdict == BX_RULE_PART;
}

/* Whether @a wins, or scores, where @b would */
static bool hides(const struct rules_checked *a, const struct rules_checked *b)
{
	if (a == b || rules_compare(a->rule, b->rule) > 0)
		return false;
	if (names_part(a) != names_part(b))
		return false;
	if (a->rule->verdict == BX_RULE_SCORE &&
	    (b->rule->verdict != BX_RULE_SCORE || strcmp(a->rule->driver[0], b->rule->driver[0])))
		return false;
	return rules_covers(a, b);
}

/* Keeps the one of the rules in a chain that wins. */
static void find_in(struct checker *c, const struct rules_checked *r, size_t slot,
		    const struct rules_checked **best)
{
	for (long i = c->first[slot]; i >= 0 && c->pairs < MOST_PAIRS; i = c->next[i]) {
		c->pairs++;
		if (hides(&c->rule[i], r) &&
		    (!*best || rules_compare(c->rule[i].rule, (*best)->rule) < 0))
			*best = &c->rule[i];
	}
}

static const struct rules_checked *find_hiding(struct checker *c, const struct rules_checked *r)
{
	const struct rules_checked *best = NULL;

	for (size_t prefix = 0; prefix <= r->fixed; prefix++) {
		find_in(c, r, slot_of(c, r, prefix, 0), &best);
		for (size_t k = 0; k < r->rule->nconds; k++) {
			unsigned long cond = hash_cond(&r->rule->cond[k]);

			if (cond)
				find_in(c, r, slot_of(c, r, prefix, cond), &best);
		}
	}
	return best;
}

static void check_hidden(struct checker *c, const struct rules_checked *r)
{
	const struct rules_checked *by = find_hiding(c, r);
	char text[512];
	bool mutual, same;

	if (!by)
		return;
	mutual = rules_covers(r, by);
	same = rules_same_verdict(by->rule, r->rule);
	snprintf(text, sizeof(text),
		 !mutual ? "never wins: %s:%u wins on each device that matches" :
		 same ? "never wins: %s:%u is the same" :
		 "contradicts %s:%u, which wins: the same pattern and conditions, another verdict",
		 by->rule->file, by->rule->line);
	tell(c, mutual && !same ? BX_RULES_CONTRADICTORY : BX_RULES_SHADOWED, r->rule, by->rule,
	     text);
}

/* ---- rules between which only the order decides ---- */

static int compare_rank(const void *a, const void *b)
{
	const struct rules_checked *const *one = a, *const *other = b;

	return rules_compare((*one)->rule, (*other)->rule);
}

static bool same_rank(const struct rules_checked *a, const struct rules_checked *b)
{
	return a->rule->priority == b->rule->priority &&
		a->rule->specificity == b->rule->specificity;
}

static void check_tie(struct checker *c, const struct rules_checked *first,
		      const struct rules_checked *r)
{
	char text[512];

	if (!rules_selects(first->rule) || !rules_selects(r->rule) ||
	    rules_same_verdict(first->rule, r->rule) || !rules_meets(first, r) ||
	    rules_covers(first, r))
		return;
	snprintf(text, sizeof(text),
		 "only the order of lines decides between this and %s:%u, which wins on devices "
		 "that match both; 'priority=' would tell", first->rule->file, first->rule->line);
	tell(c, BX_RULES_TIE, r->rule, first->rule, text);
}

static void check_ties(struct checker *c)
{
	const struct rules_checked **list = calloc(c->rules->n ?: 1, sizeof(*list));

	for (size_t i = 0; list && i < c->rules->n; i++)
		list[i] = &c->rule[i];
	if (list)
		qsort(list, c->rules->n, sizeof(*list), compare_rank);
	for (size_t i = 0; list && i < c->rules->n; i++) {
		for (size_t k = i + 1; k < c->rules->n && same_rank(list[i], list[k]) &&
		     c->pairs < MOST_PAIRS; k++) {
			c->pairs++;
			check_tie(c, list[i], list[k]);
		}
	}
	free(list);
}

/* ---- drivers ---- */

static bool is_known(struct checker *c, const struct rules_checked *r, const char *driver)
{
	struct bx_dev_info dev = {};
	struct bx_driver_source source;

	strcpy(dev.bus, r->rule->bus);
	if (r->fit == RULES_FITS)
		rules_shape_example(&r->shape, 0, dev.modalias);
	else if (!r->rule->pattern[r->fixed])
		copy_name(dev.modalias, sizeof(dev.modalias), r->rule->pattern);
	bx_find_driver(c->h, &dev, driver, &source);
	return source.kind != BX_SOURCE_NONE;
}

/**
 * struct looked - drivers that were looked up
 * @name: bus and driver
 * @n: number of them
 */
struct looked {
	char	name[MOST_DRIVERS][2 * BX_NAME_LEN];
	size_t	n;
};

/* Whether it is the first time, and not one time too many */
static bool look(struct looked *l, const char *bus, const char *driver)
{
	char name[2 * BX_NAME_LEN];

	snprintf(name, sizeof(name), "%s/%s", bus, driver);
	for (size_t i = l->n; i--;)
		if (!strcmp(l->name[i], name))
			return false;
	if (l->n == MOST_DRIVERS)
		return false;
	strcpy(l->name[l->n++], name);
	return true;
}

static int check_drivers(struct checker *c)
{
	struct looked *l = calloc(1, sizeof(*l));
	char text[256];

	if (!l)
		return fail(c->h, BX_FAULT_FAILED, ENOMEM, "out of memory");
	for (size_t i = 0; i < c->rules->n; i++) {
		const struct bx_rule *rule = c->rule[i].rule;

		for (unsigned int k = 0; k < rule->ndrivers; k++) {
			const char *driver = rule->driver[k];

			if (!look(l, rule->bus, driver) || is_known(c, &c->rule[i], driver))
				continue;
			snprintf(text, sizeof(text), "driver '%s' is not registered on bus '%s', "
				 "and no module can bring it", driver, rule->bus);
			tell(c, BX_RULES_UNKNOWN_DRIVER, rule, NULL, text);
		}
	}
	free(l);
	return 0;
}

/* ---- the table ---- */

static void check_one(struct checker *c, const struct rules_checked *r, bool lint)
{
	char buf[256];
	const char *why = rules_unreachable(r, buf);

	if (why)
		tell(c, BX_RULES_UNREACHABLE, r->rule, NULL, why);
	else
		check_hidden(c, r);
	if (why || !lint)
		return;
	why = rules_suspect(r, buf);
	if (why)
		tell(c, BX_RULES_SUSPECT, r->rule, NULL, why);
}

static int begin(struct checker *c)
{
	size_t n = c->rules->n;

	for (c->size = 64; c->size < 2 * n; c->size *= 2)
		;
	c->rule = calloc(n ?: 1, sizeof(*c->rule));
	c->first = malloc(c->size * sizeof(*c->first));
	c->next = malloc((n ?: 1) * sizeof(*c->next));
	if (!c->rule || !c->first || !c->next)
		return fail(c->h, BX_FAULT_FAILED, ENOMEM, "out of memory");
	for (size_t i = 0; i < c->size; i++)
		c->first[i] = -1;
	for (size_t i = 0; i < n; i++) {
		struct rules_checked *r = &c->rule[i];

		r->rule = &c->rules->rule[i];
		r->fit = rules_shape(r->rule->bus, r->rule->pattern, &r->shape);
		r->fixed = strcspn(r->rule->pattern, "*?[\\");
		add(c, i);
	}
	return 0;
}

static void end(struct checker *c)
{
	free(c->rule);
	free(c->first);
	free(c->next);
}

int bx_rules_check(struct bx_handle *h, const struct bx_rules *rules, unsigned int flags,
		   bx_rules_problem_fn fn, void *arg)
{
	struct checker c = { .h = h, .rules = rules, .fn = fn, .arg = arg };
	bool lint = flags & BX_RULES_LINT;
	int err = begin(&c);

	for (size_t i = 0; !err && i < rules->n; i++)
		check_one(&c, &c.rule[i], lint);
	if (!err && lint) {
		check_ties(&c);
		err = check_drivers(&c);
	}
	if (c.pairs >= MOST_PAIRS)
		note(h, "the table is large, and not all of its rules were compared");
	end(&c);
	return err ?: c.found;
}
