// SPDX-License-Identifier: GPL-2.0-only
/*
 * bxvirtio: simulated virtio devices
 *
 * A provider on the bus bx-virtio, for tests and for trying policies without
 * hardware: a source of random numbers, and network interfaces that are two by
 * two connected by a wire.  Made and taken away by writes to the attributes of
 * /sys/devices/bxvirtio:
 *
 *   create	NAME rng|net [vendor=HEX] [peer=NAME] [mac=XX:XX:XX:XX:XX:XX],
 *		peer= and mac= only for net; the vendor is 1af4 by default
 *   destroy	NAME, with its driver's remove() as usual
 *   unplug	NAME: the device is gone from now on; destroy must follow
 *   devices	one line a device: NAME rng|net status=HEX resets=N sent=N dropped=N,
 *		chains for a source of random numbers and packets for an interface
 *
 * The reason for a refused write is in the kernel log.
 *
 * A network device moves what its driver sends, by way of a buffer of its own,
 * to the peer's receive queue, of which it gets a reference each time.  So the
 * peer may vanish at any moment; later frames are dropped.
 *
 * Locking: bxv_lock guards the list, who is whose peer, and the queues, status
 * and features of all devices.  It is innermost and a spinlock, because a kick
 * comes from anywhere; nothing is done under it but looking at and changing
 * these.  bxv_cmd_lock makes commands wait for each other; nothing that runs for
 * a device takes it.  The work of a device holds neither while it uses a queue.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cleanup.h>
#include <linux/etherdevice.h>
#include <linux/hex.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include <linux/virtio_ring.h>
#include "bxvirtio.h"

#define BXV_VENDOR	0x1af4
#define BXV_LINE_LEN	128	/* longest line of the list */

#define BXV_RING_FEATURES \
	(BIT_ULL(VIRTIO_F_VERSION_1) | BIT_ULL(VIRTIO_RING_F_EVENT_IDX) | \
	 BIT_ULL(VIRTIO_RING_F_INDIRECT_DESC))

static struct device *bxv_root;		/* parent of all devices */
struct workqueue_struct *bxv_wq;
DEFINE_MUTEX(bxv_cmd_lock);		/* one command at a time */
DEFINE_SPINLOCK(bxv_lock);		/* see above */
static LIST_HEAD(bxv_devs);

/* ---- options of "create" ---- */

/**
 * struct bxv_options - where they are read into
 * @dev: the device that is created
 * @peer: the device that it is connected with, NULL for none
 */
struct bxv_options {
	struct bxv_dev	*dev;
	struct bxv_dev	*peer;
};

static struct bxv_dev *bxv_find(const char *name)
{
	struct bxv_dev *dev;

	lockdep_assert_held(&bxv_cmd_lock);
	list_for_each_entry(dev, &bxv_devs, node)
		if (!strcmp(dev->name, name))
			return dev;
	return NULL;
}

static int bxv_parse_vendor(const char *value, void *to)
{
	struct bxv_options *options = to;

	return bx_cmd_hex(value, &options->dev->vendor);
}

static int bxv_parse_peer(const char *value, void *to)
{
	struct bxv_options *options = to;
	struct bxv_dev *peer = bxv_find(value);

	if (!peer)
		return -ENODEV;
	if (peer->kind->device != VIRTIO_ID_NET || peer->peer)
		return -EBUSY;
	options->peer = peer;
	return 0;
}

static int bxv_parse_mac(const char *value, void *to)
{
	struct bxv_options *options = to;
	u8 mac[ETH_ALEN];

	if (strlen(value) != 3 * ETH_ALEN - 1 || !mac_pton(value, mac) ||
	    !is_valid_ether_addr(mac))
		return -EINVAL;
	ether_addr_copy(options->dev->config.mac, mac);
	return 0;
}

static const struct bx_cmd_key bxv_rng_keys[] = {
	{ "vendor", "a hexadecimal number", bxv_parse_vendor },
};

static const struct bx_cmd_key bxv_net_keys[] = {
	{ "vendor", "a hexadecimal number", bxv_parse_vendor },
	{ "peer", "the name of a network device without a peer",
	  bxv_parse_peer },
	{ "mac", "a unicast address XX:XX:XX:XX:XX:XX", bxv_parse_mac },
};

