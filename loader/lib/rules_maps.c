// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: the maps of a table of rules: made, pinned, mapped
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/libbpf.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "files.h"
#include "rules_maps.h"

#define BASES		64	/* sets of maps of a table; more than one after an interruption */

static const struct {
	const char	*name;
	__u32		value_size;
} arrays[RULES_ARRAYS] = {
	{ "head", sizeof(struct bx_rt_head) },
	{ "shape", sizeof(struct bx_rt_shape) },
	{ "vendor", sizeof(struct bx_rt_vendor) },
	{ "bucket", sizeof(struct bx_rt_bucket) },
	{ "node", sizeof(struct bx_rt_node) },
	{ "check", sizeof(struct bx_rt_check) },
	{ "text", BX_RT_TEXT },
	{ "name", BX_RT_NAME },
};

static const char *map_name(unsigned int i)
{
	return i < RULES_ARRAYS ? arrays[i].name : "approved";
}

static __u32 entries_of(const struct bx_rt_head *head, unsigned int i)
{
	const __u32 entries[RULES_ARRAYS] = {
		1, BX_RT_SHAPES, head->vendors, head->buckets, head->nodes, head->checks,
		head->texts, head->names,
	};

	return entries[i];
}

static void dir_of(struct bx_handle *h, char *buf, const char *table, const char *base)
{
	snprintf(buf, PATH_MAX, "%s/rules%s%s%s%s", h->pin_dir, *table ? "/" : "", table,
		 *base ? "/" : "", base);
}

static void pin_of(struct bx_handle *h, char *buf, const char *table, __u32 base,
		   unsigned int i)
{
	snprintf(buf, PATH_MAX, "%s/rules/%s/%u/%s", h->pin_dir, table, base, map_name(i));
}

static void maps_init(struct rules_maps *m)
{
	*m = (struct rules_maps) {};
	for (int i = 0; i < RULES_MAPS; i++)
		m->fd[i] = -1;
}

static void **place_of(struct rules_maps *m, unsigned int i)
{
	struct rt_store *s = &m->store;
	void **const place[RULES_ARRAYS] = {
		(void **)&s->head, (void **)&s->shape, (void **)&s->vendor,
		(void **)&s->bucket, (void **)&s->node, (void **)&s->check,
		(void **)&s->text, (void **)&s->name,
	};

	return place[i];
}

/* Maps an array; the head comes first, and tells the sizes of the others. */
static int map_array(struct bx_handle *h, struct rules_maps *m, const struct bx_rt_head *head,
		     unsigned int i)
{
	void *memory;

	m->size[i] = (size_t)arrays[i].value_size * entries_of(head, i);
	memory = kernel_map_memory(m->fd[i], m->size[i]);
	if (!memory)
		return fail(h, BX_FAULT_FAILED, errno, "cannot map an array of rules: %s",
			    strerror(errno));
	*place_of(m, i) = memory;
	return 0;
}

int rules_maps_new(struct bx_handle *h, const struct bx_rt_head *head, struct rules_maps *m)
{
	char name[16];
	int err = 0;

	maps_init(m);
	m->base = head->base;
	for (unsigned int i = 0; !err && i < RULES_MAPS; i++) {
		struct kernel_map map = { .name = name, .hash = i == RULES_ARRAYS };

		snprintf(name, sizeof(name), "rules_%s", map_name(i));
		map.key_size = BX_RT_DIGITS;
		map.value_size = map.hash ? sizeof(struct bx_rt_approval) : arrays[i].value_size;
		map.entries = map.hash ? RULES_APPROVALS : entries_of(head, i);
		m->fd[i] = kernel_new_map(&map);
		if (m->fd[i] < 0)
			err = fail(h, m->fd[i] == -EPERM ? BX_FAULT_PERMISSION : BX_FAULT_FAILED,
				   m->fd[i], "cannot make the map '%s': %s", name,
				   strerror(-m->fd[i]));
		else if (!map.hash)
			err = map_array(h, m, head, i);
	}
	if (!err)
		*m->store.head = *head;
	return err;
}

static bool is_possible(const struct bx_rt_head *head, __u32 base)
{
	return head->version == BX_RT_VERSION && head->base == base &&
		head->nbuses < BX_RT_BUSES && head->nshapes < BX_RT_SHAPES;
}

int rules_maps_open(struct bx_handle *h, const char *table, __u32 base, struct rules_maps *m)
{
	struct bx_rt_head none = {};
	char path[PATH_MAX];
	int err = 0;

	maps_init(m);
	m->base = base;
	for (unsigned int i = 0; !err && i < RULES_MAPS; i++) {
		pin_of(h, path, table, base, i);
		m->fd[i] = kernel_open_pin(path);
		if (m->fd[i] == -ENOENT)
			return 0;
		if (m->fd[i] < 0)
			return fail(h, m->fd[i] == -EPERM ? BX_FAULT_PERMISSION :
				    BX_FAULT_FAILED, m->fd[i], "cannot open '%s': %s", path,
				    strerror(-m->fd[i]));
		if (i < RULES_ARRAYS)
			err = map_array(h, m, i ? m->store.head : &none, i);
		if (!err && !i && !is_possible(m->store.head, base))
			return 0;
	}
	return err ?: 1;
}

