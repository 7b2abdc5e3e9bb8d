// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * Native tests: the world of a command, and commands in it
 *
 * A command is a forked process that calls bxctl's main(): nothing is loaded again.
 */
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "fake_kernel.h"
#include "world.h"

#define MAX_WORDS	16

int bxctl_main(int argc, char **argv);

static char top[64];

static const char *in_top(const char *path)
{
	static char buf[4][PATH_MAX];
	static unsigned int i;

	snprintf(buf[++i % 4], PATH_MAX, "%s/%s", top, path);
	return buf[i % 4];
}

const char *world_path(const char *path)
{
	return in_top(path);
}

/* ---- files ---- */

static const char *join(char *buf, const char *dir, const char *name)
{
	if (snprintf(buf, PATH_MAX, "%s/%s", dir, name) >= PATH_MAX)
		abort();
	return buf;
}

static int remove_one(const char *path, const struct stat *st, int type,
		      struct FTW *ftw)
{
	return ftw->level ? remove(path) : 0;
}

/* All that is in a directory */
static void empty(const char *path)
{
	nftw(in_top(path), remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static char *read_file(const char *path, size_t *size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st = {};
	char *data;
	ssize_t n;

	if (fd >= 0)
		fstat(fd, &st);
	data = calloc(1, st.st_size + 1);
	n = fd < 0 ? 0 : read(fd, data, st.st_size);
	*size = n > 0 ? n : 0;
	if (fd >= 0)
		close(fd);
	return data;
}

static void write_file(const char *path, const void *data, size_t size)
{
	FILE *f = fopen(path, "we");

	if (!f || fwrite(data, 1, size, f) != size || fclose(f)) {
		perror(path);
		exit(1);
	}
}

static void copy_file(const char *from, const char *to)
{
	size_t size;
	char *data = read_file(from, &size);

	write_file(to, data, size);
	free(data);
}

/* ---- reading the world ---- */

struct text {
	char	*buf;
	size_t	size;
	size_t	at;
};

static void add(struct text *t, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void add(struct text *t, const char *fmt, ...)
{
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(t->buf + t->at, t->size - t->at, fmt, args);
	va_end(args);
	t->at += n;
	if (t->at >= t->size) {
		fprintf(stderr, "the world is too big\n");
		exit(1);
	}
}

static uint64_t digest(const char *data, size_t size)
{
	uint64_t hash = 0xcbf29ce484222325;

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ (unsigned char)data[i]) * 0x100000001b3;
	return hash;
}

/* A signature has a time and always differs: only its completeness is compared. */
static void add_file(struct text *t, const char *path)
{
	static const char end[] = "-----END CMS-----\n";
	size_t size;
	char *data = read_file(path, &size);

	if (!strstr(path, "bundle.sig"))
		add(t, "=%llx", (unsigned long long)digest(data, size));
	else if (size < strlen(end) ||
		 strcmp(data + size - strlen(end), end))
		add(t, "=torn");
	free(data);
}

static int visible(const struct dirent *d)
{
	return strcmp(d->d_name, ".") && strcmp(d->d_name, "..");
}

/* The files below @path, with their contents if @contents */
static void add_tree(struct text *t, const char *path, bool contents)
{
	struct dirent **list;
	char one[PATH_MAX];
	struct stat st;
	int n = scandir(path, &list, visible, alphasort);

	for (int i = 0; i < n; i++) {
		join(one, path, list[i]->d_name);
		free(list[i]);
		if (lstat(one, &st))
			continue;
		add(t, " %s", one + strlen(top) + 1);
		if (S_ISDIR(st.st_mode))
			add_tree(t, one, contents);
		else if (contents)
			add_file(t, one);
	}
	if (n >= 0)
		free(list);
}

/* The versions in state.yaml that count, without the numbers of their generations */
static void add_state(struct text *t, const char *path)
{
	unsigned int current = 0, canary = 0, number = 0, count = 0;
	char version[64], *save, *line;
	size_t size;
	char *data = read_file(path, &size);

	for (line = strtok_r(data, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		count += sscanf(line, "- number: %u", &number) == 1;
		if (sscanf(line, "  version: %63s", version) == 1 &&
		    number == current)
			add(t, " version %s", version);
		if (sscanf(line, "  version: %63s", version) == 1 &&
		    canary && number == canary)
			add(t, " canary %s", version);
		if (!strncmp(line, "canary: ", 8))
			canary = strtoul(line + 8, NULL, 10);
		if (!strncmp(line, "current: ", 9))
			current = strtoul(line + 9, NULL, 10);
		if (!strncmp(line, "enabled", 7) || !strncmp(line, "mode", 4) ||
		    !strncmp(line, "unsettled", 9))
			add(t, " %s", line);
	}
	add(t, " generations: %u", count);
	free(data);
}

static void add_bundle(struct text *t, const char *path)
{
	struct dirent **list;
	char file[PATH_MAX];
	int n = scandir(path, &list, visible, alphasort);

	for (int i = 0; i < n; i++) {
		const char *name = list[i]->d_name;

		join(file, path, name);
		if (!strcmp(name, "state.yaml"))
			add_state(t, file);
		else if (!strncmp(name, "generation-", 11))
			add(t, " generation");
		else
			add(t, " %s", name);
		free(list[i]);
	}
	if (n >= 0)
		free(list);
}

static void add_bundles(struct text *t)
{
	const char *path = in_top("var/bundles");
	struct dirent **list;
	char dir[PATH_MAX];
	int n = scandir(path, &list, visible, alphasort);

	for (int i = 0; i < n; i++) {
		join(dir, path, list[i]->d_name);
		add(t, " bundle %s:", list[i]->d_name);
		add_bundle(t, dir);
		free(list[i]);
	}
	if (n >= 0)
		free(list);
}

static void add_product(struct text *t, const char *product)
{
	char path[PATH_MAX];
	struct stat st;

	join(path, in_top("out"), product);
	if (stat(path, &st))
		return;
	add(t, "%s", product);
	if (S_ISDIR(st.st_mode))
		add_tree(t, path, true);
	else
		add_file(t, path);
}

void world_read(const char *product, struct world *world)
{
	static const char *const pins[] = {
		"pins/policies", "pins/hooks", "pins/bundles", "pins/rules",
	};
	struct text active = { world->active, sizeof(world->active), 0 };
	struct text all = { world->all, sizeof(world->all), 0 };

	fake_active(world->active, sizeof(world->active));
	active.at = strlen(world->active);
	fake_drivers(world->active + active.at, sizeof(world->active) - active.at);
	active.at = strlen(world->active);
	if (product)
		add_product(&active, product);
	add(&all, "%s;", world->active);
	fake_rest(world->all + all.at, sizeof(world->all) - all.at);
	all.at = strlen(world->all);
	for (size_t i = 0; i < sizeof(pins) / sizeof(*pins); i++)
		add_tree(&all, in_top(pins[i]), false);
	add_bundles(&all);
	add_tree(&all, in_top("tmp"), false);
	add_tree(&all, in_top("out"), true);
}

/* ---- making it ---- */

static void write_bundle(const char *dir, const char *version, ...)
{
	char path[PATH_MAX], from[PATH_MAX], text[1024];
	const char *object;
	va_list args;
	size_t n;

	mkdir(in_top(dir), 0700);
	n = snprintf(text, sizeof(text),
		     "bundle: two\nversion: %s\nvendor: v\nsummary: s\n"
		     "claims: [ { bus: pci } ]\npolicies:\n", version);
	va_start(args, version);
	while ((object = va_arg(args, const char *))) {
		n += snprintf(text + n, sizeof(text) - n, "- %s\n", object);
		copy_file(join(from, in_top("in/objects"), object),
			  join(path, in_top(dir), object));
	}
	va_end(args);
	write_file(join(path, in_top(dir), "bundle.yaml"), text, n);
}

/* A bundle of rules, for one vendor or two */
static void write_rules(const char *dir, const char *version, const char *claims,
			const char *rules)
{
	char path[PATH_MAX], text[1024];
	size_t n;

	mkdir(in_top(dir), 0700);
	n = snprintf(text, sizeof(text),
		     "bundle: two\nversion: %s\nvendor: v\nsummary: s\nclaims: [ %s ]\nrules: [ t.rules ]\n",
		     version, claims);
	write_file(join(path, in_top(dir), "bundle.yaml"), text, n);
	write_file(join(path, in_top(dir), "t.rules"), rules, strlen(rules));
}

/* The directory for apply */
static void link_objects(const char *dir, ...)
{
	char path[PATH_MAX], from[PATH_MAX];
	const char *object;
	va_list args;

	mkdir(in_top(dir), 0700);
	va_start(args, dir);
	while ((object = va_arg(args, const char *))) {
		copy_file(join(from, in_top("in/objects"), object),
			  join(path, in_top(dir), object));
	}
	va_end(args);
}

static const char *const places[] = {
	"sys", "sys/fs", "sys/fs/bpf", "pins", "etc", "var", "tmp", "in",
	"in/objects", "out", "fake",
};

/* Files of rules: some, others, and none */
static const char *const tables[][2] = {
	{ "a.rules", "pci:v00000001d00000001* refuse\npci:v00000001d00000002* refuse\n" },
	{ "b.rules", "pci:v00000001d00000001* refuse\npci:v00000001d00000003* defer\n"
		     "pci:v00000002* refuse\n" },
	{ "none.rules", "# none\n" },
};

static void fill(const char *objects)
{
	static const char *const names[] = {
		"good.bpf.o", "good2.bpf.o", "other.bpf.o", "ejected.bpf.o",
		"late.bpf.o", "guard.bpf.o", "missing.bpf.o", "hook.bpf.o",
		"unstaged.bpf.o", "differs.bpf.o",
	};
	char path[PATH_MAX], from[PATH_MAX];

	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++)
		mkdir(in_top(places[i]), 0700);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		copy_file(join(from, objects, names[i]),
			  join(path, in_top("in/objects"), names[i]));
	}
	link_objects("in/both", "good.bpf.o", "other.bpf.o", NULL);
	link_objects("in/bad-objects", "ejected.bpf.o", "other.bpf.o", NULL);
	link_objects("in/both2", "good2.bpf.o", "other.bpf.o", NULL);
	write_bundle("in/old", "1.0", "good.bpf.o", "other.bpf.o", NULL);
	write_bundle("in/new", "2.0", "good2.bpf.o", NULL);
	write_bundle("in/bad", "3.0", "ejected.bpf.o", "other.bpf.o", NULL);
	write_bundle("in/late", "3.0", "late.bpf.o", "other.bpf.o", NULL);
	write_rules("in/rules", "1.0", "{ bus: pci, vendor: 1 }",
		    "pci:v00000001d00000001* refuse\npci:v00000001d00000002* refuse\n");
	write_rules("in/rules2", "2.0", "{ bus: pci, vendor: 1 }, { bus: pci, vendor: 2 }",
		    "pci:v00000001d00000001* refuse\npci:v00000001d00000003* refuse\npci:v00000002* defer\n");
	for (size_t i = 0; i < sizeof(tables) / sizeof(*tables); i++)
		write_file(join(path, in_top("in"), tables[i][0]), tables[i][1],
			   strlen(tables[i][1]));
	write_rules("in/bad-rules", "3.0", "{ bus: pci, vendor: 1 }, { bus: none }",
		    "pci:v00000001* refuse\n* bus=none refuse\n");
}

static int make_key(void)
{
	char command[1024];

	snprintf(command, sizeof(command),
		 "cd '%s/in' && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=test -keyout key.pem -out cert.pem 2>key.log || cat key.log",
		 top);
	return system(command);
}

/* OpenSSL initializes itself once, and not in every process. */
static void warm_up(void)
{
	unsigned char md[EVP_MAX_MD_SIZE];

	EVP_Digest("", 0, md, NULL, EVP_sha256(), NULL);
}

int world_open(const char *objects)
{
	snprintf(top, sizeof(top), "%s/bus_ext.XXXXXX",
		 access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
	if (!mkdtemp(top))
		return -1;
	fill(objects);
	if (make_key())
		return -1;
	warm_up();
	setenv("BXCTL_SYSFS", in_top("sys"), 1);
	setenv("BXCTL_CONF_DIR", in_top("etc"), 1);
	setenv("BXCTL_STATE_DIR", in_top("var"), 1);
	setenv("BXCTL_INCLUDE", "include", 1);
	setenv("TMPDIR", in_top("tmp"), 1);
	if (steps_init(top, in_top("fake")))
		return -1;
	return fake_init(in_top("fake"), in_top("sys"));
}

bool world_begin(const char *objects, unsigned int tests)
{
	printf("TAP version 13\n");
	if (world_open(objects)) {
		printf("1..0 # SKIP this machine has no seccomp filters\n");
		world_close();
		return false;
	}
	printf("1..%u\n", tests);
	return true;
}

void world_close(void)
{
	if (!top[0])
		return;
	empty("");
	rmdir(top);
}

void world_clear_temporary(void)
{
	empty("tmp");
}

void world_reset(void)
{
	static const char *const change[] = { "pins", "var", "tmp", "out" };

	for (size_t i = 0; i < sizeof(change) / sizeof(*change); i++)
		empty(change[i]);
	fake_boot();
	fake_modprobe();
}

/* ---- commands ---- */

/* The compiler: another process, which has no faults */
int posix_spawnp(pid_t *pid, const char *file,
		 const posix_spawn_file_actions_t *actions,
		 const posix_spawnattr_t *attr, char *const argv[],
		 char *const envp[])
{
	const char *to = NULL;

	steps_pause();
	for (int i = 0; argv[i]; i++)
		if (!strcmp(argv[i], "-o"))
			to = argv[i + 1];
	*pid = fork();
	if (!*pid) {
		copy_file(in_top("in/objects/good.bpf.o"), to);
		_exit(0);
	}
	steps_resume();
	return 0;
}

static bool by_test(const char *command)
{
	if (command[0] != '!')
		return false;
	if (!strcmp(command, "!boot")) {
		empty("pins");
		fake_boot();
	} else if (!strcmp(command, "!clear")) {
		empty("out");
	} else if (!strcmp(command, "!copy")) {
		empty("out");
		write_bundle("out/two", "1.0", "good.bpf.o", "other.bpf.o",
			     NULL);
	} else if (!strcmp(command, "!devices")) {
		fake_no_devices();
		fake_add_device("02", "nvme", "select:driver:vfio-pci", NULL);
		fake_add_device("03", "nvme", "select:driver:vfio-pci", NULL);
	} else if (!strcmp(command, "!rules")) {
		mkdir(in_top("etc/rules.d"), 0755);
		copy_file(in_top("in/a.rules"), in_top("etc/rules.d/a.rules"));
	} else if (!strcmp(command, "!source")) {
		by_test("!copy");
		unlink(in_top("out/two/good.bpf.o"));
		write_file(in_top("out/two/good.bpf.c"), "", 0);
	} else {
		abort();
	}
	return true;
}

static void redirect(const char *path, int fd)
{
	int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (file < 0 || dup2(file, fd) < 0)
		_exit(125);
	close(file);
}

static void child(const char *command, enum fault fault, unsigned long at)
{
	char *argv[MAX_WORDS + 1] = { "bxctl" }, *word, *save;
	char text[PATH_MAX], words[MAX_WORDS][PATH_MAX];
	int argc = 1;

	snprintf(text, sizeof(text), "%s", command);
	for (word = strtok_r(text, " ", &save); word && argc < MAX_WORDS - 2;
	     word = strtok_r(NULL, " ", &save)) {
		snprintf(words[argc], PATH_MAX, "%s%s",
			 word[0] == '@' ? top : "", word + (word[0] == '@'));
		argv[argc] = words[argc];
		argc++;
	}
	argv[argc++] = "--pin-dir";
	argv[argc++] = (char *)in_top("pins");
	redirect(in_top("stdout"), STDOUT_FILENO);
	redirect(in_top("stderr"), STDERR_FILENO);
	steps_begin(fault, at);
	argc = bxctl_main(argc, argv);
	/* as exit() does; the rest of that takes long and changes nothing */
	fflush(stdout);
	_exit(argc);
}

/* The end of a file */
static void read_end(const char *path, char *buf, size_t room)
{
	size_t size;
	char *data = read_file(path, &size);

	snprintf(buf, room, "%s", data + (size < room ? 0 : size + 1 - room));
	free(data);
}

void world_run(const char *command, enum fault fault, unsigned long at,
	       struct result *result)
{
	int status;
	pid_t pid;

	*result = (struct result) {};
	if (by_test(command))
		return;
	fflush(stdout);
	pid = fork();
	if (!pid)
		child(command, fault, at);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		abort();
	result->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) :
		WEXITSTATUS(status);
	read_end(in_top("stderr"), result->said, sizeof(result->said));
	read_end(in_top("stdout"), result->printed, sizeof(result->printed));
}
