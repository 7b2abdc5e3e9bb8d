// SPDX-License-Identifier: GPL-2.0-only
/*
 * Elections on adopted buses, by an override
 *
 * These buses keep their own match rule.  A decision of the hook or of select() is written
 * to the device's override: driver_override, or on a bus without that, the one in its
 * entry (steer.c); "none" keeps all drivers away.  Without an opinion nothing is written,
 * and the device behaves as on a stock kernel.
 *
 * A decision of match() is not written: an override would keep away drivers that are
 * registered later, about which no policy has been asked.  So each driver is judged when
 * it is about to be bound, in an election of its own.
 *
 * bus_ext never touches an override that it did not write.  It removes its own
 * overrides with the policy.  If another party has removed or replaced one, the
 * decision is void; once there is no override, the next election decides again.
 *
 * The driver core does not report why a probe failed, so the next choice is tried
 * only for a policy with BX_F_NEXT_BEST.  Nor does it report new drivers; so a
 * device that waits for one of several is elected again after each load of a
 * module.
 */
#include <linux/cleanup.h>
#include "core.h"

/* The generation of elections, incremented when policies change */
static atomic64_t bx_override_gen = ATOMIC64_INIT(1);

u64 bx_override_next_gen(void)
{
	return atomic64_inc_return(&bx_override_gen);
}

/*
 * Set before each election, after which the device may wait for one of several
 * drivers; cleared before all devices that wait are elected again
 */
static atomic_t bx_any_elected = ATOMIC_INIT(0);

/* Whether match() of policies has decided, which leaves no override */
static bool bx_by_match(const struct bx_decision *dec)
{
	return dec->by == BX_BY_SCORE || dec->by == BX_BY_VETO;
}

/* ---- the override ---- */

/* Whether bus_ext wrote the override that bx_steer_read() has returned */
static bool bx_entry_wrote(const struct bx_entry *entry, const char *token,
			   const char *text)
{
	return token && token == entry->token && !strcmp(text, entry->text);
}

/* Drops the decision: its override is not there any more. */
static void bx_entry_drop(struct bx_entry *entry)
{
	bx_deferral_drop(&entry->deferral);
	entry->token = NULL;
	entry->text[0] = '\0';
	entry->dec = (struct bx_decision) { .by = BX_BY_KERNEL };
	entry->gen = 0;
	entry->next_best = false;
	entry->waits = false;
	entry->retry = false;
	entry->judged = false;
	entry->vetoed = false;
}

/*
 * Drops the decision if another party has removed or replaced the override.
 * Returns the errno -EBUSY if the override of another party is in place, whose
 * text is in @text then; 1 if the override was removed; else 0.
 */
static int bx_entry_refresh(struct bx_entry *entry, char *text, size_t len)
{
	const char *now = bx_steer_read(entry, text, len);
	bool had = entry->token;

	lockdep_assert_held(&entry->lock);
	if (now && !bx_entry_wrote(entry, now, text)) {
		bx_entry_drop(entry);
		entry->attach = false;
		return -EBUSY;
	}
	text[0] = '\0';		/* written by bus_ext: not an opinion */
	if (now || !had)
		return 0;
	bx_entry_drop(entry);
	return 1;
}

static void bx_entry_prepare(struct bx_entry *entry, const char *driver)
{
	entry->prepared = bx_bus_prepare(entry->dev, driver, entry->prepared);
}

/* Replaces the override; NULL removes it. */
static int bx_entry_write(struct bx_entry *entry, const char *name)
{
	u64 gen = entry->gen;
	const char *token;

	token = bx_steer_swap(entry, name);
	if (token == ERR_PTR(-EBUSY))
		bx_entry_drop(entry);
	if (IS_ERR(token))
		return PTR_ERR(token);
	bx_entry_drop(entry);
	bx_entry_prepare(entry, name);
	entry->gen = gen;
	if (!name)
		return 0;
	entry->token = token;
	strscpy(entry->text, name, sizeof(entry->text));
	return 0;
}

/*
 * Returns the name to write: the elected driver, "none", or NULL to write none.
 */
