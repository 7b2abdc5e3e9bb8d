// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files of the directory /sys/kernel/bus_ext
 *
 *	version			version of this module
 *	nr_policies		number of attached policies
 *	nr_ejected		number of ejections since module load
 *	ejected			the last ejections with their reasons; a write clears it
 *	refused			the last refusals with their reasons
 */
#include <linux/capability.h>
#include <linux/kobject.h>
#include <linux/sysfs.h>
#include "core.h"

static ssize_t version_show(struct kobject *kobj, struct kobj_attribute *attr,
			    char *buf)
{
	return sysfs_emit(buf, "%s\n", THIS_MODULE->version);
}

static ssize_t nr_policies_show(struct kobject *kobj,
				struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", bx_policy_count());
}

static ssize_t nr_ejected_show(struct kobject *kobj,
			       struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%llu\n", bx_exit_count());
}

static int bx_exit_print(const struct bx_exit_info *exit, char *buf, size_t size)
{
	char shown[BX_SHOWN_LEN];

	return snprintf(buf, size, "%s on %s: %s%s%s (kind %u, code %d)\n",
			bx_shown_name(shown, exit->name, exit->flags), exit->bus,
			exit->msg, *exit->device ? ", device " : "",
			exit->device, exit->kind, exit->code);
}

/* Shows as many of the last ones as fit the page, each as a whole. */
static ssize_t ejected_show(struct kobject *kobj, struct kobj_attribute *attr,
			    char *buf)
{
	struct bx_exit_info *recs;
	ssize_t len = 0;
	u32 n, first;

	if (bx_exit_records(&recs, &n))
		return -ENOMEM;
	for (first = n; first; first--) {
		len += bx_exit_print(&recs[first - 1], NULL, 0);
		if (len >= PAGE_SIZE)
			break;
	}
	for (len = 0; first < n; first++)
		len += bx_exit_print(&recs[first], buf + len, PAGE_SIZE - len);
	kvfree(recs);
	return len;
}

static ssize_t ejected_store(struct kobject *kobj, struct kobj_attribute *attr,
			     const char *buf, size_t len)
{
	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (!sysfs_streq(buf, "clear"))
		return -EINVAL;
	bx_exits_clear();
	return len;
}

static ssize_t refused_show(struct kobject *kobj, struct kobj_attribute *attr,
			    char *buf)
{
	return bx_refused_show(buf);
}

static struct kobj_attribute bx_version_attr = __ATTR_RO(version);
static struct kobj_attribute bx_nr_policies_attr = __ATTR_RO(nr_policies);
static struct kobj_attribute bx_nr_ejected_attr = __ATTR_RO(nr_ejected);
static struct kobj_attribute bx_ejected_attr = __ATTR_RW(ejected);
static struct kobj_attribute bx_refused_attr = __ATTR_RO(refused);

static const struct attribute *bx_attrs[] = {
	&bx_version_attr.attr,
	&bx_nr_policies_attr.attr,
	&bx_nr_ejected_attr.attr,
	&bx_ejected_attr.attr,
	&bx_refused_attr.attr,
	NULL
};

int bx_state_init(void)
{
	return bx_sysfs_init(bx_attrs);
}
