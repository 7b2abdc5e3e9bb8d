// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests and queued work: blocked work delays no other, and a result that no
 * client reads keeps nothing; and records of iterators
 *
 * A driver's probe blocks until something is written to bxsim's "release".
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <bpf/bpf.h>
#include <kselftest_harness.h>
#include "../lib/bxtest.h"
#include "selftests/bpf/kept.skel.h"

#define ID		"f055:1"
#define VENDOR		0xf055
#define OTHER_ID	"abc:1"
#define OTHER_VENDOR	0xabc
#define IN_USE		70	/* more than the requests of another kind that may wait */
#define MAX_PENDING	64	/* of these */
#define MAX_RESULTS	256
#define BLOCKS		"delay=60000"

FIXTURE(requests) {
	int unused;
};

FIXTURE_SETUP(requests)
{
	ASSERT_EQ(0, bxt_clean());
}

/* A probe may read its delay before this, and wait after it: as often as it takes. */
static int let_go(void)
{
	int err = bxt_sim("driver_set", "slow delay=0");

	return err ?: bxt_sim("release", "1");
}

static bool has_ended(void *arg)
{
	return bxt_result(*(__u64 *)arg) != -EINPROGRESS && !let_go();
}

static int result_of(__u64 ticket)
{
	let_go();
	return bxt_becomes(has_ended, &ticket) ? bxt_result(ticket) :
		-EINPROGRESS;
}

FIXTURE_TEARDOWN(requests)
{
	if (bxt_contains("/sys/devices/bxsim/drivers", "slow "))
		EXPECT_EQ(0, result_of(bxt_begin_settle()));
}

/* ---- rebinds ---- */

TEST_F(requests, blocked_rebinds_hold_up_nothing_else)
{
	struct bx_commit commit = { .nr_enter = 1 };
	__s64 tickets[IN_USE];
	char name[16];
	__u64 staged;
	int link;

	driver("fast", "ids=f055:*,abc:*");
	driver("slow", BLOCKS);
	driver("next", "");
	device("other", OTHER_ID);
	for (int i = 0; i < IN_USE; i++)
		ASSERT_EQ(0, bxt_sim("create", "d%d %s", i, ID));
	selects(0, "slow");
	link = attach(0, .vendor = VENDOR);
	for (int i = 0; i < IN_USE; i++) {
		snprintf(name, sizeof(name), "d%d", i);
		tickets[i] = bxt_begin_rebind(name);
		ASSERT_LT(0, tickets[i]);
	}
	ASSERT_TRUE(bxt_becomes_probed("slow", IN_USE));
	EXPECT_EQ(-EINPROGRESS, bxt_result(tickets[0]));

	settle();
	staged = stage(1, .vendor = OTHER_VENDOR);
	commit.enter[0] = bxt_enter(staged);
	EXPECT_EQ(0, bxt_commit(&commit));
	EXPECT_STAGE(BX_STAGE_ACTIVE, staged);

	bxt_script(2)->select = 99;
	attach(2, .vendor = OTHER_VENDOR, .priority = 1);
	device("x", OTHER_ID);
	settle();
	EXPECT_EJECTED("p2");

	selects(1, "next");
	EXPECT_EQ(1, bxt_rebind("other"));
	EXPECT_BOUND("other", "next");
	EXPECT_EQ(0, bxt_reelect("bx-sf"));
	detach(link);

	EXPECT_EQ(-EINPROGRESS, bxt_result(tickets[IN_USE - 1]));
	for (int i = 0; i < IN_USE; i++)
		EXPECT_EQ(1, result_of(tickets[i]));
}

