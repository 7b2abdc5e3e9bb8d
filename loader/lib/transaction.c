// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: the objects of a transaction, and the policies and hooks in them
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "internal.h"

#define OBJECT_SUFFIX	".bpf.o"

static int is_object(const struct dirent *d)
{
	size_t len = strlen(d->d_name);

	return d->d_name[0] != '.' && len > strlen(OBJECT_SUFFIX) &&
		!strcmp(d->d_name + len - strlen(OBJECT_SUFFIX),
			OBJECT_SUFFIX);
}

int txn_add(struct bx_handle *h, struct transaction *txn, const char *path,
	    const char *shown)
{
	struct object *objs;

	objs = realloc(txn->objs, (txn->count + 1) * sizeof(*objs));
	if (!objs)
		return fail(h, BX_FAULT_FAILED, ENOMEM, "out of memory");
	txn->objs = objs;
	return object_open(h, path, shown, txn->flags, &objs[txn->count++]);
}

/* Adds a policy to be deactivated in the same step; call it before txn_prepare(). */
int txn_drop(struct bx_handle *h, struct transaction *txn, const char *key)
{
	struct item *drops;

	drops = realloc(txn->drops, (txn->nr_drops + 1) * sizeof(*drops));
	if (!drops)
		return fail(h, BX_FAULT_FAILED, ENOMEM, "out of memory");
	txn->drops = drops;
	drops += txn->nr_drops++;
	*drops = (struct item) {
		.about = { .kind = BX_ITEM_POLICY, .removed = true,
			   .vendor = BX_ANY, .file = "",
			   .flags = key_is_shadow(key) ? BX_F_SHADOW : 0 },
		.gone = true,
		.new_fd = -1,
		.link_fd = -1,
		.map_fd = -1,
	};
	copy_name(drops->key, sizeof(drops->key), key);
	copy_name(drops->about.name, strcspn(key, "@") + 1, key);
	return 0;
}

static int add_directory(struct bx_handle *h, struct transaction *txn,
			 const char *dir)
{
	struct dirent **list;
	char path[PATH_MAX];
	int i, n, err = 0;

	n = scandir(dir, &list, is_object, alphasort);
	if (n < 0)
		return fail(h, BX_FAULT_FAILED, errno, "cannot read '%s': %s",
			    dir, strerror(errno));
	for (i = 0; i < n; i++) {
		if (!err && snprintf(path, sizeof(path), "%s/%s", dir,
				     list[i]->d_name) >= (int)sizeof(path))
			err = fail(h, BX_FAULT_USAGE, ENAMETOOLONG,
				   "the path '%s' is too long", dir);
		if (!err)
			err = txn_add(h, txn, path, path);
		free(list[i]);
	}
	free(list);
	if (!n)
		err = fail(h, BX_FAULT_REJECTED, ENOENT,
			   "cannot use '%s': there is no *" OBJECT_SUFFIX " in it",
			   dir);
	return err;
}

/* Collects the items of all objects, whose addresses do not change from here on. */
static int collect_items(struct bx_handle *h, struct transaction *txn)
{
	size_t i, k, count = txn->nr_drops;

	for (i = 0; i < txn->count; i++)
		count += txn->objs[i].count;
	txn->items = calloc(count ?: 1, sizeof(*txn->items));
	if (!txn->items)
		return fail(h, BX_FAULT_FAILED, ENOMEM, "out of memory");
	for (i = 0; i < txn->count; i++)
		for (k = 0; k < txn->objs[i].count; k++)
			txn->items[txn->nr_items++] = &txn->objs[i].items[k];
	for (i = 0; i < txn->nr_drops; i++)
		txn->items[txn->nr_items++] = &txn->drops[i];
	return 0;
}

static int check_unique(struct bx_handle *h, const struct transaction *txn)
{
	const struct bx_applied *a, *b;
	size_t i, k;

	for (i = 0; i < txn->nr_items; i++)
		for (k = 0; k < i; k++) {
			a = &txn->items[i]->about;
			b = &txn->items[k]->about;
			if (a->kind == b->kind && !strcmp(a->name, b->name) &&
			    !strcmp(txn->items[i]->key, txn->items[k]->key))
				return fail(h, BX_FAULT_REJECTED, EINVAL,
					    "cannot use '%s': '%s' has '%s' too",
					    a->file, b->file, a->name);
		}
	return 0;
}

int too_many(struct bx_handle *h)
{
	return fail(h, BX_FAULT_REJECTED, E2BIG,
		    "cannot apply, or take away, more than %d policies at once",
		    BX_COMMIT_MAX);
}

/* Checks that all policies fit into one commit. */
static int check_count(struct bx_handle *h, const struct transaction *txn)
{
	size_t i, policies = 0;

	for (i = 0; i < txn->nr_items; i++)
		policies += txn->items[i]->about.kind == BX_ITEM_POLICY &&
			!txn->items[i]->gone;
	return policies <= BX_COMMIT_MAX ? 0 : too_many(h);
}

/* Collects and checks the items, after all objects were added. */
int txn_prepare(struct bx_handle *h, struct transaction *txn)
{
	int err = collect_items(h, txn);

	if (!err)
		err = check_unique(h, txn);
	return err ?: check_count(h, txn);
}

/* Adds an object, or those of a directory.  Without a manifest, drivers are not limited. */
int txn_read(struct bx_handle *h, struct transaction *txn, const char *path)
{
	struct stat st;
	int err;

	txn->limit.nr = BX_ANY;
	if (stat(path, &st))
		return fail(h, BX_FAULT_FAILED, errno, "cannot open '%s': %s",
			    path, strerror(errno));
	err = S_ISDIR(st.st_mode) ? add_directory(h, txn, path) :
		txn_add(h, txn, path, path);
	return err ?: txn_prepare(h, txn);
}

int txn_load(struct bx_handle *h, struct transaction *txn)
{
	size_t i;
	int err = 0;

	for (i = 0; !err && i < txn->count; i++)
		err = object_load(h, &txn->objs[i]);
	return err;
}

void txn_close(struct transaction *txn)
{
	size_t i;

	free(txn->items);
	for (i = 0; i < txn->count; i++)
		object_close(&txn->objs[i]);
	free(txn->objs);
	for (i = 0; i < txn->nr_drops; i++)
		item_close(&txn->drops[i]);
	free(txn->drops);
	snapshot_free(&txn->before);
	*txn = (struct transaction) {};
}

void txn_report(const struct transaction *txn, bx_applied_fn fn, void *arg)
{
	size_t i;

	for (i = 0; fn && i < txn->nr_items; i++)
		if (!txn->items[i]->gone || txn->items[i]->old_id)
			fn(&txn->items[i]->about, arg);
}
