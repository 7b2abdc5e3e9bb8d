// SPDX-License-Identifier: GPL-2.0-only
/*
 * Modules: none can be unloaded while it is needed, each can be afterwards,
 * nothing leaks under load, and one without type information says so
 *
 * Unlike in the other programs each test loads the modules and the BPF objects
 * itself, since loading is the subject of these tests.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>
#include <kselftest_harness.h>
#include "selftests/bpf/hook.skel.h"
#include "../lib/bxtest.h"

#define ID	"f055:1"
#define DEVICES	8
#define ROUNDS	60

FIXTURE(modules) {
	int unused;
};

FIXTURE_SETUP(modules)
{
	ASSERT_FALSE(bxt_loaded("bus_ext"));
	bxt_slots(2);
}

/*
 * After every test all modules can be unloaded, once its process and with it all
 * its BPF objects are gone: hence in the parent.
 */
FIXTURE_TEARDOWN_PARENT(modules)
{
	EXPECT_EQ(0, bxt_finish());
	EXPECT_FALSE(bxt_loaded("bus_ext"));
}

static bool is_busy(int err)
{
	return err == -EBUSY || err == -EAGAIN;
}

/* ---- what keeps a module ---- */

TEST_F(modules, programs_that_are_loaded_keep_bus_ext)
{
	ASSERT_EQ(0, bxt_start("bus_ext"));
	EXPECT_TRUE(is_busy(bxt_unload("bus_ext")));
	EXPECT_TRUE(bxt_loaded("bus_ext"));
	/* unharmed */
	EXPECT_LE(0, attach_errno(0, .bus = "platform",
				  .flags = BX_F_SHADOW));
}

TEST_F(modules, attached_policy_keeps_bus_ext)
{
	ASSERT_EQ(0, bxt_start("bus_ext"));
	attach(0, .bus = "platform", .flags = BX_F_SHADOW);
	EXPECT_TRUE(is_busy(bxt_unload("bus_ext")));
	EXPECT_ATTACHED("p0");
}

TEST_F(modules, attached_policy_keeps_its_bus_until_detached)
{
	int link;

	ASSERT_EQ(0, bxt_start("bx_sf"));
	link = attach(0);
	EXPECT_TRUE(is_busy(bxt_unload("bx_sf")));
	detach(link);
	/* the loaded programs are not only for this bus */
	EXPECT_EQ(0, bxt_unload_soon("bx_sf"));
	EXPECT_EQ(-ENODEV, attach_errno(0));
}

TEST_F(modules, ejected_policy_lets_go_of_its_bus)
{
	ASSERT_EQ(0, bxt_start("bxsim"));
	bxt_script(0)->select = 99;
	driver("a", "ids=*:*");
	attach(0);
	device("d", ID);
	settle();
	EXPECT_EJECTED("p0");
	EXPECT_EQ(0, bxt_unload_soon("bxsim"));
	EXPECT_EQ(0, bxt_unload_soon("bx_sf"));
}

TEST_F(modules, refused_policy_lets_go_of_its_bus)
{
	ASSERT_EQ(0, bxt_start("bx_sf"));
	bxt_script(0)->init = -EDOM;
	EXPECT_EQ(-EDOM, attach_errno(0));
	EXPECT_EQ(0, bxt_unload("bx_sf"));
}

TEST_F(modules, hook_keeps_bus_ext)
{
	struct hook *hook;

	ASSERT_EQ(0, bxt_load("bus_ext"));
	hook = hook__open_and_load();
	ASSERT_NE(NULL, hook);
	EXPECT_TRUE(is_busy(bxt_unload("bus_ext")));
	ASSERT_NE(NULL, bpf_program__attach(hook->progs.hook));
	EXPECT_TRUE(is_busy(bxt_unload("bus_ext")));
	hook__destroy(hook);
}

TEST_F(modules, devices_and_drivers_may_go_under_a_policy)
{
	ASSERT_EQ(0, bxt_start("bxsim"));
	selects(0, "a");
	attach(0);
	driver("a", "");
	for (int i = 0; i < DEVICES; i++)
		ASSERT_EQ(0, bxt_sim("create", "d%d %s", i, ID));
	EXPECT_EQ(DEVICES, bxt_bound_devices("a"));
	EXPECT_EQ(0, bxt_unload("bxsim"));
	settle();
	EXPECT_EQ(DEVICES, bxt_script(0)->events[2]);
	EXPECT_EQ(DEVICES, bxt_script(0)->events[3]);
	EXPECT_ATTACHED("p0");
}

/* ---- the simulator ---- */

