// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: the pin directory and its lock
 *
 *	PIN_DIR/policies/KEY/link	the policy's link; KEY is NAME or NAME@shadow
 *	PIN_DIR/policies/KEY/map	the map that the link carries
 *	PIN_DIR/policies/KEY/next-*	during an upgrade: those of the new version
 *	PIN_DIR/policies/KEY/back-*	when it is rolled back: those of the old version
 *	PIN_DIR/hooks/PROGRAM		a hook's link
 *	PIN_DIR/hooks/PROGRAM+new	while a hook is being replaced
 *	PIN_DIR/bundles/NAME/MARK	the active state of an installed bundle
 *	PIN_DIR/bundles/NAME/@MARK	the active state of its canary
 *	PIN_DIR/bundles/NAME/+KEY	a policy of the bundle; all three are folders, since
 *					a BPF file system has only pins and folders
 *
 * A BPF file system has no dots in names: a dot in a policy's name is written as
 * a colon.  Every process that changes something here holds flock() on PIN_DIR, whose mode
 * is 0700, so that no other user can hold this lock.
 *
 * A process may die between any two steps.  A map is pinned before its link, so
 * a link always has a map beside it; a map without a link is stale.  A new policy is
 * pinned before it is active, and the replaced one until after that, so of the links
 * of one name at most one carries an active policy, and the kernel tells which: this is
 * the policy's link, under whichever name it is pinned.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>

#include "files.h"
#include "internal.h"

static void pin_path(struct bx_handle *h, char *buf, const char *kind,
		     const char *name, const char *file)
{
	char *p;
	int at;

	at = snprintf(buf, PATH_MAX, "%s/%s/", h->pin_dir, kind);
	snprintf(buf + at, PATH_MAX - at, "%s%s", name, file);
	for (p = buf + at; *p && p < buf + at + strlen(name); p++)
		if (*p == '.')
			*p = ':';
}

static int make_dir(struct bx_handle *h, const char *path)
{
	if (!mkdir(path, 0700) || errno == EEXIST)
		return 0;
	return fail(h, errno == EPERM || errno == EACCES ?
		    BX_FAULT_PERMISSION : BX_FAULT_FAILED, errno,
		    "cannot create '%s': %s", path, strerror(errno));
}

/* Returns 1 when @path exists, 0 when not, or an errno with a message. */
static int is_there(struct bx_handle *h, const char *path)
{
	if (!access(path, F_OK))
		return 1;
	if (errno == ENOENT)
		return 0;
	return fail(h, BX_FAULT_FAILED, errno, "cannot look at '%s': %s", path,
		    strerror(errno));
}

static int cannot_remove(struct bx_handle *h, const char *path)
{
	return fail(h, BX_FAULT_FAILED, errno, "cannot remove '%s': %s", path,
		    strerror(errno));
}

/* Removes a directory unless it has entries. */
static int remove_dir(struct bx_handle *h, const char *path)
{
	return rmdir(path) && errno != ENOENT && errno != ENOTEMPTY ?
		cannot_remove(h, path) : 0;
}

/* The usual mount point of a BPF file system */
#define BPF_FS	"/sys/fs/bpf"

static int make_pin_dir(struct bx_handle *h)
{
	char path[PATH_MAX];
	char *slash;
	int err, ret;

	strcpy(path, h->pin_dir);
	slash = strrchr(path, '/');
	ret = kernel_is_bpf_fs(path);
	if (ret < 0 && slash && slash > path) {
		*slash = '\0';
		ret = kernel_is_bpf_fs(path);
	}
	if (ret < 0)
		return fail(h, BX_FAULT_FAILED, ret,
			    "cannot pin below '%s': %s", path, strerror(-ret));
	if (!ret)
		return fail(h, BX_FAULT_FAILED, ENOTSUP,
			    "cannot pin in '%s': it is not on a BPF file system%s",
			    h->pin_dir, strncmp(h->pin_dir, BPF_FS "/",
						strlen(BPF_FS "/")) ? "" :
			    "; run 'mount -t bpf none " BPF_FS "'");
	err = make_dir(h, h->pin_dir);
	if (err)
		return err;
	snprintf(path, sizeof(path), "%s/policies", h->pin_dir);
	err = make_dir(h, path);
	if (err)
		return err;
	snprintf(path, sizeof(path), "%s/hooks", h->pin_dir);
	return make_dir(h, path);
}

/*
 * Locks the pin directory, and creates it if necessary.  Signals that end the process
 * are blocked until pins_unlock().
 */
