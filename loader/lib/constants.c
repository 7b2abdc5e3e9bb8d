// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: settings of a bundle become constants of its policies
 *
 * A setting is the variable of the same name in the section .rodata of an object that is
 * open and not yet loaded: the verifier sees a constant.  Other sections of constants
 * (.rodata.NAME) have no settings.
 */
#include <stdio.h>
#include <string.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "bundle.h"

#define CONSTANTS	".rodata"

/**
 * struct constant - a constant of an object
 * @type: its type
 * @data: its value
 * @size: its size in bytes
 */
struct constant {
	const struct btf_type	*type;
	char			*data;
	size_t			size;
};

static int misfit(struct bx_bundle *b, const struct object *obj,
		  const struct setting *s, const char *what)
{
	return fail(b->h, BX_FAULT_REJECTED, EINVAL,
		    "the setting '%s' of bundle '%s' does not fit the variable of that name in '%s': it is %s",
		    s->about.name, b->about.name, obj->path, what);
}

static const struct btf_type *real_type(const struct btf *btf, __u32 id)
{
	int real = btf__resolve_type(btf, id);

	return real < 0 ? NULL : btf__type_by_id(btf, real);
}

static bool has_name(const struct btf *btf, const struct btf_var_secinfo *v,
		     const char *name)
{
	const struct btf_type *var = btf__type_by_id(btf, v->type);

	return btf_is_var(var) &&
		!strcmp(btf__name_by_offset(btf, var->name_off), name);
}

/* Finds the entry of a variable in the section; returns NULL without one. */
static const struct btf_var_secinfo *find_entry(const struct btf *btf,
						const char *name,
						unsigned int *count)
{
	int id = btf__find_by_name_kind(btf, CONSTANTS, BTF_KIND_DATASEC);
	const struct btf_type *sec = id < 0 ? NULL : btf__type_by_id(btf, id);
	const struct btf_var_secinfo *found = NULL;

	*count = 0;
	for (__u32 i = 0; sec && i < btf_vlen(sec); i++) {
		const struct btf_var_secinfo *v = btf_var_secinfos(sec) + i;

		if (!has_name(btf, v, name))
			continue;
		found = v;
		++*count;
	}
	return found;
}

/* Returns 1 with the constant of a setting, 0 without it, or an errno. */
static int find_constant(struct bx_bundle *b, const struct object *obj,
			 const struct setting *s, struct constant *c)
{
	struct bpf_map *map = bpf_object__find_map_by_name(obj->bpf, CONSTANTS);
	const struct btf *btf = bpf_object__btf(obj->bpf);
	const struct btf_var_secinfo *v;
	unsigned int count;
	size_t size = 0;

	v = find_entry(btf, s->about.name, &count);
	if (!v || !map)
		return 0;
	if (count > 1)
		return misfit(b, obj, s, "there more than once");
	c->data = bpf_map__initial_value(map, &size);
	c->size = v->size;
	c->type = real_type(btf, v->type);
	if (!c->data || !c->type || (__u64)v->offset + v->size > size ||
	    btf__resolve_size(btf, v->type) != (__s64)v->size)
		return misfit(b, obj, s, "out of the bounds of its section");
	c->data += v->offset;
	return 1;
}

static bool fits(int64_t n, size_t size, bool is_signed)
{
	int bits = 8 * size;

	if (size == 8)
		return is_signed || n >= 0;
	if (is_signed)
		return n >= -(1LL << (bits - 1)) && n < 1LL << (bits - 1);
	return n >= 0 && n < 1LL << bits;
}

/* Writes a number of @size bytes in the byte order of the machine. */
static void write_number(char *to, int64_t n, size_t size)
{
	union {
		__u8	u8;
		__u16	u16;
		__u32	u32;
		__u64	u64;
	} v;

	switch (size) {
	case 1:
		v.u8 = n;
		break;
	case 2:
		v.u16 = n;
		break;
	case 4:
		v.u32 = n;
		break;
	default:
		v.u64 = n;
		break;
	}
	memcpy(to, &v, size);
}

