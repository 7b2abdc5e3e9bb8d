// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/* A bundle's manifest, and an assignment of a setting after a line '---' */
#include "fuzz.h"

static int set_again(const struct bx_setting *s, void *arg)
{
	char text[BX_NAME_LEN + MAX_LIST_LEN + 1];

	snprintf(text, sizeof(text), "%s=%s", s->name, s->value);
	/* an accepted manifest has only valid values */
	if (bx_bundle_set(arg, text))
		abort();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bx_handle *h = fuzz_handle();
	char *text = text_of(data, size), *assignment = NULL;
	char *mark = strstr(text, "\n---\n");
	struct bx_bundle *b;
	int err;

	if (mark) {
		assignment = strdup(mark + 5);
		size = mark - text;
		*mark = '\0';
	}
	err = bundle_parse(h, "fuzz", text, size, &b);
	said(h, err);
	if (!err) {
		bx_bundle_list_settings(b, set_again, b);
		if (assignment)
			said(h, bx_bundle_set(b, assignment));
	}
	bx_bundle_close(b);
	free(assignment);
	return 0;
}
