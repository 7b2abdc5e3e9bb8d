// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: canaries: a new version in shadow mode beside the enforced one
 *
 *	upgrade --mode shadow	a generation becomes the canary
 *	mode enforce		the canary becomes the current generation (changes.c)
 *	rollback		the canary is dropped
 *
 * The policies of the canary have separate keys (links.c), separate pins and a separate
 * mark (pins.c), and change in separate steps, which never include the enforced version.
 * Where both change, as at boot, the enforced version is first, and an error of the canary
 * is only a note.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "install.h"

void canary_forget(struct installed *inst)
{
	state_forget(inst, inst->canary);
	inst->canary = 0;
}

/* Deactivates the policies in shadow mode, which can only be those of the canary. */
static int clear(struct bx_handle *h, const struct installed *inst)
{
	int ret;

	if (inst->shadow)
		return 0;
	ret = installed_deactivate(h, inst->name, SLOT_CANARY, NULL, NULL);
	return ret < 0 ? ret : 0;
}

int canary_follow(struct bx_handle *h, const struct installed *inst)
{
	int err = inst->canary ?
		installed_keep_active(h, inst, state_generation(inst, inst->canary)) :
		clear(h, inst);

	if (!err || h->astray)
		return err;
	note_failure(h, "bundle '%s': the canary %s not as it must be: %s", inst->name,
		     inst->canary ? "is" : "that was dropped is", bx_error(h));
	error_forget(h);
	return 0;
}
