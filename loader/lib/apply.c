// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: activating the policies and hooks of objects, all of them or none
 *
 *	read and check -> load -> stage -> try -> commit -> settle -> verify -> report
 *	                           \____________________________________/
 *	                              on failure: roll back, and compare
 *
 * Policies are attached staged, so that no election asks them, and pinned.  Trial
 * elections of all devices in their scope check their results.  One commit activates all
 * of them and deactivates the policies that they replace, so an election sees the old ones
 * or the new ones.  A replaced policy stays pinned until the result is verified, and a
 * second commit activates it again if the check fails.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>

#include "internal.h"

const char *bx_exit_kind_text(__u32 kind)
{
	switch (kind) {
	case BX_EXIT_DETACH:
		return "it was detached";
	case BX_EXIT_UPDATE:
		return "it was replaced";
	case BX_EXIT_RETURN:
		return "it returned an impossible value";
	case BX_EXIT_ERROR:
		return "it reported an error of its own";
	case BX_EXIT_BAD_NAME:
		return "it named a driver with an impossible name";
	case BX_EXIT_BAD_RESULT:
		return "it gave a call an impossible result";
	case BX_EXIT_UNLISTED:
		return "it named a driver that it may not name";
	case BX_EXIT_SLOW:
		return "a program of it ran too long";
	default:
		return "the kernel gave an unknown reason";
	}
}

/* ---- attaching ---- */

static void append(char *buf, size_t size, const char *sep, const char *text)
{
	size_t len = strlen(buf);

	snprintf(buf + len, size - len, "%s%s", len ? sep : "", text);
}

struct bus_list {
	char	text[256];
};

static int list_bus(const char *bus, void *arg)
{
	struct bus_list *list = arg;

	append(list->text, sizeof(list->text), ", ", bus);
	return 0;
}

static int in_use(struct bx_handle *h, const struct item *item,
		  const struct bx_policy_rec *rec)
{
	const struct bx_applied *about = &item->about;

	return hint(h, BX_HINT_DETACH, item->key,
		    fail(h, BX_FAULT_CONFLICT, EEXIST,
			 "cannot attach '%s' to %s: the name is in use (link %u, version %u) and not pinned in '%s'",
			 item->key, about->target, rec->link_id, rec->version,
			 h->pin_dir));
}

/* Returns the reason of an errno, for use when the kernel gives no reason of its own. */
static const char *attach_reason(int err)
{
	switch (err) {
	case -EOPNOTSUPP:
		return "the kernel does not let bus_ext refuse drivers on this bus";
	case -E2BIG:
		return "there are too many policies";
	case -EEXIST:
		return "another process is activating a policy of that name; try again";
	case -ENAMETOOLONG:
		return "its name or its bus is too long";
	case -EINVAL:
		return "one of its fields is not valid";
	default:
		return strerror(-err);
	}
}

static int attach_failed(struct bx_handle *h, const struct item *item,
			 const char *refused, int err)
{
	const struct bx_applied *about = &item->about;
	struct bus_list buses = {};
	char why[256];

	refusal(h, item->key, refused, why, sizeof(why));
	/* the errno comes from the policy's init(), not from the kernel's checks */
	if (!strncmp(why, "init()", strlen("init()")))
		return fail(h, BX_FAULT_REJECTED, err,
			    "cannot attach '%s' to %s: %s", about->name,
			    about->target, why);
	if (err == -EPERM)
		return hint(h, BX_HINT_ROOT, NULL,
			    fail(h, BX_FAULT_PERMISSION, err,
				 "cannot attach '%s' to %s: this needs CAP_SYS_ADMIN besides CAP_BPF",
				 about->name, about->target));
	if (err == -ENODEV) {
		bx_list_buses(h, list_bus, &buses);
		return fail(h, BX_FAULT_REJECTED, err,
			    "cannot attach '%s' to %s: there is no such bus for policies; there are: %s",
			    about->name, about->target, buses.text);
	}
	return fail(h, err == -EEXIST ? BX_FAULT_CONFLICT :
		    err == -ENOMEM ? BX_FAULT_FAILED :
		    BX_FAULT_REJECTED, err, "cannot attach '%s' to %s: %s",
		    about->name, about->target,
		    why[0] ? why : attach_reason(err));
}

/* Finds the policy that @item replaces, and checks that this process may replace it. */
static int find_old(struct bx_handle *h, struct item *item,
		    struct policy_pin *pin)
{
	struct bx_applied *about = &item->about;
	struct bx_policy_rec rec;
	int ret;

