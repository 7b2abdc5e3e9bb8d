// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: a new generation of a table of rules, and its policies
 *
 * The steps are in rules_change.h.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "rules_change.h"

#define BASES	64	/* sets of maps that are looked at */

/* ---- names ---- */

/*
 * A table of the machine: TABLE-BUS.  One of a bundle: BUNDLE.BUS, or BUNDLE.BUS.VENDOR; the dot
 * keeps the names of both apart.
 */
static bool make_name(const char *table, bool bundle, const struct rules_scope_of *scope,
		      char *name, size_t size)
{
	char vendor[16] = "";

	if (scope->vendor != BX_ANY)
		snprintf(vendor, sizeof(vendor), ".%04x", scope->vendor);
	return snprintf(name, size, "%s%c%s%s", table, bundle ? '.' : '-', scope->bus, vendor) <
		(int)size;
}

int rules_policy_name(struct bx_handle *h, const char *table, bool bundle,
		      const struct rules_scope_of *scope, char *name)
{
	char whole[4 * BX_NAME_LEN];

	if (make_name(table, bundle, scope, name, BX_NAME_LEN))
		return 0;
	make_name(table, bundle, scope, whole, sizeof(whole));
	return fail(h, BX_FAULT_REJECTED, ENAMETOOLONG,
		    "the name of the policy '%s' would be longer than %d characters%s", whole,
		    BX_NAME_LEN - 1, bundle ? "; a bundle of rules needs a shorter name" : "");
}

/*
 * Name of the folder of a table: +BUNDLE, also with @shadow, or the name of a table of the
 * machine.  A BPF file system has no dots in names.
 */
static void folder_of(const char *table, bool bundle, bool shadow, char *name, size_t size)
{
	snprintf(name, size, "%s%s%s", bundle ? "+" : "", table, shadow ? BX_SHADOW_SUFFIX : "");
	for (; *name; name++)
		if (*name == '.')
			*name = ':';
}

/* The table of a folder */
static void table_of(const char *folder, struct rules_change *c, char *name, size_t size)
{
	c->bundle = folder[0] == '+';
	c->shadow = key_is_shadow(folder);
	copy_name(name, size, folder + c->bundle);
	name[strcspn(name, "@")] = '\0';
	for (; c->bundle && *name; name++)
		if (*name == ':')
			*name = '.';
}

static const char *folder(const struct rules_change *c, char *buf)
{
	folder_of(c->table, c->bundle, c->shadow, buf, 2 * BX_SHOWN_LEN);
	return buf;
}

/* ---- the active generation ---- */

static bool is_of_table(const struct rules_change *c, const struct bx_policy_rec *rec)
{
	struct rules_scope_of scope = { .vendor = rec->vendor };
	char name[BX_NAME_LEN];

	copy_name(scope.bus, sizeof(scope.bus), rec->bus);
	return rec->stage == BX_STAGE_ACTIVE && !!(rec->flags & BX_F_SHADOW) == c->shadow &&
		make_name(c->table, c->bundle, &scope, name, sizeof(name)) &&
		!strcmp(name, rec->name);
}

static int find_generation(const struct bx_policy_rec *rec, void *arg)
{
	struct rules_change *c = arg;

	if (is_of_table(c, rec) && rec->version > c->active)
		c->active = rec->version;
	return 0;
}

/* Opens the maps of the active generation: the newest that are not newer. */
static int find_active(struct rules_change *c)
{
	char name[2 * BX_SHOWN_LEN];
	__u32 base[BASES];
	int n, ret;

	ret = bx_list_policies(c->h, find_generation, c);
	n = ret || !c->active ? 0 : rules_maps_list(c->h, folder(c, name), base, BASES);
	for (int i = 0; ret >= 0 && !c->now.base && i < n; i++) {
		if (base[i] > c->active)
			continue;
		ret = rules_maps_open(c->h, folder(c, name), base[i], &c->now);
		if (ret <= 0)
			rules_maps_close(&c->now);
	}
	return n < 0 ? n : ret < 0 ? ret : 0;
}

