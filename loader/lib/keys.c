// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: the operator's certificates, CONF_DIR/keys, and the limits beside them
 *
 * NAME.pem is a trusted certificate, NAME.yaml limits the claims of its holder.  A user
 * who can write to the directory decides which code runs in the kernel, so the files must
 * belong to root or the caller.  A file with a similar name is an error: a certificate or
 * a limit without an effect would surprise.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include <sys/stat.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "trust.h"

#define MAX_KEY_FILE	(64 * 1024)

/* ---- files ---- */

static int cannot_read(struct bx_handle *h, const char *path, int err)
{
	return fail(h, BX_FAULT_FAILED, err, "cannot read '%s': %s", path,
		    strerror(err));
}

/* Checks that only root and the caller can write a file. */
static int check_owner(struct bx_handle *h, const char *path,
		       const struct stat *st)
{
	if (st->st_uid && st->st_uid != geteuid())
		return fail(h, BX_FAULT_REJECTED, EPERM,
			    "'%s' belongs to the user %u, who could trust any certificate; run 'chown root %s'",
			    path, st->st_uid, path);
	if (st->st_mode & 022)
		return fail(h, BX_FAULT_REJECTED, EPERM,
			    "'%s' can be written by others than its owner (mode %04o), who could trust any certificate; run 'chmod go-w %s'",
			    path, st->st_mode & 07777, path);
	return 0;
}

/* Opens a directory; returns -ENOENT without a message when there is none. */
static int open_dir(struct bx_handle *h, const char *path)
{
	struct stat st;
	int fd, err;

	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -ENOENT : cannot_read(h, path, errno);
	err = fstat(fd, &st) ? cannot_read(h, path, errno) :
		check_owner(h, path, &st);
	if (!err)
		return fd;
	close(fd);
	return err;
}

static int read_open(struct bx_handle *h, int fd, const char *path,
		     char **text, size_t *len)
{
	struct stat st;
	ssize_t n = 1;
	int err;

	if (fstat(fd, &st))
		return cannot_read(h, path, errno);
	err = check_owner(h, path, &st);
	if (err)
		return err;
	if (!S_ISREG(st.st_mode) || st.st_size > MAX_KEY_FILE)
		return fail(h, BX_FAULT_REJECTED, EINVAL,
			    "'%s' must be a file of at most %d bytes", path,
			    MAX_KEY_FILE);
	*text = malloc(st.st_size + 1);
	if (!*text)
		return fail(h, BX_FAULT_FAILED, ENOMEM, "out of memory");
	for (*len = 0; *len < (size_t)st.st_size && n > 0; *len += n > 0 ? n : 0)
		n = read(fd, *text + *len, st.st_size - *len);
	if (n < 0) {
		err = errno;
		free(*text);
		return cannot_read(h, path, err);
	}
	(*text)[*len] = '\0';
	return 0;
}

