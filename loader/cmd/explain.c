// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * bxctl: one device: why it has its driver; new elections
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bxctl.h"

/* ---- opinions in words ---- */

static const char *opinion_who(char *buf, const struct bx_opinion *o)
{
	char key[BX_SHOWN_LEN];

	switch (o->kind) {
	case BX_OPN_OVERRIDE:
		return "driver_override";
	case BX_OPN_HOOK:
		return "hook";
	case BX_OPN_SELECT:
	case BX_OPN_MATCH:
	case BX_OPN_QUARANTINE:
		snprintf(buf, WORDS, "policy %s",
			 bx_policy_key(key, o->policy, o->flags));
		return buf;
	case BX_OPN_ID_TABLE:
		return "id table";
	default:
		return "-";
	}
}

static const char *verdict(char *buf, __s32 verdict)
{
	switch (verdict) {
	case BX_PASS:
		return "pass";
	case BX_SELECT:
		return "select";
	case BX_REFUSE:
		return "refuse";
	case BX_DEFER:
		return "defer";
	default:
		snprintf(buf, WORDS, "%d", verdict);
		return buf;
	}
}

static const char *opinion_says(char *buf, const struct bx_opinion *o)
{
	switch (o->kind) {
	case BX_OPN_HOOK:
	case BX_OPN_SELECT:
		return verdict(buf, o->verdict);
	case BX_OPN_MATCH:
		if (o->verdict == BX_VETO)
			return "veto";
		if (o->verdict == BX_NO_SCORE)
			return "pass";
		snprintf(buf, WORDS, "score %d", o->verdict);
		return buf;
	case BX_OPN_QUARANTINE:
		return o->verdict == BX_VETO ? "veto" : "refuse";
	case BX_OPN_OVERRIDE:
		return "select";
	case BX_OPN_ID_TABLE:
		return "claims";
	default:
		return "-";
	}
}

/* @buf: BX_SOURCE_LEN bytes */
static const char *opinion_why(char *buf, struct env *env, const struct bx_dev_info *dev,
			       const struct bx_opinion *o)
{
	struct bx_driver_source source;

	if (o->kind == BX_OPN_QUARANTINE && o->why != BX_WHY_LATE)
		return "quarantined: its programs are not asked";
	switch (o->why) {
	case BX_WHY_WON:
		return "decides";
	case BX_WHY_PASS:
		return o->kind == BX_OPN_CANDIDATE ? "nothing speaks for it" :
			"no opinion";
	case BX_WHY_LATE:
		return "decided above";
	case BX_WHY_VETOED:
		if (o->kind != BX_OPN_ID_TABLE && o->kind != BX_OPN_CANDIDATE)
			return "vetoed";
		snprintf(buf, WORDS, "vetoed by policy %s", o->policy);
		return buf;
	case BX_WHY_FAILED:
		if (!o->error)	/* on an adopted bus */
			return "its probe failed";
		snprintf(buf, WORDS, "its probe failed: %s",
			 strerror(-o->error));
		return buf;
	case BX_WHY_LOW:
		return "another comes first";
	case BX_WHY_ABSENT:
		bx_find_driver(env->bx, dev, o->driver, &source);
		return bx_driver_source_text(buf, BX_SOURCE_LEN, &source);
	case BX_WHY_SHADOW:
		return "shadow: not applied";
	case BX_WHY_BAD:
		return "impossible: the policy would be ejected";
	case BX_WHY_VETO:
		return "the veto stands";
	case BX_WHY_UNLISTED:
		return "not listed: the policy would be ejected";
	case BX_WHY_SLOW:
		return "it ran too long: the policy would be ejected";
	case BX_WHY_UNCLAIMED:
		return "it does not claim the device";
	default:
		return "?";
	}
}

static const char *key_kind(__u32 kind)
{
	static const char *const keys[] = {
		[BX_OPN_OVERRIDE]	= "driver_override",
		[BX_OPN_HOOK]		= "hook",
		[BX_OPN_SELECT]		= "select",
		[BX_OPN_MATCH]		= "match",
		[BX_OPN_ID_TABLE]	= "id_table",
		[BX_OPN_CANDIDATE]	= "candidate",
		[BX_OPN_DECISION]	= "decision",
		[BX_OPN_QUARANTINE]	= "quarantine",
	};

	return kind < sizeof(keys) / sizeof(*keys) ? keys[kind] : "unknown";
}

