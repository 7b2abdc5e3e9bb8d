// SPDX-License-Identifier: GPL-2.0-only
/*
 * Contracts are kept: registrations that bus_ext refuses, devices whose required
 * operations policies provide, and calls from an interrupt
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <kselftest_harness.h>
#include "../lib/bxtest.h"
#include "../modules/bx_check.h"

#define CHECK	"/sys/devices/bxcheck/"
#define PING	BX_WATCH(BX_CHECK_PING)

/* Masks of operations */
#define REQUIRED	((int)(BX_WATCH(BX_CHECK_PING) | BX_WATCH(BX_CHECK_MUST)))
#define PAIR	((int)(BX_WATCH(BX_CHECK_OPEN) | BX_WATCH(BX_CHECK_CLOSE)))
#define FAST	((int)BX_WATCH(BX_CHECK_FAST))

FIXTURE(contract) {
	int kmsg;
};

FIXTURE_SETUP(contract)
{
	ASSERT_EQ(0, bxt_clean());
	self->kmsg = bxt_kernel_log();
	ASSERT_LE(0, self->kmsg);
}

FIXTURE_TEARDOWN(contract)
{
	close(self->kmsg);
}

#define EXPECT_SAID(text)	EXPECT_TRUE(bxt_kernel_said(self->kmsg, text))

static int try(const char *attr, const char *fmt, ...)
{
	char path[80], line[128];
	va_list args;

	va_start(args, fmt);
	vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	snprintf(path, sizeof(path), CHECK "%s", attr);
	return bxt_write(path, line);
}

static int provider(int version, int ops)
{
	return try("provider", "%d %d 0", version, ops);
}

/* ---- the contract itself ---- */

TEST_F(contract, that_makes_sense_is_registered)
{
	EXPECT_EQ(0, try("contract", "6"));
}

TEST_F(contract, that_makes_none_is_refused_with_a_reason)
{
	static const char *const reasons[] = {
		"must have a name", "duplicate operation 'one'",
		"'two' is not paired mutually",
		"'one' hides more bytes", "must have a name, a version",
		"must have a name, a version and operations",
	};

	for (unsigned int i = 0; i < sizeof(reasons) / sizeof(*reasons); i++) {
		EXPECT_EQ(-EINVAL, try("contract", "%u", i));
		EXPECT_SAID(reasons[i]) TH_LOG("%u", i);
	}
}

TEST_F(contract, can_be_read)
{
	EXPECT_TRUE(bxt_contains("/sys/kernel/bus_ext/buses/bx-check/contract",
				 "check version 2\n"
				 "0 ping 8 8 required atomic struct bx_check_ping\n"
				 "1 open 0 0 optional sleeps with close\n"
				 "2 close 0 0 optional sleeps with open\n"
				 "3 fast 0 0 optional sleeps\n"
				 "4 must 0 0 required sleeps\n"));
}

TEST_F(contract, that_fills_several_pages_can_be_read)
{
	char buf[16384], *line, *rest = buf, expected[64];
	int lines = 0;

	ASSERT_EQ(0, bxt_read("/sys/kernel/bus_ext/buses/bx-many/contract",
			      buf, sizeof(buf)));
	EXPECT_STREQ("many version 1", strsep(&rest, "\n"));
	while ((line = strsep(&rest, "\n")) && *line) {
		snprintf(expected, sizeof(expected),
			 "%d op%d 0 0 optional sleeps", lines, lines);
		EXPECT_STREQ(expected, line);
		lines++;
	}
	EXPECT_EQ(64 * BX_CALL_WORDS, lines);
}

/* ---- providers ---- */

TEST_F(contract, provider_of_either_version)
{
	EXPECT_EQ(0, provider(1, REQUIRED));
	EXPECT_EQ(0, provider(1, REQUIRED | PAIR));
	EXPECT_EQ(0, provider(2, REQUIRED | PAIR | FAST));
}

TEST_F(contract, provider_that_lacks_what_is_required)
{
	EXPECT_EQ(-EINVAL, provider(1, PAIR));
	EXPECT_SAID("lacks 'ping', which contract check requires");
	EXPECT_EQ(-EINVAL, provider(2, 1 << BX_CHECK_PING));
	EXPECT_SAID("lacks 'must', which contract check requires");
}

TEST_F(contract, provider_with_half_a_pair)
{
	EXPECT_EQ(-EINVAL, provider(1, REQUIRED | 1 << BX_CHECK_OPEN));
	EXPECT_SAID("has 'open' but lacks 'close'");
	EXPECT_EQ(-EINVAL, provider(1, REQUIRED | 1 << BX_CHECK_CLOSE));
	EXPECT_SAID("has 'close' but lacks 'open'");
}

