// SPDX-License-Identifier: GPL-2.0-only
/*
 * bx-vfio: the driver that makes a vfio device of a bx device
 *
 * The group and the container belong to vfio.  The IOMMU is emulated: the
 * provider accesses the user's memory through vfio.  All other requests of a
 * user become calls of the contract.  To the user the device is a
 * vfio-platform device: regions and interrupts have no fixed meaning.
 *
 * An offset in the device's file has the region in the bits from
 * BX_VFIO_OFFSET_SHIFT on, and the offset in the region in the bits below.
 *
 * Locking: vfio serialises open and close, and calls the other functions
 * between them.  Only request() is called at any time, so @lock is only for
 * request().
 */
#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/eventfd.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include <linux/uaccess.h>
#include <linux/vfio.h>
#include "bx_vfio.h"
#include "compat.h"

#define BX_VFIO_OFFSET_SHIFT	40
#define BX_VFIO_OFFSET_MASK	(BIT_ULL(BX_VFIO_OFFSET_SHIFT) - 1)

/* These values are passed on unchanged. */
static_assert(VFIO_REGION_INFO_FLAG_READ == (u32)BX_VFIO_REGION_READ);
static_assert(VFIO_REGION_INFO_FLAG_WRITE == (u32)BX_VFIO_REGION_WRITE);
static_assert(BIT_ULL(BX_VFIO_OFFSET_SHIFT) == (u64)BX_VFIO_MAX_SIZE);

/**
 * struct bx_vfio_dev - a bound device
 * @vdev: the vfio device; its release frees this structure
 * @bdev: the device
 * @lock: protects @session from request()
 * @session: session of the users; NULL while the device is not open
 */
struct bx_vfio_dev {
	struct vfio_device	vdev;
	struct bx_device	*bdev;
	struct mutex		lock;	/* protects session from request() */
	struct bx_vfio_session	*session;
};

static struct bx_vfio_dev *to_bx_vfio(struct vfio_device *vdev)
{
	return container_of(vdev, struct bx_vfio_dev, vdev);
}

/* ---- open, close ---- */

static void bx_vfio_set_session(struct bx_vfio_dev *dev,
				struct bx_vfio_session *session)
{
	guard(mutex)(&dev->lock);
	dev->session = session;
}

static int bx_vfio_open_device(struct vfio_device *vdev)
{
	struct bx_vfio_dev *dev = to_bx_vfio(vdev);
	struct bx_vfio_session *session = bx_vfio_session_open(vdev);
	int err;

	if (!session)
		return -ENOMEM;
	err = bx_vfio_open(dev->bdev, session);
	if (err) {
		bx_vfio_session_close(session);
		return err;
	}
	bx_vfio_set_session(dev, session);
	return 0;
}

static void bx_vfio_close_device(struct vfio_device *vdev)
{
	struct bx_vfio_dev *dev = to_bx_vfio(vdev);
	struct bx_vfio_session *session = dev->session;

	bx_vfio_set_session(dev, NULL);
	/* the call may not reach the provider, so the session ends here */
	bx_vfio_close(dev->bdev, session);
	bx_vfio_session_close(session);
}

/*
 * The driver is being unbound and waits for users: ask them to close the
 * device.
 */
static void bx_vfio_request(struct vfio_device *vdev, unsigned int count)
{
	struct bx_vfio_dev *dev = to_bx_vfio(vdev);
	struct bx_vfio_info info;

	if (!count)
		dev_notice(vdev->dev, "in use: waiting until it is closed\n");
	if (bx_vfio_get_info(dev->bdev, &info) || !info.request_irq)
		return;
	guard(mutex)(&dev->lock);
	bx_vfio_trigger(dev->session, info.request_irq - 1, 0);
}

/* ---- read, write ---- */

/*
 * Find the region and the offset of @pos; returns how many of @count bytes
 * exist there.
 */
static ssize_t bx_vfio_locate(struct bx_device *bdev, loff_t pos, size_t count,
			      struct bx_vfio_region_info *info, u64 *offset)
{
	int err;

