// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ejected policies with BX_F_FAIL_CLOSED: what they decided stays, later devices are
 * refused and watched calls denied, until the policy is detached or replaced
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <kselftest_harness.h>
#include <linux/bx_sf.h>
#include "../lib/bxtest.h"

#define ID	"f055:1"

FIXTURE(quarantine) {
	int kmsg;
};

FIXTURE_SETUP(quarantine)
{
	ASSERT_EQ(0, bxt_clean());
	driver("a", "ids=*:*");
	driver("b", "ids=*:*");
	self->kmsg = bxt_kernel_log();
	ASSERT_LE(0, self->kmsg);
}

FIXTURE_TEARDOWN(quarantine)
{
	close(self->kmsg);
}

#define attach_closed(slot, ...) \
	attach(slot, .flags = BX_F_FAIL_CLOSED, ##__VA_ARGS__)

#define EXPECT_QUARANTINED(name, kind_) do { \
	settle(); \
	EXPECT_EQ(1, policy(name).ejected); \
	EXPECT_EQ(kind_, ejection(name).kind); \
	EXPECT_STREQ(ejection(name).msg, policy(name).reason); \
} while (0)

#define EXPECT_REFUSED(device, by) do { \
	settle(); \
	EXPECT_UNBOUND(device); \
	EXPECT_OUTCOME(BX_OUT_REFUSED, device); \
	EXPECT_BY(BX_BY_QUARANTINE, device); \
	EXPECT_STREQ(by, decision(device).policy); \
} while (0)

TEST_F(quarantine, decisions_stay_and_later_devices_are_refused)
{
	int link;

	selects(0, "b");
	link = attach_closed(0);
	device("old", ID);
	EXPECT_BOUND("old", "b");
	bxt_script(0)->select = 99;
	device("d", ID);
	EXPECT_REFUSED("d", "p0");
	EXPECT_QUARANTINED("p0", BX_EXIT_RETURN);
	EXPECT_TRUE(bxt_kernel_said(self->kmsg,
				    ";bus_ext: policy 'p0' on bx-sf ejected and quarantined"));
	EXPECT_BOUND("old", "b");

	/* its programs are not asked, although they would be valid */
	selects(0, "b");
	device("later", ID);
	EXPECT_REFUSED("later", "p0");
	/* a change of drivers and of other policies: elected again */
	driver("c", "ids=*:*");
	attach(1, .priority = -1);
	EXPECT_REFUSED("d", "p0");
	EXPECT_BOUND("old", "b");
	EXPECT_BY(BX_BY_SELECT, "old");

	detach(link);
	EXPECT_EJECTED("p0");
	EXPECT_BOUND("d", "a");
	EXPECT_BOUND("later", "a");
	EXPECT_BOUND("old", "b");
}

TEST_F(quarantine, asked_again_a_bound_device_is_refused)
{
	selects(0, "b");
	attach_closed(0);
	device("d", ID);
	EXPECT_BOUND("d", "b");
	bxt_script(0)->select = -1;
	EXPECT_EQ(1, bxt_rebind("d"));
	EXPECT_REFUSED("d", "p0");
}

TEST_F(quarantine, holds_for_each_reason)
{
	struct bx_commit c = { .nr_enter = 1 };
	int link;

	bxt_script(0)->error_in = BX_OP_MATCH;
	link = attach_closed(0);
	device("d0", ID);
	EXPECT_REFUSED("d0", "p0");
	EXPECT_QUARANTINED("p0", BX_EXIT_ERROR);
	detach(link);
	bxt_script(0)->error_in = 0;

	selects(0, "a/b");
	link = attach_closed(0);
	device("d1", ID);
	EXPECT_REFUSED("d1", "p0");
	EXPECT_QUARANTINED("p0", BX_EXIT_BAD_NAME);
	detach(link);

	selects(0, "a");
	attach(0, .flags = BX_F_FAIL_CLOSED | BX_F_STAGED);
	c.enter[0] = bxt_enter(bxt_newest("p0"));
	c.enter[0].limit = (struct bx_limit){ .nr = 1, .driver = { "b" } };
	ASSERT_EQ(0, bxt_commit(&c));
	device("d2", ID);
	EXPECT_REFUSED("d2", "p0");
	EXPECT_QUARANTINED("p0", BX_EXIT_UNLISTED);
}

