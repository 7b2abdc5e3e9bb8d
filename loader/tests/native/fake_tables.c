// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * Native tests: the tables of the tests' own kernel, as its policies would see them
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>

#include "lib/internal.h"
#include "lib/rules_table.h"
#include "fake.h"

static void *read_pin(const char *dir, const char *name, size_t *size)
{
	char path[4 * PATH_MAX];
	struct stat st;
	void *data;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st))
		abort();
	data = malloc(st.st_size + 1);
	*size = st.st_size;
	if (!data || read(fd, data, *size) != st.st_size)
		abort();
	close(fd);
	return data;
}

/* Number of rules that a generation sees */
static unsigned int count_live(const char *dir, __u32 generation)
{
	unsigned int live = 0;
	size_t size;
	struct bx_rt_node *node = read_pin(dir, "node", &size);

	for (size_t i = 1; i < size / sizeof(*node); i++)
		live += node[i].from && node[i].from <= generation && node[i].until > generation;
	free(node);
	return live;
}

/* The table of a bundle, +BUNDLE, or another one, whose policies are TABLE-BUS */
static bool is_of(const char *folder, const struct bx_policy_rec *rec)
{
	char name[2 * BX_SHOWN_LEN];
	size_t len = strcspn(folder, "@");

	if (folder[0] != '+' && folder[0] != '.') {
		snprintf(name, sizeof(name), "%.*s-", (int)len, folder);
		return !strncmp(rec->name, name, strlen(name));
	}
	if (folder[0] != '+' || !folder[len] != !(rec->flags & BX_F_SHADOW))
		return false;
	snprintf(name, sizeof(name), "%.*s.", (int)len - 1, folder + 1);
	return !strncmp(rec->name, name, strlen(name));
}

/* The set of maps that has the generation: the newest that is not newer */
static bool find_base(const char *dir, __u32 generation, char *path)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	__u32 best = 0;

	while (d && (e = readdir(d))) {
		__u32 base = strtoul(e->d_name, NULL, 10);

		if (base > best && base <= generation)
			best = base;
	}
	if (d)
		closedir(d);
	snprintf(path, 3 * PATH_MAX, "%s/%u", dir, best);
	return best;
}

static int rules_below(const char *top, const struct bx_policy_rec *rec)
{
	char dir[2 * PATH_MAX], path[3 * PATH_MAX];
	struct dirent *e;
	int rules = -1;
	DIR *d;

	d = opendir(top);
	while (d && rules < 0 && (e = readdir(d))) {
		if (!is_of(e->d_name, rec))
			continue;
		snprintf(dir, sizeof(dir), "%s/%s", top, e->d_name);
		if (find_base(dir, rec->version, path))
			rules = count_live(path, rec->version);
	}
	if (d)
		closedir(d);
	return rules;
}

/*
 * Returns the number of rules that a policy has; -1 if its table is not pinned, in the
 * directory of world.c or that of bxctl.c.
 */
int fake_rules(const struct bx_policy_rec *rec)
{
	char top[PATH_MAX];
	int rules;

	snprintf(top, sizeof(top), "%s/../pins/rules", fake->dir);
	rules = rules_below(top, rec);
	if (rules >= 0)
		return rules;
	snprintf(top, sizeof(top), "%s/fs/bpf/bus_ext/rules", fake->sysfs);
	return rules_below(top, rec);
}
