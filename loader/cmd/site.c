// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * bxctl: set, refuse, unset and list: the rules of this machine, for single devices
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bxctl.h"

/**
 * struct site - a command on one device
 * @env: the command
 * @ref: the device
 * @device: the same, for rules
 * @rec: the same, with its driver
 * @text: its new rule; NULL for none
 * @by: what the rule names it by
 */
struct site {
	struct env		*env;
	struct bx_devref	ref;
	struct bx_rules_device	*device;
	struct bx_device_rec	rec;
	char			*text;
	enum bx_identity	by;
};

static int site_open(struct env *env, struct site *s)
{
	*s = (struct site) { .env = env };
	return bx_find_device(env->bx, env->args.operand, env->args.bus, &s->ref) ?:
		bx_get_device(env->bx, &s->ref, &s->rec) ?:
		bx_rules_device_read(env->bx, &s->ref, &s->device);
}

static void site_close(struct site *s)
{
	bx_rules_device_free(s->device);
	free(s->text);
}

/* ---- what else the rule matches ---- */

static int on_match(const struct bx_device_rec *rec, void *arg)
{
	struct site *s = arg;
	struct json *j = &s->env->json;

	if (s->env->args.json) {
		json_object(j, NULL);
		json_string(j, "bus", rec->dev.bus);
		json_string(j, "name", rec->dev.name);
		json_string_or_null(j, "driver", rec->driver);
		json_end_object(j);
	} else if (strcmp(rec->dev.name, s->ref.name)) {
		printf("it also matches %s/%s (driver %s)\n", rec->dev.bus, rec->dev.name,
		       word_bound(rec->driver));
	}
	return 0;
}

static int show_rule(struct site *s)
{
	struct json *j = &s->env->json;
	int err;

	if (s->env->args.json) {
		json_string(j, "rule", s->text);
		json_string(j, "by", bx_identity_text(s->by));
		json_array(j, "matches");
	} else {
		printf("%s\n", s->text);
	}
	err = bx_site_matches(s->env->bx, s->text, on_match, s);
	if (s->env->args.json)
		json_end_array(j);
	return err;
}

/* ---- what would happen ---- */

static int on_user(const struct bx_holder *holder, void *arg)
{
	struct site *s = arg;
	char text[400];

	s->env->count++;
	if (s->env->args.json) {
		json_holder(&s->env->json, holder);
		return 0;
	}
	bx_holder_text(text, sizeof(text), holder);
	printf("in use: %s\n", text);
	return 0;
}

static int show_dry_run(struct site *s)
{
	int err;

	s->env->code = BXCTL_WOULD_CHANGE;
	if (s->env->args.json) {
		json_device(&s->env->json, "device", &s->rec);
		json_array(&s->env->json, "holders");
	} else {
		printf("%s/%s has %s; nothing was changed\n", s->ref.bus, s->ref.name,
		       s->rec.driver[0] ? s->rec.driver : "no driver");
	}
	err = bx_list_holders(s->env->bx, &s->ref, on_user, s);
	if (s->env->args.json)
		json_end_array(&s->env->json);
	else if (s->env->count)
		printf("so it would be refused, unless with --force\n");
	return err;
}

/* ---- set and refuse ---- */

static int show_result(struct site *s, const struct bx_device_rec *rec)
{
	char outcome[WORDS];

	if (s->env->args.json)
		json_device(&s->env->json, "device", rec);
	else
		printf("%s/%s: %s (%s)\n", rec->dev.bus, rec->dev.name,
		       rec->driver[0] ? rec->driver : "no driver",
		       word_outcome(outcome, rec));
	return 0;
}

static int change(struct site *s)
{
	const struct args *a = &s->env->args;
	struct bx_site_change c = {
		.device = &s->ref, .text = s->text, .rules_device = s->device,
		.group = a->group, .flags = a->force ? BX_REBIND_FORCE : 0,
	};
	struct bx_device_rec rec = s->rec;
	int ret = bx_site_set(s->env->bx, &c, &rec);

	if (ret < 0)
		return ret;
	if (!ret)
		return usage_error(s->env, "no rule of 'bxctl set' is for device '%s/%s'; "
				   "'bxctl list' shows all rules", s->ref.bus, s->ref.name);
	return show_result(s, &rec);
}

static int set_rule(struct env *env, const char *driver)
{
	struct bx_site_opts opts = { .driver = driver, .group = env->args.group };
	struct site s = {};
	int err = 0;

	if (env->args.by)
		err = bx_parse_identity(env->bx, env->args.by, &opts.by);
	if (!err)
		err = site_open(env, &s);
	if (!err)
		err = bx_site_propose(env->bx, s.device, &opts, &s.by, &s.text);
	if (!err)
		err = show_rule(&s);
	if (!err)
		err = env->args.dry_run ? show_dry_run(&s) : change(&s);
	site_close(&s);
	return err;
}

