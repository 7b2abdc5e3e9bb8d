// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/* The state of an installed bundle: a state that was read and written is read again */
#include "fuzz.h"

static bool is_same(const struct generation *a, const struct generation *b)
{
	if (a->number != b->number || a->nr_set != b->nr_set ||
	    strcmp(a->version, b->version) || strcmp(a->signer, b->signer) ||
	    strcmp(a->digest, b->digest) ||
	    strcmp(a->fingerprint, b->fingerprint) ||
	    strcmp(a->anchor, b->anchor) ||
	    a->policies.count != b->policies.count)
		return false;
	for (unsigned int i = 0; i < a->nr_set; i++)
		if (strcmp(a->set[i], b->set[i]))
			return false;
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bx_handle *h = fuzz_handle();
	struct installed *a = calloc(1, sizeof(*a)), *b = calloc(1, sizeof(*b));
	char dir[300];
	int err;

	if (!a || !b)
		abort();
	err = state_parse(h, "fuzz", text_of(data, size), size, a);
	said(h, err);
	if (!err) {
		snprintf(dir, sizeof(dir), "%s/var", fuzz_dir());
		mkdir(dir, 0700);
		strcat(dir, "/bundles");
		mkdir(dir, 0700);
		strcat(dir, "/fuzz");
		mkdir(dir, 0700);
		strcpy(a->name, "fuzz");
		if (state_write(h, a) || state_read(h, "fuzz", b) != 1 ||
		    a->count != b->count || a->current != b->current ||
		    a->enabled != b->enabled || a->shadow != b->shadow)
			abort();
		for (unsigned int i = 0; i < a->count; i++)
			if (!is_same(&a->gens[i], &b->gens[i]))
				abort();
	}
	state_free(a);
	state_free(b);
	free(a);
	free(b);
	return 0;
}
