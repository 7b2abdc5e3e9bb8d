// SPDX-License-Identifier: GPL-2.0-only
/*
 * bxsim: simulated drivers, and the commands for them
 *
 * bxsim_main.c describes the commands and the locking.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cleanup.h>
#include <linux/list.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/stringify.h>
#include <linux/sysfs.h>
#include "bxsim.h"

/**
 * struct bxsim_drv - a simulated driver
 * @node: in bxsim_drvs
 * @drv: the driver
 * @ready: false while it is being registered or unregistered
 * @name: its name
 * @result: what probe() returns
 * @delay: how long probe() takes at most, in ms
 * @probes: how often probe() was called
 * @bound: how many devices are bound
 * @ids: its id table, NULL for none
 */
struct bxsim_drv {
	struct list_head	node;
	struct bx_driver	drv;
	bool			ready;
	char			name[BX_NAME_LEN];
	atomic_t		result;
	atomic_t		delay;
	atomic_t		probes;
	atomic_t		bound;
	struct bx_device_id	*ids;
};

/**
 * struct bxsim_bound - a driver's data of a bound device
 * @lock: protects the answer
 * @len: bytes of the answer
 * @answer: to the last write to "exec"
 */
struct bxsim_bound {
	struct mutex	lock;	/* protects the answer */
	size_t		len;
	char		answer[BXSIM_EXEC_LEN];
};

static LIST_HEAD(bxsim_drvs);	/* bxsim_lock */

/* Bound devices */

static struct bxsim_drv *bxsim_drv_of(struct bx_device *bdev)
{
	return container_of(to_bx_driver(bdev->dev.driver), struct bxsim_drv,
			    drv);
}

static int bxsim_probe(struct bx_device *bdev, const struct bx_device_id *id)
{
	struct bxsim_drv *sim = bxsim_drv_of(bdev);
	struct bxsim_bound *bound;
	int ret;

	atomic_inc(&sim->probes);
	if (atomic_read(&sim->delay))
		bxsim_delay(atomic_read(&sim->delay));
	ret = atomic_read(&sim->result);
	if (ret)
		return ret;

	bound = devm_kzalloc(&bdev->dev, sizeof(*bound), GFP_KERNEL);
	if (!bound)
		return -ENOMEM;
	mutex_init(&bound->lock);
	bx_set_drvdata(bdev, bound);
	ret = bx_sf_reset(bdev);
	if (ret)
		return ret;
	atomic_inc(&sim->bound);
	return 0;
}

static void bxsim_remove(struct bx_device *bdev)
{
	atomic_dec(&bxsim_drv_of(bdev)->bound);
}

static ssize_t exec_store(struct device *dev, struct device_attribute *attr,
			  const char *buf, size_t count)
{
	struct bxsim_bound *bound = dev_get_drvdata(dev);
	char arg[BXSIM_EXEC_LEN];
	int len;

	len = bxsim_call_text(to_bx_device(dev), buf, count, arg);
	if (len < 0)
		return len;

	guard(mutex)(&bound->lock);
	memcpy(bound->answer, arg, len);
	bound->len = len;
	return count;
}

static ssize_t exec_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	struct bxsim_bound *bound = dev_get_drvdata(dev);

	guard(mutex)(&bound->lock);
	return sysfs_emit(buf, "%.*s\n", (int)bound->len, bound->answer);
}
static DEVICE_ATTR_RW(exec);

static struct attribute *bxsim_bound_attrs[] = {
	&dev_attr_exec.attr,
	NULL
};
ATTRIBUTE_GROUPS(bxsim_bound);

/* Values of options */

static const struct {
	const char	*name;
	int		err;
} bxsim_errnos[] = {
	{ "0",			0 },
	{ "-ENODEV",		-ENODEV },
	{ "-ENXIO",		-ENXIO },
	{ "-EPROBE_DEFER",	-EPROBE_DEFER },
	{ "-EIO",		-EIO },
	{ "-EBUSY",		-EBUSY },
	{ "-EINVAL",		-EINVAL },
	{ "-ENOMEM",		-ENOMEM },
	{ "-ETIMEDOUT",		-ETIMEDOUT },
};