TEST_F(requests, rebinds_of_one_device_share_one_that_waits)
{
	__s64 first, second;

	driver("fast", "ids=*:*");
	driver("slow", BLOCKS);
	device("d", ID);
	device("other", OTHER_ID);
	selects(0, "slow");
	attach(0, .vendor = VENDOR);
	first = bxt_begin_rebind("d");
	ASSERT_LT(0, first);
	ASSERT_TRUE(bxt_becomes_probed("slow", 1));
	second = bxt_begin_rebind("d");
	EXPECT_LT(first, second);
	for (int i = 0; i < 2 * MAX_PENDING; i++)
		EXPECT_EQ(second, bxt_begin_rebind("d"));
	EXPECT_EQ(0, bxt_rebind("other"));
	EXPECT_EQ(1, result_of(first));
	/* it has seen what the first did */
	EXPECT_EQ(0, result_of(second));
	EXPECT_EQ(1, bxt_probes("slow"));
	/* the next one is a new one */
	EXPECT_LT(second, bxt_begin_rebind("d"));
}

/* The second rebind follows the change, though the first began before it. */
TEST_F(requests, rebind_during_another_sees_later_changes)
{
	__s64 first, second;
	int link;

	driver("fast", "ids=*:*");
	driver("slow", BLOCKS);
	device("d", ID);
	selects(0, "slow");
	link = attach(0);
	first = bxt_begin_rebind("d");
	ASSERT_LT(0, first);
	ASSERT_TRUE(bxt_becomes_probed("slow", 1));
	detach(link);
	second = bxt_begin_rebind("d");
	EXPECT_EQ(1, result_of(first));
	EXPECT_EQ(1, result_of(second));
	EXPECT_BOUND("d", "fast");
}

/* ---- results ---- */

TEST_F(requests, result_can_be_read_again_and_keeps_no_device)
{
	__s64 ticket;
	int link;

	driver("a", "ids=*:*");
	driver("b", "");
	device("d", ID);
	selects(0, "b");
	link = attach(0);
	ticket = bxt_begin_rebind("d");
	ASSERT_LT(0, ticket);
	EXPECT_EQ(1, bxt_await(ticket));
	detach(link);
	ASSERT_EQ(0, bxt_unload("bxsim"));
	EXPECT_EQ(0, bxt_unload_soon("bx_sf"));
	EXPECT_EQ(1, bxt_await(ticket));
	ASSERT_EQ(0, bxt_load("bxsim"));
}

TEST_F(requests, only_the_oldest_results_are_dropped)
{
	__s64 first, last = 0;

	driver("a", "ids=*:*");
	device("d", ID);
	first = bxt_begin_rebind("d");
	ASSERT_LT(0, first);
	for (int i = 0; i < MAX_RESULTS; i++) {
		EXPECT_EQ(0, bxt_await(last ?: first));
		last = bxt_begin_rebind("d");
		ASSERT_LT(0, last);
	}
	EXPECT_EQ(0, bxt_await(last));
	EXPECT_EQ(-ESTALE, bxt_result(first));
	EXPECT_EQ(0, bxt_result(first + 1));
	EXPECT_EQ(-ESTALE, bxt_result(last + 1));
	EXPECT_EQ(-ESTALE, bxt_result(0));
}

/* ---- records ---- */

TEST_F(requests, record_is_valid_until_the_program_returns)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts);
	struct kept *kept = kept__open_and_load();

	ASSERT_NE(NULL, kept);
	driver("a", "ids=f055:*");
	driver("b", "ids=abc:*");
	device("d", ID);
	device("e", OTHER_ID);
	strcpy(kept->bss->refs[0].name, "d");
	strcpy(kept->bss->refs[1].name, "e");
	for (int i = 0; i < 32; i++) {
		ASSERT_EQ(0, bpf_prog_test_run_opts(bpf_program__fd(kept->progs.keep),
						    &opts));
		EXPECT_EQ(0, kept->bss->err);
		EXPECT_STREQ("a", kept->bss->driver);
		EXPECT_STREQ("a", kept->bss->driver_again);
	}
	kept__destroy(kept);
}

/* ---- re-elections ---- */

static bool is_ejected(void *arg)
{
	return bxt_policy(arg, &(struct bx_policy_rec){}) == -ENOENT;
}

static bool is_asked(void *arg)
{
	struct bx_policy_rec rec;

	return !bxt_policy(arg, &rec) && rec.asked;
}

