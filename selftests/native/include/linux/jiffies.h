/* SPDX-License-Identifier: GPL-2.0-only */
/* The clock, which only a test advances */
#ifndef _NATIVE_JIFFIES_H
#define _NATIVE_JIFFIES_H

#define HZ			250
#define jiffies_to_msecs(j)	((unsigned int)((j) * 1000 / HZ))

#define msecs_to_jiffies(ms)	(((unsigned long)(ms) * HZ + 999) / 1000)

#define time_after(a, b)	((long)((b) - (a)) < 0)
#define time_before(a, b)	time_after(b, a)

extern unsigned long jiffies;

#endif /* _NATIVE_JIFFIES_H */
