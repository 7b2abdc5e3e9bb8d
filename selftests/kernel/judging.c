// SPDX-License-Identifier: GPL-2.0-only
/*
 * match() on adopted buses: scores and vetoes, enforced when a driver is bound
 *
 * On the bus of the module bxany, which has no driver_override, and on platform, which
 * has one, with the devices and the two drivers of the module bxplat.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <kselftest_harness.h>
#include "../lib/anybus.h"
#include "../lib/bxtest.h"

#define JUDGES	(BX_OP_SELECT | BX_OP_MATCH)
#define VETOED	"driver 'a' is refused: policy 'p0' vetoes it; to overrule it: bxctl override bxany/any0 a"

#define attach_judge(slot, ...)	attach_any(slot, .ops = JUDGES, __VA_ARGS__)

/* Finds an opinion of an explanation or a trial. */
static const struct bx_opinion *opinion(const struct bx_opinion *recs, int n, __u32 kind,
					const char *driver)
{
	for (int i = 0; i < n; i++) {
		if (recs[i].kind == kind && !strcmp(recs[i].driver, driver))
			return &recs[i];
	}
	return NULL;
}

#define EXPECT_OPINION(recs, n, kind, name, why_) do { \
	const struct bx_opinion *o_ = opinion(recs, n, kind, name); \
	\
	ASSERT_NE(NULL, o_); \
	EXPECT_EQ(why_, o_->why); \
} while (0)

FIXTURE(judge) {
};

FIXTURE_SETUP(judge)
{
	ASSERT_EQ(0, bxt_clean());
	ASSERT_EQ(0, any_reset());
}

FIXTURE_TEARDOWN(judge)
{
	devices(0);
}

/* ---- vetoes ---- */

TEST_F(judge, anything_but_the_vetoed_driver_gets_the_device)
{
	judges(0, 0, "a", BX_VETO);
	attach_judge(0);
	registers("a");
	registers("b");
	devices(1);
	EXPECT_ON(DEV, "b");
	EXPECT_PROBES("a", 0);
	EXPECT_BY(BX_BY_KERNEL, DEV);
}

TEST_F(judge, anything_but_the_vetoed_driver_in_the_other_order)
{
	judges(0, 0, "a", BX_VETO);
	attach_judge(0);
	registers("b");
	registers("a");
	devices(1);
	EXPECT_ON(DEV, "b");
	EXPECT_PROBES("a", 0);
}

TEST_F(judge, vetoed_driver_that_is_registered_later_is_refused)
{
	judges(0, 0, "a", BX_VETO);
	attach_judge(0);
	devices(1);
	registers("a");
	EXPECT_ON(DEV, "");
	EXPECT_PROBES("a", 0);
	registers("b");
	EXPECT_ON(DEV, "b");
	EXPECT_PROBES("a", 0);
}

TEST_F(judge, asynchronous_driver_is_vetoed)
{
	judges(0, 0, "async", BX_VETO);
	attach_judge(0);
	devices(1);
	registers("async");
	ASSERT_EQ(0, bxt_load("bxplat"));	/* waits for asynchronous probes */
	ASSERT_EQ(0, bxt_unload_soon("bxplat"));
	EXPECT_ON(DEV, "");
	EXPECT_PROBES("async", 0);
}

TEST_F(judge, device_of_which_each_claimant_is_vetoed_says_so)
{
	struct bx_decision dec;
	int link;

	judges(0, 0, "a", BX_VETO);
	link = attach_judge(0);
	registers("a");
	devices(1);
	EXPECT_ON(DEV, "");
	dec = decision(DEV);
	EXPECT_EQ(BX_BY_VETO, dec.by);
	EXPECT_EQ(BX_OUT_REFUSED, dec.outcome);
	EXPECT_STREQ("p0", dec.policy);
	detach(link);
	EXPECT_ON(DEV, "a");
	EXPECT_PROBES("a", 1);
	EXPECT_BY(BX_BY_KERNEL, DEV);
}