	ret = pins_open(h, item->key, pin);
	if (ret)
		return ret;
	if (pin->state == PIN_STALE) {
		note(h, "removing the stale pins of '%s': it is no longer attached",
		     item->key);
		ret = pins_remove(h, item->key);
		if (ret)
			return ret;
	}
	if (pin->state == PIN_FOREIGN)
		return hint(h, BX_HINT_DETACH, item->key,
			    fail(h, BX_FAULT_CONFLICT, EEXIST,
				 "cannot upgrade '%s': another process replaced it, so it is not the policy that is pinned in '%s'",
				 item->key, h->pin_dir));
	if (pin->state == PIN_LIVE) {
		about->upgraded = true;
		about->old_version = pin->rec.version;
		item->old_id = pin->rec.id;
		item->old = pin->rec;
		item->link_fd = pin->link_fd;
		item->map_fd = pin->map_fd;
		pin->link_fd = -1;
		pin->map_fd = -1;
		return 0;
	}
	/* a policy to be dropped that another process attached is not ours to remove */
	ret = item->gone ? 0 : find_policy(h, item->key, &rec);
	return ret > 0 ? in_use(h, item, &rec) : ret;
}

/* Attaches a policy staged, where no election asks it. */
int item_attach(struct bx_handle *h, struct item *item)
{
	char refused[4096];

	read_refused(h, refused, sizeof(refused));
	log_begin(h);
	item->new_fd = kernel_attach_policy(item->map);
	log_end(h);
	if (item->new_fd < 0)
		return attach_failed(h, item, refused, item->new_fd);
	return check_staged(h, item);
}

static int stage_policy(struct bx_handle *h, struct item *item)
{
	struct policy_pin pin;
	int err;

	err = find_old(h, item, &pin);
	pins_close(&pin);
	if (!err && item->gone)
		return 0;
	if (!err)
		err = item_attach(h, item);
	if (err)
		return err;
	item->pinned = true;
	return pins_stage(h, item->key, PIN_NEXT, item->new_fd,
			  kernel_map_fd(item->map));
}

static int commit_failed(struct bx_handle *h, const struct bx_commit *change,
			 int64_t result)
{
	if (result == -EPERM)
		return commit_refused(h, change);
	if (result == -ENOENT || result == -EEXIST)
		return fail(h, BX_FAULT_CONFLICT, EEXIST,
			    "cannot activate the policies: another process has changed one of the policies to replace, or uses one of the names; try again");
	if (result == -E2BIG)
		return fail(h, BX_FAULT_REJECTED, result,
			    "cannot activate the policies: there would be too many");
	return fail(h, BX_FAULT_FAILED, result,
		    "cannot activate the policies: %s",
		    strerror(-result));
}

static int commit_all(struct bx_handle *h, struct transaction *txn)
{
	struct bx_commit change = {};
	int64_t result;
	size_t i;
	int err;

	for (i = 0; i < txn->nr_items; i++) {
		struct item *item = txn->items[i];

		if (item->about.kind != BX_ITEM_POLICY)
			continue;
		err = item->gone ? 0 : commit_enter_item(h, &change, txn, item);
		if (err)
			return err;
		if (item->old_id && change.nr_leave == BX_COMMIT_MAX)
			return too_many(h);
		if (item->old_id)
			change.leave[change.nr_leave++] = item->old_id;
	}
	if (!change.nr_enter && !change.nr_leave)
		return 0;
	err = txn_try(h, txn, &change);
	if (err)
		return err;
	err = commit_policies(h, &change, &result);
	txn->unknown = err && result == -EINPROGRESS;
	if (!err && result)
		err = commit_failed(h, &change, result);
	txn->committed = !err;
	return err;
}

static int attach_hook(struct bx_handle *h, struct item *item)
{
	struct bx_applied *about = &item->about;
	char path[PATH_MAX];
	int err;

	log_begin(h);
	item->new_fd = kernel_attach_hook(item->prog);
	err = item->new_fd;
	log_end(h);
	if (err < 0)
		return fail(h, err == -EPERM ? BX_FAULT_PERMISSION :
			    BX_FAULT_REJECTED, err,
			    "cannot attach hook '%s' to %s: %s", about->name,
			    about->target,
			    h->said[0] ? h->said : strerror(-err));
	snprintf(path, sizeof(path), "%s/hooks/%s", h->pin_dir, about->name);
	item->link_fd = kernel_open_pin(path);
	item->pinned = true;
	return pins_write_hook(h, about->name, item->new_fd, &about->upgraded);
}

