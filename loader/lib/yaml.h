/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * libbusext: the subset of YAML that bundles use
 *
 *	yaml_tree.c  from the text to nodes, by libyaml, with limits
 *	yaml.c       from the nodes to values
 *
 * A file is one document of mappings, lists and single values in printable UTF-8.
 * Features that make YAML dangerous, or that two readers could read differently, are
 * refused: aliases, anchors, tags, directives, '<<', duplicate keys, keys that are not
 * single values, a second document, control characters and line breaks within a value
 * (also as escapes), and unknown keys.  Numbers are decimal or 0x.
 *
 * A function that fails sets a message with the file, the line and the key
 * (bx_error()) and BX_FAULT_REJECTED, and returns an errno.
 */
#ifndef _BUSEXT_YAML_H
#define _BUSEXT_YAML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bx_handle;

/*
 * Limits of a file.  The largest file that bxctl writes is a state of 8 generations
 * with 64 settings of 127 quotation marks: 160 KiB, and 1,000 values.
 */
#define YAML_MAX	(256 * 1024)	/* bytes */
#define YAML_NODES	16384		/* keys, values, lists and mappings */
#define YAML_DEPTH	32		/* lists and mappings within each other */

enum yaml_kind { YAML_VALUE, YAML_LIST, YAML_MAP };

/**
 * struct yaml_node - a value, list, mapping, or key
 * @kind: its kind
 * @line: line of its beginning, from 1
 * @column: column of its beginning, from 1
 * @text: text of a value or key: printable UTF-8 without NUL
 * @quoted: it was written in quotes or as a block: "" is a value, and nothing is not
 * @key: its key, when it belongs to a mapping; else NULL
 * @kids: items of a list, or key, value, key, value... of a mapping
 * @nr_kids: number of @kids
 * @room: number of @kids that memory is allocated for
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
 * @h: the handle, for errors
 * @path: its name
 * @root: the outermost node
 * @nodes: all nodes
 * @nr_nodes: number of @nodes
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

/* @shown: name of @path in messages; the string must stay valid until yaml_close() */
int yaml_open(struct bx_handle *h, const char *path, const char *shown,
	      struct yaml *y);
int yaml_open_fd(struct bx_handle *h, int fd, const char *shown,
		 struct yaml *y);
int yaml_parse(struct bx_handle *h, const char *path, char *text, size_t len,
	       struct yaml *y);

/* @column: 0 for the whole line; @line: 0 for the whole file */
int yaml_bad_at(const struct yaml *y, unsigned int line, unsigned int column,
		const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* Fails with the line of @node, or of its key; without a line for NULL. */
int yaml_bad(const struct yaml *y, const struct yaml_node *node,
	     const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Returns the outermost node, which is not NULL after a file was read. */
struct yaml_node *yaml_root(const struct yaml *y);

/* Returns the value of a key of @map for messages, or @map without such a key. */
struct yaml_node *yaml_at(struct yaml_node *map, const char *key);

/* Checks that @map has only keys of @known, which ends with NULL. */
int yaml_keys(const struct yaml *y, struct yaml_node *map,
	      const char *const *known);

/*
 * These functions read the value of a key of @map.  Without the key, they return 0 and do
 * not change *@out if it is optional, or -ENOENT with a message if it is required.
 */
enum yaml_need { YAML_OPTIONAL, YAML_REQUIRED };

int yaml_text(const struct yaml *y, struct yaml_node *map, const char *key,
	      enum yaml_need need, const char **out);
int yaml_number(const struct yaml *y, struct yaml_node *map, const char *key,
		enum yaml_need need, int64_t min, int64_t max, int64_t *out);
/* Parses an id of a device, in hexadecimal with or without 0x, of up to 32 bits. */
bool id_from(const char *text, uint32_t *id);
int yaml_id(const struct yaml *y, struct yaml_node *map, const char *key,
	    uint32_t *id);

int yaml_bool(const struct yaml *y, struct yaml_node *map, const char *key,
	      enum yaml_need need, bool *out);
int yaml_map(const struct yaml *y, struct yaml_node *map, const char *key,
	     enum yaml_need need, struct yaml_node **out);
int yaml_list(const struct yaml *y, struct yaml_node *map, const char *key,
	      enum yaml_need need, struct yaml_node **out);

/**
 * struct yaml_key - a key of a mapping
 * @key: its name
 * @need: whether it must be there
 * @read: reads its value to @to, one of the functions below; NULL if the caller does
 * @to: takes the value; unchanged without the key
 * @size: for yaml_read_chars(), size of @to
 * @min: for yaml_read_number(), the smallest value
 * @max: for yaml_read_number(), the largest value
 */
struct yaml_key {
	const char	*key;
	enum yaml_need	need;
	int		(*read)(const struct yaml *y, struct yaml_node *map,
				const struct yaml_key *k);
	void		*to;
	size_t		size;
	int64_t		min, max;
};

/* @to is a const char *, a char[], int64_t, uint32_t, bool and struct yaml_node * */
int yaml_read_text(const struct yaml *y, struct yaml_node *map,
		   const struct yaml_key *k);
int yaml_read_chars(const struct yaml *y, struct yaml_node *map,
		    const struct yaml_key *k);
int yaml_read_number(const struct yaml *y, struct yaml_node *map,
		     const struct yaml_key *k);
int yaml_read_id(const struct yaml *y, struct yaml_node *map,
		 const struct yaml_key *k);
int yaml_read_bool(const struct yaml *y, struct yaml_node *map,
		   const struct yaml_key *k);
int yaml_read_list(const struct yaml *y, struct yaml_node *map,
		   const struct yaml_key *k);

/* Reads a mapping, whose keys are those of the table and no others. */
#define yaml_read(y, map, keys) \
	yaml_read_keys(y, map, keys, sizeof(keys) / sizeof(*(keys)))
int yaml_read_keys(const struct yaml *y, struct yaml_node *map,
		   const struct yaml_key *keys, size_t nr_keys);

/* Return an item of a list or a pair of a mapping; NULL after the last. */
struct yaml_node *yaml_item(struct yaml_node *list, unsigned int i);
struct yaml_node *yaml_pair(struct yaml_node *map, unsigned int i,
			    const char **key);

/* Read a node itself. */
int yaml_scalar(const struct yaml *y, struct yaml_node *node,
		const char **out);
bool yaml_is_map(const struct yaml_node *node);
bool yaml_is_list(const struct yaml_node *node);

/* Parses a number, decimal or 0x, with a sign; refuses anything else. */
bool number_from(const char *text, int64_t *out);

#endif /* _BUSEXT_YAML_H */