static const char *bx_override_name(const struct bx_decision *dec)
{
	if (bx_by_match(dec))
		return NULL;
	switch (dec->outcome) {
	case BX_OUT_DRIVER:
	case BX_OUT_ABSENT:
		return dec->driver;
	case BX_OUT_REFUSED:
	case BX_OUT_DEFERRED:
		return BX_OVERRIDE_NONE;
	default:
		return NULL;
	}
}

/* ---- elections ---- */

static void bx_override_set_up(struct bx_entry *entry, struct bx_election *e)
{
	bx_deferral_begin(&entry->deferral, e);
	e->adopted = true;
	e->claimants = bx_steers_at_binding(e->ctx.device->bus);
	e->may_load = true;
}

static int bx_override_run(struct bx_entry *entry, struct bx_election *e, u64 gen)
{
	int idx;

	bx_override_set_up(entry, e);
	idx = srcu_read_lock(&bx_srcu);
	bx_elect(e, gen);
	srcu_read_unlock(&bx_srcu, idx);
	return e->error;
}

/* Records the decision that the override follows, or that needs none. */
static void bx_entry_decide(struct bx_entry *entry, struct bx_election *e)
{
	bx_deferral_note(&entry->deferral, e);
	entry->dec = e->dec;
	entry->next_best = e->next_best;
	entry->waits = e->nchoices > 1 && e->dec.outcome == BX_OUT_ABSENT;
	entry->retry = false;
}

static bool bx_has_veto(const struct bx_election *e)
{
	bool vetoed = false;

	for (u32 i = 0; i < e->ncands; i++)
		vetoed |= e->cands[i].vetoed;
	return vetoed;
}

/* Whether an unbound device may get another driver than before, or one at all */
static bool bx_entry_differs(const struct bx_entry *entry, const struct bx_election *e,
			     const char *want)
{
	if (want)
		return !entry->token || strcmp(entry->text, want);
	return entry->token || entry->vetoed ||
	       entry->dec.by != (bx_by_match(&e->dec) ? e->dec.by : BX_BY_KERNEL) ||
	       (e->dec.by == BX_BY_SCORE && strcmp(entry->dec.driver, e->dec.driver));
}

/* Applies a decision.  Returns 1 if it differs from the last one, 0 if not, or an errno. */
static int bx_entry_apply(struct bx_entry *entry, struct bx_election *e)
{
	const char *want = bx_override_name(&e->dec);
	bool differs = bx_entry_differs(entry, e, want);
	int err;

	if (want ? differs : !!entry->token) {
		entry->gen = e->dec.generation;
		err = bx_entry_write(entry, want);
		if (err)
			return err;
	} else if (!want) {
		bx_entry_drop(entry);
	}
	entry->gen = e->dec.generation;
	entry->judged = e->judges;
	entry->vetoed = bx_has_veto(e);
	if (want || bx_by_match(&e->dec))
		bx_entry_decide(entry, e);
	return differs;
}

/* Drivers are tried again after a change of policies. */
static void bx_entry_refresh_notes(struct bx_entry *entry, u64 gen)
{
	if (entry->notes_gen != gen) {
		bx_notes_clear(&entry->notes);
		bx_deferral_reset(&entry->deferral);
	}
	entry->notes_gen = gen;
}

/*
 * Where the rule of the bus obeys our override, it does not tell which other drivers claim
 * the device, about which match() may have to be asked.
 */
static int bx_entry_uncover(struct bx_entry *entry)
{
	if (!entry->token || !bx_rule_obeys(entry->dev->bus) ||
	    !bx_is_judged(entry->dev))
		return 0;
	return bx_entry_write(entry, NULL) ?: 1;
}

/* The election notes the groups that it asks for in the entry. */
static void bx_entry_ungroup(struct bx_entry *entry, struct bx_election *e)
{
	WRITE_ONCE(entry->groups, 0);
	e->entry_groups = &entry->groups;
}