static int attach_all(struct bx_handle *h, struct transaction *txn)
{
	size_t i;
	int err = 0;

	for (i = 0; !err && i < txn->nr_items; i++)
		if (txn->items[i]->about.kind == BX_ITEM_POLICY)
			err = stage_policy(h, txn->items[i]);
	if (!err)
		err = commit_all(h, txn);
	for (i = 0; !err && i < txn->nr_items; i++)
		if (txn->items[i]->about.kind == BX_ITEM_HOOK)
			err = attach_hook(h, txn->items[i]);
	return err;
}

/* Ends the links of the replaced policies and renames the pins of the new ones. */
static int finish(struct bx_handle *h, struct transaction *txn)
{
	size_t i;
	int err = 0;

	for (i = 0; !err && i < txn->nr_items; i++) {
		const struct item *item = txn->items[i];

		if (item->about.kind != BX_ITEM_POLICY)
			continue;
		if (!item->gone)
			err = pins_switch(h, item->key, PIN_NEXT);
		else if (item->old_id)
			err = pins_end(h, item->key);
	}
	return err;
}

/* ---- verifying ---- */

static int last_seq(const struct bx_exit_info *rec, void *arg)
{
	uint64_t *seq = arg;

	if (rec->seq > *seq)
		*seq = rec->seq;
	return 0;
}

struct ejection_search {
	const struct transaction	*txn;
	bool				boot;
	struct bx_exit_info		found;
};

static int match_ejection(const struct bx_exit_info *rec, void *arg)
{
	struct ejection_search *search = arg;
	const struct transaction *txn = search->txn;
	char key[BX_SHOWN_LEN];
	size_t i;

	if (rec->seq <= txn->exit_seq)
		return 0;
	/* a bundle that fails closed at boot must not leave its devices to other rules */
	if (search->boot && (rec->flags & (BX_F_FAIL_CLOSED | BX_F_SHADOW)) ==
	    BX_F_FAIL_CLOSED)
		return 0;
	bx_policy_key(key, rec->name, rec->flags);
	for (i = 0; i < txn->nr_items; i++)
		if (!strcmp(key, txn->items[i]->key)) {
			search->found = *rec;
			return 1;
		}
	return 0;
}

static int check_ejections(struct bx_handle *h, const struct transaction *txn)
{
	struct ejection_search search = { .txn = txn, .boot = h->boot };
	const struct bx_exit_info *e = &search.found;
	int ret;

	ret = bx_list_exits(h, match_ejection, &search);
	if (ret <= 0)
		return ret;
	return fail(h, BX_FAULT_STATE, ESHUTDOWN,
		    "'%s' was ejected from %s%s%s: %s: %s", e->name, e->bus,
		    e->device[0] ? ", on device " : "", e->device,
		    bx_exit_kind_text(e->kind), e->msg);
}

static int check_policy(struct bx_handle *h, struct item *item)
{
	struct bx_applied *about = &item->about;
	struct bx_policy_rec rec;
	uint32_t map_id;
	int ret;

	ret = find_policy(h, item->key, &rec);
	if (ret < 0)
		return ret;
	if (ret && h->boot && bx_is_quarantined(&rec))
		note(h, "policy '%s' was ejected and is quarantined: %s",
		     rec.name, rec.reason);
	else if (!ret || rec.ejected || rec.version != about->version)
		return fail(h, BX_FAULT_STATE, ESHUTDOWN,
			    "'%s' version %u was attached to %s, but the kernel %s it",
			    about->name, about->version, about->target,
			    !ret ? "does not list" : rec.ejected ?
			    "is ejecting" : "lists another version of");
	map_id = link_map_id(item->new_fd);
	if (!map_id || kernel_map_id(kernel_map_fd(item->map)) != map_id)
		return fail(h, BX_FAULT_CONFLICT, EEXIST,
			    "'%s' was attached to %s, but its link is no longer ours: another process replaced or detached it",
			    about->name, about->target);
	about->id = rec.id;
	about->devices = rec.flags & BX_F_SHADOW ? rec.diverged : 0;
	return 0;
}

static int check_gone(struct bx_handle *h, const struct item *item)
{
	struct bx_policy_rec rec;
	int ret = find_policy(h, item->key, &rec);

	return ret <= 0 ? ret :
		fail(h, BX_FAULT_STATE, EBUSY,
		     "'%s' was deactivated, but the kernel still lists it",
		     item->key);
}

/*
 * A driver that nothing can load may be a typing mistake, or may be installed later: the
 * device waits for it, and only the first is told.
 */
