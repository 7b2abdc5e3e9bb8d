// SPDX-License-Identifier: GPL-2.0-only
/*
 * Policies that misbehave are deactivated, at once and with a reason, and no
 * device is left unusable; policies in shadow mode change nothing
 */
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <kselftest_harness.h>
#include "../lib/bxtest.h"

#define ID	"f055:1"
#define STATE	"/sys/kernel/bus_ext/"

FIXTURE(eject) {
	int ejected;
};

FIXTURE_SETUP(eject)
{
	ASSERT_EQ(0, bxt_clean());
	driver("a", "ids=*:*");
	driver("b", "ids=*:*");
	self->ejected = bxt_nr_ejected();
}

FIXTURE_TEARDOWN(eject)
{
}

/* Checks that a policy was ejected for this reason, and that each interface shows it. */
#define EXPECT_EJECTION(name, kind_, code_, device_) do { \
	struct bx_exit_info info; \
	\
	settle(); \
	EXPECT_EJECTED(name); \
	EXPECT_EQ(self->ejected + 1, bxt_nr_ejected()); \
	info = ejection(name); \
	EXPECT_EQ(kind_, info.kind); \
	EXPECT_EQ(code_, info.code); \
	EXPECT_STREQ(device_, info.device); \
	EXPECT_STREQ("bx-sf", info.bus); \
	EXPECT_NE(0, info.msg[0]); \
	EXPECT_LT(0, info.seq); \
	EXPECT_TRUE(bxt_contains(STATE "ejected", info.msg)); \
} while (0)

/* ---- the list of ejections ---- */

/* As many as are kept, with names as long as they can be */
TEST_F(eject, list_has_the_last_as_whole_lines)
{
	char name[BX_NAME_LEN], first[BX_NAME_LEN], buf[8192], *line, *rest = buf;
	char what[2 * BX_DEV_NAME_LEN];
	int lines = 0;

	snprintf(what, sizeof(what), "%0*d", BX_DEV_NAME_LEN - 1, 0);
	device(what, ID);
	bxt_script(0)->error_in = BX_OP_SELECT;
	bxt_script(0)->error_code = INT_MIN;
	for (int i = 0; i < 16; i++) {
		snprintf(name, sizeof(name), "p_%0*d", BX_NAME_LEN - 3, i);
		ASSERT_EQ(0, bxt_sim("destroy", "%s", what));
		attach(0, .name = name);
		device(what, ID);
		settle();
		EXPECT_EJECTED(name);
	}
	ASSERT_EQ(0, bxt_read(STATE "ejected", buf, sizeof(buf)));
	while ((line = strsep(&rest, "\n")) && *line) {
		snprintf(first, sizeof(first), "%s", line);
		EXPECT_EQ(0, strncmp(line, "p_", 2)) TH_LOG("%s", line);
		EXPECT_EQ(')', line[strlen(line) - 1]) TH_LOG("%s", line);
		lines++;
	}
	EXPECT_STREQ(name, first);
	EXPECT_EQ(16, lines);
}

/* ---- select() ---- */

TEST_F(eject, select_that_returns_an_errno)
{
	bxt_script(0)->select = -5;
	attach(0);
	device("d", ID);
	/* in the same election: the device has not waited */
	EXPECT_BOUND("d", "a");
	EXPECT_EJECTION("p0", BX_EXIT_RETURN, -5, "d");
}

TEST_F(eject, select_that_returns_an_unknown_verdict)
{
	bxt_script(0)->select = 99;
	attach(0);
	device("d", ID);
	EXPECT_BOUND("d", "a");
	EXPECT_EJECTION("p0", BX_EXIT_RETURN, 99, "d");
}

TEST_F(eject, select_without_a_name)
{
	bxt_script(0)->select = BX_SELECT;
	attach(0);
	device("d", ID);
	EXPECT_BOUND("d", "a");
	EXPECT_EJECTION("p0", BX_EXIT_RETURN, BX_SELECT, "d");
}

