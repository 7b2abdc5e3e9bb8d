// SPDX-License-Identifier: GPL-2.0-only
/*
 * Native tests: generated tables of rules and devices
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../../bpf/rules_table.h"
#include "../../lib/internal.h"
#include "rules_gen.h"

#define ARRAY(a)	(sizeof(a) / sizeof((a)[0]))

static unsigned long long state;

void gen_seed(unsigned long long seed)
{
	state = seed * 0x9e3779b97f4a7c15ULL + 1;
}

unsigned int gen_below(unsigned int n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (state >> 20) % n;
}

static bool once_in(unsigned int n)
{
	return !gen_below(n);
}

const char *gen_driver(unsigned int i)
{
	static const char *const name[GEN_DRIVERS] = {
		"nvme", "vfio-pci", "a_driver_whose_name_is_31_chars", "r8169", "usb-storage",
	};

	return name[i % GEN_DRIVERS];
}

/* ---- modaliases ---- */

static const char *const buses[] = { "pci", "usb", "hid", "virtio", "platform", "bx-sf" };

static const char *template_of(const char *bus)
{
	if (!strcmp(bus, "pci"))
		return bx_rt_template[BX_RT_PCI];
	if (!strcmp(bus, "usb"))
		return bx_rt_template[BX_RT_USB];
	if (!strcmp(bus, "hid"))
		return bx_rt_template[BX_RT_HID];
	if (!strcmp(bus, "virtio"))
		return bx_rt_template[BX_RT_VIRTIO];
	return strcmp(bus, "bx-sf") ? NULL : bx_rt_template[BX_RT_OWN];
}

static const char *const texts[] = {
	"platform:a-long-name-with-dashes_and_more", "platform:a_long_name-with-dashes_and-less",
	"platform:coretemp", "of:NserialT(null)Cns16550a", "acpi:PNP0501:PNP0500:",
	"acpi:PNP0501:", "platform:x", "platform:1234567", "platform:a]b",
};

/* An id of @len digits: few different ones, which share digits */
static void gen_id(char *to, size_t len)
{
	static const char *const some[] = { "144D", "10EC", "1440", "0000", "0003", "FFFF" };
	const char *id = some[gen_below(len == 2 ? 3 : ARRAY(some))];

	memset(to, '0', len);
	to[len] = '\0';
	if (len >= 4)
		memcpy(to + len - 4, id, 4);
	else
		memcpy(to, id + gen_below(3), len);
}

/* Fills the ids of the template in. */
static void gen_ids(char *to, const char *template)
{
	while (*template) {
		size_t n = strcspn(template, "#");

		memcpy(to, template, n);
		to += n;
		template += n;
		n = strspn(template, "#");
		if (n)
			gen_id(to, n);
		to += n;
		template += n;
	}
	*to = '\0';
}

/* Leaves ids open, or out, as the description of a device may. */
static void gen_odd(char *text, const char *template)
{
	char copy[BX_MODALIAS_LEN], *out = text;
	const char *in = copy;

	strcpy(copy, text);
	memset(text, 0, strlen(text));
	while (*template) {
		size_t n = strcspn(template, "#");

		memcpy(out, in, n);
		out += n;
		in += n;
		template += n;
		if (once_in(12))
			break;
		n = strspn(template, "#");
		if (n && once_in(3)) {
			*out++ = '*';
		} else {
			memcpy(out, in, n);
			out += n;
		}
		in += n;
		template += n;
	}
}

static void gen_modalias(char *to, const char *bus)
{
	const char *template = template_of(bus);
	char own[64] = "";

	if (!template) {
		strcpy(to, texts[gen_below(ARRAY(texts))]);
		return;
	}
	if (!strncmp(bus, "bx-", 3))
		sprintf(own, "bus_ext:%s:", bus);
	strcpy(to, own);
	gen_ids(to + strlen(own), template);
}

/* ---- patterns ---- */

static void replace(char *text, size_t at, size_t n, const char *by)
{
	char rest[RULES_PATTERN];

	strcpy(rest, text + at + n);
	strcpy(text + at, by);
	strcat(text, rest);
}

static bool is_id_char(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F');
}

/* Replaces each id by '*', with some probability. */
static void open_ids(char *pattern)
{
	for (size_t at = strcspn(pattern, ":") + 1; pattern[at]; at++) {
		size_t n = strspn(pattern + at, "0123456789ABCDEF");

		if (!n || is_id_char(pattern[at - 1]))
			continue;
		if (gen_below(2))
			replace(pattern, at, n, "*");
		else
			at += n - 1;
	}
}

