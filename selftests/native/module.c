// SPDX-License-Identifier: GPL-2.0-only
/*
 * The rest of bus_ext.ko, and BPF: buses that exist by name, policies whose
 * programs are tables (struct native_policy), links, and tracepoints that record
 *
 * Policies are attached as the kernel does it: each member of the struct_ops map
 * is passed to init_member(), then reg() is called.
 */
#include <stdio.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include "native.h"
#include "trace.h"

#define MODULE_REF	((struct module *)&module)

const char *const native_bus[NATIVE_BUSES] = {
	"bx-one", "bx-two", "bx-three", "bx-four", "pci", "platform",
};

struct native_say native_hook;
unsigned int native_hook_asked;
bool native_no_members;
unsigned int native_registered;
unsigned int native_claiming;
const struct native_case *native_on_bus;
int native_judge_error;
unsigned int native_forgotten, native_inherited;
struct bx_decision native_traced;
unsigned int native_decisions;
unsigned int native_sysfs_dirs;
unsigned int native_uevents;
const char *native_uevent = "";

static struct bpf_struct_ops *struct_ops;
static struct kobject a_directory;
static struct module module;
static u32 last_link_id;
static int async;

/* ---- programs ---- */

struct native_map *native_map_of(const struct bx_inst *inst)
{
	return container_of(inst->ops, struct native_map, ops);
}

/* The policy of a running program */
static struct native_map *caller(const struct bx_run *run)
{
	struct native_map *map;

	if (!run || !run->inst)
		native_bug("a program runs, and is not found");
	if (!bx_inst_live(run->inst))
		native_bug("a program of an ejected policy runs");
	map = native_map_of(run->inst);
	map->asked++;
	return map;
}

/* bx_policy_error() */
static void give_up(struct bx_run *run)
{
	run->failed = true;
	run->kind = BX_EXIT_ERROR;
	run->code = 7;
	strscpy(run->error, "gave up", sizeof(run->error));
}

/* Misbehaviour of any program */
static void misbehave(struct bx_run *run, s32 verdict)
{
	if (verdict == NATIVE_GIVE_UP)
		give_up(run);
	if (verdict == NATIVE_SLOW)
		jiffies += 4 * HZ;
}

/* bx_select_driver() */
static void name_drivers(struct bx_select_ctx *ctx, const struct native_say *say)
{
	char letter[2] = {};

	if (*say->driver)
		bx_choice_add(ctx, say->driver);
	for (const char *more = say->more; *more; more++) {
		letter[0] = *more;
		bx_choice_add(ctx, letter);
	}
}

static s32 program_select(struct bx_select_ctx *ctx)
{
	const struct native_say *say = &caller(bx_select_run(ctx))->policy->select;

	name_drivers(ctx, say);
	misbehave(ctx->run, say->verdict);
	ctx->election->asked |= say->groups;
	if (say->groups && !ctx->election->members[0].known)
		give_up(ctx->run);
	return say->verdict;
}

static s32 program_match(struct bx_match_ctx *ctx)
{
	s32 verdict = caller(ctx->run)->policy->match[ctx->drv.name[0] - 'a'];

	misbehave(ctx->run, verdict);
	return verdict;
}

static void program_event(struct bx_event *event)
{
	caller(container_of(event, struct bx_event_ctx, event)->run);
}

static void program_exit(struct bx_exit_info *info)
{
	struct native_map *map;

	/* @info is the version's own */
	map = native_map_of(container_of(info, struct bx_inst, exit));
	map->exits++;
	map->exit = *info;
}

/*
 * Tries contexts that no kfunc of the hook accepts: the verifier lets a program pass any number as
 * its context.
 */
static void native_hook_context(const struct bx_select_ctx *ctx)
{
	struct task_struct other, *task = ctx->task;

	if (bx_select_run(ctx + 1) || bx_select_run(NULL))
		native_bug("a context that no program has is found");
	native_interrupted = true;
	if (bx_select_run(ctx))
		native_bug("a timer finds the context of the program that it interrupts");
	native_interrupted = false;
	((struct bx_select_ctx *)ctx)->task = &other;
	if (bx_select_run(ctx))
		native_bug("the context of another task's program is found");
	((struct bx_select_ctx *)ctx)->task = task;
}

/* Replaces the weak one in elect.c, as a fmod_ret program does. */
int bx_hook_select(struct bx_select_ctx *ctx)
{
	struct bx_run *run = bx_select_run(ctx);

	if (!run || run->inst)
		native_bug("the hook runs, and is not found");
	native_hook_context(ctx);
	native_hook_asked++;
	name_drivers(ctx, &native_hook);
	return native_hook.verdict;
}

/* ---- BPF ---- */

int native_register(struct bpf_struct_ops *ops)
{
	struct_ops = ops;
	return ops->init((struct btf *)ops);
}

static int link_detach(struct bpf_link *link)
{
	native_detach(container_of(link, struct native_link, link));
	return 0;
}

static const struct bpf_link_ops link_ops = { .detach = link_detach };

