// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/kernel/bus_ext: directories of buses and policies
 *
 *	buses/NAME/		one per own or adopted bus
 *	buses/NAME/contract	contract of an own bus, see bx_contract_print()
 *	buses/NAME/override	of an adopted bus without driver_override: the administrator's
 *				overrides; a write of "DEVICE DRIVER" sets one, "DEVICE none"
 *				keeps all drivers away, "DEVICE" removes it
 *	parents/NAME		link to each device that creates devices, see types.c
 *	policies/NAME/		one per active policy
 *	policies/NAME@shadow/	one per active policy in shadow mode
 *
 * state.c has the files of the top directory.
 *
 * The directory of a policy is a kobject that sends uevents of the subsystem bus_ext:
 * add, change and remove, see bx_uevent_policy().
 *
 * Show functions must not take bx_policy_mutex or any lock outside of it:
 * attach and detach hold it while they wait for show functions.
 */
#include <linux/kobject.h>
#include <linux/slab.h>
#include <linux/sysfs.h>
#include "core.h"

static struct kobject *bx_kobj, *bx_buses_kobj, *bx_parents_kobj;
static struct kset *bx_policies_kset;

/*
 * A policy's directory.  A commit may replace @policy, and an update its
 * version, while they are read; both are freed only after a bx_srcu grace
 * period.
 */
struct bx_policy_dir {
	struct kobject		kobj;
	struct bx_policy	*policy;
};

struct bx_policy_attr {
	struct attribute	attr;
	ssize_t (*show)(struct bx_policy *policy, char *buf);
};

#define BX_INST_ATTR(field, fmt)					\
static ssize_t bx_##field##_show(struct bx_policy *policy, char *buf)	\
{									\
	return sysfs_emit(buf, fmt "\n", READ_ONCE(policy->inst)->field);\
}									\
static const struct bx_policy_attr bx_attr_##field = {			\
	.attr = { .name = #field, .mode = 0444 },			\
	.show = bx_##field##_show,					\
}

#define BX_COUNT_ATTR(field)						\
static ssize_t bx_##field##_show(struct bx_policy *policy, char *buf)	\
{									\
	return sysfs_emit(buf, "%llu\n", bx_counts_sum(policy).field);	\
}									\
static const struct bx_policy_attr bx_attr_##field = {			\
	.attr = { .name = #field, .mode = 0444 },			\
	.show = bx_##field##_show,					\
}

BX_INST_ATTR(bus, "%s");
BX_INST_ATTR(vendor, "0x%08x");
BX_INST_ATTR(priority, "%d");
BX_INST_ATTR(flags, "0x%llx");
BX_INST_ATTR(version, "%u");
BX_COUNT_ATTR(asked);
BX_COUNT_ATTR(decided);
BX_COUNT_ATTR(vetoed);
BX_COUNT_ATTR(diverged);
BX_COUNT_ATTR(denied);
BX_COUNT_ATTR(handled);
BX_COUNT_ATTR(redirected);
BX_COUNT_ATTR(amended);

static const struct attribute *const bx_policy_attrs[] = {
	&bx_attr_bus.attr,
	&bx_attr_vendor.attr,
	&bx_attr_priority.attr,
	&bx_attr_flags.attr,
	&bx_attr_version.attr,
	&bx_attr_asked.attr,
	&bx_attr_decided.attr,
	&bx_attr_vetoed.attr,
	&bx_attr_diverged.attr,
	&bx_attr_denied.attr,
	&bx_attr_handled.attr,
	&bx_attr_redirected.attr,
	&bx_attr_amended.attr,
	NULL
};

static ssize_t bx_policy_show(struct kobject *kobj, struct attribute *attr,
			      char *buf)
{
	struct bx_policy_dir *dir = container_of(kobj, struct bx_policy_dir,
						 kobj);
	int idx = srcu_read_lock(&bx_srcu);
	ssize_t len = container_of(attr, struct bx_policy_attr,
				   attr)->show(READ_ONCE(dir->policy), buf);

	srcu_read_unlock(&bx_srcu, idx);
	return len;
}

static const struct sysfs_ops bx_policy_sysfs_ops = {
	.show = bx_policy_show,
};

static void bx_policy_release(struct kobject *kobj)
{
	kfree(container_of(kobj, struct bx_policy_dir, kobj));
}

static const struct kobj_type bx_policy_ktype = {
	.release	= bx_policy_release,
	.sysfs_ops	= &bx_policy_sysfs_ops,
};

