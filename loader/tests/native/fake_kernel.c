// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * Native tests: the tests' own kernel: objects, links, maps, pins
 *
 * Policies and requests, which are bus_ext's, are in fake_bus_ext.c.
 *
 * A link or a map is a file in a directory of the test's.  A pin is a hard link to it,
 * and a descriptor is an open file with a shared lock: both gone means that it is unused.
 * Everything else is in memory that all processes share.  There is one process at a
 * time, and a fault happens before a call: each call is atomic.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "lib/internal.h"
#include "fake.h"
#include "fake_kernel.h"
#include "steps.h"
#include "bpf/rules.skel.h"

#define MAX_LOADED	64

struct fake *fake;

/* Maps of this process' loaded objects */
static struct {
	const struct bpf_map	*map;
	int			fd;
} loaded[MAX_LOADED];

int fake_begin(const char *what, const char *of, unsigned int faults)
{
	int err = steps_call(what, of, faults);

	if (err)
		return err;
	steps_pause();
	fake_reap();
	return 0;
}

int fake_end(int ret)
{
	fake_reap();
	steps_resume();
	return ret;
}

/* ---- things: links and maps ---- */

static void thing_path(const struct thing *t, char *buf)
{
	snprintf(buf, PATH_MAX, "%s/%u", fake->dir, t->id);
}

static struct thing *thing_by_id(uint32_t id)
{
	for (int i = 0; id && i < FAKE_THINGS; i++)
		if (fake->thing[i].id == id)
			return &fake->thing[i];
	return NULL;
}

static struct thing *thing_by_stat(const struct stat *st)
{
	for (int i = 0; i < FAKE_THINGS; i++)
		if (fake->thing[i].id && fake->thing[i].ino == st->st_ino)
			return &fake->thing[i];
	return NULL;
}

static struct thing *thing_by_fd(int fd)
{
	struct stat st;

	return fstat(fd, &st) ? NULL : thing_by_stat(&st);
}

static int thing_open(const struct thing *t)
{
	char path[PATH_MAX];
	int fd;

	thing_path(t, path);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd >= 0 && flock(fd, LOCK_SH))
		abort();
	return fd < 0 ? -errno : fd;
}

/* A new link or map, and a descriptor of it */
static int thing_new(struct thing **new)
{
	struct stat st;
	int fd;

	for (int i = 0; i < FAKE_THINGS; i++) {
		struct thing *t = &fake->thing[i];

		if (t->id)
			continue;
		*t = (struct thing) { .id = ++fake->last_thing };
		fd = thing_open(t);
		if (fd < 0 || fstat(fd, &st))
			abort();
		t->ino = st.st_ino;
		*new = t;
		return fd;
	}
	return -ENOSPC;
}

unsigned int fake_pins(const struct thing *t)
{
	char path[PATH_MAX];
	struct stat st;

	thing_path(t, path);
	return stat(path, &st) ? 0 : st.st_nlink - 1;
}

static bool is_held(const struct thing *t)
{
	char path[PATH_MAX];
	bool held;
	int fd;

	thing_path(t, path);
	fd = open(path, O_RDWR | O_CLOEXEC);
	held = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB);
	if (fd >= 0)
		close(fd);
	return held;
}

static bool has_link(uint32_t map)
{
	for (int i = 0; i < FAKE_THINGS; i++)
		if (fake->thing[i].id && fake->thing[i].map == map)
			return true;
	return false;
}

/* Links, then maps, that neither a pin nor a process has */
void fake_reap(void)
{
	char path[PATH_MAX];

	for (int maps = 0; maps < 2; maps++)
		for (int i = 0; i < FAKE_THINGS; i++) {
			struct thing *t = &fake->thing[i];

			if (!t->id || t->is_map != maps || fake_pins(t) ||
			    is_held(t) || (maps && has_link(t->id)))
				continue;
			if (!maps)
				policy_end(t);
			thing_path(t, path);
			unlink(path);
			t->id = 0;
		}
}

/* ---- the machine ---- */