TEST_F(eject, impossible_name_too_long)
{
	selects(0, "a_name_that_no_driver_on_earth_can_have");
	bxt_script(0)->driver_size = sizeof(bxt_script(0)->driver);
	attach(0);
	device("d", ID);
	EXPECT_BOUND("d", "a");
	EXPECT_EJECTION("p0", BX_EXIT_BAD_NAME, -ENAMETOOLONG, "d");
}

TEST_F(eject, impossible_name_without_an_end)
{
	selects(0, "bbbb");
	bxt_script(0)->driver_size = 4;
	attach(0);
	device("d", ID);
	EXPECT_BOUND("d", "a");
	EXPECT_EJECTION("p0", BX_EXIT_BAD_NAME, -ENAMETOOLONG, "d");
}

TEST_F(eject, impossible_name_with_a_slash)
{
	selects(0, "a/b");
	attach(0);
	device("d", ID);
	EXPECT_BOUND("d", "a");
	EXPECT_EJECTION("p0", BX_EXIT_BAD_NAME, -EINVAL, "d");
}

/* ---- an absent driver is not a mistake ---- */

/* The device waits, and no other driver has been asked. */
#define EXPECT_WAITS(device, name) do { \
	settle(); \
	EXPECT_ATTACHED("p0"); \
	EXPECT_UNBOUND(device); \
	EXPECT_OUTCOME(BX_OUT_ABSENT, device); \
	EXPECT_STREQ(name, decision(device).driver); \
	EXPECT_EQ(BX_DRIVER_ABSENT, decision(device).driver_state); \
	EXPECT_EQ(self->ejected, bxt_nr_ejected()); \
} while (0)

TEST_F(eject, not_for_a_driver_that_does_not_exist)
{
	selects(0, "late");
	attach(0);
	device("d", ID);
	EXPECT_WAITS("d", "late");
	EXPECT_EQ(0, bxt_probes("a") + bxt_probes("b"));
	driver("late", "");
	EXPECT_BOUND("d", "late");
	EXPECT_EQ(0, bxt_probes("a") + bxt_probes("b"));
	EXPECT_EQ(self->ejected, bxt_nr_ejected());
}

TEST_F(eject, not_for_an_absent_driver_on_a_bus_without_drivers)
{
	driver_del("a");
	driver_del("b");
	selects(0, "no_such_driver");
	attach(0);
	device("d", ID);
	EXPECT_WAITS("d", "no_such_driver");
}

/* A policy names a driver, never a module. */
TEST_F(eject, not_for_the_name_of_a_module_which_is_not_loaded)
{
	ASSERT_EQ(0, bxt_load("bxplat"));
	ASSERT_EQ(0, bxt_unload_soon("bxplat"));
	selects(0, "bxplat");
	attach(0);
	device("d", ID);
	EXPECT_WAITS("d", "bxplat");
	EXPECT_FALSE(bxt_loaded("bxplat"));
}

TEST_F(eject, not_for_a_name_that_modprobe_would_not_take_literally)
{
	static const char *const names[] = {
		"bxpl*", "bxpl?t", "[b]xplat", "bxplat.ko", "bx plat",
		"platform:bxplat", "\xe4",
	};

	for (unsigned int i = 0; i < sizeof(names) / sizeof(*names); i++) {
		char name[8];
		int link;

		snprintf(name, sizeof(name), "d%u", i);
		selects(0, names[i]);
		link = attach(0);
		device(name, ID);
		EXPECT_WAITS(name, names[i]);
		EXPECT_FALSE(bxt_loaded("bxplat"));
		destroy(name);
		close(link);
	}
}

/* ---- match() ---- */

TEST_F(eject, match_below_a_veto)
{
	bxt_script(0)->match_rest = -2;
	attach(0);
	device("d", ID);
	EXPECT_BOUND("d", "a");
	EXPECT_EJECTION("p0", BX_EXIT_RETURN, -2, "d");
}

TEST_F(eject, match_above_the_highest_score)
{
	judges(0, 0, "b", BX_SCORE_MAX + 1);
	attach(0);
	device("d", ID);
	EXPECT_BOUND("d", "a");
	EXPECT_EJECTION("p0", BX_EXIT_RETURN, BX_SCORE_MAX + 1, "d");
}

