// SPDX-License-Identifier: GPL-2.0-only
/*
 * Parts: which devices are parts of composite devices, and which of them are there
 *
 * A policy names a device as a part in its program part(), which is asked when the device is
 * added, and for all devices after a change of policies.  The first policy in scope that
 * names one counts.
 *
 * A part is there while it is on its bus without a driver or, with BX_PART_BOUND, while a
 * driver is bound to it.  It leaves before another driver is probed, before its driver is
 * unbound, and before it is removed: the notifier of its bus waits until the composite
 * device has no driver any more.
 *
 * All that changes a part happens under the lock of its device.  Programs that may be asked
 * by a work item do not wait for that lock: a device may be stuck in the remove() of its
 * driver.  They are asked later.
 */
#include <linux/cleanup.h>
#include <linux/hashtable.h>
#include <linux/kmod.h>
#include <linux/pci.h>
#include <linux/workqueue.h>
#include "core.h"
#include "part.h"

#define BX_PART_RETRY_MIN	(HZ / 50 + 1)
#define BX_PART_RETRY_MAX	HZ

static DEFINE_HASHTABLE(bx_parts, 6);
static DEFINE_MUTEX(bx_part_mutex);	/* protects bx_parts, bx_nparts */
static u32 bx_nparts;

DEFINE_STATIC_SRCU(bx_part_srcu);	/* the user, while it is called */
static const struct bx_part_user __rcu *bx_part_user;
static u64 bx_part_user_nr;	/* number of users until now; written under bx_part_mutex */

/* ---- the table ---- */

/* Valid while the lock of the device is held. */
static struct bx_part *bx_part_find(const struct device *dev)
{
	struct bx_part *part;

	if (!READ_ONCE(bx_nparts))
		return NULL;
	guard(mutex)(&bx_part_mutex);
	hash_for_each_possible(bx_parts, part, node, (unsigned long)dev) {
		if (part->dev == dev)
			return part;
	}
	return NULL;
}

static void bx_part_insert(struct bx_part *part)
{
	guard(mutex)(&bx_part_mutex);
	hash_add(bx_parts, &part->node, (unsigned long)part->dev);
	WRITE_ONCE(bx_nparts, bx_nparts + 1);
}

static void bx_part_free(struct bx_part *part)
{
	mutex_lock(&bx_part_mutex);
	hash_del(&part->node);
	WRITE_ONCE(bx_nparts, bx_nparts - 1);
	mutex_unlock(&bx_part_mutex);
	put_device(part->dev);
	kfree(part);
}

/* ---- what the user knows ---- */

/* Whether the user knows that the part is there; a former user does not count. */
static bool bx_part_is_known(const struct bx_part *part)
{
	return part->there == READ_ONCE(bx_part_user_nr);
}

/* Whether a driver uses the part */
static bool bx_part_is_busy(const struct bx_part *part)
{
	return bx_part_is_known(part) && READ_ONCE(part->busy);
}

/* ---- retries ---- */

/* A device to look at again: its lock was taken, or it cannot be probed yet. */
struct bx_part_retry {
	struct list_head	node;
	struct device		*dev;
};

static LIST_HEAD(bx_part_retries);
static DEFINE_SPINLOCK(bx_part_retry_lock);	/* protects bx_part_retries */
static unsigned long bx_part_retry_delay = BX_PART_RETRY_MIN;
static bool bx_part_stopped;

static void bx_part_retry_work(struct work_struct *work);
static DECLARE_DELAYED_WORK(bx_part_retry_dwork, bx_part_retry_work);

static bool bx_part_retry_add(struct bx_part_retry *retry)
{
	struct bx_part_retry *other;
	bool listed = false;

	spin_lock(&bx_part_retry_lock);
	list_for_each_entry(other, &bx_part_retries, node)
		listed |= other->dev == retry->dev;
	if (!listed)
		list_add_tail(&retry->node, &bx_part_retries);
	spin_unlock(&bx_part_retry_lock);
	return !listed;
}

static void bx_part_later(struct device *dev)
{
	struct bx_part_retry *retry;

	if (READ_ONCE(bx_part_stopped))
		return;
	retry = kmalloc(sizeof(*retry), GFP_KERNEL);
	if (!retry) {
		dev_warn(dev, "no memory to ask later whether the device is a part: the next change of policies does\n");
		return;
	}
	retry->dev = get_device(dev);
	if (!bx_part_retry_add(retry)) {
		put_device(dev);
		kfree(retry);
	}
	schedule_delayed_work(&bx_part_retry_dwork, READ_ONCE(bx_part_retry_delay));
}

