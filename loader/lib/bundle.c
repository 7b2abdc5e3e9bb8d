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

#include <unistd.h>
#include <sys/stat.h>

#include "bundle.h"
#include "sign.h"
#include "tree.h"

/* ---- names ---- */

bool names_have(const struct names *names, const char *name)
{
	for (unsigned int i = 0; i < names->count; i++)
		if (!strcmp(names->name[i], name))
			return true;
	return false;
}

int names_add(struct bx_handle *h, struct names *names, const char *name)
{
	void *more;

	if (names_have(names, name))
		return 0;
	more = realloc(names->name, (names->count + 1) * sizeof(*names->name));
	if (!more)
		return fail(h, BX_FAULT_FAILED, ENOMEM, "out of memory");
	names->name = more;
	copy_name(names->name[names->count++], BX_NAME_LEN, name);
	return 0;
}

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

static int read_version(struct bx_bundle *b, struct yaml_node *root,
			const char *key, enum yaml_need need, const char **out)
{
	unsigned int v[3];
	int err;

	err = yaml_text(&b->yaml, root, key, need, out);
	if (err || !*out || version_from(*out, v))
		return err;
	return yaml_bad(&b->yaml, yaml_at(root, key),
			"'%s' must be a version of up to three numbers, as in 1.2.0, not '%s'",
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
		n = snprintf(at, room, "text of up to %d characters of ASCII",
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
		for (; *value; value++)
			if (*value < ' ' || *value > '~')
				return false;
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

/* @y and @node: where the name is written; NULL for the command line */
static int no_setting(struct bx_bundle *b, const char *name,
		      const struct yaml *y, const struct yaml_node *node)
{
	char names[256], text[512];

	list_names(b, names, sizeof(names));
	snprintf(text, sizeof(text), "bundle '%s' has no setting '%.64s'; %s%s",
		 b->about.name, name, names[0] ? "there are: " : "it has none",
		 names);
	if (y)
		return yaml_bad(y, node, "%s", text);
	return fail(b->h, BX_FAULT_REJECTED, ENOENT, "%s", text);
}

int bx_bundle_set(struct bx_bundle *b, const char *assignment)
{
	const char *equals = strchr(assignment, '=');
	char name[256];
	struct setting *s;

	if (!equals || equals == assignment)
		return fail(b->h, BX_FAULT_USAGE, EINVAL,
			    "'%s' is no setting: write NAME=VALUE", assignment);
	snprintf(name, sizeof(name), "%.*s", (int)(equals - assignment),
		 assignment);
	s = bundle_setting(b, name);
	if (s)
		return setting_set(b, s, equals + 1);
	return no_setting(b, name, NULL, NULL);
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

static int read_type(struct bx_bundle *b, struct yaml_node *map,
		     struct setting *s)
{
	const char *text = NULL;
	int err;

	err = yaml_text(&b->yaml, map, "type", YAML_REQUIRED, &text);
	for (s->about.type = BX_SETTING_INT;
	     !err && s->about.type <= BX_SETTING_STRING; s->about.type++)
		if (!strcmp(text, type_names[s->about.type]))
			return 0;
	return err ?: yaml_bad(&b->yaml, yaml_at(map, "type"),
			       "the type of a setting must be int, bool or string, not '%s'",
			       text);
}

static int read_values(struct bx_bundle *b, struct yaml_node *map,
		       struct setting *s)
{
	struct yaml_node *list = NULL, *item;
	int err;

	err = yaml_list(&b->yaml, map, "values", YAML_OPTIONAL, &list);
	for (unsigned int i = 0; !err && list && (item = yaml_item(list, i));
	     i++) {
		if (i == MAX_VALUES)
			return yaml_bad(&b->yaml, list, "at most %d values",
					MAX_VALUES);
		err = yaml_scalar(&b->yaml, item, &s->values[i]);
		if (!err && strlen(s->values[i]) >= MAX_VALUE_LEN)
			return yaml_bad(&b->yaml, item,
					"a value must have less than %d bytes",
					MAX_VALUE_LEN);
		s->nr_values = i + 1;
	}
	return err;
}

static int read_setting(struct bx_bundle *b, struct yaml_node *map,
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
				"'%s' is not a valid name for a setting: it must be a variable in C, of up to %d characters",
				name, BX_NAME_LEN - 1);
	if (!yaml_is_map(map))
		return yaml_bad(&b->yaml, map,
				"the setting '%s' must be a mapping ('type: int')",
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
		return yaml_bad(&b->yaml, yaml_at(map, "default"),
				"the default of '%s' must be %s, not '%s'",
				name, s->allowed, value);
	b->nr_settings++;
	return setting_set(b, s, value);
}

static int read_settings(struct bx_bundle *b, struct yaml_node *root)
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

/* ---- the rest of the manifest ---- */

/* A file beside the manifest, and of a sort that bxctl can build */
static int read_object(struct bx_bundle *b, struct yaml_node *node,
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
				"'%s' is not an object of a bundle: it must be a file beside "
				MANIFEST ", called NAME%s", file, suffix);
	a->file[a->count++] = file;
	return 0;
}

static int read_policies(struct bx_bundle *b, struct yaml_node *root)
{
	struct yaml_node *list, *item, *one;
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
			err = yaml_bad(&b->yaml, item,
				       "a policy needs at least one object");
		b->nr_policies = i + 1;
	}
	if (!err && !b->nr_policies)
		err = yaml_bad(&b->yaml, list, "a bundle needs a policy");
	return err;
}

/* Drivers that its policies may name: what an initramfs needs beside */
static int read_drivers(struct bx_bundle *b, struct yaml_node *root)
{
	struct yaml_node *list = NULL, *item;
	const char *name;
	int err;

	err = yaml_list(&b->yaml, root, "drivers", YAML_OPTIONAL, &list);
	for (unsigned int i = 0; !err && list && (item = yaml_item(list, i));
	     i++) {
		if (i == MAX_DRIVERS)
			return yaml_bad(&b->yaml, list, "at most %d drivers",
					MAX_DRIVERS);
		err = yaml_scalar(&b->yaml, item, &name);
		if (!err && !name_is_good(name))
			err = yaml_bad(&b->yaml, item,
				       "'%s' is not a valid name of a driver",
				       name);
		b->drivers[b->nr_drivers++] = name;
	}
	return err;
}

static int read_needs(struct bx_bundle *b, struct yaml_node *root)
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
		"claims", "policies", "drivers", "settings", NULL
	};
	struct yaml_node *root = yaml_root(&b->yaml);
	int err;

	if (!yaml_is_map(root))
		return yaml_bad(&b->yaml, root,
				"a manifest must be a mapping ('bundle: NAME')");
	err = yaml_keys(&b->yaml, root, keys);
	if (!err)
		err = yaml_text(&b->yaml, root, "bundle", YAML_REQUIRED,
				&b->about.name);
	if (!err && !name_is_good(b->about.name))
		err = yaml_bad(&b->yaml, yaml_at(root, "bundle"),
			       "'%s' is not a valid name of a bundle: up to %d of [A-Za-z0-9_.-], not starting with a dot",
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
		err = claims_read(&b->yaml, root, b->claims, &b->nr_claims);
	if (!err)
		err = read_policies(b, root);
	if (!err)
		err = read_drivers(b, root);
	return err ?: read_settings(b, root);
}

/* ---- opening ---- */

static struct bx_bundle *new_bundle(struct bx_handle *h, const char *dir,
				    const char *shown)
{
	struct bx_bundle *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	b->h = h;
	b->dir = strdup(dir);
	b->shown = strdup(shown);
	if (!b->dir || !b->shown || asprintf(&b->path, "%s/" MANIFEST, shown) < 0) {
		b->path = NULL;
		bx_bundle_close(b);
		return NULL;
	}
	return b;
}

/*
 * Is it signed, and by a trusted signer?  Of its files only the bytes are looked at:
 * nothing in them has to make sense yet.
 */
static int check_signature(struct bx_bundle *b, unsigned int flags)
{
	struct signer *s;
	int ret;

	if (!b->examined) {
		s = calloc(1, sizeof(*s));
		if (!s)
			return fail(b->h, BX_FAULT_FAILED, ENOMEM,
				    "out of memory");
		ret = sign_check(b->h, b->dir, b->shown, 0, s);
		if (ret > 0)
			b->who = s;
		else
			free(s);
		if (ret < 0)
			return ret;
		b->examined = true;
	}
	if (b->who || flags & BX_BUNDLE_UNSIGNED)
		return 0;
	return fail(b->h, BX_FAULT_REJECTED, EACCES,
		    "'%s' is not signed: 'bxctl sign' does that, and '--allow-unsigned' takes it as it is",
		    b->shown);
}

int bx_bundle_check(struct bx_bundle *b, unsigned int flags)
{
	int err = check_signature(b, flags);

	if (err || !b->who)
		return err;
	b->about.signer = b->who->name;
	b->about.signer_fingerprint = b->who->fingerprint;
	return signer_allows(b->h, b->who, b->about.name, b->claims,
			     b->nr_claims);
}

/*
 * In @dir, of which people know @shown.  @text: the manifest, if it is not to be read
 * from there; is taken over.
 */
static int open_bundle(struct bx_handle *h, const char *dir, const char *shown,
		       unsigned int flags, char *text, size_t len,
		       struct bx_bundle **bundle)
{
	struct bx_bundle *b = new_bundle(h, dir, shown);
	char path[PATH_MAX];
	int err = 0;

	*bundle = NULL;
	if (!b) {
		free(text);
		return fail(h, BX_FAULT_FAILED, ENOMEM, "out of memory");
	}
	snprintf(path, sizeof(path), "%s/" MANIFEST, dir);
	if (flags & BX_BUNDLE_CHECK)
		err = check_signature(b, flags);
	if (!err)
		err = text ? yaml_parse(h, b->path, text, len, &b->yaml) :
			yaml_open(h, path, b->path, &b->yaml);
	if (!err)
		err = read_manifest(b);
	if (!err && flags & BX_BUNDLE_CHECK)
		err = bx_bundle_check(b, flags);
	if (err) {
		bx_bundle_close(b);
		return err;
	}
	*bundle = b;
	return 0;
}

int bundle_open_at(struct bx_handle *h, const char *dir, const char *shown,
		   struct bx_bundle **bundle)
{
	return open_bundle(h, dir, shown, 0, NULL, 0, bundle);
}

/* bx_bundle_check() is part of it: the signature before anything in the files is read. */
int bundle_open_checked(struct bx_handle *h, const char *dir, const char *shown,
			unsigned int flags, struct bx_bundle **bundle)
{
	return open_bundle(h, dir, shown, flags | BX_BUNDLE_CHECK, NULL, 0,
			   bundle);
}

int bundle_parse(struct bx_handle *h, const char *dir, char *text, size_t len,
		 struct bx_bundle **bundle)
{
	return open_bundle(h, dir, dir, 0, text, len, bundle);
}

/* A copy of a directory or of what is in an archive, in the new directory @to */
int bundle_copy(struct bx_handle *h, const char *path, const char *to)
{
	struct stat st;

	if (stat(path, &st))
		return fail(h, BX_FAULT_FAILED, errno, "cannot open '%s': %s",
			    path, strerror(errno));
	return S_ISDIR(st.st_mode) ? tree_copy(h, path, to) :
		tree_unpack(h, path, to);
}

static int open_copy(struct bx_handle *h, const char *path, unsigned int flags,
		     struct bx_bundle **bundle)
{
	char *scratch = tree_scratch(h), dir[PATH_MAX];
	int err;

	if (!scratch)
		return -EIO;
	snprintf(dir, sizeof(dir), "%s/bundle", scratch);
	err = bundle_copy(h, path, dir);
	if (!err)
		err = open_bundle(h, dir, path, flags, NULL, 0, bundle);
	if (err) {
		tree_discard(scratch);
		free(scratch);
		return err;
	}
	(*bundle)->scratch = scratch;
	return 0;
}

int bx_bundle_open(struct bx_handle *h, const char *path, unsigned int flags,
		   struct bx_bundle **bundle)
{
	struct stat st;

	*bundle = NULL;
	if (flags & BX_BUNDLE_COPY ||
	    (!stat(path, &st) && S_ISREG(st.st_mode)))
		return open_copy(h, path, flags, bundle);
	return open_bundle(h, path, path, flags, NULL, 0, bundle);
}

void bx_bundle_close(struct bx_bundle *b)
{
	if (!b)
		return;
	yaml_close(&b->yaml);
	if (b->who)
		signer_close(b->who);
	free(b->who);
	if (b->scratch)
		tree_discard(b->scratch);
	free(b->scratch);
	free(b->path);
	free(b->shown);
	free(b->dir);
	free(b);
}

/* ---- what the operator chose ---- */

static int read_chosen(struct bx_bundle *b, const struct yaml *y)
{
	struct yaml_node *root = yaml_root(y), *node;
	const char *name, *value;
	struct setting *s;
	int err = 0;

	if (!yaml_is_map(root))
		return yaml_bad(y, root,
				"the file must be a mapping ('NAME: VALUE')");
	for (unsigned int i = 0; !err && (node = yaml_pair(root, i, &name)); i++) {
		s = bundle_setting(b, name);
		if (!s)
			return no_setting(b, name, y, node);
		err = yaml_scalar(y, node, &value);
		if (!err)
			err = setting_set(b, s, value);
	}
	return err;
}

void settings_path(struct bx_handle *h, char *buf, const char *name)
{
	snprintf(buf, PATH_MAX, "%s/bundles.d/%s.yaml", h->conf_dir, name);
}

/* The operator's file: values of settings, by their names */
int bx_bundle_configure(struct bx_bundle *b)
{
	char path[PATH_MAX];
	struct yaml y;
	int err;

	settings_path(b->h, path, b->about.name);
	if (access(path, F_OK) && errno == ENOENT)
		return 0;
	err = yaml_open(b->h, path, path, &y);
	if (err)
		return err;
	err = read_chosen(b, &y);
	yaml_close(&y);
	return err;
}

int bx_bundle_sign(struct bx_bundle *b, const char *key, const char *cert)
{
	return sign_tree(b->h, b->dir, key, cert, b->claims, b->nr_claims);
}

static int is_there(const char *path, void *arg)
{
	struct bx_bundle *b = arg;

	if (!access(path, R_OK))
		return 0;
	return fail(b->h, BX_FAULT_FAILED, ENOENT,
		    "there is no '%s': run 'bxctl build %s'", path, b->shown);
}

int bx_bundle_pack(struct bx_bundle *b, const char *path)
{
	char name[BX_NAME_LEN + 64];
	struct tree tree;
	int err;

	err = bx_bundle_list_objects(b, is_there, b);
	if (!err)
		err = tree_open(b->h, b->dir, &tree);
	if (err)
		return err;
	snprintf(name, sizeof(name), "%s-%.40s", b->about.name,
		 b->about.version);
	err = tree_pack(b->h, &tree, name, path);
	tree_close(&tree);
	return err;
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
