// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: activating a table of rules
 *
 *	read -> draft -> write generation N+1 beside N -> the transaction of apply.c -> free N
 *
 * Each bus that the table names gets an instance of the policy in bpf/rules.bpf.c, named
 * TABLE-BUS, whose version is its generation.  All instances share the maps.  An instance
 * sees only its own generation, so the new one is tried before it is active, and a process
 * that dies leaves a table that is valid: what it has written is removed by the next one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "rules_maps.h"

/* Names of buses are longer than what is left for the name of a policy. */
#define BASES	64

/**
 * struct change - a new generation of a table
 * @h: the handle
 * @table: name of the table
 * @priority: of its policies
 * @rules: its rules
 * @drafts: what the engine compares
 * @now: maps of the active generation
 * @active: the active generation, 0 without one
 * @buses: buses with an active policy
 * @next: maps of the new generation, if @now has no room for it
 * @maps: those of both that have the new generation
 * @txn: its policies
 */
struct change {
	struct bx_handle	*h;
	const char		*table;
	int			priority;
	const struct bx_rules	*rules;
	struct rt_drafts	drafts;
	struct rules_maps	now;
	__u32			active;
	struct names		buses;
	struct rules_maps	next;
	struct rules_maps	*maps;
	struct transaction	txn;
};

/* ---- the active generation ---- */

static int policy_name(struct change *c, const char *bus, char name[BX_NAME_LEN])
{
	if (snprintf(name, BX_NAME_LEN, "%s-%s", c->table, bus) < BX_NAME_LEN)
		return 0;
	return fail(c->h, BX_FAULT_REJECTED, ENAMETOOLONG,
		    "the name of the policy '%s-%s' would be too long", c->table, bus);
}

/* Finds the active policies for the buses of a set of maps, and their generation. */
static int find_policies(struct change *c, const struct rules_maps *m)
{
	const struct bx_rt_head *head = m->store.head;
	struct bx_policy_rec rec;
	char name[BX_NAME_LEN];
	int ret = 0;

	for (__u32 i = 1; ret >= 0 && i <= head->nbuses; i++) {
		ret = policy_name(c, head->bus[i].name, name);
		if (!ret)
			ret = find_policy(c->h, name, &rec);
		if (ret <= 0 || rec.version < m->base)
			continue;
		c->active = rec.version;
		ret = names_add(c->h, &c->buses, head->bus[i].name);
	}
	return ret < 0 ? ret : 0;
}

static int find_active(struct change *c)
{
	__u32 base[BASES];
	int n, ret = 0;

	n = rules_maps_list(c->h, c->table, base, BASES);
	for (int i = 0; ret >= 0 && !c->active && i < n; i++) {
		ret = rules_maps_open(c->h, c->table, base[i], &c->now);
		if (ret > 0)
			ret = find_policies(c, &c->now);
		if (!c->active)
			rules_maps_close(&c->now);
	}
	return n < 0 ? n : ret < 0 ? ret : 0;
}

/* ---- the new generation ---- */

static int cannot_write(struct change *c, const struct rt_store *s, int err)
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
static int write_new(struct change *c)
{
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
	return rules_maps_pin(c->h, c->table, &c->next);
}

static int write_rules(struct change *c)
{
	int err = -ENOSPC;

	if (c->active)
		err = rt_table_update(&c->now.store, &c->drafts, c->active, c->active + 1);
	if (err == -ENOSPC || err == -EMLINK || err == -EFBIG)
		return write_new(c);
	c->maps = &c->now;
	return err ? cannot_write(c, &c->now.store, err) : 0;
}

static int write_generation(struct change *c)
{
	return write_rules(c) ?: rules_maps_approve(c->h, c->maps, c->rules, c->active);
}

/* ---- its policies ---- */

/* Sets a constant of the object, a number of 4 bytes. */
static int put_constant(struct change *c, const struct object *obj, const char *name, __u32 value)
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

static int put_constants(struct change *c, const struct object *obj, __u32 bus)
{
	const struct bx_rt_head *head = c->maps->store.head;

	return put_constant(c, obj, "rt_bus_nr", bus) ?:
		put_constant(c, obj, "rt_format", head->bus[bus].format) ?:
		put_constant(c, obj, "rt_generation", c->active + 1) ?:
		put_constant(c, obj, "rt_buckets", head->buckets) ?:
		put_constant(c, obj, "rt_vendors", head->vendors);
}

/* Makes the object's policy that of a bus. */
static int put_policy(struct change *c, struct object *obj, __u32 bus)
{
	const struct bx_rt_bus *b = &c->maps->store.head->bus[bus];
	struct item *item = &obj->items[0];
	struct bx_applied *about = &item->about;
	char name[BX_NAME_LEN];
	struct ops v;
	int err;

	err = policy_name(c, b->name, name);
	if (err)
		return err;
	object_ops(obj, item, &v);
	ops_put_text(&v, "name", name);
	ops_put_text(&v, "bus", b->name);
	ops_put_number(&v, "version", c->active + 1);
	ops_put_number(&v, "priority", c->priority);
	if (!(b->kinds & 1 << BX_RT_SCORE))
		ops_drop_program(&v, "match");
	if (!(b->kinds & 1 << BX_RT_PART))
		ops_drop_program(&v, "part");
	copy_name(about->name, sizeof(about->name), name);
	copy_name(about->target, sizeof(about->target), b->name);
	about->version = c->active + 1;
	about->priority = c->priority;
	bx_policy_key(item->key, about->name, about->flags);
	return 0;
}

