// SPDX-License-Identifier: GPL-2.0-only
/*
 * Each allocation inside of bus_ext fails in turn, while devices and drivers
 * come and go, while questions are answered, and on an adopted bus: see lib/sweep.h
 *
 * The runner checks for leaks and for complaints of the kernel.  Loading and
 * unloading of the modules is in modfaults.c.
 *
 * Needs a kernel with failslab and its stack filter ('make test-debug').
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <kselftest_harness.h>
#include <linux/bx_sf.h>
#include "../lib/faults.h"

/* ---- devices and drivers ---- */

TEST_F(sim, a_device_is_created_or_not)
{
	driver("a", "ids=*:*");
	sweep((&(struct step){ .run = create, .done = device_done,
			       .undone = device_undone, .undo = destroy_it }),
	      OURS);
}

TEST_F(sim, a_device_is_created_or_not_under_a_policy)
{
	driver("b", "ids=*:*");
	driver("a", "");
	selects(0, "a");
	judges(1, 0, "a", 10);
	attach(0);
	attach(1);
	sweep((&(struct step){ .run = create, .done = device_done,
			       .undone = device_undone, .undo = destroy_it }),
	      OURS);
	EXPECT_EQ(ejected, bxt_nr_ejected());
}

static int destroy_only(void)
{
	return bxt_sim("destroy", "d");
}

/* bxsim may lack the memory to read its commands; after that nothing may fail. */
TEST_F(sim, a_device_is_destroyed_or_stays)
{
	driver("a", "ids=*:*");
	attach(0);
	sweep((&(struct step){ .prepare = create, .run = destroy_only,
			       .done = device_undone, .undone = device_done,
			       .undo = bxt_settle }),
	      OURS);
}

/* ---- devices on request ---- */

#define GUID		"6a4c1c2e-6b0a-4e5e-9d4f-000000000001"
#define CREATED		"/sys/bus/bx-sf/devices/" GUID
#define SMALL		"/sys/devices/bxsim/bx_types/small/"

static int create_on_request(void)
{
	return bxt_write(SMALL "create", GUID " rate=20 label=x");
}

static int remove_on_request(void)
{
	return bxt_write(CREATED "/remove", "1");
}

static bool request_done(void)
{
	return is_bound(GUID, "a") && exists(SMALL "devices/" GUID) &&
	       exists(CREATED "/bx_type") && bxt_contains(CREATED "/settings/rate", "20\n") &&
	       bxt_contains(SMALL "available_instances", "15\n");
}

static bool request_undone(void)
{
	return !exists(CREATED) && !exists(SMALL "devices/" GUID) &&
	       bxt_contains(SMALL "available_instances", "16\n") && !bxt_bound_devices("a");
}

TEST_F(sim, a_device_on_request_is_created_or_not)
{
	driver("a", "ids=*:*");
	/* a creation that failed counts for no user */
	bxt_script(0)->admit_most = 1;
	attach(0);
	sweep((&(struct step){ .run = create_on_request, .done = request_done,
			       .undone = request_undone, .undo = remove_on_request }),
	      OURS);
	EXPECT_EQ(ejected, bxt_nr_ejected());
}

TEST_F(sim, a_device_on_request_is_removed)
{
	driver("a", "ids=*:*");
	attach(0);
	sweep((&(struct step){ .prepare = create_on_request, .run = remove_on_request,
			       .done = request_undone, .undo = bxt_settle }),
	      OURS);
}

static int add_parent(void)
{
	return bxt_sim("parent_add", "bxsim2");
}

static int del_parent(void)
{
	return bxt_sim("parent_del", "bxsim2");
}

static bool parent_done(void)
{
	return exists("/sys/devices/bxsim2/bx_types/small/create") &&
	       exists("/sys/devices/bxsim2/bx_types/single/devices") &&
	       exists("/sys/kernel/bus_ext/parents/bxsim2");
}

