// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: files of rules, and files that they include
 *
 * An included file stands for the line that includes it.  A file is read completely, so that
 * one run tells all errors; limits end what a hostile file could make large.
 */
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "internal.h"
#include "rules_text.h"

#define MAX_ERRORS	50

/**
 * struct file - a file that is being read
 * @parent: the file that includes it, or NULL
 * @shown: its name in messages
 * @dev, @ino: its identity, 0 for a text
 */
struct file {
	const struct file	*parent;
	const char		*shown;
	dev_t			dev;
	ino_t			ino;
};

/**
 * struct source - what is being read
 * @place: where
 * @rules: takes the rules
 * @room: number of rules that memory is allocated for
 * @depth: files that include each other
 * @bytes: bytes of all files
 * @includes: files may be included
 * @lexed: the current line
 */
struct source {
	struct rules_place	place;
	struct bx_rules		*rules;
	size_t			room;
	unsigned int		depth;
	size_t			bytes;
	bool			includes;
	struct rules_lexed	lexed;
};

/* ---- errors ---- */

static int report(struct rules_place *p, unsigned int line, unsigned int column,
		  const char *text)
{
	struct bx_rules_problem problem = {
		.kind = BX_RULES_ERROR, .file = p->file, .line = line, .column = column,
		.text = text,
	};

	/* the first error is the one of the handle */
	if (!p->errors++) {
		if (line)
			fail(p->h, BX_FAULT_REJECTED, EINVAL, "%s:%u:%u: %s", p->file, line,
			     column, text);
		else
			fail(p->h, BX_FAULT_REJECTED, EINVAL, "%s", text);
	}
	if (p->fn)
		p->fn(&problem, p->arg);
	return -EINVAL;
}

