// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/* An archive: nothing of it gets out of its directory */
#include <dirent.h>
#include "fuzz.h"

/* The one entry of the directory that it was unpacked in is the one we made. */
static void nothing_beside(const char *dir)
{
	struct dirent *d;
	DIR *list = opendir(dir);

	while (list && (d = readdir(list)))
		if (strcmp(d->d_name, ".") && strcmp(d->d_name, "..") &&
		    strcmp(d->d_name, "inside"))
			abort();
	if (list)
		closedir(list);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bx_handle *h = fuzz_handle();
	char to[128];
	struct tree tree;
	int err;

	snprintf(to, sizeof(to), "%s/inside", fuzz_dir());
	err = tree_unpack_memory(h, "fuzz", data, size, to);
	said(h, err);
	nothing_beside(fuzz_dir());
	/* an accepted archive is a bundle's tree */
	if (!err && tree_open(h, to, &tree))
		abort();
	if (!err)
		tree_close(&tree);
	if (tree_discard(to))
		abort();
	return 0;
}
