// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: rules for the engine: keys, checks and verdicts
 *
 * A condition becomes checks, one for each of its values, unless its outcome is known: that
 * of the kernel command line is, and no text of a device is as long as some values.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/evp.h>

#include "internal.h"
#include "rules_table.h"

static int no_memory(struct bx_handle *h)
{
	return fail(h, BX_FAULT_FAILED, ENOMEM, "out of memory");
}

static int reject(struct bx_handle *h, const struct bx_rule *rule, const char *why)
{
	return fail(h, BX_FAULT_REJECTED, EINVAL, "%s:%u:%u: %s", rule->file ?: "rules",
		    rule->line, rule->column, why);
}

/* ---- checks ---- */

/* Makes room for @n more texts; returns the first one, or NULL. */
static char (*add_texts(struct rt_draft *d, size_t n))[BX_RT_TEXT]
{
	char (*texts)[BX_RT_TEXT];

	texts = realloc(d->text, (d->ntexts + n) * sizeof(*texts));
	if (!texts)
		return NULL;
	d->text = texts;
	memset(texts + d->ntexts, 0, n * sizeof(*texts));
	return texts + d->ntexts;
}

static struct bx_rt_check *add_check(struct rt_draft *d, __u8 op, __u8 source, __u8 what)
{
	struct bx_rt_check *checks;

	checks = realloc(d->check, (d->nchecks + 1) * sizeof(*checks));
	if (!checks)
		return NULL;
	d->check = checks;
	checks += d->nchecks++;
	*checks = (struct bx_rt_check) { .op = op, .source = source, .what = what };
	return checks;
}

/* Adds a check of a text.  Returns 0 without one if nothing equals it, 1, or -ENOMEM. */
static int add_equal(struct rt_draft *d, __u8 source, __u8 what, const char *text)
{
	struct bx_rt_check *check;
	char (*to)[BX_RT_TEXT];

	if (strlen(text) >= BX_RT_TEXT)
		return 0;
	to = add_texts(d, 1);
	check = to ? add_check(d, BX_RT_EQUAL, source, what) : NULL;
	if (!check)
		return -ENOMEM;
	strcpy(*to, text);
	check->text = ++d->ntexts;
	return 1;
}

/* The same for a glob */
static int add_glob(struct rt_draft *d, __u8 source, __u8 what, const struct rt_glob *glob)
{
	size_t room = 1 + (glob->n + BX_RT_CLASSES - 1) / BX_RT_CLASSES, n;
	struct bx_rt_check *check;
	char (*to)[BX_RT_TEXT];

	to = add_texts(d, room);
	if (!to)
		return -ENOMEM;
	n = rt_glob_write(glob, to, room);
	if (!n)
		return 0;
	check = add_check(d, BX_RT_MATCH, source, what);
	if (!check)
		return -ENOMEM;
	check->text = d->ntexts + 1;
	d->ntexts += n;
	return 1;
}

static int add_range(struct rt_draft *d, __u8 source, __u8 what,
		     const struct bx_rule_value *value)
{
	struct bx_rt_check *check = add_check(d, BX_RT_RANGE, source, what);

	if (!check)
		return -ENOMEM;
	check->low = value->low;
	check->high = value->high;
	return 1;
}

static int add_value(struct rt_draft *d, __u8 source, __u8 what,
		     const struct bx_rule_value *value)
{
	struct rt_glob glob;

	switch (value->kind) {
	case BX_VALUE_RANGE:
		return add_range(d, source, what, value);
	case BX_VALUE_GLOB:
		rt_glob_parse(&glob, value->text, false);
		return add_glob(d, source, what, &glob);
	default:
		return add_equal(d, source, what, value->text);
	}
}

/* Ends the checks of a condition, which @n of its values have. */
static void end_condition(struct rt_draft *d, size_t n, bool negated)
{
	if (n)
		d->check[d->nchecks - 1].flags = BX_RT_LAST |
			(negated ? BX_RT_NEGATED : 0);
	else if (!negated)
		d->never = true;
}

