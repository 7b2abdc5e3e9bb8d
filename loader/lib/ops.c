// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: a policy's fields, as its object describes them
 *
 * The fields are found by their names in the object's own BTF: an object may have
 * been built against another version of struct bus_ext_ops.  libbpf does the same
 * when it makes the kernel's value, so it could read ambiguous members differently, for
 * example two members of one name.  Hence a member that is not exactly as in
 * bpf/bus_ext.bpf.h is refused; a member may be missing.
 */
#include <stdio.h>
#include <string.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "internal.h"

enum member_kind {
	PROGRAM,	/* a pointer to a function */
	TEXT,		/* an array of characters */
	NUMBER,		/* an integer */
	WORDS,		/* an array of 64-bit integers */
};

static const struct known {
	const char		*name;
	enum member_kind	kind;
	__u32			size;
} known_members[] = {
	{ "select",	PROGRAM,	8 },
	{ "match",	PROGRAM,	8 },
	{ "event",	PROGRAM,	8 },
	{ "init",	PROGRAM,	8 },
	{ "exit",	PROGRAM,	8 },
	{ "call",	PROGRAM,	8 },
	{ "complete",	PROGRAM,	8 },
	{ "admit",	PROGRAM,	8 },
	{ "part",	PROGRAM,	8 },
	{ "name",	TEXT,		BX_NAME_LEN },
	{ "bus",	TEXT,		BX_NAME_LEN },
	{ "vendor",	NUMBER,		4 },
	{ "priority",	NUMBER,		4 },
	{ "flags",	NUMBER,		8 },
	{ "version",	NUMBER,		4 },
	{ "calls",	WORDS,		8 * BX_CALL_WORDS },
};

int ops_reject(struct bx_handle *h, const struct ops *v, const char *what)
{
	return fail(h, BX_FAULT_REJECTED, EINVAL,
		    "cannot use '%s': policy '%s': %s", v->path, v->map,
		    what);
}

static int reject_member(struct bx_handle *h, const struct ops *v,
			 const char *name, const char *what)
{
	char text[256];

	snprintf(text, sizeof(text), "member '%.64s' %s", name, what);
	return ops_reject(h, v, text);
}

/* ---- the members ---- */

static const char *name_of(const struct ops *v, const struct btf_member *m)
{
	return btf__name_by_offset(v->btf, m->name_off) ?: "";
}

static const struct btf_member *find_member(const struct ops *v,
					    const char *name)
{
	const struct btf_member *m = btf_members(v->type);

	for (__u32 i = 0; i < btf_vlen(v->type); i++, m++)
		if (!strcmp(name_of(v, m), name))
			return m;
	return NULL;
}

static const struct known *find_known(const char *name)
{
	size_t n = sizeof(known_members) / sizeof(*known_members);

	for (size_t i = 0; i < n; i++)
		if (!strcmp(known_members[i].name, name))
			return &known_members[i];
	return NULL;
}

static const struct btf_type *real_type(const struct ops *v, __u32 id)
{
	int real = btf__resolve_type(v->btf, id);

	return real < 0 ? NULL : btf__type_by_id(v->btf, real);
}

static bool is_array_of(const struct ops *v, const struct btf_type *t,
			__u32 size)
{
	const struct btf_type *item;

	if (!btf_is_array(t))
		return false;
	item = real_type(v, btf_array(t)->type);
	return item && btf_is_int(item) && item->size == size;
}

static bool has_kind(const struct ops *v, const struct btf_member *m,
		     const struct known *k)
{
	const struct btf_type *t = real_type(v, m->type), *to;

	if (!t || btf__resolve_size(v->btf, m->type) != (__s64)k->size)
		return false;
	switch (k->kind) {
	case PROGRAM:
		to = btf_is_ptr(t) ? real_type(v, t->type) : NULL;
		return to && btf_is_func_proto(to);
	case TEXT:
		return is_array_of(v, t, 1);
	case WORDS:
		return is_array_of(v, t, 8);
	default:
		return btf_is_int(t);
	}
}

static const char *describe(const struct known *k, char *buf, size_t size)
{
	switch (k->kind) {
	case PROGRAM:
		snprintf(buf, size, "must be a pointer to a function");
		break;
	case TEXT:
		snprintf(buf, size, "must be an array of %u characters",
			 k->size);
		break;
	case WORDS:
		snprintf(buf, size, "must be an array of %u 64-bit integers",
			 k->size / 8);
		break;
	default:
		snprintf(buf, size, "must be an integer of %u bits",
			 8 * k->size);
	}
	return buf;
}

/* Returns the member of this name within the value, or NULL. */
static char *field(const struct ops *v, const char *name)
{
	const struct btf_member *m = find_member(v, name);
	const struct known *k = find_known(name);

	if (!m || (size_t)m->offset / 8 + k->size > v->size)
		return NULL;
	return v->data + m->offset / 8;
}

/* Returns whether a member overlaps one of those that were checked before. */
static bool overlaps(const struct ops *v, int which, const struct known *k)
{
	const struct btf_member *m = btf_members(v->type);
	__u32 from = m[which].offset / 8;

	for (int i = 0; i < which; i++) {
		__u32 other = m[i].offset / 8;

		if (other < from + k->size &&
		    from < other + find_known(name_of(v, &m[i]))->size)
			return true;
	}
	return false;
}

