// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * bxctl: installed bundles: install, upgrade, rollback, enable, disable, mode,
 * remove, boot
 */
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bxctl.h"

/* The hook of a package, and of 'make install' */
static const char *const initramfs_hooks[] = {
	"/usr/share/initramfs-tools/hooks/bus_ext",
	"/etc/initramfs-tools/hooks/bus_ext",
};

int mode_from(const char *text, enum bx_mode *mode)
{
	if (!strcmp(text, "shadow"))
		*mode = BX_MODE_SHADOW;
	else if (!strcmp(text, "enforce"))
		*mode = BX_MODE_ENFORCE;
	else
		return -1;
	return 0;
}

static struct bx_install_opts options(const struct env *env)
{
	const struct args *a = &env->args;

	return (struct bx_install_opts) {
		.set = a->set,
		.nr_set = a->nr_set,
		.unset = a->unset,
		.nr_unset = a->nr_unset,
		.flags = (a->allow_unsigned ? BX_BUNDLE_UNSIGNED : 0) |
			(a->offline ? BX_INSTALL_OFFLINE : 0) |
			(a->downgrade ? BX_INSTALL_DOWNGRADE : 0) |
			(a->change_signer ? BX_INSTALL_CHANGE_SIGNER : 0) |
			(a->fail_closed ? BX_INSTALL_FAIL_CLOSED : 0) |
			(a->rebind ? BX_INSTALL_REBIND : 0) |
			(a->no_rebind ? BX_INSTALL_NO_REBIND : 0),
		.mode = a->mode,
	};
}

/* An initramfs has the bundles that were installed when it was made. */
static void remind(const struct env *env)
{
	if (!env->args.json && (!access(initramfs_hooks[0], F_OK) ||
				!access(initramfs_hooks[1], F_OK)))
		printf("the initramfs is unchanged; run 'update-initramfs -u' to update it\n");
}

/* ---- changes ---- */

typedef int (*change_fn)(struct env *env, const struct bx_install_opts *opts,
			 bx_applied_fn fn);

/* The result as text, with the bundle's name and version, and as a key for JSON */
static const struct {
	const char	*text;
	const char	*key;
} deeds[] = {
	[BX_UNCHANGED]		= { "already installed: %s %s", "unchanged" },
	[BX_UNCHANGED_CANARY]	= { "already the canary: %s %s", "unchanged" },
	[BX_CANARY]		= { "canary of %s, in shadow mode beside the enforced version: %s",
				    "canary" },
	[BX_CANARY_DROPPED]	= { "dropped the canary of %s, whose enforced version is %s",
				    "canary_dropped" },
	[BX_INSTALLED]		= { "installed %s %s", "installed" },
	[BX_UPGRADED]		= { "upgraded %s to %s", "upgraded" },
	[BX_ROLLED_BACK]	= { "rolled back %s to %s", "rolled_back" },
	[BX_ENABLED]		= { "enabled %s %s", "enabled" },
	[BX_DISABLED]		= { "disabled %s %s", "disabled" },
	[BX_SHADOWED]		= { "in shadow mode: %s %s", "shadow" },
	[BX_ENFORCED]		= { "enforced: %s %s", "enforce" },
	[BX_REMOVED]		= { "removed %s %s", "removed" },
};

static void print_done(const struct env *env, const struct bx_done *done)
{
	bool unchanged = done->deed == BX_UNCHANGED ||
		done->deed == BX_UNCHANGED_CANARY;
	char text[256], signer[300] = "not signed";

	snprintf(text, sizeof(text), deeds[done->deed].text, done->name,
		 done->version);
	if (done->signer[0])
		snprintf(signer, sizeof(signer), "signed by %s %.16s",
			 done->signer, done->fingerprint);
	if (done->generation)
		printf("%s (generation %u, %s)", text, done->generation,
		       signer);
	else
		printf("%.*s", (int)(strlen(text) - 1), text);
	printf("%s\n", env->args.offline && !unchanged ?
	       ", for the next boot" : "");
	if (!unchanged)
		remind(env);
}

