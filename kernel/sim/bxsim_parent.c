// SPDX-License-Identifier: GPL-2.0-only
/*
 * bxsim: simulated parents, whose devices are created on request
 *
 * /sys/devices/bxsim is one from the beginning; commands add others and remove them:
 *
 *	parent_add	NAME: /sys/devices/NAME
 *	parent_del	NAME [gone=1]: remove it, gone=1: its hardware is gone before
 *
 * Types: "small" takes one unit of the parent's capacity (parameter capacity), "large" four,
 * and "single" is there once, outside of it.  Their device ids are 0x10, 0x20 and 0x30.  The
 * parameter create_error makes creations fail in the parent.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bx_parent.h>
#include <linux/cleanup.h>
#include <linux/list.h>
#include <linux/moduleparam.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "bxsim.h"

#define BXSIM_VENDOR	0xf055
#define BXSIM_LARGE	4	/* units */

static unsigned int capacity = 16;
module_param(capacity, uint, 0444);
MODULE_PARM_DESC(capacity, "units of each parent (default 16)");

static int create_error;
module_param(create_error, int, 0644);
MODULE_PARM_DESC(create_error, "creations on request fail in the parent with this errno (default 0)");

/* Settings, by their number */
enum bxsim_setting {
	BXSIM_RATE,
	BXSIM_LABEL,
	BXSIM_MIGRATABLE,
};

static const struct bx_setting bxsim_settings[] = {
	[BXSIM_RATE]	= { .name = "rate", .kind = BX_SETTING_NUMBER,
			    .min = 1, .max = 1000, .initial = "10", .live = true },
	[BXSIM_LABEL]	= { .name = "label", .kind = BX_SETTING_TEXT,
			    .min = 0, .max = 15, .initial = "" },
	[BXSIM_MIGRATABLE] = { .name = "migratable", .kind = BX_SETTING_BOOL,
			       .initial = "0" },
};

#define BXSIM_TYPE(_name, _device)					\
	.name = _name, .bus = &bx_sf_bus,				\
	.id = { .vendor = BXSIM_VENDOR, .device = _device }

static const struct bx_type bxsim_types[] = {
	{ BXSIM_TYPE("small", 0x10), .title = "Small", .units = 1,
	  .description = "takes one unit of the capacity",
	  .settings = bxsim_settings, .nr_settings = ARRAY_SIZE(bxsim_settings) },
	{ BXSIM_TYPE("large", 0x20), .title = "Large", .units = BXSIM_LARGE,
	  .description = "takes four units of the capacity" },
	{ BXSIM_TYPE("single", 0x30), .max = 1 },
};

/**
 * struct bxsim_parent - a simulated parent
 * @node: in bxsim_parents
 * @name: its name
 * @dev: its device, NULL while it is made or removed
 * @own: the device is its own
 * @parent: what the core knows
 */
struct bxsim_parent {
	struct list_head	node;
	char			name[BX_DEV_NAME_LEN];
	struct device		*dev;
	bool			own;
	struct bx_parent	parent;
};

static LIST_HEAD(bxsim_parents);	/* bxsim_lock */

/* ---- functions of the parent ---- */

static int bxsim_inst_create(struct bx_instance *inst)
{
	int error = READ_ONCE(create_error);

	if (error)
		return -abs(error);
	inst->hw_data = bxsim_hw_alloc(&inst->provider);
	return inst->hw_data ? 0 : -ENOMEM;
}

static void bxsim_inst_destroy(struct bx_instance *inst)
{
	bxsim_hw_free(inst->hw_data);
}

/* The hardware does not take rates that are multiples of 13. */
static int bxsim_inst_set(struct bx_instance *inst, u32 setting, const char *value)
{
	unsigned int rate;

	if (setting != BXSIM_RATE)
		return 0;
	return kstrtouint(value, 10, &rate) ?: rate % 13 ? 0 : -EIO;
}

static const struct bx_parent_ops bxsim_parent_ops = {
	.create		= bxsim_inst_create,
	.destroy	= bxsim_inst_destroy,
	.set		= bxsim_inst_set,
};

/* ---- parents ---- */

static struct bxsim_parent *bxsim_find_parent(const char *name)
{
	struct bxsim_parent *p;

	lockdep_assert_held(&bxsim_lock);
	list_for_each_entry(p, &bxsim_parents, node) {
		if (!strcmp(p->name, name))
			return p;
	}
	return NULL;
}

