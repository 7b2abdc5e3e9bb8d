// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: checking a bundle before it is packed
 *
 * An archive goes to other people, so 'install' must accept it: its objects exist, its
 * test cases can be read, its signature matches its files.  And it must not contain private
 * files: a private key, or an archive of itself.
 */
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>

#include "sign.h"
#include "tree.h"

#define OBJECT_SUFFIX	".bpf.o"

/* Names of files that do not belong into a bundle */
static const struct {
	const char	*pattern;
	const char	*what;
} foreign[] = {
	{ "*.key", "a private key" },
	{ "*.p12", "a private key" },
	{ "*.pfx", "a private key" },
	{ "*.tar.zst", "an archive of a bundle" },
};

static int refuse(struct bx_bundle *b, const char *file, const char *what)
{
	return fail(b->h, BX_FAULT_REJECTED, EINVAL,
		    "cannot pack '%s': '%s' is %s; move it out of the bundle",
		    b->shown, file, what);
}

static int check_name(struct bx_bundle *b, const char *file)
{
	const char *slash = strrchr(file, '/');

	for (size_t i = 0; i < sizeof(foreign) / sizeof(*foreign); i++)
		if (!fnmatch(foreign[i].pattern, slash ? slash + 1 : file, 0))
			return refuse(b, file, foreign[i].what);
	return 0;
}

/* Searches for a line "-----BEGIN ... PRIVATE KEY-----" (PEM). */
static bool has_private_key(const char *data, size_t size)
{
	static const char begin[] = "-----BEGIN ", end[] = "PRIVATE KEY-----";
	const char *at = data, *newline;
	size_t left = size, line;

	while ((at = memmem(at, left, begin, strlen(begin)))) {
		left = size - (at - data);
		newline = memchr(at, '\n', left);
		line = newline ? (size_t)(newline - at) : left;
		if (memmem(at, line, end, strlen(end)))
			return true;
		at += strlen(begin);
		left -= strlen(begin);
	}
	return false;
}

static int check_content(struct bx_bundle *b, const struct tree *tree,
			 const char *file)
{
	size_t have = 0;
	char *data;
	off_t size;
	ssize_t n = 1;
	int fd, err = 0;

	fd = tree_file(b->h, tree, file, &size);
	if (fd < 0)
		return fd;
	data = malloc(size + 1);
	while (data && n > 0 && have < (size_t)size) {
		n = read(fd, data + have, size - have);
		have += n > 0 ? n : 0;
	}
	if (!data || n < 0)
		err = fail(b->h, BX_FAULT_FAILED, data ? errno : ENOMEM,
			   "cannot read '%s/%s': %s", b->shown, file,
			   data ? strerror(errno) : "out of memory");
	else if (has_private_key(data, have))
		err = refuse(b, file, "a private key");
	close(fd);
	free(data);
	return err;
}

/* Notes objects that are older than their sources, since they may not match these. */
static void check_age(struct bx_bundle *b, const struct tree *tree,
		      const char *file)
{
	size_t len = strlen(file), suffix = strlen(OBJECT_SUFFIX);
	char source[TREE_PATH + 1];
	struct stat object, text;

	if (len < suffix || strcmp(file + len - suffix, OBJECT_SUFFIX))
		return;
	copy_name(source, sizeof(source), file);
	source[len - 1] = 'c';
	if (fstatat(tree->fd, file, &object, AT_SYMLINK_NOFOLLOW) ||
	    fstatat(tree->fd, source, &text, AT_SYMLINK_NOFOLLOW))
		return;
	if (object.st_mtim.tv_sec < text.st_mtim.tv_sec ||
	    (object.st_mtim.tv_sec == text.st_mtim.tv_sec &&
	     object.st_mtim.tv_nsec < text.st_mtim.tv_nsec))
		note(b->h, "'%s' is older than its source '%s': compile it again", file,
		     source);
}

static int check_files(struct bx_bundle *b, const struct tree *tree)
{
	int err = 0;

	for (size_t i = 0; !err && i < tree->count; i++) {
		err = check_name(b, tree->files[i]);
		if (!err)
			err = check_content(b, tree, tree->files[i]);
		if (!err)
			check_age(b, tree, tree->files[i]);
	}
	return err;
}

int bx_bundle_pack(struct bx_bundle *b, const char *path)
{
	char name[BX_NAME_LEN + 64];
	struct tree tree;
	int err;

	err = bundle_has_objects(b);
	if (!err)
		err = cases_check(b);
	if (!err)
		err = tree_open(b->h, b->dir, &tree);
	if (err)
		return err;
	err = check_files(b, &tree);
	if (!err)
		err = sign_compare(b->h, &tree, b->shown);
	snprintf(name, sizeof(name), "%s-%.40s", b->about.name,
		 b->about.version);
	if (!err)
		err = tree_pack(b->h, &tree, name, path);
	tree_close(&tree);
	return err;
}