	if (pos < 0 || pos >> BX_VFIO_OFFSET_SHIFT >= BX_VFIO_MAX_REGIONS)
		return -EINVAL;
	info->index = pos >> BX_VFIO_OFFSET_SHIFT;
	*offset = pos & BX_VFIO_OFFSET_MASK;
	err = bx_vfio_get_region_info(bdev, info);
	if (err)
		return err;
	if (*offset >= info->size)
		return -EINVAL;
	return min3((u64)count, info->size - *offset, (u64)MAX_RW_COUNT);
}

static int bx_vfio_read_piece(struct bx_device *bdev, u32 region, u64 offset,
			      void *bounce, char __user *buf, u32 len)
{
	int err = bx_vfio_read(bdev, region, offset, bounce, len);

	if (err)
		return err;
	return copy_to_user(buf, bounce, len) ? -EFAULT : 0;
}

static int bx_vfio_write_piece(struct bx_device *bdev, u32 region, u64 offset,
			       void *bounce, const char __user *buf, u32 len)
{
	if (copy_from_user(bounce, buf, len))
		return -EFAULT;
	return bx_vfio_write(bdev, region, offset, bounce, len);
}

/* Copies piece by piece; returns the number of bytes copied before an error. */
static ssize_t bx_vfio_move(struct vfio_device *vdev, char __user *buf,
			    size_t count, loff_t *ppos, bool write)
{
	void *bounce __free(kfree) = NULL;
	struct bx_device *bdev = to_bx_vfio(vdev)->bdev;
	struct bx_vfio_region_info info;
	ssize_t all, done = 0;
	int err = 0;
	u64 offset;
	u32 len;

	all = bx_vfio_locate(bdev, *ppos, count, &info, &offset);
	if (all <= 0)
		return all;
	bounce = kmalloc(min_t(size_t, all, BX_VFIO_MAX_DATA), GFP_KERNEL);
	if (!bounce)
		return -ENOMEM;
	while (done < all && !err) {
		if (done && fatal_signal_pending(current))
			break;
		len = min_t(size_t, all - done, BX_VFIO_MAX_DATA);
		if (write)
			err = bx_vfio_write_piece(bdev, info.index,
						  offset + done, bounce,
						  buf + done, len);
		else
			err = bx_vfio_read_piece(bdev, info.index,
						 offset + done, bounce,
						 buf + done, len);
		if (!err)
			done += len;
	}
	*ppos += done;
	return done ?: err;
}

static ssize_t bx_vfio_dev_read(struct vfio_device *vdev, char __user *buf,
				size_t count, loff_t *ppos)
{
	return bx_vfio_move(vdev, buf, count, ppos, false);
}

static ssize_t bx_vfio_dev_write(struct vfio_device *vdev,
				 const char __user *buf, size_t count,
				 loff_t *ppos)
{
	return bx_vfio_move(vdev, (char __user *)buf, count, ppos, true);
}

/* ---- regions and interrupts of the device ---- */

static int bx_vfio_ioctl_info(struct bx_vfio_dev *dev,
			      struct vfio_device_info __user *arg)
{
	const size_t minsz = offsetofend(struct vfio_device_info, num_irqs);
	struct vfio_device_info out = {};
	struct bx_vfio_info info;
	int err;

	if (copy_from_user(&out, arg, minsz))
		return -EFAULT;
	if (out.argsz < minsz)
		return -EINVAL;
	err = bx_vfio_get_info(dev->bdev, &info);
	if (err)
		return err;
	out.flags = VFIO_DEVICE_FLAGS_PLATFORM;
	if (bx_vfio_can_reset(dev->bdev))
		out.flags |= VFIO_DEVICE_FLAGS_RESET;
	out.num_regions = info.num_regions;
	out.num_irqs = info.num_irqs;
	return copy_to_user(arg, &out, minsz) ? -EFAULT : 0;
}

/* Describes a region; @caps stays empty. */
static int bx_vfio_region_info(struct vfio_device *vdev,
			       struct vfio_region_info *out,
			       struct vfio_info_cap *caps)
{
	struct bx_vfio_region_info info = { .index = out->index };
	int err;

