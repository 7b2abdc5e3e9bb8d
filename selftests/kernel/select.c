// SPDX-License-Identifier: GPL-2.0-only
/*
 * Elections that a policy's select() decides; the other rules are in election.c
 */
#include <errno.h>
#include <string.h>
#include <kselftest_harness.h>
#include "../lib/bxtest.h"

#define ID	"f055:1"

FIXTURE(select) {
};

FIXTURE_SETUP(select)
{
	ASSERT_EQ(0, bxt_clean());
}

FIXTURE_TEARDOWN(select)
{
}

TEST_F(select, higher_priority_decides)
{
	three_drivers();
	selects(0, "b");
	selects(1, "c");
	/* neither the order of attaching nor that of names */
	attach(0, .name = "a_low", .priority = 1);
	attach(1, .name = "z_high", .priority = 2);
	device("d", ID);
	EXPECT_BOUND("d", "c");
	EXPECT_STREQ("z_high", decision("d").policy);
	EXPECT_EQ(0, bxt_script(0)->selects);
}

TEST_F(select, negative_priority_is_below_zero)
{
	three_drivers();
	selects(0, "b");
	selects(1, "c");
	attach(0, .name = "a", .priority = -1);
	attach(1, .name = "b");
	device("d", ID);
	EXPECT_BOUND("d", "c");
}

TEST_F(select, equal_priority_goes_by_name)
{
	three_drivers();
	selects(0, "b");
	selects(1, "c");
	attach(0, .name = "zeta", .priority = 5);
	attach(1, .name = "alpha", .priority = 5);
	device("d", ID);
	EXPECT_BOUND("d", "c");
	EXPECT_STREQ("alpha", decision("d").policy);
}

TEST_F(select, pass_goes_on_to_the_next_policy)
{
	three_drivers();
	selects(1, "c");
	attach(0, .priority = 2);
	attach(1, .priority = 1);
	device("d", ID);
	EXPECT_BOUND("d", "c");
	EXPECT_LT(0, bxt_script(0)->selects);
	EXPECT_EQ(0, policy("p0").decided);
	EXPECT_EQ(1, policy("p1").decided);
}

TEST_F(select, all_pass_and_the_id_table_decides)
{
	three_drivers();
	attach(0);
	attach(1);
	device("d", ID);
	EXPECT_BOUND("d", "a");
	EXPECT_BY(BX_BY_ID_TABLE, "d");
}

TEST_F(select, naming_a_driver_is_no_opinion_without_select)
{
	three_drivers();
	strcpy(bxt_script(0)->driver, "c");
	attach(0);
	device("d", ID);
	EXPECT_BOUND("d", "a");
	EXPECT_ATTACHED("p0");
}

TEST_F(select, select_may_choose_a_driver_that_does_not_claim)
{
	driver("a", "ids=*:*");
	driver("foreign", "ids=beef:1");
	driver("no_table", "");
	selects(0, "foreign");
	attach(0);
	device("d", ID);
	EXPECT_BOUND("d", "foreign");
	EXPECT_BY(BX_BY_SELECT, "d");
	selects(0, "no_table");
	device("d2", ID);
	EXPECT_BOUND("d2", "no_table");
	EXPECT_EQ(0, bxt_probes("a"));
}

/* ---- several drivers, in order of preference ---- */

TEST_F(select, first_registered_choice_gets_the_device)
{
	int ejected = bxt_nr_ejected();

	three_drivers();
	selects(0, "no_such_driver");
	or_selects(0, 0, "c");
	or_selects(0, 1, "b");
	attach(0);
	device("d", ID);
	settle();
	EXPECT_BOUND("d", "c");
	EXPECT_BY(BX_BY_SELECT, "d");
	EXPECT_EQ(0, bxt_probes("a") + bxt_probes("b"));
	EXPECT_EQ(ejected, bxt_nr_ejected());
	EXPECT_ATTACHED("p0");
	/* one that comes later takes nothing away */
	driver("no_such_driver", "ids=*:*");
	EXPECT_BOUND("d", "c");
}

TEST_F(select, module_of_a_later_choice_is_loaded)
{
	if (bxt_loaded("bx_edu_sf"))
		ASSERT_EQ(0, bxt_unload_soon("bx_edu_sf"));
	three_drivers();
	driver("fails", "probe=-ENODEV");
	selects(0, "no_such_driver");
	or_selects(0, 0, "fails");
	or_selects(0, 1, "edu-fact");
	attach(0);
	device("d", ID);
	settle();
	EXPECT_TRUE(bxt_loaded("bx_edu_sf"));
	/* it was elected, and does not know the device: the others are waited for */
	EXPECT_EQ(-ENODEV, decision("d").probe_error);
	EXPECT_STREQ("no_such_driver", decision("d").driver);
	EXPECT_UNBOUND("d");
	EXPECT_EQ(1, bxt_probes("fails"));
	EXPECT_EQ(0, bxt_probes("a") + bxt_probes("b") + bxt_probes("c"));
	ASSERT_EQ(0, bxt_unload_soon("bx_edu_sf"));
}