static int read_file(struct bx_handle *h, const struct keys *keys,
		     const char *file, const char *path, char **text,
		     size_t *len)
{
	int fd = openat(keys->fd, file,
			O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	int err;

	if (fd < 0)
		return cannot_read(h, path, errno);
	err = read_open(h, fd, path, text, len);
	close(fd);
	return err;
}

static void key_path(const struct keys *keys, const char *file, char *path)
{
	snprintf(path, PATH_MAX, "%s/%s", keys->dir, file);
}

/* ---- certificates ---- */

static int not_a_certificate(struct bx_handle *h, const char *path,
			     const char *why)
{
	return fail(h, BX_FAULT_REJECTED, EINVAL,
		    "'%s' is not a certificate (PEM): %s", path, why);
}

/* Parses the only block of a PEM file. */
static int parse_block(struct bx_handle *h, const char *path, const char *type,
		       const unsigned char *der, long len, X509 **cert)
{
	const unsigned char *p = der;

	if (strcmp(type, PEM_STRING_X509))
		return fail(h, BX_FAULT_REJECTED, EINVAL,
			    "'%s' has a block '%.40s', and must have one certificate and nothing else",
			    path, type);
	if (*cert)
		return fail(h, BX_FAULT_REJECTED, EINVAL,
			    "'%s' has more than one certificate; put each into a file of its own",
			    path);
	*cert = d2i_X509(NULL, &p, len);
	if (!*cert)
		return not_a_certificate(h, path, ssl_reason());
	if (p != der + len)
		return not_a_certificate(h, path, "bytes behind it");
	/* OpenSSL would only report that it does not find the certificate */
	if (X509_get_extension_flags(*cert) & EXFLAG_INVALID)
		return fail(h, BX_FAULT_REJECTED, EINVAL,
			    "'%s' has an extension that cannot be read", path);
	return 0;
}

/* Does not use PEM_read_bio_X509(), which skips other blocks and asks for passphrases. */
static int parse_pem(struct bx_handle *h, const char *path, const char *text,
		     size_t size, X509 **cert)
{
	BIO *in = BIO_new_mem_buf(text, size);
	char *type, *header;
	unsigned char *der;
	int err = in ? 0 : fail(h, BX_FAULT_FAILED, ENOMEM, "out of memory");
	long len;

	*cert = NULL;
	while (!err && PEM_read_bio(in, &type, &header, &der, &len)) {
		err = parse_block(h, path, type, der, len, cert);
		OPENSSL_free(type);
		OPENSSL_free(header);
		OPENSSL_free(der);
	}
	if (!err && (!*cert || ERR_GET_REASON(ERR_peek_last_error()) !=
		     PEM_R_NO_START_LINE))
		err = not_a_certificate(h, path, ssl_reason());
	ERR_clear_error();
	BIO_free(in);
	if (err) {
		X509_free(*cert);
		*cert = NULL;
	}
	return err;
}

static int add_cert(struct bx_handle *h, struct keys *keys, const char *file,
		    const char *path)
{
	char *text;
	size_t len;
	X509 *cert;
	int err;

	if (keys->count == MAX_KEYS)
		return fail(h, BX_FAULT_FAILED, E2BIG,
			    "'%s' has more than %d certificates", keys->dir,
			    MAX_KEYS);
	err = read_file(h, keys, file, path, &text, &len);
	if (err)
		return err;
	err = parse_pem(h, path, text, len, &cert);
	free(text);
	if (err)
		return err;
	keys->cert[keys->count] = cert;
	keys->file[keys->count] = strdup(file);
	if (!keys->file[keys->count++] ||
	    X509_STORE_add_cert(keys->store, cert) != 1)
		return fail(h, BX_FAULT_FAILED, ENOMEM, "out of memory");
	return 0;
}

/* ---- the directory ---- */

static bool ends_in(const char *name, const char *suffix)
{
	size_t len = strlen(name), n = strlen(suffix);

	return len > n && !strcmp(name + len - n, suffix);
}

/* Returns the expected name of a file that looks like a certificate or a limit, or NULL. */
static const char *misnamed(const char *file)
{
	static const char *const certs[] = { ".pem", ".crt", ".cer", ".der" };
	const char *suffix = strrchr(file, '.');

	for (int i = 0; suffix && i < 4; i++)
		if (!strcasecmp(suffix, certs[i]))
			return "NAME" KEY_SUFFIX;
	if (suffix && (!strcasecmp(suffix, ".yml") ||
		       !strcasecmp(suffix, LIMIT_SUFFIX)))
		return "NAME" LIMIT_SUFFIX;
	return NULL;
}

/* Refuses limits without a certificate, which would limit nothing. */
static int check_limits(struct bx_handle *h, const struct keys *keys,
			const char *file, const char *path)
{
	const int len = strlen(file) - strlen(LIMIT_SUFFIX);
	char name[NAME_MAX + 8];
	struct stat st;

	snprintf(name, sizeof(name), "%.*s" KEY_SUFFIX, len, file);
	if (!fstatat(keys->fd, name, &st, AT_SYMLINK_NOFOLLOW))
		return 0;
	if (errno != ENOENT)
		return cannot_read(h, path, errno);
	return fail(h, BX_FAULT_REJECTED, EINVAL,
		    "'%s' limits nothing: there is no '%s' beside it", path,
		    name);
}

static int add_entry(struct bx_handle *h, struct keys *keys, const char *file)
{
	char path[PATH_MAX];
	const char *right;

	key_path(keys, file, path);
	if (ends_in(file, KEY_SUFFIX))
		return add_cert(h, keys, file, path);
	if (ends_in(file, LIMIT_SUFFIX))
		return check_limits(h, keys, file, path);
	right = misnamed(file);
	if (right)
		return fail(h, BX_FAULT_REJECTED, EINVAL,
			    "'%s' would be ignored: its name must be %s, and a certificate must be PEM; rename it",
			    path, right);
	note(h, "'%s' is neither NAME" KEY_SUFFIX " nor NAME" LIMIT_SUFFIX
	     ", and is ignored", path);
	return 0;
}

int keys_open(struct bx_handle *h, struct keys *keys)
{
	struct dirent **names = NULL;
	int n, err;

	*keys = (struct keys) { .fd = -1, .store = X509_STORE_new() };
	if (!keys->store)
		return fail(h, BX_FAULT_FAILED, ENOMEM, "out of memory");
	snprintf(keys->dir, sizeof(keys->dir), "%s/" KEYS_DIR, h->conf_dir);
	/* a user who can write the parent directory can exchange this one */
	err = open_dir(h, h->conf_dir);
	if (err >= 0) {
		close(err);
		err = open_dir(h, keys->dir);
	}
	if (err < 0)
		return err == -ENOENT ? 0 : err;
	keys->fd = err;
	n = scandirat(keys->fd, ".", &names, is_visible, alphasort);
	err = n < 0 ? cannot_read(h, keys->dir, errno) : 0;
	for (int i = 0; i < n; i++) {
		if (!err)
			err = add_entry(h, keys, names[i]->d_name);
		free(names[i]);
	}
	free(names);
	return err;
}

void keys_close(struct keys *keys)
{
	for (unsigned int i = 0; i < keys->count; i++) {
		X509_free(keys->cert[i]);
		free(keys->file[i]);
	}
	X509_STORE_free(keys->store);
	if (keys->fd >= 0)
		close(keys->fd);
}

unsigned int keys_find(const struct keys *keys, const X509 *cert,
		       unsigned int start)
{
	while (start < keys->count && X509_cmp(keys->cert[start], cert))
		start++;
	return start;
}

/* ---- limits ---- */

static int read_limit(const struct yaml *y, struct limit *limit, bool *override)
{
	static const char *const known[] = { "claims", "override", NULL };
	struct yaml_node *root = yaml_root(y);
	int err;

	if (!yaml_is_map(root))
		return yaml_bad(y, root,
				"limits must be a mapping ('claims: [ { bus: pci } ]')");
	err = yaml_keys(y, root, known);
	if (!err)
		err = yaml_bool(y, root, "override", YAML_OPTIONAL, override);
	if (!err)
		err = claims_read(y, root, limit->claims, &limit->nr);
	/* copy the names, which are used after the file is closed */
	for (unsigned int i = 0; !err && i < limit->nr; i++) {
		copy_name(limit->buses[i], BX_NAME_LEN, limit->claims[i].bus);
		limit->claims[i].bus = limit->buses[i];
	}
	return err;
}

int keys_limit(struct bx_handle *h, const struct keys *keys, unsigned int i,
	       struct limit *limit, bool *override)
{
	const int len = strlen(keys->file[i]) - strlen(KEY_SUFFIX);
	char file[NAME_MAX + 8], path[PATH_MAX], *text;
	struct stat st;
	struct yaml y;
	size_t size;
	int err;

	*override = false;
	snprintf(file, sizeof(file), "%.*s" LIMIT_SUFFIX, len, keys->file[i]);
	key_path(keys, file, path);
	/* a dangling link is not a missing file: it must not widen a limit */
	if (fstatat(keys->fd, file, &st, AT_SYMLINK_NOFOLLOW))
		return errno == ENOENT ? 0 : cannot_read(h, path, errno);
	err = read_file(h, keys, file, path, &text, &size);
	if (err)
		return err;
	err = yaml_parse(h, path, text, size, &y);
	if (err)
		return err;
	err = read_limit(&y, limit, override);
	yaml_close(&y);
	limit->from_cert = false;
	snprintf(limit->by, sizeof(limit->by), "'%s'", path);
	return err ?: 1;
}