static const struct bxv_kind bxv_kinds[] = {
	{
		.name		= "rng",
		.device		= VIRTIO_ID_RNG,
		.nvqs		= 1,
		.features	= BXV_RING_FEATURES,
		.work		= bxv_rng_work,
		.keys		= bxv_rng_keys,
		.nkeys		= ARRAY_SIZE(bxv_rng_keys),
	}, {
		.name		= "net",
		.device		= VIRTIO_ID_NET,
		.nvqs		= 2,
		.features	= BXV_RING_FEATURES |
				  BIT_ULL(VIRTIO_NET_F_CSUM) |
				  BIT_ULL(VIRTIO_NET_F_GUEST_CSUM) |
				  BIT_ULL(VIRTIO_NET_F_MAC) |
				  BIT_ULL(VIRTIO_NET_F_STATUS),
		.config_len	= sizeof(struct virtio_net_config),
		.work		= bxv_net_work,
		.keys		= bxv_net_keys,
		.nkeys		= ARRAY_SIZE(bxv_net_keys),
	},
};

/* ---- commands ---- */

static const struct bxv_kind *bxv_parse_kind(const char *word)
{
	for (u32 i = 0; word && i < ARRAY_SIZE(bxv_kinds); i++)
		if (!strcmp(word, bxv_kinds[i].name))
			return &bxv_kinds[i];
	bx_cmd_err("invalid kind '%s': expected rng or net\n", word ?: "");
	return NULL;
}

static int bxv_parse(struct bxv_options *options, char *line)
{
	struct bxv_dev *dev = options->dev;
	int err;

	err = bx_cmd_name(&line, dev->name, sizeof(dev->name));
	if (err)
		return err;
	if (bxv_find(dev->name)) {
		bx_cmd_err("device '%s' exists: destroy it first\n", dev->name);
		return -EEXIST;
	}
	dev->kind = bxv_parse_kind(bx_cmd_word(&line));
	if (!dev->kind)
		return -EINVAL;
	dev->vendor = BXV_VENDOR;
	eth_random_addr(dev->config.mac);
	return bx_cmd_options(&line, dev->kind->keys, dev->kind->nkeys, options);
}

static void bxv_free(struct bxv_dev *dev)
{
	if (!dev)
		return;
	kvfree(dev->buf);
	kfree(dev);
}

DEFINE_FREE(bxv_dev, struct bxv_dev *, bxv_free(_T))

static struct bxv_dev *bxv_alloc(void)
{
	struct bxv_dev *dev __free(bxv_dev) = kzalloc(sizeof(*dev), GFP_KERNEL);

	if (!dev)
		return NULL;
	dev->buf = kvmalloc(BXV_PACKET_MAX +
			    sizeof(struct virtio_net_hdr_mrg_rxbuf),
			    GFP_KERNEL);
	if (!dev->buf)
		return NULL;
	INIT_DELAYED_WORK(&dev->work, bxv_work);
	return_ptr(dev);
}

/* Also frees it; the device was removed, or never added. */
static void bxv_unlist(struct bxv_dev *dev)
{
	bxv_connect(dev, NULL);
	cancel_delayed_work_sync(&dev->work);
	bxv_forget_vqs(dev);
	list_del(&dev->node);
	bxv_free(dev);
}

static int bxv_add(struct bxv_dev *dev)
{
	struct bx_id id = { .vendor = dev->vendor, .device = dev->kind->device };
	struct bx_device *bdev;
	int err;

	bdev = bx_device_alloc(&bx_virtio_bus, bxv_root, &id, NULL,
			       &bxv_provider, dev);
	if (IS_ERR(bdev))
		return PTR_ERR(bdev);
	err = bx_device_add(bdev, dev->name);
	if (err)
		put_device(&bdev->dev);
	else
		dev->bdev = bdev;
	return err;
}

static int bxv_cmd_create(char *line)
{
	struct bxv_dev *dev __free(bxv_dev) = bxv_alloc(), *listed;
	struct bxv_options options = { .dev = dev };
	int err;

	if (!dev)
		return -ENOMEM;
	guard(mutex)(&bxv_cmd_lock);
	err = bxv_parse(&options, line);
	if (err)
		return err;
	listed = no_free_ptr(dev);
	list_add_tail(&listed->node, &bxv_devs);
	if (options.peer)
		bxv_connect(listed, options.peer);
	err = bxv_add(listed);
	if (err) {
		bx_cmd_err("cannot create '%s': %pe\n", listed->name,
			   ERR_PTR(err));
		bxv_unlist(listed);
	}
	return err;
}