static bool parent_undone(void)
{
	return !exists("/sys/devices/bxsim2") && !exists("/sys/kernel/bus_ext/parents/bxsim2");
}

TEST_F(sim, a_parent_is_registered_or_not)
{
	sweep((&(struct step){ .run = add_parent, .done = parent_done,
			       .undone = parent_undone, .undo = del_parent }),
	      OURS);
}

/* ---- drivers ---- */

static int add_driver(void)
{
	return bxt_sim("driver_add", "a ids=*:*");
}

static int del_driver(void)
{
	int err = bxt_sim("driver_del", "a");

	return err ?: bxt_settle();
}

static bool driver_done(void)
{
	return exists("/sys/bus/bx-sf/drivers/a") && is_bound("d", "a");
}

static bool driver_undone(void)
{
	return !exists("/sys/bus/bx-sf/drivers/a") &&
	       bxt_bound_devices("a") == -ENOENT &&
	       !strcmp(bxt_bound_on("bx-sf", "d"), "");
}

TEST_F(sim, a_driver_is_registered_or_not)
{
	attach(0);
	device("d", ID);
	sweep((&(struct step){ .run = add_driver, .done = driver_done,
			       .undone = driver_undone, .undo = del_driver }),
	      OURS);
}

static int del_driver_only(void)
{
	return bxt_sim("driver_del", "a");
}

TEST_F(sim, a_driver_is_unregistered_or_stays)
{
	ASSERT_EQ(0, failslab_spare("module_remove_driver"));
	attach(0);
	device("d", ID);
	sweep((&(struct step){ .prepare = add_driver, .run = del_driver_only,
			       .done = driver_undone, .undone = driver_done,
			       .undo = bxt_settle }),
	      OURS);
}

static bool next_best_done(void)
{
	return !exists("/sys/bus/bx-sf/drivers/a") && is_bound("d", "b");
}

static int add_driver_and_move(void)
{
	int err = add_driver();

	return err ?: bxt_rebind("d") < 0;
}

TEST_F(sim, the_next_best_driver_is_bound_in_the_end)
{
	driver("b", "ids=*:*");
	judges(0, 0, "a", 10);
	attach(0);
	device("d", ID);
	sweep((&(struct step){ .prepare = add_driver_and_move,
			       .run = del_driver_only, .done = next_best_done,
			       .undo = nothing }),
	      WORKERS);
}

/* ---- questions ---- */

static int ask_policies(void)
{
	const struct bx_policy_rec *recs;
	int n = bxt_policies(&recs);

	return n < 0 ? n : n != 2;
}

static int ask_drivers(void)
{
	const struct bx_driver_rec *recs;
	int n = bxt_drivers(&recs);

	return n < 0 ? n : n != 1;
}

static int ask_opinions(void)
{
	const struct bx_opinion *recs;
	int n = bxt_opinions("d", &recs);

	/* the hook has none; two policies about one driver; the rest */
	return n < 0 ? n : n != 6;
}

static int ask_ejection(void)
{
	struct bx_exit_info info;
	int err = bxt_ejection("p0", &info);

	return err == -ENOENT ? 0 : err;
}

static int ask_device(void)
{
	struct bx_device_rec rec;
	int err = bxt_device("d", &rec);

	return err ?: strcmp(rec.driver, "a");
}

static int ask_call(void)
{
	return bxt_write("/sys/bus/bx-sf/devices/d/exec", "0 text");
}

static int ask_sysfs(void)
{
	char buf[8192];

	return bxt_read("/sys/kernel/bus_ext/refused", buf, sizeof(buf)) ?:
	       bxt_read("/sys/kernel/bus_ext/ejected", buf, sizeof(buf)) ?:
	       bxt_read("/sys/devices/bxsim/devices", buf, sizeof(buf));
}

/* 0 when it is bound where it was */
static int ask_rebind(void)
{
	int ret = bxt_rebind("d");

	return ret == 1 ? 0 : ret;
}

static int ask_reelect(void)
{
	return bxt_reelect("bx-sf");
}

