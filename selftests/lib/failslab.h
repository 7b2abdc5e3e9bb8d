/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Allocations that fail on request, by the kernel's failslab: the nth one, or all, that
 * a task makes with a function of a module on the stack
 *
 * Sweeps over the allocations of an operation are in sweep.h.
 */
#ifndef _FAILSLAB_H
#define _FAILSLAB_H

#include <stdbool.h>

/* The allocations of this task, or those of the kernel's worker threads */
enum whose { OURS, WORKERS };

bool failslab_exists(void);
int failslab_setup(void);
int failslab_spare(const char *function);
int failslab_arm(enum whose whose, int nth);
bool failslab_disarm(void);
int failslab_all(bool on);

#endif /* _FAILSLAB_H */
