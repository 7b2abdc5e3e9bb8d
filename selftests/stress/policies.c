// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operations of the stress program on policies: see stress.h
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <linux/bx_sf.h>
#include "../lib/bxtest.h"
#include "../lib/oracle.h"
#include "stress.h"

#define POLICIES SCRIPT_SLOTS

/*
 * Their programs never change; which is attached, with what scope, does.  Of calls,
 * p0 passes all, p1 denies, p2 answers for d7, p3 is ejected by d3, and p4
 * redirects to d2, in a circle if it comes from there.
 */
static const struct oracle_policy answers[POLICIES] = {
	{ "p0", .selects = "a" },
	{ "p1", .scores = { "b", "c" }, .vetoes = "d" },
	{ "p2" },			/* defers d7, for a millisecond */
	{ "p3" },			/* is ejected when it sees d3 */
	{ "p4", .selects = "e" },	/* if it is there; may sleep */
};

static void write_scripts(void)
{
	bxt_script(0)->call_writes = 1;
	bxt_script(1)->call = -EACCES;
	bxt_script(2)->call = BX_CALL_HANDLED;
	bxt_script(3)->call = 99;
	bxt_script(4)->call = BX_CALL_REDIRECT;
	strcpy(bxt_script(4)->call_target, "d2");
	selects(0, "a");
	judges(1, 0, "b", 50);
	judges(1, 1, "c", 70);
	judges(1, 2, "d", BX_VETO);
	strcpy(bxt_script(2)->device, "d7");
	bxt_script(2)->select = BX_DEFER;
	bxt_script(2)->retry_ms = 1;
	strcpy(bxt_script(3)->device, "d3");
	bxt_script(3)->select = 99;
	strcpy(bxt_script(4)->wants, "e");
	selects(4, "e");
}

/* Attached by us; the lock is for this record, the kernel has its own. */
static struct attached {
	pthread_mutex_t	lock;
	int		link, map, span;
	__u64		mode;
} attached[POLICIES];

void prepare_policies(void)
{
	for (int i = 0; i < POLICIES; i++) {
		pthread_mutex_init(&attached[i].lock, NULL);
		attached[i].link = -1;
		bxt_script(i)->complete_result = 1;
	}
	write_scripts();
	oracle_policies(answers, POLICIES);
}

static __u64 any_mode(struct worker *w)
{
	return one_in(w, 5) ? BX_F_SHADOW : 0;
}

static int any_map(struct worker *w, int slot, __u64 flags,
		   struct oracle_span *span)
{
	static const __u32 vendors[] = { 0, 0xf055, 0xf056 };
	struct bxt_spec spec = {
		.vendor = vendors[any(w, 3)],
		.priority = any(w, 5),
		.version = any(w, 100),
		.flags = flags | (one_in(w, 2) ? BX_F_NEXT_BEST : 0),
		/* not reset: probe() would depend on it */
		.calls = { one_in(w, 2) ? BX_WATCH(BX_SF_EXEC) : 0 },
	};

	*span = (struct oracle_span) {
		.what = ORACLE_POLICY, .vendor = spec.vendor ?: BX_ANY,
		.id = BX_ANY, .flags = spec.flags & ~(__u64)BX_F_STAGED,
	};
	strcpy(span->subject, answers[slot].name);
	return bxt_map(slot, &spec);
}

static int begin_link(struct worker *w, int slot, struct attached *a)
{
	struct oracle_span span;

	a->mode = any_mode(w);
	a->map = any_map(w, slot, a->mode, &span);
	if (a->map < 0)
		return a->map;
	a->span = oracle_begin(&span);
	a->link = bxt_link(a->map);
	if (a->link < 0) {
		oracle_never(a->span);
		close(a->map);
		return a->link;
	}
	oracle_began(a->span);
	return 0;
}

static int end_link(struct worker *w, struct attached *a)
{
	int err;

	oracle_ends(a->span);
	/* a policy ends with its last reference, too */
	err = one_in(w, 3) ? 0 : bxt_detach(a->link);
	close(a->link);
	close(a->map);
	oracle_ended(a->span);
	a->link = -1;
	return err;
}

int attach_or_detach(struct worker *w)
{
	int slot = any(w, POLICIES), err;
	struct attached *a = &attached[slot];

	pthread_mutex_lock(&a->lock);
	err = a->link >= 0 ? end_link(w, a) : begin_link(w, slot, a);
	pthread_mutex_unlock(&a->lock);
	return err;
}

