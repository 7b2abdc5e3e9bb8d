/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * libbusext: which modules a kernel has for which devices, see rules_import.c
 */
#ifndef _BUSEXT_RULES_IMPORT_H
#define _BUSEXT_RULES_IMPORT_H

#include <stddef.h>
#include <linux/bus_ext.h>

struct bx_handle;

/**
 * struct rules_alias - a pattern, and the drivers that claim what matches
 * @pattern: the pattern, as modprobe has it
 * @bus: its bus
 * @driver: the drivers, each once
 * @n: number of drivers
 * @next: index of another pattern with the same hash, or -1
 */
struct rules_alias {
	char	*pattern;
	char	bus[BX_NAME_LEN];
	char	(*driver)[BX_NAME_LEN];
	size_t	n;
	long	next;
};

/**
 * struct rules_aliases - the patterns of a kernel
 * @alias: the patterns, each once, in the order of the file
 * @n: number of patterns
 * @room: number of patterns that memory is allocated for
 * @first: for each hash, the index of a pattern, or -1
 * @skipped: number of lines that tell no bus
 * @unnamed: number of lines whose module has a name that is too long for a driver
 */
struct rules_aliases {
	struct rules_alias	*alias;
	size_t			n;
	size_t			room;
	long			*first;
	size_t			skipped;
	size_t			unnamed;
};

/* Reads a file modules.alias; @path: NULL for that of the running kernel; @bus: NULL for all */
int rules_aliases_read(struct bx_handle *h, const char *path, const char *bus,
		       struct rules_aliases *list);
void rules_aliases_free(struct rules_aliases *list);

#endif /* _BUSEXT_RULES_IMPORT_H */
