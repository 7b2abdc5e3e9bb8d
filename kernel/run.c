// SPDX-License-Identifier: GPL-2.0-only
/*
 * Running the programs of policies
 *
 * A program's context points to its run, and kfuncs take the context as a
 * trusted argument.  So a kfunc cannot be called for the program of another
 * policy: not from a timer's callback, and not from a program that interrupts
 * this one.
 *
 * The verifier does not trust the context of the hook, a fmod_ret program.
 * So the contexts of select() and of the hook, which have the same kfuncs, are
 * also listed while their programs run.
 */
#include "core.h"

static LIST_HEAD(bx_selects);
static DEFINE_RAW_SPINLOCK(bx_select_lock);	/* protects bx_selects */

/* Lists a context of select() or the hook; pairs with bx_select_end(). */
void bx_select_begin(struct bx_select_ctx *ctx, struct bx_run *run)
{
	unsigned long flags;

	ctx->run = run;
	raw_spin_lock_irqsave(&bx_select_lock, flags);
	list_add(&ctx->running, &bx_selects);
	raw_spin_unlock_irqrestore(&bx_select_lock, flags);
}

void bx_select_end(struct bx_select_ctx *ctx)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&bx_select_lock, flags);
	list_del(&ctx->running);
	raw_spin_unlock_irqrestore(&bx_select_lock, flags);
	ctx->run = NULL;
}

/**
 * bx_select_run() - find the program that calls a kfunc of select()
 * @ctx: the context passed to the kfunc, not trusted
 *
 * Context: any.
 * Return: the run, valid until the program returns; NULL if no program runs
 * with this context.
 */
struct bx_run *bx_select_run(const struct bx_select_ctx *ctx)
{
	struct bx_select_ctx *other;
	struct bx_run *run = NULL;
	unsigned long flags;

	raw_spin_lock_irqsave(&bx_select_lock, flags);
	list_for_each_entry(other, &bx_selects, running) {
		if (other == ctx)
			run = other->run;
	}
	raw_spin_unlock_irqrestore(&bx_select_lock, flags);
	return run;
}

/* Ejects the policy of a program that failed; see bx_run_judge(). */
bool bx_run_failed(struct bx_run *run)
{
	if (!run->dry)
		bx_eject(run->inst, run->kind, run->code, run->dev, "%s",
			 run->error);
	return false;
}
