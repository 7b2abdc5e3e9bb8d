// SPDX-License-Identifier: GPL-2.0-only
/*
 * Policies that are activated and detached together; their trials are in trial.c
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <kselftest_harness.h>
#include <linux/bx_sf.h>
#include "../lib/bxtest.h"

#define ID	"f055:1"
#define STATE	"/sys/kernel/bus_ext/"
#define ROUNDS	40

FIXTURE(commit) {
};

FIXTURE_SETUP(commit)
{
	ASSERT_EQ(0, bxt_clean());
	driver("c", "ids=*:*");
	driver("a", "ids=*:*");
	driver("b", "ids=*:*");
}

FIXTURE_TEARDOWN(commit)
{
}

static int commit(__u64 enter, __u64 leave)
{
	struct bx_commit c = {
		.nr_enter = !!enter, .enter = { bxt_enter(enter) },
		.nr_leave = !!leave, .leave = { leave },
	};
	int err = bxt_commit(&c);

	return err ?: bxt_settle();
}

/* ---- staged ---- */

TEST_F(commit, staged_is_not_active)
{
	__u64 id;

	selects(0, "b");
	id = stage(0, .calls = BX_WATCH_ALL);
	device("d", ID);
	EXPECT_BOUND("d", "c");
	EXPECT_EQ(0, bxt_script(0)->selects);
	EXPECT_EQ(0, bxt_script(0)->events[BX_EVENT_ADDED]);
	EXPECT_EQ(0, bxt_script(0)->calls);
	EXPECT_STAGE(BX_STAGE_STAGED, id);
	EXPECT_NE(0, access(STATE "policies/p0", F_OK));
	EXPECT_TRUE(bxt_contains(STATE "nr_policies", "1\n"));
}

TEST_F(commit, staged_can_be_detached)
{
	int link;

	selects(0, "b");
	link = attach(0, .flags = BX_F_STAGED);
	EXPECT_EQ(1, bxt_script(0)->inits);
	detach(link);
	EXPECT_EQ(1, bxt_script(0)->exits);
	EXPECT_EQ(BX_EXIT_DETACH, bxt_script(0)->info.kind);
	EXPECT_TRUE(bxt_contains(STATE "nr_policies", "0\n"));
}

TEST_F(commit, one_of_a_name_may_be_staged_beside_the_active_one)
{
	attach(0, .name = "p");
	attach(1, .name = "p", .flags = BX_F_STAGED);
	EXPECT_EQ(-EEXIST, attach_errno(2, .name = "p"));
	EXPECT_EQ(-EEXIST, attach_errno(2, .name = "p", .flags = BX_F_STAGED));
}

TEST_F(commit, staged_is_not_updated)
{
	int link = attach(0, .flags = BX_F_STAGED);
	int other = map(1, .name = "p0");

	EXPECT_EQ(-EINVAL, bxt_update(link, other, -1));
	EXPECT_TRUE(bxt_contains(STATE "refused", "p0: policy is not active"));
	EXPECT_EQ(1, bxt_script(1)->exits);
	close(other);
}

TEST_F(commit, update_is_not_staged)
{
	int link = attach(0);
	int other = map(1, .name = "p0", .flags = BX_F_STAGED);

	EXPECT_EQ(-EINVAL, bxt_update(link, other, -1));
	EXPECT_TRUE(bxt_contains(STATE "refused", "cannot be staged"));
	EXPECT_EQ(0, bxt_script(0)->exits);
	close(other);
}

/* ---- commit ---- */

TEST_F(commit, activates)
{
	__u64 id;

	driver_set("c", "probe=-19");
	driver_set("a", "probe=-19");
	driver_set("b", "probe=-19");
	device("d", ID);
	driver_set("b", "probe=0");
	selects(0, "b");
	id = stage(0, .version = 7);
	EXPECT_EQ(0, commit(id, 0));
	EXPECT_STAGE(BX_STAGE_ACTIVE, id);
	EXPECT_EQ(0, bxt_policy_of_id(id).flags);
	/* unbound devices got another election */
	EXPECT_BOUND("d", "b");
	EXPECT_EQ(id, decision("d").policy_id);
	EXPECT_TRUE(bxt_contains(STATE "policies/p0/version", "7\n"));
	EXPECT_TRUE(bxt_contains(STATE "policies/p0/flags", "0x0\n"));
}

TEST_F(commit, takes_out)
{
	int link = attach(0);
	__u64 id = bxt_newest("p0");

	selects(0, "b");
	EXPECT_EQ(0, commit(0, id));
	EXPECT_STAGE(BX_STAGE_RETIRED, id);
	EXPECT_NE(0, access(STATE "policies/p0", F_OK));
	device("d", ID);
	EXPECT_BOUND("d", "c");
	EXPECT_EQ(0, bxt_script(0)->exits);
	detach(link);
	EXPECT_EQ(BX_EXIT_DETACH, bxt_script(0)->info.kind);
	/* the name is free, before as after */
	attach(1, .name = "p0");
}

