// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: what would lose a device if its driver was unbound
 */
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "holders.h"

/**
 * struct search - the search for the users of a device
 * @h: the handle
 * @u: the system's device nodes in use
 * @nodes: the nodes of the device
 * @fn: called for each use
 * @arg: second argument of @fn
 * @block: a block device is in use
 */
struct search {
	struct bx_handle	*h;
	const struct usage	*u;
	struct records		nodes;
	bx_holder_fn		fn;
	void			*arg;
	bool			block;
};

/* ---- words ---- */

const char *bx_holder_kind_text(enum bx_holder_kind kind)
{
	static const char *const keys[] = {
		[BX_HOLDER_MOUNT]	= "mount",
		[BX_HOLDER_SWAP]	= "swap",
		[BX_HOLDER_STACK]	= "stack",
		[BX_HOLDER_CLAIM]	= "claim",
		[BX_HOLDER_PROCESS]	= "process",
		[BX_HOLDER_NETWORK]	= "network",
		[BX_HOLDER_ROUTE]	= "route",
		[BX_HOLDER_BRIDGE]	= "bridge",
		[BX_HOLDER_CONSOLE]	= "console",
		[BX_HOLDER_DISPLAY]	= "display",
	};

	return kind < sizeof(keys) / sizeof(*keys) ? keys[kind] : "unknown";
}

const char *bx_holder_text(char *buf, size_t size, const struct bx_holder *o)
{
	switch (o->kind) {
	case BX_HOLDER_MOUNT:
		if (o->pid)
			snprintf(buf, size, "%s is mounted on '%s' for process %d",
				 o->node, o->by, o->pid);
		else
			snprintf(buf, size, "%s is mounted on '%s'", o->node, o->by);
		break;
	case BX_HOLDER_SWAP:
		snprintf(buf, size, "%s is swap space", o->node);
		break;
	case BX_HOLDER_STACK:
	case BX_HOLDER_BRIDGE:
		snprintf(buf, size, "%s is a part of %s", o->node, o->by);
		break;
	case BX_HOLDER_CLAIM:
		snprintf(buf, size, "%s is in exclusive use", o->node);
		break;
	case BX_HOLDER_PROCESS:
		snprintf(buf, size, "%s is open in process %d (%s)", o->node, o->pid,
			 o->by);
		break;
	case BX_HOLDER_NETWORK:
		snprintf(buf, size, "%s is up", o->node);
		break;
	case BX_HOLDER_ROUTE:
		snprintf(buf, size, "%s is up and has a default route", o->node);
		break;
	case BX_HOLDER_CONSOLE:
		snprintf(buf, size, "%s is a console", o->node);
		break;
	case BX_HOLDER_DISPLAY:
		snprintf(buf, size, "%s is %s", o->node, o->by);
		break;
	default:
		snprintf(buf, size, "%s is in use", o->node);
	}
	return buf;
}

static int found(struct search *s, const struct node *n, enum bx_holder_kind kind,
		 const char *by, int pid)
{
	struct bx_holder holder = {
		.kind = kind, .node = n->name, .by = by, .pid = pid,
	};

	s->block |= n->kind == NODE_BLOCK || n->kind == NODE_ALIAS || n->kind == NODE_STACK;
	return s->fn(&holder, s->arg);
}

/* ---- device nodes ---- */

static int find_users(struct search *s, const struct node *n,
		      const struct records *users, enum bx_holder_kind kind)
{
	int ret = 0;

	for (size_t i = 0; !ret && i < users->count; i++) {
		const struct user *user = record(users, i);
		bool block = n->kind != NODE_CHAR;

		if (user->dev == n->dev && user->block == block)
			ret = found(s, n, kind, kind == BX_HOLDER_PROCESS ?
				    user->process : user->where, user->pid);
	}
	return ret;
}

static int find_block(struct search *s, const struct node *n)
{
	struct node below = *n;
	int ret = 0;

	/* the device is told to be a part of the other one; its partitions are clear */
	if (n->kind == NODE_STACK) {
		char partition[16];

		copy_name(below.name, sizeof(below.name), n->below);
		if (!node_attr(n->dir, "partition", partition, sizeof(partition)))
			ret = found(s, &below, BX_HOLDER_STACK, n->name, 0);
	}
	if (!ret)
		ret = find_users(s, n, &s->u->mounts, BX_HOLDER_MOUNT);
	if (!ret && n->kind != NODE_ALIAS)
		ret = find_users(s, n, &s->u->swaps, BX_HOLDER_SWAP);
	if (!ret && n->kind != NODE_ALIAS)
		ret = find_users(s, n, &s->u->opens, BX_HOLDER_PROCESS);
	return ret;
}

/*
 * The kernel does not open a block device exclusively while something else in it, for
 * example a file system on several devices, has done that.
 */
