// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * bxctl refuses a manipulated object before anything is loaded
 *
 * A good object is changed as a stranger could change it: a string, or a few bytes of
 * its ELF and BTF.  A bundle of it is installed and applied: both must end with a
 * message that names the cause, and leave nothing.  The kernel is that of
 * fake_kernel.h.
 */
#include <gelf.h>
#include <glob.h>
#include <libelf.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <sys/stat.h>

#include "lib/bundle.h"
#include "fake.h"
#include "world.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define OPS		"bus_ext_ops"
#define LINK_SECTION	".struct_ops.link"

/**
 * struct image - the bytes of an object
 * @data: all of them
 * @size: their number
 * @elf: the ELF file
 * @btf: its BTF; changes are written back by image_write()
 */
struct image {
	char		*data;
	size_t		size;
	Elf		*elf;
	struct btf	*btf;
};

static char *section(const struct image *img, const char *name, GElf_Shdr *sh)
{
	Elf_Scn *scn = NULL;
	size_t names;

	elf_getshdrstrndx(img->elf, &names);
	while ((scn = elf_nextscn(img->elf, scn)))
		if (gelf_getshdr(scn, sh) &&
		    !strcmp(elf_strptr(img->elf, names, sh->sh_name), name))
			return img->data + sh->sh_offset;
	fprintf(stderr, "no '%s' in the object\n", name);
	abort();
}

/* All strings that end in @from end in @to, which is not longer. */
static void replace(struct image *img, const char *from, const char *to)
{
	size_t len = strlen(from) + 1;
	char *at = img->data;
	bool found = false;

	while ((at = memmem(at, img->data + img->size - at, from, len))) {
		memset(at, 0, len);
		memcpy(at, to, strlen(to));
		found = true;
	}
	if (!found)
		abort();
}

static void image_read(struct image *img, const char *path, const char *from,
		       const char *to)
{
	FILE *f = fopen(path, "re");
	GElf_Shdr sh;
	char *btf;

	*img = (struct image) { .data = malloc(1 << 20) };
	if (!f || !img->data) {
		perror(path);
		exit(1);
	}
	img->size = fread(img->data, 1, 1 << 20, f);
	fclose(f);
	if (from)
		replace(img, from, to);
	elf_version(EV_CURRENT);
	img->elf = elf_memory(img->data, img->size);
	btf = section(img, ".BTF", &sh);
	img->btf = btf__new(btf, sh.sh_size);
	if (!img->btf)
		abort();
}

/* @size: of its bytes, the first so many */
static void image_write(struct image *img, const char *path, size_t size)
{
	FILE *f = fopen(path, "we");
	GElf_Shdr sh;
	__u32 len;
	const void *raw = btf__raw_data(img->btf, &len);

	memcpy(section(img, ".BTF", &sh), raw, len);
	if (!f || fwrite(img->data, 1, size, f) != size || fclose(f))
		abort();
	btf__free(img->btf);
	elf_end(img->elf);
	free(img->data);
}

static struct btf_type *type_by_name(const struct image *img, const char *name,
				     __u32 kind)
{
	int id = btf__find_by_name_kind(img->btf, name, kind);

	if (id < 0)
		abort();
	return (struct btf_type *)btf__type_by_id(img->btf, id);
}

static struct btf_member *member_of(const struct image *img,
				    struct btf_type *t, const char *name)
{
	struct btf_member *m = btf_members(t);

	for (__u32 i = 0; i < btf_vlen(t); i++, m++)
		if (!strcmp(btf__name_by_offset(img->btf, m->name_off), name))
			return m;
	abort();
}

static struct btf_type *ops(const struct image *img)
{
	return type_by_name(img, OPS, BTF_KIND_STRUCT);
}

static struct btf_member *member(const struct image *img, const char *name)
{
	return member_of(img, ops(img), name);
}

/* ---- changes ---- */

static void bit_field(struct image *img)
{
	ops(img)->info |= 1U << 31;
	member(img, "vendor")->offset |= 32 << 24;
}

static void between_bytes(struct image *img)
{
	member(img, "vendor")->offset += 1;
}

static void far_away(struct image *img)
{
	member(img, "match")->offset = 0xfffffff8;
}

static void sticks_out(struct image *img)
{
	member(img, "complete")->offset = (ops(img)->size - 4) * 8;
}

static void overlaps(struct image *img)
{
	member(img, "vendor")->offset = member(img, "priority")->offset + 8;
}

static void wide_vendor(struct image *img)
{
	member(img, "vendor")->type = member(img, "flags")->type;
}

static void narrow_flags(struct image *img)
{
	member(img, "flags")->type = member(img, "vendor")->type;
}

