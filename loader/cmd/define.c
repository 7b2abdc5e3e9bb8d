// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * bxctl: define, undefine, defined, start: devices that are created again after a boot
 */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "bxctl.h"

static int do_define(struct env *env)
{
	const struct args *a = &env->args;
	struct bx_new_device new = {
		.parent = a->operand, .type = a->second, .guid = a->guid,
		.settings = a->set, .nr_settings = a->nr_set,
	};
	char guid[BX_GUID_LEN];
	int err;

	err = bx_define_device(env->bx, &new, a->automatic, guid);
	if (err)
		return err;
	if (a->json)
		json_string(&env->json, "guid", guid);
	else
		printf("%s\n", guid);
	return 0;
}

static int do_undefine(struct env *env)
{
	int err = bx_undefine_device(env->bx, env->args.operand);

	if (!err && !env->args.json)
		printf("%s: not defined any more\n", env->args.operand);
	return err;
}

/* Whether the device exists; its record to @rec */
static bool is_started(struct env *env, const char *guid, struct bx_device_rec *rec)
{
	struct bx_devref ref = {};

	snprintf(ref.name, sizeof(ref.name), "%s", guid);
	return !bx_get_device(env->bx, &ref, rec);
}

static int definition_row(const struct bx_definition *d, void *arg)
{
	struct env *env = arg;
	struct json *j = &env->json;
	struct bx_device_rec rec;
	bool started = is_started(env, d->guid, &rec);

	env->count++;
	if (!env->args.json) {
		table_row(&env->table, d->guid, d->device.parent, d->device.type,
			  d->automatic ? "auto" : "manual",
			  started ? word_bound(rec.driver) : "not started", NULL);
		return 0;
	}
	json_object(j, NULL);
	json_string(j, "guid", d->guid);
	json_string(j, "parent", d->device.parent);
	json_string(j, "type", d->device.type);
	json_bool(j, "auto", d->automatic);
	json_bool(j, "started", started);
	json_array(j, "settings");
	for (unsigned int i = 0; i < d->device.nr_settings; i++)
		json_string(j, NULL, d->device.settings[i]);
	json_end_array(j);
	json_end_object(j);
	return 0;
}

static int do_defined(struct env *env)
{
	int err;

	if (env->args.json)
		json_array(&env->json, "defined");
	else
		table_row(&env->table, "GUID", "PARENT", "TYPE", "START", "DRIVER", NULL);
	err = bx_list_definitions(env->bx, definition_row, env);
	if (env->args.json)
		json_end_array(&env->json);
	else if (!err && env->count)
		table_print(&env->table, "");
	else if (!err)
		printf("no device is defined\n");
	table_free(&env->table);
	return err;
}

static void on_started(const struct bx_started *s, void *arg)
{
	struct env *env = arg;
	struct json *j = &env->json;

	env->count++;
	if (env->args.json) {
		json_object(j, NULL);
		json_string(j, "guid", s->definition->guid);
		json_string_or_null(j, "error", problem_text(&s->problem));
		json_end_object(j);
	} else if (s->rec) {
		printf("%s: started, driver %s\n", s->definition->guid,
		       word_bound(s->rec->driver));
	} else {
		fflush(stdout);
		print_to(stderr, "bxctl: %s\n", problem_text(&s->problem));
	}
}

static int start_all(struct env *env)
{
	int ret;

	if (env->args.json)
		json_array(&env->json, "started");
	ret = bx_start_devices(env->bx, env->args.parent, on_started, env);
	if (env->args.json)
		json_end_array(&env->json);
	if (ret < 0)
		return ret;
	if (!env->args.json && !env->count)
		printf("nothing to start\n");
	env->code = ret ? BX_FAULT_FAILED : 0;
	return 0;
}

static int do_start(struct env *env)
{
	const struct args *a = &env->args;
	struct bx_device_rec rec;
	int err;

	if (!a->operand == !(a->parent || a->all) || (a->parent && a->all))
		return usage_error(env, "'start' needs a GUID, '--parent' or '--all'");
	if (!a->operand)
		return start_all(env);
	err = bx_start_device(env->bx, a->operand, &rec);
	if (err)
		return err;
	if (a->json)
		json_device(&env->json, "device", &rec);
	else
		printf("%s: started, driver %s\n", rec.dev.name, word_bound(rec.driver));
	return 0;
}

static const struct param define_params[] = {
	{ "guid", 'g', PARAM_TEXT, "GUID", "its GUID, which is its name (a new random one)",
	  offsetof(struct args, guid) },
	{ "auto", 'a', PARAM_FLAG, NULL, "start it at boot, and when its parent comes",
	  offsetof(struct args, automatic) },
	SET_PARAM,
	{}
};

static const struct param start_params[] = {
	{ "parent", 'p', PARAM_TEXT, "PARENT", "all of this parent that start by themselves",
	  offsetof(struct args, parent) },
	{ "all", 0, PARAM_FLAG, NULL, "all that start by themselves",
	  offsetof(struct args, all) },
	{}
};

const struct command define_commands[] = {
	{ "define", "PARENT TYPE", "define a device that is created again after a boot",
	  "Writes a file to /etc/bus_ext/devices.d, prints its GUID, and creates nothing.",
	  define_params, do_define },
	{ "undefine", "GUID", "forget the definition of a device",
	  "A device that was started stays until it is destroyed, or until the next boot.",
	  NULL, do_undefine },
	{ "defined", NULL, "list the defined devices",
	  "Lists definitions, how each starts, and the driver of those that were started.",
	  NULL, do_defined },
	{ "start", "[GUID]", "create a defined device",
	  "Creates a device as it was defined, or all that start by themselves and do not exist:\n"
	  "of one parent, or of all.",
	  start_params, do_start },
	{}
};