static void note_absent(struct bx_handle *h, struct item *item,
			const struct bx_device_rec *rec)
{
	const struct bx_decision *d = &rec->decision;
	struct bx_driver_source source;
	char text[BX_SOURCE_LEN];

	if (item->waits || d->outcome != BX_OUT_ABSENT ||
	    d->driver_state != BX_DRIVER_ABSENT)
		return;
	item->waits = true;
	bx_find_driver(h, &rec->dev, d->driver, &source);
	note(h, "policy '%s': device '%s/%s' waits for driver '%s', whose module was not found: "
	     "it is %s",
	     item->about.name, rec->dev.bus, rec->dev.name, d->driver,
	     bx_driver_source_text(text, sizeof(text), &source));
}

struct decided_devices {
	struct bx_handle	*h;
	struct transaction	*txn;
};

static int count_device(const struct bx_device_rec *rec, void *arg)
{
	const struct decided_devices *search = arg;
	struct transaction *txn = search->txn;
	size_t i;

	if (!rec->decision.policy_id)
		return 0;
	for (i = 0; i < txn->nr_items; i++) {
		struct item *item = txn->items[i];

		if (item->about.id != rec->decision.policy_id ||
		    item->about.flags & BX_F_SHADOW)
			continue;
		item->about.devices++;
		note_absent(search->h, item, rec);
	}
	return 0;
}

/* Waits for the kernel; elects again for hooks, since the kernel does not notice these. */
static int settle(struct bx_handle *h, const struct transaction *txn)
{
	size_t i;

	for (i = 0; i < txn->nr_items; i++)
		if (txn->items[i]->about.kind == BX_ITEM_HOOK)
			return bx_reelect(h, NULL) ?: bx_settle(h);
	return bx_settle(h);
}

static int verify(struct bx_handle *h, struct transaction *txn)
{
	struct decided_devices search = { .h = h, .txn = txn };
	size_t i;
	int err;

	err = settle(h, txn);
	if (!err)
		err = check_ejections(h, txn);
	for (i = 0; !err && i < txn->nr_items; i++) {
		struct item *item = txn->items[i];

		if (item->gone && item->old_id)
			err = check_gone(h, item);
		else if (!item->gone && item->about.kind == BX_ITEM_POLICY)
			err = check_policy(h, item);
	}
	return err ?: bx_list_devices(h, count_device, &search);
}

/* ---- all together ---- */

/* Runs the transaction; the caller holds the lock and has loaded all objects. */
int txn_run(struct bx_handle *h, struct transaction *txn)
{
	int err;

	err = bx_list_exits(h, last_seq, &txn->exit_seq) ?:
		snapshot_take(h, &txn->before);
	if (err)
		return err;
	err = attach_all(h, txn);
	if (!err)
		err = verify(h, txn);
	if (!err) {
		err = finish(h, txn);
		if (err)
			leave_astray(h);
	} else if (txn->unknown) {
		leave_astray(h);
	} else {
		roll_back(h, txn);
	}
	return err;
}

/* Checks that @flags allow unsigned objects, since only a bundle has a signature. */
int may_apply(struct bx_handle *h, const char *verb, const char *path,
	      unsigned int flags)
{
	struct stat st;
	int err;

	if (stat(path, &st))
		return fail(h, BX_FAULT_FAILED, errno, "cannot open '%s': %s",
			    path, strerror(errno));
	err = file_or_dir(h, path, st.st_mode);
	if (err || flags & BX_BUNDLE_UNSIGNED)
		return err;
	return fail(h, BX_FAULT_REJECTED, ENOKEY,
		    "cannot %s '%s': it is not a signed bundle", verb, path);
}

int bx_apply(struct bx_handle *h, const char *path, unsigned int flags,
	     bx_applied_fn fn, void *arg)
{
	struct transaction txn = {
		.flags = flags & BX_INSTALL_FAIL_CLOSED ?
			BX_F_FAIL_CLOSED : 0,
	};
	int err;

	err = may_apply(h, "apply", path, flags);
	if (!err)
		err = txn_read(h, &txn, path);
	if (!err)
		err = bx_check_kernel(h);
	if (!err)
		err = pins_lock(h);
	if (!err)
		err = owners_check(h, &txn);
	if (!err)
		err = txn_load(h, &txn);
	if (!err)
		err = txn_run(h, &txn);
	pins_unlock(h);
	if (!err)
		txn_report(&txn, fn, arg);
	txn_close(&txn);
	return err;
}
