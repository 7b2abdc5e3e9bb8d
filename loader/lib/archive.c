// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: a bundle as one file, .tar.zst, on top of libarchive
 *
 * libarchive is loaded when an archive is read or written, and not before: with what
 * it is linked with it is 30 MB, and an initramfs, where bundles are directories,
 * takes along all that bxctl is linked with.
 *
 * All files are below one folder, NAME-VERSION, as people expect of an archive.  Two
 * packs of the same files are the same bytes: no times, no owners, in order.
 */
#include <archive.h>
#include <archive_entry.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>

#include "internal.h"
#include "tree.h"

#define BLOCK		65536
#define LIBARCHIVE	"libarchive.so.13"

/* Each function of it that is used here, without archive_ */
#define FUNCTIONS(X) \
	X(entry_filetype) \
	X(entry_free) \
	X(entry_hardlink) \
	X(entry_new) \
	X(entry_pathname) \
	X(entry_set_filetype) \
	X(entry_set_mtime) \
	X(entry_set_pathname) \
	X(entry_set_perm) \
	X(entry_set_size) \
	X(entry_symlink) \
	X(error_string) \
	X(read_data_block) \
	X(read_free) \
	X(read_new) \
	X(read_next_header) \
	X(read_open_filename) \
	X(read_open_memory) \
	X(read_support_filter_zstd) \
	X(read_support_format_tar) \
	X(write_add_filter_zstd) \
	X(write_close) \
	X(write_data) \
	X(write_free) \
	X(write_header) \
	X(write_new) \
	X(write_open_filename) \
	X(write_set_format_ustar)

#define POINTER(name)	typeof(&archive_##name) name;
static struct {
	void	*handle;
	FUNCTIONS(POINTER)
} la;

