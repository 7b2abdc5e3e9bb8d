// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * bxctl: commands on a bundle that need no kernel: info, check
 *
 * 'info' shows the contents of a bundle, trusted or not; 'check' says whether 'install'
 * would accept it. Neither loads anything, and neither needs a capability.
 */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bxctl.h"

void json_about(struct env *env, const struct bx_bundle *bundle)
{
	const struct bx_bundle_about *a = bx_bundle_about(bundle);
	struct json *j = &env->json;

	if (!env->args.json)
		return;
	json_object(j, "bundle");
	json_string(j, "name", a->name);
	json_string(j, "version", a->version);
	json_string(j, "vendor", a->vendor);
	json_string(j, "summary", a->summary);
	json_string_or_null(j, "requires", a->requires ?: "");
	json_bool(j, "fail_closed", a->fail_closed);
	json_bool(j, "next_best", a->next_best);
	json_array(j, "drivers");
	for (unsigned int i = 0; i < a->nr_drivers; i++)
		json_string(j, NULL, a->drivers[i]);
	json_end_array(j);
	json_string_or_null(j, "signer", a->signer ?: "");
	json_string_or_null(j, "signer_fingerprint",
			    a->signer_fingerprint ?: "");
	json_end_object(j);
}

static void json_items(struct json *j, const char *name, const char *list)
{
	char item[256];
	size_t len;

	json_array(j, name);
	for (; *list; list += len + !!list[len]) {
		len = strcspn(list, ",");
		snprintf(item, sizeof(item), "%.*s", (int)len, list);
		json_string(j, NULL, item);
	}
	json_end_array(j);
}

/* Writes the value of a setting by its type: a number, true or false, text, or texts. */
static void json_value(struct json *j, const char *name, int type,
		       const char *value)
{
	if (type == BX_SETTING_INT)
		json_int(j, name, strtoll(value, NULL, 0));
	else if (type == BX_SETTING_BOOL)
		json_bool(j, name, !strcmp(value, "true"));
	else if (type == BX_SETTING_LIST)
		json_items(j, name, value);
	else
		json_string(j, name, value);
}

void json_setting(struct json *j, const struct bx_setting *s)
{
	static const char *const types[] = { "int", "bool", "string", "list" };

	json_object(j, NULL);
	json_string(j, "name", s->name);
	json_string(j, "type", types[s->type]);
	json_value(j, "value", s->type, s->value);
	json_value(j, "default", s->type, s->initial);
	if (s->type == BX_SETTING_INT && !s->nr_values) {
		json_int(j, "min", s->min);
		json_int(j, "max", s->max);
	}
	if (s->type == BX_SETTING_LIST)
		json_uint(j, "max_items", s->max_items);
	if (s->nr_values) {
		json_array(j, "values");
		for (unsigned int i = 0; i < s->nr_values; i++)
			json_value(j, NULL, s->type, s->values[i]);
		json_end_array(j);
	}
	json_string(j, "help", s->help);
	json_end_object(j);
}

const char *setting_text(const struct bx_setting *s, const char *value)
{
	return s->type == BX_SETTING_LIST && !value[0] ? "[]" : value;
}

static int show_setting(const struct bx_setting *s, void *arg)
{
	struct env *env = arg;

	if (env->args.json)
		json_setting(&env->json, s);
	else
		printf("setting   %s = %s (default %s; %s): %s\n", s->name,
		       setting_text(s, s->value), setting_text(s, s->initial),
		       s->allowed, s->help);
	return 0;
}

static void json_vendor(struct json *j, __u32 vendor)
{
	if (vendor == BX_ANY)
		json_null(j, "vendor");
	else
		json_hex(j, "vendor", 4, vendor);
}

static int show_claim(const char *bus, __u32 vendor, void *arg)
{
	struct env *env = arg;
	char buf[WORDS];

	if (!env->args.json) {
		printf("claim     bus %s, vendor %s\n", bus,
		       word_vendor(buf, vendor));
		return 0;
	}
	json_object(&env->json, NULL);
	json_string(&env->json, "bus", bus);
	json_vendor(&env->json, vendor);
	json_end_object(&env->json);
	return 0;
}

static int show_policy(const struct bx_applied *a, void *arg)
{
	struct env *env = arg;
	struct json *j = &env->json;
	char buf[WORDS];

	if (!env->args.json) {
		printf("%-9s %s in %s: bus %s, vendor %s, priority %d, version %u%s%s\n",
		       a->kind == BX_ITEM_HOOK ? "hook" : "policy", a->name,
		       a->file, a->target, word_vendor(buf, a->vendor), a->priority, a->version,
		       a->flags & BX_F_SHADOW ? ", only for shadow mode" : "",
		       a->flags & BX_F_NEXT_BEST ?
		       ", next driver after a failed probe" : "");
		return 0;
	}
	json_object(j, NULL);
	json_string(j, "kind", a->kind == BX_ITEM_HOOK ? "hook" : "policy");
	json_string(j, "name", a->name);
	json_string(j, "file", a->file);
	json_string(j, "bus", a->target);
	json_vendor(j, a->vendor);
	json_int(j, "priority", a->priority);
	json_uint(j, "version", a->version);
	json_bool(j, "shadow", a->flags & BX_F_SHADOW);
	json_bool(j, "fail_closed", a->flags & BX_F_FAIL_CLOSED);
	json_bool(j, "next_best", a->flags & BX_F_NEXT_BEST);
	json_end_object(j);
	return 0;
}

