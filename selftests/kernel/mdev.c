// SPDX-License-Identifier: GPL-2.0-only
/*
 * The bridge to mediated devices: the same types, a device of the same GUID behind each
 * mediated device, and its vfio device where libvirt looks for it
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <kselftest_harness.h>
#include <linux/bxvfio.h>
#include "../lib/bxtest.h"
#include "../lib/vfio_client.h"

#define PARENT	"/sys/devices/bxvfio/"
/* a parent without bus and driver has an empty prefix */
#define TYPE	PARENT "mdev_supported_types/-vfio/"
#define OWN	PARENT "bx_types/vfio/"
#define MDEVS	"/sys/bus/mdev/devices/"
#define BUS	"/sys/bus/bx-vfio/devices/"
#define GUID1	"6a4c1c2e-6b0a-4e5e-9d4f-000000000001"
#define GUID2	"6a4c1c2e-6b0a-4e5e-9d4f-000000000002"

FIXTURE(mdev) {
	int unused;
};

static bool exists(const char *path)
{
	return !access(path, F_OK);
}

static void remove_all(void)
{
	bxt_write(MDEVS GUID1 "/remove", "1");
	bxt_write(MDEVS GUID2 "/remove", "1");
	bxt_write(BUS GUID1 "/remove", "1");
}

/* The bridge is built for kernels with CONFIG_VFIO_MDEV. */
static bool is_built(void)
{
	struct utsname name;
	char path[256];

	uname(&name);
	snprintf(path, sizeof(path), "/lib/modules/%s/updates/bx_mdev.ko", name.release);
	return !access(path, F_OK);
}

FIXTURE_SETUP(mdev)
{
	if (!bxt_loaded("vfio_iommu_type1"))
		ASSERT_EQ(0, bxt_load("vfio_iommu_type1"));
	if (!is_built())
		SKIP(return, "this kernel has no mediated devices");
	if (!bxt_loaded("bx_mdev"))
		ASSERT_EQ(0, bxt_load("bx_mdev"));
	bxt_slots(1);
	ASSERT_TRUE(bxt_contains(TYPE "available_instances", "4\n"));
}

FIXTURE_TEARDOWN(mdev)
{
	remove_all();
}

/* The number of the device's group, which is the name of its file; -1 for none */
static int group_of(const char *link)
{
	char target[256];
	ssize_t len = readlink(link, target, sizeof(target) - 1);

	if (len < 0)
		return -1;
	target[len] = '\0';
	return atoi(strrchr(target, '/') + 1);
}

TEST_F(mdev, parent_has_the_same_types)
{
	EXPECT_TRUE(bxt_contains(TYPE "name", "for user space\n"));
	EXPECT_TRUE(bxt_contains(TYPE "device_api", "vfio-platform\n"));
	ASSERT_EQ(0, bxt_write(OWN "create", GUID1));
	EXPECT_TRUE(bxt_contains(TYPE "available_instances", "3\n"));
}

TEST_F(mdev, device_of_the_same_guid_is_behind_it)
{
	ASSERT_EQ(0, bxt_write(TYPE "create", GUID1));
	EXPECT_TRUE(exists(BUS GUID1));
	EXPECT_TRUE(exists(MDEVS GUID1 "/bx_device/guid"));
	EXPECT_TRUE(bxt_contains(BUS GUID1 "/guid", GUID1));
	EXPECT_STREQ("bx-vfio", bxt_bound_on("bx-vfio", GUID1));
	EXPECT_TRUE(exists(OWN "devices/" GUID1));
	EXPECT_TRUE(bxt_contains(OWN "available_instances", "3\n"));
	ASSERT_EQ(0, bxt_write(MDEVS GUID1 "/remove", "1"));
	EXPECT_FALSE(exists(BUS GUID1));
	EXPECT_FALSE(exists(OWN "devices/" GUID1));
	EXPECT_TRUE(bxt_contains(TYPE "available_instances", "4\n"));
}

