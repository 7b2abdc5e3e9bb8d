// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kfuncs
 *
 * There are three sets: for policies (only struct_ops programs of bus_ext's
 * type), for the hook (only fmod_ret programs on bx_hook_select()), and for
 * control (SEC("syscall") programs, with CAP_SYS_ADMIN), which are in control.c.
 * iter.c has the iterators.
 */
#include <linux/btf_ids.h>
#include <linux/ctype.h>
#include "kfunc.h"
#include "part.h"

__bpf_kfunc_start_defs();

/*
 * Copies a name from a program's memory, since other processors and user space
 * may write to it at any time: check only the copy.
 *
 * Returns its length, or -ENAMETOOLONG without a NUL within @max bytes or
 * within @size.
 */
static ssize_t bx_copy_name(char *to, size_t size, const char *name, size_t max)
{
	ssize_t len = strscpy(to, name, min(max, size));

	return len < 0 ? -ENAMETOOLONG : len;
}

/* Replaces what cannot be printed. */
static void bx_make_printable(char *name)
{
	for (char *c = name; *c; c++) {
		if (!isascii(*c) || !isprint(*c))
			*c = '?';
	}
}

/* @name: what was copied of it; @len: from bx_copy_driver() */
static void bx_run_bad_name(struct bx_run *run, char *name, ssize_t len)
{
	if (run->failed || !run->inst)
		return;
	bx_make_printable(name);
	run->failed = true;
	run->kind = BX_EXIT_BAD_NAME;
	run->code = len < 0 ? len : -EINVAL;
	if (len < 0)
		scnprintf(run->error, sizeof(run->error),
			  "bx_select_driver() got a driver name of more than %d bytes or without NUL: '%s'",
			  BX_NAME_LEN - 1, name);
	else
		scnprintf(run->error, sizeof(run->error),
			  "bx_select_driver() got an invalid driver name: '%s'", name);
}

/* Returns the length of the name, 0 or an errno if it is not a driver's name. */
static ssize_t bx_copy_driver(char *to, size_t size, const char *name,
			      size_t max)
{
	ssize_t len = bx_copy_name(to, size, name, max);

	return len > 0 && (strchr(to, '/') || strchr(to, '\n')) ? 0 : len;
}

/* Adds a driver to the named ones; an invalid name ejects the policy. */
static int bx_add_driver(struct bx_select_ctx *ctx, const char *name, size_t max)
{
	struct bx_run *run = bx_select_run(ctx);
	char copy[BX_NAME_LEN];
	ssize_t len;

	if (!run)
		return -EINVAL;
	len = bx_copy_driver(copy, sizeof(copy), name, max);
	if (len <= 0) {
		bx_run_bad_name(run, copy, len);
		return -EINVAL;
	}
	return bx_choice_add(ctx, copy);
}

/**
 * bx_select_driver() - name a driver for the device
 * @ctx: the context that select() was called with
 * @name__str: driver name, a constant string of the object
 *
 * Has an effect only if the program then returns BX_SELECT.  A program may name
 * up to BX_MAX_CHOICES drivers, in order of preference: the first that is
 * registered, or whose module can be loaded, gets the device.
 *
 * Return: 0, also for a driver that was named before; -E2BIG for one driver too
 * many, which is ignored; -EINVAL for a name that is empty, has BX_NAME_LEN bytes
 * or more, or contains '/' or a newline; in a policy such a name ejects it.
 */
__bpf_kfunc int bx_select_driver(struct bx_select_ctx *ctx,
				 const char *name__str)
{
	return bx_add_driver(ctx, name__str, BX_NAME_LEN + 1);
}

/**
 * bx_select_driver_mem() - as bx_select_driver(), for a name in memory
 * @ctx: the context that select() was called with
 * @name: driver name, in a map or on the stack
 * @name__sz: bytes at @name; the name ends with a NUL within them
 *
 * Return: as bx_select_driver().
 */
__bpf_kfunc int bx_select_driver_mem(struct bx_select_ctx *ctx, char *name,
				     u32 name__sz)
{
	return bx_add_driver(ctx, name, name__sz);
}

