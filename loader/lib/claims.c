// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: claims: the buses and vendors that policies may decide about
 *
 * A claim is written as YAML in manifests and in the operator's limits
 * ({ bus: pci, vendor: 0x10de }), and as a URI in certificates (bus-ext:pci/0x10de).
 * A vendor is hexadecimal in both, with or without 0x: 8086 does not mean 0x1f96.  A text
 * that is meant as a claim and cannot be parsed as one is an error: if it were ignored, it
 * would limit nothing.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "bundle.h"

#define URI_SCHEME	"bus-ext:"

/* Parses the id of a vendor: hexadecimal, with or without 0x, not 0 and not all ones. */
static bool vendor_from(const char *text, int64_t *vendor)
{
	uint32_t id;

	if (!id_from(text, &id) || !id || id == BX_ANY)
		return false;
	*vendor = id;
	return true;
}

/*
 * Matches the scheme of a URI, also with typing mistakes: other separators, upper case,
 * blanks, a NUL.
 */
bool uri_is_claim(const char *text, size_t len)
{
	static const char letters[] = "busext";
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		if (letters[n] && isalnum((unsigned char)text[i])) {
			if (tolower((unsigned char)text[i]) != letters[n++])
				return false;
		} else if (text[i] == ':' || text[i] == '/') {
			return !letters[n];
		} else if (text[i] && !strchr("-_. \t", text[i])) {
			return false;
		}
	}
	return false;
}

bool claim_from_uri(const char *text, size_t len, char *bus,
		    struct claim *claim)
{
	const size_t scheme = strlen(URI_SCHEME);
	char copy[sizeof(URI_SCHEME) + BX_NAME_LEN + 16], *slash;

	if (len < scheme || len >= sizeof(copy) || memchr(text, '\0', len) ||
	    strncasecmp(text, URI_SCHEME, scheme))
		return false;
	memcpy(copy, text + scheme, len - scheme);
	copy[len - scheme] = '\0';
	claim->vendor = BX_ANY;
	slash = strchr(copy, '/');
	if (slash) {
		*slash = '\0';
		if (!vendor_from(slash + 1, &claim->vendor))
			return false;
	}
	if (!bx_name_is_good(copy))
		return false;
	strcpy(bus, copy);
	claim->bus = bus;
	return true;
}

static int read_claim(const struct yaml *y, struct yaml_node *item,
		      struct claim *claim)
{
	static const char *const keys[] = { "bus", "vendor", NULL };
	const char *vendor = NULL;
	int err;

	claim->vendor = BX_ANY;
	if (!yaml_is_map(item))
		return yaml_bad(y, item, "a claim must be a mapping ('bus: pci')");
	err = yaml_keys(y, item, keys);
	if (!err)
		err = yaml_text(y, item, "bus", YAML_REQUIRED, &claim->bus);
	if (!err && !bx_name_is_good(claim->bus))
		err = yaml_bad(y, yaml_at(item, "bus"),
			       "'%s' is not a valid name of a bus: use " BX_NAME_RULE,
			       claim->bus);
	if (!err)
		err = yaml_text(y, item, "vendor", YAML_OPTIONAL, &vendor);
	if (!err && vendor && !vendor_from(vendor, &claim->vendor))
		err = yaml_bad(y, yaml_at(item, "vendor"),
			       "'vendor' must be an id in hexadecimal (0x10de or 10de), got '%s'",
			       vendor);
	return err;
}

int claims_read(const struct yaml *y, struct yaml_node *root,
		struct claim *claims, unsigned int *nr)
{
	struct yaml_node *list, *item;
	int err;

	*nr = 0;
	err = yaml_list(y, root, "claims", YAML_REQUIRED, &list);
	for (unsigned int i = 0; !err && (item = yaml_item(list, i)); i++) {
		if (i == MAX_CLAIMS)
			return yaml_bad(y, list, "at most %d claims",
					MAX_CLAIMS);
		err = read_claim(y, item, &claims[i]);
		*nr = i + 1;
	}
	return err;
}

bool claims_cover(const struct claim *claims, unsigned int nr, const char *bus,
		  int64_t vendor)
{
	for (unsigned int i = 0; i < nr; i++)
		if (!strcmp(claims[i].bus, bus) &&
		    (claims[i].vendor == BX_ANY || claims[i].vendor == vendor))
			return true;
	return false;
}