TEST_F(mdev, vfio_device_is_where_libvirt_looks)
{
	char text[BXVFIO_ROM_SIZE] = "";
	struct vfio_client c;

	ASSERT_EQ(0, bxt_write(TYPE "create", GUID1));
	EXPECT_FALSE(exists(BUS GUID1 "/iommu_group"));
	ASSERT_EQ(0, vfio_open(&c, group_of(MDEVS GUID1 "/iommu_group"), GUID1));
	EXPECT_LT(0, vfio_read(&c, BXVFIO_ROM, 0, text, sizeof(text)));
	EXPECT_STREQ("bxvfio on request", text);
	vfio_close(&c);
}

TEST_F(mdev, without_a_driver_there_is_no_group)
{
	ASSERT_EQ(0, bxt_write(TYPE "create", GUID1));
	ASSERT_EQ(0, bxt_write("/sys/bus/bx-vfio/drivers/bx-vfio/unbind", GUID1));
	EXPECT_FALSE(exists(MDEVS GUID1 "/iommu_group"));
	ASSERT_EQ(0, bxt_write("/sys/bus/bx-vfio/drivers/bx-vfio/bind", GUID1));
	EXPECT_TRUE(exists(MDEVS GUID1 "/iommu_group"));
}

TEST_F(mdev, device_behind_it_is_not_removed_by_itself)
{
	ASSERT_EQ(0, bxt_write(TYPE "create", GUID1));
	EXPECT_EQ(-EBUSY, bxt_write(BUS GUID1 "/remove", "1"));
	EXPECT_TRUE(exists(MDEVS GUID1));
	EXPECT_TRUE(exists(BUS GUID1));
}

TEST_F(mdev, guid_is_used_once)
{
	ASSERT_EQ(0, bxt_write(TYPE "create", GUID1));
	EXPECT_EQ(-EEXIST, bxt_write(TYPE "create", GUID1));
	EXPECT_EQ(-EEXIST, bxt_write(OWN "create", GUID1));
	ASSERT_EQ(0, bxt_write(OWN "create", GUID2));
	EXPECT_EQ(-EEXIST, bxt_write(TYPE "create", GUID2));
	EXPECT_FALSE(exists(MDEVS GUID2));
	EXPECT_TRUE(bxt_contains(TYPE "available_instances", "2\n"));
	ASSERT_EQ(0, bxt_write(BUS GUID2 "/remove", "1"));
}

TEST_F(mdev, policy_refuses_a_mediated_device)
{
	bxt_script(0)->admit = -EDOM;
	attach(0, .bus = "bx-vfio", .ops = BX_OP_ADMIT);
	EXPECT_EQ(-EDOM, bxt_write(TYPE "create", GUID1));
	EXPECT_FALSE(exists(MDEVS GUID1));
	EXPECT_FALSE(exists(BUS GUID1));
	EXPECT_TRUE(bxt_contains(TYPE "available_instances", "4\n"));
}

TEST_F(mdev, parent_that_goes_takes_both_along)
{
	ASSERT_EQ(0, bxt_write(TYPE "create", GUID1));
	ASSERT_EQ(0, bxt_unload("bxvfio"));
	EXPECT_FALSE(exists(MDEVS GUID1));
	EXPECT_FALSE(exists(BUS GUID1));
	ASSERT_EQ(0, bxt_load("bxvfio"));
	EXPECT_TRUE(exists(TYPE "create"));
}

TEST_F(mdev, bridge_that_goes_leaves_the_parent)
{
	ASSERT_EQ(0, bxt_write(TYPE "create", GUID1));
	ASSERT_EQ(0, bxt_write(OWN "create", GUID2));
	ASSERT_EQ(0, bxt_unload("bx_mdev"));
	EXPECT_FALSE(exists(BUS GUID1));
	EXPECT_FALSE(exists(PARENT "mdev_supported_types"));
	EXPECT_TRUE(exists(BUS GUID2));
	ASSERT_EQ(0, bxt_load("bx_mdev"));
	EXPECT_TRUE(bxt_contains(TYPE "available_instances", "3\n"));
	ASSERT_EQ(0, bxt_write(BUS GUID2 "/remove", "1"));
}

BXT_MAIN("bxvfio")
