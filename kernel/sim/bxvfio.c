// SPDX-License-Identifier: GPL-2.0-only
/*
 * bxvfio: simulated devices for user space
 *
 * For tests, and for trying vfio clients and policies without hardware: devices
 * on the bus bx-vfio, made and taken away by writes to the attributes of
 * /sys/devices/bxvfio.  <linux/bxvfio.h> describes the device.
 *
 *   create	NAME VENDOR:DEVICE, in hex
 *   destroy	NAME; waits until the device is closed
 *   devices	one line a device: NAME open=0|1 resets=N wired=N
 *
 * It is also a parent, which creates up to four devices on request, of the type "vfio".
 *
 * The list ends in "..." when there is more than fits a page.  The reason for a
 * refused write is in the kernel log.
 *
 * Locking: bxvfio_lock guards the list, and is never held over a call into the
 * core, which may probe.  An entry that is being made or destroyed stays listed,
 * but not ready: its name is taken, and a command that would destroy it fails
 * with -EBUSY.  A device's own lock guards what the device is made of.  It is
 * held while the user's memory is copied, so it is taken before all locks of
 * bx_vfio_dma_rw(), among them mmap_lock: nothing else is copied from or to user
 * space under it.  Of the two, bxvfio_lock comes first.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bx_parent.h>
#include <linux/bx_vfio.h>
#include <linux/cleanup.h>
#include <linux/device.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include <uapi/linux/bxvfio.h>
#include "command.h"

#define BXVFIO_LINE_LEN	128	/* longest line of the list */

/**
 * struct bxvfio_dev - a simulated device, and its hw_data
 * @node: in bxvfio_devs
 * @bdev: the device; NULL while it is being made or destroyed
 * @name: its name
 * @id: its ids
 * @lock: protects all below
 * @session: the user; stays when a policy kept the close to itself
 * @regs: the registers
 * @data: the data region, BXVFIO_DATA_SIZE bytes
 * @rom: the identity
 * @resets: how often it was reset
 * @wired: vectors that were wired, less those that were unwired
 */
struct bxvfio_dev {
	struct list_head	node;
	struct bx_device	*bdev;
	char			name[BX_DEV_NAME_LEN];
	struct bx_id		id;
	struct mutex		lock;	/* protects all below */
	struct bx_vfio_session	*session;
	struct bxvfio_regs	regs;
	u8			*data;
	char			rom[BXVFIO_ROM_SIZE];
	unsigned int		resets;
	int			wired;
};

static struct device *bxvfio_root;	/* parent of all devices */
static DEFINE_MUTEX(bxvfio_lock);	/* protects the list */
static LIST_HEAD(bxvfio_devs);

/* ---- the device ---- */

/* A region's memory, NULL for none. */
static void *bxvfio_region(struct bxvfio_dev *sim, u32 region, u64 *size)
{
	switch (region) {
	case BXVFIO_REGS:
		*size = sizeof(sim->regs);
		return &sim->regs;
	case BXVFIO_DATA:
		*size = BXVFIO_DATA_SIZE;
		return sim->data;
	case BXVFIO_ROM:
		*size = sizeof(sim->rom);
		return sim->rom;
	}
	return NULL;
}

/* Returns the bytes of an access; NULL for a region that does not exist. */
static void *bxvfio_at(struct bxvfio_dev *sim, const struct bx_vfio_access *req,
		       u32 count)
{
	void *base;
	u64 size;

	base = bxvfio_region(sim, req->region, &size);
	if (!base || req->offset > size || count > size - req->offset)
		return NULL;
	return base + req->offset;
}

static int bxvfio_dma(struct bxvfio_dev *sim, bool store)
{
	const struct bxvfio_regs *regs = &sim->regs;

	if (regs->offset > BXVFIO_DATA_SIZE ||
	    regs->length > BXVFIO_DATA_SIZE - regs->offset)
		return -ERANGE;
	return bx_vfio_dma_rw(sim->session, regs->iova,
			      sim->data + regs->offset, regs->length, store);
}

/* The control register was written. */
static void bxvfio_command(struct bxvfio_dev *sim)
{
	int err = 0;

	switch (sim->regs.control) {
	case BXVFIO_CMD_NOP:
		break;
	case BXVFIO_CMD_FETCH:
	case BXVFIO_CMD_STORE:
		err = bxvfio_dma(sim, sim->regs.control == BXVFIO_CMD_STORE);
		break;
	default:
		err = -EOPNOTSUPP;
	}
	sim->regs.status = -err;
	sim->regs.commands++;
	bx_vfio_trigger(sim->session, BXVFIO_IRQ_DONE, 0);
}

