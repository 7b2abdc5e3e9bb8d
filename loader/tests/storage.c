// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * The library reads and writes files while other users change them
 *
 * Directories that are exchanged while they are read, locks, temporary files. The secret is
 * a file that root can read and the owner of the source directory cannot.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "../lib/files.h"
#include "../lib/state.h"
#include "../lib/tree.h"

#define COPIES	10000
#define SECRET	"secret"

static unsigned int results, failures;
static char top[64];
static struct bx_handle *h;

static void report(bool ok, const char *name)
{
	failures += !ok;
	if (!ok && h)
		printf("# %s\n", bx_error(h));
	printf("%sok %u %s\n", ok ? "" : "not ", ++results, name);
}

static const char *at(const char *path)
{
	static char buf[8][4096];
	static unsigned int i;

	snprintf(buf[++i % 8], sizeof(buf[0]), "%s/%s", top, path);
	return buf[i % 8];
}

static void put(const char *path, const char *text)
{
	FILE *f = fopen(at(path), "we");

	if (!f || fputs(text, f) < 0 || fclose(f)) {
		perror(path);
		exit(1);
	}
}

static bool has(const char *path, const char *text)
{
	char buf[256] = "";
	int fd = open(at(path), O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return false;
	if (read(fd, buf, sizeof(buf) - 1) < 0)
		buf[0] = '\0';
	close(fd);
	return strstr(buf, text);
}

static unsigned int mode_of(const char *path)
{
	struct stat st = {};

	return lstat(at(path), &st) ? 0 : st.st_mode & 07777;
}

static bool exists(const char *path)
{
	struct stat st;

	return !lstat(at(path), &st);
}

static void exchange(const char *a, const char *b)
{
	if (renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE)) {
		perror("renameat2");
		exit(1);
	}
}

static int remove_one(const char *path, const struct stat *st, int type,
		      struct FTW *ftw)
{
	return remove(path);
}

static void clean(void)
{
	nftw(top, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* A bundle with a folder, a link to take the folder's place, and the secret */
static void make_source(void)
{
	mkdir(at("secret"), 0700);
	put("secret/x.yaml", SECRET);
	chmod(at("secret/x.yaml"), 0600);
	mkdir(at("src"), 0755);
	mkdir(at("src/tests"), 0755);
	put("src/bundle.yaml", "public");
	put("src/tests/x.yaml", "public");
	mkdir(at("other"), 0755);
	put("other/bundle.yaml", "other");
	if (symlink(at("secret"), at("link")))
		exit(1);
}

/* ---- reading ---- */

/* The exchange happens after the files were listed, each time. */
static void exchanged_folder(void)
{
	struct tree tree;
	off_t size;
	int fd;

	if (tree_open(h, at("src"), &tree)) {
		report(false, "a folder that became a link is not read through it");
		return;
	}
	exchange(at("src/tests"), at("link"));
	fd = tree_file(h, &tree, "tests/x.yaml", &size);
	exchange(at("src/tests"), at("link"));
	report(fd == -ELOOP && strstr(bx_error(h), "it is a link"),
	       "a folder that became a link is not read through it");
	if (fd >= 0)
		close(fd);
	exchange(at("src"), at("other"));
	fd = tree_file(h, &tree, "tests/x.yaml", &size);
	exchange(at("src"), at("other"));
	report(fd >= 0, "files are those of the directory that was listed");
	if (fd >= 0)
		close(fd);
	tree_close(&tree);
}

static int stop;

static void *keep_exchanging(void *arg)
{
	char (*paths)[4096] = arg;

	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED))
		exchange(paths[0], paths[1]);
	return NULL;
}

static void race(void)
{
	unsigned int copied = 0, leaked = 0, open_modes = 0;
	char paths[2][4096];
	pthread_t thread;
	struct stat st;

	snprintf(paths[0], sizeof(paths[0]), "%s", at("src/tests"));
	snprintf(paths[1], sizeof(paths[1]), "%s", at("link"));
	if (pthread_create(&thread, NULL, keep_exchanging, paths))
		exit(1);
	for (unsigned int i = 0; i < COPIES; i++) {
		copied += !tree_copy(h, at("src"), at("copy"));
		leaked += has("copy/tests/x.yaml", SECRET);
		open_modes += (exists("copy") && mode_of("copy") != 0700) ||
			(exists("copy/bundle.yaml") &&
			 mode_of("copy/bundle.yaml") != 0600);
		tree_discard(at("copy"));
	}
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	printf("# %u of %u copies were made, the others were refused\n",
	       copied, COPIES);
	report(!leaked,
	       "10000 copies while a folder becomes a link to a secret: none has it");
	report(!open_modes, "none of them can be read by others");
	if (!lstat(paths[0], &st) && S_ISLNK(st.st_mode))
		exchange(paths[0], paths[1]);
}

/* ---- locks ---- */

