// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: trusted signers of bundles, and their limits
 *
 * A chain leads from the signer's certificate to one of the operator's.  Its keys and
 * digests must be strong enough, it must be valid now, and its certificates must have the
 * usage of code signing, unless the operator put them into keys/.
 *
 * Each certificate of the chain and each NAME.yaml beside one of them limits the claims of
 * the signer; all limits apply.  The signer's certificate and the operator's, the ends of
 * the chain, must have claims: without a claim they permit nothing.  A certificate between
 * them without claims does not limit the claims of its issuer.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/err.h>

#include "trust.h"

/* Level of OpenSSL: 112 bits, so RSA from 2048 bits on, and no SHA-1 */
#define AUTH_LEVEL	2
/* Certificates between the signer's and the operator's */
#define MAX_DEPTH	8

/**
 * struct vetting - a chain while it is checked
 * @h: the handle
 * @shown: the bundle, for messages
 * @keys: the operator's certificates
 * @chain: from the signer's certificate to the operator's
 * @s: the signer
 * @who: the beginning of messages, which names the signer
 */
struct vetting {
	struct bx_handle	*h;
	const char		*shown;
	struct keys		keys;
	x509_stack		*chain;
	struct signer		*s;
	char			who[PATH_MAX];
};

/* ---- the chain ---- */

static bool has_no_anchor(int code)
{
	switch (code) {
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_CERT_UNTRUSTED:
		return true;
	default:
		return false;
	}
}

static int not_valid_now(const struct vetting *v, X509 *cert, bool expired)
{
	unsigned int i = keys_find(&v->keys, cert, 0);
	char name[256], file[PATH_MAX + 8] = "", when[64];

	cert_name(cert, name, sizeof(name));
	if (i < v->keys.count)
		snprintf(file, sizeof(file), " ('%s/%s')", v->keys.dir,
			 v->keys.file[i]);
	cert_time(expired ? X509_get0_notAfter(cert) :
		  X509_get0_notBefore(cert), when, sizeof(when));
	return fail(v->h, BX_FAULT_REJECTED, EACCES,
		    "%s, but the certificate '%s'%s %s %s; %s",
		    v->who, name, file,
		    expired ? "expired on" : "is not valid before", when,
		    expired ? "its holder must renew it, and sign again" :
		    "is the clock right?");
}

static int not_trusted(const struct vetting *v, X509 *cert, int code)
{
	const char *reason = X509_verify_cert_error_string(code);
	char name[256];

	ERR_clear_error();
	if (code == X509_V_ERR_CERT_HAS_EXPIRED ||
	    code == X509_V_ERR_CERT_NOT_YET_VALID)
		return not_valid_now(v, cert,
				     code == X509_V_ERR_CERT_HAS_EXPIRED);
	if (has_no_anchor(code))
		return fail(v->h, BX_FAULT_REJECTED, EACCES,
			    "'%s' is signed by '%s', which is not trusted: %s; if you trust this vendor with code in the kernel, compare the fingerprint of its certificate (SHA-256 %s) with the vendor, and put it into '%s' (NAME"
			    KEY_SUFFIX ")", v->shown, v->s->name, reason,
			    v->s->fingerprint, v->keys.dir);
	cert_name(cert, name, sizeof(name));
	return fail(v->h, BX_FAULT_REJECTED, EACCES,
		    "%s, which is not trusted: the certificate '%s': %s",
		    v->who, name, reason);
}

static X509_STORE_CTX *new_context(struct vetting *v, X509 *cert,
				   x509_stack *others, unsigned int flags)
{
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	X509_VERIFY_PARAM *param;

	if (!ctx || !X509_STORE_CTX_init(ctx, v->keys.store, cert, others)) {
		X509_STORE_CTX_free(ctx);
		fail(v->h, BX_FAULT_FAILED, ENOMEM, "out of memory");
		return NULL;
	}
	param = X509_STORE_CTX_get0_param(ctx);
	/* any certificate of the operator is an anchor, self-signed or not */
	X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN);
	if (flags & SIGN_ANY_TIME)
		X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_NO_CHECK_TIME);
	X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_ANY);
	X509_VERIFY_PARAM_set_auth_level(param, AUTH_LEVEL);
	X509_VERIFY_PARAM_set_depth(param, MAX_DEPTH);
	return ctx;
}

