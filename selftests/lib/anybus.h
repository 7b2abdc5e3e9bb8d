/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The bus of the module bxany for tests: its devices, and its drivers, which count their
 * probes
 */
#ifndef _ANYBUS_H
#define _ANYBUS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "bxtest.h"

#define BUS	"bxany"
#define DIR	"/sys/devices/bxany/"
#define DEV	"any0"

static inline int any(const char *file, const char *text)
{
	char path[64];

	snprintf(path, sizeof(path), DIR "%s", file);
	return bxt_write(path, text);
}

static inline int any_number(const char *file)
{
	char path[64], text[16];

	snprintf(path, sizeof(path), DIR "%s", file);
	return bxt_read(path, text, sizeof(text)) ? -1 : atoi(text);
}

static inline int probes_of(const char *driver)
{
	char text[256], *line;
	size_t len = strlen(driver);

	if (bxt_read(DIR "probes", text, sizeof(text)))
		return -1;
	for (line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		if (!strncmp(line, driver, len) && line[len] == ' ')
			return atoi(line + len);
	}
	return -1;
}

static inline int driver_file(const char *driver, const char *file, const char *device)
{
	char path[96];

	snprintf(path, sizeof(path), "/sys/bus/" BUS "/drivers/%s/%s", driver, file);
	return bxt_write(path, device);
}

/* Neither devices nor drivers; the module is loaded. */
static inline int any_reset(void)
{
	static const char *const drivers[] = { "a", "b", "async", "never" };
	int err = bxt_load("bxany") ?: any("devices", "0");

	for (unsigned int i = 0; i < sizeof(drivers) / sizeof(*drivers); i++)
		any("unregister", drivers[i]);
	return err ?: any("probes", "0") ?: any("domain", "0") ?: any("rejects", "-");
}

/* ---- for TEST_F bodies ---- */

#define devices(n)	ASSERT_EQ(0, any("devices", #n))
#define registers(name)	ASSERT_EQ(0, any("register", name))
#define EXPECT_ON(device, name) EXPECT_STREQ(name, bxt_bound_on(BUS, device))
#define EXPECT_PROBES(name, n)	EXPECT_EQ(n, probes_of(name))
#define attach_any(slot, ...)	attach(slot, .bus = BUS, __VA_ARGS__)

#endif /* _ANYBUS_H */
