// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: signatures of bundles, on top of OpenSSL
 *
 * A signature counts when exactly one certificate signed, a chain leads from it to
 * one of the operator's certificates (CONF_DIR/keys/NAME.pem), all of the chain is
 * valid now, and the signed list has every file of the bundle with its digest and no
 * other.
 *
 * What the bundle may claim is said by CONF_DIR/keys/NAME.yaml, the operator's word
 * on that certificate, if it exists; else by the certificates of the chain, each of
 * which has subjectAltName URIs 'bus-ext:BUS' or 'bus-ext:BUS/VENDOR'.  A chain of
 * which no certificate has one may claim nothing.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
/* after pem.h, for its functions of PEM */
#include <openssl/cms.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "sign.h"
#include "tree.h"

#define HEADER		"# bus_ext bundle 1\n"
#define KEYS_DIR	"keys"
#define KEY_SUFFIX	".pem"
#define URI_SCHEME	"bus-ext:"
#define MAX_KEYS	64

typedef STACK_OF(X509) x509_stack;

/* The last thing that OpenSSL complained about */
static const char *ssl_reason(void)
{
	unsigned long e = ERR_peek_last_error();
	const char *text = e ? ERR_reason_error_string(e) : NULL;

	ERR_clear_error();
	return text ?: "unknown reason";
}

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
	if (err)
		free(*list);
	return err;
}

void digest_text(const char *text, char *mark, size_t size)
{
	unsigned char md[EVP_MAX_MD_SIZE] = {};

	EVP_Digest(text, strlen(text), md, NULL, EVP_sha256(), NULL);
	for (size_t i = 0; 2 * i + 2 < size; i++)
		sprintf(mark + 2 * i, "%02x", md[i]);
}

/* ---- signing ---- */

static BIO *open_pem(struct bx_handle *h, const char *path)
{
	BIO *bio = BIO_new_file(path, "r");

	if (!bio)
		fail(h, BX_FAULT_FAILED, ENOENT, "cannot open '%s': %s", path,
		     ssl_reason());
	return bio;
}

static EVP_PKEY *read_key(struct bx_handle *h, const char *path)
{
	BIO *bio = open_pem(h, path);
	EVP_PKEY *key;

	if (!bio)
		return NULL;
	key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
	if (!key)
		fail(h, BX_FAULT_REJECTED, EINVAL,
		     "'%s' is not a private key (PEM): %s", path, ssl_reason());
	BIO_free(bio);
	return key;
}

/* The first certificate of a file, and those that follow, of its issuers */
static X509 *read_cert(struct bx_handle *h, const char *path,
		       x509_stack *others)
{
	BIO *bio = open_pem(h, path);
	X509 *cert, *more;

	if (!bio)
		return NULL;
	cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	if (!cert)
		fail(h, BX_FAULT_REJECTED, EINVAL,
		     "'%s' is not a certificate (PEM): %s", path, ssl_reason());
	while (cert && others &&
	       (more = PEM_read_bio_X509(bio, NULL, NULL, NULL)))
		sk_X509_push(others, more);
	ERR_clear_error();
	BIO_free(bio);
	return cert;
}

/* All of it or nothing */
static int write_signature(struct bx_handle *h, const char *dir,
			   CMS_ContentInfo *cms)
{
	char path[PATH_MAX], part[PATH_MAX];
	BIO *out = NULL;
	FILE *file;
	bool ok;

	snprintf(path, sizeof(path), "%s/" SIGNATURE, dir);
	snprintf(part, sizeof(part), "%s/." SIGNATURE, dir);
	file = fopen(part, "we");
	if (file)
		out = BIO_new_fp(file, BIO_NOCLOSE);
	ok = !file || (out && PEM_write_bio_CMS(out, cms) &&
		       BIO_flush(out) == 1);
	BIO_free(out);
	if (file && !fclose(file) && ok && !rename(part, path))
		return 0;
	fail(h, BX_FAULT_FAILED, EIO, "cannot write '%s': %s", path,
	     ok ? strerror(errno) : ssl_reason());
	unlink(part);
	return -EIO;
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
			   "cannot sign '%s': %s; do key and certificate belong together?",
			   dir, ssl_reason());
	CMS_ContentInfo_free(cms);
	BIO_free(in);
	return err;
}

