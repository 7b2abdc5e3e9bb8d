// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: reading and checking a BPF object before it is loaded
 *
 * A policy's fields are found by their names in the object's own BTF: an
 * object may have been built against another version of struct bus_ext_ops.
 * The kernel checks all of this again; here it is done for the message.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "internal.h"

#define OPS_TYPE	"bus_ext_ops"
#define HOOK_SECTION	"fmod_ret"

/* A policy's initial value and the type that describes it. */
struct value {
	const struct btf	*btf;
	const struct btf_type	*type;
	char			*data;
	size_t			size;
	const char		*path;
	const char		*map;
	__u64			extra;	/* flags beside its own */
};

bool name_is_good(const char *name)
{
	const char *p;

	if (name[0] == '.')
		return false;
	for (p = name; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("_.-", *p))
			return false;
	return p > name && p - name < BX_NAME_LEN;
}

static int reject(struct bx_handle *h, const struct value *v, const char *what)
{
	return fail(h, BX_FAULT_REJECTED, EINVAL,
		    "cannot apply '%s': policy '%s': %s", v->path, v->map,
		    what);
}

static const struct btf_member *member(const struct value *v,
				       const char *name)
{
	const struct btf_member *m = btf_members(v->type);
	int i;

	for (i = 0; i < btf_vlen(v->type); i++, m++)
		if (!strcmp(btf__name_by_offset(v->btf, m->name_off), name))
			return m;
	return NULL;
}

static const struct btf_type *real_type(const struct value *v, __u32 id)
{
	return btf__type_by_id(v->btf, btf__resolve_type(v->btf, id));
}

/* A number of up to eight bytes; 0 where the object has no such member. */
static __u64 number(const struct value *v, const char *name)
{
	const struct btf_member *m = member(v, name);
	__u64 n = 0;
	__s64 size;

	if (!m)
		return 0;
	size = btf__resolve_size(v->btf, m->type);
	if (size <= 0 || size > (__s64)sizeof(n) ||
	    m->offset / 8 + (size_t)size > v->size)
		return 0;
	memcpy(&n, v->data + m->offset / 8, size);
	return n;
}

/* It is to be attached staged. */
static int stage(struct bx_handle *h, const struct value *v, __u64 flags)
{
	const struct btf_member *m = member(v, "flags");

	if (!m || btf__resolve_size(v->btf, m->type) != sizeof(flags) ||
	    m->offset / 8 + sizeof(flags) > v->size)
		return reject(h, v, "it has no member 'flags' of 64 bits");
	flags |= BX_F_STAGED | v->extra;
	memcpy(v->data + m->offset / 8, &flags, sizeof(flags));
	return 0;
}

/* A name: there, terminated, short enough, of the right characters. */
static int string(struct bx_handle *h, const struct value *v,
		  const char *field, char *out)
{
	const struct btf_member *m = member(v, field);
	const struct btf_type *t = m ? real_type(v, m->type) : NULL;
	char what[160];
	size_t room, len;

	if (!t || !btf_is_array(t) || !btf_array(t)->nelems)
		snprintf(what, sizeof(what), "it has no member '%s'", field);
	else if (m->offset / 8 + btf_array(t)->nelems > v->size)
		snprintf(what, sizeof(what), "its member '%s' is broken",
			 field);
	else
		what[0] = '\0';
	if (what[0])
		return reject(h, v, what);

	room = btf_array(t)->nelems;
	len = strnlen(v->data + m->offset / 8, room);
	if (!len)
		snprintf(what, sizeof(what),
			 "it has no %s: set .%s", field, field);
	else if (len == room || len >= BX_NAME_LEN)
		snprintf(what, sizeof(what),
			 "its .%s is too long: %d characters at most", field,
			 BX_NAME_LEN - 1);
	if (what[0])
		return reject(h, v, what);

	memcpy(out, v->data + m->offset / 8, len);
	out[len] = '\0';
	if (!name_is_good(out)) {
		snprintf(what, sizeof(what),
			 "its .%s '%s' is not of [A-Za-z0-9_.-], or starts with a dot",
			 field, out);
		return reject(h, v, what);
	}
	return 0;
}

/* libbpf puts a pointer to the program where the object has a function. */
static bool has_program(const struct value *v)
{
	const struct btf_member *m = btf_members(v->type);
	const void *prog;
	int i;

	for (i = 0; i < btf_vlen(v->type); i++, m++) {
		const struct btf_type *t = real_type(v, m->type);

		if (!t || !btf_is_ptr(t))
			continue;
		memcpy(&prog, v->data + m->offset / 8, sizeof(prog));
		if (prog)
			return true;
	}
	return false;
}

