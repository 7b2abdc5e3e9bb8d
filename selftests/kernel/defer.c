// SPDX-License-Identifier: GPL-2.0-only
/*
 * Deferred devices are elected again: after an event in the scope of the policy, when a
 * driver comes, after a time, when a program asks; and not for any other reason
 *
 * On bx-sf and, for an adopted bus, on the bus of the module bxany and on virtio.
 * native/defer has the rules one by one.
 */
#include <errno.h>
#include <glob.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <kselftest_harness.h>
#include "../lib/bxtest.h"
#include "selftests/bpf/hook.skel.h"
#include "selftests/bpf/meets.skel.h"

#define ANY	"bxany"
#define DIR	"/sys/devices/bxany/"

static int any(const char *file, const char *text)
{
	char path[64];

	snprintf(path, sizeof(path), DIR "%s", file);
	return bxt_write(path, text);
}

#define any_devices(n)	ASSERT_EQ(0, any("devices", #n))
#define any_driver(name) ASSERT_EQ(0, any("register", name))
#define EXPECT_ANY(device, name) EXPECT_STREQ(name, bxt_bound_on(ANY, device))
#define selects_of(slot) ((int)bxt_script(slot)->selects)

/* The slot defers only this device. */
#define defers(slot, device_) do { \
	strcpy(bxt_script(slot)->device, device_); \
	bxt_script(slot)->select = BX_DEFER; \
} while (0)

/* The slot defers the device until the companion is bound, and then names a driver. */
#define waits_for(slot, device_, companion_, driver_) do { \
	selects(slot, driver_); \
	defers(slot, device_); \
	strcpy(bxt_script(slot)->companion, companion_); \
	bxt_script(slot)->then = BX_SELECT; \
} while (0)

/* Whether select() of a slot was called some times more: a clock that works for others */
struct ticks {
	int	slot;
	int	until;
};

static bool ticked(void *arg)
{
	const struct ticks *t = arg;

	return selects_of(t->slot) >= t->until;
}

static bool takes_turns(int slot, int n)
{
	struct ticks t = { slot, selects_of(slot) + n };

	return bxt_becomes(ticked, &t);
}

/* Slot 3 elects a device of its own again and again, which is the clock. */
#define clock_starts() do { \
	defers(3, "clock"); \
	bxt_script(3)->retry_ms = 1; \
	attach(3, .vendor = 0xc10c); \
	device("clock", "c10c:1"); \
} while (0)
/* Long after @ms */
#define wait_longer_than(ms)	ASSERT_TRUE(takes_turns(3, 2 * (ms)))

FIXTURE(defer) {
	int	log;
};

FIXTURE_SETUP(defer)
{
	ASSERT_EQ(0, bxt_clean());
	ASSERT_EQ(0, any("devices", "0"));
	any("unregister", "a");
	any("unregister", "b");
	self->log = bxt_kernel_log();
}

FIXTURE_TEARDOWN(defer)
{
}

/* ---- events ---- */

TEST_F(defer, device_waits_until_its_companion_is_bound)
{
	driver("x", "ids=f055:9");
	driver("y", "ids=f055:2");
	waits_for(0, "a", "b", "x");
	attach(0);
	device("a", "f055:1");
	settle();
	EXPECT_UNBOUND("a");
	EXPECT_OUTCOME(BX_OUT_DEFERRED, "a");
	EXPECT_EQ(1, decision("a").deferrals);
	EXPECT_EQ(0, decision("a").retry_ms);
	device("b", "f055:2");
	settle();
	EXPECT_BOUND("b", "y");
	EXPECT_BOUND("a", "x");
	EXPECT_EQ(0, decision("a").deferrals);
	EXPECT_EQ(1, bxt_probes("x"));
}

TEST_F(defer, each_kind_of_event_of_another_device_asks_again)
{
	int before;

	driver("y", "ids=f055:2");
	defers(0, "a");
	attach(0);
	device("a", "f055:1");
	settle();
	before = decision("a").deferrals;
	device("c", "f055:3");
	settle();
	EXPECT_LT(before, decision("a").deferrals);	/* added */
	ASSERT_EQ(0, bxt_set_override("bx-sf", "c", "y"));
	before = decision("a").deferrals;
	ASSERT_EQ(0, bxt_write("/sys/bus/bx-sf/drivers_probe", "c"));
	settle();
	EXPECT_EQ(before + 1, decision("a").deferrals);	/* bound */
	ASSERT_EQ(0, bxt_write("/sys/bus/bx-sf/drivers/y/unbind", "c"));
	settle();
	EXPECT_EQ(before + 2, decision("a").deferrals);	/* unbound */
	destroy("c");
	settle();
	EXPECT_EQ(before + 3, decision("a").deferrals);	/* removed */
}