TEST_F(commit, replaces)
{
	int old = attach(0, .name = "p", .version = 1), new;
	__u64 old_id = bxt_newest("p"), new_id;

	selects(0, "a");
	selects(1, "b");
	new = attach(1, .name = "p", .version = 2, .flags = BX_F_STAGED);
	new_id = bxt_newest("p");
	ASSERT_NE(old_id, new_id);
	EXPECT_TRUE(bxt_contains(STATE "policies/p/version", "1\n"));
	EXPECT_EQ(0, commit(new_id, old_id));
	EXPECT_TRUE(bxt_contains(STATE "policies/p/version", "2\n"));
	EXPECT_STAGE(BX_STAGE_RETIRED, old_id);
	device("d", ID);
	EXPECT_BOUND("d", "b");
	detach(old);
	EXPECT_EQ(BX_EXIT_UPDATE, bxt_script(0)->info.kind);
	EXPECT_TRUE(bxt_contains(STATE "policies/p/version", "2\n"));
	EXPECT_EQ(0, bxt_script(1)->exits);
	detach(new);
	EXPECT_NE(0, access(STATE "policies/p", F_OK));
}

TEST_F(commit, moves_a_policy_to_another_scope)
{
	__u64 old_id;
	int old = attach(0, .name = "p", .vendor = 0xf055, .priority = 1);

	selects(0, "a");
	selects(1, "b");
	old_id = bxt_newest("p");
	attach(1, .name = "p", .vendor = 0xabcd, .priority = -1,
	       .flags = BX_F_STAGED);
	EXPECT_EQ(0, commit(bxt_newest("p"), old_id));
	detach(old);
	device("d", ID);
	device("e", "abcd:1");
	EXPECT_BOUND("d", "c");
	EXPECT_BOUND("e", "b");
}

static int several(const __u64 *enter, __u32 nr_enter, const __u64 *leave,
		   __u32 nr_leave)
{
	struct bx_commit c = { .nr_enter = nr_enter, .nr_leave = nr_leave };

	for (__u32 i = 0; i < nr_enter; i++)
		c.enter[i] = bxt_enter(enter[i]);
	memcpy(c.leave, leave, nr_leave * sizeof(*leave));
	return bxt_commit(&c);
}

struct maker {
	pthread_mutex_t	asks;		/* the control interface */
	atomic_bool	stop;
	atomic_uint	made;
	char		wrong[64];
};

/*
 * Creates devices all the time; one policy decides which driver each gets.  A commit during the
 * probe lets the device be without one until the election that follows.
 */
static void *make_devices(void *arg)
{
	struct maker *m = arg;
	struct bx_device_rec rec;
	const char *driver = rec.decision.driver;
	int err;

	while (!atomic_load(&m->stop) && !m->wrong[0]) {
		if (bxt_sim("create", "busy " ID))
			continue;
		pthread_mutex_lock(&m->asks);
		err = bxt_device("busy", &rec);
		pthread_mutex_unlock(&m->asks);
		if (err)
			strcpy(m->wrong, "not there");
		else if (strcmp(driver, "a") && strcmp(driver, "b"))
			snprintf(m->wrong, sizeof(m->wrong), "given to '%s'", driver);
		bxt_sim("destroy", "busy");
		atomic_fetch_add(&m->made, 1);
	}
	return NULL;
}

static bool has_made(void *arg)
{
	struct maker *m = arg;

	return atomic_load(&m->made) > 0;
}

/* With neither of the two policies, no driver would get the device. */
TEST_F(commit, no_election_sees_half_of_it)
{
	int old[2], new[2];
	struct maker m = { .asks = PTHREAD_MUTEX_INITIALIZER };
	__u64 before[2], after[2];
	pthread_t thread;

	selects(0, "a");
	selects(1, "a");
	selects(2, "b");
	selects(3, "b");
	old[0] = attach(0, .name = "p", .priority = 1);
	old[1] = attach(1, .name = "q");
	ASSERT_EQ(0, pthread_create(&thread, NULL, make_devices, &m));
	ASSERT_TRUE(bxt_becomes(has_made, &m));
	for (int i = 0; i < ROUNDS; i++) {
		int base = i % 2 ? 0 : 2, err;

		pthread_mutex_lock(&m.asks);
		before[0] = bxt_newest("p");
		before[1] = bxt_newest("q");
		new[0] = bxt_attach(base, &(struct bxt_spec){
			.name = "p", .priority = 1, .flags = BX_F_STAGED });
		new[1] = bxt_attach(base + 1, &(struct bxt_spec){
			.name = "q", .flags = BX_F_STAGED });
		after[0] = bxt_newest("p");
		after[1] = bxt_newest("q");
		err = several(after, 2, before, 2);
		pthread_mutex_unlock(&m.asks);
		if (err)
			break;
		for (int k = 0; k < 2; k++) {
			bxt_detach(old[k]);
			close(old[k]);
			old[k] = new[k];
		}
	}
	atomic_store(&m.stop, true);
	pthread_join(thread, NULL);
	EXPECT_STREQ("", m.wrong);
	EXPECT_TRUE(bxt_contains(STATE "nr_policies", "2\n"));
}

