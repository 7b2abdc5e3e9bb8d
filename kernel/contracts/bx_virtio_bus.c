// SPDX-License-Identifier: GPL-2.0-only
/*
 * bx-virtio: the bus of virtio devices
 *
 * This file has the bus, its contract (see <linux/bx_virtio.h>), and the calls
 * that do more than fill in an argument.  bx_virtio_dev.c is the driver that
 * makes the calls.  bx_virtio_ring.c has the functions for a provider's side
 * of a queue.
 */
#include <linux/bug.h>
#include <linux/init.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/string.h>
#include "bx_virtio_priv.h"

/*
 * Accesses to virtio's configuration space are not atomic, so they may be
 * split.
 */
#define BX_VIRTIO_CONFIG_PART	64

#define BX_VIRTIO_OP(_name, _flags, _arg) \
	{ .name = _name, .flags = _flags, BX_OP_ARG(_arg) }

static const struct bx_op_desc bx_virtio_op_descs[BX_VIRTIO_NR_OPS] = {
	[BX_VIRTIO_GET] = BX_VIRTIO_OP("get",
		BX_OPF_REQUIRED | BX_OPF_VARLEN, struct bx_virtio_config_arg),
	[BX_VIRTIO_SET] = BX_VIRTIO_OP("set",
		BX_OPF_VARLEN, struct bx_virtio_config_arg),
	[BX_VIRTIO_GENERATION] = BX_VIRTIO_OP("generation",
		0, struct bx_virtio_generation_arg),
	[BX_VIRTIO_GET_STATUS] = BX_VIRTIO_OP("get_status",
		BX_OPF_REQUIRED, struct bx_virtio_status_arg),
	[BX_VIRTIO_SET_STATUS] = BX_VIRTIO_OP("set_status",
		BX_OPF_REQUIRED, struct bx_virtio_status_arg),
	[BX_VIRTIO_RESET] = {
		.name	= "reset",
		.flags	= BX_OPF_REQUIRED,
	},
	[BX_VIRTIO_FIND_VQS] = BX_VIRTIO_OP("find_vqs",
		BX_OPF_REQUIRED, struct bx_virtio_vqs_arg),
	[BX_VIRTIO_DEL_VQS] = {
		.name	= "del_vqs",
		.flags	= BX_OPF_REQUIRED,
	},
	[BX_VIRTIO_SYNCHRONIZE_CBS] = {
		.name	= "synchronize_cbs",
	},
	[BX_VIRTIO_GET_FEATURES] = BX_VIRTIO_OP("get_features",
		BX_OPF_REQUIRED, struct bx_virtio_features_arg),
	[BX_VIRTIO_FINALIZE_FEATURES] = BX_VIRTIO_OP("finalize_features",
		BX_OPF_REQUIRED, struct bx_virtio_features_arg),
	[BX_VIRTIO_BUS_NAME] = BX_VIRTIO_OP("bus_name",
		0, struct bx_virtio_name_arg),
	[BX_VIRTIO_SET_VQ_AFFINITY] = {
		.name	= "set_vq_affinity",
		BX_OP_ARG(struct bx_virtio_affinity_arg),
		.hidden	= offsetof(struct bx_virtio_affinity_arg, index),
		.pair	= BX_VIRTIO_GET_VQ_AFFINITY + 1,
	},
	[BX_VIRTIO_GET_VQ_AFFINITY] = {
		.name	= "get_vq_affinity",
		BX_OP_ARG(struct bx_virtio_affinity_arg),
		.hidden	= offsetof(struct bx_virtio_affinity_arg, index),
		.pair	= BX_VIRTIO_SET_VQ_AFFINITY + 1,
	},
	[BX_VIRTIO_GET_VQ_NUM] = BX_VIRTIO_OP("get_vq_num",
		BX_OPF_REQUIRED, struct bx_virtio_vq_arg),
	[BX_VIRTIO_SETUP_VQ] = {
		.name	= "setup_vq",
		.flags	= BX_OPF_REQUIRED,
		BX_OP_ARG(struct bx_virtio_setup_arg),
		.hidden	= offsetof(struct bx_virtio_setup_arg, index),
	},
	[BX_VIRTIO_KICK] = BX_VIRTIO_OP("kick",
		BX_OPF_REQUIRED | BX_OPF_ATOMIC, struct bx_virtio_vq_arg),
};

