// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: the meaning of rules
 *
 * This is slow and obvious: it looks at each rule.  The engine in bpf/ must have the same
 * results, which a test compares.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rules.h"

/* ---- order ---- */

unsigned int rules_specificity(const struct bx_rule *rule)
{
	return 64 * rules_glob_fixed(rule->pattern) + rule->nconds;
}

int rules_compare(const struct bx_rule *a, const struct bx_rule *b)
{
	if (a->priority != b->priority)
		return a->priority > b->priority ? -1 : 1;
	if (a->specificity != b->specificity)
		return a->specificity > b->specificity ? -1 : 1;
	if (a->order != b->order)
		return a->order < b->order ? -1 : 1;
	return 0;
}

static int compare_pointers(const void *a, const void *b)
{
	const struct bx_rule *const *one = a, *const *other = b;

	return rules_compare(*one, *other);
}

const struct bx_rule **rules_ranked(const struct bx_rules *rules)
{
	const struct bx_rule **list = calloc(rules->n ?: 1, sizeof(*list));

	if (!list)
		return NULL;
	for (size_t i = 0; i < rules->n; i++)
		list[i] = &rules->rule[i];
	qsort(list, rules->n, sizeof(*list), compare_pointers);
	return list;
}

/* ---- values ---- */

static bool text_matches(const struct bx_rule_value *v, const char *text)
{
	return v->kind == BX_VALUE_GLOB ? rules_glob(v->text, text) : !strcmp(v->text, text);
}

static bool any_text(const struct bx_rule_cond *cond, const char *text)
{
	for (size_t i = 0; i < cond->n; i++)
		if (text_matches(&cond->value[i], text))
			return true;
	return false;
}

static bool any_number(const struct bx_rule_cond *cond, long long number)
{
	for (size_t i = 0; i < cond->n; i++)
		if (number >= cond->value[i].low && number <= cond->value[i].high)
			return true;
	return false;
}

/* ---- facts ---- */

/* A text that is not a number has none of the numbers. */
static bool text_is_number(const char *text, long long *out)
{
	size_t len = strlen(text);

	if (!len || len > 18 || strspn(text, "0123456789") != len)
		return false;
	*out = strtoll(text, NULL, 10);
	return true;
}

static bool fact_holds(const struct bx_rule_cond *cond, const struct bx_rules_device *d)
{
	const char *text = d->fact[cond->what];
	long long number;

	if (!cond->n || cond->value->kind != BX_VALUE_RANGE)
		return any_text(cond, text);
	return text_is_number(text, &number) && any_number(cond, number);
}

/* ---- members ---- */

static bool text_member_holds(const struct bx_rule_cond *cond, const struct bx_dev_info *dev)
{
	char guid[BX_GUID_LEN];

	switch (cond->what) {
	case BX_MEMBER_NAME:
		return any_text(cond, dev->name);
	case BX_MEMBER_PARENT:
		return any_text(cond, dev->parent);
	case BX_MEMBER_PARENT_DRIVER:
		return any_text(cond, dev->parent_driver);
	default:
		return any_text(cond, bx_guid_text(guid, dev->guid));
	}
}

/* Reads @n pairs of hexadecimal digits, each @step bytes after the last one. */
static bool read_class(const char *text, unsigned int step, long long *class)
{
	static const char hex[] = "0123456789ABCDEF";
	const char *high, *low;

	*class = 0;
	for (int i = 0; i < 3; i++, text += step) {
		high = text[0] ? strchr(hex, text[0] >= 'a' ? text[0] - 32 : text[0]) : NULL;
		low = high && text[1] ?
			strchr(hex, text[1] >= 'a' ? text[1] - 32 : text[1]) : NULL;
		if (!low)
			return false;
		*class = *class << 8 | (high - hex) << 4 | (low - hex);
	}
	return true;
}

/* usb:v1234p1234d1234dc12dsc12dp12icXXiscXXipXXin12: each of them has its place. */
static bool interface_class(const char *modalias, long long *class)
{
	char digits[6];

	if (strncmp(modalias, "usb:", 4) || strlen(modalias) < 47 ||
	    strncmp(modalias + 32, "ic", 2) || strncmp(modalias + 36, "isc", 3) ||
	    strncmp(modalias + 41, "ip", 2))
		return false;
	memcpy(digits, modalias + 34, 2);
	memcpy(digits + 2, modalias + 39, 2);
	memcpy(digits + 4, modalias + 43, 2);
	return read_class(digits, 2, class);
}

/* A device has the classes of its interfaces, in ":030101:080650:". */
static bool usb_class_holds(const struct bx_rule_cond *cond, const struct bx_rules_device *d)
{
	const char *at = d->fact[BX_FACT_INTERFACES];
	long long class;

	if (d->dev.modalias[0])
		return interface_class(d->dev.modalias, &class) && any_number(cond, class);
	for (; *at == ':' && strlen(at) >= 8; at += 7)
		if (read_class(at + 1, 2, &class) && any_number(cond, class))
			return true;
	return false;
}

static bool member_holds(const struct bx_rule_cond *cond, const struct bx_rules_device *d)
{
	const struct bx_dev_info *dev = &d->dev;

	switch (cond->what) {
	case BX_MEMBER_VENDOR:
		return any_number(cond, dev->vendor);
	case BX_MEMBER_DEVICE:
		return any_number(cond, dev->device);
	case BX_MEMBER_SUBVENDOR:
		return any_number(cond, dev->subvendor);
	case BX_MEMBER_SUBDEVICE:
		return any_number(cond, dev->subdevice);
	case BX_MEMBER_REVISION:
		return any_number(cond, dev->revision);
	case BX_MEMBER_CLASS:
		return strcmp(dev->bus, "usb") ? any_number(cond, dev->class) :
			usb_class_holds(cond, d);
	case BX_MEMBER_VF_INDEX:
		return any_number(cond, dev->vf_index);
	case BX_MEMBER_NUMA_NODE:
		return any_number(cond, dev->numa_node);
	case BX_MEMBER_IOMMU_GROUP:
		return any_number(cond, dev->iommu_group);
	default:
		return text_member_holds(cond, dev);
	}
}

