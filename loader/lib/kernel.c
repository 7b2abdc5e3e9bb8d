// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: modules, the BPF file system, objects, links, maps, pins
 *
 * The requests to bus_ext are in control.c.
 */
#include <stdio.h>
#include <unistd.h>
#include <libkmod.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/vfs.h>

#include "internal.h"

#define CAP_SYS_ADMIN_BIT	21

/* ---- the machine ---- */

bool kernel_is_there(struct bx_handle *h)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/kernel/bus_ext", h->sysfs);
	return !access(path, F_OK);
}

bool kernel_permits(void)
{
	unsigned long long caps = 0;
	char line[256];
	FILE *f;

	f = fopen("/proc/self/status", "re");
	if (!f)
		return !geteuid();
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "CapEff: %llx", &caps) == 1)
			break;
	fclose(f);
	return caps & (1ULL << CAP_SYS_ADMIN_BIT);
}

int kernel_load_module(const char *name)
{
	struct kmod_ctx *ctx = kmod_new(NULL, NULL);
	struct kmod_list *list = NULL, *at;
	int err;

	if (!ctx)
		return -ENOMEM;
	kmod_set_log_priority(ctx, 0);
	err = kmod_module_new_from_lookup(ctx, name, &list);
	if (!err && !list)
		err = -ENOENT;
	kmod_list_foreach(at, list) {
		struct kmod_module *mod = kmod_module_get_module(at);
		int ret = kmod_module_probe_insert_module(mod, 0, NULL, NULL,
							  NULL, NULL);

		if (ret && !err)
			err = ret;
		kmod_module_unref(mod);
	}
	kmod_module_unref_list(list);
	kmod_unref(ctx);
	return err;
}

static bool has_module(const struct kmod_list *list, const char *name)
{
	const struct kmod_list *at;
	bool found = false;

	kmod_list_foreach(at, list) {
		struct kmod_module *mod = kmod_module_get_module(at);

		found |= !strcmp(kmod_module_get_name(mod), name);
		kmod_module_unref(mod);
	}
	return found;
}

static void describe_module(const struct kmod_module *mod, const struct kmod_list *allowed,
			    struct kernel_module *out)
{
	int state = kmod_module_get_initstate(mod);
	const char *name = kmod_module_get_name(mod);

	copy_name(out->name, sizeof(out->name), name);
	out->loaded = state == KMOD_MODULE_BUILTIN || state == KMOD_MODULE_LIVE;
	out->blacklisted = !has_module(allowed, name);
}

int kernel_find_modules(const char *alias, struct kernel_module *mods, unsigned int max)
{
	struct kmod_list *list = NULL, *allowed = NULL, *at;
	struct kmod_ctx *ctx = kmod_new(NULL, NULL);
	unsigned int n = 0;
	int err;

	if (!ctx)
		return -ENOMEM;
	kmod_set_log_priority(ctx, 0);
	err = kmod_module_new_from_lookup(ctx, alias, &list);
	if (!err && list)
		err = kmod_module_apply_filter(ctx, KMOD_FILTER_BLACKLIST, list, &allowed);
	kmod_list_foreach(at, err ? NULL : list) {
		struct kmod_module *mod = kmod_module_get_module(at);

		if (n < max)
			describe_module(mod, allowed, &mods[n++]);
		kmod_module_unref(mod);
	}
	kmod_module_unref_list(allowed);
	kmod_module_unref_list(list);
	kmod_unref(ctx);
	return err == -ENOMEM ? err : (int)n;
}

int kernel_is_bpf_fs(const char *path)
{
	struct statfs fs;

	if (statfs(path, &fs))
		return -errno;
	return (__u32)fs.f_type == BPF_FS_MAGIC;
}

int kernel_mount_bpf(const char *path)
{
	return mount("bpf", path, "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC,
		     "mode=700") ? -errno : 0;
}

/* ---- objects, links, maps, pins ---- */

int kernel_load(struct bpf_object *obj)
{
	return bpf_object__load(obj);
}

void kernel_unload(struct bpf_object *obj)
{
	bpf_object__close(obj);
}

int kernel_map_fd(const struct bpf_map *map)
{
	int fd = bpf_map__fd(map);

	return fd < 0 ? -EBADF : fd;
}

int kernel_insns(const struct bpf_program *prog)
{
	struct bpf_prog_info info = {};
	__u32 len = sizeof(info);
	int fd = bpf_program__fd(prog), err;

	if (fd < 0)
		return -EBADF;
	err = bpf_prog_get_info_by_fd(fd, &info, &len);
	return err ?: (int)info.verified_insns;
}

