// SPDX-License-Identifier: GPL-2.0-only
/*
 * Open-coded iterators for BPF programs
 *
 * Each iterator takes a snapshot, an array of plain records, when it is created.
 * It holds no lock or reference afterwards, so a program can call any kfunc
 * between two records.
 *
 * The verifier trusts a record for as long as the program runs, also after the
 * end of its iterator.  So a snapshot is freed after the program has returned:
 * SEC("syscall") programs run inside an RCU-tasks-trace read section.
 */
#include <linux/btf_ids.h>
#include <linux/srcu.h>	/* which the next one of Linux 7.3 needs */
#include <linux/rcupdate_trace.h>
#include "kfunc.h"

struct bx_snapshot {
	u32		n;
	u32		next;
	void		*recs;
	struct rcu_head	rcu;
};

/* Kernel view of the program's __opaque[2] */
struct bx_iter {
	struct bx_snapshot	*snap;
	u64			unused;
};

static int bx_iter_init(void *it, void *recs, u32 n)
{
	struct bx_iter *iter = it;

	iter->snap = kzalloc(sizeof(*iter->snap), GFP_KERNEL);
	if (!iter->snap) {
		kvfree(recs);
		return -ENOMEM;
	}
	iter->snap->recs = recs;
	iter->snap->n = n;
	return 0;
}

static void *bx_iter_next(void *it, size_t size)
{
	struct bx_iter *iter = it;

	if (!iter->snap || iter->snap->next >= iter->snap->n)
		return NULL;
	return iter->snap->recs + size * iter->snap->next++;
}

static void bx_snapshot_free(struct rcu_head *rcu)
{
	struct bx_snapshot *snap = container_of(rcu, struct bx_snapshot, rcu);

	kvfree(snap->recs);
	kfree(snap);
}

static void bx_iter_destroy(void *it)
{
	struct bx_iter *iter = it;

	if (iter->snap)
		call_rcu_tasks_trace(&iter->snap->rcu, bx_snapshot_free);
}

/* Called after the last program of the control interface has ended. */
void bx_iter_exit(void)
{
	rcu_barrier_tasks_trace();
}

/* An array that grows while a bus is walked */
struct bx_collect {
	void	*recs;
	u32	n;
	u32	max;
	size_t	size;
	int	err;
};

static void *bx_collect_one(struct bx_collect *c)
{
	if (c->n == c->max) {
		u32 max = c->max ? 2 * c->max : 16;
		void *recs = kvcalloc(max, c->size, GFP_KERNEL);

		if (!recs) {
			c->err = -ENOMEM;
			return NULL;
		}
		if (c->n)
			memcpy(recs, c->recs, c->n * c->size);
		kvfree(c->recs);
		c->recs = recs;
		c->max = max;
	}
	return c->recs + c->size * c->n++;
}

static int bx_collect_finish(struct bx_collect *c, void *it)
{
	if (c->err) {
		kvfree(c->recs);
		return c->err;
	}
	return bx_iter_init(it, c->recs, c->n);
}

/**
 * bx_device_rec_fill() - describe a device, its driver and its decision
 * @dev: a device on an own or adopted bus
 * @rec: takes the description
 *
 * Context: may sleep.
 */
void bx_device_rec_fill(struct device *dev, struct bx_device_rec *rec)
{
	bx_dev_info_fill(dev, &rec->dev);
	bx_dev_driver_name(dev, rec->driver, sizeof(rec->driver));
	bx_kind_of(dev)->decision(dev, &rec->decision);
}

static int bx_collect_device(struct device *dev, void *data)
{
	struct bx_device_rec *rec = bx_collect_one(data);

	if (!rec)
		return -ENOMEM;
	bx_device_rec_fill(dev, rec);
	return 0;
}

static int bx_collect_devices(const struct bus_type *bus, bool adopted,
			      void *data)
{
	return bus_for_each_dev(bus, NULL, data, bx_collect_device);
}

static int bx_count_device(struct device *dev, void *data)
{
	(*(u32 *)data)++;
	return 0;	/* continue */
}

