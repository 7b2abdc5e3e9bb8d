// SPDX-License-Identifier: GPL-2.0-only
/*
 * A policy on bx-vfio that writes a number into the argument of an operation,
 * wherever the test says, before the provider or after it; or that answers the
 * operation itself
 */
#include <bpf/bus_ext.bpf.h>
#include <uapi/linux/bx_vfio.h>

struct {
	__u32	op;		/* enum bx_vfio_op, or another number for none */
	__u32	offset;
	__u32	value;
	__u32	answer;		/* call() answers, and does not write */
	__u32	late;		/* write in complete() */
	__u32	writes;		/* how often it did either */
} orders;

static inline __attribute__((always_inline)) void spoil(struct bx_call *call)
{
	u32 *word = (void *)bx_call_data(call, orders.offset, sizeof(*word));

	if (!word)
		return;
	*word = orders.value;
	orders.writes++;
}

static s32 BX_OP(hostile_call, struct bx_call *call)
{
	if (call->op != orders.op)
		return BX_CALL_PASS;
	if (orders.answer) {
		orders.writes++;
		return BX_CALL_HANDLED;
	}
	if (!orders.late)
		spoil(call);
	return BX_CALL_PASS;
}

static void BX_OP2(hostile_complete, struct bx_call *call, s32 ret)
{
	if (call->op == orders.op && orders.late)
		spoil(call);
}

BX_POLICY(hostile, .bus = "bx-vfio", .calls = BX_WATCH_ALL,
	  .call = (void *)hostile_call, .complete = (void *)hostile_complete);
