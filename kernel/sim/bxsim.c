// SPDX-License-Identifier: GPL-2.0-only
/*
 * bxsim: a simulated parent and simulated drivers
 *
 * For tests, and for trying policies without hardware: devices and drivers on
 * the bus bx-sf, made and taken away by writes to the attributes of
 * /sys/devices/bxsim.  A driver does what it was told to do in probe().  Real
 * parents are in kernel/parents.
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
 * What a refused write lacked is in the kernel log.
 *
 * Locking: bxsim_lock guards the two lists, and is never held over a call into
 * the core, which may probe; probe() and remove() use atomics only.  An entry
 * that is being made or destroyed stays listed, but not ready: its name is
 * taken, and who would take it away gets -EBUSY.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bx_sf.h>
#include <linux/cleanup.h>
#include <linux/ctype.h>
#include <linux/delay.h>
#include <linux/device.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include <linux/uuid.h>
#include <linux/wait.h>

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
static atomic_t bxsim_releases;		/* so often, calls that wait were let go */

#define bxsim_err(fmt, ...) pr_err_ratelimited(fmt, ##__VA_ARGS__)

/* The provider */

static int bxsim_sleep(const u8 *text, u32 len)
{
	int before = atomic_read(&bxsim_releases);
	char number[8];
	unsigned int ms;

	if (len >= sizeof(number))
		return -EINVAL;
	memcpy(number, text, len);
	number[len] = '\0';
	if (kstrtouint(number, 10, &ms) || ms > BXSIM_MAX_DELAY)
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

/* Of a device that a policy is to provide. */
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

/* Call with "CMD TEXT"; the bytes of the answer, which @arg takes. */
static int bxsim_call_text(struct bx_device *bdev, const char *text, size_t count,
			   char arg[BXSIM_EXEC_LEN])
{
	int skip = 0, ret;
	size_t len;
	u32 cmd;

	if (sscanf(text, "%u %n", &cmd, &skip) != 1 || !skip)
		return -EINVAL;
	len = count - skip;
	if (len && text[count - 1] == '\n')
		len--;
	if (len > BXSIM_EXEC_LEN)
		return -E2BIG;
	memcpy(arg, text + skip, len);
	ret = bx_sf_exec(bdev, cmd, arg, len);
	return ret ?: len;
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

/* What people write */

/* The next word of a line, NULL at its end. */
static char *bxsim_word(char **line)
{
	char *word;

	do {
		word = strsep(line, " \t\n");
	} while (word && !*word);
	return word;
}

/* The value of an option, NULL when @word is not this option. */
static char *bxsim_value(char *word, const char *option)
{
	size_t len = str_has_prefix(word, option);

	return len && word[len] == '=' ? word + len + 1 : NULL;
}

static int bxsim_parse_name(char *name, size_t size, const char *word)
{
	const char *c;

	if (!word) {
		bxsim_err("name missing: write NAME first\n");
		return -EINVAL;
	}
	if (strscpy(name, word, size) < 0) {
		bxsim_err("name '%.16s...' too long: at most %zu bytes\n",
			  word, size - 1);
		return -ENAMETOOLONG;
	}
	for (c = name; *c; c++)
		if (!isascii(*c) || !isgraph(*c) || *c == '/' || *c == '!')
			goto bad;
	if (name[0] != '.')
		return 0;
bad:
	bxsim_err("bad name '%s': printable, without '/' and '!', not starting with '.'\n",
		  name);
	return -EINVAL;
}

/*
 * Two or four hex numbers with colons between them; "*" for anything where
 * that is allowed.  Returns how many, or -EINVAL.
 */
static int bxsim_parse_id(char *word, bool wild, u32 num[4])
{
	char *s = word, *field;
	int n = 0;

	while ((field = strsep(&s, ":"))) {
		if (n == 4)
			return -EINVAL;
		if (wild && !strcmp(field, "*"))
			num[n] = BX_ANY;
		else if (kstrtou32(field, 16, &num[n]))
			return -EINVAL;
		n++;
	}
	return n == 2 || n == 4 ? n : -EINVAL;
}

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

static int bxsim_parse_result(struct bxsim_drv *sim, const char *value)
{
	int err, i;

	for (i = 0; i < ARRAY_SIZE(bxsim_errnos); i++) {
		if (strcmp(value, bxsim_errnos[i].name))
			continue;
		atomic_set(&sim->result, bxsim_errnos[i].err);
		return 0;
	}
	if (kstrtoint(value, 10, &err) || err > 0 || err < -MAX_ERRNO) {
		bxsim_err("probe=%s: neither 0, -ENODEV or the like nor a number from -%d\n",
			  value, MAX_ERRNO);
		return -EINVAL;
	}
	atomic_set(&sim->result, err);
	return 0;
}

static int bxsim_parse_delay(struct bxsim_drv *sim, const char *value)
{
	unsigned int ms;

	if (kstrtouint(value, 10, &ms) || ms > BXSIM_MAX_DELAY) {
		bxsim_err("delay=%s: not in 0..%d ms\n", value,
			  BXSIM_MAX_DELAY);
		return -EINVAL;
	}
	atomic_set(&sim->delay, ms);
	return 0;
}

static int bxsim_unknown_option(const char *word)
{
	bxsim_err("unknown option '%s'\n", word);
	return -EINVAL;
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
		bxsim_err("device '%s' exists: destroy it first\n", sim->name);
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
		bxsim_err("cannot create '%s' (guid %pUl): %pe\n", sim->name,
			  &sim->guid, ERR_PTR(ret));
		bxsim_unlist_dev(sim);
	}
	return ret;
}

static int bxsim_parse_dev_option(struct bxsim_dev *sim, char *word)
{
	char *value;

	value = bxsim_value(word, "class");
	if (value)
		return kstrtou32(value, 16, &sim->id.class);
	value = bxsim_value(word, "revision");
	if (value)
		return kstrtou32(value, 16, &sim->id.revision);
	value = bxsim_value(word, "guid");
	if (value)
		return strlen(value) == UUID_STRING_LEN ?
		       guid_parse(value, &sim->guid) : -EINVAL;
	value = bxsim_value(word, "provider");
	if (!value)
		return -EINVAL;
	if (!strcmp(value, "policy"))
		sim->provider = &bxsim_no_provider;
	return strcmp(value, "sim") && strcmp(value, "policy") ? -EINVAL : 0;
}

static int bxsim_parse_dev(struct bxsim_dev *sim, char *line)
{
	u32 num[4] = {};
	char *word;
	int ret;

	ret = bxsim_parse_name(sim->name, sizeof(sim->name),
			       bxsim_word(&line));
	if (ret)
		return ret;
	word = bxsim_word(&line);
	if (!word || bxsim_parse_id(word, false, num) < 0) {
		bxsim_err("bad id: write VENDOR:DEVICE[:SUBVENDOR:SUBDEVICE] in hex\n");
		return -EINVAL;
	}
	sim->id = (struct bx_id) {
		.vendor = num[0], .device = num[1],
		.subvendor = num[2], .subdevice = num[3],
	};
	guid_gen(&sim->guid);
	sim->provider = &bxsim_provider;
	while ((word = bxsim_word(&line))) {
		if (bxsim_parse_dev_option(sim, word)) {
			bxsim_err("bad option '%s': class=HEX, revision=HEX, guid=GUID or provider=sim|policy\n",
				  word);
			return -EINVAL;
		}
	}
	return 0;
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
	char *word;
	int ret;

	ret = bxsim_parse_name(name, size, bxsim_word(&line));
	if (ret)
		return ret;
	word = bxsim_word(&line);
	return word ? bxsim_unknown_option(word) : 0;
}

/* Makes a device nobody else's to destroy; the caller does. */
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
		bxsim_err("cannot destroy device '%s': %s\n", name,
			  sim == ERR_PTR(-EBUSY) ?
			  "being created or destroyed" : "there is none");
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

	ret = bxsim_parse_name(name, sizeof(name), bxsim_word(&line));
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
		bxsim_err("driver '%s' exists: driver_del it first\n",
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
		bxsim_err("cannot register driver '%s': %pe\n", sim->name,
			  ERR_PTR(ret));
		bxsim_unlist_drv(sim);
		return ret;
	}
	guard(mutex)(&bxsim_lock);
	sim->ready = true;
	return 0;
}

