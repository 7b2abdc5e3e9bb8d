// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ejections and their reasons: /sys/kernel/bus_ext/ejected
 *
 * The election or call that sees an invalid result claims the ejection.  From
 * then on no program of the version is started, so the election falls back to
 * the rules below the policy.  A work item (policy.c) detaches the link later,
 * since detaching takes update_mutex.
 *
 * With BX_F_FAIL_CLOSED nothing is detached: the version is quarantined and refuses,
 * instead of its programs, each device that is elected (elect.c) and each call that
 * it watches (call.c).
 */
#include "core.h"
#include "trace.h"

#define BX_NEXITS	16

/* Protects all below; raw, since a call can fail in any context. */
static DEFINE_RAW_SPINLOCK(bx_exit_lock);
static struct bx_exit_info bx_exits[BX_NEXITS];
static u64 bx_nexits;
static u64 bx_exits_cleared;	/* number of those not listed any more */

u64 bx_exit_count(void)
{
	unsigned long flags;
	u64 n;

	raw_spin_lock_irqsave(&bx_exit_lock, flags);
	n = bx_nexits;
	raw_spin_unlock_irqrestore(&bx_exit_lock, flags);
	return n;
}

/**
 * bx_exit_records() - copy the last ejections, oldest first
 * @recs: takes an array, to be freed with kvfree()
 * @n: takes its length
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int bx_exit_records(struct bx_exit_info **recs, u32 *n)
{
	unsigned long flags;
	u64 first;

	*recs = kvcalloc(BX_NEXITS, sizeof(**recs), GFP_KERNEL);
	if (!*recs)
		return -ENOMEM;
	raw_spin_lock_irqsave(&bx_exit_lock, flags);
	first = bx_nexits > BX_NEXITS ? bx_nexits - BX_NEXITS : 0;
	if (first < bx_exits_cleared)
		first = bx_exits_cleared;
	*n = bx_nexits - first;
	for (u32 i = 0; i < *n; i++)
		(*recs)[i] = bx_exits[(first + i) % BX_NEXITS];
	raw_spin_unlock_irqrestore(&bx_exit_lock, flags);
	return 0;
}

/* Clears the list of ejections; their number, and quarantines, stay. */
void bx_exits_clear(void)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&bx_exit_lock, flags);
	bx_exits_cleared = bx_nexits;
	raw_spin_unlock_irqrestore(&bx_exit_lock, flags);
}

/* Copies the reason of the ejection; empty until it is complete. */
void bx_inst_reason(struct bx_inst *inst, char *buf, size_t len)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&bx_exit_lock, flags);
	strscpy(buf, inst->exit.seq ? inst->exit.msg : "", len);
	raw_spin_unlock_irqrestore(&bx_exit_lock, flags);
}

static bool bx_eject_claim(struct bx_inst *inst)
{
	if (atomic_cmpxchg(&inst->ejected, 0, 1))
		return false;
	kref_get(&inst->ref);
	return true;
}

static void bx_eject_finish(struct bx_inst *inst, enum bx_exit_kind kind,
			    s32 code, const char *device)
{
	struct bx_exit_info *exit = &inst->exit;
	unsigned long flags;

	exit->kind = kind;
	exit->code = code;
	strscpy(exit->name, inst->name, sizeof(exit->name));
	strscpy(exit->bus, inst->bus, sizeof(exit->bus));
	strscpy(exit->device, device, sizeof(exit->device));
	exit->version = inst->version;
	exit->flags = inst->flags;
	exit->id = inst->policy->id;
	exit->time_ns = ktime_get_ns();

	raw_spin_lock_irqsave(&bx_exit_lock, flags);
	exit->seq = ++bx_nexits;
	bx_exits[(bx_nexits - 1) % BX_NEXITS] = *exit;
	raw_spin_unlock_irqrestore(&bx_exit_lock, flags);

	pr_warn("policy '%s' on %s %s: %s%s%s (kind %u, code %d)\n",
		inst->shown, exit->bus,
		bx_fails_closed(inst) ? "ejected and quarantined" : "ejected",
		exit->msg, *device ? ", device " : "", device, exit->kind,
		exit->code);
	trace_bx_eject(exit);
	bx_async_queue(BX_Q_EJECT, &inst->work);
}

/**
 * bx_eject() - eject a policy with an invalid result
 * @inst: its version
 * @kind: kind of the ejection
 * @code: the value that the policy returned or reported
 * @dev: the device concerned, or NULL
 * @fmt: the reason, as text
 *
 * Afterwards no program of @inst is started.  Only the first reason is
 * recorded.
 *
 * Context: any, inside bx_srcu; any other lock may be held.
 */
void bx_eject(struct bx_inst *inst, enum bx_exit_kind kind, s32 code,
	      const struct bx_dev_info *dev, const char *fmt, ...)
{
	va_list args;

	if (!bx_eject_claim(inst))
		return;
	va_start(args, fmt);
	vscnprintf(inst->exit.msg, sizeof(inst->exit.msg), fmt, args);
	va_end(args);
	bx_eject_finish(inst, kind, code, dev ? dev->name : "");
}
