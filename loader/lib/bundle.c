// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: a bundle's manifest and settings
 *
 * All of it is untrusted: what is not exactly as docs/bundle.md says is refused,
 * with the line and the remedy.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bundle.h"

/* ---- versions ---- */

/* One to three numbers with dots between. */
static bool version_from(const char *text, unsigned int *v)
{
	unsigned int i;
	char *end;

	memset(v, 0, 3 * sizeof(*v));
	for (i = 0; i < 3; i++) {
		if (!isdigit((unsigned char)*text) || strlen(text) > 32)
			return false;
		v[i] = strtoul(text, &end, 10);
		if (!*end)
			return true;
		if (*end != '.')
			return false;
		text = end + 1;
	}
	return false;
}

static int read_version(struct bx_bundle *b, struct fy_node *root,
			const char *key, enum yaml_need need, const char **out)
{
	unsigned int v[3];
	int err;

	err = yaml_text(&b->yaml, root, key, need, out);
	if (err || !*out || version_from(*out, v))
		return err;
	return yaml_bad(&b->yaml, root,
			"'%s' is to be a version of up to three numbers, as in 1.2.0, and is '%s'",
			key, *out);
}

/* ---- settings ---- */

static const char *const type_names[] = {
	[BX_SETTING_INT]	= "int",
	[BX_SETTING_BOOL]	= "bool",
	[BX_SETTING_STRING]	= "string",
};

/* What is allowed, for people */
static void describe(struct setting *s)
{
	char *at = s->allowed;
	size_t room = sizeof(s->allowed), n = 0;

	if (s->about.type == BX_SETTING_BOOL)
		n = snprintf(at, room, "true or false");
	else if (!s->nr_values && s->about.type == BX_SETTING_INT)
		n = snprintf(at, room, "a number from %lld to %lld",
			     (long long)s->min, (long long)s->max);
	else if (!s->nr_values)
		n = snprintf(at, room, "text of up to %d characters",
			     MAX_VALUE_LEN - 1);
	for (unsigned int i = 0; i < s->nr_values && n < room; i++)
		n += snprintf(at + n, room - n, "%s%s", !i ? "" :
			      i + 1 < s->nr_values ? ", " : " or ",
			      s->values[i]);
	s->about.allowed = s->allowed;
}

static bool is_allowed(const struct setting *s, const char *value)
{
	int64_t n;

	if (!*value || strlen(value) >= MAX_VALUE_LEN)
		return false;
	for (unsigned int i = 0; i < s->nr_values; i++)
		if (!strcmp(s->values[i], value))
			return true;
	if (s->nr_values)
		return false;
	switch (s->about.type) {
	case BX_SETTING_INT:
		return number_from(value, &n) && n >= s->min && n <= s->max;
	case BX_SETTING_BOOL:
		return !strcmp(value, "true") || !strcmp(value, "false");
	default:
		return true;
	}
}

