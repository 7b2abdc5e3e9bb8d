// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: the settings of a bundle: their declaration in the manifest, and values
 *
 * Lists are in list.c.  constants.c writes the values into the policies.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "bundle.h"

static const char *const type_names[] = {
	[BX_SETTING_INT]	= "int",
	[BX_SETTING_BOOL]	= "bool",
	[BX_SETTING_STRING]	= "string",
	[BX_SETTING_LIST]	= "list",
};

/* Writes a readable description of the allowed values. */
static void describe(struct setting *s)
{
	char *at = s->allowed;
	size_t room = sizeof(s->allowed), n = 0;

	if (s->about.type == BX_SETTING_BOOL)
		n = snprintf(at, room, "true or false");
	else if (!s->nr_values && s->about.type == BX_SETTING_INT)
		n = snprintf(at, room, "a number from %lld to %lld",
			     (long long)s->min, (long long)s->max);
	else if (s->about.type == BX_SETTING_LIST)
		n = snprintf(at, room,
			     "a list of up to %u texts of up to %d characters of ASCII",
			     s->about.max_items, MAX_VALUE_LEN - 1);
	else if (!s->nr_values)
		n = snprintf(at, room, "text of up to %d characters of ASCII",
			     MAX_VALUE_LEN - 1);
	for (unsigned int i = 0; i < s->nr_values && n < room; i++)
		n += snprintf(at + n, room - n, "%s%s", !i ? "" :
			      i + 1 < s->nr_values ? ", " : " or ",
			      s->values[i]);
	s->about.allowed = s->allowed;
}

static bool is_text(const char *value)
{
	for (; *value; value++)
		if (*value < ' ' || *value > '~')
			return false;
	return true;
}

static bool has_type(const struct setting *s, const char *value)
{
	int64_t n;

	switch (s->about.type) {
	case BX_SETTING_INT:
		return number_from(value, &n) && n >= s->min && n <= s->max;
	case BX_SETTING_BOOL:
		return !strcmp(value, "true") || !strcmp(value, "false");
	default:
		return s->nr_values || is_text(value);
	}
}

/* Compares two values; 0x190 is the same number as 400. */
static bool is_same(const struct setting *s, const char *a, const char *b)
{
	int64_t n, m;

	if (s->about.type != BX_SETTING_INT)
		return !strcmp(a, b);
	return number_from(a, &n) && number_from(b, &m) && n == m;
}

static bool is_listed(const struct setting *s, const char *value)
{
	for (unsigned int i = 0; i < s->nr_values; i++)
		if (is_same(s, s->values[i], value))
			return true;
	return false;
}

static bool is_allowed(const struct setting *s, const char *value)
{
	return *value && strlen(value) < MAX_VALUE_LEN && has_type(s, value) &&
		(!s->nr_values || is_listed(s, value));
}

int setting_set(struct bx_bundle *b, struct setting *s, const char *value)
{
	if (s->about.type == BX_SETTING_LIST)
		return list_set(b, s, value);
	if (!is_allowed(s, value))
		return fail(b->h, BX_FAULT_REJECTED, EINVAL,
			    "invalid value '%s' for the setting '%s' of bundle '%s': it must be %s",
			    value, s->about.name, b->about.name, s->allowed);
	strcpy(s->value, value);
	s->about.value = s->value;
	return 0;
}

int setting_read(struct bx_bundle *b, const struct yaml *y, struct yaml_node *node,
		 struct setting *s)
{
	const char *value;
	int err;

	if (s->about.type == BX_SETTING_LIST)
		return list_read(b, y, node, s);
	err = yaml_scalar(y, node, &value);
	return err ?: setting_set(b, s, value);
}

struct setting *bundle_setting(struct bx_bundle *b, const char *name)
{
	for (unsigned int i = 0; i < b->nr_settings; i++)
		if (!strcmp(b->settings[i].about.name, name))
			return &b->settings[i];
	return NULL;
}

static void list_names(const struct bx_bundle *b, char *buf, size_t size)
{
	size_t n = 0;

	buf[0] = '\0';
	for (unsigned int i = 0; i < b->nr_settings && n < size; i++)
		n += snprintf(buf + n, size - n, "%s%s", n ? ", " : "",
			      b->settings[i].about.name);
}

/* @y and @node: where the name is written; NULL for the command line */
static bool is_identifier(const char *name)
{
	const char *p;

	for (p = name; isalnum((unsigned char)*p) || *p == '_'; p++)
		;
	return !*p && p > name && p - name < BX_NAME_LEN &&
		!isdigit((unsigned char)*name);
}

