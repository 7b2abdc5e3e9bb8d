/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The stress program, kernel/stress.c: definitions that its files share
 */
#ifndef _STRESS_H
#define _STRESS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#define DEVICES		8	/* d0 and on */

struct worker {
	pthread_t	thread;
	unsigned int	random;
};

static inline unsigned int any(struct worker *w, unsigned int n)
{
	return rand_r(&w->random) % n;
}

static inline bool one_in(struct worker *w, unsigned int n)
{
	return !any(w, n);
}

/* bxt_*() of the control interface has one buffer for all. */
extern pthread_mutex_t control_lock;

/* ---- policies.c ---- */

void prepare_policies(void);
void detach_policies(struct worker *w);
int live_links(void);

/* Operations; 0 or an errno */
int attach_or_detach(struct worker *w);
int attach_blindly(struct worker *w);
int update_policy(struct worker *w);
int commit_policy(struct worker *w);

#endif /* _STRESS_H */
