// SPDX-License-Identifier: GPL-2.0-only
/*
 * Publication of the index, natively, by hand: each allocation failing in turn
 * within attach, update and commit; limits; checked policies; the end of a version
 */
#include "native.h"

static struct native_policy policy = {
	.name = "p", .bus = "bx-one", .vendor = 1, .selects = true,
};

static struct native_policy other = {
	.name = "q", .bus = "bx-two", .vendor = 2, .selects = true,
};

/* The only version in scope; NULL when there is none */
static const struct native_map *only(const char *bus, u32 vendor)
{
	int idx = srcu_read_lock(&bx_srcu);
	const struct bx_policy_chain *chain = bx_chain_lookup(bus, vendor);
	const struct native_map *map = NULL;

	EXPECT(!chain || chain->n == 1);
	if (chain)
		map = native_map_of(chain->inst[0]);
	srcu_read_unlock(&bx_srcu, idx);
	return map;
}

static struct bx_policy_rec record_of(const struct native_link *link)
{
	struct bx_policy_rec rec = {};

	EXPECT(native_record(link, &rec));
	return rec;
}

static u64 id_of(const struct native_link *link)
{
	return record_of(link).id;
}

static struct bx_commit_enter checked(const struct native_link *link)
{
	struct bx_policy_rec rec = record_of(link);

	return native_enter(&rec);
}

/* ---- memory runs out ---- */

/* Fails the first, the second and so on, until there was enough memory. */
#define FOR_EACH_ALLOCATION(err, call) \
	for (unsigned int nth_ = 1; \
	     native_fail_allocation(nth_), (err) = (call), \
	     native_allocation_failed(); nth_++)

static void attach_survives_each_failed_allocation(void)
{
	struct native_link link = {}, second = {};
	struct native_map map, map2;
	int before, failures = 0, err;

	native_map_init(&map, &policy);
	EXPECT(!native_attach(&link, &map));
	before = native_allocations();
	native_map_init(&map2, &other);
	FOR_EACH_ALLOCATION(err, native_attach(&second, &map2)) {
		EXPECT(err == -ENOMEM);
		EXPECT(native_allocations() == before);
		EXPECT(native_sysfs_dirs == 1);
		EXPECT(only("bx-one", 1) == &map);
		EXPECT(!only("bx-two", 2));
		failures++;
	}
	EXPECT(!err && failures > 4);
	EXPECT(only("bx-two", 2) == &map2);
	native_detach(&second);
	native_detach(&link);
}

static void update_survives_each_failed_allocation(void)
{
	struct native_map map, map2;
	struct native_link link = {};
	int before, failures = 0, err;

	native_map_init(&map, &policy);
	native_map_init(&map2, &policy);
	EXPECT(!native_attach(&link, &map));
	before = native_allocations();
	FOR_EACH_ALLOCATION(err, native_update(&link, &map2)) {
		EXPECT(err == -ENOMEM);
		EXPECT(native_allocations() == before);
		EXPECT(only("bx-one", 1) == &map);
		EXPECT(!map.exits);
		failures++;
	}
	EXPECT(!err && failures > 3);
	EXPECT(only("bx-one", 1) == &map2);
	EXPECT(map.exits == 1 && map.exit.kind == BX_EXIT_UPDATE);
	native_detach(&link);
}

static void commit_survives_each_failed_allocation(void)
{
	struct native_policy staged = other;
	struct native_link link = {}, next = {};
	struct bx_commit c = { .nr_enter = 1, .nr_leave = 1 };
	struct native_map map, map2;
	int before, failures = 0, err;

	staged.flags = BX_F_STAGED;
	native_map_init(&map, &policy);
	native_map_init(&map2, &staged);
	EXPECT(!native_attach(&link, &map));
	EXPECT(!native_attach(&next, &map2));
	c.leave[0] = id_of(&link);
	c.enter[0] = checked(&next);
	before = native_allocations();
	FOR_EACH_ALLOCATION(err, bx_policy_commit(&c)) {
		EXPECT(err == -ENOMEM);
		EXPECT(native_allocations() == before);
		EXPECT(native_sysfs_dirs == 1);
		EXPECT(only("bx-one", 1) == &map);
		EXPECT(!only("bx-two", 2));
		failures++;
	}
	EXPECT(!err && failures > 3);
	EXPECT(!only("bx-one", 1));
	EXPECT(only("bx-two", 2) == &map2);
	native_detach(&link);
	native_detach(&next);
}