static int load_libarchive(struct bx_handle *h)
{
	const char *missing = NULL;

	if (la.handle)
		return 0;
	la.handle = dlopen(LIBARCHIVE, RTLD_NOW | RTLD_LOCAL);
	if (!la.handle)
		return fail(h, BX_FAULT_FAILED, ENOTSUP,
			    "cannot read or write archives: %s; install libarchive13",
			    dlerror());
#define LOOK_UP(name) \
	la.name = dlsym(la.handle, "archive_" #name); \
	if (!la.name) \
		missing = "archive_" #name;
	FUNCTIONS(LOOK_UP)
	if (!missing)
		return 0;
	dlclose(la.handle);
	la.handle = NULL;
	return fail(h, BX_FAULT_FAILED, ENOTSUP,
		    "cannot read or write archives: " LIBARCHIVE " has no %s",
		    missing);
}

/* ---- unpacking ---- */

static int broken(struct sink *sink, struct archive *a)
{
	return fail(sink->h, BX_FAULT_REJECTED, EINVAL,
		    "'%s' is not a whole archive of a bundle (.tar.zst): %s",
		    sink->shown, la.error_string(a) ?: "it is broken");
}

/*
 * The path below the archive's one folder, whose name, with the slash, is @folder;
 * NULL when it is not below it.
 */
static const char *below(const char *path, char *folder)
{
	const char *slash = strchr(path, '/');
	size_t len = slash ? slash + 1 - path : 0;

	if (!len || len == 1 || len > TREE_PATH || path[0] == '.')
		return NULL;
	if (!folder[0]) {
		memcpy(folder, path, len);
		folder[len] = '\0';
	}
	return strncmp(path, folder, len) || folder[len] ? NULL : path + len;
}

static int unpack_data(struct sink *sink, struct archive *a, const char *path)
{
	const void *block;
	size_t size;
	int64_t offset, at = 0;
	int fd, ret, err = 0;

	fd = sink_file(sink, path);
	if (fd < 0)
		return fd;
	while (!err && (ret = la.read_data_block(a, &block, &size,
						      &offset)) != ARCHIVE_EOF) {
		if (ret != ARCHIVE_OK)
			err = broken(sink, a);
		else if (offset != at)
			err = fail(sink->h, BX_FAULT_REJECTED, EINVAL,
				   "'%s' has '%s' with holes", sink->shown,
				   path);
		else
			err = sink_write(sink, fd, path, block, size);
		at += ret == ARCHIVE_OK ? size : 0;
	}
	close(fd);
	return err;
}

static int unpack_entry(struct sink *sink, struct archive *a,
			struct archive_entry *entry, char *folder)
{
	const char *path = la.entry_pathname(entry), *inner;

	if (!path)
		return broken(sink, a);
	if (la.entry_hardlink(entry) || la.entry_symlink(entry))
		return fail(sink->h, BX_FAULT_REJECTED, EINVAL,
			    "'%s' has the link '%s': a bundle has files alone",
			    sink->shown, path);
	inner = below(path, folder);
	if (!inner)
		return fail(sink->h, BX_FAULT_REJECTED, EINVAL,
			    "'%s' has '%s': an archive of a bundle has all files in one folder",
			    sink->shown, path);
	switch (la.entry_filetype(entry)) {
	case AE_IFDIR:
		/* folders come with their files */
		return 0;
	case AE_IFREG:
		return unpack_data(sink, a, inner);
	}
	return fail(sink->h, BX_FAULT_REJECTED, EINVAL,
		    "'%s' has '%s', which is neither a file nor a folder",
		    sink->shown, path);
}

/* Takes @a over. */
static int unpack(struct bx_handle *h, const char *shown, struct archive *a,
		  const char *to)
{
	char folder[TREE_PATH + 1] = "";
	struct archive_entry *entry;
	struct sink sink;
	int ret, err;

	err = sink_open(h, shown, to, &sink);
	while (!err && (ret = la.read_next_header(a, &entry)) !=
	       ARCHIVE_EOF)
		err = ret != ARCHIVE_OK ? broken(&sink, a) :
			unpack_entry(&sink, a, entry, folder);
	la.read_free(a);
	return sink_close(&sink, err);
}

static struct archive *new_reader(struct bx_handle *h)
{
	struct archive *a;

	if (load_libarchive(h))
		return NULL;
	a = la.read_new();
	if (a && la.read_support_filter_zstd(a) == ARCHIVE_OK &&
	    la.read_support_format_tar(a) == ARCHIVE_OK)
		return a;
	fail(h, BX_FAULT_FAILED, ENOTSUP,
	     "libarchive cannot read .tar.zst: %s",
	     a ? la.error_string(a) : "out of memory");
	la.read_free(a);
	return NULL;
}

int tree_unpack(struct bx_handle *h, const char *archive, const char *to)
{
	struct archive *a = new_reader(h);

	if (!a)
		return -ENOTSUP;
	if (la.read_open_filename(a, archive, BLOCK) == ARCHIVE_OK)
		return unpack(h, archive, a, to);
	fail(h, BX_FAULT_REJECTED, EINVAL,
	     "cannot read '%s' as an archive of a bundle (.tar.zst): %s",
	     archive, la.error_string(a));
	la.read_free(a);
	return -EINVAL;
}

int tree_unpack_memory(struct bx_handle *h, const char *shown,
		       const void *data, size_t size, const char *to)
{
	struct archive *a = new_reader(h);

	if (!a)
		return -ENOTSUP;
	if (la.read_open_memory(a, data, size) == ARCHIVE_OK)
		return unpack(h, shown, a, to);
	la.read_free(a);
	return fail(h, BX_FAULT_REJECTED, EINVAL, "'%s' is no archive", shown);
}

/* ---- packing ---- */

static int cannot_write(struct bx_handle *h, const char *path,
			struct archive *a)
{
	return fail(h, BX_FAULT_FAILED, EIO, "cannot write '%s': %s", path,
		    la.error_string(a) ?: "it is broken");
}

static int pack_data(struct bx_handle *h, struct archive *a, const char *to,
		     int fd, off_t size)
{
	char buf[BLOCK];
	ssize_t n;

	while (size && (n = read(fd, buf, sizeof(buf))) > 0) {
		if (la.write_data(a, buf, n) != n)
			return cannot_write(h, to, a);
		size -= n;
	}
	if (size)
		return fail(h, BX_FAULT_FAILED, EIO,
			    "cannot pack '%s': a file changed meanwhile", to);
	return 0;
}

static int pack_file(struct bx_handle *h, struct archive *a, const char *to,
		     const struct tree *tree, const char *name,
		     const char *file)
{
	struct archive_entry *entry;
	char path[2 * TREE_PATH];
	off_t size;
	int fd, err = 0;

	fd = tree_file(h, tree, file, &size);
	if (fd < 0)
		return fd;
	entry = la.entry_new();
	snprintf(path, sizeof(path), "%s/%s", name, file);
	la.entry_set_pathname(entry, path);
	la.entry_set_filetype(entry, AE_IFREG);
	la.entry_set_perm(entry, 0644);
	la.entry_set_size(entry, size);
	la.entry_set_mtime(entry, 0, 0);
	if (la.write_header(a, entry) != ARCHIVE_OK)
		err = cannot_write(h, to, a);
	if (!err)
		err = pack_data(h, a, to, fd, size);
	la.entry_free(entry);
	close(fd);
	return err;
}

int tree_pack(struct bx_handle *h, const struct tree *tree, const char *name,
	      const char *to)
{
	struct archive *a;
	char *part = NULL;
	int err;

	err = load_libarchive(h);
	if (err)
		return err;
	a = la.write_new();
	if (!a || asprintf(&part, "%s.part", to) < 0) {
		la.write_free(a);
		return fail(h, BX_FAULT_FAILED, ENOMEM, "out of memory");
	}
	if (la.write_set_format_ustar(a) != ARCHIVE_OK ||
	    la.write_add_filter_zstd(a) != ARCHIVE_OK ||
	    la.write_open_filename(a, part) != ARCHIVE_OK)
		err = cannot_write(h, to, a);
	for (size_t i = 0; !err && i < tree->count; i++)
		err = pack_file(h, a, to, tree, name, tree->files[i]);
	if (!err && la.write_close(a) != ARCHIVE_OK)
		err = cannot_write(h, to, a);
	la.write_free(a);
	if (!err && rename(part, to))
		err = fail(h, BX_FAULT_FAILED, errno, "cannot write '%s': %s",
			   to, strerror(errno));
	if (err)
		unlink(part);
	free(part);
	return err;
}
