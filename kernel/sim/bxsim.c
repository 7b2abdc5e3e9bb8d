// SPDX-License-Identifier: GPL-2.0-only
/*
 * bxsim: a simulated parent and simulated drivers
 *
 * For tests, and for trying policies without hardware: devices and drivers on
 * the bus bx-sf, made and taken away by writes to the attributes of
 * /sys/devices/bxsim.  The result and the duration of a driver's probe() are
 * options.  Real parents are in kernel/parents, the reader of the lines is
 * command.h.
 *
 *   create	NAME VENDOR:DEVICE[:SUBVENDOR:SUBDEVICE] [class=N] [revision=N]
 *		[guid=GUID] [provider=sim|policy], numbers in hex
 *   destroy	NAME
 *   unplug	NAME: the hardware is gone, the device not yet
 *   devices	one line a device: NAME resets=N execs=N
 *   hold	NAME: keep a reference to this device, and to no other; "-" to none
 *   call	NAME CMD TEXT: call it from outside of its driver; "-" is the held one
 *   driver_add	NAME [ids=ID[,ID...]] [probe=RESULT] [delay=MS], ID as above,
 *		"*" in it for anything; no ids: a driver without an id table.
 *		RESULT is 0, -ENODEV and the like, or a number down to -4095
 *   driver_del	NAME
 *   driver_set	NAME [probe=RESULT] [delay=MS]
 *   drivers	one line a driver: NAME probes=N bound=N probe=RESULT
 *
 * The lists end in "..." when there is more than fits a page.  A bound device
 * has an attribute of the driver's, "exec": write "CMD TEXT", read the answer.
 * CMD 0 reverses TEXT, CMD 1 takes as many milliseconds as TEXT says, or until
 * something is written to "release".
 * The reason for a refused write is in the kernel log.
 *
 * Locking: bxsim_lock guards the two lists, and is never held over a call into
 * the core, which may probe; probe() and remove() use atomics only.  An entry
 * that is being made or destroyed stays listed, but not ready: its name is
 * taken, and a command that would destroy it fails with -EBUSY.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bx_sf.h>
#include <linux/cleanup.h>
#include <linux/delay.h>
#include <linux/device.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/stringify.h>
#include <linux/sysfs.h>
#include <linux/uuid.h>
#include <linux/wait.h>
#include "command.h"

/* The provider's commands: reverse the bytes of the argument; take its time. */
#define BXSIM_CMD_REVERSE	0
#define BXSIM_CMD_SLEEP		1

#define BXSIM_MAX_DEVICES	4096	/* of the parameter devices= */
#define BXSIM_MAX_DELAY		60000	/* ms */
#define BXSIM_EXEC_LEN		64	/* bytes of an argument of "exec" */
#define BXSIM_LINE_LEN		160	/* longest line of a list */

/**
 * struct bxsim_dev - a simulated device, and its hw_data
 * @node: in bxsim_devs
 * @bdev: the device; NULL while it is being made or destroyed
 * @name: its name
 * @id: what it claims to be
 * @guid: its identity
 * @provider: who provides it: we, or policies
 * @resets: how often it was reset
 * @execs: how many commands it ran
 */
struct bxsim_dev {
	struct list_head	node;
	struct bx_device	*bdev;
	char			name[BX_DEV_NAME_LEN];
	struct bx_id		id;
	guid_t			guid;
	const struct bx_provider *provider;
	atomic_t		resets;
	atomic_t		execs;
};

/**
 * struct bxsim_drv - a simulated driver
 * @node: in bxsim_drvs
 * @drv: the driver
 * @ready: false while it is being registered or unregistered
 * @name: its name
 * @result: what probe() returns
 * @delay: how long probe() takes, in ms
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

static struct device *bxsim_root;	/* parent of all devices */
static DEFINE_MUTEX(bxsim_lock);	/* protects both lists */
static LIST_HEAD(bxsim_devs);
static LIST_HEAD(bxsim_drvs);
static struct bx_device *bxsim_held;	/* bxsim_lock; NULL for none */
static DECLARE_WAIT_QUEUE_HEAD(bxsim_wait);
static atomic_t bxsim_releases;		/* writes to "release" */

/* The provider */

