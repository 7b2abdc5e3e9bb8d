// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * bxctl: devices and drivers
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bxctl.h"

struct listing {
	struct env	*env;
	struct table	table;
};

static int is_bus(const char *bus, void *arg)
{
	return !strcmp(bus, arg);
}

/* A misspelt bus is an error, not a bus without devices. */
static int check_bus(struct env *env)
{
	const char *bus = env->args.bus;
	int ret;

	ret = bus ? bx_check_kernel(env->bx) : 1;
	if (!ret)
		ret = bx_list_buses(env->bx, is_bus, (void *)bus);
	if (!ret)
		return usage_error(env, "there is no bus '%s' that policies decide on",
				   bus);
	return ret < 0 ? ret : 0;
}

/* Foreign buses are large: devices without a decision are left out. */
static bool is_wanted(const struct args *args,
		      const struct bx_device_rec *rec)
{
	if (args->bus && strcmp(args->bus, rec->dev.bus))
		return false;
	return args->all || has_decision(rec) ||
		!(rec->dev.flags & BX_DEV_ADOPTED);
}

static int device_row(const struct bx_device_rec *rec, void *arg)
{
	struct listing *l = arg;
	char id[WORDS], decider[WORDS], outcome[WORDS];
	int err = 0;

	if (!is_wanted(&l->env->args, rec))
		return 0;
	if (l->env->args.json)
		json_device_begin(&l->env->json, NULL, rec);
	else
		table_row(&l->table, rec->dev.bus, rec->dev.name,
			  word_device_id(id, &rec->dev),
			  word_bound(rec->driver),
			  word_decider(decider, &rec->decision),
			  word_outcome(outcome, rec), NULL);
	if (l->env->args.facts)
		err = details_show(l->env, rec);
	if (l->env->args.json)
		json_end_object(&l->env->json);
	return err;
}

static int do_devices(struct env *env)
{
	struct listing l = { .env = env };
	int err;

	err = check_bus(env);
	if (!err && env->args.facts)
		err = details_begin(env, true);
	if (err)
		return err;
	if (env->args.json) {
		json_array(&env->json, "devices");
		err = bx_list_decided(env->bx, device_row, &l);
		json_end_array(&env->json);
		details_end(env, err);
		return err;
	}
	table_row(&l.table, "BUS", "DEVICE", "ID", "DRIVER", "DECIDED BY",
		  "OUTCOME", NULL);
	err = bx_list_decided(env->bx, device_row, &l);
	if (!err && l.table.rows > 1)
		table_print(&l.table, "");
	else if (!err)
		printf("nothing was decided on any device%s\n",
		       env->args.all ? "" : "; '--all' lists the others");
	details_end(env, err);
	table_free(&l.table);
	return err;
}

static int driver_row(const struct bx_driver_rec *rec, void *arg)
{
	struct listing *l = arg;
	struct json *j = &l->env->json;
	char devices[16];

	if (l->env->args.bus && strcmp(l->env->args.bus, rec->bus))
		return 0;
	if (l->env->args.json) {
		json_object(j, NULL);
		json_string(j, "bus", rec->bus);
		json_string(j, "name", rec->name);
		json_string_or_null(j, "module", rec->module);
		json_uint(j, "devices", rec->devices);
		json_uint(j, "order", rec->order);
		json_bool(j, "adopted", rec->adopted);
		json_end_object(j);
		return 0;
	}
	snprintf(devices, sizeof(devices), "%u", rec->devices);
	table_row(&l->table, rec->bus, rec->name, rec->module[0] ?
		  rec->module : "built in", devices, NULL);
	return 0;
}

static int do_drivers(struct env *env)
{
	struct listing l = { .env = env };
	int err;

	err = check_bus(env);
	if (err)
		return err;
	if (env->args.json)
		json_array(&env->json, "drivers");
	else
		table_row(&l.table, "BUS", "DRIVER", "MODULE", "DEVICES",
			  NULL);
	err = bx_list_drivers(env->bx, driver_row, &l);
	if (env->args.json)
		json_end_array(&env->json);
	else if (!err)
		table_print(&l.table, "");
	table_free(&l.table);
	return err;
}

/* ---- tree ---- */

struct tree {
	struct env		*env;
	struct bx_policy_rec	*policies;
	struct bx_driver_rec	*drivers;
	struct bx_device_rec	*devices;
	size_t			nr_policies;
	size_t			nr_drivers;
	size_t			nr_devices;
	const char		*bus;
};

static void *grow(void *list, size_t count, size_t size)
{
	list = realloc(list, (count + 1) * size);
	if (!list)
		abort();
	return list;
}

static int keep_policy(const struct bx_policy_rec *rec, void *arg)
{
	struct tree *t = arg;

	t->policies = grow(t->policies, t->nr_policies, sizeof(*rec));
	t->policies[t->nr_policies++] = *rec;
	return 0;
}

static int keep_driver(const struct bx_driver_rec *rec, void *arg)
{
	struct tree *t = arg;

	t->drivers = grow(t->drivers, t->nr_drivers, sizeof(*rec));
	t->drivers[t->nr_drivers++] = *rec;
	return 0;
}