/* ---- usage ---- */

static int bad_usage(const struct vetting *v, X509 *cert, const char *why)
{
	char name[256];

	cert_name(cert, name, sizeof(name));
	return fail(v->h, BX_FAULT_REJECTED, EACCES,
		    "%s, which may not sign bundles: the certificate '%s' %s",
		    v->who, name, why);
}

/* Refuses damaged extensions, for which OpenSSL would report a missing issuer. */
static int check_extensions(const struct vetting *v, X509 *cert)
{
	if (!(X509_get_extension_flags(cert) & EXFLAG_INVALID))
		return 0;
	return bad_usage(v, cert, "has an extension that cannot be read");
}

/* Checks the usage, since OpenSSL 3.0 does not have X509_PURPOSE_CODE_SIGN. */
static int check_usage(const struct vetting *v)
{
	for (int i = 0; i < sk_X509_num(v->chain); i++) {
		X509 *cert = sk_X509_value(v->chain, i);

		if (!i && !cert_may_sign(cert))
			return bad_usage(v, cert,
					 "has a key usage without digitalSignature");
		if (keys_find(&v->keys, cert, 0) < v->keys.count)
			continue;
		if (!i && !cert_signs_code(cert))
			return bad_usage(v, cert,
					 "must have the extended key usage codeSigning");
		if (!cert_issues_signers(cert))
			return bad_usage(v, cert,
					 "has an extended key usage without codeSigning");
	}
	return 0;
}

/* ---- limits ---- */

static struct limit *new_limit(const struct vetting *v)
{
	struct limit *limit = calloc(1, sizeof(*limit));

	if (!limit) {
		fail(v->h, BX_FAULT_FAILED, ENOMEM, "out of memory");
		return NULL;
	}
	limit->next = v->s->limits;
	v->s->limits = limit;
	return limit;
}

/* Removes the newest limit, which has no claims. */
static void drop_limit(struct signer *s)
{
	struct limit *limit = s->limits;

	s->limits = limit->next;
	free(limit);
}

static void drop_limits_of_certs(struct signer *s)
{
	struct limit **at = &s->limits, *limit;

	while ((limit = *at)) {
		if (limit->from_cert) {
			*at = limit->next;
			free(limit);
		} else {
			at = &limit->next;
		}
	}
}

/*
 * Adds the operator's limits of each key file with this certificate.  @found: there are
 * limits; @kept: one of them does not override those of certificates.
 */
static int limits_of_operator(const struct vetting *v, X509 *cert, bool *found,
			      bool *kept)
{
	bool override;
	int ret = 0;

	for (unsigned int i = keys_find(&v->keys, cert, 0);
	     ret >= 0 && i < v->keys.count;
	     i = keys_find(&v->keys, cert, i + 1)) {
		struct limit *limit = new_limit(v);

		if (!limit)
			return -ENOMEM;
		ret = keys_limit(v->h, &v->keys, i, limit, &override);
		*found |= ret > 0;
		*kept |= !override;
		if (!ret)
			drop_limit(v->s);
	}
	return ret < 0 ? ret : 0;
}

static int limits_of_cert(const struct vetting *v, X509 *cert, bool is_end,
			  bool *kept)
{
	struct limit *limit;
	bool found = false;
	int err;

	err = limits_of_operator(v, cert, &found, kept);
	if (err)
		return err;
	limit = new_limit(v);
	if (!limit)
		return -ENOMEM;
	err = cert_claims(v->h, cert, limit);
	if (!err && !limit->nr && (found || !is_end))
		drop_limit(v->s);
	return err;
}

static int collect_limits(const struct vetting *v)
{
	const int last = sk_X509_num(v->chain) - 1;
	bool kept = false;
	int err = 0;

	for (int i = 0; !err && i <= last; i++)
		err = limits_of_cert(v, sk_X509_value(v->chain, i),
				     !i || i == last, &kept);
	if (!err && !kept)
		drop_limits_of_certs(v->s);
	return err;
}

