// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: reading and checking a BPF object before it is loaded
 *
 * libbpf loads all contents of an object, so an object may have nothing but policies, the
 * programs that they use, hooks, and maps that end with them.  elf.c checks the bytes of
 * the object first, and ops.c the fields of a policy.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <sys/stat.h>

#include "internal.h"

#define OPS_TYPE	"bus_ext_ops"
#define HOOK		"bx_hook_select"

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		(c >= '0' && c <= '9') || c == '_';
}

bool bx_name_is_good(const char *name)
{
	const char *p;

	if (!is_word(name[0]))
		return false;
	for (p = name; *p; p++)
		if (!is_word(*p) && *p != '.' && *p != '-')
			return false;
	return p - name < BX_NAME_LEN;
}

/* Returns whether a map is one that the object defines in '.maps'. */
static bool is_defined(const struct object *obj, const char *name)
{
	const struct btf *btf = bpf_object__btf(obj->bpf);
	int id = btf__find_by_name_kind(btf, ".maps", BTF_KIND_DATASEC);
	const struct btf_type *sec = id < 0 ? NULL : btf__type_by_id(btf, id);

	for (__u32 i = 0; sec && i < btf_vlen(sec); i++) {
		const struct btf_type *var =
			btf__type_by_id(btf, btf_var_secinfos(sec)[i].type);

		if (!strcmp(btf__name_by_offset(btf, var->name_off), name))
			return true;
	}
	return false;
}

/* Returns whether a type is struct bus_ext_ops, also with a flavour: bus_ext_ops___v2. */
static bool is_ops(const char *type)
{
	const char *flavour = strstr(type, "___");
	size_t len = flavour ? (size_t)(flavour - type) : strlen(type);

	return len == strlen(OPS_TYPE) && !strncmp(type, OPS_TYPE, len);
}

static void ops_init(const struct object *obj, struct bpf_map *map,
		     struct ops *v)
{
	*v = (struct ops) {
		.obj = obj->bpf,
		.btf = bpf_object__btf(obj->bpf),
		.path = obj->path,
		.map = bpf_map__name(map),
	};
	/* a map that only claims to be a struct_ops one has no value */
	if (is_defined(obj, v->map))
		return;
	v->type = btf__type_by_id(v->btf, bpf_map__btf_value_type_id(map));
	v->data = bpf_map__initial_value(map, &v->size);
}

/* The fields of the policy of an item, to be changed before the object is loaded */
void object_ops(const struct object *obj, const struct item *item, struct ops *v)
{
	ops_init(obj, item->map, v);
}

/* Checks a struct_ops map, which must be a policy. */
static int check_policy_map(struct bx_handle *h, const struct object *obj,
			    struct bpf_map *map, struct ops *v)
{
	char what[160];
	const char *type;

	ops_init(obj, map, v);
	if (!v->type || !v->data || !btf_is_struct(v->type))
		return ops_reject(h, v,
				  "it is not a struct in the section .struct_ops.link");
	type = btf__name_by_offset(v->btf, v->type->name_off);
	if (!is_ops(type)) {
		snprintf(what, sizeof(what),
			 "it is a struct %.64s, and only struct %s can be attached",
			 type, OPS_TYPE);
		return ops_reject(h, v, what);
	}
	if (!bpf_map__autocreate(map))
		return ops_reject(h, v,
				  "it is in an optional section: remove the '?'");
	if (!(bpf_map__map_flags(map) & BPF_F_LINK))
		return ops_reject(h, v,
				  "it is in the section .struct_ops: put it into .struct_ops.link");
	return 0;
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
	struct bpf_map *map;
	struct item *item;
	struct ops v;
	int err;

	bpf_object__for_each_map(map, obj->bpf) {
		if (bpf_map__type(map) != BPF_MAP_TYPE_STRUCT_OPS)
			continue;
		err = check_policy_map(h, obj, map, &v);
		if (!err)
			err = add_item(h, obj, &item);
		if (err)
			return err;
		item->map = map;
		err = ops_read(h, &v, extra, &item->about);
		if (err)
			return err;
	}
	return 0;
}

