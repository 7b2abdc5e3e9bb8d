// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: from a line of rules to its words
 *
 * Blanks separate words, a word that begins with '#' begins a comment.  In "...", and after a
 * backslash, characters are not special; a backslash before any other character is one, since
 * paths of ACPI begin with it.
 */
#include <string.h>

#include "internal.h"
#include "rules_text.h"

/* Characters that are marked if they are quoted, and that a backslash quotes */
#define SPECIAL		"*?[]\\,\"=!:#$"

struct lexer {
	struct rules_lexed	*out;
	const char		*line;
	size_t			len;
	size_t			pos;
	size_t			used;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool is_special(char c)
{
	return c && strchr(SPECIAL, c);
}

static void put(struct lexer *l, char c)
{
	l->out->at[l->used] = l->pos + 1;
	l->out->text[l->used++] = c;
}

static void put_plain(struct lexer *l, char c)
{
	if (is_special(c))
		put(l, '\\');
	put(l, c);
}

static bool fails(struct lexer *l, const char *error)
{
	l->out->column = l->pos + 1;
	l->out->error = error;
	return false;
}

/* A backslash; it is the last character, or precedes the one that it quotes. */
static void escape(struct lexer *l)
{
	char next = l->pos + 1 < l->len ? l->line[l->pos + 1] : 0;

	if (is_special(next) || next == ' ') {
		put_plain(l, next);
		l->pos++;
	} else {
		put_plain(l, '\\');
	}
}

static bool check_char(struct lexer *l)
{
	char c = l->line[l->pos];

	if (c >= 0x20 && c < 0x7f)
		return true;
	return fails(l, "invalid character; expected printable ASCII");
}

/* A text in quotes, from the first to the last quote */
static bool quoted(struct lexer *l)
{
	size_t first = l->pos++;

	for (; l->pos < l->len && l->line[l->pos] != '"'; l->pos++) {
		if (!check_char(l))
			return false;
		if (l->line[l->pos] == '\\')
			escape(l);
		else
			put_plain(l, l->line[l->pos]);
	}
	if (l->pos >= l->len) {
		l->pos = first;
		return fails(l, "this quote has no end; expected '\"'");
	}
	if (l->pos == first + 1)
		put(l, RULES_EMPTY);
	return true;
}

static bool word(struct lexer *l)
{
	struct rules_lexed *out = l->out;

	if (out->n == RULES_WORDS)
		return fails(l, "too many words in a line");
	out->word[out->n++] = (struct rules_word) { &out->text[l->used], &out->at[l->used] };
	for (; l->pos < l->len && !is_blank(l->line[l->pos]); l->pos++) {
		if (!check_char(l))
			return false;
		if (l->line[l->pos] == '\\')
			escape(l);
		else if (l->line[l->pos] != '"')
			put(l, l->line[l->pos]);
		else if (!quoted(l))
			return false;
	}
	put(l, '\0');
	out->end = l->pos + 1;
	return true;
}

/* A comment may be in any language. */
static bool read_comment(struct lexer *l)
{
	size_t end = l->len, len;

	while (is_blank(l->line[end - 1]))
		end--;
	l->out->comment = l->line + l->pos;
	l->out->comment_len = end - l->pos;
	for (; l->pos < end; l->pos += len) {
		len = text_char(l->line + l->pos, end - l->pos, NULL);
		if (!len && l->line[l->pos] == '\t')
			len = 1;
		if (!len)
			return fails(l, "invalid character in a comment; expected printable UTF-8");
	}
	return true;
}

void rules_lex(const char *line, size_t len, struct rules_lexed *out)
{
	struct lexer l = { .out = out, .line = line, .len = len };
	bool good = true;

	out->n = 0;
	out->comment = NULL;
	out->error = NULL;
	out->end = 1;
	if (len > RULES_LINE) {
		l.pos = RULES_LINE;
		fails(&l, "the line is too long");
		return;
	}
	while (good && l.pos < len) {
		if (is_blank(line[l.pos])) {
			l.pos++;
			continue;
		}
		if (line[l.pos] == '#') {
			read_comment(&l);
			return;
		}
		good = word(&l);
	}
}

/* ---- lexed texts ---- */

const char *rules_find(const char *text, char c)
{
	for (; *text && *text != c; text++)
		if (*text == '\\')
			text++;
	return text;
}

bool rules_has_open_set(const char *from, const char *to)
{
	const char *end;

	for (; from < to; from++) {
		if (*from == '\\') {
			from++;
		} else if (*from == '[') {
			end = rules_glob_set_end(from);
			if (!end || end > to)
				return true;
			from = end - 1;
		}
	}
	return false;
}

/* Copies a set as it is: a backslash means the same in it. */
static const char *copy_set(const char *from, const char *to, char **buf)
{
	const char *end = rules_glob_set_end(from);

	if (!end || end > to)
		return NULL;
	for (; from < end; from++)
		if (*from != RULES_EMPTY)
			*(*buf)++ = *from;
	return end;
}

void rules_to_glob(const char *from, const char *to, char *buf)
{
	const char *end;

	while (from < to) {
		end = *from == '[' ? copy_set(from, to, &buf) : NULL;
		if (end) {
			from = end;
			continue;
		}
		if (*from == '\\' && !strchr("*?[\\", from[1]))
			from++;
		else if (*from == '\\')
			*buf++ = *from++;
		if (*from != RULES_EMPTY)
			*buf++ = *from;
		from++;
	}
	*buf = '\0';
}

bool rules_to_plain(const char *from, const char *to, char *buf)
{
	bool plain = true;

	for (; from < to; from++) {
		if (*from == RULES_EMPTY)
			continue;
		if (*from == '\\')
			from++;
		else if (strchr("*?[", *from))
			plain = false;
		*buf++ = *from;
	}
	*buf = '\0';
	return plain;
}
