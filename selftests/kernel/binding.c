// SPDX-License-Identifier: GPL-2.0-only
/*
 * Buses without driver_override: decisions are enforced when a driver is bound
 *
 * On the bus of the module bxany, whose drivers count their probes, and on virtio, with
 * the kernel's own drivers.  bus_ext is loaded before bxany, whose name the parameter
 * adopt has.
 */
#include <errno.h>
#include <glob.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <kselftest_harness.h>
#include "../lib/anybus.h"
#include "../lib/bxtest.h"

#define ROUNDS	6
#define REFUSED	"driver 'a' is refused: policy 'p0' refuses the device; to overrule it: bxctl override bxany/any0 a"
#define CLAIMED	"driver 'a' has claimed the device without a probe, although policy 'p0' refuses"

/* Loading any module waits for asynchronous probes. */
static int wait_for_probes(void)
{
	int err = bxt_load("bxplat");

	return err ?: bxt_unload_soon("bxplat");
}

/* ---- finding a bus ---- */

FIXTURE(none) {
};

FIXTURE_SETUP(none)
{
	ASSERT_EQ(0, bxt_clean());
}

FIXTURE_TEARDOWN(none)
{
}

/* The first test: afterwards the bus is there, and stays until bus_ext is unloaded. */
TEST_F(none, policy_waits_for_a_bus_that_the_parameter_names)
{
	if (bxt_loaded("bxany"))
		SKIP(return, "the bus is there");
	bxt_script(0)->select = BX_REFUSE;
	attach_any(0);
	EXPECT_NE(0, access("/sys/kernel/bus_ext/buses/" BUS, F_OK));
	EXPECT_EQ(1, policy("p0").awaits_bus);
	ASSERT_EQ(0, bxt_load("bxany"));
	EXPECT_EQ(0, policy("p0").awaits_bus);
	EXPECT_EQ(0, access("/sys/kernel/bus_ext/buses/" BUS, F_OK));
	registers("a");
	devices(1);
	EXPECT_ON(DEV, "");
	EXPECT_PROBES("a", 0);
	EXPECT_OUTCOME(BX_OUT_REFUSED, DEV);
}

TEST_F(none, policy_for_a_bus_of_which_nothing_is_known_is_refused)
{
	EXPECT_EQ(-ENODEV, attach_errno(0, .bus = "nosuch"));
	EXPECT_TRUE(bxt_contains("/sys/kernel/bus_ext/refused",
				 "bus 'nosuch' not found"));
}

TEST_F(none, policy_for_a_known_bus_that_is_not_there_waits)
{
	if (!access("/sys/bus/hdaudio", F_OK))
		SKIP(return, "the bus is there");
	attach(0, .bus = "hdaudio");
	EXPECT_NE(0, access("/sys/kernel/bus_ext/buses/hdaudio", F_OK));
}

/* ---- devices of bxany ---- */

FIXTURE(any) {
};

FIXTURE_SETUP(any)
{
	ASSERT_EQ(0, bxt_clean());
	ASSERT_EQ(0, any_reset());
}

FIXTURE_TEARDOWN(any)
{
	devices(0);
	EXPECT_EQ(0, any_number("active"));
}

TEST_F(any, module_of_an_adopted_bus_cannot_be_unloaded)
{
	EXPECT_EQ(-EAGAIN, bxt_unload("bxany"));
}

/* ---- without an opinion ---- */

TEST_F(any, without_a_policy_everything_is_as_ever)
{
	registers("a");
	registers("b");
	devices(1);
	EXPECT_ON(DEV, "a");
	EXPECT_BY(BX_BY_KERNEL, DEV);
	EXPECT_EQ(0, driver_file("a", "unbind", DEV));
	EXPECT_EQ(0, driver_file("b", "bind", DEV));
	EXPECT_ON(DEV, "b");
}

TEST_F(any, with_a_policy_that_passes_everything_is_as_ever)
{
	attach_any(0);
	registers("a");
	devices(1);
	EXPECT_LT(0, bxt_script(0)->selects);
	EXPECT_ON(DEV, "a");
	EXPECT_BY(BX_BY_KERNEL, DEV);
}

TEST_F(any, policy_knows_the_modalias)
{
	attach_any(0);
	devices(1);
	EXPECT_STREQ("bxany:v0BE5d0001", bxt_script(0)->seen.modalias);
	EXPECT_TRUE(bxt_script(0)->seen.flags & BX_DEV_ADOPTED);
}

/* ---- a policy decides ---- */