TEST_F(modules, simulator_refuses_malformed_devices)
{
	static const struct {
		const char	*line;
		int		err;
	} bad[] = {
		{ " ", -EINVAL },
		{ "x", -EINVAL },
		{ "x f055", -EINVAL },
		{ "x f055:1:2", -EINVAL },
		{ "x f055:1:2:3:4", -EINVAL },
		{ "x f055:*", -EINVAL },
		{ "x f055:1,f055:2", -EINVAL },
		{ "x f055:123456789", -ERANGE },
		{ "a/b f055:1", -EINVAL },
		{ "x f055:1 class", -EINVAL },
		{ "x f055:1 class=1x", -EINVAL },
		{ "x f055:1 class=1 class=1", -EINVAL },
		{ "x f055:1 guid=1", -EINVAL },
		{ "x f055:1 provider=none", -EINVAL },
		{ "x f055:1 probe=0", -EINVAL },
		{ "x f055:1\ny f055:1", -EINVAL },
	};

	ASSERT_EQ(0, bxt_start("bxsim"));
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(bad[i].err, bxt_sim("create", "%s", bad[i].line))
			TH_LOG("create '%s'", bad[i].line);
	}
	EXPECT_EQ(-ENAMETOOLONG, bxt_sim("create", "%0*d f055:1",
					 BX_DEV_NAME_LEN, 0));
	EXPECT_FALSE(bxt_contains("/sys/devices/bxsim/devices", "x "));
	EXPECT_EQ(-EINVAL, bxt_sim("destroy", "x y"));
	EXPECT_EQ(-ENODEV, bxt_sim("destroy", "x"));
}

TEST_F(modules, simulator_changes_a_driver_completely_or_not)
{
	ASSERT_EQ(0, bxt_start("bxsim"));
	driver("a", "ids=f055:* probe=-EIO");
	EXPECT_EQ(-EINVAL, bxt_sim("driver_add", "b ids=f055"));
	EXPECT_EQ(-EINVAL, bxt_sim("driver_add", "b ids=0:0:0:0"));
	EXPECT_EQ(-EINVAL, bxt_sim("driver_add", "b ids=f055:1,"));
	EXPECT_EQ(-EINVAL, bxt_sim("driver_add", "b ids=f055:1 ids=f055:2"));
	EXPECT_EQ(-EINVAL, bxt_sim("driver_set", "a probe=0 speed=1"));
	EXPECT_EQ(-EINVAL, bxt_sim("driver_set", "a probe=0 ids=f055:1"));
	EXPECT_EQ(-EINVAL, bxt_sim("driver_set", "a probe=0 delay=1x"));
	EXPECT_EQ(-ERANGE, bxt_sim("driver_set", "a probe=0 delay=60001"));
	EXPECT_EQ(-ERANGE, bxt_sim("driver_set", "a probe=1"));
	EXPECT_EQ(-ENODEV, bxt_sim("driver_set", "b probe=0"));
	EXPECT_TRUE(bxt_contains("/sys/devices/bxsim/drivers", "probe=-EIO"));
	EXPECT_FALSE(bxt_contains("/sys/devices/bxsim/drivers", "b "));
	EXPECT_EQ(0, bxt_sim("driver_set", "a probe=-ENXIO delay=0"));
	EXPECT_TRUE(bxt_contains("/sys/devices/bxsim/drivers", "probe=-ENXIO"));
}

/* ---- under load ---- */

struct load {
	pthread_t	thread;
	bool		stop;
	int		rounds;
	int		errors;
};

