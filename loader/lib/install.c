// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: installing and upgrading bundles
 *
 * The steps of a change are in install.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>

#include "install.h"
#include "rules_bundle.h"
#include "tree.h"

/**
 * struct candidate - a bundle being installed
 * @b: the copy of the bundle
 * @opts: the caller's options
 * @path: path of the original
 * @packaged: a package has installed the original
 * @gen: the generation that it becomes
 */
struct candidate {
	struct bx_bundle		*b;
	const struct bx_install_opts	*opts;
	const char			*path;
	bool				packaged;
	char				found[PATH_MAX];
	struct generation		gen;
};

/* ---- the original ---- */

/* Finds the original; a bare name is a package's bundle, never a file in this directory. */
static int locate(struct bx_handle *h, struct candidate *c, const char *path)
{
	int place = bundle_locate(h, path, 0, c->found);
	char dirs[2 * PATH_MAX];

	if (place < 0)
		return place;
	if (place == PLACE_INSTALLED) {
		packaged_dirs(h, dirs, sizeof(dirs));
		return fail(h, BX_FAULT_USAGE, ENOENT,
			    "bundle '%s' is installed, and there is no other in %s; write './%s' for a directory or file",
			    path, dirs, path);
	}
	c->path = c->found;
	c->packaged = place == PLACE_PACKAGE &&
		packaged_is_roots(h, c->found);
	return 0;
}

static void describe(struct candidate *c)
{
	const struct bx_bundle_about *about = bx_bundle_about(c->b);
	const struct signer *who = c->b->who;
	struct generation *g = &c->gen;

	copy_name(g->version, sizeof(g->version), about->version);
	if (who) {
		copy_name(g->signer, sizeof(g->signer), who->name);
		strcpy(g->fingerprint, who->fingerprint);
		strcpy(g->anchor, who->anchor_fingerprint);
	} else if (!c->packaged) {
		note(c->b->h, "bundle '%s' is not signed", about->name);
	}
}

/* Copies the bundle, and checks that it may be installed. */
static int take(struct bx_handle *h, struct candidate *c)
{
	char dir[PATH_MAX];
	int err;

	state_path(h, dir, NEW, "");
	err = bundle_copy(h, c->path, dir);
	if (!err)
		err = digest_tree(h, dir, c->gen.digest);
	if (!err)
		err = bundle_open_checked(h, dir, c->path, c->opts->flags |
					  (c->packaged ? BX_BUNDLE_UNSIGNED : 0),
					  &c->b);
	if (!err)
		err = bundle_policies(c->b, &c->gen.policies);
	if (!err)
		err = check_owners(h, bx_bundle_about(c->b)->name, &c->gen);
	if (!err)
		describe(c);
	return err;
}

static void candidate_close(struct bx_handle *h, struct candidate *c)
{
	char dir[PATH_MAX];

	bx_bundle_close(c->b);
	generation_free(&c->gen);
	state_path(h, dir, NEW, "");
	if (h->state_fd >= 0 && tree_discard(dir))
		note(h, "cannot remove '%s'", dir);
}

/* ---- checks of an upgrade ---- */

static int check_version(struct bx_handle *h, const struct candidate *c,
			 const struct installed *inst,
			 const struct generation *g)
{
	int order = version_compare(c->gen.version, g->version);

	if (c->opts->flags & BX_INSTALL_DOWNGRADE || order > 0)
		return 0;
	if (order < 0)
		return fail(h, BX_FAULT_REJECTED, EPERM,
			    "cannot upgrade bundle '%s' from %s to the lower version %s; use '--allow-downgrade' to do so",
			    inst->name, g->version, c->gen.version);
	if (!strcmp(c->gen.digest, g->digest))
		return 0;
	return fail(h, BX_FAULT_REJECTED, EPERM,
		    "bundle '%s' %s is installed with other files than those of '%s', and a new version has a higher number; use '--allow-downgrade' to replace it",
		    inst->name, g->version, c->path);
}

static bool same_signer(const struct generation *a, const struct generation *b)
{
	return !strcmp(a->fingerprint, b->fingerprint) ||
		(!strcmp(a->anchor, b->anchor) && !strcmp(a->signer, b->signer));
}

/* Checks that the signer is the same; any signer may replace an unsigned bundle. */
static int check_signer(struct bx_handle *h, const struct candidate *c,
			const struct installed *inst,
			const struct generation *g)
{
	if (!g->signer[0] || same_signer(&c->gen, g))
		return 0;
	if (c->gen.signer[0])
		return fail(h, BX_FAULT_REJECTED, EPERM,
			    "bundle '%s' %s is signed by '%s' (%.16s), and '%s' by '%s' (%.16s); use '--change-signer' if that is intended",
			    inst->name, g->version, g->signer, g->fingerprint,
			    c->path, c->gen.signer, c->gen.fingerprint);
	return fail(h, BX_FAULT_REJECTED, EPERM,
		    "bundle '%s' %s is signed by '%s' (%.16s), and '%s' is not signed; use '--change-signer' if that is intended",
		    inst->name, g->version, g->signer, g->fingerprint, c->path);
}

