// SPDX-License-Identifier: GPL-2.0-only
/*
 * From the election to the bound driver: probes that fail, drivers that come
 * and go, devices that are moved
 */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <kselftest_harness.h>
#include "../lib/bxtest.h"
#include "selftests/bpf/hook.skel.h"

#define ID	"f055:1"
#define DRV(d)	"/sys/bus/bx-sf/drivers/" d

FIXTURE(probing) {
};

FIXTURE_SETUP(probing)
{
	ASSERT_EQ(0, bxt_clean());
}

FIXTURE_TEARDOWN(probing)
{
}

/* The driver core tries deferred devices again when any device is bound. */
#define retry_deferred() do { \
	driver("retry", "ids=abba:1"); \
	device("retry", "abba:1"); \
	ASSERT_STREQ("retry", bound("retry")); \
} while (0)

/* ---- probes that fail ---- */

TEST_F(probing, next_best_after_enodev)
{
	driver("a", "ids=*:* probe=-ENODEV");
	driver("b", "ids=*:*");
	device("d", ID);
	settle();
	EXPECT_BOUND("d", "b");
	EXPECT_EQ(1, bxt_probes("a"));
}

TEST_F(probing, next_best_after_enxio)
{
	driver("a", "ids=*:* probe=-ENXIO");
	driver("b", "ids=*:*");
	device("d", ID);
	settle();
	EXPECT_BOUND("d", "b");
}

TEST_F(probing, next_best_may_stand_earlier_in_the_list)
{
	driver("a", "ids=*:*");
	driver("b", "probe=-ENODEV");
	judges(0, 0, "a", 1);
	judges(0, 1, "b", 10);
	attach(0);
	device("d", ID);
	settle();
	EXPECT_BOUND("d", "a");
	EXPECT_EQ(1, bxt_probes("b"));
	EXPECT_EQ(1, decision("d").score);
}

TEST_F(probing, next_best_after_the_selected_driver_is_the_next_opinion)
{
	driver("a", "ids=*:*");
	driver("b", "ids=*:*");
	driver("c", "probe=-ENODEV");
	selects(0, "c");
	selects(1, "b");
	attach(0, .priority = 1);
	attach(1);
	device("d", ID);
	settle();
	EXPECT_BOUND("d", "b");
	EXPECT_STREQ("p1", decision("d").policy);
	EXPECT_EQ(0, bxt_probes("a"));
	EXPECT_EQ(1, bxt_probes("c"));
}

TEST_F(probing, every_driver_that_says_enodev_is_asked_once)
{
	driver("a", "ids=*:* probe=-ENODEV");
	driver("b", "ids=*:* probe=-ENODEV");
	driver("c", "ids=*:* probe=-ENXIO");
	device("d", ID);
	settle();
	EXPECT_UNBOUND("d");
	EXPECT_EQ(1, bxt_probes("a"));
	EXPECT_EQ(1, bxt_probes("b"));
	EXPECT_EQ(1, bxt_probes("c"));
	EXPECT_OUTCOME(BX_OUT_NONE, "d");
}

TEST_F(probing, eio_does_not_fall_through)
{
	driver("a", "ids=*:* probe=-EIO");
	driver("b", "ids=*:*");
	device("d", ID);
	settle();
	EXPECT_UNBOUND("d");
	EXPECT_EQ(1, bxt_probes("a"));
	EXPECT_EQ(0, bxt_probes("b"));
	EXPECT_STREQ("a", decision("d").driver);
	EXPECT_EQ(-EIO, decision("d").probe_error);
}

/* No other driver replaces an override's; and it is not tried for ever. */
TEST_F(probing, override_to_a_driver_that_says_enodev_is_tried_once)
{
	driver("a", "ids=*:*");
	driver("b", "probe=-ENODEV");
	device("d", ID);
	override("d", "b");
	EXPECT_EQ(-EAGAIN, bxt_rebind("d"));
	settle();
	EXPECT_UNBOUND("d");
	EXPECT_EQ(1, bxt_probes("b"));
	EXPECT_EQ(-ENODEV, decision("d").probe_error);
	override("d", "");
	EXPECT_EQ(1, bxt_rebind("d"));
	EXPECT_BOUND("d", "a");
}

