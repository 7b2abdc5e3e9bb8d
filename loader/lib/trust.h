/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * libbusext: certificates, whom the operator trusts, and with what
 *
 *	cert.c     certificates: reading and naming them, their claims
 *	keys.c     the operator's: CONF_DIR/keys
 *	trust.c    from a signer's certificate to one of those
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

/* Of a fingerprint, where the whole is too long: enough to tell two certificates apart */
#define FINGERPRINT_SHORT	16

typedef STACK_OF(X509) x509_stack;

/**
 * struct limit - what a certificate or the operator permits a signer to claim
 * @next: the next one
 * @by: who says so, for messages
 * @from_cert: the certificate says so, not the operator
 * @nr: number of claims
 * @claims: the claims
 * @buses: what @claims point into
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

/* The last complaint of OpenSSL, which is then forgotten */
const char *ssl_reason(void);

/* The subject (RFC 2253), printable and never empty */
void cert_name(const X509 *cert, char *buf, size_t size);

/* @buf: FINGERPRINT_SIZE bytes */
void cert_fingerprint(const X509 *cert, char *buf);

/*
 * The claims of a certificate: 0 with @limit->nr of them, or -EINVAL for one that
 * cannot be read.
 */
int cert_claims(struct bx_handle *h, X509 *cert, struct limit *limit);

/* May the key of a certificate sign, and does it say that it signs code? */
bool cert_may_sign(X509 *cert);
bool cert_signs_code(X509 *cert);
/* May it issue certificates that sign code? */
bool cert_issues_signers(X509 *cert);

/* The time of a certificate, for people */
const char *cert_time(const ASN1_TIME *time, char *buf, size_t size);

/* "bus pci, vendor 0x10de", for messages; @buf: CLAIM_WORDS bytes */
#define CLAIM_WORDS	96
const char *claim_words(char *buf, const struct claim *claim);

/* keys.c */

/**
 * struct keys - the operator's certificates
 * @dir: CONF_DIR/keys, for messages
 * @fd: that directory, -1 when there is none
 * @store: the certificates
 * @cert: each of them
 * @file: its name below @dir
 * @count: how many there are
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

/* The first key from @start on that is this certificate; @keys->count if there is none */
unsigned int keys_find(const struct keys *keys, const X509 *cert,
		       unsigned int start);

/*
 * The operator's limits on the certificate with number @i, from NAME.yaml beside it: 1,
 * 0 without such a file, or an errno.  @override: they replace those of certificates.
 */
int keys_limit(struct bx_handle *h, const struct keys *keys, unsigned int i,
	       struct limit *limit, bool *override);

/* trust.c */

/*
 * Does a chain of @others lead from the signer's certificate to one of the operator's?
 * Fills @s; -EACCES if not, -EINVAL or others for keys that cannot be read.
 */
int trust_check(struct bx_handle *h, const char *shown, X509 *cert,
		x509_stack *others, unsigned int flags, struct signer *s);

#endif /* _BUSEXT_TRUST_H */