TEST_F(any, refused_device_is_not_probed)
{
	int link;

	bxt_script(0)->select = BX_REFUSE;
	link = attach_any(0);
	registers("a");
	devices(2);
	EXPECT_ON(DEV, "");
	EXPECT_ON("any1", "");
	EXPECT_PROBES("a", 0);
	EXPECT_OUTCOME(BX_OUT_REFUSED, DEV);
	detach(link);
	EXPECT_ON(DEV, "a");
	EXPECT_ON("any1", "a");
	EXPECT_PROBES("a", 2);
}

TEST_F(any, selected_driver_wins_though_it_is_registered_last)
{
	selects(0, "b");
	attach_any(0);
	registers("a");
	registers("b");
	devices(1);
	EXPECT_ON(DEV, "b");
	EXPECT_PROBES("a", 0);
	EXPECT_PROBES("b", 1);
	EXPECT_OUTCOME(BX_OUT_DRIVER, DEV);
}

TEST_F(any, device_waits_for_the_selected_driver)
{
	selects(0, "b");
	attach_any(0);
	registers("a");
	devices(1);
	EXPECT_ON(DEV, "");
	EXPECT_OUTCOME(BX_OUT_ABSENT, DEV);
	registers("b");
	EXPECT_ON(DEV, "b");
	EXPECT_PROBES("a", 0);
}

TEST_F(any, driver_that_is_registered_later_is_refused)
{
	bxt_script(0)->select = BX_REFUSE;
	attach_any(0);
	devices(1);
	registers("a");
	EXPECT_ON(DEV, "");
	EXPECT_PROBES("a", 0);
}

TEST_F(any, asynchronous_driver_is_refused)
{
	bxt_script(0)->select = BX_REFUSE;
	attach_any(0);
	devices(2);
	registers("async");
	ASSERT_EQ(0, wait_for_probes());
	EXPECT_ON(DEV, "");
	EXPECT_PROBES("async", 0);
}

TEST_F(any, deferred_device_is_bound_after_the_detach)
{
	int link;

	bxt_script(0)->select = BX_DEFER;
	link = attach_any(0);
	registers("a");
	devices(1);
	EXPECT_ON(DEV, "");
	EXPECT_OUTCOME(BX_OUT_DEFERRED, DEV);
	detach(link);
	EXPECT_ON(DEV, "a");
	EXPECT_PROBES("a", 1);
}

TEST_F(any, device_that_comes_again_is_refused_again)
{
	bxt_script(0)->select = BX_REFUSE;
	attach_any(0);
	registers("a");
	for (int i = 0; i < 3; i++) {
		devices(1);
		EXPECT_ON(DEV, "");
		devices(0);
	}
	EXPECT_PROBES("a", 0);
}

/* ---- by hand ---- */

TEST_F(any, bind_by_hand_is_refused_with_a_line_in_the_log)
{
	int log;

	bxt_script(0)->select = BX_REFUSE;
	attach_any(0);
	registers("a");
	devices(1);
	log = bxt_kernel_log();
	EXPECT_EQ(-ENODEV, driver_file("a", "bind", DEV));
	EXPECT_ON(DEV, "");
	EXPECT_PROBES("a", 0);
	EXPECT_TRUE(bxt_kernel_said(log, REFUSED));
	close(log);
}

TEST_F(any, bind_by_hand_of_the_selected_driver_works)
{
	selects(0, "b");
	attach_any(0);
	registers("a");
	registers("b");
	devices(1);
	ASSERT_EQ(0, driver_file("b", "unbind", DEV));
	EXPECT_EQ(-ENODEV, driver_file("a", "bind", DEV));
	EXPECT_EQ(0, driver_file("b", "bind", DEV));
	EXPECT_ON(DEV, "b");
	EXPECT_PROBES("a", 0);
}

/* ---- the administrator's override ---- */

#define OVERRIDE	"/sys/kernel/bus_ext/buses/" BUS "/override"
#define ADMINS	"driver 'a' is refused: the administrator's override gives it to driver 'b'"

#define overrides(text)	ASSERT_EQ(0, bxt_write(OVERRIDE, text))