/* Makes a character of the pattern a wildcard, a set, or another character. */
static void disturb(char *pattern)
{
	static const char *const by[] = {
		"*", "?", "[0-4]", "[!0]", "[0-9A-F]", "*?", "[", "\\", "Z", "d", "-", "_",
		"[-_]", "**", "[]4]",
	};
	size_t len = strlen(pattern);

	if (len && len < RULES_PATTERN - 16)
		replace(pattern, gen_below(len), gen_below(3), by[gen_below(ARRAY(by))]);
}

static void gen_pattern(char *to, const char *bus)
{
	if (once_in(6)) {
		strcpy(to, "*");
		return;
	}
	gen_modalias(to, bus);
	if (template_of(bus) && gen_below(2))
		open_ids(to);
	if (once_in(2)) {
		to[gen_below(strlen(to)) + 1] = '\0';
		strcat(to, "*");
	}
	for (unsigned int n = gen_below(4) ? 0 : 1 + gen_below(3); n; n--)
		disturb(to);
	if (once_in(8))
		strcat(to, "*");
	if (!*to)
		strcpy(to, "*");
}

/* ---- conditions ---- */

static const char *const values[] = {
	"a", "ab", "abc", "b-1", "b_1", "0000:01:00.0", "1", "7", "12", "", "fixed",
	"525400ffff123456", "123456789012345678", "1234567890123456789", "00",
};

static const char *const globs[] = { "a*", "*", "?", "b[-_]1", "0000:*", "[!a]*", "*c", "[0-9]",
	"*2*", "a?c*" };

/* The class of a usb device is among its interfaces. */
static const char *const interfaces[] = {
	":030101:080650:", ":090000:", "", ":14D100:", ":0000FF:",
};

static void gen_value(struct bx_rule_value *v, bool number)
{
	static const long long numbers[] = { 0, 1, 3, 7, 12, 0x144d, 0x10ec, 0x14d100, 0x030101,
		-1, 0xffff, 0x1440 };

	*v = (struct bx_rule_value) { .kind = BX_VALUE_RANGE };
	if (number) {
		v->low = numbers[gen_below(ARRAY(numbers))];
		v->high = v->low + (gen_below(2) ? 0 : gen_below(0x10000));
		return;
	}
	v->kind = once_in(3) ? BX_VALUE_GLOB : BX_VALUE_TEXT;
	v->text = strdup(v->kind == BX_VALUE_GLOB ? globs[gen_below(ARRAY(globs))] :
			 values[gen_below(ARRAY(values))]);
}

/* Facts of few kinds, so that some rules and devices have the same ones */
static unsigned int gen_fact(const struct bx_rule *rule)
{
	static const __u32 some[] = { BX_FACT_SERIAL, BX_FACT_PATH, BX_FACT_SLOT,
		BX_FACT_ACPI_INDEX, BX_FACT_SYS_VENDOR };

	if (rule->group == BX_RULE_NO_GROUP)
		return some[gen_below(ARRAY(some))];
	return rule->group == BX_GROUP_SLOT && once_in(2) ? BX_FACT_SLOT : BX_FACT_SYS_VENDOR;
}

static void gen_cond(struct bx_rule_cond *cond, const struct bx_rule *rule)
{
	static const __u32 flags[] = { BX_DEV_VF, BX_DEV_PF };
	bool number = false;

	*cond = (struct bx_rule_cond) { .kind = gen_below(3), .negated = once_in(4) };
	if (cond->kind == BX_COND_FLAG) {
		cond->what = flags[gen_below(2)];
		return;
	}
	if (cond->kind == BX_COND_FACT) {
		cond->what = gen_fact(rule);
		number = cond->what == BX_FACT_ACPI_INDEX;
	} else {
		do
			cond->what = gen_below(BX_NR_MEMBERS);
		while (cond->what == BX_MEMBER_CLASS && rule->group != BX_RULE_NO_GROUP);
		number = cond->what >= BX_MEMBER_VENDOR;
	}
	cond->n = 1 + (once_in(3) ? gen_below(4) : 0);
	cond->value = calloc(cond->n, sizeof(*cond->value));
	for (size_t i = 0; i < cond->n; i++)
		gen_value(&cond->value[i], number);
}

/* ---- rules ---- */

static void gen_verdict(struct bx_rule *rule)
{
	rule->verdict = once_in(3) ? BX_RULE_DRIVER : gen_below(BX_RULE_PART + 1);
	if (rule->verdict == BX_RULE_PART)
		rule->group = BX_RULE_NO_GROUP;
	if (rule->verdict == BX_RULE_SCORE) {
		rule->score = 1 + gen_below(BX_SCORE_MAX);
		rule->group = BX_RULE_NO_GROUP;
	}
	if (rule->verdict == BX_RULE_DRIVER)
		rule->ndrivers = 1 + gen_below(BX_MAX_CHOICES);
	else if (rule->verdict == BX_RULE_PART)
		rule->ndrivers = 2;
	else
		rule->ndrivers = rule->verdict == BX_RULE_SCORE;
	for (unsigned int i = 0; i < rule->ndrivers; i++)
		strcpy(rule->driver[i], gen_driver(gen_below(GEN_DRIVERS)));
	rule->any_order = rule->verdict == BX_RULE_DRIVER && rule->ndrivers > 1 && once_in(3);
	rule->bound = rule->verdict == BX_RULE_PART && once_in(2);
}

