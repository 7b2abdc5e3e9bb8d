// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names of policies and buses
 *
 * A policy is identified by its name and by its mode: one that is enforced and one in
 * shadow mode may have the same name, and be active beside each other.  So a new version
 * is watched while the one before decides.  They are twins.
 *
 * '@' does not occur in a name, so NAME@shadow, the shown name of a policy in shadow
 * mode, is unique: in sysfs, in the log, and in the reasons of refusals.
 */
#include "core.h"

/**
 * bx_name_check() - whether an array has a name of a policy or a bus
 * @name: BX_NAME_LEN bytes
 *
 * Return: 0, -EINVAL, or -ENAMETOOLONG when the name does not end in the array.
 */
int bx_name_check(const char *name)
{
	size_t len = strnlen(name, BX_NAME_LEN);

	if (!len)
		return -EINVAL;
	if (len == BX_NAME_LEN)
		return -ENAMETOOLONG;
	for (size_t i = 0; i < len; i++) {
		/* isalnum() accepts Latin-1, too */
		if (!isascii(name[i]) ||
		    (!isalnum(name[i]) && !strchr("_.-", name[i])))
			return -EINVAL;
	}
	return name[0] == '.' ? -EINVAL : 0;
}

/**
 * bx_shown_name() - the name that people see of a policy
 * @buf: takes it, BX_SHOWN_LEN bytes
 * @name: its name, which may lack its end
 * @flags: enum bx_policy_flags
 *
 * Return: @buf.
 */
const char *bx_shown_name(char *buf, const char *name, u64 flags)
{
	scnprintf(buf, BX_SHOWN_LEN, "%.*s%s", BX_NAME_LEN - 1, name,
		  flags & BX_F_SHADOW ? BX_SHADOW_SUFFIX : "");
	return buf;
}

/**
 * bx_are_twins() - whether two versions differ only in that one is in shadow mode
 * @a: a version
 * @b: another one, or NULL
 *
 * Return: true when they have one name, and one of them is in shadow mode.
 */
bool bx_are_twins(const struct bx_inst *a, const struct bx_inst *b)
{
	return b && (a->flags ^ b->flags) & BX_F_SHADOW &&
	       !strcmp(a->name, b->name);
}