int rules_bad(struct rules_place *p, unsigned int column, const char *fmt, ...)
{
	char text[512], shown[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	report(p, p->line, column, bx_printable(shown, sizeof(shown), text));
	if (p->errors < MAX_ERRORS)
		return -EINVAL;
	report(p, p->line, column, "too many errors; the rest of the rules was not read");
	return -E2BIG;
}

int rules_no_memory(struct rules_place *p)
{
	p->errors++;
	return fail(p->h, BX_FAULT_FAILED, ENOMEM, "out of memory");
}

/* ---- rules ---- */

static struct bx_rule *new_rule(struct source *s)
{
	struct bx_rules *rules = s->rules;
	struct bx_rule *more;

	if (rules->n == s->room) {
		size_t room = s->room ? 2 * s->room : 64;

		more = reallocarray(rules->rule, room, sizeof(*more));
		if (!more)
			return NULL;
		rules->rule = more;
		s->room = room;
	}
	more = &rules->rule[rules->n];
	*more = (struct bx_rule) {
		.file = s->place.file, .line = s->place.line, .order = rules->n,
	};
	return more;
}

static int read_rule(struct source *s)
{
	struct bx_rule *rule;
	int err;

	if (s->rules->n == RULES_MAX) {
		rules_bad(&s->place, 1, "too many rules; expected at most %d", RULES_MAX);
		return -E2BIG;
	}
	rule = new_rule(s);
	if (!rule)
		return rules_no_memory(&s->place);
	err = rules_line(&s->place, &s->lexed, rule);
	if (err || rule->absent)
		rules_rule_free(rule);
	else
		s->rules->n++;
	return err;
}

/* ---- files ---- */

static const char *add_file(struct source *s, const char *name)
{
	struct bx_rules *rules = s->rules;
	char **more = reallocarray(rules->file, rules->nfiles + 1, sizeof(*more));

	if (!more)
		return NULL;
	rules->file = more;
	more[rules->nfiles] = strdup(name);
	return more[rules->nfiles] ? more[rules->nfiles++] : NULL;
}

static int read_bytes(int fd, char *text, size_t size, size_t *len)
{
	ssize_t got;

	for (*len = 0; *len < size; *len += got) {
		got = read(fd, text + *len, size - *len);
		if (got < 0)
			return -errno;
		if (!got)
			break;
	}
	return 0;
}

static int read_text(struct source *s, const struct file *f, const char *text, size_t len);

/* Reads an open file, whose errors are those of @at: the line that includes it, or none. */
static int read_fd(struct source *s, int fd, struct file *f)
{
	struct rules_place at = s->place;
	struct stat st;
	size_t len = 0;
	char *text;
	int err;

	if (fstat(fd, &st))
		return rules_bad(&at, 1, "cannot read '%s': %s", f->shown, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return rules_bad(&at, 1, "'%s' is not a file; expected a file of rules", f->shown);
	f->dev = st.st_dev;
	f->ino = st.st_ino;
	for (const struct file *p = f->parent; p; p = p->parent)
		if (p->dev == f->dev && p->ino == f->ino)
			return rules_bad(&at, 1, "'%s' includes itself", f->shown);
	if ((size_t)st.st_size > RULES_SIZE - s->bytes)
		return rules_bad(&at, 1, "'%s' is too large; expected at most %d bytes of rules",
				 f->shown, RULES_SIZE);
	text = malloc(st.st_size + 1);
	if (!text)
		return rules_no_memory(&at);
	err = read_bytes(fd, text, st.st_size, &len);
	s->bytes += len;
	if (err)
		err = rules_bad(&at, 1, "cannot read '%s': %s", f->shown, strerror(-err));
	else
		err = read_text(s, f, text, len);
	free(text);
	return err;
}

/* Opens a file; one of a bundle only below its directory, and not through a link. */
static int open_file(const struct source *s, const char *path)
{
	const struct rules_scope *scope = s->place.scope;
	struct open_how how = {
		.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
	};
	int dir, fd, err;

	if (!scope)
		return open(path, how.flags);
	dir = open(scope->dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return dir;
	fd = syscall(SYS_openat2, dir, path + strlen(scope->shown) + 1, &how, sizeof(how));
	err = errno;
	close(dir);
	errno = err;
	return fd;
}

static int read_file(struct source *s, const char *path, const struct file *parent)
{
	struct file f = { .parent = parent };
	struct rules_place at;
	int fd, err;

	if (s->rules->nfiles == RULES_FILES)
		return rules_bad(&s->place, 1, "too many files; expected at most %d", RULES_FILES);
	f.shown = add_file(s, path);
	if (!f.shown)
		return rules_no_memory(&s->place);
	if (!parent)
		s->place.file = f.shown;
	fd = open_file(s, path);
	if (fd < 0) {
		err = errno;
		if (parent)
			return rules_bad(&s->place, 1, "cannot open '%s': %s", path,
					 s->place.scope && (err == EXDEV || err == ELOOP) ?
					 "it is not a file of the bundle" : strerror(err));
		s->place.errors++;
		return fail(s->place.h, BX_FAULT_FAILED, err, "cannot open '%s': %s", path,
			    strerror(err));
	}
	at = s->place;
	err = read_fd(s, fd, &f);
	close(fd);
	s->place.file = at.file;
	s->place.line = at.line;
	return err;
}

/* Whether no part of a name begins with a dot: files of a bundle have no such names. */
static bool is_of_bundle(const char *name)
{
	return name[0] != '/' && name[0] != '.' && !strstr(name, "/.");
}

/* The path is relative to the file that includes it. */
static int include_path(struct source *s, const struct file *f, const char *name, char *path)
{
	const char *slash = strrchr(f->shown, '/');
	int dir = slash && name[0] != '/' ? slash + 1 - f->shown : 0;

	if (s->place.scope && !is_of_bundle(name))
		return rules_bad(&s->place, s->lexed.word[1].at[0],
				 "'%.64s' is not a file of the bundle; expected a name below the directory of this file",
				 name);
	if (snprintf(path, PATH_MAX, "%.*s%s", dir, f->shown, name) < PATH_MAX)
		return 0;
	return rules_bad(&s->place, s->lexed.word[1].at[0], "the path '%.64s' is too long", name);
}

static int read_include(struct source *s, const struct file *f)
{
	const struct rules_lexed *l = &s->lexed;
	char name[2 * RULES_LINE], path[PATH_MAX];
	const char *text;
	int err;

	if (l->n != 2)
		return rules_bad(&s->place, l->n < 2 ? l->end : l->word[2].at[0],
				 "expected 'include FILE', one file");
	text = l->word[1].text;
	if (!rules_to_plain(text, text + strlen(text), name) || !name[0])
		return rules_bad(&s->place, l->word[1].at[0],
				 "expected the name of one file, not a pattern");
	if (!s->includes)
		return rules_bad(&s->place, l->word[0].at[0], "files cannot be included here");
	if (s->depth == RULES_DEPTH)
		return rules_bad(&s->place, l->word[0].at[0],
				 "too many files that include each other; expected at most %d",
				 RULES_DEPTH);
	err = include_path(s, f, name, path);
	if (err)
		return err;
	s->depth++;
	err = read_file(s, path, f);
	s->depth--;
	return err;
}

/* ---- lines ---- */

static int read_line(struct source *s, const struct file *f, const char *line, size_t len)
{
	if (len && line[len - 1] == '\r')
		len--;
	rules_lex(line, len, &s->lexed);
	if (s->lexed.error)
		return rules_bad(&s->place, s->lexed.column, "%s", s->lexed.error);
	if (!s->lexed.n)
		return 0;
	if (!strcmp(s->lexed.word[0].text, "include"))
		return read_include(s, f);
	return read_rule(s);
}

static int read_text(struct source *s, const struct file *f, const char *text, size_t len)
{
	const char *end = text + len, *next;
	int err = 0;

	s->place.file = f->shown;
	s->place.line = 0;
	/* an error in a line does not end the file */
	for (; text < end && (!err || err == -EINVAL); text = next + 1) {
		next = memchr(text, '\n', end - text) ?: end;
		s->place.line++;
		err = read_line(s, f, text, next - text);
	}
	return s->place.errors && !err ? -EINVAL : err;
}

static struct source *new_source(struct bx_handle *h, bx_rules_problem_fn fn, void *arg,
				 struct bx_rules *rules)
{
	struct source *s = calloc(1, sizeof(*s));

	*rules = (struct bx_rules) {};
	error_forget(h);
	if (!s) {
		fail(h, BX_FAULT_FAILED, ENOMEM, "out of memory");
		return NULL;
	}
	s->place = (struct rules_place) { .h = h, .fn = fn, .arg = arg };
	s->rules = rules;
	return s;
}

static int end_source(struct source *s, int err)
{
	if (!err && s->place.errors)
		err = -EINVAL;
	if (err)
		rules_free(s->rules);
	free(s);
	return err;
}

int rules_parse(struct bx_handle *h, const char *name, const char *text, size_t len,
		bx_rules_problem_fn fn, void *arg, struct bx_rules *rules)
{
	struct source *s = new_source(h, fn, arg, rules);
	struct file f = {};
	int err;

	if (!s)
		return -ENOMEM;
	f.shown = add_file(s, name);
	s->place.file = f.shown;
	if (!f.shown)
		err = rules_no_memory(&s->place);
	else if (len > RULES_SIZE)
		err = rules_bad(&s->place, 1, "the text is too large; expected at most %d bytes",
				RULES_SIZE);
	else
		err = read_text(s, &f, text, len);
	return end_source(s, err);
}

int rules_read(struct bx_handle *h, const char *path, bx_rules_problem_fn fn, void *arg,
	       struct bx_rules *rules)
{
	struct source *s = new_source(h, fn, arg, rules);

	if (!s)
		return -ENOMEM;
	s->includes = true;
	s->depth = 1;
	return end_source(s, read_file(s, path, NULL));
}

int rules_read_all(struct bx_handle *h, char *const *paths, size_t n, bx_rules_problem_fn fn,
		   void *arg, struct bx_rules *rules)
{
	struct source *s = new_source(h, fn, arg, rules);
	int err = 0;

	if (!s)
		return -ENOMEM;
	s->includes = true;
	s->depth = 1;
	for (size_t i = 0; !err && i < n; i++)
		err = read_file(s, paths[i], NULL);
	return end_source(s, err);
}

int rules_read_scoped(struct bx_handle *h, const struct rules_scope *scope,
		      const char *const *names, size_t n, bx_rules_problem_fn fn, void *arg,
		      struct bx_rules *rules)
{
	struct source *s = new_source(h, fn, arg, rules);
	char path[PATH_MAX];
	int err = 0;

	if (!s)
		return -ENOMEM;
	s->includes = true;
	s->depth = 1;
	s->place.scope = scope;
	for (size_t i = 0; i < n && (!err || err == -EINVAL); i++) {
		snprintf(path, sizeof(path), "%s/%s", scope->shown, names[i]);
		err = read_file(s, path, NULL);
	}
	return end_source(s, err);
}

void rules_free(struct bx_rules *rules)
{
	for (size_t i = 0; i < rules->n; i++)
		rules_rule_free(&rules->rule[i]);
	for (size_t i = 0; i < rules->nfiles; i++)
		free(rules->file[i]);
	free(rules->rule);
	free(rules->file);
	free(rules->approved);
	*rules = (struct bx_rules) {};
}

/* ---- a whole file ---- */

static int load_fd(struct bx_handle *h, int fd, const char *path, char **text, size_t *len)
{
	struct stat st;
	int err;

	if (fstat(fd, &st))
		return fail(h, BX_FAULT_FAILED, errno, "cannot read '%s': %s", path,
			    strerror(errno));
	if (!S_ISREG(st.st_mode) || st.st_size > RULES_SIZE)
		return fail(h, BX_FAULT_REJECTED, EINVAL, "'%s' is not a file of at most %d bytes",
			    path, RULES_SIZE);
	*text = malloc(st.st_size + 1);
	err = *text ? read_bytes(fd, *text, st.st_size, len) : -ENOMEM;
	if (!err)
		return 0;
	free(*text);
	*text = NULL;
	return fail(h, BX_FAULT_FAILED, err, "cannot read '%s': %s", path, strerror(-err));
}

int rules_load(struct bx_handle *h, const char *path, char **text, size_t *len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), err;

	if (fd < 0)
		return fail(h, BX_FAULT_FAILED, errno, "cannot open '%s': %s", path,
			    strerror(errno));
	err = load_fd(h, fd, path, text, len);
	close(fd);
	return err;
}

/* ---- for programs ---- */

int bx_rules_read(struct bx_handle *h, const char *path, bx_rules_problem_fn fn, void *arg,
		  struct bx_rules **rules)
{
	int err;

	*rules = calloc(1, sizeof(**rules));
	if (!*rules)
		return fail(h, BX_FAULT_FAILED, ENOMEM, "out of memory");
	err = rules_read(h, path, fn, arg, *rules);
	if (err) {
		free(*rules);
		*rules = NULL;
	}
	return err;
}

void bx_rules_close(struct bx_rules *rules)
{
	if (rules)
		rules_free(rules);
	free(rules);
}

size_t bx_rules_count(const struct bx_rules *rules)
{
	return rules->n;
}
