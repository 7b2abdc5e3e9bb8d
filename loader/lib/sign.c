// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: the list of a bundle's digests, and signing it, on top of OpenSSL
 *
 * Signing refuses a key or a certificate that no operator could accept, so that the vendor
 * gets the error and not each operator; limits that depend on the operator get a note.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
/* after pem.h, for its functions of PEM */
#include <openssl/cms.h>

#include "trust.h"

#define HEADER		"# bus_ext bundle 1\n"
/* The signature while it is written; names with a leading dot are not part of a bundle */
#define PART		"." SIGNATURE
/* Bits of security that trust.c requires */
#define MIN_BITS	112

/* ---- the list of digests ---- */

static int digest_file(struct bx_handle *h, const struct tree *tree,
		       const char *file, unsigned char *md)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	char buf[65536];
	ssize_t n = 0;
	off_t size;
	int fd;

	fd = tree_file(h, tree, file, &size);
	if (fd < 0) {
		EVP_MD_CTX_free(ctx);
		return fd;
	}
	if (!ctx || !EVP_DigestInit_ex(ctx, EVP_sha256(), NULL))
		n = -1;
	while (n >= 0 && (n = read(fd, buf, sizeof(buf))) > 0)
		if (!EVP_DigestUpdate(ctx, buf, n))
			n = -1;
	if (!n && !EVP_DigestFinal_ex(ctx, md, NULL))
		n = -1;
	close(fd);
	EVP_MD_CTX_free(ctx);
	if (n < 0)
		return fail(h, BX_FAULT_FAILED, EIO,
			    "cannot read '%s/%s' for its digest", tree->dir,
			    file);
	return 0;
}

int digest_list(struct bx_handle *h, const struct tree *tree, char **list)
{
	unsigned char md[EVP_MAX_MD_SIZE];
	size_t size;
	FILE *f = open_memstream(list, &size);
	int err = 0;

	if (!f)
		return fail(h, BX_FAULT_FAILED, ENOMEM, "out of memory");
	fputs(HEADER, f);
	for (size_t i = 0; !err && i < tree->count; i++) {
		if (!strcmp(tree->files[i], SIGNATURE))
			continue;
		err = digest_file(h, tree, tree->files[i], md);
		for (int k = 0; !err && k < 32; k++)
			fprintf(f, "%02x", md[k]);
		fprintf(f, "  %s\n", tree->files[i]);
	}
	if (fclose(f) && !err)
		err = fail(h, BX_FAULT_FAILED, ENOMEM, "out of memory");
	if (err) {
		free(*list);
		*list = NULL;
	}
	return err;
}

void digest_text(const char *text, char *mark, size_t size)
{
	unsigned char md[EVP_MAX_MD_SIZE] = {};

	EVP_Digest(text, strlen(text), md, NULL, EVP_sha256(), NULL);
	for (size_t i = 0; 2 * i + 2 < size; i++)
		sprintf(mark + 2 * i, "%02x", md[i]);
}

/* ---- key and certificate ---- */

/* Opens a file with fopen(), which gives an errno; a key may come through a pipe. */
static BIO *open_pem(struct bx_handle *h, const char *path, int *err)
{
	FILE *file = fopen(path, "re");
	BIO *bio;

	if (!file) {
		*err = fail(h, BX_FAULT_FAILED, errno, "cannot open '%s': %s",
			    path, strerror(errno));
		return NULL;
	}
	bio = BIO_new_fp(file, BIO_CLOSE);
	if (!bio) {
		fclose(file);
		*err = fail(h, BX_FAULT_FAILED, ENOMEM, "out of memory");
	}
	return bio;
}