/* Devices come and go as fast as they can. */
static void *come_and_go(void *arg)
{
	struct load *load = arg;

	while (!__atomic_load_n(&load->stop, __ATOMIC_RELAXED)) {
		for (int i = 0; i < DEVICES; i++)
			load->errors += !!bxt_sim("create", "d%d %s", i, ID);
		for (int i = 0; i < DEVICES; i++)
			load->errors += !!bxt_sim("destroy", "d%d", i);
		__atomic_add_fetch(&load->rounds, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

static bool has_begun(void *arg)
{
	struct load *load = arg;

	return __atomic_load_n(&load->rounds, __ATOMIC_RELAXED);
}

/* Wait for a whole round: on one processor the thread may not run for a while. */
#define load_begin(load) do { \
	ASSERT_EQ(0, pthread_create(&(load)->thread, NULL, come_and_go, load)); \
	ASSERT_TRUE(bxt_becomes(has_begun, load)); \
} while (0)
#define load_end(load) do { \
	__atomic_store_n(&(load)->stop, true, __ATOMIC_RELAXED); \
	ASSERT_EQ(0, pthread_join((load)->thread, NULL)); \
	EXPECT_EQ(0, (load)->errors); \
} while (0)

static bool has_refcnt(void *arg)
{
	int *want = arg;

	return bxt_refcnt("bus_ext") == want[0] &&
	       bxt_refcnt("bx_sf") == want[1];
}

TEST_F(modules, attach_and_detach_under_load_leak_nothing)
{
	struct load load = {};
	int before[2], link;

	ASSERT_EQ(0, bxt_start("bxsim"));
	driver("a", "ids=*:*");
	selects(0, "a");
	before[0] = bxt_refcnt("bus_ext");
	before[1] = bxt_refcnt("bx_sf");
	load_begin(&load);
	for (int i = 0; i < ROUNDS; i++) {
		link = bxt_attach(0, &(struct bxt_spec){});
		ASSERT_LE(0, link);
		if (i % 2)
			bxt_detach(link);
		close(link);
	}
	load_end(&load);
	settle();
	EXPECT_EQ(ROUNDS, bxt_script(0)->inits);
	EXPECT_EQ(ROUNDS, bxt_script(0)->exits);
	/* maps are freed after a grace period */
	EXPECT_TRUE(bxt_becomes(has_refcnt, before))
		TH_LOG("bus_ext %d of %d, bx_sf %d of %d",
		       bxt_refcnt("bus_ext"), before[0],
		       bxt_refcnt("bx_sf"), before[1]);
}

/* There is no moment without a policy: devices that are unbound meanwhile get no driver. */
TEST_F(modules, update_under_load_leaves_no_gap)
{
	struct load load = {};
	int link, one, two;
	__u64 updates = 0;

	ASSERT_EQ(0, bxt_start("bxsim"));
	driver("c", "ids=*:*");
	driver("a", "");
	driver("b", "");
	selects(0, "a");
	selects(1, "b");
	one = map(0);
	two = map(1, .name = "p0");
	link = bxt_link(one);
	ASSERT_LE(0, link);
	settle();
	load_begin(&load);
	/* on one processor the load may not run for a while */
	while (updates < 200 || !bxt_probes("a") || !bxt_probes("b")) {
		ASSERT_EQ(0, bxt_update(link, two, one));
		ASSERT_EQ(0, bxt_update(link, one, two));
		updates += 2;
	}
	load_end(&load);
	settle();
	EXPECT_EQ(0, bxt_probes("c"));
	EXPECT_EQ(1 + updates, policy("p0").generation);
}

TEST_F(modules, ejections_under_load_leave_every_device_bound)
{
	struct load load = {};
	int link;

	ASSERT_EQ(0, bxt_start("bxsim"));
	driver("a", "ids=*:*");
	device("stays", ID);
	bxt_script(0)->select = 99;
	load_begin(&load);
	for (int i = 0; i < 50; i++) {
		link = bxt_attach(0, &(struct bxt_spec){});
		if (link >= 0)
			close(link);
		else
			EXPECT_EQ(-EEXIST, link);
	}
	load_end(&load);
	settle();
	device("d", ID);
	settle();
	EXPECT_BOUND("d", "a");
	EXPECT_BOUND("stays", "a");
	EXPECT_EJECTED("p0");
}

TEST_F(modules, drivers_that_come_and_go_under_load)
{
	struct load load = {};

	ASSERT_EQ(0, bxt_start("bxsim"));
	driver("a", "ids=*:*");
	judges(0, 0, "b", 10);
	attach(0);
	load_begin(&load);
	for (int i = 0; i < 50; i++) {
		ASSERT_EQ(0, bxt_sim("driver_add", "b"));
		ASSERT_EQ(0, bxt_sim("driver_del", "b"));
	}
	load_end(&load);
	device("d", ID);
	settle();
	EXPECT_BOUND("d", "a");
	EXPECT_EQ(1, bxt_bound_devices("a"));
}

/* ---- without type information ---- */

TEST_F(modules, without_btf_is_refused_with_a_reason)
{
	int kmsg = bxt_kernel_log();

	ASSERT_LE(0, kmsg);
	EXPECT_EQ(-ENOENT, bxt_load_built("build/modules/%s",
					  "bus_ext-no-btf"));
	EXPECT_TRUE(bxt_kernel_said(kmsg, "no BTF that fits the running kernel"));
	EXPECT_FALSE(bxt_loaded("bus_ext"));
	EXPECT_NE(0, access("/sys/kernel/bus_ext", F_OK));
	/* and the real one loads after it */
	EXPECT_EQ(0, bxt_load("bus_ext"));
	EXPECT_EQ(0, access("/sys/kernel/bus_ext/version", F_OK));
}

TEST_HARNESS_MAIN
