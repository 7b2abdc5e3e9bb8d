// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * bxctl: learn, expect and wait: a machine as rules, and its devices as they should be
 */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "bxctl.h"

/* ---- learn ---- */

static int on_learned(const struct bx_device_rec *rec, const char *rule, void *arg)
{
	struct env *env = arg;
	struct json *j = &env->json;

	env->count++;
	if (!env->args.json) {
		printf("%s  # %s/%s\n", rule, rec->dev.bus, rec->dev.name);
		return 0;
	}
	json_object(j, NULL);
	json_string(j, "bus", rec->dev.bus);
	json_string(j, "name", rec->dev.name);
	json_string(j, "rule", rule);
	json_end_object(j);
	return 0;
}

static int do_learn(struct env *env)
{
	int err;

	if (env->args.json)
		json_array(&env->json, "rules");
	err = bx_learn(env->bx, env->args.bus, on_learned, env);
	if (env->args.json)
		json_end_array(&env->json);
	return err;
}

/* ---- expect ---- */

static void json_difference(struct json *j, const struct bx_difference *d)
{
	json_object(j, NULL);
	json_string(j, "file", d->file);
	json_uint(j, "line", d->line);
	json_string_or_null(j, "expected", d->driver);
	json_string_or_null(j, "bus", d->device ? d->device->dev.bus : "");
	json_string_or_null(j, "name", d->device ? d->device->dev.name : "");
	json_string_or_null(j, "driver", d->device ? d->device->driver : "");
	json_end_object(j);
}

static void on_difference(const struct bx_difference *d, void *arg)
{
	struct env *env = arg;
	const char *expected = d->driver[0] ? d->driver : "no driver";

	if (env->args.json)
		json_difference(&env->json, d);
	else if (!d->device)
		printf("%s:%u: no device; expected one with %s\n", d->file, d->line, expected);
	else
		printf("%s:%u: %s/%s has %s; expected %s\n", d->file, d->line,
		       d->device->dev.bus, d->device->dev.name,
		       d->device->driver[0] ? d->device->driver : "no driver", expected);
}

static int do_expect(struct env *env)
{
	struct bx_rules *rules;
	int ret = rules_open(env, env->args.operand, &rules);

	if (ret)
		return ret;
	if (env->args.json)
		json_array(&env->json, "differences");
	ret = bx_expect(env->bx, rules, on_difference, env);
	if (env->args.json)
		json_end_array(&env->json);
	bx_rules_close(rules);
	if (ret > 0)
		env->code = BXCTL_WOULD_CHANGE;
	else if (!ret && !env->args.json)
		printf("the machine is as expected\n");
	return ret < 0 ? ret : 0;
}

/* ---- wait ---- */

static int do_wait(struct env *env)
{
	struct bx_await await = {
		.device = env->args.operand, .bus = env->args.bus, .driver = env->args.driver,
	};
	struct bx_device_rec rec;
	int err = bx_await_driver(env->bx, &await, &rec);

	if (err)
		return err;
	if (env->args.json)
		json_device(&env->json, "device", &rec);
	else
		printf("%s/%s has %s\n", rec.dev.bus, rec.dev.name, rec.driver);
	return 0;
}

/* ---- the commands ---- */

static const struct param learn_params[] = {
	{ "bus", 'b', PARAM_BUS, "BUS", "only devices on this bus", offsetof(struct args, bus) },
	{}
};

static const struct param wait_params[] = {
	{ "bus", 'b', PARAM_BUS, "BUS", "the device's bus", offsetof(struct args, bus) },
	{ "driver", 0, PARAM_TEXT, "DRIVER", "this driver (any)", offsetof(struct args, driver) },
	TIMEOUT_PARAM,
	{}
};

const struct command expect_commands[] = {
	{ "learn", NULL, "rules that pin down this machine as it is",
	  "Prints a rule for each device that rules can name: with its driver, or a refusal if it\n"
	  "has none. Changes nothing.",
	  learn_params, do_learn },
	{ "expect", "FILE", "compare this machine with rules",
	  "Prints a line for each device that has another driver than the rules in FILE say, and for\n"
	  "each rule that decides on no device; then the exit status is 2. Changes nothing.",
	  NULL, do_expect },
	{ "wait", "DEVICE", "wait until a device has a driver",
	  "DEVICE is as for 'set', and need not exist yet.",
	  wait_params, do_wait },
	{}
};
