// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: the files of the machine's rules
 *
 * All files rules.d/NAME.rules of the configuration are one table, in the order of their
 * names.  bxctl writes only to OWN, and keeps what people have written there.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files.h"
#include "internal.h"
#include "rules_text.h"
#include "site.h"

#define DIRECTORY	"rules.d"
#define SUFFIX		".rules"
#define OWN		"bxctl" SUFFIX

static void directory_path(const struct bx_handle *h, char *path)
{
	snprintf(path, PATH_MAX, "%s/" DIRECTORY, h->conf_dir);
}

static void own_path(const struct bx_handle *h, char *path)
{
	snprintf(path, PATH_MAX, "%s/" DIRECTORY "/" OWN, h->conf_dir);
}

/* ---- all files ---- */

static int is_rules(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return entry->d_name[0] != '.' && len > strlen(SUFFIX) &&
		!strcmp(entry->d_name + len - strlen(SUFFIX), SUFFIX);
}

/* Checks that only root can change a file; *@path takes its path, to be freed. */
static int check_file(struct bx_handle *h, const char *dir, const char *name, char **path)
{
	int fd;

	if (asprintf(path, "%s/%s", dir, name) < 0) {
		*path = NULL;
		return fail(h, BX_FAULT_FAILED, ENOMEM, "out of memory");
	}
	fd = open_conf(h, DIRECTORY, *path);
	if (fd < 0)
		return fd == -ENOENT ?
			fail(h, BX_FAULT_FAILED, ENOENT, "'%s' was removed meanwhile", *path) : fd;
	close(fd);
	return 0;
}

static int read_names(struct bx_handle *h, const char *dir, struct dirent **names, int n,
		      bx_rules_problem_fn fn, void *arg, struct bx_rules *rules)
{
	char **paths = calloc(n + 1, sizeof(*paths));
	int err = paths ? 0 : fail(h, BX_FAULT_FAILED, ENOMEM, "out of memory");

	for (int i = 0; !err && i < n; i++)
		err = check_file(h, dir, names[i]->d_name, &paths[i]);
	if (!err)
		err = rules_read_all(h, paths, n, fn, arg, rules);
	for (int i = 0; paths && i < n; i++)
		free(paths[i]);
	free(paths);
	return err;
}

int site_read(struct bx_handle *h, bx_rules_problem_fn fn, void *arg, struct bx_rules *rules)
{
	char dir[PATH_MAX];
	struct dirent **names;
	int n, err;

	*rules = (struct bx_rules) {};
	directory_path(h, dir);
	n = scandir(dir, &names, is_rules, alphasort);
	if (n < 0 && errno == ENOENT)
		return 0;
	if (n < 0)
		return fail(h, errno == EACCES ? BX_FAULT_PERMISSION : BX_FAULT_FAILED, errno,
			    "cannot read '%s': %s", dir, strerror(errno));
	err = read_names(h, dir, names, n, fn, arg, rules);
	for (int i = 0; i < n; i++)
		free(names[i]);
	free(names);
	return err;
}

int bx_site_rules(struct bx_handle *h, bx_rules_problem_fn fn, void *arg, struct bx_rules **rules)
{
	int err;

	*rules = calloc(1, sizeof(**rules));
	if (!*rules)
		return fail(h, BX_FAULT_FAILED, ENOMEM, "out of memory");
	err = site_read(h, fn, arg, *rules);
	if (err) {
		free(*rules);
		*rules = NULL;
	}
	return err;
}

/* Calls @fn for the path of each file; returns their number. */
static int each_file(struct bx_handle *h, bx_need_fn fn, void *arg)
{
	char dir[PATH_MAX], path[PATH_MAX + NAME_MAX + 2];
	struct dirent **names;
	int n;

	directory_path(h, dir);
	n = scandir(dir, &names, is_rules, alphasort);
	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]->d_name);
		if (fn)
			fn(BX_NEED_FILE, path, arg);
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	return n > 0 ? n : 0;
}

bool site_exists(struct bx_handle *h)
{
	return each_file(h, NULL, NULL);
}

