// SPDX-License-Identifier: GPL-2.0-only
/*
 * bx-vfio: the bus of devices that user space drives, and its contract
 *
 * See <linux/bx_vfio.h>.  This file has the bus and the functions that drivers
 * call.  The functions enforce a device's descriptions: they check all numbers
 * before they return them to a driver, and only allow accesses to a region
 * that its description allows.  So a policy that changes a description has
 * changed the device, for every driver.
 *
 * The driver that makes vfio devices is in bx_vfio_drv.c.
 */
#include <linux/cleanup.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "bx_vfio.h"

static const struct bx_op_desc bx_vfio_op_descs[BX_VFIO_NR_OPS] = {
	[BX_VFIO_OPEN] = {
		.name	= "open",
		.flags	= BX_OPF_REQUIRED,
		BX_OP_ARG(struct bx_vfio_open),
		.hidden	= sizeof(struct bx_vfio_open),
		.pair	= 1 + BX_VFIO_CLOSE,
	},
	[BX_VFIO_CLOSE] = {
		.name	= "close",
		.flags	= BX_OPF_REQUIRED,
		BX_OP_ARG(struct bx_vfio_open),
		.hidden	= sizeof(struct bx_vfio_open),
		.pair	= 1 + BX_VFIO_OPEN,
	},
	[BX_VFIO_GET_INFO] = {
		.name	= "get_info",
		.flags	= BX_OPF_REQUIRED,
		BX_OP_ARG(struct bx_vfio_info),
	},
	[BX_VFIO_GET_REGION_INFO] = {
		.name	= "get_region_info",
		.flags	= BX_OPF_REQUIRED,
		BX_OP_ARG(struct bx_vfio_region_info),
	},
	[BX_VFIO_GET_IRQ_INFO] = {
		.name	= "get_irq_info",
		.flags	= BX_OPF_REQUIRED,
		BX_OP_ARG(struct bx_vfio_irq_info),
	},
	[BX_VFIO_READ] = {
		.name	= "read",
		.flags	= BX_OPF_REQUIRED | BX_OPF_VARLEN,
		BX_OP_ARG(struct bx_vfio_access),
	},
	[BX_VFIO_WRITE] = {
		.name	= "write",
		.flags	= BX_OPF_REQUIRED | BX_OPF_VARLEN,
		BX_OP_ARG(struct bx_vfio_access),
	},
	[BX_VFIO_SET_IRQ] = {
		.name	= "set_irq",
		BX_OP_ARG(struct bx_vfio_set_irq),
	},
	[BX_VFIO_RESET] = {
		.name	= "reset",
	},
};

static const struct bx_contract bx_vfio_contract = {
	.name		= "vfio",
	.version	= BX_VFIO_VERSION,
	.ops		= bx_vfio_op_descs,
	.nr_ops		= BX_VFIO_NR_OPS,
};

/* For bx_device_alloc() and bx_driver_register() */
struct bx_bus bx_vfio_bus = {
	.name		= "bx-vfio",
	.contract	= &bx_vfio_contract,
};
EXPORT_SYMBOL_GPL(bx_vfio_bus);

/**
 * bx_vfio_get_info() - get the numbers of regions and interrupts of a device
 * @bdev: the device
 * @info: result; numbers are within the limits of <linux/bx_vfio.h>
 *
 * Context: may sleep; the caller is bound to @bdev.
 * Return: 0 or an errno of the provider; the errnos of bx_call().
 */
int bx_vfio_get_info(struct bx_device *bdev, struct bx_vfio_info *info)
{
	int err;

	*info = (struct bx_vfio_info) {};
	err = bx_call(bdev, BX_VFIO_GET_INFO, info, sizeof(*info));
	if (err)
		return err;
	info->num_regions = min(info->num_regions, BX_VFIO_MAX_REGIONS);
	info->num_irqs = min(info->num_irqs, BX_VFIO_MAX_IRQS);
	if (info->request_irq > info->num_irqs)
		info->request_irq = 0;
	return 0;
}
EXPORT_SYMBOL_GPL(bx_vfio_get_info);

/**
 * bx_vfio_get_region_info() - describe a region
 * @bdev: the device
 * @info: @index is the region; the other members are the result: @size is
 *	at most BX_VFIO_MAX_SIZE, and @flags are 0 if @size is 0
 *
 * Context: may sleep; the caller is bound to @bdev.
 * Return: 0; -EINVAL if the device lacks the region; another errno of the
 * provider; the errnos of bx_call().
 */
int bx_vfio_get_region_info(struct bx_device *bdev,
			    struct bx_vfio_region_info *info)
{
	u32 index = info->index;
	struct bx_vfio_info all;
	int err;

