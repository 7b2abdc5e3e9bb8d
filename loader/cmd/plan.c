// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * bxctl: the output of plan: devices and calls with another outcome, and policies that
 * would be ejected
 */
#include <stdio.h>
#include <string.h>

#include "bxctl.h"

#define SHOWN_BYTES	8	/* of an argument, in the table */

/* ---- words ---- */

static const char *driver_then(const struct bx_change *c)
{
	if (c->invalid.policy[0])
		return "(ejected)";
	switch (c->then.verdict) {
	case BX_OUT_REFUSED:
		return "(refused)";
	case BX_OUT_DEFERRED:
		return "(deferred)";
	default:
		return word_bound(c->then.driver);
	}
}

static void decider_then(char *buf, const struct bx_change *c)
{
	if (c->invalid.policy[0])
		snprintf(buf, WORDS, "policy %s", c->invalid.policy);
	else
		snprintf(buf, WORDS, "%s%s%s", bx_decider_text(c->then.by),
			 c->then.policy[0] ? " of " : "", c->then.policy);
}

/* Bytes in which two arguments differ: from the first one to the last one */
static void changed_bytes(const struct bx_call_change *c, unsigned int *first,
			  unsigned int *end)
{
	*first = 0;
	*end = c->then.len < BX_TRIAL_DATA ? c->then.len : BX_TRIAL_DATA;
	while (*first < *end && c->now.data[*first] == c->then.data[*first])
		++*first;
	while (*end > *first &&
	       c->now.data[*end - 1] == c->then.data[*end - 1])
		--*end;
}

static void add_bytes(char *buf, const struct bx_trial_call *call,
		      unsigned int first, unsigned int end)
{
	size_t at = strlen(buf);
	unsigned int i;

	if (first == end)
		return;
	at += snprintf(buf + at, WORDS - at, ", data[%u] ", first);
	for (i = first; i < end && i < first + SHOWN_BYTES; i++)
		at += snprintf(buf + at, WORDS - at, "%02x", call->data[i]);
	if (i < end)
		snprintf(buf + at, WORDS - at, "...");
}

/* "deny (-EACCES)", "redirect to x", "pass, data[4] 5a" */
static const char *word_call(char *buf, const struct bx_call_change *c,
			     const struct bx_trial_call *call)
{
	const char *verdict = call->why == BX_WHY_BAD ? "invalid" :
		bx_verdict_text(call->verdict);
	unsigned int first, end;

	if (call->to[0])
		snprintf(buf, WORDS, "%s to %s", verdict, call->to);
	else if (call->ret)
		snprintf(buf, WORDS, "%s (%s%s)", verdict,
			 call->ret < 0 ? "-" : "",
			 strerrorname_np(-call->ret) ?: "?");
	else
		snprintf(buf, WORDS, "%s", verdict);
	changed_bytes(c, &first, &end);
	add_bytes(buf, call, first, end);
	return buf;
}

/* ---- a row ---- */

static void show_call(struct env *env, const struct bx_device_rec *rec,
		      const struct bx_call_change *c)
{
	char device[2 * WORDS], now[WORDS], then[WORDS];

	snprintf(device, sizeof(device), "%s/%s %s()", rec->dev.bus,
		 rec->dev.name, c->op);
	table_row(&env->table, device, word_call(now, c, &c->now),
		  word_call(then, c, &c->then), c->policy, "at once", NULL);
}

/* Facts are what a policy may have decided by: they are read of devices that would change. */
static bool has_details(const struct bx_change *c)
{
	return c->differs || c->invalid.policy[0];
}

static void show_device(struct env *env, const struct bx_change *c)
{
	const struct bx_device_rec *rec = c->device;
	char device[WORDS], by[WORDS];

	for (unsigned int i = 0; i < c->nr_calls; i++)
		show_call(env, rec, &c->calls[i]);
	if (!c->differs && !c->invalid.policy[0])
		return;
	snprintf(device, sizeof(device), "%s/%s", rec->dev.bus, rec->dev.name);
	decider_then(by, c);
	for (unsigned int i = 0; i < c->nr_holders; i++) {
		char text[400];

		if (!env->holders.rows)
			table_row(&env->holders, "DEVICE", "IN USE", NULL);
		table_row(&env->holders, device,
			  bx_holder_text(text, sizeof(text), &c->holders[i]), NULL);
	}
	table_row(&env->table, device, word_bound(rec->driver), driver_then(c),
		  by, c->at_next_bind ? "when bound again" : "at once", NULL);
	plan_driver(env, c);
	if (env->args.facts && has_details(c))
		details_show(env, rec);
}

/* ---- JSON ---- */