static int bxvfio_write_regs(struct bxvfio_dev *sim,
			     const struct bx_vfio_access *req, void *to,
			     u32 count)
{
	u64 at = req->offset;

	if ((count != 4 && count != 8) || at % count)
		return -EINVAL;
	if (at == offsetof(struct bxvfio_regs, control) && count == 4) {
		memcpy(to, req->data, count);
		bxvfio_command(sim);
		return 0;
	}
	if (at < offsetof(struct bxvfio_regs, iova) ||
	    at >= offsetof(struct bxvfio_regs, commands))
		return -EINVAL;
	memcpy(to, req->data, count);
	return 0;
}

/* ---- the operations ---- */

static int bxvfio_open(struct bx_device *bdev, void *arg, u32 len)
{
	struct bxvfio_dev *sim = bdev->hw_data;
	struct bx_vfio_open *open = arg;

	guard(mutex)(&sim->lock);
	if (bx_vfio_session_live(sim->session))
		return -EBUSY;
	bx_vfio_session_put(sim->session);
	sim->session = bx_vfio_session_get(open->session);
	sim->wired = 0;
	return 0;
}

static int bxvfio_close(struct bx_device *bdev, void *arg, u32 len)
{
	struct bxvfio_dev *sim = bdev->hw_data;
	struct bx_vfio_open *open = arg;

	guard(mutex)(&sim->lock);
	if (sim->session != open->session)
		return 0;
	bx_vfio_session_put(sim->session);
	sim->session = NULL;
	sim->wired = 0;
	return 0;
}

static int bxvfio_get_info(struct bx_device *bdev, void *arg, u32 len)
{
	struct bx_vfio_info *info = arg;

	info->num_regions = BXVFIO_NR_REGIONS;
	info->num_irqs = BXVFIO_NR_IRQS;
	info->request_irq = 1 + BXVFIO_IRQ_REQUEST;
	return 0;
}

static int bxvfio_get_region_info(struct bx_device *bdev, void *arg, u32 len)
{
	struct bxvfio_dev *sim = bdev->hw_data;
	struct bx_vfio_region_info *info = arg;

	if (!bxvfio_region(sim, info->index, &info->size))
		return -EINVAL;
	info->flags = BX_VFIO_REGION_READ;
	if (info->index != BXVFIO_ROM)
		info->flags |= BX_VFIO_REGION_WRITE;
	return 0;
}

static int bxvfio_get_irq_info(struct bx_device *bdev, void *arg, u32 len)
{
	struct bx_vfio_irq_info *info = arg;

	if (info->index >= BXVFIO_NR_IRQS)
		return -EINVAL;
	info->count = 1;
	return 0;
}

static int bxvfio_read(struct bx_device *bdev, void *arg, u32 len)
{
	struct bxvfio_dev *sim = bdev->hw_data;
	struct bx_vfio_access *req = arg;
	u32 count = len - sizeof(*req);
	void *from;

	guard(mutex)(&sim->lock);
	from = bxvfio_at(sim, req, count);
	if (!from)
		return -EINVAL;
	memcpy(req->data, from, count);
	return 0;
}

static int bxvfio_write(struct bx_device *bdev, void *arg, u32 len)
{
	struct bxvfio_dev *sim = bdev->hw_data;
	struct bx_vfio_access *req = arg;
	u32 count = len - sizeof(*req);
	void *to;

	guard(mutex)(&sim->lock);
	to = bxvfio_at(sim, req, count);
	if (!to || req->region == BXVFIO_ROM)
		return -EINVAL;
	if (req->region == BXVFIO_REGS)
		return bxvfio_write_regs(sim, req, to, count);
	memcpy(to, req->data, count);
	return 0;
}

static int bxvfio_set_irq(struct bx_device *bdev, void *arg, u32 len)
{
	struct bxvfio_dev *sim = bdev->hw_data;
	struct bx_vfio_set_irq *set = arg;

	if (set->index >= BXVFIO_NR_IRQS || set->start || set->count != 1)
		return -EINVAL;
	guard(mutex)(&sim->lock);
	sim->wired += set->wired ? 1 : -1;
	return 0;
}

static int bxvfio_reset(struct bx_device *bdev, void *unused, u32 len)
{
	struct bxvfio_dev *sim = bdev->hw_data;

	guard(mutex)(&sim->lock);
	sim->regs = (struct bxvfio_regs) {};
	memset(sim->data, 0, BXVFIO_DATA_SIZE);
	sim->resets++;
	return 0;
}

