// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: enabled bundles, at boot
 *
 * bx_boot() runs in the initramfs, before drivers are loaded, and again in the real root,
 * which may be newer: a bundle that is already active does not change, and a bundle that
 * is no longer enabled, or whose signer is no longer trusted, is deactivated.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>

#include "install.h"
#include "site.h"
#include "tree.h"

#define MODULE		"bus_ext"
#define OFF		"bus_ext=off"
#define BPF_DIR		"fs/bpf"

/* Returns whether @word is one of the kernel's parameters. */
static bool is_parameter(const char *word)
{
	char line[8192] = "", *save, *one;
	FILE *f = fopen("/proc/cmdline", "re");

	if (!f)
		return false;
	if (!fgets(line, sizeof(line), f))
		line[0] = '\0';
	fclose(f);
	for (one = strtok_r(line, "\n ", &save); one;
	     one = strtok_r(NULL, "\n ", &save))
		if (!strcmp(one, word))
			return true;
	return false;
}

static int load_bus_ext(struct bx_handle *h)
{
	int err;

	if (kernel_is_there(h))
		return 0;
	err = kernel_load_module(MODULE);
	if (err && err != -EEXIST)
		return fail(h, BX_FAULT_KERNEL, err,
			    "cannot load the module " MODULE ": %s",
			    err == -ENOENT ?
			    "it is not there for this kernel" : strerror(-err));
	return bx_check_kernel(h);
}

static int mount_bpf(struct bx_handle *h)
{
	char path[PATH_MAX];
	int err;

	snprintf(path, sizeof(path), "%s/" BPF_DIR, h->sysfs);
	if (kernel_is_bpf_fs(path) > 0)
		return 0;
	err = kernel_mount_bpf(path);
	if (!err)
		return 0;
	return fail(h, BX_FAULT_FAILED, err,
		    "cannot mount the BPF file system on '%s': %s", path,
		    strerror(-err));
}

/*
 * Loads the modules of contracts that own buses of bus_ext, bx_sf for bx-sf.  If a module
 * is missing, attaching the policy reports the missing bus.
 */
static void load_buses(struct bx_bundle *b)
{
	char name[BX_NAME_LEN];

	for (unsigned int i = 0; i < b->nr_claims; i++) {
		copy_name(name, sizeof(name), b->claims[i].bus);
		if (strncmp(name, "bx-", 3))
			continue;
		for (char *p = name; *p; p++)
			if (*p == '-')
				*p = '_';
		kernel_load_module(name);
	}
}

struct boot {
	bx_booted_fn	fn;
	void		*arg;
	int		failed;
};

/*
 * Deactivates a bundle or canary whose signer is no longer trusted, which an older
 * initramfs has activated.
 */
static void deactivate_untrusted(struct bx_handle *h, const char *name,
				 enum slot slot)
{
	struct said why;
	int ret;

	error_keep(h, &why);
	ret = installed_deactivate(h, name, slot, NULL, NULL);
	if (ret < 0)
		note_failure(h, "cannot deactivate bundle '%s': %s", name, bx_error(h));
	else if (ret)
		note(h, "%sbundle '%s' was active and is deactivated",
		     slot == SLOT_CANARY ? "the canary of " : "", name);
	error_restore(h, &why);
}

static int boot_bundle(struct bx_handle *h, const struct installed *inst,
		       struct generation *g, struct bx_booted *out)
{
	struct bx_bundle *b;
	int ret;

	ret = installed_open(h, inst, g, &b);
	if (!ret)
		ret = installed_is_active(b, inst, g);
	if (ret == NOT_TRUSTED)
		deactivate_untrusted(h, inst->name, is_canary(inst, g) ?
				     SLOT_CANARY : SLOT_ALL);
	out->already = ret > 0;
	if (!ret) {
		load_buses(b);
		ret = installed_activate(b, inst, g, NULL, NULL);
	}
	bx_bundle_close(b);
	return ret < 0 ? ret : 0;
}

/* A note names each device that was not rebound. */
static void on_rebound(const struct bx_rebound *r, void *arg)
{
	if (r->problem.text)
		note_failure(arg, "%s", r->problem.text);
}

/*
 * Rebinds the devices that were bound before the policies of a bundle.  Before the drivers
 * are loaded, those are the devices of built-in ones.
 */
static void boot_rebind(struct bx_handle *h, const struct installed *inst,
			struct boot *boot, struct bx_booted *out)
{
	struct bx_rebind_opts opts = { .bundle = inst->name };
	int ret = bx_rebind_all(h, &opts, on_rebound, h);

