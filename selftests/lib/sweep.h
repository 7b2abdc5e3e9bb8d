/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An operation whose allocations fail one after the other
 *
 * It is repeated, and the first, the second, the third ... allocation that it
 * makes with a function of a module on the stack fails, until there are no more
 * of them.  The result of the operation must be true: an errno, and nothing was
 * changed; or success, and all was done.  In both cases the same operation works
 * the next time.
 *
 * For TEST_F bodies, after <kselftest_harness.h>.
 */
#ifndef _SWEEP_H
#define _SWEEP_H

#include <errno.h>
#include <time.h>
#include "bxtest.h"
#include "failslab.h"

#define MAX_FAULTS	1000

/**
 * struct step - an operation, and checks of its outcome
 * @prepare: before each try, without faults; may be NULL
 * @run: the operation; 0 or an errno
 * @done: it was done completely
 * @undone: nothing of it was done; NULL when it must not fail at all
 * @undo: take it back, without faults
 * @expensive: do not repeat it without a fault after each errno: the next try,
 *	which gets further, and the last, which succeeds, show that it works. Only
 *	one of BX_FAULT_STRIDE=2 allocations fails, which one by BX_SEED
 */
struct step {
	int	(*prepare)(void);
	int	(*run)(void);
	bool	(*done)(void);
	bool	(*undone)(void);
	int	(*undo)(void);
	bool	expensive;
};

/* Runs the step once with fault number @nth; returns whether that happened. */
static bool try(struct __test_metadata *_metadata, const struct step *s,
		enum whose whose, int nth)
{
	bool hit;
	int err;

	if (s->prepare)
		ASSERT_EQ(0, s->prepare());
	ASSERT_EQ(0, failslab_arm(whose, nth));
	err = s->run();
	if (whose == WORKERS)
		EXPECT_EQ(0, bxt_settle());
	hit = failslab_disarm();

	if (err) {
		EXPECT_TRUE(hit);
		EXPECT_NE(NULL, s->undone);
		EXPECT_EQ(-ENOMEM, err);
		EXPECT_TRUE(!s->undone || s->undone())
			TH_LOG("half done after fault %d", nth);
		if (s->expensive && hit)
			return true;
		ASSERT_EQ(0, s->run())
			TH_LOG("cannot be done after fault %d", nth);
	}
	EXPECT_TRUE(s->done())
		TH_LOG("not wholly done after fault %d (%d)", nth, err);
	ASSERT_EQ(0, s->undo())
		TH_LOG("cannot be undone after fault %d (%d)", nth, err);
	return hit;
}

static void sweep(struct __test_metadata *_metadata, const struct step *s,
		  enum whose whose)
{
	unsigned int stride = 1, seed = 0;
	int nth, faults = 0;

	if (s->expensive) {
		stride = bxt_setting("BX_FAULT_STRIDE", 2);
		seed = bxt_setting("BX_SEED", time(NULL));
		TH_LOG("BX_SEED=%u BX_FAULT_STRIDE=%u", seed, stride);
		ASSERT_NE(0, stride);
	}
	for (nth = 1 + seed % stride; try(_metadata, s, whose, nth); nth += stride) {
		ASSERT_GT(MAX_FAULTS, nth);
		faults++;
	}
	TH_LOG("%d allocations failed", faults);
	/* no fault at all means that this tests nothing */
	EXPECT_LT(0, faults);
}

#define sweep(step, whose)	sweep(_metadata, step, whose)

#endif /* _SWEEP_H */