TEST_F(select, device_waits_for_any_of_its_choices)
{
	three_drivers();
	selects(0, "no_such_driver");
	or_selects(0, 0, "late");
	attach(0);
	device("d", ID);
	settle();
	EXPECT_UNBOUND("d");
	EXPECT_OUTCOME(BX_OUT_ABSENT, "d");
	EXPECT_STREQ("no_such_driver", decision("d").driver);
	EXPECT_EQ(0, bxt_probes("a") + bxt_probes("b") + bxt_probes("c"));
	driver("late", "");
	EXPECT_BOUND("d", "late");
}

TEST_F(select, vetoed_choice_is_passed_over)
{
	three_drivers();
	selects(0, "a");
	or_selects(0, 0, "c");
	judges(1, 0, "a", BX_VETO);
	attach(0);
	attach(1);
	device("d", ID);
	EXPECT_BOUND("d", "c");
	EXPECT_EQ(0, bxt_probes("a") + bxt_probes("b"));
}

TEST_F(select, one_choice_too_many_is_ignored_and_the_same_one_counts_once)
{
	int ejected = bxt_nr_ejected();

	three_drivers();
	selects(0, "x1");
	or_selects(0, 0, "x2");
	or_selects(0, 1, "x3");
	or_selects(0, 2, "x4");
	or_selects(0, 3, "a");
	attach(0);
	device("d", ID);
	settle();
	EXPECT_EQ(-E2BIG, bxt_script(0)->named);
	EXPECT_UNBOUND("d");
	EXPECT_OUTCOME(BX_OUT_ABSENT, "d");
	EXPECT_EQ(ejected, bxt_nr_ejected());
	or_selects(0, 2, "x1");
	EXPECT_LE(0, bxt_rebind("d"));
	settle();
	EXPECT_EQ(0, bxt_script(0)->named);
	EXPECT_BOUND("d", "a");
}

TEST_F(select, refusal_ignores_the_choices)
{
	three_drivers();
	selects(0, "a");
	or_selects(0, 0, "b");
	bxt_script(0)->select = BX_REFUSE;
	attach(0, .flags = BX_F_NEXT_BEST);
	device("d", ID);
	EXPECT_UNBOUND("d");
	EXPECT_OUTCOME(BX_OUT_REFUSED, "d");
	EXPECT_EQ(0, bxt_probes("a") + bxt_probes("b") + bxt_probes("c"));
}

#define EXPECT_STATE(name, expected) do { \
	strcpy(bxt_script(0)->asks_state, name); \
	bxt_script(0)->state = 100; \
	EXPECT_LE(0, bxt_reelect("bx-sf")); \
	settle(); \
	EXPECT_EQ(expected, bxt_script(0)->state); \
} while (0)

TEST_F(select, state_of_a_driver)
{
	int ejected = bxt_nr_ejected();

	driver("a", "ids=*:* probe=-ENODEV");
	driver("b", "ids=beef:1");
	strcpy(bxt_script(0)->asks_state, "late");
	selects(0, "late");
	attach(0);
	device("d", ID);
	/* the election after the load */
	settle();
	EXPECT_EQ(BX_DRIVER_ABSENT, bxt_script(0)->state);
	EXPECT_STATE("b", BX_DRIVER_REGISTERED);
	EXPECT_STATE("never_named", BX_DRIVER_UNKNOWN);
	EXPECT_STATE("a/b", -EINVAL);
	bxt_script(0)->select = BX_PASS;
	EXPECT_STATE("a", BX_DRIVER_REJECTED);
	EXPECT_UNBOUND("d");
	EXPECT_EQ(ejected, bxt_nr_ejected());
}

/* ---- probes of choices that fail ---- */

TEST_F(select, next_choice_after_enodev)
{
	driver("a", "ids=*:*");
	driver("b", "probe=-ENODEV");
	driver("c", "");
	selects(0, "b");
	or_selects(0, 0, "c");
	attach(0);
	device("d", ID);
	settle();
	EXPECT_BOUND("d", "c");
	EXPECT_EQ(0, bxt_probes("a"));
	EXPECT_EQ(1, bxt_probes("b"));
}

TEST_F(select, next_choice_after_any_error_with_next_best)
{
	driver("a", "ids=*:*");
	driver("b", "probe=-EIO");
	driver("c", "");
	selects(0, "b");
	or_selects(0, 0, "c");
	attach(0);
	device("d1", ID);
	settle();
	EXPECT_UNBOUND("d1");
	EXPECT_EQ(0, bxt_probes("a") + bxt_probes("c"));
	destroy("d1");
	attach(1, .priority = 1, .flags = BX_F_NEXT_BEST);
	selects(1, "b");
	or_selects(1, 0, "c");
	device("d2", ID);
	settle();
	EXPECT_BOUND("d2", "c");
	EXPECT_EQ(0, bxt_probes("a"));
	EXPECT_EQ(2, bxt_probes("b"));
}

TEST_F(select, next_best_waits_for_a_probe_that_is_deferred)
{
	driver("a", "ids=*:*");
	driver("b", "probe=-EPROBE_DEFER");
	selects(0, "b");
	or_selects(0, 0, "a");
	attach(0, .flags = BX_F_NEXT_BEST);
	device("d", ID);
	settle();
	EXPECT_UNBOUND("d");
	EXPECT_STREQ("b", decision("d").driver);
	EXPECT_EQ(0, bxt_probes("a"));
}

