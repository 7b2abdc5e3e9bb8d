// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: deactivating policies and hooks
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"
#include "rules_change.h"

/* Detaches a policy that is attached but not pinned here. */
static int detach_foreign(struct bx_handle *h, const char *name)
{
	uint32_t id;
	int fd, err;

	fd = find_link(h, name, &id);
	if (fd < 0)
		return fail(h, BX_FAULT_FAILED, fd,
			    "cannot detach '%s': it is attached, but its link is not found: %s",
			    name, strerror(-fd));
	note(h, "'%s' was not pinned in '%s': detaching link %u", name,
	     h->pin_dir, id);
	err = kernel_detach(fd);
	close(fd);
	if (err)
		return fail(h, BX_FAULT_FAILED, err,
			    "cannot detach '%s' (link %u): %s", name, id,
			    strerror(-err));
	return 0;
}

static int verify_gone(struct bx_handle *h, const char *name)
{
	struct bx_policy_rec rec;
	int ret;

	ret = bx_settle(h);
	if (!ret)
		ret = find_policy(h, name, &rec);
	if (ret < 0)
		return fail(h, h->fault, ret,
			    "'%s' was detached, but the kernel did not confirm it: %s",
			    name, strerror(-ret));
	if (ret > 0)
		return fail(h, BX_FAULT_STATE, EBUSY,
			    "'%s' was detached, but the kernel still lists it",
			    name);
	return ret;
}

/* Returns 1 when it detached a policy. */
static int detach_policy(struct bx_handle *h, const char *name,
			 struct bx_detached *out)
{
	struct bx_policy_rec rec;
	struct policy_pin pin;
	int attached, err;

	attached = find_policy(h, name, &rec);
	if (attached < 0)
		return attached;
	err = pins_open(h, name, &pin);
	if (err)
		return err;
	if (!attached && pin.state == PIN_NONE)
		return 0;

	out->kind = BX_ITEM_POLICY;
	out->stale = !attached;
	if (pin.state == PIN_STALE)
		note(h, "removing the stale pins of '%s'", name);
	if (pin.link_fd >= 0) {
		/* the link may have ended by itself: verify_gone() finds out */
		kernel_detach(pin.link_fd);
		pins_close(&pin);
	} else if (attached) {
		err = detach_foreign(h, name);
	}
	if (err)
		return err;
	err = pins_remove(h, name);
	if (err) {
		leave_astray(h);
		return err;
	}
	return verify_gone(h, name) ?: 1;
}

/* Returns 1 when it detached a hook; elects again, since the kernel does not notice hooks. */
static int detach_hook(struct bx_handle *h, const char *name,
		       struct bx_detached *out)
{
	int err = pins_remove_hook(h, name), others;

	if (err && err != -ENOENT)
		return fail(h, BX_FAULT_FAILED, err,
			    "cannot remove the pin of hook '%s': %s", name,
			    strerror(-err));
	/* the link of a pin that was removed ends a moment later, and is one of these */
	others = hooks_detach(h, name);
	if (others < 0)
		return others;
	if (err && !others)
		return 0;
	out->kind = BX_ITEM_HOOK;
	err = bx_reelect(h, NULL);
	if (err)
		return fail(h, h->fault, err,
			    "hook '%s' was detached, but devices were not elected again: %s",
			    name, strerror(-err));
	return 1;
}

/* Detaches the enforced policy of a name, or, if there is none, the one in shadow mode. */
static int detach_either(struct bx_handle *h, struct bx_detached *out)
{
	char key[BX_SHOWN_LEN];
	int ret = detach_policy(h, out->name, out);

	if (ret || key_is_shadow(out->name) ||
	    strlen(out->name) >= BX_NAME_LEN)
		return ret;
	ret = detach_policy(h, bx_policy_key(key, out->name, BX_F_SHADOW), out);
	if (ret > 0)
		copy_name(out->name, sizeof(out->name), key);
	return ret;
}

static bool is_good(const char *name)
{
	const char *mode = strchr(name, '@');

	return name[0] && !strpbrk(name, "/:+") &&
		(!mode || !strcmp(mode, BX_SHADOW_SUFFIX));
}

int bx_detach(struct bx_handle *h, const char *name, struct bx_detached *out)
{
	struct bx_detached ignored;
	int ret;

	if (!out)
		out = &ignored;
	*out = (struct bx_detached) {};
	copy_name(out->name, sizeof(out->name), name);
	if (strlen(name) >= sizeof(out->name) || !is_good(name))
		return fail(h, BX_FAULT_USAGE, EINVAL,
			    "'%s' is not a name of a policy or hook", name);
	ret = bx_check_kernel(h);
	if (!ret)
		ret = pins_lock(h);
	if (ret)
		return ret;
	ret = detach_either(h, out);
	if (ret > 0)
		rules_sweep(h);
	if (!ret)
		ret = detach_hook(h, name, out);
	pins_unlock(h);
	if (ret < 0)
		return ret;
	return ret ? 0 : hint(h, BX_HINT_POLICIES, NULL,
			      fail(h, BX_FAULT_USAGE, ENOENT,
				   "cannot detach '%s': no policy and no hook has that name",
				   name));
}
