/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Declarations of the kfuncs, for the compiler and sparse
 *
 * The kernel itself does not call them.  Programs include <bpf/bus_ext.bpf.h>
 * and, for control, <bpf/bus_ext_ctl.bpf.h>.
 */
#ifndef _BX_KFUNC_H
#define _BX_KFUNC_H

#include "core.h"

int bx_select_driver(struct bx_select_ctx *ctx, const char *name__str);
int bx_select_driver_mem(struct bx_select_ctx *ctx, char *name, u32 name__sz);
int bx_retry_after(struct bx_select_ctx *ctx, u32 msecs);
int bx_reelect_deferred(struct bx_event *event, const char *bus__str);
int bx_driver_state(struct bx_select_ctx *ctx, const char *name__str);
int bx_driver_state_mem(struct bx_select_ctx *ctx, char *name, u32 name__sz);
int bx_select_candidate(struct bx_select_ctx *ctx, struct bx_candidate *cand);
int bx_select_fact(struct bx_select_ctx *ctx, u32 fact, char *buf, u32 buf__sz);
int bx_match_fact(struct bx_match_ctx *ctx, u32 fact, char *buf, u32 buf__sz);
int bx_hook_driver(struct bx_select_ctx *ctx__ign, const char *name__str);
int bx_hook_driver_mem(struct bx_select_ctx *ctx__ign, char *name, u32 name__sz);
int bx_hook_driver_state(struct bx_select_ctx *ctx__ign, const char *name__str);
int bx_hook_driver_state_mem(struct bx_select_ctx *ctx__ign, char *name,
			     u32 name__sz);
int bx_hook_fact(struct bx_select_ctx *ctx__ign, u32 fact, char *buf, u32 buf__sz);
int bx_hook_retry_after(struct bx_select_ctx *ctx__ign, u32 msecs);
void bx_select_error(struct bx_select_ctx *ctx, s32 code, const char *msg__str);
void bx_match_error(struct bx_match_ctx *ctx, s32 code, const char *msg__str);
void bx_event_error(struct bx_event *event, s32 code, const char *msg__str);
void bx_admit_error(struct bx_admit_ctx *ctx, s32 code, const char *msg__str);
void bx_admit_reason(struct bx_admit_ctx *ctx, const char *msg__str);
int bx_part(struct bx_part_ctx *ctx, const char *name__str, u32 flags);
int bx_part_mem(struct bx_part_ctx *ctx, char *name, u32 name__sz, u32 flags);
int bx_part_fact(struct bx_part_ctx *ctx, u32 fact, char *buf, u32 buf__sz);
void bx_part_error(struct bx_part_ctx *ctx, s32 code, const char *msg__str);
void bx_call_error(struct bx_call *call, s32 code, const char *msg__str);
u8 *bx_call_data(struct bx_call *call, u32 offset, const size_t rdwr_buf_size);
int bx_call_result(struct bx_call *call, s32 ret);
int bx_call_redirect(struct bx_call *call, const char *name__str);
int bx_call_redirect_mem(struct bx_call *call, char *name, u32 name__sz);

int bx_trial_call(void *trial, u32 trial__sz, struct bx_trial_call *call,
		  u32 timeout_ms);
int bx_device_get(struct bx_devref *ref, struct bx_device_rec *rec);
s64 bx_rebind(struct bx_devref *ref);
s64 bx_reelect(struct bx_devref *ref);
s64 bx_settle(void);
s64 bx_commit(void *commit, u32 commit__sz);
s64 bx_wait(u64 ticket, u32 timeout_ms);

#define BX_DECLARE_ITER(what, type, ...)				\
struct bpf_iter_bx_##what {						\
	u64	__opaque[2];						\
} __aligned(8);								\
int bpf_iter_bx_##what##_new(struct bpf_iter_bx_##what *it, __VA_ARGS__); \
struct type *bpf_iter_bx_##what##_next(struct bpf_iter_bx_##what *it);	\
void bpf_iter_bx_##what##_destroy(struct bpf_iter_bx_##what *it)

BX_DECLARE_ITER(candidate, bx_candidate, struct bx_select_ctx *ctx);
BX_DECLARE_ITER(member, bx_member, struct bx_select_ctx *ctx, u32 kind);
BX_DECLARE_ITER(device, bx_device_rec, u32 flags);
BX_DECLARE_ITER(driver, bx_driver_rec, u32 flags);
BX_DECLARE_ITER(policy, bx_policy_rec, u32 flags);
BX_DECLARE_ITER(exit, bx_exit_info, u32 flags);
BX_DECLARE_ITER(fact, bx_fact_rec, struct bx_devref *ref);
BX_DECLARE_ITER(opinion, bx_opinion, struct bx_devref *ref, u32 timeout_ms);
BX_DECLARE_ITER(trial, bx_opinion, void *trial, u32 trial__sz, u32 timeout_ms);

#endif /* _BX_KFUNC_H */