int pins_lock(struct bx_handle *h)
{
	int err = make_pin_dir(h) ?: dir_lock(h, h->pin_dir, &h->lock_fd);

	if (!err)
		hold_signals(h);
	return err;
}

void pins_unlock(struct bx_handle *h)
{
	if (h->lock_fd < 0)
		return;
	close(h->lock_fd);
	h->lock_fd = -1;
	release_signals(h);
}

static int get_pin(struct bx_handle *h, const char *name, const char *file)
{
	char path[PATH_MAX];

	pin_path(h, path, "policies", name, file);
	return kernel_open_pin(path);
}

static int put_pin(struct bx_handle *h, const char *name, const char *file,
		   int fd)
{
	char path[PATH_MAX];
	int err;

	pin_path(h, path, "policies", name, file);
	unlink(path);
	err = kernel_pin(fd, path);
	if (!err)
		return 0;
	return fail(h, BX_FAULT_FAILED, err, "cannot pin '%s': %s", path,
		    strerror(-err));
}

static const char *const roles[] = {
	[PIN_NEXT]	= "/next-",
	[PIN_BACK]	= "/back-",
};

static void role_file(char *buf, size_t size, enum pin_role role,
		      const char *file)
{
	snprintf(buf, size, "%s%s", roles[role], file);
}

static int rename_pin(struct bx_handle *h, const char *name, const char *from,
		      const char *to)
{
	char old[PATH_MAX], new[PATH_MAX];

	pin_path(h, old, "policies", name, from);
	pin_path(h, new, "policies", name, to);
	if (!rename(old, new))
		return 0;
	return fail(h, BX_FAULT_FAILED, errno,
		    "cannot rename '%s' to '%s': %s", old, new,
		    strerror(errno));
}

/* Checks whether the pinned link @file carries the active policy. */
static int try_link(struct bx_handle *h, const char *name, const char *file,
		    struct policy_pin *pin)
{
	int fd = get_pin(h, name, file), ret;

	if (fd == -EPERM)
		return fail(h, BX_FAULT_PERMISSION, EPERM,
			    "cannot open the pins of '%s': this needs CAP_SYS_ADMIN",
			    name);
	if (fd == -ENOENT)
		return 0;
	if (fd < 0)
		return fail(h, BX_FAULT_FAILED, fd,
			    "cannot open the pins of '%s': %s", name,
			    strerror(-fd));
	ret = link_policy(h, fd, &pin->rec);
	if (ret > 0 && pin->rec.stage == BX_STAGE_ACTIVE) {
		pin->link_fd = fd;
		return 1;
	}
	close(fd);
	return ret < 0 ? ret : 0;
}

/* Ends an upgrade that was interrupted when the process died. */
static int end_upgrade(struct bx_handle *h, const char *name,
		       struct policy_pin *pin)
{
	char file[32], path[PATH_MAX];
	bool found = false;
	int ret = 0;

	for (int role = PIN_NEXT; !ret && role <= PIN_BACK; role++) {
		role_file(file, sizeof(file), role, "link");
		pin_path(h, path, "policies", name, file);
		ret = is_there(h, path);
		if (ret <= 0)
			continue;
		found = true;
		ret = pin->link_fd < 0 ? try_link(h, name, file, pin) : 0;
		if (ret <= 0)
			continue;
		note(h, "ending an interrupted upgrade of '%s'", name);
		ret = pins_switch(h, name, role);
	}
	if (ret < 0)
		return ret;
	if (found && pin->link_fd >= 0 && pin->state != PIN_LIVE)
		pin->state = PIN_LIVE;
	else if (found && pin->state == PIN_LIVE)
		note(h, "an upgrade of '%s' was interrupted before it took effect",
		     name);
	return pins_unstage(h, name, PIN_NEXT) ?:
		pins_unstage(h, name, PIN_BACK);
}

/* Opens the map of the active link, and pins it again if its pin is missing. */
static void open_map(struct bx_handle *h, const char *name,
		     struct policy_pin *pin)
{
	uint32_t attached = link_map_id(pin->link_fd);

	pin->map_fd = get_pin(h, name, "/map");
	if (pin->map_fd >= 0) {
		if (kernel_map_id(pin->map_fd) != attached)
			pin->state = PIN_FOREIGN;
		return;
	}
	pin->map_fd = kernel_map_by_id(attached);
	if (pin->map_fd >= 0 && !put_pin(h, name, "/map", pin->map_fd))
		note(h, "the pin of the map of '%s' was missing and is made again",
		     name);
}

