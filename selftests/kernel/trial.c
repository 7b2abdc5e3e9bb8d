// SPDX-License-Identifier: GPL-2.0-only
/*
 * Trials: elections and calls as they would be after a commit, see commit.c
 */
#include <errno.h>
#include <string.h>
#include <kselftest_harness.h>
#include <linux/bx_sf.h>
#include "../lib/bxtest.h"

#define ID	"f055:1"
#define STATE	"/sys/kernel/bus_ext/"

FIXTURE(trial) {
};

FIXTURE_SETUP(trial)
{
	ASSERT_EQ(0, bxt_clean());
	driver("c", "ids=*:*");
	driver("a", "ids=*:*");
	driver("b", "ids=*:*");
}

FIXTURE_TEARDOWN(trial)
{
}

/* ---- elections as they would be ---- */

#define DRIVERS \
	.nr_drivers = 3, \
	.drivers = { { "x", 1, 0 }, { "y", 1, 0 }, { "z", 0, 0 } }
#define ON(bus_, vendor_, flags_) \
	.dev = { .name = "s", .bus = bus_, .vendor = vendor_, .device = 1, \
		 .flags = flags_, .vf_index = 3 }
#define SYNTHETIC	ON("bx-sf", 0xf055, 0)

/* Returns the outcome, or an errno. */
static int decide(const struct bx_trial *trial, struct bx_opinion *out)
{
	const struct bx_opinion *recs;
	int n = bxt_trial(trial, &recs);

	if (n < 0)
		return n;
	*out = recs[n - 1];
	return n;
}

#define EXPECT_TRIAL(by_, outcome, driver_, ...) do { \
	struct bx_opinion o_ = {}; \
	\
	ASSERT_LT(0, decide(&(struct bx_trial){ __VA_ARGS__ }, &o_)); \
	EXPECT_EQ(BX_OPN_DECISION, o_.kind); \
	EXPECT_EQ(by_, o_.by); \
	EXPECT_EQ(outcome, o_.verdict); \
	EXPECT_STREQ(driver_, o_.driver); \
} while (0)
#define WITH(id)	.change = { .nr_enter = 1, .enter = { bxt_enter(id) } }
#define ALONE		.flags = BX_TRIAL_ALONE

TEST_F(trial, trial_of_a_described_device)
{
	__u64 id;

	bxt_script(0)->select = BX_SELECT;
	strcpy(bxt_script(0)->driver, "z");
	id = stage(0);
	EXPECT_TRIAL(BX_BY_SELECT, BX_OUT_DRIVER, "z", WITH(id), ALONE,
		     SYNTHETIC, DRIVERS);
	EXPECT_EQ(1, bxt_script(0)->selects);
	EXPECT_EQ(0xf055, bxt_script(0)->seen.vendor);
	EXPECT_EQ(3, bxt_script(0)->seen.vf_index);
	EXPECT_EQ(0, bxt_script(0)->seen.flags & BX_DEV_ADOPTED);
	EXPECT_TRUE(bxt_script(0)->seen.flags & BX_DEV_TRIAL);
	EXPECT_EQ(3, bxt_script(0)->ncandidates);
	EXPECT_STREQ("x", bxt_script(0)->candidates[0].name);
	EXPECT_EQ(1, bxt_script(0)->candidates[0].claims);
	/* without it */
	EXPECT_TRIAL(BX_BY_ID_TABLE, BX_OUT_DRIVER, "x", ALONE, SYNTHETIC,
		     DRIVERS);
	/* nothing is counted, and no such device exists */
	EXPECT_EQ(0, bxt_policy_of_id(id).asked);
	EXPECT_EQ(0, bxt_policy_of_id(id).decided);
	EXPECT_EQ(-ENODEV, bxt_device("s", &(struct bx_device_rec){}));
}

TEST_F(trial, trial_of_scores_and_vetoes)
{
	__u64 id;

	judges(0, 0, "x", BX_VETO);
	judges(0, 1, "z", 5);
	id = stage(0);
	EXPECT_TRIAL(BX_BY_SCORE, BX_OUT_DRIVER, "z", WITH(id), ALONE,
		     SYNTHETIC, DRIVERS);
	bxt_script(0)->match[1].verdict = 0;
	EXPECT_TRIAL(BX_BY_ID_TABLE, BX_OUT_DRIVER, "y", WITH(id), ALONE,
		     SYNTHETIC, DRIVERS);
}

