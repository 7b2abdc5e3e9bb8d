// SPDX-License-Identifier: GPL-2.0-only
/*
 * Programs that the verifier rejects: those that would change read-only
 * arguments, and those that call kfuncs of other kinds of programs
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <kselftest_harness.h>
#include <linux/bus_ext.h>
#include "selftests/bpf/refused.skel.h"
#include "../lib/bxtest.h"

/*
 * Load one program, or the programs of one struct_ops map.  Autocreate is set for
 * each map, since libbpf applies "?" in a section's name only to its first map.
 */
static int load(const char *name)
{
	struct refused *obj = refused__open();
	struct bpf_program *prog;
	struct bpf_map *map;
	int found = 0, err;

	if (!obj)
		return -errno;
	bpf_object__for_each_map(map, obj->obj) {
		if (bpf_map__type(map) != BPF_MAP_TYPE_STRUCT_OPS)
			continue;
		bpf_map__set_autocreate(map, !strcmp(bpf_map__name(map), name));
		found += bpf_map__autocreate(map);
	}
	prog = bpf_object__find_program_by_name(obj->obj, name);
	if (prog)
		found += !bpf_program__set_autoload(prog, true);
	err = found == 1 ? refused__load(obj) : -ENOENT;
	refused__destroy(obj);
	return err;
}

FIXTURE(loads) {
};

/* @name: as in bpf/refused.bpf.c */
FIXTURE_VARIANT(loads) {
	const char	*name;
};

FIXTURE_SETUP(loads)
{
	bxt_log_clear();
}

FIXTURE_TEARDOWN(loads)
{
}

/* Without this, the refusals below would prove nothing. */
FIXTURE_VARIANT_ADD(loads, policy) { "good" };
FIXTURE_VARIANT_ADD(loads, policy_with_a_timer) { "timer_good" };
FIXTURE_VARIANT_ADD(loads, hook) { "hook_good" };
FIXTURE_VARIANT_ADD(loads, policy_with_a_fact) { "fact_good" };
FIXTURE_VARIANT_ADD(loads, hook_with_a_fact) { "hook_reads_a_fact" };

/* Kernels with PREEMPT_RT let no program use a timer. */
static bool has_no_timers(int err)
{
	return err == -EOPNOTSUPP &&
	       bxt_log_says("bpf_timer cannot be used for PREEMPT_RT");
}

TEST_F(loads, well)
{
	int err = load(variant->name);

	if (has_no_timers(err))
		SKIP(return, "the kernel has no timers for BPF");
	EXPECT_EQ(0, err);
}

FIXTURE(refused) {
};

#define NULL_ARG(n)	"Possibly NULL pointer passed to trusted arg" #n

/* Newer kernels name the register of an argument instead of its number. */
static bool log_says(const char *reason)
{
	static const char null[] = NULL_ARG();
	char newer[80];
	size_t len = sizeof(null) - 1;

	if (bxt_log_says(reason))
		return true;
	if (strncmp(reason, null, len))
		return false;
	snprintf(newer, sizeof(newer), "%.*sR%d", (int)(len - strlen("arg")), null,
		 reason[len] - '0' + 1);
	return bxt_log_says(newer);
}

/* @reason: what the verifier says */
FIXTURE_VARIANT(refused) {
	const char	*name;
	const char	*reason;
};

FIXTURE_SETUP(refused)
{
	bxt_log_clear();
}

FIXTURE_TEARDOWN(refused)
{
}

FIXTURE_VARIANT_ADD(refused, writes_to_the_context) {
	"writes_to_the_context", "contexts are read-only"
};

FIXTURE_VARIANT_ADD(refused, names_no_context) {
	"names_no_context", NULL_ARG(0)
};

FIXTURE_VARIANT_ADD(refused, asks_without_context) {
	"asks_without_context", NULL_ARG(0)
};

FIXTURE_VARIANT_ADD(refused, names_no_literal) {
	"names_no_literal", "does not point to a readonly map"
};

FIXTURE_VARIANT_ADD(refused, hook_reads_beyond_the_name) {
	"hook_reads_beyond_the_name", "invalid access to map value"
};

FIXTURE_VARIANT_ADD(refused, reads_beyond_the_name) {
	"reads_beyond_the_name", "invalid access to map value"
};

FIXTURE_VARIANT_ADD(refused, fact_to_null) {
	"fact_to_null", NULL_ARG(2)
};

