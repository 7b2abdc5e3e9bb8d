// SPDX-License-Identifier: GPL-2.0-only
/*
 * Running the programs of policies
 *
 * A program's context points to its run, and kfuncs take the context as a
 * trusted argument.  So a kfunc cannot be called for the program of another
 * policy: not from a timer's callback, and not from a program that interrupts
 * this one.
 *
 * The verifier does not trust the context of the hook, a fmod_ret program.  Newer kernels
 * let no kfunc have it as an argument, except as one that the verifier does not look at.
 * So the contexts of select() and of the hook are also listed while their programs run, and a
 * kfunc of the hook finds only that of its own task: an address that a program has kept
 * does not serve the callback of a timer, which interrupts another program.  There are
 * many lists, so that a search with interrupts off is short also while many devices are elected.
 */
#include <linux/hash.h>
#include <linux/moduleparam.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include "core.h"

static unsigned int bx_slow_ms = 100;
module_param_named(slow_ms, bx_slow_ms, uint, 0644);
MODULE_PARM_DESC(slow_ms, "log a program that runs longer, in ms (0: never)");

static unsigned int bx_eject_ms = 3000;
module_param_named(eject_ms, bx_eject_ms, uint, 0644);
MODULE_PARM_DESC(eject_ms, "eject a policy whose program runs longer, in ms (0: never)");

static struct bx_selects {
	raw_spinlock_t		lock;	/* protects @list */
	struct hlist_head	list;
} bx_selects[64];

static struct bx_selects *bx_selects_of(const struct bx_select_ctx *ctx)
{
	return &bx_selects[hash_ptr(ctx, ilog2(ARRAY_SIZE(bx_selects)))];
}

/* Lists a context of select() or the hook; pairs with bx_select_end(). */
void bx_select_begin(struct bx_select_ctx *ctx, struct bx_run *run)
{
	struct bx_selects *selects = bx_selects_of(ctx);
	unsigned long flags;

	ctx->run = run;
	ctx->task = current;
	raw_spin_lock_irqsave(&selects->lock, flags);
	hlist_add_head(&ctx->running, &selects->list);
	raw_spin_unlock_irqrestore(&selects->lock, flags);
}

void bx_select_end(struct bx_select_ctx *ctx)
{
	struct bx_selects *selects = bx_selects_of(ctx);
	unsigned long flags;

	raw_spin_lock_irqsave(&selects->lock, flags);
	hlist_del(&ctx->running);
	raw_spin_unlock_irqrestore(&selects->lock, flags);
	ctx->run = NULL;
}

/**
 * bx_select_run() - find the program that calls a kfunc of select()
 * @ctx: the context passed to the kfunc, not trusted
 *
 * Context: any.
 * Return: the run, valid until the program returns; NULL if this task runs no program
 * with this context, and in an interrupt.
 */
struct bx_run *bx_select_run(const struct bx_select_ctx *ctx)
{
	struct bx_selects *selects = bx_selects_of(ctx);
	struct bx_select_ctx *other;
	struct bx_run *run = NULL;
	unsigned long flags;

	if (!in_task())
		return NULL;
	raw_spin_lock_irqsave(&selects->lock, flags);
	hlist_for_each_entry(other, &selects->list, running) {
		if (other == ctx && other->task == current)
			run = other->run;
	}
	raw_spin_unlock_irqrestore(&selects->lock, flags);
	return run;
}

void bx_selects_init(void)
{
	for (u32 i = 0; i < ARRAY_SIZE(bx_selects); i++)
		raw_spin_lock_init(&bx_selects[i].lock);
}

static bool bx_run_exceeds(unsigned int ms, const unsigned int *limit)
{
	return READ_ONCE(*limit) && ms > READ_ONCE(*limit);
}

/* Logs a slow program, once for a version; one that is too slow has failed. */
static void bx_run_judge_time(struct bx_run *run)
{
	unsigned int ms = jiffies_to_msecs(jiffies - run->began);

	if (bx_run_exceeds(ms, &bx_eject_ms) && run->inst) {
		run->failed = true;
		run->kind = BX_EXIT_SLOW;
		run->code = ms;
		scnprintf(run->error, sizeof(run->error),
			  "%s ran for %u ms; the limit (eject_ms) is %u",
			  run->what, ms, READ_ONCE(bx_eject_ms));
		return;
	}
	if (!bx_run_exceeds(ms, &bx_slow_ms) ||
	    (run->inst && (run->dry || xchg(&run->inst->slow, true))))
		return;
	pr_warn_ratelimited("%s %s: %s of %s ran for %u ms; more than slow_ms\n",
			    run->dev->bus, run->dev->name, run->what,
			    run->inst ? run->inst->shown : "the hook", ms);
}

/* See bx_run_judge(). */
bool __bx_run_judge(struct bx_run *run)
{
	if (!run->failed)
		bx_run_judge_time(run);
	if (!run->failed)
		return true;
	if (!run->dry && run->inst)
		bx_eject(run->inst, run->kind, run->code, run->dev, "%s",
			 run->error);
	return false;
}
