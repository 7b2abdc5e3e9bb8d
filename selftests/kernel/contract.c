// SPDX-License-Identifier: GPL-2.0-only
/*
 * Contracts are kept: registrations that bus_ext refuses, versions and features
 * that a driver and a device agree upon, and calls from an interrupt
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
#define V1	((int)BX_WATCH(BX_CHECK_PING))
#define PAIR	((int)(BX_WATCH(BX_CHECK_OPEN) | BX_WATCH(BX_CHECK_CLOSE)))
#define FAST	((int)BX_WATCH(BX_CHECK_FAST))
#define V2	(V1 | (int)BX_WATCH(BX_CHECK_MUST))

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

static int provider(int version, int features, int ops)
{
	return try("provider", "%d %d %d 0", version, features, ops);
}

/* For the device of the last provider. */
static int asks(int version, int min, int features, int needs_features,
		int needs)
{
	return try("driver", "%d %d %d %d %d", version, min, features,
		   needs_features, needs);
}

static const char *agreed(void)
{
	static char buf[64];

	bxt_read(CHECK "agreed", buf, sizeof(buf));
	buf[strcspn(buf, "\n")] = '\0';
	return buf;
}

/* ---- the contract itself ---- */

TEST_F(contract, that_makes_sense_is_registered)
{
	EXPECT_EQ(0, try("contract", "7"));
}

TEST_F(contract, that_makes_none_is_refused_with_a_reason)
{
	static const char *const reasons[] = {
		"must have a name", "duplicate operation 'one'",
		"'two' is since version 2, contract has version 1",
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
				 "check version 2 features 0x7\n"
				 "0 ping 1 8 8 required atomic struct bx_check_ping\n"
				 "1 open 1 0 0 optional sleeps with close\n"
				 "2 close 1 0 0 optional sleeps with open\n"
				 "3 fast 2 0 0 optional sleeps\n"
				 "4 must 2 0 0 required sleeps\n"));
}

/* ---- providers ---- */

TEST_F(contract, provider_of_either_version)
{
	EXPECT_EQ(0, provider(1, 0, V1));
	EXPECT_EQ(0, provider(1, 7, V1 | PAIR));
	EXPECT_EQ(0, provider(2, 0, V2));
	EXPECT_EQ(0, provider(2, 0, V2 | PAIR | FAST));
}

TEST_F(contract, provider_that_lacks_what_is_required)
{
	EXPECT_EQ(-EINVAL, provider(1, 0, PAIR));
	EXPECT_SAID("lacks 'ping', which version 1 of contract check requires");
	EXPECT_EQ(-EINVAL, provider(2, 0, V1));
	EXPECT_SAID("lacks 'must', which version 2 of contract check requires");
}

TEST_F(contract, provider_with_half_a_pair)
{
	EXPECT_EQ(-EINVAL, provider(1, 0, V1 | 1 << BX_CHECK_OPEN));
	EXPECT_SAID("has 'open' but lacks 'close'");
	EXPECT_EQ(-EINVAL, provider(1, 0, V1 | 1 << BX_CHECK_CLOSE));
	EXPECT_SAID("has 'close' but lacks 'open'");
}

TEST_F(contract, provider_that_is_ahead_of_its_version)
{
	EXPECT_EQ(-EINVAL, provider(1, 0, V1 | FAST));
	EXPECT_SAID("has 'fast', which is since version 2");
}

TEST_F(contract, provider_of_another_world)
{
	EXPECT_EQ(-EPROTONOSUPPORT, provider(3, 0, V2));
	EXPECT_SAID("implements version 3 of contract check; expected 1 to 2");
	EXPECT_EQ(-EINVAL, provider(0, 0, V1));
	EXPECT_EQ(-EINVAL, provider(1, 8, V1));
	EXPECT_SAID("features (0x8) that contract check does not have");
}

TEST_F(contract, what_is_refused_leaves_nothing)
{
	EXPECT_EQ(-EINVAL, provider(1, 0, PAIR));
	EXPECT_NE(0, access("/sys/bus/bx-check/devices/spec", F_OK));
	EXPECT_EQ(0, provider(1, 0, V1));
}

/* ---- drivers ---- */