TEST_F(any, override_is_above_a_policy_until_it_is_removed)
{
	bxt_script(0)->select = BX_REFUSE;
	attach_any(0);
	registers("a");
	registers("b");
	devices(2);
	overrides(DEV " b");
	EXPECT_ON(DEV, "");		/* as driver_override, it binds nothing itself */
	EXPECT_EQ(1, bxt_rebind(DEV));
	EXPECT_ON(DEV, "b");
	EXPECT_BY(BX_BY_OVERRIDE, DEV);
	EXPECT_TRUE(bxt_contains(OVERRIDE, DEV " b\n"));
	ASSERT_EQ(0, bxt_reelect(BUS));
	EXPECT_ON(DEV, "b");
	EXPECT_ON("any1", "");
	EXPECT_PROBES("a", 0);
	overrides(DEV);
	EXPECT_FALSE(bxt_contains(OVERRIDE, DEV));
	EXPECT_EQ(1, bxt_rebind(DEV));
	EXPECT_ON(DEV, "");
	EXPECT_BY(BX_BY_SELECT, DEV);
}

TEST_F(any, override_refuses_other_drivers_without_a_policy)
{
	int log;

	attach_any(0);
	registers("a");
	registers("b");
	devices(1);
	overrides(DEV " b");
	ASSERT_EQ(0, driver_file("a", "unbind", DEV));
	log = bxt_kernel_log();
	EXPECT_EQ(-ENODEV, driver_file("a", "bind", DEV));
	EXPECT_TRUE(bxt_kernel_said(log, ADMINS));
	close(log);
	EXPECT_EQ(0, driver_file("b", "bind", DEV));
	overrides(DEV " none");
	EXPECT_EQ(1, bxt_rebind(DEV));
	EXPECT_ON(DEV, "");
	EXPECT_OUTCOME(BX_OUT_REFUSED, DEV);
}

TEST_F(any, override_is_above_a_veto_and_ends_with_the_device)
{
	judges(0, 0, "a", BX_VETO);
	attach_any(0, .ops = BX_OP_MATCH);
	registers("a");
	devices(1);
	EXPECT_ON(DEV, "");
	overrides(DEV " a");
	EXPECT_EQ(1, bxt_rebind(DEV));
	EXPECT_ON(DEV, "a");
	devices(0);
	devices(1);
	EXPECT_ON(DEV, "");
	EXPECT_FALSE(bxt_contains(OVERRIDE, DEV));
}

TEST_F(any, override_of_what_is_no_device_is_refused)
{
	attach_any(0);
	devices(1);
	EXPECT_EQ(-ENODEV, bxt_write(OVERRIDE, "any7 a"));
	EXPECT_EQ(-EINVAL, bxt_write(OVERRIDE, DEV " a_driver_whose_name_is_far_too_long_for_it"));
	EXPECT_NE(0, access("/sys/kernel/bus_ext/buses/pci/override", F_OK));
}

TEST_F(any, drivers_probe_does_not_bind_a_refused_device)
{
	bxt_script(0)->select = BX_REFUSE;
	attach_any(0);
	registers("a");
	devices(1);
	bxt_write("/sys/bus/" BUS "/drivers_probe", DEV);
	EXPECT_ON(DEV, "");
	EXPECT_PROBES("a", 0);
}

TEST_F(any, bound_device_stays_until_its_rebind)
{
	registers("a");
	registers("b");
	devices(1);
	selects(0, "b");
	attach_any(0);
	EXPECT_ON(DEV, "a");
	EXPECT_EQ(1, bxt_rebind(DEV));
	EXPECT_ON(DEV, "b");
	EXPECT_PROBES("a", 1);
	bxt_script(0)->select = BX_REFUSE;
	EXPECT_EQ(1, bxt_rebind(DEV));
	EXPECT_ON(DEV, "");
}

/* ---- what cannot be done ---- */

TEST_F(any, driver_that_does_not_claim_the_device_is_not_forced)
{
	const struct bx_opinion *recs;
	bool explained = false;
	int n;

	selects(0, "never");
	strcpy(bxt_script(0)->asks_state, "never");
	attach_any(0);
	registers("never");
	registers("a");
	devices(1);
	EXPECT_ON(DEV, "");
	EXPECT_PROBES("never", 0);
	EXPECT_PROBES("a", 0);
	EXPECT_EQ(BX_DRIVER_UNCLAIMED, bxt_script(0)->state);
	EXPECT_EQ(BX_DRIVER_UNCLAIMED, decision(DEV).driver_state);
	EXPECT_EQ(-EAGAIN, bxt_rebind(DEV));
	n = bxt_opinions(DEV, &recs);
	ASSERT_LT(0, n);
	for (int i = 0; i < n; i++)
		explained |= recs[i].kind == BX_OPN_DECISION &&
			     recs[i].driver_state == BX_DRIVER_UNCLAIMED;
	EXPECT_TRUE(explained);
}

