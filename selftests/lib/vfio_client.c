// SPDX-License-Identifier: GPL-2.0-only
/*
 * A user of a vfio device: see vfio_client.h
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <linux/iommufd.h>
#include "vfio_client.h"

static const struct vfio_client closed = {
	.container = -1, .group = -1, .iommu = -1, .device = -1,
};

/* ioctl() with the errno as its result */
static int ask(int fd, unsigned long request, const void *arg)
{
	int ret = ioctl(fd, request, arg);

	return ret < 0 ? -errno : ret;
}

int vfio_open_group(int number)
{
	char path[32];
	int fd;

	snprintf(path, sizeof(path), "/dev/vfio/%d", number);
	fd = open(path, O_RDWR | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int attach_group(struct vfio_client *c)
{
	struct vfio_group_status status = { .argsz = sizeof(status) };
	int ret;

	if (ask(c->container, VFIO_GET_API_VERSION, NULL) != VFIO_API_VERSION ||
	    ask(c->container, VFIO_CHECK_EXTENSION,
		(void *)VFIO_TYPE1_IOMMU) != 1)
		return -EPROTONOSUPPORT;
	ret = ask(c->group, VFIO_GROUP_GET_STATUS, &status);
	if (ret)
		return ret;
	if (!(status.flags & VFIO_GROUP_FLAGS_VIABLE))
		return -EPERM;
	ret = ask(c->group, VFIO_GROUP_SET_CONTAINER, &c->container);
	if (ret)
		return ret;
	return ask(c->container, VFIO_SET_IOMMU, (void *)VFIO_TYPE1_IOMMU);
}

/* As in the example of the kernel's documentation */
int vfio_open(struct vfio_client *c, int group, const char *device)
{
	int ret;

	*c = closed;
	c->container = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	if (c->container < 0)
		return -errno;
	c->group = vfio_open_group(group);
	ret = c->group < 0 ? c->group : attach_group(c);
	if (!ret) {
		c->device = ask(c->group, VFIO_GROUP_GET_DEVICE_FD, device);
		ret = c->device < 0 ? c->device : 0;
	}
	if (ret)
		vfio_close(c);
	return ret;
}

static void shut(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void vfio_close(struct vfio_client *c)
{
	shut(&c->device);
	shut(&c->group);
	shut(&c->container);
	shut(&c->iommu);
}

/* ---- without a group ---- */

int vfio_bind_iommufd(struct vfio_client *c)
{
	struct vfio_device_bind_iommufd bind = {
		.argsz = sizeof(bind), .iommufd = c->iommu,
	};

	return ask(c->device, VFIO_DEVICE_BIND_IOMMUFD, &bind);
}

int vfio_attach_ioas(struct vfio_client *c, unsigned int ioas)
{
	struct vfio_device_attach_iommufd_pt attach = {
		.argsz = sizeof(attach), .pt_id = ioas,
	};

	return ask(c->device, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &attach);
}

int vfio_detach_ioas(struct vfio_client *c)
{
	struct vfio_device_detach_iommufd_pt detach = { .argsz = sizeof(detach) };

	return ask(c->device, VFIO_DEVICE_DETACH_IOMMUFD_PT, &detach);
}

/* Opens the files, and makes an address space; the device has neither yet. */
int vfio_begin_cdev(struct vfio_client *c, const char *cdev)
{
	struct iommu_ioas_alloc alloc = { .size = sizeof(alloc) };
	int ret;

	*c = closed;
	c->iommu = open("/dev/iommu", O_RDWR | O_CLOEXEC);
	if (c->iommu < 0)
		return -errno;
	ret = ask(c->iommu, IOMMU_IOAS_ALLOC, &alloc);
	c->ioas = alloc.out_ioas_id;
	if (!ret) {
		c->device = open(cdev, O_RDWR | O_CLOEXEC);
		ret = c->device < 0 ? -errno : 0;
	}
	if (ret)
		vfio_close(c);
	return ret;
}

/**
 * vfio_open_cdev() - open a device by a file of its own, with an address space of its own
 * @c: the user
 * @cdev: /dev/vfio/devices/vfioN
 *
 * Return: 0 or a negative errno.
 */
int vfio_open_cdev(struct vfio_client *c, const char *cdev)
{
	int ret = vfio_begin_cdev(c, cdev);

	if (ret)
		return ret;
	ret = vfio_bind_iommufd(c);
	if (!ret)
		ret = vfio_attach_ioas(c, c->ioas);
	if (ret)
		vfio_close(c);
	return ret;
}

static int map_ioas(const struct vfio_client *c, void *memory, unsigned long long iova,
		    unsigned long size, unsigned int flags)
{
	struct iommu_ioas_map map = {
		.size = sizeof(map), .flags = IOMMU_IOAS_MAP_FIXED_IOVA, .ioas_id = c->ioas,
		.user_va = (unsigned long)memory, .length = size, .iova = iova,
	};

	if (flags & VFIO_DMA_MAP_FLAG_READ)
		map.flags |= IOMMU_IOAS_MAP_READABLE;
	if (flags & VFIO_DMA_MAP_FLAG_WRITE)
		map.flags |= IOMMU_IOAS_MAP_WRITEABLE;
	return ask(c->iommu, IOMMU_IOAS_MAP, &map);
}

static int unmap_ioas(const struct vfio_client *c, unsigned long long iova,
		      unsigned long size)
{
	struct iommu_ioas_unmap unmap = {
		.size = sizeof(unmap), .ioas_id = c->ioas, .iova = iova, .length = size,
	};

	return ask(c->iommu, IOMMU_IOAS_UNMAP, &unmap);
}

/* ---- both ---- */

int vfio_info(const struct vfio_client *c, struct vfio_device_info *info)
{
	*info = (struct vfio_device_info) { .argsz = sizeof(*info) };
	return ask(c->device, VFIO_DEVICE_GET_INFO, info);
}

int vfio_region(const struct vfio_client *c, unsigned int index,
		struct vfio_region_info *info)
{
	*info = (struct vfio_region_info) {
		.argsz = sizeof(*info), .index = index,
	};
	return ask(c->device, VFIO_DEVICE_GET_REGION_INFO, info);
}

int vfio_irq(const struct vfio_client *c, unsigned int index,
	     struct vfio_irq_info *info)
{
	*info = (struct vfio_irq_info) {
		.argsz = sizeof(*info), .index = index,
	};
	return ask(c->device, VFIO_DEVICE_GET_IRQ_INFO, info);
}

long vfio_read(const struct vfio_client *c, unsigned int region,
	       unsigned long long offset, void *buf, unsigned long count)
{
	struct vfio_region_info info;
	long ret = vfio_region(c, region, &info);

	if (ret)
		return ret;
	ret = pread(c->device, buf, count, info.offset + offset);
	return ret < 0 ? -errno : ret;
}

long vfio_write(const struct vfio_client *c, unsigned int region,
		unsigned long long offset, const void *buf,
		unsigned long count)
{
	struct vfio_region_info info;
	long ret = vfio_region(c, region, &info);

	if (ret)
		return ret;
	ret = pwrite(c->device, buf, count, info.offset + offset);
	return ret < 0 ? -errno : ret;
}

int vfio_map(const struct vfio_client *c, void *memory, unsigned long long iova,
	     unsigned long size, unsigned int flags)
{
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map), .flags = flags, .iova = iova,
		.vaddr = (unsigned long)memory, .size = size,
	};

	if (c->iommu >= 0)
		return map_ioas(c, memory, iova, size, flags);
	return ask(c->container, VFIO_IOMMU_MAP_DMA, &map);
}

int vfio_unmap(const struct vfio_client *c, unsigned long long iova,
	       unsigned long size)
{
	struct vfio_iommu_type1_dma_unmap unmap = {
		.argsz = sizeof(unmap), .iova = iova, .size = size,
	};

	if (c->iommu >= 0)
		return unmap_ioas(c, iova, size);
	return ask(c->container, VFIO_IOMMU_UNMAP_DMA, &unmap);
}

/* The vectors from the first on; @size bytes of @data. */
int vfio_set_irq(const struct vfio_client *c, unsigned int index,
		 unsigned int flags, unsigned int count, const void *data,
		 unsigned int size)
{
	union {
		struct vfio_irq_set	set;
		char			room[256];
	} u = {};

	if (sizeof(u.set) + size > sizeof(u))
		return -E2BIG;
	u.set.argsz = sizeof(u.set) + size;
	u.set.flags = flags;
	u.set.index = index;
	u.set.count = count;
	if (size)
		memcpy(u.set.data, data, size);
	return ask(c->device, VFIO_DEVICE_SET_IRQS, &u);
}

int vfio_reset(const struct vfio_client *c)
{
	return ask(c->device, VFIO_DEVICE_RESET, NULL);
}
