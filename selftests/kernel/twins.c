// SPDX-License-Identifier: GPL-2.0-only
/*
 * Twins: an enforced policy and one in shadow mode with the same name, beside each other
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <kselftest_harness.h>
#include <linux/bx_sf.h>
#include "../lib/bxtest.h"

#define ID	"f055:1"
#define STATE	"/sys/kernel/bus_ext/"
#define EXEC	BX_WATCH(BX_SF_EXEC)

FIXTURE(twins) {
};

FIXTURE_SETUP(twins)
{
	ASSERT_EQ(0, bxt_clean());
	driver("c", "ids=*:*");
	driver("a", "ids=*:*");
	driver("b", "ids=*:*");
}

FIXTURE_TEARDOWN(twins)
{
}

/* The active policy "p" of that mode, or the staged one */
static struct bx_policy_rec twin(__u64 flags, __u32 stage)
{
	const struct bx_policy_rec *recs;
	int n = bxt_policies(&recs);

	for (int i = 0; i < n; i++) {
		if (!strcmp(recs[i].name, "p") && recs[i].stage == stage &&
		    (recs[i].flags & BX_F_SHADOW) == flags)
			return recs[i];
	}
	return (struct bx_policy_rec){ .stage = -1 };
}

#define enforced()	twin(0, BX_STAGE_ACTIVE)
#define shadow()	twin(BX_F_SHADOW, BX_STAGE_ACTIVE)