static void json_done(struct json *j, const struct bx_done *done)
{
	json_string(j, "bundle", done->name);
	json_string_or_null(j, "version", done->version);
	if (done->generation)
		json_uint(j, "generation", done->generation);
	else
		json_null(j, "generation");
	json_string_or_null(j, "signer", done->signer);
	json_string_or_null(j, "fingerprint", done->fingerprint);
	json_string(j, "done", deeds[done->deed].key);
}

static int run_change(struct env *env, change_fn fn)
{
	struct bx_install_opts opts = options(env);
	struct bx_rebind_opts rebind = {};
	struct bx_done done = {};
	int err;

	if (env->args.rebind && env->args.no_rebind)
		return usage_error(env, "'--rebind' and '--no-rebind' exclude each other");
	opts.done = &done;
	if (env->args.json)
		json_array(&env->json, "applied");
	err = fn(env, &opts, env->args.json ? json_applied : print_applied);
	if (env->args.json)
		json_end_array(&env->json);
	if (err)
		return err;
	if (env->args.json)
		json_done(&env->json, &done);
	else
		print_done(env, &done);
	rebind.bundle = done.name;
	return env->args.rebind && !env->args.offline ? rebind_all(env, &rebind) : 0;
}

static int install(struct env *env, const struct bx_install_opts *opts,
		   bx_applied_fn fn)
{
	return bx_install(env->bx, env->args.operand, opts, fn, &env->json);
}

static int do_install(struct env *env)
{
	return run_change(env, install);
}

static int upgrade(struct env *env, const struct bx_install_opts *opts,
		   bx_applied_fn fn)
{
	return bx_upgrade(env->bx, env->args.operand, opts, fn, &env->json);
}

static int do_upgrade(struct env *env)
{
	return run_change(env, upgrade);
}

static int rollback(struct env *env, const struct bx_install_opts *opts,
		    bx_applied_fn fn)
{
	return bx_rollback(env->bx, env->args.operand, env->args.generation,
			   opts, fn, &env->json);
}

static int do_rollback(struct env *env)
{
	return run_change(env, rollback);
}

static int enable(struct env *env, const struct bx_install_opts *opts,
		  bx_applied_fn fn)
{
	return bx_enable(env->bx, env->args.operand, opts, fn, &env->json);
}

static int do_enable(struct env *env)
{
	return run_change(env, enable);
}

static int disable(struct env *env, const struct bx_install_opts *opts,
		   bx_applied_fn fn)
{
	return bx_disable(env->bx, env->args.operand, opts, fn, &env->json);
}

static int do_disable(struct env *env)
{
	return run_change(env, disable);
}

static int set_mode(struct env *env, const struct bx_install_opts *opts,
		    bx_applied_fn fn)
{
	return bx_set_mode(env->bx, env->args.second, opts, fn, &env->json);
}

static int do_mode(struct env *env)
{
	if (mode_from(env->args.operand, &env->args.mode))
		return usage_error(env, "'%s' is neither shadow nor enforce",
				   env->args.operand);
	return run_change(env, set_mode);
}

static int remove_bundle(struct env *env, const struct bx_install_opts *opts,
			 bx_applied_fn fn)
{
	return bx_remove(env->bx, env->args.operand, opts, fn, &env->json);
}

static int do_remove(struct env *env)
{
	return run_change(env, remove_bundle);
}

/* ---- verify --installed ---- */

static void show_checked(const struct bx_checked *c, void *arg)
{
	struct env *env = arg;

	if (env->args.json) {
		json_object(&env->json, NULL);
		json_string(&env->json, "name", c->name);
		json_string_or_null(&env->json, "version", c->version);
		json_uint(&env->json, "generation", c->generation);
		json_bool(&env->json, "current", c->current);
		json_bool(&env->json, "canary", c->canary);
		json_string_or_null(&env->json, "signer", c->signer);
		json_string_or_null(&env->json, "problem",
				    problem_text(&c->problem));
		json_end_object(&env->json);
		return;
	}
	if (!c->version)
		printf("FAILED %s: %s\n", c->name,
		       problem_text(&c->problem));
	else
		printf("%s %s %s (generation %u%s, %s%s)%s%s\n",
		       c->problem.text ? "FAILED" : "ok    ", c->name, c->version,
		       c->generation, c->current ? ", current" :
		       c->canary ? ", canary" : "",
		       c->signer ? "signed by " : "not signed",
		       c->signer ?: "", c->problem.text ? ": " : "",
		       problem_text(&c->problem));
}

