// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dry runs: explanations and trials, which ask the programs of policies without effect
 *
 * The kernel cannot stop a program, and one can take minutes.  So a work item holds the
 * dry run, and the process that asks waits for it until its time is over or a signal
 * arrives.  The work item owns all that it uses: the copy of the trial, the reference
 * to the device and the results.
 */
#include <linux/completion.h>
#include "core.h"

#define BX_DRYRUN_MS	10000	/* most time that a caller waits */

struct bx_dryrun {
	struct kref		ref;		/* the caller, the work item */
	struct work_struct	work;
	struct completion	done;
	void			(*fn)(struct bx_dryrun *run);
	struct device		*dev;		/* NULL if it is only described */
	struct bx_trial		*trial;		/* NULL for an explanation */
	struct bx_trial_call	*call;
	struct bx_election	*e;
	int			err;
};

static void bx_dryrun_free(struct kref *ref)
{
	struct bx_dryrun *run = container_of(ref, struct bx_dryrun, ref);

	bx_election_free(run->e);
	kvfree(run->trial);
	kfree(run->call);
	put_device(run->dev);
	kfree(run);
}

static void bx_dryrun_work(struct work_struct *work)
{
	struct bx_dryrun *run = container_of(work, struct bx_dryrun, work);

	run->fn(run);
	complete(&run->done);
	kref_put(&run->ref, bx_dryrun_free);
}

/* Consumes @dev and @trial, also if it fails. */
static struct bx_dryrun *bx_dryrun_alloc(void (*fn)(struct bx_dryrun *run),
					 struct device *dev,
					 struct bx_trial *trial)
{
	struct bx_dryrun *run = kzalloc(sizeof(*run), GFP_KERNEL);

	if (!run) {
		kvfree(trial);
		put_device(dev);
		return NULL;
	}
	kref_init(&run->ref);
	INIT_WORK(&run->work, bx_dryrun_work);
	init_completion(&run->done);
	run->fn = fn;
	run->dev = dev;
	run->trial = trial;
	return run;
}

/* Returns 0 with the results in @run, -ETIMEDOUT, -EINTR, or the errno of the run. */
static int bx_dryrun_wait(struct bx_dryrun *run, u32 timeout_ms)
{
	long left;

	if (!timeout_ms || timeout_ms > BX_DRYRUN_MS)
		timeout_ms = BX_DRYRUN_MS;
	kref_get(&run->ref);		/* the work item's */
	bx_queue_request(BX_Q_DRYRUN, &run->work);
	left = wait_for_completion_interruptible_timeout(&run->done,
							 msecs_to_jiffies(timeout_ms));
	if (left < 0)
		return -EINTR;
	return left ? run->err : -ETIMEDOUT;
}

/* ---- elections ---- */

/* Appends the last line of an explanation: the decision. */
static int bx_explain_end(struct bx_election *e)
{
	struct bx_opinion *o;

	if (e->error)
		return e->error;
	bx_log_opinion(e, BX_OPN_DECISION, NULL, e->dec.driver, e->dec.outcome,
		       BX_WHY_WON, 0);
	if (e->log_lost)
		return -ENOMEM;
	o = &e->log[e->nlog - 1];
	strscpy(o->policy, e->dec.policy, sizeof(o->policy));
	o->policy_id = e->dec.policy_id;
	o->by = e->dec.by;
	o->score = e->dec.score;
	o->driver_state = e->dec.driver_state;
	return 0;
}

static void bx_dryrun_device(struct bx_dryrun *run)
{
	run->e = bx_election_alloc(run->dev, true);
	if (!run->e) {
		run->err = -ENOMEM;
		return;
	}
	run->e->trial = run->trial;
	run->err = bx_kind_of(run->dev)->explain(run->dev, run->e) ?:
		   bx_explain_end(run->e);
}

static void bx_dryrun_described(struct bx_dryrun *run)
{
	struct bx_election *e = bx_election_alloc_trial(run->trial);

	run->err = PTR_ERR_OR_ZERO(e);
	if (run->err)
		return;
	run->e = e;
	bx_elect_trial(e);
	run->err = bx_explain_end(e);
}

static struct bx_election *bx_dryrun_elect(struct bx_dryrun *run, u32 timeout_ms)
{
	struct bx_election *e;
	int err;

	if (!run)
		return ERR_PTR(-ENOMEM);
	err = bx_dryrun_wait(run, timeout_ms);
	if (err) {
		e = ERR_PTR(err);
	} else {
		e = run->e;
		run->e = NULL;
		e->trial = NULL;	/* it ends before the election */
	}
	kref_put(&run->ref, bx_dryrun_free);
	return e;
}

/**
 * bx_dryrun_explain() - hold the election of a device without effect
 * @ref: the device
 * @timeout_ms: how long to wait, in ms; at most 10 s, also for 0
 *
 * Context: may sleep; not inside bx_srcu.
 * Return: the election, to be freed with bx_election_free(); ERR_PTR(-ETIMEDOUT),
 * ERR_PTR(-EINTR); those of bx_find_device(); ERR_PTR(-ENOMEM).
 */
struct bx_election *bx_dryrun_explain(const struct bx_devref *ref,
				      u32 timeout_ms)
{
	struct device *dev = bx_find_device(ref);

	if (IS_ERR(dev))
		return ERR_CAST(dev);
	return bx_dryrun_elect(bx_dryrun_alloc(bx_dryrun_device, dev, NULL),
			       timeout_ms);
}

/**
 * bx_dryrun_trial() - hold an election as it would be after a change of policies
 * @trial: the change and the device; consumed
 * @timeout_ms: see bx_dryrun_explain()
 *
 * Context: may sleep; not inside bx_srcu.
 * Return: see bx_dryrun_explain(), bx_election_alloc_trial() and bx_trial_chain().
 */
struct bx_election *bx_dryrun_trial(struct bx_trial *trial, u32 timeout_ms)
{
	struct device *dev = NULL;

	if (*trial->ref.name) {
		dev = bx_find_device(&trial->ref);
		if (IS_ERR(dev)) {
			kvfree(trial);
			return ERR_CAST(dev);
		}
	}
	return bx_dryrun_elect(bx_dryrun_alloc(dev ? bx_dryrun_device :
					       bx_dryrun_described, dev, trial),
			       timeout_ms);
}

/* ---- calls ---- */

static void bx_dryrun_calls(struct bx_dryrun *run)
{
	run->err = bx_trial_run_call(run->trial, run->call);
}

/**
 * bx_dryrun_call() - run the programs of a call without its provider
 * @trial: the described device and the assumed change of policies; consumed
 * @call: the call; takes the results
 * @timeout_ms: see bx_dryrun_explain()
 *
 * Context: may sleep; not inside bx_srcu.
 * Return: see bx_trial_run_call(); -ETIMEDOUT, -EINTR, -ENOMEM.
 */
int bx_dryrun_call(struct bx_trial *trial, struct bx_trial_call *call,
		   u32 timeout_ms)
{
	struct bx_dryrun *run = bx_dryrun_alloc(bx_dryrun_calls, NULL, trial);
	int err = -ENOMEM;

	if (!run)
		return -ENOMEM;
	/* @call is in a map: work on a copy, and write it back only on success. */
	run->call = kmemdup(call, sizeof(*call), GFP_KERNEL);
	if (run->call)
		err = bx_dryrun_wait(run, timeout_ms);
	if (!err)
		*call = *run->call;
	kref_put(&run->ref, bx_dryrun_free);
	return err;
}