static void flags_are_a_pointer(struct image *img)
{
	member(img, "flags")->type = member(img, "select")->type;
}

static void name_of_numbers(struct image *img)
{
	member(img, "name")->type = member(img, "calls")->type;
}

static void program_is_a_number(struct image *img)
{
	member(img, "event")->type = member(img, "flags")->type;
}

static void calls_are_text(struct image *img)
{
	member(img, "calls")->type = member(img, "bus")->type;
}

static void wild_pointer(struct image *img)
{
	GElf_Shdr sh;

	memset(section(img, LINK_SECTION, &sh) +
	       member(img, "match")->offset / 8, 0x41, 8);
}

static void typedef_of_itself(struct image *img)
{
	for (__u32 id = 1; id < btf__type_cnt(img->btf); id++) {
		struct btf_type *t = (void *)btf__type_by_id(img->btf, id);

		if (!btf_is_typedef(t))
			continue;
		t->type = id;
		return;
	}
	abort();
}

static void struct_in_itself(struct image *img)
{
	member(img, "vendor")->type =
		btf__find_by_name_kind(img->btf, OPS, BTF_KIND_STRUCT);
}

static void far_variable(struct image *img)
{
	struct btf_type *t = type_by_name(img, LINK_SECTION,
					  BTF_KIND_DATASEC);

	t->size = ops(img)->size;
	btf_var_secinfos(t)->offset = 0xffffff00;
}

static void large_section(struct image *img)
{
	type_by_name(img, LINK_SECTION, BTF_KIND_DATASEC)->size = 1 << 16;
}

static void far_symbol(struct image *img)
{
	GElf_Shdr sh;
	Elf64_Sym *sym = (void *)section(img, ".symtab", &sh);
	size_t n = sh.sh_size / sizeof(*sym);

	for (size_t i = 0; i < n; i++)
		if (ELF64_ST_TYPE(sym[i].st_info) == STT_OBJECT)
			sym[i].st_value = 0xffffff00;
}

static void false_map(struct image *img)
{
	struct btf_type *t = type_by_name(img, "pinned", BTF_KIND_VAR);

	t = (void *)btf__type_by_id(img->btf, t->type);
	member_of(img, t, "type")->type =
		member_of(img, t, "max_entries")->type;
}

static void large_struct(struct image *img)
{
	ops(img)->size = 0xfffffff0;
}

/**
 * struct row - a changed object
 * @name: its fault
 * @object: the object; NULL for good
 * @from: a string in it, or NULL
 * @to: the string that replaces it
 * @edit: another change, or NULL
 * @size: its first bytes, or 0 for all
 * @says: bxctl's message has this
 */