bool kernel_is_there(struct bx_handle *h)
{
	return fake->loaded;
}

bool kernel_permits(void)
{
	return true;
}

int kernel_load_module(const char *name)
{
	if (strcmp(name, "bus_ext"))
		return -ENOENT;
	if (!fake_begin("modprobe", name, ON(FAULT_EIO))) {
		fake_modprobe();
		return fake_end(0);
	}
	return -EIO;
}

/* Lines of the file 'modules': ALIAS MODULE [loaded|blacklisted]. */
int kernel_find_modules(const char *alias, struct kernel_module *mods, unsigned int max)
{
	char path[PATH_MAX], line[400], word[200], state[32];
	unsigned int n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/../modules", fake->dir);
	f = fopen(path, "re");
	while (f && n < max && fgets(line, sizeof(line), f)) {
		struct kernel_module mod = {};

		state[0] = '\0';
		if (sscanf(line, "%199s %63s %31s", word, mod.name, state) < 2 ||
		    strcmp(word, alias))
			continue;
		mod.loaded = !strcmp(state, "loaded");
		mod.blacklisted = !strcmp(state, "blacklisted");
		mods[n++] = mod;
	}
	if (f)
		fclose(f);
	return n;
}

int kernel_is_bpf_fs(const char *path)
{
	return access(path, F_OK) ? -errno : 1;
}

int kernel_mount_bpf(const char *path)
{
	return 0;
}

/* ---- objects ---- */

static const struct btf_member *member(const struct btf *btf,
				       const struct bpf_map *map,
				       const char *name)
{
	const struct btf_type *t =
		btf__type_by_id(btf, bpf_map__btf_value_type_id(map));
	const struct btf_member *m = btf_members(t);

	for (__u32 i = 0; i < btf_vlen(t); i++, m++)
		if (!strcmp(btf__name_by_offset(btf, m->name_off), name))
			return m;
	abort();
}

static void read_field(const struct bpf_object *obj, struct bpf_map *map,
		       const char *name, void *to, size_t size)
{
	const struct btf *btf = bpf_object__btf(obj);
	size_t all;
	char *data = bpf_map__initial_value(map, &all);

	memcpy(to, data + member(btf, map, name)->offset / 8, size);
}

static bool is_program(const struct bpf_object *obj, struct bpf_map *map,
		       const char *field, const char *name)
{
	struct bpf_program *prog;

	read_field(obj, map, field, &prog, sizeof(prog));
	return prog && !strcmp(bpf_program__name(prog), name);
}

static int load_map(const struct bpf_object *obj, struct bpf_map *map)
{
	struct thing *t;
	int fd = thing_new(&t);

	if (fd < 0)
		return fd;
	t->is_map = true;
	read_field(obj, map, "name", t->rec.name, sizeof(t->rec.name));
	read_field(obj, map, "bus", t->rec.bus, sizeof(t->rec.bus));
	read_field(obj, map, "vendor", &t->rec.vendor, sizeof(t->rec.vendor));
	read_field(obj, map, "flags", &t->rec.flags, sizeof(t->rec.flags));
	read_field(obj, map, "priority", &t->rec.priority,
		   sizeof(t->rec.priority));
	read_field(obj, map, "version", &t->rec.version,
		   sizeof(t->rec.version));
	t->late = is_program(obj, map, "select", "impossible_later");
	t->missing = is_program(obj, map, "select", "missing_driver");
	t->misbehaves = t->late ||
		is_program(obj, map, "select", "impossible");
	t->guards = is_program(obj, map, "select", "keep_free");
	t->refuses = is_program(obj, map, "init", "refuse");
	t->unstaged = is_program(obj, map, "select", "unstaged");
	t->differs = is_program(obj, map, "select", "differs");
	t->rules = is_program(obj, map, "select", "rules_select");
	return fd;
}

