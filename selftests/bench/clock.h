/* SPDX-License-Identifier: GPL-2.0-only */
/* The clock of the benchmarks' programs: in a VM that counts instructions, it counts these */
#ifndef _CLOCK_H
#define _CLOCK_H

#include <time.h>

/* Returns nanoseconds since some moment. */
static inline unsigned long long now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

#endif /* _CLOCK_H */
