/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * libbusext: certificates, trusted signers and their limits
 *
 *	cert.c     certificates: reading and naming them, their claims
 *	keys.c     the operator's certificates: CONF_DIR/keys
 *	trust.c    chains from a signer's certificate to one of the operator's
 */
#ifndef _BUSEXT_TRUST_H
#define _BUSEXT_TRUST_H

#include <openssl/bio.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "sign.h"

#define KEY_SUFFIX	".pem"
#define LIMIT_SUFFIX	".yaml"
#define MAX_KEYS	64

/* Digits of a shortened fingerprint: enough to tell two certificates apart */
#define FINGERPRINT_SHORT	16

typedef STACK_OF(X509) x509_stack;

/**
 * struct limit - the claims that a certificate or the operator permits a signer
 * @next: the next limit
 * @by: the certificate or file that sets the limit, for messages
 * @from_cert: a certificate sets the limit, not the operator
 * @nr: number of claims
 * @claims: the permitted claims
 * @buses: names that @claims point to
 */
struct limit {
	struct limit	*next;
	char		by[PATH_MAX + 16];
	bool		from_cert;
	unsigned int	nr;
	struct claim	claims[MAX_CLAIMS];
	char		buses[MAX_CLAIMS][BX_NAME_LEN];
};

/* cert.c */

/* Returns the last error of OpenSSL and clears it. */
const char *ssl_reason(void);

/* Writes the subject (RFC 2253), printable and never empty. */
void cert_name(const X509 *cert, char *buf, size_t size);

/* Writes the fingerprint to @buf, of FINGERPRINT_SIZE bytes. */
void cert_fingerprint(const X509 *cert, char *buf);

/*
 * Reads the claims of a certificate: returns 0 with @limit->nr claims, or -EINVAL for a
 * claim that cannot be read.
 */
int cert_claims(struct bx_handle *h, X509 *cert, struct limit *limit);

/* Returns whether the key usage of a certificate permits signatures. */
bool cert_may_sign(X509 *cert);
/* Returns whether the extended key usage of a certificate includes codeSigning. */
bool cert_signs_code(X509 *cert);
/* Returns whether a certificate may issue certificates that sign code. */
bool cert_issues_signers(X509 *cert);

/* Writes the time of a certificate in readable form. */
const char *cert_time(const ASN1_TIME *time, char *buf, size_t size);

/* Writes "bus pci, vendor 0x10de", for messages; @buf: CLAIM_WORDS bytes. */
#define CLAIM_WORDS	96
const char *claim_words(char *buf, const struct claim *claim);

/* keys.c */

/**
 * struct keys - the operator's certificates
 * @dir: CONF_DIR/keys, for messages
 * @fd: that directory, -1 when there is none
 * @store: store of all the certificates
 * @cert: the certificates
 * @file: file name of each certificate below @dir
 * @count: number of certificates
 */
struct keys {
	char		dir[300];
	int		fd;
	X509_STORE	*store;
	X509		*cert[MAX_KEYS];
	char		*file[MAX_KEYS];
	unsigned int	count;
};

int keys_open(struct bx_handle *h, struct keys *keys);
void keys_close(struct keys *keys);

/* Returns the first key from @start on that is this certificate, or @keys->count. */
unsigned int keys_find(const struct keys *keys, const X509 *cert,
		       unsigned int start);

/*
 * Reads the operator's limits on the certificate with number @i from NAME.yaml beside it:
 * returns 1, 0 without such a file, or an errno.  @override: they replace the limits of
 * certificates.
 */
int keys_limit(struct bx_handle *h, const struct keys *keys, unsigned int i,
	       struct limit *limit, bool *override);

/* trust.c */

/*
 * Checks that a chain of @others leads from the signer's certificate to one of the
 * operator's, and fills @s.  Returns -EACCES if none does, -EINVAL and others for keys that
 * cannot be read.
 */
int trust_check(struct bx_handle *h, const char *shown, X509 *cert,
		x509_stack *others, unsigned int flags, struct signer *s);

#endif /* _BUSEXT_TRUST_H */