/**
 * bx_sysfs_add_policy() - add the directory of a policy
 * @shown: name of the directory
 * @policy: the policy; must outlive bx_sysfs_del_policy()
 *
 * Return: the directory, for bx_sysfs_del_policy(), or an ERR_PTR().
 */
struct kobject *bx_sysfs_add_policy(const char *shown, struct bx_policy *policy)
{
	struct bx_policy_dir *dir = kzalloc(sizeof(*dir), GFP_KERNEL);
	int err;

	if (!dir)
		return ERR_PTR(-ENOMEM);
	dir->policy = policy;
	dir->kobj.kset = bx_policies_kset;
	err = kobject_init_and_add(&dir->kobj, &bx_policy_ktype, NULL, "%s",
				   shown);
	if (err)
		goto err_put;
	err = sysfs_create_files(&dir->kobj,
				 (const struct attribute **)bx_policy_attrs);
	if (err)
		goto err_del;
	return &dir->kobj;

err_del:
	kobject_del(&dir->kobj);
err_put:
	kobject_put(&dir->kobj);
	return ERR_PTR(err);
}

/*
 * Transfers a directory to another policy; the caller frees the old one later.
 */
void bx_sysfs_move_policy(struct kobject *kobj, struct bx_policy *policy)
{
	WRITE_ONCE(container_of(kobj, struct bx_policy_dir, kobj)->policy,
		   policy);
}

static void bx_uevent_fill(struct kobj_uevent_env *env, struct bx_policy *policy,
			   const char *stage)
{
	struct bx_inst *inst = policy->inst;
	char reason[BX_MSG_LEN];

	/* a program writes the text: no line of its own in a tool's output */
	bx_inst_reason(inst, reason, sizeof(reason));
	strreplace(reason, '\n', ' ');
	if (add_uevent_var(env, "POLICY=%s", inst->shown) ||
	    add_uevent_var(env, "BUS=%s", inst->bus) ||
	    add_uevent_var(env, "VERSION=%u", inst->version) ||
	    add_uevent_var(env, "STAGE=%s", stage) ||
	    (*reason && add_uevent_var(env, "REASON=%s", reason)))
		pr_warn_ratelimited("uevent of policy '%s' is incomplete\n",
				    inst->shown);
}

static void bx_uevent_send(struct kobject *kobj, enum kobject_action action,
			   struct bx_policy *policy, const char *stage)
{
	struct kobj_uevent_env *env = kzalloc(sizeof(*env), GFP_KERNEL);

	if (!env)
		return;
	bx_uevent_fill(env, policy, stage);
	kobject_uevent_env(kobj, action, env->envp);
	kfree(env);
}

/**
 * bx_uevent_policy() - send a uevent about a policy
 * @policy: the policy; nothing is sent unless it has a directory
 * @stage: "active", "ejected" or "quarantined"
 *
 * The first one is the event "add", others are "change"; bx_sysfs_del_policy() sends
 * "remove".  Each has POLICY, BUS, VERSION and STAGE; REASON after an ejection.
 *
 * Context: process; bx_policy_mutex held.
 */
void bx_uevent_policy(struct bx_policy *policy, const char *stage)
{
	if (policy->kobj)
		bx_uevent_send(policy->kobj,
			       policy->kobj->state_add_uevent_sent ?
			       KOBJ_CHANGE : KOBJ_ADD, policy, stage);
}

/* Removes a directory; waits for readers. */
void bx_sysfs_del_policy(struct kobject *kobj)
{
	if (kobj->state_add_uevent_sent)
		bx_uevent_send(kobj, KOBJ_REMOVE,
			       container_of(kobj, struct bx_policy_dir,
					    kobj)->policy, "detached");
	kobject_del(kobj);
	kobject_put(kobj);
}

/* A bus' directory; the contract must outlive it. */
struct bx_bus_dir {
	struct kobject			kobj;
	const struct bx_contract	*contract;
};

/* A contract of many operations does not fit the page of another attribute. */
static ssize_t contract_read(struct file *file, struct kobject *kobj,
			     bx_bin_const struct bin_attribute *attr, char *buf, loff_t off,
			     size_t count)
{
	const struct bx_contract *contract = container_of(kobj, struct bx_bus_dir,
							  kobj)->contract;
	size_t len = bx_contract_print(contract, NULL, 0);
	char *text = kvmalloc(len + 1, GFP_KERNEL);
	ssize_t ret;

	if (!text)
		return -ENOMEM;
	bx_contract_print(contract, text, len + 1);
	ret = memory_read_from_buffer(buf, count, &off, text, len);
	kvfree(text);
	return ret;
}

