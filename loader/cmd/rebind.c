// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * bxctl: rebind: one device, or all that are not as decided, also after apply and others
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bxctl.h"

static int on_holder(const struct bx_holder *holder, void *arg)
{
	json_holder(arg, holder);
	return 0;
}

struct member_holders {
	struct env	*env;
	struct json	*json;
};

static int on_member(const struct bx_group_member *m, void *arg)
{
	struct member_holders *holders = arg;
	struct bx_devref ref = {};

	snprintf(ref.bus, sizeof(ref.bus), "%s", m->device->dev.bus);
	snprintf(ref.name, sizeof(ref.name), "%s", m->device->dev.name);
	bx_list_holders(holders->env->bx, &ref, on_holder, holders->json);
	return 0;
}

static void json_holders(struct env *env, struct json *j, const struct bx_devref *ref)
{
	struct member_holders holders = { env, j };
	struct bx_devref of = *ref;

	json_array(j, "holders");
	if (env->args.group)
		bx_list_group(env->bx, &of, on_member, &holders);
	else
		bx_list_holders(env->bx, ref, on_holder, j);
	json_end_array(j);
}

/* Adds the uses of the device to the error of a rebind that was refused. */
void json_in_use(struct env *env, struct json *j)
{
	struct bx_device_rec rec;
	struct bx_devref ref;

	if (!env->args.operand ||
	    bx_parse_device(env->bx, env->args.operand, env->args.bus, &ref) ||
	    bx_get_device(env->bx, &ref, &rec)) {
		json_array(j, "holders");
		json_end_array(j);
		return;
	}
	json_holders(env, j, &ref);
}

/* ---- all devices that are not as decided ---- */

static const char *const result_keys[BX_NR_REBINDS] = {
	[BX_REBIND_MOVED]	= "moved",
	[BX_REBIND_WOULD]	= "would_move",
	[BX_REBIND_IN_USE]	= "in_use",
	[BX_REBIND_FAILED]	= "failed",
	[BX_REBIND_GONE]	= "gone",
};

static const char *none_or(const char *driver)
{
	return driver[0] ? driver : "none";
}

static void json_rebound(struct env *env, const struct bx_rebound *r)
{
	struct json *j = &env->json;
	struct bx_devref ref = {};

	json_object(j, NULL);
	json_string(j, "result", result_keys[r->result]);
	json_string_or_null(j, "before", r->before->driver);
	json_string_or_null(j, "error", problem_text(&r->problem));
	json_device(j, "device", r->after ?: r->before);
	snprintf(ref.bus, sizeof(ref.bus), "%s", r->before->dev.bus);
	snprintf(ref.name, sizeof(ref.name), "%s", r->before->dev.name);
	if (r->result == BX_REBIND_IN_USE)
		json_holders(env, j, &ref);
	json_end_object(j);
}

static void print_rebound(const struct bx_rebound *r)
{
	const struct bx_dev_info *dev = &r->before->dev;
	const char *was = none_or(r->before->driver);
	char outcome[WORDS];

	switch (r->result) {
	case BX_REBIND_MOVED:
		printf("%s/%s: %s -> %s (%s)\n", dev->bus, dev->name, was,
		       none_or(r->after->driver), word_outcome(outcome, r->after));
		break;
	case BX_REBIND_WOULD:
		printf("%s/%s: %s -> %s, would be moved\n", dev->bus, dev->name, was,
		       none_or(decided_driver(r->before)));
		break;
	case BX_REBIND_GONE:
		printf("%s/%s: it was removed meanwhile\n", dev->bus, dev->name);
		break;
	default:
		fflush(stdout);
		print_to(stderr, "bxctl: %s\n", problem_text(&r->problem));
	}
	/* a signal may end the process before the next device */
	fflush(stdout);
}

static void on_rebound(const struct bx_rebound *r, void *arg)
{
	struct env *env = arg;

	if (env->args.json)
		json_rebound(env, r);
	else
		print_rebound(r);
}

static void json_counts(struct json *j, const unsigned int *count)
{
	json_object(j, "counts");
	for (unsigned int i = 0; i < BX_NR_REBINDS; i++)
		json_uint(j, result_keys[i], count[i]);
	json_end_object(j);
}

/* "2 of 4 devices moved, 1 in use, 1 failed" */
static void print_counts(const unsigned int *count, bool dry)
{
	unsigned int all = 0;

	for (unsigned int i = 0; i < BX_NR_REBINDS; i++)
		all += count[i];
	if (!all) {
		printf("every device is as decided\n");
		return;
	}
	printf("%u of %u device%s %s", count[dry ? BX_REBIND_WOULD : BX_REBIND_MOVED], all,
	       all == 1 ? "" : "s", dry ? "would be moved" : "moved");
	if (count[BX_REBIND_IN_USE])
		printf(", %u in use", count[BX_REBIND_IN_USE]);
	if (count[BX_REBIND_FAILED])
		printf(", %u failed", count[BX_REBIND_FAILED]);
	if (count[BX_REBIND_GONE])
		printf(", %u removed meanwhile", count[BX_REBIND_GONE]);
	printf("\n");
}