TEST_F(probing, hook_for_a_driver_that_says_enodev_is_followed_once)
{
	struct hook *hook = hook__open_and_load();

	ASSERT_NE(NULL, hook);
	driver("a", "ids=*:*");
	driver("b", "probe=-ENODEV");
	hook->bss->verdict = BX_SELECT;
	strcpy(hook->bss->driver, "b");
	ASSERT_NE(NULL, bpf_program__attach(hook->progs.hook));
	device("d", ID);
	settle();
	EXPECT_UNBOUND("d");
	EXPECT_EQ(1, bxt_probes("b"));
	EXPECT_BY(BX_BY_HOOK, "d");
}

TEST_F(probing, driver_that_said_enodev_is_not_asked_when_another_comes)
{
	driver("a", "ids=*:* probe=-ENODEV");
	device("d", ID);
	settle();
	driver("b", "ids=f055:2");
	driver_del("b");
	settle();
	EXPECT_EQ(1, bxt_probes("a"));
	/* but when policies change */
	attach(0);
	EXPECT_EQ(2, bxt_probes("a"));
}

TEST_F(probing, failure_on_one_device_is_not_held_against_another)
{
	driver("a", "ids=*:* probe=-ENODEV");
	driver("b", "ids=*:*");
	device("d1", ID);
	settle();
	EXPECT_BOUND("d1", "b");
	driver_set("a", "probe=0");
	device("d2", ID);
	EXPECT_BOUND("d2", "a");
}

TEST_F(probing, eprobe_defer_waits_for_the_elected_driver)
{
	driver("a", "ids=f055:* probe=-EPROBE_DEFER");
	driver("b", "ids=f055:*");
	device("d", ID);
	settle();
	EXPECT_UNBOUND("d");
	EXPECT_EQ(0, bxt_probes("b"));
	EXPECT_STREQ("a", decision("d").driver);

	/* tried again, still not ready: no other driver gets it */
	retry_deferred();
	EXPECT_TRUE(bxt_becomes_probed("a", 2));
	settle();
	EXPECT_UNBOUND("d");
	EXPECT_EQ(0, bxt_probes("b"));

	driver_set("a", "probe=0");
	destroy("retry");
	device("retry", "abba:1");
	EXPECT_TRUE(bxt_becomes_bound("d", "a"));
	EXPECT_EQ(0, bxt_probes("b"));
}

TEST_F(probing, eprobe_defer_of_a_selected_driver_waits_too)
{
	driver("a", "ids=f055:*");
	driver("b", "probe=-EPROBE_DEFER");
	selects(0, "b");
	attach(0, .vendor = 0xf055);
	device("d", ID);
	settle();
	EXPECT_UNBOUND("d");
	EXPECT_EQ(0, bxt_probes("a"));
	driver_set("b", "probe=0");
	retry_deferred();
	EXPECT_TRUE(bxt_becomes_bound("d", "b"));
	EXPECT_EQ(0, bxt_probes("a"));
}

/* ---- drivers and policies that come and go ---- */

TEST_F(probing, driver_that_goes_leaves_its_devices_to_the_next)
{
	driver("a", "ids=*:*");
	driver("b", "ids=*:*");
	device("d1", ID);
	device("d2", ID);
	EXPECT_BOUND("d1", "a");
	driver_del("a");
	settle();
	EXPECT_BOUND("d1", "b");
	EXPECT_BOUND("d2", "b");
}