static int make_dir(struct bx_handle *h, const char *table, const char *base)
{
	char path[PATH_MAX];

	dir_of(h, path, table, base);
	if (!mkdir(path, 0700) || errno == EEXIST)
		return 0;
	return fail(h, BX_FAULT_FAILED, errno, "cannot create '%s': %s", path, strerror(errno));
}

int rules_maps_pin(struct bx_handle *h, const char *table, const struct rules_maps *m)
{
	char path[PATH_MAX], base[16];
	int err;

	snprintf(base, sizeof(base), "%u", m->base);
	err = make_dir(h, "", "") ?: make_dir(h, table, "") ?: make_dir(h, table, base);
	for (unsigned int i = 0; !err && i < RULES_MAPS; i++) {
		pin_of(h, path, table, m->base, i);
		unlink(path);
		err = kernel_pin(m->fd[i], path);
		if (err)
			return fail(h, BX_FAULT_FAILED, err, "cannot pin '%s': %s", path,
				    strerror(-err));
	}
	return err;
}

int rules_maps_share(struct bx_handle *h, const struct object *obj, const struct rules_maps *m)
{
	char name[16];

	for (unsigned int i = 0; i < RULES_MAPS; i++) {
		struct bpf_map *map;
		int err;

		snprintf(name, sizeof(name), "rules_%s", map_name(i));
		map = bpf_object__find_map_by_name(obj->bpf, name);
		err = map ? kernel_share_map(map, m->fd[i]) : -ENOENT;
		if (err)
			return fail(h, BX_FAULT_FAILED, err, "cannot use the map '%s': %s", name,
				    strerror(-err));
	}
	return 0;
}

void rules_maps_close(struct rules_maps *m)
{
	for (unsigned int i = 0; m->base && i < RULES_MAPS; i++) {
		if (i < RULES_ARRAYS && *place_of(m, i))
			munmap(*place_of(m, i), m->size[i]);
		if (m->fd[i] >= 0)
			close(m->fd[i]);
	}
	maps_init(m);
}

size_t rules_maps_bytes(const struct rules_maps *m)
{
	size_t bytes = 0;

	for (int i = 0; i < RULES_ARRAYS; i++)
		bytes += m->size[i];
	return bytes;
}

/* ---- pinned sets of maps ---- */

static int falling(const void *a, const void *b)
{
	const __u32 *x = a, *y = b;

	return *x > *y ? -1 : *x < *y;
}

int rules_maps_list(struct bx_handle *h, const char *table, __u32 *base, unsigned int max)
{
	char path[PATH_MAX], *end;
	const struct dirent *d;
	unsigned int n = 0;
	DIR *dir;
	int err;

	dir_of(h, path, table, "");
	dir = opendir(path);
	if (!dir)
		return errno == ENOENT ? 0 :
			fail(h, BX_FAULT_FAILED, errno, "cannot read '%s': %s", path,
			     strerror(errno));
	for (errno = 0; n < max && (d = readdir(dir)); errno = 0) {
		base[n] = strtoul(d->d_name, &end, 10);
		n += base[n] && !*end;
	}
	err = n < max ? errno : 0;
	closedir(dir);
	/* a set that is overlooked would be taken for one that is not there */
	if (err)
		return fail(h, BX_FAULT_FAILED, err, "cannot read '%s': %s", path, strerror(err));
	qsort(base, n, sizeof(*base), falling);
	return n;
}

int rules_maps_remove_base(struct bx_handle *h, const char *table, __u32 base)
{
	char path[PATH_MAX], name[16];
	int err;

	for (unsigned int i = 0; i < RULES_MAPS; i++) {
		pin_of(h, path, table, base, i);
		err = remove_file_at(h, path);
		if (err)
			return err;
	}
	snprintf(name, sizeof(name), "%u", base);
	dir_of(h, path, table, name);
	if (rmdir(path) && errno != ENOENT)
		return fail(h, BX_FAULT_FAILED, errno, "cannot remove '%s': %s", path,
			    strerror(errno));
	return 0;
}

int rules_maps_remove(struct bx_handle *h, const char *table, __u32 keep)
{
	int n, err = 0;
	__u32 base[BASES];
	char path[PATH_MAX];

	n = rules_maps_list(h, table, base, BASES);
	for (int i = 0; !err && i < n; i++)
		if (base[i] != keep)
			err = rules_maps_remove_base(h, table, base[i]);
	if (n < 0 || err || keep)
		return n < 0 ? n : err;
	dir_of(h, path, table, "");
	rmdir(path);
	return 0;
}
