/* SPDX-License-Identifier: GPL-2.0-only */
/* Strings, and text that is bounded */
#ifndef _NATIVE_STRING_H
#define _NATIVE_STRING_H

#include <stdio.h>
#include <string.h>
#include <linux/types.h>

ssize_t strscpy(char *to, const char *from, size_t size);
ssize_t strscpy_pad(char *to, const char *from, size_t size);
const void *memchr_inv(const void *from, int byte, size_t size);
int vscnprintf(char *buf, size_t size, const char *fmt, va_list args);
int scnprintf(char *buf, size_t size, const char *fmt, ...) __printf(3, 4);

#endif /* _NATIVE_STRING_H */