static int check_key(struct bx_handle *h, const char *path, EVP_PKEY *key)
{
	static const char remedy[] =
		"use an EC key (P-256 or larger) or an RSA key of at least 2048 bits";
	const char *type = EVP_PKEY_get0_type_name(key) ?: "unknown";

	if (!EVP_PKEY_is_a(key, "EC") && !EVP_PKEY_is_a(key, "RSA"))
		return fail(h, BX_FAULT_REJECTED, EINVAL,
			    "the key '%s' is of the type %s, which cannot sign bundles; %s",
			    path, type, remedy);
	if (EVP_PKEY_get_security_bits(key) < MIN_BITS)
		return fail(h, BX_FAULT_REJECTED, EINVAL,
			    "the key '%s' (%s, %d bits) is too weak; %s", path,
			    type, EVP_PKEY_get_bits(key), remedy);
	return 0;
}

static int read_key(struct bx_handle *h, const char *path, EVP_PKEY **key)
{
	int err = 0;
	BIO *bio = open_pem(h, path, &err);

	if (!bio)
		return err;
	*key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
	if (*key)
		err = check_key(h, path, *key);
	else
		err = fail(h, BX_FAULT_REJECTED, EINVAL,
			   "'%s' is not a private key (PEM): %s", path,
			   ssl_reason());
	BIO_free(bio);
	return err;
}

/* Reads the first certificate of a file, and the following ones, of its issuers. */
static int read_cert(struct bx_handle *h, const char *path, X509 **cert,
		     x509_stack *others)
{
	int err = 0;
	BIO *bio = open_pem(h, path, &err);
	X509 *more;

	if (!bio)
		return err;
	*cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	if (!*cert)
		err = fail(h, BX_FAULT_REJECTED, EINVAL,
			   "'%s' is not a certificate (PEM): %s", path,
			   ssl_reason());
	while (*cert && (more = PEM_read_bio_X509(bio, NULL, NULL, NULL)))
		sk_X509_push(others, more);
	ERR_clear_error();
	BIO_free(bio);
	return err;
}

/* Refuses a certificate that every operator would refuse. */
static int check_cert(struct bx_handle *h, const char *path, X509 *cert)
{
	int when = X509_cmp_timeframe(NULL, X509_get0_notBefore(cert),
				      X509_get0_notAfter(cert));
	char text[64];

	if (when > 0)
		return fail(h, BX_FAULT_REJECTED, EINVAL,
			    "the certificate '%s' expired on %s; renew it", path,
			    cert_time(X509_get0_notAfter(cert), text,
				      sizeof(text)));
	if (when < 0)
		return fail(h, BX_FAULT_REJECTED, EINVAL,
			    "the certificate '%s' is not valid before %s; is the clock right?",
			    path, cert_time(X509_get0_notBefore(cert), text,
					    sizeof(text)));
	if (!cert_may_sign(cert))
		return fail(h, BX_FAULT_REJECTED, EINVAL,
			    "the certificate '%s' has a key usage without digitalSignature, and cannot sign bundles",
			    path);
	return 0;
}

/* Notes limits that an operator can lift, for example with the certificate in keys/. */
static int note_limits(struct bx_handle *h, const char *path, X509 *cert,
		       const struct claim *claims, unsigned int nr)
{
	struct limit *limit = calloc(1, sizeof(*limit));
	char words[CLAIM_WORDS];
	int err;

	if (!limit)
		return fail(h, BX_FAULT_FAILED, ENOMEM, "out of memory");
	err = cert_claims(h, cert, limit);
	if (!err && !cert_signs_code(cert))
		note(h,
		     "the certificate '%s' does not have the extended key usage codeSigning: it is accepted only where it is in keys/ itself",
		     path);
	for (unsigned int i = 0; !err && i < nr; i++) {
		if (claims_cover(limit->claims, limit->nr, claims[i].bus,
				 claims[i].vendor))
			continue;
		note(h,
		     "the certificate '%s' does not permit %s, which the bundle claims: it is accepted only where the operator's limits permit that",
		     path, claim_words(words, &claims[i]));
	}
	free(limit);
	return err;
}

/* ---- signing ---- */

/*
 * Creates a new file in @dir, never through a link.  Its name is always the same, so the
 * file of a process that died does not stay.
 */