int kernel_load(struct bpf_object *obj)
{
	struct bpf_map *map;
	int fd, err;

	err = fake_begin("load", bpf_object__name(obj), ON(FAULT_EIO));
	if (err)
		return err;
	bpf_object__for_each_map(map, obj) {
		if (bpf_map__type(map) != BPF_MAP_TYPE_STRUCT_OPS)
			continue;
		fd = load_map(obj, map);
		if (fd < 0)
			return fake_end(fd);
		for (int i = 0; i < MAX_LOADED && fd >= 0; i++)
			if (!loaded[i].map) {
				loaded[i].map = map;
				loaded[i].fd = fd;
				break;
			}
	}
	return fake_end(0);
}

void kernel_unload(struct bpf_object *obj)
{
	struct bpf_map *map;

	if (!obj)
		return;
	bpf_object__for_each_map(map, obj)
		for (int i = 0; i < MAX_LOADED; i++)
			if (loaded[i].map == map) {
				loaded[i].map = NULL;
				close(loaded[i].fd);
			}
	bpf_object__close(obj);
}

int kernel_map_fd(const struct bpf_map *map)
{
	for (int i = 0; i < MAX_LOADED; i++)
		if (loaded[i].map == map)
			return loaded[i].fd;
	return -EBADF;
}

int kernel_insns(const struct bpf_program *prog)
{
	return 1;
}

/* ---- links ---- */

static int attach(struct thing *map)
{
	struct thing *link;
	int fd, err;

	if (!map || !map->is_map)
		return -EBADF;
	err = fake_begin("attach", map->rec.name, ON_SIGNAL |
			 ON(FAULT_ENOSPC) | ON(FAULT_EIO));
	if (err)
		return err;
	fd = thing_new(&link);
	if (fd < 0)
		return fake_end(fd);
	err = policy_begin(map, link);
	if (err)
		close(fd);
	return fake_end(err ?: fd);
}

int kernel_attach_policy(struct bpf_map *map)
{
	return attach(thing_by_fd(kernel_map_fd(map)));
}

int kernel_attach_map(int map_fd)
{
	return attach(thing_by_fd(map_fd));
}

int kernel_attach_hook(struct bpf_program *prog)
{
	struct thing *link;
	int err = fake_begin("attach", bpf_program__name(prog), ON_SIGNAL |
			     ON(FAULT_ENOSPC) | ON(FAULT_EIO));
	int fd = err ?: thing_new(&link);

	if (fd >= 0)
		snprintf(link->rec.name, sizeof(link->rec.name), "%s",
			 bpf_program__name(prog));
	return err ?: fake_end(fd);
}

int kernel_detach(int link_fd)
{
	struct thing *link = thing_by_fd(link_fd);
	int err;

	if (!link || link->is_map)
		return -EBADF;
	err = fake_begin("detach", link->rec.name, ON_SIGNAL | ON(FAULT_EIO));
	if (err)
		return err;
	policy_end(link);
	return fake_end(0);
}

int kernel_link_info(int link_fd, struct kernel_link *info)
{
	struct thing *link = thing_by_fd(link_fd);

	if (!link || link->is_map)
		return -EBADF;
	*info = (struct kernel_link) {
		.id = link->id, .map_id = link->map, .policy = link->policy,
	};
	return 0;
}

/* ---- descriptors and pins ---- */

static int open_id(uint32_t id, bool map)
{
	struct thing *t = thing_by_id(id);
	int err;

	if (!t || t->is_map != map)
		return -ENOENT;
	err = fake_begin("open", map ? "map" : "link", ON(FAULT_EIO));
	return err ?: fake_end(thing_open(t));
}

int kernel_link_by_id(uint32_t id)
{
	return open_id(id, false);
}

int kernel_map_by_id(uint32_t id)
{
	return open_id(id, true);
}

int kernel_next_hook(uint32_t *id, char *name, size_t size)
{
	struct thing *next = NULL;

	fake_reap();
	for (int i = 0; i < FAKE_THINGS; i++) {
		struct thing *t = &fake->thing[i];

		if (t->id > *id && !t->is_map && !t->policy &&
		    (!next || t->id < next->id))
			next = t;
	}
	if (!next)
		return -ENOENT;
	*id = next->id;
	copy_name(name, size, next->rec.name);
	if (size > 15)
		name[15] = '\0';
	return thing_open(next);
}