/**
 * bx_select_candidate() - as bx_select_driver(), for a candidate
 * @ctx: the context that select() was called with
 * @cand: a candidate of the same election
 *
 * Return: 0, -E2BIG as bx_select_driver(), or -EINVAL if @cand is not a candidate
 * of this election.
 */
__bpf_kfunc int bx_select_candidate(struct bx_select_ctx *ctx,
				    struct bx_candidate *cand)
{
	struct bx_cand *c = container_of(cand, struct bx_cand, rec);
	struct bx_election *e;

	if (!bx_select_run(ctx))
		return -EINVAL;
	e = ctx->election;
	if (c < e->cands || c >= e->cands + e->ncands)
		return -EINVAL;
	return bx_choice_add(ctx, cand->name);
}

static int bx_state_of(struct bx_select_ctx *ctx, const char *name, size_t max)
{
	char copy[BX_NAME_LEN];

	if (!bx_select_run(ctx) ||
	    bx_copy_driver(copy, sizeof(copy), name, max) <= 0)
		return -EINVAL;
	return bx_choice_state(ctx->election, copy);
}

/**
 * bx_driver_state() - get what is known of a driver of the device's bus
 * @ctx: the context that select() was called with
 * @name__str: driver name, a constant string of the object
 *
 * Loads nothing and names nothing.  In a trial of a described device, the drivers
 * of the description are registered.
 *
 * Return: enum bx_driver_state, or -EINVAL for a name that bx_select_driver()
 * would not take; it does not eject the policy.
 */
__bpf_kfunc int bx_driver_state(struct bx_select_ctx *ctx,
				const char *name__str)
{
	return bx_state_of(ctx, name__str, BX_NAME_LEN + 1);
}

/**
 * bx_driver_state_mem() - as bx_driver_state(), for a name in memory
 * @ctx: the context that select() was called with
 * @name: driver name, in a map or on the stack
 * @name__sz: bytes at @name; the name ends with a NUL within them
 *
 * Return: as bx_driver_state().
 */
__bpf_kfunc int bx_driver_state_mem(struct bx_select_ctx *ctx, char *name,
				    u32 name__sz)
{
	return bx_state_of(ctx, name, name__sz);
}

/* Copies a fact to a program's memory; @len: its length, or an errno. */
static int bx_copy_fact(const char *text, int len, char *to, u32 size)
{
	if (len < 0)
		return len;
	if (len >= size)
		return -ENAMETOOLONG;
	memcpy(to, text, len + 1);
	return len;
}

/* Reads a fact of the device of an election to a program's memory. */
static int bx_give_fact(const struct bx_election *e, u32 fact, char *to, u32 size)
{
	char text[BX_FACT_LEN];
	int len = bx_election_fact(e, fact, text);

	return bx_copy_fact(text, len, to, size);
}

/**
 * bx_select_fact() - read a fact of the device
 * @ctx: the context that select() was called with
 * @fact: enum bx_fact
 * @buf: takes the text, with a NUL; unchanged after an error
 * @buf__sz: bytes at @buf; BX_FACT_LEN are enough for every fact
 *
 * In a trial of a described device, the facts are those of the description.
 *
 * Context: may sleep, so only programs that may sleep can call it.
 * Return: the length of the text without the NUL, at least 1; -ENODATA if the device
 * has no such fact; -ENAMETOOLONG if the text does not fit; -ENXIO if the device does not
 * answer, as in D3cold; -EAGAIN if the fact is being changed; -EINVAL for an unknown fact.
 */
__bpf_kfunc int bx_select_fact(struct bx_select_ctx *ctx, u32 fact, char *buf,
			       u32 buf__sz)
{
	if (!bx_select_run(ctx))
		return -EINVAL;
	return bx_give_fact(ctx->election, fact, buf, buf__sz);
}

/* bx_match_fact() - as bx_select_fact(), for match() */
__bpf_kfunc int bx_match_fact(struct bx_match_ctx *ctx, u32 fact, char *buf,
			      u32 buf__sz)
{
	return bx_give_fact(container_of(ctx, struct bx_election, match), fact, buf,
			    buf__sz);
}