FIXTURE_VARIANT_ADD(refused, fact_beyond_the_buffer) {
	"fact_beyond_the_buffer", "invalid access to map value"
};

FIXTURE_VARIANT_ADD(refused, fact_without_context) {
	"fact_without_context", NULL_ARG(0)
};

FIXTURE_VARIANT_ADD(refused, fact_of_match_in_select) {
	"fact_of_match_in_select", "expected pointer to STRUCT bx_match_ctx"
};

FIXTURE_VARIANT_ADD(refused, fact_where_nothing_sleeps) {
	"fact_where_nothing_sleeps",
	"program must be sleepable to call sleepable kfunc bx_select_fact"
};

FIXTURE_VARIANT_ADD(refused, facts_of_null) {
	"reads_facts_of_nothing", NULL_ARG(1)
};

FIXTURE_VARIANT_ADD(refused, selects_in_match) {
	"selects_in_match", "expected pointer to STRUCT bx_select_ctx"
};

FIXTURE_VARIANT_ADD(refused, selects_in_event) {
	"selects_in_event", "expected pointer to STRUCT bx_select_ctx"
};

FIXTURE_VARIANT_ADD(refused, policy_that_controls) {
	"controls", "calling kernel function bx_settle is not allowed"
};

FIXTURE_VARIANT_ADD(refused, policy_that_lists_policies) {
	"looks_at_policies",
	"calling kernel function bpf_iter_bx_policy_new is not allowed"
};

FIXTURE_VARIANT_ADD(refused, tcp_that_gives_up) {
	"tcp", "calling kernel function bx_call_error is not allowed"
};

FIXTURE_VARIANT_ADD(refused, hook_that_gives_up) {
	"hook_gives_up",
	"calling kernel function bx_select_error is not allowed"
};

FIXTURE_VARIANT_ADD(refused, tracer_that_selects) {
	"tracer_selects",
	"calling kernel function bx_hook_driver is not allowed"
};

FIXTURE_VARIANT_ADD(refused, control_that_gives_up) {
	"control_gives_up",
	"calling kernel function bx_select_error is not allowed"
};

FIXTURE_VARIANT_ADD(refused, call_that_may_sleep) {
	"sleeping_call", "attach to unsupported member call"
};

FIXTURE_VARIANT_ADD(refused, complete_that_may_sleep) {
	"sleeping_complete", "attach to unsupported member complete"
};

FIXTURE_VARIANT_ADD(refused, error_of_another_program) {
	"gives_up_for_another", "expected pointer to STRUCT bx_match_ctx"
};

FIXTURE_VARIANT_ADD(refused, error_without_context) {
	"gives_up_without_context", NULL_ARG(0)
};

FIXTURE_VARIANT_ADD(refused, error_of_a_timer) {
	"timer_gives_up", "R1 must be referenced or trusted"
};

FIXTURE_VARIANT_ADD(refused, choice_of_a_timer) {
	"timer_selects", "R1 must be referenced or trusted"
};

FIXTURE_VARIANT_ADD(refused, error_of_a_timer_without_context) {
	"timer_gives_up_without_context",
	NULL_ARG(0)
};

FIXTURE_VARIANT_ADD(refused, get_of_null) {
	"gets_nothing", NULL_ARG(0)
};

FIXTURE_VARIANT_ADD(refused, rebind_of_null) {
	"rebinds_nothing", NULL_ARG(0)
};

FIXTURE_VARIANT_ADD(refused, reelect_of_null) {
	"reelects_nothing", NULL_ARG(0)
};

FIXTURE_VARIANT_ADD(refused, commit_of_null) {
	"commits_nothing", NULL_ARG(0)
};

FIXTURE_VARIANT_ADD(refused, explain_of_null) {
	"explains_nothing", NULL_ARG(1)
};

FIXTURE_VARIANT_ADD(refused, trial_call_of_null) {
	"tries_no_call", NULL_ARG(2)
};

TEST_F(refused, for_this_reason)
{
	int err = load(variant->name);

	if (has_no_timers(err))
		SKIP(return, "the kernel has no timers for BPF");
	EXPECT_GT(0, err);
	EXPECT_TRUE(log_says(variant->reason))
		TH_LOG("%s", bxt_log());
}

BXT_MAIN("bx_sf")
