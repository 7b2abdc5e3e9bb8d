// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: checking the signature of a bundle, on top of OpenSSL
 *
 * A signature is good when bundle.sig contains only one CMS message, one certificate
 * signed it with SHA-2, this certificate is trusted (trust.c), and the signed list equals
 * the list of the bundle's files.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
/* after pem.h, for its functions of PEM */
#include <openssl/cms.h>

#include "trust.h"

typedef STACK_OF(CMS_SignerInfo) info_stack;

/* ---- the lists ---- */

/* Returns the length of the line at @at, up to its end. */
static size_t line_length(const char *at)
{
	return strcspn(at, "\n");
}

static bool has_line(const char *list, const char *line, size_t len)
{
	for (; *list; list += line_length(list) + (list[line_length(list)] != 0))
		if (line_length(list) == len && !memcmp(list, line, len))
			return true;
	return false;
}

static bool has_path(const char *list, const char *path, size_t len)
{
	for (; *list; list += line_length(list) + (list[line_length(list)] != 0))
		if (line_length(list) == len + 66 &&
		    !memcmp(list + 66, path, len))
			return true;
	return false;
}

/* Returns the first line of @a that @b does not have, or NULL. */
static const char *missing_line(const char *a, const char *b)
{
	for (; *a; a += line_length(a) + (a[line_length(a)] != 0))
		if (!has_line(b, a, line_length(a)))
			return a;
	return NULL;
}

/* Checks that the lists are equal; finds a difference for the message. */
static int compare_lists(struct bx_handle *h, const char *shown,
			 const char *list, const char *signed_list)
{
	const char *line = missing_line(list, signed_list), *what;
	size_t len;

	if (!strcmp(list, signed_list))
		return 0;
	what = "was changed after it was signed";
	if (line && line_length(line) > 66 &&
	    !has_path(signed_list, line + 66, line_length(line) - 66))
		what = "was added after it was signed";
	if (!line) {
		line = missing_line(signed_list, list);
		what = "was signed with it, and is missing";
	}
	len = line ? line_length(line) : 0;
	if (len <= 66)
		return fail(h, BX_FAULT_REJECTED, EBADMSG,
			    "the signature of '%s' does not cover a bundle's list of files",
			    shown);
	return fail(h, BX_FAULT_REJECTED, EBADMSG,
		    "'%s' is not what was signed: the file '%.*s' %s", shown,
		    (int)(len - 66), line + 66, what);
}

/* ---- the message ---- */

static int not_a_message(struct bx_handle *h, const char *shown,
			 const char *why)
{
	ERR_clear_error();
	return fail(h, BX_FAULT_REJECTED, EBADMSG,
		    "the signature of '%s' is not a CMS message (PEM): %s",
		    shown, why);
}

static bool is_blank(const char *data, long size)
{
	for (long i = 0; i < size; i++)
		if (!isspace((unsigned char)data[i]))
			return false;
	return true;
}

static CMS_ContentInfo *parse_der(struct bx_handle *h, const char *shown,
				  const unsigned char *der, long len)
{
	const unsigned char *p = der;
	CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &p, len);

	if (!cms) {
		not_a_message(h, shown, ssl_reason());
	} else if (p != der + len) {
		not_a_message(h, shown, "something is behind the message");
		CMS_ContentInfo_free(cms);
		cms = NULL;
	}
	return cms;
}

/*
 * Does not use PEM_read_bio_CMS(), which skips text before the block, ignores text behind
 * it, and asks for the passphrase of a block that claims to be encrypted.
 */
static CMS_ContentInfo *parse_block(struct bx_handle *h, const char *shown,
				    BIO *in)
{
	CMS_ContentInfo *cms = NULL;
	char *type, *header;
	unsigned char *der;
	long len;

	if (!PEM_read_bio(in, &type, &header, &der, &len)) {
		not_a_message(h, shown, ssl_reason());
		return NULL;
	}
	if (strcmp(type, PEM_STRING_CMS) || header[0])
		not_a_message(h, shown, "it is a block of another kind");
	else
		cms = parse_der(h, shown, der, len);
	OPENSSL_free(type);
	OPENSSL_free(header);
	OPENSSL_free(der);
	return cms;
}

