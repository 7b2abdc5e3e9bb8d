// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * bxctl: facts by name, in explain, devices and plan; in the first two also what uses the
 * devices
 *
 * Reading facts costs: some come from the device, some from methods of the firmware.  So
 * lists read them only on request, or only of the devices that matter.  Facts of the
 * machine are the same on all devices: a list shows them once.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bxctl.h"

/* ---- the facts of a device ---- */

static int keep_fact(const struct bx_fact_rec *rec, void *arg)
{
	struct facts *facts = arg;

	if (facts->count < BX_NR_FACTS)
		facts->list[facts->count++] = *rec;
	return 0;
}

int facts_read(struct env *env, const struct bx_devref *ref, struct facts *facts)
{
	facts->count = 0;
	return bx_list_facts(env->bx, ref, keep_fact, facts);
}

void facts_json(struct json *j, const struct facts *facts)
{
	json_object(j, "facts");
	for (size_t i = 0; i < facts->count; i++)
		json_string_or_null(j, facts->list[i].name, facts->list[i].value);
	json_end_object(j);
}

static const char *fact_text(char *buf, size_t size, const struct bx_fact_rec *rec)
{
	if (!rec->error)
		return rec->value;
	snprintf(buf, size, "cannot be read: %s", strerror(-rec->error));
	return buf;
}

void facts_print(const struct facts *facts)
{
	char buf[WORDS];

	for (size_t i = 0; i < facts->count; i++)
		printf("%-8s %-19s %s\n", i ? "" : "facts", facts->list[i].name,
		       fact_text(buf, sizeof(buf), &facts->list[i]));
}

/* ---- lists ---- */

/**
 * struct details - facts and uses of listed devices
 * @env: the command
 * @usage: the uses of all devices; NULL if they are not shown
 * @device: BUS/NAME of the current device; empty in explain, which has only one
 * @facts: its facts
 * @machine: those that are the same on all devices
 * @root: the current device holds the root file system
 * @console: it holds the console
 * @table: output as text
 */
struct details {
	struct env		*env;
	struct bx_usage		*usage;
	char			device[BX_NAME_LEN + BX_DEV_NAME_LEN];
	struct facts		facts;
	struct facts		machine;
	bool			root;
	bool			console;
	struct table		table;
};

int details_begin(struct env *env, bool uses)
{
	env->details = calloc(1, sizeof(*env->details));
	if (!env->details)
		abort();
	env->details->env = env;
	return uses ? bx_usage_read(env->bx, &env->details->usage) : 0;
}

static void add_row(struct details *d, const char *of, const char *name, const char *text)
{
	if (!d->table.rows)
		table_row(&d->table, "DEVICE", "FACT", "TEXT", NULL);
	table_row(&d->table, of, name, text, NULL);
}

static void add_rows(struct details *d, const char *of, const struct facts *facts)
{
	char buf[WORDS];

	for (size_t i = 0; i < facts->count; i++)
		add_row(d, of, facts->list[i].name,
			fact_text(buf, sizeof(buf), &facts->list[i]));
}

/* The root file system of this process; another one's is that of a container. */
static bool is_root(const struct bx_holder *holder)
{
	return holder->kind == BX_HOLDER_MOUNT && !holder->pid && !strcmp(holder->by, "/");
}

static int show_use(const struct bx_holder *holder, void *arg)
{
	struct details *d = arg;
	char text[400];

	d->root |= is_root(holder);
	d->console |= holder->kind == BX_HOLDER_CONSOLE || holder->kind == BX_HOLDER_DISPLAY;
	bx_holder_text(text, sizeof(text), holder);
	if (d->env->args.json)
		json_holder(&d->env->json, holder);
	else if (d->device[0])
		add_row(d, d->device, "in use", text);
	else
		printf("in use   %s\n", text);
	return 0;
}

