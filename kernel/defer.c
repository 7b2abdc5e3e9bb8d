// SPDX-License-Identifier: GPL-2.0-only
/*
 * Deferred devices, which are elected again
 *
 * A device whose election ended with BX_OUT_DEFERRED is listed at its bus.  It is due for
 * another election after an event of another device in the scope of the policy that has
 * deferred it, when a driver of the bus comes, when a program asks, and after the time
 * that the policy has named.  A work item of the bus elects all that are due; a timer of
 * the bus waits for the earliest time.
 *
 * An event during an election may come too late for the program and too early for the
 * list.  So each election notes the number of events before it (bx_deferral_begin()), and
 * the device is due at once if there were more at its end (bx_deferral_note()).
 *
 * Elections cause no events by themselves, and the events of a device are not for itself.
 * A policy can still keep a device busy, by short times, so deferrals are counted, and
 * after BX_MAX_DEFERRALS the device is not listed any more.
 */
#include "core.h"

/* The started lists of buses */
static LIST_HEAD(bx_all_deferrals);
/* Protects all in this file, but for the numbers of events and of listed devices */
static DEFINE_SPINLOCK(bx_defer_lock);

/* ---- the list of a bus; bx_defer_lock is held ---- */

static struct bx_deferrals *bx_deferrals_of(const struct bus_type *type)
{
	struct bx_deferrals *all;

	list_for_each_entry(all, &bx_all_deferrals, node) {
		if (all->type == type)
			return all;
	}
	return NULL;
}

static void bx_deferral_set_due(struct bx_deferral *d)
{
	d->due = true;
	bx_async_queue(BX_Q_ELECT, &d->of->work);
}

/* Sets the timer to the earliest time that a policy has named. */
static void bx_deferrals_arm(struct bx_deferrals *all)
{
	const struct bx_deferral *d, *first = NULL;

	list_for_each_entry(d, &all->list, node) {
		if (d->armed && (!first || time_before(d->deadline, first->deadline)))
			first = d;
	}
	if (first)
		mod_timer(&all->timer, first->deadline);
	else
		timer_delete(&all->timer);
}

static void bx_deferral_unlist(struct bx_deferral *d)
{
	struct bx_deferrals *all = d->of;

	if (!all)
		return;
	list_del(&d->node);
	WRITE_ONCE(all->listed, all->listed - 1);
	d->of = NULL;
	d->due = false;
	if (d->armed) {
		d->armed = false;
		bx_deferrals_arm(all);
	}
}

static void bx_deferral_list(struct bx_deferral *d, const struct bx_election *e)
{
	struct bx_deferrals *all = bx_deferrals_of(d->dev->bus);

	if (!all)
		return;
	d->of = all;
	d->vendor = e->vendor;
	d->armed = e->dec.retry_ms;
	d->deadline = jiffies + msecs_to_jiffies(e->dec.retry_ms);
	list_add_tail(&d->node, &all->list);
	WRITE_ONCE(all->listed, all->listed + 1);
	if (d->armed)
		bx_deferrals_arm(all);
	/* pairs with bx_deferrals_event(): that sees the device, or this sees the event */
	smp_mb();
	if (d->seen != atomic_read(&all->events))
		bx_deferral_set_due(d);
}

static bool bx_deferral_is_over(const struct bx_deferral *d)
{
	return d->armed && !time_before(jiffies, d->deadline);
}

static void bx_deferrals_timer(struct timer_list *timer)
{
	struct bx_deferrals *all = container_of(timer, struct bx_deferrals, timer);
	struct bx_deferral *d;

	spin_lock(&bx_defer_lock);
	list_for_each_entry(d, &all->list, node) {
		if (bx_deferral_is_over(d)) {
			d->armed = false;
			bx_deferral_set_due(d);
		}
	}
	bx_deferrals_arm(all);
	spin_unlock(&bx_defer_lock);
}