/* ---- what the user is told ---- */

static void bx_part_tell_user(const struct bx_part_user *user, struct bx_part *part, bool there)
{
	if (!there)
		user->leaves(part);
	part->busy = false;
	part->there = there ? READ_ONCE(bx_part_user_nr) : 0;
	if (there && user->came(part)) {
		part->there = 0;
		bx_part_later(part->dev);
	}
}

/* Tells the user that a part is there, or leaves; the lock of the device is held. */
static void bx_part_tell(struct bx_part *part, bool there)
{
	int idx = srcu_read_lock(&bx_part_srcu);
	const struct bx_part_user *user;

	user = srcu_dereference(bx_part_user, &bx_part_srcu);
	if (user && there != bx_part_is_known(part))
		bx_part_tell_user(user, part, there);
	srcu_read_unlock(&bx_part_srcu, idx);
}

/* ---- asking policies ---- */

static bool bx_chain_names_parts(const struct bx_policy_chain *chain)
{
	for (u32 i = 0; chain && i < chain->n; i++) {
		if (chain->inst[i]->ops->part)
			return true;
	}
	return false;
}

/* Whether a policy in scope has part(), or the device is a part */
static bool bx_part_is_asked(struct device *dev)
{
	int idx = srcu_read_lock(&bx_srcu);
	bool asked = bx_chain_names_parts(bx_chain_lookup(dev->bus->name,
							  bx_dev_vendor(dev)));

	srcu_read_unlock(&bx_srcu, idx);
	return asked || bx_part_find(dev);
}

/* Runs one part(); true if it has named a part. */
static bool bx_part_ask_one(struct bx_part_ctx *ctx, struct bx_inst *inst)
{
	struct bx_run run;

	bx_run_init(&run, inst, "part()", &ctx->dev, false);
	this_cpu_inc(inst->counts->asked);
	ctx->part[0] = '\0';
	ctx->run = &run;
	inst->ops->part(ctx);
	ctx->run = NULL;
	if (!bx_run_judge(&run) || !*ctx->part)
		return false;
	if (!(inst->flags & BX_F_SHADOW))
		return true;
	this_cpu_inc(inst->counts->diverged);
	return false;
}

/* Asks one policy; 0 if it has no answer, 1 if it names a part, 2 if @part stays. */
static int bx_part_ask_inst(struct bx_part_ctx *ctx, struct bx_inst *inst,
			    const struct bx_part *part)
{
	bool named = bx_inst_live(inst) && bx_part_ask_one(ctx, inst);

	if (named) {
		ctx->policy_id = inst->policy->id;
		strscpy(ctx->policy, inst->name, sizeof(ctx->policy));
		return 1;
	}
	ctx->part[0] = '\0';
	return !bx_inst_live(inst) && bx_fails_closed(inst) && part &&
	       part->policy_id == inst->policy->id ? 2 : 0;
}

/*
 * Asks the policies in scope, until one names a part; @part: the present answer, or NULL.
 * Returns false if it stays, since the policy that has given it is quarantined.
 */
static bool bx_part_ask_chain(struct bx_part_ctx *ctx, const struct bx_part *part)
{
	int idx = srcu_read_lock(&bx_srcu), answer = 0;
	const struct bx_policy_chain *chain;

	chain = bx_chain_lookup(ctx->dev.bus, ctx->dev.vendor);
	for (u32 i = 0; chain && i < chain->n && !answer; i++) {
		if (chain->inst[i]->ops->part)
			answer = bx_part_ask_inst(ctx, chain->inst[i], part);
	}
	srcu_read_unlock(&bx_srcu, idx);
	return answer != 2;
}

static struct bx_part *bx_part_alloc(const struct bx_part_ctx *ctx)
{
	struct bx_part *part = kzalloc(sizeof(*part), GFP_KERNEL);

	if (!part)
		return NULL;
	part->dev = get_device(ctx->device);
	strscpy(part->composite, ctx->composite, sizeof(part->composite));
	strscpy(part->name, ctx->part, sizeof(part->name));
	part->flags = ctx->flags;
	INIT_LIST_HEAD(&part->use);
	return part;
}

static bool bx_part_is_same(const struct bx_part *part, const struct bx_part_ctx *ctx)
{
	return !strcmp(part->composite, ctx->composite) &&
	       !strcmp(part->name, ctx->part) && part->flags == ctx->flags;
}