	err = bx_vfio_get_region_info(to_bx_vfio(vdev)->bdev, &info);
	if (err)
		return err;
	out->flags = info.flags;
	out->cap_offset = 0;
	out->size = info.size;
	out->offset = (u64)info.index << BX_VFIO_OFFSET_SHIFT;
	return 0;
}

/* For kernels that do not call bx_vfio_region_info() by themselves */
static int bx_vfio_ioctl_region(struct bx_vfio_dev *dev,
				struct vfio_region_info __user *arg)
{
	const size_t minsz = offsetofend(struct vfio_region_info, offset);
	struct vfio_region_info out;
	int err;

	if (copy_from_user(&out, arg, minsz))
		return -EFAULT;
	if (out.argsz < minsz)
		return -EINVAL;
	err = bx_vfio_region_info(&dev->vdev, &out, NULL);
	if (err)
		return err;
	return copy_to_user(arg, &out, minsz) ? -EFAULT : 0;
}

static int bx_vfio_ioctl_irq(struct bx_vfio_dev *dev,
			     struct vfio_irq_info __user *arg)
{
	const size_t minsz = offsetofend(struct vfio_irq_info, count);
	struct bx_vfio_irq_info info = {};
	struct vfio_irq_info out;
	int err;

	if (copy_from_user(&out, arg, minsz))
		return -EFAULT;
	if (out.argsz < minsz)
		return -EINVAL;
	info.index = out.index;
	err = bx_vfio_get_irq_info(dev->bdev, &info);
	if (err)
		return err;
	out.flags = VFIO_IRQ_INFO_EVENTFD;
	out.count = info.count;
	return copy_to_user(arg, &out, minsz) ? -EFAULT : 0;
}

/* ---- interrupts ---- */

/* Wire vectors of an interrupt to eventfds, or unwire them if @fds is NULL. */
static int bx_vfio_wire(struct bx_vfio_dev *dev, const struct vfio_irq_set *set,
			u32 count, const s32 *fds)
{
	struct eventfd_ctx *ctx;
	int err;
	u32 i;

	err = bx_vfio_set_irq(dev->bdev, set->index, set->start, count, fds);
	for (i = 0; i < count && !err; i++) {
		ctx = fds && fds[i] != -1 ? eventfd_ctx_fdget(fds[i]) : NULL;
		if (IS_ERR(ctx))
			err = PTR_ERR(ctx);
		else
			err = bx_vfio_session_wire(dev->session, set->index,
						   set->start + i, ctx);
	}
	/* on an error, wire none of them */
	while (err && fds && i--)
		bx_vfio_session_wire(dev->session, set->index, set->start + i,
				     NULL);
	return err;
}

/*
 * Raise interrupts as the device would; @which selects some of them, NULL all.
 */
static int bx_vfio_loop_back(struct bx_vfio_dev *dev,
			     const struct vfio_irq_set *set, const u8 *which)
{
	u32 i;

	for (i = 0; i < set->count; i++)
		if (!which || which[i])
			bx_vfio_trigger(dev->session, set->index,
					set->start + i);
	return 0;
}

static int bx_vfio_ioctl_set_irqs(struct bx_vfio_dev *dev,
				  struct vfio_irq_set __user *arg)
{
	void *data __free(kfree) = NULL;
	const size_t minsz = offsetofend(struct vfio_irq_set, count);
	struct bx_vfio_irq_info info = {};
	struct vfio_irq_set set;
	size_t size;
	int err;

	if (copy_from_user(&set, arg, minsz))
		return -EFAULT;
	info.index = set.index;
	err = bx_vfio_get_irq_info(dev->bdev, &info);
	if (err)
		return err;
	err = vfio_set_irqs_validate_and_prepare(&set, info.count,
						 BX_VFIO_MAX_IRQS, &size);
	if (err)
		return err;
	if (size) {
		data = memdup_user((void __user *)arg + minsz, size);
		if (IS_ERR(data))
			return PTR_ERR(data);
	}
	switch (set.flags) {
	case VFIO_IRQ_SET_ACTION_TRIGGER | VFIO_IRQ_SET_DATA_EVENTFD:
		return bx_vfio_wire(dev, &set, set.count, data);
	case VFIO_IRQ_SET_ACTION_TRIGGER | VFIO_IRQ_SET_DATA_BOOL:
		return bx_vfio_loop_back(dev, &set, data);
	case VFIO_IRQ_SET_ACTION_TRIGGER | VFIO_IRQ_SET_DATA_NONE:
		if (set.count)
			return bx_vfio_loop_back(dev, &set, NULL);
		/* a count of 0 disables all of them */
		set.start = 0;
		return bx_vfio_wire(dev, &set, info.count, NULL);
	}
	return -EINVAL;
}

