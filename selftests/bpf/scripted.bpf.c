// SPDX-License-Identifier: GPL-2.0-only
/*
 * Policies that follow the script of a test
 *
 * Several copies of one policy, each with its own script: a program is not told
 * which policy it runs for.  They are loaded once in a test program, since loading
 * is slow; the test makes struct_ops maps of them and attaches these, with the
 * name, bus, priority and so on that it needs (lib/bxtest.c).
 */
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bus_ext.bpf.h>
#include "../lib/script.h"

char _license[] SEC("license") = "GPL";

struct script scripts[SCRIPT_SLOTS];

#define note(counter) __sync_fetch_and_add(&(counter), 1)

/* Names end in zeros, so that words can be compared. */
static __always_inline bool same(const char *a, const char *b, __u32 size)
{
	const __u64 *x = (const void *)a, *y = (const void *)b;

	for (__u32 i = 0; i < size / sizeof(*x); i++) {
		if (x[i] != y[i])
			return false;
	}
	return true;
}

static __always_inline bool meant(struct script *s,
				  const struct bx_dev_info *dev)
{
	char name[BX_DEV_NAME_LEN] __attribute__((aligned(8)));

	if (!s->device[0])
		return true;
	bpf_probe_read_kernel(name, sizeof(name), dev->name);
	return same(name, s->device, sizeof(name));
}

/* The text is a literal: the kernel accepts no other here. */
#define give_up(s, op, ctx) \
do { \
	if ((s)->error_in & (op)) \
		bx_policy_error(ctx, (s)->error_code, "as the script says"); \
} while (0)

/*
 * bus_ext counts ticks: if the machine of the VM is busy, they come later than the
 * clock tells.
 */
struct until {
	__u64	ns;
	__u64	tick;
};

static int is_over(__u32 i, struct until *end)
{
	return bpf_ktime_get_ns() >= end->ns && bpf_jiffies64() >= end->tick;
}

static __always_inline void take_time(const struct script *s, __u32 op)
{
	struct until end;

	if (!(s->slow_in & op))
		return;
	end.ns = bpf_ktime_get_ns() + s->slow_ms * 1000000ULL;
	/* as long with 250 ticks a second, and longer than the limits with up to 1000 */
	end.tick = bpf_jiffies64() + s->slow_ms / 4 + 1;
	bpf_loop(1 << 23, is_over, &end, 0);
}

/* Counts in memory: a counter on the stack would tell one round from another. */
static __always_inline bool look_around(struct script *s,
					struct bx_select_ctx *ctx)
{
	struct script_candidate *rec;
	struct bx_candidate *c;
	bool found = false;

	s->ncandidates = 0;
	bx_for_each_candidate(c, ctx) {
		rec = &s->candidates[s->ncandidates & (SCRIPT_CANDIDATES - 1)];
		bpf_probe_read_kernel(rec->name, sizeof(rec->name), c->name);
		rec->claims = c->claims;
		rec->error = c->error;
		if (same(rec->name, s->wants, sizeof(rec->name)))
			found = true;
		s->ncandidates++;
	}
	return found || !s->wants[0];
}

static __always_inline void look_at_group(struct script *s,
					  struct bx_select_ctx *ctx)
{
	struct bx_member *m;

	note(s->meant);
	if (!s->asks_group)
		return;
	s->nmembers = 0;
	bx_for_each_member(m, ctx, s->asks_group - 1) {
		bpf_probe_read_kernel(s->member[s->nmembers & (SCRIPT_CANDIDATES - 1)],
				      BX_DEV_NAME_LEN, m->dev.name);
		s->nmembers++;
	}
	if (!s->nmembers && s->error_without_members)
		bx_policy_error(ctx, 1, "no members");
}

static __always_inline void name_drivers(struct script *s,
					 struct bx_select_ctx *ctx)
{
	__u32 size = s->driver_size ?: BX_NAME_LEN;

	if (s->driver[0] && size <= sizeof(s->driver))
		s->named = bx_select_driver_mem(ctx, s->driver, size);
	for (int i = 0; i < SCRIPT_MORE && s->more[i][0]; i++)
		s->named = bx_select_driver_mem(ctx, s->more[i], BX_NAME_LEN);
}

static __always_inline s32 do_select(struct script *s,
				     struct bx_select_ctx *ctx)
{
	bool found;

