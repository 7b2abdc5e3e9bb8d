// SPDX-License-Identifier: GPL-2.0-only
/*
 * The struct_ops type: callbacks of the BPF core for attach, update and detach
 */
#include <linux/bpf_verifier.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include "core.h"

struct btf *bx_btf;

/* Of a policy that has no version yet */
#define bx_refuse_ops(ops, err, ...)					\
({									\
	const struct bus_ext_ops *ops_ = (ops);				\
	char shown_[BX_SHOWN_LEN];					\
									\
	bx_refuse(bx_shown_name(shown_, ops_->name, ops_->flags),	\
		  err, __VA_ARGS__);					\
})

/* ---- checks of a policy ---- */

/* Checks that watched operations exist. */
static int bx_ops_check_calls(const struct bus_ext_ops *ops,
			      const struct bx_contract *contract)
{
	bool all = !memchr_inv(ops->calls, 0xff, sizeof(ops->calls));

	if (!memchr_inv(ops->calls, 0, sizeof(ops->calls)))
		return bx_refuse_ops(ops, -EINVAL,
				     "call() and complete() watch nothing: set .calls, for example to BX_WATCH_ALL");
	for (u32 op = 0; op < BX_MAX_OPS; op++) {
		if (!(ops->calls[op / 64] & BIT_ULL(op % 64)))
			continue;
		if (op >= contract->nr_ops)
			return all ? 0 :
			       bx_refuse_ops(ops, -EINVAL,
					     "contract '%s' has no operation %u to watch",
					     contract->name, op);
	}
	return 0;
}

/*
 * Checks the members of a policy against each other and against the kind of
 * bus.
 */
static int bx_ops_check(const struct bus_ext_ops *ops,
			const struct bx_kind *kind)
{
	bool calls = ops->call || ops->complete;
	const struct bx_contract *contract;

	if (!ops->select && !ops->match && !ops->event && !ops->admit && !ops->part && !calls)
		return bx_refuse_ops(ops, -EINVAL,
				     "select, match, event, admit, part, call or complete must be set");
	if (kind->judge_init && ops->match && kind->judge_init())
		return bx_refuse_ops(ops, -EOPNOTSUPP,
				     "match() cannot keep drivers from bus '%s': the kernel does not refuse a driver at binding as expected",
				     ops->bus);
	if (kind->adopted && calls)
		return bx_refuse_ops(ops, -EOPNOTSUPP,
				     "call() and complete() are not called on adopted bus '%s'",
				     ops->bus);
	if (kind->adopted && ops->admit)
		return bx_refuse_ops(ops, -EOPNOTSUPP,
				     "admit() is not called on adopted bus '%s'", ops->bus);
	if (ops->part && !strcmp(ops->bus, BX_COMPOSITE_BUS))
		return bx_refuse_ops(ops, -EOPNOTSUPP,
				     "a composite device cannot be a part: part() is not called on bus '%s'",
				     ops->bus);
	if (!calls && memchr_inv(ops->calls, 0, sizeof(ops->calls)))
		return bx_refuse_ops(ops, -EINVAL,
				     ".calls is set without call or complete");
	if (!calls)
		return 0;
	contract = kind->contract(ops->bus);
	return contract ? bx_ops_check_calls(ops, contract) : -ENODEV;
}

/* ---- attach, update, detach ---- */

/* The first policy on a bus of the kernel adopts it.  Returns the kind or an ERR_PTR(). */
static const struct bx_kind *bx_bus_kind(const struct bus_ext_ops *ops,
					 struct module **owner)
{
	const struct bx_kind *kind = bx_kind_get(ops->bus, owner);
	int err;

	if (kind)
		return kind;
	err = bx_adopt(ops->bus);
	if (!err)
		kind = bx_kind_get(ops->bus, owner);
	if (kind)
		return kind;
	if (err == -ENODEV || !err)
		err = bx_refuse_ops(ops, -ENODEV, "bus '%s' not found", ops->bus);
	else if (err == -EOPNOTSUPP)
		err = bx_refuse_ops(ops, err,
				    "bus '%s' cannot be adopted: the kernel does not refuse a driver at binding as expected",
				    ops->bus);
	else
		err = bx_refuse_ops(ops, err, "bus '%s' cannot be adopted: error %d",
				    ops->bus, err);
	return ERR_PTR(err);
}