static int read_policy(struct bx_handle *h, const struct value *v,
		       struct bx_applied *about)
{
	int err;

	err = string(h, v, "name", about->name);
	if (!err)
		err = string(h, v, "bus", about->target);
	if (err)
		return err;
	if (!has_program(v))
		return reject(h, v, "it implements nothing: set .select or .match");

	about->kind = BX_ITEM_POLICY;
	about->vendor = number(v, "vendor") ?: BX_ANY;
	about->priority = number(v, "priority");
	about->flags = number(v, "flags");
	about->built_shadow = about->flags & BX_F_SHADOW;
	about->version = number(v, "version");
	if (about->flags & ~(__u64)BX_F_ALL)
		return reject(h, v,
			      "it has flags that this version of bxctl does not know");
	if (about->flags & BX_F_STAGED)
		return reject(h, v,
			      "it has BX_F_STAGED, which is for loaders: leave it out");
	about->flags |= v->extra;
	return stage(h, v, about->flags);
}

/* Is the map a policy?  1 yes, 0 no (not to be created), or an errno. */
static int check_map(struct bx_handle *h, struct bpf_map *map, struct value *v)
{
	char what[160];
	const char *type;
	size_t len;

	if (bpf_map__type(map) != BPF_MAP_TYPE_STRUCT_OPS ||
	    !bpf_map__autocreate(map))
		return 0;
	v->map = bpf_map__name(map);
	v->type = btf__type_by_id(v->btf, bpf_map__btf_value_type_id(map));
	v->data = bpf_map__initial_value(map, &v->size);
	if (!v->type || !v->data)
		return reject(h, v, "it has no type or no value");

	/* a type may have a flavour: bus_ext_ops___v2 */
	type = btf__name_by_offset(v->btf, v->type->name_off);
	len = strstr(type, "___") ? (size_t)(strstr(type, "___") - type) :
		strlen(type);
	if (len != strlen(OPS_TYPE) || strncmp(type, OPS_TYPE, len)) {
		snprintf(what, sizeof(what),
			 "it is a struct %s, and bxctl attaches struct %s alone",
			 type, OPS_TYPE);
		return reject(h, v, what);
	}
	if (!(bpf_map__map_flags(map) & BPF_F_LINK))
		return reject(h, v,
			      "it is in the section .struct_ops: put it into .struct_ops.link");
	return 1;
}

static int add_item(struct bx_handle *h, struct object *obj,
		    struct item **item)
{
	struct item *items;

	items = realloc(obj->items, (obj->count + 1) * sizeof(*items));
	if (!items)
		return fail(h, BX_FAULT_FAILED, ENOMEM, "out of memory");
	obj->items = items;
	*item = &items[obj->count++];
	**item = (struct item) {
		.about.file = obj->path,
		.new_fd = -1,
		.link_fd = -1,
		.map_fd = -1,
	};
	return 0;
}

static int find_policies(struct bx_handle *h, struct object *obj, __u64 extra)
{
	struct value v = {
		.btf = bpf_object__btf(obj->bpf),
		.path = obj->path,
		.extra = extra,
	};
	struct bpf_map *map;
	struct item *item;
	int ret;

	bpf_object__for_each_map(map, obj->bpf) {
		ret = check_map(h, map, &v);
		if (!ret)
			continue;
		if (ret < 0)
			return ret;
		ret = add_item(h, obj, &item);
		if (ret)
			return ret;
		item->map = map;
		ret = read_policy(h, &v, &item->about);
		if (ret)
			return ret;
	}
	return 0;
}

static int find_hooks(struct bx_handle *h, struct object *obj)
{
	struct bpf_program *prog;
	struct item *item;
	const char *target;
	int err;

	bpf_object__for_each_program(prog, obj->bpf) {
		if (strncmp(bpf_program__section_name(prog), HOOK_SECTION,
			    strlen(HOOK_SECTION)) ||
		    !bpf_program__autoload(prog))
			continue;
		err = add_item(h, obj, &item);
		if (err)
			return err;
		target = strchr(bpf_program__section_name(prog), '/');
		item->prog = prog;
		item->about.kind = BX_ITEM_HOOK;
		item->about.vendor = BX_ANY;
		copy_name(item->about.name, sizeof(item->about.name),
			  bpf_program__name(prog));
		copy_name(item->about.target, sizeof(item->about.target),
			  target ? target + 1 : "");
	}
	return 0;
}