TEST_F(trial, trial_of_absent_refused_deferred_and_overridden)
{
	__u64 id;

	selects(0, "nowhere");
	id = stage(0);
	EXPECT_TRIAL(BX_BY_SELECT, BX_OUT_ABSENT, "nowhere", WITH(id), ALONE,
		     SYNTHETIC, DRIVERS);
	bxt_script(0)->select = BX_REFUSE;
	EXPECT_TRIAL(BX_BY_SELECT, BX_OUT_REFUSED, "", WITH(id), ALONE,
		     SYNTHETIC, DRIVERS);
	bxt_script(0)->select = BX_DEFER;
	EXPECT_TRIAL(BX_BY_SELECT, BX_OUT_DEFERRED, "", WITH(id), ALONE,
		     SYNTHETIC, DRIVERS);
	EXPECT_TRIAL(BX_BY_OVERRIDE, BX_OUT_DRIVER, "y", WITH(id), ALONE,
		     .override = "y", SYNTHETIC, DRIVERS);
	/* none of the drivers is there */
	EXPECT_TRIAL(BX_BY_NONE, BX_OUT_NONE, "", ALONE, SYNTHETIC);
}

TEST_F(trial, trial_on_an_adopted_bus)
{
	__u64 id;

	selects(0, "z");
	id = stage(0, .bus = "pci", .vendor = 0xf055);
	EXPECT_TRIAL(BX_BY_SELECT, BX_OUT_DRIVER, "z", WITH(id), ALONE,
		     ON("pci", 0xf055, BX_DEV_VF), DRIVERS);
	EXPECT_EQ(BX_DEV_ADOPTED | BX_DEV_VF | BX_DEV_TRIAL,
		  bxt_script(0)->seen.flags);
	/* where a policy sees no candidates */
	EXPECT_EQ(0, bxt_script(0)->ncandidates);
	/* not of its vendor: the bus' own rule */
	EXPECT_TRIAL(BX_BY_KERNEL, BX_OUT_DRIVER, "x", WITH(id), ALONE,
		     ON("pci", 1, 0), DRIVERS);
	selects(0, "w");
	EXPECT_TRIAL(BX_BY_SELECT, BX_OUT_ABSENT, "w", WITH(id), ALONE,
		     ON("pci", 0xf055, 0), DRIVERS);
	EXPECT_TRIAL(BX_BY_KERNEL, BX_OUT_NONE, "", ALONE,
		     ON("pci", 0xf055, 0));
}

TEST_F(trial, trial_ejects_no_policy)
{
	struct bx_trial t = { WITH(0), ALONE, SYNTHETIC, DRIVERS };
	const struct bx_opinion *recs;
	__u64 id;

	bxt_script(0)->select = 99;
	bxt_script(0)->match_rest = 99999;
	id = stage(0);
	t.change.enter[0] = bxt_enter(id);
	ASSERT_LT(1, bxt_trial(&t, &recs));
	EXPECT_EQ(BX_OPN_SELECT, recs[0].kind);
	EXPECT_EQ(BX_WHY_BAD, recs[0].why);
	EXPECT_STAGE(BX_STAGE_STAGED, id);
	EXPECT_EQ(0, bxt_policy_of_id(id).ejected);
}

TEST_F(trial, ejects_a_policy_that_names_an_unlisted_driver)
{
	struct bx_commit c = { .nr_enter = 1 };
	struct bx_trial t = { WITH(0), ALONE, SYNTHETIC, DRIVERS };
	const struct bx_opinion *recs;
	__u64 id;

	selects(0, "b");
	id = stage(0);
	EXPECT_EQ(BX_ANY, bxt_policy_of_id(id).limit.nr);
	c.enter[0] = bxt_enter(id);
	c.enter[0].limit = (struct bx_limit){ .nr = 1, .driver = { "a" } };
	t.change = c;
	ASSERT_LT(1, bxt_trial(&t, &recs));
	EXPECT_EQ(BX_WHY_UNLISTED, recs[0].why);
	EXPECT_STREQ("b", recs[0].driver);
	EXPECT_EQ(0, bxt_policy_of_id(id).ejected);
	EXPECT_EQ(0, bxt_commit(&c));
	EXPECT_EQ(1, bxt_policy_of_id(id).limit.nr);
	EXPECT_STREQ("a", bxt_policy_of_id(id).limit.driver[0]);
	/* a driver in the list, then another one */
	selects(0, "a");
	device("d", ID);
	EXPECT_BOUND("d", "a");
	selects(0, "b");
	device("e", ID);
	EXPECT_BOUND("e", "c");
	EXPECT_TRUE(bxt_contains(STATE "ejected", "select() named driver b"));
}