static int add_policy(struct change *c, __u32 bus)
{
	size_t size;
	const void *bytes = kernel_rules_object(&size);
	char *copy = bytes ? malloc(size) : NULL;
	struct object *objs, *obj;
	int err;

	objs = realloc(c->txn.objs, (c->txn.count + 1) * sizeof(*objs));
	if (objs)
		c->txn.objs = objs;
	if (!objs || !copy) {
		free(copy);
		return fail(c->h, BX_FAULT_FAILED, bytes ? ENOMEM : ENOTSUP,
			    bytes ? "out of memory" : "the library has no policy for rules");
	}
	obj = &c->txn.objs[c->txn.count++];
	memcpy(copy, bytes, size);
	err = object_read(c->h, copy, size, "rules", c->txn.flags, obj);
	free(copy);
	return err ?: put_policy(c, obj, bus) ?: put_constants(c, obj, bus) ?:
		rules_maps_share(c->h, obj, c->maps);
}

static bool has_rules(const struct change *c, const char *bus)
{
	for (size_t i = 0; i < c->drafts.n; i++)
		if (!strcmp(c->drafts.draft[i].rule->bus, bus))
			return true;
	return false;
}

/* Adds the policies of the buses with rules, and drops those of the other ones. */
static int add_policies(struct change *c)
{
	const struct bx_rt_head *head = c->maps->store.head;
	char name[BX_NAME_LEN];
	int err = 0;

	for (__u32 i = 1; !err && i <= head->nbuses; i++)
		if (has_rules(c, head->bus[i].name))
			err = add_policy(c, i);
	for (unsigned int i = 0; !err && i < c->buses.count; i++)
		if (!has_rules(c, c->buses.name[i]))
			err = policy_name(c, c->buses.name[i], name) ?:
				txn_drop(c->h, &c->txn, name);
	return err ?: txn_prepare(c->h, &c->txn) ?: owners_check(c->h, &c->txn) ?:
		txn_load(c->h, &c->txn);
}

/* ---- after the change ---- */

/*
 * Frees what only the former generation has.  A commit without policies ends when no election
 * is under way that began before it.
 */
static int free_nodes(struct change *c)
{
	struct bx_commit none = {};
	int64_t result;
	int err;

	rt_store_unlink(&c->now.store, c->active + 1);
	err = commit_policies(c->h, &none, &result);
	if (!err && !result)
		rt_store_release(&c->now.store);
	return err ?: rules_maps_forget(c->h, &c->now, c->active + 1);
}

/* The change was made; the next one frees what is left. */
static void free_former(struct change *c)
{
	int err = c->maps == &c->now ? free_nodes(c) : 0;

	if (!err)
		err = rules_maps_remove(c->h, c->table, c->drafts.n ? c->maps->base : 0);
	if (err)
		note_failure(c->h, "%s; the next change of rules frees the memory", c->h->error);
}

static int change_run(struct change *c, struct bx_rules_applied *about)
{
	int err;

	err = find_active(c);
	if (!err && !c->active && !c->drafts.n)
		return rules_maps_remove(c->h, c->table, 0);
	if (!err)
		err = write_generation(c);
	if (!err)
		err = add_policies(c);
	if (!err)
		err = txn_run(c->h, &c->txn);
	if (err)
		return err;
	about->generation = c->active + 1;
	about->rules = c->drafts.n;
	about->written = c->maps->store.writes;
	about->remade = c->maps == &c->next;
	about->bytes = rules_maps_bytes(c->maps);
	free_former(c);
	return 0;
}

static void change_close(struct change *c)
{
	txn_close(&c->txn);
	rules_maps_close(&c->now);
	rules_maps_close(&c->next);
	rt_drafts_free(&c->drafts);
	free(c->buses.name);
}

int bx_rules_apply(struct bx_handle *h, const struct bx_rules *rules, const char *table,
		   int priority, bx_applied_fn fn, void *arg, struct bx_rules_applied *about)
{
	struct change c = {
		.h = h, .table = table, .priority = priority, .rules = rules,
		.txn = { .limit = { .nr = BX_ANY } },
	};
	char line[4096] = "";
	int err;

	*about = (struct bx_rules_applied) {};
	if (!bx_name_is_good(table) || strchr(table, '.'))
		return fail(h, BX_FAULT_USAGE, EINVAL, "'%s' is not a name for a table of rules",
			    table);
	read_below(h->proc, "cmdline", line, sizeof(line));
	err = rt_drafts_make(h, rules, line, &c.drafts);
	if (!err)
		err = bx_check_kernel(h);
	if (!err)
		err = pins_lock(h);
	if (!err)
		err = change_run(&c, about);
	pins_unlock(h);
	if (!err)
		txn_report(&c.txn, fn, arg);
	change_close(&c);
	return err;
}