static const char *hook_target(const struct bpf_program *prog)
{
	const char *section = bpf_program__section_name(prog);

	if (strcmp(section, "fmod_ret/" HOOK) &&
	    strcmp(section, "fmod_ret.s/" HOOK))
		return NULL;
	return strchr(section, '/') + 1;
}

static int find_hooks(struct bx_handle *h, struct object *obj)
{
	struct bpf_program *prog;
	struct item *item;
	const char *target;
	int err;

	bpf_object__for_each_program(prog, obj->bpf) {
		target = hook_target(prog);
		if (!target)
			continue;
		err = add_item(h, obj, &item);
		if (err)
			return err;
		item->prog = prog;
		item->about.kind = BX_ITEM_HOOK;
		item->about.vendor = BX_ANY;
		copy_name(item->about.name, sizeof(item->about.name),
			  bpf_program__name(prog));
		copy_name(item->about.target, sizeof(item->about.target),
			  target);
	}
	return 0;
}

/* ---- other contents ---- */

/* Refuses pinned maps, which stay after the policy, or reuse a pin of another process. */
static int check_pin(struct bx_handle *h, const struct object *obj,
		     struct bpf_map *map)
{
	const char *pin = bpf_map__pin_path(map);

	if (!pin)
		return 0;
	return fail(h, BX_FAULT_REJECTED, EINVAL,
		    "cannot use '%s': map '%s' asks to be pinned as '%s', which a policy's map must not: remove 'pinning' from its definition",
		    obj->path, bpf_map__name(map), pin);
}

static bool is_used(const struct object *obj, const struct bpf_program *prog)
{
	struct ops v;

	for (size_t i = 0; i < obj->count; i++) {
		if (!obj->items[i].map)
			continue;
		ops_init(obj, obj->items[i].map, &v);
		if (ops_has_program(&v, prog))
			return true;
	}
	return false;
}

static int check_program(struct bx_handle *h, const struct object *obj,
			 const struct bpf_program *prog)
{
	const char *why;

	if (!bpf_program__autoload(prog))
		why = "is optional, and all programs are loaded: remove the '?' from its section";
	else if (hook_target(prog))
		return 0;
	else if (bpf_program__type(prog) != BPF_PROG_TYPE_STRUCT_OPS)
		why = "is neither struct_ops nor a hook (fmod_ret/" HOOK "): remove it";
	else if (!is_used(obj, prog))
		why = "is not used by any policy: remove it, or set the policy's member";
	else
		return 0;
	return fail(h, BX_FAULT_REJECTED, EINVAL,
		    "cannot use '%s': program '%s' in section '%s' %s",
		    obj->path, bpf_program__name(prog),
		    bpf_program__section_name(prog), why);
}

static int check_rest(struct bx_handle *h, const struct object *obj)
{
	struct bpf_program *prog;
	struct bpf_map *map;
	int err = 0;

	bpf_object__for_each_map(map, obj->bpf) {
		err = check_pin(h, obj, map);
		if (err)
			return err;
	}
	bpf_object__for_each_program(prog, obj->bpf) {
		err = check_program(h, obj, prog);
		if (err)
			return err;
	}
	return 0;
}

/* Fails for an object without items to attach, and lists its programs. */
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
		    "cannot use '%s': it has neither a policy (struct %s in .struct_ops.link) nor a hook (%s); it contains: %s",
		    obj->path, OPS_TYPE, "fmod_ret/" HOOK,
		    len ? has : "nothing");
}

/* ---- opening ---- */

static int cannot_open(struct bx_handle *h, const char *shown, int err)
{
	return fail(h, BX_FAULT_FAILED, err, "cannot open '%s': %s", shown,
		    strerror(err));
}

/* Reads all @size bytes of a file. */
static int read_all(int fd, char *data, size_t size)
{
	size_t at = 0;

	while (at < size) {
		ssize_t n = read(fd, data + at, size - at);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (!n)
			return -EIO;
		at += n < 0 ? 0 : n;
	}
	return 0;
}

