// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: changes of installed bundles: enable, disable, mode, rollback, remove
 *
 * The steps of a change are in install.h.  Enabling, rolling back and changing the mode
 * are checked completely, with the files and the signature, before anything is written.
 * Disabling and removing need neither: they work for a bundle whose files or state
 * cannot be used, and on a full or read-only disk.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "install.h"

/* ---- enable, mode, rollback ---- */

/* Recovers from a failed change and keeps its error. */
static void abandon(struct bx_handle *h, const char *name)
{
	struct installed before;
	struct said why;

	error_keep(h, &why);
	if (state_read(h, name, &before) <= 0 || settle(h, &before))
		note_failure(h, "cannot recover bundle '%s': %s", name, bx_error(h));
	state_free(&before);
	error_restore(h, &why);
}

/* Marks the state on disk as unsettled, and changes nothing else in it. */
static int mark_on_disk(struct bx_handle *h, const char *name)
{
	struct installed before;
	int ret = state_read(h, name, &before);

	if (ret > 0)
		ret = mark_unsettled(h, &before);
	else if (!ret)
		ret = not_installed(h, name);
	state_free(&before);
	return ret;
}

/* Makes the disk and the kernel follow @inst, whose current generation is @b. */
static int carry_out(struct bx_handle *h, struct installed *inst,
		     struct bx_bundle *b, bx_applied_fn fn, void *arg)
{
	int err;

	if (h->offline)
		return settle(h, inst);
	err = mark_on_disk(h, inst->name);
	if (err)
		return err;
	if (inst->enabled)
		err = installed_activate(b, inst,
					 state_generation(inst, inst->current),
					 fn, arg);
	/* the enforced version is active, even if its canary fails */
	if (!err && inst->enabled && inst->canary)
		err = canary_follow(h, inst);
	if (!err)
		return conclude(h, inst);
	if (!h->astray)
		abandon(h, inst->name);
	return err;
}

/* Checks the intended state @inst, then makes the disk and the kernel follow it. */
static int change(struct bx_handle *h, struct installed *inst,
		  bx_applied_fn fn, void *arg)
{
	const struct generation *g = state_generation(inst, inst->current);
	struct bx_bundle *b = NULL;
	int err;

	err = check_owners(h, inst->name, g);
	if (!err)
		err = installed_open(h, inst, g, &b);
	if (!err)
		err = bundle_check_mode(b);
	if (!err && inst->enabled && !h->offline)
		err = bx_check_kernel(h);
	if (!err)
		err = carry_out(h, inst, b, fn, arg);
	bx_bundle_close(b);
	return err;
}

int check_is_set(struct bx_handle *h, const char *name,
		 const struct generation *g, const char *setting)
{
	size_t len = strlen(setting);

	for (unsigned int i = 0; i < g->nr_set; i++)
		if (!strncmp(g->set[i], setting, len) &&
		    g->set[i][len] == '=')
			return 0;
	return fail(h, BX_FAULT_REJECTED, ENOENT,
		    "cannot unset '%s' of bundle '%s': no such setting was given with '--set'",
		    setting, name);
}

/* Items are added to the value that is valid now; others are checked with the intended state. */
static int choose_one(struct bx_handle *h, const struct installed *inst,
		      struct generation *g, const char *assignment)
{
	struct bx_bundle *b;
	int err;

	if (!strchr(assignment, '='))
		return fail(h, BX_FAULT_USAGE, EINVAL,
			    "'%s' is not a setting: write NAME=VALUE", assignment);
	if (!is_list_change(assignment))
		return generation_set(h, g, assignment);
	err = installed_open(h, inst, g, &b);
	if (!err)
		err = keep_chosen(b, g, assignment);
	bx_bundle_close(b);
	return err;
}

static int choose(struct bx_handle *h, const struct installed *inst,
		  struct generation *g, const struct bx_install_opts *opts)
{
	int err = 0;

	for (unsigned int i = 0; !err && i < opts->nr_unset; i++) {
		err = check_is_set(h, inst->name, g, opts->unset[i]);
		if (!err)
			generation_unset(g, opts->unset[i]);
	}
	for (unsigned int i = 0; !err && i < opts->nr_set; i++)
		err = choose_one(h, inst, g, opts->set[i]);
	return err;
}

int bx_enable(struct bx_handle *h, const char *name,
	      const struct bx_install_opts *opts, bx_applied_fn fn, void *arg)
{
	struct installed inst;
	int err;

	opts = opts ?: &no_install_opts;
	err = change_begin_with(h, opts, name, &inst);
	if (!err)
		err = choose(h, &inst, state_generation(&inst, inst.current),
			     opts);
	if (!err) {
		inst.enabled = true;
		choose_rebind(&inst, opts);
		err = change(h, &inst, fn, arg);
	}
	if (!err)
		tell_done(opts, BX_ENABLED, &inst);
	change_end(h, &inst);
	return err;
}

