// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: devices that a parent creates on request: its types, creation and removal
 *
 * The kernel's interface is files: kernel/types.c describes them.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "internal.h"

/* ---- files ---- */

static void parents_path(const struct bx_handle *h, char *path)
{
	snprintf(path, PATH_MAX, "%s/kernel/bus_ext/parents", h->sysfs);
}

/* Reads a file of a type, without its last newline; an empty text if there is none. */
static void read_text(int dir, const char *name, char *text, size_t size)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	ssize_t len = fd < 0 ? 0 : read(fd, text, size - 1);

	text[len > 0 ? len : 0] = '\0';
	if (len > 0 && text[len - 1] == '\n')
		text[len - 1] = '\0';
	if (fd >= 0)
		close(fd);
}

/* ---- types ---- */

static void read_type(int dir, struct bx_type_about *t)
{
	char number[16];

	read_text(dir, "name", t->title, sizeof(t->title));
	read_text(dir, "description", t->description, sizeof(t->description));
	read_text(dir, "device_api", t->contract, sizeof(t->contract));
	read_text(dir, "settings", t->settings, sizeof(t->settings));
	read_text(dir, "available_instances", number, sizeof(number));
	t->available = strtoul(number, NULL, 10);
}

static unsigned int count_devices(int dir)
{
	int fd = openat(dir, "devices", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	unsigned int n = 0;

	while (list && (entry = readdir(list)))
		n += entry->d_name[0] != '.';
	if (list)
		closedir(list);
	else if (fd >= 0)
		close(fd);
	return n;
}

static int skip_hidden(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static int list_type(const char *path, const char *parent, const char *type,
		     bx_type_fn fn, void *arg)
{
	struct bx_type_about t = {};
	char name[PATH_MAX];
	int dir;

	if (strlen(parent) >= sizeof(t.parent) || strlen(type) >= sizeof(t.name) ||
	    snprintf(name, sizeof(name), "%s/%s", path, type) >= (int)sizeof(name))
		return 0;
	dir = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)	/* gone meanwhile */
		return 0;
	strcpy(t.parent, parent);
	strcpy(t.name, type);
	read_type(dir, &t);
	t.devices = count_devices(dir);
	close(dir);
	return fn(&t, arg);
}

static int list_parent(const char *path, const char *parent, bx_type_fn fn, void *arg)
{
	char types[PATH_MAX];
	struct dirent **names;
	int n, ret = 0;

	if (snprintf(types, sizeof(types), "%s/%s/bx_types", path, parent) >=
	    (int)sizeof(types))
		return 0;
	n = scandir(types, &names, skip_hidden, alphasort);
	for (int i = 0; i < n; i++) {
		if (!ret)
			ret = list_type(types, parent, names[i]->d_name, fn, arg);
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	return ret;
}

int bx_list_types(struct bx_handle *h, const char *parent, bx_type_fn fn, void *arg)
{
	char path[PATH_MAX];
	struct dirent **names;
	int n, ret = 0;

	ret = bx_check_kernel(h);
	if (ret)
		return ret;
	parents_path(h, path);
	n = scandir(path, &names, skip_hidden, alphasort);
	if (n < 0)
		return fail(h, BX_FAULT_FAILED, errno, "cannot read '%s': %s", path,
			    strerror(errno));
	for (int i = 0; i < n; i++) {
		if (!ret && (!parent || !strcmp(parent, names[i]->d_name)))
			ret = list_parent(path, names[i]->d_name, fn, arg);
		free(names[i]);
	}
	free(names);
	return ret;
}

/* ---- creation ---- */

int bx_parse_guid(struct bx_handle *h, const char *text, char guid[BX_GUID_LEN])
{
	size_t i;

	for (i = 0; text[i] && i < BX_GUID_LEN - 1; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? text[i] != '-' : !isxdigit((unsigned char)text[i]))
			break;
		guid[i] = tolower((unsigned char)text[i]);
	}
	guid[i] = '\0';
	if (i == BX_GUID_LEN - 1 && !text[i] && strspn(guid, "0-") < i)
		return 0;
	return fail(h, BX_FAULT_USAGE, EINVAL,
		    "'%s' is not a GUID: expected 32 hexadecimal digits, not all zero, as 8-4-4-4-12",
		    text);
}

/* A random one, version 4 of RFC 9562 */
char *bx_guid_text(char buf[BX_GUID_LEN], const __u8 guid[16])
{
	/* the first three numbers are stored with the lowest byte first */
	static const int order[16] = { 3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15 };
	static const __u8 none[16];
	int at = 0;

	buf[0] = '\0';
	for (int i = 0; memcmp(guid, none, sizeof(none)) && i < 16; i++)
		at += sprintf(buf + at, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "",
			      guid[order[i]]);
	return buf;
}

int new_guid(struct bx_handle *h, char guid[BX_GUID_LEN])
{
	unsigned char b[16];

	if (getrandom(b, sizeof(b), 0) != sizeof(b))
		return fail(h, BX_FAULT_FAILED, errno, "cannot get random numbers: %s",
			    strerror(errno));
	b[6] = (b[6] & 0x0f) | 0x40;
	b[8] = (b[8] & 0x3f) | 0x80;
	snprintf(guid, BX_GUID_LEN,
		 "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
		 b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11],
		 b[12], b[13], b[14], b[15]);
	return 0;
}