static void gen_rule(struct bx_rule *rule)
{
	char pattern[RULES_PATTERN + 256];

	*rule = (struct bx_rule) { .group = once_in(5) ? (int)gen_below(BX_NR_GROUPS) :
				   BX_RULE_NO_GROUP };
	strcpy(rule->bus, buses[gen_below(ARRAY(buses))]);
	gen_pattern(pattern, rule->bus);
	rule->pattern = strdup(pattern);
	gen_verdict(rule);
	rule->nconds = gen_below(2) ? 0 : 1 + gen_below(3);
	rule->cond = calloc(rule->nconds + 1, sizeof(*rule->cond));
	for (size_t i = 0; i < rule->nconds; i++)
		gen_cond(&rule->cond[i], rule);
	rule->priority = once_in(4) ? (int)gen_below(5) - 2 : 0;
	rule->until_approved = once_in(8);
}

/* Numbers the rules, as the parser does. */
static void number(struct bx_rules *rules)
{
	for (size_t i = 0; i < rules->n; i++) {
		struct bx_rule *r = &rules->rule[i];

		r->order = i;
		r->line = i + 1;
		r->file = "generated";
		r->specificity = rules_specificity(r);
	}
}

static void rule_free(struct bx_rule *rule)
{
	for (size_t i = 0; i < rule->nconds; i++) {
		for (size_t k = 0; k < rule->cond[i].n; k++)
			free(rule->cond[i].value[k].text);
		free(rule->cond[i].value);
	}
	free(rule->cond);
	free(rule->pattern);
}

static void rule_copy(struct bx_rule *to, const struct bx_rule *from)
{
	*to = *from;
	to->pattern = strdup(from->pattern);
	to->cond = calloc(from->nconds + 1, sizeof(*to->cond));
	for (size_t i = 0; i < from->nconds; i++) {
		struct bx_rule_cond *cond = &to->cond[i];

		*cond = from->cond[i];
		cond->value = calloc(cond->n + 1, sizeof(*cond->value));
		for (size_t k = 0; k < cond->n; k++) {
			cond->value[k] = from->cond[i].value[k];
			if (cond->value[k].text)
				cond->value[k].text = strdup(cond->value[k].text);
		}
	}
}

struct bx_rules *gen_rules(void)
{
	struct bx_rules *rules = calloc(1, sizeof(*rules));

	rules->n = once_in(20) ? gen_below(400) : gen_below(40);
	rules->rule = calloc(rules->n + 1, sizeof(*rules->rule));
	for (size_t i = 0; i < rules->n; i++)
		gen_rule(&rules->rule[i]);
	number(rules);
	return rules;
}

static void insert(struct bx_rules *rules, size_t at)
{
	memmove(&rules->rule[at + 1], &rules->rule[at], (rules->n - at) * sizeof(*rules->rule));
	gen_rule(&rules->rule[at]);
	rules->n++;
}

static void drop(struct bx_rules *rules, size_t at)
{
	rule_free(&rules->rule[at]);
	rules->n--;
	memmove(&rules->rule[at], &rules->rule[at + 1], (rules->n - at) * sizeof(*rules->rule));
}

static void mutate(struct bx_rules *rules)
{
	struct bx_rule rule;
	size_t from, to;

	if (!rules->n || once_in(3)) {
		insert(rules, gen_below(rules->n + 1));
		return;
	}
	from = gen_below(rules->n);
	to = gen_below(rules->n);
	switch (gen_below(4)) {
	case 0:
		drop(rules, from);
		break;
	case 1:
		rule = rules->rule[from];
		rules->rule[from] = rules->rule[to];
		rules->rule[to] = rule;
		break;
	case 2:
		rules->rule[from].priority = (int)gen_below(5) - 2;
		break;
	default:
		rule_free(&rules->rule[to]);
		gen_rule(&rules->rule[to]);
	}
}

struct bx_rules *gen_mutate(const struct bx_rules *rules)
{
	struct bx_rules *copy = calloc(1, sizeof(*copy));
	unsigned int changes = once_in(4) ? 100 : 1 + gen_below(4);

	copy->rule = calloc(rules->n + changes + 1, sizeof(*copy->rule));
	copy->n = rules->n;
	for (size_t i = 0; i < rules->n; i++)
		rule_copy(&copy->rule[i], &rules->rule[i]);
	for (unsigned int i = 0; i < changes; i++)
		mutate(copy);
	number(copy);
	return copy;
}