/* Sets the mode; enforces the canary, if there is one; shadow mode drops it. */
static void set_mode(struct bx_handle *h, struct installed *inst,
		     enum bx_mode mode)
{
	if (mode == BX_MODE_KEEP)
		return;
	inst->shadow = mode == BX_MODE_SHADOW;
	if (!inst->canary)
		return;
	if (inst->shadow) {
		note(h, "dropping the canary %s of bundle '%s'",
		     state_generation(inst, inst->canary)->version, inst->name);
		canary_forget(inst);
	} else {
		inst->current = inst->canary;
		inst->canary = 0;
	}
}

int bx_set_mode(struct bx_handle *h, const char *name,
		const struct bx_install_opts *opts, bx_applied_fn fn, void *arg)
{
	struct installed inst;
	int err;

	opts = opts ?: &no_install_opts;
	err = change_begin_with(h, opts, name, &inst);
	if (!err) {
		set_mode(h, &inst, opts->mode);
		err = change(h, &inst, fn, arg);
	}
	if (!err)
		tell_done(opts, inst.shadow ? BX_SHADOWED : BX_ENFORCED, &inst);
	change_end(h, &inst);
	return err;
}

/* Returns the number of the previous generation. */
static unsigned int previous(const struct installed *inst)
{
	unsigned int number = 0;

	for (unsigned int i = 0; i < inst->count; i++)
		if (inst->gens[i].number < inst->current)
			number = inst->gens[i].number;
	return number;
}

static int no_generation(struct bx_handle *h, const struct installed *inst,
			 unsigned int wanted)
{
	char list[256] = "";
	size_t n = 0;

	for (unsigned int i = 0; i < inst->count && n < sizeof(list); i++)
		n += snprintf(list + n, sizeof(list) - n, "%s%u (%s)",
			      i ? ", " : "", inst->gens[i].number,
			      inst->gens[i].version);
	if (!wanted)
		return fail(h, BX_FAULT_REJECTED, ENOENT,
			    "the bundle '%s' has no generation before %u; kept are: %s",
			    inst->name, inst->current, list);
	return fail(h, BX_FAULT_USAGE, ENOENT,
		    "the bundle '%s' has no generation %u; kept are: %s",
		    inst->name, wanted, list);
}

/* Drops the canary; does not change the current generation, which is enforced. */
static int drop_canary(struct bx_handle *h, struct installed *inst,
		       bx_applied_fn fn, void *arg)
{
	int ret = 0;

	if (!h->offline)
		ret = mark_on_disk(h, inst->name);
	if (!ret && inst->enabled)
		ret = installed_deactivate(h, inst->name, SLOT_CANARY, fn, arg);
	if (ret >= 0) {
		canary_forget(inst);
		return h->offline ? settle(h, inst) : conclude(h, inst);
	}
	if (!h->astray)
		abandon(h, inst->name);
	return ret;
}

static int go_back(struct bx_handle *h, struct installed *inst,
		   unsigned int wanted, bx_applied_fn fn, void *arg)
{
	unsigned int number = wanted ?: previous(inst);

	if (wanted && wanted == inst->canary)
		return hint(h, BX_HINT_ENFORCE, inst->name,
			    fail(h, BX_FAULT_USAGE, EINVAL,
				 "generation %u of bundle '%s' is its canary",
				 wanted, inst->name));
	if (!state_generation(inst, number))
		return no_generation(h, inst, wanted);
	if (inst->canary)
		canary_forget(inst);
	inst->current = number;
	return change(h, inst, fn, arg);
}

int bx_rollback(struct bx_handle *h, const char *name, unsigned int number,
		const struct bx_install_opts *opts, bx_applied_fn fn, void *arg)
{
	struct installed inst;
	bool canary = false;
	int err;

	opts = opts ?: &no_install_opts;
	err = change_begin_with(h, opts, name, &inst);
	if (!err) {
		canary = inst.canary && !number;
		err = canary ? drop_canary(h, &inst, fn, arg) :
			go_back(h, &inst, number, fn, arg);
	}
	if (!err)
		tell_done(opts, canary ? BX_CANARY_DROPPED : BX_ROLLED_BACK,
			  &inst);
	change_end(h, &inst);
	return err;
}

/* ---- disable, remove ---- */

/* Returns whether the disk cannot be written, which must not keep a bundle active. */
static bool takes_nothing(int err)
{
	return err == -ENOSPC || err == -EDQUOT || err == -EFBIG ||
		err == -EROFS;
}