	note(s->selects);
	s->deferrals = ctx->deferrals;
	bpf_probe_read_kernel(&s->seen, sizeof(s->seen), &ctx->dev);
	found = look_around(s, ctx);
	take_time(s, BX_OP_SELECT);
	give_up(s, BX_OP_SELECT, ctx);
	if (!found || !meant(s, &ctx->dev))
		return BX_PASS;
	look_at_group(s, ctx);
	if (s->asks_state[0])
		s->state = bx_driver_state_mem(ctx, s->asks_state, BX_NAME_LEN);
	name_drivers(s, ctx);
	if (s->retry_ms)
		bx_retry_after(ctx, s->retry_ms);
	return s->select;
}

static __always_inline s32 do_match(struct script *s, struct bx_match_ctx *ctx)
{
	char name[BX_NAME_LEN] __attribute__((aligned(8)));

	note(s->matches);
	take_time(s, BX_OP_MATCH);
	give_up(s, BX_OP_MATCH, ctx);
	if (!meant(s, &ctx->dev))
		return BX_NO_SCORE;
	bpf_probe_read_kernel(name, sizeof(name), ctx->drv.name);
	for (int i = 0; i < SCRIPT_VERDICTS; i++) {
		if (same(name, s->match[i].driver, sizeof(name)))
			return s->match[i].verdict;
	}
	return s->match_rest;
}

/* Names of buses are literals: the kernel accepts no others here. */
static __always_inline void wake(struct script *s, struct bx_event *event)
{
	if (s->wakes == SCRIPT_EVENTS_BUS)
		s->woke = bx_reelect_deferred(event, "");
	if (s->wakes == SCRIPT_BXANY)
		s->woke = bx_reelect_deferred(event, "bxany");
	if (s->wakes == SCRIPT_NOSUCH)
		s->woke = bx_reelect_deferred(event, "nosuch");
}

static __always_inline void look_for_companion(struct script *s,
					       struct bx_event *event)
{
	char name[BX_DEV_NAME_LEN] __attribute__((aligned(8)));

	if (!s->companion[0] || event->kind != BX_EVENT_BOUND)
		return;
	bpf_probe_read_kernel(name, sizeof(name), event->dev.name);
	if (same(name, s->companion, sizeof(name)))
		s->select = s->then;
}

static __always_inline void do_event(struct script *s, struct bx_event *event)
{
	__u32 kind = event->kind;

	look_for_companion(s, event);
	wake(s, event);

	take_time(s, BX_OP_EVENT);
	give_up(s, BX_OP_EVENT, event);
	if (kind > BX_EVENT_REMOVED || !meant(s, &event->dev))
		return;
	note(s->events[kind & 3]);
	bpf_probe_read_kernel(s->event_driver[kind & 3], BX_NAME_LEN,
			      event->driver);
}

static __always_inline void do_exit(struct script *s, struct bx_exit_info *info)
{
	note(s->exits);
	bpf_probe_read_kernel(&s->info, sizeof(s->info), info);
}

static __always_inline bool meant_call(struct script *s, struct bx_call *call)
{
	const struct bx_dev_info *dev = call->dev;

	bpf_probe_read_kernel(s->call_dev, sizeof(s->call_dev), dev->name);
	s->call_dev_flags = dev->flags;
	s->call_node = dev->numa_node;
	return !s->device[0] || same(s->call_dev, s->device, BX_DEV_NAME_LEN);
}

static __always_inline void add_to_last(struct bx_call *call, __u8 what)
{
	__u32 len = call->len;
	__u8 *last = len && what ? bx_call_data(call, len - 1, 1) : NULL;

	if (last)
		*last += what;
}

static __always_inline s32 do_call(struct script *s, struct bx_call *call)
{
	__u8 *first = bx_call_data(call, 0, 8);

	note(s->calls);
	s->call_op = call->op;
	s->call_len = call->len;
	if (first)
		bpf_probe_read_kernel(&s->call_first, 8, first);
	take_time(s, BX_OP_CALL);
	give_up(s, BX_OP_CALL, call);
	if (!meant_call(s, call))
		return BX_CALL_PASS;
	add_to_last(call, s->call_writes);
	if (s->call_result)
		bx_call_result(call, s->call_result);
	if (s->call_target[0])
		bx_call_redirect_mem(call, s->call_target,
				     sizeof(s->call_target));
	return s->call;
}

