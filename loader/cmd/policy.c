// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * bxctl: policies and hooks
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>

#include "bxctl.h"

static const char *plural(unsigned long long n)
{
	return n == 1 ? "" : "s";
}

void print_applied(const struct bx_applied *a, void *arg)
{
	char vendor[WORDS], version[64];

	if (a->kind == BX_ITEM_HOOK) {
		printf("%s hook %s to %s\n", a->upgraded ? "replaced" :
		       "attached", a->name, a->target);
		return;
	}
	if (a->removed) {
		printf("detached %s version %u%s\n", a->name, a->old_version,
		       a->flags & BX_F_SHADOW ? ", shadow" : "");
		return;
	}
	if (a->upgraded)
		snprintf(version, sizeof(version), "version %u -> %u",
			 a->old_version, a->version);
	else
		snprintf(version, sizeof(version), "version %u", a->version);
	printf("%s %s %s %s (vendor %s, priority %d, %s%s): ",
	       a->upgraded ? "upgraded" : "applied", a->name,
	       a->upgraded ? "on" : "to", a->target,
	       word_vendor(vendor, a->vendor), a->priority, version,
	       a->flags & BX_F_SHADOW ? ", shadow" : "");
	if (a->flags & BX_F_SHADOW)
		printf("%llu election%s would have ended differently\n",
		       a->devices, plural(a->devices));
	else
		printf("%llu device%s decided\n", a->devices,
		       plural(a->devices));
}

void json_applied(const struct bx_applied *a, void *arg)
{
	struct json *j = arg;

	json_object(j, NULL);
	json_string(j, "kind", a->kind == BX_ITEM_HOOK ? "hook" : "policy");
	json_string(j, "name", a->name);
	json_bool(j, "removed", a->removed);
	if (a->removed) {
		json_uint(j, "old_version", a->old_version);
		json_string(j, "mode", a->flags & BX_F_SHADOW ? "shadow" :
			    "enforce");
		json_end_object(j);
		return;
	}
	json_string(j, a->kind == BX_ITEM_HOOK ? "target" : "bus", a->target);
	json_string(j, "file", a->file);
	json_bool(j, "upgraded", a->upgraded);
	if (a->kind == BX_ITEM_POLICY) {
		if (a->vendor == BX_ANY)
			json_null(j, "vendor");
		else
			json_hex(j, "vendor", 4, a->vendor);
		json_int(j, "priority", a->priority);
		json_uint(j, "version", a->version);
		if (a->upgraded)
			json_uint(j, "old_version", a->old_version);
		json_string(j, "mode", a->flags & BX_F_SHADOW ? "shadow" :
			    "enforce");
		json_uint(j, "id", a->id);
		json_uint(j, a->flags & BX_F_SHADOW ? "diverged" : "devices",
			  a->devices);
	}
	json_end_object(j);
}

/* Checks the contents: an archive may have any name. */
static bool is_archive(const char *path)
{
	static const unsigned char zstd[] = { 0x28, 0xb5, 0x2f, 0xfd };
	unsigned char start[sizeof(zstd)];
	struct stat st;
	bool is;
	FILE *f;

	if (stat(path, &st) || !S_ISREG(st.st_mode))
		return false;
	f = fopen(path, "re");
	is = f && fread(start, sizeof(start), 1, f) &&
		!memcmp(start, zstd, sizeof(zstd));
	if (f)
		fclose(f);
	return is;
}

/* A name, an archive, or a directory with a manifest */
bool is_bundle(const char *path)
{
	size_t len = strlen(path);
	char manifest[4096];

	if (bx_is_bundle_name(path) || is_archive(path) ||
	    (len > 4 && !strcmp(path + len - 4, ".zst")))
		return true;
	snprintf(manifest, sizeof(manifest), "%s/bundle.yaml", path);
	return !access(manifest, F_OK);
}

static int apply_bundle(struct env *env, bx_applied_fn fn, void *arg)
{
	struct bx_bundle *bundle;
	int err = open_trusted(env, 0, &bundle);

	if (!err && env->args.fail_closed)
		bx_bundle_fail_closed(bundle);
	if (!err)
		err = bx_bundle_apply(bundle, fn, arg);
	bx_bundle_close(bundle);
	return err;
}

static int apply(struct env *env, bx_applied_fn fn, void *arg)
{
	if (is_bundle(env->args.operand))
		return apply_bundle(env, fn, arg);
	if (env->args.nr_set)
		return usage_error(env, "'--set' needs a bundle, and '%s' is not one",
				   env->args.operand);
	return bx_apply(env->bx, env->args.operand,
			(env->args.allow_unsigned ? BX_BUNDLE_UNSIGNED : 0) |
			(env->args.fail_closed ? BX_INSTALL_FAIL_CLOSED : 0),
			fn, arg);
}