static int bxsim_parse_result(const char *value, void *to)
{
	struct bxsim_drv *sim = to;
	int err, i;

	for (i = 0; i < ARRAY_SIZE(bxsim_errnos); i++) {
		if (strcmp(value, bxsim_errnos[i].name))
			continue;
		atomic_set(&sim->result, bxsim_errnos[i].err);
		return 0;
	}
	err = kstrtoint(value, 10, &i);
	if (err)
		return err;
	if (i > 0 || i < -MAX_ERRNO)
		return -ERANGE;
	atomic_set(&sim->result, i);
	return 0;
}

static int bxsim_parse_delay(const char *value, void *to)
{
	struct bxsim_drv *sim = to;
	u32 ms;
	int err;

	err = bx_cmd_number(value, strlen(value), 10, BXSIM_MAX_DELAY, &ms);
	if (!err)
		atomic_set(&sim->delay, ms);
	return err;
}

/* Drivers */

static void bxsim_free_drv(struct bxsim_drv *sim)
{
	if (sim)
		kfree(sim->ids);
	kfree(sim);
}

DEFINE_FREE(bxsim_drv, struct bxsim_drv *, bxsim_free_drv(_T))

static struct bxsim_drv *bxsim_find_drv(const char *name)
{
	struct bxsim_drv *sim;

	lockdep_assert_held(&bxsim_lock);
	list_for_each_entry(sim, &bxsim_drvs, node)
		if (!strcmp(sim->name, name))
			return sim;
	return NULL;
}

static int bxsim_list_drv(struct bxsim_drv *sim)
{
	guard(mutex)(&bxsim_lock);
	if (bxsim_find_drv(sim->name)) {
		bx_cmd_err("driver '%s' exists: driver_del it first\n",
			   sim->name);
		return -EEXIST;
	}
	list_add_tail(&sim->node, &bxsim_drvs);
	return 0;
}

/* Also frees it. */
static void bxsim_unlist_drv(struct bxsim_drv *sim)
{
	scoped_guard(mutex, &bxsim_lock)
		list_del(&sim->node);
	bxsim_free_drv(sim);
}

static int bxsim_add_drv(struct bxsim_drv *sim)
{
	int ret;

	ret = bxsim_list_drv(sim);
	if (ret) {
		bxsim_free_drv(sim);
		return ret;
	}
	sim->drv = (struct bx_driver) {
		.name		= sim->name,
		.id_table	= sim->ids,
		.probe		= bxsim_probe,
		.remove		= bxsim_remove,
		.driver.dev_groups = bxsim_bound_groups,
	};
	ret = bx_sf_driver_register(&sim->drv);
	if (ret) {
		bx_cmd_err("cannot register driver '%s': %pe\n", sim->name,
			   ERR_PTR(ret));
		bxsim_unlist_drv(sim);
		return ret;
	}
	guard(mutex)(&bxsim_lock);
	sim->ready = true;
	return 0;
}

/* Reads one row; a missing number is BX_ANY. */
static int bxsim_parse_row(struct bx_device_id *row, const char **text)
{
	u32 num[4] = { BX_ANY, BX_ANY, BX_ANY, BX_ANY };
	int err;

	err = bxsim_parse_id(text, true, num);
	if (err)
		return err;
	/* a row of zeros would end the table */
	if (!(num[0] | num[1] | num[2] | num[3]))
		return -EINVAL;
	*row = (struct bx_device_id) { BX_DEVICE_SUB(num[0], num[1],
						     num[2], num[3]) };
	return 0;
}

static int bxsim_parse_ids(const char *value, void *to)
{
	struct bxsim_drv *sim = to;
	struct bx_device_id *row;
	const char *c;
	size_t rows = 1;
	int err;

	for (c = value; *c; c++)
		rows += *c == ',';
	sim->ids = kcalloc(rows + 1, sizeof(*sim->ids), GFP_KERNEL);
	if (!sim->ids)
		return -ENOMEM;
	for (row = sim->ids; ; row++) {
		err = bxsim_parse_row(row, &value);
		if (err || !*value)
			return err;
		value++;
	}
}

/* The first BXSIM_NR_SET_KEYS are also valid for driver_set. */
static const struct bx_cmd_key bxsim_drv_keys[] = {
	{ "probe", "0, -ENODEV or another errno", bxsim_parse_result },
	{ "delay", "0 to " __stringify(BXSIM_MAX_DELAY) " milliseconds",
	  bxsim_parse_delay },
	{ "ids", "VENDOR:DEVICE[:SUBVENDOR:SUBDEVICE][,...] in hexadecimal or '*'",
	  bxsim_parse_ids },
};