static int do_set(struct env *env)
{
	return set_rule(env, env->args.second);
}

static int do_refuse(struct env *env)
{
	return set_rule(env, NULL);
}

static int do_unset(struct env *env)
{
	struct site s;
	int err = site_open(env, &s);

	if (!err)
		err = change(&s);
	site_close(&s);
	return err;
}

/* ---- list ---- */

/**
 * struct matched - the devices that the present rule of the list matches
 * @env: the command
 * @text: their names
 */
struct matched {
	struct env	*env;
	char		text[256];
};

static int begin_rule(const struct bx_site_line *line, void *arg)
{
	struct matched *m = arg;
	struct json *j = &m->env->json;

	m->env->count++;
	m->text[0] = '\0';
	if (!m->env->args.json)
		return 0;
	json_object(j, NULL);
	json_string(j, "file", line->file);
	json_uint(j, "line", line->line);
	json_string(j, "rule", line->text);
	json_array(j, "devices");
	return 0;
}

static int add_match(const struct bx_device_rec *rec, void *arg)
{
	struct matched *m = arg;
	size_t len = strlen(m->text);

	if (m->env->args.json)
		json_string(&m->env->json, NULL, rec->dev.name);
	else
		snprintf(m->text + len, sizeof(m->text) - len, "%s%s", len ? " " : "",
			 rec->dev.name);
	return 0;
}

static int end_rule(const struct bx_site_line *line, void *arg)
{
	struct matched *m = arg;
	char place[256];

	if (m->env->args.json) {
		json_end_array(&m->env->json);
		json_end_object(&m->env->json);
		return 0;
	}
	snprintf(place, sizeof(place), "%s:%u", strrchr(line->file, '/') + 1, line->line);
	table_row(&m->env->table, place, line->text, m->text[0] ? m->text : "-", NULL);
	return 0;
}

static int do_list(struct env *env)
{
	struct matched matched = { .env = env };
	const struct bx_site_listing listing = { begin_rule, add_match, end_rule, &matched };
	int err;

	if (env->args.json)
		json_array(&env->json, "rules");
	else
		table_row(&env->table, "PLACE", "RULE", "DEVICES", NULL);
	err = bx_site_list(env->bx, &listing);
	if (env->args.json)
		json_end_array(&env->json);
	else if (!err && !env->count)
		printf("this machine has no rules\n");
	else if (!err)
		table_print(&env->table, "");
	table_free(&env->table);
	return err;
}

/* ---- the commands ---- */

#define BUS_PARAM \
	{ "bus", 'b', PARAM_BUS, "BUS", "the device's bus", offsetof(struct args, bus) }
#define FORCE_PARAM \
	{ "force", 0, PARAM_FLAG, NULL, "also if the device is in use", \
	  offsetof(struct args, force) }

static const struct param set_params[] = {
	BUS_PARAM,
	FORCE_PARAM,
	{ "by", 0, PARAM_TEXT, "IDENTITY",
	  "path, slot, serial, dsn, mac, acpi, guid, name, or id for each device of the model",
	  offsetof(struct args, by) },
	{ "group", 0, PARAM_FLAG, NULL, "for all functions of the card",
	  offsetof(struct args, group) },
	{ "dry-run", 0, PARAM_FLAG, NULL, "tell the rule and what it matches; change nothing",
	  offsetof(struct args, dry_run) },
	{}
};

static const struct param unset_params[] = { BUS_PARAM, FORCE_PARAM, {} };

const struct command site_commands[] = {
	{ "set", "DEVICE DRIVER", "give a device a driver, from now on and after each boot",
	  "Writes a rule for the device to rules.d/bxctl.rules and applies it at once. DRIVER may be\n"
	  "several, separated by commas: the first that can be had. DEVICE is a name, BUS/NAME, a\n"
	  "GUID, a PCI address as lspci prints it, a network interface, or a disk.",
	  set_params, do_set },
	{ "refuse", "DEVICE", "keep all drivers from a device, from now on and after each boot",
	  "As 'set', with a rule that refuses the device.",
	  set_params, do_refuse },
	{ "unset", "DEVICE", "remove the rules of 'set' and 'refuse' for a device",
	  "Policies decide on the device again, or the kernel's own rule.",
	  unset_params, do_unset },
	{ "list", NULL, "list the rules of this machine",
	  "Prints each rule in rules.d, and the devices that it matches now.",
	  NULL, do_list },
	{}
};
