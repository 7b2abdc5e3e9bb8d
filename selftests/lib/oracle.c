// SPDX-License-Identifier: GPL-2.0-only
/*
 * An oracle for kernel/stress.c: see oracle.h
 */
#include <pthread.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "oracle.h"

#define MAX_DEVICES	64
#define MAX_NAMED	16
/* Events are judged long before this time; then an ended span is not needed any more. */
#define OLD_NS		(60ULL * 1000000000)

/* A device that exists, by its name. */
struct life {
	char	name[BX_DEV_NAME_LEN];
	bool	exists;
	char	driver[BX_NAME_LEN];		/* bound to it */
	char	named[MAX_NAMED][BX_NAME_LEN];	/* that elections have named */
	int	nnamed;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;	/* all below */
static struct oracle_span *spans;
static int nspans, max_spans;
static const struct oracle_policy *policies;
static int npolicies;
static struct life lives[MAX_DEVICES];
static unsigned long binds;
static char complaint[512];

__u64 oracle_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

void oracle_policies(const struct oracle_policy *list, int n)
{
	policies = list;
	npolicies = n;
}

/* The first one counts: the rest may follow from it. */
static __attribute__((format(printf, 1, 2))) void complain(const char *fmt, ...)
{
	va_list args;

	if (*complaint)
		return;
	va_start(args, fmt);
	vsnprintf(complaint, sizeof(complaint), fmt, args);
	va_end(args);
}

/* Returns the first event that was not allowed; NULL when all were. */
const char *oracle_complaint(void)
{
	return *complaint ? complaint : NULL;
}

unsigned long oracle_binds(void)
{
	return binds;
}

/* ---- spans ---- */

/* Returns the place of a span that is over, else a new one. */
static int room(void)
{
	static int next;

	for (int tries = 0; tries < 4 && nspans; tries++) {
		next = (next + 1) % nspans;
		if (spans[next].ended && spans[next].ended + OLD_NS < oracle_now())
			return next;
	}
	if (nspans == max_spans) {
		max_spans = max_spans ? 2 * max_spans : 1024;
		spans = realloc(spans, max_spans * sizeof(*spans));
		if (!spans)
			abort();
	}
	return nspans++;
}

/* Begins a span; returns it, for the functions below. */
int oracle_begin(const struct oracle_span *span)
{
	int i;

	pthread_mutex_lock(&lock);
	i = room();
	spans[i] = *span;
	spans[i].begins = oracle_now();
	spans[i].began = 0;
	spans[i].ends = 0;
	spans[i].ended = 0;
	pthread_mutex_unlock(&lock);
	return i;
}

static void stamp(int span, size_t member)
{
	pthread_mutex_lock(&lock);
	*(__u64 *)((char *)&spans[span] + member) = oracle_now();
	pthread_mutex_unlock(&lock);
}

#define stamp(span, member)	stamp(span, offsetof(struct oracle_span, member))

void oracle_began(int span)
{
	stamp(span, began);
}

/* It was refused. */
void oracle_never(int span)
{
	stamp(span, ended);
}

void oracle_ends(int span)
{
	stamp(span, ends);
}

void oracle_ended(int span)
{
	stamp(span, ended);
}

/* Ends all earlier spans of a kind, which has gone with its module. */
void oracle_all_ended(enum oracle_what what, __u64 before)
{
	__u64 now = oracle_now();

	pthread_mutex_lock(&lock);
	for (int i = 0; i < nspans; i++) {
		struct oracle_span *s = &spans[i];

		if (s->what == what && s->began && s->began < before &&
		    !s->ended) {
			s->ends = s->ends ?: before;
			s->ended = now;
		}
	}
	pthread_mutex_unlock(&lock);
}

/*
 * The kernel waits for elections that use a policy or a driver before it removes
 * that.  A write to an override waits for none.
 */
static bool maybe(const struct oracle_span *s, __u64 t)
{
	return s->begins <= t && (!s->ended || t <= s->ended ||
				  s->what == ORACLE_OVERRIDE);
}

static bool surely(const struct oracle_span *s, __u64 t)
{
	return s->began && s->began < t && !s->ended && (!s->ends || t < s->ends);
}

static bool about(const struct oracle_span *s, const struct stress_event *e)
{
	return (s->vendor == BX_ANY || s->vendor == e->vendor) &&
	       (s->id == BX_ANY || s->id == e->id);
}

/* ---- allowed drivers ---- */

static const struct oracle_policy *policy(const char *name)
{
	for (int i = 0; i < npolicies; i++) {
		if (!strcmp(policies[i].name, name))
			return &policies[i];
	}
	return NULL;
}

/* Returns a span that is in favour of this driver. */
static bool allows(const struct oracle_span *s, const struct stress_event *e)
{
	const struct oracle_policy *p;

	switch (s->what) {
	case ORACLE_DRIVER:
		return e->by == BX_BY_ID_TABLE && about(s, e) &&
		       !strcmp(s->subject, e->driver);
	case ORACLE_OVERRIDE:
		return e->by == BX_BY_OVERRIDE &&
		       !strcmp(s->subject, e->device) &&
		       !strcmp(s->object, e->driver);
	case ORACLE_POLICY:
		break;
	}
	p = policy(s->subject);
	if (!p || !about(s, e) || strcmp(s->subject, e->policy) ||
	    s->flags & BX_F_SHADOW)
		return false;
	if (e->by == BX_BY_SELECT)
		return p->selects && !strcmp(p->selects, e->driver);
	for (int i = 0; e->by == BX_BY_SCORE && p->scores[i]; i++) {
		if (!strcmp(p->scores[i], e->driver))
			return true;
	}
	return false;
}

/* Returns a policy that was surely attached all the time and forbids the driver. */
static bool forbids(const struct oracle_span *s, const struct stress_event *e)
{
	const struct oracle_policy *p = policy(s->subject);

	return s->what == ORACLE_POLICY && p && p->vetoes && about(s, e) &&
	       !(s->flags & BX_F_SHADOW) && surely(s, e->time_ns) &&
	       e->by != BX_BY_OVERRIDE && !strcmp(p->vetoes, e->driver);
}

/* An election has named a driver: a span must be in favour of it. */
static void check_decision(const struct stress_event *e)
{
	bool allowed = false;

	for (int i = 0; i < nspans; i++) {
		if (maybe(&spans[i], e->time_ns) && allows(&spans[i], e))
			allowed = true;
		if (forbids(&spans[i], e))
			complain("%s was elected for %s (by %u, '%s') in spite of a veto by %s",
				 e->driver, e->device, e->by, e->policy,
				 spans[i].subject);
	}
	if (!allowed)
		complain("%s was elected for %s, %x:%x (by %u, '%s'), without an opinion for it",
			 e->driver, e->device, e->vendor, e->id, e->by,
			 e->policy);
}

static struct life *life(const char *name)
{
	struct life *unused = NULL;

