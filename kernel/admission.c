// SPDX-License-Identifier: GPL-2.0-only
/*
 * Admission: policies may refuse a device that is about to be created
 *
 * The policies in scope are asked in order of authority, and each may refuse.  A quarantined
 * policy refuses: it could have.  In shadow mode, a refusal is counted and not followed.
 *
 * A refusal is an errno, and a reason in /sys/kernel/bus_ext/refused and the kernel's log.
 */
#include <linux/cgroup.h>
#include <linux/cred.h>
#include <linux/sched.h>
#include "core.h"
#include "lifecycle.h"

/* ---- what policies see ---- */

static void bx_admit_describe(const struct bx_instance *inst, struct bx_dev_info *info)
{
	struct device *parent = inst->parent->dev;

	snprintf(info->name, sizeof(info->name), "%pUl", &inst->guid);
	strscpy(info->bus, inst->type->bus->name, sizeof(info->bus));
	strscpy(info->parent, dev_name(parent), sizeof(info->parent));
	bx_dev_driver_name(parent, info->parent_driver, sizeof(info->parent_driver));
	bx_info_identity(info, &inst->type->id, &inst->guid);
	info->vf_index = -1;
	info->numa_node = dev_to_node(parent);
	info->iommu_group = -1;
}

static u64 bx_current_cgroup(void)
{
	u64 id;

	rcu_read_lock();
	id = cgroup_id(task_dfl_cgroup(current));
	rcu_read_unlock();
	return id;
}

static void bx_admit_fill(const struct bx_instance *inst, struct bx_admit_ctx *ctx)
{
	bx_admit_describe(inst, &ctx->dev);
	strscpy(ctx->type, inst->type->name, sizeof(ctx->type));
	ctx->uid = from_kuid(&init_user_ns, inst->uid);
	ctx->gid = from_kgid(&init_user_ns, current_gid());
	ctx->pid = task_tgid_nr(current);
	ctx->cgroup = bx_current_cgroup();
	get_task_comm(ctx->comm, current);
	ctx->of_type = inst->of_type;
	ctx->of_parent = inst->of_parent;
	ctx->of_user = inst->of_user;
}

/* ---- asking ---- */

static int bx_admit_refuse(const struct bx_admit_ctx *ctx, const struct bx_inst *inst,
			   int err, const char *reason)
{
	return bx_refuse(inst->shown, err, "%s of type %s%s%s", ctx->dev.name, ctx->type,
			 *reason ? ": " : "", reason);
}

/* Runs one admit(); returns 0 or its errno, and 1 after an invalid result. */
static int bx_admit_ask(struct bx_admit_ctx *ctx, struct bx_inst *inst)
{
	struct bx_run run;
	s32 ret;

	bx_run_init(&run, inst, "admit()", &ctx->dev, false);
	this_cpu_inc(inst->counts->asked);
	ctx->reason[0] = '\0';
	ctx->run = &run;
	ret = inst->ops->admit(ctx);
	ctx->run = NULL;
	if (!bx_run_judge(&run))
		return 1;
	if (ret <= 0 && ret >= -MAX_ERRNO)
		return ret;
	bx_eject(inst, BX_EXIT_RETURN, ret, &ctx->dev,
		 "admit() returned %d; expected 0 or -1 to -%d", ret, MAX_ERRNO);
	return 1;
}

static int bx_admit_one(struct bx_admit_ctx *ctx, struct bx_inst *inst)
{
	int ret = bx_inst_live(inst) ? bx_admit_ask(ctx, inst) : 1;

	if (ret > 0)
		return bx_fails_closed(inst) ?
		       bx_admit_refuse(ctx, inst, -EPERM, "the policy is quarantined") : 0;
	if (!ret)
		return 0;
	if (inst->flags & BX_F_SHADOW) {
		this_cpu_inc(inst->counts->diverged);
		return 0;
	}
	this_cpu_inc(inst->counts->denied);
	return bx_admit_refuse(ctx, inst, ret, ctx->reason);
}

/**
 * bx_admit() - ask the policies in scope whether a device may be created
 * @inst: the device, whose capacity is reserved
 *
 * Context: process, of the task that creates it.
 * Return: 0, the errno of a policy, -EPERM for a quarantined one, -ENOMEM.
 */
int bx_admit(struct bx_instance *inst)
{
	const struct bx_policy_chain *chain;
	struct bx_admit_ctx *ctx = NULL;
	int err = 0, idx;

	idx = srcu_read_lock(&bx_srcu);
	chain = bx_chain_lookup(inst->type->bus->name, inst->type->id.vendor);
	for (u32 i = 0; chain && i < chain->n && !err; i++) {
		if (!chain->inst[i]->ops->admit)
			continue;
		if (!ctx) {
			ctx = kzalloc(sizeof(*ctx), GFP_KERNEL);
			if (ctx)
				bx_admit_fill(inst, ctx);
		}
		err = ctx ? bx_admit_one(ctx, chain->inst[i]) : -ENOMEM;
	}
	srcu_read_unlock(&bx_srcu, idx);
	kfree(ctx);
	return err;
}
