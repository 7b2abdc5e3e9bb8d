// SPDX-License-Identifier: GPL-2.0-only
/*
 * The time of programs: a slow one is logged once, one that is too slow ejects its
 * policy, and those who ask without effect need not wait for it
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>
#include <kselftest_harness.h>
#include <linux/bx_sf.h>
#include "../lib/bxtest.h"

#define ID	"f055:1"
#define PARAM	"/sys/module/bus_ext/parameters/"
#define EXEC	BX_WATCH(BX_SF_EXEC)
/*
 * In ms of the kernel's clock; SLOW is also as many ticks.  LIMIT is long, since a
 * busy machine may stop any other program of the test for some ten ms.
 */
#define SLOW	300
#define LIMIT	250

FIXTURE(slow) {
	int kmsg;
	int ejected;
};

static int limits(unsigned int slow_ms, unsigned int eject_ms)
{
	char text[16];
	int err;

	snprintf(text, sizeof(text), "%u", slow_ms);
	err = bxt_write(PARAM "slow_ms", text);
	snprintf(text, sizeof(text), "%u", eject_ms);
	return err ?: bxt_write(PARAM "eject_ms", text);
}

FIXTURE_SETUP(slow)
{
	ASSERT_EQ(0, bxt_clean());
	driver("a", "ids=*:*");
	driver("b", "ids=*:*");
	self->ejected = bxt_nr_ejected();
	self->kmsg = bxt_kernel_log();
	ASSERT_LE(0, self->kmsg);
}

FIXTURE_TEARDOWN(slow)
{
	EXPECT_EQ(0, limits(100, 3000));
	close(self->kmsg);
}

static void takes(int slot, __u32 op, __u32 ms)
{
	bxt_script(slot)->slow_in = op;
	bxt_script(slot)->slow_ms = ms;
}

#define EXPECT_TOO_SLOW(name, what) do { \
	settle(); \
	EXPECT_EJECTED(name); \
	EXPECT_EQ(self->ejected + 1, bxt_nr_ejected()); \
	EXPECT_EQ(BX_EXIT_SLOW, ejection(name).kind); \
	EXPECT_LT(LIMIT, ejection(name).code); \
	EXPECT_STREQ("d", ejection(name).device); \
	EXPECT_EQ(0, strncmp(what " ran for ", ejection(name).msg, \
			     strlen(what " ran for "))); \
} while (0)

TEST_F(slow, documented_limits_are_those_of_the_module)
{
	EXPECT_TRUE(bxt_contains(PARAM "slow_ms", "100\n"));
	EXPECT_TRUE(bxt_contains(PARAM "eject_ms", "3000\n"));
}

/* With a script that gives the device to driver b */
#define EXPECT_ELECTION_WITHOUT_IT(op, what) do { \
	ASSERT_EQ(0, limits(0, LIMIT)); \
	takes(0, op, SLOW); \
	attach(0); \
	device("d", ID); \
	EXPECT_TOO_SLOW("p0", what); \
	EXPECT_BOUND("d", "a"); \
} while (0)

TEST_F(slow, select_is_ejected_and_does_not_count)
{
	selects(0, "b");
	EXPECT_ELECTION_WITHOUT_IT(BX_OP_SELECT, "select()");
}

TEST_F(slow, match_is_ejected_and_does_not_count)
{
	judges(0, 0, "b", 10);
	EXPECT_ELECTION_WITHOUT_IT(BX_OP_MATCH, "match()");
}

TEST_F(slow, event_is_ejected)
{
	ASSERT_EQ(0, limits(0, LIMIT));
	takes(0, BX_OP_EVENT, SLOW);
	attach(0);
	device("d", ID);
	EXPECT_TOO_SLOW("p0", "event()");
}

/* With a script that lets the call fail */
#define EXPECT_CALL_WITHOUT_IT(op, what) do { \
	ASSERT_EQ(0, limits(0, LIMIT)); \
	device("d", ID); \
	attach(0, .calls = { EXEC }); \
	takes(0, op, SLOW); \
	EXPECT_EQ(0, bxt_write("/sys/bus/bx-sf/devices/d/exec", "0 abc")); \
	EXPECT_TOO_SLOW("p0", what); \
} while (0)

TEST_F(slow, call_is_ejected_and_does_not_count)
{
	bxt_script(0)->call = -EACCES;
	EXPECT_CALL_WITHOUT_IT(BX_OP_CALL, "call()");
}

TEST_F(slow, complete_is_ejected_and_does_not_count)
{
	bxt_script(0)->complete_result = -EIO;
	EXPECT_CALL_WITHOUT_IT(BX_OP_COMPLETE, "complete()");
}

TEST_F(slow, quarantined_policy_refuses_instead)
{
	ASSERT_EQ(0, limits(0, LIMIT));
	selects(0, "b");
	takes(0, BX_OP_SELECT, SLOW);
	attach(0, .flags = BX_F_FAIL_CLOSED);
	device("d", ID);
	settle();
	EXPECT_BOUND("d", "");
	EXPECT_EQ(BX_OUT_REFUSED, decision("d").outcome);
}