/* The probe of the other driver fails, so nothing was recorded for the device. */
TEST_F(judge, vetoed_driver_gets_the_device_after_the_detach)
{
	int link;

	judges(0, 0, "a", BX_VETO);
	link = attach_judge(0);
	ASSERT_EQ(0, any("rejects", "b"));
	registers("a");
	registers("b");
	devices(1);
	EXPECT_ON(DEV, "");
	EXPECT_PROBES("b", 1);
	detach(link);
	EXPECT_ON(DEV, "a");
}

TEST_F(judge, bind_by_hand_of_a_vetoed_driver_is_refused_with_a_line_in_the_log)
{
	int log;

	judges(0, 0, "a", BX_VETO);
	attach_judge(0);
	registers("a");
	devices(1);
	log = bxt_kernel_log();
	EXPECT_EQ(-ENODEV, driver_file("a", "bind", DEV));
	EXPECT_ON(DEV, "");
	EXPECT_TRUE(bxt_kernel_said(log, VETOED));
	close(log);
}

TEST_F(judge, rebind_moves_a_device_from_a_vetoed_driver)
{
	registers("a");
	registers("b");
	devices(1);
	judges(0, 0, "a", BX_VETO);
	attach_judge(0);
	EXPECT_ON(DEV, "a");
	EXPECT_EQ(1, bxt_rebind(DEV));
	EXPECT_ON(DEV, "b");
	EXPECT_EQ(0, bxt_rebind(DEV));
	EXPECT_PROBES("b", 1);
	judges(0, 1, "b", BX_VETO);
	EXPECT_EQ(1, bxt_rebind(DEV));
	EXPECT_ON(DEV, "");
	EXPECT_BY(BX_BY_VETO, DEV);
}

TEST_F(judge, vetoed_driver_cannot_be_selected)
{
	judges(0, 0, "b", BX_VETO);
	selects(1, "b");
	or_selects(1, 0, "a");
	attach_judge(0);
	attach_any(1);
	registers("b");
	registers("a");
	devices(1);
	EXPECT_ON(DEV, "a");
	EXPECT_PROBES("b", 0);
	EXPECT_BY(BX_BY_SELECT, DEV);
}

/* select() has named it before it could be judged */
TEST_F(judge, selected_driver_is_judged_when_it_comes)
{
	judges(0, 0, "b", BX_VETO);
	selects(1, "b");
	attach_judge(0);
	attach_any(1);
	devices(1);
	EXPECT_OUTCOME(BX_OUT_ABSENT, DEV);
	registers("b");
	EXPECT_ON(DEV, "");
	EXPECT_PROBES("b", 0);
}

/* ---- scores ---- */

TEST_F(judge, highest_score_wins)
{
	struct bx_decision dec;

	judges(0, 0, "a", 1);
	judges(0, 1, "b", 2);
	attach_judge(0);
	registers("a");
	registers("b");
	devices(1);
	EXPECT_ON(DEV, "b");
	EXPECT_PROBES("a", 0);
	dec = decision(DEV);
	EXPECT_EQ(BX_BY_SCORE, dec.by);
	EXPECT_EQ(BX_OUT_DRIVER, dec.outcome);
	EXPECT_EQ(2, dec.score);
	EXPECT_STREQ("b", dec.driver);
	EXPECT_STREQ("p0", dec.policy);
}

TEST_F(judge, better_driver_that_comes_to_an_unbound_device_wins)
{
	judges(0, 0, "a", 1);
	judges(0, 1, "b", 2);
	attach_judge(0);
	ASSERT_EQ(0, any("rejects", "a"));
	registers("a");
	devices(1);
	EXPECT_ON(DEV, "");
	registers("b");
	EXPECT_ON(DEV, "b");
	EXPECT_EQ(2, decision(DEV).score);
}

TEST_F(judge, device_waits_for_no_driver_with_a_lower_score)
{
	judges(0, 0, "a", 1);
	attach_judge(0);
	ASSERT_EQ(0, any("rejects", "a"));
	registers("a");
	registers("b");
	devices(1);
	EXPECT_ON(DEV, "");
	EXPECT_PROBES("b", 0);
}

TEST_F(judge, next_best_score_is_tried_after_a_failed_probe)
{
	judges(0, 0, "a", 2);
	judges(0, 1, "b", 1);
	attach_judge(0, .flags = BX_F_NEXT_BEST);
	ASSERT_EQ(0, any("rejects", "a"));
	registers("a");
	registers("b");
	devices(1);
	settle();
	EXPECT_ON(DEV, "b");
	EXPECT_PROBES("a", 1);
}

