/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Functions that the fuzz targets share.  Each target gets the bytes of a file that a
 * stranger wrote; it must report faults with a message, and nothing else may happen.
 */
#ifndef _BUSEXT_FUZZ_H
#define _BUSEXT_FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>

#include "../../lib/bundle.h"
#include "../../lib/sign.h"
#include "../../lib/state.h"
#include "../../lib/tree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A text that its reader frees */
static inline char *text_of(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	if (!text)
		abort();
	memcpy(text, data, size);
	text[size] = '\0';
	return text;
}

/* A directory for the whole run, in memory where there is one */
static inline const char *fuzz_dir(void)
{
	static char dir[] = "/dev/shm/bus_ext-fuzz.XXXXXX";
	static bool made;

	if (!made && !mkdtemp(dir))
		abort();
	made = true;
	return dir;
}

/* The handle of a run, whose files are in fuzz_dir() */
static inline struct bx_handle *fuzz_handle(void)
{
	static struct bx_handle *h;
	char sys[128], conf[128], state[128];
	struct bx_open_opts opts = {
		.sysfs = sys, .conf_dir = conf, .state_dir = state,
	};

	if (h)
		return h;
	snprintf(sys, sizeof(sys), "%s/sys", fuzz_dir());
	snprintf(conf, sizeof(conf), "%s/etc", fuzz_dir());
	snprintf(state, sizeof(state), "%s/var", fuzz_dir());
	if (bx_open(&h, &opts))
		abort();
	return h;
}

/* A refusal must have a reason and a class. */
static inline void said(struct bx_handle *h, int err)
{
	if (err < 0 && (!bx_error(h)[0] || bx_fault(h) == BX_FAULT_NONE))
		abort();
}

#endif /* _BUSEXT_FUZZ_H */
