// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: the state of installed bundles on disk
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>

#include "files.h"
#include "state.h"
#include "tree.h"

#define STATE_FILE	"state.yaml"
#define FORMAT		1
#define GENERATION	"generation-"

/* ---- paths and the lock ---- */

void state_path(struct bx_handle *h, char *buf, const char *name,
		const char *file)
{
	snprintf(buf, PATH_MAX, "%s/bundles/%s%s%s", h->state_dir, name,
		 file[0] ? "/" : "", file);
}

void generation_path(struct bx_handle *h, char *buf, const char *name,
		     unsigned int number)
{
	char file[32];

	snprintf(file, sizeof(file), GENERATION "%u", number);
	state_path(h, buf, name, file);
}

/*
 * Fails with an error on the disk of the state; if it cannot be written at all, names a way
 * to deactivate policies.
 */
static int disk_error(struct bx_handle *h, const char *what, const char *path,
		      int err)
{
	bool cannot = err == ENOSPC || err == EDQUOT || err == EROFS;

	return hint(h, cannot ? BX_HINT_READ_ONLY : BX_HINT_NONE, NULL,
		    fail(h, err == EACCES || err == EPERM ?
			 BX_FAULT_PERMISSION : BX_FAULT_FAILED, err,
			 "cannot %s '%s': %s", what, path, strerror(err)));
}

/* Creates a directory and syncs its entry to disk. */
static int make_lasting(struct bx_handle *h, const char *path, mode_t mode)
{
	char parent[PATH_MAX];
	int fd, err;

	if (mkdir(path, mode))
		return errno == EEXIST ? 0 :
			disk_error(h, "create", path, errno);
	snprintf(parent, sizeof(parent), "%s/..", path);
	fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	err = fd < 0 ? -errno : sync_dir(fd);
	if (fd >= 0)
		close(fd);
	return err ? disk_error(h, "create", path, -err) : 0;
}

/* Creates the directory with its parents; the lock makes it private. */
static int make_state_dir(struct bx_handle *h, const char *path)
{
	char part[PATH_MAX];
	const char *slash;
	int fd, err = 0;

	for (slash = path; !err && (slash = strchr(slash + 1, '/'));) {
		copy_name(part, slash - path + 1, path);
		if (access(part, F_OK))
			err = make_lasting(h, part, 0755);
	}
	if (!err)
		err = make_lasting(h, path, 0700);
	if (err)
		return err;
	fd = open_safe_dir(h, h->state_dir);
	if (fd == -ENOENT)
		return disk_error(h, "open", h->state_dir, ENOENT);
	if (fd >= 0)
		close(fd);
	return fd < 0 ? fd : 0;
}

static void bundles_path(const struct bx_handle *h, char *path)
{
	snprintf(path, PATH_MAX, "%s/bundles", h->state_dir);
}

int state_make(struct bx_handle *h)
{
	char path[PATH_MAX];

	bundles_path(h, path);
	return make_state_dir(h, path);
}

int state_lock(struct bx_handle *h)
{
	char path[PATH_MAX];
	int err = state_make(h);

	bundles_path(h, path);
	return err ?: dir_lock(h, path, &h->state_fd);
}

void state_unlock(struct bx_handle *h)
{
	if (h->state_fd >= 0)
		close(h->state_fd);
	h->state_fd = -1;
	if (h->changing)
		release_signals(h);
	h->changing = false;
}

/* Blocks SIGINT, SIGTERM and SIGHUP until state_unlock(). */
static void begin_changing(struct bx_handle *h)
{
	if (!h->changing)
		hold_signals(h);
	h->changing = true;
}

/* ---- in memory ---- */

void generation_free(struct generation *g)
{
	for (unsigned int i = 0; i < g->nr_set; i++)
		free(g->set[i]);
	free(g->policies.name);
	*g = (struct generation) {};
}

void state_free(struct installed *inst)
{
	for (unsigned int i = 0; i < inst->count; i++)
		generation_free(&inst->gens[i]);
	inst->count = 0;
}

struct generation *state_generation(const struct installed *inst,
				    unsigned int number)
{
	for (unsigned int i = 0; i < inst->count; i++)
		if (inst->gens[i].number == number)
			return (struct generation *)&inst->gens[i];
	return NULL;
}