int sign_tree(struct bx_handle *h, const char *dir, const char *key_file,
	      const char *cert_file)
{
	x509_stack *others = sk_X509_new_null();
	EVP_PKEY *key = NULL;
	struct tree tree = {};
	X509 *cert = NULL;
	char *list = NULL;
	int err;

	err = tree_open(h, dir, &tree);
	if (!err)
		err = digest_list(h, &tree, &list);
	if (!err) {
		key = read_key(h, key_file);
		cert = key ? read_cert(h, cert_file, others) : NULL;
		err = cert ? sign_list(h, dir, list, cert, key, others) :
			-EINVAL;
		free(list);
	}
	sk_X509_pop_free(others, X509_free);
	EVP_PKEY_free(key);
	X509_free(cert);
	tree_close(&tree);
	return err;
}

/* ---- the operator's certificates ---- */

struct keys {
	X509_STORE	*store;
	X509		*cert[MAX_KEYS];
	char		*path[MAX_KEYS];
	unsigned int	count;
};

static int is_key(const struct dirent *d)
{
	size_t len = strlen(d->d_name);

	return d->d_name[0] != '.' && len > strlen(KEY_SUFFIX) &&
		!strcmp(d->d_name + len - strlen(KEY_SUFFIX), KEY_SUFFIX);
}

static int add_key(struct bx_handle *h, struct keys *keys, char *path)
{
	X509 *cert;

	if (keys->count == MAX_KEYS) {
		free(path);
		return fail(h, BX_FAULT_FAILED, E2BIG,
			    "'%s/" KEYS_DIR "' has more than %d certificates",
			    h->conf_dir, MAX_KEYS);
	}
	cert = read_cert(h, path, NULL);
	if (!cert) {
		free(path);
		return -EINVAL;
	}
	keys->cert[keys->count] = cert;
	keys->path[keys->count++] = path;
	X509_STORE_add_cert(keys->store, cert);
	return 0;
}

static int keys_open(struct bx_handle *h, struct keys *keys)
{
	struct dirent **names = NULL;
	char dir[PATH_MAX], *path;
	int n, err = 0;

	*keys = (struct keys) { .store = X509_STORE_new() };
	if (!keys->store)
		return fail(h, BX_FAULT_FAILED, ENOMEM, "out of memory");
	/* one of the operator's is an anchor, whoever issued it */
	X509_STORE_set_flags(keys->store, X509_V_FLAG_PARTIAL_CHAIN);
	X509_STORE_set_purpose(keys->store, X509_PURPOSE_ANY);
	snprintf(dir, sizeof(dir), "%s/" KEYS_DIR, h->conf_dir);
	n = scandir(dir, &names, is_key, alphasort);
	for (int i = 0; i < n; i++) {
		if (!err && asprintf(&path, "%s/%s", dir, names[i]->d_name) < 0)
			err = fail(h, BX_FAULT_FAILED, ENOMEM, "out of memory");
		else if (!err)
			err = add_key(h, keys, path);
		free(names[i]);
	}
	free(names);
	return err;
}

static void keys_close(struct keys *keys)
{
	for (unsigned int i = 0; i < keys->count; i++) {
		X509_free(keys->cert[i]);
		free(keys->path[i]);
	}
	X509_STORE_free(keys->store);
}

/* ---- what a certificate allows ---- */

static bool claim_from_uri(const char *uri, char *bus, size_t size,
			   struct claim *claim)
{
	const char *slash;
	size_t len;

