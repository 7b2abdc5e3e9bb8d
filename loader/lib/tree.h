/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * libbusext: the files of a bundle, in a directory and in an archive
 *
 * A bundle consists of regular files in folders, with names of [A-Za-z0-9_.-] that do
 * not start with a dot.  In a directory, entries that start with a dot are not part of the
 * bundle; all other entries that a bundle must not have are refused, by name.
 *
 * Files are listed and read below a descriptor of the directory, without following links:
 * even if the owner of the directory exchanges entries at the same time, no file from
 * elsewhere is read.
 *
 * Files are written to a directory that was created for them, of mode 0700, one new file
 * after the other, below a descriptor of that directory and through folders that were
 * just created: no file can be written elsewhere, and no other user can read the files.
 */
#ifndef _BUSEXT_TREE_H
#define _BUSEXT_TREE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct bx_handle;

#define TREE_FILES	256			/* files */
#define TREE_BYTES	(64 * 1024 * 1024)	/* of all files */
#define TREE_PATH	200			/* characters of a path */
#define TREE_DEPTH	4			/* folders and the file */

/**
 * struct tree - the files of a bundle, by name
 * @dir: the directory, for messages
 * @fd: the directory
 * @files: their paths below @dir, in order
 * @count: number of files
 */
struct tree {
	char	*dir;
	int	fd;
	char	**files;
	size_t	count;
};

int tree_open(struct bx_handle *h, const char *dir, struct tree *tree);
void tree_close(struct tree *tree);

/* Opens a file of a tree for reading; returns a descriptor, or an errno with a message. */
int tree_file(struct bx_handle *h, const struct tree *tree, const char *file,
	      off_t *size);

/* Copy the files of a directory or an archive into the new directory @to. */
int tree_copy(struct bx_handle *h, const char *from, const char *to);
int tree_unpack(struct bx_handle *h, const char *archive, const char *to);
int tree_unpack_memory(struct bx_handle *h, const char *shown,
		       const void *data, size_t size, const char *to);

/* Syncs all of a directory's files to disk, after tree_copy() or tree_unpack(). */
int tree_sync(struct bx_handle *h, const char *dir);

/* Sets the error for more files or bytes than a bundle may have. */
int tree_too_big(struct bx_handle *h, const char *shown);

/* Writes the archive @to, whose files are below the folder @name; "-" is stdout. */
int tree_pack(struct bx_handle *h, const struct tree *tree, const char *name,
	      const char *to);

/* tar.c: refuses what libarchive accepts silently.  @data is untrusted. */
int tar_check(struct bx_handle *h, const char *shown, const char *data,
	      size_t size);

/* Removes a directory with its contents; a missing one is not an error. */
int tree_remove(struct bx_handle *h, const char *dir);

/* Creates a directory below $TMPDIR for one process; the caller frees the path. */
char *tree_scratch(struct bx_handle *h);
/* Removes a directory without a message; returns an errno. */
int tree_discard(const char *dir);

/* ---- writing files ---- */

/**
 * struct sink - a directory that files are written to
 * @h: the handle, for errors
 * @shown: the source of the files, for messages
 * @fd: the directory
 * @files: number of its files
 * @bytes: total size of its files
 */
struct sink {
	struct bx_handle	*h;
	const char		*shown;
	int			fd;
	size_t			files;
	uint64_t		bytes;
};

int sink_open(struct bx_handle *h, const char *shown, const char *dir,
	      struct sink *sink);
int sink_close(struct sink *sink, int err);
int sink_full(struct sink *sink);
int sink_file(struct sink *sink, const char *path);
int sink_end(struct sink *sink, int fd, const char *path);
int sink_write(struct sink *sink, int fd, const char *path, const void *data,
	       size_t size);

#endif /* _BUSEXT_TREE_H */