static int bxsim_start_parent(struct bxsim_parent *p, struct device *dev)
{
	int err;

	p->parent = (struct bx_parent) {
		.dev = dev, .ops = &bxsim_parent_ops, .types = bxsim_types,
		.nr_types = ARRAY_SIZE(bxsim_types), .capacity = capacity,
	};
	err = bx_parent_register(&p->parent);
	if (err)
		return err;
	guard(mutex)(&bxsim_lock);
	p->dev = dev;
	return 0;
}

static int bxsim_add_parent(struct bxsim_parent *p)
{
	struct device *dev = p->own ? root_device_register(p->name) : bxsim_root;
	int err;

	if (IS_ERR(dev))
		return PTR_ERR(dev);
	err = bxsim_start_parent(p, dev);
	if (err && p->own)
		root_device_unregister(dev);
	return err;
}

static void bxsim_unlist_parent(struct bxsim_parent *p)
{
	scoped_guard(mutex, &bxsim_lock)
		list_del(&p->node);
	kfree(p);
}

static int bxsim_make_parent(const char *name, bool own)
{
	struct bxsim_parent *p = kzalloc(sizeof(*p), GFP_KERNEL);
	int err = 0;

	if (!p)
		return -ENOMEM;
	strscpy(p->name, name, sizeof(p->name));
	p->own = own;
	scoped_guard(mutex, &bxsim_lock) {
		if (bxsim_find_parent(name))
			err = -EEXIST;
		else
			list_add_tail(&p->node, &bxsim_parents);
	}
	if (err) {
		bx_cmd_err("parent '%s' exists\n", name);
		kfree(p);
		return err;
	}
	err = bxsim_add_parent(p);
	if (err) {
		bx_cmd_err("cannot add parent '%s': %pe\n", name, ERR_PTR(err));
		bxsim_unlist_parent(p);
	}
	return err;
}

static void bxsim_stop_parent(struct bxsim_parent *p, struct device *dev, bool gone)
{
	if (gone)
		bx_parent_unplug(&p->parent);
	bx_parent_unregister(&p->parent);
	if (p->own)
		root_device_unregister(dev);
	bxsim_unlist_parent(p);
}

/* Claims a parent, which the caller then removes and no other command can. */
static struct bxsim_parent *bxsim_claim_parent(const char *name, struct device **dev)
{
	struct bxsim_parent *p;

	guard(mutex)(&bxsim_lock);
	p = bxsim_find_parent(name);
	if (!p || !p->own)
		return ERR_PTR(-ENODEV);
	if (!p->dev)
		return ERR_PTR(-EBUSY);
	*dev = p->dev;
	p->dev = NULL;
	return p;
}

static int bxsim_parse_gone(const char *value, void *to)
{
	return kstrtobool(value, to);
}

static const struct bx_cmd_key bxsim_parent_keys[] = {
	{ "gone",	"0 or 1",	bxsim_parse_gone },
};

int bxsim_cmd_parent_add(char *line)
{
	char name[BX_DEV_NAME_LEN];
	int err;

	err = bx_cmd_only_name(line, name, sizeof(name));
	return err ?: bxsim_make_parent(name, true);
}

int bxsim_cmd_parent_del(char *line)
{
	char name[BX_DEV_NAME_LEN];
	struct bxsim_parent *p;
	struct device *dev;
	bool gone = false;
	int err;

	err = bx_cmd_name(&line, name, sizeof(name));
	if (!err)
		err = bx_cmd_options(&line, bxsim_parent_keys,
				     ARRAY_SIZE(bxsim_parent_keys), &gone);
	if (err)
		return err;
	p = bxsim_claim_parent(name, &dev);
	if (IS_ERR(p)) {
		bx_cmd_err("cannot remove parent '%s': %s\n", name,
			   p == ERR_PTR(-EBUSY) ? "being added or removed" :
						  "not found");
		return PTR_ERR(p);
	}
	bxsim_stop_parent(p, dev, gone);
	return 0;
}

int bxsim_init_parents(void)
{
	return bxsim_make_parent("bxsim", false);
}

void bxsim_clear_parents(void)
{
	struct bxsim_parent *p, *next;

	list_for_each_entry_safe(p, next, &bxsim_parents, node)
		bxsim_stop_parent(p, p->dev, false);
}