/* Keeps the answer of the policies. */
static void bx_part_set(struct bx_part *part, const struct bx_part_ctx *ctx)
{
	if (part && !bx_part_is_same(part, ctx)) {
		part->stale = bx_part_is_busy(part);
		if (part->stale)
			return;
		bx_part_tell(part, false);
		bx_part_free(part);
		part = NULL;
	}
	if (!*ctx->part)
		return;
	if (!part) {
		part = bx_part_alloc(ctx);
		if (!part) {
			bx_part_later(ctx->device);
			return;
		}
		bx_part_insert(part);
		if (!rcu_access_pointer(bx_part_user))
			request_module_nowait("bx_composite");
	}
	part->stale = false;
	part->policy_id = ctx->policy_id;
	strscpy(part->policy, ctx->policy, sizeof(part->policy));
}

/* ---- what is there ---- */

enum bx_part_state {
	BX_PART_IS_FREE,	/* no driver */
	BX_PART_IS_BOUND,
	BX_PART_IS_CHANGING,	/* a driver is being bound or unbound */
};

static enum bx_part_state bx_part_state(struct device *dev)
{
	device_lock_assert(dev);
	if (!dev->driver)
		return BX_PART_IS_FREE;
	return bx_dev_is_bound(dev) ? BX_PART_IS_BOUND : BX_PART_IS_CHANGING;
}

/*
 * Whether the bus has come so far with the device that a driver may be bound: on PCI that is
 * later than device_add().
 */
static bool bx_part_is_ready(struct device *dev)
{
	if (bx_is_own(dev))
		return READ_ONCE(to_bx_device(dev)->added);
	return bx_is_ready_to_probe(dev) &&
	       (!dev_is_pci(dev) || bx_pci_is_matchable(to_pci_dev(dev)));
}

/* No bus says when it is ready. */
static void bx_part_check(struct bx_part *part, enum bx_part_state state)
{
	bool bound = part->flags & BX_PART_BOUND;
	bool there = state == (bound ? BX_PART_IS_BOUND : BX_PART_IS_FREE);

	if (there && !bound && !bx_part_is_ready(part->dev)) {
		bx_part_later(part->dev);
		there = false;
	}
	bx_part_tell(part, there);
}

/* Whether the device was added and not removed; its lock is held. */
static bool bx_part_may_be(struct device *dev)
{
	struct bx_entry *entry;
	bool may;

	if (bx_is_own(dev))
		return READ_ONCE(to_bx_device(dev)->state) < BX_STATE_DRAINING;
	entry = bx_entry_get(dev);
	may = entry && !entry->leaving;
	bx_entry_put(entry);
	return may;
}

static void bx_part_ask_locked(struct device *dev)
{
	struct bx_part_ctx *ctx __free(kfree) = NULL;
	struct bx_part *part = bx_part_find(dev);

	device_lock_assert(dev);
	if (!bx_part_may_be(dev))
		return;
	ctx = kzalloc(sizeof(*ctx), GFP_KERNEL);
	if (!ctx) {
		bx_part_later(dev);
		return;
	}
	bx_dev_info_fill(dev, &ctx->dev);
	ctx->device = dev;
	if (bx_part_ask_chain(ctx, part))
		bx_part_set(part, ctx);
	part = bx_part_find(dev);
	if (part)
		bx_part_check(part, bx_part_state(dev));
}

/**
 * bx_part_ask() - ask the policies whether a device is a part
 * @dev: a device on an own or adopted bus; the caller holds a reference to it
 *
 * Context: process, without locks; does not wait for the lock of the device, but asks
 * later if it is taken.
 */
void bx_part_ask(struct device *dev)
{
	if (!bx_part_is_asked(dev))
		return;
	if (!device_trylock(dev)) {
		bx_part_later(dev);
		return;
	}
	bx_part_ask_locked(dev);
	device_unlock(dev);
}

/**
 * bx_part_unused() - ask again about a part that no driver uses any more
 * @part: the part, which is there
 *
 * The policies may have changed meanwhile.
 *
 * Context: process; may sleep.
 */
void bx_part_unused(struct bx_part *part)
{
	WRITE_ONCE(part->busy, false);
	if (READ_ONCE(part->stale))
		bx_part_later(part->dev);
}
EXPORT_SYMBOL_GPL(bx_part_unused);

