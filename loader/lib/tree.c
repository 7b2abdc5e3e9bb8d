// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: the files of a bundle: listed, copied, removed
 */
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>

#include "files.h"
#include "internal.h"
#include "tree.h"

/* Returns whether a bundle may have a file @path, which must not end with a slash. */
static bool path_is_good(const char *path)
{
	unsigned int depth = 1;
	const char *p;

	if (strlen(path) > TREE_PATH)
		return false;
	for (p = path; *p; p++) {
		bool first = p == path || p[-1] == '/';

		if (*p == '/' && (first || !p[1] || ++depth > TREE_DEPTH))
			return false;
		if (*p == '.' && first)
			return false;
		if (*p != '/' && !isalnum((unsigned char)*p) &&
		    !strchr("_.-", *p))
			return false;
	}
	return p > path;
}

static int bad_path(struct bx_handle *h, const char *shown, const char *path)
{
	return fail(h, BX_FAULT_REJECTED, EINVAL,
		    "'%s' has '%s', which is not a valid name in a bundle: up to %d of [A-Za-z0-9_.-], in %d folders at most, none starting with a dot",
		    shown, path, TREE_PATH, TREE_DEPTH - 1);
}

int tree_too_big(struct bx_handle *h, const char *shown)
{
	return fail(h, BX_FAULT_REJECTED, EFBIG,
		    "'%s' is too big for a bundle: at most %d files, and %d MiB in all",
		    shown, TREE_FILES, TREE_BYTES / 1024 / 1024);
}

/* ---- reading ---- */

static int add_file(struct bx_handle *h, struct tree *tree, const char *path)
{
	if (!path_is_good(path))
		return bad_path(h, tree->dir, path);
	if (tree->count == TREE_FILES)
		return tree_too_big(h, tree->dir);
	tree->files[tree->count] = strdup(path);
	if (!tree->files[tree->count])
		return fail(h, BX_FAULT_FAILED, ENOMEM, "out of memory");
	tree->count++;
	return 0;
}

static int cannot_read(struct bx_handle *h, const struct tree *tree,
		       const char *path, int err)
{
	return fail(h, err == -ELOOP || err == -EXDEV ? BX_FAULT_REJECTED :
		    BX_FAULT_FAILED, err, "cannot read '%s%s%s': %s", tree->dir,
		    path[0] ? "/" : "", path, beneath_reason(err));
}

static int no_file(struct bx_handle *h, const struct tree *tree,
		   const char *path)
{
	return fail(h, BX_FAULT_REJECTED, EINVAL,
		    "'%s/%s' is neither a file nor a directory: a bundle has no links and no devices",
		    tree->dir, path);
}

static int add_dir(struct bx_handle *h, struct tree *tree, int fd,
		   const char *path, unsigned int depth);

/* Adds @name in the directory @dir; @path is its path below the tree's directory. */
static int add_entry(struct bx_handle *h, struct tree *tree, int dir,
		     const char *name, const char *path, unsigned int depth)
{
	struct stat st;
	int fd;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW))
		return cannot_read(h, tree, path, -errno);
	if (S_ISREG(st.st_mode))
		return add_file(h, tree, path);
	if (!S_ISDIR(st.st_mode))
		return no_file(h, tree, path);
	if (depth >= TREE_DEPTH)
		return bad_path(h, tree->dir, path);
	fd = open_beneath(dir, name, O_RDONLY | O_DIRECTORY);
	if (fd < 0)
		return cannot_read(h, tree, path, fd);
	return add_dir(h, tree, fd, path, depth);
}