int setting_missing(struct bx_bundle *b, const char *name,
		    const struct yaml *y, const struct yaml_node *node)
{
	char names[256], text[512];

	list_names(b, names, sizeof(names));
	/* without a valid name, the file may have another purpose: do not quote its line */
	if (y && !is_identifier(name))
		snprintf(text, sizeof(text),
			 "this is not the name of a setting; bundle '%s' has %s",
			 b->about.name, names[0] ? names : "none");
	else
		snprintf(text, sizeof(text),
			 "bundle '%s' has no setting '%.64s'; %s%s",
			 b->about.name, name,
			 names[0] ? "there are: " : "it has none", names);
	if (y)
		return yaml_bad(y, node, "%s", text);
	return fail(b->h, BX_FAULT_USAGE, ENOENT, "%s", text);
}

int bx_bundle_set(struct bx_bundle *b, const char *assignment)
{
	const char *equals = strchr(assignment, '='), *end = equals;
	char name[256], how;
	struct setting *s;

	if (!equals || equals == assignment)
		return fail(b->h, BX_FAULT_USAGE, EINVAL,
			    "'%s' is not a setting: write NAME=VALUE", assignment);
	how = equals[-1];
	end -= how == '+' || how == '-';
	snprintf(name, sizeof(name), "%.*s", (int)(end - assignment), assignment);
	s = bundle_setting(b, name);
	if (!s)
		return setting_missing(b, name, NULL, NULL);
	return end == equals ? setting_set(b, s, equals + 1) :
		list_change(b, s, how, equals + 1);
}

int bx_bundle_list_settings(struct bx_bundle *b, bx_setting_fn fn, void *arg)
{
	int ret = 0;

	for (unsigned int i = 0; !ret && i < b->nr_settings; i++) {
		struct setting *s = &b->settings[i];

		s->about.min = s->min;
		s->about.max = s->max;
		s->about.values = s->values;
		s->about.nr_values = s->nr_values;
		ret = fn(&s->about, arg);
	}
	return ret;
}

static int read_type(struct bx_bundle *b, struct yaml_node *map,
		     struct setting *s)
{
	const char *text = NULL;
	int err;

	err = yaml_text(&b->yaml, map, "type", YAML_REQUIRED, &text);
	for (s->about.type = BX_SETTING_INT;
	     !err && s->about.type <= BX_SETTING_LIST; s->about.type++)
		if (!strcmp(text, type_names[s->about.type]))
			return 0;
	return err ?: yaml_bad(&b->yaml, yaml_at(map, "type"),
			       "the type of a setting must be int, bool, string or list, not '%s'",
			       text);
}

/* Reads one of 'values': of the setting's type, in its range, and not a duplicate. */
static int read_value(struct bx_bundle *b, struct yaml_node *node,
		      struct setting *s)
{
	const char *value;
	int err;

	err = yaml_scalar(&b->yaml, node, &value);
	if (err)
		return err;
	if (!*value || strlen(value) >= MAX_VALUE_LEN)
		return yaml_bad(&b->yaml, node,
				"a value of '%s' must have 1 to %d characters",
				s->about.name, MAX_VALUE_LEN - 1);
	if (s->about.type == BX_SETTING_INT && !has_type(s, value))
		return yaml_bad(&b->yaml, node,
				"a value of '%s' must be a number from %lld to %lld, not '%s'",
				s->about.name, (long long)s->min,
				(long long)s->max, value);
	if (is_listed(s, value))
		return yaml_bad(&b->yaml, node,
				"the value '%s' of '%s' is there twice", value,
				s->about.name);
	s->values[s->nr_values++] = value;
	return 0;
}

static int read_values(struct bx_bundle *b, struct yaml_node *map,
		       struct setting *s)
{
	struct yaml_node *list = NULL, *item;
	int err;

	err = yaml_list(&b->yaml, map, "values", YAML_OPTIONAL, &list);
	if (err || !list)
		return err;
	if (s->about.type == BX_SETTING_BOOL)
		return yaml_bad(&b->yaml, list,
				"'values' is for settings of type int or string, not bool; '%s' may be true or false",
				s->about.name);
	if (s->about.type == BX_SETTING_LIST)
		return yaml_bad(&b->yaml, list,
				"'values' is for settings of type int or string, and '%s' is of type list",
				s->about.name);
	for (unsigned int i = 0; !err && (item = yaml_item(list, i)); i++) {
		if (i == MAX_VALUES)
			return yaml_bad(&b->yaml, list, "at most %d values",
					MAX_VALUES);
		err = read_value(b, item, s);
	}
	if (!err && !s->nr_values)
		err = yaml_bad(&b->yaml, list, "'values' of '%s' is empty",
			       s->about.name);
	return err;
}

