// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * bxctl: remedies, as the end of a message
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bxctl.h"

/* For each hint of the library; '%1$s' is its subject. */
static const char *const advice[BX_NR_HINTS] = {
	[BX_HINT_NONE] = "",
	[BX_HINT_ROOT] = "; run it as root",
	[BX_HINT_LOAD] = "; run 'modprobe bus_ext'",
	[BX_HINT_VERBOSE] = "; 'bxctl -v' shows its whole log",
	[BX_HINT_DMESG] = "; see 'dmesg'",
	[BX_HINT_DETACH] = "; use 'bxctl detach %1$s' first",
	[BX_HINT_READ_ONLY] =
		"; 'bxctl detach' deactivates policies without writing there",
	[BX_HINT_APPLY_HOOK] = "; attach them with 'bxctl apply'",
	[BX_HINT_POLICIES] = "; 'bxctl policies' lists them",
	[BX_HINT_DEVICES] = "; 'bxctl devices --all' lists them",
	[BX_HINT_BUSES] = "; 'bxctl drivers' shows which there are",
	[BX_HINT_EXPLAIN] = "; see 'bxctl explain %1$s' and 'dmesg'",
	[BX_HINT_FORCE] = "; 'bxctl rebind --force %1$s' rebinds it all the same",
	[BX_HINT_FORCE_GROUP] = "; 'bxctl rebind --group --force %1$s' rebinds them all the same",
	[BX_HINT_BUNDLES] = "; 'bxctl status' lists those that are",
	[BX_HINT_INSTALL] = "; use 'bxctl install' to install it",
	[BX_HINT_UPGRADE] = "; use 'bxctl upgrade' to replace it",
	[BX_HINT_REINSTALL] = "; install it again with 'bxctl upgrade'",
	[BX_HINT_OWNER] = "; use 'bxctl upgrade', or 'bxctl disable %1$s' first",
	[BX_HINT_REMOVE] = "; remove that with 'bxctl remove %1$s' first",
	[BX_HINT_DEACTIVATE] =
		"; deactivate it with 'bxctl disable %1$s' or remove it with 'bxctl remove %1$s'",
	[BX_HINT_ENFORCE] = "; use 'bxctl mode enforce %1$s' to enforce it",
	[BX_HINT_PRUNE] =
		"; any other change of it, as 'bxctl enable %1$s', removes old ones",
	[BX_HINT_PACK] = "; make it with 'bxctl pack'",
	[BX_HINT_SIGN] = "; sign it again with 'bxctl sign'",
};

static bool has_option(const struct command *cmd, const char *name)
{
	for (const struct param *p = cmd->params; p && p->name; p++)
		if (!strcmp(p->name, name))
			return true;
	return false;
}

/* The remedy of a rejected bundle depends on the command. */
static const char *advise_bundle(const struct env *env, int err)
{
	const char *at = env->args.operand;

	if (!at || bx_fault(env->bx) != BX_FAULT_REJECTED)
		return NULL;
	if (err == -ENOKEY && has_option(env->command, "allow-unsigned"))
		return "; if you trust it all the same, use '--allow-unsigned'";
	if (err == -ENODATA && !access(at, F_OK) && is_directory(at))
		return "; run 'bxctl build %1$s'";
	return NULL;
}

/* Returns a message with its remedy; valid until the next call. */
static const char *with_advice(const char *message, const char *remedy,
			       const char *subject)
{
	static char text[8192];
	size_t n = snprintf(text, sizeof(text), "%s", message);

	if (n < sizeof(text))
		snprintf(text + n, sizeof(text) - n, remedy, subject);
	return text;
}

/*
 * Returns the message of the library's last failure, which ended with @err, with the
 * remedy if one is known; valid until the next call of these functions.
 */
const char *library_error(const struct env *env, int err)
{
	const char *subject, *remedy;
	enum bx_hint hint = bx_hint(env->bx, &subject);

	remedy = hint ? NULL : advise_bundle(env, err);
	if (remedy)
		return with_advice(bx_error(env->bx), remedy, env->args.operand);
	return with_advice(bx_error(env->bx), advice[hint], subject);
}

/* The same for a note on the library's last failure */
const char *failure_text(const struct env *env, const char *note)
{
	const char *subject;
	enum bx_hint hint = bx_hint(env->bx, &subject);

	return with_advice(note, advice[hint], subject);
}

/* The same for a problem in a result; empty if there is none */
const char *problem_text(const struct bx_problem *p)
{
	return p->text ? with_advice(p->text, advice[p->hint], p->subject) : "";
}