void state_forget(struct installed *inst, unsigned int number)
{
	struct generation *g = state_generation(inst, number);

	if (!g)
		return;
	generation_free(g);
	inst->count--;
	memmove(g, g + 1, (&inst->gens[inst->count] - g) * sizeof(*g));
}

/* Returns whether a text is the same after writing and reading it. */
static bool is_kept(const char *text)
{
	size_t left = strlen(text), len;

	for (; left; text += len, left -= len) {
		len = text_char(text, left, NULL);
		if (!len)
			return false;
	}
	return true;
}

/* Sets NAME=VALUE, and replaces an earlier value of that name. */
int generation_set(struct bx_handle *h, struct generation *g,
		   const char *assignment)
{
	size_t len = strcspn(assignment, "=") + 1;
	char *copy;
	unsigned int i;

	if (!is_kept(assignment))
		return fail(h, BX_FAULT_REJECTED, EINVAL,
			    "the setting '%s' must be printable UTF-8",
			    assignment);
	copy = strdup(assignment);
	for (i = 0; i < g->nr_set && strncmp(g->set[i], assignment, len); i++)
		;
	if (!copy || i == MAX_SETTINGS) {
		free(copy);
		return fail(h, BX_FAULT_FAILED, ENOMEM, "out of memory");
	}
	if (i == g->nr_set)
		g->nr_set++;
	else
		free(g->set[i]);
	g->set[i] = copy;
	return 0;
}

/* Removes a setting; returns whether it was set. */
bool generation_unset(struct generation *g, const char *setting)
{
	size_t len = strlen(setting);

	for (unsigned int i = 0; i < g->nr_set; i++) {
		if (strncmp(g->set[i], setting, len) || g->set[i][len] != '=')
			continue;
		free(g->set[i]);
		g->nr_set--;
		memmove(&g->set[i], &g->set[i + 1],
			(g->nr_set - i) * sizeof(*g->set));
		return true;
	}
	return false;
}

/* ---- reading ---- */

static int read_digest(const struct yaml *y, struct yaml_node *map,
		       const struct yaml_key *k)
{
	const char *text = NULL;
	int err = yaml_text(y, map, k->key, k->need, &text);

	if (err || !text)
		return err;
	if (strlen(text) != DIGEST_SIZE - 1 ||
	    strspn(text, "0123456789abcdef") != DIGEST_SIZE - 1)
		return yaml_bad(y, yaml_at(map, k->key),
				"'%.80s' is not a SHA-256 digest", text);
	strcpy(k->to, text);
	return 0;
}

/* Reads the signer, with the fingerprints of its and of the operator's certificate. */
static int read_signer(const struct yaml *y, struct yaml_node *map,
		       struct generation *g)
{
	const struct yaml_key digests[] = {
		{ "fingerprint", YAML_REQUIRED, NULL, g->fingerprint },
		{ "anchor", YAML_REQUIRED, NULL, g->anchor },
	};
	const char *signer = NULL;
	int err = yaml_text(y, map, "signer", YAML_OPTIONAL, &signer);

	if (err || !signer)
		return err;
	if (strlen(signer) >= sizeof(g->signer))
		return yaml_bad(y, yaml_at(map, "signer"),
				"the signer has more than %zu bytes",
				sizeof(g->signer) - 1);
	strcpy(g->signer, signer);
	return read_digest(y, map, &digests[0]) ?:
		read_digest(y, map, &digests[1]);
}

static int read_generation(struct bx_handle *h, const struct yaml *y,
			   struct yaml_node *map, struct generation *g)
{
	const char *version = NULL, *text;
	unsigned int unused[3];
	struct yaml_node *list = NULL, *set = NULL, *item;
	int64_t n = 0;
	const struct yaml_key keys[] = {
		{ "number", YAML_REQUIRED, yaml_read_number, &n, .min = 1,
		  .max = UINT32_MAX },
		{ "version", YAML_REQUIRED, yaml_read_text, &version },
		{ "digest", YAML_REQUIRED, read_digest, g->digest },
		{ "policies", YAML_REQUIRED, yaml_read_list, &list },
		{ "set", YAML_OPTIONAL, yaml_read_list, &set },
		{ "signer", YAML_OPTIONAL }, { "fingerprint", YAML_OPTIONAL },
		{ "anchor", YAML_OPTIONAL },
	};
	int err;