static const char *key_why(__u32 why)
{
	static const char *const keys[] = {
		[BX_WHY_WON]	= "won",
		[BX_WHY_PASS]	= "pass",
		[BX_WHY_LATE]	= "late",
		[BX_WHY_VETOED]	= "vetoed",
		[BX_WHY_FAILED]	= "failed",
		[BX_WHY_LOW]	= "low",
		[BX_WHY_ABSENT]	= "absent",
		[BX_WHY_SHADOW]	= "shadow",
		[BX_WHY_BAD]	= "bad",
		[BX_WHY_VETO]	= "veto",
		[BX_WHY_UNLISTED] = "unlisted",
		[BX_WHY_SLOW]	= "slow",
		[BX_WHY_UNCLAIMED] = "unclaimed",
	};

	return why < sizeof(keys) / sizeof(*keys) ? keys[why] : "unknown";
}

/* ---- explain ---- */

/**
 * struct explanation - an election of a device, as it is printed
 * @env: the command
 * @device: the device
 * @facts: facts of the device
 * @table: opinions
 * @decision: the last opinion
 */
struct explanation {
	struct env		*env;
	const struct bx_dev_info *device;
	struct facts		facts;
	struct table		table;
	struct bx_opinion	decision;
};

/* Whether a policy or the administrator names the driver, which so need not be registered */
static bool is_named(const struct bx_opinion *o)
{
	return o->kind == BX_OPN_SELECT || o->kind == BX_OPN_HOOK || o->kind == BX_OPN_OVERRIDE;
}

static int on_opinion(const struct bx_opinion *o, void *arg)
{
	struct explanation *e = arg;
	struct json *j = &e->env->json;
	char who[WORDS], says[WORDS], why[BX_SOURCE_LEN];

	if (o->kind == BX_OPN_DECISION) {
		e->decision = *o;
		return 0;
	}
	if (e->env->args.json) {
		json_object(j, NULL);
		json_string(j, "kind", key_kind(o->kind));
		json_string_or_null(j, "policy", o->policy);
		if (o->policy[0])
			json_string(j, "mode", o->flags & BX_F_SHADOW ?
				    "shadow" : "enforce");
		json_string_or_null(j, "driver", o->driver);
		json_string(j, "says", opinion_says(says, o));
		json_int(j, "verdict", o->verdict);
		json_string(j, "why", key_why(o->why));
		json_int(j, "error", o->error);
		json_driver_source(e->env, e->device, is_named(o) ? o->driver : "");
		json_end_object(j);
		return 0;
	}
	table_row(&e->table, opinion_who(who, o), opinion_says(says, o),
		  word_bound(o->driver), opinion_why(why, e->env, e->device, o), NULL);
	return 0;
}

static void print_header(const struct bx_device_rec *rec)
{
	const struct bx_dev_info *dev = &rec->dev;
	char buf[WORDS];

	printf("device   %s/%s\n", dev->bus, dev->name);
	if (bx_guid_text(buf, dev->guid)[0])
		printf("guid     %s\n", buf);
	if ((dev->vendor || dev->device) && !dev->class && !dev->subvendor)
		printf("id       %s\n", word_device_id(buf, dev));
	else if (dev->vendor || dev->device)
		printf("id       %s, subsystem %04x:%04x, class 0x%06x, revision 0x%02x\n",
		       word_device_id(buf, dev), dev->subvendor,
		       dev->subdevice, dev->class, dev->revision);
	if (dev->vf_index >= 0)
		printf("function VF %d of %s (driver %s)\n", dev->vf_index,
		       dev->parent, word_bound(dev->parent_driver));
	else if (dev->parent[0])
		printf("parent   %s%s\n", dev->parent,
		       dev->flags & BX_DEV_PF ? "; has virtual functions" :
		       "");
	if (dev->iommu_group >= 0)
		printf("iommu    group %d\n", dev->iommu_group);
	if (dev->modalias[0])
		printf("modalias %s\n", dev->modalias);
	printf("driver   %s%s\n", rec->driver[0] ? rec->driver : "none",
	       dev->flags & BX_DEV_CLAIMED ?
	       ", which has claimed the device without a probe" : "");
}

/* The reason of the quarantine, and what ends it */
static int print_quarantine(const struct bx_policy_rec *rec, void *arg)
{
	const char *policy = arg;

	if (!bx_is_quarantined(rec) || strcmp(rec->name, policy))
		return 0;
	printf("policy %s was ejected: %s\n"
	       "it refuses devices until it is replaced ('bxctl apply', 'bxctl upgrade') or detached ('bxctl detach %s')\n",
	       rec->name, rec->reason, rec->name);
	return 1;
}