/*
 * Marks the state as unsettled: returns 1, or 0 if the disk cannot be written.
 * @unreadable: the state cannot be read, and so not marked.
 */
static int try_to_mark(struct bx_handle *h, struct installed *inst,
		       bool unreadable)
{
	int err;

	if (unreadable)
		return 0;
	err = mark_unsettled(h, inst);
	if (!err)
		return 1;
	if (!takes_nothing(err))
		return err;
	note_failure(h, "%s; continuing, since the kernel can be changed without it",
		     bx_error(h));
	error_forget(h);
	return 0;
}

/* Fails with the consequences of a change that the kernel has and the disk has not. */
static int disk_behind(struct bx_handle *h, const char *name, int err,
		       bool marked, bool removal)
{
	const char *follows = removal ? "the next command recovers" :
		"the next command recovers, which activates it again";
	struct said why;

	error_keep(h, &why);
	if (marked)
		h->astray = true;
	return fail(h, why.fault, err,
		    "%.800s; bundle '%s' is deactivated, and still %s on disk: %s",
		    why.text, name, removal ? "installed" : "enabled", marked ?
		    follows :
		    "the next boot activates it again, unless the command is repeated with success");
}

static int deactivate(struct bx_handle *h, struct installed *inst,
		      bx_applied_fn fn, void *arg)
{
	struct installed before = *inst;
	int ret, marked;

	if (h->offline) {
		inst->enabled = false;
		return settle(h, inst);
	}
	marked = try_to_mark(h, &before, false);
	if (marked < 0)
		return marked;
	ret = installed_deactivate(h, inst->name, SLOT_ALL, fn, arg);
	if (ret < 0) {
		if (!h->astray)
			abandon(h, inst->name);
		return ret;
	}
	inst->enabled = false;
	ret = settle(h, inst);
	return ret ? disk_behind(h, inst->name, ret, marked, false) : 0;
}

int bx_disable(struct bx_handle *h, const char *name,
	       const struct bx_install_opts *opts, bx_applied_fn fn, void *arg)
{
	struct installed inst = {};
	int ret;

	opts = opts ?: &no_install_opts;
	ret = change_begin(h, opts);
	if (!ret)
		ret = state_read(h, name, &inst);
	if (!ret)
		ret = not_installed(h, name);
	/* disabling an unsettled bundle that has a current generation needs no recovery */
	if (ret > 0)
		ret = inst.current ? deactivate(h, &inst, fn, arg) :
			cannot_go_on(h, name);
	if (!ret)
		tell_done(opts, BX_DISABLED, &inst);
	change_end(h, &inst);
	return ret;
}

/* Returns whether a bundle without a state has active policies. */
static int has_active(struct bx_handle *h, const char *name)
{
	struct names owned = {};
	int err = h->offline ? 0 : pins_owned(h, name, SLOT_ALL, &owned);

	free(owned.name);
	return err ?: (int)owned.count;
}

/* @unreadable: only the name is known. */
static int take_away(struct bx_handle *h, struct installed *inst,
		     bool unreadable, bx_applied_fn fn, void *arg)
{
	int ret, marked = 0;

	/* without a current generation recover_one() ends the removal */
	inst->enabled = false;
	inst->current = 0;
	inst->canary = 0;
	if (!h->offline) {
		marked = try_to_mark(h, inst, unreadable);
		if (marked < 0)
			return marked;
		ret = installed_deactivate(h, inst->name, SLOT_ALL, fn, arg);
		if (ret < 0)
			return ret;
	}
	ret = state_delete(h, inst->name);
	if (!ret || h->offline)
		return ret;
	return disk_behind(h, inst->name, ret, marked, true);
}

int bx_remove(struct bx_handle *h, const char *name,
	      const struct bx_install_opts *opts, bx_applied_fn fn, void *arg)
{
	struct installed inst = {};
	struct bx_done done = {};
	int ret;

	opts = opts ?: &no_install_opts;
	ret = change_begin(h, opts);
	if (ret)
		goto out;
	ret = state_read(h, name, &inst);
	if (ret < 0 && h->fault == BX_FAULT_USAGE)
		goto out;
	if (!ret && !has_active(h, name)) {
		ret = not_installed(h, name);
		goto out;
	}
	if (ret < 0)
		note_failure(h, "%s; removing the bundle as it is", bx_error(h));
	tell_done(&(struct bx_install_opts) { .done = &done }, BX_REMOVED,
		  &inst);
	ret = take_away(h, &inst, ret <= 0, fn, arg);
	if (!ret && opts->done)
		*opts->done = done;
out:
	change_end(h, &inst);
	return ret;
}