void gen_free(struct bx_rules *rules)
{
	for (size_t i = 0; i < rules->n; i++)
		rule_free(&rules->rule[i]);
	free(rules->rule);
	free(rules);
}

/* ---- devices ---- */

static __u32 hex_at(const char *text, size_t at)
{
	char digits[9];

	memcpy(digits, text + at, 8);
	digits[8] = '\0';
	return strtoul(digits, NULL, 16);
}

/* The numbers of a device on an own bus, from v%08Xd%08Xsv%08Xsd%08Xc%08Xr%08X */
static void own_ids(struct bx_dev_info *dev)
{
	const char *ids = strrchr(dev->modalias, ':') + 1;

	dev->vendor = hex_at(ids, 1);
	dev->device = hex_at(ids, 10);
	dev->subvendor = hex_at(ids, 20);
	dev->subdevice = hex_at(ids, 30);
	dev->class = hex_at(ids, 39);
	dev->revision = hex_at(ids, 48);
}

static void other_ids(struct bx_dev_info *dev)
{
	static const __u32 some[] = { 0, 1, 0x144d, 0x10ec, 0x14d100, 0x030101 };

	dev->vendor = some[gen_below(ARRAY(some))];
	dev->device = some[gen_below(ARRAY(some))];
	dev->class = some[gen_below(ARRAY(some))];
	dev->revision = some[gen_below(ARRAY(some))];
}

static void gen_dev(struct bx_dev_info *dev, const char *bus)
{
	strcpy(dev->bus, bus);
	if (!once_in(10) || !strncmp(bus, "bx-", 3))
		gen_modalias(dev->modalias, bus);
	if (!strncmp(bus, "bx-", 3))
		own_ids(dev);
	else
		other_ids(dev);
	if (dev->modalias[0] && template_of(bus) && strncmp(bus, "bx-", 3) && once_in(6))
		gen_odd(dev->modalias, template_of(bus));
	strcpy(dev->name, values[gen_below(ARRAY(values))]);
	strcpy(dev->parent, values[gen_below(ARRAY(values))]);
	strcpy(dev->parent_driver, values[gen_below(ARRAY(values))]);
	dev->vf_index = (int)gen_below(5) - 1;
	dev->numa_node = (int)gen_below(3) - 1;
	dev->iommu_group = (int)gen_below(10) - 1;
	dev->flags = gen_below(8);
	for (int i = 0; once_in(2) && i < 16; i++)
		dev->guid[i] = gen_below(256);
}

static struct bx_rules_device *gen_device(const char *bus)
{
	struct bx_rules_device *d = calloc(1, sizeof(*d));

	gen_dev(&d->dev, bus);
	for (unsigned int i = 0; i < BX_NR_FACTS; i++)
		if (gen_below(4))
			strcpy(d->fact[i], values[gen_below(ARRAY(values))]);
	strcpy(d->fact[BX_FACT_INTERFACES], interfaces[gen_below(ARRAY(interfaces))]);
	d->approved = once_in(2);
	return d;
}

/* Members share what rules for groups may ask for. */
static void gen_members(struct bx_rules_device *d)
{
	d->nmembers = gen_below(4);
	d->member = calloc(d->nmembers + 1, sizeof(*d->member));
	d->in_group = calloc(d->nmembers + 1, sizeof(*d->in_group));
	for (size_t i = 0; i < d->nmembers; i++) {
		d->member[i] = gen_device(d->dev.bus);
		d->in_group[i] = 1 + gen_below(3);
		for (unsigned int k = BX_FACT_SYS_VENDOR; k <= BX_FACT_BOOT; k++)
			strcpy(d->member[i]->fact[k], d->fact[k]);
		if (d->in_group[i] & 1 << BX_GROUP_SLOT)
			strcpy(d->member[i]->fact[BX_FACT_SLOT], d->fact[BX_FACT_SLOT]);
	}
}

struct gen_devices *gen_devices(void)
{
	struct gen_devices *devices = calloc(1, sizeof(*devices));

	devices->n = 12;
	devices->device = calloc(devices->n, sizeof(*devices->device));
	for (size_t i = 0; i < devices->n; i++) {
		devices->device[i] = gen_device(buses[i % ARRAY(buses)]);
		if (once_in(3))
			gen_members(devices->device[i]);
	}
	return devices;
}

static void device_free(struct bx_rules_device *d)
{
	for (size_t i = 0; i < d->nmembers; i++)
		device_free(d->member[i]);
	free(d->member);
	free(d->in_group);
	free(d);
}

void gen_devices_free(struct gen_devices *devices)
{
	for (size_t i = 0; i < devices->n; i++)
		device_free(devices->device[i]);
	free(devices->device);
	free(devices);
}
