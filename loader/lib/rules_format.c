// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: the canonical form of a file of rules
 *
 * Comments stay where they are.  Rules without a line between them are a block, whose parts
 * stand below each other; a part that is much longer than the others does not move them.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files.h"
#include "internal.h"
#include "rules_text.h"

#define WIDEST	60	/* part that others are aligned to */

/**
 * struct row - a line of the file
 * @part: the parts of a rule; of an include only the first one
 * @comment: the comment with its '#', or NULL
 */
struct row {
	char	*part[RULES_PARTS];
	char	*comment;
};

/**
 * struct format - a file that is being formatted
 * @place: where
 * @row: its lines
 * @n: number of lines
 * @room: number of lines that memory is allocated for
 * @lexed: the current line
 */
struct format {
	struct rules_place	place;
	struct row		*row;
	size_t			n;
	size_t			room;
	struct rules_lexed	lexed;
};

/* ---- reading ---- */

static struct row *new_row(struct format *f)
{
	struct row *more;

	if (f->n == f->room) {
		size_t room = f->room ? 2 * f->room : 64;

		more = reallocarray(f->row, room, sizeof(*more));
		if (!more)
			return NULL;
		f->row = more;
		f->room = room;
	}
	f->row[f->n] = (struct row) {};
	return &f->row[f->n++];
}

static int format_include(struct format *f, struct row *row)
{
	char name[2 * RULES_LINE], *word = NULL;
	const struct rules_lexed *l = &f->lexed;
	const char *text = l->word[1].text;

	if (l->n != 2)
		return rules_bad(&f->place, l->n < 2 ? l->end : l->word[2].at[0],
				 "expected 'include FILE', one file");
	if (!rules_to_plain(text, text + strlen(text), name) || !name[0])
		return rules_bad(&f->place, l->word[1].at[0],
				 "expected the name of one file, not a pattern");
	word = rules_print_word(name);
	if (!word || asprintf(&row->part[0], "include %s", word) < 0) {
		row->part[0] = NULL;
		free(word);
		return rules_no_memory(&f->place);
	}
	free(word);
	return 0;
}

static int format_rule(struct format *f, struct row *row)
{
	struct bx_rule rule = {};
	int err;

	f->place.formats = true;
	err = rules_line(&f->place, &f->lexed, &rule);
	for (int i = 0; !err && i < RULES_PARTS; i++) {
		row->part[i] = rules_print_part(&rule, i);
		if (!row->part[i])
			err = rules_no_memory(&f->place);
	}
	rules_rule_free(&rule);
	return err;
}

static int format_line(struct format *f, const char *line, size_t len)
{
	struct rules_lexed *l = &f->lexed;
	struct row *row = new_row(f);

	if (!row)
		return rules_no_memory(&f->place);
	if (len && line[len - 1] == '\r')
		len--;
	rules_lex(line, len, l);
	if (l->error)
		return rules_bad(&f->place, l->column, "%s", l->error);
	if (l->comment) {
		row->comment = strndup(l->comment, l->comment_len);
		if (!row->comment)
			return rules_no_memory(&f->place);
	}
	if (!l->n)
		return 0;
	if (!strcmp(l->word[0].text, "include"))
		return format_include(f, row);
	return format_rule(f, row);
}

/* ---- writing ---- */

static bool is_rule(const struct row *row)
{
	return row->part[RULES_VERDICT_PART];
}

static bool is_blank(const struct row *row)
{
	return !row->part[0] && !row->comment;
}

/* Width of a part in a block: that of its longest text that is not too long */
static int width_of(const struct row *row, size_t n, enum rules_part part)
{
	size_t width = 0, len;

	for (size_t i = 0; i < n; i++) {
		len = strlen(row[i].part[part]);
		if (len <= WIDEST && len > width)
			width = len;
	}
	return width;
}

static bool has_part(const struct row *row, size_t n, enum rules_part part)
{
	for (size_t i = 0; i < n; i++)
		if (row[i].part[part][0])
			return true;
	return false;
}

static void write_block(FILE *out, const struct row *row, size_t n)
{
	int first = width_of(row, n, RULES_PATTERN_PART);
	int second = width_of(row, n, RULES_COND_PART);
	bool conds = has_part(row, n, RULES_COND_PART);

	for (size_t i = 0; i < n; i++) {
		fprintf(out, "%-*s  ", first, row[i].part[RULES_PATTERN_PART]);
		if (conds)
			fprintf(out, "%-*s  ", second, row[i].part[RULES_COND_PART]);
		fputs(row[i].part[RULES_VERDICT_PART], out);
		if (row[i].comment)
			fprintf(out, "  %s", row[i].comment);
		fputc('\n', out);
	}
}

