// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: a bundle as one file, .tar.zst, on top of libarchive
 *
 * libarchive is loaded only when an archive is read or written: with its dependencies it
 * is 30 MB, all of which would be copied into the initramfs, where bundles are directories.
 *
 * All files are below one folder, NAME-VERSION, as usual in archives.  Packing the same
 * files twice gives the same bytes: without times and owners, and in a fixed order.
 */
#include <archive.h>
#include <archive_entry.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "files.h"
#include "internal.h"
#include "tree.h"

#define BLOCK		65536
/* Largest size of a bundle, with room for headers */
#define MAX_TAR		(TREE_BYTES + 4096 * TREE_FILES)
#define LIBARCHIVE	"libarchive.so.13"

/* The functions of libarchive that this file uses, without the prefix archive_ */
static struct {
	void *handle;

	typeof(archive_entry_filetype) *entry_filetype;
	typeof(archive_entry_free) *entry_free;
	typeof(archive_entry_hardlink) *entry_hardlink;
	typeof(archive_entry_new) *entry_new;
	typeof(archive_entry_pathname) *entry_pathname;
	typeof(archive_entry_set_filetype) *entry_set_filetype;
	typeof(archive_entry_set_mtime) *entry_set_mtime;
	typeof(archive_entry_set_pathname) *entry_set_pathname;
	typeof(archive_entry_set_perm) *entry_set_perm;
	typeof(archive_entry_set_size) *entry_set_size;
	typeof(archive_entry_symlink) *entry_symlink;
	typeof(archive_error_string) *error_string;
	typeof(archive_filter_code) *filter_code;
	typeof(archive_read_data) *read_data;
	typeof(archive_read_data_block) *read_data_block;
	typeof(archive_read_free) *read_free;
	typeof(archive_read_new) *read_new;
	typeof(archive_read_next_header) *read_next_header;
	typeof(archive_read_open_filename) *read_open_filename;
	typeof(archive_read_open_memory) *read_open_memory;
	typeof(archive_read_support_filter_zstd) *read_support_filter_zstd;
	typeof(archive_read_support_format_raw) *read_support_format_raw;
	typeof(archive_read_support_format_tar) *read_support_format_tar;
	typeof(archive_write_add_filter_zstd) *write_add_filter_zstd;
	typeof(archive_write_close) *write_close;
	typeof(archive_write_data) *write_data;
	typeof(archive_write_free) *write_free;
	typeof(archive_write_header) *write_header;
	typeof(archive_write_new) *write_new;
	typeof(archive_write_open_fd) *write_open_fd;
	typeof(archive_write_set_bytes_in_last_block) *write_set_last_block;
	typeof(archive_write_set_format_ustar) *write_set_format_ustar;
} la;

static const struct {
	const char	*name;
	void		*to;
} functions[] = {
	{ "archive_entry_filetype", &la.entry_filetype },
	{ "archive_entry_free", &la.entry_free },
	{ "archive_entry_hardlink", &la.entry_hardlink },
	{ "archive_entry_new", &la.entry_new },
	{ "archive_entry_pathname", &la.entry_pathname },
	{ "archive_entry_set_filetype", &la.entry_set_filetype },
	{ "archive_entry_set_mtime", &la.entry_set_mtime },
	{ "archive_entry_set_pathname", &la.entry_set_pathname },
	{ "archive_entry_set_perm", &la.entry_set_perm },
	{ "archive_entry_set_size", &la.entry_set_size },
	{ "archive_entry_symlink", &la.entry_symlink },
	{ "archive_error_string", &la.error_string },
	{ "archive_filter_code", &la.filter_code },
	{ "archive_read_data", &la.read_data },
	{ "archive_read_data_block", &la.read_data_block },
	{ "archive_read_free", &la.read_free },
	{ "archive_read_new", &la.read_new },
	{ "archive_read_next_header", &la.read_next_header },
	{ "archive_read_open_filename", &la.read_open_filename },
	{ "archive_read_open_memory", &la.read_open_memory },
	{ "archive_read_support_filter_zstd", &la.read_support_filter_zstd },
	{ "archive_read_support_format_raw", &la.read_support_format_raw },
	{ "archive_read_support_format_tar", &la.read_support_format_tar },
	{ "archive_write_add_filter_zstd", &la.write_add_filter_zstd },
	{ "archive_write_close", &la.write_close },
	{ "archive_write_data", &la.write_data },
	{ "archive_write_free", &la.write_free },
	{ "archive_write_header", &la.write_header },
	{ "archive_write_new", &la.write_new },
	{ "archive_write_open_fd", &la.write_open_fd },
	{ "archive_write_set_bytes_in_last_block", &la.write_set_last_block },
	{ "archive_write_set_format_ustar", &la.write_set_format_ustar },
};