	if (!yaml_is_map(map))
		return yaml_bad(y, map, "a generation must be a mapping");
	err = yaml_read(y, map, keys);
	if (!err && !version_from(version, unused))
		err = yaml_bad(y, yaml_at(map, "version"),
			       "'%.64s' is not a version", version);
	if (!err)
		err = read_signer(y, map, g);
	if (err)
		return err;
	g->number = n;
	copy_name(g->version, sizeof(g->version), version);
	for (unsigned int i = 0; !err && (item = yaml_item(list, i)); i++) {
		err = yaml_scalar(y, item, &text);
		if (!err && (!bx_name_is_good(text) || i == MAX_POLICIES))
			err = yaml_bad(y, item,
				       "'%s' is not a valid name of a policy",
				       text);
		if (!err)
			err = names_add(h, &g->policies, text);
	}
	for (unsigned int i = 0; !err && set && (item = yaml_item(set, i)); i++) {
		err = yaml_scalar(y, item, &text);
		if (!err && i == MAX_SETTINGS)
			err = yaml_bad(y, item, "too many settings");
		if (!err)
			err = generation_set(h, g, text);
	}
	return err;
}

static int read_state(struct bx_handle *h, const struct yaml *y,
		      struct installed *inst)
{
	struct yaml_node *root = yaml_root(y), *list = NULL, *item;
	int64_t format = 0, current = 0, canary = 0;
	const char *mode = NULL;
	const struct yaml_key keys[] = {
		{ "format", YAML_REQUIRED },
		{ "current", YAML_REQUIRED, yaml_read_number, &current,
		  .max = UINT32_MAX },
		{ "canary", YAML_OPTIONAL, yaml_read_number, &canary, .min = 1,
		  .max = UINT32_MAX },
		{ "enabled", YAML_REQUIRED, yaml_read_bool, &inst->enabled },
		{ "fail_closed", YAML_OPTIONAL, yaml_read_bool,
		  &inst->fail_closed },
		{ "rebind", YAML_OPTIONAL, yaml_read_bool, &inst->rebind },
		{ "unsettled", YAML_OPTIONAL, yaml_read_bool,
		  &inst->unsettled },
		{ "mode", YAML_REQUIRED, yaml_read_text, &mode },
		{ "generations", YAML_REQUIRED, yaml_read_list, &list },
	};
	int err;

	if (!yaml_is_map(root))
		return yaml_bad(y, root,
				"the state of a bundle must be a mapping");
	err = yaml_number(y, root, "format", YAML_REQUIRED, FORMAT, FORMAT,
			  &format);
	if (!err)
		err = yaml_read(y, root, keys);
	if (!err && strcmp(mode, "shadow") && strcmp(mode, "enforce"))
		err = yaml_bad(y, root,
			       "'mode' must be shadow or enforce, not '%s'",
			       mode);
	if (err)
		return err;
	inst->current = current;
	inst->canary = canary;
	inst->shadow = !strcmp(mode, "shadow");
	for (unsigned int i = 0; !err && (item = yaml_item(list, i)); i++) {
		if (i == MAX_GENERATIONS)
			return yaml_bad(y, item, "too many generations");
		inst->count = i + 1;
		err = read_generation(h, y, item, &inst->gens[i]);
	}
	if (!err && inst->current && !state_generation(inst, inst->current))
		err = yaml_bad(y, yaml_at(root, "current"),
			       "current generation %u does not exist",
			       inst->current);
	if (!err && canary &&
	    (!state_generation(inst, canary) || canary == current ||
	     !current || inst->shadow))
		err = yaml_bad(y, yaml_at(root, "canary"),
			       "the canary must be a generation beside the current one, which must be enforced");
	if (!err && inst->enabled && !inst->current)
		err = yaml_bad(y, yaml_at(root, "enabled"),
			       "a bundle without a generation cannot be enabled");
	return err;
}

/* Parses and frees @text. */
int state_parse(struct bx_handle *h, const char *shown, char *text, size_t len,
		struct installed *inst)
{
	struct yaml y;
	int err;