static const bx_op_fn bxvfio_ops[BX_VFIO_NR_OPS] = {
	[BX_VFIO_OPEN]			= bxvfio_open,
	[BX_VFIO_CLOSE]			= bxvfio_close,
	[BX_VFIO_GET_INFO]		= bxvfio_get_info,
	[BX_VFIO_GET_REGION_INFO]	= bxvfio_get_region_info,
	[BX_VFIO_GET_IRQ_INFO]		= bxvfio_get_irq_info,
	[BX_VFIO_READ]			= bxvfio_read,
	[BX_VFIO_WRITE]			= bxvfio_write,
	[BX_VFIO_SET_IRQ]		= bxvfio_set_irq,
	[BX_VFIO_RESET]			= bxvfio_reset,
};

static const struct bx_provider bxvfio_provider = {
	.version	= BX_VFIO_VERSION,
	.ops		= bxvfio_ops,
	.nr_ops		= ARRAY_SIZE(bxvfio_ops),
};

/* ---- making and taking away ---- */

static void bxvfio_free(struct bxvfio_dev *sim)
{
	if (!sim)
		return;
	bx_vfio_session_put(sim->session);
	kvfree(sim->data);
	kfree(sim);
}

DEFINE_FREE(bxvfio, struct bxvfio_dev *, bxvfio_free(_T))

static struct bxvfio_dev *bxvfio_find(const char *name)
{
	struct bxvfio_dev *sim;

	lockdep_assert_held(&bxvfio_lock);
	list_for_each_entry(sim, &bxvfio_devs, node)
		if (!strcmp(sim->name, name))
			return sim;
	return NULL;
}

static int bxvfio_list(struct bxvfio_dev *sim)
{
	guard(mutex)(&bxvfio_lock);
	if (bxvfio_find(sim->name)) {
		bx_cmd_err("device '%s' exists: destroy it first\n", sim->name);
		return -EEXIST;
	}
	list_add_tail(&sim->node, &bxvfio_devs);
	return 0;
}

/* Also frees it. */
static void bxvfio_unlist(struct bxvfio_dev *sim)
{
	scoped_guard(mutex, &bxvfio_lock)
		list_del(&sim->node);
	bxvfio_free(sim);
}

static int bxvfio_add(struct bxvfio_dev *sim)
{
	struct bx_device *bdev;
	int err;

	bdev = bx_device_alloc(&bx_vfio_bus, bxvfio_root, &sim->id, NULL,
			       &bxvfio_provider, sim);
	if (IS_ERR(bdev))
		return PTR_ERR(bdev);
	err = bx_device_add(bdev, sim->name);
	if (err) {
		put_device(&bdev->dev);
		return err;
	}
	guard(mutex)(&bxvfio_lock);
	sim->bdev = bdev;
	return 0;
}

static int bxvfio_parse_id(struct bx_id *id, char **line)
{
	const char *word = bx_cmd_word(line), *at = word;
	u32 num[2];
	int n = word ? bx_cmd_ids(&at, false, num, 2) : -EINVAL;

	if (n == 2 && !*at) {
		id->vendor = num[0];
		id->device = num[1];
		return 0;
	}
	bx_cmd_err("invalid id '%s': expected VENDOR:DEVICE in hexadecimal\n",
		   word ?: "");
	return n < 0 ? n : -EINVAL;
}

static struct bxvfio_dev *bxvfio_alloc(void)
{
	struct bxvfio_dev *sim = kzalloc(sizeof(*sim), GFP_KERNEL);

	if (!sim)
		return NULL;
	mutex_init(&sim->lock);
	sim->data = kvzalloc(BXVFIO_DATA_SIZE, GFP_KERNEL);
	if (sim->data)
		return sim;
	kfree(sim);
	return NULL;
}

/* Takes @sim over. */
static int bxvfio_create(struct bxvfio_dev *sim)
{
	int err;

	err = bxvfio_list(sim);
	if (err) {
		bxvfio_free(sim);
		return err;
	}
	err = bxvfio_add(sim);
	if (err) {
		bx_cmd_err("cannot create '%s': %pe\n", sim->name,
			   ERR_PTR(err));
		bxvfio_unlist(sim);
	}
	return err;
}

static int bxvfio_cmd_create(char *line)
{
	struct bxvfio_dev *sim __free(bxvfio) = bxvfio_alloc();
	int err;

	if (!sim)
		return -ENOMEM;
	err = bx_cmd_name(&line, sim->name, sizeof(sim->name));
	if (!err)
		err = bxvfio_parse_id(&sim->id, &line);
	if (!err)
		err = bx_cmd_end(&line);
	if (err)
		return err;
	snprintf(sim->rom, sizeof(sim->rom), "bxvfio %s", sim->name);
	return bxvfio_create(no_free_ptr(sim));
}

/* Claims a device, which the caller then destroys and no other command can. */
static struct bxvfio_dev *bxvfio_claim(const char *name,
				       struct bx_device **bdev)
{
	struct bxvfio_dev *sim;