TEST_F(commit, refused_changes_nothing)
{
	__u64 force, staged, other;

	attach(0, .name = "f");
	force = bxt_newest("f");
	staged = stage(1, .name = "s");
	attach(2, .name = "f", .flags = BX_F_STAGED);
	other = bxt_newest("f");

#define EXPECT_REFUSED(error, enter_, n, leave_, m) do { \
	EXPECT_EQ(-(error), several(enter_, n, leave_, m)); \
	EXPECT_STAGE(BX_STAGE_ACTIVE, force); \
	EXPECT_STAGE(BX_STAGE_STAGED, staged); \
	EXPECT_STAGE(BX_STAGE_STAGED, other); \
	EXPECT_NE(0, access(STATE "policies/s", F_OK)); \
	EXPECT_EQ(0, access(STATE "policies/f", F_OK)); \
} while (0)
	/* unknown; not staged; not active */
	EXPECT_REFUSED(ENOENT, ((__u64[]){ staged, 1ULL << 60 }), 2, NULL, 0);
	EXPECT_REFUSED(ENOENT, ((__u64[]){ staged, force }), 2, NULL, 0);
	EXPECT_REFUSED(ENOENT, &staged, 1, &other, 1);
	/* twice */
	EXPECT_REFUSED(EINVAL, ((__u64[]){ staged, staged }), 2, NULL, 0);
	EXPECT_REFUSED(EINVAL, &other, 1, ((__u64[]){ force, force }), 2);
	/* a name that stays taken */
	EXPECT_REFUSED(EEXIST, ((__u64[]){ staged, other }), 2, NULL, 0);
	EXPECT_EQ(-E2BIG, bxt_commit(&(struct bx_commit){
		.nr_enter = BX_COMMIT_MAX + 1 }));
	EXPECT_EQ(-E2BIG, bxt_commit(&(struct bx_commit){ .nr_leave = -1 }));
	/* and a refused commit works without the cause of its refusal */
	EXPECT_EQ(0, several(((__u64[]){ staged, other }), 2, &force, 1));
}

TEST_F(commit, of_nothing_is_nothing)
{
	EXPECT_EQ(0, bxt_commit(&(struct bx_commit){}));
}

TEST_F(commit, calls_are_watched_from_then_on)
{
	__u64 id;

	device("d", ID);
	bxt_script(0)->call = -EACCES;
	id = stage(0, .calls = BX_WATCH_ALL);
	EXPECT_EQ(0, bxt_write("/sys/bus/bx-sf/devices/d/exec", "0 abc"));
	EXPECT_EQ(0, commit(id, 0));
	EXPECT_EQ(-EACCES, bxt_write("/sys/bus/bx-sf/devices/d/exec", "0 abc"));
	EXPECT_EQ(0, commit(0, id));
	EXPECT_EQ(0, bxt_write("/sys/bus/bx-sf/devices/d/exec", "0 abc"));
}

TEST_F(commit, retired_may_not_come_back)
{
	__u64 id;

	attach(0);
	id = bxt_newest("p0");
	EXPECT_EQ(0, commit(0, id));
	EXPECT_EQ(-ENOENT, commit(id, 0));
	EXPECT_EQ(-ENOENT, commit(0, id));
}

/* ---- checked policies ---- */

/* A policy that differs from the checked one is refused, also beside one that does not. */
static int commit_as(const struct bx_commit_enter *enter, __u64 other)
{
	return bxt_commit(&(struct bx_commit){
		.nr_enter = 2, .enter = { bxt_enter(other), *enter } });
}

static int try_as(const struct bx_commit_enter *enter)
{
	const struct bx_opinion *opinions;

	return bxt_trial(&(struct bx_trial){
		.change = { .nr_enter = 1, .enter = { *enter } },
		.dev = { .name = "s", .bus = "bx-sf", .vendor = 1 } },
		&opinions);
}

