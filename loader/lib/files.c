// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: safe access to files that other users could change
 *
 * Reading: below a descriptor, without following links (open_beneath()); directories of
 * the operator must not be writable by others (safe_dir()).
 * Writing: to a file without a name, which gets its name at the end, and never through a
 * link or over a device (new_file_open()).
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "internal.h"
#include "files.h"

/* ---- owners ---- */

int safe_dir(struct bx_handle *h, int fd, const char *path)
{
	struct stat st;

	if (fstat(fd, &st))
		return fail(h, BX_FAULT_FAILED, errno, "cannot read '%s': %s",
			    path, strerror(errno));
	if (st.st_uid && st.st_uid != geteuid())
		return fail(h, BX_FAULT_PERMISSION, EPERM,
			    "'%s' belongs to user %u, who could change it; check its contents, then run 'chown root: %s'",
			    path, st.st_uid, path);
	if (st.st_mode & 0022)
		return fail(h, BX_FAULT_PERMISSION, EPERM,
			    "others can write to '%s' (mode %04o); check its contents, then run 'chmod go-w %s'",
			    path, st.st_mode & 07777, path);
	return 0;
}

int open_safe_dir(struct bx_handle *h, const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), err = errno;

	if (fd < 0 && err == ENOENT)
		return -ENOENT;
	if (fd < 0)
		return fail(h, err == EACCES ? BX_FAULT_PERMISSION :
			    BX_FAULT_FAILED, err, "cannot open '%s': %s", path,
			    strerror(err));
	err = safe_dir(h, fd, path);
	if (!err)
		return fd;
	close(fd);
	return err;
}

/* ---- reading ---- */

/* Refuses a pipe, on which bxctl would wait, and a device. */
int file_or_dir(struct bx_handle *h, const char *path, mode_t mode)
{
	if (S_ISREG(mode) || S_ISDIR(mode))
		return 0;
	return fail(h, BX_FAULT_REJECTED, EINVAL,
		    "'%s' is neither a regular file nor a directory; save what it has to a file",
		    path);
}

int open_beneath(int dir, const char *path, int flags)
{
	struct open_how how = {
		.flags = flags | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS |
			RESOLVE_NO_XDEV,
	};
	int fd = syscall(SYS_openat2, dir, path, &how, sizeof(how));

	return fd < 0 ? -errno : fd;
}

const char *beneath_reason(int err)
{
	switch (-err) {
	case ELOOP:
		return "it is a link, or in a linked directory";
	case EXDEV:
		return "it is on another file system";
	}
	return err == -ENOSYS ? "this needs openat2(), of Linux 5.6 or later" :
		strerror(-err);
}

/* ---- writing ---- */

int sync_dir(int fd)
{
	while (fsync(fd))
		if (errno != EINTR)
			return -errno;
	return 0;
}

static int cannot_write(struct bx_handle *h, const char *path, int err)
{
	return fail(h, err == EACCES || err == EPERM ? BX_FAULT_PERMISSION :
		    BX_FAULT_FAILED, err, "cannot write '%s': %s", path,
		    strerror(err));
}

/* Refuses all but regular files, also links, since the caller did not name their target. */
static int check_target(struct bx_handle *h, const struct new_file *f)
{
	struct stat st;

	if (fstatat(f->dir, f->name, &st, AT_SYMLINK_NOFOLLOW))
		return errno == ENOENT ? 0 : cannot_write(h, f->path, errno);
	if (S_ISREG(st.st_mode))
		return 0;
	return fail(h, BX_FAULT_USAGE, EEXIST,
		    "cannot write '%s': it is a %s; only a regular file is replaced",
		    f->path, S_ISLNK(st.st_mode) ? "symbolic link" :
		    S_ISDIR(st.st_mode) ? "directory" :
		    S_ISFIFO(st.st_mode) ? "pipe" :
		    S_ISSOCK(st.st_mode) ? "socket" : "device");
}

/* Opens the directory of @path, and makes the names of the file in it. */
static int split_path(struct bx_handle *h, int dir, const char *path,
		      struct new_file *f)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	char folder[PATH_MAX];

	if (!*name || strlen(path) >= sizeof(folder) ||
	    strlen(name) + strlen("..part") > NAME_MAX)
		return cannot_write(h, path, *name ? ENAMETOOLONG : EISDIR);
	copy_name(f->name, sizeof(f->name), name);
	snprintf(f->part, sizeof(f->part), ".%.*s.part", NAME_MAX - 6, name);
	copy_name(folder, sizeof(folder), slash ? path : ".");
	if (slash)
		folder[slash - path + (slash == path)] = '\0';
	f->dir = openat(dir, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return f->dir < 0 ? cannot_write(h, path, errno) : 0;
}

static int open_nameless(struct new_file *f, mode_t mode)
{
	f->fd = openat(f->dir, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, mode);
	if (f->fd >= 0)
		return 0;
	return errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL ?
		-EOPNOTSUPP : -errno;
}

