// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * bxctl: rules explain: the rule that wins on a device, and why others do not
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bxctl.h"

/**
 * struct saying - what was said of rules
 * @env: the command
 * @winner: where the rule stands that wins; empty if none does
 * @verdict: its verdict
 * @scores: number of scores that count
 */
struct saying {
	struct env	*env;
	char		winner[512];
	char		verdict[512];
	unsigned int	scores;
};

/* ---- the device ---- */

static int read_device(struct env *env, struct bx_rules_device **device)
{
	const struct args *a = &env->args;
	struct bx_devref ref;
	int err;

	if (!a->second && !a->modalias && !a->bus)
		return usage_error(env,
				   "'rules explain' needs a DEVICE, or '--modalias' or '--bus' "
				   "of a described one");
	if (a->second && a->modalias)
		return usage_error(env, "a DEVICE and '--modalias' exclude each other");
	if (!a->second)
		return bx_rules_device_describe(env->bx, a->bus, a->modalias, device);
	err = bx_parse_device(env->bx, a->second, a->bus, &ref);
	return err ?: bx_rules_device_read(env->bx, &ref, device);
}

/* @bundle: the rules, if they are those of a bundle; else NULL */
static int get_device(struct env *env, const struct bx_rules *bundle,
		      struct bx_rules_device **device)
{
	int err = read_device(env, device);

	if (!err && bundle)
		bx_rules_device_use(*device, bundle);
	for (unsigned int i = 0; !err && i < env->args.nr_set; i++)
		err = bx_rules_device_set(env->bx, *device, env->args.set[i]);
	if (!err)
		return 0;
	bx_rules_device_free(*device);
	*device = NULL;
	return err;
}

/* ---- rules ---- */

static void json_said(struct json *j, const struct bx_rule_said *said)
{
	json_object(j, NULL);
	json_string(j, "file", said->file);
	json_uint(j, "line", said->line);
	json_uint(j, "column", said->column);
	json_string(j, "rule", said->text);
	json_string(j, "verdict", said->verdict);
	json_string_or_null(j, "driver", said->driver);
	json_uint(j, "score", said->score);
	json_string(j, "why", bx_rule_why_text(said->why));
	json_string(j, "detail", said->detail);
	json_end_object(j);
}

static void on_said(const struct bx_rule_said *said, void *arg)
{
	struct saying *s = arg;
	char at[512];

	snprintf(at, sizeof(at), "%s:%u", said->file, said->line);
	if (said->why == BX_RULE_MATCHES) {
		snprintf(s->winner, sizeof(s->winner), "%s", at);
		snprintf(s->verdict, sizeof(s->verdict), "%s", said->verdict);
	}
	s->scores += said->why == BX_RULE_SCORES;
	if (s->env->args.json)
		json_said(&s->env->json, said);
	else
		table_row(&s->env->table, at, said->verdict, said->detail, NULL);
}

static void print_result(const struct bx_rules_device *device, const struct saying *s)
{
	const struct bx_dev_info *dev = bx_rules_device_info(device);

	printf("device   %s/%s\n", dev->bus, dev->name[0] ? dev->name : "(described)");
	if (dev->modalias[0])
		printf("modalias %s\n", dev->modalias);
	if (s->winner[0])
		printf("result   %s, by %s\n", s->verdict, s->winner);
	else
		printf("result   none: %s\n", s->scores ? "scores decide" : "no rule decides");
	if (s->env->table.rows > 1) {
		printf("\n");
		table_print(&s->env->table, "");
	}
}

static void json_result(struct json *j, const struct bx_rules_device *device,
			const struct saying *s)
{
	const struct bx_dev_info *dev = bx_rules_device_info(device);

	json_string(j, "bus", dev->bus);
	json_string_or_null(j, "name", dev->name);
	json_string_or_null(j, "modalias", dev->modalias);
	json_string_or_null(j, "winner", s->winner);
	json_string_or_null(j, "verdict", s->verdict);
}

static int explain(struct env *env, const struct bx_rules *rules,
		   const struct bx_rules_device *device)
{
	struct saying s = { .env = env };
	int err;

	if (env->args.json)
		json_array(&env->json, "rules");
	else
		table_row(&env->table, "RULE", "VERDICT", "WHY", NULL);
	err = bx_rules_explain(env->bx, rules, device, env->args.all ? BX_RULES_ALL : 0, on_said,
			       &s);
	if (env->args.json) {
		json_end_array(&env->json);
		json_result(&env->json, device, &s);
	} else if (!err) {
		print_result(device, &s);
	}
	table_free(&env->table);
	return err;
}

/* ---- the table ---- */

static bool is_rules_file(const char *text)
{
	size_t len = strlen(text), end = strlen(".rules");

	return len > end && !strcmp(text + len - end, ".rules");
}

/* The rules of a bundle, with the settings that an installed one has */
static int open_bundle_rules(struct env *env, struct bx_rules **rules)
{
	unsigned int flags = BX_BUNDLE_COPY;
	struct bx_bundle *bundle;
	int err;

	*rules = NULL;
	if (bx_is_bundle_name(env->args.operand))
		flags |= BX_BUNDLE_INSTALLED;
	err = open_bundle(env, flags, &bundle);
	if (!err)
		err = bx_bundle_configure(bundle);
	if (!err)
		err = bx_bundle_read_rules(bundle, rules);
	bx_bundle_close(bundle);
	return err;
}

/* As with other commands, a bare name is never that of a file. */
static bool names_bundle(const char *text)
{
	return !is_rules_file(text) && (bx_is_bundle_name(text) || is_bundle(text));
}

int do_rules_explain(struct env *env)
{
	bool bundle = names_bundle(env->args.operand);
	struct bx_rules_device *device = NULL;
	struct bx_rules *rules;
	int err = bundle ? open_bundle_rules(env, &rules) :
		rules_open(env, env->args.operand, &rules);

	if (!err)
		err = get_device(env, bundle ? rules : NULL, &device);
	if (!err)
		err = explain(env, rules, device);
	bx_rules_device_free(device);
	bx_rules_close(rules);
	return err;
}

const struct param rules_explain_params[] = {
	{ "all", 'a', PARAM_FLAG, NULL, "also rules whose pattern does not match",
	  offsetof(struct args, all) },
	{ "bus", 'b', PARAM_BUS, "BUS", "the device's bus", offsetof(struct args, bus) },
	{ "modalias", 'm', PARAM_TEXT, "MODALIAS", "describe a device by its modalias",
	  offsetof(struct args, modalias) },
	{ "set", 's', PARAM_SET, "NAME=VALUE",
	  "say that the device has this fact; may be repeated", offsetof(struct args, set) },
	{}
};
