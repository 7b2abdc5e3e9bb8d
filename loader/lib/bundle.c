// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: a bundle's manifest; its settings are in settings.c
 *
 * The manifest is untrusted: anything that docs/bundle.md does not define is refused,
 * with the line and the remedy.
 */
#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <unistd.h>
#include <sys/stat.h>

#include "bundle.h"
#include "files.h"
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
	copy_name(names->name[names->count++], sizeof(*names->name), name);
	return 0;
}

/* ---- versions ---- */

static int read_version(const struct yaml *y, struct yaml_node *root,
			const struct yaml_key *k)
{
	const char **out = k->to;
	unsigned int v[3];
	int err;

	err = yaml_text(y, root, k->key, k->need, out);
	if (err || !*out || version_from(*out, v))
		return err;
	return yaml_bad(y, yaml_at(root, k->key),
			"'%s' must be a version of up to three numbers, as in 1.2.0, not '%s'",
			k->key, *out);
}

/* ---- the manifest ---- */

/* Reads the name of a file beside the manifest, which ends in @suffix. */
static int read_file_name(struct bx_bundle *b, struct yaml_node *node, const char *what,
			  const char *suffix, const char **file)
{
	size_t len;
	int err;

	err = yaml_scalar(&b->yaml, node, file);
	if (err)
		return err;
	len = strlen(*file);
	if ((*file)[0] == '.' || strchr(*file, '/') || len > 128 ||
	    len <= strlen(suffix) ||
	    strcmp(*file + len - strlen(suffix), suffix))
		return yaml_bad(&b->yaml, node,
				"'%s' is not %s of a bundle: it must be a file beside "
				MANIFEST ", called NAME%s", *file, what, suffix);
	return 0;
}

/* Reads the name of an object, which bxctl can build. */
static int read_object(struct bx_bundle *b, struct yaml_node *node,
		       struct alternatives *a)
{
	int err;

	if (a->count == MAX_OBJECTS)
		return yaml_bad(&b->yaml, node, "at most %d objects for one policy",
				MAX_OBJECTS);
	err = read_file_name(b, node, "an object", ".bpf.o", &a->file[a->count]);
	a->count += !err;
	return err;
}

/* Reads the files of rules, which are one table in this order. */
static int read_rules(struct bx_bundle *b, struct yaml_node *root)
{
	struct yaml_node *list = NULL, *item;
	int err;

	err = yaml_list(&b->yaml, root, "rules", YAML_OPTIONAL, &list);
	for (unsigned int i = 0; !err && list && (item = yaml_item(list, i)); i++) {
		if (i == MAX_RULE_FILES)
			return yaml_bad(&b->yaml, list, "at most %d files of rules",
					MAX_RULE_FILES);
		err = read_file_name(b, item, "a file of rules", ".rules", &b->rules[i]);
		for (unsigned int k = 0; !err && k < i; k++)
			if (!strcmp(b->rules[i], b->rules[k]))
				err = yaml_bad(&b->yaml, item, "'%s' is there twice", b->rules[i]);
		b->nr_rules += !err;
	}
	return err;
}