TEST_F(select, sleepable_policy_decides)
{
	three_drivers();
	selects(SCRIPT_SLEEPABLE, "c");
	judges(SCRIPT_SLEEPABLE, 0, "b", BX_VETO);
	attach(SCRIPT_SLEEPABLE);
	device("d", ID);
	EXPECT_BOUND("d", "c");
	EXPECT_LT(0, bxt_script(SCRIPT_SLEEPABLE)->matches);
}

TEST_F(select, select_sees_the_device)
{
	const struct bx_dev_info *seen = &bxt_script(0)->seen;

	driver("a", "");
	attach(0);
	device("d", "f055:1:2:3 class=40506 revision=7");
	EXPECT_STREQ("d", seen->name);
	EXPECT_STREQ("bx-sf", seen->bus);
	EXPECT_STREQ("bxsim", seen->parent);
	EXPECT_EQ(0xf055, seen->vendor);
	EXPECT_EQ(1, seen->device);
	EXPECT_EQ(2, seen->subvendor);
	EXPECT_EQ(3, seen->subdevice);
	EXPECT_EQ(0x40506, seen->class);
	EXPECT_EQ(7, seen->revision);
	EXPECT_EQ(0, seen->flags);
	EXPECT_EQ(-1, seen->vf_index);
}

TEST_F(select, select_sees_the_candidates)
{
	const struct script *s = bxt_script(0);

	driver("a", "ids=f055:2");
	driver("b", "ids=f055:1");
	attach(0);
	device("d", ID);
	ASSERT_EQ(2, s->ncandidates);
	EXPECT_STREQ("a", s->candidates[0].name);
	EXPECT_EQ(0, s->candidates[0].claims);
	EXPECT_STREQ("b", s->candidates[1].name);
	EXPECT_EQ(1, s->candidates[1].claims);
}

TEST_F(select, select_sees_which_candidate_failed)
{
	const struct script *s = bxt_script(0);

	driver("a", "ids=*:* probe=-ENODEV");
	driver("b", "ids=*:*");
	attach(0);
	device("d", ID);
	settle();
	EXPECT_BOUND("d", "b");
	ASSERT_EQ(2, s->ncandidates);
	EXPECT_EQ(-ENODEV, s->candidates[0].error);
	EXPECT_EQ(0, s->candidates[1].error);
}

TEST_F(select, refuse_keeps_every_driver_away)
{
	three_drivers();
	bxt_script(0)->select = BX_REFUSE;
	selects(1, "b");
	attach(0, .priority = 1);
	attach(1);
	device("d", ID);
	EXPECT_UNBOUND("d");
	EXPECT_OUTCOME(BX_OUT_REFUSED, "d");
	EXPECT_EQ(0, bxt_probes("a") + bxt_probes("b") + bxt_probes("c"));
	/* not on request either */
	EXPECT_EQ(0, bxt_rebind("d"));
	EXPECT_UNBOUND("d");
}

TEST_F(select, refuse_ends_with_the_policy)
{
	int link;

	three_drivers();
	bxt_script(0)->select = BX_REFUSE;
	link = attach(0);
	device("d", ID);
	EXPECT_UNBOUND("d");
	detach(link);
	EXPECT_BOUND("d", "a");
}

TEST_F(select, defer_keeps_worse_drivers_away_until_something_changes)
{
	three_drivers();
	bxt_script(0)->select = BX_DEFER;
	attach(0);
	device("d", ID);
	EXPECT_UNBOUND("d");
	EXPECT_OUTCOME(BX_OUT_DEFERRED, "d");
	/* another policy comes: p0 is asked again, and now it knows */
	selects(0, "c");
	attach(1);
	EXPECT_BOUND("d", "c");
	EXPECT_EQ(0, bxt_probes("a") + bxt_probes("b"));
}

TEST_F(select, defer_is_asked_again_when_a_driver_comes)
{
	three_drivers();
	bxt_script(0)->select = BX_DEFER;
	attach(0);
	device("d", ID);
	EXPECT_UNBOUND("d");
	selects(0, "late");
	driver("late", "");
	settle();
	EXPECT_BOUND("d", "late");
	EXPECT_EQ(0, bxt_probes("a") + bxt_probes("b") + bxt_probes("c"));
}

TEST_F(select, a_driver_that_comes_may_tip_the_scales_for_another)
{
	three_drivers();
	bxt_script(0)->select = BX_REFUSE;
	attach(0);
	device("d", ID);
	EXPECT_UNBOUND("d");
	/* p0 wants b as soon as "helper" is there, which is not b itself */
	selects(0, "b");
	strcpy(bxt_script(0)->wants, "helper");
	bxt_script(1)->select = BX_REFUSE;
	attach(1, .priority = -1);
	EXPECT_UNBOUND("d");
	driver("helper", "");
	settle();
	EXPECT_BOUND("d", "b");
}

BXT_MAIN("bxsim")
