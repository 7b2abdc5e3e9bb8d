/* SPDX-License-Identifier: GPL-2.0-only */
/* Sorting, by the C library */
#ifndef _NATIVE_SORT_H
#define _NATIVE_SORT_H

#include <linux/types.h>

void sort(void *base, size_t n, size_t size,
	  int (*cmp)(const void *a, const void *b),
	  void (*swap_fn)(void *a, void *b, int size));

#endif /* _NATIVE_SORT_H */