static int read_policies(struct bx_bundle *b, struct yaml_node *root)
{
	struct yaml_node *list = NULL, *item, *one;
	struct alternatives *a;
	int err;

	err = yaml_list(&b->yaml, root, "policies", YAML_OPTIONAL, &list);
	for (unsigned int i = 0; !err && list && (item = yaml_item(list, i)); i++) {
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
	return err;
}

static int read_contents(struct bx_bundle *b, struct yaml_node *root)
{
	int err = read_policies(b, root) ?: read_rules(b, root);

	if (err || b->nr_policies || b->nr_rules)
		return err;
	return yaml_bad(&b->yaml, root,
			"a bundle needs a policy or rules: one of the keys 'policies' and 'rules'");
}

/* Reads the only drivers that its policies may name, which an initramfs needs as well. */
static int read_drivers(struct bx_bundle *b, struct yaml_node *root)
{
	struct yaml_node *list = NULL, *item;
	struct bx_limit *limit = &b->limit;
	const char *name;
	int err;

	err = yaml_list(&b->yaml, root, "drivers", YAML_OPTIONAL, &list);
	for (unsigned int i = 0; !err && list && (item = yaml_item(list, i));
	     i++) {
		if (i == BX_LIMIT_DRIVERS)
			return yaml_bad(&b->yaml, list, "at most %d drivers",
					BX_LIMIT_DRIVERS);
		err = yaml_scalar(&b->yaml, item, &name);
		if (!err && !bx_name_is_good(name))
			err = yaml_bad(&b->yaml, item,
				       "'%s' is not a valid name of a driver: use " BX_NAME_RULE,
				       name);
		if (err)
			break;
		b->drivers[i] = name;
		copy_name(limit->driver[limit->nr++], BX_NAME_LEN, name);
	}
	return err;
}

static int read_name(const struct yaml *y, struct yaml_node *root,
		     const struct yaml_key *k)
{
	const char **out = k->to;
	int err = yaml_text(y, root, k->key, k->need, out);

	if (err || bx_name_is_good(*out))
		return err;
	return yaml_bad(y, yaml_at(root, k->key),
			"'%s' is not a valid name of a bundle: use " BX_NAME_RULE,
			*out);
}

/* Checks that the loaded module is not older than the bundle needs. */
static int check_needs(struct bx_bundle *b)
{
	unsigned int unused[3];
	char kernel[64];

	if (!b->needs || bx_kernel_version(b->h, kernel, sizeof(kernel)))
		return 0;
	if (!version_from(kernel, unused) ||
	    version_compare(kernel, b->needs) >= 0)
		return 0;
	return fail(b->h, BX_FAULT_KERNEL, EINVAL,
		    "bundle '%s' needs bus_ext %s, and %s is loaded",
		    b->about.name, b->needs, kernel);
}

static int read_manifest(struct bx_bundle *b)
{
	const struct yaml_key keys[] = {
		{ "bundle", YAML_REQUIRED, read_name, &b->about.name },
		{ "version", YAML_REQUIRED, read_version, &b->about.version },
		{ "vendor", YAML_REQUIRED, yaml_read_text, &b->about.vendor },
		{ "summary", YAML_REQUIRED, yaml_read_text, &b->about.summary },
		{ "requires", YAML_OPTIONAL, read_version, &b->needs },
		{ "fail_closed", YAML_OPTIONAL, yaml_read_bool,
		  &b->fail_closed },
		{ "next_best", YAML_OPTIONAL, yaml_read_bool, &b->next_best },
		{ "claims" }, { "policies" }, { "rules" }, { "drivers" },
		{ "settings" },
	};
	struct yaml_node *root = yaml_root(&b->yaml);
	int err;

	if (!yaml_is_map(root))
		return yaml_bad(&b->yaml, root,
				"a manifest must be a mapping ('bundle: NAME')");
	err = yaml_read(&b->yaml, root, keys);
	if (!err)
		err = check_needs(b);
	if (!err)
		err = claims_read(&b->yaml, root, b->claims, &b->nr_claims);
	if (!err)
		err = read_contents(b, root);
	if (!err)
		err = read_drivers(b, root);
	b->about.requires = b->needs;
	b->about.fail_closed = b->fail_closed;
	b->about.next_best = b->next_best;
	b->about.drivers = b->drivers;
	b->about.nr_drivers = b->limit.nr;
	return err ?: settings_read(b, root);
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
 * Checks the signature, and that its signer is trusted.  Reads the bundle's files only as
 * bytes: their contents are not checked yet.
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
	if (b->who || flags & BX_BUNDLE_UNSIGNED || bundle_is_roots(b))
		return 0;
	return fail(b->h, BX_FAULT_REJECTED, ENOKEY,
		    "bundle '%s' is not signed", b->shown);
}

int bx_bundle_check(struct bx_bundle *b, unsigned int flags)
{
	int err = check_signature(b, flags);

	b->trusted = !err && !b->who;
	if (err || !b->who)
		return err;
	b->about.signer = b->who->name;
	b->about.signer_fingerprint = b->who->fingerprint;
	err = signer_allows(b->h, b->who, b->about.name, b->claims,
			    b->nr_claims);
	b->trusted = !err;
	return err;
}

/*
 * Opens the bundle in @dir; @shown: its name in messages.  @text: the manifest, which is
 * freed; NULL to read it from @dir.
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
	b->place = flags >> PLACE_SHIFT;
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

/* Opens a bundle with bx_bundle_check(), which checks the signature before other files. */
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

/* Copies the files of a directory or an archive into the new directory @to. */
int bundle_copy(struct bx_handle *h, const char *path, const char *to)
{
	struct stat st;

	if (stat(path, &st))
		return fail(h, BX_FAULT_FAILED, errno, "cannot open '%s': %s",
			    path, strerror(errno));
	if (S_ISDIR(st.st_mode))
		return tree_copy(h, path, to);
	return file_or_dir(h, path, st.st_mode) ?: tree_unpack(h, path, to);
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
		if (tree_discard(scratch))
			note(h, "'%s' cannot be removed", scratch);
		free(scratch);
		return err;
	}
	(*bundle)->scratch = scratch;
	return 0;
}