/* @request: set if the caller must request the module of the elected driver */
int bx_override_elect_locked(struct bx_entry *entry, struct bx_election *e,
			     bool *request)
{
	u64 gen = atomic64_read(&bx_override_gen);
	int removed, ret;

	lockdep_assert_held(&entry->lock);
	if (entry->gone)
		return -ENODEV;
	removed = bx_entry_refresh(entry, e->override, sizeof(e->override));
	if (!removed)
		removed = bx_entry_uncover(entry);
	if (removed < 0)
		return removed;
	bx_entry_refresh_notes(entry, gen);
	e->notes = &entry->notes;
	bx_entry_ungroup(entry, e);
	/* A driver that is registered from now on is found by bx_override_revisit(). */
	atomic_xchg(&bx_any_elected, 1);
	ret = bx_override_run(entry, e, gen);
	if (ret)
		return ret;
	*request = bx_choice_request(e);
	ret = bx_entry_apply(entry, e);
	return ret < 0 ? ret : ret | removed;
}

void bx_override_elected(const struct bx_election *e, bool request, int ret)
{
	struct device *dev = e->ctx.device;

	if (request)
		bx_request_driver(dev->bus->name, e->dec.driver, dev_name(dev));
	if (ret < 0 && ret != -EBUSY && ret != -ENODEV)
		dev_warn(dev, "election failed: %d\n", ret);
}

/*
 * Elects and writes the outcome.  Returns 1 if the override changed, 0 if not,
 * or an errno; -EBUSY if the override of another party is in place.
 */
int bx_override_elect_entry(struct bx_entry *entry, struct device *dev)
{
	struct bx_election *e = bx_election_alloc(dev, false);
	bool request = false;
	int ret;

	if (!e)
		return -ENOMEM;
	mutex_lock(&entry->lock);
	ret = bx_override_elect_locked(entry, e, &request);
	mutex_unlock(&entry->lock);
	bx_override_elected(e, request, ret);
	bx_election_free(e);
	return ret;
}

/**
 * bx_override_elect() - hold an election and write its outcome
 * @dev: a device on an adopted bus
 *
 * Context: process; with or without the device lock.
 * Return: 1 if the override changed, 0 if not, -EBUSY if the override of
 * another party is in place, -ENODEV if the device was removed, -ENOMEM.
 */
int bx_override_elect(struct device *dev)
{
	struct bx_entry *entry = bx_entry_get(dev);
	int ret;

	if (!entry)
		return -ENODEV;
	ret = bx_override_elect_entry(entry, dev);
	bx_entry_put(entry);
	return ret;
}

/*
 * Whether there was an election since policies and the override changed.  Where match()
 * judges, an election is also due after a change of drivers, which nothing tells.
 */
bool bx_override_is_current(struct bx_entry *entry)
{
	char text[BX_NAME_LEN];

	guard(mutex)(&entry->lock);
	return entry->gone ||
	       (!bx_entry_refresh(entry, text, sizeof(text)) && !entry->judged &&
		entry->gen == atomic64_read(&bx_override_gen));
}

/* The bus may have undone it at an unbind. */
void bx_override_prepare(struct bx_entry *entry)
{
	if (!entry->gone)
		bx_entry_prepare(entry, *entry->admin ? entry->admin :
					entry->token ? entry->text : NULL);
}

/**
 * bx_override_freshen() - hold the election that is due before a driver is probed
 * @dev: a device on an adopted bus
 *
 * A device that was bound when policies changed, or whose override was removed,
 * is given back to the policies.
 *
 * Context: BUS_NOTIFY_UNBOUND_DRIVER.
 */
void bx_override_freshen(struct device *dev)
{
	struct bx_entry *entry = bx_entry_get(dev);

	if (!entry)
		return;
	if (!bx_override_is_current(entry))
		bx_override_elect_entry(entry, dev);
	mutex_lock(&entry->lock);
	bx_override_prepare(entry);
	mutex_unlock(&entry->lock);
	bx_entry_put(entry);
}

/* ---- re-elections ---- */

/*
 * A dry election of a bound device.  If it names the bound driver, it counts as
 * held.
 */