static void write_other(FILE *out, const struct row *row)
{
	fprintf(out, "%s%s%s\n", row->part[0] ?: "", row->part[0] && row->comment ? "  " : "",
		row->comment ?: "");
}

/* One empty line stands for several, and none at the beginning and at the end. */
static void write_rows(FILE *out, const struct format *f)
{
	bool blank = false, first = true;
	size_t n;

	for (size_t i = 0; i < f->n; i += n) {
		n = 1;
		if (is_blank(&f->row[i])) {
			blank = !first;
			continue;
		}
		if (blank)
			fputc('\n', out);
		blank = false;
		first = false;
		if (!is_rule(&f->row[i])) {
			write_other(out, &f->row[i]);
			continue;
		}
		while (i + n < f->n && is_rule(&f->row[i + n]))
			n++;
		write_block(out, &f->row[i], n);
	}
}

static int write_all(struct format *f, char **text, size_t *len)
{
	FILE *out = open_memstream(text, len);
	bool bad;

	if (!out)
		return rules_no_memory(&f->place);
	write_rows(out, f);
	bad = ferror(out);
	if (!fclose(out) && !bad)
		return 0;
	free(*text);
	*text = NULL;
	return rules_no_memory(&f->place);
}

static void free_rows(struct format *f)
{
	for (size_t i = 0; i < f->n; i++) {
		for (int k = 0; k < RULES_PARTS; k++)
			free(f->row[i].part[k]);
		free(f->row[i].comment);
	}
	free(f->row);
}

int rules_format(struct bx_handle *h, const char *name, const char *text, size_t len,
		 bx_rules_problem_fn fn, void *arg, char **out, size_t *out_len)
{
	struct format *f = calloc(1, sizeof(*f));
	const char *end = text + len, *next;
	int err = 0;

	*out = NULL;
	error_forget(h);
	if (!f)
		return fail(h, BX_FAULT_FAILED, ENOMEM, "out of memory");
	f->place = (struct rules_place) { .h = h, .file = name, .fn = fn, .arg = arg };
	for (; text < end && (!err || err == -EINVAL); text = next + 1) {
		next = memchr(text, '\n', end - text) ?: end;
		f->place.line++;
		err = format_line(f, text, next - text);
	}
	if (!err && f->place.errors)
		err = -EINVAL;
	if (!err)
		err = write_all(f, out, out_len);
	free_rows(f);
	free(f);
	return err;
}

int bx_rules_format(struct bx_handle *h, const char *path, bx_rules_problem_fn fn, void *arg,
		    char **text, bool *canonical)
{
	char *before = NULL;
	size_t len, before_len;
	int err;

	*text = NULL;
	err = rules_load(h, path, &before, &before_len);
	if (!err)
		err = rules_format(h, path, before, before_len, fn, arg, text, &len);
	if (!err)
		*canonical = len == before_len && !memcmp(*text, before, len);
	free(before);
	return err;
}

static int write_text(struct bx_handle *h, int fd, const struct stat *st, const char *path,
		      const char *text)
{
	size_t left = strlen(text);
	ssize_t n;

	if (fchmod(fd, st->st_mode & 07777) ||
	    ((st->st_uid != geteuid() || st->st_gid != getegid()) &&
	     fchown(fd, st->st_uid, st->st_gid)))
		return fail(h, BX_FAULT_FAILED, errno,
			    "cannot keep the owner and the mode of '%s': %s", path,
			    strerror(errno));
	for (; left; left -= n, text += n) {
		n = write(fd, text, left);
		if (n < 0)
			return fail(h, BX_FAULT_FAILED, errno, "cannot write '%s': %s", path,
				    strerror(errno));
	}
	return 0;
}

int bx_rules_rewrite(struct bx_handle *h, const char *path, const char *text)
{
	struct new_file f;
	struct stat st;
	int err;

	if (stat(path, &st))
		return fail(h, BX_FAULT_FAILED, errno, "cannot read '%s': %s", path,
			    strerror(errno));
	err = new_file_open(h, AT_FDCWD, path, 0600, &f);
	if (err)
		return err;
	err = write_text(h, f.fd, &st, path, text);
	return new_file_close(h, &f, err);
}
