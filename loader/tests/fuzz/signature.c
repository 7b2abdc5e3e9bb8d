// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * bundle.sig: no contents are a valid signature, since no author of these has a trusted
 * key
 */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char list[] = "# bus_ext bundle 1\n";
	struct bx_handle *h = fuzz_handle();
	struct signer *s = calloc(1, sizeof(*s));
	int err;

	if (!s)
		abort();
	err = sign_check_text(h, "fuzz", data, size, list, 0, s);
	said(h, err);
	if (!err)
		abort();
	signer_close(s);
	free(s);
	return 0;
}