static int add_flag(struct rt_draft *d, const struct bx_rule_cond *cond)
{
	struct bx_rt_check *check;

	check = add_check(d, BX_RT_BITS, BX_RT_MEMBER, BX_RT_M_FLAGS);
	if (!check)
		return -ENOMEM;
	check->low = cond->what;
	end_condition(d, 1, cond->negated);
	return 0;
}

static void add_cmdline(struct rt_draft *d, const struct bx_rule_cond *cond,
			const char *cmdline)
{
	struct bx_rules_device machine = { .cmdline = (char *)cmdline };

	if (!rules_cond_holds(cond, &machine))
		d->never = true;
}

static __u8 source_of(const struct rt_draft *d, const struct bx_rule_cond *cond)
{
	if (cond->kind == BX_COND_FACT)
		return BX_RT_FACT;
	if (cond->what == BX_MEMBER_CLASS && rt_format_of(d->rule->bus) == BX_RT_USB)
		return BX_RT_USB_CLASS;
	return BX_RT_MEMBER;
}

static int add_condition(struct rt_draft *d, const struct bx_rule_cond *cond,
			 const char *cmdline)
{
	size_t n = 0;
	int ret;

	if (cond->kind == BX_COND_FLAG)
		return add_flag(d, cond);
	if (cond->kind == BX_COND_CMDLINE) {
		add_cmdline(d, cond, cmdline);
		return 0;
	}
	for (size_t i = 0; i < cond->n; i++) {
		ret = add_value(d, source_of(d, cond), cond->what, &cond->value[i]);
		if (ret < 0)
			return ret;
		n += ret;
	}
	end_condition(d, n, cond->negated);
	return 0;
}

/* ---- conditions that a hash may cover ---- */

/* Facts and members that tell devices apart, the most telling ones first */
static int telling(const struct bx_rule_cond *cond)
{
	static const __u32 facts[] = {
		BX_FACT_FINGERPRINT, BX_FACT_SERIAL, BX_FACT_MAC, BX_FACT_PATH,
		BX_FACT_ACPI_PATH, BX_FACT_OF_NODE, BX_FACT_LABEL, BX_FACT_SLOT,
		BX_FACT_ACPI_INDEX, BX_FACT_PRODUCT, BX_FACT_ACPI_HID,
	};
	static const __u32 members[] = { BX_MEMBER_GUID, BX_MEMBER_NAME, BX_MEMBER_PARENT };

	if (cond->kind == BX_COND_MEMBER) {
		for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++)
			if (cond->what == members[i])
				return 50 - i;
	} else if (cond->kind == BX_COND_FACT) {
		for (size_t i = 0; i < sizeof(facts) / sizeof(*facts); i++)
			if (cond->what == facts[i])
				return 40 - i;
	}
	return 0;
}

/* Whether each value is a text; each becomes a node, so there must not be many. */
static bool has_texts(const struct bx_rule_cond *cond)
{
	for (size_t i = 0; i < cond->n; i++)
		if (cond->value[i].kind != BX_VALUE_TEXT ||
		    strlen(cond->value[i].text) >= BX_RT_TEXT)
			return false;
	return cond->n && cond->n <= 16 && !cond->negated;
}

static void find_index(struct rt_draft *d)
{
	int best = 0;

	for (size_t i = 0; i < d->rule->nconds; i++) {
		const struct bx_rule_cond *cond = &d->rule->cond[i];
		int score = telling(cond);

		if (score <= best || !has_texts(cond))
			continue;
		best = score;
		d->index = cond;
		d->source = cond->kind == BX_COND_FACT ? BX_RT_FACT : BX_RT_MEMBER;
		d->what = cond->what;
	}
}

/* ---- what a rule says ---- */

static void say(EVP_MD_CTX *out, const void *data, size_t size)
{
	EVP_DigestUpdate(out, &size, sizeof(size));
	EVP_DigestUpdate(out, data, size);
}

static void say_text(EVP_MD_CTX *out, const char *text)
{
	say(out, text ?: "", text ? strlen(text) + 1 : 0);
}

