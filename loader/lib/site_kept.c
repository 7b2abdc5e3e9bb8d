// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: the rules of the machine as they were active last
 *
 * A mistake in a file of rules must not give devices to the kernel at the next boot.  So the
 * active rules are kept in the state directory, in their canonical form, and a boot that
 * cannot read the files uses them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "files.h"
#include "internal.h"
#include "rules_text.h"
#include "site.h"
#include "state.h"

static void kept_path(const struct bx_handle *h, char *path)
{
	snprintf(path, PATH_MAX, "%s/active.rules", h->state_dir);
}

/* All rules as one text; NULL without memory */
static char *text_of(const struct bx_rules *rules, size_t *len)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, len);

	for (size_t i = 0; out && i < rules->n; i++) {
		char *line = rules_print(&rules->rule[i]);

		fprintf(out, "%s\n", line ?: "");
		if (!line) {
			fclose(out);
			free(text);
			return NULL;
		}
		free(line);
	}
	if (!out || ferror(out) | fclose(out)) {
		free(text);
		return NULL;
	}
	return text;
}

static bool is_kept(struct bx_handle *h, const char *path, const char *text, size_t len)
{
	char *now = NULL;
	size_t size;
	bool same;

	if (access(path, F_OK) || rules_load(h, path, &now, &size))
		return false;
	same = size == len && !memcmp(now, text, len);
	free(now);
	return same;
}

static int keep(struct bx_handle *h, const char *path, const struct bx_rules *rules)
{
	size_t len;
	char *text = text_of(rules, &len);
	int err = text ? 0 : fail(h, BX_FAULT_FAILED, ENOMEM, "out of memory");

	if (!err && !is_kept(h, path, text, len))
		err = state_make(h) ?: write_whole_file(h, path, 0600, text, len);
	free(text);
	return err;
}

void site_keep(struct bx_handle *h, const struct bx_rules *rules)
{
	char path[PATH_MAX];

	kept_path(h, path);
	if (rules->n ? keep(h, path, rules) : remove_file_at(h, path)) {
		note_failure(h, "the active rules are not kept for a boot with bad files: %s",
			     bx_error(h));
		error_forget(h);
	}
}

int site_read_kept(struct bx_handle *h, struct bx_rules *rules)
{
	char path[PATH_MAX];
	int fd;

	*rules = (struct bx_rules) {};
	kept_path(h, path);
	if (access(path, F_OK))
		return fail(h, BX_FAULT_REJECTED, ENOENT, "no rules were active before");
	fd = open_safe_dir(h, h->state_dir);
	if (fd < 0)
		return fd;
	close(fd);
	return rules_read(h, path, NULL, NULL, rules);
}

bool site_is_kept(const struct bx_handle *h)
{
	char path[PATH_MAX];

	kept_path(h, path);
	return !access(path, F_OK);
}

void site_kept_need(struct bx_handle *h, bx_need_fn fn, void *arg)
{
	char path[PATH_MAX];

	kept_path(h, path);
	if (site_is_kept(h))
		fn(BX_NEED_FILE, path, arg);
}