TEST_F(probing, driver_that_goes_does_not_touch_what_others_have)
{
	driver("a", "ids=f055:1");
	driver("b", "ids=f055:2");
	device("d1", "f055:1");
	device("d2", "f055:2");
	driver_del("a");
	settle();
	EXPECT_UNBOUND("d1");
	EXPECT_BOUND("d2", "b");
	EXPECT_EQ(1, bxt_probes("b"));
}

TEST_F(probing, driver_that_comes_takes_unbound_devices_alone)
{
	driver("a", "ids=f055:1");
	judges(0, 0, "a", 5);
	judges(0, 1, "b", 10);
	attach(0);
	device("d1", "f055:1");
	/* no driver: the score of a comes with a veto of another policy */
	judges(1, 0, "a", BX_VETO);
	strcpy(bxt_script(1)->device, "d2");
	attach(1);
	device("d2", "f055:1");
	EXPECT_BOUND("d1", "a");
	EXPECT_UNBOUND("d2");
	driver("b", "");
	settle();
	EXPECT_BOUND("d1", "a");
	EXPECT_BOUND("d2", "b");
	EXPECT_EQ(1, bxt_probes("b"));
}

TEST_F(probing, driver_that_comes_again_is_a_new_one)
{
	driver("a", "ids=*:* probe=-ENODEV");
	device("d", ID);
	settle();
	EXPECT_UNBOUND("d");
	driver_del("a");
	driver("a", "ids=*:*");
	settle();
	EXPECT_BOUND("d", "a");
}

TEST_F(probing, policy_that_comes_gets_unbound_devices)
{
	driver("a", "ids=f055:2");
	device("d", ID);
	EXPECT_UNBOUND("d");
	selects(0, "a");
	attach(0);
	EXPECT_BOUND("d", "a");
}

TEST_F(probing, policy_that_comes_leaves_bound_devices_alone)
{
	int link;

	driver("a", "ids=*:*");
	driver("b", "ids=*:*");
	device("d", ID);
	selects(0, "b");
	link = attach(0);
	EXPECT_BOUND("d", "a");
	EXPECT_EQ(0, bxt_probes("b"));
	detach(link);
	EXPECT_BOUND("d", "a");
	EXPECT_EQ(1, bxt_probes("a"));
}

TEST_F(probing, policy_that_goes_leaves_bound_devices_alone)
{
	int link;

	driver("a", "ids=*:*");
	driver("b", "ids=*:*");
	selects(0, "b");
	link = attach(0);
	device("d", ID);
	EXPECT_BOUND("d", "b");
	detach(link);
	EXPECT_BOUND("d", "b");
	EXPECT_EQ(0, bxt_probes("a"));
}

/* ---- changes that no policy makes, or at another moment ---- */

TEST_F(probing, override_that_was_removed_does_not_decide)
{
	driver("a", "ids=*:*");
	device("d", ID);
	override("d", "absent");
	ASSERT_EQ(0, bxt_write(DRV("a/unbind"), "d"));
	ASSERT_EQ(0, bxt_reelect("bx-sf"));
	EXPECT_BY(BX_BY_OVERRIDE, "d");
	EXPECT_UNBOUND("d");
	override("d", "");
	ASSERT_EQ(0, bxt_write("/sys/bus/bx-sf/drivers_probe", "d"));
	EXPECT_BOUND("d", "a");
}

static void *create_d(void *err)
{
	*(int *)err = bxt_sim("create", "d " ID);
	return NULL;
}

/*
 * The driver that rejects the device has changed its mind when a policy comes, and the
 * device is still being added.
 */
TEST_F(probing, policy_that_comes_during_a_probe_tries_failed_drivers_again)
{
	pthread_t thread;
	int err = -EINPROGRESS;

	driver("a", "ids=*:* probe=-ENODEV");
	driver("slow", "ids=f055:* probe=-ENODEV delay=60000");
	ASSERT_EQ(0, pthread_create(&thread, NULL, create_d, &err));
	ASSERT_TRUE(bxt_becomes_probed("slow", 1));
	/* behind it on the bus: elected again later */
	device("e", "abc:1");
	EXPECT_UNBOUND("e");
	driver_set("a", "probe=0");
	ASSERT_LE(0, attach_errno(0));
	EXPECT_TRUE(bxt_becomes_bound("e", "a"));
	ASSERT_EQ(0, bxt_sim("release", "1"));
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(0, err);
	settle();
	EXPECT_BOUND("d", "a");
}

