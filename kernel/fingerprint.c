// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fingerprints: one SHA-256 over all parts of a device's description of itself
 *
 * A part is hashed on its own, and then the list of digests is, so no byte can move from
 * one part to the next without another result, and no memory is needed for all of them.
 * Parts are hashed as the device has sent them: what is not printable counts, too.
 *
 * The readers of the parts are in fact_pci.c and fact_usb.c.
 */
#include <crypto/sha2.h>
#include <linux/string.h>
#include "fact.h"

/* Starts a fingerprint; @kind: 8 characters, so that no two kinds of device collide */
void bx_fingerprint_init(struct bx_fingerprint *print, const char *kind)
{
	memset(print, 0, sizeof(*print));
	memcpy(print->kind, kind, sizeof(print->kind));
}

/*
 * Adds a part; a missing one (@data is NULL) is a digest of zeros, which no part has.
 * More than BX_FINGERPRINT_PARTS make an error of bx_fingerprint_put().
 */
void bx_fingerprint_add(struct bx_fingerprint *print, const void *data, size_t len)
{
	if (print->nr < BX_FINGERPRINT_PARTS && data)
		sha256(data, len, print->digest[print->nr]);
	print->nr++;
}

/* Writes the 64 digits; returns their number, or -ENODATA if not all parts are in them. */
int bx_fingerprint_put(const struct bx_fingerprint *print, char *buf, size_t size)
{
	u8 digest[SHA256_DIGEST_SIZE];

	if (print->nr > BX_FINGERPRINT_PARTS)
		return -ENODATA;
	sha256((const u8 *)print, offsetof(struct bx_fingerprint, digest[print->nr]),
	       digest);
	return snprintf(buf, size, "%*phN", SHA256_DIGEST_SIZE, digest);
}
