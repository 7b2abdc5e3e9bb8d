// SPDX-License-Identifier: GPL-2.0-only
/*
 * Each allocation inside of bus_ext fails in turn, while devices, drivers and
 * policies come and go: see lib/sweep.h
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
#include "../lib/bxtest.h"
#include "../lib/sweep.h"

#define ID		"f055:1"

static int references[2];	/* to bus_ext and bx_sf, between the tests */
static int ejected;		/* before the test */

static int nothing(void)
{
	return 0;
}

static bool always(void)
{
	return true;
}

static bool exists(const char *path)
{
	return !access(path, F_OK);
}

/* A device that lacked memory for its binding is bound on request. */
static bool is_bound(const char *device, const char *driver)
{
	if (strcmp(bxt_bound_on("bx-sf", device), driver))
		bxt_reelect("bx-sf");
	return !strcmp(bxt_bound_on("bx-sf", device), driver);
}

/* ---- devices and drivers ---- */

static bool has_references(void *arg)
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

static int create(void)
{
	return bxt_sim("create", "d " ID);
}

static int destroy_it(void)
{
	int err = bxt_sim("destroy", "d");

	return err ?: bxt_settle();
}

static bool device_done(void)
{
	return bxt_contains("/sys/devices/bxsim/devices", "d ") &&
	       exists("/sys/bus/bx-sf/devices/d/guid") &&
	       is_bound("d", "a") && bxt_bound_devices("a") == 1;
}

static bool device_undone(void)
{
	return !bxt_contains("/sys/devices/bxsim/devices", "d ") &&
	       !exists("/sys/bus/bx-sf/devices/d") &&
	       !exists("/sys/devices/bxsim/d") && !bxt_bound_devices("a");
}

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

/* ---- policies ---- */

static int policy_link;
static int others;	/* attached beside it */

static bool has_policies(int n)
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

static int attach_policy(void)
{
	policy_link = bxt_attach(0, &(struct bxt_spec){ .version = 1 });
	return policy_link < 0 ? policy_link : 0;
}

static int detach_only(void)
{
	return bxt_detach(policy_link);
}

static int close_policy(void)
{
	close(policy_link);
	return bxt_settle();
}

static int detach_policy(void)
{
	int err = detach_only();

	return close_policy() ?: err;
}

static bool policy_done(void)
{
	struct bx_policy_rec rec;

	return !bxt_policy("p0", &rec) && is_bound("d", "a") &&
	       bxt_contains("/sys/kernel/bus_ext/policies/p0/vendor",
			    "0xffffffff") &&
	       has_policies(others + 1);
}

static bool policy_undone(void)
{
	struct bx_policy_rec rec;

	return bxt_policy("p0", &rec) == -ENOENT &&
	       !exists("/sys/kernel/bus_ext/policies/p0") &&
	       has_policies(others);
}

TEST_F(sim, a_policy_is_attached_or_not)
{
	driver("a", "");
	selects(0, "a");
	device("d", ID);
	sweep((&(struct step){ .run = attach_policy, .done = policy_done,
			       .undone = policy_undone,
			       .undo = detach_policy }),
	      OURS);
	/* each init() was followed by an exit() */
	EXPECT_EQ(bxt_script(0)->inits, bxt_script(0)->exits);
}

/* Lists are active at once; a worker elects for the devices later. */
TEST_F(sim, devices_follow_a_policy_in_the_end)
{
	driver("a", "");
	selects(0, "a");
	device("d", ID);
	sweep((&(struct step){ .prepare = nothing, .run = attach_policy,
			       .done = policy_done, .undo = detach_policy }),
	      WORKERS);
}

TEST_F(sim, a_policy_is_detached_in_any_case)
{
	driver("a", "");
	selects(0, "a");
	attach_another();
	device("d", ID);
	sweep((&(struct step){ .prepare = attach_policy, .run = detach_only,
			       .done = policy_undone, .undo = close_policy }),
	      OURS);
}

/* ---- commits ---- */

static int staged_link;
static struct bx_commit change;

static __u64 id_of_stage(__u32 stage)
{
	const struct bx_policy_rec *recs;
	int n = bxt_policies(&recs);

	for (int i = 0; i < n; i++) {
		if (!strcmp(recs[i].name, "p0") && recs[i].stage == stage)
			return recs[i].id;
	}
	return 0;
}

/* "p0" active, or no policy; another of this name beside it; and a new one. */
static int stage_another(void)
{
	staged_link = bxt_attach(1, &(struct bxt_spec){
		.name = "p0", .version = 2, .flags = BX_F_STAGED });
	change = (struct bx_commit) {
		.nr_enter = 1,
		.enter = { bxt_enter(id_of_stage(BX_STAGE_STAGED)) },
		.nr_leave = !!id_of_stage(BX_STAGE_ACTIVE),
		.leave = { id_of_stage(BX_STAGE_ACTIVE) },
	};
	return staged_link < 0 ? staged_link : 0;
}

static int attach_and_stage(void)
{
	int err = attach_policy();

	return err ?: stage_another();
}

