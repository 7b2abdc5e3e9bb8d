// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: rolls a transaction back, and tells the state that this leaves
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"

/* Attaches the previous version again, staged, since its old link cannot be used again. */
static int stage_old(struct bx_handle *h, struct item *item)
{
	int fd, err;

	fd = kernel_attach_map(item->map_fd);
	if (fd == -EEXIST && item->new_fd >= 0) {
		/* another program attached it without BX_F_STAGED: it cannot be staged */
		kernel_detach(item->new_fd);
		fd = kernel_attach_map(item->map_fd);
	}
	if (fd < 0)
		return fd;
	err = pins_stage(h, item->key, PIN_BACK, fd, item->map_fd);
	if (err) {
		close(fd);
		return err;
	}
	close(item->link_fd);
	item->link_fd = fd;
	return 0;
}

/* Returns 1 with the policy of a link, if it is in that stage. */
static int is_stage(struct bx_handle *h, int link_fd, __u32 stage,
		    struct bx_policy_rec *rec)
{
	int ret = link_fd < 0 ? 0 : link_policy(h, link_fd, rec);

	return ret > 0 ? rec->stage == stage : ret;
}

/* Enters the new policy as leaving and the previous version, as it was, as entering. */
static int swap_back(struct bx_handle *h, struct item *item,
		     struct bx_commit *change)
{
	struct bx_policy_rec rec;
	int ret = 0;

	if (item->old_id) {
		ret = stage_old(h, item) ?:
			is_stage(h, item->link_fd, BX_STAGE_STAGED, &rec);
		if (ret > 0)
			ret = commit_enter_old(h, change, rec.id, &item->old);
	}
	if (ret < 0)
		return ret;
	ret = is_stage(h, item->new_fd, BX_STAGE_ACTIVE, &rec);
	if (ret > 0 && change->nr_leave < BX_COMMIT_MAX)
		change->leave[change->nr_leave++] = rec.id;
	return ret < 0 ? ret : 0;
}

/* Activates the replaced policies again and deactivates the new ones, in one commit. */
static int commit_old(struct bx_handle *h, struct transaction *txn)
{
	struct bx_commit change = {};
	int64_t result = 0;
	struct item *item;
	size_t i;
	int err = 0;

	/* the kernel may be about to eject one of the new policies */
	bx_settle(h);
	for (i = 0; i < txn->nr_items; i++) {
		item = txn->items[i];
		if (item->about.kind != BX_ITEM_POLICY ||
		    (!item->pinned && !item->gone))
			continue;
		if (!err)
			err = swap_back(h, item, &change);
	}
	if (!err)
		err = commit_policies(h, &change, &result);
	return err ?: result;
}

static int roll_back_hook(struct bx_handle *h, struct item *item)
{
	const char *name = item->about.name;
	bool unused;
	int err;

	if (item->link_fd < 0) {
		err = pins_remove_hook(h, name);
		return err == -ENOENT ? 0 : err;
	}
	err = pins_write_hook(h, name, item->link_fd, &unused);
	if (err)
		note_failure(h, "the previous hook '%s' could not be put back: %s",
			     name, bx_error(h));
	return err;
}

/* @failed: the error because of which the commit could not be reverted; else 0 */
static int roll_back_policy(struct bx_handle *h, struct item *item,
			    bool committed, int failed)
{
	const char *name = item->key;
	int err = 0;

	if (committed && item->old_id) {
		err = failed ?: pins_switch(h, name, PIN_BACK);
		if (err)
			note(h, "version %u of '%s' could not be put back: %s",
			     item->about.old_version, name, strerror(-err));
	}
	if (item->gone)
		return err;
	kernel_detach(item->new_fd);
	err = pins_unstage(h, name, PIN_NEXT) ?: err;
	if (!item->old_id)
		err = pins_remove(h, name) ?: err;
	return err;
}

static int roll_back_items(struct bx_handle *h, struct transaction *txn)
{
	int failed = 0, err = 0, one;
	size_t i;

	if (txn->committed)
		failed = commit_old(h, txn);
	for (i = txn->nr_items; i-- > 0;) {
		struct item *item = txn->items[i];

		if (!item->pinned && !item->gone)
			continue;
		if (item->about.kind == BX_ITEM_HOOK)
			one = roll_back_hook(h, item);
		else
			one = roll_back_policy(h, item, txn->committed, failed);
		err = err ?: one;
	}
	bx_settle(h);
	return err;
}

/* Makes the message: the failure, and the resulting state. */
static void tell(struct bx_handle *h, const struct said *said, const char *end)
{
	error_restore(h, said);
	snprintf(h->error, sizeof(h->error), "%.*s%s",
		 (int)(sizeof(h->error) - strlen(end)) - 1, said->text, end);
}

/*
 * Ends a change that has failed in the middle and is not rolled back: the pins stay as
 * after a process that died there.
 */
void leave_astray(struct bx_handle *h)
{
	struct said said;

	error_keep(h, &said);
	tell(h, &said, "; the next command recovers");
	h->astray = true;
}

/* Describes the state after a rollback, from the kernel's lists and not from the steps. */
static void look_back(struct bx_handle *h, const struct transaction *txn,
		      bool failed, char *buf, size_t size)
{
	char what[400];
	int n = snapshot_compare(h, &txn->before, what, sizeof(what));

	if (n < 0)
		snprintf(buf, size, "; %s: %.300s", failed ?
			 "not everything is as it was before" :
			 "it is not known whether everything is as it was before",
			 h->error);
	else if (n)
		snprintf(buf, size, "; not everything is as it was before: %s",
			 what);
	else
		snprintf(buf, size, "; %s", failed ?
			 "not everything is as it was before" :
			 "everything is as it was before");
}

void roll_back(struct bx_handle *h, struct transaction *txn)
{
	struct said said;
	char end[480] = "";
	size_t i, undone = 0;
	int err;

	error_keep(h, &said);
	for (i = 0; i < txn->nr_items; i++)
		undone += txn->items[i]->pinned || txn->items[i]->gone;
	err = roll_back_items(h, txn);
	if (undone)
		look_back(h, txn, err, end, sizeof(end));
	h->astray = err;
	tell(h, &said, end);
}