int verify_installed(struct env *env)
{
	int problems;

	if (env->args.nr_set)
		return usage_error(env, "'--set' and '--installed' exclude each other");
	if (env->args.json)
		json_array(&env->json, "installed");
	problems = bx_check_installed(env->bx, env->args.operand, show_checked,
				      env);
	if (env->args.json)
		json_end_array(&env->json);
	if (problems > 0)
		env->code = BX_FAULT_REJECTED;
	return problems < 0 ? problems : 0;
}

/* ---- boot ---- */

static void show_booted(const struct bx_booted *b, void *arg)
{
	struct env *env = arg;

	if (env->args.json) {
		json_object(&env->json, NULL);
		json_string(&env->json, "name", b->name);
		json_string_or_null(&env->json, "version", b->version ?: "");
		json_uint(&env->json, "generation", b->generation);
		json_string(&env->json, "mode", b->shadow ? "shadow" :
			    "enforce");
		json_bool(&env->json, "canary", b->canary);
		json_bool(&env->json, "already", b->already);
		json_bool(&env->json, "removed", b->removed);
		json_uint(&env->json, "rebound", b->rebound);
		json_uint(&env->json, "not_rebound", b->not_rebound);
		json_string_or_null(&env->json, "error",
				    problem_text(&b->error));
		json_end_object(&env->json);
	} else if (b->error.text) {
		print_to(stderr, "bxctl: %sbundle %s is %s: %s\n",
			 b->canary ? "the canary of " : "", b->name,
			 b->removed ? "still active" : "not active",
			 problem_text(&b->error));
	} else if (b->removed) {
		printf("bundle %s is not enabled: it was deactivated\n",
		       b->name);
	} else {
		printf("bundle %s %s (generation %u%s) is active%s\n",
		       b->name, b->version, b->generation,
		       b->canary ? ", canary" : b->shadow ? ", shadow" : "",
		       b->already ? " already" : "");
		if (b->rebound || b->not_rebound)
			printf("bundle %s: %u of %u devices that were bound before are rebound\n",
			       b->name, b->rebound, b->rebound + b->not_rebound);
	}
}

static void show_need(enum bx_need kind, const char *what, void *arg)
{
	struct env *env = arg;

	if (env->args.json) {
		json_object(&env->json, NULL);
		json_string(&env->json, kind == BX_NEED_FILE ? "file" :
			    "module", what);
		json_end_object(&env->json);
	} else {
		printf("%s %s\n", kind == BX_NEED_FILE ? "file" : "module",
		       what);
	}
}

static int do_boot(struct env *env)
{
	bool files = env->args.files;
	int ret;

	if (env->args.json)
		json_array(&env->json, files ? "needs" : "bundles");
	ret = files ? bx_list_needs(env->bx, show_need, env) :
		bx_boot(env->bx, show_booted, env);
	if (env->args.json)
		json_end_array(&env->json);
	if (ret > 0)
		env->code = BX_FAULT_STATE;
	return ret < 0 ? ret : 0;
}

/* ---- the table ---- */

#define OFFLINE_PARAM \
	{ "offline", 0, PARAM_FLAG, NULL, \
	  "change only what is on disk, for the next boot", \
	  offsetof(struct args, offline) }
#define UNSET_PARAM \
	{ "unset", 'u', PARAM_UNSET, "NAME", \
	  "forget the value of a setting; may be repeated", \
	  offsetof(struct args, unset) }
#define MODE_PARAM \
	{ "mode", 'm', PARAM_MODE, "MODE", \
	  "shadow or enforce", offsetof(struct args, mode) }

#define BOOT_REBIND_PARAM \
	{ "rebind", 0, PARAM_FLAG, NULL, \
	  "also rebind devices that were bound before, now and at each boot", \
	  offsetof(struct args, rebind) }
#define NO_REBIND_PARAM \
	{ "no-rebind", 0, PARAM_FLAG, NULL, \
	  "do not rebind devices at boot any more", offsetof(struct args, no_rebind) }