/* Slot 0 enforced, slot 1 in shadow mode */
#define attach_both(...) do { \
	attach(0, .name = "p", .version = 1, ##__VA_ARGS__); \
	attach(1, .name = "p", .version = 2, .flags = BX_F_SHADOW, \
	       ##__VA_ARGS__); \
} while (0)

static int exec(const char *device, const char *text)
{
	char path[128], line[80];

	snprintf(path, sizeof(path), "/sys/bus/bx-sf/devices/%s/exec", device);
	snprintf(line, sizeof(line), "0 %s", text);
	return bxt_write(path, line);
}

/* ---- names ---- */

TEST_F(twins, are_both_active)
{
	attach_both();
	EXPECT_EQ(1, enforced().version);
	EXPECT_EQ(2, shadow().version);
	EXPECT_TRUE(bxt_contains(STATE "policies/p/version", "1\n"));
	EXPECT_TRUE(bxt_contains(STATE "policies/p@shadow/version", "2\n"));
	EXPECT_TRUE(bxt_contains(STATE "nr_policies", "2\n"));
}

TEST_F(twins, of_one_mode_are_refused)
{
	attach_both();
	EXPECT_EQ(-EEXIST, attach_errno(2, .name = "p"));
	EXPECT_TRUE(bxt_contains(STATE "refused", "p: a policy of this name"));
	EXPECT_EQ(-EEXIST, attach_errno(2, .name = "p", .flags = BX_F_SHADOW));
	EXPECT_TRUE(bxt_contains(STATE "refused",
				 "p@shadow: a policy of this name"));
	attach(2, .name = "p", .flags = BX_F_STAGED);
	attach(3, .name = "p", .flags = BX_F_STAGED | BX_F_SHADOW);
	EXPECT_EQ(-EEXIST, attach_errno(4, .name = "p",
					.flags = BX_F_STAGED | BX_F_SHADOW));
}

TEST_F(twins, directory_of_shadow_mode_does_not_depend_on_the_twin)
{
	int link = attach(0, .name = "p", .flags = BX_F_SHADOW);
	int other;

	EXPECT_EQ(0, access(STATE "policies/p@shadow", F_OK));
	EXPECT_NE(0, access(STATE "policies/p", F_OK));
	other = attach(1, .name = "p");
	EXPECT_EQ(0, access(STATE "policies/p@shadow", F_OK));
	detach(link);
	EXPECT_NE(0, access(STATE "policies/p@shadow", F_OK));
	EXPECT_EQ(0, access(STATE "policies/p", F_OK));
	detach(other);
}

TEST_F(twins, update_keeps_the_mode)
{
	int link = attach(0, .name = "p");
	int other = map(1, .name = "p", .flags = BX_F_SHADOW);

	EXPECT_EQ(-EINVAL, bxt_update(link, other, -1));
	EXPECT_TRUE(bxt_contains(STATE "refused",
				 "p@shadow: an update cannot begin shadow mode"));
	EXPECT_EQ(0, bxt_script(0)->exits);
	close(other);
}

TEST_F(twins, ejection_tells_which)
{
	bxt_script(1)->select = 99;
	attach_both();
	device("d", ID);
	settle();
	EXPECT_EQ(1, enforced().version);
	EXPECT_EQ(-1, shadow().stage);
	EXPECT_EQ(BX_F_SHADOW, ejection("p").flags);
	EXPECT_EQ(2, ejection("p").version);
	EXPECT_TRUE(bxt_contains(STATE "ejected", "p@shadow on bx-sf: "));
	EXPECT_EQ(0, bxt_script(0)->exits);
}

TEST_F(twins, explanation_tells_which)
{
	const struct bx_opinion *recs;
	int n, seen[2] = {};

	selects(0, "a");
	attach_both();
	device("d", ID);
	n = bxt_opinions("d", &recs);
	for (int i = 0; i < n; i++) {
		bool is_shadow = recs[i].flags & BX_F_SHADOW;

		if (recs[i].kind != BX_OPN_SELECT)
			continue;
		EXPECT_EQ(recs[i].policy_id, is_shadow ? shadow().id :
			  enforced().id);
		EXPECT_EQ(recs[i].why, is_shadow ? BX_WHY_PASS : BX_WHY_WON);
		seen[is_shadow]++;
	}
	EXPECT_EQ(1, seen[0]);
	EXPECT_EQ(1, seen[1]);
}

/* ---- commits ---- */

TEST_F(twins, commit_replaces_the_one_of_its_mode)
{
	struct bx_commit c = { .nr_enter = 1, .nr_leave = 1 };
	__u64 old;

	attach_both();
	old = enforced().id;
	attach(2, .name = "p", .version = 3,
	       .flags = BX_F_STAGED | BX_F_SHADOW);
	c.enter[0] = bxt_enter(twin(BX_F_SHADOW, BX_STAGE_STAGED).id);
	/* the other one is not in the way, and does not make way */
	c.leave[0] = old;
	EXPECT_EQ(-EEXIST, bxt_commit(&c));
	c.leave[0] = shadow().id;
	EXPECT_EQ(0, bxt_commit(&c));
	EXPECT_EQ(3, shadow().version);
	EXPECT_EQ(old, enforced().id);
	EXPECT_TRUE(bxt_contains(STATE "policies/p/version", "1\n"));
	EXPECT_TRUE(bxt_contains(STATE "policies/p@shadow/version", "3\n"));
}

TEST_F(twins, is_promoted_with_one_commit)
{
	struct bx_commit c = { .nr_enter = 1, .nr_leave = 2 };

	selects(0, "a");
	selects(1, "b");
	selects(2, "b");
	attach_both();
	device("d", ID);
	EXPECT_BOUND("d", "a");
	attach(2, .name = "p", .version = 2, .flags = BX_F_STAGED);
	c.enter[0] = bxt_enter(twin(0, BX_STAGE_STAGED).id);
	c.leave[0] = enforced().id;
	c.leave[1] = shadow().id;
	EXPECT_EQ(0, bxt_commit(&c));
	settle();
	EXPECT_EQ(2, enforced().version);
	EXPECT_EQ(-1, shadow().stage);
	EXPECT_TRUE(bxt_contains(STATE "policies/p/version", "2\n"));
	EXPECT_NE(0, access(STATE "policies/p@shadow", F_OK));
	device("e", ID);
	EXPECT_BOUND("e", "b");
}

/* ---- comparing ---- */

TEST_F(twins, enforced_one_decides_and_the_other_diverges)
{
	selects(0, "a");
	selects(1, "b");
	attach_both();
	device("d", ID);
	EXPECT_BOUND("d", "a");
	EXPECT_EQ(enforced().id, decision("d").policy_id);
	EXPECT_LE(1, shadow().diverged);
	EXPECT_EQ(0, enforced().diverged);
}

TEST_F(twins, that_agree_do_not_diverge)
{
	selects(0, "b");
	selects(1, "b");
	attach_both();
	device("d", ID);
	EXPECT_BOUND("d", "b");
	EXPECT_LT(0, bxt_script(1)->selects);
	EXPECT_EQ(0, shadow().diverged);
}

TEST_F(twins, to_pass_where_the_other_decides_diverges)
{
	selects(0, "b");
	attach_both();
	device("d", ID);
	EXPECT_LE(1, shadow().diverged);
}

TEST_F(twins, of_lower_priority_is_compared)
{
	selects(0, "b");
	selects(1, "b");
	attach(0, .name = "p", .priority = 5);
	attach(1, .name = "p", .flags = BX_F_SHADOW);
	device("d", ID);
	EXPECT_LT(0, bxt_script(1)->selects);
	EXPECT_EQ(0, shadow().diverged);
	selects(1, "a");
	device("e", ID);
	EXPECT_BOUND("e", "b");
	EXPECT_LE(1, shadow().diverged);
}

TEST_F(twins, scores_are_compared)
{
	judges(0, 0, "b", 10);
	judges(1, 0, "b", 20);
	attach_both(.ops = BX_OP_MATCH);
	device("d", ID);
	EXPECT_BOUND("d", "b");
	EXPECT_EQ(0, shadow().diverged);
	bxt_script(1)->match[0].verdict = 0;
	device("e", ID);
	EXPECT_BOUND("e", "b");
	EXPECT_LE(1, shadow().diverged);
}

TEST_F(twins, calls_are_compared)
{
	driver_set("c", "probe=0");
	attach_both(.calls = { EXEC });
	device("d", ID);
	bxt_script(0)->call = -EACCES;
	bxt_script(1)->call = -EACCES;
	EXPECT_EQ(-EACCES, exec("d", "abc"));
	EXPECT_EQ(1, bxt_script(1)->calls);
	EXPECT_EQ(0, shadow().diverged);
	/* one denies calls that the other would not */
	bxt_script(1)->call = 0;
	EXPECT_EQ(-EACCES, exec("d", "abc"));
	EXPECT_EQ(1, shadow().diverged);
	EXPECT_EQ(2, enforced().denied);
	/* both write the same, and each to the argument as it came */
	bxt_script(0)->call = 0;
	bxt_script(0)->call_writes = 1;
	bxt_script(1)->call_writes = 1;
	EXPECT_EQ(0, exec("d", "abc"));
	EXPECT_EQ(1, shadow().diverged);
	bxt_script(1)->call_writes = 2;
	EXPECT_EQ(0, exec("d", "abc"));
	EXPECT_EQ(2, shadow().diverged);
}

BXT_MAIN("bxsim")
