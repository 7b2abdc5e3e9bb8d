// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: device nodes in use: mounts, swap, open files, and default routes
 *
 * All are read from /proc.  libmount, which reads mounts as well, would bring libblkid
 * and libselinux into each initramfs with bxctl.
 *
 * Mounts of all mount namespaces count.  A node that a process has mapped and closed is
 * not seen.
 */
#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "holders.h"

#define BLANK		"\n "
#define ROUTE_UP	0x1
#define ROUTE_REJECT	0x200

int records_add(struct bx_handle *h, struct records *r, size_t size,
		const void *rec)
{
	size_t room = r->room ? 2 * r->room : 16;
	char *data = r->data;

	if (r->count == r->room) {
		data = realloc(data, room * size);
		if (!data)
			return fail(h, BX_FAULT_FAILED, ENOMEM, "out of memory");
		r->data = data;
		r->room = room;
		r->size = size;
	}
	memcpy(data + r->count++ * size, rec, size);
	return 0;
}

static bool is_used(const struct records *users, dev_t dev)
{
	for (size_t i = 0; i < users->count; i++)
		if (((struct user *)record(users, i))->dev == dev)
			return true;
	return false;
}

static int cannot_read(struct bx_handle *h, const char *path)
{
	return fail(h, BX_FAULT_FAILED, errno,
		    "cannot find out which devices are in use: cannot read '%s': %s",
		    path, strerror(errno));
}

static bool is_number(const char *name)
{
	return name[0] && !name[strspn(name, "0123456789")];
}

/* Undoes \040 and the like, in place. */
static void unescape(char *text)
{
	char *to = text;

	for (; *text; text++) {
		if (text[0] == '\\' && isdigit(text[1]) && isdigit(text[2]) &&
		    isdigit(text[3])) {
			*to++ = (text[1] - '0') << 6 | (text[2] - '0') << 3 |
				(text[3] - '0');
			text += 3;
		} else {
			*to++ = *text;
		}
	}
	*to = '\0';
}

/* Returns the number of a node below /dev, 0 for any other file. */
static dev_t node_number(struct bx_handle *h, const char *path)
{
	char real[PATH_MAX];
	struct stat st;

	if (strncmp(path, "/dev/", 5))
		return 0;
	snprintf(real, sizeof(real), "%s/%s", h->dev, path + 5);
	return stat(real, &st) ? 0 : st.st_rdev;
}

/* ---- mounts and swap ---- */

/*
 * A line of mountinfo: numbers, MAJOR:MINOR, root, mount point, options, optional fields,
 * '-', type, source.  The number of a file system on several devices is of none of them.
 */
static bool parse_mount(struct bx_handle *h, char *line, struct user *user)
{
	char *word, *rest = NULL, *where = NULL;
	unsigned int major = 0, minor = 0, n = 0;

	for (word = strtok_r(line, BLANK, &rest); word && strcmp(word, "-");
	     word = strtok_r(NULL, BLANK, &rest), n++) {
		if (n == 2 && sscanf(word, "%u:%u", &major, &minor) != 2)
			return false;
		if (n == 4)
			where = word;
	}
	strtok_r(NULL, BLANK, &rest);
	word = strtok_r(NULL, BLANK, &rest);
	if (!where || !word)
		return false;
	unescape(where);
	unescape(word);
	user->block = true;
	user->dev = major ? makedev(major, minor) : node_number(h, word);
	copy_name(user->where, sizeof(user->where), where);
	return user->dev;
}

/* Reads the mounts of a process' namespace; of another's only those not known yet. */
static int read_mounts(struct bx_handle *h, const char *pid, bool other,
		       struct usage *u)
{
	struct records known = u->mounts;
	struct user user = {};
	char path[PATH_MAX], *line = NULL;
	size_t size = 0;
	int err = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s/mountinfo", h->proc, pid);
	f = fopen(path, "re");
	if (!f)
		return other ? 0 : cannot_read(h, path);
	if (other) {
		user.pid = atoi(pid);
		snprintf(path, sizeof(path), "%s/comm", pid);
		read_below(h->proc, path, user.process, sizeof(user.process));
	}
	while (!err && getline(&line, &size, f) > 0) {
		known.data = u->mounts.data;
		if (parse_mount(h, line, &user) &&
		    !(other && is_used(&known, user.dev)))
			err = records_add(h, &u->mounts, sizeof(user), &user);
	}
	free(line);
	fclose(f);
	return err;
}

/* Swap files are on mounted file systems, so that only nodes matter. */
static int read_swaps(struct bx_handle *h, struct usage *u)
{
	char path[PATH_MAX], line[PATH_MAX];
	struct user user = { .block = true };
	int err = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/swaps", h->proc);
	f = fopen(path, "re");
	if (!f)
		return errno == ENOENT ? 0 : cannot_read(h, path);
	while (!err && fgets(line, sizeof(line), f)) {
		line[strcspn(line, " \t\n")] = '\0';
		unescape(line);
		user.dev = node_number(h, line);
		if (user.dev)
			err = records_add(h, &u->swaps, sizeof(user), &user);
	}
	fclose(f);
	return err;
}

