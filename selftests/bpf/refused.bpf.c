// SPDX-License-Identifier: GPL-2.0-only
/*
 * Programs that must not load, each for its own reason, and two that must
 *
 * Nothing here is loaded by default: kernel/verifier.c picks one at a time.
 */
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bus_ext_ctl.bpf.h>

char _license[] SEC("license") = "GPL";

char driver[BX_NAME_LEN] = "in_a_map";

#define SELECT(prog, body) \
	SEC("?struct_ops") s32 prog##_prog(unsigned long long *args) \
	{ \
		struct bx_select_ctx *ctx __attribute__((unused)) = \
			(void *)args[0]; \
		\
		body; \
		return BX_PASS; \
	} \
	SEC("?.struct_ops.link") struct bus_ext_ops prog = { \
		.select = (void *)prog##_prog, \
		.name = "refused", .bus = "bx-sf", \
	}

static __always_inline void look_at_policies(void)
{
	struct bx_policy_rec *rec;
	int err;

	bx_for_each(err, policy, rec, 0)
		break;
}

#define SELECT_SLEEPABLE(prog, body) \
	SEC("?struct_ops.s") s32 prog##_prog(unsigned long long *args) \
	{ \
		struct bx_select_ctx *ctx __attribute__((unused)) = \
			(void *)args[0]; \
		\
		body; \
		return BX_PASS; \
	} \
	SEC("?.struct_ops.link") struct bus_ext_ops prog = { \
		.select = (void *)prog##_prog, \
		.name = "refused", .bus = "bx-sf", \
	}

SELECT(good, bx_select_driver(ctx, "name"); bx_driver_state(ctx, "name"));
SELECT(writes_to_the_context, ctx->dev.vendor = 1);
SELECT(names_no_context, bx_select_driver((void *)0, "name"));
SELECT(gives_up_for_another, bx_match_error((void *)ctx, 1, "not mine"));
SELECT(gives_up_without_context, bx_select_error((void *)0, 1, "whose?"));
SELECT(asks_without_context, bx_driver_state((void *)0, "name"));
SELECT(names_no_literal, bx_select_driver(ctx, driver));
SELECT(reads_beyond_the_name, bx_select_driver_mem(ctx, driver, 4096));
SELECT_SLEEPABLE(fact_good, bx_fact(ctx, BX_FACT_PATH, driver));
SELECT_SLEEPABLE(fact_to_null, bx_select_fact(ctx, BX_FACT_PATH, (void *)0, 8));
SELECT_SLEEPABLE(fact_beyond_the_buffer,
		 bx_select_fact(ctx, BX_FACT_PATH, driver, sizeof(driver) + 1));
SELECT_SLEEPABLE(fact_without_context,
		 bx_select_fact((void *)0, BX_FACT_PATH, driver, sizeof(driver)));
SELECT_SLEEPABLE(fact_of_match_in_select,
		 bx_match_fact((void *)ctx, BX_FACT_PATH, driver, sizeof(driver)));
SELECT(fact_where_nothing_sleeps, bx_fact(ctx, BX_FACT_PATH, driver));
SELECT(controls, bx_settle());
SELECT(looks_at_policies, look_at_policies());

/*
 * A timer's callback runs amid whatever it interrupts, which may be the program of
 * another policy: no context there is that of the callback.
 */
struct late {
	struct bpf_timer	timer;
	struct bx_select_ctx __kptr_untrusted *ctx;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct late);
} late SEC(".maps");

static int late_good(void *map, int *key, struct late *late)
{
	return 0;
}

static int late_error(void *map, int *key, struct late *late)
{
	struct bx_select_ctx *ctx = late->ctx;

	if (ctx)
		bx_policy_error(ctx, 1, "whose?");
	return 0;
}

static int late_select(void *map, int *key, struct late *late)
{
	struct bx_select_ctx *ctx = late->ctx;

	if (ctx)
		bx_select_driver(ctx, "name");
	return 0;
}

static int late_null(void *map, int *key, struct late *late)
{
	bx_select_error((void *)0, 1, "whose?");
	return 0;
}

#define START(ctx_, callback) do { \
	struct late *t_ = bpf_map_lookup_elem(&late, &(u32){ 0 }); \
	\
	if (!t_) \
		break; \
	t_->ctx = (ctx_); \
	bpf_timer_init(&t_->timer, &late, 1); /* CLOCK_MONOTONIC */ \
	bpf_timer_set_callback(&t_->timer, callback); \
	bpf_timer_start(&t_->timer, 0, 0); \
} while (0)

SELECT(timer_good, START(ctx, late_good));
SELECT(timer_gives_up, START(ctx, late_error));
SELECT(timer_selects, START(ctx, late_select));
SELECT(timer_gives_up_without_context, START(ctx, late_null));

SEC("?struct_ops") s32 match_prog(unsigned long long *args)
{
	bx_select_driver((void *)args[0], "name");
	return BX_NO_SCORE;
}

