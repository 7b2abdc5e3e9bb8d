// SPDX-License-Identifier: GPL-2.0-only
/*
 * Policies that are activated and detached together; trials of elections and
 * calls with them
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
	for (int i = 0; i < SCRIPT_SLOTS; i++)
		bxt_script(i)->complete_result = 1;
	driver("c", "ids=*:*");
	driver("a", "ids=*:*");
	driver("b", "ids=*:*");
}

FIXTURE_TEARDOWN(commit)
{
}

/* Returns the identity of the newest policy of a name. */
static __u64 id_of(const char *name)
{
	const struct bx_policy_rec *recs;
	int n = bxt_policies(&recs);
	__u64 id = 0;

	for (int i = 0; i < n; i++) {
		if (!strcmp(recs[i].name, name) && recs[i].id > id)
			id = recs[i].id;
	}
	return id;
}

static struct bx_policy_rec record_of(__u64 id)
{
	const struct bx_policy_rec *recs;
	int n = bxt_policies(&recs);

	for (int i = 0; i < n; i++) {
		if (recs[i].id == id)
			return recs[i];
	}
	return (struct bx_policy_rec){ .stage = -1 };
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

#define stage(slot, ...) ({ \
	struct bxt_spec spec_ = { __VA_ARGS__ }; \
	char name_[] = { 'p', '0' + (slot), 0 }; \
	\
	attach(slot, .flags = BX_F_STAGED, ##__VA_ARGS__); \
	id_of(spec_.name ?: name_); })

#define EXPECT_STAGE(stage_, id)	EXPECT_EQ(stage_, record_of(id).stage)

/* ---- staged ---- */

TEST_F(commit, staged_is_not_in_force)
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

TEST_F(commit, one_of_a_name_may_be_staged_beside_the_one_in_force)
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

TEST_F(commit, brings_into_force)
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
	EXPECT_EQ(0, record_of(id).flags);
	/* unbound devices got another election */
	EXPECT_BOUND("d", "b");
	EXPECT_EQ(id, decision("d").policy_id);
	EXPECT_TRUE(bxt_contains(STATE "policies/p0/version", "7\n"));
	EXPECT_TRUE(bxt_contains(STATE "policies/p0/flags", "0x0\n"));
}

TEST_F(commit, takes_out)
{
	int link = attach(0);
	__u64 id = id_of("p0");

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
	__u64 old_id = id_of("p"), new_id;

	selects(0, "a");
	selects(1, "b");
	new = attach(1, .name = "p", .version = 2, .flags = BX_F_STAGED);
	new_id = id_of("p");
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
	old_id = id_of("p");
	attach(1, .name = "p", .vendor = 0xabcd, .priority = -1,
	       .flags = BX_F_STAGED);
	EXPECT_EQ(0, commit(id_of("p"), old_id));
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
	atomic_bool	stop;
	atomic_uint	made;
	char		wrong[64];
};