static int find_claim(struct search *s, const struct node *n)
{
	char path[PATH_MAX];
	int fd;

	if (n->kind != NODE_BLOCK)
		return 0;
	snprintf(path, sizeof(path), "%s/%s", s->h->dev, n->name + strlen("/dev/"));
	fd = open(path, O_RDONLY | O_EXCL | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0)
		close(fd);
	return fd < 0 && errno == EBUSY ? found(s, n, BX_HOLDER_CLAIM, "", 0) : 0;
}

static bool has_word(const char *text, const char *word)
{
	size_t len = strlen(word);

	for (; (text = strstr(text, word)); text += len)
		if (!text[len] || text[len] == ' ')
			return true;
	return false;
}

static int find_char(struct search *s, const struct node *n)
{
	char subsystem[32], consoles[256];

	node_link(n->dir, "subsystem", subsystem, sizeof(subsystem));
	if (!strcmp(subsystem, "tty") &&
	    read_sysfs(s->h, "class/tty/console/active", consoles, sizeof(consoles)) > 0 &&
	    has_word(consoles, strrchr(n->dir, '/') + 1)) {
		int ret = found(s, n, BX_HOLDER_CONSOLE, "", 0);

		if (ret)
			return ret;
	}
	return find_users(s, n, &s->u->opens, BX_HOLDER_PROCESS);
}

/* ---- network interfaces ---- */

static int find_net(struct search *s, const struct node *n)
{
	char flags[16], master[64];
	bool up = node_attr(n->dir, "flags", flags, sizeof(flags)) &&
		strtoul(flags, NULL, 16) & IFF_UP;

	if (node_link(n->dir, "master", master, sizeof(master)))
		return found(s, n, BX_HOLDER_BRIDGE, master, 0);
	for (size_t i = 0; up && i < s->u->routes.count; i++)
		if (!strcmp(record(&s->u->routes, i), n->name))
			return found(s, n, BX_HOLDER_ROUTE, "", 0);
	return up ? found(s, n, BX_HOLDER_NETWORK, "", 0) : 0;
}

/* ---- displays ---- */

static bool is_ours(const struct search *s, const char *name)
{
	for (size_t i = 0; i < s->nodes.count; i++) {
		const struct node *n = record(&s->nodes, i);

		if (n->kind == NODE_DISPLAY && !strcmp(n->name, name))
			return true;
	}
	return false;
}

/* Counts the cards with connectors, without those of the device; and frame buffers. */
static unsigned int other_displays(const struct search *s)
{
	static const char *const classes[] = { "drm", "graphics" };
	unsigned int others = 0;

	for (size_t i = 0; i < 2; i++) {
		char path[PATH_MAX], name[64];
		struct dirent *d;
		DIR *all;

		snprintf(path, sizeof(path), "%s/class/%s", s->h->sysfs, classes[i]);
		all = opendir(path);
		while (all && (d = readdir(all))) {
			bool connector = strchr(d->d_name, '-');

			copy_name(name, sizeof(name), d->d_name);
			name[strcspn(name, "-")] = '\0';
			if ((!strncmp(name, "card", 4) && connector) ||
			    (!strncmp(name, "fb", 2) && isdigit(name[2])))
				others += !is_ours(s, name);
		}
		if (all)
			closedir(all);
	}
	return others;
}

/* Returns whether the console is on frame buffers, the first of which it uses. */
static bool on_framebuffer(const struct search *s)
{
	char file[64], text[64];

	for (unsigned int i = 0; i < 4; i++) {
		snprintf(file, sizeof(file), "class/vtconsole/vtcon%u/name", i);
		if (read_sysfs(s->h, file, text, sizeof(text)) <= 0 ||
		    !strstr(text, "frame buffer"))
			continue;
		snprintf(file, sizeof(file), "class/vtconsole/vtcon%u/bind", i);
		if (read_sysfs(s->h, file, text, sizeof(text)) > 0 && text[0] == '1')
			return true;
	}
	return false;
}

static int find_display(struct search *s, const struct node *n)
{
	char boot[8];

	if (!other_displays(s))
		return found(s, n, BX_HOLDER_DISPLAY, "the only display", 0);
	if (!strcmp(n->name, "fb0") && on_framebuffer(s))
		return found(s, n, BX_HOLDER_DISPLAY, "the console's display", 0);
	if (node_attr(n->dir, "device/boot_vga", boot, sizeof(boot)) && boot[0] == '1')
		return found(s, n, BX_HOLDER_DISPLAY, "the firmware's display", 0);
	return 0;
}

/* ---- all of them ---- */