/*
 * Opens the pins of @name, and repairs them where that is possible.  The caller holds the
 * lock.
 */
int pins_open(struct bx_handle *h, const char *name, struct policy_pin *pin)
{
	char path[PATH_MAX];
	int ret;

	*pin = (struct policy_pin) { PIN_NONE, -1, -1, {} };
	pin_path(h, path, "policies", name, "");
	ret = is_there(h, path);
	if (ret <= 0)
		return ret;
	pin->state = PIN_STALE;
	ret = try_link(h, name, "/link", pin);
	if (ret > 0)
		pin->state = PIN_LIVE;
	if (ret >= 0)
		ret = end_upgrade(h, name, pin);
	if (ret >= 0 && pin->state == PIN_LIVE)
		open_map(h, name, pin);
	if (ret < 0)
		pins_close(pin);
	return ret;
}

void pins_close(struct policy_pin *pin)
{
	if (pin->link_fd >= 0)
		close(pin->link_fd);
	if (pin->map_fd >= 0)
		close(pin->map_fd);
	pin->link_fd = -1;
	pin->map_fd = -1;
}

int pins_stage(struct bx_handle *h, const char *name, enum pin_role role,
	       int link_fd, int map_fd)
{
	char path[PATH_MAX], file[32];
	int err;

	pin_path(h, path, "policies", name, "");
	err = make_dir(h, path);
	role_file(file, sizeof(file), role, "map");
	if (!err)
		err = put_pin(h, name, file, map_fd);
	role_file(file, sizeof(file), role, "link");
	if (!err)
		err = put_pin(h, name, file, link_fd);
	if (err)
		pins_unstage(h, name, role);
	return err;
}

/*
 * Ends a link whose policy is not active.  Without its pin it would end as well, but some
 * time later, and its name would be in use until then.
 */
static void end_link(struct bx_handle *h, const char *name, const char *file)
{
	int fd = get_pin(h, name, file);

	if (fd < 0)
		return;
	kernel_detach(fd);
	close(fd);
}

/* Renames the staged link, whose policy is now active, and ends the previous link. */
int pins_switch(struct bx_handle *h, const char *name, enum pin_role role)
{
	char file[32], path[PATH_MAX];
	int err;

	end_link(h, name, "/link");
	role_file(file, sizeof(file), role, "map");
	pin_path(h, path, "policies", name, file);
	err = is_there(h, path);
	if (err > 0)
		err = rename_pin(h, name, file, "/map");
	role_file(file, sizeof(file), role, "link");
	return err ?: rename_pin(h, name, file, "/link");
}

static int remove_file(struct bx_handle *h, const char *name, const char *file)
{
	char path[PATH_MAX];

	pin_path(h, path, "policies", name, file);
	return remove_file_at(h, path);
}

/* Ends a staged link; its folder stays as long as it has other entries. */
int pins_unstage(struct bx_handle *h, const char *name, enum pin_role role)
{
	char file[32], path[PATH_MAX];
	int err;

	role_file(file, sizeof(file), role, "link");
	end_link(h, name, file);
	err = remove_file(h, name, file);
	role_file(file, sizeof(file), role, "map");
	if (!err)
		err = remove_file(h, name, file);
	pin_path(h, path, "policies", name, "");
	return err ?: remove_dir(h, path);
}

int pins_remove(struct bx_handle *h, const char *name)
{
	return remove_file(h, name, "/link") ?:
		remove_file(h, name, "/map") ?:
		pins_unstage(h, name, PIN_NEXT) ?:
		pins_unstage(h, name, PIN_BACK);
}

/* Ends the link of a deactivated policy and removes its pins. */
int pins_end(struct bx_handle *h, const char *name)
{
	end_link(h, name, "/link");
	return pins_remove(h, name);
}

/* Pins the new hook and then removes the old one, since a hook cannot be updated in place. */
int pins_write_hook(struct bx_handle *h, const char *name, int link_fd,
		    bool *replaced)
{
	char path[PATH_MAX], staged[PATH_MAX];
	int err;

	pin_path(h, path, "hooks", name, "");
	pin_path(h, staged, "hooks", name, "+new");
	*replaced = !access(path, F_OK);
	unlink(staged);
	err = kernel_pin(link_fd, staged);
	if (!err && rename(staged, path))
		err = -errno;
	if (!err)
		return 0;
	fail(h, BX_FAULT_FAILED, err, "cannot pin '%s': %s", path,
	     strerror(-err));
	unlink(staged);
	return -EIO;
}