/* Asks the devices of the list; those that cannot be asked yet are in a new one. */
static void bx_part_retry_work(struct work_struct *work)
{
	struct bx_part_retry *retry, *tmp;
	LIST_HEAD(list);

	spin_lock(&bx_part_retry_lock);
	list_splice_init(&bx_part_retries, &list);
	spin_unlock(&bx_part_retry_lock);
	WRITE_ONCE(bx_part_retry_delay, min(2 * bx_part_retry_delay, BX_PART_RETRY_MAX));
	list_for_each_entry_safe(retry, tmp, &list, node) {
		bx_part_ask(retry->dev);
		put_device(retry->dev);
		kfree(retry);
	}
	spin_lock(&bx_part_retry_lock);
	if (list_empty(&bx_part_retries))
		bx_part_retry_delay = BX_PART_RETRY_MIN;
	spin_unlock(&bx_part_retry_lock);
}

/* ---- notifications of the buses ---- */

static void bx_part_added(struct device *dev)
{
	if (!bx_part_is_asked(dev))
		return;
	device_lock(dev);
	bx_part_ask_locked(dev);
	device_unlock(dev);
}

static void bx_part_removed(struct device *dev)
{
	struct bx_part *part;

	device_lock(dev);
	if (!bx_is_own(dev))
		bx_entry_set_leaving(dev);
	part = bx_part_find(dev);
	if (part) {
		bx_part_tell(part, false);
		bx_part_free(part);
	}
	device_unlock(dev);
}

/**
 * bx_part_notify() - take note of what happens to a device, which may be a part
 * @dev: the device, on an own or adopted bus
 * @action: BUS_NOTIFY_*; BUS_NOTIFY_BIND_DRIVER only if the driver will be probed
 *
 * Context: in the notifier of the bus; waits until a driver that uses the part was unbound.
 */
void bx_part_notify(struct device *dev, unsigned long action)
{
	enum bx_part_state state;
	struct bx_part *part;

	switch (action) {
	case BUS_NOTIFY_ADD_DEVICE:
		bx_part_added(dev);
		return;
	case BUS_NOTIFY_DEL_DEVICE:
		bx_part_removed(dev);
		return;
	case BUS_NOTIFY_BOUND_DRIVER:
		state = BX_PART_IS_BOUND;
		break;
	case BUS_NOTIFY_BIND_DRIVER:
	case BUS_NOTIFY_UNBIND_DRIVER:
		state = BX_PART_IS_CHANGING;
		break;
	case BUS_NOTIFY_UNBOUND_DRIVER:
	case BUS_NOTIFY_DRIVER_NOT_BOUND:
		state = BX_PART_IS_FREE;
		break;
	default:
		return;
	}
	part = bx_part_find(dev);
	if (part)
		bx_part_check(part, state);
}

/* ---- the user, start and end ---- */

/**
 * bx_parts_use() - begin to use parts
 * @user: the user's functions, which are also called for the parts that are there
 *
 * Context: process.
 * Return: 0, -EBUSY if there is a user.
 */
int bx_parts_use(const struct bx_part_user *user)
{
	struct bx_part *part;
	u32 bucket;

	guard(mutex)(&bx_part_mutex);
	if (rcu_access_pointer(bx_part_user))
		return -EBUSY;
	WRITE_ONCE(bx_part_user_nr, bx_part_user_nr + 1);
	rcu_assign_pointer(bx_part_user, user);
	hash_for_each(bx_parts, bucket, part, node)
		bx_part_later(part->dev);
	return 0;
}
EXPORT_SYMBOL_GPL(bx_parts_use);

/**
 * bx_parts_release() - use parts no more
 *
 * Afterwards the user must not access any part.
 *
 * Context: process; waits for calls of the user's functions.
 */
void bx_parts_release(void)
{
	mutex_lock(&bx_part_mutex);
	rcu_assign_pointer(bx_part_user, NULL);
	mutex_unlock(&bx_part_mutex);
	synchronize_srcu(&bx_part_srcu);
}
EXPORT_SYMBOL_GPL(bx_parts_release);

/* Called without policies and without a user. */
void bx_parts_stop(void)
{
	struct bx_part_retry *retry, *tmp;

	WRITE_ONCE(bx_part_stopped, true);
	cancel_delayed_work_sync(&bx_part_retry_dwork);
	list_for_each_entry_safe(retry, tmp, &bx_part_retries, node) {
		put_device(retry->dev);
		kfree(retry);
	}
}

/* Called without notifiers. */
void bx_parts_exit(void)
{
	struct hlist_node *tmp;
	struct bx_part *part;
	u32 bucket;

	hash_for_each_safe(bx_parts, bucket, tmp, part, node)
		bx_part_free(part);
}
