/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * bus_ext: parents that create devices on request
 *
 * The driver of hardware that can be divided registers a parent with one or more types of
 * devices.  People create and remove devices by writing to the files of a type; see
 * kernel/types.c.  A parent with a fixed set of devices does not need this: it calls
 * bx_device_add() itself.
 */
#ifndef _LINUX_BX_PARENT_H
#define _LINUX_BX_PARENT_H

#include <linux/bus_ext.h>
#include <linux/notifier.h>
#include <linux/rwsem.h>
#include <linux/uidgid.h>

struct bx_parent;

/** BX_VALUE_LEN - the value of a setting, as text, with the NUL */
#define BX_VALUE_LEN	64

/**
 * struct bx_value - the value of a setting
 * @text: as text, in its usual form: a number is decimal, and a bool is 0 or 1
 */
struct bx_value {
	char	text[BX_VALUE_LEN];
};

/**
 * enum bx_setting_kind - kinds of values
 * @BX_SETTING_NUMBER: a number without sign, decimal or with 0x
 * @BX_SETTING_BOOL: 0 or 1; also y, n, on and off are read
 * @BX_SETTING_TEXT: printable ASCII without spaces
 */
enum bx_setting_kind {
	BX_SETTING_NUMBER,
	BX_SETTING_BOOL,
	BX_SETTING_TEXT,
};

/**
 * struct bx_setting - a setting of devices
 * @name: its name, a file in the directory "settings" of the device
 * @kind: the kind of its value
 * @min: the lowest number; the shortest text
 * @max: the highest number; the longest text, below BX_VALUE_LEN
 * @initial: its value if none is given at the creation
 * @live: it can be changed while a driver is bound
 */
struct bx_setting {
	const char		*name;
	enum bx_setting_kind	kind;
	u64			min;
	u64			max;
	const char		*initial;
	bool			live;
};

/**
 * struct bx_type - a type of devices that a parent can create
 * @name: its name, a directory below "bx_types" of the parent
 * @title: a short text for people, or NULL
 * @description: a longer one, or NULL
 * @bus: the bus of its devices, and so their contract
 * @id: ids of its devices
 * @units: units of the parent's capacity that a device takes
 * @max: most devices of this type; 0 if only the capacity limits them
 * @settings: settings of its devices; may be NULL
 * @nr_settings: number of @settings
 */
struct bx_type {
	const char		*name;
	const char		*title;
	const char		*description;
	struct bx_bus		*bus;
	struct bx_id		id;
	u32			units;
	u32			max;
	const struct bx_setting	*settings;
	u32			nr_settings;
};

/**
 * struct bx_instance - a device that was created on request
 * @parent: its parent
 * @type: its type
 * @guid: its GUID
 * @provider: set by create(); must outlive destroy()
 * @hw_data: set by create(); private to the provider and its drivers
 * @values: values of the settings, as text, by their number
 *
 * @front: the device that represents it on another bus, see bx_parent_create(), or NULL
 *
 * The other members are private.
 */
struct bx_instance {
	struct bx_parent	*parent;
	const struct bx_type	*type;
	guid_t			guid;
	const struct bx_provider *provider;
	void			*hw_data;
	struct bx_value		*values;
	struct device		*front;
	/* private: */
	struct bx_type_dir	*dir;
	struct list_head	node;
	struct bx_device	*bdev;
	kuid_t			uid;
	u32			of_type;
	u32			of_parent;
	u32			of_user;
	bool			ready;
	bool			ending;
};

/**
 * struct bx_parent_ops - functions of a parent
 * @create: prepares the hardware for a device, before it is added; must set
 *	bx_instance.provider.  0 or an errno, and then nothing of it is left.
 * @destroy: undoes @create, after the device was removed and its calls have ended; may be
 *	NULL
 * @set: applies a new value of a setting to the hardware, before it is stored; may be
 *	NULL.  0 or an errno, and then the old value stays.  Called with the device lock
 *	held.
 *
 * All may sleep.  No two of them run at the same time for one device.
 */
struct bx_parent_ops {
	int	(*create)(struct bx_instance *inst);
	void	(*destroy)(struct bx_instance *inst);
	int	(*set)(struct bx_instance *inst, u32 setting, const char *value);
};

/**
 * struct bx_parent - a parent that creates devices on request
 * @dev: its device
 * @ops: its functions
 * @types: its types
 * @nr_types: number of @types
 * @capacity: units that its devices share; 0 if only bx_type.max limits them
 *
 * The caller fills in these members; all must stay unchanged until
 * bx_parent_unregister() has returned.  The other members are private.
 */
struct bx_parent {
	struct device			*dev;
	const struct bx_parent_ops	*ops;
	const struct bx_type		*types;
	u32				nr_types;
	u32				capacity;
	/* private: */
	struct list_head		node;
	struct kobject			*types_kobj;
	struct bx_type_dir		**dirs;
	struct rw_semaphore		going_sem;	/* protects @going */
	bool				going;
	struct mutex			lock;		/* protects all below */
	struct list_head		instances;
	bool				unplugged;
	u32				nr;
	u32				used;
};

int bx_parent_register(struct bx_parent *parent);
void bx_parent_unregister(struct bx_parent *parent);
void bx_parent_unplug(struct bx_parent *parent);

/* For bridges: modules that offer all parents on another bus, too */

/**
 * enum bx_parent_event - what a notifier of parents is told
 * @BX_PARENT_ADDED: a parent was registered, or is there when the notifier is registered
 * @BX_PARENT_GOING: it is being unregistered, or the notifier is; the bridge must end all
 *	devices that it has created on it
 */
enum bx_parent_event {
	BX_PARENT_ADDED,
	BX_PARENT_GOING,
};

int bx_parent_notifier_register(struct notifier_block *nb);
void bx_parent_notifier_unregister(struct notifier_block *nb);
struct bx_instance *bx_parent_create(struct bx_parent *parent, u32 type,
				     const guid_t *guid, struct device *front);
void bx_parent_destroy(struct bx_instance *inst);
u32 bx_parent_available(struct bx_parent *parent, u32 type);

#endif /* _LINUX_BX_PARENT_H */
