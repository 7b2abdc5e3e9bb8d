/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two simulated devices on bx-vfio, open by vfio clients
 *
 * For TEST_F bodies, after <kselftest_harness.h>.
 */
#ifndef _VFIO_FIXTURE_H
#define _VFIO_FIXTURE_H

#include <errno.h>
#include <glob.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <bpf/libbpf.h>
#include <linux/bx_vfio.h>
#include <linux/bxvfio.h>
#include "bxtest.h"
#include "vfio_client.h"
#include "selftests/bpf/hostile.skel.h"

#define SIM		"/sys/devices/bxvfio/"
#define DEVICES		"/sys/bus/bx-vfio/devices/"
#define MEMORY_SIZE	(2 * BXVFIO_DATA_SIZE)
#define IOVA		0x100000

#define RW	(VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE)
#define MAP_RW	(VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE)
#define WIRE	(VFIO_IRQ_SET_ACTION_TRIGGER | VFIO_IRQ_SET_DATA_EVENTFD)
#define RAISE	(VFIO_IRQ_SET_ACTION_TRIGGER | VFIO_IRQ_SET_DATA_NONE)
#define REG(name)	__builtin_offsetof(struct bxvfio_regs, name)

/* Returns the number of a device's group, which is the name of its file. */
static inline int group_of(const char *device)
{
	char path[128], target[256];
	ssize_t len;

	snprintf(path, sizeof(path), DEVICES "%s/iommu_group", device);
	len = readlink(path, target, sizeof(target) - 1);
	if (len < 0)
		return -errno;
	target[len] = '\0';
	return atoi(strrchr(target, '/') + 1);
}

static inline int forget_devices(void)
{
	char buf[4096], *line, *rest = buf;
	int err = bxt_read(SIM "devices", buf, sizeof(buf));

	while (!err && (line = strsep(&rest, "\n"))) {
		line[strcspn(line, " ")] = '\0';
		if (*line)
			err = bxt_write(SIM "destroy", line);
	}
	return err;
}

/* Whether the tests use the devices' own files and iommufd, see kernel/vfio_cdev.sh */
static inline bool by_cdev(void)
{
	return getenv("BX_VFIO_CDEV");
}

/* /dev/vfio/devices/vfioN of a device; empty if it has none */
static inline void cdev_of(const char *device, char *path, size_t size)
{
	char pattern[128];
	glob_t found = {};

	snprintf(pattern, sizeof(pattern), DEVICES "%s/vfio-dev/vfio*", device);
	*path = '\0';
	if (!glob(pattern, 0, NULL, &found))
		snprintf(path, size, "/dev/vfio/devices/%s",
			 strrchr(found.gl_pathv[0], '/') + 1);
	globfree(&found);
}

static inline int open_device(struct vfio_client *c, const char *device)
{
	char cdev[64];

	if (!by_cdev())
		return vfio_open(c, group_of(device), device);
	cdev_of(device, cdev, sizeof(cdev));
	return vfio_open_cdev(c, cdev);
}

/* Returns the errno of an attempt to open the device, 0 when it works. */
static inline int open_errno(const char *device)
{
	struct vfio_client c;
	int err = open_device(&c, device);

	if (!err)
		vfio_close(&c);
	return err;
}

/* Whether bxvfio's list of devices contains @text */
static inline bool sim_says(const char *text)
{
	return bxt_contains(SIM "devices", text);
}

/* Load one of the policies of bpf/ and attach it. */
static inline struct bpf_link *apply(const char *file, const char *map)
{
	struct bpf_object *obj = bpf_object__open_file(file, NULL);

	if (!obj || bpf_object__load(obj))
		return NULL;
	return bpf_map__attach_struct_ops(bpf_object__find_map_by_name(obj,
								       map));
}

FIXTURE(vfio) {
	struct vfio_client c;		/* of the device "guest" */
	struct vfio_client other;	/* of the device "other" */
	struct hostile *hostile;
};

FIXTURE_SETUP(vfio)
{
	/* the kind of container, which nothing else asks for */
	if (!bxt_loaded("vfio_iommu_type1"))
		ASSERT_EQ(0, bxt_load("vfio_iommu_type1"));
	ASSERT_EQ(0, bxt_clean());
	ASSERT_EQ(0, forget_devices());
	ASSERT_EQ(0, bxt_write(SIM "create", "guest 1d1d:1"));
	ASSERT_EQ(0, bxt_write(SIM "create", "other 1d1d:2"));
	ASSERT_EQ(0, open_device(&self->c, "guest"));
	ASSERT_EQ(0, open_device(&self->other, "other"));
	self->hostile = NULL;
}

FIXTURE_TEARDOWN(vfio)
{
	hostile__destroy(self->hostile);
	vfio_close(&self->c);
	vfio_close(&self->other);
	EXPECT_EQ(0, forget_devices());
}

#define region(client, index) ({ \
	struct vfio_region_info info_; \
	\
	ASSERT_EQ(0, vfio_region(client, index, &info_)); \
	info_; })
#define EXPECT_REGION(client, index, size_, flags_) do { \
	EXPECT_EQ(size_, region(client, index).size); \
	EXPECT_EQ(flags_, region(client, index).flags); \
} while (0)

#define applies(policy) ({ \
	struct bpf_link *link_ = apply("build/bpf/" policy ".bpf.o", \
				       !strcmp(policy, "vfio-read-only") ? \
				       "vfio_read_only" : "vfio_hide_region"); \
	\
	ASSERT_NE(NULL, link_); \
	link_; })
#define ends(link) do { \
	ASSERT_EQ(0, bpf_link__destroy(link)); \
	settle(); \
} while (0)

static inline unsigned char *new_memory(void)
{
	void *memory = mmap(NULL, MEMORY_SIZE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

/* Let the device run a command; the errno that it ends with. */
static inline int command(const struct vfio_client *c, __u32 what, __u64 iova,
			  __u32 offset, __u32 length)
{
	struct bxvfio_regs regs;

	if (vfio_write(c, BXVFIO_REGS, REG(iova), &iova, 8) != 8 ||
	    vfio_write(c, BXVFIO_REGS, REG(offset), &offset, 4) != 4 ||
	    vfio_write(c, BXVFIO_REGS, REG(length), &length, 4) != 4 ||
	    vfio_write(c, BXVFIO_REGS, REG(control), &what, 4) != 4 ||
	    vfio_read(c, BXVFIO_REGS, 0, &regs, sizeof(regs)) != sizeof(regs))
		return -EPROTO;
	return -(int)regs.status;
}

static inline bool raised(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	__u64 times;

	return poll(&pfd, 1, 0) == 1 &&
	       read(fd, &times, sizeof(times)) == sizeof(times);
}

#define eventfd_for(client, irq) ({ \
	int fd_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); \
	\
	ASSERT_LE(0, fd_); \
	ASSERT_EQ(0, vfio_set_irq(client, irq, WIRE, 1, &fd_, sizeof(fd_))); \
	fd_; })

static inline bool ended_well(pid_t pid)
{
	int status;

	return waitpid(pid, &status, 0) == pid && !status;
}

/* Raised before this returns, or never. */

#endif /* _VFIO_FIXTURE_H */
