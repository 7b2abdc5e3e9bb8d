// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: the active policies of an installed bundle in the kernel, and recovery
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>

#include "install.h"
#include "rules_change.h"
#include "tree.h"

const struct bx_install_opts no_install_opts;

/* Writes a note about an error that is not the error of the command. */
static void told_beside(struct bx_handle *h, const char *name)
{
	note_failure(h, "cannot recover bundle '%s': %s", name, bx_error(h));
	error_forget(h);
}

/* ---- opening a generation ---- */

int digest_tree(struct bx_handle *h, const char *dir, char *digest)
{
	struct tree tree;
	char *list;
	int err;

	err = tree_open(h, dir, &tree);
	if (err)
		return err;
	err = digest_list(h, &tree, &list);
	tree_close(&tree);
	if (err)
		return err;
	digest_text(list, digest, DIGEST_SIZE);
	free(list);
	return 0;
}

static int not_as_installed(struct bx_handle *h,
			    const struct installed *inst,
			    const struct generation *g, const char *path)
{
	return hint(h, BX_HINT_REINSTALL, NULL,
		    fail(h, BX_FAULT_REJECTED, EBADMSG,
			 "generation %u of bundle '%s' is not what was installed: files in '%s' have changed",
			 g->number, inst->name, path));
}

/*
 * Checks that the signer named in the state still vouches for the files.  Certificates may
 * have expired since, and the clock may be wrong.
 */
static int check_signer(struct bx_handle *h, const struct installed *inst,
			const struct generation *g, struct bx_bundle *b,
			const struct tree *tree, const char *list)
{
	struct signer *s = calloc(1, sizeof(*s));
	struct said why;
	int ret, err;

	if (!s)
		return fail(h, BX_FAULT_FAILED, ENOMEM, "out of memory");
	ret = sign_check_tree(h, tree, list, b->shown, SIGN_ANY_TIME, s);
	if (!ret || (ret > 0 && strcmp(s->fingerprint, g->fingerprint)))
		err = not_as_installed(h, inst, g, b->shown);
	else
		err = ret < 0 ? ret : signer_allows(h, s, inst->name, b->claims,
						    b->nr_claims);
	if (ret > 0)
		signer_close(s);
	free(s);
	if (err != -EACCES)
		return err;
	error_keep(h, &why);
	return fail(h, BX_FAULT_REJECTED, NOT_TRUSTED,
		    "signer no longer trusted: %s", why.text);
}

int installed_check(struct bx_handle *h, const struct installed *inst,
		    const struct generation *g, struct bx_bundle **b)
{
	char path[PATH_MAX], digest[DIGEST_SIZE], *list;
	struct tree tree;
	int err;

	*b = NULL;
	generation_path(h, path, inst->name, g->number);
	err = tree_open(h, path, &tree);
	if (err)
		return err;
	err = digest_list(h, &tree, &list);
	if (!err) {
		digest_text(list, digest, DIGEST_SIZE);
		if (strcmp(digest, g->digest))
			err = not_as_installed(h, inst, g, path);
	}
	if (!err)
		err = bundle_open_at(h, path, path, b);
	if (!err && g->signer[0])
		err = check_signer(h, inst, g, *b, &tree, list);
	free(list);
	tree_close(&tree);
	if (err) {
		bx_bundle_close(*b);
		*b = NULL;
	}
	return err;
}

int installed_open(struct bx_handle *h, const struct installed *inst,
		   const struct generation *g, struct bx_bundle **b)
{
	int err = installed_check(h, inst, g, b);

	if (err)
		return err;
	err = bx_bundle_configure(*b);
	for (unsigned int i = 0; !err && i < g->nr_set; i++)
		err = bx_bundle_set(*b, g->set[i]);
	if (err) {
		bx_bundle_close(*b);
		*b = NULL;
		return err;
	}
	(*b)->shadow = inst->shadow || is_canary(inst, g);
	(*b)->enforce = !(*b)->shadow;
	(*b)->fail_closed |= inst->fail_closed;
	return 0;
}

/* ---- the kernel's side ---- */

static bool has_kernel(struct bx_handle *h)
{
	return !h->offline && kernel_is_there(h);
}