/* ---- bx_policy_error() ---- */

#define EXPECT_OWN_ERROR(op) do { \
	bxt_script(0)->error_in = op; \
	bxt_script(0)->error_code = 4711; \
	selects(0, "b"); \
	attach(0); \
	device("d", ID); \
	EXPECT_EJECTION("p0", BX_EXIT_ERROR, 4711, "d"); \
	EXPECT_STREQ("as the script says", ejection("p0").msg); \
	EXPECT_BOUND("d", "a"); \
} while (0)

TEST_F(eject, own_error_in_select)
{
	EXPECT_OWN_ERROR(BX_OP_SELECT);
}

TEST_F(eject, own_error_in_match)
{
	bxt_script(0)->error_in = BX_OP_MATCH;
	bxt_script(0)->error_code = -1;
	judges(0, 0, "b", 10);
	attach(0);
	device("d", ID);
	EXPECT_BOUND("d", "a");
	EXPECT_EJECTION("p0", BX_EXIT_ERROR, -1, "d");
}

TEST_F(eject, own_error_in_event)
{
	/* ADDED comes before the election */
	EXPECT_OWN_ERROR(BX_OP_EVENT);
	EXPECT_EQ(0, bxt_script(0)->selects);
}

/* ---- after an ejection ---- */

TEST_F(eject, no_program_runs_after_the_mistake)
{
	bxt_script(0)->select = 99;
	bxt_script(0)->match_rest = BX_VETO;
	attach(0);
	device("d1", ID);
	device("d2", ID);
	/* also before the link is detached */
	EXPECT_EQ(1, bxt_script(0)->selects);
	EXPECT_EQ(0, bxt_script(0)->matches);
	EXPECT_EQ(0, bxt_script(0)->events[1]);
	settle();
	device("d3", ID);
	EXPECT_EQ(1, bxt_script(0)->selects);
	EXPECT_BOUND("d1", "a");
	EXPECT_BOUND("d2", "a");
	EXPECT_BOUND("d3", "a");
	EXPECT_EQ(self->ejected + 1, bxt_nr_ejected());
}

TEST_F(eject, exit_is_told_the_reason)
{
	const struct script *s = bxt_script(0);

	bxt_script(0)->select = -5;
	attach(0, .name = "unlucky", .version = 3);
	device("d", ID);
	settle();
	EXPECT_EQ(1, s->exits);
	EXPECT_EQ(BX_EXIT_RETURN, s->info.kind);
	EXPECT_EQ(-5, s->info.code);
	EXPECT_STREQ("unlucky", s->info.name);
	EXPECT_STREQ("d", s->info.device);
	EXPECT_EQ(3, s->info.version);
	EXPECT_STREQ(ejection("unlucky").msg, s->info.msg);
}

TEST_F(eject, other_policies_go_on)
{
	bxt_script(0)->select = 99;
	selects(1, "b");
	judges(2, 0, "a", BX_VETO);
	attach(0, .priority = 2);
	attach(1, .priority = 1);
	attach(2);
	device("d", ID);
	EXPECT_BOUND("d", "b");
	settle();
	EXPECT_EJECTED("p0");
	EXPECT_ATTACHED("p1");
	EXPECT_ATTACHED("p2");
	device("d2", ID);
	EXPECT_BOUND("d2", "b");
}

TEST_F(eject, link_hangs_up)
{
	int link;

	bxt_script(0)->select = 99;
	link = attach(0);
	EXPECT_FALSE(bxt_hung_up(link));
	device("d", ID);
	settle();
	EXPECT_TRUE(bxt_hung_up(link));
}

TEST_F(eject, link_cannot_be_revived)
{
	int link, new;

	bxt_script(0)->select = 99;
	link = attach(0);
	new = map(1, .name = "p0");
	device("d", ID);
	settle();
	EXPECT_GT(0, bxt_update(link, new, -1));
	EXPECT_EJECTED("p0");
	EXPECT_EQ(0, bxt_script(1)->selects);
}