static int load_libarchive(struct bx_handle *h)
{
	const char *missing = NULL;
	void *found;

	if (la.handle)
		return 0;
	la.handle = dlopen(LIBARCHIVE, RTLD_NOW | RTLD_LOCAL);
	if (!la.handle)
		return fail(h, BX_FAULT_FAILED, ENOTSUP,
			    "cannot read or write archives: %s; install libarchive13",
			    dlerror());
	for (size_t i = 0; i < sizeof(functions) / sizeof(*functions); i++) {
		found = dlsym(la.handle, functions[i].name);
		if (!found)
			missing = functions[i].name;
		memcpy(functions[i].to, &found, sizeof(found));
	}
	if (!missing)
		return 0;
	dlclose(la.handle);
	la.handle = NULL;
	return fail(h, BX_FAULT_FAILED, ENOTSUP,
		    "cannot read or write archives: " LIBARCHIVE " has no %s",
		    missing);
}

/* ---- unpacking ---- */

static int bad_archive(struct bx_handle *h, const char *shown,
		       struct archive *a)
{
	return fail(h, BX_FAULT_REJECTED, EINVAL,
		    "'%s' is not a whole archive of a bundle (.tar.zst): %s",
		    shown, la.error_string(a) ?: "it is broken");
}

/* Skips "./", which 'tar c ./NAME' and 'tar c .' write before each name. */
static const char *without_dot(const char *path)
{
	return strncmp(path, "./", 2) ? path : path + 2;
}

/*
 * Returns the path below the archive's only folder, whose name, with the slash, is
 * @folder; NULL when it is not below it.
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
	while (!err && (ret = la.read_data_block(a, &block, &size, &offset)) !=
	       ARCHIVE_EOF) {
		if (ret != ARCHIVE_OK)
			err = bad_archive(sink->h, sink->shown, a);
		else if (offset != at)
			err = fail(sink->h, BX_FAULT_REJECTED, EINVAL,
				   "'%s' has '%s' with holes", sink->shown,
				   path);
		else
			err = sink_write(sink, fd, path, block, size);
		at += ret == ARCHIVE_OK ? size : 0;
	}
	ret = sink_end(sink, fd, path);
	return err ?: ret;
}

static int unpack_entry(struct sink *sink, struct archive *a,
			struct archive_entry *entry, char *folder)
{
	const char *path = la.entry_pathname(entry), *inner;

	if (!path)
		return bad_archive(sink->h, sink->shown, a);
	path = without_dot(path);
	if (!*path && la.entry_filetype(entry) == AE_IFDIR)
		return 0;
	if (la.entry_hardlink(entry) || la.entry_symlink(entry))
		return fail(sink->h, BX_FAULT_REJECTED, EINVAL,
			    "'%s' has the link '%s': links are not allowed in a bundle",
			    sink->shown, path);
	inner = below(path, folder);
	if (!inner)
		return hint(sink->h, BX_HINT_PACK, NULL,
			    fail(sink->h, BX_FAULT_REJECTED, EINVAL,
				 "'%s' has '%s': an archive of a bundle has all files in one folder",
				 sink->shown, path));
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

/* Unpacks and frees @a. */
static int unpack(struct bx_handle *h, const char *shown, struct archive *a,
		  const char *to)
{
	char folder[TREE_PATH + 1] = "";
	struct archive_entry *entry;
	unsigned int entries = 0;
	struct sink sink;
	int ret, err;

	err = sink_open(h, shown, to, &sink);
	while (!err && (ret = la.read_next_header(a, &entry)) != ARCHIVE_EOF) {
		/* folders are entries as well */
		if (ret != ARCHIVE_OK)
			err = bad_archive(h, shown, a);
		else if (entries++ == 2 * TREE_FILES)
			err = sink_full(&sink);
		else
			err = unpack_entry(&sink, a, entry, folder);
	}
	la.read_free(a);
	return sink_close(&sink, err);
}

static struct archive *new_reader(struct bx_handle *h, bool raw)
{
	struct archive *a;
	int ret;

	if (load_libarchive(h))
		return NULL;
	a = la.read_new();
	ret = a ? raw ? la.read_support_filter_zstd(a) :
		la.read_support_format_tar(a) : ARCHIVE_FATAL;
	if (ret == ARCHIVE_OK &&
	    (!raw || la.read_support_format_raw(a) == ARCHIVE_OK))
		return a;
	fail(h, BX_FAULT_FAILED, ENOTSUP,
	     "libarchive cannot read .tar.zst: %s",
	     a ? la.error_string(a) : "out of memory");
	la.read_free(a);
	return NULL;
}

/* Reads all data of @a, up to MAX_TAR. */
static int read_all(struct bx_handle *h, const char *shown, struct archive *a,
		    char **data, size_t *size)
{
	size_t room = 0;
	ssize_t n = 1;
	char *more;

	for (*size = 0; n > 0; *size += n) {
		if (*size == MAX_TAR)
			return tree_too_big(h, shown);
		if (*size == room) {
			room = room ? 2 * room : 16 * BLOCK;
			room = room < MAX_TAR ? room : MAX_TAR;
			more = realloc(*data, room);
			if (!more)
				return fail(h, BX_FAULT_FAILED, ENOMEM,
					    "out of memory");
			*data = more;
		}
		n = la.read_data(a, *data + *size, room - *size);
		if (n < 0)
			return bad_archive(h, shown, a);
	}
	return 0;
}

