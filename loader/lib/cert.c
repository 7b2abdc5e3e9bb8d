// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: certificates: their names, usage and claims
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include "trust.h"

const char *ssl_reason(void)
{
	unsigned long e = ERR_peek_last_error();
	const char *text = e ? ERR_reason_error_string(e) : NULL;

	ERR_clear_error();
	return text ?: "unknown reason";
}

/* ---- names ---- */

/*
 * Escapes all but printable ASCII, since the holder of a certificate chooses its subject.
 * A certificate without a subject gets a name, too, or its bundles would look unsigned.
 */
void cert_name(const X509 *cert, char *buf, size_t size)
{
	static const char cut[] = "...", none[] = "(no subject)";
	BIO *out = BIO_new(BIO_s_mem());
	char *text = NULL;
	long len = 0;

	if (out && X509_NAME_print_ex(out, X509_get_subject_name(cert), 0,
				      XN_FLAG_RFC2253) >= 0)
		len = BIO_get_mem_data(out, &text);
	if (len <= 0) {
		copy_name(buf, size, none);
	} else if ((size_t)len < size) {
		memcpy(buf, text, len);
		buf[len] = '\0';
	} else {
		memcpy(buf, text, size - sizeof(cut));
		memcpy(buf + size - sizeof(cut), cut, sizeof(cut));
	}
	BIO_free(out);
}

void cert_fingerprint(const X509 *cert, char *buf)
{
	unsigned char md[EVP_MAX_MD_SIZE];
	unsigned int len = 0;

	buf[0] = '\0';
	if (!X509_digest(cert, EVP_sha256(), md, &len))
		return;
	for (unsigned int i = 0; i < len && 2 * i + 2 < FINGERPRINT_SIZE; i++)
		sprintf(buf + 2 * i, "%02x", md[i]);
}

const char *cert_time(const ASN1_TIME *time, char *buf, size_t size)
{
	struct tm tm = {};

	if (ASN1_TIME_to_tm(time, &tm) != 1 ||
	    !strftime(buf, size, "%Y-%m-%d %H:%M:%S UTC", &tm))
		copy_name(buf, size, "an unknown time");
	return buf;
}

/* ---- usage ---- */

bool cert_may_sign(X509 *cert)
{
	return X509_get_key_usage(cert) & KU_DIGITAL_SIGNATURE;
}

/* X509_get_extended_key_usage() returns all bits for a certificate without that extension. */
static bool has_usage(X509 *cert)
{
	return X509_get_extension_flags(cert) & EXFLAG_XKUSAGE;
}

bool cert_signs_code(X509 *cert)
{
	return has_usage(cert) &&
		X509_get_extended_key_usage(cert) & XKU_CODE_SIGN;
}

bool cert_issues_signers(X509 *cert)
{
	return !has_usage(cert) || X509_get_extended_key_usage(cert) &
		(XKU_CODE_SIGN | XKU_ANYEKU);
}

/* ---- claims ---- */

const char *claim_words(char *buf, const struct claim *c)
{
	if (c->vendor == BX_ANY)
		snprintf(buf, CLAIM_WORDS, "bus %s, any vendor", c->bus);
	else
		snprintf(buf, CLAIM_WORDS, "bus %s, vendor 0x%04llx", c->bus,
			 (long long)c->vendor);
	return buf;
}

static int bad_claim(struct bx_handle *h, const X509 *cert, const char *text,
		     size_t len)
{
	char name[256], shown[128];
	size_t n = 0;

	for (size_t i = 0; i < len && n + 5 < sizeof(shown); i++)
		n += snprintf(shown + n, sizeof(shown) - n,
			      isprint((unsigned char)text[i]) ? "%c" : "\\x%02x",
			      (unsigned char)text[i]);
	shown[n] = '\0';
	cert_name(cert, name, sizeof(name));
	return fail(h, BX_FAULT_REJECTED, EINVAL,
		    "the certificate '%s' has the invalid claim '%s': expected a URI bus-ext:BUS or bus-ext:BUS/VENDOR, with the vendor in hexadecimal",
		    name, shown);
}

static int too_many_claims(struct bx_handle *h, const X509 *cert,
			   const char *text, size_t len)
{
	char name[256];

	cert_name(cert, name, sizeof(name));
	return fail(h, BX_FAULT_REJECTED, EINVAL,
		    "the certificate '%s' has more than %d claims: '%.*s' is one too many",
		    name, MAX_CLAIMS, (int)len, text);
}

/* Adds one name of a subjectAltName; a claim in a field of another type is an error. */
static int add_claim(struct bx_handle *h, const X509 *cert,
		     const GENERAL_NAME *name, struct limit *limit)
{
	const ASN1_STRING *value;
	const char *text;
	size_t len;

	if (name->type != GEN_URI && name->type != GEN_DNS &&
	    name->type != GEN_EMAIL)
		return 0;
	value = name->d.ia5;
	text = (const char *)ASN1_STRING_get0_data(value);
	len = ASN1_STRING_length(value) > 0 ? ASN1_STRING_length(value) : 0;
	if (!uri_is_claim(text, len))
		return 0;
	if (limit->nr == MAX_CLAIMS)
		return too_many_claims(h, cert, text, len);
	if (name->type != GEN_URI ||
	    !claim_from_uri(text, len, limit->buses[limit->nr],
			    &limit->claims[limit->nr]))
		return bad_claim(h, cert, text, len);
	limit->nr++;
	return 0;
}

int cert_claims(struct bx_handle *h, X509 *cert, struct limit *limit)
{
	GENERAL_NAMES *names;
	char name[256];
	int err = 0, how;

	cert_name(cert, name, sizeof(name));
	limit->nr = 0;
	limit->from_cert = true;
	snprintf(limit->by, sizeof(limit->by), "the certificate '%s'", name);
	names = X509_get_ext_d2i(cert, NID_subject_alt_name, &how, NULL);
	/* -1: the certificate has no subjectAltName */
	if (!names && how != -1)
		err = fail(h, BX_FAULT_REJECTED, EINVAL,
			   "the certificate '%s' has a subjectAltName that cannot be read, or two",
			   name);
	for (int i = 0; !err && i < sk_GENERAL_NAME_num(names); i++)
		err = add_claim(h, cert, sk_GENERAL_NAME_value(names, i), limit);
	GENERAL_NAMES_free(names);
	ERR_clear_error();
	return err;
}