/* ---- the vfio device ---- */

static long bx_vfio_ioctl(struct vfio_device *vdev, unsigned int cmd,
			  unsigned long arg)
{
	struct bx_vfio_dev *dev = to_bx_vfio(vdev);
	void __user *uarg = (void __user *)arg;

	switch (cmd) {
	case VFIO_DEVICE_GET_INFO:
		return bx_vfio_ioctl_info(dev, uarg);
	case VFIO_DEVICE_GET_REGION_INFO:
		return bx_vfio_ioctl_region(dev, uarg);
	case VFIO_DEVICE_GET_IRQ_INFO:
		return bx_vfio_ioctl_irq(dev, uarg);
	case VFIO_DEVICE_SET_IRQS:
		return bx_vfio_ioctl_set_irqs(dev, uarg);
	case VFIO_DEVICE_RESET:
		if (!bx_vfio_can_reset(dev->bdev))
			return -ENOTTY;
		return bx_vfio_reset(dev->bdev);
	}
	return -ENOTTY;
}

/* No dma_unmap, because no page is pinned, see bx_vfio_session.c. */
static const struct vfio_device_ops bx_vfio_dev_ops = {
	.name		= "bx-vfio",
	.bind_iommufd	= vfio_iommufd_emulated_bind,
	.unbind_iommufd	= vfio_iommufd_emulated_unbind,
	.attach_ioas	= vfio_iommufd_emulated_attach_ioas,
	.detach_ioas	= vfio_iommufd_emulated_detach_ioas,
	.open_device	= bx_vfio_open_device,
	.close_device	= bx_vfio_close_device,
	.read		= bx_vfio_dev_read,
	.write		= bx_vfio_dev_write,
	.ioctl		= bx_vfio_ioctl,
	.request	= bx_vfio_request,
	BX_VFIO_REGION_INFO_OP(bx_vfio_region_info)
};

static int bx_vfio_probe(struct bx_device *bdev, const struct bx_device_id *id)
{
	struct bx_vfio_dev *dev;
	int err;

	dev = vfio_alloc_device(bx_vfio_dev, vdev, bx_device_front(bdev),
				&bx_vfio_dev_ops);
	if (IS_ERR(dev))
		return PTR_ERR(dev);
	dev->bdev = bdev;
	mutex_init(&dev->lock);
	bx_set_drvdata(bdev, dev);
	err = vfio_register_emulated_iommu_dev(&dev->vdev);
	if (err)
		vfio_put_device(&dev->vdev);
	return err;
}

/* Waits until users have closed the device. */
static void bx_vfio_remove(struct bx_device *bdev)
{
	struct bx_vfio_dev *dev = bx_get_drvdata(bdev);

	vfio_unregister_group_dev(&dev->vdev);
	vfio_put_device(&dev->vdev);
}

static ssize_t device_api_show(struct device *dev,
			       struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%s\n", VFIO_DEVICE_API_PLATFORM_STRING);
}
static DEVICE_ATTR_RO(device_api);

static struct attribute *bx_vfio_attrs[] = {
	&dev_attr_device_api.attr,
	NULL
};
ATTRIBUTE_GROUPS(bx_vfio);

static const struct bx_device_id bx_vfio_ids[] = {
	{ BX_DEVICE(BX_ANY, BX_ANY) },
	{ }
};

struct bx_driver bx_vfio_driver = {
	.name			= "bx-vfio",
	.id_table		= bx_vfio_ids,
	.probe			= bx_vfio_probe,
	.remove			= bx_vfio_remove,
	.driver.dev_groups	= bx_vfio_groups,
};