int bx_bundle_open(struct bx_handle *h, const char *path, unsigned int flags,
		   struct bx_bundle **bundle)
{
	char found[PATH_MAX];
	struct stat st;
	int place;

	*bundle = NULL;
	place = bundle_locate(h, path, flags, found);
	if (place < 0)
		return place;
	if (flags & BX_BUNDLE_COPY ||
	    (!stat(found, &st) && S_ISREG(st.st_mode)))
		return open_copy(h, found, flags | place << PLACE_SHIFT,
				 bundle);
	return open_bundle(h, found, found, flags | place << PLACE_SHIFT, NULL,
			   0, bundle);
}

void bx_bundle_close(struct bx_bundle *b)
{
	if (!b)
		return;
	yaml_close(&b->yaml);
	if (b->who)
		signer_close(b->who);
	free(b->who);
	if (b->scratch && tree_discard(b->scratch))
		note(b->h, "'%s' cannot be removed", b->scratch);
	for (unsigned int i = 0; i < b->nr_settings; i++)
		free(b->settings[i].initial);
	free(b->scratch);
	free(b->path);
	free(b->shown);
	free(b->dir);
	free(b);
}

/* ---- the operator's settings ---- */

static int read_chosen(struct bx_bundle *b, const struct yaml *y)
{
	struct yaml_node *root = yaml_root(y), *node;
	const char *name;
	struct setting *s;
	int err = 0;

	if (!yaml_is_map(root))
		return yaml_bad(y, root,
				"the file must be a mapping ('NAME: VALUE')");
	for (unsigned int i = 0; !err && (node = yaml_pair(root, i, &name)); i++) {
		s = bundle_setting(b, name);
		if (!s)
			return setting_missing(b, name, y, node);
		err = setting_read(b, y, node, s);
	}
	return err;
}

void settings_path(struct bx_handle *h, char *buf, const char *name)
{
	snprintf(buf, PATH_MAX, "%s/bundles.d/%s.yaml", h->conf_dir, name);
}

/* Reads the file through the descriptor that was checked. */
static int read_chosen_file(struct bx_bundle *b)
{
	char path[PATH_MAX];
	struct yaml y;
	int fd, err;

	settings_path(b->h, path, b->about.name);
	fd = open_conf(b->h, "bundles.d", path);
	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	err = yaml_open_fd(b->h, fd, path, &y);
	if (!err) {
		err = read_chosen(b, &y);
		yaml_close(&y);
	}
	close(fd);
	return err;
}

/* Reads the operator's file, which has values of settings by their names. */
int bx_bundle_configure(struct bx_bundle *b)
{
	int err = read_chosen_file(b);

	if (!err && b->place == PLACE_INSTALLED)
		err = bx_bundle_keep(b);
	return err;
}

int bx_bundle_sign(struct bx_bundle *b, const char *key, const char *cert)
{
	return sign_tree(b->h, b->dir, key, cert, b->claims, b->nr_claims);
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