static int call_as(const struct bx_commit_enter *enter)
{
	return bxt_trial_call(&(struct bx_trial){
		.change = { .nr_enter = 1, .enter = { *enter } },
		.dev = { .name = "s", .bus = "bx-sf", .vendor = 1 } },
		&(struct bx_trial_call){ .op = BX_SF_EXEC,
			.len = sizeof(struct bx_sf_exec_arg) });
}

#define EXPECT_DIFFERS(change, reason) do { \
	struct bx_commit_enter e = bxt_enter(id); \
	\
	change; \
	EXPECT_EQ(-EPERM, commit_as(&e, other)); \
	EXPECT_TRUE(bxt_contains(STATE "refused", reason "\n")); \
	EXPECT_EQ(-EPERM, try_as(&e)); \
	EXPECT_EQ(-EPERM, call_as(&e)); \
	EXPECT_STAGE(BX_STAGE_STAGED, id); \
	EXPECT_STAGE(BX_STAGE_STAGED, other); \
	EXPECT_NE(0, access(STATE "policies/p", F_OK)); \
	EXPECT_NE(0, access(STATE "policies/q", F_OK)); \
} while (0)

TEST_F(commit, activates_only_what_was_checked)
{
	__u64 other = stage(1, .name = "q");
	__u64 id = stage(0, .name = "p", .vendor = 0xf055, .priority = -5,
			 .version = 4);

	selects(0, "b");
	EXPECT_DIFFERS(strcpy(e.name, "r"),
		       "r: expected name 'r', got 'p'");
	EXPECT_DIFFERS(strcpy(e.bus, "pci"),
		       "p: expected bus 'pci', got 'bx-sf'");
	EXPECT_DIFFERS(e.vendor = 0x8086,
		       "p: expected vendor 0x8086, got 0xf055");
	EXPECT_DIFFERS(e.vendor = BX_ANY,
		       "p: expected vendor 0xffffffff, got 0xf055");
	EXPECT_DIFFERS(e.flags = BX_F_SHADOW,
		       "p@shadow: expected flags 0x1, got 0x0");
	EXPECT_DIFFERS(e.flags = BX_F_STAGED,
		       "p: expected flags 0x4, got 0x0");
	EXPECT_DIFFERS(e.priority = 5,
		       "p: expected priority 5, got -5");
	EXPECT_DIFFERS(e.version = 3, "p: expected version 3, got 4");
	EXPECT_EQ(0, bxt_script(0)->selects);
	device("d", ID);
	EXPECT_BOUND("d", "c");
	EXPECT_EQ(0, commit(id, 0));
	EXPECT_STAGE(BX_STAGE_ACTIVE, id);
}

TEST_F(commit, refused_policy_replaces_nothing)
{
	struct bx_commit c = { .nr_enter = 1, .nr_leave = 1 };

	attach(0, .name = "p", .version = 1);
	c.leave[0] = bxt_newest("p");
	selects(0, "a");
	selects(1, "b");
	attach(1, .name = "p", .version = 2, .vendor = 0xf055,
	       .flags = BX_F_STAGED);
	c.enter[0] = bxt_enter(bxt_newest("p"));
	c.enter[0].vendor = BX_ANY;
	EXPECT_EQ(-EPERM, bxt_commit(&c));
	EXPECT_STAGE(BX_STAGE_ACTIVE, c.leave[0]);
	device("d", ID);
	EXPECT_BOUND("d", "a");
}

TEST_F(commit, of_an_impossible_policy_is_refused)
{
	__u64 other = stage(1, .name = "q"), id = stage(0, .name = "p");
	struct bx_commit_enter e;

#define EXPECT_IMPOSSIBLE(change) do { \
	e = bxt_enter(id); \
	change; \
	EXPECT_EQ(-EINVAL, commit_as(&e, other)); \
	EXPECT_EQ(-EINVAL, try_as(&e)); \
	EXPECT_STAGE(BX_STAGE_STAGED, id); \
} while (0)
	EXPECT_IMPOSSIBLE(e.name[0] = '\0');
	EXPECT_IMPOSSIBLE(e.name[0] = '\n');
	EXPECT_IMPOSSIBLE(e.bus[0] = '\0');
	EXPECT_IMPOSSIBLE(memset(e.name, 'x', sizeof(e.name)));
	EXPECT_IMPOSSIBLE(memset(e.bus, 'x', sizeof(e.bus)));
	EXPECT_IMPOSSIBLE(e.limit.nr = BX_LIMIT_DRIVERS + 1);
	EXPECT_IMPOSSIBLE(e.limit.nr = 1; e.limit.driver[0][0] = '\0');
	EXPECT_IMPOSSIBLE(e.limit.nr = 1;
			  memset(e.limit.driver, 'x', BX_NAME_LEN));
}

BXT_MAIN("bxsim")
