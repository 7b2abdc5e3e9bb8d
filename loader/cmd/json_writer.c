// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * bxctl: writing JSON
 *
 * Kernel names are bytes: bytes that are not UTF-8 are written as U+FFFD, so that
 * the output is always a document that parsers accept.
 */
#include "json_writer.h"

void json_start(struct json *j, FILE *out)
{
	*j = (struct json) { .out = out, .first = true };
}

/* Decodes the UTF-8 character at @s; returns its number of bytes, 0 when it is invalid. */
static int utf8_length(const unsigned char *s, unsigned int *code)
{
	static const unsigned int least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned int c = s[0], n, i;

	*code = c;
	if (c < 0x80)
		return 1;
	n = c >= 0xf0 && c <= 0xf4 ? 4 : c >= 0xe0 && c < 0xf0 ? 3 :
		c >= 0xc2 && c < 0xe0 ? 2 : 0;
	if (!n)
		return 0;
	c &= 0xff >> (n + 1);
	for (i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*code = c;
	return n;
}

/* Is it a control character of a terminal?  JSON has an escape for each of these. */
static bool is_control(unsigned int c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 ||
		c == 0x2029 || c == 0xfeff || (c >= 0x202a && c <= 0x202e) ||
		(c >= 0x2066 && c <= 0x2069);
}

static void quoted(struct json *j, const char *text)
{
	const unsigned char *s = (const unsigned char *)text;
	unsigned int c;
	int n;

	fputc('"', j->out);
	for (; *s; s += n ?: 1) {
		n = utf8_length(s, &c);
		if (!n)
			fputs("\\ufffd", j->out);
		else if (c == '"' || c == '\\')
			fprintf(j->out, "\\%c", c);
		else if (c == '\n')
			fputs("\\n", j->out);
		else if (c == '\t')
			fputs("\\t", j->out);
		else if (is_control(c))
			fprintf(j->out, "\\u%04x", c);
		else
			fwrite(s, n, 1, j->out);
	}
	fputc('"', j->out);
}

static void line(struct json *j)
{
	fprintf(j->out, "\n%*s", 2 * j->depth, "");
}

static void value(struct json *j, const char *name)
{
	if (!j->first)
		fputc(',', j->out);
	if (j->depth)
		line(j);
	j->first = false;
	if (!name)
		return;
	quoted(j, name);
	fputs(": ", j->out);
}

static void begin(struct json *j, const char *name, char bracket)
{
	value(j, name);
	fputc(bracket, j->out);
	j->depth++;
	j->first = true;
}

static void end(struct json *j, char bracket)
{
	bool empty = j->first;

	j->depth--;
	if (!empty)
		line(j);
	fputc(bracket, j->out);
	j->first = false;
	if (!j->depth)
		fputc('\n', j->out);
}

void json_object(struct json *j, const char *name)
{
	begin(j, name, '{');
}

void json_array(struct json *j, const char *name)
{
	begin(j, name, '[');
}

void json_end_object(struct json *j)
{
	end(j, '}');
}

void json_end_array(struct json *j)
{
	end(j, ']');
}

void json_string(struct json *j, const char *name, const char *text)
{
	value(j, name);
	quoted(j, text);
}

void json_string_or_null(struct json *j, const char *name, const char *text)
{
	if (text && text[0])
		json_string(j, name, text);
	else
		json_null(j, name);
}

void json_hex(struct json *j, const char *name, unsigned int digits,
	      unsigned long long n)
{
	value(j, name);
	fprintf(j->out, "\"0x%0*llx\"", digits, n);
}

void json_int(struct json *j, const char *name, long long n)
{
	value(j, name);
	fprintf(j->out, "%lld", n);
}

void json_uint(struct json *j, const char *name, unsigned long long n)
{
	value(j, name);
	fprintf(j->out, "%llu", n);
}

void json_bool(struct json *j, const char *name, bool yes)
{
	value(j, name);
	fputs(yes ? "true" : "false", j->out);
}

void json_null(struct json *j, const char *name)
{
	value(j, name);
	fputs("null", j->out);
}
