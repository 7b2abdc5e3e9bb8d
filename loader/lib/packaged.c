// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: bundles that packages install, known by their bare names
 *
 * Such a bundle needs no signature: its files are trusted like all other files of a
 * package, since only root can write them.  That is checked on descriptors, from the root
 * directory down to each file, so no other user can replace a checked file before the copy.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>

#include "install.h"

/* Directories of packages, and of 'make install' */
static const char *const default_dirs[] = {
	"/usr/lib/bus_ext/bundles",
	"/usr/local/lib/bus_ext/bundles",
	NULL
};

/* Lists all directories of bundles of packages, with NULL after the last. */
static void find_dirs(struct bx_handle *h, const char *dirs[3])
{
	const char *const one[] = { h->bundle_dir, NULL, NULL };

	memcpy(dirs, h->bundle_dir[0] ? one : default_dirs, sizeof(one));
}

/* Writes these directories for a message. */
void packaged_dirs(struct bx_handle *h, char *buf, size_t size)
{
	const char *dirs[3];

	find_dirs(h, dirs);
	snprintf(buf, size, "'%s'%s%s%s", dirs[0], dirs[1] ? " or '" : "",
		 dirs[1] ?: "", dirs[1] ? "'" : "");
}

int packaged_find(struct bx_handle *h, const char *name, char *buf)
{
	const char *dirs[3];

	find_dirs(h, dirs);
	for (const char **dir = dirs; *dir; dir++) {
		if (snprintf(buf, PATH_MAX, "%s/%s", *dir, name) >= PATH_MAX)
			continue;
		if (!access(buf, F_OK))
			return 1;
		if (errno != ENOENT && errno != ENOTDIR)
			return fail(h, BX_FAULT_FAILED, errno,
				    "cannot look at '%s': %s", buf,
				    strerror(errno));
	}
	return 0;
}

/* Returns why other users than root could change @fd; NULL when they cannot. */
static const char *weakness(int fd, bool ancestor)
{
	struct stat st;

	if (fstat(fd, &st))
		return strerror(errno);
	if (S_ISLNK(st.st_mode))
		return "it is a link";
	if (st.st_uid)
		return "it does not belong to root";
	/* with this bit, only root can rename or remove root's files in it */
	if (ancestor && st.st_mode & S_ISVTX)
		return NULL;
	return st.st_mode & 0022 ? "others than root may write it" : NULL;
}

static const char *weakness_below(int fd, char *path);

static const char *weakness_of_entry(int dir, const char *name, char *path)
{
	size_t len = strlen(path);
	const char *why;
	struct stat st;
	int fd;

	if (snprintf(path + len, PATH_MAX - len, "/%s", name) >=
	    (int)(PATH_MAX - len))
		return strerror(ENAMETOOLONG);
	fd = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return strerror(errno);
	why = weakness(fd, false);
	if (!why && !fstat(fd, &st) && S_ISDIR(st.st_mode))
		why = weakness_below(fd, path);
	close(fd);
	if (!why)
		path[len] = '\0';
	return why;
}

/* Checks and closes an O_PATH descriptor; @path becomes that of the first weak entry. */
static const char *weakness_below(int fd, char *path)
{
	const char *why = NULL;
	struct dirent *d;
	int in = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = in < 0 ? NULL : fdopendir(in);

	if (!dir) {
		why = strerror(errno);
		if (in >= 0)
			close(in);
		return why;
	}
	for (errno = 0; !why && (d = readdir(dir)); errno = 0)
		if (strcmp(d->d_name, ".") && strcmp(d->d_name, ".."))
			why = weakness_of_entry(dirfd(dir), d->d_name, path);
	if (!why && errno)
		why = strerror(errno);
	closedir(dir);
	return why;
}

/* Checks from the root directory downwards; *@out takes the descriptor of the last part. */
static const char *weakness_above(const char *path, char *at, int *out)
{
	int fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC), next;
	const char *why = NULL, *part, *end;
	char name[NAME_MAX + 1];

	strcpy(at, "/");
	for (part = path; fd >= 0 && !why; part = end) {
		why = weakness(fd, true);
		part += strspn(part, "/");
		end = strchrnul(part, '/');
		if (why || !*part)
			break;
		copy_name(name, end - part + 1 < (long)sizeof(name) ?
			  (size_t)(end - part + 1) : sizeof(name), part);
		next = openat(fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
		close(fd);
		fd = next;
		snprintf(at, PATH_MAX, "%.*s", (int)(end - path), path);
	}
	if (fd < 0)
		why = strerror(errno);
	*out = fd;
	return why;
}

bool packaged_is_roots(struct bx_handle *h, const char *path)
{
	const char *why;
	char at[PATH_MAX];
	int fd = -1;

	if (path[0] != '/')
		return false;
	why = weakness_above(path, at, &fd);
	/* the last part was checked only as an ancestor */
	if (!why)
		why = weakness(fd, false);
	if (!why)
		why = weakness_below(fd, at);
	if (fd >= 0)
		close(fd);
	if (why)
		note(h, "'%s' is not trusted as a package's: '%s': %s", path,
		     at, why);
	return !why;
}