static int read_file(struct bx_handle *h, const char *path, const char *shown,
		     char **data, size_t *size)
{
	/* do not block on a FIFO without a writer */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	int err = 0;

	*data = NULL;
	if (fd < 0 || fstat(fd, &st)) {
		err = cannot_open(h, shown, errno);
	} else if (!S_ISREG(st.st_mode) || st.st_size > OBJECT_SIZE_MAX) {
		err = fail(h, BX_FAULT_REJECTED, EINVAL,
			   "cannot use '%s': it is not a file of at most %d MiB",
			   shown, OBJECT_SIZE_MAX >> 20);
	} else {
		*size = st.st_size;
		*data = malloc(*size + 1);
		err = *data ? read_all(fd, *data, *size) : -ENOMEM;
		if (err)
			err = cannot_open(h, shown, -err);
	}
	if (fd >= 0)
		close(fd);
	return err;
}

/* Makes the name that libbpf derives from the file. */
static void name_object(const char *path, char *buf, size_t size)
{
	const char *name = strrchr(path, '/');

	snprintf(buf, size, "%s", name ? name + 1 : path);
	buf[strcspn(buf, ".")] = '\0';
}

static int open_bytes(struct bx_handle *h, const char *data, size_t size,
		      struct object *obj)
{
	char name[BX_NAME_LEN];
	struct bpf_object_open_opts opts = {
		.sz = sizeof(opts),
		.object_name = name,
	};
	int err;

	name_object(obj->path, name, sizeof(name));
	log_begin(h);
	obj->bpf = bpf_object__open_mem(data, size, &opts);
	err = obj->bpf ? 0 : -errno;
	log_end(h);
	if (!err)
		return 0;
	return fail(h, BX_FAULT_REJECTED, ENOEXEC,
		    "cannot use '%s': it is not a BPF object: %s", obj->path,
		    h->said[0] ? h->said : strerror(-err));
}

/*
 * Opens and checks an object.  @data: the object, which is not needed afterwards; @shown:
 * its name in messages; @extra: flags that its policies get in addition to their own.
 */
int object_read(struct bx_handle *h, char *data, size_t size,
		const char *shown, __u64 extra, struct object *obj)
{
	int err;

	*obj = (struct object) { .path = strdup(shown) };
	if (!obj->path)
		return fail(h, BX_FAULT_FAILED, ENOMEM, "out of memory");
	err = object_check_bytes(h, shown, data, size);
	if (!err)
		err = open_bytes(h, data, size, obj);
	if (!err)
		err = find_policies(h, obj, extra);
	if (!err)
		err = find_hooks(h, obj);
	if (!err && !obj->count)
		err = nothing_found(h, obj);
	for (size_t i = 0; !err && i < obj->count; i++)
		if (obj->items[i].about.kind == BX_ITEM_POLICY)
			bx_policy_key(obj->items[i].key,
				      obj->items[i].about.name,
				      obj->items[i].about.flags);
	return err ?: check_rest(h, obj);
}

/* Calls object_read() for the file @path; @shown: its name in messages. */
int object_open(struct bx_handle *h, const char *path, const char *shown,
		__u64 extra, struct object *obj)
{
	size_t size = 0;
	char *data;
	int err;

	*obj = (struct object) {};
	err = read_file(h, path, shown, &data, &size);
	if (!err)
		err = object_read(h, data, size, shown, extra, obj);
	free(data);
	return err;
}

static int load_failed(struct bx_handle *h, struct object *obj, int err)
{
	char why[512], prog[64];

	verifier_summary(h, why, sizeof(why));
	if (why[0]) {
		if (sscanf(h->verifier, "prog '%63[^']'", prog) != 1)
			strcpy(prog, "?");
		return hint(h, BX_HINT_VERBOSE, NULL,
			    fail(h, BX_FAULT_REJECTED, err,
				 "cannot load '%s': the verifier rejects program '%s': %s",
				 obj->path, prog, why));
	}
	if (err == -EPERM)
		return hint(h, BX_HINT_ROOT, NULL,
			    fail(h, BX_FAULT_PERMISSION, err,
				 "cannot load '%s': this needs CAP_SYS_ADMIN",
				 obj->path));
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
	/* the pin keeps the link, if there is one */
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
