// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: the rules of a bundle
 *
 * They are one table, in the order of the files in the manifest.  Each rule must be covered by
 * a claim, and each claim that covers one becomes the scope of a policy: where a whole bus is
 * claimed, one policy is for the bus, otherwise each vendor has one.  The kernel does not ask a
 * policy about devices outside of its scope, so that a rule that matches more has no effect there.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rules_bundle.h"
#include "rules_claim.h"
#include "rules_text.h"

/* ---- limits ---- */

static bool find_setting(const char *name, struct rules_setting *s, void *arg)
{
	struct bundle_rules *r = arg;
	const struct setting *found = bundle_setting(r->b, name);

	if (!found)
		return false;
	r->seen |= 1ULL << (found - r->b->settings);
	s->type = found->about.type;
	s->value = found->value;
	return true;
}

static bool may_name(const char *driver, char *why, size_t size, void *arg)
{
	const struct bundle_rules *r = arg;
	const struct bx_limit *limit = &r->b->limit;
	size_t n;

	for (__u32 i = 0; i < limit->nr; i++)
		if (!strcmp(limit->driver[i], driver))
			return true;
	n = snprintf(why, size, "driver '%s' is not listed in 'drivers' of the manifest; expected ",
		     driver);
	for (__u32 i = 0; i < limit->nr && n < size; i++)
		n += snprintf(why + n, size - n, "%s%s", i ? ", " : "one of ", limit->driver[i]);
	if (!limit->nr)
		snprintf(why + n, size - n, "'drivers: [ %s ]' there", driver);
	return false;
}

static bool add_scope(struct bundle_rules *r, const char *bus, int64_t vendor)
{
	struct rules_scope_of *scope = &r->scope[r->nscopes];

	for (unsigned int i = 0; i < r->nscopes; i++)
		if (!strcmp(r->scope[i].bus, bus) && r->scope[i].vendor == (__u32)vendor)
			return true;
	if (r->nscopes == MAX_CLAIMS)
		return false;
	*scope = (struct rules_scope_of) { .vendor = vendor };
	copy_name(scope->bus, sizeof(scope->bus), bus);
	r->nscopes++;
	return true;
}

/* Whether another bus of the manifest was probably meant */
static bool claims_bus(const struct bx_bundle *b, const char *bus)
{
	for (unsigned int i = 0; i < b->nr_claims; i++)
		if (!strcmp(b->claims[i].bus, bus))
			return true;
	return false;
}

static void say_unclaimed(const struct bundle_rules *r, const struct bx_rule *rule,
			  const long long *vendor, char *why, size_t size)
{
	const char *bus = rule->bus;

	if (vendor)
		snprintf(why, size,
			 "the rule is for vendor 0x%04llx on bus '%s', which the manifest does not claim; expected the claim { bus: %s, vendor: 0x%04llx }",
			 *vendor, bus, bus, *vendor);
	else
		snprintf(why, size,
			 "the rule is for any vendor on bus '%s', which the manifest does not claim; expected the claim { bus: %s }%s",
			 bus, bus, claims_bus(r->b, bus) ?
			 ", or a pattern or condition with a claimed vendor" : "");
}

static bool cover(struct bundle_rules *r, const struct bx_rule *rule, char *why, size_t size)
{
	const struct bx_bundle *b = r->b;
	long long *vendors;
	int n = rules_vendors(rule, &vendors);
	bool covered = n > 0;

	snprintf(why, size, "out of memory");
	if (n >= 0 && claims_cover(b->claims, b->nr_claims, rule->bus, BX_ANY)) {
		free(vendors);
		return add_scope(r, rule->bus, BX_ANY);
	}
	for (int i = 0; covered && i < n; i++) {
		covered = claims_cover(b->claims, b->nr_claims, rule->bus, vendors[i]) &&
			add_scope(r, rule->bus, vendors[i]);
		if (!covered)
			say_unclaimed(r, rule, &vendors[i], why, size);
	}
	if (!n)
		say_unclaimed(r, rule, NULL, why, size);
	free(vendors);
	return covered;
}

static bool is_claimed(const struct bx_rule *rule, char *why, size_t size, void *arg)
{
	return cover(arg, rule, why, size);
}

/* ---- reading ---- */

/* The first error is that of the command, the others are notes before it. */
static void on_problem(const struct bx_rules_problem *p, void *arg)
{
	struct bundle_rules *r = arg;

	if (r->errors++)
		note_failure(r->b->h, "%s:%u:%u: %s", p->file, p->line, p->column, p->text);
}

static bool is_fingerprint(const char *text)
{
	return strlen(text) == BX_FINGERPRINT_LEN - 1 &&
		strspn(text, "0123456789abcdef") == BX_FINGERPRINT_LEN - 1;
}

