/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * libbusext: functions shared by the files for installed bundles
 *
 *	installed.c	the active policies of a bundle in the kernel, and recovery
 *	install.c	install and upgrade
 *	changes.c	enable, disable, mode, rollback, remove
 *	canary.c	a new version in shadow mode beside the enforced one
 *	listing.c	listing and checking installed bundles
 *	packaged.c	bundles that packages install
 *	boot.c		enabled bundles, at boot
 *
 * Each change is
 *
 *	copy, check -> state: unsettled -> kernel, in one step -> state: settled
 *
 * The state on disk is authoritative.  A process that dies leaves it marked unsettled,
 * holding either the previous state or the pending removal: the next command makes the
 * kernel agree with it.  With BX_INSTALL_OFFLINE a change does not involve the kernel, and
 * consists of one replacement of the state.
 */
#ifndef _BUSEXT_INSTALL_H
#define _BUSEXT_INSTALL_H

#include "state.h"

/* The signer of an installed bundle is no longer trusted. */
#define NOT_TRUSTED	(-EKEYREJECTED)

/* Below the store: the copy of a bundle that is not yet a generation */
#define NEW	".new"

/* kept.c */

/* Returns whether an assignment is NAME+=ITEMS or NAME-=ITEMS, which only lists have. */
bool is_list_change(const char *assignment);

/* Sets it in the bundle, and keeps the whole resulting value in the generation. */
int keep_chosen(struct bx_bundle *b, struct generation *g, const char *assignment);

/* installed.c */

/* Computes the digest of the list of digests of the bundle in @dir, of DIGEST_SIZE. */
int digest_tree(struct bx_handle *h, const char *dir, char *digest);

/* Take the lock, which change_end() releases. */
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

/* Checks the files and the signature of a generation, and applies its settings and mode. */
int installed_open(struct bx_handle *h, const struct installed *inst,
		   const struct generation *g, struct bx_bundle **b);

/* Checks only the files and the signature of a generation. */
int installed_check(struct bx_handle *h, const struct installed *inst,
		    const struct generation *g, struct bx_bundle **b);

/* Returns 1 when the kernel has exactly this open generation active. */
int installed_is_active(struct bx_bundle *b, const struct installed *inst,
			const struct generation *g);
int installed_activate(struct bx_bundle *b, const struct installed *inst,
		       const struct generation *g, bx_applied_fn fn, void *arg);

/* Activates a generation, unless it is active already. */
int installed_keep_active(struct bx_handle *h, const struct installed *inst,
			  const struct generation *g);

/* Calls installed_open(), then installed_activate(). */
int installed_make_active(struct bx_handle *h, const struct installed *inst,
			  const struct generation *g, bx_applied_fn fn,
			  void *arg);

/* Deactivates a bundle's policies of @slot in one step; returns their number. */
int installed_deactivate(struct bx_handle *h, const char *name, enum slot slot,
			 bx_applied_fn fn, void *arg);

/* Fails, naming the policy, if a generation of another bundle has a policy of @g. */
int check_owners(struct bx_handle *h, const char *name,
		 const struct generation *g);

/* canary.c */

/*
 * Makes the kernel's canary agree with the state, or writes a note that says why it does
 * not; fails if the state of the kernel is not known.
 */
int canary_follow(struct bx_handle *h, const struct installed *inst);

/* Removes the canary from the state. */
void canary_forget(struct installed *inst);

/* changes.c: fails unless @g has that setting. */
int check_is_set(struct bx_handle *h, const char *name,
		 const struct generation *g, const char *setting);

/* Follows BX_INSTALL_REBIND and BX_INSTALL_NO_REBIND. */
void choose_rebind(struct installed *inst, const struct bx_install_opts *opts);

void tell_done(const struct bx_install_opts *opts, enum bx_deed deed,
	       const struct installed *inst);

extern const struct bx_install_opts no_install_opts;

/*
 * packaged.c: packaged_find() returns 1 with the path of a bundle in @buf, of PATH_MAX, or
 * 0.  packaged_is_roots() returns whether only root can change the bundle.
 */
void packaged_dirs(struct bx_handle *h, char *buf, size_t size);
int packaged_find(struct bx_handle *h, const char *name, char *buf);
bool packaged_is_roots(struct bx_handle *h, const char *path);

#endif /* _BUSEXT_INSTALL_H */