static int bx_collect_driver(struct device_driver *drv, void *data)
{
	struct bx_driver_rec *rec = bx_collect_one(data);

	if (!rec)
		return -ENOMEM;
	strscpy(rec->name, drv->name, sizeof(rec->name));
	strscpy(rec->bus, drv->bus->name, sizeof(rec->bus));
	if (drv->owner)
		strscpy(rec->module, drv->owner->name, sizeof(rec->module));
	rec->adopted = bx_kind_of_bus(drv->bus)->adopted;
	if (!rec->adopted)
		rec->order = to_bx_driver(drv)->order;
	return driver_for_each_device(drv, NULL, &rec->devices,
				      bx_count_device);
}

static int bx_collect_drivers(const struct bus_type *bus, bool adopted,
			      void *data)
{
	return bus_for_each_drv(bus, NULL, data, bx_collect_driver);
}

__bpf_kfunc_start_defs();

/*
 * The candidates belong to the election that runs the program, so this iterator
 * needs no snapshot: __opaque[0] is the election, [1] the position.
 */
__bpf_kfunc int bpf_iter_bx_candidate_new(struct bpf_iter_bx_candidate *it,
					  struct bx_select_ctx *ctx)
{
	bool valid = bx_select_run(ctx);

	it->__opaque[0] = valid ? (unsigned long)ctx->election : 0;
	it->__opaque[1] = 0;
	return valid ? 0 : -EINVAL;
}

__bpf_kfunc struct bx_candidate *
bpf_iter_bx_candidate_next(struct bpf_iter_bx_candidate *it)
{
	struct bx_election *e = (void *)(unsigned long)it->__opaque[0];

	if (!e || it->__opaque[1] >= e->ncands)
		return NULL;
	return &e->cands[it->__opaque[1]++].rec;
}

__bpf_kfunc void
bpf_iter_bx_candidate_destroy(struct bpf_iter_bx_candidate *it)
{
}

/*
 * The members of the device's group belong to the election, too: __opaque[0] is the
 * election, [1] the position, and the kind in its upper half.  The election reads them if
 * there are none yet, and runs the program again: see group.c.
 */
__bpf_kfunc int bpf_iter_bx_member_new(struct bpf_iter_bx_member *it,
				       struct bx_select_ctx *ctx, u32 kind)
{
	struct bx_election *e = bx_select_run(ctx) ? ctx->election : NULL;

	it->__opaque[0] = 0;
	it->__opaque[1] = (u64)kind << 32;
	if (!e || kind >= BX_NR_GROUPS)
		return -EINVAL;
	e->asked |= BIT(kind);
	it->__opaque[0] = (unsigned long)e;
	return 0;
}

__bpf_kfunc struct bx_member *
bpf_iter_bx_member_next(struct bpf_iter_bx_member *it)
{
	struct bx_election *e = (void *)(unsigned long)it->__opaque[0];
	const struct bx_members *members;

	if (!e)
		return NULL;
	members = &e->members[it->__opaque[1] >> 32];
	if (!members->known || (u32)it->__opaque[1] >= members->n)
		return NULL;
	return &members->recs[(u32)it->__opaque[1]++];
}

__bpf_kfunc void
bpf_iter_bx_member_destroy(struct bpf_iter_bx_member *it)
{
}

#define BX_ITER(what, type)						\
__bpf_kfunc struct type *						\
bpf_iter_bx_##what##_next(struct bpf_iter_bx_##what *it)		\
{									\
	return bx_iter_next(it, sizeof(struct type));			\
}									\
									\