static __always_inline void do_complete(struct script *s, struct bx_call *call,
					s32 ret)
{
	note(s->completes);
	s->complete_ret = ret;
	take_time(s, BX_OP_COMPLETE);
	give_up(s, BX_OP_COMPLETE, call);
	if (!meant_call(s, call))
		return;
	add_to_last(call, s->complete_writes);
	if (s->complete_result != 1)
		bx_call_result(call, s->complete_result);
}

static __always_inline s32 do_admit(struct script *s, struct bx_admit_ctx *ctx)
{
	note(s->admits);
	bpf_probe_read_kernel(&s->admit_dev, sizeof(s->admit_dev), &ctx->dev);
	bpf_probe_read_kernel(s->admit_type, sizeof(s->admit_type), ctx->type);
	bpf_probe_read_kernel(s->admit_comm, sizeof(s->admit_comm), ctx->comm);
	s->admit_uid = ctx->uid;
	s->admit_cgroup = ctx->cgroup;
	s->admit_of_type = ctx->of_type;
	s->admit_of_parent = ctx->of_parent;
	s->admit_of_user = ctx->of_user;
	take_time(s, BX_OP_ADMIT);
	give_up(s, BX_OP_ADMIT, ctx);
	if (s->admit_most && ctx->of_user > s->admit_most) {
		bx_admit_reason(ctx, "too many devices of this user");
		return -122;	/* EDQUOT */
	}
	if (s->admit < 0)
		bx_admit_reason(ctx, "not today");
	return s->admit;
}

static __always_inline void do_part(struct script *s, struct bx_part_ctx *ctx)
{
	char name[BX_DEV_NAME_LEN] __attribute__((aligned(8)));

	note(s->parts);
	take_time(s, BX_OP_PART);
	give_up(s, BX_OP_PART, ctx);
	bpf_probe_read_kernel(name, sizeof(name), ctx->dev.name);
	for (__u32 i = 0; i < SCRIPT_PARTS; i++) {
		struct script_part *part = &s->part[i];

		if (same(name, part->device, sizeof(name)))
			bx_part_mem(ctx, part->name, sizeof(part->name), part->flags);
	}
}

#define PROG(section, prog, result, arg, ...) \
	SEC(section) s32 prog(unsigned long long *args) \
	{ \
		arg = (void *)args[0]; \
		\
		__VA_ARGS__; \
		return result; \
	}

/* call() and complete() may not sleep. */
#define SLOT(section, n) \
	PROG(section, select_##n, do_select(&scripts[n], ctx), \
	     struct bx_select_ctx *ctx) \
	PROG(section, match_##n, do_match(&scripts[n], ctx), \
	     struct bx_match_ctx *ctx) \
	PROG(section, admit_##n, do_admit(&scripts[n], ctx), \
	     struct bx_admit_ctx *ctx) \
	PROG(section, part_##n, 0, struct bx_part_ctx *ctx, \
	     do_part(&scripts[n], ctx)) \
	PROG(section, event_##n, 0, struct bx_event *event, \
	     do_event(&scripts[n], event)) \
	PROG(section, exit_##n, 0, struct bx_exit_info *info, \
	     do_exit(&scripts[n], info)) \
	PROG("struct_ops", call_##n, do_call(&scripts[n], call), \
	     struct bx_call *call) \
	SEC("struct_ops") s32 complete_##n(unsigned long long *args) \
	{ \
		do_complete(&scripts[n], (void *)args[0], (s32)args[1]); \
		return 0; \
	} \
	SEC(section) s32 init_##n(unsigned long long *args) \
	{ \
		note(scripts[n].inits); \
		return scripts[n].init; \
	} \
	SEC(".struct_ops.link") struct bus_ext_ops slot_##n = { \
		.select = (void *)select_##n, .match = (void *)match_##n, \
		.event = (void *)event_##n, .init = (void *)init_##n, \
		.exit = (void *)exit_##n, .call = (void *)call_##n, \
		.complete = (void *)complete_##n, .admit = (void *)admit_##n, \
		.part = (void *)part_##n, \
		.name = "slot", \
		.bus = "bx-sf", .calls = BX_WATCH_ALL, \
	}

SLOT("struct_ops", 0);
SLOT("struct_ops", 1);
SLOT("struct_ops", 2);
SLOT("struct_ops", 3);
SLOT("struct_ops.s", 4);
