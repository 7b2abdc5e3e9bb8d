// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: the settings and the mode that a bundle keeps from its installed version
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "install.h"

/*
 * Does the same as the command that would follow: an upgrade drops settings that do not fit
 * the new version; the installed version must accept its settings.
 */
static int keep_settings(struct bx_bundle *b, const struct generation *g)
{
	int err;

	for (unsigned int i = 0; i < g->nr_set; i++) {
		err = bx_bundle_set(b, g->set[i]);
		if (!err)
			continue;
		if (b->place == PLACE_INSTALLED)
			return err;
		note_failure(b->h, "dropping the setting '%s': %s", g->set[i],
			     bx_error(b->h));
		error_forget(b->h);
	}
	return 0;
}

bool is_list_change(const char *assignment)
{
	size_t len = strcspn(assignment, "=");

	return assignment[len] && len && strchr("+-", assignment[len - 1]);
}

int keep_chosen(struct bx_bundle *b, struct generation *g, const char *assignment)
{
	struct setting *s;
	char *name, *whole;
	int err;

	err = bx_bundle_set(b, assignment);
	if (err || !is_list_change(assignment))
		return err ?: generation_set(b->h, g, assignment);
	name = strndup(assignment, strcspn(assignment, "=") - 1);
	s = name ? bundle_setting(b, name) : NULL;
	if (!s || asprintf(&whole, "%s=%s", name, s->value) < 0) {
		free(name);
		return fail(b->h, BX_FAULT_FAILED, ENOMEM, "out of memory");
	}
	err = generation_set(b->h, g, whole);
	free(whole);
	free(name);
	return err;
}

int bx_bundle_keep(struct bx_bundle *b)
{
	struct installed inst = {};
	struct generation *g;
	int ret, err = 0;

	if (b->kept)
		return 0;
	ret = state_read(b->h, b->about.name, &inst);
	g = ret > 0 ? state_generation(&inst, inst.current) : NULL;
	if (g) {
		b->shadow = inst.shadow;
		b->enforce = !inst.shadow;
		b->fail_closed |= inst.fail_closed;
		err = keep_settings(b, g);
	}
	b->kept = ret >= 0 && !err;
	state_free(&inst);
	return ret < 0 ? ret : err;
}
