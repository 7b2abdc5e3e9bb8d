// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: which rule wins on a device, and why others do not
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "rules_text.h"

/**
 * struct explain - an explanation
 * @device: the device
 * @rank: the rules in order
 * @n: number of rules
 * @winner: the rule that wins, or NULL
 */
struct explain {
	const struct bx_rules_device	*device;
	const struct bx_rule		**rank;
	size_t				n;
	const struct bx_rule		*winner;
};

const char *bx_rule_why_text(enum bx_rule_why why)
{
	static const char *const words[] = {
		[BX_RULE_MATCHES]	= "wins",
		[BX_RULE_SCORES]	= "scores",
		[BX_RULE_OTHER_BUS]	= "bus",
		[BX_RULE_PATTERN]	= "pattern",
		[BX_RULE_CONDITION]	= "condition",
		[BX_RULE_APPROVED]	= "approved",
		[BX_RULE_PRIORITY]	= "priority",
		[BX_RULE_SPECIFICITY]	= "specificity",
		[BX_RULE_ORDER]		= "order",
	};

	return why < sizeof(words) / sizeof(*words) ? words[why] : "unknown";
}

/* ---- what is compared ---- */

static const char *or_none(const char *text)
{
	return text[0] ? text : "none";
}

static void member_text(const struct bx_dev_info *dev, unsigned int what, char *buf, size_t size)
{
	const __s32 index[] = { dev->vf_index, dev->numa_node, dev->iommu_group };
	const __u32 id[] = { dev->vendor, dev->device, dev->subvendor, dev->subdevice,
			     dev->revision, dev->class };

	if (what >= BX_MEMBER_VF_INDEX && index[what - BX_MEMBER_VF_INDEX] < 0)
		snprintf(buf, size, "none");
	else if (what >= BX_MEMBER_VF_INDEX)
		snprintf(buf, size, "%d", index[what - BX_MEMBER_VF_INDEX]);
	else if (what == BX_MEMBER_CLASS && strcmp(dev->bus, "usb"))
		snprintf(buf, size, "%06x", dev->class);
	else if (what == BX_MEMBER_CLASS)
		snprintf(buf, size, "another one");
	else if (what >= BX_MEMBER_VENDOR)
		snprintf(buf, size, "%04x", id[what - BX_MEMBER_VENDOR]);
	else
		snprintf(buf, size, "%s", what == BX_MEMBER_NAME ? dev->name :
			 what == BX_MEMBER_PARENT ? or_none(dev->parent) :
			 what == BX_MEMBER_PARENT_DRIVER ? or_none(dev->parent_driver) :
			 "another one");
}

/* Tells the value that a condition compares. */
static void actual(const struct bx_rule_cond *cond, const struct bx_rules_device *d, char *buf,
		   size_t size)
{
	const struct rules_key *key = rules_key_of(cond);
	char value[BX_FACT_LEN];

	buf[0] = '\0';
	if (cond->kind == BX_COND_FACT && d->fact[cond->what][0]) {
		snprintf(buf, size, ": %s is '%s'", key->name, d->fact[cond->what]);
	} else if (cond->kind == BX_COND_FACT) {
		snprintf(buf, size, ": the device has no %s", key->name);
	} else if (cond->kind == BX_COND_MEMBER) {
		member_text(&d->dev, cond->what, value, sizeof(value));
		snprintf(buf, size, ": %s is %s", key->name, value);
	}
}

/* ---- one rule ---- */

static const struct bx_rules_device *
member_of(const struct bx_rule *rule, const struct bx_rules_device *d)
{
	for (size_t i = 0; i < d->nmembers; i++)
		if (d->in_group[i] & 1U << rule->group &&
		    rules_mismatch(rule, d->member[i], NULL) == BX_RULE_MATCHES)
			return d->member[i];
	return NULL;
}

static enum bx_rule_why lost_to(const struct bx_rule *winner, const struct bx_rule *rule,
				char *buf, size_t size)
{
	if (rule->priority != winner->priority) {
		snprintf(buf, size, "%s:%u wins: priority %d against %d", winner->file,
			 winner->line, winner->priority, rule->priority);
		return BX_RULE_PRIORITY;
	}
	if (rule->specificity != winner->specificity) {
		snprintf(buf, size, "%s:%u is more specific (fixed characters: %u, "
			 "conditions: %zu) than this (%u, %zu)",
			 winner->file, winner->line, winner->specificity / 64, winner->nconds,
			 rule->specificity / 64, rule->nconds);
		return BX_RULE_SPECIFICITY;
	}
	snprintf(buf, size, "%s:%u is as specific, and comes first", winner->file, winner->line);
	return BX_RULE_ORDER;
}