static int bx_ops_init(const struct bus_ext_ops *ops)
{
	int idx, ret;

	if (!ops->init)
		return 0;
	idx = srcu_read_lock(&bx_srcu);
	ret = ops->init();
	srcu_read_unlock(&bx_srcu, idx);
	if (!ret)
		return 0;
	if (ret > 0 || ret < -MAX_ERRNO)
		return bx_refuse_ops(ops, -EPROTO,
				     "init() returned %d, which is not an errno", ret);
	return bx_refuse_ops(ops, ret, "init() returned %d", ret);
}

static void bx_ops_exit(struct bx_inst *inst, enum bx_exit_kind kind)
{
	struct bx_exit_info *info = &inst->exit;
	int idx;

	if (!inst->ops->exit)
		return;
	if (bx_inst_live(inst)) {
		info->kind = kind;
		strscpy(info->name, inst->name, sizeof(info->name));
		strscpy(info->bus, inst->bus, sizeof(info->bus));
		info->version = inst->version;
		info->flags = inst->flags;
		info->id = inst->policy ? inst->policy->id : 0;
		info->time_ns = ktime_get_ns();
	}
	idx = srcu_read_lock(&bx_srcu);
	inst->ops->exit(info);
	srcu_read_unlock(&bx_srcu, idx);
}

/*
 * Checks that need no lock come first.  init() runs without bx_policy_mutex,
 * since its program may use policies.
 */
static int bx_reg(void *kdata, struct bpf_link *link)
{
	const struct bus_ext_ops *ops = kdata;
	const struct bx_kind *kind;
	struct bx_policy *policy;
	int err;

	if (!capable(CAP_SYS_ADMIN))
		return bx_refuse_ops(ops, -EPERM,
				     "permission denied: CAP_SYS_ADMIN required");
	if (!link)
		return bx_refuse_ops(ops, -EOPNOTSUPP,
				     "policy must be in SEC(\".struct_ops.link\")");

	policy = bx_policy_alloc(ops, link);
	if (!policy)
		return -ENOMEM;
	kind = bx_bus_kind(ops, &policy->bus_owner);
	err = IS_ERR(kind) ? PTR_ERR(kind) : bx_ops_check(ops, kind);
	if (err)
		goto err_drop;

	mutex_lock(&bx_policy_mutex);
	if (bx_policy_by_name(policy->inst, policy->stage))
		err = bx_refuse_ops(ops, -EEXIST,
				    "a policy of this name is attached");
	mutex_unlock(&bx_policy_mutex);
	/* update_mutex prevents an attach of the same name meanwhile */
	err = err ?: bx_ops_init(ops);
	if (err)
		goto err_drop;

	mutex_lock(&bx_policy_mutex);
	err = bx_policy_add(policy);
	mutex_unlock(&bx_policy_mutex);
	if (err) {
		bx_ops_exit(policy->inst, BX_EXIT_DETACH);
		goto err_drop;
	}
	bx_trace_policy("attach", policy, policy->inst);
	/* not policy->stage: a commit may have changed it already */
	if (!(ops->flags & BX_F_STAGED))
		bx_policies_changed(ops->bus, ops->vendor ?: BX_ANY);
	return 0;

err_drop:
	bx_policy_drop(policy);
	return err;
}

static void bx_unreg(void *kdata, struct bpf_link *link)
{
	struct bx_policy *policy;

	mutex_lock(&bx_policy_mutex);
	policy = bx_policy_by_link(link);
	if (WARN_ON_ONCE(!policy)) {
		mutex_unlock(&bx_policy_mutex);
		return;
	}
	bx_policy_del(policy);
	mutex_unlock(&bx_policy_mutex);

	bx_ops_exit(policy->inst, policy->heir ? BX_EXIT_UPDATE :
						 BX_EXIT_DETACH);
	bx_trace_policy("detach", policy, policy->inst);
	if (bx_is_active(policy)) {
		bx_decisions_forget(policy->id);
		bx_policies_changed(policy->inst->bus, policy->inst->vendor);
	}
	bx_policy_drop(policy);
}

