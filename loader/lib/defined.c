// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: devices that are created again after each boot, their definitions
 *
 * A definition is a file devices.d/GUID.yaml of the configuration:
 *
 *	parent: "0000:00:01.0"
 *	type: "fact"
 *	auto: true
 *	settings:
 *	  limit: "5"
 *
 * Those with 'auto' are started by bx_boot(), and by udev when their parent comes.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files.h"
#include "internal.h"
#include "yaml.h"

#define DIRECTORY	"devices.d"
#define SUFFIX		".yaml"
#define MAX_SETTINGS	64

/* A definition and the memory of its texts */
struct definition {
	struct bx_definition	d;
	char			parent[BX_DEV_NAME_LEN];
	char			type[BX_NAME_LEN];
	char			*settings[MAX_SETTINGS];
};

static void definition_free(struct definition *def)
{
	for (unsigned int i = 0; i < def->d.device.nr_settings; i++)
		free(def->settings[i]);
}

static void definition_path(const struct bx_handle *h, const char *guid, char *path)
{
	snprintf(path, PATH_MAX, "%s/" DIRECTORY "/%s" SUFFIX, h->conf_dir, guid);
}

/* ---- reading ---- */

static int read_setting(const struct yaml *y, struct yaml_node *node, const char *name,
			struct definition *def)
{
	const char *value;
	int err = yaml_scalar(y, node, &value);

	if (err)
		return err;
	if (def->d.device.nr_settings == MAX_SETTINGS)
		return yaml_bad(y, node, "more than %d settings", MAX_SETTINGS);
	if (asprintf(&def->settings[def->d.device.nr_settings], "%s=%s", name, value) < 0)
		return fail(y->h, BX_FAULT_FAILED, ENOMEM, "out of memory");
	def->d.device.nr_settings++;
	return 0;
}

static int read_definition(const struct yaml *y, struct definition *def)
{
	struct yaml_node *root = yaml_root(y), *settings = NULL, *node;
	const struct yaml_key keys[] = {
		{ "parent", YAML_REQUIRED, yaml_read_chars, def->parent, sizeof(def->parent) },
		{ "type", YAML_REQUIRED, yaml_read_chars, def->type, sizeof(def->type) },
		{ "auto", YAML_OPTIONAL, yaml_read_bool, &def->d.automatic },
		{ "settings", YAML_OPTIONAL, NULL },
	};
	const char *name;
	int err;

	if (!yaml_is_map(root))
		return yaml_bad(y, root, "expected a mapping");
	err = yaml_read(y, root, keys);
	if (!err)
		err = yaml_map(y, root, "settings", YAML_OPTIONAL, &settings);
	for (unsigned int i = 0; !err && settings; i++) {
		node = yaml_pair(settings, i, &name);
		if (!node)
			break;
		err = read_setting(y, node, name, def);
	}
	return err;
}

/* Reads a definition; -ENOENT without a message if there is none. */
static int open_definition(struct bx_handle *h, const char *guid, struct definition *def)
{
	char path[PATH_MAX];
	struct yaml y;
	int fd, err;

	memset(def, 0, sizeof(*def));
	snprintf(def->d.guid, sizeof(def->d.guid), "%s", guid);
	def->d.device.parent = def->parent;
	def->d.device.type = def->type;
	def->d.device.guid = def->d.guid;
	def->d.device.settings = (const char *const *)def->settings;
	definition_path(h, guid, path);
	fd = open_conf(h, DIRECTORY, path);
	if (fd < 0)
		return fd;
	err = yaml_open_fd(h, fd, path, &y);
	if (!err) {
		err = read_definition(&y, def);
		yaml_close(&y);
	}
	close(fd);
	if (err)
		definition_free(def);
	/* of a key that is missing */
	return err == -ENOENT ? -EINVAL : err;
}

static int not_defined(struct bx_handle *h, const char *guid)
{
	return fail(h, BX_FAULT_USAGE, ENOENT, "device '%s' is not defined", guid);
}

/* ---- writing ---- */

static void write_quoted(FILE *f, const char *text)
{
	fputc('"', f);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fputc('\\', f);
		fputc(*text, f);
	}
	fputc('"', f);
}