static bool bx_override_run_bound(struct bx_entry *entry, struct bx_election *e)
{
	char driver[BX_NAME_LEN];
	bool agrees;
	int idx;

	bx_override_set_up(entry, e);
	e->notes = &entry->notes;
	bx_entry_ungroup(entry, e);
	e->dry = true;
	idx = srcu_read_lock(&bx_srcu);
	bx_elect(e, atomic64_read(&bx_override_gen));
	bx_dev_driver_name(e->ctx.device, driver, sizeof(driver));
	agrees = !e->error && e->dec.outcome == BX_OUT_DRIVER &&
		 !strcmp(e->dec.driver, driver);
	if (agrees)
		bx_elect_held(e);
	srcu_read_unlock(&bx_srcu, idx);
	return agrees;
}

/*
 * Bound devices stay bound; if the elected driver is the bound one, the
 * decision is recorded.
 */
static void bx_override_reelect_bound(struct bx_entry *entry, struct device *dev)
{
	struct bx_election *e = bx_election_alloc(dev, false);

	if (!e)
		return;
	mutex_lock(&entry->lock);
	if (!entry->gone &&
	    bx_entry_refresh(entry, e->override, sizeof(e->override)) >= 0 &&
	    bx_override_run_bound(entry, e))
		bx_entry_apply(entry, e);
	mutex_unlock(&entry->lock);
	bx_election_free(e);
}

static bool bx_entry_take_attach(struct bx_entry *entry)
{
	bool attach;

	mutex_lock(&entry->lock);
	attach = entry->attach && !entry->gone;
	entry->attach = false;
	mutex_unlock(&entry->lock);
	return attach;
}

/**
 * bx_override_reelect() - elect a device again, and attach it if it is unbound
 * @dev: a device on an adopted bus; the caller holds a reference to it
 *
 * Context: process; may probe.
 */
void bx_override_reelect(struct device *dev)
{
	struct bx_entry *entry = bx_entry_get(dev);
	bool changed;

	if (!entry)
		return;
	if (bx_dev_is_bound(dev)) {
		bx_override_reelect_bound(entry, dev);
		goto out;
	}
	changed = bx_override_elect_entry(entry, dev) > 0;
	changed |= bx_entry_take_attach(entry);
	if (changed && bx_is_ready_to_probe(dev) && bx_steer_attach(entry) < 0)
		dev_dbg(dev, "removed before its re-election\n");
out:
	bx_entry_put(entry);
}

/* Deferrals before do not count any more. */
void bx_override_bound(struct device *dev)
{
	struct bx_entry *entry = bx_entry_get(dev);

	if (!entry)
		return;
	bx_deferral_reset(&entry->deferral);
	bx_entry_put(entry);
}

/* Drops what follows from a detached policy; an errno if its override is not ours. */
static int bx_entry_forget(struct bx_entry *entry)
{
	if (entry->token)
		return bx_entry_write(entry, NULL);
	bx_entry_drop(entry);
	return 0;
}

/**
 * bx_override_regroup() - elect an unbound device again whose group has changed
 * @entry: its entry
 * @dev: the device, on an adopted bus; the caller holds a reference to it
 *
 * Context: process; probes nothing.
 * Return: true if the decision has changed: the next re-election attaches the device.
 */
bool bx_override_regroup(struct bx_entry *entry, struct device *dev)
{
	if (bx_dev_is_bound(dev) || bx_override_elect_entry(entry, dev) <= 0)
		return false;
	mutex_lock(&entry->lock);
	entry->attach = !bx_dev_is_bound(dev);
	mutex_unlock(&entry->lock);
	return true;
}

/**
 * bx_override_forget() - remove the override of a detached policy
 * @dev: a device on an adopted bus; the caller holds a reference to it
 * @policy_id: the policy; nothing is done unless it decided on the device, or a driver
 *	was vetoed
 *
 * The device stays bound.  If it is unbound, the following re-election attaches
 * it, since the override may have kept it unbound.
 *
 * Context: process; no election of the policy is in progress.
 */