static int find(struct search *s, const struct node *n)
{
	switch (n->kind) {
	case NODE_CHAR:
		return find_char(s, n);
	case NODE_NET:
		return find_net(s, n);
	case NODE_DISPLAY:
		return find_display(s, n);
	default:
		return find_block(s, n);
	}
}

static int list_holders(struct bx_handle *h, const struct usage *u,
			const struct bx_devref *ref, bx_holder_fn fn, void *arg)
{
	struct search s = { .h = h, .u = u, .fn = fn, .arg = arg };
	int ret;

	ret = nodes_read(h, ref, &s.nodes);
	for (size_t i = 0; !ret && i < s.nodes.count; i++)
		ret = find(&s, record(&s.nodes, i));
	for (size_t i = 0; !ret && !s.block && i < s.nodes.count; i++)
		ret = find_claim(&s, record(&s.nodes, i));
	records_free(&s.nodes);
	return ret;
}

struct bx_usage {
	struct bx_handle	*h;
	struct usage		u;
};

int bx_usage_read(struct bx_handle *h, struct bx_usage **usage)
{
	int err;

	*usage = calloc(1, sizeof(**usage));
	if (!*usage)
		return fail(h, BX_FAULT_FAILED, ENOMEM, "out of memory");
	(*usage)->h = h;
	err = usage_read(h, &(*usage)->u);
	if (!err)
		return 0;
	bx_usage_free(*usage);
	*usage = NULL;
	return err;
}

int bx_usage_list(struct bx_usage *usage, const struct bx_devref *ref, bx_holder_fn fn,
		  void *arg)
{
	return list_holders(usage->h, &usage->u, ref, fn, arg);
}

void bx_usage_free(struct bx_usage *usage)
{
	if (usage)
		usage_free(&usage->u);
	free(usage);
}

int bx_list_holders(struct bx_handle *h, const struct bx_devref *ref,
		    bx_holder_fn fn, void *arg)
{
	struct bx_usage *usage;
	int ret;

	ret = bx_usage_read(h, &usage);
	if (!ret)
		ret = bx_usage_list(usage, ref, fn, arg);
	bx_usage_free(usage);
	return ret;
}

/* ---- lists that last ---- */

struct holder_text {
	char	node[96];
	char	by[256];
};

struct keep {
	struct bx_handle	*h;
	struct holders		*holders;
};

static int keep_holder(const struct bx_holder *holder, void *arg)
{
	struct keep *keep = arg;
	struct holder_text text;
	int err;

	copy_name(text.node, sizeof(text.node), holder->node);
	copy_name(text.by, sizeof(text.by), holder->by);
	err = records_add(keep->h, &keep->holders->texts, sizeof(text), &text);
	return err ?: records_add(keep->h, &keep->holders->list, sizeof(*holder),
				  holder);
}

int holders_read(struct bx_handle *h, const struct usage *u,
		 const struct bx_devref *ref, struct holders *holders)
{
	struct keep keep = { h, holders };
	int err;

	*holders = (struct holders) {};
	err = list_holders(h, u, ref, keep_holder, &keep);
	for (size_t i = 0; !err && i < holders->list.count; i++) {
		struct bx_holder *holder = record(&holders->list, i);
		const struct holder_text *text = record(&holders->texts, i);

		holder->node = text->node;
		holder->by = text->by;
	}
	return err;
}

void holders_free(struct holders *holders)
{
	records_free(&holders->list);
	records_free(&holders->texts);
}

/* ---- the error ---- */

#define SHOWN_HOLDERS	3	/* in a message */

struct refusal {
	char		text[900];
	unsigned int	count;
};

static int add_text(const struct bx_holder *holder, void *arg)
{
	struct refusal *r = arg;
	size_t at = strlen(r->text);
	char text[400];

	if (r->count++ < SHOWN_HOLDERS)
		snprintf(r->text + at, sizeof(r->text) - at, "%s%s", at ? "; " : "",
			 bx_holder_text(text, sizeof(text), holder));
	return 0;
}

/* Returns 0 if nothing uses the device; else the error names the users. */
int holders_refuse(struct bx_handle *h, const struct bx_devref *ref)
{
	struct refusal r = {};
	char more[32] = "", device[BX_NAME_LEN + BX_DEV_NAME_LEN];
	int err;

	err = bx_list_holders(h, ref, add_text, &r);
	if (err || !r.count)
		return err;
	if (r.count > SHOWN_HOLDERS)
		snprintf(more, sizeof(more), "; and %u more", r.count - SHOWN_HOLDERS);
	snprintf(device, sizeof(device), "%s/%s", ref->bus, ref->name);
	return hint(h, BX_HINT_FORCE, device,
		    fail(h, BX_FAULT_IN_USE, EBUSY, "'%s/%s' is in use: %s%s",
			 ref->bus, ref->name, r.text, more));
}