static int new_file(int dir)
{
	if (unlinkat(dir, PART, 0) && errno != ENOENT)
		return -1;
	return openat(dir, PART, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW |
		      O_CLOEXEC, 0600);
}

static int write_text(int fd, const char *text, size_t size)
{
	ssize_t n;

	for (; size; text += n, size -= n) {
		n = write(fd, text, size);
		if (n < 0 && errno == EINTR)
			n = 0;
		if (n < 0)
			return -1;
	}
	return 0;
}

/* Replaces the signature as a whole, never through a link: 0, or -1 with errno. */
static int replace_signature(int dir, const char *text, size_t size)
{
	int fd, err;

	fd = new_file(dir);
	if (fd < 0)
		return -1;
	err = write_text(fd, text, size) || fchmod(fd, 0644) || fsync(fd) ?
		errno : 0;
	if (close(fd) && !err)
		err = errno;
	if (!err && renameat(dir, PART, dir, SIGNATURE))
		err = errno;
	if (!err)
		return 0;
	unlinkat(dir, PART, 0);
	errno = err;
	return -1;
}

static int write_signature(struct bx_handle *h, const char *path,
			   CMS_ContentInfo *cms)
{
	BIO *out = BIO_new(BIO_s_mem());
	char *text = NULL;
	int dir, err = 0;
	long size = 0;

	if (out && PEM_write_bio_CMS(out, cms))
		size = BIO_get_mem_data(out, &text);
	if (size <= 0) {
		BIO_free(out);
		return fail(h, BX_FAULT_FAILED, EIO, "cannot sign '%s': %s",
			    path, ssl_reason());
	}
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0 || replace_signature(dir, text, size))
		err = fail(h, BX_FAULT_FAILED, errno,
			   "cannot write '%s/" SIGNATURE "': %s", path,
			   strerror(errno));
	if (dir >= 0)
		close(dir);
	BIO_free(out);
	return err;
}

static int sign_list(struct bx_handle *h, const char *dir, const char *list,
		     X509 *cert, EVP_PKEY *key, x509_stack *others)
{
	BIO *in = BIO_new_mem_buf(list, -1);
	CMS_ContentInfo *cms;
	int err;

	cms = in ? CMS_sign(cert, key, others, in,
			    CMS_BINARY | CMS_NOSMIMECAP) : NULL;
	if (cms)
		err = write_signature(h, dir, cms);
	else
		err = fail(h, BX_FAULT_REJECTED, EINVAL,
			   "cannot sign '%s': %s", dir, ssl_reason());
	CMS_ContentInfo_free(cms);
	BIO_free(in);
	return err;
}

static int make_list(struct bx_handle *h, const char *dir, char **list)
{
	struct tree tree;
	int err;

	err = tree_open(h, dir, &tree);
	if (err)
		return err;
	err = digest_list(h, &tree, list);
	tree_close(&tree);
	return err;
}

int sign_tree(struct bx_handle *h, const char *dir, const char *key_file,
	      const char *cert_file, const struct claim *claims,
	      unsigned int nr)
{
	x509_stack *others = sk_X509_new_null();
	EVP_PKEY *key = NULL;
	X509 *cert = NULL;
	char *list = NULL;
	int err;

	err = read_key(h, key_file, &key);
	if (!err)
		err = read_cert(h, cert_file, &cert, others);
	if (!err && X509_check_private_key(cert, key) != 1)
		err = fail(h, BX_FAULT_REJECTED, EINVAL,
			   "the key '%s' is not that of the certificate '%s'",
			   key_file, cert_file);
	if (!err)
		err = check_cert(h, cert_file, cert);
	if (!err)
		err = note_limits(h, cert_file, cert, claims, nr);
	if (!err)
		err = make_list(h, dir, &list);
	if (!err) {
		err = sign_list(h, dir, list, cert, key, others);
		free(list);
	}
	ERR_clear_error();
	sk_X509_pop_free(others, X509_free);
	EVP_PKEY_free(key);
	X509_free(cert);
	return err;
}
