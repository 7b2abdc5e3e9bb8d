// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: checking an object's bytes before libbpf reads them
 *
 * libbpf does not check the positions of an object's variables and members, nor for types
 * that contain themselves: a variable beyond its section, a function pointer that exceeds
 * its struct, or a typedef of itself make it access memory out of bounds, or never return.
 * An object is untrusted, so its ELF and BTF are checked here first.  object.c and ops.c
 * interpret them.
 */
#include <gelf.h>
#include <libelf.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/btf.h>

#include "internal.h"

#define SECTIONS_MAX	1024
/* How deeply types contain each other; the kernel's limit is 32 */
#define LEVELS_MAX	64
#define VISITING	0xff

/**
 * struct file - an object's bytes
 * @h: the handle
 * @shown: its name, for messages
 * @elf: the ELF file
 * @names: the section with the names of sections
 * @btf: its BTF
 * @levels: for each type, one more than the levels of types in it; 0 when it was
 *	not visited, VISITING during the visit
 */
struct file {
	struct bx_handle	*h;
	const char		*shown;
	Elf			*elf;
	size_t			names;
	struct btf		*btf;
	__u8			*levels;
};

static int broken(const struct file *f, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static int broken(const struct file *f, const char *fmt, ...)
{
	char what[256];
	va_list args;

	va_start(args, fmt);
	vsnprintf(what, sizeof(what), fmt, args);
	va_end(args);
	return fail(f->h, BX_FAULT_REJECTED, ENOEXEC,
		    "cannot use '%s': it is damaged: %s; build it again",
		    f->shown, what);
}

/* ---- ELF ---- */

static const char *section_name(const struct file *f, const GElf_Shdr *sh)
{
	return elf_strptr(f->elf, f->names, sh->sh_name) ?: "";
}

static Elf_Scn *find_section(const struct file *f, const char *name,
			     GElf_Shdr *sh)
{
	Elf_Scn *scn = NULL;

	while ((scn = elf_nextscn(f->elf, scn)))
		if (gelf_getshdr(scn, sh) && !strcmp(section_name(f, sh), name))
			return scn;
	return NULL;
}

/* Refuses sections that bxctl and libbpf could take differently, such as duplicate names. */
static int check_section(const struct file *f, Elf_Scn *scn)
{
	GElf_Shdr sh, other;
	const char *name;

	if (!gelf_getshdr(scn, &sh))
		return broken(f, "section %zu cannot be read",
			      elf_ndxscn(scn));
	name = section_name(f, &sh);
	if (sh.sh_size > OBJECT_SIZE_MAX)
		return broken(f, "section '%s' has %llu bytes, at most %d are allowed",
			      name, (unsigned long long)sh.sh_size,
			      OBJECT_SIZE_MAX);
	if (sh.sh_type != SHT_GROUP && name[0] &&
	    find_section(f, name, &other) != scn)
		return broken(f, "it has two sections '%s'", name);
	return 0;
}

static int check_symbols(const struct file *f, Elf_Scn *scn)
{
	Elf_Data *data = elf_getdata(scn, NULL);
	size_t count;
	GElf_Shdr sh;
	GElf_Sym sym;

	count = data ? data->d_size / sizeof(Elf64_Sym) : 0;
	for (size_t i = 0; i < count; i++) {
		if (!gelf_getsym(data, i, &sym))
			return broken(f, "symbol %zu cannot be read", i);
		if (sym.st_shndx == SHN_UNDEF || sym.st_shndx >= SHN_LORESERVE)
			continue;
		if (!gelf_getshdr(elf_getscn(f->elf, sym.st_shndx), &sh))
			return broken(f, "symbol %zu has no section", i);
		if (sym.st_value > sh.sh_size ||
		    sym.st_size > sh.sh_size - sym.st_value)
			return broken(f, "symbol %zu is out of the bounds of section '%s'",
				      i, section_name(f, &sh));
	}
	return 0;
}

static int check_elf(const struct file *f)
{
	Elf_Scn *scn = NULL;
	GElf_Shdr sh;
	size_t count;
	int err = 0;

	if (elf_getshdrnum(f->elf, &count) || count > SECTIONS_MAX)
		return broken(f, "it must have at most %d sections",
			      SECTIONS_MAX);
	while (!err && (scn = elf_nextscn(f->elf, scn))) {
		err = check_section(f, scn);
		if (!err && gelf_getshdr(scn, &sh) &&
		    sh.sh_type == SHT_SYMTAB)
			err = check_symbols(f, scn);
	}
	return err;
}

/* ---- BTF ---- */

static const char *name_at(const struct file *f, __u32 offset)
{
	return btf__name_by_offset(f->btf, offset) ?: "";
}

static int check_struct(const struct file *f, const struct btf_type *t)
{
	const struct btf_member *m = btf_members(t);
	const char *name = name_at(f, t->name_off);

	if (t->size > OBJECT_SIZE_MAX)
		return broken(f, "struct '%s' has %u bytes", name, t->size);
	for (__u32 i = 0; i < btf_vlen(t); i++, m++) {
		__s64 bits = btf_member_bitfield_size(t, i) ?:
			8 * btf__resolve_size(f->btf, m->type);

		if (bits < 0)
			return broken(f, "member '%s' of struct '%s' has no size",
				      name_at(f, m->name_off), name);
		if (btf_member_bit_offset(t, i) + bits > 8 * (__s64)t->size)
			return broken(f, "member '%s' of struct '%s' is out of its bounds",
				      name_at(f, m->name_off), name);
	}
	return 0;
}

/* Clang leaves sizes and offsets to libbpf, which reads them from symbols. */
static int check_datasec(const struct file *f, __u32 id,
			 const struct btf_type *t)
{
	const struct btf_var_secinfo *v = btf_var_secinfos(t);
	const char *name = name_at(f, t->name_off);
	size_t size = OBJECT_SIZE_MAX;
	GElf_Shdr sh;

	if (find_section(f, name, &sh))
		size = sh.sh_size;
	if (btf__find_by_name_kind(f->btf, name, BTF_KIND_DATASEC) != (__s32)id)
		return broken(f, "its BTF has section '%s' twice", name);
	if (t->size > size)
		return broken(f, "section '%s' is larger in its BTF", name);
	for (__u32 i = 0; i < btf_vlen(t); i++, v++) {
		const struct btf_type *var = btf__type_by_id(f->btf, v->type);

		if (!var || (!btf_is_var(var) && !btf_is_func(var)))
			return broken(f, "section '%s' has an entry that is not a variable",
				      name);
		if ((__u64)v->offset + v->size > size)
			return broken(f, "variable '%s' is out of the bounds of section '%s'",
				      name_at(f, var->name_off), name);
	}
	return 0;
}

/* Returns the levels of types, with this one; 0 when a type contains itself. */
static unsigned int levels(struct file *f, __u32 id, unsigned int depth);

static unsigned int levels_of(struct file *f, const struct btf_type *t,
			      unsigned int depth)
{
	unsigned int most = 1, n;

	switch (btf_kind(t)) {
	case BTF_KIND_ARRAY:
		return levels(f, btf_array(t)->type, depth);
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_CONST:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_TYPE_TAG:
	case BTF_KIND_VAR:
		return levels(f, t->type, depth);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		for (__u32 i = 0; i < btf_vlen(t); i++) {
			n = levels(f, btf_members(t)[i].type, depth);
			if (!n)
				return 0;
			if (n > most)
				most = n;
		}
	}
	return most;
}

static unsigned int levels(struct file *f, __u32 id, unsigned int depth)
{
	const struct btf_type *t = btf__type_by_id(f->btf, id);
	unsigned int n;

	if (!t || depth > LEVELS_MAX || f->levels[id] == VISITING)
		return 0;
	if (!f->levels[id]) {
		f->levels[id] = VISITING;
		n = levels_of(f, t, depth + 1);
		f->levels[id] = n && n < LEVELS_MAX ? n + 1 : VISITING;
	}
	return f->levels[id] == VISITING ? 0 : f->levels[id];
}

/* Checks levels first: a type that contains itself has no size. */
static int check_btf(struct file *f)
{
	__u32 count = btf__type_cnt(f->btf);
	int err = 0;

	f->levels = calloc(count, sizeof(*f->levels));
	if (!f->levels)
		return fail(f->h, BX_FAULT_FAILED, ENOMEM, "out of memory");
	for (__u32 id = 1; id < count; id++)
		if (!levels(f, id, 0))
			return broken(f, "type '%s' contains itself, or too many levels of types",
				      name_at(f, btf__type_by_id(f->btf, id)->name_off));
	for (__u32 id = 1; !err && id < count; id++) {
		const struct btf_type *t = btf__type_by_id(f->btf, id);

		if (btf_is_composite(t))
			err = check_struct(f, t);
		else if (btf_is_datasec(t))
			err = check_datasec(f, id, t);
	}
	return err;
}

static int read_btf(struct file *f)
{
	Elf_Data *data;
	Elf_Scn *scn;
	GElf_Shdr sh;

	scn = find_section(f, ".BTF", &sh);
	if (!scn)
		return fail(f->h, BX_FAULT_REJECTED, ENOEXEC,
			    "cannot use '%s': it has no BTF: build it with -g",
			    f->shown);
	data = elf_getdata(scn, NULL);
	if (data && data->d_buf)
		f->btf = btf__new(data->d_buf, data->d_size);
	return f->btf ? check_btf(f) : broken(f, "its BTF cannot be read");
}

static int check_file(struct file *f)
{
	GElf_Ehdr ehdr;
	int err;

	if (!gelf_getehdr(f->elf, &ehdr) || elf_kind(f->elf) != ELF_K_ELF ||
	    gelf_getclass(f->elf) != ELFCLASS64 || ehdr.e_type != ET_REL ||
	    ehdr.e_machine != EM_BPF || elf_getshdrstrndx(f->elf, &f->names))
		return fail(f->h, BX_FAULT_REJECTED, ENOEXEC,
			    "cannot use '%s': it is not a BPF object",
			    f->shown);
	err = check_elf(f);
	return err ?: read_btf(f);
}

/* Checks @data without changing it; @shown: its name in messages. */
int object_check_bytes(struct bx_handle *h, const char *shown, char *data,
		       size_t size)
{
	struct file f = { .h = h, .shown = shown };
	int err;

	elf_version(EV_CURRENT);
	f.elf = elf_memory(data, size);
	if (!f.elf)
		return fail(h, BX_FAULT_REJECTED, ENOEXEC,
			    "cannot use '%s': it is not a BPF object: %s",
			    shown, elf_errmsg(-1));
	log_begin(h);
	err = check_file(&f);
	log_end(h);
	btf__free(f.btf);
	free(f.levels);
	elf_end(f.elf);
	return err;
}
