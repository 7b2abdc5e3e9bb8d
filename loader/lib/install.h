/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * libbusext: what the files of installed bundles share
 *
 *	installed.c	what a bundle has active in the kernel, and recovery
 *	install.c	install and upgrade
 *	changes.c	enable, disable, mode, rollback, remove
 *	canary.c	a new version in shadow mode beside the enforced one
 *	listing.c	what is installed, and whether it is as it was installed
 *	packaged.c	bundles that packages install
 *	boot.c		what is enabled, at boot
 *
 * Each change is
 *
 *	copy, check -> state: unsettled -> kernel, in one step -> state: settled
 *
 * The state on disk is authoritative.  A process that dies leaves it marked unsettled,
 * holding either the previous state or the pending removal: the next command makes the
 * kernel agree with it.  With BX_INSTALL_OFFLINE the kernel has no part in a change, and
 * one replacement of the state is the whole change.
 */
#ifndef _BUSEXT_INSTALL_H
#define _BUSEXT_INSTALL_H

#include "state.h"

/* The signer of what is installed is not trusted any more */
#define NOT_TRUSTED	(-EKEYREJECTED)

/* Below the store: the copy of a bundle that is not a generation yet */
#define NEW	".new"

/* installed.c */

/* The digest of the list of digests of the bundle in @dir, of DIGEST_SIZE */
int digest_tree(struct bx_handle *h, const char *dir, char *digest);

/* Under the lock from here to change_end() */
int change_begin(struct bx_handle *h, const struct bx_install_opts *opts);
int change_begin_with(struct bx_handle *h, const struct bx_install_opts *opts,
		      const char *name, struct installed *inst);
void change_end(struct bx_handle *h, struct installed *inst);

int cannot_go_on(struct bx_handle *h, const char *name);
int not_installed(struct bx_handle *h, const char *name);

int installed_recover(struct bx_handle *h);
int mark_unsettled(struct bx_handle *h, struct installed *inst);
int settle(struct bx_handle *h, struct installed *inst);
int conclude(struct bx_handle *h, struct installed *inst);

/* A generation with its settings and mode, its files and signature checked */
int installed_open(struct bx_handle *h, const struct installed *inst,
		   const struct generation *g, struct bx_bundle **b);

/* Its files and signature only */
int installed_check(struct bx_handle *h, const struct installed *inst,
		    const struct generation *g, struct bx_bundle **b);

/* The kernel's side of an open one: 1 when exactly it is active already */
int installed_is_active(struct bx_bundle *b, const struct installed *inst,
			const struct generation *g);
int installed_activate(struct bx_bundle *b, const struct installed *inst,
		       const struct generation *g, bx_applied_fn fn, void *arg);

/* installed_open(), then installed_activate() */
int installed_make_active(struct bx_handle *h, const struct installed *inst,
			  const struct generation *g, bx_applied_fn fn,
			  void *arg);

/* What a bundle has active of @slot, in one step; how many policies that were */
int installed_deactivate(struct bx_handle *h, const char *name, enum slot slot,
			 bx_applied_fn fn, void *arg);

/* A policy of @g is in a generation of another bundle: an error that names it. */
int check_owners(struct bx_handle *h, const char *name,
		 const struct generation *g);

/* canary.c */

/*
 * The kernel's side agrees with the state, or a note says why not; an error if it is not
 * known what the kernel has.
 */
int canary_follow(struct bx_handle *h, const struct installed *inst);

/* In the state, it is not there any more. */
void canary_forget(struct installed *inst);

/* changes.c: an error unless @g has that setting */
int check_is_set(struct bx_handle *h, const char *name,
		 const struct generation *g, const char *setting);

void tell_done(const struct bx_install_opts *opts, enum bx_deed deed,
	       const struct installed *inst);

extern const struct bx_install_opts no_install_opts;

/* packaged.c: 1 with its path, of PATH_MAX, 0 when there is none; is it only root's? */
void packaged_dirs(struct bx_handle *h, char *buf, size_t size);
int packaged_find(struct bx_handle *h, const char *name, char *buf);
bool packaged_is_roots(struct bx_handle *h, const char *path);

#endif /* _BUSEXT_INSTALL_H */
