/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A user of a vfio device, which knows nothing but vfio's own interface
 *
 * Functions return 0 or something positive, or a negative errno.
 */
#ifndef _VFIO_CLIENT_H
#define _VFIO_CLIENT_H

#include <linux/vfio.h>

/**
 * struct vfio_client - a user, with the device's group and a container, or with iommufd
 * @container: /dev/vfio/vfio
 * @group: /dev/vfio/N
 * @iommu: /dev/iommu
 * @ioas: the address space there
 * @device: the device: of the group, or /dev/vfio/devices/vfioN
 */
struct vfio_client {
	int		container;
	int		group;
	int		iommu;
	unsigned int	ioas;
	int		device;
};

int vfio_open_group(int number);
int vfio_open(struct vfio_client *c, int group, const char *device);
int vfio_open_cdev(struct vfio_client *c, const char *cdev);
int vfio_begin_cdev(struct vfio_client *c, const char *cdev);
int vfio_bind_iommufd(struct vfio_client *c);
int vfio_attach_ioas(struct vfio_client *c, unsigned int ioas);
int vfio_detach_ioas(struct vfio_client *c);
void vfio_close(struct vfio_client *c);

int vfio_info(const struct vfio_client *c, struct vfio_device_info *info);
int vfio_region(const struct vfio_client *c, unsigned int index,
		struct vfio_region_info *info);
int vfio_irq(const struct vfio_client *c, unsigned int index,
	     struct vfio_irq_info *info);
long vfio_read(const struct vfio_client *c, unsigned int region,
	       unsigned long long offset, void *buf, unsigned long count);
long vfio_write(const struct vfio_client *c, unsigned int region,
		unsigned long long offset, const void *buf,
		unsigned long count);
int vfio_map(const struct vfio_client *c, void *memory, unsigned long long iova,
	     unsigned long size, unsigned int flags);
int vfio_unmap(const struct vfio_client *c, unsigned long long iova,
	       unsigned long size);
int vfio_set_irq(const struct vfio_client *c, unsigned int index,
		 unsigned int flags, unsigned int count, const void *data,
		 unsigned int size);
int vfio_reset(const struct vfio_client *c);

#endif /* _VFIO_CLIENT_H */