	out->rebound = opts.count[BX_REBIND_MOVED];
	out->not_rebound = opts.count[BX_REBIND_IN_USE] + opts.count[BX_REBIND_FAILED];
	boot->failed += ret != 0;
	if (ret >= 0)
		return;
	note_failure(h, "cannot rebind the devices of bundle '%s': %s", inst->name, bx_error(h));
	error_forget(h);
}

static void tell_booted(struct bx_handle *h, struct boot *boot,
			struct bx_booted *out, int err)
{
	if (err < 0)
		out->error = problem_of(h);
	boot->failed += err < 0;
	if (boot->fn)
		boot->fn(out, boot->arg);
}

static int boot_generation(struct bx_handle *h, const struct installed *inst,
			   unsigned int number, struct boot *boot)
{
	struct generation *g = state_generation(inst, number);
	struct bx_booted out = {
		.name = inst->name,
		.version = g->version,
		.generation = number,
		.canary = is_canary(inst, g),
	};
	int err;

	out.shadow = inst->shadow || out.canary;
	err = boot_bundle(h, inst, g, &out);
	if (!err && inst->rebind && !out.shadow)
		boot_rebind(h, inst, boot, &out);
	tell_booted(h, boot, &out, err);
	return err;
}

/* Activates the enforced version first, so it is active even if its canary fails. */
static int boot_one(struct bx_handle *h, const char *name, void *arg)
{
	struct bx_booted out = { .name = name };
	struct boot *boot = arg;
	struct installed inst;
	int err;

	err = state_read(h, name, &inst);
	if (err < 0) {
		tell_booted(h, boot, &out, err);
	} else if (err > 0 && inst.enabled) {
		err = boot_generation(h, &inst, inst.current, boot);
		if (!err && inst.canary)
			boot_generation(h, &inst, inst.canary, boot);
		else if (!err && canary_follow(h, &inst))
			note_failure(h, "bundle '%s': %s", name, bx_error(h));
	}
	state_free(&inst);
	return 0;
}

/* Returns 1 when it deactivated a bundle that is not enabled. */
static int deactivate_rest(struct bx_handle *h, const char *name)
{
	struct installed inst;
	int ret = state_read(h, name, &inst);
	bool wanted = ret > 0 && inst.enabled;

	state_free(&inst);
	if (ret < 0 || wanted)
		return ret < 0 ? ret : 0;
	ret = installed_deactivate(h, name, SLOT_ALL, NULL, NULL);
	return ret > 0 ? 1 : ret;
}

static int take_out_rest(struct bx_handle *h, struct boot *boot)
{
	struct names bundles = {};
	int ret, err;

	err = pins_list_bundles(h, &bundles);
	for (unsigned int i = 0; !err && i < bundles.count; i++) {
		struct bx_booted out = {
			.name = bundles.name[i], .removed = true,
		};

		ret = deactivate_rest(h, bundles.name[i]);
		if (!ret)
			continue;
		if (ret < 0)
			out.error = problem_of(h);
		boot->failed += ret < 0;
		if (boot->fn)
			boot->fn(&out, boot->arg);
	}
	free(bundles.name);
	return err;
}

static void note_start(const struct bx_started *started, void *arg)
{
	if (!started->rec)
		note_failure(arg, "%s", started->problem.text);
}

/* Creates the devices that come again after each boot. */
static int boot_defined(struct bx_handle *h, struct boot *boot)
{
	int ret = bx_start_devices(h, NULL, note_start, h);

	if (ret < 0)
		return ret;
	boot->failed += ret;
	return 0;
}

/* In place of files with a mistake: the rules that were active last */
static void boot_kept(struct bx_handle *h)
{
	struct bx_rules rules;
	int err = site_read_kept(h, &rules);

	if (!err)
		err = site_activate(h, &rules);
	if (!err)
		note(h, "the rules that were active before are active again");
	else
		note_failure(h, "nor are the former rules: %s", bx_error(h));
	error_forget(h);
	rules_free(&rules);
}

/*
 * The rules of the machine; without them the bundles must be active anyway.  Files that are gone
 * since the last time have no rules: the active ones are deactivated.
 */
static void boot_site(struct bx_handle *h, struct boot *boot)
{
	bool any = site_exists(h);

	if (!any && !site_is_kept(h))
		return;
	if (!bx_site_apply(h)) {
		if (any)
			note(h, "the rules of this machine are active");
		return;
	}
	note_failure(h, "the rules of this machine are not active: %s", bx_error(h));
	error_forget(h);
	boot_kept(h);
	boot->failed++;
}