static void write_definition(FILE *f, const struct bx_new_device *new, bool automatic)
{
	fprintf(f, "parent: ");
	write_quoted(f, new->parent);
	fprintf(f, "\ntype: ");
	write_quoted(f, new->type);
	fprintf(f, "\nauto: %s\n", automatic ? "true" : "false");
	if (new->nr_settings)
		fprintf(f, "settings:\n");
	for (unsigned int i = 0; i < new->nr_settings; i++) {
		const char *s = new->settings[i], *value = strchr(s, '=');

		fprintf(f, "  %.*s: ", (int)(value - s), s);
		write_quoted(f, value + 1);
		fputc('\n', f);
	}
}

static int write_file(struct bx_handle *h, const char *path, const struct bx_new_device *new,
		      bool automatic)
{
	struct new_file file;
	char *text = NULL;
	size_t size = 0;
	FILE *f;
	int err;

	f = open_memstream(&text, &size);
	if (!f)
		return fail(h, BX_FAULT_FAILED, ENOMEM, "out of memory");
	write_definition(f, new, automatic);
	if (fclose(f)) {
		free(text);
		return fail(h, BX_FAULT_FAILED, ENOMEM, "out of memory");
	}
	err = new_file_open(h, AT_FDCWD, path, 0644, &file);
	if (!err) {
		if (write(file.fd, text, size) != (ssize_t)size)
			err = fail(h, BX_FAULT_FAILED, errno, "cannot write '%s': %s", path,
				   strerror(errno));
		err = new_file_close(h, &file, err);
	}
	free(text);
	return err;
}

/* Names and values must be such as can be written, and as the kernel may accept. */
static int check_texts(struct bx_handle *h, const struct bx_new_device *new)
{
	const char *const names[] = { new->parent, new->type };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		size_t max = i ? BX_NAME_LEN : BX_DEV_NAME_LEN;
		const char *p = names[i];

		while (*p > ' ' && *p < 0x7f && *p != '/')
			p++;
		if (*p || p == names[i] || strlen(names[i]) >= max || names[i][0] == '.')
			return fail(h, BX_FAULT_USAGE, EINVAL, "'%s' is not the name of a %s",
				    names[i], i ? "type" : "parent");
	}
	for (unsigned int i = 0; i < new->nr_settings; i++) {
		for (const char *p = new->settings[i]; *p; p++)
			if (*p <= ' ' || *p >= 0x7f)
				return fail(h, BX_FAULT_USAGE, EINVAL,
					    "'%s' must consist of printable ASCII without spaces",
					    new->settings[i]);
	}
	return 0;
}

static int make_directory(struct bx_handle *h)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/" DIRECTORY, h->conf_dir);
	if ((mkdir(h->conf_dir, 0755) && errno != EEXIST) ||
	    (mkdir(path, 0755) && errno != EEXIST))
		return fail(h, errno == EACCES || errno == EPERM ? BX_FAULT_PERMISSION :
			    BX_FAULT_FAILED, errno, "cannot make '%s': %s", path,
			    strerror(errno));
	return 0;
}

int bx_define_device(struct bx_handle *h, const struct bx_new_device *new, bool automatic,
		     char guid[BX_GUID_LEN])
{
	struct definition def;
	char path[PATH_MAX];
	bool there;
	int err;

	err = check_texts(h, new);
	if (!err)
		err = new->guid ? bx_parse_guid(h, new->guid, guid) : new_guid(h, guid);
	if (!err)
		err = new_device_check(h, new, &there);
	if (!err)
		err = make_directory(h);
	if (err)
		return err;
	err = open_definition(h, guid, &def);
	if (!err) {
		definition_free(&def);
		return fail(h, BX_FAULT_CONFLICT, EEXIST, "device '%s' is defined already", guid);
	}
	if (err != -ENOENT)
		return err;
	definition_path(h, guid, path);
	err = write_file(h, path, new, automatic);
	if (!err && !there)
		note(h, "parent '%s' is not there: type and settings were not checked",
		     new->parent);
	return err;
}