/* Adds a directory and closes @fd; the files are sorted at the end. */
static int add_dir(struct bx_handle *h, struct tree *tree, int fd,
		   const char *path, unsigned int depth)
{
	char one[TREE_PATH + NAME_MAX + 2];
	DIR *list = fdopendir(fd);
	struct dirent *d;
	int err = 0;

	if (!list) {
		err = cannot_read(h, tree, path, -errno);
		close(fd);
		return err;
	}
	for (errno = 0; !err && (d = readdir(list)); errno = 0) {
		if (d->d_name[0] == '.')
			continue;
		snprintf(one, sizeof(one), "%.*s%s%s", TREE_PATH, path,
			 path[0] ? "/" : "", d->d_name);
		if (strlen(path) > TREE_PATH)
			err = bad_path(h, tree->dir, path);
		else
			err = add_entry(h, tree, dirfd(list), d->d_name, one,
					depth + 1);
	}
	if (!err && errno)
		err = cannot_read(h, tree, path, -errno);
	closedir(list);
	return err;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Lists the files through a second descriptor, so the position of the tree's stays. */
static int list_files(struct bx_handle *h, struct tree *tree)
{
	int fd;

	tree->fd = open(tree->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (tree->fd < 0)
		return cannot_read(h, tree, "", -errno);
	fd = open_beneath(tree->fd, ".", O_RDONLY | O_DIRECTORY);
	if (fd < 0)
		return cannot_read(h, tree, "", fd);
	return add_dir(h, tree, fd, "", 0);
}

int tree_open(struct bx_handle *h, const char *dir, struct tree *tree)
{
	int err;

	*tree = (struct tree) {
		.dir = strdup(dir),
		.fd = -1,
		.files = calloc(TREE_FILES, sizeof(char *)),
	};
	err = tree->dir && tree->files ? list_files(h, tree) :
		fail(h, BX_FAULT_FAILED, ENOMEM, "out of memory");
	if (err)
		tree_close(tree);
	else
		qsort(tree->files, tree->count, sizeof(char *), by_text);
	return err;
}

/* Closes a tree, which may be all zeros. */
void tree_close(struct tree *tree)
{
	for (size_t i = 0; i < tree->count; i++)
		free(tree->files[i]);
	if (tree->dir && tree->fd >= 0)
		close(tree->fd);
	free(tree->files);
	free(tree->dir);
	*tree = (struct tree) {};
}

int tree_file(struct bx_handle *h, const struct tree *tree, const char *file,
	      off_t *size)
{
	struct stat st;
	int fd;

	fd = open_beneath(tree->fd, file, O_RDONLY | O_NONBLOCK);
	if (fd < 0)
		return cannot_read(h, tree, file, fd);
	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_size > TREE_BYTES) {
		close(fd);
		return fail(h, BX_FAULT_REJECTED, EINVAL,
			    "'%s/%s' is not a file of at most %d MiB",
			    tree->dir, file, TREE_BYTES / 1024 / 1024);
	}
	*size = st.st_size;
	return fd;
}

/* ---- writing ---- */

int sink_open(struct bx_handle *h, const char *shown, const char *dir,
	      struct sink *sink)
{
	*sink = (struct sink) { .h = h, .shown = shown, .fd = -1 };
	/* other users must not read the files, neither before nor after the check */
	if (mkdir(dir, 0700))
		return fail(h, BX_FAULT_FAILED, errno, "cannot create '%s': %s",
			    dir, strerror(errno));
	sink->fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (sink->fd < 0)
		return fail(h, BX_FAULT_FAILED, errno, "cannot open '%s': %s",
			    dir, strerror(errno));
	return 0;
}

int sink_full(struct sink *sink)
{
	return tree_too_big(sink->h, sink->shown);
}

int sink_close(struct sink *sink, int err)
{
	if (!err && !sink->files)
		err = fail(sink->h, BX_FAULT_REJECTED, EINVAL,
			   "'%s' is not a bundle: there is no file in it",
			   sink->shown);
	if (sink->fd >= 0)
		close(sink->fd);
	sink->fd = -1;
	return err;
}

/* Creates the folders of @path. */
static int make_folders(struct sink *sink, const char *path)
{
	char folder[TREE_PATH + 1];
	const char *slash;

	for (slash = path; (slash = strchr(slash, '/')); slash++) {
		memcpy(folder, path, slash - path);
		folder[slash - path] = '\0';
		if (mkdirat(sink->fd, folder, 0700) && errno != EEXIST)
			return fail(sink->h, BX_FAULT_FAILED, errno,
				    "cannot create the folder '%s': %s", folder,
				    strerror(errno));
	}
	return 0;
}

/* Creates a file of the sink: returns a descriptor, or an errno with a message. */
int sink_file(struct sink *sink, const char *path)
{
	int fd, err;

	if (!path_is_good(path))
		return bad_path(sink->h, sink->shown, path);
	if (sink->files++ == TREE_FILES)
		return tree_too_big(sink->h, sink->shown);
	err = make_folders(sink, path);
	if (err)
		return err;
	fd = openat(sink->fd, path,
		    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd >= 0)
		return fd;
	if (errno == EEXIST || errno == ENOTDIR)
		return fail(sink->h, BX_FAULT_REJECTED, EINVAL,
			    "'%s' has '%s' twice", sink->shown, path);
	return fail(sink->h, BX_FAULT_FAILED, errno, "cannot write '%s': %s",
		    path, strerror(errno));
}

int sink_write(struct sink *sink, int fd, const char *path, const void *data,
	       size_t size)
{
	ssize_t n;

	sink->bytes += size;
	if (sink->bytes > TREE_BYTES)
		return tree_too_big(sink->h, sink->shown);
	for (const char *at = data; size; at += n, size -= n) {
		n = write(fd, at, size);
		if (n < 0 && errno == EINTR)
			n = 0;
		if (n < 0)
			return fail(sink->h, BX_FAULT_FAILED, errno,
				    "cannot write '%s': %s", path,
				    strerror(errno));
	}
	return 0;
}

/* Closes a file; some file systems report a failed write only then. */
int sink_end(struct sink *sink, int fd, const char *path)
{
	if (!close(fd) || errno == EINTR)
		return 0;
	return fail(sink->h, BX_FAULT_FAILED, errno, "cannot write '%s': %s",
		    path, strerror(errno));
}

static int copy_file(struct sink *sink, const struct tree *tree,
		     const char *file)
{
	char buf[65536];
	off_t size;
	ssize_t n;
	int in, out, err = 0;

	in = tree_file(sink->h, tree, file, &size);
	if (in < 0)
		return in;
	out = sink_file(sink, file);
	if (out < 0) {
		close(in);
		return out;
	}
	while (!err && (n = read(in, buf, sizeof(buf))) != 0)
		err = n < 0 ? fail(sink->h, BX_FAULT_FAILED, errno,
				   "cannot read '%s': %s", file,
				   strerror(errno)) :
			sink_write(sink, out, file, buf, n);
	close(in);
	n = sink_end(sink, out, file);
	return err ?: (int)n;
}

int tree_copy(struct bx_handle *h, const char *from, const char *to)
{
	struct tree tree;
	struct sink sink;
	int err;

	err = tree_open(h, from, &tree);
	if (err)
		return err;
	err = sink_open(h, from, to, &sink);
	for (size_t i = 0; !err && i < tree.count; i++)
		err = copy_file(&sink, &tree, tree.files[i]);
	err = sink_close(&sink, err);
	tree_close(&tree);
	return err;
}

/* ---- removing ---- */

/* Removes a directory; on failure returns an errno, with the path in @what. */
static int remove_all(const char *dir, char *what, size_t size)
{
	char *roots[2] = { (char *)dir, NULL };
	int err = 0;
	FTSENT *e;
	FTS *fts;

	copy_name(what, size, dir);
	if (access(dir, F_OK) && errno == ENOENT)
		return 0;
	fts = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	if (!fts)
		return errno;
	while ((e = fts_read(fts)))
		if (e->fts_info != FTS_D && remove(e->fts_accpath) && !err) {
			err = errno;
			copy_name(what, size, e->fts_path);
		}
	fts_close(fts);
	return err;
}

int tree_remove(struct bx_handle *h, const char *dir)
{
	char what[PATH_MAX];
	int err = remove_all(dir, what, sizeof(what));

	return err ? fail(h, BX_FAULT_FAILED, err, "cannot remove '%s': %s",
			  what, strerror(err)) : 0;
}

int tree_discard(const char *dir)
{
	char what[PATH_MAX];
	int err = remove_all(dir, what, sizeof(what));

	bx_temporary_done(dir);
	return -err;
}

/* Registers the directory, so that it is removed by a signal too, see interrupt.c. */
char *tree_scratch(struct bx_handle *h)
{
	const char *tmp = secure_getenv("TMPDIR");
	bool made;
	char *dir;

	if (asprintf(&dir, "%s/bus_ext.XXXXXX",
		     tmp && tmp[0] ? tmp : "/tmp") < 0) {
		fail(h, BX_FAULT_FAILED, ENOMEM, "out of memory");
		return NULL;
	}
	hold_signals(h);
	made = mkdtemp(dir);
	if (made)
		bx_temporary(dir);
	else
		fail(h, BX_FAULT_FAILED, errno, "cannot create '%s': %s", dir,
		     strerror(errno));
	release_signals(h);
	if (made)
		return dir;
	free(dir);
	return NULL;
}

/* ---- durability ---- */

static int sync_one(struct bx_handle *h, const struct tree *tree,
		    const char *path, int fd)
{
	int err = fd < 0 ? fd : sync_dir(fd);

	if (fd >= 0)
		close(fd);
	return err ? fail(h, BX_FAULT_FAILED, err, "cannot write '%s%s%s': %s",
			  tree->dir, path[0] ? "/" : "", path,
			  strerror(-err)) : 0;
}

/* Syncs the folders of @path except those that it shares with @before. */
static int sync_folders(struct bx_handle *h, const struct tree *tree,
			const char *path, const char *before)
{
	char folder[TREE_PATH + 1];
	const char *slash;
	int err = 0;

	for (slash = path; !err && (slash = strchr(slash, '/')); slash++) {
		if (!strncmp(path, before, slash + 1 - path))
			continue;
		memcpy(folder, path, slash - path);
		folder[slash - path] = '\0';
		err = sync_one(h, tree, folder,
			       open_beneath(tree->fd, folder,
					    O_RDONLY | O_DIRECTORY));
	}
	return err;
}

int tree_sync(struct bx_handle *h, const char *dir)
{
	const char *before = "";
	struct tree tree;
	int err;

	err = tree_open(h, dir, &tree);
	if (err)
		return err;
	for (size_t i = 0; !err && i < tree.count; i++) {
		err = sync_one(h, &tree, tree.files[i],
			       open_beneath(tree.fd, tree.files[i], O_RDONLY));
		if (!err)
			err = sync_folders(h, &tree, tree.files[i], before);
		before = tree.files[i];
	}
	if (!err)
		err = sync_one(h, &tree, "",
			       open_beneath(tree.fd, ".", O_RDONLY | O_DIRECTORY));
	tree_close(&tree);
	return err;
}
