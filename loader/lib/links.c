// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: a policy's key, its link, and whether it is active
 *
 * An enforced policy and one in shadow mode may have the same name.  So the pins of a
 * policy are named after its key: NAME, and NAME@shadow in shadow mode, as the policy's
 * directory in sysfs is.
 */
#include <stdio.h>
#include <string.h>

#include "internal.h"

const char *bx_policy_key(char *buf, const char *name, __u64 flags)
{
	snprintf(buf, BX_SHOWN_LEN, "%.*s%s", BX_NAME_LEN - 1, name,
		 flags & BX_F_SHADOW ? BX_SHADOW_SUFFIX : "");
	return buf;
}

bool key_is_shadow(const char *key)
{
	return strchr(key, BX_SHADOW_SUFFIX[0]);
}

bool slot_has(enum slot slot, const char *key)
{
	return slot == SLOT_ALL || (slot == SLOT_CANARY) == key_is_shadow(key);
}

/* Returns the map id of a policy's link; 0 for a detached link or one of another kind. */
uint32_t link_map_id(int link_fd)
{
	struct kernel_link link;

	return kernel_link_info(link_fd, &link) ? 0 : link.map_id;
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

/* Returns 1 with the policy of a link, 0 when it carries none or no longer one. */
int link_policy(struct bx_handle *h, int link_fd, struct bx_policy_rec *rec)
{
	struct link_search search = { .rec = rec };
	struct kernel_link link;
	int err;

	err = kernel_link_info(link_fd, &link);
	if (err)
		return fail(h, BX_FAULT_FAILED, err,
			    "cannot look at a policy's link: %s",
			    strerror(-err));
	if (!link.policy)
		return 0;
	search.link_id = link.id;
	return bx_list_policies(h, match_link, &search);
}

/* Returns a descriptor of the link of an active policy, or an errno. */
int find_link(struct bx_handle *h, const char *key, uint32_t *link_id)
{
	struct bx_policy_rec rec;
	int ret;

	ret = find_policy(h, key, &rec);
	if (ret <= 0)
		return ret ?: -ENOENT;
	*link_id = rec.link_id;
	return kernel_link_by_id(rec.link_id);
}