/* Detaching cannot fail. */
static void detach_needs_no_memory(void)
{
	struct native_link link = {}, second = {};
	struct native_map map, map2;

	native_map_init(&map, &policy);
	native_map_init(&map2, &other);
	EXPECT(!native_attach(&link, &map));
	EXPECT(!native_attach(&second, &map2));
	native_fail_allocation(1);
	native_detach(&link);
	native_fail_allocation(0);
	EXPECT(!only("bx-one", 1));
	EXPECT(only("bx-two", 2) == &map2);
	native_detach(&second);
	EXPECT(map.exits == 1 && map.exit.kind == BX_EXIT_DETACH);
}

/* ---- limits ---- */

static void policies_are_limited(void)
{
	static struct native_policy p[BX_MAX_POLICIES + 1];
	static struct native_map map[BX_MAX_POLICIES + 1];
	static struct native_link link[BX_MAX_POLICIES + 1];
	int idx;

	for (int i = 0; i <= BX_MAX_POLICIES; i++) {
		p[i] = policy;
		scnprintf(p[i].name, sizeof(p[i].name), "p%03d", i);
		native_map_init(&map[i], &p[i]);
		EXPECT(native_attach(&link[i], &map[i]) ==
		       (i < BX_MAX_POLICIES ? 0 : -E2BIG));
	}
	idx = srcu_read_lock(&bx_srcu);
	EXPECT(bx_chain_lookup("bx-one", 1)->n == BX_MAX_POLICIES);
	srcu_read_unlock(&bx_srcu, idx);
	EXPECT(bx_policy_count() == BX_MAX_POLICIES);
	for (int i = 0; i <= BX_MAX_POLICIES; i++)
		native_detach(&link[i]);
	EXPECT(!bx_policy_count());
}

/* A full list can be upgraded, but not extended. */
static void a_replaced_policy_does_not_count(void)
{
	static struct native_policy p[BX_MAX_POLICIES];
	static struct native_map map[BX_MAX_POLICIES];
	static struct native_link link[BX_MAX_POLICIES];
	struct native_policy staged = policy;
	struct native_link next = {}, more = {};
	struct native_map next_map, more_map;
	struct bx_commit c;

	for (int i = 0; i < BX_MAX_POLICIES; i++) {
		p[i] = policy;
		scnprintf(p[i].name, sizeof(p[i].name), "p%03d", i);
		native_map_init(&map[i], &p[i]);
		EXPECT(!native_attach(&link[i], &map[i]));
	}
	staged.flags |= BX_F_STAGED;
	scnprintf(staged.name, sizeof(staged.name), "p100");
	native_map_init(&next_map, &staged);
	EXPECT(!native_attach(&next, &next_map));
	c = (struct bx_commit){
		.nr_enter = 1, .enter = { checked(&next) },
		.nr_leave = 1, .leave = { id_of(&link[100]) },
	};
	EXPECT(!bx_policy_commit(&c));
	EXPECT(record_of(&next).stage == BX_STAGE_ACTIVE);
	EXPECT(record_of(&link[100]).stage == BX_STAGE_RETIRED);
	native_detach(&link[100]);

	scnprintf(staged.name, sizeof(staged.name), "new");
	native_map_init(&more_map, &staged);
	EXPECT(!native_attach(&more, &more_map));
	c = (struct bx_commit){ .nr_enter = 1, .enter = { checked(&more) } };
	EXPECT(bx_policy_commit(&c) == -E2BIG);
	EXPECT(record_of(&more).stage == BX_STAGE_STAGED);
	native_detach(&more);
	native_detach(&next);
	for (int i = 0; i < BX_MAX_POLICIES; i++)
		native_detach(&link[i]);
	EXPECT(!bx_policy_count());
}

static void commits_are_limited(void)
{
	struct bx_commit c = { .nr_enter = BX_COMMIT_MAX + 1 };

	EXPECT(bx_policy_commit(&c) == -E2BIG);
	c = (struct bx_commit){ .nr_leave = BX_COMMIT_MAX + 1 };
	EXPECT(bx_policy_commit(&c) == -E2BIG);
}

