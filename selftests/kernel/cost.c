// SPDX-License-Identifier: GPL-2.0-only
/*
 * The verifier's cost of each program of the shipped policies
 *
 * The number of instructions that it walks (verified_insns) is compared with the file
 * verifier-costs, which has a line per series of kernels and program.  A program whose cost has
 * grown by more than a tenth fails: it has come nearer to the verifier's limit on some kernel,
 * and loading it takes longer on all of them.  'cost print' prints the lines of this kernel;
 * 'cost load DIR' loads the policies in a directory like build/bpf, without a comparison.
 */
#include <errno.h>
#include <glob.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include "../lib/bxtest.h"

#define COSTS	"selftests/verifier-costs"
#define MAX	512

static struct cost {
	char object[64], program[64];
	unsigned int insns;
	bool seen;
} costs[MAX];
static unsigned int nr_costs, results, failed;
static char series[16];
static bool print, only_load;

/* The series of the running kernel, as kernels.list has it: 6.12 for 6.12.117+deb12-amd64 */
static void read_series(void)
{
	struct utsname name;
	char *dot;

	uname(&name);
	dot = strchr(name.release, '.');
	snprintf(series, sizeof(series), "%.*s",
		 (int)(dot + 1 - name.release + strspn(dot + 1, "0123456789")), name.release);
}

/* Reads the lines of this series: SERIES OBJECT PROGRAM INSTRUCTIONS */
static int read_costs(void)
{
	FILE *file = fopen(COSTS, "r");
	char line[256], found[16];

	if (!file)
		return -errno;
	while (nr_costs < MAX && fgets(line, sizeof(line), file)) {
		struct cost *c = &costs[nr_costs];

		if (sscanf(line, "%15s %63s %63s %u", found, c->object, c->program,
			   &c->insns) == 4 && !strcmp(found, series))
			nr_costs++;
	}
	fclose(file);
	return 0;
}

static struct cost *find(const char *object, const char *program)
{
	for (unsigned int i = 0; i < nr_costs; i++)
		if (!strcmp(costs[i].object, object) && !strcmp(costs[i].program, program))
			return &costs[i];
	return NULL;
}

static void result(bool good, const char *object, const char *program)
{
	failed += !good;
	printf("%sok %u %s.%s\n", good ? "" : "not ", ++results, object, program);
}

static void judge(const char *object, const char *program, unsigned int insns)
{
	struct cost *c = find(object, program);

	if (print) {
		printf("%-7s %-23s %-24s %u\n", series, object, program, insns);
		return;
	}
	if (!c)
		printf("# " COSTS " has no line '%s %s %s %u'\n", series, object, program, insns);
	else if (insns * 10 > c->insns * 11)
		printf("# %u instructions, more than a tenth above %u\n", insns, c->insns);
	else if (insns * 11 < c->insns * 10)
		printf("# only %u instructions instead of %u\n", insns, c->insns);
	if (c)
		c->seen = true;
	result(c && insns * 10 <= c->insns * 11, object, program);
}

/* first for build/bpf/first.bpf.o; bundles/acme for build/bpf/bundles/acme/acme.bpf.o */
static void name_of(const char *path, char *name, size_t size)
{
	const char *last = strrchr(path, '/') + 1;

	snprintf(name, size, "%s%.*s", strstr(path, "/bundles/") ? "bundles/" : "",
		 (int)strcspn(last, "."), last);
}

static int load(const char *path)
{
	struct bpf_object *object = bpf_object__open_file(path, NULL);
	struct bpf_program *prog;
	int err = object ? bpf_object__load(object) : -errno;
	char name[64];

	name_of(path, name, sizeof(name));
	if (err) {
		printf("# cannot load %s: %s\n%s", path, strerror(-err), bxt_log());
		result(false, name, "loads");
		bpf_object__close(object);
		return 0;
	}
	if (only_load)
		result(true, name, "loads");
	bpf_object__for_each_program(prog, object) {
		struct bpf_prog_info info = {};
		__u32 len = sizeof(info);

		if (only_load || bpf_program__fd(prog) < 0)
			continue;	/* not loaded by itself */
		err = bpf_prog_get_info_by_fd(bpf_program__fd(prog), &info, &len);
		if (err)
			break;
		judge(name, bpf_program__name(prog), info.verified_insns);
	}
	bpf_object__close(object);
	return err;
}

static int load_all(const char *dir, const char *pattern)
{
	char path[256];
	glob_t found = {};
	int err;

	snprintf(path, sizeof(path), "%s/%s", dir, pattern);
	err = glob(path, 0, NULL, &found) ? -ENOENT : 0;

	for (size_t i = 0; !err && i < found.gl_pathc; i++)
		err = load(found.gl_pathv[i]);
	globfree(&found);
	return err;
}

/* Lines of programs that are gone would hide that nothing looks at their successors. */
static void judge_unseen(void)
{
	for (unsigned int i = 0; i < nr_costs && !print && !only_load; i++) {
		if (costs[i].seen)
			continue;
		printf("# " COSTS " has a line for a program that does not exist\n");
		result(false, costs[i].object, costs[i].program);
	}
}

int main(int argc, char **argv)
{
	static const char *const modules[] = { "bx_composite", "bx_vfio", "bx_virtio", NULL };
	const char *dir = argc > 2 ? argv[2] : "build/bpf";
	int err = bxt_start("bus_ext");

	print = argc > 1 && !strcmp(argv[1], "print");
	only_load = argc > 2 && !strcmp(argv[1], "load");
	for (unsigned int i = 0; !err && modules[i]; i++)
		err = bxt_load(modules[i]);
	if (err) {
		bxt_complain("load the modules", err);
		return 1;
	}
	read_series();
	err = read_costs();
	if (err) {
		bxt_complain("read " COSTS, err);
		return 1;
	}
	if (!nr_costs && !print && !only_load) {
		printf("1..0 # SKIP " COSTS " has no lines of kernel %s\n", series);
		return bxt_finish() ? 1 : 0;
	}
	err = load_all(dir, "*.bpf.o") ?: load_all(dir, "bundles/*/*.bpf.o");
	if (!err && only_load)
		err = load_all(dir, "docs/*.bpf.o");
	if (err)
		bxt_complain("load the policies", err);
	judge_unseen();
	for (unsigned int i = 0; modules[i]; i++)
		bxt_unload_soon(modules[i]);
	if (!print)
		printf("1..%u\n", results);
	return bxt_finish() || err || failed;
}
