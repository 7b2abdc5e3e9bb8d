// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: the device nodes, network interfaces and displays that exist through a device
 *
 * They are below it in sysfs, as VFIO's /dev/vfio/devices/vfioN is, with these exceptions:
 * VFIO's /dev/vfio/N is that of the IOMMU group; the disk of an NVMe controller with
 * several paths, block devices made of others, and file systems on several devices have
 * directories of their own.
 */
#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/sysmacros.h>

#include "holders.h"

#define MAX_DEPTH	32

/**
 * struct walk - the search below a device
 * @h: the handle
 * @nodes: struct node, found so far
 */
struct walk {
	struct bx_handle	*h;
	struct records		*nodes;
};

typedef int (*entry_fn)(struct walk *w, const char *dir, const char *name, void *arg);

/* Reads the last part of a link's target, for example the name of a subsystem. */
bool node_link(const char *dir, const char *name, char *buf, size_t size)
{
	char path[PATH_MAX], to[PATH_MAX];
	const char *slash;
	ssize_t n;

	buf[0] = '\0';
	if (snprintf(path, sizeof(path), "%s/%s", dir, name) >= (int)sizeof(path))
		return false;
	n = readlink(path, to, sizeof(to) - 1);
	if (n <= 0)
		return false;
	to[n] = '\0';
	slash = strrchr(to, '/');
	copy_name(buf, size, slash ? slash + 1 : to);
	return true;
}

bool node_attr(const char *dir, const char *name, char *buf, size_t size)
{
	return read_below(dir, name, buf, size) > 0;
}

/* Calls @fn for each entry of DIR/NAME, until it returns other than 0. */
static int each_entry(struct walk *w, const char *dir, const char *name,
		      entry_fn fn, void *arg)
{
	struct dirent **list;
	char path[PATH_MAX];
	int i, n, ret = 0;

	if (snprintf(path, sizeof(path), "%s%s%s", dir, *name ? "/" : "",
		     name) >= (int)sizeof(path))
		return 0;
	n = scandir(path, &list, is_visible, alphasort);
	for (i = 0; i < n; i++) {
		if (!ret)
			ret = fn(w, path, list[i]->d_name, arg);
		free(list[i]);
	}
	if (n >= 0)
		free(list);
	return ret;
}

static bool is_known(const struct walk *w, enum node_kind kind, const char *dir)
{
	for (size_t i = 0; i < w->nodes->count; i++) {
		const struct node *n = record(w->nodes, i);

		if (n->kind == kind && !strcmp(n->dir, dir))
			return true;
	}
	return false;
}

/* The node's name below /dev, which the kernel gives to udev */
static void read_name(const char *dir, char *buf, size_t size)
{
	char uevent[4096], *at, dm[64];

	if (node_attr(dir, "dm/name", dm, sizeof(dm))) {
		snprintf(buf, size, "/dev/mapper/%s", dm);
		return;
	}
	node_attr(dir, "uevent", uevent, sizeof(uevent));
	at = strstr(uevent, "DEVNAME=");
	if (at) {
		at += strlen("DEVNAME=");
		at[strcspn(at, "\n")] = '\0';
	}
	snprintf(buf, size, "/dev/%s", at ?: strrchr(dir, '/') + 1);
}

static dev_t read_number(const char *dir)
{
	unsigned int major, minor;
	char text[32];

	if (!node_attr(dir, "dev", text, sizeof(text)) ||
	    sscanf(text, "%u:%u", &major, &minor) != 2)
		return 0;
	return makedev(major, minor);
}

static int add_node(struct walk *w, enum node_kind kind, const char *dir,
		    const char *below)
{
	struct node node = { .kind = kind };

	if (is_known(w, kind, dir))
		return 0;
	copy_name(node.dir, sizeof(node.dir), dir);
	copy_name(node.below, sizeof(node.below), below);
	if (kind == NODE_NET || kind == NODE_DISPLAY) {
		copy_name(node.name, sizeof(node.name), strrchr(dir, '/') + 1);
	} else {
		node.dev = read_number(dir);
		if (!node.dev)
			return 0;
		read_name(dir, node.name, sizeof(node.name));
	}
	return records_add(w->h, w->nodes, sizeof(node), &node);
}

/* ---- block devices ---- */

static int add_block(struct walk *w, enum node_kind kind, const char *dir,
		     const char *below);

