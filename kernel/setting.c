// SPDX-License-Identifier: GPL-2.0-only
/*
 * Settings of devices that are created on request: their values, and their files
 *
 * A setting has the value of its creation, or the initial one.  It is changed through the
 * file "settings/NAME" of the device: while it is ready, and while it is bound only if the
 * parent has declared the setting live.
 */
#include <linux/ctype.h>
#include <linux/kstrtox.h>
#include "core.h"
#include "lifecycle.h"

/**
 * struct bx_setting_attr - the file of a setting, for all devices of a type
 * @attr: the file
 * @nr: number of the setting
 */
struct bx_setting_attr {
	struct device_attribute	attr;
	u32			nr;
};

/* ---- values ---- */

static int bx_number_check(const struct bx_setting *setting, const char *text,
			   struct bx_value *value)
{
	u64 n;
	int err = kstrtou64(text, 0, &n);

	if (err)
		return err;
	if (n < setting->min || n > setting->max)
		return -ERANGE;
	snprintf(value->text, sizeof(value->text), "%llu", n);
	return 0;
}

static int bx_bool_check(const char *text, struct bx_value *value)
{
	bool on;
	int err = kstrtobool(text, &on);

	if (!err)
		snprintf(value->text, sizeof(value->text), "%d", on);
	return err;
}

static int bx_text_check(const struct bx_setting *setting, const char *text,
			 struct bx_value *value)
{
	size_t len = strlen(text);

	if (len < setting->min || len > setting->max || len >= BX_VALUE_LEN)
		return -ERANGE;
	for (size_t i = 0; i < len; i++) {
		if (!isascii(text[i]) || !isgraph(text[i]))
			return -EINVAL;
	}
	memcpy(value->text, text, len + 1);
	return 0;
}

/**
 * bx_setting_check() - check a value
 * @setting: the setting
 * @text: the value, as text
 * @value: takes the value in its usual form: 0x10 is 16, and on is 1
 *
 * Return: 0; -EINVAL for a text that is not a value of this kind, -ERANGE for one that is
 * out of range.
 */
int bx_setting_check(const struct bx_setting *setting, const char *text,
		     struct bx_value *value)
{
	switch (setting->kind) {
	case BX_SETTING_NUMBER:
		return bx_number_check(setting, text, value);
	case BX_SETTING_BOOL:
		return bx_bool_check(text, value);
	case BX_SETTING_TEXT:
		return bx_text_check(setting, text, value);
	}
	return -EINVAL;
}

/* Checks the settings that a parent declares; returns 0 or -EINVAL. */
int bx_settings_check_type(const struct bx_type *type)
{
	struct bx_value value;

	for (u32 i = 0; i < type->nr_settings; i++) {
		const struct bx_setting *setting = &type->settings[i];

		if (!setting->name || bx_name_check(setting->name) || !setting->initial ||
		    bx_setting_check(setting, setting->initial, &value))
			return -EINVAL;
	}
	return 0;
}

static int bx_setting_find(const struct bx_type *type, const char *name)
{
	for (u32 i = 0; i < type->nr_settings; i++) {
		if (!strcmp(type->settings[i].name, name))
			return i;
	}
	return -ENOENT;
}

static int bx_settings_parse_word(const struct bx_type *type, char *word,
				  struct bx_value *values, unsigned long *given)
{
	char *value = strchr(word, '=');
	int nr;

	if (!value)
		return -EINVAL;
	*value++ = '\0';
	nr = bx_setting_find(type, word);
	if (nr < 0 || test_and_set_bit(nr, given))
		return -EINVAL;
	return bx_setting_check(&type->settings[nr], value, &values[nr]);
}

/**
 * bx_settings_parse() - read the values of a new device
 * @type: its type
 * @words: "NAME=VALUE" with spaces between; changed
 * @values: takes a value for each setting
 *
 * Return: 0; -EINVAL for an unknown setting, one that is given twice, or an invalid value;
 * -ERANGE; -ENOMEM.
 */