/* One row; what is not given is anything. */
static int bxsim_parse_row(struct bx_device_id *row, char *word)
{
	u32 num[4] = { BX_ANY, BX_ANY, BX_ANY, BX_ANY };

	/* a row of zeros would end the table */
	if (bxsim_parse_id(word, true, num) < 0 ||
	    !(num[0] | num[1] | num[2] | num[3]))
		return -EINVAL;
	*row = (struct bx_device_id) { BX_DEVICE_SUB(num[0], num[1],
						     num[2], num[3]) };
	return 0;
}

static int bxsim_parse_ids(struct bxsim_drv *sim, char *value)
{
	struct bx_device_id *row;
	size_t rows = 1;
	char *word;

	for (word = value; *word; word++)
		rows += *word == ',';
	kfree(sim->ids);
	sim->ids = kcalloc(rows + 1, sizeof(*sim->ids), GFP_KERNEL);
	if (!sim->ids)
		return -ENOMEM;
	for (row = sim->ids; (word = strsep(&value, ",")); row++) {
		if (bxsim_parse_row(row, word)) {
			bxsim_err("bad ids=: VENDOR:DEVICE[:SUBVENDOR:SUBDEVICE] in hex or '*', commas between\n");
			return -EINVAL;
		}
	}
	return 0;
}