static const struct bx_contract bx_virtio_contract = {
	.name		= "virtio",
	.version	= BX_VIRTIO_VERSION,
	.ops		= bx_virtio_op_descs,
	.nr_ops		= BX_VIRTIO_NR_OPS,
};

/* For bx_device_alloc(). */
struct bx_bus bx_virtio_bus = {
	.name		= "bx-virtio",
	.contract	= &bx_virtio_contract,
};
EXPORT_SYMBOL_GPL(bx_virtio_bus);

/* One part of the configuration space, with its bytes */
struct bx_virtio_part {
	struct bx_virtio_config_arg	arg;
	u8				data[BX_VIRTIO_CONFIG_PART];
};

static int bx_virtio_call_part(struct bx_device *bdev, u32 op,
			       struct bx_virtio_part *part, u32 len)
{
	static_assert(offsetof(struct bx_virtio_part, data) ==
		      sizeof(struct bx_virtio_config_arg));

	return bx_call(bdev, op, part, sizeof(part->arg) + len);
}

/**
 * bx_virtio_get() - read the configuration space
 * @bdev: the device
 * @offset: offset of the first byte
 * @buf: result
 * @len: number of bytes
 *
 * Context: may sleep; the caller is bound to @bdev.
 * Return: 0; -EINVAL beyond the end of the space; the errnos of bx_call().  On
 * failure @buf is zero from the first byte on that could not be read.
 */
int bx_virtio_get(struct bx_device *bdev, u32 offset, void *buf, u32 len)
{
	while (len) {
		struct bx_virtio_part part = { .arg.offset = offset };
		u32 n = min(len, sizeof(part.data));
		int err = bx_virtio_call_part(bdev, BX_VIRTIO_GET, &part, n);

		if (err) {
			memset(buf, 0, len);
			return err;
		}
		memcpy(buf, part.data, n);
		offset += n;
		buf += n;
		len -= n;
	}
	return 0;
}
EXPORT_SYMBOL_GPL(bx_virtio_get);

/**
 * bx_virtio_set() - write to the configuration space
 * @bdev: the device
 * @offset: offset of the first byte
 * @buf: the bytes
 * @len: number of bytes
 *
 * Context: may sleep; the caller is bound to @bdev.
 * Return: 0; -EINVAL beyond the end of the space; the errnos of bx_call().
 */
int bx_virtio_set(struct bx_device *bdev, u32 offset, const void *buf, u32 len)
{
	while (len) {
		struct bx_virtio_part part = { .arg.offset = offset };
		u32 n = min(len, sizeof(part.data));
		int err;

		memcpy(part.data, buf, n);
		err = bx_virtio_call_part(bdev, BX_VIRTIO_SET, &part, n);
		if (err)
			return err;
		offset += n;
		buf += n;
		len -= n;
	}
	return 0;
}
EXPORT_SYMBOL_GPL(bx_virtio_set);

/**
 * bx_virtio_bus_name() - get the name of a device on its transport
 * @bdev: the device
 * @name: result: BX_VIRTIO_NAME_LEN bytes, including a NUL
 *
 * Context: may sleep; the caller is bound to @bdev.
 * Return: 0; the errnos of bx_call().
 */
int bx_virtio_bus_name(struct bx_device *bdev, char *name)
{
	struct bx_virtio_name_arg arg = {};
	int err = bx_call(bdev, BX_VIRTIO_BUS_NAME, &arg, sizeof(arg));

	if (err)
		return err;
	arg.name[sizeof(arg.name) - 1] = '\0';
	strscpy(name, arg.name, BX_VIRTIO_NAME_LEN);
	return 0;
}
EXPORT_SYMBOL_GPL(bx_virtio_bus_name);

static int __init bx_virtio_init(void)
{
	int err;

	err = bx_bus_register(&bx_virtio_bus);
	if (err)
		return err;
	err = bx_driver_register(&bx_virtio_bus, &bx_virtio_driver);
	if (err)
		bx_bus_unregister(&bx_virtio_bus);
	return err;
}
module_init(bx_virtio_init);

static void __exit bx_virtio_exit(void)
{
	bx_driver_unregister(&bx_virtio_driver);
	bx_bus_unregister(&bx_virtio_bus);
}
module_exit(bx_virtio_exit);

MODULE_DESCRIPTION("bus_ext: bus of virtio devices");
MODULE_AUTHOR("bus_ext maintainers");
MODULE_LICENSE("GPL");
