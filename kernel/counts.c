// SPDX-License-Identifier: GPL-2.0-only
/*
 * The numbers of a policy, counted on the processor where its programs run
 */
#include "core.h"

/**
 * bx_counts_sum() - add up the numbers of a policy
 * @policy: the policy
 *
 * Context: any.
 * Return: the sums over all processors; what is counted meanwhile may be missing.
 */
struct bx_counts bx_counts_sum(const struct bx_policy *policy)
{
	struct bx_counts sum = {};
	int cpu;

	for_each_possible_cpu(cpu) {
		const struct bx_counts *c = per_cpu_ptr(policy->counts, cpu);

		sum.asked += READ_ONCE(c->asked);
		sum.decided += READ_ONCE(c->decided);
		sum.vetoed += READ_ONCE(c->vetoed);
		sum.diverged += READ_ONCE(c->diverged);
		sum.denied += READ_ONCE(c->denied);
		sum.handled += READ_ONCE(c->handled);
		sum.redirected += READ_ONCE(c->redirected);
		sum.amended += READ_ONCE(c->amended);
	}
	return sum;
}