static void *probe_d(void *err)
{
	*(int *)err = bxt_write("/sys/bus/bx-sf/drivers_probe", "d");
	return NULL;
}

/* It has asked for the decision before; devices behind it on the bus do not wait for it. */
TEST_F(probing, policy_that_comes_during_a_probe_that_fails_decides_after_it)
{
	pthread_t thread;
	int err;

	driver("a", "");
	driver("slow", "ids=f055:* probe=-EIO");
	device("d", ID);
	device("e", "abc:1");
	driver_set("slow", "delay=60000");
	ASSERT_EQ(0, pthread_create(&thread, NULL, probe_d, &err));
	ASSERT_TRUE(bxt_becomes_probed("slow", 2));
	selects(0, "a");
	ASSERT_LE(0, attach_errno(0));
	EXPECT_TRUE(bxt_becomes_bound("e", "a"));
	settle();
	ASSERT_EQ(0, bxt_sim("release", "1"));
	ASSERT_EQ(0, pthread_join(thread, NULL));
	settle();
	EXPECT_BOUND("d", "a");
	EXPECT_EQ(2, bxt_probes("slow"));
}

/* ---- on request ---- */

TEST_F(probing, rebind_moves_a_device_and_back_after_detach)
{
	int link;

	driver("a", "ids=*:*");
	driver("b", "ids=*:*");
	device("d", ID);
	selects(0, "b");
	link = attach(0);
	EXPECT_EQ(1, bxt_rebind("d"));
	EXPECT_BOUND("d", "b");
	detach(link);
	EXPECT_EQ(1, bxt_rebind("d"));
	EXPECT_BOUND("d", "a");
	EXPECT_BY(BX_BY_ID_TABLE, "d");
}

TEST_F(probing, unbound_by_hand_stays_so_when_a_driver_comes)
{
	int link;

	driver("a", "ids=*:*");
	device("d", ID);
	EXPECT_BOUND("d", "a");
	ASSERT_EQ(0, bxt_write(DRV("a/unbind"), "d"));
	driver("unrelated", "ids=1:1");
	EXPECT_UNBOUND("d");
	driver_del("unrelated");
	settle();
	EXPECT_UNBOUND("d");
	link = attach(0);
	EXPECT_BOUND("d", "a");
	detach(link);
}

TEST_F(probing, rebind_that_changes_nothing_unbinds_nothing)
{
	driver("a", "ids=*:*");
	device("d", ID);
	EXPECT_EQ(0, bxt_rebind("d"));
	EXPECT_BOUND("d", "a");
	EXPECT_EQ(1, bxt_probes("a"));
}

TEST_F(probing, rebind_unbinds_what_is_refused_now)
{
	driver("a", "ids=*:*");
	device("d", ID);
	bxt_script(0)->select = BX_REFUSE;
	attach(0);
	EXPECT_BOUND("d", "a");
	EXPECT_EQ(1, bxt_rebind("d"));
	EXPECT_UNBOUND("d");
}

TEST_F(probing, rebind_forgets_failed_probes)
{
	driver("a", "ids=*:* probe=-ENODEV");
	driver("b", "ids=*:*");
	device("d", ID);
	settle();
	EXPECT_BOUND("d", "b");
	driver_set("a", "probe=0");
	EXPECT_EQ(1, bxt_rebind("d"));
	EXPECT_BOUND("d", "a");
}

