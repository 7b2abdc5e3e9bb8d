// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices of adopted buses leave while they are elected
 *
 * Two threads add and remove devices, one on the platform bus (module bxplat),
 * one the virtual functions of the emulated controller (device set
 * nvme-sriov).  Meanwhile the main thread attaches a policy, rebinds, explains
 * and re-elects these devices, and detaches the policy.  The sanitizer kernel
 * sees an access to a device that is gone; afterwards each new device must be
 * steered and no override may be left.
 */
#include <errno.h>
#include <glob.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <kselftest_harness.h>
#include "../lib/bxtest.h"

#define DEVICES	8
#define ROUNDS	8
#define PLAT	"/sys/devices/bxplat/devices"

static char numvfs[128];		/* of the physical function */
static bool stop;

/* A thread, which writes "0" and @some to @path by turns */
struct churn {
	const char	*path;
	const char	*some;
	unsigned long	rounds;
	int		err;
	pthread_t	thread;
};

static void *churn(void *data)
{
	struct churn *c = data;

	while (!c->err && !__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		c->err = bxt_write(c->path, c->some) ?: bxt_write(c->path, "0");
		__atomic_add_fetch(&c->rounds, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

/* The results that a request may have while its device comes and goes */
static bool is_expected(int ret)
{
	return ret >= 0 || ret == -ENODEV || ret == -EAGAIN;
}

/* The functions of the controller, on the buses after it or on its own */
static int pci_device(char *name, size_t size, int i)
{
	glob_t found = {};
	int err = glob("/sys/bus/pci/devices/*/physfn", 0, NULL, &found);
	const char *start;

	if (!err && found.gl_pathc) {
		start = found.gl_pathv[i % found.gl_pathc] +
			strlen("/sys/bus/pci/devices/");
		snprintf(name, size, "%.12s", start);
	}
	globfree(&found);
	return err ? -ENODEV : 0;
}

static int ask(const char *device)
{
	const struct bx_opinion *opinions;
	struct bx_device_rec rec;
	int ret = bxt_rebind(device);

	if (is_expected(ret))
		ret = bxt_opinions(device, &opinions);
	if (is_expected(ret))
		ret = bxt_device(device, &rec);
	return is_expected(ret) ? 0 : ret;
}

static int ask_all(void)
{
	char name[32];
	int err = 0;

	for (int i = 0; i < DEVICES && !err; i++) {
		snprintf(name, sizeof(name), "bxplat.%d", i);
		err = ask(name);
		if (!err && !pci_device(name, sizeof(name), i))
			err = ask(name);
	}
	return err;
}

FIXTURE(race) {
	struct churn	platform;
	struct churn	pci;
};

FIXTURE_SETUP(race)
{
	ASSERT_EQ(0, bxt_clean());
	ASSERT_EQ(0, bxt_write(PLAT, "0"));
	ASSERT_EQ(0, bxt_write(numvfs, "0"));
	stop = false;
	self->platform.path = PLAT;
	self->platform.some = "8";
	self->pci.path = numvfs;
	self->pci.some = "4";
}

FIXTURE_TEARDOWN(race)
{
	bxt_write(PLAT, "0");
	bxt_write(numvfs, "0");
}

static void begin(struct churn *c)
{
	pthread_create(&c->thread, NULL, churn, c);
}

static int end(struct churn *c)
{
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	pthread_join(c->thread, NULL);
	return c->err;
}

/* A policy may be asked while its devices leave; then it decides on new ones. */
TEST_F(race, removal_against_attach_rebind_and_detach)
{
	int platform, pci;

	bxt_script(0)->select = BX_REFUSE;
	strcpy(bxt_script(0)->device, "bxplat.3");
	bxt_script(1)->select = BX_REFUSE;
	begin(&self->platform);
	begin(&self->pci);
	for (int i = 0; i < ROUNDS; i++) {
		platform = attach(0, .bus = "platform");
		pci = attach(1, .bus = "pci", .vendor = 0x1b36);
		ASSERT_EQ(0, ask_all());
		ASSERT_EQ(0, bxt_reelect(i & 1 ? "platform" : "pci"));
		detach(pci);
		detach(platform);
	}
	ASSERT_EQ(0, end(&self->platform));
	ASSERT_EQ(0, end(&self->pci));
	EXPECT_LT(0, self->platform.rounds);
	EXPECT_LT(0, self->pci.rounds);

	platform = attach(0, .bus = "platform");
	for (int i = 0; i < 4; i++) {
		ASSERT_EQ(0, bxt_write(PLAT, "8"));
		EXPECT_STREQ("none", bxt_override("platform", "bxplat.3"));
		EXPECT_STREQ("", bxt_bound_on("platform", "bxplat.3"));
		EXPECT_STREQ("bxplat", bxt_bound_on("platform", "bxplat.4"));
		ASSERT_EQ(0, bxt_write(PLAT, "0"));
	}
	ASSERT_EQ(0, bxt_write(PLAT, "8"));
	detach(platform);
	for (int i = 0; i < DEVICES; i++) {
		char name[16];

		snprintf(name, sizeof(name), "bxplat.%d", i);
		EXPECT_STREQ("(null)", bxt_override("platform", name));
		EXPECT_STREQ("bxplat", bxt_bound_on("platform", name));
	}
}

/* The explanation has the rule of the bus, without the override. */
TEST_F(race, id_table_of_a_refused_platform_device_is_explained)
{
	const struct bx_opinion *recs;
	bool claims = false;
	int n;

	strcpy(bxt_script(0)->device, "bxplat.0");
	bxt_script(0)->select = BX_REFUSE;
	attach(0, .bus = "platform");
	ASSERT_EQ(0, bxt_write(PLAT, "1"));
	n = bxt_opinions("bxplat.0", &recs);
	ASSERT_LT(0, n);
	for (int i = 0; i < n; i++)
		claims |= recs[i].kind == BX_OPN_ID_TABLE &&
			  !strcmp(recs[i].driver, "bxplat");
	EXPECT_TRUE(claims);
}

static int start(void)
{
	glob_t found = {};
	int err = bxt_start("bus_ext") ?: bxt_load("nvme") ?: bxt_load("bxplat");

	if (!err && glob("/sys/bus/pci/drivers/nvme/0000:*/sriov_numvfs", 0, NULL,
			 &found))
		err = -ENODEV;
	if (err)
		return bxt_complain("find an nvme controller", err);
	snprintf(numvfs, sizeof(numvfs), "%s", found.gl_pathv[0]);
	globfree(&found);
	return 0;
}

int main(int argc, char **argv)
{
	int ret;

	if (start())
		return KSFT_FAIL;
	ret = test_harness_run(argc, argv);
	if (bxt_unload("bxplat"))
		return KSFT_FAIL;
	return bxt_finish() ? KSFT_FAIL : ret;
}