static const struct row {
	const char	*name;
	const char	*object;
	const char	*from;
	const char	*to;
	void		(*edit)(struct image *img);
	size_t		size;
	const char	*says;
} rows[] = {
	/* the members of a policy */
	{ "two members of one name", .from = "version", .to = "vendor",
	  .says = "member 'vendor' is there twice" },
	{ "two members of one name, flags", .from = "calls", .to = "flags",
	  .says = "member 'flags' is there twice" },
	{ "an unknown member", .from = "priority", .to = "prio",
	  .says = "member 'prio' is unknown to this version of the library" },
	{ "a member that is missing", .from = "flags", .to = "bags",
	  .says = "member 'bags' is unknown" },
	{ "a bit-field", .edit = bit_field,
	  .says = "member 'vendor' must not be a bit-field" },
	{ "a member between bytes", .edit = between_bytes,
	  .says = "member 'vendor' must not be a bit-field" },
	{ "a member far away", .edit = far_away,
	  .says = "member 'match' of struct 'bus_ext_ops' is out of its bounds" },
	{ "a program that sticks out", .edit = sticks_out,
	  .says = "member 'complete' of struct 'bus_ext_ops' is out of its bounds" },
	{ "overlapping members", .edit = overlaps,
	  .says = "member 'priority' overlaps another member" },
	{ "a vendor of 64 bits", .edit = wide_vendor,
	  .says = "member 'vendor' must be an integer of 32 bits" },
	{ "flags of 32 bits", .edit = narrow_flags,
	  .says = "member 'flags' must be an integer of 64 bits" },
	{ "flags that are a pointer", .edit = flags_are_a_pointer,
	  .says = "member 'flags' must be an integer of 64 bits" },
	{ "a name of numbers", .edit = name_of_numbers,
	  .says = "member 'name' must be an array of 32 characters" },
	{ "a program that is a number", .edit = program_is_a_number,
	  .says = "member 'event' must be a pointer to a function" },
	{ "calls that are text", .edit = calls_are_text,
	  .says = "member 'calls' must be an array of" },
	{ "a wild pointer", .edit = wild_pointer,
	  .says = "member 'match' must point to a program of the object" },
	{ "a name that is an option", .from = "loader_test",
	  .to = "-oader_test", .says = "its .name '-oader_test' is not a valid name" },

	/* faults that libbpf does not check for */
	{ "a typedef of itself", .edit = typedef_of_itself,
	  .says = "contains itself" },
	{ "a struct in itself", .edit = struct_in_itself,
	  .says = "type 'bus_ext_ops' contains itself" },
	{ "a struct of 4 GiB", .edit = large_struct,
	  .says = "struct 'bus_ext_ops' has 4294967280 bytes" },
	{ "a variable far away", .edit = far_variable,
	  .says = "variable 'loader_test' is out of the bounds of section '" LINK_SECTION "'" },
	{ "a section that is larger in its BTF", .edit = large_section,
	  .says = "section '" LINK_SECTION "' is larger" },
	{ "a symbol far away", .edit = far_symbol,
	  .says = "is out of the bounds of section" },
	{ "two sections of one name", "beside", "kprobe/do_group_exit",
	  "struct_ops", .says = "two sections 'struct_ops'" },
	{ "two sections of constants", "settings", ".rodata.a", ".rodata",
	  .says = "two sections '.rodata'" },
	{ "half of an object", .size = 1500, .says = "cannot use" },

	/* programs and maps that would be loaded, too */
	{ "a map that pins itself", "pinned",
	  .says = "map 'pinned' asks to be pinned as '/sys/fs/bpf/pinned'" },
	{ "a map that claims to be a policy", "pinned", .edit = false_map,
	  .says = "policy 'pinned': it is not a struct in the section" },
	{ "a kprobe", "beside",
	  .says = "program 'beside' in section 'kprobe/do_group_exit' is neither" },
	{ "an LSM program", "beside", "kprobe/do_group_exit", "lsm/bpf",
	  .says = "program 'beside' in section 'lsm/bpf' is neither" },
	{ "an XDP program", "beside", "kprobe/do_group_exit", "xdp",
	  .says = "section 'xdp' is neither" },
	{ "a syscall program", "beside", "kprobe/do_group_exit", "syscall",
	  .says = "section 'syscall' is neither" },
	{ "a tracing program", "beside", "kprobe/do_group_exit", "tp_btf/x",
	  .says = "section 'tp_btf/x' is neither" },
	{ "an fentry program", "beside", "kprobe/do_group_exit", "fentry/x",
	  .says = "section 'fentry/x' is neither" },
	{ "another fmod_ret program", "beside", "kprobe/do_group_exit",
	  "fmod_ret/x", .says = "section 'fmod_ret/x' is neither" },
	{ "a program of no type", "beside", "kprobe/do_group_exit", "x",
	  .says = "section 'x' is neither" },
	{ "a program that no policy uses", "beside", "kprobe/do_group_exit",
	  "struct_ops.s",
	  .says = "program 'beside' in section 'struct_ops.s' is not used by any policy" },
	{ "an optional program", "beside", "kprobe/do_group_exit",
	  "?struct_ops.s", .says = "program 'beside' in section 'struct_ops.s' is optional" },
	{ "an optional policy", .from = LINK_SECTION, .to = "?.struct_ops",
	  .says = "policy 'loader_test': it is in an optional section" },
	{ "a policy without a link", .from = LINK_SECTION, .to = ".struct_ops",
	  .says = "put it into .struct_ops.link" },
	{ "a policy of another type", .from = OPS, .to = "tcp_ops",
	  .says = "it is a struct tcp_ops, and only struct bus_ext_ops can be attached" },
};

/* ---- results ---- */

const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
	return "exitcode=77:detect_leaks=0";
}

static unsigned int results, failures;
static char objects[1024];

static bool report(bool ok, const char *name)
{
	failures += !ok;
	printf("%sok %u %s\n", ok ? "" : "not ", ++results, name);
	return ok;
}

static void object_path(char *buf, const char *name)
{
	snprintf(buf, PATH_MAX, "%s/%s.bpf.o", objects, name);
}

