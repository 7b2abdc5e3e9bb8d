// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: the settings and the mode that a bundle keeps from its installed version
 */
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