/* bx_part_fact() - as bx_select_fact(), for part() */
__bpf_kfunc int bx_part_fact(struct bx_part_ctx *ctx, u32 fact, char *buf,
			     u32 buf__sz)
{
	char text[BX_FACT_LEN];
	int len = bx_device_fact(ctx->device, fact, text);

	return bx_copy_fact(text, len, buf, buf__sz);
}

/**
 * bx_retry_after() - name the time after which a deferred device is elected again
 * @ctx: the context that select() was called with
 * @msecs: the time in ms, limited to 1 to BX_RETRY_MAX_MS
 *
 * Has an effect only if the program then returns BX_DEFER.  The last call counts.
 *
 * Return: 0; -EINVAL outside of select().
 */
__bpf_kfunc int bx_retry_after(struct bx_select_ctx *ctx, u32 msecs)
{
	if (!bx_select_run(ctx))
		return -EINVAL;
	ctx->retry_ms = clamp(msecs, 1U, BX_RETRY_MAX_MS);
	return 0;
}

/*
 * The hook's context is not trusted, and newer kernels refuse it for every argument that the
 * verifier looks at: not for one whose name ends with __ign.  bx_select_run() checks it.
 */

/* bx_hook_driver() - as bx_select_driver(), for the hook */
__bpf_kfunc int bx_hook_driver(struct bx_select_ctx *ctx__ign,
			       const char *name__str)
{
	return bx_add_driver(ctx__ign, name__str, BX_NAME_LEN + 1);
}

/* bx_hook_driver_mem() - as bx_select_driver_mem(), for the hook */
__bpf_kfunc int bx_hook_driver_mem(struct bx_select_ctx *ctx__ign, char *name,
				   u32 name__sz)
{
	return bx_add_driver(ctx__ign, name, name__sz);
}

/* bx_hook_driver_state() - as bx_driver_state(), for the hook */
__bpf_kfunc int bx_hook_driver_state(struct bx_select_ctx *ctx__ign,
				     const char *name__str)
{
	return bx_state_of(ctx__ign, name__str, BX_NAME_LEN + 1);
}

/* bx_hook_driver_state_mem() - as bx_driver_state_mem(), for the hook */
__bpf_kfunc int bx_hook_driver_state_mem(struct bx_select_ctx *ctx__ign,
					 char *name, u32 name__sz)
{
	return bx_state_of(ctx__ign, name, name__sz);
}

/* bx_hook_fact() - as bx_select_fact(), for the hook */
__bpf_kfunc int bx_hook_fact(struct bx_select_ctx *ctx__ign, u32 fact, char *buf,
			     u32 buf__sz)
{
	return bx_select_fact(ctx__ign, fact, buf, buf__sz);
}

/* bx_hook_retry_after() - as bx_retry_after(), for the hook */
__bpf_kfunc int bx_hook_retry_after(struct bx_select_ctx *ctx__ign, u32 msecs)
{
	return bx_retry_after(ctx__ign, msecs);
}

static void bx_run_error(struct bx_run *run, s32 code, const char *msg)
{
	if (!run || run->failed)
		return;
	run->failed = true;
	run->kind = BX_EXIT_ERROR;
	run->code = code;
	strscpy(run->error, msg, sizeof(run->error));
}

/**
 * bx_select_error() - report an error and eject the policy
 * @ctx: the context that select() was called with
 * @code: the policy's own error code, shown to the operator
 * @msg__str: the reason, a constant string of the object
 *
 * The policy is ejected when the program returns, regardless of its result.
 */
__bpf_kfunc void bx_select_error(struct bx_select_ctx *ctx, s32 code,
				 const char *msg__str)
{
	bx_run_error(ctx->run, code, msg__str);
}

/* bx_match_error() - as bx_select_error(), for match() */
__bpf_kfunc void bx_match_error(struct bx_match_ctx *ctx, s32 code,
				const char *msg__str)
{
	bx_run_error(ctx->run, code, msg__str);
}