SEC("?.struct_ops.link") struct bus_ext_ops selects_in_match = {
	.match = (void *)match_prog, .name = "refused", .bus = "bx-sf",
};

SEC("?struct_ops") void event_prog(unsigned long long *args)
{
	bx_select_driver((void *)args[0], "name");
}

SEC("?.struct_ops.link") struct bus_ext_ops selects_in_event = {
	.event = (void *)event_prog, .name = "refused", .bus = "bx-sf",
};

/* Another subsystem's struct_ops are programs of the same type. */
SEC("?struct_ops") __u32 tcp_ssthresh(unsigned long long *args)
{
	bx_call_error((void *)args[0], 1, "from elsewhere");
	return 2;
}

SEC("?struct_ops") void tcp_cong_avoid(unsigned long long *args)
{
}

SEC("?struct_ops") __u32 tcp_undo_cwnd(unsigned long long *args)
{
	return 2;
}

SEC("?.struct_ops") struct tcp_congestion_ops tcp = {
	.ssthresh = (void *)tcp_ssthresh,
	.cong_avoid = (void *)tcp_cong_avoid,
	.undo_cwnd = (void *)tcp_undo_cwnd,
	.name = "bx_refused",
};

SEC("?fmod_ret/bx_hook_select")
int BPF_PROG(hook_good, struct bx_select_ctx *dev_ctx, int ret)
{
	bx_hook_driver(dev_ctx, "name");
	bx_hook_driver_mem(dev_ctx, driver, sizeof(driver));
	bx_hook_driver_state(dev_ctx, "name");
	bx_hook_driver_state_mem(dev_ctx, driver, sizeof(driver));
	bx_hook_retry_after(dev_ctx, 1);
	return 0;
}

SEC("?fmod_ret/bx_hook_select")
int BPF_PROG(hook_of_old, struct bx_select_ctx *dev_ctx, int ret)
{
	bx_select_driver(dev_ctx, "name");
	bx_driver_state(dev_ctx, "name");
	return 0;
}

SEC("?fmod_ret/bx_hook_select")
int BPF_PROG(hook_reads_beyond_the_name, struct bx_select_ctx *dev_ctx, int ret)
{
	bx_hook_driver_mem(dev_ctx, driver, 4096);
	return 0;
}

SEC("?fmod_ret.s/bx_hook_select")
int BPF_PROG(hook_reads_a_fact, struct bx_select_ctx *dev_ctx, int ret)
{
	bx_hook_fact(dev_ctx, BX_FACT_PATH, driver, sizeof(driver));
	return 0;
}

SEC("?fmod_ret/bx_hook_select")
int BPF_PROG(hook_gives_up, struct bx_select_ctx *dev_ctx, int ret)
{
	bx_policy_error(dev_ctx, 1, "there is no policy");
	return 0;
}

SEC("?fentry/bx_hook_select")
int BPF_PROG(tracer_selects, struct bx_select_ctx *dev_ctx)
{
	bx_hook_driver(dev_ctx, "name");
	return 0;
}

SEC("?syscall") int control_gives_up(void *ctx)
{
	bx_select_error(ctx, 1, "there is no policy");
	return 0;
}

/* call() and complete() run where the driver calls, which may be atomic. */
SEC("?struct_ops.s") s32 sleeping_call_prog(unsigned long long *args)
{
	return BX_CALL_PASS;
}

SEC("?.struct_ops.link") struct bus_ext_ops sleeping_call = {
	.call = (void *)sleeping_call_prog, .name = "refused", .bus = "bx-sf",
};

SEC("?struct_ops.s") void sleeping_complete_prog(unsigned long long *args)
{
}

SEC("?.struct_ops.link") struct bus_ext_ops sleeping_complete = {
	.complete = (void *)sleeping_complete_prog, .name = "refused",
	.bus = "bx-sf",
};

/* Control functions take a structure, not NULL. */
struct bx_trial trial;

#define CONTROL(prog, expr) \
	SEC("?syscall") int prog(void *ctx) { return (expr); }

static __always_inline int read_facts(struct bx_devref *ref)
{
	struct bx_fact_rec *rec;
	int err;

	bx_for_each(err, fact, rec, ref)
		break;
	return err;
}

static __always_inline int explain(struct bx_devref *ref)
{
	struct bx_opinion *o;
	int err;

	bx_for_each(err, opinion, o, ref, 0)
		break;
	return err;
}

CONTROL(gets_nothing, bx_device_get((void *)0, (void *)0));
CONTROL(rebinds_nothing, bx_rebind((void *)0));
CONTROL(reelects_nothing, bx_reelect((void *)0));
CONTROL(commits_nothing, bx_commit((void *)0, sizeof(struct bx_commit)));
CONTROL(reads_facts_of_nothing, read_facts((void *)0));
CONTROL(explains_nothing, explain((void *)0));
CONTROL(tries_no_call, bx_trial_call(&trial, sizeof(trial), (void *)0, 0));