/* Checks that a policy of the old version is kept, or in the scope of the new signer. */
static int check_dropped(struct bx_handle *h, const struct candidate *c,
			 const struct installed *inst, const char *name,
			 const struct claim *claim)
{
	struct said why;
	int err;

	if (names_have(&c->gen.policies, name))
		return 0;
	err = signer_allows(h, c->b->who, inst->name, claim, 1);
	if (!err)
		return 0;
	error_keep(h, &why);
	return fail(h, why.fault, err,
		    "the policy '%s' of bundle '%s' %s would be dropped: %.700s; use '--change-signer' if that is intended",
		    name, inst->name, state_generation(inst, inst->current)->version,
		    why.text);
}

static int check_dropped_object(struct bx_handle *h, const struct candidate *c,
				const struct installed *inst, const struct object *obj)
{
	int err = 0;

	for (size_t i = 0; !err && i < obj->count; i++) {
		const struct bx_applied *a = &obj->items[i].about;

		err = check_dropped(h, c, inst, a->name,
				    &(struct claim) { a->target, a->vendor });
	}
	return err;
}

static int check_dropped_rules(struct bx_handle *h, const struct candidate *c,
			       const struct installed *inst, struct bx_bundle *b)
{
	char name[BX_NAME_LEN];
	struct bundle_rules r;
	int err = bundle_rules_read(b, &r);

	for (unsigned int i = 0; !err && i < r.nscopes; i++) {
		const struct rules_scope_of *scope = &r.scope[i];

		err = rules_policy_name(h, inst->name, true, scope, name);
		if (!err)
			err = check_dropped(h, c, inst, name,
					    &(struct claim) { scope->bus, scope->vendor });
	}
	bundle_rules_free(&r);
	return err;
}

/* Checks the policies that the new version does not have. */
static int check_drops(struct bx_handle *h, const struct candidate *c,
		       const struct installed *inst, const struct generation *g)
{
	struct transaction txn = {};
	struct bx_bundle *b;
	char path[PATH_MAX];
	bool any = false;
	int err;

	for (unsigned int i = 0; i < g->policies.count; i++)
		any |= !names_have(&c->gen.policies, g->policies.name[i]);
	if (!any || !c->b->who)
		return 0;
	generation_path(h, path, inst->name, g->number);
	err = bundle_open_at(h, path, path, &b);
	for (unsigned int i = 0; !err && i < b->nr_policies; i++) {
		generation_path(h, path, inst->name, g->number);
		snprintf(path + strlen(path), sizeof(path) - strlen(path),
			 "/%s", b->policies[i].file[0]);
		err = txn_add(h, &txn, path, path) ?:
			check_dropped_object(h, c, inst, &txn.objs[txn.count - 1]);
	}
	if (!err)
		err = check_dropped_rules(h, c, inst, b);
	txn_close(&txn);
	bx_bundle_close(b);
	return err;
}

static int may_replace(struct bx_handle *h, const struct candidate *c,
		       const struct installed *inst)
{
	const struct generation *g = state_generation(inst, inst->current);
	int err = check_version(h, c, inst, g);

	if (err || c->opts->flags & BX_INSTALL_CHANGE_SIGNER)
		return err;
	return check_signer(h, c, inst, g) ?: check_drops(h, c, inst, g);
}

/* ---- settings ---- */

static bool is_given(const struct bx_install_opts *opts, const char *setting,
		     size_t len)
{
	for (unsigned int i = 0; i < opts->nr_set; i++)
		if (!strncmp(opts->set[i], setting, len) &&
		    opts->set[i][len] == '=')
			return true;
	for (unsigned int i = 0; i < opts->nr_unset; i++)
		if (!strncmp(opts->unset[i], setting, len) &&
		    !opts->unset[i][len])
			return true;
	return false;
}

/* Keeps a setting that was given before, if it still fits. */
static int keep_setting(struct candidate *c, const char *setting)
{
	struct bx_handle *h = c->b->h;

	if (is_given(c->opts, setting, strcspn(setting, "=")))
		return 0;
	if (!bx_bundle_set(c->b, setting))
		return generation_set(h, &c->gen, setting);
	note_failure(h, "dropping the setting '%s': %s", setting, bx_error(h));
	error_forget(h);
	return 0;
}

