// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * bxctl: types, create, destroy
 */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "bxctl.h"

/* ---- types ---- */

/* Prints the settings of a type: the kernel's lines NAME KIND MIN MAX LIVE INITIAL */
static void print_settings(const struct bx_type_about *t)
{
	char name[BX_NAME_LEN], kind[16], initial[64];
	unsigned long long min, max;
	const char *line;
	int live;

	for (line = t->settings; line && *line; line = strchr(line, '\n')) {
		line += *line == '\n';
		initial[0] = '\0';
		if (sscanf(line, "%31s %15s %llu %llu %d%*1[ ]%63[^\n]", name, kind, &min, &max,
			   &live, initial) < 5)
			continue;
		printf("    %s=%s  %s", name, initial, kind);
		if (strcmp(kind, "bool"))
			printf(" %llu..%llu%s", min, max,
			       strcmp(kind, "text") ? "" : " characters");
		printf("%s\n", live ? ", also while a driver is bound" : "");
	}
}

static int type_row(const struct bx_type_about *t, void *arg)
{
	struct env *env = arg;
	struct json *j = &env->json;
	char available[16], devices[16];

	env->count++;
	if (env->args.json) {
		json_object(j, NULL);
		json_string(j, "parent", t->parent);
		json_string(j, "name", t->name);
		json_string_or_null(j, "title", t->title);
		json_string_or_null(j, "description", t->description);
		json_string(j, "contract", t->contract);
		json_uint(j, "available", t->available);
		json_uint(j, "devices", t->devices);
		json_string_or_null(j, "settings", t->settings);
		json_end_object(j);
		return 0;
	}
	if (env->args.verbose) {
		printf("%s/%s: %s%s%s; contract %s, %u available, %u in use\n", t->parent, t->name,
		       t->title, t->description[0] ? ", " : "", t->description, t->contract,
		       t->available, t->devices);
		print_settings(t);
		return 0;
	}
	snprintf(available, sizeof(available), "%u", t->available);
	snprintf(devices, sizeof(devices), "%u", t->devices);
	table_row(&env->table, t->parent, t->name, t->contract, available, devices,
		  t->title, NULL);
	return 0;
}

static int do_types(struct env *env)
{
	int err;

	if (env->args.json)
		json_array(&env->json, "types");
	else if (!env->args.verbose)
		table_row(&env->table, "PARENT", "TYPE", "CONTRACT", "AVAILABLE", "IN USE",
			  "NAME", NULL);
	err = bx_list_types(env->bx, env->args.operand, type_row, env);
	if (env->args.json)
		json_end_array(&env->json);
	if (!err && !env->count && env->args.operand)
		err = usage_error(env, "'%s' is not a parent that creates devices",
				  env->args.operand);
	else if (!err && !env->args.json && !env->count)
		printf("no parent creates devices\n");
	else if (!err && !env->args.json && !env->args.verbose)
		table_print(&env->table, "");
	table_free(&env->table);
	return err;
}

/* ---- create and destroy ---- */

static int do_create(struct env *env)
{
	const struct args *a = &env->args;
	struct bx_new_device new = {
		.parent = a->operand, .type = a->second, .guid = a->guid,
		.settings = a->set, .nr_settings = a->nr_set,
	};
	struct bx_device_rec rec;
	char outcome[WORDS];
	int err;

	err = bx_create_device(env->bx, &new, &rec);
	if (err)
		return err;
	if (a->json)
		json_device(&env->json, "device", &rec);
	else if (rec.driver[0])
		printf("%s\n%s/%s: driver '%s' is bound\n", rec.dev.name, rec.dev.bus,
		       rec.dev.name, rec.driver);
	else
		printf("%s\n%s/%s: no driver is bound: %s\n", rec.dev.name, rec.dev.bus,
		       rec.dev.name, rec.decision.outcome == BX_OUT_NONE ?
		       "no driver claims it" : word_outcome(outcome, &rec));
	return 0;
}

static int do_destroy(struct env *env)
{
	const struct args *a = &env->args;
	struct bx_devref ref;
	int err;

	err = bx_parse_device(env->bx, a->operand, a->bus, &ref);
	if (!err)
		err = bx_destroy_device(env->bx, &ref);
	if (err)
		return err;
	if (a->json) {
		json_string(&env->json, "bus", ref.bus);
		json_string(&env->json, "name", ref.name);
	} else {
		printf("%s/%s: removed\n", ref.bus, ref.name);
	}
	return 0;
}

static const struct param create_params[] = {
	{ "guid", 'g', PARAM_TEXT, "GUID", "its GUID, which is its name (a new random one)",
	  offsetof(struct args, guid) },
	SET_PARAM,
	{}
};

static const struct param destroy_params[] = {
	{ "bus", 'b', PARAM_BUS, "BUS", "the device's bus", offsetof(struct args, bus) },
	{}
};

static const struct param types_params[] = {
	{ "verbose", 'v', PARAM_FLAG, NULL, "also descriptions and settings",
	  offsetof(struct args, verbose) },
	{}
};

const struct command create_commands[] = {
	{ "types", "[PARENT]", "list types of devices that parents create",
	  "Lists the types of all parents, or of one, and how many devices can still be created.\n"
	  "Types of a parent may share its capacity.",
	  types_params, do_types },
	{ "create", "PARENT TYPE", "create a device",
	  "Creates a device until the next boot, and prints its GUID, and the driver that was\n"
	  "bound, or the reason why none was. Policies may refuse it.",
	  create_params, do_create },
	{ "destroy", "DEVICE", "remove a device that was created",
	  "Unbinds its driver and removes it. DEVICE is BUS/NAME, NAME or a GUID.",
	  destroy_params, do_destroy },
	{}
};
