// SPDX-License-Identifier: GPL-2.0-only
/*
 * User space drives a device on bx-vfio by the device's own file and iommufd
 *
 * Here is what a user of a group cannot do; vfio_cdev.sh has the rest.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <kselftest_harness.h>
#include <linux/iommufd.h>
#include "../lib/vfio_fixture.h"

#define ROUNDS	200

/* Another user of "guest", which has no device yet */
static int begin(struct vfio_client *c)
{
	char cdev[64];

	cdev_of("guest", cdev, sizeof(cdev));
	return vfio_begin_cdev(c, cdev);
}

static int new_ioas(const struct vfio_client *c, unsigned int *id)
{
	struct iommu_ioas_alloc alloc = { .size = sizeof(alloc) };

	if (ioctl(c->iommu, IOMMU_IOAS_ALLOC, &alloc))
		return -errno;
	*id = alloc.out_ioas_id;
	return 0;
}

static int fetch(const struct vfio_client *c)
{
	return command(c, BXVFIO_CMD_FETCH, IOVA, 0, 8);
}

TEST_F(vfio, unbound_device_does_nothing)
{
	struct vfio_device_info info;
	char buf[4];

	vfio_close(&self->c);
	ASSERT_EQ(0, begin(&self->c));
	EXPECT_EQ(-EINVAL, vfio_info(&self->c, &info));
	EXPECT_EQ(-EINVAL, vfio_reset(&self->c));
	EXPECT_EQ(-1, pread(self->c.device, buf, sizeof(buf), 0));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_TRUE(sim_says("guest open=0 "));
	ASSERT_EQ(0, vfio_bind_iommufd(&self->c));
	EXPECT_TRUE(sim_says("guest open=1 "));
	EXPECT_EQ(0, vfio_info(&self->c, &info));
	EXPECT_EQ(-EINVAL, vfio_bind_iommufd(&self->c));
}

TEST_F(vfio, invalid_iommufd_binds_nothing)
{
	int iommu;

	vfio_close(&self->c);
	ASSERT_EQ(0, begin(&self->c));
	iommu = self->c.iommu;
	self->c.iommu = open("/dev/null", O_RDWR);
	EXPECT_EQ(-EBADFD, vfio_bind_iommufd(&self->c));
	close(self->c.iommu);
	self->c.iommu = -1;
	EXPECT_EQ(-EINVAL, vfio_bind_iommufd(&self->c));
	EXPECT_TRUE(sim_says("guest open=0 "));
	self->c.iommu = iommu;
	EXPECT_EQ(0, vfio_bind_iommufd(&self->c));
}

TEST_F(vfio, device_without_an_address_space_reaches_no_memory)
{
	unsigned char *memory = new_memory();

	ASSERT_NE(NULL, memory);
	vfio_close(&self->c);
	ASSERT_EQ(0, begin(&self->c));
	ASSERT_EQ(0, vfio_bind_iommufd(&self->c));
	ASSERT_EQ(0, vfio_map(&self->c, memory, IOVA, 4096, MAP_RW));
	EXPECT_EQ(-EINVAL, fetch(&self->c));
	EXPECT_EQ(-ENOENT, vfio_attach_ioas(&self->c, 9999));
	EXPECT_EQ(-EINVAL, fetch(&self->c));
	ASSERT_EQ(0, vfio_attach_ioas(&self->c, self->c.ioas));
	EXPECT_EQ(0, fetch(&self->c));
	ASSERT_EQ(0, vfio_detach_ioas(&self->c));
	EXPECT_EQ(-EINVAL, fetch(&self->c));
}

/* Each address space has other memory at the same address. */
TEST_F(vfio, device_changes_its_address_space)
{
	unsigned char *memory = new_memory();
	unsigned int first = self->c.ioas;
	char data = 0;

	ASSERT_NE(NULL, memory);
	memory[0] = 1;
	memory[4096] = 2;
	ASSERT_EQ(0, vfio_map(&self->c, memory, IOVA, 4096, MAP_RW));
	ASSERT_EQ(0, new_ioas(&self->c, &self->c.ioas));
	ASSERT_EQ(0, vfio_map(&self->c, memory + 4096, IOVA, 4096, MAP_RW));
	EXPECT_EQ(0, fetch(&self->c));
	EXPECT_EQ(1, vfio_read(&self->c, BXVFIO_DATA, 0, &data, 1));
	EXPECT_EQ(1, data);
	ASSERT_EQ(0, vfio_attach_ioas(&self->c, self->c.ioas));
	EXPECT_EQ(0, fetch(&self->c));
	EXPECT_EQ(1, vfio_read(&self->c, BXVFIO_DATA, 0, &data, 1));
	EXPECT_EQ(2, data);
	ASSERT_EQ(0, vfio_attach_ioas(&self->c, first));
	EXPECT_EQ(0, fetch(&self->c));
	EXPECT_EQ(1, vfio_read(&self->c, BXVFIO_DATA, 0, &data, 1));
	EXPECT_EQ(1, data);
}

TEST_F(vfio, group_and_own_file_exclude_each_other)
{
	struct vfio_client second;

	vfio_close(&self->c);
	ASSERT_EQ(0, vfio_open(&self->c, group_of("guest"), "guest"));
	ASSERT_EQ(0, begin(&second));
	EXPECT_EQ(-EBUSY, vfio_bind_iommufd(&second));
	EXPECT_EQ(0, vfio_reset(&self->c));
	vfio_close(&self->c);
	EXPECT_EQ(0, vfio_bind_iommufd(&second));
	EXPECT_EQ(-EBUSY, vfio_open(&self->c, group_of("guest"), "guest"));
	vfio_close(&second);
	ASSERT_EQ(0, vfio_open(&self->c, group_of("guest"), "guest"));
}

/* The device may be in the middle of a copy. */
static void *fetches(void *arg)
{
	for (int i = 0; i < ROUNDS; i++) {
		int err = fetch(arg);

		if (err && err != -EINVAL)
			return (void *)"unexpected errno";
	}
	return NULL;
}

TEST_F(vfio, memory_is_unmapped_while_the_device_reads_it)
{
	unsigned char *memory = new_memory();
	pthread_t thread;
	void *error;

	ASSERT_NE(NULL, memory);
	ASSERT_EQ(0, pthread_create(&thread, NULL, fetches, &self->c));
	for (int i = 0; i < ROUNDS; i++) {
		EXPECT_EQ(0, vfio_map(&self->c, memory, IOVA, 4096, MAP_RW));
		EXPECT_EQ(0, vfio_unmap(&self->c, IOVA, 4096));
		EXPECT_EQ(0, vfio_detach_ioas(&self->c));
		EXPECT_EQ(0, vfio_attach_ioas(&self->c, self->c.ioas));
	}
	ASSERT_EQ(0, pthread_join(thread, &error));
	EXPECT_EQ(NULL, error);
	ASSERT_EQ(0, vfio_map(&self->c, memory, IOVA, 4096, MAP_RW));
	EXPECT_EQ(0, fetch(&self->c));
}

int main(int argc, char **argv)
{
	int ret;

	if (access("/dev/iommu", F_OK) && bxt_load("iommufd")) {
		printf("TAP version 13\n1..0 # SKIP this kernel has no iommufd\n");
		return KSFT_PASS;
	}
	setenv("BX_VFIO_CDEV", "1", 1);
	if (bxt_start("bxvfio"))
		return KSFT_FAIL;
	ret = test_harness_run(argc, argv);
	return bxt_finish() ? KSFT_FAIL : ret;
}