int bx_boot(struct bx_handle *h, bx_booted_fn fn, void *arg)
{
	struct boot boot = { .fn = fn, .arg = arg };
	int err;

	if (is_parameter(OFF)) {
		note(h, "the kernel was started with '" OFF "': nothing is attached");
		return 0;
	}
	err = load_bus_ext(h);
	/* one error for all bundles, instead of one for each */
	if (!err)
		err = bx_check_kernel(h);
	if (!err)
		err = mount_bpf(h);
	if (!err)
		err = state_lock(h);
	if (!err)
		err = installed_recover(h);
	h->boot = true;
	if (!err)
		boot_site(h, &boot);
	if (!err)
		err = state_each(h, boot_one, &boot);
	if (!err)
		err = take_out_rest(h, &boot);
	if (!err)
		err = boot_defined(h, &boot);
	h->boot = false;
	state_unlock(h);
	return err ?: boot.failed;
}

/* ---- requirements of an initramfs ---- */

struct needs {
	bx_need_fn	fn;
	void		*arg;
	bool		any;
};

static int need_generation(struct bx_handle *h, const struct installed *inst,
			   unsigned int number, struct needs *needs)
{
	char path[PATH_MAX], file[PATH_MAX];
	struct bx_bundle *b;
	struct tree tree;
	int err;

	generation_path(h, path, inst->name, number);
	err = bundle_open_at(h, path, path, &b);
	for (unsigned int i = 0; !err && i < b->limit.nr; i++)
		needs->fn(BX_NEED_MODULE, b->drivers[i], needs->arg);
	for (unsigned int i = 0; !err && i < b->nr_claims; i++)
		if (!strncmp(b->claims[i].bus, "bx-", 3))
			needs->fn(BX_NEED_MODULE, b->claims[i].bus,
				  needs->arg);
	bx_bundle_close(b);
	if (!err)
		err = tree_open(h, path, &tree);
	for (size_t i = 0; !err && i < tree.count; i++)
		if (snprintf(file, sizeof(file), "%s/%s", path,
			     tree.files[i]) < (int)sizeof(file))
			needs->fn(BX_NEED_FILE, file, needs->arg);
	if (!err)
		tree_close(&tree);
	return err;
}

/* Adds the keys and the operator's limits: an initramfs checks signatures, too. */
static int need_keys(struct bx_handle *h, struct needs *needs)
{
	char dir[PATH_MAX], file[PATH_MAX];
	struct dirent **list;
	int n;

	snprintf(dir, sizeof(dir), "%s/" KEYS_DIR, h->conf_dir);
	n = scandir(dir, &list, is_visible, alphasort);
	if (n < 0 && errno == ENOENT)
		return 0;
	if (n < 0)
		return fail(h, errno == EACCES ? BX_FAULT_PERMISSION :
			    BX_FAULT_FAILED, errno, "cannot read '%s': %s",
			    dir, strerror(errno));
	for (int i = 0; i < n; i++) {
		if (snprintf(file, sizeof(file), "%s/%s", dir,
			     list[i]->d_name) < (int)sizeof(file))
			needs->fn(BX_NEED_FILE, file, needs->arg);
		free(list[i]);
	}
	free(list);
	return 0;
}

static int need_one(struct bx_handle *h, const char *name, void *arg)
{
	struct needs *needs = arg;
	struct installed inst;
	char path[PATH_MAX];
	int ret;

	ret = state_read(h, name, &inst);
	if (ret > 0 && inst.enabled && !inst.unsettled) {
		needs->any = true;
		state_path(h, path, name, "state.yaml");
		needs->fn(BX_NEED_FILE, path, needs->arg);
		settings_path(h, path, name);
		if (!access(path, F_OK))
			needs->fn(BX_NEED_FILE, path, needs->arg);
		ret = need_generation(h, &inst, inst.current, needs);
		if (!ret && inst.canary)
			ret = need_generation(h, &inst, inst.canary, needs);
	}
	/* the other bundles must be in the initramfs anyway */
	if (ret < 0)
		note_failure(h, "an initramfs cannot have the bundle '%s': %s", name,
			     bx_error(h));
	state_free(&inst);
	return 0;
}

int bx_list_needs(struct bx_handle *h, bx_need_fn fn, void *arg)
{
	struct needs needs = { .fn = fn, .arg = arg };
	int err = state_each(h, need_one, &needs);

	if (!err && site_exists(h)) {
		needs.any = true;
		site_needs(h, fn, arg);
	}
	if (!err && needs.any) {
		fn(BX_NEED_MODULE, MODULE, arg);
		err = need_keys(h, &needs);
	}
	return err;
}
