// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * In place of loader/lib/rules_apply.c: the active table is the file "table" in the
 * directory of the tests' kernel, its rules in canonical form, and then the approvals.  The
 * real one is tested in the VM.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../lib/internal.h"
#include "../../lib/rules_text.h"
#include "fake.h"

int bx_rules_apply(struct bx_handle *h, const struct bx_rules *rules, const char *table,
		   int priority, bx_applied_fn fn, void *arg, struct bx_rules_applied *about)
{
	char path[PATH_MAX];
	FILE *f;

	*about = (struct bx_rules_applied) { .generation = 1, .rules = rules->n };
	snprintf(path, sizeof(path), "%s/table", getenv("BXCTL_FAKE"));
	f = fopen(path, "w");
	if (!f)
		return fail(h, BX_FAULT_FAILED, errno, "cannot write '%s'", path);
	for (size_t i = 0; i < rules->n; i++) {
		char *text = rules_print(&rules->rule[i]);

		fprintf(f, "%s\n", text ?: "");
		free(text);
	}
	for (size_t i = 0; i < rules->napproved; i++)
		fprintf(f, "approved %s\n", rules->approved[i]);
	fake_elect();
	return fclose(f) ? fail(h, BX_FAULT_FAILED, errno, "cannot write '%s'", path) : 0;
}