static void json_data(struct json *j, const struct bx_trial_call *call)
{
	char hex[2 * BX_TRIAL_DATA + 1] = "";

	for (unsigned int i = 0; i < call->len && i < BX_TRIAL_DATA; i++)
		sprintf(hex + 2 * i, "%02x", call->data[i]);
	json_string(j, "data", hex);
}

static void json_call(struct json *j, const char *name,
		      const struct bx_trial_call *call)
{
	json_object(j, name);
	json_string(j, "verdict", call->why == BX_WHY_BAD ? "invalid" :
		    bx_verdict_text(call->verdict));
	json_int(j, "ret", call->ret);
	json_string_or_null(j, "to", call->to);
	json_string_or_null(j, "policy", call->policy);
	json_data(j, call);
	json_end_object(j);
}

static void json_call_change(struct json *j, const struct bx_call_change *c)
{
	json_object(j, NULL);
	json_string(j, "op", c->op);
	json_string_or_null(j, "policy", c->policy);
	json_call(j, "now", &c->now);
	json_call(j, "then", &c->then);
	json_end_object(j);
}

static void json_invalid(struct json *j, const struct bx_invalid *invalid)
{
	if (!invalid->policy[0]) {
		json_null(j, "invalid");
		return;
	}
	json_object(j, "invalid");
	json_string(j, "policy", invalid->policy);
	json_string(j, "message", invalid->what);
	json_end_object(j);
}

static void json_change(struct env *env, const struct bx_change *c)
{
	struct json *j = &env->json;

	json_object(j, NULL);
	json_device(j, "device", c->device);
	if (has_details(c))
		details_show(env, c->device);
	json_bool(j, "differs", c->differs);
	json_bool(j, "at_next_bind", c->at_next_bind);
	json_bool(j, "bound_before", c->differs && c->at_next_bind);
	json_string(j, "outcome", bx_outcome_text(c->then.verdict));
	json_string_or_null(j, "driver", c->then.driver);
	json_driver_source(env, &c->device->dev, c->differs ? c->then.driver : "");
	json_string(j, "by", bx_decider_text(c->then.by));
	json_string_or_null(j, "policy", c->then.policy);
	json_invalid(j, &c->invalid);
	json_array(j, "calls");
	for (unsigned int i = 0; i < c->nr_calls; i++)
		json_call_change(j, &c->calls[i]);
	json_end_array(j);
	json_array(j, "holders");
	for (unsigned int i = 0; i < c->nr_holders; i++)
		json_holder(j, &c->holders[i]);
	json_end_array(j);
	json_end_object(j);
}

/* ---- all of it ---- */

void plan_begin(struct env *env)
{
	details_begin(env, false);
	if (env->args.json)
		json_array(&env->json, "devices");
	else
		table_row(&env->table, "DEVICE", "NOW", "THEN", "BY", "WHEN",
			  NULL);
}

void plan_device(const struct bx_change *c, void *arg)
{
	struct env *env = arg;

	env->count++;
	env->bound += c->differs && c->at_next_bind;
	group_plan(env, c);
	if (env->args.json)
		json_change(env, c);
	else
		show_device(env, c);
	if (!c->invalid.policy[0])
		return;
	env->code = BX_FAULT_REJECTED;
	/* one reason is enough, as in the message of an apply */
	if (!env->rejections++)
		snprintf(env->rejected, sizeof(env->rejected),
			 "'%s' would be ejected on device '%s/%s': %s",
			 c->invalid.policy, c->device->dev.bus,
			 c->device->dev.name, c->invalid.what);
}

void plan_end(struct env *env, int changes)
{
	if (env->args.json) {
		json_end_array(&env->json);
		group_plan_end(env, changes < 0);
		details_end(env, changes < 0);
	} else if (changes >= 0) {
		if (env->table.rows > 1)
			table_print(&env->table, "");
		if (env->holders.rows) {
			printf("\n");
			table_print(&env->holders, "");
			printf("'bxctl rebind' refuses a device in use without '--force'\n\n");
		}
		if (env->absent.rows) {
			printf("\n");
			table_print(&env->absent, "");
			printf("\n");
		}
		printf("%d of %u devices in scope would change\n", changes,
		       env->count);
		if (env->bound)
			printf("%u of them bound before the policy: 'apply --rebind' moves them\n",
			       env->bound);
		group_plan_end(env, false);
		details_end(env, false);
		if (env->rejections)
			printf("%s%s\n'bxctl apply' and 'bxctl upgrade' refuse this policy\n",
			       env->rejected, env->rejections > 1 ?
			       "; so it would on others" : "");
	}
	if (changes < 0 && !env->args.json) {
		group_plan_end(env, true);
		details_end(env, true);
	}
	table_free(&env->table);
	table_free(&env->holders);
	table_free(&env->absent);
}
