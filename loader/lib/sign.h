/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * libbusext: the signature of a bundle, and the permitted claims of its signer
 *
 * The signature, bundle.sig, is a CMS message (PEM) that contains the list of the
 * digests of all other files, as sha256sum writes it.
 */
#ifndef _BUSEXT_SIGN_H
#define _BUSEXT_SIGN_H

#include "bundle.h"
#include "tree.h"

#define KEYS_DIR	"keys"		/* in the configuration */
#define SIGNATURE	"bundle.sig"
#define MAX_SIGNATURE	(1024 * 1024)

struct limit;

/**
 * enum sign_flags - flags for checking a signature
 * @SIGN_ANY_TIME: accept expired certificates: for use at boot, when the clock may be
 *	wrong, and with a bundle whose certificates were valid when it was installed
 */
enum sign_flags {
	SIGN_ANY_TIME	= 1 << 0,
};

/**
 * struct signer - the signer of a bundle whose signature is good
 * @name: the subject of the certificate, printable; empty when the bundle is not signed
 * @fingerprint: SHA-256 of the certificate, in hexadecimal
 * @anchor: file of the operator's certificate that vouches for it
 * @anchor_fingerprint: SHA-256 of the operator's certificate
 * @limits: list of limits, each of which must permit a claim
 */
struct signer {
	char		name[256];
	char		fingerprint[FINGERPRINT_SIZE];
	char		anchor[PATH_MAX];
	char		anchor_fingerprint[FINGERPRINT_SIZE];
	struct limit	*limits;
};

/**
 * signer_allows() - check that a signer may sign a bundle with these claims
 * @h: the handle
 * @s: the signer
 * @bundle: the bundle's name, for the message
 * @claims: the claims
 * @nr: number of claims
 *
 * Return: 0, or -EACCES (BX_FAULT_REJECTED) with the claim and the limit.
 */
int signer_allows(struct bx_handle *h, const struct signer *s,
		  const char *bundle, const struct claim *claims,
		  unsigned int nr);

/* Frees the members that sign_check() has set; does nothing for a signer of zeros. */
void signer_close(struct signer *signer);

/*
 * Makes the "HEX  PATH" lines of a tree's files except the signature.  The caller frees
 * @list, which is NULL on errors.
 */
int digest_list(struct bx_handle *h, const struct tree *tree, char **list);

/* Writes the digest of a text in hexadecimal, cut to @size with its NUL. */
void digest_text(const char *text, char *mark, size_t size);

/**
 * sign_tree() - sign the bundle in a directory
 * @h: the handle
 * @dir: the bundle, where bundle.sig is written
 * @key: file of the private key (PEM)
 * @cert: file of the certificate and those of its issuers (PEM)
 * @claims: the claims of the bundle; a certificate that does not permit one gets a note
 * @nr: number of claims
 *
 * Return: 0; -EINVAL (BX_FAULT_REJECTED) for a key or a certificate that cannot sign
 * bundles; an errno when a file cannot be read or written.
 */
int sign_tree(struct bx_handle *h, const char *dir, const char *key,
	      const char *cert, const struct claim *claims, unsigned int nr);

/**
 * sign_check() - check the signature of the bundle in a directory over all its files
 * @h: the handle
 * @dir: the bundle
 * @shown: its name in messages
 * @flags: enum sign_flags
 * @signer: takes the signer, which the caller closes with signer_close()
 *
 * Return: 1 when the signature is good, 0 when there is none, or an errno: -EBADMSG
 * when it is not valid or does not match the files, -EACCES when the signer is not
 * trusted (BX_FAULT_REJECTED).
 */
int sign_check(struct bx_handle *h, const char *dir, const char *shown,
	       unsigned int flags, struct signer *signer);

/* Does the same as sign_check() for an open tree, whose files have the digests in @list. */
int sign_check_tree(struct bx_handle *h, const struct tree *tree,
		    const char *list, const char *shown, unsigned int flags,
		    struct signer *signer);

/**
 * sign_compare() - check that the signature matches the files
 * @h: the handle
 * @tree: the bundle
 * @shown: its name in messages
 *
 * Does not check whether the signer is trusted.
 *
 * Return: 0, also without a signature, or -EBADMSG.
 */
int sign_compare(struct bx_handle *h, const struct tree *tree,
		 const char *shown);

/* Does the same as sign_check() for the text of a signature; @data is untrusted. */
int sign_check_text(struct bx_handle *h, const char *shown, const void *data,
		    size_t size, const char *list, unsigned int flags,
		    struct signer *signer);

#endif /* _BUSEXT_SIGN_H */