/* Whether a text can be the name of a directory entry, and of no other one */
static bool is_entry(const char *name)
{
	return *name && *name != '.' && !strchr(name, '/');
}

bool parent_is_there(const struct bx_handle *h, const char *parent)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/kernel/bus_ext/parents/%s", h->sysfs, parent);
	return is_entry(parent) && !access(path, F_OK);
}

/* Opens the directory of a type; returns a negative number if there is none. */
static int open_type(const struct bx_handle *h, const struct bx_new_device *new)
{
	char path[PATH_MAX];

	if (!is_entry(new->parent) || !is_entry(new->type) ||
	    snprintf(path, sizeof(path), "%s/kernel/bus_ext/parents/%s/bx_types/%s",
		     h->sysfs, new->parent, new->type) >= (int)sizeof(path))
		return -1;
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* The names for the message about one that is not valid: parents, or the types of @of */
struct names_list {
	const char	*of;
	char		last[BX_DEV_NAME_LEN];
	char		text[256];
};

static int add_name(const struct bx_type_about *t, void *arg)
{
	struct names_list *names = arg;
	const char *name = names->of ? t->name : t->parent;
	size_t len = strlen(names->text);

	/* the types of a parent come one after the other */
	if (!names->of && !strcmp(names->last, name))
		return 0;
	snprintf(names->last, sizeof(names->last), "%s", name);
	snprintf(names->text + len, sizeof(names->text) - len, "%s%s", len ? ", " : "", name);
	return 0;
}

static int no_such_type(struct bx_handle *h, const struct bx_new_device *new)
{
	struct names_list names = {};
	int err;

	if (parent_is_there(h, new->parent))
		names.of = new->parent;
	err = bx_list_types(h, names.of, add_name, &names);
	if (err)
		return err;
	if (names.of)
		return fail(h, BX_FAULT_USAGE, ENOENT, "parent '%s' has no type '%s'; it has: %s",
			    new->parent, new->type, names.text);
	return fail(h, BX_FAULT_USAGE, ENOENT,
		    "'%s' is not a parent that creates devices; %s%s", new->parent,
		    names.text[0] ? "there are: " : "no device is one", names.text);
}

/* Whether the type has the setting of "NAME=VALUE"; @settings: as the kernel lists them */
static bool has_setting(const char *settings, const char *assignment)
{
	size_t len = strcspn(assignment, "=");
	const char *line;

	for (line = settings; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, assignment, len) && line[len] == ' ')
			return true;
	}
	return false;
}

static int check_settings(struct bx_handle *h, const struct bx_new_device *new,
			  const char *settings)
{
	for (unsigned int i = 0; i < new->nr_settings; i++) {
		const char *s = new->settings[i];

		if (!has_setting(settings, s))
			return fail(h, BX_FAULT_USAGE, ENOENT,
				    "type '%s' of parent '%s' has no setting '%.*s'",
				    new->type, new->parent, (int)strcspn(s, "="), s);
		for (const char *p = s; *p; p++) {
			if (!isgraph((unsigned char)*p))
				return fail(h, BX_FAULT_USAGE, EINVAL,
					    "the value of setting '%.*s' must consist of printable ASCII without spaces",
					    (int)strcspn(s, "="), s);
		}
	}
	return 0;
}

/* Checks that parent, type and settings are there; reads nothing else of them. */
static int check_new(struct bx_handle *h, const struct bx_new_device *new)
{
	char settings[4096];
	int dir = open_type(h, new);

	if (dir < 0)
		return no_such_type(h, new);
	read_text(dir, "settings", settings, sizeof(settings));
	close(dir);
	return check_settings(h, new, settings);
}