int bx_settings_parse(const struct bx_type *type, char *words,
		      struct bx_value *values)
{
	unsigned long *given = bitmap_zalloc(type->nr_settings, GFP_KERNEL);
	char *word;
	int err = 0;

	if (!given)
		return -ENOMEM;
	for (u32 i = 0; i < type->nr_settings && !err; i++)
		err = bx_setting_check(&type->settings[i], type->settings[i].initial,
				       &values[i]);
	while (!err && (word = strsep(&words, " \t"))) {
		if (*word)
			err = bx_settings_parse_word(type, word, values, given);
	}
	bitmap_free(given);
	return err;
}

/* ---- files ---- */

static ssize_t bx_setting_show(struct device *dev, struct device_attribute *attr,
			       char *buf)
{
	u32 nr = container_of(attr, struct bx_setting_attr, attr)->nr;
	ssize_t len;

	device_lock(dev);
	len = sysfs_emit(buf, "%s\n", to_bx_device(dev)->inst->values[nr].text);
	device_unlock(dev);
	return len;
}

/* Changes a setting; the device lock is held. */
static int bx_setting_set(struct bx_device *bdev, u32 nr, const struct bx_value *value)
{
	struct bx_instance *inst = bdev->inst;
	u32 state = READ_ONCE(bdev->state);
	int err = 0;

	if (state == BX_STATE_BOUND && !inst->type->settings[nr].live)
		return -EBUSY;
	if (state != BX_STATE_READY && state != BX_STATE_BOUND)
		return -ENODEV;
	if (!strcmp(inst->values[nr].text, value->text))
		return 0;
	if (inst->parent->ops->set)
		err = inst->parent->ops->set(inst, nr, value->text);
	if (!err)
		inst->values[nr] = *value;
	return err;
}

/*
 * A driver is bound and unbound under the device lock, and the state changes there, so a
 * setting does not change while the driver reads it.
 */
static ssize_t bx_setting_store(struct device *dev, struct device_attribute *attr,
				const char *buf, size_t count)
{
	u32 nr = container_of(attr, struct bx_setting_attr, attr)->nr;
	struct bx_device *bdev = to_bx_device(dev);
	struct bx_value value;
	char *text;
	int err;

	text = kstrndup(buf, count, GFP_KERNEL);
	if (!text)
		return -ENOMEM;
	err = bx_setting_check(&bdev->inst->type->settings[nr], strim(text), &value);
	kfree(text);
	if (err)
		return err;
	device_lock(dev);
	err = bx_setting_set(bdev, nr, &value);
	device_unlock(dev);
	return err ?: count;
}

/**
 * bx_settings_init() - prepare the files of the settings of a type
 * @dir: the directory of the type
 *
 * Return: 0 or -ENOMEM, and then bx_settings_exit() must be called as well.
 */
int bx_settings_init(struct bx_type_dir *dir)
{
	const struct bx_type *type = dir->type;
	struct attribute **list;

	dir->attrs = kcalloc(type->nr_settings, sizeof(*dir->attrs), GFP_KERNEL);
	list = kcalloc(type->nr_settings + 1, sizeof(*list), GFP_KERNEL);
	dir->group.name = "settings";
	dir->group.attrs = list;
	if (!dir->attrs || !list)
		return -ENOMEM;
	for (u32 i = 0; i < type->nr_settings; i++) {
		struct bx_setting_attr *file = &dir->attrs[i];

		sysfs_attr_init(&file->attr.attr);
		file->attr.attr.name = type->settings[i].name;
		file->attr.attr.mode = 0644;
		file->attr.show = bx_setting_show;
		file->attr.store = bx_setting_store;
		file->nr = i;
		list[i] = &file->attr.attr;
	}
	return 0;
}

void bx_settings_exit(struct bx_type_dir *dir)
{
	kfree(dir->group.attrs);
	kfree(dir->attrs);
}