int pins_remove_hook(struct bx_handle *h, const char *name)
{
	char path[PATH_MAX];

	pin_path(h, path, "hooks", name, "+new");
	unlink(path);
	pin_path(h, path, "hooks", name, "");
	return unlink(path) ? -errno : 0;
}

/* ---- active policies of a bundle ---- */

static int visible(const struct dirent *d)
{
	return d->d_name[0] != '.' && !strchr(d->d_name, '+');
}

static int is_current_mark(const struct dirent *d)
{
	return visible(d) && d->d_name[0] != '@';
}

static int is_canary_mark(const struct dirent *d)
{
	return d->d_name[0] == '@';
}

static int owned(const struct dirent *d)
{
	return d->d_name[0] == '+';
}

/* Lists a bundle's folders; returns their number, or an errno with a message. */
static int bundle_folders(struct bx_handle *h, const char *bundle,
			  int (*filter)(const struct dirent *d),
			  struct dirent ***list)
{
	char dir[PATH_MAX];
	int n;

	pin_path(h, dir, "bundles", bundle, "");
	*list = NULL;
	n = scandir(dir, list, filter, alphasort);
	if (n >= 0)
		return n;
	*list = NULL;
	return errno == ENOENT ? 0 :
		fail(h, BX_FAULT_FAILED, errno, "cannot read '%s': %s", dir,
		     strerror(errno));
}

static void free_folders(struct dirent **list, int n)
{
	while (n-- > 0)
		free(list[n]);
	free(list);
}

static void mark_path(struct bx_handle *h, char *path, const char *bundle,
		      const char *mark)
{
	char file[300];

	snprintf(file, sizeof(file), "/%s", mark);
	pin_path(h, path, "bundles", bundle, file);
}

static void owned_path(struct bx_handle *h, char *path, const char *bundle,
		       const char *policy)
{
	char folder[BX_DEV_NAME_LEN + 2];

	snprintf(folder, sizeof(folder), "+%s", policy);
	for (char *p = folder; *p; p++)
		if (*p == '.')
			*p = ':';
	mark_path(h, path, bundle, folder);
}

/* Reads a mark, which is empty when there is none; returns an errno with a message. */
static int read_mark(struct bx_handle *h, const char *bundle,
		     int (*filter)(const struct dirent *d), char *mark)
{
	struct dirent **list;
	int n = bundle_folders(h, bundle, filter, &list);

	copy_name(mark, MARK_SIZE, n > 0 ? list[0]->d_name : "");
	free_folders(list, n);
	return n < 0 ? n : 0;
}

/* Reads the state of a bundle's pins; the caller frees @pins->owned.name. */
int pins_of_bundle(struct bx_handle *h, const char *bundle,
		   struct bundle_pins *pins)
{
	*pins = (struct bundle_pins) {};
	return read_mark(h, bundle, is_current_mark, pins->current) ?:
		read_mark(h, bundle, is_canary_mark, pins->canary) ?:
		pins_owned(h, bundle, SLOT_ALL, &pins->owned);
}

bool pins_marked(struct bx_handle *h, const char *bundle, const char *mark)
{
	char now[MARK_SIZE];

	return !read_mark(h, bundle, mark[0] == '@' ? is_canary_mark :
			  is_current_mark, now) && !strcmp(now, mark);
}

/* Removes the marks of @slot. */
int pins_unmark(struct bx_handle *h, const char *bundle, enum slot slot)
{
	struct dirent **list;
	char path[PATH_MAX];
	int n = bundle_folders(h, bundle, slot == SLOT_ALL ? visible :
			       slot == SLOT_CANARY ? is_canary_mark :
			       is_current_mark, &list);
	int err = n < 0 ? n : 0;

	for (int i = 0; !err && i < n; i++) {
		mark_path(h, path, bundle, list[i]->d_name);
		err = remove_dir(h, path);
	}
	free_folders(list, n);
	return err;
}

/* Lists the keys of a bundle's policies that are active, or were about to be. */
int pins_owned(struct bx_handle *h, const char *bundle, enum slot slot,
	       struct names *keys)
{
	struct dirent **list;
	int n = bundle_folders(h, bundle, owned, &list);
	int err = n < 0 ? n : 0;