/* Each question is answered in full or not at all. */
#define question(fn) \
	sweep((&(struct step){ .run = fn, .done = always, .undone = always, \
			       .undo = nothing }), OURS)

TEST_F(sim, questions_are_answered_in_full_or_refused)
{
	driver("a", "ids=*:*");
	attach(0);
	attach(1, .calls = { BX_WATCH(BX_SF_EXEC) }, .flags = BX_F_SHADOW);
	bxt_script(1)->complete_result = 1;
	device("d", ID);
	question(ask_policies);
	question(ask_drivers);
	question(ask_opinions);
	question(ask_ejection);
	question(ask_call);
	question(ask_sysfs);
	question(ask_rebind);
	question(ask_reelect);
	EXPECT_EQ(0, ask_device());
	EXPECT_BOUND("d", "a");
}

static bool rebind_done(void)
{
	return is_bound("d", "a");
}

TEST_F(sim, a_rebind_ends_with_a_driver)
{
	driver("a", "ids=*:*");
	attach(0);
	device("d", ID);
	sweep((&(struct step){ .run = ask_rebind, .done = rebind_done,
			       .undone = always, .undo = nothing }),
	      WORKERS);
}

/* ---- an adopted bus ---- */

FIXTURE(pci) {
};

FIXTURE_SETUP(pci)
{
	ASSERT_EQ(0, failslab_spare("bus_register"));
	ASSERT_EQ(0, bxt_clean());
}

FIXTURE_TEARDOWN_PARENT(pci)
{
	EXPECT_EQ(0, bxt_clean());
	EXPECT_TRUE(bxt_becomes(has_references, NULL));
}

static char edu[256];

static bool find_edu(void)
{
	struct dirent **list;
	int n = scandir("/sys/bus/pci/devices", &list, NULL, NULL);
	char path[400];

	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof(path),
			 "/sys/bus/pci/devices/%s/vendor", list[i]->d_name);
		if (bxt_contains(path, "0x1234"))
			snprintf(edu, sizeof(edu), "%s", list[i]->d_name);
		free(list[i]);
	}
	free(list);
	return *edu;
}

static int rescan(void)
{
	return bxt_write("/sys/bus/pci/rescan", "1");
}

static int unplug(void)
{
	char path[400];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/remove", edu);
	return bxt_write(path, "1");
}

/* Without memory nothing was decided; with memory it is. */
static bool adopted_done(void)
{
	if (strcmp(bxt_override("pci", edu), "none"))
		bxt_reelect("pci");
	return !strcmp(bxt_override("pci", edu), "none");
}

TEST_F(pci, a_device_appears_in_any_case)
{
	if (!find_edu())
		SKIP(return, "no edu device: DEVICES=edu");
	bxt_script(0)->select = BX_REFUSE;
	attach(0, .bus = "pci", .vendor = 0x1234);
	sweep((&(struct step){ .prepare = unplug, .run = rescan,
			       .done = adopted_done, .undo = nothing }),
	      OURS);
}

static int attach_on_pci(void)
{
	policy_link = bxt_attach(0, &(struct bxt_spec){ .bus = "pci",
							.vendor = 0x1234 });
	return policy_link < 0 ? policy_link : 0;
}

static bool detached_on_pci(void)
{
	return policy_undone() && !strcmp(bxt_override("pci", edu), "(null)");
}

TEST_F(pci, a_policy_takes_its_overrides_along)
{
	if (!find_edu())
		SKIP(return, "no edu device: DEVICES=edu");
	bxt_script(0)->select = BX_REFUSE;
	attach_another(.bus = "pci", .vendor = 0xabba);
	sweep((&(struct step){ .run = attach_on_pci, .done = adopted_done,
			       .undo = detach_policy }),
	      WORKERS);
	sweep((&(struct step){ .prepare = attach_on_pci, .run = detach_only,
			       .done = detached_on_pci, .undo = close_policy }),
	      OURS);
}

FAULTS_MAIN
