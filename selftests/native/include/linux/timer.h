/* SPDX-License-Identifier: GPL-2.0-only */
/* Timers, which run when a test advances the clock (see native.h) */
#ifndef _NATIVE_TIMER_H
#define _NATIVE_TIMER_H

#include <linux/types.h>

struct timer_list {
	void			(*function)(struct timer_list *timer);
	unsigned long		expires;
	struct timer_list	*next;		/* of those that are set */
};

static inline void timer_setup(struct timer_list *timer,
			       void (*fn)(struct timer_list *timer), unsigned int flags)
{
	timer->function = fn;
}

/* The C library has a function of this name. */
#define timer_delete		native_timer_delete

void mod_timer(struct timer_list *timer, unsigned long expires);
void timer_delete(struct timer_list *timer);
void timer_shutdown_sync(struct timer_list *timer);

#endif /* _NATIVE_TIMER_H */