TEST_F(judge, score_of_an_unlisted_value_ejects_the_policy)
{
	judges(0, 0, "a", BX_SCORE_MAX + 1);
	attach_judge(0);
	registers("a");
	devices(1);
	settle();
	EXPECT_EJECTED("p0");
	EXPECT_ON(DEV, "a");
}

TEST_F(judge, quarantined_policy_keeps_all_drivers_away)
{
	judges(0, 0, "a", BX_SCORE_MAX + 1);
	attach_judge(0, .flags = BX_F_FAIL_CLOSED);
	registers("a");
	registers("b");
	devices(1);
	settle();
	EXPECT_ON(DEV, "");
	EXPECT_PROBES("a", 0);
	EXPECT_PROBES("b", 0);
	EXPECT_BY(BX_BY_QUARANTINE, DEV);
}

/* ---- candidates ---- */

TEST_F(judge, candidates_are_the_drivers_that_claim_the_device)
{
	attach_judge(0);
	registers("b");
	registers("never");
	registers("a");
	devices(1);
	EXPECT_ON(DEV, "b");
	ASSERT_EQ(2, bxt_script(0)->ncandidates);
	EXPECT_STREQ("b", bxt_script(0)->candidates[0].name);
	EXPECT_STREQ("a", bxt_script(0)->candidates[1].name);
	EXPECT_EQ(1, bxt_script(0)->candidates[1].claims);
}

TEST_F(judge, without_match_there_are_no_candidates)
{
	attach_any(0);
	registers("a");
	devices(1);
	EXPECT_LT(0, bxt_script(0)->selects);
	EXPECT_EQ(0, bxt_script(0)->ncandidates);
}

/* ---- what is shown ---- */

TEST_F(judge, explanation_has_each_opinion)
{
	const struct bx_opinion *recs;
	int n;

	judges(0, 0, "a", BX_VETO);
	judges(1, 0, "b", 5);
	attach_judge(0);
	attach_judge(1);
	registers("a");
	registers("b");
	devices(1);
	n = bxt_opinions(DEV, &recs);
	ASSERT_LT(0, n);
	EXPECT_OPINION(recs, n, BX_OPN_MATCH, "a", BX_WHY_VETO);
	EXPECT_OPINION(recs, n, BX_OPN_MATCH, "b", BX_WHY_PASS);
	EXPECT_OPINION(recs, n, BX_OPN_ID_TABLE, "a", BX_WHY_VETOED);
	EXPECT_OPINION(recs, n, BX_OPN_ID_TABLE, "b", BX_WHY_WON);
	EXPECT_EQ(BX_OPN_DECISION, recs[n - 1].kind);
	EXPECT_EQ(BX_BY_SCORE, recs[n - 1].by);
	EXPECT_STREQ("b", recs[n - 1].driver);
}

TEST_F(judge, explanation_says_that_each_claimant_is_vetoed)
{
	const struct bx_opinion *recs;
	int n;

	bxt_script(0)->match_rest = BX_VETO;
	attach_judge(0);
	registers("a");
	registers("b");
	devices(1);
	n = bxt_opinions(DEV, &recs);
	ASSERT_LT(0, n);
	EXPECT_EQ(BX_BY_VETO, recs[n - 1].by);
	EXPECT_EQ(BX_OUT_REFUSED, recs[n - 1].verdict);
	EXPECT_STREQ("p0", recs[n - 1].policy);
}

TEST_F(judge, shadow_mode_counts_a_veto_of_the_winner)
{
	judges(0, 0, "a", BX_VETO);
	attach_judge(0, .flags = BX_F_SHADOW);
	registers("a");
	devices(1);
	EXPECT_ON(DEV, "a");
	EXPECT_LT(0, policy("p0").diverged);
}

