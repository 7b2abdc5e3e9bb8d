/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * libbusext: who made a bundle, and what they may claim
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
 * enum sign_flags - how to check a signature
 * @SIGN_ANY_TIME: certificates may have expired: for a bundle that was checked with
 *	the clock when it was installed, at boot, when the clock may be wrong
 */
enum sign_flags {
	SIGN_ANY_TIME	= 1 << 0,
};

/**
 * struct signer - the signer of a bundle whose signature is good
 * @name: the subject of the certificate, printable; empty when the bundle is not signed
 * @fingerprint: SHA-256 of the certificate, in hexadecimal
 * @anchor: the operator's certificate that vouches for it, a file
 * @anchor_fingerprint: SHA-256 of that
 * @limits: a claim must be permitted by each of them
 */
struct signer {
	char		name[256];
	char		fingerprint[FINGERPRINT_SIZE];
	char		anchor[PATH_MAX];
	char		anchor_fingerprint[FINGERPRINT_SIZE];
	struct limit	*limits;
};

/**
 * signer_allows() - may a bundle of this signer claim this?
 * @h: the handle
 * @s: the signer
 * @bundle: the bundle's name, for the message
 * @claims: the claims
 * @nr: how many
 *
 * Return: 0, or -EACCES (BX_FAULT_REJECTED) with the claim and the limit.
 */
int signer_allows(struct bx_handle *h, const struct signer *s,
		  const char *bundle, const struct claim *claims,
		  unsigned int nr);

/* Frees what sign_check() put there; nothing for a signer of zeros. */
void signer_close(struct signer *signer);

/* "HEX  PATH" lines of a tree's files but for the signature; to be freed; NULL on errors */
int digest_list(struct bx_handle *h, const struct tree *tree, char **list);

/* The digest of a text in hexadecimal, cut to @size with its NUL */
void digest_text(const char *text, char *mark, size_t size);

/**
 * sign_tree() - sign the bundle in a directory
 * @h: the handle
 * @dir: the bundle, where bundle.sig is written
 * @key: file of the private key (PEM)
 * @cert: file of the certificate and those of its issuers (PEM)
 * @claims: what the bundle claims; a certificate that does not permit it gets a note
 * @nr: how many claims
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
 * @signer: where to put the signer; to be closed with signer_close()
 *
 * Return: 1 when the signature is good, 0 when there is none, or an errno: -EBADMSG
 * when it is not valid or the files are others, -EACCES when the signer is not
 * trusted (BX_FAULT_REJECTED).
 */
int sign_check(struct bx_handle *h, const char *dir, const char *shown,
	       unsigned int flags, struct signer *signer);

/* sign_check() of an open tree, whose files have the digests in @list */
int sign_check_tree(struct bx_handle *h, const struct tree *tree,
		    const char *list, const char *shown, unsigned int flags,
		    struct signer *signer);

/**
 * sign_compare() - is the signature that of these files?
 * @h: the handle
 * @tree: the bundle
 * @shown: its name in messages
 *
 * Whether the signer is trusted does not count.
 *
 * Return: 0, also without a signature, or -EBADMSG.
 */
int sign_compare(struct bx_handle *h, const struct tree *tree,
		 const char *shown);

/* sign_check() for a signature's text and the list of digests; @data is hostile. */
int sign_check_text(struct bx_handle *h, const char *shown, const void *data,
		    size_t size, const char *list, unsigned int flags,
		    struct signer *signer);

#endif /* _BUSEXT_SIGN_H */