	err = bx_vfio_get_info(bdev, &all);
	if (err)
		return err;
	if (index >= all.num_regions)
		return -EINVAL;
	*info = (struct bx_vfio_region_info) { .index = index };
	err = bx_call(bdev, BX_VFIO_GET_REGION_INFO, info, sizeof(*info));
	if (err)
		return err;
	info->index = index;
	info->size = min(info->size, BX_VFIO_MAX_SIZE);
	info->flags &= BX_VFIO_REGION_READ | BX_VFIO_REGION_WRITE;
	if (!info->size)
		info->flags = 0;
	return 0;
}
EXPORT_SYMBOL_GPL(bx_vfio_get_region_info);

/**
 * bx_vfio_get_irq_info() - describe a kind of interrupt
 * @bdev: the device
 * @info: @index is the kind; the other members are the result: @count is
 *	at most BX_VFIO_MAX_VECTORS
 *
 * Context: may sleep; the caller is bound to @bdev.
 * Return: 0; -EINVAL if the device lacks the interrupt; another errno of the
 * provider; the errnos of bx_call().
 */
int bx_vfio_get_irq_info(struct bx_device *bdev, struct bx_vfio_irq_info *info)
{
	u32 index = info->index;
	struct bx_vfio_info all;
	int err;

	err = bx_vfio_get_info(bdev, &all);
	if (err)
		return err;
	if (index >= all.num_irqs)
		return -EINVAL;
	*info = (struct bx_vfio_irq_info) { .index = index };
	err = bx_call(bdev, BX_VFIO_GET_IRQ_INFO, info, sizeof(*info));
	if (err)
		return err;
	info->index = index;
	info->count = min(info->count, BX_VFIO_MAX_VECTORS);
	return 0;
}
EXPORT_SYMBOL_GPL(bx_vfio_get_irq_info);

/* Make an access, if the region's description allows it; @buf is in or out. */
static int bx_vfio_access(struct bx_device *bdev, u32 op, u32 region,
			  u64 offset, void *buf, u32 len)
{
	u32 flag = op == BX_VFIO_READ ? BX_VFIO_REGION_READ :
					BX_VFIO_REGION_WRITE;
	struct bx_vfio_region_info info = { .index = region };
	struct bx_vfio_access *req __free(kfree) = NULL;
	int err;

	if (len > BX_VFIO_MAX_DATA)
		return -E2BIG;
	err = bx_vfio_get_region_info(bdev, &info);
	if (err)
		return err;
	if (!(info.flags & flag) || offset > info.size ||
	    len > info.size - offset)
		return -EINVAL;
	/* zeroed: unfilled parts must not leak memory */
	req = kzalloc(struct_size(req, data, len), GFP_KERNEL);
	if (!req)
		return -ENOMEM;
	req->region = region;
	req->offset = offset;
	if (op == BX_VFIO_WRITE)
		memcpy(req->data, buf, len);
	err = bx_call(bdev, op, req, struct_size(req, data, len));
	if (!err && op == BX_VFIO_READ)
		memcpy(buf, req->data, len);
	return err;
}

/**
 * bx_vfio_read() - read from a region
 * @bdev: the device
 * @region: which region
 * @offset: first byte in the region
 * @buf: result; not changed on error
 * @len: number of bytes, at most BX_VFIO_MAX_DATA
 *
 * Context: may sleep; the caller is bound to @bdev.
 * Return: 0; -EINVAL if the region does not exist, is not readable, or is
 * shorter; -E2BIG, -ENOMEM; the errnos of bx_call().
 */
int bx_vfio_read(struct bx_device *bdev, u32 region, u64 offset, void *buf,
		 u32 len)
{
	return bx_vfio_access(bdev, BX_VFIO_READ, region, offset, buf, len);
}
EXPORT_SYMBOL_GPL(bx_vfio_read);

/**
 * bx_vfio_write() - write to a region
 * @bdev: the device
 * @region: which region
 * @offset: first byte in the region
 * @buf: the data
 * @len: number of bytes, at most BX_VFIO_MAX_DATA
 *
 * Context: may sleep; the caller is bound to @bdev.
 * Return: as bx_vfio_read().
 */
int bx_vfio_write(struct bx_device *bdev, u32 region, u64 offset,
		  const void *buf, u32 len)
{
	return bx_vfio_access(bdev, BX_VFIO_WRITE, region, offset, (void *)buf,
			      len);
}
EXPORT_SYMBOL_GPL(bx_vfio_write);

static int __init bx_vfio_init(void)
{
	int err;

	err = bx_bus_register(&bx_vfio_bus);
	if (err)
		return err;
	err = bx_driver_register(&bx_vfio_bus, &bx_vfio_driver);
	if (err)
		bx_bus_unregister(&bx_vfio_bus);
	return err;
}
module_init(bx_vfio_init);

static void __exit bx_vfio_exit(void)
{
	bx_driver_unregister(&bx_vfio_driver);
	bx_bus_unregister(&bx_vfio_bus);
}
module_exit(bx_vfio_exit);

MODULE_DESCRIPTION("bus_ext: bus of devices that user space drives through vfio");
MODULE_AUTHOR("bus_ext maintainers");
MODULE_LICENSE("GPL");