/* ---- elections of due devices ---- */

/* Returns a device that was due, with a reference, or NULL. */
static struct device *bx_deferrals_take(struct bx_deferrals *all)
{
	struct device *dev = NULL;
	struct bx_deferral *d;

	spin_lock_bh(&bx_defer_lock);
	list_for_each_entry(d, &all->list, node) {
		if (!d->due)
			continue;
		d->due = false;
		if (kobject_get_unless_zero(&d->dev->kobj)) {
			dev = d->dev;
			break;
		}
	}
	spin_unlock_bh(&bx_defer_lock);
	return dev;
}

static void bx_deferrals_work(struct work_struct *work)
{
	struct bx_deferrals *all = container_of(work, struct bx_deferrals, work);
	struct device *dev;

	while ((dev = bx_deferrals_take(all))) {
		all->reelect(dev);
		put_device(dev);
	}
	bx_async_end(BX_Q_ELECT);
}

static void bx_deferrals_ask_locked(struct bx_deferrals *all)
{
	struct bx_deferral *d;

	lockdep_assert_held(&bx_defer_lock);
	atomic_inc(&all->events);
	list_for_each_entry(d, &all->list, node)
		bx_deferral_set_due(d);
}

/**
 * bx_deferrals_ask() - elect all deferred devices of a bus again
 * @all: the deferred devices of the bus
 *
 * Context: any but an interrupt.
 */
void bx_deferrals_ask(struct bx_deferrals *all)
{
	spin_lock_bh(&bx_defer_lock);
	bx_deferrals_ask_locked(all);
	spin_unlock_bh(&bx_defer_lock);
}

/**
 * bx_deferrals_ask_by_name() - elect all deferred devices of a bus again
 * @bus: name of the bus
 *
 * Context: any but an interrupt.
 * Return: 0, -ENODEV if there is no such bus.
 */
int bx_deferrals_ask_by_name(const char *bus)
{
	struct bx_deferrals *all;
	int err = -ENODEV;

	spin_lock_bh(&bx_defer_lock);
	list_for_each_entry(all, &bx_all_deferrals, node) {
		if (strcmp(all->type->name, bus))
			continue;
		bx_deferrals_ask_locked(all);
		err = 0;
	}
	spin_unlock_bh(&bx_defer_lock);
	return err;
}

/**
 * bx_deferrals_event() - elect devices again that may have waited for an event
 * @all: the deferred devices of the bus
 * @dev: the device that was added, bound, unbound or removed
 * @vendor: its vendor
 *
 * Mostly there are none, and events of all buses would meet at one lock: they do not take it.
 *
 * Context: process; after the policies were told; @all may be stopped, but not freed.
 */
void bx_deferrals_event(struct bx_deferrals *all, const struct device *dev, u32 vendor)
{
	struct bx_deferral *d;

	atomic_inc(&all->events);
	/* pairs with bx_deferral_list(), which counts the device before it reads the events */
	smp_mb__after_atomic();
	if (!READ_ONCE(all->listed))
		return;
	spin_lock_bh(&bx_defer_lock);
	list_for_each_entry(d, &all->list, node) {
		if (d->dev != dev && (d->vendor == BX_ANY || d->vendor == vendor))
			bx_deferral_set_due(d);
	}
	spin_unlock_bh(&bx_defer_lock);
}

/* ---- one device ---- */

void bx_deferral_init(struct bx_deferral *d, struct device *dev)
{
	d->dev = dev;
}

/**
 * bx_deferral_begin() - begin an election
 * @d: the deferrals of the device
 * @e: the election
 *
 * Context: elections of one device are serialized.
 */
void bx_deferral_begin(struct bx_deferral *d, struct bx_election *e)
{
	const struct bx_deferrals *all;

	spin_lock_bh(&bx_defer_lock);
	all = bx_deferrals_of(d->dev->bus);
	if (all)
		d->seen = atomic_read(&all->events);
	e->ctx.deferrals = d->count;
	spin_unlock_bh(&bx_defer_lock);
}