/* Nothing to attach: say what there is instead. */
static int nothing_found(struct bx_handle *h, const struct object *obj)
{
	struct bpf_program *prog;
	struct bpf_map *map;
	char has[256] = "";
	size_t len = 0;

	bpf_object__for_each_program(prog, obj->bpf)
		if (len < sizeof(has))
			len += snprintf(has + len, sizeof(has) - len,
					"%sprogram '%s' (%s)", len ? ", " : "",
					bpf_program__name(prog),
					bpf_program__section_name(prog));
	bpf_object__for_each_map(map, obj->bpf)
		if (len < sizeof(has) && !bpf_map__is_internal(map))
			len += snprintf(has + len, sizeof(has) - len,
					"%smap '%s'", len ? ", " : "",
					bpf_map__name(map));
	return fail(h, BX_FAULT_REJECTED, ENOEXEC,
		    "cannot apply '%s': it has neither a policy (struct %s in .struct_ops.link) nor a hook (%s); it contains: %s",
		    obj->path, OPS_TYPE, HOOK_SECTION "/...",
		    len ? has : "nothing");
}

static int open_failed(struct bx_handle *h, const char *path,
		       const char *shown, int err)
{
	if (access(path, R_OK))
		return fail(h, BX_FAULT_FAILED, errno, "cannot open '%s': %s",
			    shown, strerror(errno));
	return fail(h, BX_FAULT_REJECTED, ENOEXEC,
		    "cannot apply '%s': it is not a BPF object: %s", shown,
		    h->said[0] ? h->said : strerror(-err));
}

/*
 * @shown: what people know it as, where that is not @path; @extra: flags that its
 * policies are to have beside their own.
 */
int object_open(struct bx_handle *h, const char *path, const char *shown,
		__u64 extra, struct object *obj)
{
	int err;

	*obj = (struct object) { .path = strdup(shown) };
	if (!obj->path)
		return fail(h, BX_FAULT_FAILED, ENOMEM, "out of memory");
	log_begin(h);
	obj->bpf = bpf_object__open_file(path, NULL);
	err = obj->bpf ? 0 : -errno;
	log_end(h);
	if (err)
		return open_failed(h, path, shown, err);
	if (!bpf_object__btf(obj->bpf))
		return fail(h, BX_FAULT_REJECTED, ENOEXEC,
			    "cannot apply '%s': it has no BTF: build it with -g",
			    shown);
	err = find_policies(h, obj, extra);
	if (!err)
		err = find_hooks(h, obj);
	if (!err && !obj->count)
		err = nothing_found(h, obj);
	return err;
}

static int load_failed(struct bx_handle *h, struct object *obj, int err)
{
	char why[512], prog[64];

	verifier_summary(h, why, sizeof(why));
	if (why[0]) {
		if (sscanf(h->verifier, "prog '%63[^']'", prog) != 1)
			strcpy(prog, "?");
		return fail(h, BX_FAULT_REJECTED, err,
			    "cannot load '%s': the verifier rejects program '%s': %s; 'bxctl -v' shows its whole log",
			    obj->path, prog, why);
	}
	if (err == -EPERM)
		return fail(h, BX_FAULT_PERMISSION, err,
			    "cannot load '%s': this needs CAP_SYS_ADMIN; run it as root",
			    obj->path);
	if (strstr(h->said, "is not found in kernel BTF"))
		return fail(h, BX_FAULT_KERNEL, err,
			    "cannot load '%s': the kernel has no type information of bus_ext (%s); was the module built with BTF?",
			    obj->path, h->said);
	return fail(h, BX_FAULT_REJECTED, err, "cannot load '%s': %s",
		    obj->path, h->said[0] ? h->said : strerror(-err));
}

int object_load(struct bx_handle *h, struct object *obj)
{
	int err;

	log_begin(h);
	err = kernel_load(obj->bpf);
	log_end(h);
	return err ? load_failed(h, obj, err) : 0;
}

void item_close(struct item *item)
{
	/* the pin keeps it, where there is one */
	if (item->new_fd >= 0)
		close(item->new_fd);
	if (item->link_fd >= 0)
		close(item->link_fd);
	if (item->map_fd >= 0)
		close(item->map_fd);
}

void object_close(struct object *obj)
{
	size_t i;

	for (i = 0; i < obj->count; i++)
		item_close(&obj->items[i]);
	free(obj->items);
	kernel_unload(obj->bpf);
	free(obj->path);
	*obj = (struct object) {};
}