static int bxsim_sleep(const u8 *text, u32 len)
{
	int before = atomic_read(&bxsim_releases);
	u32 ms;

	if (bx_cmd_number(text, len, 10, BXSIM_MAX_DELAY, &ms))
		return -EINVAL;
	wait_event_timeout(bxsim_wait, atomic_read(&bxsim_releases) != before,
			   msecs_to_jiffies(ms));
	return 0;
}

static int bxsim_exec(struct bx_device *bdev, void *arg, u32 len)
{
	struct bxsim_dev *sim = bdev->hw_data;
	struct bx_sf_exec_arg *req = arg;
	u8 *bytes = req->data;
	u32 i;

	len -= sizeof(*req);
	if (req->cmd > BXSIM_CMD_SLEEP)
		return -EOPNOTSUPP;
	atomic_inc(&sim->execs);
	if (req->cmd == BXSIM_CMD_SLEEP)
		return bxsim_sleep(bytes, len);
	for (i = 0; i < len / 2; i++)
		swap(bytes[i], bytes[len - 1 - i]);
	return 0;
}

static int bxsim_reset(struct bx_device *bdev, void *unused, u32 len)
{
	struct bxsim_dev *sim = bdev->hw_data;

	atomic_inc(&sim->resets);
	return 0;
}

static const bx_op_fn bxsim_ops[BX_SF_NR_OPS] = {
	[BX_SF_EXEC]	= bxsim_exec,
	[BX_SF_RESET]	= bxsim_reset,
};

static const struct bx_provider bxsim_provider = {
	.version	= BX_SF_VERSION,
	.ops		= bxsim_ops,
	.nr_ops		= ARRAY_SIZE(bxsim_ops),
};

/* For devices that a policy provides. */
static const struct bx_provider bxsim_no_provider = {
	.version	= BX_SF_VERSION,
	.by_policy	= true,
};

/* The drivers */

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
		msleep(atomic_read(&sim->delay));
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

