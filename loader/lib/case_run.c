// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: elections and calls of test cases, and their outcome
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cases.h"

/* ---- elections ---- */

static void add_words(char *buf, const char *key, const char *value)
{
	size_t len = strlen(buf);

	snprintf(buf + len, WORDS - len, "%s%s %s", len ? ", " : "", key,
		 value[0] ? value : "none");
}

static void compare(struct verdict *v, const char *key, const char *expected,
		    const char *actual)
{
	if (!expected)
		return;
	add_words(v->expected, key, expected);
	add_words(v->actual, key, actual);
	if (strcmp(expected, actual))
		v->passed = false;
}

/* Checks a word against those that @name returns for the numbers from 0 to @last. */
static int check_word(struct run *r, struct yaml_node *map, const char *key,
		      const char *word, const char *(*name)(__u32 n),
		      __u32 last)
{
	char list[WORDS] = "";
	size_t len = 0;

	for (__u32 i = 0; word && i <= last; i++)
		if (!strcmp(name(i), word))
			return 0;
	for (__u32 i = 0; i <= last && len < sizeof(list); i++)
		len += snprintf(list + len, sizeof(list) - len, "%s%s",
				i ? ", " : "", name(i));
	return !word ? 0 : yaml_bad(&r->y, yaml_at(map, key),
				    "'%s' of 'expect' must be one of %s, not '%.64s'",
				    key, list, word);
}

static int trial_failed(struct run *r, struct yaml_node *one, int err)
{
	if (err == -ENODEV)
		return yaml_bad(&r->y, one,
				"there is no bus '%s' in this kernel; is its module loaded?",
				r->trial.dev.bus);
	return err == -EPERM ? commit_refused(r->b->h, &r->trial.change) : err;
}

/* Fails the case if a policy would be ejected, whatever the decision without it is. */
static void find_invalid(const struct records *recs, struct verdict *v)
{
	for (size_t i = 0; i < recs->count; i++) {
		const struct bx_opinion *o = record(recs, i);

		if (!opinion_is_invalid(o))
			continue;
		add_words(v->actual, "a policy", o->why == BX_WHY_BAD ?
			  "gave an impossible answer" :
			  "named a driver that 'drivers' in the manifest does not list");
		v->passed = false;
		return;
	}
}

int run_election(struct run *r, struct yaml_node *one,
		 struct yaml_node *expect, struct verdict *v)
{
	const char *driver = NULL, *outcome = NULL, *by = NULL, *policy = NULL;
	const struct yaml_key keys[] = {
		{ "driver", YAML_OPTIONAL, yaml_read_text, &driver },
		{ "outcome", YAML_OPTIONAL, yaml_read_text, &outcome },
		{ "by", YAML_OPTIONAL, yaml_read_text, &by },
		{ "policy", YAML_OPTIONAL, yaml_read_text, &policy },
	};
	struct bx_opinion o;
	struct records recs;
	int err;

	err = yaml_read(&r->y, expect, keys);
	if (!err)
		err = check_word(r, expect, "outcome", outcome,
				 bx_outcome_text, BX_OUT_ABSENT);
	if (!err)
		err = check_word(r, expect, "by", by, bx_decider_text,
				 BX_BY_VETO);
	if (!err && !driver && !outcome && !by && !policy)
		err = yaml_bad(&r->y, one, "nothing is expected of this case");
	if (err || r->only_read)
		return err;
	err = control_list(r->b->h, LIST_TRIAL, &r->trial, sizeof(o), &recs);
	if (err)
		return trial_failed(r, one, err);
	o = *(struct bx_opinion *)record(&recs, recs.count - 1);
	compare(v, "driver", driver, o.driver);
	/* an expected driver implies the outcome 'driver' */
	if (driver && !outcome)
		compare(v, "outcome", "driver", bx_outcome_text(o.verdict));
	compare(v, "outcome", outcome, bx_outcome_text(o.verdict));
	compare(v, "by", by, bx_decider_text(o.by));
	compare(v, "policy", policy, o.policy);
	find_invalid(&recs, v);
	records_free(&recs);
	return 0;
}

/* ---- calls ---- */

static bool hex_from(const char *text, __u8 *data, size_t max, __u32 *len)
{
	unsigned int byte;
	size_t n = strlen(text);

	if (n % 2 || n / 2 > max)
		return false;
	for (size_t i = 0; i < n; i += 2) {
		if (!strchr("0123456789abcdefABCDEF", text[i]) ||
		    !strchr("0123456789abcdefABCDEF", text[i + 1]) ||
		    sscanf(text + i, "%2x", &byte) != 1)
			return false;
		data[i / 2] = byte;
	}
	*len = n / 2;
	return true;
}

