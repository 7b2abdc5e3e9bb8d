/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * libbusext: the rules of the machine, in rules.d of the configuration
 */
#ifndef _BUSEXT_SITE_H
#define _BUSEXT_SITE_H

#include "rules.h"

/* Name of the table, and the priority of its policies: the administrator comes before vendors. */
#define SITE_TABLE	"machine"
#define SITE_PRIORITY	10000

/* site_file.c: all rules of the machine, as one table; none if there is no directory */
int site_read(struct bx_handle *h, bx_rules_problem_fn fn, void *arg, struct bx_rules *rules);
/* Whether there are rules of the machine */
bool site_exists(struct bx_handle *h);
/* Names what an initramfs needs for them: the files, and the modules of their drivers. */
void site_needs(struct bx_handle *h, bx_need_fn fn, void *arg);

/*
 * As bx_site_remove(); sets @members[i], unless that is NULL, for each other member of the
 * device's groups that one of the rules was for
 */
int site_remove(struct bx_handle *h, const struct bx_rules_device *d, bool *members);

/* site_set.c: activates rules as those of the machine, with the list of approved devices */
int site_activate(struct bx_handle *h, struct bx_rules *rules);

/* site_kept.c: keeps the active rules, or removes the file if there are none; a failure is told */
void site_keep(struct bx_handle *h, const struct bx_rules *rules);
/* Reads the rules that were active last. */
int site_read_kept(struct bx_handle *h, struct bx_rules *rules);
/* Whether rules were active last */
bool site_is_kept(const struct bx_handle *h);
void site_kept_need(struct bx_handle *h, bx_need_fn fn, void *arg);

/*
 * site_approved.c: as bx_site_approved(), with a note for each line without a fingerprint only
 * if @tell
 */
int site_approved(struct bx_handle *h, struct bx_rules *rules, bool tell);
/* Adds a fingerprint to the list of the machine, or removes it, and applies that */
int site_approve(struct bx_handle *h, const struct bx_approval *a, bool add);
/* Names the file with the list, if there is one, as a need of an initramfs. */
void site_approved_need(struct bx_handle *h, bx_need_fn fn, void *arg);

#endif /* _BUSEXT_SITE_H */