TEST_F(contract, driver_asks_for_a_newer_version)
{
	ASSERT_EQ(0, provider(2, 0, V2));
	EXPECT_EQ(-EPROTONOSUPPORT, asks(3, 3, 0, 0, 0));
	EXPECT_SAID("driver asks needs version 3 of contract check; this kernel has 2");
	/* a driver may know of an operation that it does not need */
	EXPECT_EQ(0, asks(3, 1, 0, 0, 0));
	EXPECT_STREQ("2 0x0", agreed());
}

TEST_F(contract, driver_asks_for_what_is_unknown)
{
	ASSERT_EQ(0, provider(2, 7, V2));
	EXPECT_EQ(-EOPNOTSUPP, asks(2, 1, 8, 8, 0));
	EXPECT_SAID("needs features 0x8");
	EXPECT_EQ(-EOPNOTSUPP, asks(2, 1, 0, 0, 1 << BX_CHECK_NR_OPS));
	EXPECT_SAID("needs operation 5; contract check has 5");
	/* it cannot need an operation that it does not know */
	EXPECT_EQ(-EOPNOTSUPP, asks(2, 1, 1, 2, 0));
	EXPECT_EQ(-EINVAL, asks(1, 2, 0, 0, 0));
}

TEST_F(contract, the_lower_version_is_agreed_upon)
{
	ASSERT_EQ(0, provider(1, 0, V1));
	EXPECT_EQ(0, asks(2, 1, 0, 0, 0));
	EXPECT_STREQ("1 0x0", agreed());
	ASSERT_EQ(0, provider(2, 0, V2));
	EXPECT_EQ(0, asks(1, 1, 0, 0, 0));
	EXPECT_STREQ("1 0x0", agreed());
	EXPECT_EQ(0, asks(2, 2, 0, 0, 0));
	EXPECT_STREQ("2 0x0", agreed());
}

TEST_F(contract, provider_that_is_too_old)
{
	ASSERT_EQ(0, provider(1, 0, V1));
	EXPECT_EQ(-ENODEV, asks(2, 2, 0, 0, 0));
	EXPECT_SAID("needs version 2 of contract check, the provider has 1");
}

TEST_F(contract, features_of_both_are_agreed_upon)
{
	ASSERT_EQ(0, provider(1, 3, V1));
	EXPECT_EQ(0, asks(1, 1, 6, 2, 0));
	EXPECT_STREQ("1 0x2", agreed());
	EXPECT_EQ(-ENODEV, asks(1, 1, 6, 4, 0));
	EXPECT_SAID("needs features 0x4 of contract check, which the provider does not offer");
}

TEST_F(contract, optional_operation_that_is_needed)
{
	ASSERT_EQ(0, provider(1, 0, V1));
	EXPECT_EQ(-ENODEV, asks(1, 1, 0, 0, PAIR));
	EXPECT_SAID("needs 'open', which neither the provider nor a policy has");
	ASSERT_EQ(0, provider(1, 0, V1 | PAIR));
	EXPECT_EQ(0, asks(1, 1, 0, 0, PAIR));
}

TEST_F(contract, a_policy_may_have_the_operation_that_is_needed)
{
	ASSERT_EQ(0, provider(1, 0, V1));
	attach(0, .bus = "bx-check", .ops = BX_OP_CALL,
	       .calls = { BX_WATCH(BX_CHECK_OPEN) | BX_WATCH(BX_CHECK_CLOSE) });
	EXPECT_EQ(0, asks(1, 1, 0, 0, PAIR));
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

TEST_F(contract, program_that_may_sleep_cannot_watch_an_atomic_operation)
{
	EXPECT_EQ(-EINVAL, attach_errno(SCRIPT_SLEEPABLE, .bus = "bx-check",
					.ops = BX_OP_CALL, .calls = { PING }));
	EXPECT_TRUE(bxt_contains("/sys/kernel/bus_ext/refused",
				 "operation 'ping' is atomic"));
	EXPECT_LE(0, attach_errno(SCRIPT_SLEEPABLE, .bus = "bx-check",
				  .ops = BX_OP_CALL,
				  .calls = { BX_WATCH(BX_CHECK_OPEN) }));
}

/* ---- tracing ---- */

#define TRACE	"/sys/kernel/tracing/"

#define clear_trace() do { \
	int fd_ = open(TRACE "trace", O_WRONLY | O_TRUNC); \
	\
	ASSERT_LE(0, fd_); \
	close(fd_); \
} while (0)

TEST_F(contract, calls_that_nobody_watches_are_traced_on_demand)
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