/* Calls with "CMD TEXT".  The answer is in @arg; returns its bytes or an errno. */
static int bxsim_call_text(struct bx_device *bdev, const char *text, size_t count,
			   char arg[BXSIM_EXEC_LEN])
{
	const char *end = text + count;
	size_t len;
	u32 cmd;
	int err;

	text = skip_spaces(text);
	len = strcspn(text, " \t\n");
	err = bx_cmd_number(text, len, 10, U32_MAX, &cmd);
	if (err)
		return err;
	text = skip_spaces(text + len);
	len = end - text;
	if (len && text[len - 1] == '\n')
		len--;
	if (len > BXSIM_EXEC_LEN)
		return -E2BIG;
	memcpy(arg, text, len);
	return bx_sf_exec(bdev, cmd, arg, len) ?: len;
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

/* Devices */

static struct bxsim_dev *bxsim_find_dev(const char *name)
{
	struct bxsim_dev *sim;

	lockdep_assert_held(&bxsim_lock);
	list_for_each_entry(sim, &bxsim_devs, node)
		if (!strcmp(sim->name, name))
			return sim;
	return NULL;
}

static int bxsim_list_dev(struct bxsim_dev *sim)
{
	guard(mutex)(&bxsim_lock);
	if (bxsim_find_dev(sim->name)) {
		bx_cmd_err("device '%s' exists: destroy it first\n", sim->name);
		return -EEXIST;
	}
	list_add_tail(&sim->node, &bxsim_devs);
	return 0;
}

/* Also frees it. */
static void bxsim_unlist_dev(struct bxsim_dev *sim)
{
	scoped_guard(mutex, &bxsim_lock)
		list_del(&sim->node);
	kfree(sim);
}

/* Takes @sim over when it returns 0. */
static int bxsim_add_dev(struct bxsim_dev *sim)
{
	struct bx_device *bdev;
	int ret;

	bdev = bx_device_alloc(&bx_sf_bus, bxsim_root, &sim->id, &sim->guid,
			       sim->provider, sim);
	if (IS_ERR(bdev))
		return PTR_ERR(bdev);
	ret = bx_device_add(bdev, sim->name);
	if (ret) {
		put_device(&bdev->dev);
		return ret;
	}
	guard(mutex)(&bxsim_lock);
	sim->bdev = bdev;
	return 0;
}

static int bxsim_create(struct bxsim_dev *sim)
{
	int ret;

	ret = bxsim_list_dev(sim);
	if (ret) {
		kfree(sim);
		return ret;
	}
	ret = bxsim_add_dev(sim);
	if (ret) {
		bx_cmd_err("cannot create '%s' (guid %pUl): %pe\n", sim->name,
			   &sim->guid, ERR_PTR(ret));
		bxsim_unlist_dev(sim);
	}
	return ret;
}

static int bxsim_parse_class(const char *value, void *to)
{
	struct bxsim_dev *sim = to;

	return bx_cmd_hex(value, &sim->id.class);
}

static int bxsim_parse_revision(const char *value, void *to)
{
	struct bxsim_dev *sim = to;

	return bx_cmd_hex(value, &sim->id.revision);
}

static int bxsim_parse_guid(const char *value, void *to)
{
	struct bxsim_dev *sim = to;

	if (strlen(value) != UUID_STRING_LEN)
		return -EINVAL;
	return guid_parse(value, &sim->guid);
}

static int bxsim_parse_provider(const char *value, void *to)
{
	struct bxsim_dev *sim = to;

	if (!strcmp(value, "sim"))
		sim->provider = &bxsim_provider;
	else if (!strcmp(value, "policy"))
		sim->provider = &bxsim_no_provider;
	else
		return -EINVAL;
	return 0;
}

static const struct bx_cmd_key bxsim_dev_keys[] = {
	{ "class",	"a hexadecimal number",	bxsim_parse_class },
	{ "revision",	"a hexadecimal number",	bxsim_parse_revision },
	{ "guid",	"a GUID",		bxsim_parse_guid },
	{ "provider",	"sim or policy",	bxsim_parse_provider },
};

/* Two or four numbers.  Returns -EINVAL or -ERANGE if they are not. */
static int bxsim_parse_id(const char **text, bool wild, u32 num[4])
{
	int n = bx_cmd_ids(text, wild, num, 4);

	if (n < 0)
		return n;
	return n == 2 || n == 4 ? 0 : -EINVAL;
}

static int bxsim_parse_dev_id(struct bx_id *id, char **line)
{
	const char *word = bx_cmd_word(line), *at = word;
	u32 num[4] = {};
	int err = -EINVAL;

	if (word)
		err = bxsim_parse_id(&at, false, num);
	if (!err && *at)
		err = -EINVAL;
	if (err) {
		bx_cmd_err("invalid id '%s': expected VENDOR:DEVICE[:SUBVENDOR:SUBDEVICE] in hexadecimal\n",
			   word ?: "");
		return err;
	}
	*id = (struct bx_id) {
		.vendor = num[0], .device = num[1],
		.subvendor = num[2], .subdevice = num[3],
	};
	return 0;
}

static int bxsim_parse_dev(struct bxsim_dev *sim, char *line)
{
	int err;

	guid_gen(&sim->guid);
	sim->provider = &bxsim_provider;
	err = bx_cmd_name(&line, sim->name, sizeof(sim->name));
	if (!err)
		err = bxsim_parse_dev_id(&sim->id, &line);
	if (!err)
		err = bx_cmd_options(&line, bxsim_dev_keys,
				     ARRAY_SIZE(bxsim_dev_keys), sim);
	return err;
}

static int bxsim_cmd_create(char *line)
{
	struct bxsim_dev *sim __free(kfree) = kzalloc(sizeof(*sim), GFP_KERNEL);
	int ret;

	if (!sim)
		return -ENOMEM;
	ret = bxsim_parse_dev(sim, line);
	if (ret)
		return ret;
	return bxsim_create(no_free_ptr(sim));
}

/* The only argument of a command. */
static int bxsim_parse_only_name(char *name, size_t size, char *line)
{
	return bx_cmd_name(&line, name, size) ?: bx_cmd_end(&line);
}

/* Claims a device, which the caller then destroys and no other command can. */
static struct bxsim_dev *bxsim_claim_dev(const char *name,
					 struct bx_device **bdev)
{
	struct bxsim_dev *sim;

	guard(mutex)(&bxsim_lock);
	sim = bxsim_find_dev(name);
	if (!sim)
		return ERR_PTR(-ENODEV);
	if (!sim->bdev)
		return ERR_PTR(-EBUSY);
	*bdev = sim->bdev;
	sim->bdev = NULL;
	return sim;
}

static int bxsim_cmd_destroy(char *line)
{
	char name[BX_DEV_NAME_LEN];
	struct bx_device *bdev;
	struct bxsim_dev *sim;
	int ret;

	ret = bxsim_parse_only_name(name, sizeof(name), line);
	if (ret)
		return ret;
	sim = bxsim_claim_dev(name, &bdev);
	if (IS_ERR(sim)) {
		bx_cmd_err("cannot destroy device '%s': %s\n", name,
			   sim == ERR_PTR(-EBUSY) ?
			   "being created or destroyed" : "not found");
		return PTR_ERR(sim);
	}
	bx_device_remove(bdev);
	bxsim_unlist_dev(sim);
	return 0;
}

static int bxsim_cmd_unplug(char *line)
{
	char name[BX_DEV_NAME_LEN];
	struct bxsim_dev *sim;
	int ret;

	ret = bxsim_parse_only_name(name, sizeof(name), line);
	if (ret)
		return ret;
	guard(mutex)(&bxsim_lock);
	sim = bxsim_find_dev(name);
	if (!sim || !sim->bdev)
		return -ENODEV;
	bx_device_unplug(sim->bdev);
	return 0;
}

/* A reference to a device, to the one that is held for "-"; NULL for none. */
static struct bx_device *bxsim_get_dev(const char *name)
{
	struct bx_device *bdev = NULL;
	struct bxsim_dev *sim;

	guard(mutex)(&bxsim_lock);
	if (!strcmp(name, "-")) {
		bdev = bxsim_held;
	} else {
		sim = bxsim_find_dev(name);
		if (sim)
			bdev = sim->bdev;
	}
	if (bdev)
		get_device(&bdev->dev);
	return bdev;
}

static int bxsim_cmd_hold(char *line)
{
	struct bx_device *bdev = NULL;
	char name[BX_DEV_NAME_LEN];
	int ret;

	ret = bxsim_parse_only_name(name, sizeof(name), line);
	if (ret)
		return ret;
	if (strcmp(name, "-")) {
		bdev = bxsim_get_dev(name);
		if (!bdev)
			return -ENODEV;
	}
	scoped_guard(mutex, &bxsim_lock)
		swap(bdev, bxsim_held);
	if (bdev)
		put_device(&bdev->dev);
	return 0;
}

static int bxsim_cmd_call(char *line)
{
	char name[BX_DEV_NAME_LEN], arg[BXSIM_EXEC_LEN];
	struct bx_device *bdev;
	int ret;

	ret = bx_cmd_name(&line, name, sizeof(name));
	if (ret)
		return ret;
	bdev = bxsim_get_dev(name);
	if (!bdev)
		return -ENODEV;
	ret = line ? bxsim_call_text(bdev, line, strlen(line), arg) : -EINVAL;
	put_device(&bdev->dev);
	return min(ret, 0);
}

static int bxsim_cmd_release(char *line)
{
	atomic_inc(&bxsim_releases);
	wake_up_all(&bxsim_wait);
	return 0;
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

static int bxsim_cmd_driver_add(char *line)
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

static int bxsim_cmd_driver_set(char *line)
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

static int bxsim_cmd_driver_del(char *line)
{
	char name[BX_NAME_LEN];
	struct bxsim_drv *sim;
	int ret;

	ret = bxsim_parse_only_name(name, sizeof(name), line);
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

/* The attributes */

BX_CMD_ATTR(create, bxsim_cmd_create);
BX_CMD_ATTR(destroy, bxsim_cmd_destroy);
BX_CMD_ATTR(unplug, bxsim_cmd_unplug);
BX_CMD_ATTR(hold, bxsim_cmd_hold);
BX_CMD_ATTR(call, bxsim_cmd_call);
BX_CMD_ATTR(release, bxsim_cmd_release);
BX_CMD_ATTR(driver_add, bxsim_cmd_driver_add);
BX_CMD_ATTR(driver_del, bxsim_cmd_driver_del);
BX_CMD_ATTR(driver_set, bxsim_cmd_driver_set);

static ssize_t devices_show(struct device *dev, struct device_attribute *attr,
			    char *buf)
{
	struct bxsim_dev *sim;
	int len = 0;

	guard(mutex)(&bxsim_lock);
	list_for_each_entry(sim, &bxsim_devs, node) {
		if (!sim->bdev)
			continue;
		if (len > PAGE_SIZE - BXSIM_LINE_LEN)
			return len + sysfs_emit_at(buf, len, "...\n");
		len += sysfs_emit_at(buf, len, "%s resets=%d execs=%d\n",
				     sim->name, atomic_read(&sim->resets),
				     atomic_read(&sim->execs));
	}
	return len;
}
static DEVICE_ATTR_RO(devices);

static int bxsim_emit_result(char *buf, int at, int err)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(bxsim_errnos); i++)
		if (err == bxsim_errnos[i].err)
			return sysfs_emit_at(buf, at, "probe=%s\n",
					     bxsim_errnos[i].name);
	return sysfs_emit_at(buf, at, "probe=%d\n", err);
}

static ssize_t drivers_show(struct device *dev, struct device_attribute *attr,
			    char *buf)
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
static DEVICE_ATTR_RO(drivers);

static struct attribute *bxsim_attrs[] = {
	&dev_attr_create.attr,
	&dev_attr_destroy.attr,
	&dev_attr_unplug.attr,
	&dev_attr_hold.attr,
	&dev_attr_call.attr,
	&dev_attr_release.attr,
	&dev_attr_devices.attr,
	&dev_attr_driver_add.attr,
	&dev_attr_driver_del.attr,
	&dev_attr_driver_set.attr,
	&dev_attr_drivers.attr,
	NULL
};

static const struct attribute_group bxsim_group = {
	.attrs	= bxsim_attrs,
};

/* The module */

static unsigned int devices;
module_param(devices, uint, 0444);
MODULE_PARM_DESC(devices, "create this many devices, sf0 and on (default 0)");

static unsigned int vendor = 0xf055;
module_param(vendor, uint, 0444);
MODULE_PARM_DESC(vendor, "their vendor id (default 0xf055)");

static unsigned int device = 1;
module_param(device, uint, 0444);
MODULE_PARM_DESC(device, "their device id (default 1)");

static char *drivers;
module_param(drivers, charp, 0444);
MODULE_PARM_DESC(drivers, "names, commas between, of drivers for any device");

static int __init bxsim_init_drivers(void)
{
	char *names __free(kfree) = kstrdup(drivers ?: "", GFP_KERNEL);
	char *name, *s = names, line[80];
	int ret;

	if (!names)
		return -ENOMEM;
	while ((name = strsep(&s, ","))) {
		if (!*name)
			continue;
		snprintf(line, sizeof(line), "%.*s ids=*:*", BX_NAME_LEN, name);
		ret = bxsim_cmd_driver_add(line);
		if (ret)
			return ret;
	}
	return 0;
}

static int __init bxsim_init_devices(void)
{
	char line[64];
	unsigned int i;
	int ret;

	if (devices > BXSIM_MAX_DEVICES) {
		pr_err("devices=%u: at most %u\n", devices, BXSIM_MAX_DEVICES);
		return -EINVAL;
	}
	for (i = 0; i < devices; i++) {
		snprintf(line, sizeof(line), "sf%u %x:%x", i, vendor, device);
		ret = bxsim_cmd_create(line);
		if (ret)
			return ret;
	}
	return 0;
}

/* Runs without bxsim_lock: there are no attributes, so no commands. */
static void bxsim_clear(void)
{
	struct bxsim_dev *dev, *next_dev;
	struct bxsim_drv *drv, *next_drv;

	if (bxsim_held)
		put_device(&bxsim_held->dev);
	list_for_each_entry_safe(dev, next_dev, &bxsim_devs, node) {
		bx_device_remove(dev->bdev);
		bxsim_unlist_dev(dev);
	}
	list_for_each_entry_safe(drv, next_drv, &bxsim_drvs, node) {
		bx_sf_driver_unregister(&drv->drv);
		bxsim_unlist_drv(drv);
	}
}

static int __init bxsim_init(void)
{
	int ret;

	bxsim_root = root_device_register("bxsim");
	if (IS_ERR(bxsim_root))
		return PTR_ERR(bxsim_root);
	ret = bxsim_init_drivers();
	if (!ret)
		ret = bxsim_init_devices();
	if (!ret)
		ret = device_add_group(bxsim_root, &bxsim_group);
	if (ret) {
		bxsim_clear();
		root_device_unregister(bxsim_root);
	}
	return ret;
}
module_init(bxsim_init);

static void __exit bxsim_exit(void)
{
	device_remove_group(bxsim_root, &bxsim_group);
	bxsim_clear();
	root_device_unregister(bxsim_root);
}
module_exit(bxsim_exit);

MODULE_DESCRIPTION("bus_ext: simulated devices and drivers");
MODULE_AUTHOR("bus_ext maintainers");
MODULE_LICENSE("GPL");