/* ---- the kernel command line ---- */

/* '-' and '_' are equal. */
static char folded(char c)
{
	return c == '-' ? '_' : c;
}

static bool has_name(const char *word, const char *name, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (folded(word[i]) != folded(name[i]))
			return false;
	return true;
}

/* Copies the next word of the line without quotes, as the kernel splits it; false at the end. */
static bool next_word(const char **line, char *word)
{
	bool quoted = false;

	*line += strspn(*line, " \t\n");
	if (!**line)
		return false;
	for (; **line && (quoted || !strchr(" \t\n", **line)); (*line)++) {
		if (**line == '"')
			quoted = !quoted;
		else
			*word++ = **line;
	}
	*word = '\0';
	return true;
}

static bool word_matches(const struct bx_rule_value *v, const char *word)
{
	size_t len = strlen(word);

	if (v->kind == BX_VALUE_GLOB)
		return rules_glob_alias(v->text, word);
	return strlen(v->text) == len && has_name(word, v->text, len);
}

static bool cmdline_holds(const struct bx_rule_cond *cond, const struct bx_rules_device *d)
{
	const char *line = d->cmdline ?: "";
	size_t size = strlen(line) + 1, key = cond->key ? strlen(cond->key) : 0;
	char word[size], value[size];
	bool found = false;

	value[0] = '\0';
	while (next_word(&line, word)) {
		if (key && strlen(word) > key && word[key] == '=' && has_name(word, cond->key, key))
			strcpy(value, word + key + 1);
		for (size_t i = 0; !key && i < cond->n; i++)
			found |= word_matches(&cond->value[i], word);
	}
	return key ? any_text(cond, value) : found;
}

/* ---- rules ---- */

bool rules_cond_holds(const struct bx_rule_cond *cond, const struct bx_rules_device *device)
{
	bool holds = false;

	switch (cond->kind) {
	case BX_COND_FACT:
		holds = fact_holds(cond, device);
		break;
	case BX_COND_MEMBER:
		holds = member_holds(cond, device);
		break;
	case BX_COND_FLAG:
		holds = device->dev.flags & cond->what;
		break;
	case BX_COND_CMDLINE:
		holds = cmdline_holds(cond, device);
		break;
	case BX_COND_SETTING:
		break;
	}
	return holds != cond->negated;
}

/* A device without a modalias has an empty one, which "*" matches, too. */
enum bx_rule_why rules_mismatch(const struct bx_rule *rule, const struct bx_rules_device *device,
				const struct bx_rule_cond **cond)
{
	if (strcmp(rule->bus, device->dev.bus))
		return BX_RULE_OTHER_BUS;
	if (!rules_glob_alias(rule->pattern, device->dev.modalias))
		return BX_RULE_PATTERN;
	for (size_t i = 0; i < rule->nconds; i++) {
		if (rules_cond_holds(&rule->cond[i], device))
			continue;
		if (cond)
			*cond = &rule->cond[i];
		return BX_RULE_CONDITION;
	}
	return BX_RULE_MATCHES;
}

static bool matches_itself(const struct bx_rule *rule, const struct bx_rules_device *device)
{
	return rules_mismatch(rule, device, NULL) == BX_RULE_MATCHES;
}

bool rules_match(const struct bx_rule *rule, const struct bx_rules_device *device)
{
	bool matches = matches_itself(rule, device);

	for (size_t i = 0; rule->group != BX_RULE_NO_GROUP && !matches && i < device->nmembers; i++)
		matches = device->in_group[i] & 1U << rule->group &&
			matches_itself(rule, device->member[i]);
	return matches && !(rule->until_approved && device->approved);
}

bool rules_selects(const struct bx_rule *rule)
{
	return rule->verdict != BX_RULE_SCORE && rule->verdict != BX_RULE_PART;
}

static bool names_part(const struct bx_rule *rule)
{
	return rule->verdict == BX_RULE_PART;
}

/* The first rule that matches, of those that @is accepts */
static const struct bx_rule *first_of(const struct bx_rules *rules,
				      const struct bx_rules_device *device,
				      bool (*is)(const struct bx_rule *rule))
{
	const struct bx_rule *best = NULL;

	for (size_t i = 0; i < rules->n; i++) {
		const struct bx_rule *rule = &rules->rule[i];

		if (is(rule) && rules_match(rule, device) &&
		    (!best || rules_compare(rule, best) < 0))
			best = rule;
	}
	return best;
}

const struct bx_rule *rules_select(const struct bx_rules *rules,
				   const struct bx_rules_device *device)
{
	return first_of(rules, device, rules_selects);
}

const struct bx_rule *rules_part(const struct bx_rules *rules,
				 const struct bx_rules_device *device)
{
	return first_of(rules, device, names_part);
}

unsigned int rules_score(const struct bx_rules *rules, const struct bx_rules_device *device,
			 const char *driver)
{
	const struct bx_rule *best = NULL, *winner = rules_select(rules, device);

	for (size_t i = 0; i < rules->n; i++) {
		const struct bx_rule *rule = &rules->rule[i];

		if (rule->verdict == BX_RULE_SCORE && !strcmp(rule->driver[0], driver) &&
		    rules_match(rule, device) && (!best || rules_compare(rule, best) < 0))
			best = rule;
	}
	if (!best || (winner && rules_compare(winner, best) < 0))
		return 0;
	return best->score;
}
