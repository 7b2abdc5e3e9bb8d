/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Operations on simulated devices and policies whose allocations fail, see sweep.h
 *
 * For TEST_F bodies, after <kselftest_harness.h>.
 */
#ifndef _FAULTS_H
#define _FAULTS_H

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "bxtest.h"
#include "sweep.h"

#define ID		"f055:1"

static int references[2];	/* to bus_ext and bx_sf, between the tests */
static int ejected;		/* before the test */

static inline int nothing(void)
{
	return 0;
}

static inline bool always(void)
{
	return true;
}

static inline bool exists(const char *path)
{
	return !access(path, F_OK);
}

/* A device that lacked memory for its binding is bound on request. */
static inline bool is_bound(const char *device, const char *driver)
{
	if (strcmp(bxt_bound_on("bx-sf", device), driver))
		bxt_reelect("bx-sf");
	return !strcmp(bxt_bound_on("bx-sf", device), driver);
}

static inline bool has_references(void *arg)
{
	return bxt_refcnt("bus_ext") == references[0] &&
	       bxt_refcnt("bx_sf") == references[1];
}

FIXTURE(sim) {
};

FIXTURE_SETUP(sim)
{
	ASSERT_EQ(0, failslab_spare("bus_register"));
	ASSERT_EQ(0, bxt_clean());
	ejected = bxt_nr_ejected();
}

/* Runs in the parent: the test's process and its BPF objects are gone then. */
FIXTURE_TEARDOWN_PARENT(sim)
{
	EXPECT_EQ(0, bxt_clean());
	EXPECT_TRUE(bxt_becomes(has_references, NULL));
}

static inline int create(void)
{
	return bxt_sim("create", "d " ID);
}

static inline int destroy_it(void)
{
	int err = bxt_sim("destroy", "d");

	return err ?: bxt_settle();
}

static inline bool device_done(void)
{
	return bxt_contains("/sys/devices/bxsim/devices", "d ") &&
	       exists("/sys/bus/bx-sf/devices/d/guid") &&
	       is_bound("d", "a") && bxt_bound_devices("a") == 1;
}

static inline bool device_undone(void)
{
	return !bxt_contains("/sys/devices/bxsim/devices", "d ") &&
	       !exists("/sys/bus/bx-sf/devices/d") &&
	       !exists("/sys/devices/bxsim/d") && !bxt_bound_devices("a");
}

static int policy_link;
static int others;	/* attached beside it */

static inline bool has_policies(int n)
{
	char text[16];

	snprintf(text, sizeof(text), "%d\n", n);
	return bxt_contains("/sys/kernel/bus_ext/nr_policies", text);
}

/* A policy that stays: detaching the last one would need no memory. */
#define attach_another(...) do { \
	attach(2, __VA_ARGS__); \
	others = 1; \
} while (0)

static inline int attach_policy(void)
{
	policy_link = bxt_attach(0, &(struct bxt_spec){ .version = 1 });
	return policy_link < 0 ? policy_link : 0;
}

static inline int detach_only(void)
{
	return bxt_detach(policy_link);
}

static inline int close_policy(void)
{
	close(policy_link);
	return bxt_settle();
}

static inline int detach_policy(void)
{
	int err = detach_only();

	return close_policy() ?: err;
}

static inline bool policy_done(void)
{
	struct bx_policy_rec rec;

	return !bxt_policy("p0", &rec) && is_bound("d", "a") &&
	       bxt_contains("/sys/kernel/bus_ext/policies/p0/vendor",
			    "0xffffffff") &&
	       has_policies(others + 1);
}

static inline bool policy_undone(void)
{
	struct bx_policy_rec rec;

	return bxt_policy("p0", &rec) == -ENOENT &&
	       !exists("/sys/kernel/bus_ext/policies/p0") &&
	       has_policies(others);
}

static inline int start(void)
{
	int err;

	bxt_slots(3);
	err = failslab_setup() ?: bxt_start("bxsim");
	if (err)
		return bxt_complain("prepare", err);
	references[0] = bxt_refcnt("bus_ext");
	references[1] = bxt_refcnt("bx_sf");
	return 0;
}

#define FAULTS_MAIN \
int main(int argc, char **argv) \
{ \
	int ret; \
	 \
	if (!failslab_exists()) { \
		puts("1..0 # SKIP no failslab with a stack filter"); \
		return KSFT_PASS; \
	} \
	if (start()) \
		return KSFT_FAIL; \
	ret = test_harness_run(argc, argv); \
	return bxt_finish() ? KSFT_FAIL : ret; \
}

#endif /* _FAULTS_H */