TEST_F(any, next_choice_is_taken_instead_of_one_that_does_not_claim_the_device)
{
	const struct bx_opinion *recs;
	bool explained = false;
	int n;

	selects(0, "never");
	or_selects(0, 0, "b");
	attach_any(0);
	registers("a");
	registers("b");
	registers("never");
	devices(1);
	EXPECT_ON(DEV, "b");
	EXPECT_PROBES("a", 0);
	n = bxt_opinions(DEV, &recs);
	ASSERT_LT(0, n);
	for (int i = 0; i < n; i++)
		explained |= !strcmp(recs[i].driver, "never") &&
			     recs[i].why == BX_WHY_UNCLAIMED;
	EXPECT_TRUE(explained);
}

TEST_F(any, driver_bound_without_a_probe_is_shown_as_claimed)
{
	struct bx_device_rec rec;
	int log;

	bxt_script(0)->select = BX_REFUSE;
	attach_any(0);
	registers("a");
	devices(1);
	log = bxt_kernel_log();
	ASSERT_EQ(0, any("claim", "a any0"));
	EXPECT_ON(DEV, "a");
	EXPECT_EQ(0, any_number("foreign"));
	ASSERT_EQ(0, bxt_device(DEV, &rec));
	EXPECT_TRUE(rec.dev.flags & BX_DEV_CLAIMED);
	EXPECT_TRUE(bxt_kernel_said(log, CLAIMED));
	close(log);
	ASSERT_EQ(0, driver_file("a", "unbind", DEV));
	ASSERT_EQ(0, bxt_device(DEV, &rec));
	EXPECT_FALSE(rec.dev.flags & BX_DEV_CLAIMED);
	EXPECT_ON(DEV, "");
	EXPECT_PROBES("a", 0);
}

/* ---- PM domains ---- */

TEST_F(any, pm_domain_of_the_device_stays)
{
	selects(0, "b");
	ASSERT_EQ(0, any("domain", "1"));
	attach_any(0);
	registers("a");
	devices(2);
	EXPECT_EQ(0, any_number("active"));
	EXPECT_EQ(0, any_number("foreign"));
	registers("b");
	EXPECT_ON(DEV, "b");
	EXPECT_EQ(2, any_number("active"));
	EXPECT_EQ(0, any_number("foreign"));
	EXPECT_PROBES("a", 0);
}

/* ---- at the same time ---- */

static bool stop;

struct worker {
	void		(*fn)(void);
	pthread_t	thread;
	unsigned long	rounds;
};