/* A device without a driver has no users. */
static int show_uses(struct details *d, const struct bx_devref *ref, bool bound)
{
	struct json *j = &d->env->json;
	int err = 0;

	d->root = false;
	d->console = false;
	if (d->env->args.json)
		json_array(j, "holders");
	if (bound)
		err = bx_usage_list(d->usage, ref, show_use, d);
	if (err == -ENODEV)
		err = 0;	/* it was removed meanwhile */
	if (!d->env->args.json)
		return err;
	json_end_array(j);
	json_bool(j, "holds_root", d->root);
	json_bool(j, "holds_console", d->console);
	return err;
}

/* Keeps the machine's facts of the first device apart. */
static void divide_facts(struct details *d)
{
	bool first = !d->machine.count;
	size_t kept = 0;

	for (size_t i = 0; i < d->facts.count; i++) {
		const struct bx_fact_rec *rec = &d->facts.list[i];

		if (!bx_fact_is_machine(rec->fact))
			d->facts.list[kept++] = *rec;
		else if (first)
			d->machine.list[d->machine.count++] = *rec;
	}
	d->facts.count = kept;
}

/*
 * Shows the facts of a device, and its uses if details_begin() has read them; as JSON in its
 * object, which is open.  Facts of a device that was removed meanwhile are null.
 */
int details_show(struct env *env, const struct bx_device_rec *rec)
{
	struct details *d = env->details;
	struct bx_devref ref = {};
	int err;

	snprintf(ref.bus, sizeof(ref.bus), "%s", rec->dev.bus);
	snprintf(ref.name, sizeof(ref.name), "%s", rec->dev.name);
	snprintf(d->device, sizeof(d->device), "%s/%s", ref.bus, ref.name);
	err = facts_read(env, &ref, &d->facts);
	divide_facts(d);
	if (!env->args.json)
		add_rows(d, d->device, &d->facts);
	else if (err)
		json_null(&env->json, "facts");
	else
		facts_json(&env->json, &d->facts);
	if (err == -ENODEV)
		err = 0;
	if (!err && d->usage)
		err = show_uses(d, &ref, rec->driver[0]);
	return err;
}

/* Shows what uses the device of an explanation; as JSON in the outermost object. */
int uses_show(struct env *env, const struct bx_device_rec *rec)
{
	struct details d = { .env = env };
	struct bx_devref ref = {};
	int err;

	snprintf(ref.bus, sizeof(ref.bus), "%s", rec->dev.bus);
	snprintf(ref.name, sizeof(ref.name), "%s", rec->dev.name);
	err = bx_usage_read(env->bx, &d.usage);
	if (!err)
		err = show_uses(&d, &ref, rec->driver[0]);
	bx_usage_free(d.usage);
	return err;
}

/* ---- the machine ---- */

static void read_cmdline(char *buf, size_t size)
{
	FILE *f = fopen("/proc/cmdline", "re");

	if (!f || !fgets(buf, size, f))
		buf[0] = '\0';
	if (f)
		fclose(f);
	buf[strcspn(buf, "\n")] = '\0';
}

static void show_machine(struct details *d)
{
	struct json *j = &d->env->json;
	char cmdline[4096];

	read_cmdline(cmdline, sizeof(cmdline));
	if (d->env->args.json) {
		json_object(j, "machine");
		json_string_or_null(j, "cmdline", cmdline);
		facts_json(j, &d->machine);
		json_end_object(j);
	} else if (d->table.rows) {
		add_rows(d, "machine", &d->machine);
		add_row(d, "machine", "command line", cmdline);
		printf("\n");
		table_print(&d->table, "");
	}
}

/* Shows the machine's facts and, as text, those of all devices; does nothing without a begin. */
void details_end(struct env *env, bool failed)
{
	struct details *d = env->details;

	if (!d)
		return;
	if (!failed || env->args.json)
		show_machine(d);
	bx_usage_free(d->usage);
	table_free(&d->table);
	free(d);
	env->details = NULL;
}