	if (strncmp(uri, URI_SCHEME, strlen(URI_SCHEME)))
		return false;
	uri += strlen(URI_SCHEME);
	slash = strchr(uri, '/');
	len = slash ? (size_t)(slash - uri) : strlen(uri);
	if (!len || len >= size)
		return false;
	memcpy(bus, uri, len);
	bus[len] = '\0';
	claim->bus = bus;
	claim->vendor = BX_ANY;
	return !slash || (number_from(slash + 1, &claim->vendor) &&
			  claim->vendor > 0 && claim->vendor < BX_ANY);
}

/*
 * Claims of a certificate, each with its bus in @buses; how many, 0 when it says
 * nothing of bus_ext.
 */
static unsigned int cert_claims(X509 *cert, struct claim *claims,
				char (*buses)[BX_NAME_LEN])
{
	GENERAL_NAMES *names;
	unsigned int n = 0;

	names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
	for (int i = 0; i < sk_GENERAL_NAME_num(names) && n < MAX_CLAIMS; i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
		const ASN1_IA5STRING *uri = name->d.uniformResourceIdentifier;
		char text[128];

		if (name->type != GEN_URI || ASN1_STRING_length(uri) <= 0 ||
		    ASN1_STRING_length(uri) >= (int)sizeof(text))
			continue;
		memcpy(text, ASN1_STRING_get0_data(uri),
		       ASN1_STRING_length(uri));
		text[ASN1_STRING_length(uri)] = '\0';
		if (claim_from_uri(text, buses[n], BX_NAME_LEN, &claims[n]))
			n++;
	}
	GENERAL_NAMES_free(names);
	return n;
}

/* Every certificate of the chain that says something has to agree. */
static void claims_of_chain(x509_stack *chain, struct signer *s)
{
	struct claim more[MAX_CLAIMS];
	char buses[MAX_CLAIMS][BX_NAME_LEN];
	unsigned int n, kept;
	bool any = false;

	for (int i = 0; i < sk_X509_num(chain); i++) {
		struct claim *list = any ? more : s->claims;

		n = cert_claims(sk_X509_value(chain, i), list,
				any ? buses : s->buses);
		if (!any) {
			any = n;
			s->nr_claims = n;
			continue;
		}
		for (unsigned int k = kept = 0; n && k < s->nr_claims; k++)
			if (claims_cover(more, n, s->claims[k].bus,
					 s->claims[k].vendor))
				s->claims[kept++] = s->claims[k];
		if (n)
			s->nr_claims = kept;
	}
	snprintf(s->limited_by, sizeof(s->limited_by), "the certificate '%s'",
		 s->name);
}

/* The operator's word on a certificate: NAME.yaml beside NAME.pem */
static int claims_of_operator(struct bx_handle *h, struct signer *s)
{
	static const char *const keys[] = { "claims", NULL };
	struct fy_node *root;
	size_t len = strlen(s->anchor) - strlen(KEY_SUFFIX);
	int err;

	snprintf(s->limits_path, sizeof(s->limits_path), "%.*s.yaml", (int)len,
		 s->anchor);
	if (access(s->limits_path, F_OK) && errno == ENOENT)
		return 0;
	err = yaml_open(h, s->limits_path, s->limits_path, &s->limits);
	if (err)
		return err;
	root = yaml_root(&s->limits);
	if (!yaml_is_map(root))
		return yaml_bad(&s->limits, root,
				"this is to be a mapping ('claims: [ { bus: pci } ]')");
	err = yaml_keys(&s->limits, root, keys);
	if (!err)
		err = claims_read(&s->limits, root, s->claims, &s->nr_claims);
	snprintf(s->limited_by, sizeof(s->limited_by), "'%s'", s->limits_path);
	return err ?: 1;
}

/* ---- checking ---- */

