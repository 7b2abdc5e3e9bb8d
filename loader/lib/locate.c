// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: finding bundles by name, and which may be loaded
 *
 * A path is a bundle's directory or archive.  A bare name is that of a package's bundle, or
 * of an installed one, and never a file of the current directory, which may belong to
 * another user.
 *
 * Every function that loads a program of a bundle calls bundle_may_load() first, so no
 * caller can omit the check.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "install.h"

static bool ends_in(const char *text, const char *end)
{
	size_t len = strlen(text), n = strlen(end);

	return len > n && !strcmp(text + len - n, end);
}

/* Archives and objects are paths, also without a slash. */
bool bx_is_bundle_name(const char *text)
{
	return (isalnum((unsigned char)*text) || *text == '_') &&
		bx_name_is_good(text) && !ends_in(text, ".zst") &&
		!ends_in(text, ".bpf.o");
}

static int find_installed(struct bx_handle *h, const char *name, char *buf)
{
	struct installed inst;
	int ret;

	ret = state_read(h, name, &inst);
	if (ret > 0 && inst.current)
		generation_path(h, buf, name, inst.current);
	else if (ret > 0)
		ret = 0;
	state_free(&inst);
	return ret;
}

static int not_found(struct bx_handle *h, const char *name, bool installed)
{
	char dirs[2 * PATH_MAX];

	if (installed)
		return fail(h, BX_FAULT_USAGE, ENOENT,
			    "bundle '%s' is not installed", name);
	packaged_dirs(h, dirs, sizeof(dirs));
	if (access(name, F_OK))
		return fail(h, BX_FAULT_USAGE, ENOENT,
			    "bundle '%s' is neither installed nor in %s", name,
			    dirs);
	return fail(h, BX_FAULT_USAGE, ENOENT,
		    "bundle '%s' is neither installed nor in %s; for the file of that name, write './%s'",
		    name, dirs, name);
}

/**
 * bundle_locate() - find a bundle by its path or name
 * @h: the handle
 * @path: the path or name
 * @flags: enum bx_bundle_flags
 * @buf: takes the bundle's path, of PATH_MAX bytes
 *
 * Return: enum bundle_place, or a negative errno: -ENOENT for a name without a bundle
 * (BX_FAULT_USAGE).
 */
int bundle_locate(struct bx_handle *h, const char *path, unsigned int flags,
		  char *buf)
{
	bool installed = flags & BX_BUNDLE_INSTALLED;
	int ret;

	if (flags & BX_BUNDLE_PATH ||
	    (!installed && !bx_is_bundle_name(path))) {
		if (snprintf(buf, PATH_MAX, "%s", path) < PATH_MAX)
			return PLACE_PATH;
		return fail(h, BX_FAULT_USAGE, ENAMETOOLONG,
			    "the path '%.64s...' is too long", path);
	}
	if (installed && !bx_name_is_good(path))
		return not_found(h, path, installed);
	ret = installed ? 0 : packaged_find(h, path, buf);
	if (ret)
		return ret < 0 ? ret : PLACE_PACKAGE;
	ret = find_installed(h, path, buf);
	return ret > 0 ? PLACE_INSTALLED : ret ?:
		not_found(h, path, installed);
}

/* ---- owners of the files ---- */

/* Returns whether a bundle is trusted without a signature, since only root can change it. */
bool bundle_is_roots(const struct bx_bundle *b)
{
	return b->place == PLACE_INSTALLED ||
		(b->place == PLACE_PACKAGE &&
		 packaged_is_roots(b->h, b->shown));
}

/* ---- before loading ---- */

static int missing_object(struct bx_bundle *b, const char *file)
{
	return fail(b->h, BX_FAULT_REJECTED, ENODATA,
		    "bundle '%s' has no '%s', which its manifest names",
		    b->shown, file);
}

/* Checks that all objects and rules that the manifest names exist. */
int bundle_has_objects(struct bx_bundle *b)
{
	char path[PATH_MAX];

	for (unsigned int i = 0; i < b->nr_policies; i++)
		for (unsigned int k = 0; k < b->policies[i].count; k++) {
			snprintf(path, sizeof(path), "%s/%s", b->dir,
				 b->policies[i].file[k]);
			if (access(path, F_OK))
				return missing_object(b,
						      b->policies[i].file[k]);
		}
	for (unsigned int i = 0; i < b->nr_rules; i++) {
		snprintf(path, sizeof(path), "%s/%s", b->dir, b->rules[i]);
		if (access(path, F_OK))
			return missing_object(b, b->rules[i]);
	}
	return 0;
}

/* Checks that a bundle is trusted, and a copy: loaded files must be the checked ones. */
int bundle_may_load(struct bx_bundle *b)
{
	int err = 0;

	if (!b->scratch)
		return fail(b->h, BX_FAULT_USAGE, EINVAL,
			    "'%s' must be copied before it is loaded: its files may change",
			    b->shown);
	if (!b->trusted)
		err = bx_bundle_check(b, 0);
	return err ?: bundle_has_objects(b);
}
