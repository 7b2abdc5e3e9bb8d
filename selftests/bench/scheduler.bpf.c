// SPDX-License-Identifier: GPL-2.0-only
/*
 * sched_ext: schedulers for tasks of the policy SCHED_EXT only, which leave everything to the
 * kernel's defaults; two have one program more
 */
#include "hooks.h"

#define SWITCH_PARTIAL	8	/* SCX_OPS_SWITCH_PARTIAL */

SEC("struct_ops/running") int running_pass(__u64 *args)
{
	return 0;
}

SEC("struct_ops/set_weight") int set_weight_pass(__u64 *args)
{
	return 0;
}

SEC(".struct_ops.link") struct sched_ext_ops___bench without = {
	.flags = SWITCH_PARTIAL, .name = "bench_without",
};

SEC(".struct_ops.link") struct sched_ext_ops___bench with_running = {
	.running = (void *)running_pass,
	.flags = SWITCH_PARTIAL, .name = "bench_running",
};

SEC(".struct_ops.link") struct sched_ext_ops___bench with_set_weight = {
	.set_weight = (void *)set_weight_pass,
	.flags = SWITCH_PARTIAL, .name = "bench_set_weight",
};
