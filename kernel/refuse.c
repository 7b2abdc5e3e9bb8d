// SPDX-License-Identifier: GPL-2.0-only
/*
 * Refusals and their reasons: /sys/kernel/bus_ext/refused
 *
 * An attach, like bx_wait(), returns only an errno to user space.
 */
#include <asm/page.h>
#include "core.h"

#define BX_NREFUSED	8

static DEFINE_RAW_SPINLOCK(bx_refuse_lock);	/* protects all below */
static struct bx_refusal {
	char	name[BX_SHOWN_LEN];
	char	msg[BX_MSG_LEN];
} bx_refused[BX_NREFUSED];
static u32 bx_nrefused;	/* also read without it */

/**
 * bx_refuse() - record the reason of a refusal for /sys/kernel/bus_ext/refused
 * @name: name of the policy, as shown (bx_shown_name())
 * @err: errno of the refusal (negative)
 * @fmt: the reason, as text
 *
 * Context: any.
 * Return: @err.
 */
int bx_refuse(const char *name, int err, const char *fmt, ...)
{
	struct bx_refusal *line;
	char msg[BX_MSG_LEN];
	unsigned long flags;
	va_list args;

	va_start(args, fmt);
	vscnprintf(msg, sizeof(msg), fmt, args);
	va_end(args);

	pr_notice_ratelimited("policy '%s' refused (%d): %s\n", name, err, msg);
	raw_spin_lock_irqsave(&bx_refuse_lock, flags);
	line = &bx_refused[bx_nrefused % BX_NREFUSED];
	WRITE_ONCE(bx_nrefused, bx_nrefused + 1);
	strscpy(line->name, name, sizeof(line->name));
	strscpy(line->msg, msg, sizeof(line->msg));
	raw_spin_unlock_irqrestore(&bx_refuse_lock, flags);
	return err;
}

/* The text of all of them fits a page. */
static_assert(BX_NREFUSED * (sizeof(struct bx_refusal) + 3) < PAGE_SIZE);

/* Returns whether the message is still there. */
static bool bx_refusal_copy(u32 n, struct bx_refusal *copy)
{
	unsigned long flags;
	bool there;

	raw_spin_lock_irqsave(&bx_refuse_lock, flags);
	there = bx_nrefused - n <= BX_NREFUSED;
	if (there)
		*copy = bx_refused[n % BX_NREFUSED];
	raw_spin_unlock_irqrestore(&bx_refuse_lock, flags);
	return there;
}

/* Without the lock, formatting would be the longest section of the core with interrupts off. */
ssize_t bx_refused_show(char *buf)
{
	u32 end = READ_ONCE(bx_nrefused);
	struct bx_refusal line;
	ssize_t len = 0;

	for (u32 n = end > BX_NREFUSED ? end - BX_NREFUSED : 0; n < end; n++) {
		if (bx_refusal_copy(n, &line))
			len += sysfs_emit_at(buf, len, "%s: %s\n", line.name, line.msg);
	}
	return len;
}