static CMS_ContentInfo *parse_message(struct bx_handle *h, const char *shown,
				      const void *data, size_t size)
{
	static const char start[] = "-----BEGIN ";
	BIO *in = BIO_new_mem_buf(data, size);
	CMS_ContentInfo *cms = NULL;
	char *rest;
	long left;

	if (!in)
		fail(h, BX_FAULT_FAILED, ENOMEM, "out of memory");
	else if (size < strlen(start) || memcmp(data, start, strlen(start)))
		not_a_message(h, shown, "it does not start with a block");
	else
		cms = parse_block(h, shown, in);
	if (cms) {
		left = BIO_get_mem_data(in, &rest);
		if (!is_blank(rest, left)) {
			CMS_ContentInfo_free(cms);
			cms = NULL;
			not_a_message(h, shown,
				      "something is behind the message");
		}
	}
	BIO_free(in);
	return cms;
}

/* Returns whether the digest is SHA-2, also in the algorithm of the signature itself. */
static bool digest_is_good(CMS_SignerInfo *info)
{
	int digest, with = NID_undef;
	X509_ALGOR *dig, *sig;

	CMS_SignerInfo_get0_algs(info, NULL, NULL, &dig, &sig);
	digest = OBJ_obj2nid(dig->algorithm);
	OBJ_find_sigid_algs(OBJ_obj2nid(sig->algorithm), &with, NULL);
	return (digest == NID_sha256 || digest == NID_sha384 ||
		digest == NID_sha512) && (with == NID_undef || with == digest);
}

static int check_form(struct bx_handle *h, const char *shown,
		      CMS_ContentInfo *cms)
{
	info_stack *infos = CMS_get0_SignerInfos(cms);
	const int nr = infos ? sk_CMS_SignerInfo_num(infos) : 0;

	ERR_clear_error();
	if (nr != 1)
		return fail(h, BX_FAULT_REJECTED, EBADMSG,
			    "'%s' must have exactly one signature, found %d",
			    shown, nr);
	if (!digest_is_good(sk_CMS_SignerInfo_value(infos, 0)))
		return hint(h, BX_HINT_SIGN, NULL,
			    fail(h, BX_FAULT_REJECTED, EBADMSG,
				 "the digest of the signature of '%s' must be SHA-256, SHA-384 or SHA-512",
				 shown));
	return 0;
}

static int check_content(struct bx_handle *h, const char *shown, BIO *content,
			 const char *list)
{
	char *data, *signed_list;
	long size = BIO_get_mem_data(content, &data);
	int err;

	if (size > 0 && memchr(data, '\0', size))
		return compare_lists(h, shown, list, "");
	signed_list = strndup(size > 0 ? data : "", size > 0 ? size : 0);
	if (!signed_list)
		return fail(h, BX_FAULT_FAILED, ENOMEM, "out of memory");
	err = compare_lists(h, shown, list, signed_list);
	free(signed_list);
	return err;
}

/*
 * Checks the message without the trust in its signer, and writes its contents to @content;
 * trust_check() checks more of the certificate than CMS does.
 */
static int check_message(struct bx_handle *h, const char *shown,
			 CMS_ContentInfo *cms, BIO *content)
{
	int err = content ? check_form(h, shown, cms) :
		fail(h, BX_FAULT_FAILED, ENOMEM, "out of memory");

	if (!err && CMS_verify(cms, NULL, NULL, NULL, content, CMS_BINARY |
			       CMS_NO_SIGNER_CERT_VERIFY) != 1)
		err = fail(h, BX_FAULT_REJECTED, EBADMSG,
			   "the signature of '%s' is not valid: %s", shown,
			   ssl_reason());
	return err;
}

