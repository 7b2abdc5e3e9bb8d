// SPDX-License-Identifier: GPL-2.0-only
/*
 * Running the programs of policies
 */
#include <linux/hash.h>
#include <linux/sched.h>
#include "core.h"

/*
 * Running programs, hashed by task, newest first: a program run from an
 * interrupt is found before those of the interrupted task, and ends before
 * them.
 */
static struct bx_runs {
	raw_spinlock_t		lock;	/* protects @list */
	struct list_head	list;
} bx_runs[64];

static struct bx_runs *bx_runs_of(const struct task_struct *task)
{
	return &bx_runs[hash_ptr(task, ilog2(ARRAY_SIZE(bx_runs)))];
}

/* Registers a running program; pairs with bx_run_end(). */
void bx_run_begin(struct bx_run *run)
{
	struct bx_runs *runs = bx_runs_of(current);
	unsigned long flags;

	run->task = current;
	raw_spin_lock_irqsave(&runs->lock, flags);
	list_add(&run->node, &runs->list);
	raw_spin_unlock_irqrestore(&runs->lock, flags);
}

void bx_run_end(struct bx_run *run)
{
	struct bx_runs *runs = bx_runs_of(run->task);
	unsigned long flags;

	raw_spin_lock_irqsave(&runs->lock, flags);
	list_del(&run->node);
	raw_spin_unlock_irqrestore(&runs->lock, flags);
}

/**
 * bx_run_find() - find the program that calls a kfunc
 * @ctx: the context passed to the kfunc; NULL if it takes none
 *
 * The verifier does not trust the hook's context, so @ctx is accepted only if
 * it is the context of a running program of the current task.
 *
 * Context: any.
 * Return: the run, valid until the program returns; NULL if there is none.
 */
struct bx_run *bx_run_find(const void *ctx)
{
	struct bx_runs *runs = bx_runs_of(current);
	struct bx_run *run, *found = NULL;
	unsigned long flags;

	raw_spin_lock_irqsave(&runs->lock, flags);
	list_for_each_entry(run, &runs->list, node) {
		if (run->task == current && (!ctx || run->ctx == ctx)) {
			found = run;
			break;
		}
	}
	raw_spin_unlock_irqrestore(&runs->lock, flags);
	return found;
}

/**
 * bx_run_judge() - end a run, and eject the policy if the run failed
 * @run: from bx_run_begin()
 *
 * Context: inside bx_srcu.
 * Return: false if a kfunc rejected an argument or the program called
 * bx_policy_error(); a dry run does not eject.
 */
bool bx_run_judge(struct bx_run *run)
{
	bx_run_end(run);
	if (!run->failed)
		return true;
	if (!run->dry)
		bx_eject(run->inst, run->kind, run->code, run->dev, "%s",
			 run->error);
	return false;
}

void bx_run_module_init(void)
{
	for (u32 i = 0; i < ARRAY_SIZE(bx_runs); i++) {
		raw_spin_lock_init(&bx_runs[i].lock);
		INIT_LIST_HEAD(&bx_runs[i].list);
	}
}