void native_map_init(struct native_map *map, const struct native_policy *policy)
{
	memset(map, 0, sizeof(*map));
	map->policy = policy;
}

/* Initializes the map's value, member by member, as the kernel does */
static int map_load(struct native_map *map)
{
	static const u32 members[] = {
		offsetof(struct bus_ext_ops, name),
		offsetof(struct bus_ext_ops, bus),
		offsetof(struct bus_ext_ops, vendor),
		offsetof(struct bus_ext_ops, priority),
		offsetof(struct bus_ext_ops, flags),
		offsetof(struct bus_ext_ops, version),
		offsetof(struct bus_ext_ops, calls),
	};
	const struct native_policy *p = map->policy;
	struct bus_ext_ops uops = {
		.vendor = p->vendor, .priority = p->priority,
		.flags = p->flags, .version = p->version,
	};

	strscpy(uops.name, p->name, sizeof(uops.name));
	strscpy(uops.bus, p->bus, sizeof(uops.bus));
	memset(&map->ops, 0, sizeof(map->ops));
	for (u32 i = 0; i < ARRAY_SIZE(members); i++) {
		struct btf_member member = { 8 * members[i] };
		int err = struct_ops->init_member(NULL, &member, &map->ops,
						  &uops);

		if (err < 0)
			return err;
	}
	map->ops.select = p->selects ? program_select : NULL;
	map->ops.match = p->matches ? program_match : NULL;
	map->ops.event = program_event;
	map->ops.exit = program_exit;
	return 0;
}

int native_attach(struct native_link *link, struct native_map *map)
{
	int err = struct_ops ? 0 : bx_policy_init();

	if (!err)
		err = map_load(map);
	if (err)
		return err;
	link->link.ops = &link_ops;
	link->link.id = ++last_link_id;
	err = struct_ops->reg(&map->ops, &link->link);
	link->map = err ? NULL : map;
	return err;
}

int native_update(struct native_link *link, struct native_map *map)
{
	int err = map_load(map);

	if (err)
		return err;
	err = struct_ops->update(&map->ops, &link->map->ops, &link->link);
	if (!err)
		link->map = map;
	return err;
}

void native_detach(struct native_link *link)
{
	struct native_map *map = link->map;

	link->map = NULL;
	if (map)
		struct_ops->unreg(&map->ops, &link->link);
}

void native_eject(struct native_link *link, enum bx_exit_kind kind,
		  const char *device, const char *reason)
{
	struct bx_dev_info dev = {};
	struct bx_policy *policy;
	int idx;

	strscpy(dev.name, device, sizeof(dev.name));
	mutex_lock(&bx_policy_mutex);
	policy = bx_policy_by_link(&link->link);
	mutex_unlock(&bx_policy_mutex);
	if (!policy)
		native_bug("a policy is ejected that is not attached");
	idx = srcu_read_lock(&bx_srcu);
	bx_eject(policy->inst, kind, 0, &dev, "%s", reason);
	srcu_read_unlock(&bx_srcu, idx);
}

bool native_record(const struct native_link *link, struct bx_policy_rec *rec)
{
	struct bx_policy_rec *recs;
	bool found = false;
	u32 n;

	if (bx_policy_records(&recs, &n))
		native_bug("out of memory in a test");
	for (u32 i = 0; i < n; i++) {
		if (recs[i].link_id != link->link.id)
			continue;
		*rec = recs[i];
		found = true;
	}
	kvfree(recs);
	return found;
}

struct bx_commit_enter native_enter(const struct bx_policy_rec *rec)
{
	struct bx_commit_enter enter = {
		.id = rec->id,
		.flags = rec->flags,
		.vendor = rec->vendor,
		.priority = rec->priority,
		.version = rec->version,
		.limit = rec->limit,
	};

	strscpy(enter.name, rec->name, sizeof(enter.name));
	strscpy(enter.bus, rec->bus, sizeof(enter.bus));
	return enter;
}

/* ---- buses, devices, drivers ---- */

bool native_is_adopted(const char *bus)
{
	for (int i = NATIVE_OWN_BUSES; i < NATIVE_BUSES; i++) {
		if (!strcmp(native_bus[i], bus))
			return true;
	}
	return false;
}

static int adopted_bus_get(const char *name, struct module **owner)
{
	return native_is_adopted(name) ? 0 : -ENODEV;
}

static int own_bus_get(const char *name, struct module **owner)
{
	for (int i = 0; i < NATIVE_OWN_BUSES; i++) {
		if (strcmp(native_bus[i], name))
			continue;
		*owner = MODULE_REF;
		bpf_link_inc_not_zero(NULL);	/* counted with the links */
		return 0;
	}
	return -ENODEV;
}

static const struct bx_contract *own_contract(const char *name)
{
	return NULL;
}

static const struct bx_kind own_kind = {
	.bus_get = own_bus_get, .contract = own_contract,
};

static int judge_init(void)
{
	return native_judge_error;
}