/* A bundle with the object of a row */
static void write_bundle(const struct row *row, const char *dir)
{
	char path[PATH_MAX];
	struct image img;
	FILE *f;

	mkdir(dir, 0700);
	snprintf(path, sizeof(path), "%s/bundle.yaml", dir);
	f = fopen(path, "we");
	if (!f)
		abort();
	fputs("bundle: x\nversion: 1\nvendor: v\nsummary: s\n"
	      "claims: [ { bus: pci } ]\npolicies: [ x.bpf.o ]\n", f);
	fclose(f);
	object_path(path, row->object ?: "good");
	image_read(&img, path, row->from, row->to);
	if (row->edit)
		row->edit(&img);
	snprintf(path, sizeof(path), "%s/x.bpf.o", dir);
	image_write(&img, path, row->size ?: img.size);
}

/* For tests in shell: the bundle of the row of that name */
static int write_row(const char *name, const char *dir)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (!strcmp(rows[i].name, name)) {
			write_bundle(&rows[i], dir);
			return 0;
		}
	fprintf(stderr, "there is no object '%s'\n", name);
	return 1;
}

/* Returns the expected effect that a command did not have. */
static const char *failed(const struct row *row, const char *command,
			  struct result *r)
{
	static struct world before, after;
	uint32_t things = fake->last_thing;

	world_read(NULL, &before);
	world_run(command, FAULT_NONE, 0, r);
	world_read(NULL, &after);
	if (r->status != BX_FAULT_REJECTED)
		return "it must end with status 4";
	if (!strstr(r->said, row->says))
		return "its message must name the cause";
	if (fake->last_thing != things)
		return "nothing may be loaded";
	if (strcmp(before.all, after.all))
		return "nothing may be left";
	return NULL;
}

static void run_row(const struct row *row)
{
	static const char *const commands[] = {
		"install --offline --allow-unsigned @/out/x",
		"apply --allow-unsigned @/out/x",
	};
	const char *what = NULL;
	struct result r;

	world_reset();
	write_bundle(row, world_path("out/x"));
	for (size_t i = 0; !what && i < ARRAY_SIZE(commands); i++)
		what = failed(row, commands[i], &r);
	if (!report(!what, row->name))
		printf("# %s: \"%s\"\n# status %d: %s\n", what, row->says,
		       r.status, r.said);
}

/* ---- good objects ---- */

static struct bx_handle *handle(void)
{
	static struct bx_handle *h;

	if (!h && bx_open(&h, NULL))
		abort();
	return h;
}

static void all_are_good(const char *pattern)
{
	struct object obj;
	glob_t list;
	bool ok;

	ok = !glob(pattern, 0, NULL, &list) && list.gl_pathc;
	for (size_t i = 0; ok && i < list.gl_pathc; i++) {
		const char *path = list.gl_pathv[i];

		ok = !object_open(handle(), path, path, 0, &obj) && obj.count;
		object_close(&obj);
		if (!ok)
			printf("# %s\n", bx_error(handle()));
	}
	report(ok, "the objects of all bundles are accepted");
	globfree(&list);
}

/* ---- settings ---- */

#define SETTING(name, type, value) \
	"  " name ": { type: " type ", default: " value ", help: h }\n"

#define LIST(name, max, value) \
	"  " name ": { type: list, max_items: " max ", default: " value ", help: h }\n"

static const char settings[] =
	"bundle: x\nversion: 1\nvendor: v\nsummary: s\n"
	"claims: [ { bus: pci } ]\npolicies: [ x.bpf.o ]\nsettings:\n"
	SETTING("size1", "int", "-2")
	SETTING("size2", "int", "0xfffe")
	SETTING("size4", "int", "-3")
	SETTING("size8", "int", "0x123456789abcdef")
	SETTING("flag", "bool", "true")
	SETTING("text", "string", "abcdefg")
	LIST("list", "2", "[ abc, d ]");

static int put(const char *manifest, struct object *obj)
{
	struct bx_bundle *b;
	uint64_t seen = 0;
	int err;

	err = bundle_parse(handle(), "x", strdup(manifest), strlen(manifest),
			   &b);
	if (!err)
		err = constants_put(b, obj, &seen) ?: constants_check(b, seen);
	bx_bundle_close(b);
	return err;
}

static const void *constant(const struct object *obj, const char *sec,
			    const char *name)
{
	const struct btf *btf = bpf_object__btf(obj->bpf);
	struct bpf_map *map = bpf_object__find_map_by_name(obj->bpf, sec);
	int id = btf__find_by_name_kind(btf, sec, BTF_KIND_DATASEC);
	const struct btf_type *t = btf__type_by_id(btf, id);
	const struct btf_var_secinfo *v = btf_var_secinfos(t);
	size_t size;
	char *data = bpf_map__initial_value(map, &size);

	for (__u32 i = 0; i < btf_vlen(t); i++, v++) {
		const struct btf_type *var = btf__type_by_id(btf, v->type);

		if (!strcmp(btf__name_by_offset(btf, var->name_off), name))
			return data + v->offset;
	}
	abort();
}