static int show_rules(const char *bus, unsigned int rules, void *arg)
{
	struct env *env = arg;

	if (!env->args.json) {
		printf("rules     %u on bus %s\n", rules, bus);
		return 0;
	}
	json_object(&env->json, NULL);
	json_string(&env->json, "bus", bus);
	json_uint(&env->json, "rules", rules);
	json_end_object(&env->json);
	return 0;
}

static int show_file(const char *path, unsigned long long bytes, void *arg)
{
	struct env *env = arg;

	if (!env->args.json) {
		printf("file      %s, %llu bytes\n", path, bytes);
		return 0;
	}
	json_object(&env->json, NULL);
	json_string(&env->json, "name", path);
	json_uint(&env->json, "bytes", bytes);
	json_end_object(&env->json);
	return 0;
}

/* @why: the reason of a refusal; empty when the bundle is trusted */
static void show_trust(struct env *env, const struct bx_bundle *bundle, int err,
		       const char *why)
{
	const char *signer = bx_bundle_about(bundle)->signer;
	struct json *j = &env->json;

	if (env->args.json) {
		json_object(j, "signature");
		json_bool(j, "trusted", !err);
		json_string_or_null(j, "signer", signer ?: "");
		json_string_or_null(j, "reason", why);
		json_end_object(j);
	} else if (err) {
		printf("signature not trusted: %s\n", why);
	} else if (signer) {
		printf("signature trusted: %s (SHA-256 %s)\n", signer,
		       bx_bundle_about(bundle)->signer_fingerprint ?: "?");
	} else {
		printf("signature none, and none is needed: files of root\n");
	}
}

/* Begins a list of the document; the text output needs no frame. */
static void list(struct env *env, const char *name)
{
	if (env->args.json)
		json_array(&env->json, name);
}

static void list_end(struct env *env)
{
	if (env->args.json)
		json_end_array(&env->json);
}

static int show_contents(struct env *env, struct bx_bundle *bundle)
{
	int err;

	list(env, "claims");
	err = bx_bundle_list_claims(bundle, show_claim, env);
	list_end(env);
	list(env, "settings");
	if (!err)
		err = bx_bundle_list_settings(bundle, show_setting, env);
	list_end(env);
	list(env, "policies");
	if (!err)
		err = bx_bundle_list_policies(bundle, show_policy, env);
	list_end(env);
	list(env, "rules");
	if (!err)
		err = bx_bundle_list_rules(bundle, show_rules, env);
	list_end(env);
	list(env, "files");
	if (!err)
		err = bx_bundle_list_files(bundle, show_file, env);
	list_end(env);
	return err;
}

static void print_about(const struct bx_bundle *bundle)
{
	const struct bx_bundle_about *a = bx_bundle_about(bundle);

	printf("bundle    %s %s of %s: %s\n", a->name, a->version, a->vendor,
	       a->summary);
	if (a->requires)
		printf("requires  bus_ext %s\n", a->requires);
	if (a->fail_closed)
		printf("ejection  fails closed: an ejected policy refuses devices\n");
	if (a->next_best)
		printf("probes    after a failed one, the next driver is tried\n");
	for (unsigned int i = 0; i < a->nr_drivers; i++)
		printf("driver    %s\n", a->drivers[i]);
}

static unsigned int place(const struct env *env)
{
	return BX_BUNDLE_COPY |
		(env->args.installed ? BX_BUNDLE_INSTALLED : 0);
}

static int do_info(struct env *env)
{
	struct bx_bundle *bundle;
	char why[1024] = "";
	int err, refused;

	err = open_bundle(env, place(env), &bundle);
	if (!err)
		err = configure_bundle(env, bundle);
	if (err)
		goto out;
	refused = bx_bundle_check(bundle, 0);
	if (refused)
		snprintf(why, sizeof(why), "%s", library_error(env, refused));
	json_about(env, bundle);
	if (!env->args.json)
		print_about(bundle);
	show_trust(env, bundle, refused, why);
	err = show_contents(env, bundle);
out:
	bx_bundle_close(bundle);
	return err;
}

static int do_check(struct env *env)
{
	const struct bx_bundle_about *a;
	struct bx_bundle *bundle;
	int err;

	err = open_trusted(env, place(env), &bundle);
	if (!err)
		err = bx_bundle_check_policies(bundle);
	if (err)
		goto out;
	a = bx_bundle_about(bundle);
	json_about(env, bundle);
	if (!env->args.json)
		printf("bundle %s %s, %s%s: its files are valid and trusted\n",
		       a->name, a->version, a->signer ? "signed by " :
		       "not signed", a->signer ?: "");
out:
	bx_bundle_close(bundle);
	return err;
}

#define INSTALLED_PARAM \
	{ "installed", 0, PARAM_FLAG, NULL, \
	  "the installed bundle NAME, not that of a package", \
	  offsetof(struct args, installed) }

static const struct param info_params[] = {
	SET_PARAM, INSTALLED_PARAM, {}
};

static const struct param check_params[] = {
	SET_PARAM, UNSIGNED_PARAM, INSTALLED_PARAM, {}
};

const struct command inspect_commands[] = {
	{ "info", "BUNDLE", "show the contents of a bundle, and whether it is trusted",
	  "Shows the manifest, the settings, the policies with their scope, the number of rules,\n"
	  "the files and the signer. Loads nothing; needs no kernel and no capability.",
	  info_params, do_info },
	{ "check", "BUNDLE", "check all of a bundle without a kernel",
	  "Checks what 'install' checks: the manifest, the signature and the limits of its\n"
	  "claims, the objects and their scope, the rules, the settings. Loads nothing; needs no kernel\n"
	  "and no capability. 'verify' loads it.",
	  check_params, do_check },
	{}
};
