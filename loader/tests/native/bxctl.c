// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * bxctl on the tests' own kernel, as a command for tests in shell
 *
 *	BXCTL_FAKE=DIR bxctl-native COMMAND...
 *	BXCTL_FAKE=DIR bxctl-native !active	the active policies and hooks
 *	BXCTL_FAKE=DIR bxctl-native !boot	as after a boot: nothing is active
 *	BXCTL_FAKE=DIR bxctl-native !wait, !full, !lost, !end
 *						requests are not done; are not accepted; their
 *						results are dropped; all of this ends
 *	BXCTL_FAKE=DIR bxctl-native !decide DRIVER LAST NOW
 *						the driver, or '', of the device, its last
 *						election and one now, each as BY:OUTCOME:DRIVER
 *	BXCTL_FAKE=DIR bxctl-native !device NAME DRIVER NOW [PARENT]
 *						a further device, which has had no election
 *	BXCTL_FAKE=DIR bxctl-native !fingerprint PRINT
 *						the device's; from now on, a change of policies
 *						elects it, with the result of !decide
 *	BXCTL_FAKE=DIR bxctl-native !group NAME N
 *						puts such a device into an IOMMU group
 *	BXCTL_FAKE=DIR bxctl-native !drivers	the further devices with their drivers
 *	BXCTL_FAKE=DIR bxctl-native !signal N	SIGTERM during the Nth rebind from now on
 *	BXCTL_FAKE=DIR bxctl-native !waits	the number of waits for requests since
 *
 * The kernel of fake_kernel.h is in the directory DIR, which also replaces /sys and the
 * directory for pins.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "fake.h"
#include "fake_kernel.h"

#define MAX_WORDS	64

int bxctl_main(int argc, char **argv);

static char dir[200];

static const char *in_dir(const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static int write_version(void)
{
	FILE *f;

	mkdir(in_dir("sys/module"), 0700);
	mkdir(in_dir("sys/module/bus_ext"), 0700);
	f = fopen(in_dir("sys/module/bus_ext/version"), "we");
	if (!f)
		return -1;
	fputs("0.1.0\n", f);
	return fclose(f);
}

static int open_kernel(void)
{
	int fd = open(in_dir("memory"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	struct stat st = {};

	if (fd < 0 || fstat(fd, &st) || ftruncate(fd, sizeof(*fake)))
		return -1;
	fake = mmap(NULL, sizeof(*fake), PROT_READ | PROT_WRITE, MAP_SHARED,
		    fd, 0);
	close(fd);
	if (fake == MAP_FAILED)
		return -1;
	if (st.st_size)
		return 0;
	mkdir(in_dir("things"), 0700);
	mkdir(in_dir("sys"), 0700);
	mkdir(in_dir("sys/fs"), 0700);
	mkdir(in_dir("sys/fs/bpf"), 0700);
	snprintf(fake->dir, sizeof(fake->dir), "%s", in_dir("things"));
	snprintf(fake->sysfs, sizeof(fake->sysfs), "%s", in_dir("sys"));
	fake_modprobe();
	return write_version();
}

static int by_test(const char *command)
{
	static const char *const requests[] = {
		[REQUESTS_END]	= "!end",
		[REQUESTS_WAIT]	= "!wait",
		[REQUESTS_FULL]	= "!full",
		[REQUESTS_LOST]	= "!lost",
	};
	char text[1024];

	if (!strcmp(command, "!boot")) {
		snprintf(text, sizeof(text), "rm -rf '%s'",
			 in_dir("sys/fs/bpf/bus_ext"));
		fake_boot();
		fake_modprobe();
		return system(text) ? 1 : 0;
	}
	for (unsigned int i = 0; i < sizeof(requests) / sizeof(*requests); i++) {
		if (strcmp(command, requests[i]))
			continue;
		fake->requests = i;
		fake->waits = 0;
		return 0;
	}
	if (!strcmp(command, "!drivers")) {
		fake_drivers(text, sizeof(text));
		puts(text + strspn(text, " "));
		return 0;
	}
	if (!strcmp(command, "!waits")) {
		printf("%u\n", fake->waits);
		return 0;
	}
	if (!strcmp(command, "!eject"))
		fake_eject();
	fake_reap();
	fake_active(text, sizeof(text));
	puts(text);
	return 0;
}

int main(int argc, char **argv)
{
	const char *chosen = getenv("BXCTL_FAKE");
	char *words[MAX_WORDS + 3], pins[256];

	if (!chosen || argc < 2 || argc > MAX_WORDS) {
		fprintf(stderr, "BXCTL_FAKE=DIR %s COMMAND...\n", argv[0]);
		return 125;
	}
	snprintf(dir, sizeof(dir), "%s", chosen);
	if (open_kernel()) {
		perror(dir);
		return 125;
	}
	if (!strcmp(argv[1], "!decide"))
		return argc != 5 || fake_decide(argv[2], argv[3], argv[4]);
	if (!strcmp(argv[1], "!fingerprint")) {
		fake_fingerprint(argc > 2 ? argv[2] : "");
		return 0;
	}
	if (!strcmp(argv[1], "!device"))
		return argc < 5 || fake_add_device(argv[2], argv[3], argv[4], argv[5]);
	if (!strcmp(argv[1], "!group"))
		return argc != 4 || fake_group(argv[2], atoi(argv[3]));
	if (!strcmp(argv[1], "!signal")) {
		fake->signal_at = atoi(argv[2]);
		return 0;
	}
	if (argv[1][0] == '!')
		return by_test(argv[1]);
	snprintf(pins, sizeof(pins), "%s", in_dir("sys/fs/bpf/bus_ext"));
	setenv("BXCTL_SYSFS", in_dir("sys"), 1);
	memcpy(words, argv, sizeof(*words));
	words[1] = "--pin-dir";
	words[2] = pins;
	memcpy(words + 3, argv + 1, argc * sizeof(*words));
	return bxctl_main(argc + 2, words);
}