/* The options that driver_set knows. */
static int bxsim_parse_drv_option(struct bxsim_drv *sim, char *word)
{
	char *value;

	value = bxsim_value(word, "probe");
	if (value)
		return bxsim_parse_result(sim, value);
	value = bxsim_value(word, "delay");
	if (value)
		return bxsim_parse_delay(sim, value);
	return bxsim_unknown_option(word);
}

static int bxsim_parse_drv(struct bxsim_drv *sim, char *line)
{
	char *word, *ids;
	int ret;

	ret = bxsim_parse_name(sim->name, sizeof(sim->name),
			       bxsim_word(&line));
	while (!ret && (word = bxsim_word(&line))) {
		ids = bxsim_value(word, "ids");
		ret = ids ? bxsim_parse_ids(sim, ids) :
			    bxsim_parse_drv_option(sim, word);
	}
	return ret;
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
	char *word, *options;
	int ret;

	ret = bxsim_parse_name(new.name, sizeof(new.name), bxsim_word(&line));
	if (ret)
		return ret;

	guard(mutex)(&bxsim_lock);
	sim = bxsim_find_drv(new.name);
	if (!sim) {
		bxsim_err("no driver '%s': driver_add it first\n", new.name);
		return -ENODEV;
	}
	/* all of the line or nothing */
	atomic_set(&new.result, atomic_read(&sim->result));
	atomic_set(&new.delay, atomic_read(&sim->delay));
	for (options = line; (word = bxsim_word(&options)); ) {
		ret = bxsim_parse_drv_option(&new, word);
		if (ret)
			return ret;
	}
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
		bxsim_err("cannot delete driver '%s': %s\n", name,
			  sim == ERR_PTR(-EBUSY) ?
			  "being added or deleted" : "there is none");
		return PTR_ERR(sim);
	}
	bx_sf_driver_unregister(&sim->drv);
	bxsim_unlist_drv(sim);
	return 0;
}

/* The attributes */

/* Run a command on a copy of what was written, which it may cut up. */
static ssize_t bxsim_command(int (*cmd)(char *line), const char *buf,
			     size_t count)
{
	char *line __free(kfree) = NULL;
	int ret;

	/* a full page is the first part of a longer write */
	if (count >= PAGE_SIZE || memchr(buf, '\0', count)) {
		bxsim_err("write one line of text, below %lu bytes\n",
			  PAGE_SIZE);
		return -EINVAL;
	}
	line = kstrndup(buf, count, GFP_KERNEL);
	if (!line)
		return -ENOMEM;
	ret = cmd(line);
	return ret ?: count;
}

#define BXSIM_COMMAND(_name)						\
static ssize_t _name##_store(struct device *dev,			\
			     struct device_attribute *attr,		\
			     const char *buf, size_t count)		\
{									\
	return bxsim_command(bxsim_cmd_##_name, buf, count);		\
}									\
static DEVICE_ATTR_WO(_name)

BXSIM_COMMAND(create);
BXSIM_COMMAND(destroy);
BXSIM_COMMAND(unplug);
BXSIM_COMMAND(hold);
BXSIM_COMMAND(call);
BXSIM_COMMAND(release);
BXSIM_COMMAND(driver_add);
BXSIM_COMMAND(driver_del);
BXSIM_COMMAND(driver_set);

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

/* Nobody else is here any more, or yet: the attributes are gone. */
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