static int bx_update_check(const struct bus_ext_ops *ops,
			   const struct bus_ext_ops *old)
{
	const struct bx_kind *kind;
	struct module *owner;
	int err;

	if (!capable(CAP_SYS_ADMIN))
		return bx_refuse_ops(ops, -EPERM,
				     "permission denied: CAP_SYS_ADMIN required");
	if (ops->flags & BX_F_STAGED)
		return bx_refuse_ops(ops, -EINVAL,
				     "an update cannot be staged: attach the policy and commit it");
	if (strcmp(ops->name, old->name))
		return bx_refuse_ops(ops, -EINVAL,
				     "an update cannot rename '%s'", old->name);
	if ((ops->flags ^ old->flags) & BX_F_SHADOW)
		return bx_refuse_ops(ops, -EINVAL,
				     "an update cannot %s shadow mode: attach it, and commit it",
				     ops->flags & BX_F_SHADOW ? "begin" : "end");
	if (strcmp(ops->bus, old->bus))
		return bx_refuse_ops(ops, -EINVAL,
				     "an update cannot change the bus from '%s' to '%s'",
				     old->bus, ops->bus);
	kind = bx_kind_get(ops->bus, &owner);
	if (!kind)
		return -ENODEV;
	err = bx_ops_check(ops, kind);
	module_put(owner);
	return err;
}

static int bx_update(void *kdata, void *old_kdata, struct bpf_link *link)
{
	const struct bus_ext_ops *ops = kdata;
	struct bx_policy *policy;
	struct bx_inst *inst, *old;
	int err;

	err = bx_update_check(ops, old_kdata);
	if (err)
		return err;
	inst = bx_inst_alloc(ops);
	if (!inst)
		return -ENOMEM;
	err = bx_ops_init(ops);
	if (err) {
		bx_put_inst(inst);
		return err;
	}

	mutex_lock(&bx_policy_mutex);
	policy = bx_policy_by_link(link);
	if (!policy) {
		err = -ENOLINK;
		goto out;
	}
	kref_get(&policy->ref);
	inst->policy = policy;
	inst->counts = policy->counts;
	old = policy->inst;
	err = bx_policy_replace(policy, inst);
out:
	mutex_unlock(&bx_policy_mutex);
	if (err) {
		bx_ops_exit(inst, BX_EXIT_DETACH);
		bx_put_inst(inst);
		return err;
	}
	bx_ops_exit(old, BX_EXIT_UPDATE);
	bx_trace_policy("update", policy, inst);
	bx_policies_changed(inst->bus, old->vendor);
	if (old->vendor != inst->vendor)
		bx_policies_changed(inst->bus, inst->vendor);
	bx_put_inst(old);
	return 0;
}

/* ---- the type ---- */

static int bx_ops_type_init(struct btf *btf)
{
	bx_btf = btf;
	return 0;
}

static bool bx_ops_is_valid_access(int off, int size, enum bpf_access_type type,
				   const struct bpf_prog *prog,
				   struct bpf_insn_access_aux *info)
{
	return bpf_tracing_btf_ctx_access(off, size, type, prog, info);
}

/* Policies return results; they must not write to contexts. */
static int bx_ops_btf_struct_access(struct bpf_verifier_log *log,
				    const struct bpf_reg_state *reg,
				    int off, int size)
{
	bpf_log(log, "bus_ext: contexts are read-only for programs\n");
	return -EACCES;
}

static const struct bpf_func_proto *
bx_ops_get_func_proto(enum bpf_func_id func_id, const struct bpf_prog *prog)
{
	return bpf_base_func_proto(func_id, prog);
}

static const struct bpf_verifier_ops bx_verifier_ops = {
	.get_func_proto		= bx_ops_get_func_proto,
	.is_valid_access	= bx_ops_is_valid_access,
	.btf_struct_access	= bx_ops_btf_struct_access,
};

static int bx_init_name(const struct bus_ext_ops *uops, char *to,
			const char *from, const char *what)
{
	int err = bx_name_check(from);

	if (err == -ENAMETOOLONG)
		return bx_refuse_ops(uops, err,
				     "%s must be shorter than %d bytes", what,
				     BX_NAME_LEN);
	if (err)
		return bx_refuse_ops(uops, err,
				     "%s must consist of letters, digits, '_', '.' and '-'",
				     what);
	strscpy_pad(to, from, BX_NAME_LEN);
	return 1;
}

