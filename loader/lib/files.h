/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * libbusext: safe access to files that other users could change
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
 * open_beneath() - open a file below a directory without following links or mounts
 * @dir: the directory
 * @path: the file, relative to @dir
 * @flags: as for open(); nothing is created
 *
 * Return: a descriptor or a negative errno: -ELOOP for a link, -EXDEV for another file
 * system, -ENOSYS before Linux 5.6.
 */
int open_beneath(int dir, const char *path, int flags);

/* Returns the reason of a failure of open_beneath() for a message; @err: its result. */
const char *beneath_reason(int err);

/**
 * struct new_file - a file that is being written, and gets its name at the end
 * @fd: descriptor to write to
 * @dir: its directory
 * @path: its path, for messages
 * @name: its name in @dir
 * @part: its temporary name
 * @from_cwd: @path is relative to the working directory
 * @linked: it already has the name @part: this file system has no nameless files
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
 * @path: the file; must not exist, or be a regular file; valid until new_file_close()
 * @mode: its mode, before the umask
 * @f: takes the file
 *
 * Return: 0 or an errno with a message.
 */
int new_file_open(struct bx_handle *h, int dir, const char *path, mode_t mode,
		  struct new_file *f);

/**
 * new_file_close() - finish a file
 * @h: the handle
 * @f: the file
 * @err: 0, or the error because of which the file must be discarded
 *
 * Syncs the file to disk before it gets its name. After an error the previous file is
 * unchanged.
 *
 * Return: @err, or 0, or an errno with a message.
 */
int new_file_close(struct bx_handle *h, struct new_file *f, int err);

/**
 * write_whole_file() - write a whole file, as new_file_open() and new_file_close() do
 * @h: the handle
 * @path: the file
 * @mode: its mode, before the umask
 * @text: its contents
 * @len: their length
 *
 * Return: 0 or an errno with a message.
 */
int write_whole_file(struct bx_handle *h, const char *path, mode_t mode, const char *text,
		     size_t len);

/* Removes a file; a missing one is not an error.  Returns 0 or an errno with a message. */
int remove_file_at(struct bx_handle *h, const char *path);

/**
 * open_conf() - open a file of the configuration for reading
 * @h: the handle
 * @sub: its directory in the configuration
 * @path: its path
 *
 * The file and both directories must be such as safe_dir() accepts.
 *
 * Return: a descriptor; -ENOENT without a message when there is no such file; or another
 * errno with a message.
 */
int open_conf(struct bx_handle *h, const char *sub, const char *path);

/* Syncs new and renamed entries of a directory to disk: 0 or a negative errno. */
int sync_dir(int fd);

#endif /* _BUSEXT_FILES_H */