static void locks(void)
{
	int fd = -1, err;

	mkdir(at("store"), 0700);
	chmod(at("store"), 0755);
	err = dir_lock(h, at("store"), &fd);
	report(!err && mode_of("store") == 0700,
	       "a lock makes its directory private");
	if (!err)
		close(fd);
	chmod(at("store"), 0777);
	err = dir_lock(h, at("store"), &fd);
	report(err == -EPERM && strstr(bx_error(h), "chmod go-w") &&
	       mode_of("store") == 0777,
	       "a directory that others can write to is not locked");
	chmod(at("store"), 0700);
	if (geteuid()) {
		printf("ok %u a directory of another user is not locked # SKIP as root only\n",
		       ++results);
		return;
	}
	err = chown(at("store"), 65534, 0) ?: dir_lock(h, at("store"), &fd);
	report(err == -EPERM && strstr(bx_error(h), "belongs to user 65534"),
	       "a directory of another user is not locked");
	if (chown(at("store"), 0, 0))
		perror("chown");
}

static void named_holder(void)
{
	char pid[64], text[64];
	int held, fd = -1, err;

	held = open(at("store"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	flock(held, LOCK_EX);
	h->timeout_ms = 250;
	err = dir_lock(h, at("store"), &fd);
	h->timeout_ms = 30000;
	close(held);
	snprintf(pid, sizeof(pid), "process %d (", getpid());
	snprintf(text, sizeof(text), "for 0.25 s");
	report(err == -ETIMEDOUT && strstr(bx_error(h), text),
	       "a lock that is held has its time in the message");
	if (access("/proc/locks", R_OK) || !strstr(bx_error(h), "process "))
		printf("ok %u and its holder # SKIP the kernel does not tell here\n",
		       ++results);
	else
		report(strstr(bx_error(h), pid) ||
		       strstr(bx_error(h), "another process"),
		       "and its holder");
}

/* ---- the state ---- */

static void states(void)
{
	struct installed inst = { .name = "acme" };

	snprintf(h->state_dir, sizeof(h->state_dir), "%s", at("var"));
	umask(0);
	report(!state_lock(h) && mode_of("var/bundles") == 0700,
	       "the store is private with umask 0");
	mkdir(at("var/bundles/acme"), 0700);
	report(!state_write(h, &inst) &&
	       mode_of("var/bundles/acme/state.yaml") == 0600,
	       "so is a state");
	put("var/bundles/acme/state.yaml", "");
	report(!state_delete(h, "acme") && !exists("var/bundles/acme"),
	       "an empty state can be removed");
	mkdir(at("var/bundles/acme"), 0700);
	put("var/bundles/acme/state.yaml", "\xff\n[");
	report(!state_delete(h, "acme") && !exists("var/bundles/acme"),
	       "so can one that is not YAML");
	mkdir(at("var/bundles/acme"), 0700);
	mkdir(at("var/bundles/acme/state.yaml"), 0700);
	put("var/bundles/acme/state.yaml/x", "");
	report(!state_delete(h, "acme") && !exists("var/bundles/acme"),
	       "so can one that is a directory");
	put("var/bundles/acme", "");
	report(!state_delete(h, "acme") && !exists("var/bundles/acme"),
	       "so can a file in place of a bundle");
	if (symlink(at("other"), at("var/bundles/acme")))
		exit(1);
	report(!state_delete(h, "acme") && !exists("var/bundles/acme") &&
	       exists("other/bundle.yaml"),
	       "a link in place of a bundle is removed, and not what it leads to");
	state_unlock(h);
	umask(022);
}

/* ---- signals ---- */

static void discarded(void)
{
	char *dir, link[4096];

	setenv("TMPDIR", top, 1);
	dir = tree_scratch(h);
	if (!dir)
		exit(1);
	snprintf(link, sizeof(link), "%s/bundle", dir);
	tree_copy(h, at("other"), link);
	snprintf(link, sizeof(link), "%s/link", dir);
	if (symlink(at("other"), link))
		exit(1);
	bx_discard_temporary();
	report(access(dir, F_OK) && exists("other/bundle.yaml"),
	       "a temporary directory is removed, and not what a link in it leads to");
	tree_discard(dir);
	free(dir);
	bx_temporary(at("other"));
	bx_temporary_done(at("other"));
	bx_discard_temporary();
	report(exists("other/bundle.yaml"), "what has come to stay is not");
}

static int is_pending(int sig)
{
	sigset_t set;

	sigpending(&set);
	return sigismember(&set, sig);
}

static int caught;

static void on_signal(int sig)
{
	caught++;
}

static void held_back(void)
{
	struct installed inst = { .name = "acme", .unsettled = true };

	signal(SIGTERM, on_signal);
	mkdir(at("var/bundles/acme"), 0700);
	state_lock(h);
	raise(SIGTERM);
	report(caught == 1, "a signal ends a process that waits or copies");
	state_write(h, &inst);
	raise(SIGTERM);
	report(caught == 1 && is_pending(SIGTERM),
	       "once a state is unsettled, it waits");
	state_unlock(h);
	report(caught == 2, "until the change has ended");
	signal(SIGTERM, SIG_DFL);
}

int main(void)
{
	snprintf(top, sizeof(top), "%s/bus_ext.XXXXXX",
		 access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
	if (!mkdtemp(top) || bx_open(&h, NULL))
		return 1;
	umask(022);
	printf("TAP version 13\n1..21\n");
	make_source();
	exchanged_folder();
	race();
	locks();
	named_holder();
	states();
	discarded();
	held_back();
	bx_close(h);
	clean();
	return failures ? 1 : 0;
}