/* The reason why the elected driver is absent */
static void print_absent(struct env *env, const struct bx_device_rec *rec)
{
	const struct bx_decision *d = &rec->decision;
	struct bx_driver_source source;
	char text[BX_SOURCE_LEN];

	if (d->outcome != BX_OUT_ABSENT)
		return;
	bx_find_driver(env->bx, &rec->dev, d->driver, &source);
	printf("%s is %s\n", d->driver, bx_driver_source_text(text, sizeof(text), &source));
	if (d->driver_state == BX_DRIVER_LOADING)
		printf("its module is being loaded\n");
	if (d->driver_state == BX_DRIVER_ABSENT)
		printf("its module was not found: modprobe needs the alias 'bus_ext:%s:%s'\n"
		       "(man modprobe.d), or the modalias of the device to lead to it; 'bxctl rebind %s/%s'\n"
		       "tries again\n",
		       rec->dev.bus, d->driver, rec->dev.bus, rec->dev.name);
}

/* Elections for show do not count. */
static void keep_deferrals(struct bx_device_rec *rec, const struct bx_device_rec *last)
{
	if (rec->decision.outcome != BX_OUT_DEFERRED)
		return;
	rec->decision.deferrals = last->decision.deferrals;
	rec->decision.retry_ms = last->decision.retry_ms;
}

/* How often the device was deferred, and when it is elected again */
static void print_deferred(const struct bx_device_rec *rec)
{
	const struct bx_decision *d = &rec->decision;

	if (d->outcome != BX_OUT_DEFERRED || !d->deferrals)
		return;
	if (d->deferrals >= BX_MAX_DEFERRALS) {
		printf("deferred %u times, the limit: it is not elected again by itself;\n"
		       "'bxctl rebind %s/%s' or a change of policies does that\n",
		       d->deferrals, rec->dev.bus, rec->dev.name);
		return;
	}
	printf("deferred %u time%s; elected again ", d->deferrals,
	       d->deferrals > 1 ? "s" : "");
	if (d->retry_ms)
		printf("%u ms after its last election, and ", d->retry_ms);
	printf("after an event in the scope\n"
	       "of its policy, and when a driver comes\n");
}

static void print_vetoed(const struct bx_device_rec *rec)
{
	if (rec->decision.by == BX_BY_VETO)
		printf("every driver that claims it is vetoed; "
		       "another one gets it when it is loaded\n");
}

/* The reason why the elected driver is not bound, where it is known; false if not */
static bool print_unclaimed(const struct bx_device_rec *rec)
{
	const struct bx_decision *d = &rec->decision;

	if (d->driver_state != BX_DRIVER_UNCLAIMED)
		return false;
	printf("but %s does not claim the device, and on bus %s only a driver that does can be\n"
	       "bound: the policy must name another one, or the driver must learn the id\n",
	       d->driver, rec->dev.bus);
	return true;
}

/* A driver whose module has another name, as xhci_hcd of xhci_pci */
static void print_driver(struct env *env, const struct bx_device_rec *rec)
{
	const char *driver = rec->decision.driver;
	struct bx_driver_source source;

	bx_find_driver(env->bx, &rec->dev, driver, &source);
	printf("decision: %s", driver);
	if (source.module[0] && !bx_is_module_of(source.module, driver))
		printf(" (module %s)", source.module);
}

static void print_decision(struct env *env, const struct bx_device_rec *rec,
			   bool approvable)
{
	const struct bx_decision *d = &rec->decision;
	struct bx_part_info missing;
	char decider[WORDS];

	if (!has_decision(rec)) {
		printf("decision: left to the kernel's own rule%s%s\n",
		       d->driver[0] ? ", which names " : "", d->driver);
		if (rec->driver[0] && d->driver[0] && strcmp(rec->driver, d->driver))
			printf("but %s is bound\n", rec->driver);
		return;
	}
	switch (d->outcome) {
	case BX_OUT_DRIVER:
		print_driver(env, rec);
		break;
	case BX_OUT_REFUSED:
		printf("decision: no driver, all are refused");
		break;
	case BX_OUT_DEFERRED:
		printf("decision: deferred; 'bxctl reelect %s' asks again",
		       rec->dev.bus);
		break;
	case BX_OUT_ABSENT:
		printf("decision: %s, which is not registered; the device waits",
		       d->driver);
		break;
	default:
		printf("decision: no driver");
	}
	printf(", by %s\n", word_decider(decider, d));
	if (approvable)
		printf("it waits for an approval: 'bxctl approve %s/%s'\n", rec->dev.bus,
		       rec->dev.name);
	print_absent(env, rec);
	print_deferred(rec);
	print_vetoed(rec);
	if (bx_is_as_decided(rec) || print_unclaimed(rec))
		return;
	if (find_missing_part(env, &rec->dev, &missing))
		printf("but part '%s' is missing\n", missing.name);
	else if (rec->driver[0])
		printf("but %s is bound: 'bxctl rebind %s/%s' changes that\n",
		       rec->driver, rec->dev.bus, rec->dev.name);
	else
		printf("but no driver is bound: see 'dmesg', or try 'bxctl rebind %s/%s'\n",
		       rec->dev.bus, rec->dev.name);
}

