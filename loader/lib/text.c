// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: untrusted text
 *
 * Names and texts come from vendors' files, from archives, from policies and from the
 * kernel.  A terminal executes some characters as commands; this file defines which
 * characters may be shown, and replaces the others.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

#define LONGEST_WORD	32

/* Refuses controls, line separators, and characters that change the text's direction. */
static bool is_shown(unsigned int c)
{
	if (c < 0x20 || (c >= 0x7f && c < 0xa0))
		return false;
	if (c == 0x2028 || c == 0x2029 || c == 0xfeff || c == 0xfffe ||
	    c == 0xffff)
		return false;
	return !(c >= 0x202a && c <= 0x202e) && !(c >= 0x2066 && c <= 0x2069);
}

/* Decodes the UTF-8 at @s, at most @left bytes; returns its length, 0 when it is not valid. */
static size_t decode(const unsigned char *s, size_t left, unsigned int *c)
{
	static const unsigned int least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t len = *s < 0x80 ? 1 : *s >> 5 == 6 ? 2 : *s >> 4 == 14 ? 3 :
		*s >> 3 == 30 ? 4 : 0;

	*c = *s;
	if (!len || len > left)
		return 0;
	if (len == 1)
		return 1;
	*c = *s & (0x7f >> len);
	for (size_t i = 1; i < len; i++) {
		if (s[i] >> 6 != 2)
			return 0;
		*c = *c << 6 | (s[i] & 0x3f);
	}
	return *c >= least[len] && *c <= 0x10ffff &&
		(*c < 0xd800 || *c > 0xdfff) ? len : 0;
}

/**
 * text_char() - get the length of a printable character
 * @s: the text
 * @left: its length in bytes, at least 1
 * @c: takes the character, the byte when it is not valid UTF-8; may be NULL
 *
 * Return: the number of bytes; 0 for a control character, for one that changes the
 * direction of the text around it, and for a byte that is not UTF-8.
 */
size_t text_char(const char *s, size_t left, unsigned int *c)
{
	unsigned int got = 0;
	size_t len = decode((const unsigned char *)s, left, &got);

	if (c)
		*c = len ? got : (unsigned char)*s;
	return len && is_shown(got) ? len : 0;
}

/* Escapes all but printable characters and @keep; drops characters that do not fit. */
static void escape(char *buf, size_t size, const char *text, const char *keep)
{
	size_t left = strlen(text), n = 0, len;
	char code[5];

	for (; left; text += len, left -= len) {
		const char *from = text;
		size_t bytes;

		len = strchr(keep, *text) ? 1 : text_char(text, left, NULL);
		bytes = len;
		if (!len) {
			len = 1;
			from = code;
			bytes = snprintf(code, sizeof(code), "\\x%02x",
					 (unsigned char)*text);
		}
		if (n + bytes >= size)
			break;
		memcpy(buf + n, from, bytes);
		n += bytes;
	}
	buf[n] = '\0';
}

char *bx_printable(char *buf, size_t size, const char *text)
{
	if (size)
		escape(buf, size, text, "");
	return buf;
}

/**
 * text_lines() - make untrusted text of several lines safe for a terminal
 * @buf: takes the text
 * @size: its size, not 0
 * @text: the text, whose line breaks and tabs stay
 */
void text_lines(char *buf, size_t size, const char *text)
{
	escape(buf, size, text, "\n\t");
}

/* Returns the number of insertions, deletions, replacements and swaps from @a to @b. */
static unsigned int distance(const char *a, const char *b)
{
	unsigned int d[LONGEST_WORD + 1][LONGEST_WORD + 1];
	size_t la = strlen(a), lb = strlen(b), i, k;

	if (la > LONGEST_WORD || lb > LONGEST_WORD)
		return LONGEST_WORD;
	for (i = 0; i <= la; i++)
		d[i][0] = i;
	for (k = 0; k <= lb; k++)
		d[0][k] = k;
	for (i = 1; i <= la; i++) {
		for (k = 1; k <= lb; k++) {
			unsigned int best = d[i - 1][k - 1] +
				(a[i - 1] != b[k - 1]);

			if (d[i - 1][k] + 1 < best)
				best = d[i - 1][k] + 1;
			if (d[i][k - 1] + 1 < best)
				best = d[i][k - 1] + 1;
			if (i > 1 && k > 1 && a[i - 1] == b[k - 2] &&
			    a[i - 2] == b[k - 1] && d[i - 2][k - 2] + 1 < best)
				best = d[i - 2][k - 2] + 1;
			d[i][k] = best;
		}
	}
	return d[la][lb];
}

/**
 * text_nearest() - find the word that was probably meant
 * @word: an unknown word
 * @known: the known words, up to NULL
 *
 * Return: one of @known that differs from @word only by a typing mistake, else NULL.
 */
const char *text_nearest(const char *word, const char *const *known)
{
	unsigned int least = strlen(word) < 5 ? 1 : 2, n;
	const char *found = NULL;

	for (; *known; known++) {
		n = distance(word, *known);
		if (n > least || n >= strlen(*known) || (found && n == least))
			continue;
		least = n;
		found = *known;
	}
	return found;
}