	err = yaml_parse(h, shown, text, len, &y);
	if (err)
		return err;
	err = read_state(h, &y, inst);
	yaml_close(&y);
	return err;
}

int state_read(struct bx_handle *h, const char *name, struct installed *inst)
{
	char path[PATH_MAX];
	struct yaml y;
	int err;

	*inst = (struct installed) {};
	copy_name(inst->name, sizeof(inst->name), name);
	if (!bx_name_is_good(name))
		return fail(h, BX_FAULT_USAGE, EINVAL,
			    "'%.64s' is not a valid name of a bundle", name);
	state_path(h, path, name, STATE_FILE);
	if (access(path, F_OK) && errno == ENOENT)
		return 0;
	err = yaml_open(h, path, path, &y);
	if (err)
		return err;
	err = read_state(h, &y, inst);
	yaml_close(&y);
	return err ?: 1;
}

static int is_bundle(const struct dirent *d)
{
	return d->d_name[0] != '.' && bx_name_is_good(d->d_name);
}

int state_each(struct bx_handle *h, int (*fn)(struct bx_handle *h,
					      const char *name, void *arg),
	       void *arg)
{
	char path[PATH_MAX];
	struct dirent **list;
	int fd, n, ret = 0;

	state_path(h, path, "", "");
	fd = open_safe_dir(h, path);
	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	n = scandirat(fd, ".", &list, is_bundle, alphasort);
	if (n < 0)
		ret = fail(h, BX_FAULT_FAILED, errno, "cannot read '%s': %s",
			   path, strerror(errno));
	close(fd);
	for (int i = 0; i < n; i++) {
		if (!ret)
			ret = fn(h, list[i]->d_name, arg);
		free(list[i]);
	}
	if (n >= 0)
		free(list);
	return ret;
}

/* ---- writing ---- */

/*
 * In quotation marks, YAML accepts any UTF-8 unchanged.  Characters that its reader refuses
 * are written as \xNN; values of settings do not have such characters (generation_set()).
 */
static void put_text(FILE *f, const char *text)
{
	size_t left = strlen(text), len;

	putc('"', f);
	for (; left; text += len, left -= len) {
		len = text_char(text, left, NULL);
		if (*text == '"' || *text == '\\')
			putc('\\', f);
		if (len)
			fwrite(text, len, 1, f);
		else
			fprintf(f, "\\\\x%02x", (unsigned char)*text);
		len = len ?: 1;
	}
	putc('"', f);
}

static void put_generation(FILE *f, const struct generation *g)
{
	fprintf(f, "- number: %u\n  version: %s\n  digest: \"%s\"\n",
		g->number, g->version, g->digest);
	if (g->signer[0]) {
		fputs("  signer: ", f);
		put_text(f, g->signer);
		fprintf(f, "\n  fingerprint: \"%s\"\n  anchor: \"%s\"\n",
			g->fingerprint, g->anchor);
	}
	fputs("  policies: [ ", f);
	for (unsigned int i = 0; i < g->policies.count; i++) {
		fputs(i ? ", " : "", f);
		put_text(f, g->policies.name[i]);
	}
	fputs(" ]\n", f);
	for (unsigned int i = 0; i < g->nr_set; i++) {
		fputs(i ? "  - " : "  set:\n  - ", f);
		put_text(f, g->set[i]);
		putc('\n', f);
	}
}

static void put_state(FILE *f, const struct installed *inst)
{
	fprintf(f, "# written by libbusext\nformat: %d\ncurrent: %u\nenabled: %s\nmode: %s\n",
		FORMAT, inst->current, inst->enabled ? "true" : "false",
		inst->shadow ? "shadow" : "enforce");
	if (inst->canary)
		fprintf(f, "canary: %u\n", inst->canary);
	if (inst->fail_closed)
		fputs("fail_closed: true\n", f);
	if (inst->rebind)
		fputs("rebind: true\n", f);
	if (inst->unsettled)
		fputs("unsettled: true\n", f);
	fputs(inst->count ? "generations:\n" : "generations: []\n", f);
	for (unsigned int i = 0; i < inst->count; i++)
		put_generation(f, &inst->gens[i]);
}