static const struct bin_attribute bx_contract_attr = __BIN_ATTR_RO(contract, 0);

static ssize_t override_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return bx_admin_show(kobject_name(kobj), buf);
}

static ssize_t override_store(struct kobject *kobj, struct kobj_attribute *attr,
			      const char *buf, size_t len)
{
	char line[BX_DEV_NAME_LEN + BX_NAME_LEN + 1];
	char *device = line, *driver;
	int err;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (strscpy(line, buf, sizeof(line)) < 0)
		return -EINVAL;
	device = strim(line);
	driver = strchr(device, ' ');
	if (driver)
		*driver++ = '\0';
	err = bx_admin_override(kobject_name(kobj), device, driver ? skip_spaces(driver) : "");
	return err ?: len;
}

static const struct kobj_attribute bx_override_attr = __ATTR(override, 0600, override_show,
							      override_store);

static void bx_bus_dir_release(struct kobject *kobj)
{
	kfree(container_of(kobj, struct bx_bus_dir, kobj));
}

static const struct kobj_type bx_bus_ktype = {
	.release	= bx_bus_dir_release,
	.sysfs_ops	= &kobj_sysfs_ops,
};

/**
 * bx_sysfs_add_bus() - add the directory of a bus
 * @name: name of the bus
 * @contract: its contract; NULL for an adopted bus
 *
 * Return: the directory, for bx_sysfs_del_bus(), or an ERR_PTR().
 */
struct kobject *bx_sysfs_add_bus(const char *name,
				 const struct bx_contract *contract)
{
	struct bx_bus_dir *dir = kzalloc(sizeof(*dir), GFP_KERNEL);
	int err;

	if (!dir)
		return ERR_PTR(-ENOMEM);
	dir->contract = contract;
	err = kobject_init_and_add(&dir->kobj, &bx_bus_ktype, bx_buses_kobj,
				   "%s", name);
	if (!err && contract)
		err = sysfs_create_bin_file(&dir->kobj, &bx_contract_attr);
	if (err) {
		bx_sysfs_del_bus(&dir->kobj);
		return ERR_PTR(err);
	}
	return &dir->kobj;
}

/* Adds the file for overrides of a bus that has no driver_override. */
int bx_sysfs_add_override(struct kobject *kobj)
{
	return sysfs_create_file(kobj, &bx_override_attr.attr);
}

void bx_sysfs_del_bus(struct kobject *kobj)
{
	kobject_del(kobj);
	kobject_put(kobj);
}

/* Adds the link to a parent; -EEXIST if another one has the same name. */
int bx_sysfs_add_parent(struct device *dev)
{
	return sysfs_create_link(bx_parents_kobj, &dev->kobj, dev_name(dev));
}

void bx_sysfs_del_parent(struct device *dev)
{
	sysfs_remove_link(bx_parents_kobj, dev_name(dev));
}

static const char *bx_uevent_subsystem(const struct kobject *kobj)
{
	return "bus_ext";
}

static const struct kset_uevent_ops bx_uevent_ops = {
	.name = bx_uevent_subsystem,
};

/**
 * bx_sysfs_init() - add the directories and the top files
 * @files: the files of the top directory; they stay until bx_sysfs_exit()
 *
 * Return: 0 or an errno.
 */
int bx_sysfs_init(const struct attribute **files)
{
	int err = -ENOMEM;

	bx_kobj = kobject_create_and_add("bus_ext", kernel_kobj);
	if (!bx_kobj)
		return err;
	bx_policies_kset = kset_create_and_add("policies", &bx_uevent_ops,
					       bx_kobj);
	bx_buses_kobj = kobject_create_and_add("buses", bx_kobj);
	bx_parents_kobj = kobject_create_and_add("parents", bx_kobj);
	if (bx_policies_kset && bx_buses_kobj && bx_parents_kobj)
		err = sysfs_create_files(bx_kobj, files);
	if (err)
		bx_sysfs_exit();
	return err;
}

void bx_sysfs_exit(void)
{
	kobject_put(bx_parents_kobj);
	kobject_put(bx_buses_kobj);
	kset_unregister(bx_policies_kset);
	kobject_put(bx_kobj);
}