__bpf_kfunc void							\
bpf_iter_bx_##what##_destroy(struct bpf_iter_bx_##what *it)		\
{									\
	bx_iter_destroy(it);						\
}									\
static_assert(sizeof(struct bpf_iter_bx_##what) == sizeof(struct bx_iter))

BX_ITER(device, bx_device_rec);
BX_ITER(driver, bx_driver_rec);
BX_ITER(policy, bx_policy_rec);
BX_ITER(exit, bx_exit_info);
BX_ITER(fact, bx_fact_rec);
BX_ITER(opinion, bx_opinion);
BX_ITER(trial, bx_opinion);

/* Empties an iterator first: programs walk it even if _new() failed. */
static bool bx_iter_begin(void *it)
{
	memset(it, 0, sizeof(struct bx_iter));
	return capable(CAP_SYS_ADMIN);
}

/**
 * bpf_iter_bx_device_new() - iterate over devices, bus by bus
 * @it: the iterator
 * @flags: bit 0 for own buses, bit 1 for adopted buses
 *
 * Return: 0, -EPERM without CAP_SYS_ADMIN, -ENOMEM.
 */
__bpf_kfunc int bpf_iter_bx_device_new(struct bpf_iter_bx_device *it, u32 flags)
{
	struct bx_collect c = { .size = sizeof(struct bx_device_rec) };

	if (!bx_iter_begin(it))
		return -EPERM;
	bx_for_each_bus(bx_collect_devices, &c, flags);
	return bx_collect_finish(&c, it);
}

/**
 * bpf_iter_bx_driver_new() - iterate over drivers, bus by bus
 * @it: the iterator
 * @flags: bit 0 for own buses, bit 1 for adopted buses
 *
 * Return: 0, -EPERM without CAP_SYS_ADMIN, -ENOMEM.
 */
__bpf_kfunc int bpf_iter_bx_driver_new(struct bpf_iter_bx_driver *it, u32 flags)
{
	struct bx_collect c = { .size = sizeof(struct bx_driver_rec) };

	if (!bx_iter_begin(it))
		return -EPERM;
	bx_for_each_bus(bx_collect_drivers, &c, flags);
	return bx_collect_finish(&c, it);
}

/**
 * bpf_iter_bx_policy_new() - iterate over policies in order of authority
 * @it: the iterator
 * @flags: none yet, 0
 *
 * Return: 0, -EINVAL, -EPERM without CAP_SYS_ADMIN, -ENOMEM.
 */
__bpf_kfunc int bpf_iter_bx_policy_new(struct bpf_iter_bx_policy *it, u32 flags)
{
	struct bx_policy_rec *recs;
	int err;
	u32 n;

	if (!bx_iter_begin(it))
		return -EPERM;
	if (flags)
		return -EINVAL;
	err = bx_policy_records(&recs, &n);
	return err ?: bx_iter_init(it, recs, n);
}

/**
 * bpf_iter_bx_fact_new() - iterate over the facts of a device
 * @it: the iterator
 * @ref: the device
 *
 * Reads from the device and runs methods of the firmware; see docs/buses.md.
 *
 * Return: 0, -EPERM without CAP_SYS_ADMIN, those of bx_device_get(), -ENOMEM.
 */
__bpf_kfunc int bpf_iter_bx_fact_new(struct bpf_iter_bx_fact *it,
				     struct bx_devref *ref)
{
	struct bx_fact_rec *recs;
	struct device *dev;
	int err;
	u32 n;

	if (!bx_iter_begin(it))
		return -EPERM;
	dev = bx_find_device(ref);
	if (IS_ERR(dev))
		return PTR_ERR(dev);
	err = bx_fact_records(dev, &recs, &n);
	put_device(dev);
	return err ?: bx_iter_init(it, recs, n);
}

/**
 * bpf_iter_bx_exit_new() - iterate over the last ejections, oldest first
 * @it: the iterator
 * @flags: none yet, 0
 *
 * Return: 0, -EINVAL, -EPERM without CAP_SYS_ADMIN, -ENOMEM.
 */
__bpf_kfunc int bpf_iter_bx_exit_new(struct bpf_iter_bx_exit *it, u32 flags)
{
	struct bx_exit_info *recs;
	int err;
	u32 n;

	if (!bx_iter_begin(it))
		return -EPERM;
	if (flags)
		return -EINVAL;
	err = bx_exit_records(&recs, &n);
	return err ?: bx_iter_init(it, recs, n);
}

/* Passes the log of an election, which it consumes, to an iterator; or its errno. */
static int bx_explain_show(void *it, struct bx_election *e)
{
	int err;

	if (IS_ERR(e))
		return PTR_ERR(e);
	err = bx_iter_init(it, e->log, e->nlog);
	e->log = NULL;
	bx_election_free(e);
	return err;
}

/*
 * User space may write to what a program has in a map; and it may know fewer
 * members than we do, but for those that all versions have.
 */
static struct bx_trial *bx_trial_copy(const void *trial, u32 size)
{
	struct bx_trial *copy;

	if (size > sizeof(*copy))
		return ERR_PTR(-E2BIG);
	if (size < offsetofend(struct bx_trial, drivers))
		return ERR_PTR(-EINVAL);
	copy = kvmalloc(sizeof(*copy), GFP_KERNEL);
	if (!copy)
		return ERR_PTR(-ENOMEM);
	memcpy(copy, trial, size);
	memset((void *)copy + size, 0, sizeof(*copy) - size);
	if (copy->flags & ~BX_TRIAL_ALONE ||
	    copy->nr_drivers > BX_TRIAL_DRIVERS ||
	    copy->nr_facts > BX_TRIAL_FACTS ||
	    copy->change.nr_enter > BX_COMMIT_MAX ||
	    copy->change.nr_leave > BX_COMMIT_MAX) {
		kvfree(copy);
		return ERR_PTR(-EINVAL);
	}
	copy->dev.flags |= BX_DEV_TRIAL;
	return copy;
}

/**
 * bpf_iter_bx_opinion_new() - explain a device's election
 * @it: the iterator
 * @ref: the device
 * @timeout_ms: how long the programs may take, in ms; at most 10 s, also for 0
 *
 * The election is dry: nothing is recorded, counted or changed.
 *
 * Return: 0, -EPERM without CAP_SYS_ADMIN, those of bx_device_get(), -ENOMEM;
 * -ETIMEDOUT if the programs take longer, -EINTR after a signal.
 */
__bpf_kfunc int bpf_iter_bx_opinion_new(struct bpf_iter_bx_opinion *it,
					struct bx_devref *ref, u32 timeout_ms)
{
	if (!bx_iter_begin(it))
		return -EPERM;
	return bx_explain_show(it, bx_dryrun_explain(ref, timeout_ms));
}

/**
 * bpf_iter_bx_trial_new() - explain an election as it would be
 * @it: the iterator
 * @trial: struct bx_trial: the change and the device
 * @trial__sz: its size
 * @timeout_ms: as for bpf_iter_bx_opinion_new()
 *
 * As bpf_iter_bx_opinion_new(), for policies and devices that need not be there.
 *
 * Return: 0, -EPERM without CAP_SYS_ADMIN; -E2BIG for one of a later version;
 * -EINVAL for an invalid trial; as a commit of its change, -ENOENT for
 * a policy that is not staged, or not active, and -EPERM for one that is not as it
 * was checked; -ENODEV for a device or a bus that is not there; -ENOMEM.
 */
__bpf_kfunc int bpf_iter_bx_trial_new(struct bpf_iter_bx_trial *it,
				      void *trial, u32 trial__sz,
				      u32 timeout_ms)
{
	struct bx_trial *copy;

	if (!bx_iter_begin(it))
		return -EPERM;
	copy = bx_trial_copy(trial, trial__sz);
	if (IS_ERR(copy))
		return PTR_ERR(copy);
	return bx_explain_show(it, bx_dryrun_trial(copy, timeout_ms));
}

/**
 * bx_trial_call() - make a call as it would be
 * @trial: struct bx_trial: the device, described, and what would be different
 * @trial__sz: its size
 * @call: the call; takes what became of it
 * @timeout_ms: as for bpf_iter_bx_opinion_new()
 *
 * No device is changed, nothing is counted and no policy is ejected.
 *
 * Return: 0; those of bpf_iter_bx_trial_new(); -EOPNOTSUPP on a bus without
 * calls; -EINVAL for an operation that is not there or an argument of another
 * size.
 */
__bpf_kfunc int bx_trial_call(void *trial, u32 trial__sz,
			      struct bx_trial_call *call, u32 timeout_ms)
{
	struct bx_trial *copy;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	copy = bx_trial_copy(trial, trial__sz);
	if (IS_ERR(copy))
		return PTR_ERR(copy);
	return bx_dryrun_call(copy, call, timeout_ms);
}

__bpf_kfunc_end_defs();