/* Returns the slot of a generation. */
static enum slot slot_of(const struct installed *inst,
			 const struct generation *g)
{
	if (!inst->canary)
		return SLOT_ALL;
	return is_canary(inst, g) ? SLOT_CANARY : SLOT_CURRENT;
}

/* Makes the mark of an active state: a digest of the files, settings and mode. */
static int mark_of(const struct bx_bundle *b, const struct generation *g,
		   struct activation *to)
{
	bool canary = to->slot == SLOT_CANARY;
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		return fail(b->h, BX_FAULT_FAILED, ENOMEM, "out of memory");
	fprintf(f, "%s\n%s\n", g->digest, b->shadow ? "shadow" : "enforce");
	if (b->fail_closed)
		fputs("fail_closed\n", f);
	for (unsigned int i = 0; i < b->nr_settings; i++)
		fprintf(f, "%s=%s\n", b->settings[i].about.name,
			b->settings[i].value);
	if (fclose(f)) {
		free(text);
		return fail(b->h, BX_FAULT_FAILED, ENOMEM, "out of memory");
	}
	to->mark[0] = '@';
	digest_text(text, to->mark + canary, MARK_SIZE - 1);
	free(text);
	return 0;
}

/* Fills @to for an open generation; the caller frees @to->keys.name. */
static int activation_of(const struct bx_bundle *b, const struct installed *inst,
			 const struct generation *g, struct activation *to)
{
	char key[BX_SHOWN_LEN];
	int err = 0;

	*to = (struct activation) { .slot = slot_of(inst, g) };
	for (unsigned int i = 0; !err && i < g->policies.count; i++)
		err = names_add(b->h, &to->keys,
				bx_policy_key(key, g->policies.name[i],
					      b->shadow ? BX_F_SHADOW : 0));
	return err ?: mark_of(b, g, to);
}

struct active_count {
	const struct names	*keys;
	bool			boot;
	unsigned int		active;
};

static int count_active(const struct bx_policy_rec *rec, void *arg)
{
	struct active_count *c = arg;
	char key[BX_SHOWN_LEN];

	/* a boot must not release what is quarantined */
	if (rec->stage == BX_STAGE_ACTIVE &&
	    (!rec->ejected || (c->boot && bx_is_quarantined(rec))) &&
	    names_have(c->keys, bx_policy_key(key, rec->name, rec->flags)))
		c->active++;
	return 0;
}

int installed_is_active(struct bx_bundle *b, const struct installed *inst,
			const struct generation *g)
{
	struct activation to;
	struct active_count c = { .keys = &to.keys, .boot = b->h->boot };
	int ret;

	ret = activation_of(b, inst, g, &to);
	if (!ret && pins_marked(b->h, inst->name, to.mark))
		ret = bx_list_policies(b->h, count_active, &c) ?:
			c.active == to.keys.count;
	free(to.keys.name);
	return ret;
}

int installed_activate(struct bx_bundle *b, const struct installed *inst,
		       const struct generation *g, bx_applied_fn fn, void *arg)
{
	struct names drops = {};
	struct activation to;
	int err;

	err = activation_of(b, inst, g, &to);
	if (!err)
		err = pins_owned(b->h, b->about.name, to.slot, &drops);
	if (!err)
		err = bundle_activate(b, &drops, &to, fn, arg);
	free(drops.name);
	free(to.keys.name);
	return err;
}

int installed_make_active(struct bx_handle *h, const struct installed *inst,
			  const struct generation *g, bx_applied_fn fn,
			  void *arg)
{
	struct bx_bundle *b;
	int err = installed_open(h, inst, g, &b);

	if (!err)
		err = installed_activate(b, inst, g, fn, arg);
	bx_bundle_close(b);
	return err;
}

/* Deactivates the policies of @slot, according to the pins. */
static int deactivate(struct bx_handle *h, const char *name, enum slot slot,
		      const struct bundle_pins *before, bx_applied_fn fn,
		      void *arg)
{
	struct names owned = {};
	int count, err;

	err = pins_owned(h, name, slot, &owned) ?: pins_unmark(h, name, slot);
	if (!err && owned.count)
		err = bundle_drop(h, &owned, fn, arg);
	count = owned.count;
	free(owned.name);
	if (!err) {
		err = pins_disown(h, name, slot, NULL);
		if (err)
			leave_astray(h);
	} else if (!h->astray) {
		pins_restore(h, name, before, false);
	}
	return err ?: count;
}

