// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: what an installed bundle has active in the kernel, and recovery
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>

#include "install.h"
#include "tree.h"

const struct bx_install_opts no_install_opts;

/* An error that is not that of the command */
static void told_beside(struct bx_handle *h, const char *name)
{
	note(h, "cannot recover bundle '%s': %s", name, bx_error(h));
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
	return fail(h, BX_FAULT_REJECTED, EBADMSG,
		    "generation %u of bundle '%s' is not what was installed: files in '%s' have changed; install it again with 'bxctl upgrade'",
		    g->number, inst->name, path);
}

/*
 * The signer that the state names still vouches for these files.  Certificates may have
 * expired since, and the clock may be wrong.
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
	(*b)->shadow = inst->shadow;
	(*b)->enforce = !inst->shadow;
	return 0;
}

/* ---- the kernel's side ---- */

static bool has_kernel(struct bx_handle *h)
{
	return !h->offline && kernel_is_there(h);
}

/* Tells one active state of a bundle from another: its files, settings, mode */
static int mark_of(const struct bx_bundle *b, const struct generation *g,
		   char *mark, size_t size)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		return fail(b->h, BX_FAULT_FAILED, ENOMEM, "out of memory");
	fprintf(f, "%s\n%s\n", g->digest, b->shadow ? "shadow" : "enforce");
	for (unsigned int i = 0; i < b->nr_settings; i++)
		fprintf(f, "%s=%s\n", b->settings[i].about.name,
			b->settings[i].value);
	if (fclose(f)) {
		free(text);
		return fail(b->h, BX_FAULT_FAILED, ENOMEM, "out of memory");
	}
	digest_text(text, mark, size);
	free(text);
	return 0;
}

struct force_count {
	const struct names	*policies;
	bool			shadow;
	unsigned int		active;
};

static int count_force(const struct bx_policy_rec *rec, void *arg)
{
	struct force_count *c = arg;

	if (rec->stage == BX_STAGE_ACTIVE && !rec->ejected &&
	    (!c->shadow || rec->flags & BX_F_SHADOW) &&
	    names_have(c->policies, rec->name))
		c->active++;
	return 0;
}

int installed_is_active(struct bx_bundle *b, const struct installed *inst,
			const struct generation *g)
{
	struct force_count c = {
		.policies = &g->policies, .shadow = inst->shadow,
	};
	char mark[MARK_SIZE];
	int ret;

	ret = mark_of(b, g, mark, sizeof(mark));
	if (ret || !pins_marked(b->h, inst->name, mark))
		return ret;
	ret = bx_list_policies(b->h, count_force, &c);
	return ret ?: c.active == g->policies.count;
}

int installed_activate(struct bx_bundle *b, const struct generation *g,
		       bx_applied_fn fn, void *arg)
{
	struct names drops = {};
	char mark[MARK_SIZE];
	int err;

	err = pins_owned(b->h, b->about.name, &drops);
	if (!err)
		err = mark_of(b, g, mark, sizeof(mark));
	if (!err)
		err = bundle_force(b, &drops, mark, &g->policies, fn, arg);
	free(drops.name);
	return err;
}

int installed_make_active(struct bx_handle *h, const struct installed *inst,
			  const struct generation *g, bx_applied_fn fn,
			  void *arg)
{
	struct bx_bundle *b;
	int err = installed_open(h, inst, g, &b);

	if (!err)
		err = installed_activate(b, g, fn, arg);
	bx_bundle_close(b);
	return err;
}

int installed_deactivate(struct bx_handle *h, const char *name,
			 bx_applied_fn fn, void *arg)
{
	struct names owned = {};
	char mark[MARK_SIZE];
	int err;

	if (!has_kernel(h))
		return 0;
	err = pins_read_mark(h, name, mark, sizeof(mark)) ?:
		pins_owned(h, name, &owned);
	if (err) {
		free(owned.name);
		return err;
	}
	err = pins_unmark(h, name);
	if (!err && owned.count)
		err = bundle_drop(h, &owned, fn, arg);
	if (!err) {
		err = pins_disown(h, name, NULL);
		if (err)
			leave_astray(h);
	} else if (!h->astray) {
		mark_restore(h, name, NULL, mark);
	}
	free(owned.name);
	return err ?: (int)owned.count;
}

/* The kernel agrees with the state. */
static int follow(struct bx_handle *h, const struct installed *inst)
{
	int ret;

	if (!has_kernel(h))
		return 0;
	if (!inst->enabled) {
		ret = installed_deactivate(h, inst->name, NULL, NULL);
		return ret < 0 ? ret : 0;
	}
	return installed_make_active(h, inst,
				     state_generation(inst, inst->current),
				     NULL, NULL);
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
			return fail(h, BX_FAULT_CONFLICT, EEXIST,
				    "bundle '%s' has the policy '%s', and so has generation %u of the installed bundle '%s'; remove that with 'bxctl remove %s' first",
				    s->name, g->policies.name[i], g->number,
				    other, other);
	return 0;
}

static int find_owner(struct bx_handle *h, const char *name, void *arg)
{
	const struct owner_search *s = arg;
	struct installed other;
	int ret = 0;

	if (!strcmp(name, s->name))
		return 0;
	/* what it has active shows in its pins, see owners.c */
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

/* What the state on disk says, marked unsettled, before the kernel is changed */
int mark_unsettled(struct bx_handle *h, struct installed *inst)
{
	inst->unsettled = true;
	h->astray = false;
	return state_write(h, inst);
}

/* Nothing is being changed any more: old generations go. */
int settle(struct bx_handle *h, struct installed *inst)
{
	int err;

	/* offline it is not known what the kernel has active */
	if (!h->offline)
		inst->unsettled = false;
	for (unsigned int i = 0; inst->count > KEEP && i < inst->count;)
		if (inst->gens[i].number == inst->current)
			i++;
		else
			state_forget(inst, inst->gens[i].number);
	err = state_write(h, inst);
	/* the next command tries that again */
	if (!err && state_sweep(h, inst)) {
		note(h, "%s", bx_error(h));
		error_forget(h);
	}
	return err;
}

/* The kernel has the change, and the disk the state before it. */
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
		/* an installation or a removal that was interrupted */
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

/* From what a process that died has left; under the lock */
int installed_recover(struct bx_handle *h)
{
	char path[PATH_MAX];

	state_path(h, path, NEW, "");
	if (tree_remove(h, path)) {
		note(h, "%s", bx_error(h));
		error_forget(h);
	}
	return state_each(h, recover_one, NULL);
}

int cannot_go_on(struct bx_handle *h, const char *name)
{
	return fail(h, BX_FAULT_STATE, EBUSY,
		    "cannot recover bundle '%s' from an interrupted change, see above; deactivate it with 'bxctl disable %s' or remove it with 'bxctl remove %s'",
		    name, name, name);
}

int not_installed(struct bx_handle *h, const char *name)
{
	return fail(h, BX_FAULT_USAGE, ENOENT,
		    "the bundle '%s' is not installed; 'bxctl status' lists those that are",
		    name);
}

/* ---- changes ---- */

int change_begin(struct bx_handle *h, const struct bx_install_opts *opts)
{
	h->offline = opts->flags & BX_INSTALL_OFFLINE;
	h->astray = false;
	return state_lock(h) ?: installed_recover(h);
}

/* The bundle is there, and nothing of it is being changed. */
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

void tell_done(const struct bx_install_opts *opts, enum bx_deed deed,
	       const struct installed *inst)
{
	const struct generation *g = state_generation(inst, inst->current);
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