TEST_F(trial, trial_on_a_device_that_exists)
{
	struct bx_decision before;
	__u64 id, force;

	selects(0, "a");
	selects(1, "b");
	attach(0);
	force = bxt_newest("p0");
	device("d", ID);
	EXPECT_FALSE(bxt_script(0)->seen.flags & BX_DEV_TRIAL);
	before = decision("d");
	id = stage(1, .priority = 5);
	/* with the one that is there, and with the new one as well */
	EXPECT_TRIAL(BX_BY_SELECT, BX_OUT_DRIVER, "a", .ref = { "", "d" });
	EXPECT_TRUE(bxt_script(0)->seen.flags & BX_DEV_TRIAL);
	EXPECT_TRIAL(BX_BY_SELECT, BX_OUT_DRIVER, "b", WITH(id),
		     .ref = { "", "d" });
	/* without any */
	EXPECT_TRIAL(BX_BY_ID_TABLE, BX_OUT_DRIVER, "c", .ref = { "", "d" },
		     .change = { .nr_leave = 1, .leave = { force } });
	EXPECT_TRIAL(BX_BY_ID_TABLE, BX_OUT_DRIVER, "c", ALONE,
		     .ref = { "", "d" });
	EXPECT_BOUND("d", "a");
	EXPECT_EQ(before.generation, decision("d").generation);
}

TEST_F(trial, trials_without_sense_are_refused)
{
	struct bx_opinion o;
	struct bx_trial t;
	__u64 id = stage(0);

#define EXPECT_NO_TRIAL(error, ...) \
	EXPECT_EQ(-(error), decide(&(struct bx_trial){ __VA_ARGS__ }, &o))
	EXPECT_NO_TRIAL(ENOENT, WITH(id + 1), SYNTHETIC);
	EXPECT_NO_TRIAL(ENOENT, SYNTHETIC, .change = {
			.nr_leave = 1, .leave = { id } });
	EXPECT_NO_TRIAL(ENODEV, ON("bx-none", 0, 0));
	EXPECT_NO_TRIAL(ENODEV, .ref = { "", "none" });
	EXPECT_NO_TRIAL(EINVAL, SYNTHETIC, .flags = 2);
	EXPECT_NO_TRIAL(EINVAL, SYNTHETIC,
			.nr_drivers = BX_TRIAL_DRIVERS + 1);
	EXPECT_NO_TRIAL(EINVAL, SYNTHETIC, .change = { .nr_enter = -1 });
	t = (struct bx_trial){ SYNTHETIC, DRIVERS };
	memset(t.dev.name, 'x', sizeof(t.dev.name));
	EXPECT_EQ(-EINVAL, decide(&t, &o));
	t = (struct bx_trial){ SYNTHETIC, DRIVERS };
	memset(t.drivers[2].name, 'x', sizeof(t.drivers[2].name));
	EXPECT_EQ(-EINVAL, decide(&t, &o));
}

/* ---- calls as they would be ---- */

#define CALL(op_, len_, ret_) \
	((struct bx_trial_call){ .op = op_, .len = len_, .ret = ret_ })
#define EXEC_LEN	(sizeof(struct bx_sf_exec_arg) + 8)
#define EXEC(ret_)	CALL(BX_SF_EXEC, EXEC_LEN, ret_)

static int call(__u64 id, struct bx_trial_call *c)
{
	return bxt_trial_call(&(struct bx_trial){ WITH(id), ALONE,
						  SYNTHETIC }, c);
}