static int try_attach(const struct native_policy *p)
{
	struct native_link link = {};
	struct native_map map;
	int err;

	native_map_init(&map, p);
	err = native_attach(&link, &map);
	native_detach(&link);
	return err;
}

static void what_is_no_policy_is_refused(void)
{
	struct native_policy p = policy;

	EXPECT(!try_attach(&p));
	p.bus = "bx-absent";
	EXPECT(try_attach(&p) == -ENODEV);
	p.bus = "pci";
	EXPECT(!try_attach(&p));
	p.matches = true;
	EXPECT(!try_attach(&p));
	native_judge_error = -EOPNOTSUPP;
	EXPECT(try_attach(&p) == -EOPNOTSUPP);
	native_judge_error = 0;
	p = policy;
	p.flags = BX_F_ALL + 1;
	EXPECT(try_attach(&p) == -EINVAL);
	p = policy;
	strscpy(p.name, "a b", sizeof(p.name));
	EXPECT(try_attach(&p) == -EINVAL);
	strscpy(p.name, ".a", sizeof(p.name));
	EXPECT(try_attach(&p) == -EINVAL);
	p.name[0] = '\0';
	EXPECT(try_attach(&p) == -EINVAL);
}

/* ---- the end of a version ---- */

static void heir_inherits_and_the_old_one_is_updated(void)
{
	struct native_policy staged = policy;
	struct native_link link = {}, next = {};
	struct bx_commit c = { .nr_enter = 1, .nr_leave = 1 };
	unsigned int inherited = native_inherited, forgotten = native_forgotten;
	struct native_map map, map2;

	staged.flags = BX_F_STAGED;
	native_map_init(&map, &policy);
	native_map_init(&map2, &staged);
	EXPECT(!native_attach(&link, &map));
	EXPECT(!native_attach(&next, &map2));
	c.enter[0] = checked(&next);
	c.leave[0] = id_of(&link);
	c.nr_leave = 0;
	EXPECT(bx_policy_commit(&c) == -EEXIST);
	c.nr_leave = 1;
	EXPECT(!bx_policy_commit(&c));
	EXPECT(native_inherited == inherited + 1);
	EXPECT(native_forgotten == forgotten);
	EXPECT(native_sysfs_dirs == 1);
	EXPECT(only("bx-one", 1) == &map2);
	native_detach(&link);
	EXPECT(map.exit.kind == BX_EXIT_UPDATE);
	EXPECT(only("bx-one", 1) == &map2);
	native_detach(&next);
	EXPECT(map2.exit.kind == BX_EXIT_DETACH);
}

/* ---- checked policies ---- */

#define EXPECT_REFUSED(field, value, error, reason) do { \
	struct bx_commit c_ = { .nr_enter = 1, .enter = { good } }; \
	char refused_[4096]; \
	\
	c_.enter[0].field = (value); \
	EXPECT(bx_policy_commit(&c_) == -(error)); \
	bx_refused_show(refused_); \
	EXPECT(strstr(refused_, reason)); \
	EXPECT(record_of(&link).stage == BX_STAGE_STAGED); \
	EXPECT(!only("bx-one", 1)); \
	EXPECT(!native_sysfs_dirs); \
} while (0)