TEST_F(contract, provider_of_another_world)
{
	EXPECT_EQ(-EPROTONOSUPPORT, provider(3, REQUIRED));
	EXPECT_SAID("implements version 3 of contract check; expected 1 to 2");
	EXPECT_EQ(-EINVAL, provider(0, REQUIRED));
}

TEST_F(contract, what_is_refused_leaves_nothing)
{
	EXPECT_EQ(-EINVAL, provider(1, PAIR));
	EXPECT_NE(0, access("/sys/bus/bx-check/devices/spec", F_OK));
	EXPECT_EQ(0, provider(1, REQUIRED));
}

/* ---- drivers ---- */

TEST_F(contract, driver_waits_for_a_policy_with_the_required_operations)
{
	ASSERT_EQ(0, try("provider", "1 %d 1", 1 << BX_CHECK_PING));
	EXPECT_EQ(-ENODEV, try("driver", "1"));
	EXPECT_SAID("neither the provider nor a policy has 'must'");
	attach(0, .bus = "bx-check", .ops = BX_OP_CALL,
	       .calls = { BX_WATCH(BX_CHECK_MUST) });
	EXPECT_EQ(0, try("driver", "1"));
}

/* ---- atomic context ---- */

static const char *ping(int value)
{
	static char buf[64];
	int err = try("ping", "%d", value) ?:
		  bxt_read(CHECK "ping", buf, sizeof(buf));

	buf[strcspn(buf, "\n")] = '\0';
	return err ? strerror(-err) : buf;
}

TEST_F(contract, call_from_an_interrupt)
{
	EXPECT_STREQ("0 42", ping(41));
}

TEST_F(contract, watched_call_from_an_interrupt)
{
	attach(0, .bus = "bx-check", .ops = BX_OP_CALL | BX_OP_COMPLETE,
	       .calls = { PING });
	bxt_script(0)->call = -EACCES;
	EXPECT_STREQ("-13 41", ping(41));
	bxt_script(0)->call = BX_CALL_PASS;
	EXPECT_STREQ("0 42", ping(41));
	EXPECT_EQ(2, bxt_script(0)->calls);
	EXPECT_EQ(1, bxt_script(0)->completes);
}

TEST_F(contract, ejection_from_an_interrupt)
{
	attach(0, .bus = "bx-check", .ops = BX_OP_CALL, .calls = { PING });
	bxt_script(0)->call = 99;
	EXPECT_STREQ("0 42", ping(41));
	settle();
	EXPECT_EJECTED("p0");
}

TEST_F(contract, shadow_in_an_interrupt)
{
	attach(0, .bus = "bx-check", .ops = BX_OP_CALL, .calls = { PING },
	       .flags = BX_F_SHADOW);
	bxt_script(0)->call = -EACCES;
	EXPECT_STREQ("0 42", ping(41));
	EXPECT_EQ(1, policy("p0").diverged);
}

/* The hidden part is checked by the provider: -EBADMSG if it was changed. */
TEST_F(contract, hidden_bytes_are_not_shown)
{
	attach(0, .bus = "bx-check", .ops = BX_OP_CALL, .calls = { PING });
	EXPECT_STREQ("0 42", ping(41));
	EXPECT_EQ(8, bxt_script(0)->call_len);
	EXPECT_EQ(41, (__u32)bxt_script(0)->call_first);
}

/* ---- tracing ---- */

#define TRACE	"/sys/kernel/tracing/"

#define clear_trace() do { \
	int fd_ = open(TRACE "trace", O_WRONLY | O_TRUNC); \
	\
	ASSERT_LE(0, fd_); \
	close(fd_); \
} while (0)

TEST_F(contract, unwatched_calls_are_traced_on_demand)
{
	clear_trace();
	EXPECT_STREQ("0 42", ping(41));
	EXPECT_FALSE(bxt_contains(TRACE "trace", "bx_call"));
	ASSERT_EQ(0, bxt_write(TRACE "events/bus_ext/bx_call/enable", "1"));
	EXPECT_STREQ("0 42", ping(41));
	ASSERT_EQ(0, bxt_write(TRACE "events/bus_ext/bx_call/enable", "0"));
	EXPECT_TRUE(bxt_contains(TRACE "trace", "bx_call: bus=bx-check "
				 "device=check0 op=ping policy= verdict=pass ret=0"));
	clear_trace();
	EXPECT_STREQ("0 42", ping(41));
	EXPECT_FALSE(bxt_contains(TRACE "trace", "bx_call"));
}

int main(int argc, char **argv)
{
	int ret;

	if (bxt_start("bxcheck"))
		return KSFT_FAIL;
	ret = test_harness_run(argc, argv);
	/* until BPF has released bus_ext, only this exists */
	if (bxt_unload_soon("bxcheck"))
		return KSFT_FAIL;
	return bxt_finish() ? KSFT_FAIL : ret;
}
