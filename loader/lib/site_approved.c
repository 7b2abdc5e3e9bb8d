// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: the approved devices of the machine
 *
 * The file 'approved' of the configuration has a fingerprint in each line.  Rules with
 * until=approved do not match these devices.  A line without one, and a file that
 * others can change, approve nothing: their devices stay as the rules say.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files.h"
#include "internal.h"
#include "rules_text.h"
#include "site.h"
#include "state.h"

#define HEADER \
	"# Approved devices by their fingerprints. Lines may be edited and removed.\n"

static void file_path(const struct bx_handle *h, char *path)
{
	snprintf(path, PATH_MAX, "%s/approved", h->conf_dir);
}

/* Reads the file, with a NUL; *@text is NULL without one. */
static int read_file(struct bx_handle *h, char **text)
{
	char path[PATH_MAX];
	size_t len;
	int fd, err;

	*text = NULL;
	file_path(h, path);
	if (access(h->conf_dir, F_OK))
		return 0;
	fd = open_conf(h, ".", path);
	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	close(fd);
	err = rules_load(h, path, text, &len);
	if (!err)
		(*text)[len] = '\0';	/* there is room for it */
	return err;
}

/* Takes the fingerprint at the beginning of a line; false if there is none. */
static bool fingerprint_of(const char *line, char *fingerprint)
{
	size_t len = strspn(line, "0123456789abcdef");

	if (len != BX_FINGERPRINT_LEN - 1 || !strchr(" \t\n", line[len]))
		return false;
	copy_name(fingerprint, len + 1, line);
	return true;
}

static bool is_remark(const char *line)
{
	return strchr("#\n", line[strspn(line, " \t")]);
}

static const char *next_line(const char *line)
{
	line += strcspn(line, "\n");
	return *line ? line + 1 : line;
}

static void tell_line(struct bx_handle *h, unsigned int nr)
{
	char path[PATH_MAX];

	file_path(h, path);
	note(h, "%s:%u: expected a fingerprint of %d digits in lower case; it approves nothing",
	     path, nr, BX_FINGERPRINT_LEN - 1);
}

int site_approved(struct bx_handle *h, struct bx_rules *rules, bool tell)
{
	char fingerprint[BX_FINGERPRINT_LEN], *text;
	unsigned int nr = 1;
	int err = read_file(h, &text);

	for (const char *line = text; !err && line && *line; line = next_line(line), nr++) {
		if (fingerprint_of(line, fingerprint))
			err = rules_approve(h, rules, fingerprint);
		else if (tell && !is_remark(line))
			tell_line(h, nr);
	}
	free(text);
	return err;
}

int bx_site_approved(struct bx_handle *h, struct bx_rules *rules)
{
	return site_approved(h, rules, true);
}

void site_approved_need(struct bx_handle *h, bx_need_fn fn, void *arg)
{
	char path[PATH_MAX];

	file_path(h, path);
	if (!access(path, F_OK))
		fn(BX_NEED_FILE, path, arg);
}

/* ---- changes ---- */

static int write_file(struct bx_handle *h, const char *text, size_t len)
{
	char path[PATH_MAX];

	file_path(h, path);
	return write_whole_file(h, path, 0644, text, len);
}

/* Prints what the device says of itself, without characters that could end the line. */
static void print_remark(FILE *out, const struct bx_approval *a)
{
	const char *const text[] = { a->manufacturer, a->product, a->serial };

	fprintf(out, "\t# %s/%s", a->device.dev.bus, a->device.dev.name);
	for (size_t i = 0; i < sizeof(text) / sizeof(*text); i++) {
		if (*text[i])
			fputc(' ', out);
		for (const char *p = text[i]; *p; p++)
			fputc(*p >= ' ' && *p < 0x7f ? *p : '?', out);
	}
	fputc('\n', out);
}

/* The text without the fingerprint, and with it at the end if @add */
static char *changed_text(const char *text, const struct bx_approval *a, bool add, size_t *len)
{
	char fingerprint[BX_FINGERPRINT_LEN], *to = NULL;
	FILE *out = open_memstream(&to, len);
	const char *next;

	for (const char *line = text ?: HEADER; out && *line; line = next) {
		next = next_line(line);
		if (fingerprint_of(line, fingerprint) && !strcmp(fingerprint, a->fingerprint))
			continue;
		fprintf(out, "%.*s%s", (int)(next - line), line, next[-1] == '\n' ? "" : "\n");
	}
	if (out && add) {
		fputs(a->fingerprint, out);
		print_remark(out, a);
	}
	if (!out || ferror(out) | fclose(out)) {
		free(to);
		return NULL;
	}
	return to;
}

static int restore_file(struct bx_handle *h, const char *text)
{
	char path[PATH_MAX];

	if (text)
		return write_file(h, text, strlen(text));
	file_path(h, path);
	return remove_file_at(h, path);
}

/* Makes the rules active with the changed file; if that fails, the file is as it was. */
static int apply(struct bx_handle *h, const char *before)
{
	struct said failed;
	int err = bx_site_apply(h);

	if (!err)
		return 0;
	error_keep(h, &failed);
	if (restore_file(h, before) || bx_site_apply(h))
		note(h, "the approvals as they were could not be made active again: %s",
		     bx_error(h));
	error_restore(h, &failed);
	return err;
}

static int change(struct bx_handle *h, const struct bx_approval *a, bool add)
{
	char *before, *after;
	size_t len;
	int err = read_file(h, &before);

	if (err)
		return err;
	after = changed_text(before, a, add, &len);
	err = after ? write_file(h, after, len) ?: apply(h, before) :
		fail(h, BX_FAULT_FAILED, ENOMEM, "out of memory");
	free(after);
	free(before);
	return err;
}

/* Two of these must not change the file at the same time: the lock is that of installations. */
int site_approve(struct bx_handle *h, const struct bx_approval *a, bool add)
{
	int err = state_lock(h);

	if (!err)
		err = change(h, a, add);
	state_unlock(h);
	return err;
}