#define BXSIM_NR_SET_KEYS	2

static int bxsim_parse_drv(struct bxsim_drv *sim, char *line)
{
	int err;

	err = bx_cmd_name(&line, sim->name, sizeof(sim->name));
	if (!err)
		err = bx_cmd_options(&line, bxsim_drv_keys,
				     ARRAY_SIZE(bxsim_drv_keys), sim);
	return err;
}

int bxsim_cmd_driver_add(char *line)
{
	struct bxsim_drv *sim __free(bxsim_drv) = kzalloc(sizeof(*sim),
							  GFP_KERNEL);
	int ret;

	if (!sim)
		return -ENOMEM;
	ret = bxsim_parse_drv(sim, line);
	if (ret)
		return ret;
	return bxsim_add_drv(no_free_ptr(sim));
}

int bxsim_cmd_driver_set(char *line)
{
	struct bxsim_drv new = {}, *sim;
	int ret;

	ret = bx_cmd_name(&line, new.name, sizeof(new.name));
	if (ret)
		return ret;

	guard(mutex)(&bxsim_lock);
	sim = bxsim_find_drv(new.name);
	if (!sim) {
		bx_cmd_err("no driver '%s': driver_add it first\n", new.name);
		return -ENODEV;
	}
	/* all of the line or nothing */
	atomic_set(&new.result, atomic_read(&sim->result));
	atomic_set(&new.delay, atomic_read(&sim->delay));
	ret = bx_cmd_options(&line, bxsim_drv_keys, BXSIM_NR_SET_KEYS, &new);
	if (ret)
		return ret;
	atomic_set(&sim->result, atomic_read(&new.result));
	atomic_set(&sim->delay, atomic_read(&new.delay));
	return 0;
}

static struct bxsim_drv *bxsim_claim_drv(const char *name)
{
	struct bxsim_drv *sim;

	guard(mutex)(&bxsim_lock);
	sim = bxsim_find_drv(name);
	if (!sim)
		return ERR_PTR(-ENODEV);
	if (!sim->ready)
		return ERR_PTR(-EBUSY);
	sim->ready = false;
	return sim;
}

int bxsim_cmd_driver_del(char *line)
{
	char name[BX_NAME_LEN];
	struct bxsim_drv *sim;
	int ret;

	ret = bx_cmd_only_name(line, name, sizeof(name));
	if (ret)
		return ret;
	sim = bxsim_claim_drv(name);
	if (IS_ERR(sim)) {
		bx_cmd_err("cannot delete driver '%s': %s\n", name,
			   sim == ERR_PTR(-EBUSY) ?
			   "being added or deleted" : "not found");
		return PTR_ERR(sim);
	}
	bx_sf_driver_unregister(&sim->drv);
	bxsim_unlist_drv(sim);
	return 0;
}

static int bxsim_emit_result(char *buf, int at, int err)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(bxsim_errnos); i++)
		if (err == bxsim_errnos[i].err)
			return sysfs_emit_at(buf, at, "probe=%s\n",
					     bxsim_errnos[i].name);
	return sysfs_emit_at(buf, at, "probe=%d\n", err);
}

ssize_t bxsim_show_drvs(char *buf)
{
	struct bxsim_drv *sim;
	int len = 0;

	guard(mutex)(&bxsim_lock);
	list_for_each_entry(sim, &bxsim_drvs, node) {
		if (!sim->ready)
			continue;
		if (len > PAGE_SIZE - BXSIM_LINE_LEN)
			return len + sysfs_emit_at(buf, len, "...\n");
		len += sysfs_emit_at(buf, len, "%s probes=%d bound=%d ",
				     sim->name, atomic_read(&sim->probes),
				     atomic_read(&sim->bound));
		len += bxsim_emit_result(buf, len, atomic_read(&sim->result));
	}
	return len;
}

void bxsim_clear_drvs(void)
{
	struct bxsim_drv *drv, *next;

	list_for_each_entry_safe(drv, next, &bxsim_drvs, node) {
		bx_sf_driver_unregister(&drv->drv);
		bxsim_unlist_drv(drv);
	}
}