static void settings_are_constants(void)
{
	char path[PATH_MAX];
	struct object obj;
	bool ok;

	object_path(path, "settings");
	ok = !object_open(handle(), path, path, 0, &obj) &&
		!put(settings, &obj) &&
		*(__s8 *)constant(&obj, ".rodata", "size1") == -2 &&
		*(__u16 *)constant(&obj, ".rodata", "size2") == 0xfffe &&
		*(__s32 *)constant(&obj, ".rodata", "size4") == -3 &&
		*(__u64 *)constant(&obj, ".rodata", "size8") ==
			0x123456789abcdef &&
		*(bool *)constant(&obj, ".rodata", "flag") &&
		!strcmp(constant(&obj, ".rodata", "text"), "abcdefg") &&
		!memcmp(constant(&obj, ".rodata", "list"), "abc\0d\0\0\0\0\0\0", 12);
	report(ok, "a setting of each size and type is written");
	ok = ok && *(__s32 *)constant(&obj, ".rodata.a", "elsewhere") == 7;
	report(ok, "a constant of another section stays");
	ok = put("bundle: x\nversion: 1\nvendor: v\nsummary: s\n"
		 "claims: [ { bus: pci } ]\npolicies: [ x.bpf.o ]\nsettings:\n"
		 SETTING("elsewhere", "int", "1"), &obj) == -EINVAL &&
		strstr(bx_error(handle()), "'elsewhere' of bundle 'x' has no effect");
	report(ok, "a constant of another section is not a setting");
	object_close(&obj);
}

static void misfits(const char *name, const char *manifest, const char *says)
{
	char path[PATH_MAX];
	struct object obj;
	bool ok;

	object_path(path, "settings");
	ok = !object_open(handle(), path, path, 0, &obj) &&
		put(manifest, &obj) == -EINVAL &&
		strstr(bx_error(handle()), says);
	if (!report(ok, name))
		printf("# %s\n", bx_error(handle()));
	object_close(&obj);
}

#define MANIFEST_OF(setting) \
	"bundle: x\nversion: 1\nvendor: v\nsummary: s\n" \
	"claims: [ { bus: pci } ]\npolicies: [ x.bpf.o ]\nsettings:\n" setting

static void two_constants_of_one_name(void)
{
	char path[PATH_MAX], to[PATH_MAX];
	struct object obj;
	struct image img;
	bool ok;

	object_path(path, "settings");
	image_read(&img, path, "size4", "size8");
	snprintf(to, sizeof(to), "%s", world_path("out/two.bpf.o"));
	image_write(&img, to, img.size);
	ok = !object_open(handle(), to, to, 0, &obj) &&
		put(MANIFEST_OF(SETTING("size8", "int", "1")), &obj) ==
			-EINVAL &&
		strstr(bx_error(handle()), "there more than once");
	if (!report(ok, "two constants of one name are refused"))
		printf("# %s\n", bx_error(handle()));
	object_close(&obj);
}

/* 'objects', or 'objects ROW DIR' to write the bundle of a row */
int main(int argc, char **argv)
{
	const char *build = getenv("BUILD") ?: "build";
	char pattern[5000];

	snprintf(objects, sizeof(objects), "%s/loader/tests/objects", build);
	if (argc == 3)
		return write_row(argv[1], argv[2]);
	if (!world_begin(objects, ARRAY_SIZE(rows) + 11))
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		run_row(&rows[i]);
	world_reset();
	snprintf(pattern, sizeof(pattern), "%s/bpf/bundles/*/*.bpf.o", build);
	all_are_good(pattern);
	settings_are_constants();
	two_constants_of_one_name();
	misfits("a number that does not fit",
		MANIFEST_OF(SETTING("size1", "int", "128")),
		"it is too small for this value");
	misfits("text that does not fit",
		MANIFEST_OF(SETTING("text", "string", "abcdefgh")),
		"it is too short for this value");
	misfits("text for a number",
		MANIFEST_OF(SETTING("size4", "string", "a")),
		"it is not an array of characters");
	misfits("more items than a list has room for",
		MANIFEST_OF(LIST("list", "4", "[]")),
		"it is too short for all items");
	misfits("an item that does not fit",
		MANIFEST_OF(LIST("list", "3", "[ a, abcd ]")),
		"it is too narrow for an item");
	misfits("a list for a text",
		MANIFEST_OF(LIST("text", "1", "[]")),
		"it is not an array of arrays of characters");
	world_close();
	return failures ? 1 : 0;
}
