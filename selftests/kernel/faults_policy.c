// SPDX-License-Identifier: GPL-2.0-only
/*
 * Each allocation inside of bus_ext fails in turn, while policies are attached,
 * updated, committed, ejected and detached: see lib/sweep.h and faults.c
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <kselftest_harness.h>
#include <linux/bx_sf.h>
#include "../lib/faults.h"

TEST_F(sim, a_policy_is_attached_or_not)
{
	driver("a", "");
	selects(0, "a");
	device("d", ID);
	sweep((&(struct step){ .run = attach_policy, .done = policy_done,
			       .undone = policy_undone,
			       .undo = detach_policy }),
	      OURS);
	/* each init() was followed by an exit() */
	EXPECT_EQ(bxt_script(0)->inits, bxt_script(0)->exits);
}

/* Lists are active at once; a worker elects for the devices later. */
TEST_F(sim, devices_follow_a_policy_in_the_end)
{
	driver("a", "");
	selects(0, "a");
	device("d", ID);
	sweep((&(struct step){ .prepare = nothing, .run = attach_policy,
			       .done = policy_done, .undo = detach_policy }),
	      WORKERS);
}

TEST_F(sim, a_policy_is_detached_in_any_case)
{
	driver("a", "");
	selects(0, "a");
	attach_another();
	device("d", ID);
	sweep((&(struct step){ .prepare = attach_policy, .run = detach_only,
			       .done = policy_undone, .undo = close_policy }),
	      OURS);
}

/* ---- commits ---- */

static int staged_link;
static struct bx_commit change;

static __u64 id_of_stage(__u32 stage)
{
	const struct bx_policy_rec *recs;
	int n = bxt_policies(&recs);

	for (int i = 0; i < n; i++) {
		if (!strcmp(recs[i].name, "p0") && recs[i].stage == stage)
			return recs[i].id;
	}
	return 0;
}

/* "p0" active, or no policy; another of this name beside it; and a new one. */
static int stage_another(void)
{
	staged_link = bxt_attach(1, &(struct bxt_spec){
		.name = "p0", .version = 2, .flags = BX_F_STAGED });
	change = (struct bx_commit) {
		.nr_enter = 1,
		.enter = { bxt_enter(id_of_stage(BX_STAGE_STAGED)) },
		.nr_leave = !!id_of_stage(BX_STAGE_ACTIVE),
		.leave = { id_of_stage(BX_STAGE_ACTIVE) },
	};
	return staged_link < 0 ? staged_link : 0;
}

static int attach_and_stage(void)
{
	int err = attach_policy();

	return err ?: stage_another();
}

/* commit_done() waits for the elections that it causes: that needs memory, too. */
static int commit_change(void)
{
	return bxt_commit(&change);
}

static bool commit_done(void)
{
	return !bxt_settle() &&
	       id_of_stage(BX_STAGE_ACTIVE) == change.enter[0].id &&
	       !id_of_stage(BX_STAGE_STAGED) &&
	       bxt_contains("/sys/kernel/bus_ext/policies/p0/version",
			    "2\n") &&
	       is_bound("d", "a");
}

static bool commit_undone(void)
{
	return id_of_stage(BX_STAGE_STAGED) == change.enter[0].id &&
	       id_of_stage(BX_STAGE_ACTIVE) == change.leave[0] &&
	       !id_of_stage(BX_STAGE_RETIRED) &&
	       (change.leave[0] ?
		bxt_contains("/sys/kernel/bus_ext/policies/p0/version", "1\n") :
		!exists("/sys/kernel/bus_ext/policies/p0"));
}

static int detach_staged(void)
{
	close(staged_link);
	return bxt_settle();
}

static int detach_both(void)
{
	close(policy_link);
	return detach_staged();
}

static const struct step replacement = {
	.prepare = attach_and_stage, .run = commit_change,
	.done = commit_done, .undone = commit_undone, .undo = detach_both,
};

TEST_F(sim, a_commit_is_requested_or_not)
{
	driver("a", "");
	selects(0, "a");
	selects(1, "a");
	device("d", ID);
	sweep(&replacement, OURS);
}

TEST_F(sim, a_commit_is_done_or_not)
{
	driver("a", "");
	selects(0, "a");
	selects(1, "a");
	device("d", ID);
	sweep(&replacement, WORKERS);
	/* and the commit of one that has no predecessor */
	sweep((&(struct step){ .prepare = stage_another,
			       .run = commit_change, .done = commit_done,
			       .undone = commit_undone,
			       .undo = detach_staged }),
	      WORKERS);
}

static int hold_trial(void)
{
	struct bx_trial trial = {
		.change = change,
		.dev = { .name = "s", .bus = "bx-sf", .vendor = 0xf055 },
		.nr_drivers = 1, .drivers = { { "a", 0, 0 } },
	};
	const struct bx_opinion *recs;
	int n;

	n = bxt_trial(&trial, &recs);
	if (n < 0)
		return n;
	if (!n || strcmp(recs[n - 1].driver, "a"))
		return -EPROTO;
	strcpy(trial.ref.name, "d");
	n = bxt_trial(&trial, &recs);
	return n < 0 ? n : 0;
}

TEST_F(sim, a_trial_is_held_or_not)
{
	driver("a", "");
	selects(1, "a");
	device("d", ID);
	ASSERT_EQ(0, stage_another());
	sweep((&(struct step){ .run = hold_trial, .done = always,
			       .undone = always, .undo = nothing }),
	      OURS);
	ASSERT_EQ(0, detach_staged());
}

static int old_map, new_map;

static int update_policy(void)
{
	return bxt_update(policy_link, new_map, old_map);
}

static int take_back_update(void)
{
	int err = bxt_update(policy_link, old_map, new_map);

	return err ?: bxt_settle();
}

static bool has_version(__u32 version)
{
	struct bx_policy_rec rec;

	return !bxt_policy("p0", &rec) && rec.version == version;
}

static bool update_done(void)
{
	return has_version(2);
}

static bool update_undone(void)
{
	return has_version(1);
}

TEST_F(sim, a_policy_is_updated_or_stays)
{
	old_map = map(0, .version = 1);
	new_map = map(1, .version = 2, .name = "p0");
	policy_link = bxt_link(old_map);
	ASSERT_LE(0, policy_link);
	sweep((&(struct step){ .run = update_policy, .done = update_done,
			       .undone = update_undone,
			       .undo = take_back_update }),
	      OURS);
	EXPECT_EQ(bxt_script(1)->inits, bxt_script(1)->exits);
}

static int attach_bad_policy(void)
{
	return attach_policy() ?: bxt_settle();
}

static int create_and_settle(void)
{
	int err = create();

	return err ?: bxt_settle();
}

static int destroy_and_close(void)
{
	close(policy_link);
	return destroy_it();
}

static bool ejection_done(void)
{
	return policy_undone() && device_done();
}

TEST_F(sim, a_bad_policy_is_ejected_in_any_case)
{
	driver("a", "ids=*:*");
	bxt_script(0)->select = 99;
	attach_another();
	sweep((&(struct step){ .prepare = attach_bad_policy,
			       .run = create_and_settle, .done = ejection_done,
			       .undo = destroy_and_close }),
	      WORKERS);
}

FAULTS_MAIN