static void say_condition(EVP_MD_CTX *out, const struct bx_rule_cond *cond)
{
	__u64 what[] = { cond->kind, cond->what, cond->negated, cond->n };

	say(out, what, sizeof(what));
	say_text(out, cond->key);
	for (size_t i = 0; i < cond->n; i++) {
		const struct bx_rule_value *v = &cond->value[i];
		__s64 number[] = { v->kind, v->low, v->high };

		say(out, number, sizeof(number));
		say_text(out, v->text);
	}
}

/* All but the priority and the place: a rule may move. */
static void say_rule(EVP_MD_CTX *out, const struct bx_rule *r)
{
	__u64 what[] = { r->verdict, r->ndrivers, r->score, r->group, r->until_approved,
			 r->any_order, r->bound, r->nconds };

	say(out, what, sizeof(what));
	say_text(out, r->pattern);
	say_text(out, r->bus);
	for (unsigned int i = 0; i < r->ndrivers; i++)
		say_text(out, r->driver[i]);
	for (size_t i = 0; i < r->nconds; i++)
		say_condition(out, &r->cond[i]);
}

/* @out has its algorithm already. */
static int make_digest(struct rt_draft *d, EVP_MD_CTX *out)
{
	unsigned char digest[EVP_MAX_MD_SIZE];

	if (!EVP_DigestInit_ex(out, NULL, NULL))
		return -ENOMEM;
	say_rule(out, d->rule);
	if (!EVP_DigestFinal_ex(out, digest, NULL))
		return -ENOMEM;
	memcpy(d->digest, digest, sizeof(d->digest));
	return 0;
}

/* ---- drafts ---- */

static __u8 kind_of(const struct bx_rule *rule)
{
	if (rule->verdict == BX_RULE_SCORE)
		return BX_RT_SCORE;
	if (rule->verdict == BX_RULE_PART)
		return BX_RT_PART;
	return rule->group == BX_RULE_NO_GROUP ? BX_RT_PLAIN : BX_RT_GROUP + rule->group;
}

/* Facts of the machine, and those that the members of a group share */
static bool is_of_group(const struct bx_rule *rule, unsigned int fact)
{
	if (fact >= BX_FACT_SYS_VENDOR && fact <= BX_FACT_BOOT)
		return true;
	return fact == BX_FACT_SLOT && rule->group == BX_GROUP_SLOT;
}

/* The kernel gives programs the facts of the elected device only. */
static int check_group(struct bx_handle *h, const struct bx_rule *rule)
{
	char why[160];

	if (rule->group == BX_RULE_NO_GROUP)
		return 0;
	if (!rules_selects(rule))
		return reject(h, rule,
			      "expected a verdict other than 'score=' and 'part=' for a group");
	for (size_t i = 0; i < rule->nconds; i++) {
		const struct bx_rule_cond *cond = &rule->cond[i];

		if (cond->kind == BX_COND_FACT && is_of_group(rule, cond->what))
			continue;
		if (cond->kind != BX_COND_FACT &&
		    (cond->kind != BX_COND_MEMBER || cond->what != BX_MEMBER_CLASS ||
		     strcmp(rule->bus, "usb")))
			continue;
		snprintf(why, sizeof(why),
			 "expected no condition on '%s' in a rule for a group: it cannot be read of other members",
			 cond->kind == BX_COND_FACT ? bx_fact_text(cond->what) : "class");
		return reject(h, rule, why);
	}
	return 0;
}

/* The kernel ejects a policy that names such a driver. */
static int check_verdict(struct bx_handle *h, const struct bx_rule *rule)
{
	for (unsigned int i = 0; i < rule->ndrivers; i++)
		if (!rule->driver[i][0] || strpbrk(rule->driver[i], "/\n") ||
		    strnlen(rule->driver[i], BX_NAME_LEN) == BX_NAME_LEN)
			return reject(h, rule, "expected a driver's name");
	if (rule->verdict == BX_RULE_SCORE &&
	    (rule->score < 1 || rule->score > BX_SCORE_MAX || rule->ndrivers != 1))
		return reject(h, rule, "expected one driver and its score, 1 to 10000");
	if (rule->verdict == BX_RULE_PART && rule->ndrivers != 2)
		return reject(h, rule, "expected the names of a composite device and a part");
	if (rule->verdict == BX_RULE_DRIVER && !rule->ndrivers)
		return reject(h, rule, "expected a driver");
	return 0;
}