static void bx_deferral_exceeds(struct device *dev, const struct bx_decision *dec)
{
	dev_notice(dev, "deferred %u times, the last time by %s%s: not elected again by itself; 'bxctl rebind %s/%s' or a change of policies does that\n",
		   BX_MAX_DEFERRALS, *dec->policy ? "policy " : "the hook", dec->policy,
		   dev->bus->name, dev_name(dev));
}

/**
 * bx_deferral_note() - take note of the outcome of an election
 * @d: the deferrals of the device
 * @e: the election; its decision gets the number of deferrals
 *
 * Context: as bx_deferral_begin(), which was called before.
 */
void bx_deferral_note(struct bx_deferral *d, struct bx_election *e)
{
	bool deferred = e->dec.outcome == BX_OUT_DEFERRED;
	bool exceeds = false;

	spin_lock_bh(&bx_defer_lock);
	bx_deferral_unlist(d);
	if (deferred && d->count < BX_MAX_DEFERRALS) {
		d->count++;
		exceeds = d->count == BX_MAX_DEFERRALS;
		if (!exceeds && !d->ended)
			bx_deferral_list(d, e);
	}
	e->dec.deferrals = deferred ? d->count : 0;
	spin_unlock_bh(&bx_defer_lock);
	if (exceeds)
		bx_deferral_exceeds(d->dev, &e->dec);
}

/* The device is not deferred any more. */
void bx_deferral_drop(struct bx_deferral *d)
{
	spin_lock_bh(&bx_defer_lock);
	bx_deferral_unlist(d);
	spin_unlock_bh(&bx_defer_lock);
}

/* The deferrals until now do not count any more. */
void bx_deferral_reset(struct bx_deferral *d)
{
	spin_lock_bh(&bx_defer_lock);
	d->count = 0;
	spin_unlock_bh(&bx_defer_lock);
}

/* The device was removed, or is being released: it is not listed any more. */
void bx_deferral_end(struct bx_deferral *d)
{
	spin_lock_bh(&bx_defer_lock);
	bx_deferral_unlist(d);
	d->ended = true;
	spin_unlock_bh(&bx_defer_lock);
}

/* ---- start and end of a bus ---- */

/**
 * bx_deferrals_start() - begin to elect deferred devices of a bus again
 * @all: the deferred devices of the bus, zeroed or stopped
 * @type: the bus
 * @reelect: elects a device, with a reference to it; may sleep
 */
void bx_deferrals_start(struct bx_deferrals *all, const struct bus_type *type,
			void (*reelect)(struct device *dev))
{
	all->type = type;
	all->reelect = reelect;
	all->listed = 0;
	atomic_set(&all->events, 0);
	INIT_LIST_HEAD(&all->list);
	INIT_WORK(&all->work, bx_deferrals_work);
	timer_setup(&all->timer, bx_deferrals_timer, 0);
	spin_lock_bh(&bx_defer_lock);
	list_add_tail(&all->node, &bx_all_deferrals);
	spin_unlock_bh(&bx_defer_lock);
}

/**
 * bx_deferrals_stop() - elect no deferred device of a bus again
 * @all: the deferred devices of the bus
 *
 * Context: process; waits for an election in progress.
 */
void bx_deferrals_stop(struct bx_deferrals *all)
{
	struct bx_deferral *d, *tmp;

	spin_lock_bh(&bx_defer_lock);
	list_del(&all->node);
	list_for_each_entry_safe(d, tmp, &all->list, node)
		bx_deferral_unlist(d);
	spin_unlock_bh(&bx_defer_lock);
	/* nothing is listed any more, which would set the timer or queue the work */
	timer_shutdown_sync(&all->timer);
	if (cancel_work_sync(&all->work))
		bx_async_end(BX_Q_ELECT);
}