static void only_what_was_checked_is_activated(void)
{
	struct native_policy staged = policy;
	struct bx_commit c = { .nr_enter = 1 };
	struct native_link link = {};
	struct bx_commit_enter good;
	struct native_map map;

	staged.flags = BX_F_STAGED | BX_F_SHADOW;
	staged.priority = -3;
	staged.version = 9;
	native_map_init(&map, &staged);
	EXPECT(!native_attach(&link, &map));
	good = checked(&link);
	EXPECT_REFUSED(name[1], '2', EPERM,
		       "p2@shadow: expected name 'p2', got 'p'\n");
	EXPECT_REFUSED(bus[3], '2', EPERM,
		       "p@shadow: expected bus 'bx-2ne', got 'bx-one'\n");
	EXPECT_REFUSED(vendor, BX_ANY, EPERM,
		       "p@shadow: expected vendor 0xffffffff, got 0x0001\n");
	EXPECT_REFUSED(vendor, 2, EPERM,
		       "p@shadow: expected vendor 0x0002, got 0x0001\n");
	EXPECT_REFUSED(flags, 0, EPERM,
		       "p: expected flags 0x0, got 0x1\n");
	EXPECT_REFUSED(flags, staged.flags, EPERM,
		       "p@shadow: expected flags 0x5, got 0x1\n");
	EXPECT_REFUSED(priority, 3, EPERM,
		       "p@shadow: expected priority 3, got -3\n");
	EXPECT_REFUSED(version, 8, EPERM, "p@shadow: expected version 8, got 9\n");
	/* values that no policy can have */
	EXPECT_REFUSED(name[0], '\0', EINVAL, "");
	EXPECT_REFUSED(name[0], '\n', EINVAL, "");
	EXPECT_REFUSED(bus[0], '/', EINVAL, "");
	EXPECT_REFUSED(limit.nr, BX_LIMIT_DRIVERS + 1, EINVAL, "");
	EXPECT_REFUSED(limit.nr, 1, EINVAL, "");
	c.enter[0] = good;
	EXPECT(!bx_policy_commit(&c));
	EXPECT(only("bx-one", 1) == &map);
	native_detach(&link);
}

static void commit_gives_the_limit(void)
{
	struct native_policy staged = policy;
	struct bx_commit c = { .nr_enter = 1 };
	struct native_link link = {};
	struct native_map map, map2;

	staged.flags = BX_F_STAGED;
	native_map_init(&map, &staged);
	EXPECT(!native_attach(&link, &map));
	EXPECT(record_of(&link).limit.nr == BX_ANY);
	c.enter[0] = checked(&link);
	c.enter[0].limit.nr = 1;
	strcpy(c.enter[0].limit.driver[0], "a");
	EXPECT(!bx_policy_commit(&c));
	EXPECT(record_of(&link).limit.nr == 1);
	EXPECT(!strcmp(record_of(&link).limit.driver[0], "a"));
	/* an update keeps it */
	native_map_init(&map2, &policy);
	EXPECT(!native_update(&link, &map2));
	EXPECT(record_of(&link).limit.nr == 1);
	native_detach(&link);
}

static void one_that_differs_refuses_all(void)
{
	struct native_policy staged = policy, second = other;
	struct native_link link = {}, next = {};
	struct bx_commit c = { .nr_enter = 2 };
	struct native_map map, map2;

	staged.flags = BX_F_STAGED;
	second.flags = BX_F_STAGED;
	native_map_init(&map, &staged);
	native_map_init(&map2, &second);
	EXPECT(!native_attach(&link, &map));
	EXPECT(!native_attach(&next, &map2));
	c.enter[0] = checked(&link);
	c.enter[1] = checked(&next);
	c.enter[1].vendor++;
	EXPECT(bx_policy_commit(&c) == -EPERM);
	EXPECT(!only("bx-one", 1) && !only("bx-two", 2));
	EXPECT(!native_sysfs_dirs);
	c.enter[1].vendor--;
	EXPECT(!bx_policy_commit(&c));
	native_detach(&link);
	native_detach(&next);
}

static void ejected_version_is_detached_once(void)
{
	struct native_link link = {};
	struct native_map map, map2;

	native_map_init(&map, &policy);
	native_map_init(&map2, &policy);
	EXPECT(!native_attach(&link, &map));
	native_eject(&link, BX_EXIT_RETURN, "d", "reason 1");
	native_eject(&link, BX_EXIT_ERROR, "e", "reason 2");
	EXPECT(map.ejections == 1);
	EXPECT(!strcmp(map.ejected.msg, "reason 1"));
	EXPECT(native_update(&link, &map2) == -ESHUTDOWN);
	EXPECT(link.map == &map);
	native_run_work();
	EXPECT(!link.map);
	EXPECT(map.exits == 1 && map.exit.kind == BX_EXIT_RETURN);
	EXPECT(!only("bx-one", 1));
}