static int on_holder(struct walk *w, const char *dir, const char *name,
		     void *below)
{
	char path[PATH_MAX], real[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/%s", dir, name) >= (int)sizeof(path) ||
	    !realpath(path, real))
		return 0;
	return add_block(w, NODE_STACK, real, below);
}

static int on_partition(struct walk *w, const char *dir, const char *name,
			void *kind)
{
	char path[PATH_MAX], number[16], below[96];

	if (snprintf(path, sizeof(path), "%s/%s", dir, name) >= (int)sizeof(path) ||
	    !node_attr(path, "partition", number, sizeof(number)))
		return 0;
	read_name(dir, below, sizeof(below));
	return add_block(w, *(enum node_kind *)kind, path, below);
}

/* Adds a disk or partition, its partitions, and the block devices that are made of it. */
static int add_block(struct walk *w, enum node_kind kind, const char *dir,
		     const char *below)
{
	char name[96];
	int err;

	if (is_known(w, NODE_BLOCK, dir) || is_known(w, NODE_STACK, dir))
		return 0;
	err = add_node(w, kind, dir, below);
	read_name(dir, name, sizeof(name));
	if (!err)
		err = each_entry(w, dir, "holders", on_holder, name);
	return err ?: each_entry(w, dir, "", on_partition, &kind);
}

/* ---- NVMe with several paths ---- */

struct paths {
	const char	*controller;
	const char	*head;
	bool		other;
};

/* "nvme0n1" of the hidden path "nvme0c1n1" */
static bool head_of(const char *path, char *buf, size_t size)
{
	unsigned int subsystem, controller, name;
	int end = 0;

	return sscanf(path, "nvme%uc%un%u%n", &subsystem, &controller, &name, &end) == 3 &&
		!path[end] && snprintf(buf, size, "nvme%un%u", subsystem, name) > 0;
}

static int on_path(struct walk *w, const char *dir, const char *name, void *arg)
{
	struct paths *p = arg;
	char head[64];

	p->other |= head_of(name, head, sizeof(head)) && !strcmp(head, p->head);
	return 0;
}

/* The entries of a subsystem are its controllers, which are links, and its disks. */
static int on_controller(struct walk *w, const char *dir, const char *name,
			 void *arg)
{
	struct paths *p = arg;
	char target[64];

	if (node_link(dir, name, target, sizeof(target)) &&
	    strncmp(name, "nvme", 4) == 0 && strcmp(name, p->controller))
		return each_entry(w, dir, name, on_path, p);
	return 0;
}

static int on_subsystem(struct walk *w, const char *dir, const char *name,
			void *arg)
{
	char path[PATH_MAX], real[PATH_MAX], disk[PATH_MAX];
	struct paths *p = arg;
	int err;

	if (snprintf(path, sizeof(path), "%s/%s/%s", dir, name, p->controller) >=
	    (int)sizeof(path) || access(path, F_OK))
		return 0;
	err = each_entry(w, dir, name, on_controller, p);
	if (err || p->other)
		return err;
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (!realpath(path, real) ||
	    snprintf(disk, sizeof(disk), "%s/%s", real, p->head) >= (int)sizeof(disk))
		return 0;
	return add_block(w, NODE_BLOCK, disk, "");
}

/* Adds the disk behind a hidden path, if there is no other path to it. */
static int add_head(struct walk *w, const char *dir, const char *name)
{
	struct paths p = {};
	char controller[64], head[64], parent[PATH_MAX];

	if (!head_of(name, head, sizeof(head)))
		return 0;
	copy_name(parent, sizeof(parent), dir);
	*strrchr(parent, '/') = '\0';
	copy_name(controller, sizeof(controller), strrchr(parent, '/') + 1);
	p.controller = controller;
	p.head = head;
	snprintf(parent, sizeof(parent), "%s/class/nvme-subsystem", w->h->sysfs);
	return each_entry(w, parent, "", on_subsystem, &p);
}

/* ---- file systems on several devices ---- */

static int on_member(struct walk *w, const char *dir, const char *name, void *arg)
{
	char path[PATH_MAX], real[PATH_MAX];
	bool *ours = arg;

	if (snprintf(path, sizeof(path), "%s/%s", dir, name) >= (int)sizeof(path) ||
	    !realpath(path, real))
		return 0;
	*ours |= is_known(w, NODE_BLOCK, real) || is_known(w, NODE_STACK, real);
	return 0;
}

static int add_member(struct walk *w, const char *dir, const char *name, void *arg)
{
	char path[PATH_MAX], real[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/%s", dir, name) >= (int)sizeof(path) ||
	    !realpath(path, real) || is_known(w, NODE_BLOCK, real) ||
	    is_known(w, NODE_STACK, real))
		return 0;
	return add_node(w, NODE_ALIAS, real, "");
}