TEST_F(defer, events_out_of_scope_ask_no_one)
{
	int before;

	driver("y", "ids=abba:*");
	defers(0, "a");
	attach(0, .vendor = 0xf055);
	device("a", "f055:1");
	settle();
	before = selects_of(0);
	device("c", "abba:3");			/* of another vendor */
	destroy("c");
	any_driver("a");			/* on another bus */
	any_devices(2);
	any_devices(0);
	settle();
	EXPECT_EQ(before, selects_of(0));
	EXPECT_EQ(1, decision("a").deferrals);
}

/*
 * A probe of a deferred device, by the decision of before, as the driver core does when it has
 * bound another one.  The program that makes it wait keeps a processor to itself.
 */
static void *probe_on_the_other_cpu(void *device)
{
	if (bxt_use_cpu(1) || bxt_write("/sys/bus/bx-sf/drivers_probe", device))
		return NULL;
	return device;
}

static bool is_probing(void *meets)
{
	return ((struct meets *)meets)->bss->probing;
}

TEST_F(defer, event_during_a_probe_asks_again)
{
	struct meets *meets;
	pthread_t prober;
	char cpus[64];

	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		SKIP(return, "needs two processors");
	meets = meets__open_and_load();
	ASSERT_NE(NULL, meets) TH_LOG("%s", bxt_log());
	ASSERT_EQ(0, meets__attach(meets));
	driver("x", "ids=f055:9");
	driver("y", "ids=f055:2");
	device("b", "f055:2");
	waits_for(0, "a", "b", "x");
	attach(0);
	ASSERT_EQ(0, bxt_write("/sys/bus/bx-sf/drivers/y/unbind", "b"));
	device("a", "f055:1");
	settle();
	ASSERT_EQ(0, bxt_use_cpu(0));
	ASSERT_EQ(0, bxt_read(BXT_CPUS_OF_WORK, cpus, sizeof(cpus)));
	ASSERT_EQ(0, bxt_write(BXT_CPUS_OF_WORK, "1"));
	meets->bss->armed = 1;
	ASSERT_EQ(0, pthread_create(&prober, NULL, probe_on_the_other_cpu, "a"));
	EXPECT_TRUE(bxt_becomes(is_probing, meets));
	EXPECT_EQ(0, bxt_write("/sys/bus/bx-sf/drivers/y/bind", "b"));
	pthread_join(prober, NULL);
	EXPECT_EQ(1, meets->bss->met);
	meets__destroy(meets);
	EXPECT_EQ(0, bxt_write(BXT_CPUS_OF_WORK, cpus));
	settle();
	EXPECT_BOUND("b", "y");
	EXPECT_BOUND("a", "x");
}

TEST_F(defer, device_of_an_adopted_bus_waits_for_its_companion)
{
	waits_for(0, "any0", "any1", "b");
	attach(0, .bus = ANY);
	any_driver("a");
	any_devices(1);
	any_driver("b");	/* not from a module that is loaded: no event */
	settle();
	EXPECT_ANY("any0", "");
	EXPECT_OUTCOME(BX_OUT_DEFERRED, "any0");
	any_devices(2);
	settle();
	EXPECT_ANY("any1", "a");
	EXPECT_ANY("any0", "b");
}

TEST_F(defer, refused_bind_is_no_event)
{
	int before;

	defers(0, "any0");
	bxt_script(1)->select = BX_REFUSE;
	strcpy(bxt_script(1)->device, "any1");
	attach(0, .bus = ANY);
	attach(1, .bus = ANY);
	any_driver("a");
	any_devices(2);
	settle();
	before = selects_of(0);
	EXPECT_NE(0, bxt_write("/sys/bus/" ANY "/drivers/a/bind", "any1"));
	EXPECT_NE(0, bxt_write("/sys/bus/" ANY "/drivers/a/bind", "any0"));
	settle();
	EXPECT_EQ(before, selects_of(0));
	EXPECT_ANY("any0", "");
}

TEST_F(defer, policy_that_passes_at_last_leaves_the_device_to_the_bus)
{
	waits_for(0, "any0", "any1", "b");
	bxt_script(0)->then = BX_PASS;
	attach(0, .bus = ANY);
	any_driver("a");
	any_devices(2);
	settle();
	EXPECT_ANY("any0", "a");
	EXPECT_BY(BX_BY_KERNEL, "any0");
}