static int add_pattern(struct rt_draft *d)
{
	struct rt_glob glob;
	int ret = 1;

	rt_glob_parse(&glob, d->rule->pattern, true);
	rt_pattern_parse(&d->pattern, &glob, d->rule->bus);
	if (!d->pattern.exact)
		ret = add_glob(d, BX_RT_MODALIAS, 0, &glob);
	if (!d->pattern.exact && ret >= 0)
		end_condition(d, ret, false);
	return ret < 0 ? ret : 0;
}

static int draft_make(struct bx_handle *h, struct rt_draft *d, const char *cmdline,
		      EVP_MD_CTX *digest)
{
	int err;

	d->kind = kind_of(d->rule);
	err = check_verdict(h, d->rule) ?: check_group(h, d->rule);
	if (err)
		return err;
	err = add_pattern(d);
	for (size_t i = 0; !err && i < d->rule->nconds; i++)
		err = add_condition(d, &d->rule->cond[i], cmdline);
	if (!err)
		err = make_digest(d, digest);
	if (err)
		return no_memory(h);
	if (d->nchecks > BX_RT_CHECKS)
		return reject(h, d->rule, "expected fewer values");
	find_index(d);
	return 0;
}

/* The same rule without ids and a text that a hash covers: all is checked. */
int rt_draft_coarse(const struct rt_draft *d, struct rt_draft *coarse)
{
	struct rt_glob glob;
	int ret = 1;

	*coarse = *d;
	coarse->pattern = (struct rt_pattern) {};
	coarse->check = malloc((d->nchecks + 1) * sizeof(*d->check));
	coarse->text = malloc((d->ntexts + 1) * sizeof(*d->text));
	if (!coarse->check || !coarse->text)
		return -ENOMEM;
	if (d->nchecks)
		memcpy(coarse->check, d->check, d->nchecks * sizeof(*d->check));
	if (d->ntexts)
		memcpy(coarse->text, d->text, d->ntexts * sizeof(*d->text));
	if (!d->pattern.exact)
		return 0;
	rt_glob_parse(&glob, d->rule->pattern, true);
	ret = add_glob(coarse, BX_RT_MODALIAS, 0, &glob);
	if (ret > 0)
		end_condition(coarse, 1, false);
	return ret < 0 ? ret : 0;
}

void rt_draft_free(struct rt_draft *d)
{
	free(d->check);
	free(d->text);
}

static int by_order(const void *a, const void *b)
{
	const struct rt_draft *x = a, *y = b;

	return rules_compare(x->rule, y->rule);
}

static EVP_MD_CTX *new_digest(void)
{
	EVP_MD_CTX *digest = EVP_MD_CTX_new();

	if (digest && EVP_DigestInit_ex(digest, EVP_sha256(), NULL))
		return digest;
	EVP_MD_CTX_free(digest);
	return NULL;
}

int rt_drafts_make(struct bx_handle *h, const struct bx_rules *rules, const char *cmdline,
		   struct rt_drafts *drafts)
{
	EVP_MD_CTX *digest = new_digest();
	int err;

	*drafts = (struct rt_drafts) { .draft = calloc(rules->n ?: 1, sizeof(struct rt_draft)) };
	err = digest && drafts->draft ? 0 : no_memory(h);
	for (size_t i = 0; !err && i < rules->n; i++) {
		struct rt_draft *d = &drafts->draft[drafts->n++];

		d->rule = &rules->rule[i];
		err = draft_make(h, d, cmdline, digest);
		if (!err && d->never) {
			rt_draft_free(d);
			*d = (struct rt_draft) {};
			drafts->n--;
		}
	}
	EVP_MD_CTX_free(digest);
	if (err)
		rt_drafts_free(drafts);
	else
		qsort(drafts->draft, drafts->n, sizeof(*drafts->draft), by_order);
	return err;
}

void rt_drafts_free(struct rt_drafts *drafts)
{
	for (size_t i = 0; i < drafts->n; i++)
		rt_draft_free(&drafts->draft[i]);
	free(drafts->draft);
	*drafts = (struct rt_drafts) {};
}
