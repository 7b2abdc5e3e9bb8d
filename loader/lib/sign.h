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

#define SIGNATURE	"bundle.sig"
#define MAX_SIGNATURE	(1024 * 1024)

/**
 * struct signer - who signed, once that is known to be true
 * @name: the subject of the certificate; empty when nobody signed
 * @anchor: the certificate of the operator's that vouches for it, a file
 * @claims: what it may claim
 * @nr_claims: how many these are
 * @limited_by: what says so, for people
 */
struct signer {
	char		name[256];
	char		anchor[PATH_MAX];
	struct claim	claims[MAX_CLAIMS];
	unsigned int	nr_claims;
	char		limited_by[PATH_MAX + 300];
	/* what @claims point into */
	char		buses[MAX_CLAIMS][BX_NAME_LEN];
	char		limits_path[PATH_MAX];
	struct yaml	limits;
};

/* May a bundle that it signed claim this? */
int signer_allows(struct bx_handle *h, const struct signer *s,
		  const char *bundle, const struct claim *claims,
		  unsigned int nr);

/* "HEX  PATH" lines of a tree's files but for the signature; to be freed. */
int digest_list(struct bx_handle *h, const struct tree *tree, char **list);

/* The digest of a text in hexadecimal, cut to @size with its NUL */
void digest_text(const char *text, char *mark, size_t size);

/* Sign the bundle in @dir: writes bundle.sig there. */
int sign_tree(struct bx_handle *h, const char *dir, const char *key,
	      const char *cert);

/*
 * Read the signature of the bundle in @dir and hold all of its files against it.
 * 1 when it is good, 0 when there is none.
 */
int sign_check(struct bx_handle *h, const char *dir, const char *shown,
	       struct signer *signer);
void signer_close(struct signer *signer);

/* The digests in a signature's text, held against @list; @data is hostile. */
int sign_check_text(struct bx_handle *h, const char *shown, const void *data,
		    size_t size, const char *list, struct signer *signer);

#endif /* _BUSEXT_SIGN_H */