int installed_deactivate(struct bx_handle *h, const char *name, enum slot slot,
			 bx_applied_fn fn, void *arg)
{
	struct bundle_pins before;
	int ret;

	if (!has_kernel(h))
		return 0;
	ret = pins_of_bundle(h, name, &before);
	if (!ret)
		ret = deactivate(h, name, slot, &before, fn, arg);
	free(before.owned.name);
	return ret;
}

int installed_keep_active(struct bx_handle *h, const struct installed *inst,
			  const struct generation *g)
{
	struct bx_bundle *b;
	int ret;

	ret = installed_open(h, inst, g, &b);
	if (!ret)
		ret = installed_is_active(b, inst, g);
	if (!ret)
		ret = installed_activate(b, inst, g, NULL, NULL);
	bx_bundle_close(b);
	return ret < 0 ? ret : 0;
}

/* Makes the kernel agree with the state; does not change what already agrees. */
static int follow(struct bx_handle *h, const struct installed *inst)
{
	int ret;

	if (!has_kernel(h))
		return 0;
	if (!inst->enabled) {
		ret = installed_deactivate(h, inst->name, SLOT_ALL, NULL, NULL);
		return ret < 0 ? ret : 0;
	}
	return installed_keep_active(h, inst,
				     state_generation(inst, inst->current)) ?:
		canary_follow(h, inst);
}

/* ---- policies of other bundles ---- */

struct owner_search {
	const char		*name;
	const struct generation	*g;
};

static int has_policy_of(struct bx_handle *h, const struct owner_search *s,
			 const char *other, const struct generation *g)
{
	for (unsigned int i = 0; i < g->policies.count; i++)
		if (names_have(&s->g->policies, g->policies.name[i]))
			return hint(h, BX_HINT_REMOVE, other,
				    fail(h, BX_FAULT_CONFLICT, EEXIST,
					 "bundle '%s' has the policy '%s', and so has generation %u of the installed bundle '%s'",
					 s->name, g->policies.name[i], g->number,
					 other));
	return 0;
}

static int find_owner(struct bx_handle *h, const char *name, void *arg)
{
	const struct owner_search *s = arg;
	struct installed other;
	int ret = 0;

	if (!strcmp(name, s->name))
		return 0;
	/* its pins tell its active policies, see owners.c */
	if (state_read(h, name, &other) < 0)
		error_forget(h);
	for (unsigned int i = 0; !ret && i < other.count; i++)
		ret = has_policy_of(h, s, name, &other.gens[i]);
	state_free(&other);
	return ret;
}

int check_owners(struct bx_handle *h, const char *name,
		 const struct generation *g)
{
	struct owner_search s = { name, g };

	return state_each(h, find_owner, &s);
}

/* ---- the disk's side ---- */

/* Marks the unchanged state on disk as unsettled, before the kernel is changed. */
int mark_unsettled(struct bx_handle *h, struct installed *inst)
{
	inst->unsettled = true;
	h->astray = false;
	return state_write(h, inst);
}

/* Ends a change: writes the state as settled, and removes old generations. */
int settle(struct bx_handle *h, struct installed *inst)
{
	int err;

	/* offline, the state of the kernel is not known */
	if (!h->offline)
		inst->unsettled = false;
	for (unsigned int i = 0; inst->count > KEEP && i < inst->count;)
		if (inst->gens[i].number == inst->current ||
		    inst->gens[i].number == inst->canary)
			i++;
		else
			state_forget(inst, inst->gens[i].number);
	err = state_write(h, inst);
	/* the next command tries to remove them again */
	if (!err && state_sweep(h, inst)) {
		note_failure(h, "%s", bx_error(h));
		error_forget(h);
	}
	return err;
}

/* Writes the state after the kernel was changed; describes the difference on failure. */
int conclude(struct bx_handle *h, struct installed *inst)
{
	int err = settle(h, inst);
	struct said why;

	if (!err)
		return 0;
	error_keep(h, &why);
	h->astray = true;
	return fail(h, why.fault, err,
		    "%.800s; the kernel has the change, the disk has the state before it, to which the next command recovers",
		    why.text);
}

