/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Definitions of the life cycle of devices that are created on request
 *
 * lifecycle.c has the states of a device, setting.c the values of its settings,
 * admission.c asks policies, instance.c creates and ends a device, and types.c has the files.
 */
#ifndef _BX_LIFECYCLE_H
#define _BX_LIFECYCLE_H

#include <linux/bx_parent.h>
#include <linux/sysfs.h>

/**
 * struct bx_type_dir - the directory of a type, from the registration of its parent on
 * @kobj: the directory
 * @parent: the parent
 * @type: the type
 * @devices: the directory "devices" in it
 * @nr: number of devices; bx_parent.lock
 * @attrs: files of the settings
 * @group: the directory "settings" of each device
 * @groups: the groups of attributes of each device
 */
struct bx_type_dir {
	struct kobject			kobj;
	struct bx_parent		*parent;
	const struct bx_type		*type;
	struct kobject			*devices;
	u32				nr;
	struct bx_setting_attr		*attrs;
	struct attribute_group		group;
	const struct attribute_group	*groups[3];
};

/* lifecycle.c */

const char *bx_state_name(u32 state);
bool bx_state_set(struct bx_device *bdev, u32 to);
void bx_state_drain(struct bx_device *bdev);
void bx_instance_free(struct bx_instance *inst);

/* setting.c */

int bx_setting_check(const struct bx_setting *setting, const char *text,
		     struct bx_value *value);
int bx_settings_check_type(const struct bx_type *type);
int bx_settings_parse(const struct bx_type *type, char *words,
		      struct bx_value *values);
int bx_settings_init(struct bx_type_dir *dir);
void bx_settings_exit(struct bx_type_dir *dir);

/* admission.c */

int bx_admit(struct bx_instance *inst);

/* instance.c */

extern const struct attribute_group bx_instance_group;

struct bx_instance *bx_instance_create(struct bx_type_dir *dir, const guid_t *guid,
				       char *words, struct device *front);
void bx_instance_end(struct bx_instance *inst);
u32 bx_instances_available(struct bx_type_dir *dir);
int bx_instance_claim(struct bx_instance *inst);
struct bx_instance *bx_instance_claim_any(struct bx_parent *parent);

#endif /* _BX_LIFECYCLE_H */
