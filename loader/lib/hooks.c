// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: hooks that are not pinned below the pin directory
 *
 * Any program can attach a hook and pin its link anywhere, as bpftool does.  The kernel
 * lists all links.  A tracing link ends with its last reference, so detaching such a hook
 * removes its pins.
 */
#define _XOPEN_SOURCE 700
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>

#include "internal.h"

#define PROG_NAME_LEN	15	/* the kernel keeps no more of a program's name */
#define GONE_MS		2000
#define POLL_US		10000

/* Calls @fn for each hook that none of @known is. */
static int hooks_elsewhere(const uint32_t *known, size_t nr_known,
			   bx_pin_fn fn, void *arg)
{
	struct bx_pin pin = {
		.kind = BX_ITEM_HOOK, .live = true, .elsewhere = true,
	};
	int fd, ret = 0;

	while (!ret) {
		bool skip = false;

		fd = kernel_next_hook(&pin.link_id, pin.name, sizeof(pin.name));
		if (fd < 0)
			break;
		close(fd);
		for (size_t i = 0; i < nr_known; i++)
			skip |= known[i] == pin.link_id;
		if (!skip)
			ret = fn(&pin, arg);
	}
	return ret;
}

static bool is_attached(uint32_t link_id)
{
	char name[BX_DEV_NAME_LEN];
	uint32_t id = link_id - 1;
	int fd = kernel_next_hook(&id, name, sizeof(name));

	if (fd < 0)
		return false;
	close(fd);
	return id == link_id;
}

/* The link whose pins nftw() looks for; it has no argument for its callback. */
static uint32_t wanted;

static int unpin(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	struct kernel_link link;
	int fd;

	if (type != FTW_F)
		return 0;
	fd = kernel_open_pin(path);
	if (fd < 0)
		return 0;
	/* pins of maps and programs do not count */
	if (!kernel_link_info(fd, &link) && !link.policy && link.id == wanted)
		unlink(path);
	close(fd);
	return 0;
}

/* The root of the BPF file system of the pin directory */
static void find_root(struct bx_handle *h, char *root, size_t size)
{
	char *slash;

	copy_name(root, size, h->pin_dir);
	while (access(root, F_OK) && (slash = strrchr(root, '/')) && slash != root)
		*slash = '\0';
	for (;;) {
		char parent[PATH_MAX];

		copy_name(parent, sizeof(parent), root);
		slash = strrchr(parent, '/');
		if (!slash || slash == parent)
			return;
		*slash = '\0';
		if (kernel_is_bpf_fs(parent) <= 0)
			return;
		copy_name(root, size, parent);
	}
}

static int detach_link(struct bx_handle *h, const char *name, uint32_t link_id)
{
	char root[PATH_MAX];
	uint64_t end = now_ms() + GONE_MS;

	find_root(h, root, sizeof(root));
	wanted = link_id;
	nftw(root, unpin, 16, FTW_PHYS | FTW_MOUNT);
	/* the kernel ends the link a moment later */
	while (is_attached(link_id)) {
		if (now_ms() >= end)
			return fail(h, BX_FAULT_STATE, EBUSY,
				    "cannot detach hook '%s': a process holds its link %u, or a pin outside of '%s'",
				    name, link_id, root);
		usleep(POLL_US);
	}
	return 0;
}

struct pinned_hooks {
	bx_pin_fn	fn;
	void		*arg;
	uint32_t	id[64];
	size_t		count;
};

static int note_hook(const struct bx_pin *pin, void *arg)
{
	struct pinned_hooks *hooks = arg;

	if (hooks->count < sizeof(hooks->id) / sizeof(*hooks->id))
		hooks->id[hooks->count++] = pin->link_id;
	return hooks->fn(pin, hooks->arg);
}

int bx_list_pins(struct bx_handle *h, bx_pin_fn fn, void *arg)
{
	struct pinned_hooks hooks = { .fn = fn, .arg = arg };

	return pins_each(h, BX_ITEM_POLICY, fn, arg) ?:
		pins_each(h, BX_ITEM_HOOK, note_hook, &hooks) ?:
		hooks_elsewhere(hooks.id, hooks.count, fn, arg);
}

struct hook_search {
	const char	*name;
	uint32_t	link_id;
};

static int match_hook(const struct bx_pin *pin, void *arg)
{
	struct hook_search *s = arg;

	if (strncmp(pin->name, s->name, PROG_NAME_LEN))
		return 0;
	s->link_id = pin->link_id;
	return 1;
}

/* Detaches the hooks of a name; returns their number, or an errno. */
int hooks_detach(struct bx_handle *h, const char *name)
{
	int err, n = 0;

	for (;; n++) {
		struct hook_search s = { .name = name };

		if (!hooks_elsewhere(NULL, 0, match_hook, &s))
			return n;
		err = detach_link(h, name, s.link_id);
		if (err)
			return err;
	}
}