/* An unbound device is as its last election left it, until the next one. */
static void print_last(const struct bx_device_rec *last,
		       const struct bx_device_rec *now)
{
	const struct bx_decision *was = &last->decision, *is = &now->decision;
	char decider[WORDS], outcome[WORDS];

	if (last->driver[0] || !has_decision(last) ||
	    (was->outcome == is->outcome && !strcmp(was->driver, is->driver)))
		return;
	printf("its last election had another result: %s, by %s; try 'bxctl reelect %s'\n",
	       word_outcome(outcome, last), word_decider(decider, was),
	       last->dev.bus);
}

static int print_explained(const struct explanation *e,
			   const struct bx_devref *ref,
			   const struct bx_device_rec *rec)
{
	int err;

	print_header(rec);
	facts_print(&e->facts);
	err = uses_show(e->env, rec);
	show_group(e->env, ref);
	show_parts(e->env, ref);
	printf("\n");
	if (e->table.rows > 1) {
		table_print(&e->table, "");
		printf("\n");
	}
	print_decision(e->env, rec, bx_is_approvable(e->env->bx, rec));
	return err;
}

static void json_explained(struct env *env, const struct bx_device_rec *rec)
{
	struct json *j = &env->json;

	json_object(j, "decision");
	json_string(j, "outcome", bx_outcome_text(rec->decision.outcome));
	json_string_or_null(j, "driver", rec->decision.driver);
	json_driver_source(env, &rec->dev, rec->decision.driver);
	json_string_or_null(j, "driver_state", key_driver_state(&rec->decision));
	json_string(j, "by", bx_decider_text(rec->decision.by));
	json_string_or_null(j, "policy", rec->decision.policy);
	json_int(j, "score", rec->decision.score);
	json_end_object(j);
	json_bool(j, "as_decided", bx_is_as_decided(rec));
	json_bool(j, "approvable", bx_is_approvable(env->bx, rec));
}

static int do_explain(struct env *env)
{
	struct explanation e = { .env = env };
	struct bx_device_rec rec, last;
	struct bx_devref ref;
	int err;

	err = bx_parse_device(env->bx, env->args.operand, env->args.bus, &ref);
	if (!err)
		err = bx_get_device(env->bx, &ref, &rec);
	if (!err)
		err = facts_read(env, &ref, &e.facts);
	if (err)
		return err;
	e.device = &rec.dev;
	if (env->args.json) {
		json_device(&env->json, "device", &rec);
		facts_json(&env->json, &e.facts);
		err = uses_show(env, &rec);
		if (!err)
			err = show_group(env, &ref);
		if (!err)
			err = show_parts(env, &ref);
		if (err)
			return err;
		json_array(&env->json, "opinions");
	} else {
		table_row(&e.table, "WHO", "SAYS", "DRIVER", "RESULT", NULL);
	}
	err = bx_list_opinions(env->bx, &ref, on_opinion, &e);
	last = rec;
	bx_set_decision(&rec, &e.decision);
	keep_deferrals(&rec, &last);
	if (env->args.json) {
		json_end_array(&env->json);
		json_explained(env, &rec);
	} else if (!err) {
		err = print_explained(&e, &ref, &rec);
		print_last(&last, &rec);
		if (!err && rec.decision.by == BX_BY_QUARANTINE)
			err = bx_list_policies(env->bx, print_quarantine,
					       rec.decision.policy);
	}
	table_free(&e.table);
	return err < 0 ? err : 0;
}

/* ---- reelect ---- */

static int do_reelect(struct env *env)
{
	int err;

	err = bx_reelect(env->bx, env->args.operand);
	if (err)
		return err;
	if (env->args.json)
		json_string_or_null(&env->json, "reelected",
				    env->args.operand);
	else
		printf("elected again for the unbound devices of %s\n",
		       env->args.operand ?: "every bus");
	return 0;
}

#define BUS_PARAM \
	{ "bus", 'b', PARAM_BUS, "BUS", "the device's bus", \
	  offsetof(struct args, bus) }

static const struct param explain_params[] = { BUS_PARAM, {} };
static const struct param reelect_params[] = { TIMEOUT_PARAM, {} };

const struct command explain_commands[] = {
	{ "explain", "DEVICE", "every opinion on a device, and its result",
	  "Runs the device's election for show and prints each opinion in order of\n"
	  "authority. DEVICE is a name, BUS/NAME, or a GUID.",
	  explain_params, do_explain },
	{ "reelect", "[BUS]", "elect again for unbound devices",
	  "Elects again for the unbound devices of a bus, or of every bus.",
	  reelect_params, do_reelect },
	{}
};