static bool is_number(const struct constant *c)
{
	return btf_is_int(c->type) && (c->size == 1 || c->size == 2 ||
				       c->size == 4 || c->size == 8);
}

static int put_number(struct bx_bundle *b, const struct object *obj,
		      const struct setting *s, const struct constant *c)
{
	int64_t n = 0;

	if (!is_number(c))
		return misfit(b, obj, s, "not a number");
	if (s->about.type == BX_SETTING_BOOL)
		n = !strcmp(s->value, "true");
	else if (!number_from(s->value, &n))
		return misfit(b, obj, s, "a number, and the value is not");
	if (!fits(n, c->size, btf_int_encoding(c->type) & BTF_INT_SIGNED))
		return misfit(b, obj, s, "too small for this value");
	write_number(c->data, n, c->size);
	return 0;
}

static int put_text(struct bx_bundle *b, const struct object *obj,
		    const struct setting *s, const struct constant *c)
{
	if (!btf_is_array(c->type) || c->size != btf_array(c->type)->nelems)
		return misfit(b, obj, s, "not an array of characters");
	if (strlen(s->value) >= c->size)
		return misfit(b, obj, s, "too short for this value");
	memset(c->data, 0, c->size);
	memcpy(c->data, s->value, strlen(s->value));
	return 0;
}

/* Writes the items of a list into an array of texts, which are empty behind the last one. */
static int put_list(struct bx_bundle *b, const struct object *obj,
		    const struct setting *s, const struct constant *c)
{
	const struct btf *btf = bpf_object__btf(obj->bpf);
	const struct btf_type *text = btf_is_array(c->type) ?
		real_type(btf, btf_array(c->type)->type) : NULL;
	const char *item = s->value;
	size_t room, len, at = 0;

	if (!text || !btf_is_array(text) ||
	    c->size != (size_t)btf_array(c->type)->nelems * btf_array(text)->nelems)
		return misfit(b, obj, s, "not an array of arrays of characters");
	room = btf_array(text)->nelems;
	if (s->about.max_items * room > c->size)
		return misfit(b, obj, s, "too short for all items");
	memset(c->data, 0, c->size);
	for (; *item; item += len + !!item[len]) {
		len = strcspn(item, ",");
		if (len >= room)
			return misfit(b, obj, s, "too narrow for an item");
		memcpy(c->data + at, item, len);
		at += room;
	}
	return 0;
}

static int put_setting(struct bx_bundle *b, const struct object *obj,
		       const struct setting *s, const struct constant *c)
{
	switch (s->about.type) {
	case BX_SETTING_STRING:
		return put_text(b, obj, s, c);
	case BX_SETTING_LIST:
		return put_list(b, obj, s, c);
	default:
		return put_number(b, obj, s, c);
	}
}

/* Writes the settings that have a constant in the object, and sets their bits in @seen. */
int constants_put(struct bx_bundle *b, const struct object *obj, uint64_t *seen)
{
	struct constant c = {};

	for (unsigned int i = 0; i < b->nr_settings; i++) {
		const struct setting *s = &b->settings[i];
		int ret = find_constant(b, obj, s, &c);

		if (ret > 0) {
			*seen |= 1ULL << i;
			ret = put_setting(b, obj, s, &c);
		}
		if (ret < 0)
			return ret;
	}
	return 0;
}

int constants_check(struct bx_bundle *b, uint64_t seen)
{
	for (unsigned int i = 0; i < b->nr_settings; i++)
		if (!(seen & 1ULL << i))
			return fail(b->h, BX_FAULT_REJECTED, EINVAL,
				    "the setting '%s' of bundle '%s' has no effect: no policy has a variable 'const volatile ... %s'%s%s",
				    b->settings[i].about.name, b->about.name,
				    b->settings[i].about.name, b->nr_rules ?
				    ", and no rule has $" : "",
				    b->nr_rules ? b->settings[i].about.name : "");
	return 0;
}
