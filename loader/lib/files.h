/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * libbusext: files that others could have a hand in
 */
#ifndef _BUSEXT_FILES_H
#define _BUSEXT_FILES_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

struct bx_handle;

/**
 * safe_dir() - check that only root, or the caller, can change a directory
 * @h: the handle
 * @fd: the directory, or a file in it
 * @path: its path, for the message
 *
 * The owner must be root or the effective user, and neither the group nor others may
 * write.
 *
 * Return: 0, or -EPERM with a message that names the remedy.
 */
int safe_dir(struct bx_handle *h, int fd, const char *path);

/**
 * open_safe_dir() - open a directory that safe_dir() accepts
 * @h: the handle
 * @path: the directory; links to it are followed
 *
 * Return: a descriptor; -ENOENT without a message when it does not exist; or another
 * errno with a message.
 */
int open_safe_dir(struct bx_handle *h, const char *path);

/**
 * open_beneath() - open a file below a directory, through no link and no mount
 * @dir: the directory
 * @path: the file, relative to @dir
 * @flags: as for open(); nothing is created
 *
 * Return: a descriptor or a negative errno: -ELOOP for a link, -EXDEV for another file
 * system, -ENOSYS before Linux 5.6.
 */
int open_beneath(int dir, const char *path, int flags);

/* Why open_beneath() has failed, for people; @err is what it returned */
const char *beneath_reason(int err);

/**
 * struct new_file - a file that is being written, and takes its name at the end
 * @fd: to write to
 * @dir: the directory that it will be in
 * @path: its path, for messages
 * @name: its name in @dir
 * @part: its name until then
 * @from_cwd: @path is relative to the working directory
 * @linked: it has the name @part already: this file system has no nameless files
 */
struct new_file {
	int		fd;
	int		dir;
	const char	*path;
	char		name[NAME_MAX + 1];
	char		part[NAME_MAX + 1];
	bool		from_cwd;
	bool		linked;
};

/**
 * new_file_open() - begin to write a file
 * @h: the handle
 * @dir: the directory that @path is relative to, or AT_FDCWD
 * @path: the file; only nothing or a regular file may be there. Valid until the end
 * @mode: its mode, before the umask
 * @f: takes the file
 *
 * Return: 0 or an errno with a message.
 */
int new_file_open(struct bx_handle *h, int dir, const char *path, mode_t mode,
		  struct new_file *f);

/**
 * new_file_close() - end it
 * @h: the handle
 * @f: the file
 * @err: 0, or why it must not take its name
 *
 * All of the file is on disk before it takes its name. After an error there is what was
 * there before.
 *
 * Return: @err, or 0, or an errno with a message.
 */
int new_file_close(struct bx_handle *h, struct new_file *f, int err);

/* Make what was created or renamed in a directory last: 0 or a negative errno. */
int sync_dir(int fd);

#endif /* _BUSEXT_FILES_H */