/* ---- the new generation ---- */

static int cannot_write(struct rules_change *c, const struct rt_store *s, int err)
{
	const struct bx_rule *rule = s->failed;

	if (err == -EMLINK && rule)
		return fail(c->h, BX_FAULT_REJECTED, E2BIG,
			    "%s:%u:%u: more than %u rules have the same ids, and no text that differs",
			    rule->file ?: "rules", rule->line, rule->column, BX_RT_CHAIN);
	if (err == -EFBIG)
		return fail(c->h, BX_FAULT_REJECTED, E2BIG,
			    "too many rules have nothing but patterns and conditions that must be tried one by one: an election could take too long");
	if (err == -ENOSPC)
		return fail(c->h, BX_FAULT_REJECTED, E2BIG,
			    "the rules have more buses, or more kinds of patterns, than a table can have");
	return fail(c->h, BX_FAULT_FAILED, err, "cannot write the table of rules: %s",
		    strerror(-err));
}

/* Writes a generation to new maps, larger ones if there is no room. */
static int write_new(struct rules_change *c)
{
	char name[2 * BX_SHOWN_LEN];
	struct bx_rt_head head;
	int err = -ENOSPC;

	for (unsigned int grow = 1; err == -ENOSPC && grow <= 64; grow *= 4) {
		rules_maps_close(&c->next);
		err = rt_table_size(&c->drafts, grow, &head);
		if (err)
			break;
		head.base = c->active + 1;
		err = rules_maps_new(c->h, &head, &c->next);
		if (err)
			return err;
		err = rt_table_update(&c->next.store, &c->drafts, 0, head.base);
	}
	if (err)
		return cannot_write(c, &c->next.store, err);
	c->maps = &c->next;
	c->pinned = !c->trial;
	return c->trial ? 0 : rules_maps_pin(c->h, folder(c, name), &c->next);
}

static int write_rules(struct rules_change *c)
{
	int err = -ENOSPC;

	if (c->now.base && !c->trial)
		err = rt_table_update(&c->now.store, &c->drafts, c->active, c->active + 1);
	if (err == -ENOSPC || err == -EMLINK || err == -EFBIG)
		return write_new(c);
	c->maps = &c->now;
	return err ? cannot_write(c, &c->now.store, err) : 0;
}

static int write_generation(struct rules_change *c)
{
	return write_rules(c) ?: rules_maps_approve(c->h, c->maps, c->rules, c->active);
}

/* ---- its policies ---- */

/* Sets a constant of the object, a number of 4 bytes. */
static int put_constant(struct rules_change *c, const struct object *obj, const char *name,
			__u32 value)
{
	struct bpf_map *map = bpf_object__find_map_by_name(obj->bpf, ".rodata");
	const struct btf *btf = bpf_object__btf(obj->bpf);
	int id = btf__find_by_name_kind(btf, ".rodata", BTF_KIND_DATASEC);
	const struct btf_type *sec = id < 0 ? NULL : btf__type_by_id(btf, id);
	size_t size = 0;
	char *data = map ? bpf_map__initial_value(map, &size) : NULL;

	for (__u32 i = 0; data && sec && i < btf_vlen(sec); i++) {
		const struct btf_var_secinfo *v = btf_var_secinfos(sec) + i;
		const struct btf_type *var = btf__type_by_id(btf, v->type);

		if (strcmp(btf__name_by_offset(btf, var->name_off), name) ||
		    v->offset + sizeof(value) > size)
			continue;
		memcpy(data + v->offset, &value, sizeof(value));
		return 0;
	}
	return fail(c->h, BX_FAULT_FAILED, EINVAL, "the policy of rules has no constant '%s'",
		    name);
}

