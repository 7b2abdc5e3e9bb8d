// SPDX-License-Identifier: GPL-2.0-only
/*
 * Comparison of a policy with the values that the loader checked
 *
 * A loader reads a policy's scope from an object and checks it against the
 * manifest of a bundle, a signature and the operator's settings.  The kernel
 * builds the policy from the same object with different code.  So a commit, and
 * a trial of one, gives the checked values of each policy, and only a policy
 * with these values becomes active.
 *
 * A commit also lists the drivers that a policy may name; they come from the
 * bundle's manifest, not from the object.
 *
 * policy.c has the list of policies.
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
 * bx_limit_allows() - check whether a policy may name a driver
 * @limit: the limit of the policy
 * @driver: name of the driver
 *
 * Return: true if it may.
 */
bool bx_limit_allows(const struct bx_limit *limit, const char *driver)
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
 * bx_expect() - compare a staged policy with the checked values
 * @inst: its only version
 * @enter: the checked values
 *
 * Reports a difference with bx_refuse(), under the name in @enter, which the
 * caller knows.
 *
 * Context: bx_policy_mutex held, or inside bx_srcu.
 * Return: 0; -EPERM if they differ; -EINVAL if @enter is not valid for any
 * policy.
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