/* Does not ask whether it is attached: it comes and goes, or is refused. */
int attach_blindly(struct worker *w)
{
	struct attached a;
	int err = begin_link(w, any(w, POLICIES), &a);

	return err ?: end_link(w, &a);
}

int update_policy(struct worker *w)
{
	int slot = any(w, POLICIES), map, span, err = 0;
	struct attached *a = &attached[slot];
	struct oracle_span new;

	pthread_mutex_lock(&a->lock);
	if (a->link < 0)
		goto out;
	/* an update cannot change the mode */
	map = any_map(w, slot, a->mode, &new);
	if (map < 0) {
		err = map;
		goto out;
	}
	oracle_ends(a->span);	/* it may stay, but that is not sure from now on */
	span = oracle_begin(&new);
	err = bxt_update(a->link, map, one_in(w, 2) ? a->map : -1);
	if (err) {
		oracle_never(span);
		close(map);
		goto out;
	}
	oracle_began(span);
	oracle_ended(a->span);
	close(a->map);
	a->map = map;
	a->span = span;
out:
	pthread_mutex_unlock(&a->lock);
	return err;
}

/* Names are unique for each mode. */
static __u64 find_stage(const char *name, __u32 stage, __u64 mode)
{
	const struct bx_policy_rec *recs;
	int n = bxt_policies(&recs);

	for (int i = 0; i < n; i++) {
		if (!strcmp(recs[i].name, name) && recs[i].stage == stage &&
		    (recs[i].flags & BX_F_SHADOW) == mode)
			return recs[i].id;
	}
	return 0;
}

/* A trial with the staged policy, then the commit; or only one of the two. */
static int commit_staged(struct worker *w, const char *name, __u64 mode,
			 __u64 old_mode)
{
	struct bx_trial trial = { .ref.bus = "bx-sf" };
	const struct bx_opinion *opinions;
	int ret;

	trial.change.enter[0] = bxt_enter(find_stage(name, BX_STAGE_STAGED, mode));
	trial.change.nr_enter = 1;
	trial.change.leave[0] = find_stage(name, BX_STAGE_ACTIVE, old_mode);
	trial.change.nr_leave = !!trial.change.leave[0];
	snprintf(trial.ref.name, sizeof(trial.ref.name), "d%u",
		 any(w, DEVICES));
	if (one_in(w, 2)) {
		ret = bxt_trial(&trial, &opinions);
		if (ret < 0 && ret != -ENODEV && ret != -ENOENT)
			return ret;
	}
	return bxt_commit(&trial.change);
}

/* The active policy, if there is one, leaves when the other enters. */
int commit_policy(struct worker *w)
{
	int slot = any(w, POLICIES), err;
	struct attached *a = &attached[slot], new;
	struct oracle_span span;

	pthread_mutex_lock(&a->lock);
	new.mode = any_mode(w);
	new.map = any_map(w, slot, new.mode | BX_F_STAGED, &span);
	err = new.map;
	if (err < 0)
		goto out;
	new.link = bxt_link(new.map);
	err = new.link;
	if (err < 0)
		goto out_map;
	if (a->link >= 0)
		oracle_ends(a->span);	/* it may stay */
	new.span = oracle_begin(&span);
	pthread_mutex_lock(&control_lock);
	err = one_in(w, 4) ? -ECANCELED :
	      commit_staged(w, answers[slot].name, new.mode,
			    a->link >= 0 ? a->mode : new.mode);
	pthread_mutex_unlock(&control_lock);
	if (err) {
		oracle_never(new.span);
		close(new.link);
		goto out_map;
	}
	oracle_began(new.span);
	if (a->link >= 0) {
		oracle_ended(a->span);
		close(a->link);
		close(a->map);
	}
	a->link = new.link;
	a->map = new.map;
	a->mode = new.mode;
	a->span = new.span;
	goto out;
out_map:
	close(new.map);
out:
	pthread_mutex_unlock(&a->lock);
	return err < 0 ? err : 0;
}

int live_links(void)
{
	int n = 0;

	for (int i = 0; i < POLICIES; i++)
		n += attached[i].link >= 0 && !bxt_hung_up(attached[i].link);
	return n;
}

void detach_policies(struct worker *w)
{
	for (int i = 0; i < POLICIES; i++) {
		if (attached[i].link >= 0)
			end_link(w, &attached[i]);
	}
}