/* Rebinds the devices of @opts, and tells about each; sets env->code. */
int rebind_all(struct env *env, struct bx_rebind_opts *opts)
{
	int ret;

	if (env->args.json)
		json_array(&env->json, "rebound");
	ret = bx_rebind_all(env->bx, opts, on_rebound, env);
	if (env->args.json)
		json_end_array(&env->json);
	if (ret < 0)
		return ret;
	if (env->args.json)
		json_counts(&env->json, opts->count);
	else
		print_counts(opts->count, opts->flags & BX_REBIND_DRY_RUN);
	if (opts->count[BX_REBIND_IN_USE])
		env->code = BX_FAULT_IN_USE;
	else if (opts->count[BX_REBIND_FAILED])
		env->code = BX_FAULT_STATE;
	else if (opts->count[BX_REBIND_WOULD])
		env->code = BXCTL_WOULD_CHANGE;
	return 0;
}

/* ---- the command ---- */

static int rebind_device(struct env *env)
{
	struct bx_device_rec before, after;
	struct bx_devref ref;
	char outcome[WORDS];
	int ret;

	ret = bx_parse_device(env->bx, env->args.operand, env->args.bus, &ref);
	if (!ret)
		ret = bx_get_device(env->bx, &ref, &before);
	if (ret)
		return ret;
	ret = bx_rebind(env->bx, &ref,
			env->args.force ? BX_REBIND_FORCE : 0, &after);
	if (ret < 0)
		return ret;
	if (env->args.json) {
		json_bool(&env->json, "changed", ret);
		json_string_or_null(&env->json, "before", before.driver);
		json_device(&env->json, "device", &after);
	} else if (strcmp(before.driver, after.driver)) {
		printf("%s/%s: %s -> %s (%s)\n", ref.bus, ref.name,
		       none_or(before.driver), none_or(after.driver),
		       word_outcome(outcome, &after));
	} else {
		printf("%s/%s: %s, as before (%s)\n", ref.bus, ref.name,
		       none_or(after.driver), word_outcome(outcome, &after));
	}
	return 0;
}

static int rebind_group(struct env *env)
{
	const struct args *a = &env->args;
	unsigned int flags = (a->force ? BX_REBIND_FORCE : 0) |
		(a->dry_run ? BX_REBIND_DRY_RUN : 0);
	struct bx_devref ref;
	int ret;

	ret = bx_parse_device(env->bx, a->operand, a->bus, &ref);
	if (ret)
		return ret;
	if (a->json)
		json_array(&env->json, "rebound");
	ret = bx_rebind_group(env->bx, &ref, flags, on_rebound, env);
	if (a->json)
		json_end_array(&env->json);
	if (ret < 0)
		return ret;
	if (ret && a->dry_run)
		env->code = BXCTL_WOULD_CHANGE;
	if (!a->json && !ret)
		printf("every device of the group is as decided\n");
	return 0;
}

static int do_rebind(struct env *env)
{
	const struct args *a = &env->args;
	struct bx_rebind_opts opts = {
		.policies = &a->policy,
		.nr_policies = a->policy ? 1 : 0,
		.flags = (a->force ? BX_REBIND_FORCE : 0) |
			(a->dry_run ? BX_REBIND_DRY_RUN : 0),
	};

	if (!!a->operand + !!a->policy + a->all != 1)
		return usage_error(env, "'rebind' needs either a DEVICE, '--policy' or '--all'");
	if (!a->operand && a->bus)
		return usage_error(env, "'--bus' needs a DEVICE");
	if (a->group && !a->operand)
		return usage_error(env, "'--group' needs a DEVICE");
	if (a->group)
		return rebind_group(env);
	if (a->operand && a->dry_run)
		return usage_error(env,
				   "'--dry-run' needs '--group', '--policy' or '--all'; 'bxctl explain' shows what would happen to one device");
	return a->operand ? rebind_device(env) : rebind_all(env, &opts);
}

static const struct param rebind_params[] = {
	{ "bus", 'b', PARAM_BUS, "BUS", "the device's bus", offsetof(struct args, bus) },
	{ "policy", 'p', PARAM_TEXT, "NAME",
	  "all devices on which this policy decides, and that are not as decided",
	  offsetof(struct args, policy) },
	{ "all", 'a', PARAM_FLAG, NULL, "all devices that are not as decided",
	  offsetof(struct args, all) },
	{ "group", 'g', PARAM_FLAG, NULL,
	  "all functions of its card and devices of its IOMMU group, or none of them",
	  offsetof(struct args, group) },
	{ "dry-run", 'n', PARAM_FLAG, NULL, "only show which devices would be moved",
	  offsetof(struct args, dry_run) },
	{ "force", 0, PARAM_FLAG, NULL, "also if the device is in use",
	  offsetof(struct args, force) },
	TIMEOUT_PARAM,
	{}
};

const struct command rebind_commands[] = {
	{ "rebind", "[DEVICE]", "give devices the drivers that their elections name",
	  "Unbinds the device if its election names another driver, elects again and\n"
	  "binds. A device that is in use keeps its driver without '--force'.\n"
	  "DEVICE is a name, BUS/NAME, or a GUID. With --group, rebinds all functions of its card\n"
	  "and all devices of its IOMMU group, or none if one is in use or fails. With --policy or --all instead, rebinds the\n"
	  "devices that are not as decided, one after another, parents first: those that were\n"
	  "bound before the policy. Devices in use are named, and the others are moved.",
	  rebind_params, do_rebind },
	{}
};
