// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: what is enabled, at boot
 *
 * From the initramfs, before drivers are loaded, and once more from the real root,
 * which may be newer: what is in force already is left alone, and what is not enabled
 * any more is taken out of force.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>

#include "bundle.h"
#include "state.h"
#include "tree.h"

#define MODULE		"bus_ext"
#define OFF		"bus_ext=off"
#define BPF_DIR		"fs/bpf"

/* Is @word one of the kernel's parameters? */
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
 * A bus of bus_ext's own comes with its contract's module, bx-sf with bx_sf; if
 * there is none, the policy says what is missing.
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

static int boot_bundle(struct bx_handle *h, const struct installed *inst,
		       struct generation *g, struct bx_booted *out)
{
	struct bx_bundle *b;
	char path[PATH_MAX];
	int ret;

	ret = installed_is_current(h, inst);
	if (ret) {
		out->already = ret > 0;
		return ret > 0 ? 0 : ret;
	}
	generation_path(h, path, inst->name, g->number);
	if (!bundle_open_at(h, path, path, &b))
		load_buses(b);
	bx_bundle_close(b);
	return installed_force(h, inst, g, NULL, NULL);
}

static int boot_one(struct bx_handle *h, const char *name, void *arg)
{
	struct boot *boot = arg;
	struct bx_booted out = { .name = name };
	struct generation *g = NULL;
	struct installed inst;
	int err;

	err = state_read(h, name, &inst);
	if (err > 0 && inst.enabled)
		g = state_generation(&inst, inst.current);
	if (g) {
		out.version = g->version;
		out.generation = g->number;
		out.shadow = inst.shadow;
		err = boot_bundle(h, &inst, g, &out);
	}
	if (g || err < 0) {
		out.error = err < 0 ? bx_error(h) : NULL;
		boot->failed += err < 0;
		if (boot->fn)
			boot->fn(&out, boot->arg);
	}
	state_free(&inst);
	return 0;
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

		ret = installed_take_out(h, bundles.name[i]);
		if (!ret)
			continue;
		out.error = ret < 0 ? bx_error(h) : NULL;
		boot->failed += ret < 0;
		if (boot->fn)
			boot->fn(&out, boot->arg);
	}
	free(bundles.name);
	return err;
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
	/* one answer, and not one for each bundle */
	if (!err)
		err = bx_check_kernel(h);
	if (!err)
		err = mount_bpf(h);
	if (!err)
		err = state_lock(h);
	if (!err)
		err = installed_recover(h);
	if (!err)
		err = state_each(h, boot_one, &boot);
	if (!err)
		err = take_out_rest(h, &boot);
	state_unlock(h);
	return err ?: boot.failed;
}

/* ---- what an initramfs needs ---- */

struct needs {
	bx_need_fn	fn;
	void		*arg;
	bool		any;
};

static int need_generation(struct bx_handle *h, const struct installed *inst,
			   struct needs *needs)
{
	char path[PATH_MAX], file[PATH_MAX];
	struct bx_bundle *b;
	struct tree tree;
	int err;

	generation_path(h, path, inst->name, inst->current);
	err = bundle_open_at(h, path, path, &b);
	for (unsigned int i = 0; !err && i < b->nr_drivers; i++)
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
		ret = need_generation(h, &inst, needs);
	}
	/* the others are to be there all the same */
	if (ret < 0)
		note(h, "an initramfs cannot have the bundle '%s': %s", name,
		     bx_error(h));
	state_free(&inst);
	return 0;
}

int bx_list_needs(struct bx_handle *h, bx_need_fn fn, void *arg)
{
	struct needs needs = { .fn = fn, .arg = arg };
	int err = state_each(h, need_one, &needs);

	if (!err && needs.any)
		fn(BX_NEED_MODULE, MODULE, arg);
	return err;
}
