// SPDX-License-Identifier: GPL-2.0-only
/*
 * Without memory no policy can be asked about a driver that is being bound to a device on
 * an adopted bus: then it is refused, if a policy is in scope
 *
 * Needs a kernel with failslab and its stack filter ('make test-debug').
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <kselftest_harness.h>
#include "../lib/anybus.h"
#include "../lib/bxtest.h"
#include "../lib/sweep.h"

#define MISSING	"no policy decides on the device before the next re-election"
#define UNASKED	"driver 'a' is refused: there is no memory to ask the policies about it"

FIXTURE(any) {
};

FIXTURE_SETUP(any)
{
	if (!failslab_exists())
		SKIP(return, "this kernel has no failslab with a stack filter");
	ASSERT_EQ(0, bxt_clean());
	ASSERT_EQ(0, any_reset());
}

FIXTURE_TEARDOWN(any)
{
	failslab_all(false);
	bxt_write("/sys/bus/" BUS "/drivers_autoprobe", "1");
	any("devices", "0");
}

static int add_device(void)
{
	return any("devices", "1");
}

static int remove_device(void)
{
	return any("devices", "0");
}

static bool has_device(void)
{
	return !access("/sys/bus/" BUS "/devices/" DEV, F_OK);
}

static bool is_refused(void)
{
	return has_device() && !*bxt_bound_on(BUS, DEV) && !probes_of("a");
}

static bool has_no_device(void)
{
	return !has_device();
}

TEST_F(any, refused_device_is_not_probed_whichever_allocation_fails)
{
	bxt_script(0)->select = BX_REFUSE;
	attach_any(0);
	registers("a");
	sweep((&(struct step){ .run = add_device, .done = is_refused,
			       .undone = has_no_device, .undo = remove_device }),
	      OURS);
}

TEST_F(any, vetoed_driver_is_not_probed_whichever_allocation_fails)
{
	judges(0, 0, "a", BX_VETO);
	attach_any(0, .ops = BX_OP_MATCH);
	registers("a");
	sweep((&(struct step){ .run = add_device, .done = is_refused,
			       .undone = has_no_device, .undo = remove_device }),
	      OURS);
}

/* The device has no entry after one of its allocations has failed; false if none did. */
static bool add_without_entry(struct __test_metadata *_metadata)
{
	bool missing = false, hit = true;
	int log = bxt_kernel_log();

	for (int nth = 1; hit && !missing; nth++) {
		ASSERT_EQ(0, remove_device());
		ASSERT_EQ(0, failslab_arm(OURS, nth));
		add_device();
		hit = failslab_disarm();
		missing = hit && bxt_kernel_said(log, MISSING);
	}
	close(log);
	return missing;
}

TEST_F(any, device_without_an_entry_gets_no_driver)
{
	int log, err;

	registers("a");
	attach_any(0);
	/* with memory, a probe would add the entry */
	ASSERT_EQ(0, bxt_write("/sys/bus/" BUS "/drivers_autoprobe", "0"));
	ASSERT_TRUE(add_without_entry(_metadata));
	log = bxt_kernel_log();
	ASSERT_EQ(0, failslab_all(true));
	err = driver_file("a", "bind", DEV);
	ASSERT_EQ(0, failslab_all(false));
	EXPECT_EQ(-ENODEV, err);
	EXPECT_PROBES("a", 0);
	EXPECT_EQ(0, any_number("foreign"));
	EXPECT_TRUE(bxt_kernel_said(log, UNASKED));
	close(log);
	/* the policy has no objection */
	EXPECT_EQ(0, driver_file("a", "bind", DEV));
	EXPECT_ON(DEV, "a");
}

TEST_F(any, device_is_bound_without_memory_if_no_policy_is_attached)
{
	int link = attach_any(0), err;

	detach(link);
	devices(1);
	registers("a");
	ASSERT_EQ(0, driver_file("a", "unbind", DEV));
	ASSERT_EQ(0, failslab_all(true));
	err = driver_file("a", "bind", DEV);
	ASSERT_EQ(0, failslab_all(false));
	EXPECT_EQ(0, err);
	EXPECT_ON(DEV, "a");
}

int main(int argc, char **argv)
{
	int ret;

	if (bxt_start("bus_ext") || (failslab_exists() && failslab_setup()))
		return KSFT_FAIL;
	ret = test_harness_run(argc, argv);
	return bxt_finish() || bxt_unload("bxany") ? KSFT_FAIL : ret;
}