TEST_F(slow, slow_one_is_logged_once_and_decides)
{
	ASSERT_EQ(0, limits(LIMIT, 0));
	selects(0, "b");
	takes(0, BX_OP_SELECT, SLOW);
	attach(0);
	device("d", ID);
	EXPECT_TRUE(bxt_kernel_said(self->kmsg, "bx-sf d: select() of p0 ran for "));
	device("e", ID);
	EXPECT_FALSE(bxt_kernel_said(self->kmsg, "select() of p0 ran for "));
	EXPECT_BOUND("d", "b");
	EXPECT_BOUND("e", "b");
	EXPECT_EQ(self->ejected, bxt_nr_ejected());
}

TEST_F(slow, without_limits_nothing_is_too_slow)
{
	ASSERT_EQ(0, limits(0, 0));
	selects(0, "b");
	takes(0, BX_OP_SELECT, SLOW);
	attach(0);
	device("d", ID);
	EXPECT_BOUND("d", "b");
	EXPECT_FALSE(bxt_kernel_said(self->kmsg, "ran for "));
	EXPECT_EQ(self->ejected, bxt_nr_ejected());
}

TEST_F(slow, explained_it_is_named_and_not_ejected)
{
	const struct bx_opinion *o;
	int n, slow = 0;

	selects(0, "b");
	attach(0);
	device("d", ID);
	ASSERT_EQ(0, limits(0, LIMIT));
	takes(0, BX_OP_SELECT, SLOW);
	n = bxt_opinions("d", &o);
	for (int i = 0; i < n; i++)
		slow += o[i].kind == BX_OPN_SELECT && o[i].why == BX_WHY_SLOW;
	EXPECT_EQ(1, slow);
	settle();
	EXPECT_ATTACHED("p0");
	EXPECT_EQ(self->ejected, bxt_nr_ejected());
}

/* ---- who waits for them ---- */

#define ENDLESS		(~0U)	/* 8 million rounds, however long they take */

/* A program may keep its processor to itself: the test runs on another one. */
FIXTURE(waiting) {
	char cpus[64];
};

FIXTURE_SETUP(waiting)
{
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		SKIP(return, "needs two processors");
	ASSERT_EQ(0, bxt_clean());
	device("d", ID);
	ASSERT_EQ(0, bxt_read(BXT_CPUS_OF_WORK, self->cpus, sizeof(self->cpus)));
	ASSERT_EQ(0, bxt_write(BXT_CPUS_OF_WORK, "2"));
	ASSERT_EQ(0, bxt_use_cpu(0));
}

FIXTURE_TEARDOWN(waiting)
{
	if (self->cpus[0])
		EXPECT_EQ(0, bxt_write(BXT_CPUS_OF_WORK, self->cpus));
}

TEST_F(waiting, explanation_ends_in_time)
{
	const struct bx_opinion *o;

	attach(0);
	takes(0, BX_OP_SELECT, ENDLESS);
	bxt_programs_may_take(LIMIT);
	EXPECT_EQ(-ETIMEDOUT, bxt_opinions("d", &o));
	bxt_programs_may_take(0);
	takes(0, 0, 0);
	EXPECT_LT(0, bxt_opinions("d", &o));
}

static void nothing(int signal)
{
}

TEST_F(waiting, explanation_ends_with_a_signal)
{
	static const struct itimerval often = {
		.it_value.tv_usec = 100000, .it_interval.tv_usec = 100000,
	};
	struct sigaction act = { .sa_handler = nothing };
	const struct bx_opinion *o;
	int ret;

	attach(0);
	takes(0, BX_OP_SELECT, ENDLESS);
	ASSERT_EQ(0, sigaction(SIGALRM, &act, NULL));
	ASSERT_EQ(0, setitimer(ITIMER_REAL, &often, NULL));
	ret = bxt_opinions("d", &o);
	ASSERT_EQ(0, setitimer(ITIMER_REAL, &(struct itimerval){}, NULL));
	EXPECT_EQ(-EINTR, ret);
	takes(0, 0, 0);
	EXPECT_LT(0, bxt_opinions("d", &o));
}

TEST_F(waiting, trial_ends_in_time)
{
	struct bx_trial_call call = { .op = BX_SF_EXEC, .len = sizeof(struct bx_sf_exec_arg) };
	const struct bx_opinion *o;
	struct bx_trial trial = {
		.ref = { "", "d" }, .change.nr_enter = 1,
		.dev = { .name = "s", .bus = "bx-sf", .vendor = 0xf055 },
	};

	trial.change.enter[0] = bxt_enter(stage(0, .calls = { EXEC }));
	takes(0, BX_OP_SELECT | BX_OP_CALL, ENDLESS);
	bxt_programs_may_take(LIMIT);
	EXPECT_EQ(-ETIMEDOUT, bxt_trial(&trial, &o));
	EXPECT_EQ(-ETIMEDOUT, bxt_trial_call(&trial, &call));
	bxt_programs_may_take(0);
	takes(0, 0, 0);
	EXPECT_LT(0, bxt_trial(&trial, &o));
	EXPECT_EQ(0, bxt_trial_call(&trial, &call));
}

BXT_MAIN("bxsim")