/* Makes the path of @part for bx_discard_temporary(). */
static void part_path(const struct new_file *f, char *buf)
{
	const char *slash = strrchr(f->path, '/');

	snprintf(buf, PATH_MAX, "%.*s%s", slash ? (int)(slash + 1 - f->path) : 0,
		 f->path, f->part);
}

/* Creates @part on a file system without nameless files; a new file is never a link. */
static int open_part(struct new_file *f, mode_t mode)
{
	char path[PATH_MAX];

	if (f->from_cwd) {
		part_path(f, path);
		bx_temporary(path);
	}
	if (unlinkat(f->dir, f->part, 0) && errno != ENOENT)
		return -errno;
	f->fd = openat(f->dir, f->part, O_WRONLY | O_CREAT | O_EXCL |
		       O_NOFOLLOW | O_CLOEXEC, mode);
	f->linked = f->fd >= 0;
	return f->fd < 0 ? -errno : 0;
}

int new_file_open(struct bx_handle *h, int dir, const char *path, mode_t mode,
		  struct new_file *f)
{
	int err;

	*f = (struct new_file) {
		.fd = -1, .dir = -1, .path = path, .from_cwd = dir == AT_FDCWD,
	};
	err = split_path(h, dir, path, f);
	if (err)
		return err;
	err = check_target(h, f);
	if (!err) {
		err = open_nameless(f, mode);
		if (err == -EOPNOTSUPP)
			err = open_part(f, mode);
		if (!err)
			return 0;
		err = cannot_write(h, path, -err);
	}
	close(f->dir);
	f->dir = -1;
	return err;
}

/* Links the file as @part first, since linking cannot replace an existing file. */
static int link_part(struct new_file *f)
{
	char self[64];

	snprintf(self, sizeof(self), "/proc/self/fd/%d", f->fd);
	while (linkat(AT_FDCWD, self, f->dir, f->part, AT_SYMLINK_FOLLOW)) {
		/* a file that a killed process has left, or of another process */
		if (errno != EEXIST || unlinkat(f->dir, f->part, 0))
			return -errno;
	}
	f->linked = true;
	return 0;
}

static int take_name(struct new_file *f)
{
	int err = fsync(f->fd) ? -errno : 0;

	if (!err && !f->linked)
		err = link_part(f);
	/* some file systems report a failed write only here */
	if (close(f->fd) && errno != EINTR && !err)
		err = -errno;
	f->fd = -1;
	if (!err && renameat(f->dir, f->part, f->dir, f->name))
		err = -errno;
	return err;
}

int new_file_close(struct bx_handle *h, struct new_file *f, int err)
{
	char path[PATH_MAX];
	int ret = 0;

	if (f->dir < 0)
		return err;
	hold_signals(h);
	if (!err)
		ret = take_name(f);
	if ((err || ret) && f->linked)
		unlinkat(f->dir, f->part, 0);
	part_path(f, path);
	bx_temporary_done(path);
	release_signals(h);
	if (f->fd >= 0)
		close(f->fd);
	f->fd = -1;
	if (ret)
		err = cannot_write(h, f->path, -ret);
	else if (!err && sync_dir(f->dir))
		err = fail(h, BX_FAULT_FAILED, EIO,
			   "'%s' is written, but may be lost in a crash: cannot sync its directory",
			   f->path);
	close(f->dir);
	f->dir = -1;
	return err;
}

int remove_file_at(struct bx_handle *h, const char *path)
{
	if (!unlink(path) || errno == ENOENT)
		return 0;
	return fail(h, BX_FAULT_FAILED, errno, "cannot remove '%s': %s", path, strerror(errno));
}

int write_whole_file(struct bx_handle *h, const char *path, mode_t mode, const char *text,
		     size_t len)
{
	struct new_file f;
	int err = new_file_open(h, AT_FDCWD, path, mode, &f);

	if (err)
		return err;
	errno = EIO;
	if (write(f.fd, text, len) != (ssize_t)len)
		err = fail(h, BX_FAULT_FAILED, errno, "cannot write '%s': %s", path,
			   strerror(errno));
	return new_file_close(h, &f, err);
}

int open_conf(struct bx_handle *h, const char *sub, const char *path)
{
	char dir[PATH_MAX];
	struct stat st;
	int fd, err;

	snprintf(dir, sizeof(dir), "%s/%s", h->conf_dir, sub);
	for (const char *one = h->conf_dir; one; one = one == dir ? NULL : dir) {
		fd = open_safe_dir(h, one);
		if (fd < 0)
			return fd;
		close(fd);
	}
	if (lstat(path, &st) && errno == ENOENT)
		return -ENOENT;
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0) {
		err = fail(h, BX_FAULT_FAILED, errno, "cannot open '%s': %s",
			   path, strerror(errno));
		return err == -ENOENT ? -EIO : err;
	}
	err = safe_dir(h, fd, path);
	if (!err)
		return fd;
	close(fd);
	return err;
}