TEST_F(probing, rebind_tells_that_the_elected_driver_failed)
{
	driver("a", "ids=*:*");
	driver("b", "probe=-EIO");
	device("d", ID);
	selects(0, "b");
	attach(0);
	EXPECT_EQ(-EAGAIN, bxt_rebind("d"));
	EXPECT_UNBOUND("d");
	EXPECT_EQ(1, bxt_probes("a"));
}

TEST_F(probing, rebind_to_a_driver_that_says_enodev_falls_to_the_next_best)
{
	driver("a", "ids=*:*");
	driver("b", "probe=-ENODEV");
	device("d", ID);
	selects(0, "b");
	attach(0);
	bxt_rebind("d");
	settle();
	EXPECT_BOUND("d", "a");
}

TEST_F(probing, rebind_finds_a_device_by_its_guid)
{
	static const char guid[] = "11111111-2222-3333-4444-555555555555";
	struct bx_device_rec rec;

	driver("a", "ids=*:*");
	device("d", "f055:1 guid=11111111-2222-3333-4444-555555555555");
	EXPECT_EQ(0, bxt_rebind(guid));
	ASSERT_EQ(0, bxt_device(guid, &rec));
	EXPECT_STREQ("d", rec.dev.name);
	EXPECT_STREQ("a", rec.driver);
	EXPECT_EQ(BX_DEV_BOUND, rec.dev.flags);
}

TEST_F(probing, requests_for_what_is_not_there_are_enodev)
{
	struct bx_device_rec rec;

	EXPECT_EQ(-ENODEV, bxt_rebind("missing"));
	EXPECT_EQ(-ENODEV, bxt_reelect("bx-nothing"));
	EXPECT_EQ(-ENODEV, bxt_device("missing", &rec));
}

TEST_F(probing, reelect_binds_what_the_administrator_unbound)
{
	driver("a", "ids=*:*");
	device("d", ID);
	ASSERT_EQ(0, bxt_write(DRV("a/unbind"), "d"));
	settle();
	EXPECT_UNBOUND("d");
	EXPECT_EQ(0, bxt_reelect("bx-sf"));
	EXPECT_BOUND("d", "a");
}

TEST_F(probing, bind_by_sysfs_of_another_driver_is_refused)
{
	driver("a", "ids=*:*");
	driver("b", "ids=*:*");
	device("d", ID);
	ASSERT_EQ(0, bxt_write(DRV("a/unbind"), "d"));
	EXPECT_GT(0, bxt_write(DRV("b/bind"), "d"));
	EXPECT_UNBOUND("d");
	EXPECT_EQ(0, bxt_probes("b"));
	EXPECT_EQ(0, bxt_write(DRV("a/bind"), "d"));
	EXPECT_BOUND("d", "a");
}

TEST_F(probing, bind_by_sysfs_of_a_refused_device_is_refused)
{
	driver("a", "ids=*:*");
	bxt_script(0)->select = BX_REFUSE;
	attach(0);
	device("d", ID);
	EXPECT_GT(0, bxt_write(DRV("a/bind"), "d"));
	EXPECT_UNBOUND("d");
	EXPECT_EQ(0, bxt_probes("a"));
}

TEST_F(probing, drivers_are_listed_with_their_devices)
{
	const struct bx_driver_rec *recs;
	int n;

	driver("a", "ids=f055:1");
	driver("b", "ids=f055:2");
	device("d1", "f055:2");
	device("d2", "f055:2");
	n = bxt_drivers(&recs);
	ASSERT_EQ(2, n);
	EXPECT_STREQ("a", recs[0].name);
	EXPECT_EQ(0, recs[0].devices);
	EXPECT_STREQ("b", recs[1].name);
	EXPECT_EQ(2, recs[1].devices);
	EXPECT_STREQ("bxsim", recs[1].module);
	EXPECT_LT(recs[0].order, recs[1].order);
	EXPECT_EQ(0, recs[0].adopted);
}

BXT_MAIN("bxsim")
