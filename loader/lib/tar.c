// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: checking an archive before libarchive reads it
 *
 * libarchive accepts much silently: it reads an entry of an unknown type as a file, a name
 * up to its first NUL, and ignores data behind the end.  An archive that two readers could
 * read differently is refused here.  This check extracts nothing: only libarchive
 * determines the files of an archive.
 */
#include <stdio.h>
#include <string.h>

#include "internal.h"
#include "tree.h"

#define BLOCK	512

/* The fields of a header that are checked: offset and size */
#define NAME_AT		0
#define NAME_SIZE	100
#define SIZE_AT		124
#define SIZE_SIZE	12
#define TYPE_AT		156
#define MAGIC_AT	257
#define PREFIX_AT	345
#define PREFIX_SIZE	155

/**
 * struct tar - an archive that is being checked
 * @h: the handle, for errors
 * @shown: the archive, for messages
 * @data: the archive, not compressed
 * @size: its size
 * @at: offset of the header
 * @content: size of the data after the header
 */
struct tar {
	struct bx_handle	*h;
	const char		*shown;
	const char		*data;
	size_t			size;
	size_t			at;
	size_t			content;
};

static int broken(const struct tar *t, const char *why)
{
	return fail(t->h, BX_FAULT_REJECTED, EINVAL,
		    "'%s' is not a whole archive of a bundle (.tar.zst): %s (at byte %zu)",
		    t->shown, why, t->at);
}

static bool is_zero(const char *data, size_t size)
{
	return !size || (!data[0] && !memcmp(data, data + 1, size - 1));
}

/* Parses octal digits between spaces; the other form is for sizes that are too large. */
static bool size_from(const char *field, size_t *size)
{
	const char *p = field, *end = field + SIZE_SIZE;

	for (; p < end && *p == ' '; p++)
		;
	for (*size = 0; p < end && *p >= '0' && *p <= '7'; p++)
		*size = *size * 8 + (*p - '0');
	for (; p < end && (!*p || *p == ' '); p++)
		;
	return p == end;
}

static int check_name(const struct tar *t, const char *name, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (name[i] < ' ' || name[i] > '~')
			return fail(t->h, BX_FAULT_REJECTED, EINVAL,
				    "'%s' has a name with the byte 0x%02x (at byte %zu): names in a bundle are of [A-Za-z0-9_.-]",
				    t->shown, (unsigned char)name[i], t->at);
	return 0;
}

/* Checks a record of an extended header: KEY=VALUE. */
static int check_record(const struct tar *t, const char *key, size_t len)
{
	const char *equals = memchr(key, '=', len);
	size_t size = equals ? equals - key : 0;

	if (!equals)
		return broken(t, "an extended header has no '='");
	if (size == 4 && !memcmp(key, "path", size))
		return check_name(t, equals + 1, len - size - 1);
	if ((size == 4 && !memcmp(key, "size", size)) ||
	    (size > 11 && !memcmp(key, "GNU.sparse.", 11)))
		return broken(t, "an extended header has the size of a file");
	return 0;
}

/* Checks "LENGTH KEY=VALUE\n", where LENGTH is the length of the whole record. */
static int check_extended(const struct tar *t, const char *at, size_t left)
{
	size_t len, digits;
	int err = 0;

	while (!err && left) {
		len = 0;
		for (digits = 0; digits < left && digits < 8 &&
		     at[digits] >= '0' && at[digits] <= '9'; digits++)
			len = len * 10 + (at[digits] - '0');
		if (len > left || len < digits + 3 || at[digits] != ' ' ||
		    at[len - 1] != '\n')
			return broken(t, "an extended header is damaged");
		err = check_record(t, at + digits + 1, len - digits - 2);
		at += len;
		left -= len;
	}
	return err;
}

/* Checks the name of the next entry, which ends with NULs. */
static int check_long_name(const struct tar *t, const char *name, size_t len)
{
	while (len && !name[len - 1])
		len--;
	return check_name(t, name, len);
}

static int check_content(const struct tar *t)
{
	const char *header = t->data + t->at, *content = header + BLOCK;
	char type = header[TYPE_AT];

	switch (type) {
	case 'x':
	case 'g':
		return check_extended(t, content, t->content);
	case 'L':
		return check_long_name(t, content, t->content);
	case '5':
		return t->content ? broken(t, "a folder has data") : 0;
	case '\0':
	case '0': case '1': case '2': case '3': case '4': case '6': case 'K':
		return 0;
	}
	return fail(t->h, BX_FAULT_REJECTED, EINVAL,
		    "'%s' has '%.*s' of the unknown type 0x%02x: a bundle has only regular files",
		    t->shown, NAME_SIZE, header + NAME_AT,
		    (unsigned char)type);
}

/* Checks a header with its data; @size takes the size of both. */
static int check_entry(struct tar *t, size_t *size)
{
	const char *header = t->data + t->at;
	int err;

	if (!size_from(header + SIZE_AT, &t->content))
		return broken(t, "a size is not a number");
	if (t->content > t->size - t->at - BLOCK)
		return broken(t, "it ends within a file");
	err = check_name(t, header + NAME_AT,
			 strnlen(header + NAME_AT, NAME_SIZE));
	/* with GNU's magic, the prefix may contain times */
	if (!err && !memcmp(header + MAGIC_AT, "ustar", 6))
		err = check_name(t, header + PREFIX_AT,
				 strnlen(header + PREFIX_AT, PREFIX_SIZE));
	if (!err)
		err = check_content(t);
	*size = BLOCK + (t->content + BLOCK - 1) / BLOCK * BLOCK;
	return err;
}

int tar_check(struct bx_handle *h, const char *shown, const char *data,
	      size_t size)
{
	struct tar t = { .h = h, .shown = shown, .data = data, .size = size };
	size_t step = BLOCK;
	int err;

	for (; size - t.at >= BLOCK; t.at += step) {
		if (is_zero(data + t.at, BLOCK)) {
			if (is_zero(data + t.at, size - t.at))
				return 0;
			return broken(&t, "there is data behind its end");
		}
		err = check_entry(&t, &step);
		if (err)
			return err;
		if (step > size - t.at)
			break;
	}
	return broken(&t, "its end is missing");
}