static int put_constants(struct rules_change *c, const struct object *obj, __u32 bus)
{
	const struct bx_rt_head *head = c->maps->store.head;

	return put_constant(c, obj, "rt_bus_nr", bus) ?:
		put_constant(c, obj, "rt_format", head->bus[bus].format) ?:
		put_constant(c, obj, "rt_generation", c->active + 1) ?:
		put_constant(c, obj, "rt_buckets", head->buckets) ?:
		put_constant(c, obj, "rt_vendors", head->vendors);
}

/* Makes the object's policy that of a scope. */
static int put_policy(struct rules_change *c, struct object *obj,
		      const struct rules_scope_of *scope, const struct bx_rt_bus *bus)
{
	struct item *item = &obj->items[0];
	struct bx_applied *about = &item->about;
	struct ops v;
	int err;

	err = rules_policy_name(c->h, c->table, c->bundle, scope, about->name);
	if (err)
		return err;
	object_ops(obj, item, &v);
	ops_put_text(&v, "name", about->name);
	ops_put_text(&v, "bus", scope->bus);
	ops_put_number(&v, "vendor", scope->vendor);
	ops_put_number(&v, "version", c->active + 1);
	ops_put_number(&v, "priority", c->priority);
	if (!(bus->kinds & 1 << BX_RT_SCORE))
		ops_drop_program(&v, "match");
	if (!(bus->kinds & 1 << BX_RT_PART))
		ops_drop_program(&v, "part");
	copy_name(about->target, sizeof(about->target), scope->bus);
	about->vendor = scope->vendor;
	about->version = c->active + 1;
	about->priority = c->priority;
	bx_policy_key(item->key, about->name, about->flags);
	return 0;
}

static int add_policy(struct rules_change *c, struct transaction *txn,
		      const struct rules_scope_of *scope)
{
	/* a scope without rules has a bus in the table, too */
	__u32 bus = rt_store_bus(&c->maps->store, scope->bus);
	size_t size;
	const void *bytes = kernel_rules_object(&size);
	char *copy = bytes ? malloc(size) : NULL;
	struct object *objs, *obj;
	int err;

	objs = realloc(txn->objs, (txn->count + 1) * sizeof(*objs));
	if (objs)
		txn->objs = objs;
	if (!objs || !copy || !bus) {
		free(copy);
		return bytes && !bus ? cannot_write(c, &c->maps->store, -ENOSPC) :
			fail(c->h, BX_FAULT_FAILED, bytes ? ENOMEM : ENOTSUP, bytes ?
			     "out of memory" : "the library has no policy for rules");
	}
	obj = &txn->objs[txn->count++];
	memcpy(copy, bytes, size);
	err = object_read(c->h, copy, size, c->shown, txn->flags, obj);
	free(copy);
	return err ?: put_policy(c, obj, scope, &c->maps->store.head->bus[bus]) ?:
		put_constants(c, obj, bus) ?: rules_maps_share(c->h, obj, c->maps);
}

int rules_change_add(struct rules_change *c, struct transaction *txn)
{
	int err = find_active(c);

	if (!err && !c->active && !c->nscopes)
		return 0;
	if (!err)
		err = write_generation(c);
	for (unsigned int i = 0; !err && i < c->nscopes; i++)
		err = add_policy(c, txn, &c->scope[i]);
	return err;
}

struct dropping {
	struct rules_change	*c;
	struct names		names;
};

static int collect_drop(const struct bx_policy_rec *rec, void *arg)
{
	struct dropping *d = arg;

	if (!is_of_table(d->c, rec))
		return 0;
	for (unsigned int i = 0; i < d->c->nscopes; i++)
		if (!strcmp(d->c->scope[i].bus, rec->bus) &&
		    d->c->scope[i].vendor == rec->vendor)
			return 0;
	return names_add(d->c->h, &d->names, rec->name);
}

int rules_change_drop(struct rules_change *c, struct transaction *txn)
{
	struct dropping d = { .c = c };
	char key[BX_SHOWN_LEN];
	int err = bx_list_policies(c->h, collect_drop, &d);

	for (unsigned int i = 0; !err && i < d.names.count; i++)
		err = txn_drop(c->h, txn, bx_policy_key(key, d.names.name[i],
							c->shadow ? BX_F_SHADOW : 0));
	free(d.names.name);
	return err;
}