struct names {
	char	(*list)[BX_DEV_NAME_LEN];
	size_t	count;
};

static int add_name(struct names *names, const char *name)
{
	void *list;
	size_t i;

	for (i = 0; i < names->count; i++)
		if (!strcmp(names->list[i], name))
			return 0;
	list = realloc(names->list, (names->count + 1) * sizeof(*names->list));
	if (!list)
		abort();
	names->list = list;
	snprintf(names->list[names->count++], BX_DEV_NAME_LEN, "%s", name);
	return 0;
}

struct applying {
	struct env	*env;
	struct names	enforced;
};

static void on_applied(const struct bx_applied *a, void *arg)
{
	struct applying *applying = arg;
	struct env *env = applying->env;

	if (a->kind == BX_ITEM_POLICY && !a->removed && !(a->flags & BX_F_SHADOW))
		add_name(&applying->enforced, a->name);
	if (env->args.json)
		json_applied(a, &env->json);
	else
		print_applied(a, NULL);
}

/* A hook has no name in decisions, and no policy in shadow mode decides. */
static int rebind_applied(struct env *env, const struct names *enforced)
{
	struct bx_rebind_opts opts = { .nr_policies = enforced->count };
	const char **list;
	int err;

	if (!enforced->count)
		return usage_error(env,
				   "'--rebind' needs an enforced policy; 'bxctl rebind --all' rebinds devices on which a hook has decided");
	list = calloc(enforced->count, sizeof(*list));
	if (!list)
		abort();
	for (size_t i = 0; i < enforced->count; i++)
		list[i] = enforced->list[i];
	opts.policies = list;
	err = rebind_all(env, &opts);
	free(list);
	return err;
}

static int do_apply(struct env *env)
{
	struct applying applying = { .env = env };
	int err;

	if (env->args.json)
		json_array(&env->json, "applied");
	err = apply(env, on_applied, &applying);
	if (env->args.json)
		json_end_array(&env->json);
	if (!err && env->args.rebind)
		err = rebind_applied(env, &applying.enforced);
	free(applying.enforced.list);
	return err;
}

/* ---- detach ---- */

static int add_policy(const struct bx_policy_rec *rec, void *arg)
{
	char key[BX_SHOWN_LEN];

	return add_name(arg, bx_policy_key(key, rec->name, rec->flags));
}

static int add_pin(const struct bx_pin *pin, void *arg)
{
	return add_name(arg, pin->name);
}

static void show_detached(struct env *env, const struct bx_detached *d)
{
	const char *kind = d->kind == BX_ITEM_HOOK ? "hook" : "policy";

	if (env->args.json) {
		json_object(&env->json, NULL);
		json_string(&env->json, "kind", kind);
		json_string(&env->json, "name", d->name);
		json_bool(&env->json, "stale", d->stale);
		json_end_object(&env->json);
	} else if (d->stale) {
		printf("removed the stale pins of %s %s\n", kind, d->name);
	} else {
		printf("detached %s %s\n", kind, d->name);
	}
}

static int detach_names(struct env *env, const struct names *names)
{
	struct bx_detached detached;
	size_t i;
	int err;

	for (i = 0; i < names->count; i++) {
		err = bx_detach(env->bx, names->list[i], &detached);
		if (err)
			return err;
		show_detached(env, &detached);
	}
	return 0;
}

static int do_detach(struct env *env)
{
	struct names names = {};
	int err = 0;

	if (!env->args.operand == !env->args.all)
		return usage_error(env, "'detach' needs either a NAME or '--all'");
	if (env->args.operand && strlen(env->args.operand) >= BX_DEV_NAME_LEN)
		return usage_error(env, "'%s' is too long for a name",
				   env->args.operand);
	if (env->args.operand)
		add_name(&names, env->args.operand);
	else
		err = bx_list_policies(env->bx, add_policy, &names) ?:
			bx_list_pins(env->bx, add_pin, &names);
	if (env->args.json)
		json_array(&env->json, "detached");
	if (!err)
		err = detach_names(env, &names);
	if (env->args.json)
		json_end_array(&env->json);
	else if (!err && !names.count)
		printf("nothing is attached\n");
	free(names.list);
	return err;
}

/* ---- policies ---- */