/* bx_event_error() - as bx_select_error(), for event() */
__bpf_kfunc void bx_event_error(struct bx_event *event, s32 code,
				const char *msg__str)
{
	struct bx_event_ctx *ctx = container_of(event, struct bx_event_ctx,
						event);

	bx_run_error(ctx->run, code, msg__str);
}

/**
 * bx_reelect_deferred() - elect the deferred devices of a bus again
 * @event: the context that event() was called with
 * @bus__str: name of the bus, a constant string of the object; "" for that of @event
 *
 * For devices that other events than those in the scope of their policy concern; a work
 * item elects them.
 *
 * Return: 0, -ENODEV if there is no such bus.
 */
__bpf_kfunc int bx_reelect_deferred(struct bx_event *event, const char *bus__str)
{
	return bx_deferrals_ask_by_name(*bus__str ? bus__str : event->dev.bus);
}

/* bx_call_error() - as bx_select_error(), for call() and complete() */
__bpf_kfunc void bx_call_error(struct bx_call *call, s32 code,
			       const char *msg__str)
{
	bx_run_error(call->run, code, msg__str);
}

/* bx_admit_error() - as bx_select_error(), for admit() */
__bpf_kfunc void bx_admit_error(struct bx_admit_ctx *ctx, s32 code,
				const char *msg__str)
{
	bx_run_error(ctx->run, code, msg__str);
}

/**
 * bx_admit_reason() - give the reason of a refusal
 * @ctx: the context that admit() was called with
 * @msg__str: the reason, a constant string of the object
 *
 * Shown to the operator if the program then returns an errno.  The last call counts.
 */
__bpf_kfunc void bx_admit_reason(struct bx_admit_ctx *ctx, const char *msg__str)
{
	strscpy(ctx->reason, msg__str, sizeof(ctx->reason));
}

/* bx_part_error() - as bx_select_error(), for part() */
__bpf_kfunc void bx_part_error(struct bx_part_ctx *ctx, s32 code,
			       const char *msg__str)
{
	bx_run_error(ctx->run, code, msg__str);
}

/* Copies the name of a part; an invalid one ejects the policy. */
static int bx_name_part(struct bx_part_ctx *ctx, const char *name, size_t max, u32 flags)
{
	char copy[BX_PART_LEN];
	struct bx_run *run = ctx->run;
	ssize_t len = bx_copy_name(copy, sizeof(copy), name, max);
	char *part = strchr(copy, '/');

	if (part)
		*part++ = '\0';
	if (len > 0 && bx_part_name_check(copy, part) && !(flags & ~BX_PART_BOUND)) {
		strscpy_pad(ctx->composite, copy, sizeof(ctx->composite));
		strscpy_pad(ctx->part, part, sizeof(ctx->part));
		ctx->flags = flags;
		return 0;
	}
	if (run->failed)
		return -EINVAL;
	bx_make_printable(copy);
	run->failed = true;
	run->kind = BX_EXIT_BAD_NAME;
	run->code = len < 0 ? len : -EINVAL;
	scnprintf(run->error, sizeof(run->error),
		  "bx_part() got an invalid name, or flags 0x%x: '%s'", flags, copy);
	return -EINVAL;
}

/**
 * bx_part() - name the device as a part of a composite device
 * @ctx: the context that part() was called with
 * @name__str: names of the composite device and of the part, as in "nic-pair.0/companion", a
 *	constant string of the object.  The first is the type of the composite device, which
 *	its driver names, and optionally '.' and what tells it from others of this type.
 *	The names consist of [A-Za-z0-9_.-], the part's without '.'; type and part
 *	have less than BX_NAME_LEN bytes, the composite device less than BX_DEV_NAME_LEN
 * @flags: enum bx_part_flags
 *
 * The last call counts.
 *
 * Return: 0; -EINVAL for an invalid name or flag, which ejects the policy.
 */