static int not_trusted(struct bx_handle *h, const char *shown, X509 *cert,
		       int error)
{
	char name[256];

	X509_NAME_oneline(X509_get_subject_name(cert), name, sizeof(name));
	return fail(h, BX_FAULT_REJECTED, EACCES,
		    "'%s' is signed by '%s', which is not trusted: %s; put its certificate into '%s/%s' (NAME%s) to trust it",
		    shown, name, X509_verify_cert_error_string(error),
		    h->conf_dir, KEYS_DIR, KEY_SUFFIX);
}

static int check_chain(struct bx_handle *h, const char *shown, X509 *cert,
		       x509_stack *others, struct keys *keys,
		       struct signer *s)
{
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	x509_stack *chain;
	X509 *anchor;
	int err = 0;

	if (!ctx || !X509_STORE_CTX_init(ctx, keys->store, cert, others)) {
		X509_STORE_CTX_free(ctx);
		return fail(h, BX_FAULT_FAILED, ENOMEM, "out of memory");
	}
	if (X509_verify_cert(ctx) != 1) {
		err = not_trusted(h, shown, cert,
				  X509_STORE_CTX_get_error(ctx));
		X509_STORE_CTX_free(ctx);
		ERR_clear_error();
		return err;
	}
	X509_NAME_oneline(X509_get_subject_name(cert), s->name,
			  sizeof(s->name));
	chain = X509_STORE_CTX_get0_chain(ctx);
	anchor = sk_X509_value(chain, sk_X509_num(chain) - 1);
	for (unsigned int i = 0; i < keys->count; i++)
		if (!X509_cmp(keys->cert[i], anchor))
			copy_name(s->anchor, sizeof(s->anchor), keys->path[i]);
	err = claims_of_operator(h, s);
	if (!err)
		claims_of_chain(chain, s);
	X509_STORE_CTX_free(ctx);
	return err < 0 ? err : 0;
}

/* The line of @list that starts at @at, as long as it is one */
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

/* The first line of @a that @b has not: NULL when there is none */
static const char *missing_line(const char *a, const char *b)
{
	for (; *a; a += line_length(a) + (a[line_length(a)] != 0))
		if (!has_line(b, a, line_length(a)))
			return a;
	return NULL;
}

static int compare_lists(struct bx_handle *h, const char *shown,
			 const char *list, const char *signed_list)
{
	const char *line = missing_line(list, signed_list), *what;
	size_t len;

	what = "was changed after it was signed";
	if (line && line_length(line) > 66 &&
	    !has_path(signed_list, line + 66, line_length(line) - 66))
		what = "was added after it was signed";
	if (!line) {
		line = missing_line(signed_list, list);
		what = "was signed with it, and is missing";
	}
	if (!line)
		return 0;
	len = line_length(line);
	if (len <= 66)
		return fail(h, BX_FAULT_REJECTED, EBADMSG,
			    "'%s' is signed, but as something else than a bundle",
			    shown);
	return fail(h, BX_FAULT_REJECTED, EBADMSG,
		    "'%s' is not what was signed: the file '%.*s' %s", shown,
		    (int)(len - 66), line + 66, what);
}

static int check_signed(struct bx_handle *h, const char *shown,
			CMS_ContentInfo *cms, const char *list,
			struct keys *keys, struct signer *s)
{
	x509_stack *signers = NULL, *others = CMS_get1_certs(cms);
	BIO *out = BIO_new(BIO_s_mem());
	char *content = NULL;
	long size;
	int err = 0;