int bx_undefine_device(struct bx_handle *h, const char *text)
{
	char guid[BX_GUID_LEN], path[PATH_MAX];
	int err = bx_parse_guid(h, text, guid);

	if (err)
		return err;
	definition_path(h, guid, path);
	if (!unlink(path))
		return 0;
	if (errno == ENOENT)
		return not_defined(h, guid);
	return fail(h, errno == EACCES || errno == EPERM ? BX_FAULT_PERMISSION : BX_FAULT_FAILED,
		    errno, "cannot remove '%s': %s", path, strerror(errno));
}

/* ---- all of them ---- */

static int is_definition(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return entry->d_name[0] != '.' && len > strlen(SUFFIX) &&
		!strcmp(entry->d_name + len - strlen(SUFFIX), SUFFIX);
}

static int list_one(struct bx_handle *h, char *name, bx_definition_fn fn, void *arg)
{
	struct definition def;
	char guid[BX_GUID_LEN];
	int ret;

	name[strlen(name) - strlen(SUFFIX)] = '\0';
	ret = bx_parse_guid(h, name, guid);
	if (!ret && strcmp(guid, name))
		ret = fail(h, BX_FAULT_REJECTED, EINVAL, "'%s" SUFFIX "' must be in lower case",
			   name);
	if (!ret)
		ret = open_definition(h, guid, &def);
	if (ret)	/* removed meanwhile */
		return ret == -ENOENT ? 0 : ret;
	ret = fn(&def.d, arg);
	definition_free(&def);
	return ret;
}

int bx_list_definitions(struct bx_handle *h, bx_definition_fn fn, void *arg)
{
	char path[PATH_MAX];
	struct dirent **names;
	int n, ret = 0;

	snprintf(path, sizeof(path), "%s/" DIRECTORY, h->conf_dir);
	n = scandir(path, &names, is_definition, alphasort);
	if (n < 0 && errno == ENOENT)
		return 0;
	if (n < 0)
		return fail(h, errno == EACCES ? BX_FAULT_PERMISSION : BX_FAULT_FAILED, errno,
			    "cannot read '%s': %s", path, strerror(errno));
	for (int i = 0; i < n; i++) {
		if (!ret)
			ret = list_one(h, names[i]->d_name, fn, arg);
		free(names[i]);
	}
	free(names);
	return ret;
}

/* ---- starting ---- */

int bx_start_device(struct bx_handle *h, const char *text, struct bx_device_rec *rec)
{
	struct definition def;
	char guid[BX_GUID_LEN];
	int err = bx_parse_guid(h, text, guid);

	if (!err)
		err = open_definition(h, guid, &def);
	if (err)
		return err == -ENOENT ? not_defined(h, guid) : err;
	err = bx_create_device(h, &def.d.device, rec);
	definition_free(&def);
	return err;
}

struct start {
	struct bx_handle	*h;
	const char		*parent;
	bx_started_fn		fn;
	void			*arg;
	int			failed;
};

static int start_one(const struct bx_definition *d, void *arg)
{
	struct start *s = arg;
	struct bx_started started = { .definition = d };
	struct bx_devref ref = {};
	struct bx_device_rec rec;
	int err;

	if (!d->automatic || (s->parent && strcmp(s->parent, d->device.parent)) ||
	    !parent_is_there(s->h, d->device.parent))
		return 0;
	snprintf(ref.name, sizeof(ref.name), "%s", d->guid);
	if (!bx_get_device(s->h, &ref, &rec))
		return 0;
	error_forget(s->h);
	err = bx_create_device(s->h, &d->device, &rec);
	if (err)
		started.problem = problem_of(s->h);
	else
		started.rec = &rec;
	s->failed += err != 0;
	if (s->fn)
		s->fn(&started, s->arg);
	error_forget(s->h);
	return 0;
}

int bx_start_devices(struct bx_handle *h, const char *parent, bx_started_fn fn, void *arg)
{
	struct start s = { .h = h, .parent = parent, .fn = fn, .arg = arg };
	int err = bx_list_definitions(h, start_one, &s);

	return err ?: s.failed;
}
