// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names of policies, buses and composite devices
 *
 * A policy is identified by its name and by its mode: one that is enforced and one in
 * shadow mode may have the same name, and be active beside each other.  So a new version
 * is watched while the one before decides.  They are twins.
 *
 * '@' does not occur in a name, so NAME@shadow, the shown name of a policy in shadow
 * mode, is unique: in sysfs, in the log, and in the reasons of refusals.
 */
#include "core.h"
#include "part.h"

static bool bx_name_has_valid_chars(const char *name, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		/* isalnum() accepts Latin-1, too */
		if (!isascii(name[i]) ||
		    (!isalnum(name[i]) && !strchr("_.-", name[i])))
			return false;
	}
	return name[0] != '.';
}

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
	return bx_name_has_valid_chars(name, len) ? 0 : -EINVAL;
}

/**
 * bx_part_name_check() - whether the names of a composite device and a part are valid
 * @composite: the composite device; its type ends before the first '.'
 * @part: the part, or NULL
 *
 * Return: true if they are.
 */
bool bx_part_name_check(const char *composite, const char *part)
{
	size_t len = strlen(composite), part_len = part ? strlen(part) : 0;

	return len && len < BX_DEV_NAME_LEN && strcspn(composite, ".") < BX_NAME_LEN &&
	       part_len && part_len < BX_NAME_LEN && !strchr(part, '.') &&
	       bx_name_has_valid_chars(composite, len) &&
	       bx_name_has_valid_chars(part, part_len);
}
EXPORT_SYMBOL_GPL(bx_part_name_check);

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