/* btrfs has a directory for each file system, with links to its devices. */
static int on_btrfs(struct walk *w, const char *dir, const char *name, void *arg)
{
	char path[PATH_MAX];
	bool ours = false;

	if (snprintf(path, sizeof(path), "%s/%s", dir, name) >= (int)sizeof(path))
		return 0;
	each_entry(w, path, "devices", on_member, &ours);
	return ours ? each_entry(w, path, "devices", add_member, NULL) : 0;
}

/* ---- a directory ---- */

/* The node of the device's IOMMU group, which VFIO's users have open */
static int add_group(struct walk *w, const char *device)
{
	char group[32], path[PATH_MAX], real[PATH_MAX];

	if (!node_link(device, "iommu_group", group, sizeof(group)))
		return 0;
	snprintf(path, sizeof(path), "%s/class/vfio/%s", w->h->sysfs, group);
	return realpath(path, real) ? add_node(w, NODE_CHAR, real, "") : 0;
}

static int add_directory(struct walk *w, const char *dir, const char *subsystem)
{
	const char *name = strrchr(dir, '/') + 1;
	char hidden[8];
	int err;

	if (!strcmp(subsystem, "block"))
		return node_attr(dir, "hidden", hidden, sizeof(hidden)) &&
			hidden[0] == '1' ? add_head(w, dir, name) :
			add_block(w, NODE_BLOCK, dir, "");
	err = add_node(w, NODE_CHAR, dir, "");
	if (!err && !strcmp(subsystem, "net"))
		err = add_node(w, NODE_NET, dir, "");
	if (!err && ((!strcmp(subsystem, "drm") && !strncmp(name, "card", 4) &&
		      !strchr(name, '-')) ||
		     (!strcmp(subsystem, "graphics") && !strncmp(name, "fb", 2))))
		err = add_node(w, NODE_DISPLAY, dir, "");
	return err;
}

static int walk(struct walk *w, const char *dir, unsigned int depth)
{
	char subsystem[64], path[PATH_MAX];
	struct dirent *d;
	int err;
	DIR *all;

	node_link(dir, "subsystem", subsystem, sizeof(subsystem));
	/* a device behind a bridge keeps its driver when the bridge loses its own */
	if (depth == 1 && !strcmp(subsystem, "pci"))
		return 0;
	err = add_directory(w, dir, subsystem);
	all = !err && depth < MAX_DEPTH ? opendir(dir) : NULL;
	while (all && !err && (d = readdir(all))) {
		if (d->d_type != DT_DIR || !is_visible(d) ||
		    snprintf(path, sizeof(path), "%s/%s", dir, d->d_name) >=
		    (int)sizeof(path))
			continue;
		if (!strcmp(d->d_name, "vfio-dev"))
			err = add_group(w, dir);
		if (!err)
			err = walk(w, path, depth + 1);
	}
	if (all)
		closedir(all);
	return err;
}

/* The virtual functions vanish when their physical function loses its driver. */
static int on_function(struct walk *w, const char *dir, const char *name, void *arg)
{
	char path[PATH_MAX], real[PATH_MAX];

	if (strncmp(name, "virtfn", 6) ||
	    snprintf(path, sizeof(path), "%s/%s", dir, name) >= (int)sizeof(path) ||
	    !realpath(path, real))
		return 0;
	return walk(w, real, 0);
}

int nodes_read(struct bx_handle *h, const struct bx_devref *ref,
	       struct records *nodes)
{
	struct walk w = { .h = h, .nodes = nodes };
	char path[PATH_MAX], real[PATH_MAX];
	int err;

	*nodes = (struct records) {};
	snprintf(path, sizeof(path), "%s/bus/%s/devices/%s", h->sysfs, ref->bus,
		 ref->name);
	if (!realpath(path, real))
		return fail(h, BX_FAULT_USAGE, errno == ENOENT ? ENODEV : errno,
			    "cannot find out whether '%s/%s' is in use: cannot read '%s': %s",
			    ref->bus, ref->name, path, strerror(errno));
	err = walk(&w, real, 0);
	if (!err)
		err = each_entry(&w, real, "", on_function, NULL);
	snprintf(path, sizeof(path), "%s/fs/btrfs", h->sysfs);
	return err ?: each_entry(&w, path, "", on_btrfs, NULL);
}
