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
	any("devices", "0");
	if (bxt_loaded("bxpair"))
		EXPECT_EQ(0, bxt_unload_soon("bxpair"));
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

/* ---- composite devices ---- */

#define PAIR	"/sys/bus/bx-composite/devices/pair.0"

static int add_right(void)
{
	return any("devices", "2");
}

static int remove_right(void)
{
	return any("devices", "1");
}

/* A device that lacked memory for its entry is asked with the next re-election. */
static bool pair_is_bound(void *unused)
{
	if (bxt_contains(PAIR "/state", "bound"))
		return true;
	bxt_reelect(BUS);
	return false;
}

static bool pair_is_done(void)
{
	return bxt_becomes(pair_is_bound, NULL);
}

static bool pair_is_undone(void)
{
	return access("/sys/bus/" BUS "/devices/any1", F_OK) &&
	       !bxt_contains(PAIR "/state", "bound");
}

static void name_pair(void)
{
	static const char *const names[] = { "pair.0/left", "pair.0/right" };

	for (int i = 0; i < 2; i++) {
		struct script_part *part = &bxt_script(0)->part[i];

		snprintf(part->device, sizeof(part->device), "any%d", i);
		strcpy(part->name, names[i]);
	}
	bxt_script(0)->select = BX_REFUSE;
}

/* With the work items of both modules, which bind the driver */
static int add_right_and_wait(void)
{
	int err = add_right();

	return err ?: pair_is_done() ? 0 : -ETIMEDOUT;
}

TEST_F(any, composite_device_is_bound_whichever_allocation_fails)
{
	ASSERT_EQ(0, bxt_load("bxpair"));
	name_pair();
	attach_any(0, .ops = BX_OP_SELECT | BX_OP_PART);
	devices(1);
	sweep((&(struct step){ .run = add_right, .done = pair_is_done,
			       .undone = pair_is_undone, .undo = remove_right }),
	      OURS);
	sweep((&(struct step){ .run = add_right_and_wait, .done = pair_is_done,
			       .undone = pair_is_undone, .undo = remove_right }),
	      WORKERS);
}

TEST_F(any, composite_device_is_added_whichever_allocation_fails)
{
	ASSERT_EQ(0, bxt_load("bxpair"));
	name_pair();
	attach_any(0, .ops = BX_OP_SELECT | BX_OP_PART);
	sweep((&(struct step){ .run = add_right_and_wait, .done = pair_is_done,
			       .undone = pair_is_undone, .undo = remove_device }),
	      WORKERS);
}

int main(int argc, char **argv)
{
	int ret;

	if (bxt_start("bus_ext") || (failslab_exists() && failslab_setup()))
		return KSFT_FAIL;
	ret = test_harness_run(argc, argv);
	return bxt_finish() || bxt_unload("bxany") ? KSFT_FAIL : ret;
}
