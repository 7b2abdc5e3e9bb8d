// SPDX-License-Identifier: GPL-2.0-only
/*
 * What was checked of a policy, and whether the policy is that
 *
 * A loader reads a policy's scope in an object and checks it: against the manifest of
 * a bundle, a signature, an operator's settings.  The kernel builds the policy from
 * the same object, but not with the same code.  So a commit, and a trial of one, says
 * for each policy what was checked, and nothing else becomes active.
 *
 * A commit also says which drivers a policy may name: that is not in the object, but
 * in the bundle's manifest.
 *
 * The list of policies is in policy.c.
 */
#include "core.h"

static int bx_limit_check(const struct bx_limit *limit)
{
	int err = 0;

	if (limit->nr == BX_ANY)
		return 0;
	if (limit->nr > BX_LIMIT_DRIVERS)
		return -EINVAL;
	for (u32 i = 0; i < limit->nr && !err; i++)
		err = bx_name_check(limit->driver[i]);
	return err ? -EINVAL : 0;
}

/**
 * bx_limit_lists() - whether a policy may name a driver
 * @limit: its limit
 * @driver: the driver
 */
bool bx_limit_lists(const struct bx_limit *limit, const char *driver)
{
	if (limit->nr == BX_ANY)
		return true;
	for (u32 i = 0; i < limit->nr; i++) {
		if (!strcmp(limit->driver[i], driver))
			return true;
	}
	return false;
}

/**
 * bx_expect() - whether a staged policy is what was checked
 * @inst: its version, which does not change
 * @enter: what was checked
 *
 * Leaves the reason where bx_refuse() does, below the name that was checked: that is
 * the one that the caller knows.
 *
 * Context: bx_policy_mutex held, or inside bx_srcu.
 * Return: 0; -EPERM when they differ; -EINVAL when no policy can be as @enter says.
 */
int bx_expect(const struct bx_inst *inst, const struct bx_commit_enter *enter)
{
	char name[BX_SHOWN_LEN];

	if (bx_name_check(enter->name) || bx_name_check(enter->bus) ||
	    bx_limit_check(&enter->limit))
		return -EINVAL;
	bx_shown_name(name, enter->name, enter->flags);
	if (strcmp(inst->name, enter->name))
		return bx_refuse(name, -EPERM, "expected name '%s', got '%s'",
				 enter->name, inst->name);
	if (strcmp(inst->bus, enter->bus))
		return bx_refuse(name, -EPERM, "expected bus '%s', got '%s'",
				 enter->bus, inst->bus);
	if (inst->vendor != enter->vendor)
		return bx_refuse(name, -EPERM,
				 "expected vendor 0x%04x, got 0x%04x",
				 enter->vendor, inst->vendor);
	if (inst->flags != enter->flags)
		return bx_refuse(name, -EPERM,
				 "expected flags 0x%llx, got 0x%llx",
				 enter->flags, inst->flags);
	if (inst->priority != enter->priority)
		return bx_refuse(name, -EPERM, "expected priority %d, got %d",
				 enter->priority, inst->priority);
	if (inst->version != enter->version)
		return bx_refuse(name, -EPERM, "expected version %u, got %u",
				 enter->version, inst->version);
	return 0;
}
