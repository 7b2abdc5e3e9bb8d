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
#include <linux/mutex.h>
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

/* Ends a fingerprint; returns 0, or -ENODATA if not all parts are in it. */
int bx_fingerprint_end(const struct bx_fingerprint *print, u8 *digest)
{
	if (print->nr > BX_FINGERPRINT_PARTS)
		return -ENODATA;
	sha256((const u8 *)print, offsetof(struct bx_fingerprint, digest[print->nr]),
	       digest);
	return 0;
}

/* Writes the 64 digits; returns their number, or an errno of bx_fingerprint_end(). */
int bx_fingerprint_put(const struct bx_fingerprint *print, char *buf, size_t size)
{
	u8 digest[SHA256_DIGEST_SIZE];
	int err = bx_fingerprint_end(print, digest);

	return err ?: snprintf(buf, size, "%*phN", SHA256_DIGEST_SIZE, digest);
}

/* ---- devices that were there at boot ---- */

/*
 * Kept until the module is unloaded, so that a device is known when it comes back, also
 * after the policy was replaced.  A machine has fewer; later ones are not known again.
 */
#define BX_BOOT_PRINTS	256

static u8 bx_boot_prints[BX_BOOT_PRINTS][SHA256_DIGEST_SIZE];
static u32 bx_nr_boot_prints;
static DEFINE_MUTEX(bx_boot_lock);	/* protects both */

static bool bx_boot_print_find(const u8 *digest)
{
	for (u32 i = 0; i < bx_nr_boot_prints; i++)
		if (!memcmp(bx_boot_prints[i], digest, SHA256_DIGEST_SIZE))
			return true;
	return false;
}

/* Returns whether a device of this fingerprint was remembered. */
bool bx_fingerprint_was_at_boot(const u8 *digest)
{
	bool found;

	mutex_lock(&bx_boot_lock);
	found = bx_boot_print_find(digest);
	mutex_unlock(&bx_boot_lock);
	return found;
}

void bx_fingerprint_remember(const u8 *digest)
{
	mutex_lock(&bx_boot_lock);
	if (bx_nr_boot_prints < BX_BOOT_PRINTS && !bx_boot_print_find(digest))
		memcpy(bx_boot_prints[bx_nr_boot_prints++], digest, SHA256_DIGEST_SIZE);
	mutex_unlock(&bx_boot_lock);
}