TEST_F(quarantine, not_for_a_driver_that_does_not_exist)
{
	selects(0, "no_such_driver");
	attach_closed(0);
	device("d", ID);
	settle();
	EXPECT_EQ(0, policy("p0").ejected);
	EXPECT_UNBOUND("d");
	EXPECT_OUTCOME(BX_OUT_ABSENT, "d");
	bxt_script(0)->select = BX_PASS;
	device("later", ID);
	EXPECT_BOUND("later", "a");
}

TEST_F(quarantine, working_version_replaces_it_in_one_commit)
{
	struct bx_commit c = { .nr_enter = 1, .nr_leave = 1 };
	int old;

	bxt_script(0)->select = 99;
	old = attach_closed(0, .name = "p");
	device("d", ID);
	EXPECT_REFUSED("d", "p");
	selects(1, "b");
	c.leave[0] = policy("p").id;
	attach(1, .name = "p", .flags = BX_F_STAGED | BX_F_FAIL_CLOSED);
	c.enter[0] = bxt_enter(bxt_newest("p"));
	ASSERT_EQ(0, bxt_commit(&c));
	settle();
	EXPECT_BOUND("d", "b");
	EXPECT_EQ(0, bxt_policy_of_id(c.enter[0].id).ejected);
	detach(old);
	EXPECT_BOUND("d", "b");
}

TEST_F(quarantine, update_of_the_link_releases)
{
	int link, old;

	bxt_script(0)->select = 99;
	old = map(0, .flags = BX_F_FAIL_CLOSED);
	link = bxt_link(old);
	ASSERT_LE(0, link);
	settle();
	device("d", ID);
	EXPECT_REFUSED("d", "p0");
	selects(0, "b");
	ASSERT_EQ(0, bxt_update(link, map(0, .flags = BX_F_FAIL_CLOSED), -1));
	settle();
	EXPECT_EQ(0, policy("p0").ejected);
	EXPECT_STREQ("", policy("p0").reason);
	EXPECT_BOUND("d", "b");
	close(link);
}

/* A link that its owner closes is a detach, quarantined or not. */
TEST_F(quarantine, closed_link_leaves_nothing_behind)
{
	int link, before = bxt_refcnt("bus_ext");

	bxt_script(0)->select = 99;
	link = attach_closed(0);
	device("d", ID);
	EXPECT_REFUSED("d", "p0");
	close(link);
	settle();
	EXPECT_EJECTED("p0");
	EXPECT_BOUND("d", "a");
	destroy("d");
	settle();
	EXPECT_EQ(before, bxt_refcnt("bus_ext"));
}

TEST_F(quarantine, without_the_flag_the_rules_below_apply)
{
	bxt_script(0)->select = 99;
	attach(0);
	device("d", ID);
	settle();
	EXPECT_BOUND("d", "a");
	EXPECT_EJECTED("p0");
}

static int try_exec(const char *device)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/bus/bx-sf/devices/%s/exec", device);
	return bxt_write(path, "0 text");
}

TEST_F(quarantine, watched_calls_are_denied)
{
	int link;

	device("d", ID);
	settle();
	EXPECT_EQ(0, try_exec("d"));
	link = attach_closed(0, .calls = { BX_WATCH(BX_SF_EXEC) });
	EXPECT_EQ(0, try_exec("d"));
	/* the call with the invalid result is denied as well */
	bxt_script(0)->call = 99;
	EXPECT_EQ(-EPERM, try_exec("d"));
	EXPECT_QUARANTINED("p0", BX_EXIT_RETURN);
	bxt_script(0)->call = 0;
	EXPECT_EQ(-EPERM, try_exec("d"));
	detach(link);
	EXPECT_EQ(0, try_exec("d"));
}

BXT_MAIN("bxsim")