/* Checks that settings to unset were given before. */
static int check_unset(struct candidate *c, const struct generation *before)
{
	int err = 0;

	for (unsigned int i = 0; !err && i < c->opts->nr_unset; i++)
		err = check_is_set(c->b->h, bx_bundle_about(c->b)->name,
				   before, c->opts->unset[i]);
	return err;
}

/* Applies the operator's file, the settings given before, and the settings given now. */
static int choose(struct candidate *c, const struct generation *before)
{
	int err;

	err = before ? check_unset(c, before) : 0;
	if (!err)
		err = bx_bundle_configure(c->b);
	/* first, because items are added to the list that was given before */
	for (unsigned int i = 0; !err && before && i < before->nr_set; i++)
		err = keep_setting(c, before->set[i]);
	for (unsigned int i = 0; !err && i < c->opts->nr_set; i++)
		err = keep_chosen(c->b, &c->gen, c->opts->set[i]);
	return err;
}

/* ---- the change ---- */

/* Makes the copy a generation, which is not yet the current one. */
static int add_generation(struct bx_handle *h, struct candidate *c,
			  struct installed *inst)
{
	struct generation *g = &inst->gens[inst->count];
	char from[PATH_MAX];
	int err;

	if (inst->count == MAX_GENERATIONS)
		return hint(h, BX_HINT_PRUNE, inst->name,
			    fail(h, BX_FAULT_FAILED, E2BIG,
				 "bundle '%s' has too many generations (%u)",
				 inst->name, inst->count));
	c->gen.number = inst->count ? g[-1].number + 1 : 1;
	state_path(h, from, NEW, "");
	err = state_adopt(h, from, inst->name, c->gen.number);
	if (err)
		return err;
	*g = c->gen;
	c->gen = (struct generation) {};
	/* if the process dies, recovery removes the generation: the state does not name it */
	err = h->offline ? 0 : mark_unsettled(h, inst);
	inst->count++;
	return err;
}

/* Undoes a failed change and keeps its error. */
static void undo(struct bx_handle *h, struct installed *inst,
		 unsigned int number)
{
	struct said why;
	int err;

	/* the state stays unsettled: the next command recovers */
	if (h->astray)
		return;
	error_keep(h, &why);
	state_forget(inst, number);
	err = inst->current ? settle(h, inst) : state_delete(h, inst->name);
	if (err)
		note_failure(h, "cannot recover bundle '%s': %s", inst->name,
			     bx_error(h));
	error_restore(h, &why);
}

static bool new_shadow(const struct bx_install_opts *opts, bool before)
{
	return opts->mode == BX_MODE_KEEP ? before :
		opts->mode == BX_MODE_SHADOW;
}

static bool asks_closed(const struct bx_install_opts *opts)
{
	return opts->flags & BX_INSTALL_FAIL_CLOSED;
}

/* Returns whether a new version is a canary: in shadow mode, beside the enforced one. */
static bool is_beside(const struct installed *inst, bool shadow)
{
	return inst->current && !inst->shadow && shadow;
}

/* Makes the state follow an active new generation, and forgets the replaced one. */
static int take_over(struct bx_handle *h, struct installed *inst,
		     const struct installed *before, unsigned int number,
		     bool beside)
{
	unsigned int old = before->canary;

	inst->canary = beside ? number : 0;
	inst->current = beside ? before->current : number;
	if (old)
		state_forget(inst, old);
	return h->offline ? settle(h, inst) : conclude(h, inst);
}

/*
 * Activates the new generation, if the bundle is enabled, and makes it the current one, or
 * the canary.
 */
static int bring_in(struct bx_handle *h, struct candidate *c,
		    struct installed *inst, bool enable, bx_applied_fn fn,
		    void *arg)
{
	bool shadow = new_shadow(c->opts, inst->shadow);
	bool beside = is_beside(inst, shadow);
	struct installed before = *inst;
	struct generation *g;
	int err;

	c->b->enforce = !shadow;
	err = bundle_check_mode(c->b);
	if (!err)
		err = add_generation(h, c, inst);
	if (err)
		return err;
	g = &inst->gens[inst->count - 1];
	inst->shadow = shadow && !beside;
	inst->fail_closed |= asks_closed(c->opts);
	choose_rebind(inst, c->opts);
	inst->canary = beside ? g->number : 0;
	if (enable && !h->offline)
		err = installed_make_active(h, inst, g, fn, arg);
	if (!err) {
		inst->enabled = enable;
		return take_over(h, inst, &before, g->number, beside);
	}
	inst->shadow = before.shadow;
	inst->fail_closed = before.fail_closed;
	inst->rebind = before.rebind;
	inst->canary = before.canary;
	undo(h, inst, g->number);
	return err;
}