void policy_header(struct table *t)
{
	table_row(t, "POLICY", "BUS", "VENDOR", "PRIORITY", "VERSION", "MODE",
		  "ASKED", "DECIDED", "VETOED", NULL);
}

static const char *word_mode(const struct bx_policy_rec *rec)
{
	if (bx_is_quarantined(rec))
		return "quarantined";
	if (rec->ejected)
		return "ejected";
	if (rec->stage != BX_STAGE_ACTIVE)
		return key_stage(rec->stage);
	if (rec->awaits_bus)
		return "awaits bus";
	return rec->flags & BX_F_SHADOW ? "shadow" : "enforce";
}

void policy_row(struct table *t, const struct bx_policy_rec *rec)
{
	char vendor[WORDS], numbers[5][24], key[BX_SHOWN_LEN];

	snprintf(numbers[0], sizeof(numbers[0]), "%d", rec->priority);
	snprintf(numbers[1], sizeof(numbers[1]), "%u", rec->version);
	snprintf(numbers[2], sizeof(numbers[2]), "%llu", rec->asked);
	snprintf(numbers[3], sizeof(numbers[3]), "%llu", rec->decided);
	snprintf(numbers[4], sizeof(numbers[4]), "%llu", rec->vetoed);
	bx_policy_key(key, rec->name, rec->flags);
	table_row(t, key, rec->bus, word_vendor(vendor, rec->vendor),
		  numbers[0], numbers[1], word_mode(rec), numbers[2],
		  numbers[3], numbers[4], NULL);
}

static int row(const struct bx_policy_rec *rec, void *arg)
{
	policy_row(arg, rec);
	return 0;
}

static int json_row(const struct bx_policy_rec *rec, void *arg)
{
	json_policy(arg, rec);
	return 0;
}

static int print_hook(const struct bx_pin *pin, void *arg)
{
	if (pin->kind == BX_ITEM_HOOK)
		printf("hook %s (link %u%s)\n", pin->name, pin->link_id,
		       pin->elsewhere ? ", attached by another program" : "");
	return 0;
}

static int json_hook(const struct bx_pin *pin, void *arg)
{
	struct json *j = arg;

	if (pin->kind != BX_ITEM_HOOK)
		return 0;
	json_object(j, NULL);
	json_string(j, "name", pin->name);
	json_uint(j, "link", pin->link_id);
	json_bool(j, "elsewhere", pin->elsewhere);
	json_end_object(j);
	return 0;
}

static int json_policies(struct env *env)
{
	int err;

	json_array(&env->json, "policies");
	err = bx_list_policies(env->bx, json_row, &env->json);
	json_end_array(&env->json);
	json_array(&env->json, "hooks");
	if (!err)
		err = bx_list_pins(env->bx, json_hook, &env->json);
	json_end_array(&env->json);
	return err;
}

static int do_policies(struct env *env)
{
	struct table t = {};
	int err;

	if (env->args.json)
		return json_policies(env);
	policy_header(&t);
	err = bx_list_policies(env->bx, row, &t);
	if (!err && t.rows > 1)
		table_print(&t, "");
	else if (!err)
		printf("no policy is attached\n");
	table_free(&t);
	return err ?: bx_list_pins(env->bx, print_hook, NULL);
}

static const struct param apply_params[] = {
	SET_PARAM, FAIL_CLOSED_PARAM, REBIND_PARAM, UNSIGNED_PARAM, TIMEOUT_PARAM, {}
};

static const struct param detach_params[] = {
	{ "all", 'a', PARAM_FLAG, NULL,
	  "every policy and every pinned hook", offsetof(struct args, all) },
	TIMEOUT_PARAM,
	{}
};

const struct command policy_commands[] = {
	{ "apply", "FILE|DIR|NAME", "attach or upgrade policies and hooks",
	  "Attaches the policies and hooks of a BPF object, of a bundle, or of every\n"
	  "*.bpf.o in a directory: all of them in one step, or none. A policy that is\n"
	  "attached under its name already is replaced in the same step. Ends when the\n"
	  "kernel has applied them to the devices in their scope. Until the next boot:\n"
	  "'install' makes a bundle stay. Nothing is loaded that has no trusted signature,\n"
	  "unless '--allow-unsigned' accepts it; only bundles can be signed.",
	  apply_params, do_apply },
	{ "detach", "[NAME]", "detach a policy or hook",
	  "Detaches the policy of that name, else the hook, or everything.",
	  detach_params, do_detach },
	{ "policies", NULL, "list policies in order of authority, and hooks",
	  "Lists the attached policies of each bus in order of authority, then the\n"
	  "pinned hooks.", NULL, do_policies },
	{}
};
