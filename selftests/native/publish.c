// SPDX-License-Identifier: GPL-2.0-only
/*
 * Publication of the index, natively, by hand: each allocation failing in turn
 * within attach, update and commit; limits; how a version ends
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
	const struct bx_chain *chain = bx_chain_lookup(bus, vendor);
	const struct native_map *map = NULL;

	EXPECT(!chain || chain->n == 1);
	if (chain)
		map = native_map_of(chain->inst[0]);
	srcu_read_unlock(&bx_srcu, idx);
	return map;
}

static u64 id_of(const struct native_link *link)
{
	struct bx_policy_rec rec = {};

	EXPECT(native_record(link, &rec));
	return rec.id;
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
	c.enter[0] = id_of(&next);
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
	EXPECT(try_attach(&p) == -EOPNOTSUPP);
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

/* ---- how a version ends ---- */

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
	c.enter[0] = id_of(&next);
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

static void ejected_version_is_detached_once(void)
{
	struct native_link link = {};
	struct native_map map, map2;

	native_map_init(&map, &policy);
	native_map_init(&map2, &policy);
	EXPECT(!native_attach(&link, &map));
	bx_eject_id(id_of(&link), BX_EXIT_NO_DRIVER, "d", "reason %d", 1);
	bx_eject_id(id_of(&link), BX_EXIT_ERROR, "e", "reason %d", 2);
	EXPECT(map.ejections == 1);
	EXPECT(!strcmp(map.ejected.msg, "reason 1"));
	EXPECT(native_update(&link, &map2) == -ESHUTDOWN);
	EXPECT(link.map == &map);
	native_run_work();
	EXPECT(!link.map);
	EXPECT(map.exits == 1 && map.exit.kind == BX_EXIT_NO_DRIVER);
	EXPECT(!only("bx-one", 1));
}

static const struct native_test tests[] = {
	NATIVE_TEST(attach_survives_each_failed_allocation),
	NATIVE_TEST(update_survives_each_failed_allocation),
	NATIVE_TEST(commit_survives_each_failed_allocation),
	NATIVE_TEST(detach_needs_no_memory),
	NATIVE_TEST(policies_are_limited),
	NATIVE_TEST(commits_are_limited),
	NATIVE_TEST(what_is_no_policy_is_refused),
	NATIVE_TEST(heir_inherits_and_the_old_one_is_updated),
	NATIVE_TEST(ejected_version_is_detached_once),
};

int main(void)
{
	return native_main(tests, ARRAY_SIZE(tests));
}