static int check_member(struct bx_handle *h, const struct ops *v, int i)
{
	const struct btf_member *m = btf_members(v->type) + i;
	const char *name = name_of(v, m);
	const struct known *k = find_known(name);
	char must[64];

	if (!k)
		return reject_member(h, v, name,
				     "is unknown to this version of the library: remove it, or update the library");
	if (find_member(v, name) != m)
		return reject_member(h, v, name, "is there twice");
	if (btf_member_bitfield_size(v->type, i) || m->offset % 8)
		return reject_member(h, v, name, "must not be a bit-field");
	if (!has_kind(v, m, k))
		return reject_member(h, v, name,
				     describe(k, must, sizeof(must)));
	if (!field(v, name))
		return reject_member(h, v, name,
				     "is out of the bounds of the struct");
	if (overlaps(v, i, k))
		return reject_member(h, v, name, "overlaps another member");
	return 0;
}

static int check_members(struct bx_handle *h, const struct ops *v)
{
	static const char *const needed[] = { "name", "bus", "flags" };
	int err = 0;

	for (__u32 i = 0; !err && i < btf_vlen(v->type); i++)
		err = check_member(h, v, i);
	for (size_t i = 0; !err && i < sizeof(needed) / sizeof(*needed); i++)
		if (!find_member(v, needed[i]))
			err = reject_member(h, v, needed[i], "is missing");
	return err;
}

/* ---- their values ---- */

/* Reads a number of 4 or 8 bytes; 0 when the object does not have the member. */
static __u64 number(const struct ops *v, const char *name)
{
	const char *data = field(v, name);
	__u64 n64 = 0;
	__u32 n32 = 0;

	if (!data)
		return 0;
	if (find_known(name)->size == sizeof(n64)) {
		memcpy(&n64, data, sizeof(n64));
		return n64;
	}
	memcpy(&n32, data, sizeof(n32));
	return n32;
}

/* Reads a name, which must be set, terminated, short enough and of valid characters. */
static int string(struct bx_handle *h, const struct ops *v,
		  const char *name, char *out)
{
	const char *data = field(v, name);
	size_t len = strnlen(data, BX_NAME_LEN);
	char what[256];

	if (!len) {
		snprintf(what, sizeof(what), "it has no %s: set .%s", name,
			 name);
		return ops_reject(h, v, what);
	}
	if (len == BX_NAME_LEN) {
		snprintf(what, sizeof(what),
			 "its .%s is too long: %d characters at most", name,
			 BX_NAME_LEN - 1);
		return ops_reject(h, v, what);
	}
	memcpy(out, data, len + 1);
	if (!bx_name_is_good(out)) {
		snprintf(what, sizeof(what),
			 "its .%s '%s' is not a valid name: use " BX_NAME_RULE,
			 name, out);
		return ops_reject(h, v, what);
	}
	return 0;
}

static bool is_program(const struct ops *v, const struct bpf_program *prog)
{
	struct bpf_program *p;

	bpf_object__for_each_program(p, v->obj)
		if (p == prog)
			return true;
	return false;
}

/* Returns the program of a member, where libbpf has put a pointer to it. */
static const struct bpf_program *program(const struct ops *v,
					 const struct known *k)
{
	const char *data = k->kind == PROGRAM ? field(v, k->name) : NULL;
	const struct bpf_program *prog = NULL;

	if (data)
		memcpy(&prog, data, sizeof(prog));
	return prog;
}

bool ops_has_program(const struct ops *v, const struct bpf_program *prog)
{
	size_t n = sizeof(known_members) / sizeof(*known_members);

	for (size_t i = 0; i < n; i++)
		if (program(v, &known_members[i]) == prog)
			return true;
	return false;
}

static int check_programs(struct bx_handle *h, const struct ops *v)
{
	size_t n = sizeof(known_members) / sizeof(*known_members);
	unsigned int count = 0;

	for (size_t i = 0; i < n; i++) {
		const struct bpf_program *prog = program(v, &known_members[i]);

		if (prog && !is_program(v, prog))
			return reject_member(h, v, known_members[i].name,
					     "must point to a program of the object");
		count += !!prog;
	}
	return count ? 0 :
		ops_reject(h, v, "it implements nothing: set .select or .match");
}

/* Sets a name, before the object is loaded; it fits. */
void ops_put_text(const struct ops *v, const char *name, const char *text)
{
	copy_name(field(v, name), BX_NAME_LEN, text);
}

/* Sets a number of 4 bytes. */
void ops_put_number(const struct ops *v, const char *name, __u32 number)
{
	memcpy(field(v, name), &number, sizeof(number));
}

/* Leaves a program out. */
void ops_drop_program(const struct ops *v, const char *name)
{
	memset(field(v, name), 0, find_known(name)->size);
}

static void stage(const struct ops *v, __u64 flags)
{
	flags |= BX_F_STAGED;
	memcpy(field(v, "flags"), &flags, sizeof(flags));
}

/* Reads the fields of a policy; @extra: flags that it gets in addition to its own. */
int ops_read(struct bx_handle *h, const struct ops *v, __u64 extra,
	     struct bx_applied *about)
{
	int err;

	err = check_members(h, v);
	if (!err)
		err = string(h, v, "name", about->name);
	if (!err)
		err = string(h, v, "bus", about->target);
	if (!err)
		err = check_programs(h, v);
	if (err)
		return err;

	about->kind = BX_ITEM_POLICY;
	about->vendor = number(v, "vendor") ?: BX_ANY;
	about->priority = number(v, "priority");
	about->flags = number(v, "flags");
	about->built_shadow = about->flags & BX_F_SHADOW;
	about->version = number(v, "version");
	if (about->flags & ~(__u64)BX_F_ALL)
		return ops_reject(h, v,
				  "it has flags that this version of the library does not know");
	if (about->flags & BX_F_STAGED)
		return ops_reject(h, v,
				  "it has BX_F_STAGED, which is for loaders: leave it out");
	about->flags |= extra;
	stage(v, about->flags);
	return 0;
}
