// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: a policy's link, and whether it is in force
 */
#include <string.h>
#include <bpf/bpf.h>

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

struct link_search {
	uint32_t		link_id;
	struct bx_policy_rec	*rec;
};

static int match_link(const struct bx_policy_rec *rec, void *arg)
{
	struct link_search *search = arg;

	if (!rec->link_id || rec->link_id != search->link_id)
		return 0;
	*search->rec = *rec;
	return 1;
}

/* 1 with the policy of a link, 0 when it carries none (any more). */
int link_policy(struct bx_handle *h, int link_fd, struct bx_policy_rec *rec)
{
	struct link_search search = { .rec = rec };
	uint32_t map_id;

	if (link_map_id(link_fd, &search.link_id, &map_id))
		return 0;
	return bx_list_policies(h, match_link, &search);
}

/* A descriptor of the link of the policy that is in force, or an errno. */
int find_link(struct bx_handle *h, const char *policy, uint32_t *link_id)
{
	struct bx_policy_rec rec;
	int ret, fd;

	ret = find_policy(h, policy, &rec);
	if (ret <= 0)
		return ret ?: -ENOENT;
	*link_id = rec.link_id;
	fd = bpf_link_get_fd_by_id(rec.link_id);
	return fd < 0 ? -errno : fd;
}
