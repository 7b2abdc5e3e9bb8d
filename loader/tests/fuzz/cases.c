// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/* A bundle's file of test cases; stubs.c replaces the kernel */
#include "fuzz.h"

static const char manifest[] =
	"bundle: f\nversion: 1\nvendor: v\nsummary: s\n"
	"claims: [ { bus: pci } ]\npolicies: [ f.bpf.o ]\n"
	"settings: { x: { type: int, default: 1, help: x } }\n";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bx_handle *h = fuzz_handle();
	struct bx_bundle *b;

	if (bundle_parse(h, "fuzz",
			 text_of((const uint8_t *)manifest, strlen(manifest)),
			 strlen(manifest), &b))
		abort();
	said(h, cases_from_text(b, text_of(data, size), size, NULL, NULL));
	bx_bundle_close(b);
	return 0;
}