	/* the certificate is looked at below, for more than CMS does */
	if (!out || CMS_verify(cms, NULL, NULL, NULL, out,
			       CMS_BINARY | CMS_NO_SIGNER_CERT_VERIFY) != 1)
		err = fail(h, BX_FAULT_REJECTED, EBADMSG,
			   "the signature of '%s' is not valid: %s", shown,
			   ssl_reason());
	if (!err)
		signers = CMS_get0_signers(cms);
	if (!err && sk_X509_num(signers) != 1)
		err = fail(h, BX_FAULT_REJECTED, EBADMSG,
			   "'%s' has %d signatures, and one is to be", shown,
			   sk_X509_num(signers));
	if (!err)
		err = check_chain(h, shown, sk_X509_value(signers, 0), others,
				  keys, s);
	if (!err) {
		size = BIO_get_mem_data(out, &content);
		content = size > 0 ? strndup(content, size) : strdup("");
		err = content ? compare_lists(h, shown, list, content) :
			fail(h, BX_FAULT_FAILED, ENOMEM, "out of memory");
		free(content);
	}
	sk_X509_free(signers);
	sk_X509_pop_free(others, X509_free);
	BIO_free(out);
	return err;
}

int sign_check_text(struct bx_handle *h, const char *shown, const void *data,
		    size_t size, const char *list, struct signer *signer)
{
	BIO *in = BIO_new_mem_buf(data, size);
	CMS_ContentInfo *cms;
	struct keys keys;
	int err;

	cms = in ? PEM_read_bio_CMS(in, NULL, NULL, NULL) : NULL;
	BIO_free(in);
	if (!cms)
		return fail(h, BX_FAULT_REJECTED, EBADMSG,
			    "the signature of '%s' is no CMS message (PEM): %s",
			    shown, ssl_reason());
	err = keys_open(h, &keys);
	if (!err)
		err = check_signed(h, shown, cms, list, &keys, signer);
	keys_close(&keys);
	CMS_ContentInfo_free(cms);
	return err;
}

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

int sign_check(struct bx_handle *h, const char *dir, const char *shown,
	       struct signer *signer)
{
	char *list = NULL, *data = NULL;
	struct tree tree;
	size_t size = 0;
	bool found = false;
	int err;

	memset(signer, 0, sizeof(*signer));
	err = tree_open(h, dir, &tree);
	if (err)
		return err;
	for (size_t i = 0; i < tree.count; i++)
		found |= !strcmp(tree.files[i], SIGNATURE);
	if (found)
		err = read_signature(h, &tree, &data, &size);
	if (found && !err)
		err = digest_list(h, &tree, &list);
	if (found && !err)
		err = sign_check_text(h, shown, data, size, list, signer);
	if (err)
		signer_close(signer);
	free(data);
	free(list);
	tree_close(&tree);
	return err ?: found;
}

void signer_close(struct signer *signer)
{
	yaml_close(&signer->limits);
}

static const char *word_claim(char *buf, size_t size, const struct claim *c)
{
	if (c->vendor == BX_ANY)
		snprintf(buf, size, "bus %s, any vendor", c->bus);
	else
		snprintf(buf, size, "bus %s, vendor 0x%04llx", c->bus,
			 (long long)c->vendor);
	return buf;
}

int signer_allows(struct bx_handle *h, const struct signer *s,
		  const char *bundle, const struct claim *claims,
		  unsigned int nr)
{
	char want[96], one[96], allowed[512] = "nothing";
	size_t n = 0;

	for (unsigned int i = 0; i < s->nr_claims && n < sizeof(allowed); i++)
		n += snprintf(allowed + n, sizeof(allowed) - n, "%s%s",
			      i ? "; " : "",
			      word_claim(one, sizeof(one), &s->claims[i]));
	for (unsigned int i = 0; i < nr; i++)
		if (!claims_cover(s->claims, s->nr_claims, claims[i].bus,
				  claims[i].vendor))
			return fail(h, BX_FAULT_REJECTED, EACCES,
				    "bundle '%s' claims %s, and %s allows %s; the operator's word is '%.*s.yaml'",
				    bundle,
				    word_claim(want, sizeof(want), &claims[i]),
				    s->limited_by, allowed,
				    (int)(strlen(s->anchor) -
					  strlen(KEY_SUFFIX)), s->anchor);
	return 0;
}