TEST_F(judge, trial_of_a_described_device_judges_its_drivers)
{
	struct bx_trial trial = { .dev = { .name = "d", .bus = BUS } };
	const struct bx_opinion *recs;
	int n;

	judges(0, 0, "x", BX_VETO);
	attach_judge(0);
	strcpy(trial.drivers[0].name, "x");
	strcpy(trial.drivers[1].name, "y");
	trial.drivers[0].claims = 1;
	trial.drivers[1].claims = 1;
	trial.nr_drivers = 2;
	n = bxt_trial(&trial, &recs);
	ASSERT_LT(0, n);
	EXPECT_OPINION(recs, n, BX_OPN_ID_TABLE, "x", BX_WHY_VETOED);
	EXPECT_EQ(BX_BY_KERNEL, recs[n - 1].by);
	EXPECT_STREQ("y", recs[n - 1].driver);
	trial.nr_drivers = 1;
	n = bxt_trial(&trial, &recs);
	ASSERT_LT(0, n);
	EXPECT_EQ(BX_BY_VETO, recs[n - 1].by);
}

/* ---- a bus with driver_override ---- */

#define PLAT	"bxplat.0"
#define SECOND	"/sys/devices/bxplat/second"

#define EXPECT_PLAT(name) EXPECT_STREQ(name, bxt_bound_on("platform", PLAT))
#define plat_devices(n)	ASSERT_EQ(0, bxt_write("/sys/devices/bxplat/devices", #n))

FIXTURE(platform) {
};

FIXTURE_SETUP(platform)
{
	ASSERT_EQ(0, bxt_clean());
	ASSERT_EQ(0, bxt_load("bxplat"));
	plat_devices(0);
	strcpy(bxt_script(0)->device, PLAT);
}

FIXTURE_TEARDOWN(platform)
{
	plat_devices(0);
	ASSERT_EQ(0, bxt_unload_soon("bxplat"));
}

#define attach_platform(slot, ...) attach(slot, .bus = "platform", .ops = JUDGES, __VA_ARGS__)

TEST_F(platform, vetoed_driver_is_refused_and_no_override_is_written)
{
	int link;

	judges(0, 0, "bxplat", BX_VETO);
	link = attach_platform(0);
	plat_devices(1);
	EXPECT_PLAT("");
	EXPECT_BY(BX_BY_VETO, PLAT);
	EXPECT_STREQ("(null)", bxt_override("platform", PLAT));
	ASSERT_EQ(0, bxt_write(SECOND, "1"));
	EXPECT_PLAT("bxplat2");
	ASSERT_EQ(0, bxt_write(SECOND, "0"));
	EXPECT_PLAT("");
	detach(link);
	EXPECT_PLAT("bxplat");
}

TEST_F(platform, vetoed_driver_that_is_registered_later_is_refused)
{
	bxt_script(0)->match_rest = BX_VETO;
	attach_platform(0);
	plat_devices(1);
	ASSERT_EQ(0, bxt_write(SECOND, "1"));
	EXPECT_PLAT("");
	EXPECT_BY(BX_BY_VETO, PLAT);
}

TEST_F(platform, highest_score_wins)
{
	ASSERT_EQ(0, bxt_write(SECOND, "1"));
	judges(0, 0, "bxplat", 1);
	judges(0, 1, "bxplat2", 2);
	attach_platform(0);
	plat_devices(1);
	EXPECT_PLAT("bxplat2");
	EXPECT_BY(BX_BY_SCORE, PLAT);
	EXPECT_STREQ("(null)", bxt_override("platform", PLAT));
}

TEST_F(platform, override_of_the_administrator_is_above_a_veto)
{
	judges(0, 0, "bxplat", BX_VETO);
	attach_platform(0);
	plat_devices(1);
	EXPECT_PLAT("");
	ASSERT_EQ(0, bxt_set_override("platform", PLAT, "bxplat"));
	ASSERT_EQ(0, bxt_write("/sys/bus/platform/drivers_probe", PLAT));
	EXPECT_PLAT("bxplat");
	EXPECT_BY(BX_BY_OVERRIDE, PLAT);
}

int main(int argc, char **argv)
{
	int ret;

	if (bxt_start("bus_ext"))
		return KSFT_FAIL;
	ret = test_harness_run(argc, argv);
	return bxt_finish() || bxt_unload("bxany") ? KSFT_FAIL : ret;
}