void signer_close(struct signer *s)
{
	while (s->limits)
		drop_limit(s);
}

/* ---- all of it ---- */

static void name_anchor(const struct vetting *v)
{
	X509 *anchor = sk_X509_value(v->chain, sk_X509_num(v->chain) - 1);
	unsigned int i = keys_find(&v->keys, anchor, 0);

	cert_fingerprint(anchor, v->s->anchor_fingerprint);
	if (i < v->keys.count)
		snprintf(v->s->anchor, sizeof(v->s->anchor), "%s/%s",
			 v->keys.dir, v->keys.file[i]);
}

static int check_chain(struct vetting *v, X509 *cert, x509_stack *others,
		       unsigned int flags)
{
	X509_STORE_CTX *ctx = new_context(v, cert, others, flags);
	int err;

	if (!ctx)
		return -ENOMEM;
	if (X509_verify_cert(ctx) == 1) {
		v->chain = X509_STORE_CTX_get0_chain(ctx);
		name_anchor(v);
		err = check_usage(v);
		if (!err)
			err = collect_limits(v);
	} else {
		err = not_trusted(v, X509_STORE_CTX_get_current_cert(ctx) ?:
				  cert, X509_STORE_CTX_get_error(ctx));
	}
	X509_STORE_CTX_free(ctx);
	ERR_clear_error();
	return err;
}

int trust_check(struct bx_handle *h, const char *shown, X509 *cert,
		x509_stack *others, unsigned int flags, struct signer *s)
{
	struct vetting *v = calloc(1, sizeof(*v));
	int err;

	if (!v)
		return fail(h, BX_FAULT_FAILED, ENOMEM, "out of memory");
	*v = (struct vetting) {
		.h = h, .shown = shown, .s = s, .keys.fd = -1,
	};
	cert_name(cert, s->name, sizeof(s->name));
	cert_fingerprint(cert, s->fingerprint);
	/* with the fingerprint: a subject can be chosen freely */
	snprintf(v->who, sizeof(v->who), "'%s' is signed by '%s' (SHA-256 %.*s)",
		 shown, s->name, FINGERPRINT_SHORT, s->fingerprint);
	err = check_extensions(v, cert);
	if (!err)
		err = keys_open(h, &v->keys);
	if (!err)
		err = check_chain(v, cert, others, flags);
	keys_close(&v->keys);
	free(v);
	return err;
}

/* ---- claims of a signer ---- */

static int not_allowed(struct bx_handle *h, const struct signer *s,
		       const char *bundle, const struct claim *claim,
		       const struct limit *limit)
{
	char want[CLAIM_WORDS], one[CLAIM_WORDS], permitted[512];
	const char *remedy = limit->from_cert ?
		"to override it, write claims and 'override: true' into" :
		"to permit more, edit";
	size_t n = snprintf(permitted, sizeof(permitted),
			    limit->nr ? "only " : "nothing");

	for (unsigned int i = 0; i < limit->nr && n < sizeof(permitted); i++)
		n += snprintf(permitted + n, sizeof(permitted) - n, "%s%s",
			      i ? "; " : "",
			      claim_words(one, &limit->claims[i]));
	return fail(h, BX_FAULT_REJECTED, EACCES,
		    "bundle '%s' claims %s, and %s permits %s; %s '%.*s"
		    LIMIT_SUFFIX "'", bundle, claim_words(want, claim),
		    limit->by, permitted, remedy,
		    (int)(strlen(s->anchor) - strlen(KEY_SUFFIX)), s->anchor);
}

int signer_allows(struct bx_handle *h, const struct signer *s,
		  const char *bundle, const struct claim *claims,
		  unsigned int nr)
{
	/* no limit at all would be a bug, not a permission */
	static const struct limit none = { .by = "the signer", .from_cert = true };

	for (unsigned int i = 0; i < nr; i++) {
		if (!s->limits)
			return not_allowed(h, s, bundle, &claims[i], &none);
		for (const struct limit *l = s->limits; l; l = l->next)
			if (!claims_cover(l->claims, l->nr, claims[i].bus,
					  claims[i].vendor))
				return not_allowed(h, s, bundle, &claims[i], l);
	}
	return 0;
}