TEST_F(eject, name_can_be_attached_again)
{
	bxt_script(0)->select = 99;
	attach(0);
	device("d", ID);
	settle();
	selects(0, "b");
	attach(0);
	device("d2", ID);
	EXPECT_BOUND("d2", "b");
}

TEST_F(eject, unbound_devices_get_the_fallback)
{
	bxt_script(0)->select = BX_REFUSE;
	attach(0);
	device("d1", ID);
	EXPECT_UNBOUND("d1");
	bxt_script(0)->select = 99;
	device("d2", ID);
	settle();
	EXPECT_BOUND("d1", "a");
	EXPECT_BOUND("d2", "a");
}

TEST_F(eject, explaining_ejects_no_policy)
{
	const struct bx_opinion *o;
	int n, bad = 0;

	attach(0);
	device("d", ID);
	bxt_script(0)->select = 99;
	n = bxt_opinions("d", &o);
	for (int i = 0; i < n; i++)
		bad += o[i].kind == BX_OPN_SELECT && o[i].why == BX_WHY_BAD;
	EXPECT_EQ(1, bad);
	settle();
	EXPECT_ATTACHED("p0");
	EXPECT_EQ(self->ejected, bxt_nr_ejected());
}

/* ---- shadow mode ---- */

TEST_F(eject, shadow_select_is_not_applied_but_counted)
{
	selects(0, "b");
	attach(0, .flags = BX_F_SHADOW);
	device("d", ID);
	EXPECT_BOUND("d", "a");
	EXPECT_BY(BX_BY_ID_TABLE, "d");
	EXPECT_LE(1, policy("p0").diverged);
	EXPECT_EQ(0, policy("p0").decided);
	EXPECT_EQ(0, bxt_probes("b"));
}

TEST_F(eject, shadow_refuse_is_not_applied_but_counted)
{
	bxt_script(0)->select = BX_REFUSE;
	attach(0, .flags = BX_F_SHADOW);
	device("d", ID);
	EXPECT_BOUND("d", "a");
	EXPECT_LE(1, policy("p0").diverged);
}

TEST_F(eject, shadow_that_agrees_does_not_diverge)
{
	selects(0, "a");
	attach(0, .flags = BX_F_SHADOW);
	attach(1, .flags = BX_F_SHADOW);
	device("d", ID);
	EXPECT_EQ(0, policy("p0").diverged);
	EXPECT_EQ(0, policy("p1").diverged);
	EXPECT_LT(0, bxt_script(0)->selects);
}

TEST_F(eject, shadow_scores_and_vetoes_are_not_applied)
{
	judges(0, 0, "a", BX_VETO);
	judges(0, 1, "b", BX_SCORE_MAX);
	attach(0, .flags = BX_F_SHADOW);
	device("d", ID);
	EXPECT_BOUND("d", "a");
	EXPECT_BY(BX_BY_ID_TABLE, "d");
	EXPECT_EQ(0, policy("p0").vetoed);
}

TEST_F(eject, shadow_scores_and_vetoes_diverge)
{
	judges(0, 0, "a", BX_VETO);
	judges(1, 0, "b", 10);
	attach(0, .flags = BX_F_SHADOW, .ops = BX_OP_MATCH);
	attach(1, .flags = BX_F_SHADOW, .ops = BX_OP_MATCH);
	device("d", ID);
	EXPECT_LE(1, policy("p0").diverged);
	EXPECT_LE(1, policy("p1").diverged);
}

TEST_F(eject, shadow_does_not_stand_in_the_way_of_others)
{
	bxt_script(0)->select = BX_REFUSE;
	selects(1, "b");
	attach(0, .flags = BX_F_SHADOW, .priority = 10);
	attach(1);
	device("d", ID);
	EXPECT_BOUND("d", "b");
	EXPECT_STREQ("p1", decision("d").policy);
}

TEST_F(eject, shadow_that_misbehaves_is_ejected)
{
	bxt_script(0)->select = 99;
	attach(0, .flags = BX_F_SHADOW);
	device("d", ID);
	EXPECT_BOUND("d", "a");
	EXPECT_EJECTION("p0", BX_EXIT_RETURN, 99, "d");
}

BXT_MAIN("bxsim")