/* The device that is named by a line with only its name, or an error. */
static struct bxv_dev *bxv_parse_existing(char *line)
{
	char name[BX_DEV_NAME_LEN];
	struct bxv_dev *dev;
	int err;

	err = bx_cmd_only_name(line, name, sizeof(name));
	if (err)
		return ERR_PTR(err);
	dev = bxv_find(name);
	if (dev)
		return dev;
	bx_cmd_err("device '%s' not found\n", name);
	return ERR_PTR(-ENODEV);
}

/* The wire first, so that the peer does not wait for one who leaves. */
static void bxv_destroy(struct bxv_dev *dev)
{
	bxv_connect(dev, NULL);
	bx_device_remove(dev->bdev);
	bxv_unlist(dev);
}

static int bxv_cmd_destroy(char *line)
{
	struct bxv_dev *dev;

	guard(mutex)(&bxv_cmd_lock);
	dev = bxv_parse_existing(line);
	if (IS_ERR(dev))
		return PTR_ERR(dev);
	bxv_destroy(dev);
	return 0;
}

static int bxv_cmd_unplug(char *line)
{
	struct bxv_dev *dev;

	guard(mutex)(&bxv_cmd_lock);
	dev = bxv_parse_existing(line);
	if (IS_ERR(dev))
		return PTR_ERR(dev);
	bx_device_unplug(dev->bdev);
	bxv_connect(dev, NULL);
	return 0;
}

/* ---- attributes ---- */

BX_CMD_ATTR(create, bxv_cmd_create);
BX_CMD_ATTR(destroy, bxv_cmd_destroy);
BX_CMD_ATTR(unplug, bxv_cmd_unplug);

static ssize_t devices_show(struct device *root, struct device_attribute *attr,
			    char *buf)
{
	struct bxv_dev *dev;
	int len = 0;

	guard(mutex)(&bxv_cmd_lock);
	list_for_each_entry(dev, &bxv_devs, node) {
		if (len > PAGE_SIZE - BXV_LINE_LEN)
			return len + sysfs_emit_at(buf, len, "...\n");
		len += sysfs_emit_at(buf, len,
				     "%s %s status=%x resets=%d sent=%ld dropped=%ld\n",
				     dev->name, dev->kind->name, dev->status,
				     atomic_read(&dev->resets),
				     atomic_long_read(&dev->sent),
				     atomic_long_read(&dev->dropped));
	}
	return len;
}
static DEVICE_ATTR_RO(devices);

static struct attribute *bxv_attrs[] = {
	&dev_attr_create.attr,
	&dev_attr_destroy.attr,
	&dev_attr_unplug.attr,
	&dev_attr_devices.attr,
	NULL
};

static const struct attribute_group bxv_group = {
	.attrs	= bxv_attrs,
};

/* ---- the module ---- */

static int __init bxv_init(void)
{
	int err;

	bxv_wq = alloc_workqueue("bxvirtio", WQ_UNBOUND, 0);
	if (!bxv_wq)
		return -ENOMEM;
	bxv_root = root_device_register("bxvirtio");
	if (IS_ERR(bxv_root)) {
		err = PTR_ERR(bxv_root);
		goto err_wq;
	}
	err = device_add_group(bxv_root, &bxv_group);
	if (err)
		goto err_root;
	return 0;

err_root:
	root_device_unregister(bxv_root);
err_wq:
	destroy_workqueue(bxv_wq);
	return err;
}
module_init(bxv_init);

/* The attributes go first: their commands take the lock. */
static void __exit bxv_exit(void)
{
	struct bxv_dev *dev, *next;

	device_remove_group(bxv_root, &bxv_group);
	scoped_guard(mutex, &bxv_cmd_lock)
		list_for_each_entry_safe(dev, next, &bxv_devs, node)
			bxv_destroy(dev);
	root_device_unregister(bxv_root);
	destroy_workqueue(bxv_wq);
}
module_exit(bxv_exit);

MODULE_DESCRIPTION("bus_ext: simulated virtio devices");
MODULE_AUTHOR("bus_ext maintainers");
MODULE_LICENSE("GPL");