/* commit_done() waits for the elections that it causes: that needs memory, too. */
static int commit_change(void)
{
	return bxt_commit(&change);
}

static bool commit_done(void)
{
	return !bxt_settle() &&
	       id_of_stage(BX_STAGE_ACTIVE) == change.enter[0].id &&
	       !id_of_stage(BX_STAGE_STAGED) &&
	       bxt_contains("/sys/kernel/bus_ext/policies/p0/version",
			    "2\n") &&
	       is_bound("d", "a");
}

static bool commit_undone(void)
{
	return id_of_stage(BX_STAGE_STAGED) == change.enter[0].id &&
	       id_of_stage(BX_STAGE_ACTIVE) == change.leave[0] &&
	       !id_of_stage(BX_STAGE_RETIRED) &&
	       (change.leave[0] ?
		bxt_contains("/sys/kernel/bus_ext/policies/p0/version", "1\n") :
		!exists("/sys/kernel/bus_ext/policies/p0"));
}

static int detach_staged(void)
{
	close(staged_link);
	return bxt_settle();
}

static int detach_both(void)
{
	close(policy_link);
	return detach_staged();
}

static const struct step replacement = {
	.prepare = attach_and_stage, .run = commit_change,
	.done = commit_done, .undone = commit_undone, .undo = detach_both,
};

TEST_F(sim, a_commit_is_requested_or_not)
{
	driver("a", "");
	selects(0, "a");
	selects(1, "a");
	device("d", ID);
	sweep(&replacement, OURS);
}

TEST_F(sim, a_commit_is_done_or_not)
{
	driver("a", "");
	selects(0, "a");
	selects(1, "a");
	device("d", ID);
	sweep(&replacement, WORKERS);
	/* and the commit of one that has no predecessor */
	sweep((&(struct step){ .prepare = stage_another,
			       .run = commit_change, .done = commit_done,
			       .undone = commit_undone,
			       .undo = detach_staged }),
	      WORKERS);
}

static int hold_trial(void)
{
	struct bx_trial trial = {
		.change = change,
		.dev = { .name = "s", .bus = "bx-sf", .vendor = 0xf055 },
		.nr_drivers = 1, .drivers = { { "a", 0, 0 } },
	};
	const struct bx_opinion *recs;
	int n;

	n = bxt_trial(&trial, &recs);
	if (n < 0)
		return n;
	if (!n || strcmp(recs[n - 1].driver, "a"))
		return -EPROTO;
	strcpy(trial.ref.name, "d");
	n = bxt_trial(&trial, &recs);
	return n < 0 ? n : 0;
}

TEST_F(sim, a_trial_is_held_or_not)
{
	driver("a", "");
	selects(1, "a");
	device("d", ID);
	ASSERT_EQ(0, stage_another());
	sweep((&(struct step){ .run = hold_trial, .done = always,
			       .undone = always, .undo = nothing }),
	      OURS);
	ASSERT_EQ(0, detach_staged());
}

static int old_map, new_map;

static int update_policy(void)
{
	return bxt_update(policy_link, new_map, old_map);
}

static int take_back_update(void)
{
	int err = bxt_update(policy_link, old_map, new_map);

	return err ?: bxt_settle();
}

static bool has_version(__u32 version)
{
	struct bx_policy_rec rec;

	return !bxt_policy("p0", &rec) && rec.version == version;
}

static bool update_done(void)
{
	return has_version(2);
}

static bool update_undone(void)
{
	return has_version(1);
}

TEST_F(sim, a_policy_is_updated_or_stays)
{
	old_map = map(0, .version = 1);
	new_map = map(1, .version = 2, .name = "p0");
	policy_link = bxt_link(old_map);
	ASSERT_LE(0, policy_link);
	sweep((&(struct step){ .run = update_policy, .done = update_done,
			       .undone = update_undone,
			       .undo = take_back_update }),
	      OURS);
	EXPECT_EQ(bxt_script(1)->inits, bxt_script(1)->exits);
}

static int attach_bad_policy(void)
{
	return attach_policy() ?: bxt_settle();
}

static int create_and_settle(void)
{
	int err = create();

	return err ?: bxt_settle();
}

static int destroy_and_close(void)
{
	close(policy_link);
	return destroy_it();
}

static bool ejection_done(void)
{
	return policy_undone() && device_done();
}

TEST_F(sim, a_bad_policy_is_ejected_in_any_case)
{
	driver("a", "ids=*:*");
	bxt_script(0)->select = 99;
	attach_another();
	sweep((&(struct step){ .prepare = attach_bad_policy,
			       .run = create_and_settle, .done = ejection_done,
			       .undo = destroy_and_close }),
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

static int start(void)
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

int main(int argc, char **argv)
{
	int ret;

	if (!failslab_exists()) {
		puts("1..0 # SKIP no failslab with a stack filter");
		return KSFT_PASS;
	}
	if (start())
		return KSFT_FAIL;
	ret = test_harness_run(argc, argv);
	return bxt_finish() ? KSFT_FAIL : ret;
}