/* The rule that a score comes after: the winner, or a better score for the same driver */
static const struct bx_rule *before_score(const struct explain *e, const struct bx_rule *rule)
{
	for (size_t i = 0; i < e->n && e->rank[i] != rule; i++) {
		const struct bx_rule *other = e->rank[i];

		if (other == e->winner)
			return other;
		if (other->verdict == BX_RULE_SCORE &&
		    !strcmp(other->driver[0], rule->driver[0]) && rules_match(other, e->device))
			return other;
	}
	return NULL;
}

/* The rule that a part comes after: another one that names a part */
static const struct bx_rule *before_part(const struct explain *e, const struct bx_rule *rule)
{
	for (size_t i = 0; i < e->n && e->rank[i] != rule; i++)
		if (e->rank[i]->verdict == BX_RULE_PART && rules_match(e->rank[i], e->device))
			return e->rank[i];
	return NULL;
}

static const struct bx_rule *before_of(const struct explain *e, const struct bx_rule *rule)
{
	if (rule->verdict == BX_RULE_SCORE)
		return before_score(e, rule);
	if (rule->verdict == BX_RULE_PART)
		return before_part(e, rule);
	return rule == e->winner ? NULL : e->winner;
}

static enum bx_rule_why matched(const struct explain *e, const struct bx_rule *rule, char *buf,
				size_t size)
{
	const struct bx_rule *before = before_of(e, rule);

	if (before)
		return lost_to(before, rule, buf, size);
	if (rule->verdict == BX_RULE_SCORE) {
		snprintf(buf, size, "its score counts");
		return BX_RULE_SCORES;
	}
	if (rule->verdict == BX_RULE_PART) {
		snprintf(buf, size, "names the part");
		return BX_RULE_SCORES;
	}
	snprintf(buf, size, "wins");
	return BX_RULE_MATCHES;
}

static void tell_mismatch(const struct explain *e, const struct bx_rule *rule,
			  enum bx_rule_why why, const struct bx_rule_cond *cond, char *buf,
			  size_t size)
{
	char value[256], *text;

	if (why == BX_RULE_OTHER_BUS) {
		snprintf(buf, size, "it is for bus '%s'", rule->bus);
	} else if (why == BX_RULE_PATTERN) {
		snprintf(buf, size, "the pattern does not match");
	} else {
		text = rules_print_cond(rule, cond);
		actual(cond, e->device, value, sizeof(value));
		snprintf(buf, size, "'%.128s' does not hold%s", text ?: "", value);
		free(text);
	}
}

static enum bx_rule_why explain(const struct explain *e, const struct bx_rule *rule, char *buf,
				size_t size)
{
	const struct bx_rule_cond *cond = NULL;
	enum bx_rule_why why = rules_mismatch(rule, e->device, &cond);
	const struct bx_rules_device *member = NULL;
	size_t len;

	if (why != BX_RULE_MATCHES && rule->group != BX_RULE_NO_GROUP)
		member = member_of(rule, e->device);
	if (why != BX_RULE_MATCHES && !member) {
		tell_mismatch(e, rule, why, cond, buf, size);
		return why;
	}
	if (rule->until_approved && e->device->approved) {
		snprintf(buf, size, "the device is approved");
		return BX_RULE_APPROVED;
	}
	why = matched(e, rule, buf, size);
	len = strlen(buf);
	if (member)
		snprintf(buf + len, size - len, "; %s of its group matches", member->dev.name);
	return why;
}

/* ---- all rules ---- */

static int tell(const struct explain *e, const struct bx_rule *rule, unsigned int flags,
		bx_rule_said_fn fn, void *arg)
{
	char detail[512], shown[512];
	struct bx_rule_said said = {
		.file = rule->file, .line = rule->line, .column = rule->column,
		.driver = rule->driver[0], .score = rule->score,
	};
	char *text, *verdict;
	int err = -ENOMEM;

	said.why = explain(e, rule, detail, sizeof(detail));
	if (!(flags & BX_RULES_ALL) &&
	    (said.why == BX_RULE_PATTERN || said.why == BX_RULE_OTHER_BUS))
		return 0;
	said.detail = bx_printable(shown, sizeof(shown), detail);
	text = rules_print(rule);
	verdict = rules_print_verdict(rule);
	said.text = text;
	said.verdict = verdict;
	if (text && verdict) {
		fn(&said, arg);
		err = 0;
	}
	free(text);
	free(verdict);
	return err;
}

int bx_rules_explain(struct bx_handle *h, const struct bx_rules *rules,
		     const struct bx_rules_device *device, unsigned int flags,
		     bx_rule_said_fn fn, void *arg)
{
	struct explain e = { .device = device, .n = rules->n };
	int err = 0;

	e.rank = rules_ranked(rules);
	e.winner = rules_select(rules, device);
	for (size_t i = 0; e.rank && !err && i < e.n; i++)
		err = tell(&e, e.rank[i], flags, fn, arg);
	if (!e.rank || err)
		err = fail(h, BX_FAULT_FAILED, ENOMEM, "out of memory");
	free(e.rank);
	return err;
}
