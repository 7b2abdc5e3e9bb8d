/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * libbusext: YAML, as bundles have it
 *
 *	yaml_tree.c  from the text to nodes, by libyaml, with limits
 *	yaml.c       from the nodes to values
 *
 * A file is one document of mappings, lists and single values in printable UTF-8.
 * Whatever makes YAML dangerous, or lets two readers read two things, is refused:
 * aliases, anchors, tags, directives, '<<', duplicate keys, keys that are no single
 * value, a second document, control characters and line breaks within a value (also
 * as escapes), and keys that the reader does not ask for.  Numbers are decimal or 0x.
 *
 * Each function that fails has left a message with the file, the line and the key
 * (bx_error()), BX_FAULT_REJECTED, and returns an errno.
 */
#ifndef _BUSEXT_YAML_H
#define _BUSEXT_YAML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bx_handle;

/*
 * Limits of a file.  The largest that bxctl writes itself is a state of 8 generations
 * with 64 settings of 127 quotation marks: 160 KiB, and 1,000 values.
 */
#define YAML_MAX	(256 * 1024)	/* bytes */
#define YAML_NODES	16384		/* keys, values, lists and mappings */
#define YAML_DEPTH	32		/* lists and mappings within each other */

enum yaml_kind { YAML_VALUE, YAML_LIST, YAML_MAP };

/**
 * struct yaml_node - a value, list, mapping, or key
 * @kind: which of them
 * @line: where it starts, from 1
 * @column: the same within the line
 * @text: of a value or key: printable UTF-8, no NUL within
 * @quoted: it was not written as a plain word: "" is a value, and nothing is none
 * @key: its key, when it belongs to a mapping; else NULL
 * @kids: of a list: its items; of a mapping: key, value, key, value...
 * @nr_kids: how many
 * @room: for how many there is memory
 * @next: another node of the same file
 */
struct yaml_node {
	enum yaml_kind		kind;
	unsigned int		line;
	unsigned int		column;
	char			*text;
	bool			quoted;
	struct yaml_node	*key;
	struct yaml_node	**kids;
	unsigned int		nr_kids;
	unsigned int		room;
	struct yaml_node	*next;
};

/**
 * struct yaml - a file that was read
 * @h: where errors go
 * @path: its name
 * @root: the outermost node
 * @nodes: all nodes
 * @nr_nodes: how many
 */
struct yaml {
	struct bx_handle	*h;
	const char		*path;
	struct yaml_node	*root;
	struct yaml_node	*nodes;
	unsigned int		nr_nodes;
};

/* yaml_tree.c */
int yaml_build(struct yaml *y, const char *text, size_t len);
void yaml_close(struct yaml *y);

/* @shown: what @path is called in messages; it has to stay where it is */
int yaml_open(struct bx_handle *h, const char *path, const char *shown,
	      struct yaml *y);
int yaml_open_fd(struct bx_handle *h, int fd, const char *shown,
		 struct yaml *y);
int yaml_parse(struct bx_handle *h, const char *path, char *text, size_t len,
	       struct yaml *y);

/* @column: 0 when only the line counts; @line: 0 when it is the whole file */
int yaml_bad_at(const struct yaml *y, unsigned int line, unsigned int column,
		const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* Names the line of @node, or that of its key; no line for NULL. */
int yaml_bad(const struct yaml *y, const struct yaml_node *node,
	     const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* The outermost node, which every file has that could be read */
struct yaml_node *yaml_root(const struct yaml *y);

/* The value of a key of @map, for messages; @map without it. */
struct yaml_node *yaml_at(struct yaml_node *map, const char *key);

/* Keys that @map may have, up to NULL. */
int yaml_keys(const struct yaml *y, struct yaml_node *map,
	      const char *const *known);

/*
 * The value of a key of @map.  Without it, 0 and *@out is left alone if it is
 * optional, -ENOENT with a message if it is not.
 */
enum yaml_need { YAML_OPTIONAL, YAML_REQUIRED };

int yaml_text(const struct yaml *y, struct yaml_node *map, const char *key,
	      enum yaml_need need, const char **out);
int yaml_number(const struct yaml *y, struct yaml_node *map, const char *key,
		enum yaml_need need, int64_t min, int64_t max, int64_t *out);
/* An id of a device, in hexadecimal with or without 0x, of up to 32 bits */
bool id_from(const char *text, uint32_t *id);
int yaml_id(const struct yaml *y, struct yaml_node *map, const char *key,
	    uint32_t *id);

int yaml_bool(const struct yaml *y, struct yaml_node *map, const char *key,
	      enum yaml_need need, bool *out);
int yaml_map(const struct yaml *y, struct yaml_node *map, const char *key,
	     enum yaml_need need, struct yaml_node **out);
int yaml_list(const struct yaml *y, struct yaml_node *map, const char *key,
	      enum yaml_need need, struct yaml_node **out);

/* What a list or a mapping consists of; NULL after the last. */
struct yaml_node *yaml_item(struct yaml_node *list, unsigned int i);
struct yaml_node *yaml_pair(struct yaml_node *map, unsigned int i,
			    const char **key);

/* A node by itself. */
int yaml_scalar(const struct yaml *y, struct yaml_node *node,
		const char **out);
bool yaml_is_map(const struct yaml_node *node);
bool yaml_is_list(const struct yaml_node *node);

/* Decimal or 0x, with a sign, and nothing else. */
bool number_from(const char *text, int64_t *out);

#endif /* _BUSEXT_YAML_H */
