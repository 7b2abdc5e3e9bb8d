// SPDX-License-Identifier: GPL-2.0-only
/*
 * bxsim: simulated devices, their provider, and the commands for them
 *
 * bxsim_main.c describes the commands and the locking.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cleanup.h>
#include <linux/list.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include <linux/uuid.h>
#include <linux/wait.h>
#include "bxsim.h"

/* The provider's commands: reverse the bytes of the argument; take its time. */
#define BXSIM_CMD_REVERSE	0
#define BXSIM_CMD_SLEEP		1

/**
 * struct bxsim_dev - a simulated device, and its hw_data
 * @node: in bxsim_devs
 * @bdev: the device; NULL while it is being made or destroyed
 * @name: its name
 * @id: its ids
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

static LIST_HEAD(bxsim_devs);		/* bxsim_lock */
static struct bx_device *bxsim_held;	/* bxsim_lock; NULL for none */
static DECLARE_WAIT_QUEUE_HEAD(bxsim_wait);
static atomic_t bxsim_releases;		/* writes to "release" */

/* The provider */

/* Waits until the time is over, or for a write to "release". */
void bxsim_delay(u32 ms)
{
	int before = atomic_read(&bxsim_releases);

	wait_event_timeout(bxsim_wait, atomic_read(&bxsim_releases) != before,
			   msecs_to_jiffies(ms));
}

static int bxsim_sleep(const u8 *text, u32 len)
{
	u32 ms;

	if (bx_cmd_number(text, len, 10, BXSIM_MAX_DELAY, &ms))
		return -EINVAL;
	bxsim_delay(ms);
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

/* The hardware of a device that a parent creates on request, and its provider */
void *bxsim_hw_alloc(const struct bx_provider **provider)
{
	*provider = &bxsim_provider;
	return kzalloc(sizeof(struct bxsim_dev), GFP_KERNEL);
}

void bxsim_hw_free(void *hw_data)
{
	kfree(hw_data);
}

/* Calls with "CMD TEXT".  The answer is in @arg; returns its bytes or an errno. */
int bxsim_call_text(struct bx_device *bdev, const char *text, size_t count,
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

int bxsim_cmd_create(char *line)
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

int bxsim_cmd_destroy(char *line)
{
	char name[BX_DEV_NAME_LEN];
	struct bx_device *bdev;
	struct bxsim_dev *sim;
	int ret;

	ret = bx_cmd_only_name(line, name, sizeof(name));
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

int bxsim_cmd_unplug(char *line)
{
	char name[BX_DEV_NAME_LEN];
	struct bx_device *bdev;
	int ret;

	ret = bx_cmd_only_name(line, name, sizeof(name));
	if (ret)
		return ret;
	bdev = bxsim_get_dev(name);
	if (!bdev)
		return -ENODEV;
	bx_device_unplug(bdev);
	put_device(&bdev->dev);
	return 0;
}

int bxsim_cmd_hold(char *line)
{
	struct bx_device *bdev = NULL;
	char name[BX_DEV_NAME_LEN];
	int ret;

	ret = bx_cmd_only_name(line, name, sizeof(name));
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

int bxsim_cmd_call(char *line)
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

int bxsim_cmd_release(char *line)
{
	atomic_inc(&bxsim_releases);
	wake_up_all(&bxsim_wait);
	return 0;
}

ssize_t bxsim_show_devs(char *buf)
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

void bxsim_clear_devs(void)
{
	struct bxsim_dev *dev, *next;

	if (bxsim_held)
		put_device(&bxsim_held->dev);
	list_for_each_entry_safe(dev, next, &bxsim_devs, node) {
		bx_device_remove(dev->bdev);
		bxsim_unlist_dev(dev);
	}
}