static int recover_one(struct bx_handle *h, const char *name, void *arg)
{
	struct installed inst;
	int ret, err = 0;

	ret = state_read(h, name, &inst);
	if (!ret || (ret > 0 && !inst.current && h->offline)) {
		/* an installation or a removal was interrupted */
		err = state_delete(h, name);
	} else if (ret > 0 && inst.unsettled && !h->offline) {
		note(h, "recovering bundle '%s' from an interrupted change",
		     name);
		err = follow(h, &inst);
		if (!err && !inst.current)
			err = state_delete(h, name);
		else if (!err)
			err = settle(h, &inst);
	} else if (ret > 0) {
		err = state_sweep(h, &inst);
	}
	if (ret < 0 || err)
		told_beside(h, name);
	state_free(&inst);
	return 0;
}

/* Removes the maps of rules that an interrupted change has left. */
static void recover_rules(struct bx_handle *h)
{
	if (!has_kernel(h) || !rules_are_there(h))
		return;
	if (pins_lock(h))
		error_forget(h);
	else
		rules_sweep(h);
	pins_unlock(h);
}

/* Recovers all bundles from interrupted changes; the caller holds the lock. */
int installed_recover(struct bx_handle *h)
{
	char path[PATH_MAX];
	int err;

	state_path(h, path, NEW, "");
	if (tree_remove(h, path)) {
		note_failure(h, "%s", bx_error(h));
		error_forget(h);
	}
	err = state_each(h, recover_one, NULL);
	if (!err)
		recover_rules(h);
	return err;
}

int cannot_go_on(struct bx_handle *h, const char *name)
{
	return hint(h, BX_HINT_DEACTIVATE, name,
		    fail(h, BX_FAULT_STATE, EBUSY,
			 "cannot recover bundle '%s' from an interrupted change, see above",
			 name));
}

int not_installed(struct bx_handle *h, const char *name)
{
	return hint(h, BX_HINT_BUNDLES, NULL,
		    fail(h, BX_FAULT_USAGE, ENOENT,
			 "the bundle '%s' is not installed", name));
}

/* ---- changes ---- */

int change_begin(struct bx_handle *h, const struct bx_install_opts *opts)
{
	h->offline = opts->flags & BX_INSTALL_OFFLINE;
	h->astray = false;
	return state_lock(h) ?: installed_recover(h);
}

/* Begins a change of a bundle that must be installed, and not unsettled. */
int change_begin_with(struct bx_handle *h, const struct bx_install_opts *opts,
		      const char *name, struct installed *inst)
{
	int ret;

	*inst = (struct installed) {};
	ret = change_begin(h, opts);
	if (!ret)
		ret = state_read(h, name, inst);
	if (ret > 0 && inst->unsettled && !(h->offline && inst->current))
		return cannot_go_on(h, name);
	return ret > 0 ? 0 : ret ?: not_installed(h, name);
}

void change_end(struct bx_handle *h, struct installed *inst)
{
	state_free(inst);
	state_unlock(h);
	h->offline = false;
}

void choose_rebind(struct installed *inst, const struct bx_install_opts *opts)
{
	if (opts->flags & BX_INSTALL_REBIND)
		inst->rebind = true;
	if (opts->flags & BX_INSTALL_NO_REBIND)
		inst->rebind = false;
}

void tell_done(const struct bx_install_opts *opts, enum bx_deed deed,
	       const struct installed *inst)
{
	bool canary = deed == BX_CANARY || deed == BX_UNCHANGED_CANARY;
	const struct generation *g = state_generation(inst, canary ?
						      inst->canary :
						      inst->current);
	struct bx_done *done = opts->done;

	if (!done)
		return;
	*done = (struct bx_done) { .deed = deed };
	copy_name(done->name, sizeof(done->name), inst->name);
	if (!g)
		return;
	done->generation = g->number;
	copy_name(done->version, sizeof(done->version), g->version);
	copy_name(done->signer, sizeof(done->signer), g->signer);
	copy_name(done->fingerprint, sizeof(done->fingerprint),
		  g->fingerprint);
}