/* Finds the contract's number of an operation. */
static int find_op(struct run *r, struct yaml_node *map, const char *name,
		   __u32 *op)
{
	struct contract_op ops[CONTRACT_OPS];
	unsigned int n = contract_ops(r->b->h, r->trial.dev.bus, ops);

	if (!n)
		return yaml_bad(&r->y, map, "bus '%s' has no calls, or is not there",
				r->trial.dev.bus);
	for (unsigned int i = 0; i < n; i++) {
		if (strcmp(ops[i].name, name))
			continue;
		*op = ops[i].number;
		return 0;
	}
	return yaml_bad(&r->y, yaml_at(map, "op"),
			"the contract of bus '%s' has no operation '%.64s'",
			r->trial.dev.bus, name);
}

static int read_data(struct run *r, struct yaml_node *map, __u8 *data,
		     __u32 *len, bool *there)
{
	const char *text = NULL;
	int err = yaml_text(&r->y, map, "data", YAML_OPTIONAL, &text);

	*there = text;
	if (err || !text || hex_from(text, data, BX_TRIAL_DATA, len))
		return err;
	return yaml_bad(&r->y, yaml_at(map, "data"),
			"'data' must be up to %d bytes, each two hex digits",
			BX_TRIAL_DATA);
}

static int read_call(struct run *r, struct yaml_node *map,
		     struct bx_trial_call *call)
{
	const char *name = NULL;
	const struct yaml_key keys[] = {
		{ "op", YAML_REQUIRED, yaml_read_text, &name },
		{ "data", YAML_OPTIONAL }, { "ret", YAML_OPTIONAL },
	};
	int64_t ret = 0;
	bool there;
	int err;

	memset(call, 0, sizeof(*call));
	err = yaml_read(&r->y, map, keys);
	if (!err && !r->only_read)
		err = find_op(r, map, name, &call->op);
	if (!err)
		err = read_data(r, map, call->data, &call->len, &there);
	if (!err)
		err = read_errno(r, map, "ret", &ret, &there);
	call->ret = ret;
	return err;
}

static const char *verdict_word(const struct bx_trial_call *call)
{
	return call->why == BX_WHY_BAD ? "impossible" :
		bx_verdict_text(call->verdict);
}

static void hex_word(char *buf, const __u8 *data, __u32 len)
{
	buf[0] = '\0';
	for (__u32 i = 0; i < len && 2 * i + 3 < WORDS; i++)
		sprintf(buf + 2 * i, "%02x", data[i]);
}

static const char *verdict_name(__u32 n)
{
	static const char *const names[] = {
		"pass", "deny", "handled", "redirect"
	};

	return names[n];
}

int run_call(struct run *r, struct yaml_node *one, struct yaml_node *map,
	     struct yaml_node *expect, struct verdict *v)
{
	const char *verdict = NULL, *to = NULL, *policy = NULL;
	const struct yaml_key keys[] = {
		{ "verdict", YAML_OPTIONAL, yaml_read_text, &verdict },
		{ "to", YAML_OPTIONAL, yaml_read_text, &to },
		{ "policy", YAML_OPTIONAL, yaml_read_text, &policy },
		{ "ret", YAML_OPTIONAL }, { "data", YAML_OPTIONAL },
	};
	char want[WORDS], got[WORDS];
	struct bx_trial_call call;
	bool has_ret, has_data;
	__u8 data[BX_TRIAL_DATA];
	int64_t ret = 0, result;
	__u32 len = 0;
	int err;

	err = read_call(r, map, &call);
	if (!err)
		err = yaml_read(&r->y, expect, keys);
	if (!err)
		err = check_word(r, expect, "verdict", verdict,
				 verdict_name, 3);
	if (!err)
		err = read_errno(r, expect, "ret", &ret, &has_ret);
	if (!err)
		err = read_data(r, expect, data, &len, &has_data);
	if (!err && !verdict && !to && !policy && !has_ret && !has_data)
		err = yaml_bad(&r->y, one, "nothing is expected of this case");
	if (err || r->only_read)
		return err;
	err = control_try_call(r->b->h, &r->trial, &call, &result);
	if (err)
		return err;
	if (result == -EINVAL)
		return yaml_bad(&r->y, map,
				"this operation has an argument of another size than %u bytes",
				call.len);
	if (result == -ENODEV || result == -EPERM)
		return trial_failed(r, one, result);
	if (result)
		return fail(r->b->h, BX_FAULT_FAILED, result,
			    "%s: the kernel cannot try this call: %s",
			    r->shown, strerror(-result));
	compare(v, "verdict", verdict, verdict_word(&call));
	compare(v, "to", to, call.to);
	compare(v, "policy", policy, call.policy);
	if (has_ret)
		compare(v, "ret", errno_word(want, ret),
			errno_word(got, call.ret));
	if (has_data) {
		hex_word(want, data, len);
		hex_word(got, call.data, call.len);
		compare(v, "data", want, got);
	}
	return 0;
}