static const struct param install_params[] = {
	SET_PARAM, MODE_PARAM, FAIL_CLOSED_PARAM, BOOT_REBIND_PARAM, UNSIGNED_PARAM,
	OFFLINE_PARAM, TIMEOUT_PARAM, {}
};

static const struct param upgrade_params[] = {
	SET_PARAM, UNSET_PARAM, MODE_PARAM, FAIL_CLOSED_PARAM, BOOT_REBIND_PARAM,
	NO_REBIND_PARAM, UNSIGNED_PARAM,
	{ "allow-downgrade", 0, PARAM_FLAG, NULL,
	  "also to a lower version, or other files of the same",
	  offsetof(struct args, downgrade) },
	{ "change-signer", 0, PARAM_FLAG, NULL,
	  "also to a bundle of another signer, or of none",
	  offsetof(struct args, change_signer) },
	OFFLINE_PARAM, TIMEOUT_PARAM, {}
};

static const struct param rollback_params[] = {
	{ "generation", 'g', PARAM_NUMBER, "NUMBER",
	  "activate this generation (the previous one)",
	  offsetof(struct args, generation) },
	OFFLINE_PARAM, TIMEOUT_PARAM, {}
};

static const struct param enable_params[] = {
	SET_PARAM, UNSET_PARAM, BOOT_REBIND_PARAM, NO_REBIND_PARAM, OFFLINE_PARAM,
	TIMEOUT_PARAM, {}
};

static const struct param mode_params[] = {
	OFFLINE_PARAM, TIMEOUT_PARAM, {}
};

static const struct param disable_params[] = {
	OFFLINE_PARAM, TIMEOUT_PARAM, {}
};

static const struct param boot_params[] = {
	{ "files", 0, PARAM_FLAG, NULL,
	  "list what an initramfs needs for this", offsetof(struct args, files) },
	TIMEOUT_PARAM,
	{}
};

const struct command install_commands[] = {
	{ "install", "BUNDLE", "install a bundle and activate it",
	  "Copies the bundle, a directory, an archive, or the name of one that a package has\n"
	  "put into /usr/lib/bus_ext/bundles, checks its signature and its claims, and\n"
	  "activates it, now and at each boot. All of it, or nothing.",
	  install_params, do_install },
	{ "upgrade", "BUNDLE", "replace an installed bundle by another version",
	  "As install, for an installed bundle: the new version replaces the old one in one\n"
	  "step. The previous version is kept for 'rollback'. The new version\n"
	  "must be higher, and its signer the same. With --mode shadow, the new version of an\n"
	  "enforced bundle is a canary: it runs beside the enforced one, until 'mode enforce'\n"
	  "promotes it or 'rollback' drops it.",
	  upgrade_params, do_upgrade },
	{ "rollback", "NAME", "activate the previous version again",
	  "Activates a kept generation again, in one step. A canary is dropped; without a\n"
	  "number, nothing else is changed.",
	  rollback_params, do_rollback },
	{ "enable", "NAME", "activate an installed bundle, also at boot",
	  "Activates it, now and at each boot; again when its settings have changed.",
	  enable_params, do_enable },
	{ "disable", "NAME", "deactivate an installed bundle",
	  "Deactivates its policies, in one step. It stays installed.",
	  disable_params, do_disable },
	{ "mode", "shadow|enforce NAME", "switch a bundle between shadow and enforce",
	  "In shadow mode the policies are asked, and their decisions are counted and\n"
	  "compared, but not applied. For a bundle with a canary, 'enforce' promotes the\n"
	  "canary, and 'shadow' drops it.",
	  mode_params, do_mode },
	{ "remove", "NAME", "deactivate a bundle and remove it",
	  "Deactivates its policies, in one step, and removes all generations. Works also when\n"
	  "its state cannot be read.",
	  disable_params, do_remove },
	{ "boot", NULL, "activate all enabled bundles (used at boot)",
	  "Loads the module, if need be, and activates each enabled bundle. One that fails is\n"
	  "reported, and the others are activated all the same. Does nothing when the\n"
	  "kernel was started with 'bus_ext=off'.",
	  boot_params, do_boot },
	{}
};
