// SPDX-License-Identifier: GPL-2.0-only
/*
 * bx-sf: the bus of managed multi-function hardware
 *
 * This file has the bus and its contract, see <linux/bx_sf.h>.  Parents are in
 * kernel/parents and kernel/sim.  The election (kernel/elect.c) chooses the
 * driver of a sub-function.
 */
#include <linux/bx_sf.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>

#define BX_SF_MAX_DATA	(64 << 10)	/* bytes of one request */

static const struct bx_op_desc bx_sf_op_descs[BX_SF_NR_OPS] = {
	[BX_SF_EXEC] = {
		.name	= "exec",
		.flags	= BX_OPF_REQUIRED | BX_OPF_VARLEN,
		BX_OP_ARG(struct bx_sf_exec_arg),
	},
	[BX_SF_RESET] = {
		.name	= "reset",
		.flags	= BX_OPF_REQUIRED,
	},
};

static const struct bx_contract bx_sf_contract = {
	.name		= "sf",
	.version	= BX_SF_VERSION,
	.ops		= bx_sf_op_descs,
	.nr_ops		= BX_SF_NR_OPS,
};

/* For bx_device_alloc(); a driver uses bx_sf_driver_register() instead. */
struct bx_bus bx_sf_bus = {
	.name		= "bx-sf",
	.contract	= &bx_sf_contract,
};
EXPORT_SYMBOL_GPL(bx_sf_bus);

/**
 * bx_sf_exec() - run a request on a sub-function
 * @bdev: the sub-function
 * @cmd: the vendor's command
 * @arg: argument and result
 * @len: size of @arg in bytes
 *
 * Context: may sleep; the caller is bound to @bdev.
 * Return: 0 or an errno of the provider, see <linux/bx_sf.h>; -ENOMEM; -E2BIG
 * if @len is above 64 KiB; the errnos of bx_call().  @arg is changed only on
 * success.
 */
int bx_sf_exec(struct bx_device *bdev, u32 cmd, void *arg, u32 len)
{
	struct bx_sf_exec_arg *req __free(kfree) = NULL;
	u32 size = struct_size(req, data, len);
	int ret;

	if (len > BX_SF_MAX_DATA)
		return -E2BIG;
	req = kmalloc(size, GFP_KERNEL);
	if (!req)
		return -ENOMEM;
	req->cmd = cmd;
	req->reserved = 0;
	memcpy(req->data, arg, len);
	ret = bx_call(bdev, BX_SF_EXEC, req, size);
	if (!ret)
		memcpy(arg, req->data, len);
	return ret;
}
EXPORT_SYMBOL_GPL(bx_sf_exec);

static int __init bx_sf_init(void)
{
	return bx_bus_register(&bx_sf_bus);
}
module_init(bx_sf_init);

static void __exit bx_sf_exit(void)
{
	bx_bus_unregister(&bx_sf_bus);
}
module_exit(bx_sf_exit);

MODULE_DESCRIPTION("bus_ext: bus of managed multi-function devices");
MODULE_AUTHOR("bus_ext maintainers");
MODULE_LICENSE("GPL");
