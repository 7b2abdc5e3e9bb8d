// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * bxctl: bundles that stay: install, upgrade, rollback, enable, disable, mode,
 * remove, boot
 */
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bxctl.h"

/* Of a package, and of 'make install' */
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
	return (struct bx_install_opts) {
		.set = env->args.set,
		.nr_set = env->args.nr_set,
		.flags = (env->args.allow_unsigned ? BX_BUNDLE_UNSIGNED : 0) |
			(env->args.offline ? BX_INSTALL_OFFLINE : 0),
		.mode = env->args.mode,
	};
}

/* An initramfs that has bundles has those of when it was made. */
static void remind(const struct env *env)
{
	if (!env->args.json && (!access(initramfs_hooks[0], F_OK) ||
				!access(initramfs_hooks[1], F_OK)))
		printf("the initramfs has what was there before until 'update-initramfs -u'\n");
}

static void change_begin(struct env *env)
{
	if (env->args.json)
		json_array(&env->json, "applied");
}

static bx_applied_fn change_fn(const struct env *env)
{
	return env->args.json ? json_applied : print_applied;
}

static int change_end(struct env *env, int err, const char *done)
{
	if (env->args.json)
		json_end_array(&env->json);
	if (err)
		return err;
	if (env->args.json) {
		json_string(&env->json, "done", done);
	} else {
		printf("%s %s%s\n", done, env->args.second ?:
		       env->args.operand, env->args.offline ?
		       ", for the next boot" : "");
		remind(env);
	}
	return 0;
}

static int do_install(struct env *env)
{
	struct bx_install_opts opts = options(env);

	change_begin(env);
	return change_end(env, bx_install(env->bx, env->args.operand, &opts,
					  change_fn(env), &env->json),
			  "installed");
}

static int do_upgrade(struct env *env)
{
	struct bx_install_opts opts = options(env);

	change_begin(env);
	return change_end(env, bx_upgrade(env->bx, env->args.operand, &opts,
					  change_fn(env), &env->json),
			  "upgraded to");
}

static int do_rollback(struct env *env)
{
	struct bx_install_opts opts = options(env);

	change_begin(env);
	return change_end(env, bx_rollback(env->bx, env->args.operand,
					   env->args.generation, &opts,
					   change_fn(env), &env->json),
			  "rolled back");
}

static int do_enable(struct env *env)
{
	struct bx_install_opts opts = options(env);

	change_begin(env);
	return change_end(env, bx_enable(env->bx, env->args.operand, &opts,
					 change_fn(env), &env->json),
			  "enabled");
}

static int do_disable(struct env *env)
{
	change_begin(env);
	return change_end(env, bx_disable(env->bx, env->args.operand,
					  change_fn(env), &env->json),
			  "disabled");
}

static int do_mode(struct env *env)
{
	struct bx_install_opts opts = options(env);

	if (mode_from(env->args.operand, &opts.mode))
		return usage_error(env, "'%s' is neither shadow nor enforce",
				   env->args.operand);
	change_begin(env);
	return change_end(env, bx_set_mode(env->bx, env->args.second, &opts,
					   change_fn(env), &env->json),
			  opts.mode == BX_MODE_SHADOW ? "in shadow mode:" :
			  "enforced:");
}

static int do_remove(struct env *env)
{
	change_begin(env);
	return change_end(env, bx_remove(env->bx, env->args.operand,
					 change_fn(env), &env->json),
			  "removed");
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
		json_bool(&env->json, "already", b->already);
		json_bool(&env->json, "removed", b->removed);
		json_string_or_null(&env->json, "error", b->error ?: "");
		json_end_object(&env->json);
	} else if (b->error) {
		print_to(stderr, "bxctl: bundle %s is %s: %s\n", b->name,
			b->removed ? "in force still" : "not in force",
			b->error);
	} else if (b->removed) {
		printf("bundle %s is not enabled: it was taken out of force\n",
		       b->name);
	} else {
		printf("bundle %s %s (generation %u%s) is in force%s\n",
		       b->name, b->version, b->generation,
		       b->shadow ? ", shadow" : "",
		       b->already ? " already" : "");
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
	  "change what is on disk alone, for the next boot", \
	  offsetof(struct args, offline) }
#define MODE_PARAM \
	{ "mode", 'm', PARAM_MODE, "MODE", \
	  "shadow or enforce", offsetof(struct args, mode) }

static const struct param install_params[] = {
	SET_PARAM, MODE_PARAM, UNSIGNED_PARAM, OFFLINE_PARAM, TIMEOUT_PARAM, {}
};

static const struct param rollback_params[] = {
	{ "generation", 'g', PARAM_NUMBER, "NUMBER",
	  "go to this generation (the one before)",
	  offsetof(struct args, generation) },
	OFFLINE_PARAM, TIMEOUT_PARAM, {}
};

static const struct param enable_params[] = {
	SET_PARAM, OFFLINE_PARAM, TIMEOUT_PARAM, {}
};

static const struct param mode_params[] = {
	OFFLINE_PARAM, TIMEOUT_PARAM, {}
};

static const struct param disable_params[] = {
	TIMEOUT_PARAM, {}
};

static const struct param boot_params[] = {
	{ "files", 0, PARAM_FLAG, NULL,
	  "list what an initramfs needs for this", offsetof(struct args, files) },
	TIMEOUT_PARAM,
	{}
};

const struct command install_commands[] = {
	{ "install", "BUNDLE", "install a bundle and bring it into force",
	  "Copies the bundle, a directory, an archive, or the name of one in\n"
	  "/usr/lib/bus_ext/bundles, checks its signature and what it claims, and brings\n"
	  "it into force, now and at each boot. All of it, or nothing.",
	  install_params, do_install },
	{ "upgrade", "BUNDLE", "replace an installed bundle by another version",
	  "As install, for a bundle that is installed: the new version comes and the old\n"
	  "one goes in one step. The version before is kept for 'rollback'.",
	  install_params, do_upgrade },
	{ "rollback", "NAME", "go back to the version before",
	  "Brings a generation that was kept into force again, in one step.",
	  rollback_params, do_rollback },
	{ "enable", "NAME", "bring an installed bundle into force, also at boot",
	  "Brings it into force, now and at each boot; once more when its settings have\n"
	  "changed.",
	  enable_params, do_enable },
	{ "disable", "NAME", "take an installed bundle out of force",
	  "Takes its policies out of force, in one step. It stays installed.",
	  disable_params, do_disable },
	{ "mode", "shadow|enforce NAME", "only count what a bundle would do, or do it",
	  "In shadow mode the policies are asked, and what they would have decided is\n"
	  "counted and compared, but nothing is done.",
	  mode_params, do_mode },
	{ "remove", "NAME", "take a bundle out of force and remove it",
	  "Takes its policies out of force, in one step, and removes all generations.",
	  disable_params, do_remove },
	{ "boot", NULL, "bring everything into force that is enabled",
	  "Loads the module, if need be, and brings each enabled bundle into force; what\n"
	  "cannot be is reported, and does not keep the others. Does nothing when the\n"
	  "kernel was started with 'bus_ext=off'.",
	  boot_params, do_boot },
	{}
};