	for (int i = 0; i < MAX_DEVICES; i++) {
		if (!strcmp(lives[i].name, name))
			return &lives[i];
		if (!*lives[i].name && !unused)
			unused = &lives[i];
	}
	if (!unused)
		abort();
	strcpy(unused->name, name);
	return unused;
}

static void note_named(struct life *l, const char *driver)
{
	for (int i = 0; i < l->nnamed; i++) {
		if (!strcmp(l->named[i], driver))
			return;
	}
	if (l->nnamed == MAX_NAMED)
		abort();
	strcpy(l->named[l->nnamed++], driver);
}

/* match() follows an override without an election. */
static bool may_override(const struct stress_event *e)
{
	for (int i = 0; i < nspans; i++) {
		const struct oracle_span *s = &spans[i];

		if (s->what == ORACLE_OVERRIDE && maybe(s, e->time_ns) &&
		    !strcmp(s->subject, e->device) &&
		    !strcmp(s->object, e->driver))
			return true;
	}
	return false;
}

static void check_bind(struct life *l, const struct stress_event *e)
{
	bool named = may_override(e);

	for (int i = 0; i < l->nnamed; i++)
		named |= !strcmp(l->named[i], e->driver);
	if (!named)
		complain("%s was bound to %s, which no election had named",
			 e->driver, e->device);
	if (*l->driver)
		complain("%s was bound to %s, which had %s already", e->driver,
			 e->device, l->driver);
}

/* Judges the events of a device, in order. */
void oracle_event(const struct stress_event *e)
{
	struct life *l;

	pthread_mutex_lock(&lock);
	l = life(e->device);
	switch (e->kind) {
	case STRESS_CREATE:
		if (l->exists)
			complain("a second %s was created", e->device);
		l->exists = true;
		break;
	case STRESS_DECIDE:
		if (!*e->driver)
			break;
		check_decision(e);
		note_named(l, e->driver);
		break;
	case STRESS_BIND:
		check_bind(l, e);
		strcpy(l->driver, e->driver);
		binds++;
		break;
	case STRESS_UNBIND:
		if (strcmp(l->driver, e->driver))
			complain("%s was unbound from %s, which had '%s'",
				 e->driver, e->device, l->driver);
		*l->driver = '\0';
		break;
	case STRESS_REMOVE:
		if (*l->driver)
			complain("%s went with %s bound to it", e->device,
				 l->driver);
		l->exists = false;
		/* a driver that comes may find the next one before it is told of */
		l->nnamed = 0;
		break;
	}
	pthread_mutex_unlock(&lock);
}

/* Returns the driver that a device must have now; NULL without such a device. */
const char *oracle_driver(const char *device)
{
	const char *driver;
	struct life *l;

	pthread_mutex_lock(&lock);
	l = life(device);
	driver = l->exists ? l->driver : NULL;
	pthread_mutex_unlock(&lock);
	return driver;
}