__bpf_kfunc int bx_part(struct bx_part_ctx *ctx, const char *name__str, u32 flags)
{
	return bx_name_part(ctx, name__str, BX_PART_LEN + 1, flags);
}

/**
 * bx_part_mem() - as bx_part(), for a name in memory
 * @ctx: the context that part() was called with
 * @name: the names, in a map or on the stack
 * @name__sz: bytes at @name; the name ends with a NUL within them
 * @flags: enum bx_part_flags
 *
 * Return: as bx_part().
 */
__bpf_kfunc int bx_part_mem(struct bx_part_ctx *ctx, char *name, u32 name__sz, u32 flags)
{
	return bx_name_part(ctx, name, name__sz, flags);
}

/**
 * bx_call_data() - access the argument of a call, for reading and writing
 * @call: the context that call() or complete() was called with
 * @offset: offset in bytes from the first visible byte of the argument
 * @rdwr_buf_size: number of bytes, a constant
 *
 * Return: pointer to the bytes, valid until the program returns; NULL if the
 * argument is shorter.
 */
__bpf_kfunc u8 *bx_call_data(struct bx_call *call, u32 offset,
			     const size_t rdwr_buf_size)
{
	if (offset > call->len || rdwr_buf_size > call->len - offset)
		return NULL;
	return call->data + offset;
}

/**
 * bx_call_result() - set the result of a call
 * @call: the context that call() or complete() was called with
 * @ret: 0 or an errno
 *
 * Counts in call() if that returns BX_CALL_HANDLED, and in complete().
 *
 * Return: 0, or -EINVAL for an invalid @ret, which ejects the policy.
 */
__bpf_kfunc int bx_call_result(struct bx_call *call, s32 ret)
{
	struct bx_run *run = call->run;

	if (ret <= 0 && ret >= -MAX_ERRNO) {
		call->result = ret;
		return 0;
	}
	if (run && !run->failed) {
		run->failed = true;
		run->kind = BX_EXIT_BAD_RESULT;
		run->code = ret;
		scnprintf(run->error, sizeof(run->error),
			  "bx_call_result() got %d for '%s'; expected 0 or -1 to -%d",
			  ret, call->desc->name, MAX_ERRNO);
	}
	return -EINVAL;
}

/* As bx_set_driver(), for the name of a device. */
static int bx_set_target(struct bx_call *call, const char *name, size_t max)
{
	char copy[BX_DEV_NAME_LEN];

	if (bx_copy_name(copy, sizeof(copy), name, max) <= 0)
		return -EINVAL;
	return bx_call_set_target(call, copy);
}

/**
 * bx_call_redirect() - name the target device of a redirect
 * @call: the context that call() was called with
 * @name__str: name of a device on the same bus and in the policy's scope, a
 *	constant string of the object
 *
 * Has an effect only if the program then returns BX_CALL_REDIRECT.  The last
 * call counts.  Policies in scope of that device see the call as one on it.
 *
 * Return: 0, -ENODEV if there is no such device, -EPERM if it has another vendor
 * than the policy's scope, -EINVAL for an invalid name or outside of call().
 */
__bpf_kfunc int bx_call_redirect(struct bx_call *call, const char *name__str)
{
	return bx_set_target(call, name__str, BX_DEV_NAME_LEN + 1);
}

/**
 * bx_call_redirect_mem() - as bx_call_redirect(), for a name in memory
 * @call: the context that call() was called with
 * @name: name of the device, in a map or on the stack
 * @name__sz: bytes at @name; the name ends with a NUL within them
 *
 * Return: as bx_call_redirect().
 */
__bpf_kfunc int bx_call_redirect_mem(struct bx_call *call, char *name,
				     u32 name__sz)
{
	return bx_set_target(call, name, name__sz);
}

__bpf_kfunc_end_defs();