/* Creates devices all the time; one policy decides which driver each gets. */
static void *make_devices(void *arg)
{
	struct maker *m = arg;
	const char *driver;

	while (!atomic_load(&m->stop) && !m->wrong[0]) {
		if (bxt_sim("create", "busy " ID))
			continue;
		driver = bxt_bound_on("bx-sf", "busy");
		if (strcmp(driver, "a") && strcmp(driver, "b"))
			snprintf(m->wrong, sizeof(m->wrong), "bound to '%s'",
				 driver);
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

/* One of two policies refuses the driver that the other does not name: never both. */
TEST_F(commit, no_election_sees_half_of_it)
{
	int old[2], new[2];
	struct maker m = {};
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
		int base = i % 2 ? 0 : 2;

		before[0] = id_of("p");
		before[1] = id_of("q");
		new[0] = bxt_attach(base, &(struct bxt_spec){
			.name = "p", .priority = 1, .flags = BX_F_STAGED });
		new[1] = bxt_attach(base + 1, &(struct bxt_spec){
			.name = "q", .flags = BX_F_STAGED });
		after[0] = id_of("p");
		after[1] = id_of("q");
		if (several(after, 2, before, 2))
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
	force = id_of("f");
	staged = stage(1, .name = "s");
	attach(2, .name = "f", .flags = BX_F_STAGED);
	other = id_of("f");

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
	id = id_of("p0");
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
	c.leave[0] = id_of("p");
	selects(0, "a");
	selects(1, "b");
	attach(1, .name = "p", .version = 2, .vendor = 0xf055,
	       .flags = BX_F_STAGED);
	c.enter[0] = bxt_enter(id_of("p"));
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

/* ---- elections as they would be ---- */

#define DRIVERS \
	.nr_drivers = 3, \
	.drivers = { { "x", 1, 0 }, { "y", 1, 0 }, { "z", 0, 0 } }
#define ON(bus_, vendor_, flags_) \
	.dev = { .name = "s", .bus = bus_, .vendor = vendor_, .device = 1, \
		 .flags = flags_, .vf_index = 3 }
#define SYNTHETIC	ON("bx-sf", 0xf055, 0)

/* Returns the outcome, or an errno. */
static int decide(const struct bx_trial *trial, struct bx_opinion *out)
{
	const struct bx_opinion *recs;
	int n = bxt_trial(trial, &recs);

	if (n < 0)
		return n;
	*out = recs[n - 1];
	return n;
}

#define EXPECT_TRIAL(by_, outcome, driver_, ...) do { \
	struct bx_opinion o_ = {}; \
	\
	ASSERT_LT(0, decide(&(struct bx_trial){ __VA_ARGS__ }, &o_)); \
	EXPECT_EQ(BX_OPN_DECISION, o_.kind); \
	EXPECT_EQ(by_, o_.by); \
	EXPECT_EQ(outcome, o_.verdict); \
	EXPECT_STREQ(driver_, o_.driver); \
} while (0)
#define WITH(id)	.change = { .nr_enter = 1, .enter = { bxt_enter(id) } }
#define ALONE		.flags = BX_TRIAL_ALONE

TEST_F(commit, trial_of_a_described_device)
{
	__u64 id;

	bxt_script(0)->select = BX_SELECT;
	strcpy(bxt_script(0)->driver, "z");
	id = stage(0);
	EXPECT_TRIAL(BX_BY_SELECT, BX_OUT_DRIVER, "z", WITH(id), ALONE,
		     SYNTHETIC, DRIVERS);
	EXPECT_EQ(1, bxt_script(0)->selects);
	EXPECT_EQ(0xf055, bxt_script(0)->seen.vendor);
	EXPECT_EQ(3, bxt_script(0)->seen.vf_index);
	EXPECT_EQ(0, bxt_script(0)->seen.flags & BX_DEV_ADOPTED);
	EXPECT_EQ(3, bxt_script(0)->ncandidates);
	EXPECT_STREQ("x", bxt_script(0)->candidates[0].name);
	EXPECT_EQ(1, bxt_script(0)->candidates[0].claims);
	/* without it */
	EXPECT_TRIAL(BX_BY_ID_TABLE, BX_OUT_DRIVER, "x", ALONE, SYNTHETIC,
		     DRIVERS);
	/* nothing is counted, and no such device exists */
	EXPECT_EQ(0, record_of(id).asked);
	EXPECT_EQ(0, record_of(id).decided);
	EXPECT_EQ(-ENODEV, bxt_device("s", &(struct bx_device_rec){}));
}

TEST_F(commit, trial_of_scores_and_vetoes)
{
	__u64 id;

	judges(0, 0, "x", BX_VETO);
	judges(0, 1, "z", 5);
	id = stage(0);
	EXPECT_TRIAL(BX_BY_SCORE, BX_OUT_DRIVER, "z", WITH(id), ALONE,
		     SYNTHETIC, DRIVERS);
	bxt_script(0)->match[1].verdict = 0;
	EXPECT_TRIAL(BX_BY_ID_TABLE, BX_OUT_DRIVER, "y", WITH(id), ALONE,
		     SYNTHETIC, DRIVERS);
}

TEST_F(commit, trial_of_absent_refused_deferred_and_overridden)
{
	__u64 id;

	selects(0, "nowhere");
	id = stage(0);
	EXPECT_TRIAL(BX_BY_SELECT, BX_OUT_ABSENT, "nowhere", WITH(id), ALONE,
		     SYNTHETIC, DRIVERS);
	bxt_script(0)->select = BX_REFUSE;
	EXPECT_TRIAL(BX_BY_SELECT, BX_OUT_REFUSED, "", WITH(id), ALONE,
		     SYNTHETIC, DRIVERS);
	bxt_script(0)->select = BX_DEFER;
	EXPECT_TRIAL(BX_BY_SELECT, BX_OUT_DEFERRED, "", WITH(id), ALONE,
		     SYNTHETIC, DRIVERS);
	EXPECT_TRIAL(BX_BY_OVERRIDE, BX_OUT_DRIVER, "y", WITH(id), ALONE,
		     .override = "y", SYNTHETIC, DRIVERS);
	/* none of the drivers is there */
	EXPECT_TRIAL(BX_BY_NOBODY, BX_OUT_NONE, "", ALONE, SYNTHETIC);
}

TEST_F(commit, trial_on_an_adopted_bus)
{
	__u64 id;

	selects(0, "z");
	id = stage(0, .bus = "pci", .vendor = 0xf055);
	EXPECT_TRIAL(BX_BY_SELECT, BX_OUT_DRIVER, "z", WITH(id), ALONE,
		     ON("pci", 0xf055, BX_DEV_VF), DRIVERS);
	EXPECT_EQ(BX_DEV_ADOPTED | BX_DEV_VF, bxt_script(0)->seen.flags);
	/* where a policy sees no candidates */
	EXPECT_EQ(0, bxt_script(0)->ncandidates);
	/* not of its vendor: the bus' own rule */
	EXPECT_TRIAL(BX_BY_KERNEL, BX_OUT_DRIVER, "x", WITH(id), ALONE,
		     ON("pci", 1, 0), DRIVERS);
	selects(0, "w");
	EXPECT_TRIAL(BX_BY_SELECT, BX_OUT_ABSENT, "w", WITH(id), ALONE,
		     ON("pci", 0xf055, 0), DRIVERS);
	EXPECT_TRIAL(BX_BY_KERNEL, BX_OUT_NONE, "", ALONE,
		     ON("pci", 0xf055, 0));
}

TEST_F(commit, trial_ejects_nobody)
{
	struct bx_trial t = { WITH(0), ALONE, SYNTHETIC, DRIVERS };
	const struct bx_opinion *recs;
	__u64 id;

	bxt_script(0)->select = 99;
	bxt_script(0)->match_rest = 99999;
	id = stage(0);
	t.change.enter[0] = bxt_enter(id);
	ASSERT_LT(1, bxt_trial(&t, &recs));
	EXPECT_EQ(BX_OPN_SELECT, recs[0].kind);
	EXPECT_EQ(BX_WHY_BAD, recs[0].why);
	EXPECT_STAGE(BX_STAGE_STAGED, id);
	EXPECT_EQ(0, record_of(id).ejected);
}

TEST_F(commit, ejects_a_policy_that_names_an_unlisted_driver)
{
	struct bx_commit c = { .nr_enter = 1 };
	struct bx_trial t = { WITH(0), ALONE, SYNTHETIC, DRIVERS };
	const struct bx_opinion *recs;
	__u64 id;

	selects(0, "b");
	id = stage(0);
	EXPECT_EQ(BX_ANY, record_of(id).limit.nr);
	c.enter[0] = bxt_enter(id);
	c.enter[0].limit = (struct bx_limit){ .nr = 1, .driver = { "a" } };
	t.change = c;
	ASSERT_LT(1, bxt_trial(&t, &recs));
	EXPECT_EQ(BX_WHY_UNLISTED, recs[0].why);
	EXPECT_STREQ("b", recs[0].driver);
	EXPECT_EQ(0, record_of(id).ejected);
	EXPECT_EQ(0, bxt_commit(&c));
	EXPECT_EQ(1, record_of(id).limit.nr);
	EXPECT_STREQ("a", record_of(id).limit.driver[0]);
	/* a driver in the list, then another one */
	selects(0, "a");
	device("d", ID);
	EXPECT_BOUND("d", "a");
	selects(0, "b");
	device("e", ID);
	EXPECT_BOUND("e", "c");
	EXPECT_TRUE(bxt_contains(STATE "ejected", "select() named driver b"));
}

TEST_F(commit, trial_on_a_device_that_exists)
{
	struct bx_decision before;
	__u64 id, force;

	selects(0, "a");
	selects(1, "b");
	attach(0);
	force = id_of("p0");
	device("d", ID);
	before = decision("d");
	id = stage(1, .priority = 5);
	/* with the one that is there, and with the new one as well */
	EXPECT_TRIAL(BX_BY_SELECT, BX_OUT_DRIVER, "a", .ref = { "", "d" });
	EXPECT_TRIAL(BX_BY_SELECT, BX_OUT_DRIVER, "b", WITH(id),
		     .ref = { "", "d" });
	/* without any */
	EXPECT_TRIAL(BX_BY_ID_TABLE, BX_OUT_DRIVER, "c", .ref = { "", "d" },
		     .change = { .nr_leave = 1, .leave = { force } });
	EXPECT_TRIAL(BX_BY_ID_TABLE, BX_OUT_DRIVER, "c", ALONE,
		     .ref = { "", "d" });
	EXPECT_BOUND("d", "a");
	EXPECT_EQ(before.generation, decision("d").generation);
}

TEST_F(commit, trials_without_sense_are_refused)
{
	struct bx_opinion o;
	struct bx_trial t;
	__u64 id = stage(0);

#define EXPECT_NO_TRIAL(error, ...) \
	EXPECT_EQ(-(error), decide(&(struct bx_trial){ __VA_ARGS__ }, &o))
	EXPECT_NO_TRIAL(ENOENT, WITH(id + 1), SYNTHETIC);
	EXPECT_NO_TRIAL(ENOENT, SYNTHETIC, .change = {
			.nr_leave = 1, .leave = { id } });
	EXPECT_NO_TRIAL(ENODEV, ON("bx-none", 0, 0));
	EXPECT_NO_TRIAL(ENODEV, .ref = { "", "none" });
	EXPECT_NO_TRIAL(EINVAL, SYNTHETIC, .flags = 2);
	EXPECT_NO_TRIAL(EINVAL, SYNTHETIC,
			.nr_drivers = BX_TRIAL_DRIVERS + 1);
	EXPECT_NO_TRIAL(EINVAL, SYNTHETIC, .change = { .nr_enter = -1 });
	t = (struct bx_trial){ SYNTHETIC, DRIVERS };
	memset(t.dev.name, 'x', sizeof(t.dev.name));
	EXPECT_EQ(-EINVAL, decide(&t, &o));
	t = (struct bx_trial){ SYNTHETIC, DRIVERS };
	memset(t.drivers[2].name, 'x', sizeof(t.drivers[2].name));
	EXPECT_EQ(-EINVAL, decide(&t, &o));
}

/* ---- calls as they would be ---- */

#define CALL(op_, len_, ret_) \
	((struct bx_trial_call){ .op = op_, .len = len_, .ret = ret_ })
#define EXEC_LEN	(sizeof(struct bx_sf_exec_arg) + 8)
#define EXEC(ret_)	CALL(BX_SF_EXEC, EXEC_LEN, ret_)

static int call(__u64 id, struct bx_trial_call *c)
{
	return bxt_trial_call(&(struct bx_trial){ WITH(id), ALONE,
						  SYNTHETIC }, c);
}

TEST_F(commit, trial_of_a_call)
{
	struct bx_trial_call c = EXEC(-EIO);
	__u64 id = stage(0, .calls = BX_WATCH_ALL);

	EXPECT_EQ(0, call(id, &c));
	EXPECT_EQ(1, bxt_script(0)->calls);
	EXPECT_STREQ("s", bxt_script(0)->call_dev);
	EXPECT_EQ(BX_CALL_PASS, c.verdict);
	EXPECT_EQ(BX_WHY_PASS, c.why);
	EXPECT_EQ(-EIO, c.ret);
	EXPECT_STREQ("", c.policy);

	bxt_script(0)->call = -EACCES;
	EXPECT_EQ(0, call(id, &c));
	EXPECT_EQ(-EACCES, c.verdict);
	EXPECT_EQ(-EACCES, c.ret);
	EXPECT_EQ(BX_WHY_WON, c.why);
	EXPECT_STREQ("p0", c.policy);

	bxt_script(0)->call = BX_CALL_HANDLED;
	bxt_script(0)->call_result = -EBUSY;
	c.ret = 0;
	EXPECT_EQ(0, call(id, &c));
	EXPECT_EQ(BX_CALL_HANDLED, c.verdict);
	EXPECT_EQ(-EBUSY, c.ret);
	EXPECT_EQ(0, record_of(id).asked + record_of(id).denied +
		  record_of(id).handled);
}

TEST_F(commit, trial_of_a_redirected_call)
{
	struct bx_trial_call c = EXEC(0);
	__u64 id = stage(0, .calls = BX_WATCH_ALL);

	bxt_script(0)->call = BX_CALL_REDIRECT;
	strcpy(bxt_script(0)->call_target, "sibling");
	EXPECT_EQ(0, call(id, &c));
	EXPECT_EQ(BX_CALL_REDIRECT, c.verdict);
	EXPECT_STREQ("sibling", c.to);
	/* said, and not done */
	bxt_script(0)->call = BX_CALL_PASS;
	EXPECT_EQ(0, call(id, &c));
	EXPECT_STREQ("", c.to);
	/* done, and not said */
	bxt_script(0)->call = BX_CALL_REDIRECT;
	bxt_script(0)->call_target[0] = '\0';
	EXPECT_EQ(0, call(id, &c));
	EXPECT_EQ(BX_WHY_BAD, c.why);
	EXPECT_STAGE(BX_STAGE_STAGED, id);
}

TEST_F(commit, trial_of_what_is_written)
{
	struct bx_trial_call c = EXEC(0);
	__u64 id = stage(0, .calls = BX_WATCH_ALL);

	bxt_script(0)->call_writes = 3;
	bxt_script(0)->complete_writes = 4;
	bxt_script(0)->complete_result = -ETIME;
	EXPECT_EQ(0, call(id, &c));
	EXPECT_EQ(7, c.data[c.len - 1]);
	EXPECT_EQ(-ETIME, c.ret);
	EXPECT_EQ(1, bxt_script(0)->completes);
	EXPECT_EQ(0, record_of(id).amended);
}

TEST_F(commit, calls_without_sense_are_refused)
{
	__u64 id = stage(0, .calls = BX_WATCH_ALL);

#define EXPECT_NO_CALL(error, op, len, ret) do { \
	struct bx_trial_call c_ = CALL(op, len, ret); \
	\
	EXPECT_EQ(-(error), call(id, &c_)); \
} while (0)
	EXPECT_NO_CALL(EINVAL, 200, 0, 0);
	EXPECT_NO_CALL(EINVAL, BX_SF_EXEC, 1, 0);
	EXPECT_NO_CALL(EINVAL, BX_SF_EXEC, BX_TRIAL_DATA + 1, 0);
	EXPECT_NO_CALL(EINVAL, BX_SF_EXEC, EXEC_LEN, 1);
	EXPECT_EQ(-EOPNOTSUPP, bxt_trial_call(&(struct bx_trial){
		ON("pci", 0xf055, 0) }, &EXEC(0)));
	EXPECT_EQ(-ENODEV, bxt_trial_call(&(struct bx_trial){
		ON("bx-none", 0, 0) }, &EXEC(0)));
	EXPECT_EQ(0, bxt_script(0)->calls);
}

BXT_MAIN("bxsim")