/*
 * Decompresses the archive to memory, so that the checked bytes are the unpacked ones even
 * if the file changes at the same time.
 */
static int decompress(struct bx_handle *h, const char *shown,
		      struct archive *a, char **data, size_t *size)
{
	struct archive_entry *entry;
	int ret = la.read_next_header(a, &entry);

	if (ret != ARCHIVE_OK && ret != ARCHIVE_EOF)
		return bad_archive(h, shown, a);
	if (ret == ARCHIVE_EOF || la.filter_code(a, 0) != ARCHIVE_FILTER_ZSTD)
		return fail(h, BX_FAULT_REJECTED, EINVAL,
			    "'%s' is not an archive of a bundle (.tar.zst): it is not compressed with zstd",
			    shown);
	return read_all(h, shown, a, data, size);
}

static int unpack_tar(struct bx_handle *h, const char *shown, const char *data,
		      size_t size, const char *to)
{
	struct archive *a;
	int err;

	err = tar_check(h, shown, data, size);
	if (err)
		return err;
	a = new_reader(h, false);
	if (!a)
		return -ENOTSUP;
	if (la.read_open_memory(a, data, size) == ARCHIVE_OK)
		return unpack(h, shown, a, to);
	err = bad_archive(h, shown, a);
	la.read_free(a);
	return err;
}

/* Unpacks and frees @a. */
static int unpack_zst(struct bx_handle *h, const char *shown, struct archive *a,
		      const char *to)
{
	char *data = NULL;
	size_t size = 0;
	int err;

	err = decompress(h, shown, a, &data, &size);
	la.read_free(a);
	if (!err)
		err = unpack_tar(h, shown, data, size, to);
	free(data);
	return err;
}

int tree_unpack(struct bx_handle *h, const char *archive, const char *to)
{
	struct archive *a = new_reader(h, true);

	if (!a)
		return -ENOTSUP;
	if (la.read_open_filename(a, archive, BLOCK) == ARCHIVE_OK)
		return unpack_zst(h, archive, a, to);
	fail(h, BX_FAULT_REJECTED, EINVAL,
	     "cannot read '%s' as an archive of a bundle (.tar.zst): %s",
	     archive, la.error_string(a));
	la.read_free(a);
	return -EINVAL;
}

int tree_unpack_memory(struct bx_handle *h, const char *shown,
		       const void *data, size_t size, const char *to)
{
	struct archive *a = new_reader(h, true);

	if (!a)
		return -ENOTSUP;
	if (la.read_open_memory(a, data, size) == ARCHIVE_OK)
		return unpack_zst(h, shown, a, to);
	la.read_free(a);
	return fail(h, BX_FAULT_REJECTED, EINVAL,
		    "'%s' is not an archive of a bundle (.tar.zst)", shown);
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

static int pack_all(struct bx_handle *h, const struct tree *tree,
		    const char *name, const char *to, int fd)
{
	struct archive *a = la.write_new();
	int err = 0;

	if (!a)
		return fail(h, BX_FAULT_FAILED, ENOMEM, "out of memory");
	/* no padding with zeros, which libarchive adds for pipes */
	if (la.write_set_format_ustar(a) != ARCHIVE_OK ||
	    la.write_set_last_block(a, 1) != ARCHIVE_OK ||
	    la.write_add_filter_zstd(a) != ARCHIVE_OK ||
	    la.write_open_fd(a, fd) != ARCHIVE_OK)
		err = cannot_write(h, to, a);
	for (size_t i = 0; !err && i < tree->count; i++)
		err = pack_file(h, a, to, tree, name, tree->files[i]);
	if (!err && la.write_close(a) != ARCHIVE_OK)
		err = cannot_write(h, to, a);
	la.write_free(a);
	return err;
}

/* Writes the archive to the standard output. */
static int pack_out(struct bx_handle *h, const struct tree *tree,
		    const char *name)
{
	if (isatty(STDOUT_FILENO))
		return fail(h, BX_FAULT_USAGE, EINVAL,
			    "the standard output is a terminal; redirect it to a file or a pipe");
	return pack_all(h, tree, name, "-", STDOUT_FILENO);
}

int tree_pack(struct bx_handle *h, const struct tree *tree, const char *name,
	      const char *to)
{
	struct new_file f;
	int err;

	err = load_libarchive(h);
	if (err)
		return err;
	if (!strcmp(to, "-"))
		return pack_out(h, tree, name);
	err = new_file_open(h, AT_FDCWD, to, 0666, &f);
	if (err)
		return err;
	return new_file_close(h, &f, pack_all(h, tree, name, to, f.fd));
}