TEST_F(defer, module_of_the_driver_is_loaded_after_a_deferral)
{
	driver("y", "ids=f055:2");
	waits_for(0, "a", "b", "missing");
	attach(0);
	device("a", "f055:1");
	device("b", "f055:2");
	settle();
	EXPECT_OUTCOME(BX_OUT_ABSENT, "a");
	EXPECT_EQ(BX_DRIVER_ABSENT, decision("a").driver_state);
}

TEST_F(defer, module_with_a_driver_of_an_adopted_bus_asks_again)
{
	char name[BX_DEV_NAME_LEN];
	glob_t found = {};

	ASSERT_EQ(0, bxt_load("virtio_rng"));
	if (glob("/sys/bus/virtio/drivers/virtio_rng/virtio*", 0, NULL, &found))
		SKIP(return, "no virtio-rng");
	snprintf(name, sizeof(name), "%s", strrchr(found.gl_pathv[0], '/') + 1);
	globfree(&found);
	ASSERT_EQ(0, bxt_unload_soon("virtio_rng"));
	defers(0, name);
	attach(0, .bus = "virtio");
	EXPECT_OUTCOME(BX_OUT_DEFERRED, name);
	/* without a driver of the bus */
	bxt_script(0)->selects = 0;
	ASSERT_EQ(0, bxt_load("bxplat"));
	ASSERT_EQ(0, bxt_unload_soon("bxplat"));
	settle();
	EXPECT_EQ(0, selects_of(0));
	selects(0, "virtio_rng");
	ASSERT_EQ(0, bxt_load("virtio_rng"));
	settle();
	EXPECT_STREQ("virtio_rng", bxt_bound_on("virtio", name));
}

TEST_F(defer, hook_that_defers_is_asked_again)
{
	struct hook *hook = hook__open_and_load();

	ASSERT_NE(NULL, hook);
	driver("x", "ids=f055:*");
	hook->bss->verdict = BX_DEFER;
	ASSERT_NE(NULL, bpf_program__attach(hook->progs.hook));
	device("a", "f055:1");
	EXPECT_UNBOUND("a");
	hook->bss->verdict = BX_PASS;
	device("b", "abba:2");
	settle();
	EXPECT_BOUND("a", "x");
}

/* ---- times ---- */

TEST_F(defer, device_is_asked_again_after_the_time_until_its_firmware_is_there)
{
	driver("x", "ids=f055:1");
	defers(0, "a");
	bxt_script(0)->retry_ms = 5;
	attach(0);
	device("a", "f055:1");
	ASSERT_TRUE(takes_turns(0, 3));
	EXPECT_UNBOUND("a");
	EXPECT_EQ(5, decision("a").retry_ms);
	EXPECT_LE(2, bxt_script(0)->deferrals);
	selects(0, "x");
	EXPECT_TRUE(bxt_becomes_bound("a", "x"));
	EXPECT_EQ(0, decision("a").retry_ms);
}

TEST_F(defer, device_of_an_adopted_bus_is_asked_again_after_the_time)
{
	any_driver("a");
	defers(0, "any0");
	bxt_script(0)->retry_ms = 5;
	attach(0, .bus = ANY);
	any_devices(1);
	ASSERT_TRUE(takes_turns(0, 3));
	EXPECT_ANY("any0", "");
	clock_starts();
	selects(0, "a");
	wait_longer_than(5);
	settle();
	EXPECT_ANY("any0", "a");
}

TEST_F(defer, time_is_limited_to_an_hour)
{
	defers(0, "a");
	bxt_script(0)->retry_ms = ~0U;
	attach(0);
	device("a", "f055:1");
	EXPECT_EQ(BX_RETRY_MAX_MS, decision("a").retry_ms);
}

TEST_F(defer, detached_policy_leaves_no_time)
{
	int link, elections;

	clock_starts();
	driver("x", "ids=f055:1");
	defers(0, "a");
	bxt_script(0)->retry_ms = 20;
	link = attach(0, .vendor = 0xf055);
	/* its elections are seen by a policy that is asked first, and passes */
	attach(1, .vendor = 0xf055, .priority = 1);
	device("a", "f055:1");
	ASSERT_TRUE(takes_turns(1, 2));
	detach(link);
	EXPECT_BOUND("a", "x");
	elections = selects_of(1);
	wait_longer_than(20);
	EXPECT_EQ(elections, selects_of(1));
}

