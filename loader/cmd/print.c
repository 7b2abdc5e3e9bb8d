// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * bxctl: output to a terminal
 *
 * The format is ours, line breaks included; its arguments are not.  So each of them is
 * made printable by itself: a line break in a name does not end a line.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bxctl.h"

#define SPEC	32

/**
 * struct spec - a conversion of a format
 * @text: the conversion, from the percent sign; without an asterisk
 * @type: its last character
 * @longs: number of 'l'; 'z' counts as one
 */
struct spec {
	char		text[SPEC];
	char		type;
	unsigned int	longs;
};

/* Reads a conversion; an asterisk takes its number from @args. Returns the rest of @fmt. */
static const char *read_spec(const char *fmt, va_list *args, struct spec *spec)
{
	size_t n = 0;

	*spec = (struct spec) {};
	spec->text[n++] = *fmt++;
	for (; *fmt && n < SPEC - 12; fmt++) {
		if (*fmt == '*') {
			n += sprintf(spec->text + n, "%d", va_arg(*args, int));
			continue;
		}
		spec->text[n++] = *fmt;
		if (*fmt == 'l' || *fmt == 'z')
			spec->longs++;
		else if (!strchr("0123456789.-+ #h", *fmt))
			break;
	}
	spec->type = *fmt;
	return *fmt ? fmt + 1 : fmt;
}

static void print_text(FILE *out, const struct spec *spec, const char *text)
{
	const char *dot = strchr(spec->text, '.');
	size_t len = dot ? strnlen(text, strtoul(dot + 1, NULL, 10)) :
		strlen(text);
	char *part = strndup(text, len), *shown = malloc(4 * len + 1);
	int width = atoi(spec->text + 1);

	if (part && shown)
		fprintf(out, "%*s", width,
			bx_printable(shown, 4 * len + 1, part));
	free(shown);
	free(part);
}

static void print_spec(FILE *out, const struct spec *spec, va_list *args)
{
	switch (spec->type) {
	case 's':
		print_text(out, spec, va_arg(*args, const char *));
		break;
	case '%':
		putc('%', out);
		break;
	default:
		if (spec->longs > 1)
			fprintf(out, spec->text, va_arg(*args, long long));
		else if (spec->longs)
			fprintf(out, spec->text, va_arg(*args, long));
		else
			fprintf(out, spec->text, va_arg(*args, int));
	}
}

/*
 * As fprintf(), of %d, %i, %u, %x, %o, %c, %s and %%, with their flags, widths, 'l' and
 * 'z': arguments of %s are made printable.
 */
void print_to(FILE *out, const char *fmt, ...)
{
	struct spec spec;
	va_list args;

	va_start(args, fmt);
	while (*fmt) {
		size_t len = strcspn(fmt, "%");

		fwrite(fmt, len, 1, out);
		fmt += len;
		if (!*fmt)
			break;
		fmt = read_spec(fmt, &args, &spec);
		print_spec(out, &spec, &args);
	}
	va_end(args);
}