/*
 * call() and complete() run in the context of the driver's call, which may be
 * atomic.  The check is at load, of the very program that is attached later.
 */
static int bx_ops_check_member(const struct btf_type *t,
			       const struct btf_member *member,
			       const struct bpf_prog *prog)
{
	switch (__btf_member_bit_offset(t, member) / 8) {
	case offsetof(struct bus_ext_ops, call):
	case offsetof(struct bus_ext_ops, complete):
		return prog->sleepable ? -EINVAL : 0;
	}
	return 0;
}

static int bx_ops_init_member(const struct btf_type *t,
			      const struct btf_member *member,
			      void *kdata, const void *udata)
{
	const struct bus_ext_ops *uops = udata;
	struct bus_ext_ops *ops = kdata;

	switch (__btf_member_bit_offset(t, member) / 8) {
	case offsetof(struct bus_ext_ops, name):
		return bx_init_name(uops, ops->name, uops->name, "name");
	case offsetof(struct bus_ext_ops, bus):
		return bx_init_name(uops, ops->bus, uops->bus, "bus");
	case offsetof(struct bus_ext_ops, vendor):
		ops->vendor = uops->vendor;
		return 1;
	case offsetof(struct bus_ext_ops, priority):
		ops->priority = uops->priority;
		return 1;
	case offsetof(struct bus_ext_ops, flags):
		if (uops->flags & ~(u64)BX_F_ALL)
			return bx_refuse_ops(uops, -EINVAL,
					     "unknown flags 0x%llx",
					     uops->flags & ~(u64)BX_F_ALL);
		ops->flags = uops->flags;
		return 1;
	case offsetof(struct bus_ext_ops, version):
		ops->version = uops->version;
		return 1;
	case offsetof(struct bus_ext_ops, calls):
		memcpy(ops->calls, uops->calls, sizeof(ops->calls));
		return 1;
	}
	return 0;
}

static s32 bx_stub_select(struct bx_select_ctx *ctx)
{
	return BX_PASS;
}

static s32 bx_stub_match(struct bx_match_ctx *ctx)
{
	return BX_NO_SCORE;
}

static void bx_stub_event(struct bx_event *event)
{
}

static s32 bx_stub_init(void)
{
	return 0;
}

static void bx_stub_exit(struct bx_exit_info *info)
{
}

static s32 bx_stub_call(struct bx_call *call)
{
	return BX_CALL_PASS;
}

static void bx_stub_complete(struct bx_call *call, s32 ret)
{
}

static s32 bx_stub_admit(struct bx_admit_ctx *ctx)
{
	return 0;
}

static void bx_stub_part(struct bx_part_ctx *ctx)
{
}

static struct bus_ext_ops bx_cfi_stubs = {
	.select		= bx_stub_select,
	.match		= bx_stub_match,
	.event		= bx_stub_event,
	.init		= bx_stub_init,
	.exit		= bx_stub_exit,
	.call		= bx_stub_call,
	.complete	= bx_stub_complete,
	.admit		= bx_stub_admit,
	.part		= bx_stub_part,
};

static struct bpf_struct_ops bx_struct_ops = {
	.verifier_ops	= &bx_verifier_ops,
	.init		= bx_ops_type_init,
	.check_member	= bx_ops_check_member,
	.init_member	= bx_ops_init_member,
	.reg		= bx_reg,
	.unreg		= bx_unreg,
	.update		= bx_update,
	.cfi_stubs	= &bx_cfi_stubs,
	.name		= "bus_ext_ops",
	.owner		= THIS_MODULE,
};

/**
 * bx_policy_init() - register the struct_ops type
 *
 * The kernel cannot unregister a struct_ops type; it is released with the
 * module's BTF.
 *
 * Return: 0 or an errno; -ENOENT if the module has no valid BTF, which the
 * kernel itself does not report.
 */
int bx_policy_init(void)
{
	int err = register_bpf_struct_ops(&bx_struct_ops, bus_ext_ops);

	if (err) {
		pr_err("cannot register the struct_ops type: %d\n", err);
		return err;
	}
	if (!bx_btf) {
		pr_err("this module has no BTF that fits the running kernel; build it with pahole installed and against this kernel's own headers\n");
		return -ENOENT;
	}
	return 0;
}
