/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * libbusext: YAML, as bundles have it
 *
 * A file is read whole, with limits, and without what makes YAML dangerous or
 * surprising: no aliases, no duplicate keys, and every key must be one that the
 * reader asks for.  Numbers are decimal or 0x; what is quoted is text.
 *
 * Each function that fails has left a message with the file, the line and the key
 * (bx_error()), BX_FAULT_REJECTED, and returns an errno.
 */
#ifndef _BUSEXT_YAML_H
#define _BUSEXT_YAML_H

#include <stdbool.h>
#include <stdint.h>

struct bx_handle;
struct fy_document;
struct fy_node;

/* Bytes of a file */
#define YAML_MAX	(1024 * 1024)

/**
 * struct yaml - a file that was read
 * @h: where errors go
 * @path: its name
 * @doc: what is in it
 * @text: its text, which @doc points into
 */
struct yaml {
	struct bx_handle	*h;
	const char		*path;
	struct fy_document	*doc;
	char			*text;
};

/* @shown: what @path is called in messages; it has to stay where it is */
int yaml_open(struct bx_handle *h, const char *path, const char *shown,
	      struct yaml *y);
int yaml_parse(struct bx_handle *h, const char *path, char *text, size_t len,
	       struct yaml *y);
void yaml_close(struct yaml *y);

int yaml_bad(const struct yaml *y, struct fy_node *node, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The outermost mapping or sequence; NULL when the file is empty. */
struct fy_node *yaml_root(const struct yaml *y);

/* Keys that @map may have, up to NULL. */
int yaml_keys(const struct yaml *y, struct fy_node *map,
	      const char *const *known);

/*
 * The value of a key of @map.  Without it, 0 and *@out is left alone if it is
 * optional, -ENOENT with a message if it is not.
 */
enum yaml_need { YAML_OPTIONAL, YAML_REQUIRED };

int yaml_text(const struct yaml *y, struct fy_node *map, const char *key,
	      enum yaml_need need, const char **out);
int yaml_number(const struct yaml *y, struct fy_node *map, const char *key,
		enum yaml_need need, int64_t min, int64_t max, int64_t *out);
int yaml_bool(const struct yaml *y, struct fy_node *map, const char *key,
	      enum yaml_need need, bool *out);
int yaml_map(const struct yaml *y, struct fy_node *map, const char *key,
	     enum yaml_need need, struct fy_node **out);
int yaml_list(const struct yaml *y, struct fy_node *map, const char *key,
	      enum yaml_need need, struct fy_node **out);

/* What a list or a mapping consists of; NULL after the last. */
struct fy_node *yaml_item(struct fy_node *list, unsigned int i);
struct fy_node *yaml_pair(struct fy_node *map, unsigned int i,
			  const char **key);

/* A node by itself. */
int yaml_scalar(const struct yaml *y, struct fy_node *node, const char **out);
bool yaml_is_map(struct fy_node *node);
bool yaml_is_list(struct fy_node *node);

/* Decimal or 0x, with a sign, and nothing else. */
bool number_from(const char *text, int64_t *out);

#endif /* _BUSEXT_YAML_H */