static void *work(void *data)
{
	struct worker *w = data;

	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		w->fn();
		__atomic_add_fetch(&w->rounds, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

static void bind_and_unbind(void)
{
	driver_file("a", "bind", "any1");
	driver_file("a", "unbind", "any1");
	bxt_write("/sys/bus/" BUS "/drivers_probe", DEV);
	driver_file("a", "unbind", DEV);
}

static void add_and_remove(void)
{
	any("devices", "4");
	any("devices", "2");
}

static void come_and_go(void)
{
	any("register", "b");
	any("unregister", "b");
}

TEST_F(any, attach_and_detach_against_bind_devices_and_drivers)
{
	struct worker workers[] = {
		{ bind_and_unbind }, { add_and_remove }, { come_and_go },
	};
	int n = sizeof(workers) / sizeof(*workers), link;

	ASSERT_EQ(0, any("domain", "1"));
	registers("a");
	devices(2);
	bxt_script(0)->select = BX_REFUSE;
	selects(1, "b");
	stop = false;
	for (int i = 0; i < n; i++)
		pthread_create(&workers[i].thread, NULL, work, &workers[i]);
	for (int i = 0; i < ROUNDS; i++) {
		link = attach_any(i & 1);
		bxt_rebind(DEV);
		detach(link);
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	for (int i = 0; i < n; i++) {
		pthread_join(workers[i].thread, NULL);
		EXPECT_LT(0, workers[i].rounds);
	}
	EXPECT_EQ(0, any_number("foreign"));
	devices(0);
	EXPECT_EQ(0, any_number("active"));
	ASSERT_EQ(0, any("probes", "0"));
	attach_any(0);
	devices(4);
	EXPECT_ON("any3", "");
	EXPECT_PROBES("a", 0);
}

static void *bind_once(void *done)
{
	driver_file("a", "bind", DEV);
	__atomic_store_n((bool *)done, true, __ATOMIC_RELEASE);
	return NULL;
}

/* Begins to bind a driver, and returns while it is being refused; false if it was already. */
static bool begin_bind(pthread_t *thread, bool *done)
{
	*done = false;
	pthread_create(thread, NULL, bind_once, done);
	while (!__atomic_load_n(done, __ATOMIC_ACQUIRE)) {
		if (*bxt_bound_on(BUS, DEV))
			return true;
	}
	pthread_join(*thread, NULL);
	return false;
}

/* The device has a driver for the driver core, but none is bound. */
TEST_F(any, detach_while_a_driver_is_refused_frees_the_device)
{
	pthread_t thread;
	int link;
	bool done;

	if (bxt_contains("/sys/module/bus_ext/parameters/match_hook", "Y\n"))
		SKIP(return, "a driver core that asks does not show a refused driver");
	ASSERT_EQ(0, any("domain", "2"));
	bxt_script(0)->select = BX_REFUSE;
	link = attach_any(0);
	registers("a");
	devices(1);
	while (!begin_bind(&thread, &done))
		;
	detach(link);
	pthread_join(thread, NULL);
	EXPECT_ON(DEV, "a");
	EXPECT_PROBES("a", 1);
}

/* ---- virtio, with the kernel's drivers ---- */

FIXTURE(virtio) {
	char	name[32];
};

/* The VM's own console is on a virtio device, too: no other may be touched. */
FIXTURE_SETUP(virtio)
{
	glob_t found = {};

	ASSERT_EQ(0, bxt_clean());
	ASSERT_EQ(0, bxt_load("virtio_rng"));
	if (glob("/sys/bus/virtio/drivers/virtio_rng/virtio*", 0, NULL, &found))
		SKIP(return, "no virtio-rng");
	snprintf(self->name, sizeof(self->name), "%s",
		 strrchr(found.gl_pathv[0], '/') + 1);
	globfree(&found);
}

FIXTURE_TEARDOWN(virtio)
{
}

TEST_F(virtio, rng_is_refused_and_comes_back)
{
	struct bx_device_rec rec;
	int link;

	bxt_script(0)->select = BX_REFUSE;
	strcpy(bxt_script(0)->device, self->name);
	link = attach(0, .bus = "virtio", .vendor = 0x1af4);
	EXPECT_STREQ("virtio_rng", bxt_bound_on("virtio", self->name));
	ASSERT_EQ(0, bxt_device(self->name, &rec));
	EXPECT_EQ(0x1af4, rec.dev.vendor);
	EXPECT_EQ(4, rec.dev.device);
	EXPECT_EQ(1, bxt_rebind(self->name));
	EXPECT_STREQ("", bxt_bound_on("virtio", self->name));
	EXPECT_OUTCOME(BX_OUT_REFUSED, self->name);
	EXPECT_EQ(-ENODEV, bxt_write("/sys/bus/virtio/drivers/virtio_rng/bind",
				     self->name));
	detach(link);
	EXPECT_STREQ("virtio_rng", bxt_bound_on("virtio", self->name));
}

/* ---- the end ---- */

static void bind_slowly(void)
{
	driver_file("a", "bind", DEV);
}

/*
 * The module is unloaded while refused drivers are in activate(), which sleeps in the
 * PM domain of the device: afterwards no code of the module may run.
 */
static int unload_while_drivers_are_refused(void)
{
	struct worker binder = { bind_slowly };
	int link, err;

	err = bxt_clean() ?: any("domain", "2") ?: any("devices", "1") ?:
	      any("register", "a");
	if (err)
		return bxt_complain("add a slow device", err);
	driver_file("a", "unbind", DEV);
	bxt_script(0)->select = BX_REFUSE;
	link = bxt_attach(0, &(struct bxt_spec) { .bus = BUS });
	if (link < 0)
		return bxt_complain("attach", link);
	stop = false;
	pthread_create(&binder.thread, NULL, work, &binder);
	while (__atomic_load_n(&binder.rounds, __ATOMIC_RELAXED) < 3)
		usleep(1000);
	bxt_detach(link);
	err = bxt_finish();
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	pthread_join(binder.thread, NULL);
	if (!err && any_number("foreign"))
		err = bxt_complain("restore the PM domain", -EBUSY);
	return err ?: bxt_unload("bxany");
}

int main(int argc, char **argv)
{
	int ret;

	if (bxt_start("bus_ext adopt=" BUS))
		return KSFT_FAIL;
	ret = test_harness_run(argc, argv);
	if (bxt_load("bxany") || unload_while_drivers_are_refused())
		return KSFT_FAIL;
	return ret;
}
