// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * bxctl: a bundle's test cases in the VM of the source tree
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/wait.h>

#include "bxctl.h"

#define RUNNER	"selftests/vm/run.sh"

/* The source tree that this program was built in: TOP/build/bin/bxctl */
static bool find_top(char *buf, size_t size)
{
	char runner[4200];
	ssize_t n = readlink("/proc/self/exe", buf, size - 1);

	buf[n > 0 ? n : 0] = '\0';
	for (int i = 0; i < 3; i++) {
		if (!strrchr(buf, '/'))
			return false;
		*strrchr(buf, '/') = '\0';
	}
	snprintf(runner, sizeof(runner), "%s/" RUNNER, buf);
	return !access(runner, X_OK);
}

/* Quotes text as one word of a shell. */
static void put_word(FILE *f, const char *text)
{
	fputs(" '", f);
	for (; *text; text++)
		if (*text == '\'')
			fputs("'\\''", f);
		else
			putc(*text, f);
	putc('\'', f);
}

/* The command for the guest, which has the tree at /bus_ext; the caller frees it. */
static char *guest_command(const struct env *env, const char *archive)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	fputs("RUN=modprobe -a bus_ext bx_sf bx_virtio bx_vfio && ", f);
	fputs("exec build/bin/bxctl test --allow-unsigned", f);
	if (env->args.json)
		fputs(" --json", f);
	if (env->args.verbose)
		fputs(" --verbose", f);
	for (unsigned int i = 0; i < env->args.nr_set; i++) {
		fputs(" --set", f);
		put_word(f, env->args.set[i]);
	}
	put_word(f, archive);
	fclose(f);
	return text;
}

static int run_vm(struct env *env, const char *top, char *command)
{
	char runner[4200], *argv[] = { runner, NULL }, *none = "DEVICES=none";
	int status, err;
	pid_t pid;

	snprintf(runner, sizeof(runner), "%s/" RUNNER, top);
	putenv(none);
	putenv(command);
	fflush(stdout);
	fprintf(stderr, "bxctl: note: bus_ext is not loaded here: testing in the VM\n");
	err = spawn(&pid, argv);
	if (err)
		return failure(env, err, "cannot start '%s'", runner);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return failure(env, errno, "cannot wait for the VM");
	/* the output of the command in the guest is on stdout and stderr */
	env->printed = true;
	env->code = WIFEXITED(status) ? WEXITSTATUS(status) : BX_FAULT_FAILED;
	return 0;
}

int test_in_vm(struct env *env, struct bx_bundle *bundle)
{
	char top[4096], archive[4200], *command;
	int err;

	if (secure_getenv("BXCTL_SYSFS") || !find_top(top, sizeof(top)))
		return 1;
	snprintf(archive, sizeof(archive), "%s/build/vm/test-%d.tar.zst", top,
		 getpid());
	bx_temporary(archive);
	err = bx_bundle_pack(bundle, archive);
	command = err ? NULL : guest_command(env, archive + strlen(top) + 1);
	if (!err)
		err = command ? run_vm(env, top, command) : -ENOMEM;
	free(command);
	unlink(archive);
	bx_temporary_done(archive);
	return err;
}
