/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * libbusext: who uses a device
 *
 *	usage.c		mounts, swap, open device nodes, routes of the whole system
 *	nodes.c		the nodes, interfaces and displays that exist through a device
 *	holders.c	both compared
 */
#ifndef _BUSEXT_HOLDERS_H
#define _BUSEXT_HOLDERS_H

#include <net/if.h>

#include "internal.h"

/**
 * struct user - a use of a device node
 * @dev: number of the node
 * @block: it is a block device
 * @pid: the process that has it open, or in whose namespace it is mounted; 0 for none
 * @process: name of that process
 * @where: of a mount, the mount point
 */
struct user {
	dev_t	dev;
	bool	block;
	pid_t	pid;
	char	process[32];
	char	where[256];
};

/**
 * struct usage - the system's device nodes in use
 * @mounts: struct user
 * @swaps: struct user
 * @opens: struct user
 * @routes: names of the interfaces with a default route, char[IFNAMSIZ]
 */
struct usage {
	struct records	mounts;
	struct records	swaps;
	struct records	opens;
	struct records	routes;
};

/**
 * enum node_kind - a thing that exists through a device
 * @NODE_BLOCK: a block device
 * @NODE_CHAR: a character device
 * @NODE_ALIAS: a block device of the same file system, which keeps existing
 * @NODE_STACK: a block device that is made of one of the device
 * @NODE_NET: a network interface
 * @NODE_DISPLAY: a graphics card or frame buffer
 */
enum node_kind {
	NODE_BLOCK,
	NODE_CHAR,
	NODE_ALIAS,
	NODE_STACK,
	NODE_NET,
	NODE_DISPLAY,
};

/**
 * struct node - a thing that exists through a device
 * @kind: its kind
 * @dev: its number, if it is a device node
 * @name: its name: "/dev/sda1", "eth0"
 * @dir: its directory in sysfs
 * @below: of NODE_STACK, the block device that it is made of
 */
struct node {
	enum node_kind	kind;
	dev_t		dev;
	char		name[96];
	char		dir[PATH_MAX];
	char		below[96];
};

/* usage.c: usage_free() after a failure, too */
int records_add(struct bx_handle *h, struct records *r, size_t size,
		const void *rec);
int usage_read(struct bx_handle *h, struct usage *u);
void usage_free(struct usage *u);

/* nodes.c: @nodes takes struct node */
int nodes_read(struct bx_handle *h, const struct bx_devref *ref,
	       struct records *nodes);
bool node_link(const char *dir, const char *name, char *buf, size_t size);
bool node_attr(const char *dir, const char *name, char *buf, size_t size);

/**
 * struct holders - the uses of a device
 * @list: struct bx_holder
 * @texts: struct holder_text, which @list points to
 */
struct holders {
	struct records	list;
	struct records	texts;
};

/* holders.c; holders_free() after a failure, too */
int holders_read(struct bx_handle *h, const struct usage *u,
		 const struct bx_devref *ref, struct holders *holders);
void holders_free(struct holders *holders);
int holders_refuse(struct bx_handle *h, const struct bx_devref *ref);

#endif /* _BUSEXT_HOLDERS_H */