static void need_rules(const struct bx_rules *rules, bx_need_fn fn, void *arg)
{
	for (size_t i = 0; i < rules->nfiles; i++)
		fn(BX_NEED_FILE, rules->file[i], arg);
	for (size_t i = 0; i < rules->n; i++) {
		const struct bx_rule *rule = &rules->rule[i];

		/* a part has the names of a composite device and of itself there */
		for (unsigned int k = 0; rule->verdict != BX_RULE_PART && k < rule->ndrivers; k++)
			fn(BX_NEED_MODULE, rule->driver[k], arg);
	}
}

/* An initramfs has files with a mistake, too: there, the rules that were active last are used. */
void site_needs(struct bx_handle *h, bx_need_fn fn, void *arg)
{
	struct bx_rules rules;

	if (site_read(h, NULL, NULL, &rules)) {
		note_failure(h, "%s", bx_error(h));
		error_forget(h);
		each_file(h, fn, arg);
		if (site_read_kept(h, &rules))
			error_forget(h);
	} else {
		site_kept_need(h, fn, arg);
	}
	need_rules(&rules, fn, arg);
	rules_free(&rules);
	site_approved_need(h, fn, arg);
}

/* ---- the file that bxctl writes ---- */

#define HEADER \
	"# Rules of single devices, which set and refuse add, and unset removes. Lines may be\n" \
	"# edited and added.\n"

/**
 * struct own - the text of the file
 * @text: its text, with a NUL
 * @len: its length
 * @rules: its rules, without includes
 */
struct own {
	char		*text;
	size_t		len;
	struct bx_rules	rules;
};

static void own_close(struct own *own)
{
	rules_free(&own->rules);
	free(own->text);
}

static int own_open(struct bx_handle *h, struct own *own)
{
	char path[PATH_MAX];
	int fd, err;

	*own = (struct own) {};
	own_path(h, path);
	fd = open_conf(h, DIRECTORY, path);
	if (fd == -ENOENT) {
		own->text = strdup(HEADER);
		own->len = strlen(HEADER);
		return own->text ? 0 : fail(h, BX_FAULT_FAILED, ENOMEM, "out of memory");
	}
	if (fd < 0)
		return fd;
	close(fd);
	err = rules_load(h, path, &own->text, &own->len);
	if (!err) {
		own->text[own->len] = '\0';	/* there is room for it */
		err = rules_parse(h, path, own->text, own->len, NULL, NULL, &own->rules);
	}
	if (err)
		own_close(own);
	return err;
}

static bool has_line(const bool *lines, unsigned int line)
{
	return lines && lines[line];
}

/* Writes the text without some lines, and with a new one at the end. */
static int own_write(struct bx_handle *h, const struct own *own, const bool *without,
		     const char *line)
{
	const char *at = own->text, *end = own->text + own->len, *next;
	struct new_file f;
	char path[PATH_MAX];
	unsigned int nr = 1;
	FILE *out;
	int err;

	own_path(h, path);
	err = new_file_open(h, AT_FDCWD, path, 0644, &f);
	if (err)
		return err;
	out = fdopen(dup(f.fd), "w");
	for (; out && at < end; at = next, nr++) {
		next = memchr(at, '\n', end - at);
		next = next ? next + 1 : end;
		if (!has_line(without, nr))
			fprintf(out, "%.*s%s", (int)(next - at), at, next[-1] == '\n' ? "" : "\n");
	}
	if (out && line)
		fprintf(out, "%s\n", line);
	if (!out || ferror(out) | fclose(out))
		err = fail(h, BX_FAULT_FAILED, errno, "cannot write '%s': %s", path,
			   strerror(errno));
	return new_file_close(h, &f, err);
}

static int make_directory(struct bx_handle *h)
{
	char path[PATH_MAX];

	directory_path(h, path);
	if ((mkdir(h->conf_dir, 0755) && errno != EEXIST) ||
	    (mkdir(path, 0755) && errno != EEXIST))
		return fail(h, errno == EACCES || errno == EPERM ? BX_FAULT_PERMISSION :
			    BX_FAULT_FAILED, errno, "cannot make '%s': %s", path,
			    strerror(errno));
	return 0;
}