/* A re-election of unbound devices blocks in the probe of the first. */
static int block_bus(void)
{
	int err = bxt_sim("create", "d " ID);
	int link;

	err = err ?: bxt_sim("driver_add", "slow " BLOCKS);
	if (err)
		return err;
	selects(0, "slow");
	link = bxt_attach(0, &(struct bxt_spec){ .vendor = VENDOR });
	if (link < 0)
		return link;
	return bxt_becomes_probed("slow", 1) ? 0 : -ETIMEDOUT;
}

TEST_F(requests, blocked_probe_holds_up_no_ejection)
{
	ASSERT_EQ(0, block_bus());
	bxt_script(1)->select = 99;
	ASSERT_LE(0, attach_errno(1, .vendor = OTHER_VENDOR));
	device("x", OTHER_ID);
	EXPECT_TRUE(bxt_becomes(is_ejected, "p1"));
}

TEST_F(requests, blocked_probe_holds_up_no_other_bus)
{
	ASSERT_EQ(0, block_bus());
	ASSERT_LE(0, attach_errno(1, .bus = "platform", .flags = BX_F_SHADOW));
	EXPECT_TRUE(bxt_becomes(is_asked, "p1"));
}

TEST_F(requests, blocked_probe_holds_up_no_load_for_a_rebind)
{
	if (bxt_load(MACHINE_MODULE))
		SKIP(return, NO_MACHINE_MODULE);
	ASSERT_EQ(0, bxt_unload_soon(MACHINE_MODULE));
	ASSERT_EQ(0, block_bus());
	strcpy(bxt_script(1)->device, MACHINE_DEV);
	ASSERT_LE(0, attach_errno(1, .bus = "platform"));
	EXPECT_TRUE(bxt_becomes(is_asked, "p1"));
	selects(1, MACHINE_DEV);
	/* 0 if the re-election of the bus was not done before the script changed */
	EXPECT_LE(0, bxt_rebind(MACHINE_DEV));
	EXPECT_STREQ(MACHINE_DEV, bxt_bound_on("platform", MACHINE_DEV));
	ASSERT_EQ(0, bxt_unload_soon(MACHINE_MODULE));
}

TEST_F(requests, waits_for_a_blocked_probe_take_no_room_from_others)
{
	struct bx_commit commit = { .nr_enter = 1 };
	__s64 ticket = 0;

	ASSERT_EQ(0, block_bus());
	device("x", OTHER_ID);
	for (int i = 0; i < MAX_PENDING; i++) {
		ticket = bxt_begin_settle();
		ASSERT_LT(0, ticket);
	}
	EXPECT_EQ(-EBUSY, bxt_begin_settle());
	ASSERT_LE(0, attach_errno(1, .flags = BX_F_STAGED,
				  .vendor = OTHER_VENDOR));
	commit.enter[0] = bxt_enter(bxt_newest("p1"));
	EXPECT_EQ(0, bxt_commit(&commit));
	EXPECT_EQ(0, bxt_rebind("x"));
	EXPECT_EQ(0, result_of(ticket));
}

/* ---- devices that are removed and still used ---- */

TEST_F(requests, removed_device_that_is_held_keeps_its_bus)
{
	int before = bxt_refcnt("bx_sf");

	device("d", ID);
	ASSERT_EQ(0, bxt_sim("hold", "d"));
	EXPECT_EQ(before, bxt_refcnt("bx_sf"));
	destroy("d");
	EXPECT_EQ(before + 1, bxt_refcnt("bx_sf"));
	ASSERT_EQ(0, bxt_sim("hold", "-"));
	EXPECT_EQ(before, bxt_refcnt("bx_sf"));
}

int main(int argc, char **argv)
{
	int ret;

	bxt_slots(3);
	if (bxt_start("bxsim"))
		return KSFT_FAIL;
	ret = test_harness_run(argc, argv);
	return bxt_finish() ? KSFT_FAIL : ret;
}