BTF_KFUNCS_START(bx_policy_kfuncs)
BTF_ID_FLAGS(func, bx_select_driver, KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, bx_select_driver_mem, KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, bx_select_candidate, KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, bx_retry_after, KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, bx_reelect_deferred, KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, bx_driver_state, KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, bx_driver_state_mem, KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, bx_select_fact, KF_SLEEPABLE | KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, bx_match_fact, KF_SLEEPABLE | KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, bx_select_error, KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, bx_match_error, KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, bx_event_error, KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, bx_admit_error, KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, bx_admit_reason, KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, bx_part, KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, bx_part_mem, KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, bx_part_fact, KF_SLEEPABLE | KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, bx_part_error, KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, bx_call_error, KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, bx_call_data, KF_TRUSTED_ARGS | KF_RET_NULL)
BTF_ID_FLAGS(func, bx_call_result, KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, bx_call_redirect, KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, bx_call_redirect_mem, KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, bpf_iter_bx_candidate_new, KF_ITER_NEW | KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, bpf_iter_bx_candidate_next, KF_ITER_NEXT | KF_RET_NULL)
BTF_ID_FLAGS(func, bpf_iter_bx_candidate_destroy, KF_ITER_DESTROY)
BTF_ID_FLAGS(func, bpf_iter_bx_member_new, KF_ITER_NEW | KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, bpf_iter_bx_member_next, KF_ITER_NEXT | KF_RET_NULL)
BTF_ID_FLAGS(func, bpf_iter_bx_member_destroy, KF_ITER_DESTROY)
BTF_KFUNCS_END(bx_policy_kfuncs)

BTF_KFUNCS_START(bx_hook_kfuncs)
BTF_ID_FLAGS(func, bx_hook_driver)
BTF_ID_FLAGS(func, bx_hook_driver_mem)
BTF_ID_FLAGS(func, bx_hook_driver_state)
BTF_ID_FLAGS(func, bx_hook_driver_state_mem)
BTF_ID_FLAGS(func, bx_hook_fact, KF_SLEEPABLE)
BTF_ID_FLAGS(func, bx_hook_retry_after)
BX_OLD_HOOK_ID(bx_select_driver)
BX_OLD_HOOK_ID(bx_select_driver_mem)
BX_OLD_HOOK_ID(bx_retry_after)
BX_OLD_HOOK_ID(bx_driver_state)
BX_OLD_HOOK_ID(bx_driver_state_mem)
BX_OLD_HOOK_ID(bx_select_fact, KF_SLEEPABLE)
BTF_KFUNCS_END(bx_hook_kfuncs)

BTF_KFUNCS_START(bx_control_kfuncs)
BTF_ID_FLAGS(func, bx_device_get, KF_SLEEPABLE | KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, bx_rebind, KF_SLEEPABLE | KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, bx_reelect, KF_SLEEPABLE | KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, bx_settle, KF_SLEEPABLE)
BTF_ID_FLAGS(func, bx_commit, KF_SLEEPABLE | KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, bx_wait, KF_SLEEPABLE)
BTF_ID_FLAGS(func, bpf_iter_bx_device_new, KF_ITER_NEW | KF_SLEEPABLE)
BTF_ID_FLAGS(func, bpf_iter_bx_device_next, KF_ITER_NEXT | KF_RET_NULL)
BTF_ID_FLAGS(func, bpf_iter_bx_device_destroy, KF_ITER_DESTROY)
BTF_ID_FLAGS(func, bpf_iter_bx_driver_new, KF_ITER_NEW | KF_SLEEPABLE)
BTF_ID_FLAGS(func, bpf_iter_bx_driver_next, KF_ITER_NEXT | KF_RET_NULL)
BTF_ID_FLAGS(func, bpf_iter_bx_driver_destroy, KF_ITER_DESTROY)
BTF_ID_FLAGS(func, bpf_iter_bx_policy_new, KF_ITER_NEW | KF_SLEEPABLE)
BTF_ID_FLAGS(func, bpf_iter_bx_policy_next, KF_ITER_NEXT | KF_RET_NULL)
BTF_ID_FLAGS(func, bpf_iter_bx_policy_destroy, KF_ITER_DESTROY)
BTF_ID_FLAGS(func, bpf_iter_bx_exit_new, KF_ITER_NEW | KF_SLEEPABLE)
BTF_ID_FLAGS(func, bpf_iter_bx_exit_next, KF_ITER_NEXT | KF_RET_NULL)
BTF_ID_FLAGS(func, bpf_iter_bx_exit_destroy, KF_ITER_DESTROY)
BTF_ID_FLAGS(func, bpf_iter_bx_fact_new,
	     KF_ITER_NEW | KF_SLEEPABLE | KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, bpf_iter_bx_fact_next, KF_ITER_NEXT | KF_RET_NULL)