int setting_set(struct bx_bundle *b, struct setting *s, const char *value)
{
	if (!is_allowed(s, value))
		return fail(b->h, BX_FAULT_REJECTED, EINVAL,
			    "'%s' is no value for the setting '%s' of bundle '%s': it is %s",
			    value, s->about.name, b->about.name, s->allowed);
	strcpy(s->value, value);
	s->about.value = s->value;
	return 0;
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

int bx_bundle_set(struct bx_bundle *b, const char *assignment)
{
	const char *equals = strchr(assignment, '=');
	char name[BX_NAME_LEN], names[256];
	struct setting *s;

	if (!equals || equals == assignment)
		return fail(b->h, BX_FAULT_USAGE, EINVAL,
			    "'%s' is no setting: write NAME=VALUE", assignment);
	if ((size_t)(equals - assignment) < sizeof(name)) {
		memcpy(name, assignment, equals - assignment);
		name[equals - assignment] = '\0';
		s = bundle_setting(b, name);
		if (s)
			return setting_set(b, s, equals + 1);
	}
	list_names(b, names, sizeof(names));
	return fail(b->h, BX_FAULT_REJECTED, ENOENT,
		    "bundle '%s' has no setting '%.*s'; %s%s", b->about.name,
		    (int)(equals - assignment), assignment,
		    names[0] ? "there are: " : "it has none", names);
}

int bx_bundle_list_settings(struct bx_bundle *b, bx_setting_fn fn, void *arg)
{
	int ret = 0;

	for (unsigned int i = 0; !ret && i < b->nr_settings; i++)
		ret = fn(&b->settings[i].about, arg);
	return ret;
}

static bool is_identifier(const char *name)
{
	const char *p;

	for (p = name; isalnum((unsigned char)*p) || *p == '_'; p++)
		;
	return !*p && p > name && p - name < BX_NAME_LEN &&
		!isdigit((unsigned char)*name);
}

static int read_type(struct bx_bundle *b, struct fy_node *map,
		     struct setting *s)
{
	const char *text = NULL;
	int err;

	err = yaml_text(&b->yaml, map, "type", YAML_REQUIRED, &text);
	for (s->about.type = BX_SETTING_INT;
	     !err && s->about.type <= BX_SETTING_STRING; s->about.type++)
		if (!strcmp(text, type_names[s->about.type]))
			return 0;
	return err ?: yaml_bad(&b->yaml, map,
			       "the type of a setting is int, bool or string, and not '%s'",
			       text);
}

static int read_values(struct bx_bundle *b, struct fy_node *map,
		       struct setting *s)
{
	struct fy_node *list = NULL, *item;
	int err;

	err = yaml_list(&b->yaml, map, "values", YAML_OPTIONAL, &list);
	for (unsigned int i = 0; !err && list && (item = yaml_item(list, i));
	     i++) {
		if (i == MAX_VALUES)
			return yaml_bad(&b->yaml, list, "at most %d values",
					MAX_VALUES);
		err = yaml_scalar(&b->yaml, item, &s->values[i]);
		if (!err && strlen(s->values[i]) >= MAX_VALUE_LEN)
			return yaml_bad(&b->yaml, item, "this value is too long");
		s->nr_values = i + 1;
	}
	return err;
}

static int read_setting(struct bx_bundle *b, struct fy_node *map,
			const char *name)
{
	static const char *const keys[] = {
		"type", "min", "max", "values", "default", "help", NULL
	};
	struct setting *s = &b->settings[b->nr_settings];
	const char *value = NULL;
	int err;

	if (!is_identifier(name))
		return yaml_bad(&b->yaml, map,
				"'%s' is no name for a setting: it is a variable in C, of up to %d characters",
				name, BX_NAME_LEN - 1);
	if (!yaml_is_map(map))
		return yaml_bad(&b->yaml, map,
				"the setting '%s' is to be a mapping ('type: int')",
				name);
	s->about.name = name;
	s->min = INT64_MIN;
	s->max = INT64_MAX;
	err = yaml_keys(&b->yaml, map, keys);
	if (!err)
		err = read_type(b, map, s);
	if (!err)
		err = yaml_number(&b->yaml, map, "min", YAML_OPTIONAL,
				  INT64_MIN, INT64_MAX, &s->min);
	if (!err)
		err = yaml_number(&b->yaml, map, "max", YAML_OPTIONAL, s->min,
				  INT64_MAX, &s->max);
	if (!err)
		err = read_values(b, map, s);
	if (!err)
		err = yaml_text(&b->yaml, map, "help", YAML_REQUIRED,
				&s->about.help);
	if (!err)
		err = yaml_text(&b->yaml, map, "default", YAML_REQUIRED,
				&value);
	if (err)
		return err;
	describe(s);
	if (!is_allowed(s, value))
		return yaml_bad(&b->yaml, map,
				"the default of '%s' is '%s', and it is to be %s",
				name, value, s->allowed);
	b->nr_settings++;
	return setting_set(b, s, value);
}

static int read_settings(struct bx_bundle *b, struct fy_node *root)
{
	struct fy_node *map = NULL, *value;
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

/* ---- the rest of the manifest ---- */

static int read_claims(struct bx_bundle *b, struct fy_node *root)
{
	static const char *const keys[] = { "bus", "vendor", NULL };
	struct fy_node *list, *item;
	struct claim *claim;
	int err;

	err = yaml_list(&b->yaml, root, "claims", YAML_REQUIRED, &list);
	for (unsigned int i = 0; !err && (item = yaml_item(list, i)); i++) {
		if (i == MAX_CLAIMS)
			return yaml_bad(&b->yaml, list, "at most %d claims",
					MAX_CLAIMS);
		claim = &b->claims[i];
		claim->vendor = BX_ANY;
		if (!yaml_is_map(item))
			return yaml_bad(&b->yaml, item,
					"a claim is a mapping ('bus: pci')");
		err = yaml_keys(&b->yaml, item, keys);
		if (!err)
			err = yaml_text(&b->yaml, item, "bus", YAML_REQUIRED,
					&claim->bus);
		if (!err && !name_is_good(claim->bus))
			err = yaml_bad(&b->yaml, item, "'%s' is no bus",
				       claim->bus);
		if (!err)
			err = yaml_number(&b->yaml, item, "vendor",
					  YAML_OPTIONAL, 1, BX_ANY,
					  &claim->vendor);
		b->nr_claims = i + 1;
	}
	return err;
}

bool bundle_claims(const struct bx_bundle *b, const char *bus, __u32 vendor)
{
	for (unsigned int i = 0; i < b->nr_claims; i++) {
		const struct claim *c = &b->claims[i];

		if (!strcmp(c->bus, bus) &&
		    (c->vendor == BX_ANY || c->vendor == vendor))
			return true;
	}
	return false;
}

/* A file beside the manifest, and of a sort that bxctl can build */
static int read_object(struct bx_bundle *b, struct fy_node *node,
		       struct alternatives *a)
{
	static const char suffix[] = ".bpf.o";
	const char *file;
	size_t len;
	int err;

	if (a->count == MAX_OBJECTS)
		return yaml_bad(&b->yaml, node, "at most %d objects for one policy",
				MAX_OBJECTS);
	err = yaml_scalar(&b->yaml, node, &file);
	if (err)
		return err;
	len = strlen(file);
	if (file[0] == '.' || strchr(file, '/') || len > 128 ||
	    len < sizeof(suffix) ||
	    strcmp(file + len - strlen(suffix), suffix))
		return yaml_bad(&b->yaml, node,
				"'%s' is no object of a bundle: it is a file beside "
				MANIFEST ", called NAME%s", file, suffix);
	a->file[a->count++] = file;
	return 0;
}

static int read_policies(struct bx_bundle *b, struct fy_node *root)
{
	struct fy_node *list, *item, *one;
	struct alternatives *a;
	int err;

	err = yaml_list(&b->yaml, root, "policies", YAML_REQUIRED, &list);
	for (unsigned int i = 0; !err && (item = yaml_item(list, i)); i++) {
		if (i == MAX_POLICIES)
			return yaml_bad(&b->yaml, list, "at most %d policies",
					MAX_POLICIES);
		a = &b->policies[i];
		if (!yaml_is_list(item))
			err = read_object(b, item, a);
		for (unsigned int k = 0; !err && yaml_is_list(item) &&
		     (one = yaml_item(item, k)); k++)
			err = read_object(b, one, a);
		if (!err && !a->count)
			err = yaml_bad(&b->yaml, list,
				       "a policy needs at least one object");
		b->nr_policies = i + 1;
	}
	if (!err && !b->nr_policies)
		err = yaml_bad(&b->yaml, root, "a bundle needs a policy");
	return err;
}

static int read_needs(struct bx_bundle *b, struct fy_node *root)
{
	unsigned int have[3], want[3];
	char kernel[64];
	int err;

	err = read_version(b, root, "requires", YAML_OPTIONAL, &b->needs);
	if (err || !b->needs || bx_kernel_version(b->h, kernel, sizeof(kernel)))
		return err;
	version_from(b->needs, want);
	if (!version_from(kernel, have) ||
	    memcmp(have, want, sizeof(have)) == 0)
		return 0;
	for (int i = 0; i < 3; i++) {
		if (have[i] > want[i])
			return 0;
		if (have[i] < want[i])
			return fail(b->h, BX_FAULT_KERNEL, EINVAL,
				    "bundle '%s' needs bus_ext %s, and %s is loaded",
				    b->about.name, b->needs, kernel);
	}
	return 0;
}

static int read_manifest(struct bx_bundle *b)
{
	static const char *const keys[] = {
		"bundle", "version", "vendor", "summary", "requires",
		"claims", "policies", "settings", NULL
	};
	struct fy_node *root = yaml_root(&b->yaml);
	int err;

	if (!yaml_is_map(root))
		return yaml_bad(&b->yaml, root,
				"a manifest is a mapping ('bundle: NAME')");
	err = yaml_keys(&b->yaml, root, keys);
	if (!err)
		err = yaml_text(&b->yaml, root, "bundle", YAML_REQUIRED,
				&b->about.name);
	if (!err && !name_is_good(b->about.name))
		err = yaml_bad(&b->yaml, root,
			       "'%s' is no name for a bundle: up to %d of [A-Za-z0-9_.-], not starting with a dot",
			       b->about.name, BX_NAME_LEN - 1);
	if (!err)
		err = read_version(b, root, "version", YAML_REQUIRED,
				   &b->about.version);
	if (!err)
		err = yaml_text(&b->yaml, root, "vendor", YAML_REQUIRED,
				&b->about.vendor);
	if (!err)
		err = yaml_text(&b->yaml, root, "summary", YAML_REQUIRED,
				&b->about.summary);
	if (!err)
		err = read_needs(b, root);
	if (!err)
		err = read_claims(b, root);
	if (!err)
		err = read_policies(b, root);
	return err ?: read_settings(b, root);
}

int bx_bundle_open(struct bx_handle *h, const char *dir,
		   struct bx_bundle **bundle)
{
	struct bx_bundle *b = calloc(1, sizeof(*b));
	int err;

	*bundle = NULL;
	if (!b)
		return fail(h, BX_FAULT_FAILED, ENOMEM, "out of memory");
	b->h = h;
	b->dir = strdup(dir);
	if (!b->dir || asprintf(&b->path, "%s/" MANIFEST, dir) < 0) {
		b->path = NULL;
		bx_bundle_close(b);
		return fail(h, BX_FAULT_FAILED, ENOMEM, "out of memory");
	}
	err = yaml_open(h, b->path, &b->yaml);
	if (!err)
		err = read_manifest(b);
	if (err) {
		bx_bundle_close(b);
		return err;
	}
	*bundle = b;
	return 0;
}

void bx_bundle_close(struct bx_bundle *b)
{
	if (!b)
		return;
	yaml_close(&b->yaml);
	free(b->path);
	free(b->dir);
	free(b);
}

const struct bx_bundle_about *bx_bundle_about(const struct bx_bundle *b)
{
	return &b->about;
}

int bx_bundle_list_objects(struct bx_bundle *b,
			   int (*fn)(const char *path, void *arg), void *arg)
{
	char path[PATH_MAX];
	int ret = 0;

	for (unsigned int i = 0; i < b->nr_policies; i++)
		for (unsigned int k = 0; !ret && k < b->policies[i].count; k++) {
			snprintf(path, sizeof(path), "%s/%s", b->dir,
				 b->policies[i].file[k]);
			ret = fn(path, arg);
		}
	return ret;
}
