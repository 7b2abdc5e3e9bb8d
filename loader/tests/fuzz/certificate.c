// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * A certificate: its name is printable and not empty for any contents, and each claim is
 * a bus and a vendor.  The same for the bytes as a URI.
 */
#include <ctype.h>
#include "fuzz.h"
#include "../../lib/trust.h"

static void good(const struct claim *claim)
{
	if (!bx_name_is_good(claim->bus) || claim->vendor <= 0 ||
	    claim->vendor > BX_ANY)
		abort();
}

static void check(struct bx_handle *h, X509 *cert, struct limit *limit)
{
	char name[256], print[FINGERPRINT_SIZE];
	int err;

	cert_name(cert, name, sizeof(name));
	if (!name[0])
		abort();
	for (const char *p = name; *p; p++)
		if (!isascii(*p) || !isprint(*p))
			abort();
	cert_fingerprint(cert, print);
	if (strlen(print) != FINGERPRINT_SIZE - 1)
		abort();
	cert_may_sign(cert);
	cert_signs_code(cert);
	cert_issues_signers(cert);
	err = cert_claims(h, cert, limit);
	said(h, err);
	for (unsigned int i = 0; !err && i < limit->nr; i++)
		good(&limit->claims[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct limit *limit = calloc(1, sizeof(*limit));
	const unsigned char *p = data;
	char bus[BX_NAME_LEN];
	struct claim claim;
	X509 *cert;

	if (!limit)
		abort();
	if (claim_from_uri((const char *)data, size, bus, &claim)) {
		good(&claim);
		if (!uri_is_claim((const char *)data, size))
			abort();
	}
	cert = d2i_X509(NULL, &p, size);
	if (cert)
		check(fuzz_handle(), cert, limit);
	X509_free(cert);
	free(limit);
	return 0;
}