BTF_ID_FLAGS(func, bpf_iter_bx_fact_destroy, KF_ITER_DESTROY)
BTF_ID_FLAGS(func, bpf_iter_bx_opinion_new,
	     KF_ITER_NEW | KF_SLEEPABLE | KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, bpf_iter_bx_opinion_next, KF_ITER_NEXT | KF_RET_NULL)
BTF_ID_FLAGS(func, bpf_iter_bx_opinion_destroy, KF_ITER_DESTROY)
BTF_ID_FLAGS(func, bpf_iter_bx_trial_new,
	     KF_ITER_NEW | KF_SLEEPABLE | KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, bpf_iter_bx_trial_next, KF_ITER_NEXT | KF_RET_NULL)
BTF_ID_FLAGS(func, bpf_iter_bx_trial_destroy, KF_ITER_DESTROY)
BTF_ID_FLAGS(func, bx_trial_call, KF_SLEEPABLE | KF_TRUSTED_ARGS)
BTF_KFUNCS_END(bx_control_kfuncs)

/* The function whose result a fmod_ret program may replace */
BTF_KFUNCS_START(bx_hook_ids)
BTF_ID_FLAGS(func, bx_hook_select, KF_SLEEPABLE)
BTF_KFUNCS_END(bx_hook_ids)

/*
 * Kfuncs are registered for a program type, so other struct_ops types, such as
 * tcp congestion control, would get them, too.  When the filter first runs,
 * attach_btf is set, but attach_func_name is not.
 *
 * The kernel calls the filter only for kfuncs of this module, so @kfunc_id is
 * not compared: if the kernel relocates the module's BTF, it differs from the
 * id in the sets.
 */
static int bx_policy_filter(const struct bpf_prog *prog, u32 kfunc_id)
{
	return prog->aux->attach_btf == bx_btf ? 0 : -EACCES;
}

static int bx_hook_filter(const struct bpf_prog *prog, u32 kfunc_id)
{
	return prog->expected_attach_type == BPF_MODIFY_RETURN &&
	       prog->aux->attach_btf == bx_btf ? 0 : -EACCES;
}

static const struct btf_kfunc_id_set bx_policy_kfunc_set = {
	.owner	= THIS_MODULE,
	.set	= &bx_policy_kfuncs,
	.filter	= bx_policy_filter,
};

static const struct btf_kfunc_id_set bx_hook_kfunc_set = {
	.owner	= THIS_MODULE,
	.set	= &bx_hook_kfuncs,
	.filter	= bx_hook_filter,
};

static const struct btf_kfunc_id_set bx_control_kfunc_set = {
	.owner	= THIS_MODULE,
	.set	= &bx_control_kfuncs,
};

static const struct btf_kfunc_id_set bx_hook_id_set = {
	.owner	= THIS_MODULE,
	.set	= &bx_hook_ids,
};

/**
 * bx_kfunc_init() - register kfuncs and the hook
 *
 * Like the struct_ops type, they are released with the module's BTF.
 *
 * Return: 0 or an errno.
 */
int bx_kfunc_init(void)
{
	return register_btf_kfunc_id_set(BPF_PROG_TYPE_STRUCT_OPS,
					 &bx_policy_kfunc_set) ?:
	       register_btf_kfunc_id_set(BPF_PROG_TYPE_TRACING,
					 &bx_hook_kfunc_set) ?:
	       register_btf_kfunc_id_set(BPF_PROG_TYPE_SYSCALL,
					 &bx_control_kfunc_set) ?:
	       register_btf_fmodret_id_set(&bx_hook_id_set);
}
