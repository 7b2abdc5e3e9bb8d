// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: a bundle's own test cases
 *
 * A case describes a device and the existing drivers, and the expected outcome of an
 * election of the device or of a call on it.  The kernel holds trials of both, with only
 * the policies of the bundle.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cases.h"

#define CASES_DIR	"tests"
#define CASES_SUFFIX	".yaml"

static int run_case(struct run *r, struct yaml_node *one)
{
	static const char *const keys[] = {
		"name", "device", "drivers", "call", "expect", NULL
	};
	struct verdict v = { .passed = true };
	struct yaml_node *expect, *call = NULL;
	const char *name = NULL;
	int err;

	if (!yaml_is_map(one))
		return yaml_bad(&r->y, one,
				"a case must be a mapping ('name: ...')");
	err = yaml_keys(&r->y, one, keys);
	if (!err)
		err = yaml_text(&r->y, one, "name", YAML_REQUIRED, &name);
	if (!err)
		err = read_device(r, one);
	if (!err)
		err = read_drivers(r, one);
	if (!err)
		err = yaml_map(&r->y, one, "call", YAML_OPTIONAL, &call);
	if (!err)
		err = yaml_map(&r->y, one, "expect", YAML_REQUIRED, &expect);
	if (!err)
		err = call ? run_call(r, one, call, expect, &v) :
			     run_election(r, one, expect, &v);
	if (err)
		return err;
	r->cases++;
	r->failed += !v.passed;
	if (r->fn)
		r->fn(&(struct bx_case) {
			.file = r->file, .name = name, .passed = v.passed,
			.expected = v.expected, .actual = v.actual,
		}, r->arg);
	return 0;
}

/* Applies the settings of a file, which are valid for the rest of the file. */
static int use_settings(struct run *r, struct yaml_node *root)
{
	struct yaml_node *map = NULL, *value;
	const char *name;
	struct setting *s;
	int err;

	err = yaml_map(&r->y, root, "settings", YAML_OPTIONAL, &map);
	for (unsigned int i = 0;
	     !err && map && (value = yaml_pair(map, i, &name)); i++) {
		s = bundle_setting(r->b, name);
		if (!s)
			return yaml_bad(&r->y, value,
					"bundle '%s' has no setting '%.64s'",
					bx_bundle_about(r->b)->name, name);
		err = setting_read(r->b, &r->y, value, s);
	}
	return err;
}

static int run_cases(struct run *r, struct yaml_node *list)
{
	struct yaml_node *one;
	int err = 0;

	memset(&r->trial, 0, sizeof(r->trial));
	r->trial.flags = BX_TRIAL_ALONE;
	if (!r->only_read)
		err = bundle_load(r->b, NULL, &r->txn) ?:
			txn_stage(r->b->h, &r->txn, &r->trial.change);
	/* no other policies take part, so none leaves */
	r->trial.change.nr_leave = 0;
	for (unsigned int i = 0; !err && (one = yaml_item(list, i)); i++)
		err = run_case(r, one);
	if (!r->only_read)
		bundle_unload(r->b, &r->txn);
	return err;
}

static int run_file(struct run *r)
{
	static const char *const keys[] = { "settings", "cases", NULL };
	struct yaml_node *root = yaml_root(&r->y), *list = root;
	int err = 0;

	if (!yaml_is_list(root)) {
		if (!yaml_is_map(root))
			return yaml_bad(&r->y, root,
					"a file of cases must be a list, or a mapping with 'settings' and 'cases'");
		err = yaml_keys(&r->y, root, keys);
		if (!err)
			err = use_settings(r, root);
		if (!err)
			err = yaml_list(&r->y, root, "cases", YAML_REQUIRED,
					&list);
	}
	return err ?: run_cases(r, list);
}

/* Runs a file and restores the settings, which belong to the file. */
static int with_settings_kept(struct run *r)
{
	struct setting *before;
	size_t size = sizeof(r->b->settings);
	int err;

	before = malloc(size);
	if (!before)
		return fail(r->b->h, BX_FAULT_FAILED, ENOMEM, "out of memory");
	memcpy(before, r->b->settings, size);
	err = run_file(r);
	memcpy(r->b->settings, before, size);
	free(before);
	return err;
}

static int is_case_file(const struct dirent *d)
{
	size_t len = strlen(d->d_name), suffix = strlen(CASES_SUFFIX);

	return d->d_name[0] != '.' && len > suffix &&
		!strcmp(d->d_name + len - suffix, CASES_SUFFIX);
}

static int run_all(struct run *r)
{
	struct dirent **list;
	char path[PATH_MAX];
	int n, err = 0;

	snprintf(path, sizeof(path), "%s/" CASES_DIR, r->b->dir);
	n = scandir(path, &list, is_case_file, alphasort);
	for (int i = 0; i < n; i++) {
		snprintf(r->file, sizeof(r->file), CASES_DIR "/%s",
			 list[i]->d_name);
		snprintf(r->shown, sizeof(r->shown), "%s/%s", r->b->shown,
			 r->file);
		if (!err && snprintf(path, sizeof(path), "%s/%s", r->b->dir,
				     r->file) >= (int)sizeof(path))
			err = fail(r->b->h, BX_FAULT_USAGE, ENAMETOOLONG,
				   "the path '%s' is too long", r->b->dir);
		if (!err)
			err = yaml_open(r->b->h, path, r->shown, &r->y);
		if (!err) {
			err = with_settings_kept(r);
			yaml_close(&r->y);
		}
		free(list[i]);
	}
	if (n >= 0)
		free(list);
	return err;
}

int cases_from_text(struct bx_bundle *b, char *text, size_t len, bx_case_fn fn,
		    void *arg)
{
	struct run *r = calloc(1, sizeof(*r));
	int err;

	if (!r) {
		free(text);
		return fail(b->h, BX_FAULT_FAILED, ENOMEM, "out of memory");
	}
	*r = (struct run) { .b = b, .fn = fn, .arg = arg, .file = "text" };
	err = yaml_parse(b->h, "text", text, len, &r->y);
	if (!err) {
		err = with_settings_kept(r);
		yaml_close(&r->y);
	}
	free(r);
	return err;
}

int cases_check(struct bx_bundle *b)
{
	struct run *r = calloc(1, sizeof(*r));
	int err;

	if (!r)
		return fail(b->h, BX_FAULT_FAILED, ENOMEM, "out of memory");
	r->b = b;
	r->only_read = true;
	err = run_all(r);
	free(r);
	return err;
}

int bx_bundle_test(struct bx_bundle *b, bx_case_fn fn, void *arg)
{
	struct run *r;
	int err;

	err = bundle_may_load(b);
	if (err)
		return err;
	r = calloc(1, sizeof(*r));
	if (!r)
		return fail(b->h, BX_FAULT_FAILED, ENOMEM, "out of memory");
	r->b = b;
	r->fn = fn;
	r->arg = arg;
	err = run_all(r);
	if (!err && !r->cases)
		err = fail(b->h, BX_FAULT_REJECTED, ENOENT,
			   "bundle '%s' has no test case: write one into '%s/"
			   CASES_DIR "/NAME" CASES_SUFFIX "'",
			   b->about.name, b->shown);
	err = err ?: (int)r->failed;
	free(r);
	return err;
}