	guard(mutex)(&bxvfio_lock);
	sim = bxvfio_find(name);
	if (!sim)
		return ERR_PTR(-ENODEV);
	if (!sim->bdev)
		return ERR_PTR(-EBUSY);
	*bdev = sim->bdev;
	sim->bdev = NULL;
	return sim;
}

static int bxvfio_cmd_destroy(char *line)
{
	char name[BX_DEV_NAME_LEN];
	struct bx_device *bdev;
	struct bxvfio_dev *sim;
	int err;

	err = bx_cmd_only_name(line, name, sizeof(name));
	if (err)
		return err;
	sim = bxvfio_claim(name, &bdev);
	if (IS_ERR(sim)) {
		bx_cmd_err("cannot destroy device '%s': %s\n", name,
			   sim == ERR_PTR(-EBUSY) ?
			   "being created or destroyed" : "not found");
		return PTR_ERR(sim);
	}
	bx_device_remove(bdev);
	bxvfio_unlist(sim);
	return 0;
}

/* ---- the attributes ---- */

BX_CMD_ATTR(create, bxvfio_cmd_create);
BX_CMD_ATTR(destroy, bxvfio_cmd_destroy);

static ssize_t devices_show(struct device *dev, struct device_attribute *attr,
			    char *buf)
{
	struct bxvfio_dev *sim;
	int len = 0;

	guard(mutex)(&bxvfio_lock);
	list_for_each_entry(sim, &bxvfio_devs, node) {
		if (!sim->bdev)
			continue;
		if (len > PAGE_SIZE - BXVFIO_LINE_LEN)
			return len + sysfs_emit_at(buf, len, "...\n");
		guard(mutex)(&sim->lock);
		len += sysfs_emit_at(buf, len,
				     "%s open=%d resets=%u wired=%d\n",
				     sim->name, !!sim->session, sim->resets,
				     sim->wired);
	}
	return len;
}
static DEVICE_ATTR_RO(devices);

static struct attribute *bxvfio_attrs[] = {
	&dev_attr_create.attr,
	&dev_attr_destroy.attr,
	&dev_attr_devices.attr,
	NULL
};

static const struct attribute_group bxvfio_group = {
	.attrs	= bxvfio_attrs,
};

/* ---- devices on request, which are not in the list ---- */

static int bxvfio_inst_create(struct bx_instance *inst)
{
	struct bxvfio_dev *sim = bxvfio_alloc();

	if (!sim)
		return -ENOMEM;
	snprintf(sim->rom, sizeof(sim->rom), "bxvfio on request");
	inst->hw_data = sim;
	inst->provider = &bxvfio_provider;
	return 0;
}

static void bxvfio_inst_destroy(struct bx_instance *inst)
{
	bxvfio_free(inst->hw_data);
}

static const struct bx_parent_ops bxvfio_parent_ops = {
	.create		= bxvfio_inst_create,
	.destroy	= bxvfio_inst_destroy,
};

static const struct bx_type bxvfio_types[] = {
	{ .name = "vfio", .title = "for user space", .bus = &bx_vfio_bus, .max = 4,
	  .id = { .vendor = 0xf055, .device = 0x40 } },
};

static struct bx_parent bxvfio_parent = {
	.ops		= &bxvfio_parent_ops,
	.types		= bxvfio_types,
	.nr_types	= ARRAY_SIZE(bxvfio_types),
};

/* ---- the module ---- */

static int __init bxvfio_init(void)
{
	int err;

	bxvfio_root = root_device_register("bxvfio");
	if (IS_ERR(bxvfio_root))
		return PTR_ERR(bxvfio_root);
	err = device_add_group(bxvfio_root, &bxvfio_group);
	if (err)
		goto err_root;
	bxvfio_parent.dev = bxvfio_root;
	err = bx_parent_register(&bxvfio_parent);
	if (err)
		goto err_group;
	return 0;

err_group:
	device_remove_group(bxvfio_root, &bxvfio_group);
err_root:
	root_device_unregister(bxvfio_root);
	return err;
}
module_init(bxvfio_init);

/* Runs without bxvfio_lock: there are no attributes any more, so no commands. */
static void __exit bxvfio_exit(void)
{
	struct bxvfio_dev *sim, *next;

	bx_parent_unregister(&bxvfio_parent);
	device_remove_group(bxvfio_root, &bxvfio_group);
	list_for_each_entry_safe(sim, next, &bxvfio_devs, node) {
		bx_device_remove(sim->bdev);
		bxvfio_unlist(sim);
	}
	root_device_unregister(bxvfio_root);
}
module_exit(bxvfio_exit);

MODULE_DESCRIPTION("bus_ext: simulated devices for user space");
MODULE_AUTHOR("bus_ext maintainers");
MODULE_LICENSE("GPL");