/* The link stays, with the policy, until its owner detaches, updates or replaces it. */
static void quarantined_version_stays(void)
{
	struct native_link link = {};
	struct native_policy closed = policy;
	struct native_map map, map2;
	struct bx_policy_rec rec;

	closed.flags = BX_F_FAIL_CLOSED;
	native_map_init(&map, &closed);
	native_map_init(&map2, &closed);
	EXPECT(!native_attach(&link, &map));
	native_eject(&link, BX_EXIT_UNLISTED, "d", "reason 1");
	native_run_work();
	EXPECT(link.map == &map && !map.exits);
	EXPECT(!strcmp(native_uevent, "quarantined"));
	EXPECT(native_record(&link, &rec));
	EXPECT(rec.ejected && !strcmp(rec.reason, "reason 1"));
	EXPECT(strstr(native_last_log(), "quarantined"));

	EXPECT(!native_update(&link, &map2));
	EXPECT(!strcmp(native_uevent, "active"));
	EXPECT(map.exits == 1 && map.exit.kind == BX_EXIT_UNLISTED);
	EXPECT(native_record(&link, &rec) && !rec.ejected && !*rec.reason);

	native_eject(&link, BX_EXIT_ERROR, "e", "reason 2");
	native_run_work();
	EXPECT(link.map == &map2);
	native_detach(&link);
	EXPECT(map2.exits == 1 && map2.exit.kind == BX_EXIT_ERROR);
	EXPECT(!only("bx-one", 1));
}

/* A working version replaces it in one commit, and inherits its decisions. */
static void commit_replaces_a_quarantined_policy(void)
{
	struct native_link link = {}, next = {};
	struct native_policy closed = policy, staged = policy;
	unsigned int inherited = native_inherited;
	struct bx_commit c = { .nr_enter = 1, .nr_leave = 1 };
	struct native_map map, map2;
	struct bx_policy_rec rec;

	closed.flags = BX_F_FAIL_CLOSED;
	staged.flags = BX_F_STAGED | BX_F_FAIL_CLOSED;
	native_map_init(&map, &closed);
	native_map_init(&map2, &staged);
	EXPECT(!native_attach(&link, &map));
	EXPECT(!native_attach(&next, &map2));
	native_eject(&link, BX_EXIT_RETURN, "d", "reason");
	native_run_work();
	c.leave[0] = id_of(&link);
	EXPECT(native_record(&next, &rec));
	c.enter[0] = native_enter(&rec);
	EXPECT(!bx_policy_commit(&c));
	EXPECT(native_inherited == inherited + 1);
	native_detach(&link);
	EXPECT(map.exits == 1 && map.exit.kind == BX_EXIT_RETURN);
	EXPECT(native_record(&next, &rec) && !rec.ejected);
	native_detach(&next);
}

/* Neither the flag in shadow mode nor a staged policy has anything to keep closed. */
static void only_enforced_policies_are_quarantined(void)
{
	static const u64 flags[] = { BX_F_SHADOW, BX_F_STAGED };

	for (u32 i = 0; i < ARRAY_SIZE(flags); i++) {
		struct native_link link = {};
		struct native_policy closed = policy;
		struct native_map map;

		closed.flags = BX_F_FAIL_CLOSED | flags[i];
		native_map_init(&map, &closed);
		EXPECT(!native_attach(&link, &map));
		native_eject(&link, BX_EXIT_RETURN, "d", "reason");
		native_run_work();
		EXPECT(!link.map);
	}
}

static const struct native_test tests[] = {
	NATIVE_TEST(attach_survives_each_failed_allocation),
	NATIVE_TEST(update_survives_each_failed_allocation),
	NATIVE_TEST(commit_survives_each_failed_allocation),
	NATIVE_TEST(detach_needs_no_memory),
	NATIVE_TEST(policies_are_limited),
	NATIVE_TEST(a_replaced_policy_does_not_count),
	NATIVE_TEST(commits_are_limited),
	NATIVE_TEST(what_is_no_policy_is_refused),
	NATIVE_TEST(heir_inherits_and_the_old_one_is_updated),
	NATIVE_TEST(only_what_was_checked_is_activated),
	NATIVE_TEST(commit_gives_the_limit),
	NATIVE_TEST(one_that_differs_refuses_all),
	NATIVE_TEST(ejected_version_is_detached_once),
	NATIVE_TEST(quarantined_version_stays),
	NATIVE_TEST(commit_replaces_a_quarantined_policy),
	NATIVE_TEST(only_enforced_policies_are_quarantined),
};

int main(void)
{
	return native_main(tests, ARRAY_SIZE(tests));
}