	for (int i = 0; !err && i < n; i++) {
		char *name = list[i]->d_name + 1;

		for (char *p = name; *p; p++)
			if (*p == ':')
				*p = '.';
		if (slot_has(slot, name))
			err = names_add(h, keys, name);
	}
	free_folders(list, n);
	return err;
}

/* Makes the bundle the owner of more policies, before they are active. */
int pins_own(struct bx_handle *h, const char *bundle,
	     const struct names *keys)
{
	char path[PATH_MAX];
	int err;

	snprintf(path, sizeof(path), "%s/bundles", h->pin_dir);
	err = make_dir(h, path);
	pin_path(h, path, "bundles", bundle, "");
	if (!err)
		err = make_dir(h, path);
	for (unsigned int i = 0; !err && i < keys->count; i++) {
		owned_path(h, path, bundle, keys->name[i]);
		err = make_dir(h, path);
	}
	return err;
}

/* Ends the ownership of the bundle's policies of @slot except those in @keep; NULL: none. */
int pins_disown(struct bx_handle *h, const char *bundle, enum slot slot,
		const struct names *keep)
{
	struct names now = {};
	char path[PATH_MAX];
	int err = pins_owned(h, bundle, slot, &now);

	for (unsigned int i = 0; !err && i < now.count; i++) {
		if (keep && names_have(keep, now.name[i]))
			continue;
		owned_path(h, path, bundle, now.name[i]);
		err = remove_dir(h, path);
	}
	free(now.name);
	pin_path(h, path, "bundles", bundle, "");
	/* the folder stays if it has other entries */
	return err || keep ? err : remove_dir(h, path);
}

/* Creates a mark, after the whole bundle was activated. */
int pins_mark(struct bx_handle *h, const char *bundle, const char *mark)
{
	char path[PATH_MAX];

	mark_path(h, path, bundle, mark);
	return make_dir(h, path);
}

/* Lists the bundles that have active policies, or were about to. */
int pins_list_bundles(struct bx_handle *h, struct names *bundles)
{
	struct dirent **list;
	char path[PATH_MAX];
	int n, err = 0;

	snprintf(path, sizeof(path), "%s/bundles", h->pin_dir);
	n = scandir(path, &list, visible, alphasort);
	if (n < 0 && errno != ENOENT)
		return fail(h, BX_FAULT_FAILED, errno, "cannot read '%s': %s",
			    path, strerror(errno));
	for (int i = 0; i < n; i++) {
		for (char *p = list[i]->d_name; *p; p++)
			if (*p == ':')
				*p = '.';
		if (!err)
			err = names_add(h, bundles, list[i]->d_name);
	}
	if (n >= 0)
		free_folders(list, n);
	return err;
}

static void fill_pin(struct bx_handle *h, const char *file,
		     struct bx_pin *pin)
{
	struct kernel_link link;
	char path[PATH_MAX], *p;
	int fd;

	copy_name(pin->name, sizeof(pin->name), file);
	while ((p = strchr(pin->name, ':')))
		*p = '.';
	pin_path(h, path, pin->kind == BX_ITEM_POLICY ? "policies" : "hooks",
		 pin->name, pin->kind == BX_ITEM_POLICY ? "/link" : "");
	fd = kernel_open_pin(path);
	if (fd < 0)
		return;
	if (!kernel_link_info(fd, &link)) {
		pin->link_id = link.id;
		pin->live = !link.policy || link.map_id;
	}
	close(fd);
}

/* Calls @fn for each pinned policy, or each pinned hook, by name. */
int pins_each(struct bx_handle *h, enum bx_item_kind kind, bx_pin_fn fn,
	      void *arg)
{
	struct dirent **list;
	char path[PATH_MAX];
	int i, n, ret = 0;

	snprintf(path, sizeof(path), "%s/%s", h->pin_dir,
		 kind == BX_ITEM_POLICY ? "policies" : "hooks");
	n = scandir(path, &list, visible, alphasort);
	if (n < 0 && errno == ENOENT)
		return 0;
	if (n < 0)
		return fail(h, errno == EACCES ? BX_FAULT_PERMISSION :
			    BX_FAULT_FAILED, errno, "cannot read '%s': %s",
			    path, strerror(errno));
	for (i = 0; i < n; i++) {
		struct bx_pin pin = { .kind = kind };

		if (!ret) {
			fill_pin(h, list[i]->d_name, &pin);
			ret = fn(&pin, arg);
		}
		free(list[i]);
	}
	free(list);
	return ret;
}
