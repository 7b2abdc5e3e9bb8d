// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: rules that no device can match, or that are suspect
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rules_check.h"
#include "rules_text.h"

#define SIZE	256

/* ---- unreachable ---- */

static const char *bad_pattern(const struct rules_checked *c, char *buf)
{
	if (rules_glob_fixed(c->rule->pattern) >= BX_MODALIAS_LEN) {
		snprintf(buf, SIZE, "no device matches: a modalias has at most %d characters here",
			 BX_MODALIAS_LEN - 1);
		return buf;
	}
	if (c->fit != RULES_FITS_NEVER || !strcmp(c->rule->pattern, "*"))
		return NULL;
	snprintf(buf, SIZE, "no device matches: no modalias of bus '%s' is like this%s",
		 c->rule->bus, rules_shape_in_lower_case(c->rule->bus, c->rule->pattern) ?
		 "; hexadecimal digits must be in upper case" : "");
	return buf;
}

/* Whether an absent fact, which is an empty text, fulfils the condition */
static bool takes_absent(const struct bx_rule_cond *cond)
{
	for (size_t i = 0; i < cond->n; i++)
		if (cond->value[i].kind == BX_VALUE_GLOB ? rules_glob(cond->value[i].text, "") :
		    cond->value[i].kind == BX_VALUE_TEXT && !cond->value[i].text[0])
			return true;
	return false;
}

static const char *bad_bus(const struct bx_rule *rule, const struct bx_rule_cond *cond, char *buf)
{
	const struct rules_key *key = rules_key_of(cond);

	if (cond->negated || (cond->kind != BX_COND_FLAG && !cond->n) ||
	    key->buses & rules_bus_bit(rule->bus))
		return NULL;
	/* of these, the lack is a number */
	if (cond->kind == BX_COND_MEMBER && key->type != RULES_LOWER && key->type != RULES_INDEX)
		return NULL;
	if (key->type == RULES_INDEX ? cond->value->low < 0 : takes_absent(cond))
		return NULL;
	snprintf(buf, SIZE, "no device matches: devices on bus '%s' have no '%s'", rule->bus,
		 key->name);
	return buf;
}

/* "virtfn" and "vf-index" are about the same. */
static bool flags_exclude(const struct bx_rule_cond *a, const struct bx_rule_cond *b)
{
	bool function = false, none = false;

	if (a->kind != BX_COND_FLAG || b->kind != BX_COND_MEMBER || b->negated ||
	    b->what != BX_MEMBER_VF_INDEX)
		return false;
	for (size_t i = 0; i < b->n; i++) {
		none |= b->value[i].low < 0;
		function |= b->value[i].low >= 0;
	}
	if (a->what == BX_DEV_VF)
		return a->negated ? !none : !function;
	return a->what == BX_DEV_PF && !a->negated && !none;
}

static const char *contradiction(const struct bx_rule *rule, char *buf)
{
	for (size_t i = 0; i < rule->nconds; i++) {
		for (size_t k = 0; k < rule->nconds; k++) {
			const struct bx_rule_cond *a = &rule->cond[i], *b = &rule->cond[k];
			char *one, *other;

			if (i == k || (!rules_conds_exclude(rule->bus, a, b) &&
				       !flags_exclude(a, b)))
				continue;
			one = rules_print_cond(rule, a);
			other = rules_print_cond(rule, b);
			snprintf(buf, SIZE, "no device matches: '%.80s' excludes '%.80s'",
				 one ?: "", other ?: "");
			free(one);
			free(other);
			return buf;
		}
	}
	return NULL;
}

const char *rules_unreachable(const struct rules_checked *c, char *buf)
{
	const struct bx_rule *rule = c->rule;
	const char *why = bad_pattern(c, buf);

	for (size_t i = 0; !why && i < rule->nconds; i++)
		why = bad_bus(rule, &rule->cond[i], buf);
	return why ?: contradiction(rule, buf);
}

/* ---- suspect ---- */

static bool is_fact(const struct bx_rule_cond *cond, enum bx_fact fact)
{
	return cond->kind == BX_COND_FACT && cond->what == fact;
}

static bool is_dsn(const char *text)
{
	return strlen(text) == 16 && strspn(text, "0123456789abcdef") == 16;
}

static const char *suspect_value(const struct bx_rule *rule, const struct bx_rule_cond *cond,
				 const struct bx_rule_value *v, char *buf)
{
	if (v->kind == BX_VALUE_GLOB && !strcmp(v->text, "*") && cond->kind != BX_COND_CMDLINE) {
		snprintf(buf, SIZE, "'%s=*' holds for each device, also without one; expected ?*",
			 rules_key_of(cond)->name);
		return buf;
	}
	if (is_fact(cond, BX_FACT_SLOT) && v->text && strchr(v->text, ':')) {
		snprintf(buf, SIZE, "'slot' is the name of a physical slot, as in "
			 "/sys/bus/pci/slots; expected name=%.64s", v->text);
		return buf;
	}
	if (is_fact(cond, BX_FACT_SERIAL) && !strcmp(rule->bus, "pci") &&
	    v->kind == BX_VALUE_TEXT && v->text[0] && !is_dsn(v->text)) {
		snprintf(buf, SIZE, "the serial number of a PCI device is 16 hexadecimal digits "
			 "in lower case, not '%.64s'", v->text);
		return buf;
	}
	return NULL;
}

const char *rules_suspect(const struct rules_checked *c, char *buf)
{
	const struct bx_rule *rule = c->rule;
	const char *why = NULL;

	if (rule->until_approved && !(rules_bus_bit(rule->bus) & (RULES_ON_PCI | RULES_ON_USB))) {
		snprintf(buf, SIZE,
			 "devices on bus '%s' have no fingerprint, so they are never approved",
			 rule->bus);
		return buf;
	}
	for (size_t i = 0; i < rule->nconds; i++)
		for (size_t k = 0; !why && k < rule->cond[i].n; k++)
			why = suspect_value(rule, &rule->cond[i], &rule->cond[i].value[k], buf);
	return why;
}