static int keep_device(const struct bx_device_rec *rec, void *arg)
{
	struct tree *t = arg;

	if (!is_wanted(&t->env->args, rec))
		return 0;
	t->devices = grow(t->devices, t->nr_devices, sizeof(*rec));
	t->devices[t->nr_devices++] = *rec;
	return 0;
}

static void tree_policies(struct tree *t)
{
	const struct bx_policy_rec *p;
	char vendor[WORDS], key[BX_SHOWN_LEN];

	if (t->env->args.json)
		json_array(&t->env->json, "policies");
	for (p = t->policies; p < t->policies + t->nr_policies; p++) {
		if (strcmp(p->bus, t->bus))
			continue;
		if (t->env->args.json)
			json_string(&t->env->json, NULL,
				    bx_policy_key(key, p->name, p->flags));
		else
			printf("  policy %s (vendor %s, priority %d, version %u%s)\n",
			       p->name, word_vendor(vendor, p->vendor),
			       p->priority, p->version,
			       p->flags & BX_F_SHADOW ? ", shadow" : "");
	}
	if (t->env->args.json)
		json_end_array(&t->env->json);
}

/* Shows the devices that are bound to @driver; the unbound ones if that is empty. */
static size_t tree_devices(struct tree *t, const char *driver, bool show)
{
	char decider[WORDS], outcome[WORDS], id[WORDS];
	const struct bx_device_rec *d;
	size_t count = 0;

	for (d = t->devices; d < t->devices + t->nr_devices; d++) {
		if (strcmp(d->dev.bus, t->bus) || strcmp(d->driver, driver))
			continue;
		count++;
		if (!show)
			continue;
		if (t->env->args.json)
			json_device(&t->env->json, NULL, d);
		else
			printf("    %s  %s  %s, by %s\n", d->dev.name,
			       word_device_id(id, &d->dev),
			       word_outcome(outcome, d),
			       word_decider(decider, &d->decision));
	}
	return count;
}

static void tree_driver(struct tree *t, const char *name, bool always)
{
	struct json *j = &t->env->json;

	if (!always && !tree_devices(t, name, false))
		return;
	if (!t->env->args.json) {
		if (name[0])
			printf("  driver %s\n", name);
		else
			printf("  no driver\n");
		tree_devices(t, name, true);
		return;
	}
	json_object(j, NULL);
	json_string_or_null(j, "name", name);
	json_array(j, "devices");
	tree_devices(t, name, true);
	json_end_array(j);
	json_end_object(j);
}

static int tree_bus(const char *bus, void *arg)
{
	struct tree *t = arg;
	struct json *j = &t->env->json;
	const struct bx_driver_rec *d;

	if (t->env->args.bus && strcmp(t->env->args.bus, bus))
		return 0;
	t->bus = bus;
	if (t->env->args.json) {
		json_object(j, NULL);
		json_string(j, "name", bus);
	} else {
		printf("%s\n", bus);
	}
	tree_policies(t);
	if (t->env->args.json)
		json_array(j, "drivers");
	for (d = t->drivers; d < t->drivers + t->nr_drivers; d++)
		if (!strcmp(d->bus, bus))
			tree_driver(t, d->name, !d->adopted);
	tree_driver(t, "", false);
	if (t->env->args.json) {
		json_end_array(j);
		json_end_object(j);
	}
	return 0;
}

static int do_tree(struct env *env)
{
	struct tree t = { .env = env };
	int err;

	err = check_bus(env);
	if (!err)
		err = bx_list_policies(env->bx, keep_policy, &t);
	if (!err)
		err = bx_list_drivers(env->bx, keep_driver, &t);
	if (!err)
		err = bx_list_decided(env->bx, keep_device, &t);
	if (env->args.json)
		json_array(&env->json, "buses");
	if (!err)
		err = bx_list_buses(env->bx, tree_bus, &t);
	if (env->args.json)
		json_end_array(&env->json);
	free(t.policies);
	free(t.drivers);
	free(t.devices);
	return err;
}

#define BUS_PARAM \
	{ "bus", 'b', PARAM_BUS, "BUS", "only of this bus", \
	  offsetof(struct args, bus) }
#define ALL_PARAM \
	{ "all", 'a', PARAM_FLAG, NULL, \
	  "also devices of adopted buses without a decision", \
	  offsetof(struct args, all) }

static const struct param devices_params[] = {
	BUS_PARAM, ALL_PARAM, FACTS_PARAM(", and what uses the devices"), {}
};

static const struct param tree_params[] = { BUS_PARAM, ALL_PARAM, {} };
static const struct param drivers_params[] = { BUS_PARAM, {} };

const struct command device_commands[] = {
	{ "devices", NULL, "list devices, their drivers, and the deciding policies",
	  "Lists the devices of bus_ext's own buses, and those of adopted buses\n"
	  "with a decision. --facts reads from the devices and runs methods of the firmware.",
	  devices_params, do_devices },
	{ "drivers", NULL, "list drivers",
	  "Lists the drivers of every bus that policies can be attached to.",
	  drivers_params, do_drivers },
	{ "tree", NULL, "buses with their policies, drivers and devices",
	  "Shows each bus with its policies, its drivers and the devices that are\n"
	  "bound to them. Of adopted buses, only drivers with listed devices.",
	  tree_params, do_tree },
	{}
};