TEST_F(trial, trial_of_a_call)
{
	struct bx_trial_call c = EXEC(-EIO);
	__u64 id = stage(0, .calls = BX_WATCH_ALL);

	EXPECT_EQ(0, call(id, &c));
	EXPECT_EQ(1, bxt_script(0)->calls);
	EXPECT_STREQ("s", bxt_script(0)->call_dev);
	EXPECT_TRUE(bxt_script(0)->call_dev_flags & BX_DEV_TRIAL);
	EXPECT_EQ(BX_CALL_PASS, c.verdict);
	EXPECT_EQ(BX_WHY_PASS, c.why);
	EXPECT_EQ(-EIO, c.ret);
	EXPECT_STREQ("", c.policy);

	bxt_script(0)->call = -EACCES;
	EXPECT_EQ(0, call(id, &c));
	EXPECT_EQ(-EACCES, c.verdict);
	EXPECT_EQ(-EACCES, c.ret);
	EXPECT_EQ(BX_WHY_WON, c.why);
	EXPECT_STREQ("p0", c.policy);

	bxt_script(0)->call = BX_CALL_HANDLED;
	bxt_script(0)->call_result = -EBUSY;
	c.ret = 0;
	EXPECT_EQ(0, call(id, &c));
	EXPECT_EQ(BX_CALL_HANDLED, c.verdict);
	EXPECT_EQ(-EBUSY, c.ret);
	EXPECT_EQ(0, bxt_policy_of_id(id).asked + bxt_policy_of_id(id).denied +
		  bxt_policy_of_id(id).handled);
}

TEST_F(trial, trial_of_a_redirected_call)
{
	struct bx_trial_call c = EXEC(0);
	__u64 id = stage(0, .calls = BX_WATCH_ALL);

	bxt_script(0)->call = BX_CALL_REDIRECT;
	strcpy(bxt_script(0)->call_target, "sibling");
	EXPECT_EQ(0, call(id, &c));
	EXPECT_EQ(BX_CALL_REDIRECT, c.verdict);
	EXPECT_STREQ("sibling", c.to);
	/* said, and not done */
	bxt_script(0)->call = BX_CALL_PASS;
	EXPECT_EQ(0, call(id, &c));
	EXPECT_STREQ("", c.to);
	/* done, and not said */
	bxt_script(0)->call = BX_CALL_REDIRECT;
	bxt_script(0)->call_target[0] = '\0';
	EXPECT_EQ(0, call(id, &c));
	EXPECT_EQ(BX_WHY_BAD, c.why);
	EXPECT_STAGE(BX_STAGE_STAGED, id);
}

TEST_F(trial, trial_of_what_is_written)
{
	struct bx_trial_call c = EXEC(0);
	__u64 id = stage(0, .calls = BX_WATCH_ALL);

	bxt_script(0)->call_writes = 3;
	bxt_script(0)->complete_writes = 4;
	bxt_script(0)->complete_result = -ETIME;
	EXPECT_EQ(0, call(id, &c));
	EXPECT_EQ(7, c.data[c.len - 1]);
	EXPECT_EQ(-ETIME, c.ret);
	EXPECT_EQ(1, bxt_script(0)->completes);
	EXPECT_EQ(0, bxt_policy_of_id(id).amended);
}

TEST_F(trial, calls_without_sense_are_refused)
{
	__u64 id = stage(0, .calls = BX_WATCH_ALL);

#define EXPECT_NO_CALL(error, op, len, ret) do { \
	struct bx_trial_call c_ = CALL(op, len, ret); \
	\
	EXPECT_EQ(-(error), call(id, &c_)); \
} while (0)
	EXPECT_NO_CALL(EINVAL, 200, 0, 0);
	EXPECT_NO_CALL(EINVAL, BX_SF_EXEC, 1, 0);
	EXPECT_NO_CALL(EINVAL, BX_SF_EXEC, BX_TRIAL_DATA + 1, 0);
	EXPECT_NO_CALL(EINVAL, BX_SF_EXEC, EXEC_LEN, 1);
	EXPECT_EQ(-EOPNOTSUPP, bxt_trial_call(&(struct bx_trial){
		ON("pci", 0xf055, 0) }, &EXEC(0)));
	EXPECT_EQ(-ENODEV, bxt_trial_call(&(struct bx_trial){
		ON("bx-none", 0, 0) }, &EXEC(0)));
	EXPECT_EQ(0, bxt_script(0)->calls);
}

BXT_MAIN("bxsim")
