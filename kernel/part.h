/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Parts: devices that policies have named as parts of composite devices
 *
 * part.c, in bus_ext.ko, asks the policies and knows which parts are there;
 * contracts/bx_composite.c makes composite devices of them.
 */
#ifndef _BX_PART_H
#define _BX_PART_H

#include <linux/bus_ext.h>
#include <linux/list.h>

/**
 * struct bx_part - a part of a composite device
 * @dev: the device; referenced
 * @composite: name of the composite device
 * @name: name of the part
 * @flags: enum bx_part_flags
 * @policy: the policy that has named it
 * @use: for the user: entry in the list of its composite device
 * @of: for the user: the composite device
 * @busy: set by the user: a driver uses the part, so it keeps its name when policies
 *	change
 *
 * Except for @busy, written under the lock of @dev.  The other members are private.
 */
struct bx_part {
	struct device		*dev;
	char			composite[BX_DEV_NAME_LEN];
	char			name[BX_NAME_LEN];
	u32			flags;
	char			policy[BX_NAME_LEN];
	struct list_head	use;
	void			*of;
	bool			busy;
	/* private: */
	struct hlist_node	node;		/* bx_part_mutex */
	u64			policy_id;
	u64			there;		/* the user that knows it, or 0 */
	bool			stale;		/* not asked again while it was busy */
};

/**
 * struct bx_part_user - the user of parts
 * @came: the part is there from now on; must neither sleep long nor take the lock of a
 *	device.  0, or -ENOMEM: it is called again later
 * @leaves: the part is there until this returns; may sleep
 *
 * Both are called with the lock of the part's device held.
 */
struct bx_part_user {
	int	(*came)(struct bx_part *part);
	void	(*leaves)(struct bx_part *part);
};

bool bx_part_name_check(const char *composite, const char *part);
int bx_parts_use(const struct bx_part_user *user);
void bx_parts_release(void);
void bx_part_unused(struct bx_part *part);

#endif /* _BX_PART_H */