/* ---- after the change ---- */

/*
 * Frees what a generation does not see.  A commit without policies ends when no election is
 * under way that began before it.
 */
static int free_nodes(struct rules_change *c, __u32 generation)
{
	struct bx_commit none = {};
	int64_t result;
	int err;

	rt_store_unlink(&c->now.store, generation);
	err = commit_policies(c->h, &none, &result);
	if (!err && !result)
		rt_store_release(&c->now.store);
	return err ?: rules_maps_forget(c->h, &c->now, generation);
}

static void note_unfreed(struct rules_change *c)
{
	note_failure(c->h, "%s; the next change of rules frees the memory", c->h->error);
}

/* The change was made; the next one frees what is left. */
void rules_change_done(struct rules_change *c)
{
	char name[2 * BX_SHOWN_LEN];
	int err = c->maps == &c->now ? free_nodes(c, c->active + 1) : 0;

	c->pinned = false;
	if (!err)
		err = rules_maps_remove(c->h, folder(c, name), c->nscopes ? c->maps->base : 0);
	if (err)
		note_unfreed(c);
}

void rules_change_undo(struct rules_change *c)
{
	char name[2 * BX_SHOWN_LEN];
	struct said why;
	int err = 0;

	/* nothing was written */
	if (!c->maps && !c->now.base)
		return;
	error_keep(c->h, &why);
	if (c->pinned)
		err = rules_maps_remove_base(c->h, folder(c, name), c->next.base);
	else if (c->now.base && !c->trial)
		err = free_nodes(c, c->active);
	if (err)
		note_unfreed(c);
	error_restore(c->h, &why);
	c->pinned = false;
}

void rules_change_end(struct rules_change *c)
{
	rules_maps_close(&c->now);
	rules_maps_close(&c->next);
	rt_drafts_free(&c->drafts);
	c->maps = NULL;
}

int rules_change_begin(struct rules_change *c, const struct bx_rules *rules)
{
	char line[4096] = "";

	c->rules = rules;
	read_below(c->h->proc, "cmdline", line, sizeof(line));
	return rt_drafts_make(c->h, rules, line, &c->drafts);
}

/* ---- tables without policies ---- */

/* The set of maps that the active generation is in; 0 without one */
static __u32 base_in_use(const struct rules_change *c, const __u32 *base, int n)
{
	for (int i = 0; c->active && i < n; i++)
		if (base[i] <= c->active)
			return base[i];
	return 0;
}

static int sweep_one(struct bx_handle *h, const char *name)
{
	struct rules_change c = { .h = h };
	char table[2 * BX_SHOWN_LEN];
	__u32 base[BASES];
	int n, err;

	table_of(name, &c, table, sizeof(table));
	c.table = table;
	err = bx_list_policies(h, find_generation, &c);
	n = err ? 0 : rules_maps_list(h, name, base, BASES);
	if (err || n < 0)
		return err ?: n;
	return rules_maps_remove(h, name, base_in_use(&c, base, n));
}

bool rules_are_there(struct bx_handle *h)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/rules", h->pin_dir);
	return !access(path, F_OK);
}

void rules_sweep(struct bx_handle *h)
{
	char path[PATH_MAX];
	struct dirent **list;
	int n, err = 0;

	snprintf(path, sizeof(path), "%s/rules", h->pin_dir);
	n = scandir(path, &list, is_visible, alphasort);
	for (int i = 0; i < n; i++) {
		if (!err)
			err = sweep_one(h, list[i]->d_name);
		free(list[i]);
	}
	if (n >= 0)
		free(list);
	if (n < 0 && errno != ENOENT)
		err = fail(h, BX_FAULT_FAILED, errno, "cannot read '%s': %s", path,
			   strerror(errno));
	if (!err)
		return;
	note_failure(h, "%s; the next change frees the memory of rules", h->error);
	error_forget(h);
}