static const struct bx_kind adopted_kind = {
	.adopted = true, .bus_get = adopted_bus_get, .judge_init = judge_init,
};

const struct bx_kind *bx_kind_get(const char *bus, struct module **owner)
{
	*owner = NULL;
	return !adopted_bus_get(bus, owner) ? &adopted_kind :
	       !own_bus_get(bus, owner) ? &own_kind : NULL;
}

bool bx_bus_exists(const char *bus)
{
	return true;
}

bool bx_bus_has_driver(const struct bus_type *bus, const char *driver)
{
	return !driver[1] && *driver >= 'a' &&
	       *driver < 'a' + NATIVE_DRIVERS &&
	       native_registered & 1U << (*driver - 'a');
}

bool bx_rule_claims_by_name(struct device *dev, const char *driver)
{
	return bx_bus_has_driver(dev->bus, driver) &&
	       native_claiming & 1U << (*driver - 'a');
}

int bx_rule_walk_claimants(struct device *dev,
			   int (*fn)(const char *driver, void *data), void *data)
{
	int err = 0;

	for (unsigned int d = 0; d < native_on_bus->ndrivers && !err; d++) {
		if (native_on_bus->driver[d].claims)
			err = fn(native_on_bus->driver[d].name, data);
	}
	return err;
}

int bx_adopt(const char *name)
{
	return -ENODEV;
}

bool bx_group_read(struct bx_election *e, u32 groups)
{
	bool read = groups && !native_no_members && !e->members[0].known;

	e->members[0].known |= read;
	return read;
}

bool bx_group_is_missing(const struct bx_election *e, u32 groups)
{
	return groups && !e->members[0].known;
}

void bx_group_free(struct bx_election *e)
{
}

void bx_dev_info_fill(struct device *dev, struct bx_dev_info *info)
{
	const struct bx_dev_info *facts = dev_get_drvdata(dev);

	*info = *facts;
}

bool bx_device_is_stale(const struct bx_device *bdev)
{
	return false;
}

struct bx_device *bx_device_find_rcu(const struct bx_bus *bus, const char *name)
{
	return NULL;
}

void bx_devices_update_watched(bool *setting, bool value)
{
}

void bx_policies_changed(const char *bus, u32 vendor)
{
}

void bx_decisions_forget(u64 policy_id)
{
	native_forgotten++;
}

void bx_decisions_inherit(u64 policy_id, u64 heir_id)
{
	native_inherited++;
}

bool bx_async_queue(enum bx_queue queue, struct work_struct *work)
{
	if (!queue_work(NULL, work))
		return false;
	async++;
	return true;
}

void bx_async_end(enum bx_queue queue)
{
	if (async-- < 1)
		native_bug("work ends that did not begin");
}

/* ---- devices ---- */

void put_device(struct device *dev)
{
}

const char *dev_name(const struct device *dev)
{
	return "device";
}

/* ---- sysfs ---- */

/* Allocates memory, which may fail */
struct kobject *bx_sysfs_add_policy(const char *name, struct bx_policy *policy)
{
	void *try = kzalloc(1, GFP_KERNEL);

	if (!try)
		return ERR_PTR(-ENOMEM);
	kfree(try);
	native_sysfs_dirs++;
	return &a_directory;
}

void bx_sysfs_move_policy(struct kobject *kobj, struct bx_policy *policy)
{
	if (kobj != &a_directory)
		native_bug("a policy is moved to where no directory is");
}

void bx_uevent_policy(struct bx_policy *policy, const char *stage)
{
	if (!policy->kobj)
		return;
	native_uevents++;
	native_uevent = stage;
}

void bx_sysfs_del_policy(struct kobject *kobj)
{
	if (kobj != &a_directory || !native_sysfs_dirs--)
		native_bug("a directory is removed that is not there");
}

/* ---- tracepoints ---- */

void trace_bx_decide(const struct bx_dev_info *dev,
		     const struct bx_decision *dec)
{
	native_traced = *dec;
	native_decisions++;
}

void trace_bx_eject(const struct bx_exit_info *info)
{
	struct bx_inst *inst = container_of(info, struct bx_inst, exit);
	struct native_map *map = native_map_of(inst);

	map->ejections++;
	map->ejected = *info;
}

void trace_bx_policy(const char *what, const struct bx_policy_rec *rec)
{
}

void trace_bx_shadow(const struct bx_dev_info *dev, const char *policy,
		     s32 verdict, const char *driver,
		     const struct bx_decision *dec)
{
}

void trace_bx_shadow_call(const struct bx_dev_info *dev, const char *policy,
			  const char *name, s32 verdict)
{
}

void trace_bx_call(const struct bx_dev_info *dev, const struct bx_call_rec *rec)
{
}

void trace_bx_create(const struct bx_dev_info *dev, const char *driver)
{
}

void trace_bx_bind(const struct bx_dev_info *dev, const char *driver)
{
}

void trace_bx_unbind(const struct bx_dev_info *dev, const char *driver)
{
}

void trace_bx_remove(const struct bx_dev_info *dev, const char *driver)
{
}