/* The reason of a policy's refusal, which the kernel lists; empty if it was none */
static void find_refusal(struct bx_handle *h, const char *guid, char *reason, size_t size)
{
	char text[4096], *line, *save;

	reason[0] = '\0';
	read_refused(h, text, sizeof(text));
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (strstr(line, guid))		/* the last one counts */
			snprintf(reason, size, "policy %.240s", line);
}

static int creation_failed(struct bx_handle *h, const struct bx_new_device *new,
			   const char *guid, int err)
{
	char reason[256];

	switch (err) {
	case EEXIST:
		return fail(h, BX_FAULT_CONFLICT, err, "cannot create '%s': the GUID is in use",
			    guid);
	case EUSERS:
		return fail(h, BX_FAULT_FAILED, err,
			    "cannot create a device of type '%s': parent '%s' has no capacity left",
			    new->type, new->parent);
	case ENODEV:
		return fail(h, BX_FAULT_FAILED, err,
			    "cannot create a device of type '%s': parent '%s' is being removed",
			    new->type, new->parent);
	}
	find_refusal(h, guid, reason, sizeof(reason));
	return fail(h, err == EPERM || err == EACCES ? BX_FAULT_PERMISSION : BX_FAULT_FAILED, err,
		    "cannot create a device of type '%s' on '%s': %s%s%s", new->type, new->parent,
		    strerror(err), reason[0] ? "; refused by " : "", reason);
}

static int write_new(struct bx_handle *h, const struct bx_new_device *new, const char *guid)
{
	char path[PATH_MAX], *line;
	size_t size = BX_GUID_LEN + 1, len;
	int err;

	for (unsigned int i = 0; i < new->nr_settings; i++)
		size += strlen(new->settings[i]) + 1;
	line = malloc(size);
	if (!line)
		return fail(h, BX_FAULT_FAILED, ENOMEM, "out of memory");
	len = snprintf(line, size, "%s", guid);
	for (unsigned int i = 0; i < new->nr_settings; i++)
		len += snprintf(line + len, size - len, " %s", new->settings[i]);
	snprintf(path, sizeof(path), "%s/kernel/bus_ext/parents/%s/bx_types/%s/create",
		 h->sysfs, new->parent, new->type);
	err = write_sysfs(path, line);
	free(line);
	return err ? creation_failed(h, new, guid, err) : 0;
}

int bx_create_device(struct bx_handle *h, const struct bx_new_device *new,
		     struct bx_device_rec *rec)
{
	struct bx_devref ref = {};
	char guid[BX_GUID_LEN];
	int err;

	err = bx_check_kernel(h);
	if (!err)
		err = check_new(h, new);
	if (!err)
		err = new->guid ? bx_parse_guid(h, new->guid, guid) : new_guid(h, guid);
	if (!err)
		err = write_new(h, new, guid);
	if (err)
		return err;
	snprintf(ref.name, sizeof(ref.name), "%s", guid);
	return bx_get_device(h, &ref, rec);
}

/* Checks a device that can be created later, as far as its parent is there. */
int new_device_check(struct bx_handle *h, const struct bx_new_device *new, bool *there)
{
	*there = !bx_check_kernel(h) && parent_is_there(h, new->parent);
	if (*there)
		return check_new(h, new);
	error_forget(h);
	return 0;
}

/* ---- removal ---- */

int bx_destroy_device(struct bx_handle *h, struct bx_devref *ref)
{
	struct bx_device_rec rec;
	char path[PATH_MAX];
	int err = bx_get_device(h, ref, &rec);

	if (err)
		return err;
	snprintf(path, sizeof(path), "%s/bus/%s/devices/%s/bx_type", h->sysfs, rec.dev.bus,
		 rec.dev.name);
	if (access(path, F_OK))
		return fail(h, BX_FAULT_USAGE, EINVAL,
			    "device '%s/%s' was not created on request: only its parent '%s' removes it",
			    rec.dev.bus, rec.dev.name, rec.dev.parent);
	snprintf(path, sizeof(path), "%s/bus/%s/devices/%s/remove", h->sysfs, rec.dev.bus,
		 rec.dev.name);
	err = write_sysfs(path, "1");
	if (!err)
		return 0;
	return fail(h, err == EPERM || err == EACCES ? BX_FAULT_PERMISSION : BX_FAULT_FAILED, err,
		    "cannot remove device '%s/%s': %s", rec.dev.bus, rec.dev.name,
		    err == EAGAIN ? "it is being created" :
		    err == ENODEV || err == ENOENT ? "it or its parent is being removed" :
		    strerror(err));
}