/* Writes the state to a temporary file and syncs it: 0 or a negative errno. */
static int write_part(int dir, const char *part, const struct installed *inst)
{
	int fd, err = 0;
	FILE *f;

	fd = openat(dir, part,
		    O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	f = fchmod(fd, 0600) ? NULL : fdopen(fd, "w");
	if (!f) {
		err = -errno;
		close(fd);
		return err;
	}
	put_state(f, inst);
	if (fflush(f) || ferror(f) || fsync(fd))
		err = -errno;
	if (fclose(f) && !err)
		err = -errno;
	return err;
}

/* Opens the directory of a bundle: returns a descriptor, or an errno with a message. */
static int open_bundle_dir(struct bx_handle *h, const char *name)
{
	char path[PATH_MAX];
	int fd;

	state_path(h, path, name, "");
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? disk_error(h, "open", path, errno) : fd;
}

/* Writes the state; after an error the old one is unchanged, unless the message denies it. */
int state_write(struct bx_handle *h, const struct installed *inst)
{
	char path[PATH_MAX];
	int dir, err;

	if (inst->unsettled)
		begin_changing(h);
	state_path(h, path, inst->name, STATE_FILE);
	dir = open_bundle_dir(h, inst->name);
	if (dir < 0)
		return dir;
	err = write_part(dir, "." STATE_FILE, inst);
	if (!err && renameat(dir, "." STATE_FILE, dir, STATE_FILE))
		err = -errno;
	if (err)
		err = disk_error(h, "write", path, -err);
	else if (sync_dir(dir))
		err = fail(h, BX_FAULT_FAILED, EIO,
			   "'%s' is written, but may be lost in a crash: cannot sync its directory",
			   path);
	close(dir);
	return err;
}

/* Makes the files in @from a generation, and syncs them to disk. */
int state_adopt(struct bx_handle *h, const char *from, const char *name,
		unsigned int number)
{
	char dir[PATH_MAX], to[PATH_MAX];
	int fd, err;

	state_path(h, dir, name, "");
	generation_path(h, to, name, number);
	err = tree_sync(h, from);
	if (!err)
		err = make_lasting(h, dir, 0700);
	if (err)
		return err;
	if (rename(from, to))
		return disk_error(h, "write", to, errno);
	fd = open_bundle_dir(h, name);
	err = fd < 0 ? fd : sync_dir(fd);
	if (fd < 0)
		return err;
	close(fd);
	return err ? disk_error(h, "write", to, -err) : 0;
}

/*
 * Removes the state first, without which a bundle is not installed, then the rest.  Does
 * not read the state, which may be damaged.
 */
int state_delete(struct bx_handle *h, const char *name)
{
	char path[PATH_MAX];
	int dir, err = 0;

	state_path(h, path, name, "");
	dir = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0 && errno != ENOENT && errno != ENOTDIR && errno != ELOOP)
		return disk_error(h, "open", path, errno);
	if (dir >= 0 && unlinkat(dir, STATE_FILE, 0) && errno != ENOENT &&
	    errno != EISDIR)
		err = -errno;
	if (dir >= 0 && !err)
		err = sync_dir(dir);
	if (dir >= 0)
		close(dir);
	return err ? disk_error(h, "remove", path, -err) :
		tree_remove(h, path);
}

int state_sweep(struct bx_handle *h, const struct installed *inst)
{
	char path[PATH_MAX], dir[PATH_MAX];
	struct dirent **list;
	unsigned int number;
	bool known;
	int n, err = 0;

	state_path(h, dir, inst->name, "");
	n = scandir(dir, &list, NULL, NULL);
	for (int i = 0; i < n; i++) {
		const char *file = list[i]->d_name;

		known = !strcmp(file, ".") || !strcmp(file, "..") ||
			!strcmp(file, STATE_FILE);
		if (sscanf(file, GENERATION "%u", &number) == 1)
			for (unsigned int k = 0; k < inst->count; k++)
				known |= inst->gens[k].number == number;
		state_path(h, path, inst->name, file);
		if (!known && !err)
			err = tree_remove(h, path);
		free(list[i]);
	}
	if (n >= 0)
		free(list);
	return err;
}