/* ---- open files ---- */

static int add_open(struct bx_handle *h, struct usage *u, const char *path,
		    struct user *user, size_t first)
{
	struct stat st;

	if (stat(path, &st) || !(S_ISBLK(st.st_mode) || S_ISCHR(st.st_mode)))
		return 0;
	user->dev = st.st_rdev;
	user->block = S_ISBLK(st.st_mode);
	for (size_t i = first; i < u->opens.count; i++) {
		const struct user *other = record(&u->opens, i);

		if (other->dev == user->dev && other->block == user->block)
			return 0;
	}
	return records_add(h, &u->opens, sizeof(*user), user);
}

/* A process may end meanwhile. */
static int read_opens(struct bx_handle *h, const char *pid, struct usage *u)
{
	struct user user = { .pid = atoi(pid) };
	char dir[PATH_MAX], path[PATH_MAX + 300];
	size_t first = u->opens.count;
	struct dirent *d;
	int err = 0;
	DIR *fds;

	if (user.pid == getpid())
		return 0;
	snprintf(dir, sizeof(dir), "%s/%s/fd", h->proc, pid);
	fds = opendir(dir);
	if (!fds)
		return errno == EACCES || errno == EPERM ?
			cannot_read(h, dir) : 0;
	snprintf(path, sizeof(path), "%s/comm", pid);
	read_below(h->proc, path, user.process, sizeof(user.process));
	while (!err && (d = readdir(fds))) {
		snprintf(path, sizeof(path), "%s/%s", dir, d->d_name);
		if (is_number(d->d_name))
			err = add_open(h, u, path, &user, first);
	}
	closedir(fds);
	return err;
}

/* Returns whether a process is in a mount namespace that was not seen before. */
static int new_namespace(struct bx_handle *h, const char *pid,
			 struct records *seen)
{
	char path[PATH_MAX];
	struct stat st;
	int err;

	snprintf(path, sizeof(path), "%s/%s/ns/mnt", h->proc, pid);
	if (stat(path, &st))
		return 0;
	for (size_t i = 0; i < seen->count; i++)
		if (*(ino_t *)record(seen, i) == st.st_ino)
			return 0;
	err = records_add(h, seen, sizeof(st.st_ino), &st.st_ino);
	return err ?: 1;
}

static int read_process(struct bx_handle *h, const char *pid, struct usage *u,
			struct records *seen)
{
	int ret = new_namespace(h, pid, seen);

	if (ret > 0)
		ret = read_mounts(h, pid, true, u);
	return ret ?: read_opens(h, pid, u);
}

static int read_processes(struct bx_handle *h, struct usage *u)
{
	struct records seen = {};
	struct dirent *d;
	DIR *proc;
	int err;

	proc = opendir(h->proc);
	if (!proc)
		return cannot_read(h, h->proc);
	err = new_namespace(h, "self", &seen);
	if (err >= 0)
		err = read_mounts(h, "self", false, u);
	while (!err && (d = readdir(proc)))
		if (is_number(d->d_name))
			err = read_process(h, d->d_name, u, &seen);
	closedir(proc);
	records_free(&seen);
	return err;
}

/* ---- routes ---- */

static bool parse_route(const char *line, char *name)
{
	unsigned int to, flags, mask;

	return sscanf(line, "%15s %x %*x %x %*d %*d %*d %x", name, &to, &flags,
		      &mask) == 4 && !to && !mask && flags & ROUTE_UP &&
		!(flags & ROUTE_REJECT);
}

static bool parse_route6(const char *line, char *name)
{
	unsigned int length, flags;

	return sscanf(line, "%*s %x %*s %*s %*s %*s %*s %*s %x %15s", &length,
		      &flags, name) == 3 && !length && flags & ROUTE_UP &&
		!(flags & ROUTE_REJECT) && strcmp(name, "lo");
}

static int read_routes(struct bx_handle *h, struct usage *u, const char *file,
		       bool (*parse)(const char *line, char *name))
{
	char path[PATH_MAX], line[512], name[IFNAMSIZ] = "";
	int err = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/net/%s", h->proc, file);
	f = fopen(path, "re");
	if (!f)		/* no such protocol in this kernel */
		return 0;
	while (!err && fgets(line, sizeof(line), f))
		if (parse(line, name))
			err = records_add(h, &u->routes, sizeof(name), name);
	fclose(f);
	return err;
}

int usage_read(struct bx_handle *h, struct usage *u)
{
	int err;

	*u = (struct usage) {};
	err = read_processes(h, u);
	if (!err)
		err = read_swaps(h, u);
	if (!err)
		err = read_routes(h, u, "route", parse_route);
	return err ?: read_routes(h, u, "ipv6_route", parse_route6);
}

void usage_free(struct usage *u)
{
	records_free(&u->mounts);
	records_free(&u->swaps);
	records_free(&u->opens);
	records_free(&u->routes);
}