static bool same_settings(const struct generation *a,
			  const struct generation *b)
{
	bool same = a->nr_set == b->nr_set;

	for (unsigned int i = 0; same && i < a->nr_set; i++) {
		unsigned int k;

		for (k = 0; k < b->nr_set && strcmp(a->set[i], b->set[k]); k++)
			;
		same = k < b->nr_set;
	}
	return same;
}

/* Returns whether exactly this bundle is installed, with unchanged files. */
static bool is_installed(struct bx_handle *h, const struct candidate *c,
			 const struct installed *inst)
{
	bool shadow = new_shadow(c->opts, inst->shadow);
	bool beside = is_beside(inst, shadow);
	const struct generation *g = state_generation(inst, beside ?
						      inst->canary :
						      inst->current);
	char path[PATH_MAX], digest[DIGEST_SIZE];

	/* without --mode shadow, an upgrade drops the canary */
	if (!g || (inst->canary && !beside) || (shadow && !beside) != inst->shadow ||
	    (asks_closed(c->opts) && !inst->fail_closed) ||
	    (c->opts->flags & BX_INSTALL_REBIND && !inst->rebind) ||
	    (c->opts->flags & BX_INSTALL_NO_REBIND && inst->rebind))
		return false;
	if (version_compare(c->gen.version, g->version) ||
	    strcmp(c->gen.digest, g->digest) ||
	    strcmp(c->gen.fingerprint, g->fingerprint) ||
	    !same_settings(&c->gen, g))
		return false;
	generation_path(h, path, inst->name, g->number);
	if (digest_tree(h, path, digest)) {
		error_forget(h);
		return false;
	}
	return !strcmp(digest, g->digest);
}

static int begin(struct bx_handle *h, struct candidate *c, const char *path,
		 struct installed *inst)
{
	int err = locate(h, c, path);

	if (!err && !(c->opts->flags & BX_INSTALL_OFFLINE))
		err = bx_check_kernel(h);
	if (!err)
		err = change_begin(h, c->opts);
	if (!err)
		err = take(h, c);
	return err ?: state_read(h, bx_bundle_about(c->b)->name, inst);
}

int bx_install(struct bx_handle *h, const char *path,
	       const struct bx_install_opts *opts, bx_applied_fn fn, void *arg)
{
	struct candidate c = { .opts = opts ?: &no_install_opts };
	struct installed inst = {};
	int ret;

	ret = begin(h, &c, path, &inst);
	if (ret > 0 && inst.unsettled)
		ret = cannot_go_on(h, inst.name);
	else if (ret > 0)
		ret = hint(h, BX_HINT_UPGRADE, NULL,
			   fail(h, BX_FAULT_CONFLICT, EEXIST,
				"bundle '%s' is already installed", inst.name));
	if (!ret)
		ret = choose(&c, NULL) ?:
			bring_in(h, &c, &inst, true, fn, arg);
	if (!ret)
		tell_done(c.opts, BX_INSTALLED, &inst);
	candidate_close(h, &c);
	change_end(h, &inst);
	return ret;
}

static int upgrade(struct bx_handle *h, struct candidate *c,
		   struct installed *inst, bx_applied_fn fn, void *arg)
{
	bool beside = is_beside(inst, new_shadow(c->opts, inst->shadow));
	int err = may_replace(h, c, inst) ?:
		choose(c, state_generation(inst, inst->current));

	if (err)
		return err;

	if (is_installed(h, c, inst)) {
		tell_done(c->opts, beside ? BX_UNCHANGED_CANARY : BX_UNCHANGED,
			  inst);
		return 0;
	}
	err = bring_in(h, c, inst, inst->enabled, fn, arg);
	if (!err)
		tell_done(c->opts, beside ? BX_CANARY : BX_UPGRADED, inst);
	return err;
}

int bx_upgrade(struct bx_handle *h, const char *path,
	       const struct bx_install_opts *opts, bx_applied_fn fn, void *arg)
{
	struct candidate c = { .opts = opts ?: &no_install_opts };
	struct installed inst = {};
	int ret;

	ret = begin(h, &c, path, &inst);
	if (!ret)
		ret = hint(h, BX_HINT_INSTALL, NULL,
			   fail(h, BX_FAULT_USAGE, ENOENT,
				"bundle '%s' is not installed", inst.name));
	else if (ret > 0 && inst.unsettled && !(h->offline && inst.current))
		ret = cannot_go_on(h, inst.name);
	else if (ret > 0)
		ret = upgrade(h, &c, &inst, fn, arg);
	candidate_close(h, &c);
	change_end(h, &inst);
	return ret;
}
