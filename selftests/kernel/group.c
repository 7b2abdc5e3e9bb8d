// SPDX-License-Identifier: GPL-2.0-only
/*
 * Groups: select() sees the functions of the device's card, and its IOMMU group
 *
 * The card is 00:1f, whose functions mostly have no driver: the south bridge of qemu's q35, or
 * what the VM of another architecture has there.
 */
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <kselftest_harness.h>
#include "../lib/bxtest.h"

#define PCI	"/sys/bus/pci/devices/"
#define CARD	PCI "0000:00:1f.*"
#define SLOT	(1 + BX_GROUP_SLOT)
#define IOMMU	(1 + BX_GROUP_IOMMU)

static char observer[32], other[32];	/* functions without a driver */

/* Returns the number of paths; @name takes the last part of path @n. */
static int paths(const char *pattern, unsigned int n, char *name)
{
	glob_t found = {};
	int count;

	if (glob(pattern, 0, NULL, &found))
		return 0;
	count = found.gl_pathc;
	if (name && n < found.gl_pathc)
		strcpy(name, strrchr(found.gl_pathv[n], '/') + 1);
	globfree(&found);
	return count;
}

/* Finds two functions of the card without a driver. */
static bool find_functions(void)
{
	int n = paths(CARD, 0, NULL);
	char name[32], path[96];

	observer[0] = '\0';
	other[0] = '\0';
	for (int i = 0; i < n && !other[0]; i++) {
		paths(CARD, i, name);
		snprintf(path, sizeof(path), PCI "%s/driver", name);
		if (access(path, F_OK))
			strcpy(observer[0] ? other : observer, name);
	}
	return other[0];
}

static int remove_other(void)
{
	char path[96];

	snprintf(path, sizeof(path), PCI "%s/remove", other);
	return bxt_write(path, "1");
}

static int rescan(void)
{
	return bxt_write("/sys/bus/pci/rescan", "1");
}

/* Slot 0 looks at the group of one device, on which it has the opinion @verdict. */
static void look(const char *device, unsigned int group, int verdict)
{
	strcpy(bxt_script(0)->device, device);
	bxt_script(0)->asks_group = group;
	bxt_script(0)->select = verdict;
}

FIXTURE(group) {
};

FIXTURE_SETUP(group)
{
	ASSERT_EQ(0, bxt_clean());
	if (!find_functions())
		SKIP(return, "the machine has no card with two functions without drivers");
}

FIXTURE_TEARDOWN(group)
{
}

TEST_F(group, members_are_the_functions_of_the_card)
{
	look(observer, SLOT, BX_PASS);
	attach(0, .bus = "pci");
	settle();
	EXPECT_EQ(paths(CARD, 0, NULL), bxt_script(0)->nmembers);
	EXPECT_EQ(0, strncmp(bxt_script(0)->member[0], observer, strlen("0000:00:1f.")));
	EXPECT_STRNE(bxt_script(0)->member[0], bxt_script(0)->member[1]);
}

TEST_F(group, members_are_those_of_the_iommu_group)
{
	char pattern[128];
	int n;

	snprintf(pattern, sizeof(pattern), PCI "%s/iommu_group/devices/*", observer);
	n = paths(pattern, 0, NULL);
	look(observer, IOMMU, BX_PASS);
	attach(0, .bus = "pci");
	settle();
	EXPECT_EQ(n ?: 1, bxt_script(0)->nmembers);
}

TEST_F(group, a_member_that_goes_and_comes_has_the_others_elected_again)
{
	unsigned int n = paths(CARD, 0, NULL);

	look(observer, SLOT, BX_REFUSE);
	attach(0, .bus = "pci");
	settle();
	ASSERT_EQ(n, bxt_script(0)->nmembers);
	/* both are elected before the write ends */
	ASSERT_EQ(0, remove_other());
	EXPECT_EQ(n - 1, bxt_script(0)->nmembers);
	ASSERT_EQ(0, rescan());
	EXPECT_EQ(n, bxt_script(0)->nmembers);
}

TEST_F(group, who_did_not_ask_is_not_elected_again)
{
	unsigned int selects;

	look(observer, 0, BX_REFUSE);
	attach(0, .bus = "pci", .vendor = 0x8086);
	settle();
	selects = bxt_script(0)->meant;
	ASSERT_EQ(0, remove_other());
	EXPECT_EQ(selects, bxt_script(0)->meant);
	ASSERT_EQ(0, rescan());
	settle();
}

TEST_F(group, the_first_run_without_members_has_no_effect)
{
	look(observer, SLOT, BX_REFUSE);
	/* an error of the run that sees no members would eject the policy */
	bxt_script(0)->error_without_members = 1;
	attach(0, .bus = "pci");
	settle();
	EXPECT_EQ(0, policy("p0").ejected);
	EXPECT_LT(1, bxt_script(0)->nmembers);
}

TEST_F(group, a_device_that_has_no_group_is_its_only_member)
{
	look("d", SLOT, BX_PASS);
	attach(0);
	device("d", "f055:1");
	EXPECT_EQ(1, bxt_script(0)->nmembers);
	EXPECT_STREQ("d", bxt_script(0)->member[0]);
}

TEST_F(group, an_unknown_kind_has_no_members)
{
	look("d", 1 + BX_NR_GROUPS, BX_PASS);
	attach(0);
	device("d", "f055:1");
	EXPECT_EQ(0, bxt_script(0)->nmembers);
	EXPECT_LT(0, bxt_script(0)->meant);
}

BXT_MAIN("bxsim")