uint32_t kernel_map_id(int map_fd)
{
	struct thing *t = map_fd < 0 ? NULL : thing_by_fd(map_fd);

	return t && t->is_map ? t->id : 0;
}

int kernel_pin(int fd, const char *path)
{
	struct thing *t = thing_by_fd(fd);
	char from[PATH_MAX];
	int err;

	if (!t)
		return -EINVAL;
	err = fake_begin("pin", path, ON_SIGNAL | ON(FAULT_ENOSPC) |
			 ON(FAULT_EROFS) | ON(FAULT_EIO));
	if (err)
		return err;
	thing_path(t, from);
	return fake_end(link(from, path) ? -errno : 0);
}

int kernel_open_pin(const char *path)
{
	struct thing *t;
	struct stat st;
	int err;

	err = fake_begin("open pin", path, ON(FAULT_EIO));
	if (err)
		return err;
	if (stat(path, &st))
		return fake_end(-errno);
	t = thing_by_stat(&st);
	return fake_end(t ? thing_open(t) : -EACCES);
}

/*
 * A pin replaces another one of the same map.  Of two hard links to one file, rename()
 * leaves both.
 */
int rename(const char *from, const char *to)
{
	struct stat a, b;
	bool same = !lstat(from, &a) && !lstat(to, &b) && a.st_ino == b.st_ino;
	long ret = syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);

	steps_pause();
	if (!ret && same)
		unlink(from);
	steps_resume();
	return ret;
}

/* ---- for the test ---- */

int fake_init(const char *dir, const char *sysfs)
{
	fake = mmap(NULL, sizeof(*fake), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (fake == MAP_FAILED)
		return -1;
	snprintf(fake->dir, sizeof(fake->dir), "%s", dir);
	snprintf(fake->sysfs, sizeof(fake->sysfs), "%s", sysfs);
	return 0;
}

void fake_boot(void)
{
	char path[PATH_MAX];

	for (int i = 0; i < FAKE_THINGS; i++)
		if (fake->thing[i].id) {
			thing_path(&fake->thing[i], path);
			unlink(path);
		}
	memset(fake->thing, 0, sizeof(fake->thing));
	memset(fake->policy, 0, sizeof(fake->policy));
	fake->nr_exits = 0;
	fake->last_ticket = 0;
	fake->loaded = false;
	fake->scripted = false;
	memset(fake->more, 0, sizeof(fake->more));
	fake->device = (struct bx_device_rec) {
		.dev = {
			.name = "0000:00:00.0", .bus = "pci", .modalias = "pci:acme",
			.vf_index = -1,
			.iommu_group = -1,
		},
		.decision = { .by = BX_BY_KERNEL },
	};
}

/* ---- tables of rules: arrays are files; what they decide is tested in the VM ---- */

const void *kernel_rules_object(size_t *size)
{
	return rules__elf_bytes(size);
}

int kernel_new_map(const struct kernel_map *map)
{
	int err = fake_begin("new map", map->name, ON_SIGNAL | ON(FAULT_EIO));
	struct thing *t;
	int fd;

	if (err)
		return err;
	fd = thing_new(&t);
	if (fd < 0)
		return fake_end(fd);
	t->is_map = true;
	snprintf(t->rec.name, sizeof(t->rec.name), "%s", map->name);
	if (ftruncate(fd, (off_t)map->value_size * map->entries))
		abort();
	return fake_end(fd);
}

void *kernel_map_memory(int map_fd, size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, map_fd, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

/* A hash is a file, which stays empty. */
int kernel_map_read(int map_fd, const void *key, void *value)
{
	return -ENOENT;
}

int kernel_map_write(int map_fd, const void *key, const void *value)
{
	return 0;
}

int kernel_map_next(int map_fd, const void *key, void *next)
{
	return -ENOENT;
}

int kernel_share_map(struct bpf_map *map, int map_fd)
{
	return 0;
}
