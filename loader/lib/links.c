// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: struct_ops links as the kernel lists them
 *
 * Which link carries a policy is not in any record: the link names its map,
 * and the map's value has the policy's name, at an offset that the module's
 * BTF tells.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "internal.h"

/* The map of a struct_ops link; 0 for a link that is detached. */
int link_map_id(int link_fd, uint32_t *link_id, uint32_t *map_id)
{
	struct bpf_link_info info = {};
	__u32 len = sizeof(info);
	int err;

	err = bpf_link_get_info_by_fd(link_fd, &info, &len);
	if (err)
		return err;
	if (info.type != BPF_LINK_TYPE_STRUCT_OPS)
		return -EINVAL;
	if (link_id)
		*link_id = info.id;
	*map_id = info.struct_ops.map_id;
	return 0;
}

static const struct btf_member *find_member(const struct btf *btf,
					    const char *type,
					    const char *name)
{
	const struct btf_type *t;
	int id, i;

	id = btf__find_by_name_kind(btf, type, BTF_KIND_STRUCT);
	if (id < 0)
		return NULL;
	t = btf__type_by_id(btf, id);
	for (i = 0; i < btf_vlen(t); i++) {
		const struct btf_member *m = btf_members(t) + i;

		if (!strcmp(btf__name_by_offset(btf, m->name_off), name))
			return m;
	}
	return NULL;
}

/* Where the policy's name is in the value of its map, in bytes. */
static int name_offset(const struct btf *btf)
{
	const struct btf_member *data, *name;

	data = find_member(btf, "bpf_struct_ops_bus_ext_ops", "data");
	name = find_member(btf, "bus_ext_ops", "name");
	if (!data || !name)
		return -ENOENT;
	return data->offset / 8 + name->offset / 8;
}

static bool map_is_policy(uint32_t map_id, const char *policy, int offset)
{
	struct bpf_map_info info = {};
	__u32 len = sizeof(info), zero = 0;
	bool found = false;
	char *value;
	int fd;

	fd = bpf_map_get_fd_by_id(map_id);
	if (fd < 0)
		return false;
	if (bpf_map_get_info_by_fd(fd, &info, &len) ||
	    info.value_size < (__u32)offset + BX_NAME_LEN)
		goto out;
	value = calloc(1, info.value_size);
	if (!value)
		goto out;
	found = !bpf_map_lookup_elem(fd, &zero, value) &&
		!strncmp(value + offset, policy, BX_NAME_LEN);
	free(value);
out:
	close(fd);
	return found;
}

/* A descriptor of the link that carries @policy, or a negative errno. */
int find_link(struct bx_handle *h, const char *policy, uint32_t *link_id)
{
	struct btf *vmlinux, *btf = NULL;
	uint32_t id = 0, map_id;
	int offset, fd, ret = -ENOENT;

	vmlinux = btf__load_vmlinux_btf();
	if (vmlinux)
		btf = btf__load_module_btf("bus_ext", vmlinux);
	offset = btf ? name_offset(btf) : -ENOENT;
	btf__free(btf);
	btf__free(vmlinux);
	if (offset < 0)
		return offset;

	while (ret < 0 && !bpf_link_get_next_id(id, &id)) {
		fd = bpf_link_get_fd_by_id(id);
		if (fd < 0)
			continue;
		if (!link_map_id(fd, link_id, &map_id) && map_id &&
		    map_is_policy(map_id, policy, offset))
			ret = fd;
		else
			close(fd);
	}
	return ret;
}
