// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: comparing the checked policy with the policy in the kernel
 *
 * A policy's name, bus, vendor, flags, priority and version are read in the object
 * (object.c) and checked against a manifest (activate.c).  The kernel gets them from the same
 * object through libbpf, which could read it differently.  So each commit and each trial
 * contains the checked values, and the kernel refuses a policy that differs.  It also
 * contains the drivers that the policy may name; the kernel ejects a policy that names
 * another.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"

/* Reads the kernel's last reasons for refusing policies, newest last. */
void read_refused(struct bx_handle *h, char *buf, size_t size)
{
	if (read_sysfs(h, "kernel/bus_ext/refused", buf, size) < 0)
		buf[0] = '\0';
}

/* Returns the reason in a line "NAME: REASON" about @name; NULL for another name. */
static const char *reason_for(const char *line, const char *name)
{
	size_t len = strlen(name);

	if (strncmp(line, name, len) || line[len] != ':')
		return NULL;
	return line + len + strspn(line + len, ": ");
}

/* Finds the reason that the kernel gave for @name since @before. */
void refusal(struct bx_handle *h, const char *name, const char *before,
	     char *buf, size_t size)
{
	char now[4096], *line, *save;
	const char *why;

	buf[0] = '\0';
	read_refused(h, now, sizeof(now));
	if (!strcmp(now, before))
		return;
	for (line = strtok_r(now, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		why = reason_for(line, name);
		if (why)
			snprintf(buf, size, "%s", why);
	}
}

/* ---- checked values ---- */

static int enter(struct bx_handle *h, struct bx_commit *c, const char *name,
		 const char *bus, const struct bx_commit_enter *values)
{
	struct bx_commit_enter *to = &c->enter[c->nr_enter];

	if (c->nr_enter == BX_COMMIT_MAX)
		return fail(h, BX_FAULT_REJECTED, E2BIG,
			    "cannot activate more than %d policies at once",
			    BX_COMMIT_MAX);
	*to = *values;
	copy_name(to->name, sizeof(to->name), name);
	copy_name(to->bus, sizeof(to->bus), bus);
	c->nr_enter++;
	return 0;
}

/* Enters a staged policy, with the values that were read in its object. */
int commit_enter_item(struct bx_handle *h, struct bx_commit *c,
		      const struct transaction *txn, const struct item *item)
{
	const struct bx_applied *about = &item->about;

	return enter(h, c, about->name, about->target,
		     &(struct bx_commit_enter) {
			.id = item->new_id,
			.flags = about->flags,
			.vendor = about->vendor,
			.priority = about->priority,
			.version = about->version,
			.limit = txn->limit,
		     });
}

/* Enters a staged policy that was active before, with the values that it had then. */
int commit_enter_old(struct bx_handle *h, struct bx_commit *c, __u64 id,
		     const struct bx_policy_rec *old)
{
	return enter(h, c, old->name, old->bus,
		     &(struct bx_commit_enter) {
			.id = id,
			.flags = old->flags,
			.vendor = old->vendor,
			.priority = old->priority,
			.version = old->version,
			.limit = old->limit,
		     });
}

/* ---- values in the kernel ---- */

static bool differs(const struct bx_applied *about,
		    const struct bx_policy_rec *rec, char *why, size_t size)
{
	if (strcmp(rec->name, about->name))
		snprintf(why, size, "expected name '%s', got '%s'",
			 about->name, rec->name);
	else if (strcmp(rec->bus, about->target))
		snprintf(why, size, "expected bus '%s', got '%s'",
			 about->target, rec->bus);
	else if (rec->vendor != about->vendor)
		snprintf(why, size, "expected vendor 0x%04x, got 0x%04x",
			 about->vendor, rec->vendor);
	else if (rec->flags != about->flags)
		snprintf(why, size, "expected flags 0x%llx, got 0x%llx",
			 (unsigned long long)about->flags,
			 (unsigned long long)rec->flags);
	else if (rec->priority != about->priority)
		snprintf(why, size, "expected priority %d, got %d",
			 about->priority, rec->priority);
	else if (rec->version != about->version)
		snprintf(why, size, "expected version %u, got %u",
			 about->version, rec->version);
	else
		return false;
	return true;
}

/* Detaches a policy at once that is not the checked one. */
static int take_back(struct bx_handle *h, struct item *item, const char *why)
{
	int err = kernel_detach(item->new_fd);

	close(item->new_fd);
	item->new_fd = -1;
	return fail(h, BX_FAULT_REJECTED, EPERM,
		    "cannot attach '%s' to %s: the policy in the kernel is not the one that was checked: %s; it was detached%s",
		    item->about.name, item->about.target, why,
		    err ? " by closing its link" : "");
}

/*
 * Checks that the policy of a new link is staged, and the checked one.  The kernel cannot
 * check that when the link is created, since it gets nothing but a map.
 */
int check_staged(struct bx_handle *h, struct item *item)
{
	struct bx_policy_rec rec;
	char why[256];
	int ret;

	ret = link_policy(h, item->new_fd, &rec);
	if (ret < 0) {
		kernel_detach(item->new_fd);
		close(item->new_fd);
		item->new_fd = -1;
		return ret;
	}
	if (!ret)
		return take_back(h, item, "its link has no policy");
	if (rec.stage != BX_STAGE_STAGED)
		return take_back(h, item,
				 "it was active at once, since its flags lack BX_F_STAGED");
	if (differs(&item->about, &rec, why, sizeof(why)))
		return take_back(h, item, why);
	item->new_id = rec.id;
	return 0;
}

/* ---- the kernel's refusal ---- */

/* Finds the newest reason that the kernel gave for a policy that enters. */
static const struct bx_commit_enter *
refused_enter(struct bx_handle *h, const struct bx_commit *c, char *why,
	      size_t size)
{
	const struct bx_commit_enter *found = NULL;
	char now[4096], *line, *save;

	read_refused(h, now, sizeof(now));
	for (line = strtok_r(now, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save))
		for (__u32 i = 0; i < c->nr_enter; i++) {
			const char *reason;
			char key[BX_SHOWN_LEN];

			bx_policy_key(key, c->enter[i].name, c->enter[i].flags);
			reason = reason_for(line, key);
			if (!reason)
				continue;
			found = &c->enter[i];
			snprintf(why, size, "%s", reason);
		}
	return found;
}

/* Makes the message for a commit, or a trial of it, that ended with -EPERM. */
int commit_refused(struct bx_handle *h, const struct bx_commit *c)
{
	const struct bx_commit_enter *enter;
	char why[256];

	if (!c->nr_enter)
		return hint(h, BX_HINT_ROOT, NULL,
			    fail(h, BX_FAULT_PERMISSION, EPERM,
				 "cannot deactivate the policies: this needs CAP_SYS_ADMIN"));
	enter = refused_enter(h, c, why, sizeof(why));
	if (!enter)
		return hint(h, BX_HINT_DMESG, NULL,
			    fail(h, BX_FAULT_REJECTED, EPERM,
				 "cannot activate '%s' on %s: the kernel refuses it, and its reason cannot be read",
				 c->enter[0].name, c->enter[0].bus));
	return fail(h, BX_FAULT_REJECTED, EPERM,
		    "cannot activate '%s' on %s: the policy in the kernel is not the one that was checked: %s",
		    enter->name, enter->bus, why);
}
