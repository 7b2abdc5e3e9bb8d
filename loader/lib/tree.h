/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * libbusext: the files of a bundle, in a directory and in an archive
 *
 * A bundle consists of regular files in folders, with names of [A-Za-z0-9_.-] that do
 * not start with a dot.  In a directory, what starts with a dot is not part of it;
 * everything else that is not as it should be is refused, by its name.
 *
 * Files are listed and read below a descriptor of the directory, through no link: the
 * owner of the directory may exchange anything in it meanwhile, and no file from
 * elsewhere is read.
 *
 * What is written goes into a directory that was made for it, of mode 0700, one new file
 * after the other, below a descriptor of that directory and through folders that were
 * made just now: nothing can be written elsewhere, and nobody else can read it.
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
 * @count: how many
 */
struct tree {
	char	*dir;
	int	fd;
	char	**files;
	size_t	count;
};

int tree_open(struct bx_handle *h, const char *dir, struct tree *tree);
void tree_close(struct tree *tree);

/* Open a file of a tree to be read; a descriptor, or an errno with a message. */
int tree_file(struct bx_handle *h, const struct tree *tree, const char *file,
	      off_t *size);

/* Copy a directory's files, or those of an archive, into the new directory @to. */
int tree_copy(struct bx_handle *h, const char *from, const char *to);
int tree_unpack(struct bx_handle *h, const char *archive, const char *to);
int tree_unpack_memory(struct bx_handle *h, const char *shown,
		       const void *data, size_t size, const char *to);

/* Make all of a directory's files last; after tree_copy() or tree_unpack(). */
int tree_sync(struct bx_handle *h, const char *dir);

/* The error for more than a bundle may have */
int tree_too_big(struct bx_handle *h, const char *shown);

/* The archive @to, whose files are below the folder @name; "-" is stdout. */
int tree_pack(struct bx_handle *h, const struct tree *tree, const char *name,
	      const char *to);

/* tar.c: what libarchive reads in silence is refused here.  @data is hostile. */
int tar_check(struct bx_handle *h, const char *shown, const char *data,
	      size_t size);

/* Remove a directory with all that is in it; what is not there is no error. */
int tree_remove(struct bx_handle *h, const char *dir);

/* A directory below $TMPDIR for one process, to be freed */
char *tree_scratch(struct bx_handle *h);
/* Remove it without a word: an errno */
int tree_discard(const char *dir);

/* ---- where files are written ---- */

/**
 * struct sink - a directory that is being filled
 * @h: where errors go
 * @shown: what the files come from, for messages
 * @fd: the directory
 * @files: how many files it has
 * @bytes: of how many bytes
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