/* Reads the bounds of a number. */
static int read_range(struct bx_bundle *b, struct yaml_node *map,
		      struct setting *s)
{
	static const char *const keys[] = { "min", "max" };
	const char *text;
	int err;

	s->min = INT64_MIN;
	s->max = INT64_MAX;
	for (int i = 0; s->about.type != BX_SETTING_INT && i < 2; i++) {
		text = NULL;
		err = yaml_text(&b->yaml, map, keys[i], YAML_OPTIONAL, &text);
		if (err)
			return err;
		if (text)
			return yaml_bad(&b->yaml, yaml_at(map, keys[i]),
					"'%s' is for settings of type int, and '%s' is of type %s",
					keys[i], s->about.name,
					type_names[s->about.type]);
	}
	err = yaml_number(&b->yaml, map, "min", YAML_OPTIONAL, INT64_MIN,
			  INT64_MAX, &s->min);
	return err ?: yaml_number(&b->yaml, map, "max", YAML_OPTIONAL, s->min,
				  INT64_MAX, &s->max);
}

/* Reads how many items a list may have. */
static int read_max_items(struct bx_bundle *b, struct yaml_node *map,
			  struct setting *s)
{
	const char *text = NULL;
	int64_t n = 0;
	int err;

	if (s->about.type == BX_SETTING_LIST) {
		err = yaml_number(&b->yaml, map, "max_items", YAML_REQUIRED, 1,
				  MAX_ITEMS, &n);
		s->about.max_items = n;
		return err;
	}
	err = yaml_text(&b->yaml, map, "max_items", YAML_OPTIONAL, &text);
	if (err || !text)
		return err;
	return yaml_bad(&b->yaml, yaml_at(map, "max_items"),
			"'max_items' is for settings of type list, and '%s' is of type %s",
			s->about.name, type_names[s->about.type]);
}

/* Reads the default of a list, which becomes its value. */
static int read_list(struct bx_bundle *b, struct yaml_node *map, struct setting *s)
{
	struct yaml_node *list = NULL;
	int err = yaml_list(&b->yaml, map, "default", YAML_REQUIRED, &list);

	if (!err)
		err = list_read(b, &b->yaml, list, s);
	if (err)
		return err;
	s->initial = strdup(s->value);
	if (!s->initial)
		return fail(b->h, BX_FAULT_FAILED, ENOMEM, "out of memory");
	s->about.initial = s->initial;
	b->nr_settings++;
	return 0;
}

static int read_setting(struct bx_bundle *b, struct yaml_node *map,
			const char *name)
{
	static const char *const keys[] = {
		"type", "min", "max", "max_items", "values", "default", "help", NULL
	};
	struct setting *s = &b->settings[b->nr_settings];
	const char *value = NULL;
	int err;

	if (!is_identifier(name))
		return yaml_bad(&b->yaml, map,
				"'%s' is not a valid name for a setting: it must be a variable in C, of up to %d characters",
				name, BX_NAME_LEN - 1);
	if (!yaml_is_map(map))
		return yaml_bad(&b->yaml, map,
				"the setting '%s' must be a mapping ('type: int')",
				name);
	s->about.name = name;
	err = yaml_keys(&b->yaml, map, keys);
	if (!err)
		err = read_type(b, map, s);
	if (!err)
		err = read_range(b, map, s);
	if (!err)
		err = read_max_items(b, map, s);
	if (!err)
		err = read_values(b, map, s);
	if (!err)
		err = yaml_text(&b->yaml, map, "help", YAML_REQUIRED,
				&s->about.help);
	if (!err && s->about.type == BX_SETTING_LIST) {
		describe(s);
		return read_list(b, map, s);
	}
	if (!err)
		err = yaml_text(&b->yaml, map, "default", YAML_REQUIRED,
				&value);
	if (err)
		return err;
	describe(s);
	if (!is_allowed(s, value))
		return yaml_bad(&b->yaml, yaml_at(map, "default"),
				"the default of '%s' must be %s, not '%s'",
				name, s->allowed, value);
	s->about.initial = value;
	b->nr_settings++;
	return setting_set(b, s, value);
}

int settings_read(struct bx_bundle *b, struct yaml_node *root)
{
	struct yaml_node *map = NULL, *value;
	const char *name;
	int err;

	err = yaml_map(&b->yaml, root, "settings", YAML_OPTIONAL, &map);
	for (unsigned int i = 0;
	     !err && map && (value = yaml_pair(map, i, &name)); i++) {
		if (i == MAX_SETTINGS)
			return yaml_bad(&b->yaml, map, "at most %d settings",
					MAX_SETTINGS);
		err = read_setting(b, value, name);
	}
	return err;
}