void bx_override_forget(struct device *dev, u64 policy_id)
{
	struct bx_entry *entry = bx_entry_get(dev);
	char text[BX_NAME_LEN];

	if (!entry)
		return;
	mutex_lock(&entry->lock);
	if (!entry->gone && (entry->dec.policy_id == policy_id || entry->vetoed) &&
	    bx_entry_refresh(entry, text, sizeof(text)) >= 0 &&
	    (entry->dec.policy_id != policy_id || !bx_entry_forget(entry)))
		entry->attach = !bx_dev_is_bound(dev);
	mutex_unlock(&entry->lock);
	bx_entry_put(entry);
}

/**
 * bx_override_inherit() - transfer the override of a policy to another
 * @dev: a device on an adopted bus; the caller holds a reference to it
 * @policy_id: the policy, no longer active
 * @heir_id: the other policy
 *
 * Context: process; no election of the policy is in progress.
 */
void bx_override_inherit(struct device *dev, u64 policy_id, u64 heir_id)
{
	struct bx_entry *entry = bx_entry_get(dev);

	if (!entry)
		return;
	mutex_lock(&entry->lock);
	if (entry->dec.policy_id == policy_id)
		entry->dec.policy_id = heir_id;
	mutex_unlock(&entry->lock);
	bx_entry_put(entry);
}

/* Whether a device may wait for one of several drivers; clears the flag. */
bool bx_override_may_wait(void)
{
	return atomic_xchg(&bx_any_elected, 0);
}

/* Removes the override, if bus_ext wrote it, and drops the decision. */
void bx_override_clear(struct device *dev)
{
	struct bx_entry *entry = bx_entry_get(dev);

	if (!entry)
		return;
	mutex_lock(&entry->lock);
	if (!entry->gone && entry->token && bx_entry_write(entry, NULL))
		dev_dbg(dev, "driver_override was overwritten\n");
	mutex_unlock(&entry->lock);
	bx_entry_put(entry);
}

/* ---- explanations ---- */

/**
 * bx_override_decision() - copy the recorded decision on a device
 * @dev: a device on an adopted bus
 * @dec: takes the decision; BX_BY_KERNEL if there is none
 *
 * Return: true if bus_ext or an override decided.
 */
bool bx_override_decision(struct device *dev, struct bx_decision *dec)
{
	struct bx_entry *entry = bx_entry_get(dev);
	char name[BX_NAME_LEN];
	const char *now;
	bool ours;

	memset(dec, 0, sizeof(*dec));
	dec->by = BX_BY_KERNEL;
	if (!entry)
		return false;
	mutex_lock(&entry->lock);
	now = bx_steer_read(entry, name, sizeof(name));
	ours = now ? bx_entry_wrote(entry, now, name) : bx_by_match(&entry->dec);
	if (ours)
		*dec = entry->dec;
	mutex_unlock(&entry->lock);
	bx_entry_put(entry);
	if (!now)
		return ours;
	if (ours) {
		/* The driver may have been registered since. */
		if (dec->outcome == BX_OUT_ABSENT &&
		    bx_driver_exists(dev->bus->name, name))
			dec->outcome = BX_OUT_DRIVER;
		return true;
	}
	dec->by = BX_BY_OVERRIDE;
	dec->outcome = bx_override_outcome(dev->bus->name, name);
	if (dec->outcome != BX_OUT_REFUSED)
		strscpy(dec->driver, name, sizeof(dec->driver));
	return true;
}

/**
 * bx_override_explain() - hold a dry election
 * @dev: a device on an adopted bus
 * @e: from bx_election_alloc(), with a log
 *
 * Return: 0, -ENODEV if the device was removed, -ENOMEM.
 */
int bx_override_explain(struct device *dev, struct bx_election *e)
{
	struct bx_entry *entry = bx_entry_get(dev);
	const char *now;
	int err;

	if (!entry)
		return -ENODEV;
	mutex_lock(&entry->lock);
	now = bx_steer_read(entry, e->override, sizeof(e->override));
	if (bx_entry_wrote(entry, now, e->override))
		e->override[0] = '\0';
	e->notes = &entry->notes;
	err = bx_override_run(entry, e, atomic64_read(&bx_override_gen));
	mutex_unlock(&entry->lock);
	bx_entry_put(entry);
	if (err || !e->judges)
		return err ?: bx_rule_explain(e);
	bx_elect_kernel(e);
	return 0;
}