/* Whether two rules are for the same devices: their patterns and conditions are the same. */
static bool are_for_the_same(const struct bx_rule *a, const struct bx_rule *b)
{
	bool same = !strcmp(a->bus, b->bus);

	for (enum rules_part part = RULES_PATTERN_PART; same && part < RULES_VERDICT_PART; part++) {
		char *x = rules_print_part(a, part), *y = rules_print_part(b, part);

		same = x && y && !strcmp(x, y);
		free(x);
		free(y);
	}
	return same;
}

/* Marks the lines that @picks chooses; returns their number, or an errno. */
static int mark_lines(struct bx_handle *h, const struct own *own, bool **lines,
		      bool (*picks)(const struct bx_rule *rule, const void *arg), const void *arg)
{
	int n = 0;

	*lines = calloc(own->len + 2, sizeof(**lines));
	if (!*lines)
		return fail(h, BX_FAULT_FAILED, ENOMEM, "out of memory");
	for (size_t i = 0; i < own->rules.n; i++) {
		if (!picks(&own->rules.rule[i], arg))
			continue;
		(*lines)[own->rules.rule[i].line] = true;
		n++;
	}
	return n;
}

static bool is_replaced(const struct bx_rule *rule, const void *arg)
{
	return are_for_the_same(rule, arg);
}

int bx_site_add(struct bx_handle *h, const char *text)
{
	struct bx_rules rules;
	struct own own;
	bool *lines = NULL;
	int err = rules_parse(h, "rule", text, strlen(text), NULL, NULL, &rules);

	if (err)
		return err;
	err = make_directory(h) ?: own_open(h, &own);
	if (!err) {
		err = mark_lines(h, &own, &lines, is_replaced, &rules.rule[0]);
		if (err >= 0)
			err = own_write(h, &own, lines, text);
		free(lines);
		own_close(&own);
	}
	rules_free(&rules);
	return err;
}

static bool is_of_device(const struct bx_rule *rule, const void *device)
{
	return rules_mismatch(rule, device, NULL) == BX_RULE_MATCHES;
}

/* Marks the other members of the device's groups that the rule is for, too. */
static void mark_members(const struct bx_rule *rule, const struct bx_rules_device *d,
			 bool *members)
{
	for (size_t i = 0; members && i < d->nmembers; i++)
		if (rule->group == BX_RULE_NO_GROUP ? is_of_device(rule, d->member[i]) :
		    d->in_group[i] & 1 << rule->group)
			members[i] = true;
}

int site_remove(struct bx_handle *h, const struct bx_rules_device *d, bool *members)
{
	struct own own;
	bool *lines = NULL;
	int n = own_open(h, &own), err = 0;

	if (n)
		return n;
	n = mark_lines(h, &own, &lines, is_of_device, d);
	if (n > 0) {
		for (size_t i = 0; i < own.rules.n; i++)
			if (lines[own.rules.rule[i].line])
				mark_members(&own.rules.rule[i], d, members);
		err = own_write(h, &own, lines, NULL);
	}
	free(lines);
	own_close(&own);
	return err ?: n;
}

int bx_site_remove(struct bx_handle *h, const struct bx_rules_device *d)
{
	return site_remove(h, d, NULL);
}

/* ---- the text of the file, for a change that is taken back ---- */

int bx_site_save(struct bx_handle *h, char **text)
{
	char path[PATH_MAX];
	struct own own;
	int err;

	*text = NULL;
	own_path(h, path);
	if (access(path, F_OK) && errno == ENOENT)
		return 0;
	err = own_open(h, &own);
	if (err)
		return err;
	*text = own.text;
	own.text = NULL;
	own_close(&own);
	return 0;
}

int bx_site_restore(struct bx_handle *h, const char *text)
{
	struct own own = { .text = (char *)text, .len = text ? strlen(text) : 0 };
	char path[PATH_MAX];

	if (text)
		return own_write(h, &own, NULL, NULL);
	own_path(h, path);
	return remove_file_at(h, path);
}