/* The approvals of 'until=approved': those of the setting, if a rule has that */
static int read_approved(struct bundle_rules *r)
{
	const struct setting *list = bundle_setting(r->b, "approved");
	char item[MAX_VALUE_LEN];
	bool needed = false;
	int err = 0;

	for (size_t i = 0; i < r->rules.n; i++)
		needed |= r->rules.rule[i].until_approved;
	if (!needed || !list)
		return 0;
	for (const char *at = list->value; !err && rules_setting_item(&at, item, sizeof(item));) {
		if (is_fingerprint(item))
			err = rules_approve(r->b->h, &r->rules, item);
		else
			err = fail(r->b->h, BX_FAULT_REJECTED, EINVAL,
				   "the setting 'approved' of bundle '%s' has '%s', which is not a fingerprint; expected %d hexadecimal digits in lower case",
				   r->b->about.name, item, BX_FINGERPRINT_LEN - 1);
	}
	return err;
}

int bundle_rules_read(struct bx_bundle *b, struct bundle_rules *r)
{
	const struct rules_scope scope = {
		.dir = b->dir, .shown = b->shown, .setting = find_setting, .may_name = may_name,
		.claimed = is_claimed, .arg = r,
	};
	char name[BX_NAME_LEN];
	int err = 0;

	*r = (struct bundle_rules) { .b = b };
	if (b->nr_rules)
		err = rules_read_scoped(b->h, &scope, b->rules, b->nr_rules, on_problem, r,
					&r->rules);
	for (unsigned int i = 0; !err && i < r->nscopes; i++)
		err = rules_policy_name(b->h, b->about.name, true, &r->scope[i], name);
	if (!err)
		err = read_approved(r);
	if (!err && b->nr_rules && !r->nscopes)
		err = fail(b->h, BX_FAULT_REJECTED, EINVAL,
			   "bundle '%s' has no rule in the files of 'rules'", b->about.name);
	if (err)
		bundle_rules_free(r);
	return err;
}

void bundle_rules_free(struct bundle_rules *r)
{
	rules_free(&r->rules);
}

int bundle_rules_policies(struct bx_bundle *b, struct names *names)
{
	char name[BX_NAME_LEN];
	struct bundle_rules r;
	int err = bundle_rules_read(b, &r);

	for (unsigned int i = 0; !err && i < r.nscopes; i++) {
		err = rules_policy_name(b->h, b->about.name, true, &r.scope[i], name);
		if (!err && names_have(names, name))
			err = fail(b->h, BX_FAULT_REJECTED, EINVAL,
				   "a policy of bundle '%s' is called '%s', as that of its rules",
				   b->about.name, name);
		err = err ?: names_add(b->h, names, name);
	}
	bundle_rules_free(&r);
	return err;
}

int bundle_rules_check(struct bx_bundle *b, uint64_t *seen)
{
	struct rt_drafts drafts = {};
	struct bundle_rules r;
	int err = bundle_rules_read(b, &r);

	*seen |= r.seen;
	/* what the engine cannot evaluate */
	if (!err)
		err = rt_drafts_make(b->h, &r.rules, "", &drafts);
	rt_drafts_free(&drafts);
	bundle_rules_free(&r);
	return err;
}

/* ---- in the kernel ---- */

/**
 * struct bundle_table - the table of a bundle that is being activated
 * @rules: its rules
 * @change: the new generation
 * @shown: the object of its policies in messages
 */
struct bundle_table {
	struct bundle_rules	rules;
	struct rules_change	change;
	char			shown[PATH_MAX];
};

static int begin(struct bx_bundle *b, struct bundle_table *t, bool trial)
{
	int err = bundle_rules_read(b, &t->rules);

	if (err)
		return err;
	snprintf(t->shown, sizeof(t->shown), "%s/%s", b->shown, b->rules[0]);
	t->change = (struct rules_change) {
		.h = b->h, .table = b->about.name, .bundle = true, .shadow = b->shadow,
		.trial = trial, .scope = t->rules.scope, .nscopes = t->rules.nscopes,
		.shown = t->shown,
	};
	return rules_change_begin(&t->change, &t->rules.rules);
}

int bundle_rules_load(struct bx_bundle *b, struct transaction *txn, bool trial, uint64_t *seen)
{
	size_t before = txn->count;
	int err;

	if (!b->nr_rules)
		return 0;
	b->table = calloc(1, sizeof(*b->table));
	if (!b->table)
		return fail(b->h, BX_FAULT_FAILED, ENOMEM, "out of memory");
	err = begin(b, b->table, trial);
	*seen |= b->table->rules.seen;
	if (!err)
		err = rules_change_add(&b->table->change, txn);
	for (size_t i = before; !err && i < txn->count; i++)
		err = object_load(b->h, &txn->objs[i]);
	return err;
}

void bundle_rules_done(struct bx_bundle *b, int err)
{
	if (b->table && !err)
		rules_change_done(&b->table->change);
	else if (b->table && !b->h->astray)
		rules_change_undo(&b->table->change);
	if (!err)
		rules_sweep(b->h);
}

void bundle_rules_unload(struct bx_bundle *b)
{
	if (!b->table)
		return;
	rules_change_end(&b->table->change);
	bundle_rules_free(&b->table->rules);
	free(b->table);
	b->table = NULL;
}