TEST_F(defer, removed_device_leaves_no_time)
{
	int elections;

	clock_starts();
	any_driver("a");
	for (int i = 0; i < 2; i++) {
		defers(i, i ? "any0" : "a");
		bxt_script(i)->retry_ms = 20;
	}
	attach(0, .vendor = 0xf055);
	attach(1, .bus = ANY);
	device("a", "f055:1");
	any_devices(1);
	ASSERT_TRUE(takes_turns(0, 2));
	ASSERT_TRUE(takes_turns(1, 2));
	destroy("a");
	any_devices(0);
	settle();
	elections = selects_of(0) + selects_of(1);
	wait_longer_than(20);
	EXPECT_EQ(elections, selects_of(0) + selects_of(1));
}

/* ---- programs that ask ---- */

TEST_F(defer, event_on_one_bus_can_ask_the_devices_of_another)
{
	any_driver("a");
	waits_for(0, "any0", "any1", "a");
	attach(0, .bus = ANY);
	any_devices(1);
	attach(1);
	EXPECT_ANY("any0", "");
	selects(0, "a");
	/* an event that asks no one, and one that asks */
	device("b", "f055:1");
	settle();
	EXPECT_ANY("any0", "");
	bxt_script(1)->wakes = SCRIPT_BXANY;
	destroy("b");
	settle();
	EXPECT_EQ(0, bxt_script(1)->woke);
	EXPECT_ANY("any0", "a");
	bxt_script(1)->wakes = SCRIPT_NOSUCH;
	device("b", "f055:1");
	EXPECT_EQ(-ENODEV, bxt_script(1)->woke);
}

TEST_F(defer, event_can_ask_the_devices_of_other_policies_on_its_bus)
{
	defers(0, "a");
	attach(0, .vendor = 0xf055);
	bxt_script(1)->wakes = SCRIPT_EVENTS_BUS;
	attach(1, .vendor = 0xabba);
	device("a", "f055:1");
	settle();
	EXPECT_EQ(1, decision("a").deferrals);
	device("b", "abba:1");
	settle();
	EXPECT_LT(1, decision("a").deferrals);
}

/* ---- the limit ---- */

static bool at_limit(void *device)
{
	struct bx_device_rec rec;

	return !bxt_device(device, &rec) &&
	       rec.decision.deferrals == BX_MAX_DEFERRALS;
}

TEST_F(defer, limit_ends_it_until_a_rebind_or_a_change_of_policies)
{
	int elections;

	clock_starts();
	defers(0, "a");
	bxt_script(0)->retry_ms = 1;
	attach(0, .vendor = 0xf055);
	attach(1, .priority = 1, .vendor = 0xf055);
	device("a", "f055:1");
	ASSERT_TRUE(bxt_becomes(at_limit, "a"));
	EXPECT_TRUE(bxt_kernel_said(self->log, "deferred 1000 times, the last time by policy p0: "
				    "not elected again by itself"));
	settle();
	elections = selects_of(1);
	device("b", "f055:2");
	settle();
	EXPECT_EQ(elections + 1, selects_of(1));	/* only the one of b */
	/* the clock has its own limit, which ends with a change of policies */
	bxt_script(0)->retry_ms = 0;
	EXPECT_EQ(0, bxt_rebind("a"));
	EXPECT_EQ(1, decision("a").deferrals);
	destroy("b");
	settle();
	EXPECT_EQ(2, decision("a").deferrals);
	attach(2);
	EXPECT_EQ(1, decision("a").deferrals);
}

/* ---- the end ---- */

/*
 * The module is unloaded while a device is deferred for an hour, by a hook that is gone:
 * policies would keep the module.
 */
static int unload_with_a_deferred_device(void)
{
	struct hook *hook = hook__open_and_load();
	struct bx_device_rec rec;
	struct bpf_link *link;
	int err;

	if (!hook)
		return bxt_complain("load the hook", -ENOMEM);
	hook->bss->verdict = BX_DEFER;
	hook->bss->retry_ms = BX_RETRY_MAX_MS;
	link = bpf_program__attach(hook->progs.hook);
	if (!link)
		return bxt_complain("attach the hook", -errno);
	err = any("devices", "0") ?: any("devices", "2") ?: bxt_device("any0", &rec);
	if (!err && rec.decision.outcome != BX_OUT_DEFERRED)
		err = -EPROTO;
	bpf_link__destroy(link);
	hook__destroy(hook);
	if (err)
		return bxt_complain("defer a device", err);
	return bxt_finish() ?: any("devices", "0") ?: bxt_unload("bxany");
}

int main(int argc, char **argv)
{
	int ret;

	if (bxt_start("bus_ext adopt=" ANY) || bxt_load("bxsim") || bxt_load("bxany"))
		return KSFT_FAIL;
	ret = test_harness_run(argc, argv);
	return unload_with_a_deferred_device() ? KSFT_FAIL : ret;
}