static int check_signed(struct bx_handle *h, const char *shown,
			CMS_ContentInfo *cms, const char *list,
			unsigned int flags, struct signer *s)
{
	x509_stack *signers = NULL, *others = CMS_get1_certs(cms);
	BIO *content = BIO_new(BIO_s_mem());
	int err;

	err = check_message(h, shown, cms, content);
	if (!err) {
		signers = CMS_get0_signers(cms);
		err = sk_X509_num(signers) == 1 ? 0 :
			fail(h, BX_FAULT_REJECTED, EBADMSG,
			     "the signature of '%s' has no certificate", shown);
	}
	if (!err)
		err = trust_check(h, shown, sk_X509_value(signers, 0), others,
				  flags, s);
	if (!err)
		err = check_content(h, shown, content, list);
	sk_X509_free(signers);
	sk_X509_pop_free(others, X509_free);
	BIO_free(content);
	return err;
}

int sign_check_text(struct bx_handle *h, const char *shown, const void *data,
		    size_t size, const char *list, unsigned int flags,
		    struct signer *signer)
{
	CMS_ContentInfo *cms = parse_message(h, shown, data, size);
	int err;

	if (!cms)
		return -EBADMSG;
	err = check_signed(h, shown, cms, list, flags, signer);
	CMS_ContentInfo_free(cms);
	return err;
}

/* ---- the bundle ---- */

static int read_signature(struct bx_handle *h, const struct tree *tree,
			  char **data, size_t *size)
{
	off_t len;
	int fd = tree_file(h, tree, SIGNATURE, &len);

	if (fd < 0)
		return fd;
	*size = len;
	*data = len <= MAX_SIGNATURE ? malloc(len + 1) : NULL;
	if (!*data || read(fd, *data, len) != len) {
		free(*data);
		close(fd);
		return fail(h, BX_FAULT_REJECTED, EINVAL,
			    "'%s/" SIGNATURE "' cannot be read, or has more than %d bytes",
			    tree->dir, MAX_SIGNATURE);
	}
	close(fd);
	return 0;
}

static bool is_signed(const struct tree *tree)
{
	for (size_t i = 0; i < tree->count; i++)
		if (!strcmp(tree->files[i], SIGNATURE))
			return true;
	return false;
}

static int compare_message(struct bx_handle *h, const char *shown,
			   CMS_ContentInfo *cms, const char *list)
{
	BIO *content = BIO_new(BIO_s_mem());
	int err;

	err = check_message(h, shown, cms, content);
	if (!err)
		err = check_content(h, shown, content, list);
	BIO_free(content);
	return err;
}

int sign_compare(struct bx_handle *h, const struct tree *tree,
		 const char *shown)
{
	char *list = NULL, *data = NULL;
	CMS_ContentInfo *cms = NULL;
	size_t size = 0;
	int err;

	if (!is_signed(tree))
		return 0;
	err = read_signature(h, tree, &data, &size);
	if (!err)
		err = digest_list(h, tree, &list);
	if (!err) {
		cms = parse_message(h, shown, data, size);
		err = cms ? compare_message(h, shown, cms, list) : -EBADMSG;
	}
	CMS_ContentInfo_free(cms);
	free(data);
	free(list);
	return err;
}

int sign_check_tree(struct bx_handle *h, const struct tree *tree,
		    const char *list, const char *shown, unsigned int flags,
		    struct signer *signer)
{
	char *data = NULL;
	size_t size = 0;
	int err;

	memset(signer, 0, sizeof(*signer));
	if (!is_signed(tree))
		return 0;
	err = read_signature(h, tree, &data, &size);
	if (!err)
		err = sign_check_text(h, shown, data, size, list, flags,
				      signer);
	if (err)
		signer_close(signer);
	free(data);
	return err ?: 1;
}

int sign_check(struct bx_handle *h, const char *dir, const char *shown,
	       unsigned int flags, struct signer *signer)
{
	struct tree tree;
	char *list = NULL;
	int ret;

	memset(signer, 0, sizeof(*signer));
	ret = tree_open(h, dir, &tree);
	if (ret)
		return ret;
	if (is_signed(&tree))
		ret = digest_list(h, &tree, &list);
	if (!ret)
		ret = sign_check_tree(h, &tree, list, shown, flags, signer);
	free(list);
	tree_close(&tree);
	return ret;
}
