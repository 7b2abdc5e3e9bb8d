/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * bxctl: writing JSON, one value after the other
 *
 * The first argument is the member's name, NULL in an array and for the
 * outermost value.
 */
#ifndef _BXCTL_JSON_WRITER_H
#define _BXCTL_JSON_WRITER_H

#include <stdbool.h>
#include <stdio.h>

/**
 * struct json - a document that is being written
 * @out: the output
 * @depth: open objects and arrays
 * @first: nothing was written yet at this depth
 */
struct json {
	FILE		*out;
	unsigned int	depth;
	bool		first;
};

void json_start(struct json *j, FILE *out);
void json_object(struct json *j, const char *name);
void json_array(struct json *j, const char *name);
void json_end_object(struct json *j);
void json_end_array(struct json *j);
void json_string(struct json *j, const char *name, const char *value);
/* A string, or null when it is empty. */
void json_string_or_null(struct json *j, const char *name, const char *value);
void json_hex(struct json *j, const char *name, unsigned int digits,
	      unsigned long long value);
void json_int(struct json *j, const char *name, long long value);
void json_uint(struct json *j, const char *name, unsigned long long value);
void json_bool(struct json *j, const char *name, bool value);
void json_null(struct json *j, const char *name);

#endif /* _BXCTL_JSON_WRITER_H */