/* Returns a descriptor of a link and frees the link; pins of it stay. */
static int take_fd(struct bpf_link *link)
{
	int fd;

	if (!link)
		return -errno;
	fd = bpf_link__fd(link);
	bpf_link__disconnect(link);
	bpf_link__destroy(link);
	return fd;
}

int kernel_attach_policy(struct bpf_map *map)
{
	return take_fd(bpf_map__attach_struct_ops(map));
}

int kernel_attach_map(int map_fd)
{
	return bpf_link_create(map_fd, 0, BPF_STRUCT_OPS, NULL);
}

int kernel_attach_hook(struct bpf_program *prog)
{
	return take_fd(bpf_program__attach(prog));
}

int kernel_detach(int link_fd)
{
	return bpf_link_detach(link_fd);
}

int kernel_link_info(int link_fd, struct kernel_link *link)
{
	struct bpf_link_info info = {};
	__u32 len = sizeof(info);
	int err;

	err = bpf_link_get_info_by_fd(link_fd, &info, &len);
	if (err)
		return err;
	link->id = info.id;
	link->policy = info.type == BPF_LINK_TYPE_STRUCT_OPS;
	link->map_id = link->policy ? info.struct_ops.map_id : 0;
	return 0;
}

int kernel_link_by_id(uint32_t id)
{
	return bpf_link_get_fd_by_id(id);
}

/* Returns whether a module's types have this name. */
static bool btf_is_of(uint32_t btf_id, const char *module)
{
	char name[64] = "";
	struct bpf_btf_info info = {
		.name = (uintptr_t)name, .name_len = sizeof(name),
	};
	__u32 len = sizeof(info);
	int err, fd = bpf_btf_get_fd_by_id(btf_id);

	if (fd < 0)
		return false;
	err = bpf_btf_get_info_by_fd(fd, &info, &len);
	close(fd);
	return !err && !strcmp(name, module);
}

/* bx_hook_select() is the only function of bus_ext that a program may modify. */
static bool is_hook(int link_fd, char *program, size_t size)
{
	struct bpf_link_info link = {};
	struct bpf_prog_info prog = {};
	__u32 len = sizeof(link);
	int err, fd;

	if (bpf_link_get_info_by_fd(link_fd, &link, &len) ||
	    link.type != BPF_LINK_TYPE_TRACING ||
	    link.tracing.attach_type != BPF_MODIFY_RETURN ||
	    !btf_is_of(link.tracing.target_obj_id, "bus_ext"))
		return false;
	fd = bpf_prog_get_fd_by_id(link.prog_id);
	if (fd < 0)
		return false;
	len = sizeof(prog);
	err = bpf_prog_get_info_by_fd(fd, &prog, &len);
	close(fd);
	copy_name(program, size, prog.name);
	return !err;
}

int kernel_next_hook(uint32_t *id, char *name, size_t size)
{
	int fd;

	while (!bpf_link_get_next_id(*id, id)) {
		fd = bpf_link_get_fd_by_id(*id);
		if (fd < 0)
			continue;
		if (is_hook(fd, name, size))
			return fd;
		close(fd);
	}
	return -ENOENT;
}

uint32_t kernel_map_id(int map_fd)
{
	struct bpf_map_info info = {};
	__u32 len = sizeof(info);

	if (map_fd < 0 || bpf_map_get_info_by_fd(map_fd, &info, &len))
		return 0;
	return info.id;
}

int kernel_map_by_id(uint32_t id)
{
	return bpf_map_get_fd_by_id(id);
}

int kernel_pin(int fd, const char *path)
{
	return bpf_obj_pin(fd, path);
}

int kernel_open_pin(const char *path)
{
	return bpf_obj_get(path);
}

/* ---- tables of rules ---- */

int kernel_new_map(const struct kernel_map *map)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts,
		    .map_flags = map->hash ? BPF_F_NO_PREALLOC : BPF_F_MMAPABLE);

	return bpf_map_create(map->hash ? BPF_MAP_TYPE_HASH : BPF_MAP_TYPE_ARRAY, map->name,
			      map->hash ? map->key_size : sizeof(__u32), map->value_size,
			      map->entries, &opts);
}

void *kernel_map_memory(int map_fd, size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, map_fd, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

int kernel_map_read(int map_fd, const void *key, void *value)
{
	return bpf_map_lookup_elem(map_fd, key, value);
}

int kernel_map_write(int map_fd, const void *key, const void *value)
{
	return value ? bpf_map_update_elem(map_fd, key, value, BPF_ANY) :
		bpf_map_delete_elem(map_fd, key);
}

int kernel_map_next(int map_fd, const void *key, void *next)
{
	return bpf_map_get_next_key(map_fd, key, next);
}

int kernel_share_map(struct bpf_map *map, int map_fd)
{
	return bpf_map__reuse_fd(map, map_fd);
}
