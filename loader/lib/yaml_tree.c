// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: making nodes from the text of a YAML file
 *
 * libyaml reports events; features that bundles must not use are refused at their event,
 * so aliases, depth and size do not cost more than the text before them.  The loader of
 * libyaml is not used, since it accepts aliases, tags and duplicate keys.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "internal.h"
#include "yaml.h"

#define BOM	"\xef\xbb\xbf"

/**
 * struct builder - state while nodes are made
 * @y: the file
 * @open: lists and mappings that have begun and not ended, the outermost first
 * @depth: number of @open
 * @documents: number of documents that have begun
 * @ended: the first document has ended
 */
struct builder {
	struct yaml		*y;
	struct yaml_node	*open[YAML_DEPTH];
	unsigned int		depth;
	unsigned int		documents;
	bool			ended;
};

/* ---- errors ---- */

static int no_memory(struct yaml *y)
{
	return fail(y->h, BX_FAULT_FAILED, ENOMEM, "out of memory");
}

static int second_document(struct yaml *y, const yaml_mark_t *at)
{
	return yaml_bad_at(y, at->line + 1, at->column + 1,
			   "a file must have only one document; nothing may follow its end");
}

static int syntax_error(struct builder *b, const yaml_parser_t *parser)
{
	const yaml_mark_t *at = &parser->problem_mark;
	struct yaml *y = b->y;

	if (parser->error == YAML_MEMORY_ERROR)
		return no_memory(y);
	if (b->ended)
		return second_document(y, at);
	if (parser->context)
		return yaml_bad_at(y, at->line + 1, at->column + 1,
				   "invalid YAML: %s (%s that starts in line %zu)",
				   parser->problem, parser->context,
				   parser->context_mark.line + 1);
	return yaml_bad_at(y, at->line + 1, at->column + 1, "invalid YAML: %s",
			   parser->problem ?: "unknown reason");
}

/* ---- the text as a whole ---- */

/* Returns the length of a character that a file may contain; 0 for others. */
static size_t plain(const char *text, size_t left)
{
	if (*text == '\n' || *text == '\t')
		return 1;
	if (*text == '\r')
		return left > 1 && text[1] == '\n';
	return text_char(text, left, NULL);
}

static int check_text(struct yaml *y, const char *text, size_t len)
{
	unsigned int line = 1;
	size_t n;

	if (len > YAML_MAX)
		return fail(y->h, BX_FAULT_REJECTED, EINVAL,
			    "%s: the file has %zu bytes; at most %d are allowed",
			    y->path, len, YAML_MAX);
	if (len >= strlen(BOM) && !memcmp(text, BOM, strlen(BOM)))
		return yaml_bad_at(y, 1, 1,
				   "the file starts with a byte order mark (BOM); save it as UTF-8 without one");
	for (size_t at = 0; at < len; at += n) {
		n = plain(text + at, len - at);
		if (!n)
			return fail(y->h, BX_FAULT_REJECTED, EINVAL,
				    "%s:%u: the byte 0x%02x is not part of printable UTF-8 text",
				    y->path, line, (unsigned char)text[at]);
		if (text[at] == '%' && (!at || text[at - 1] == '\n'))
			return yaml_bad_at(y, line, 1,
					   "directives (lines that start with '%%') are not allowed");
		line += text[at] == '\n';
	}
	return 0;
}

/* ---- nodes ---- */

static int add_kid(struct yaml *y, struct yaml_node *to, struct yaml_node *kid)
{
	unsigned int room = to->room ? 2 * to->room : 8;
	void *more;

	if (to->nr_kids == to->room) {
		more = reallocarray(to->kids, room, sizeof(*to->kids));
		if (!more)
			return no_memory(y);
		to->kids = more;
		to->room = room;
	}
	to->kids[to->nr_kids++] = kid;
	return 0;
}

static struct yaml_node *new_node(struct yaml *y, enum yaml_kind kind,
				  const yaml_mark_t *mark)
{
	struct yaml_node *node = calloc(1, sizeof(*node));

	if (!node)
		return NULL;
	node->kind = kind;
	node->line = mark->line + 1;
	node->column = mark->column + 1;
	node->next = y->nodes;
	y->nodes = node;
	y->nr_nodes++;
	return node;
}

/* Returns whether the next node of @map is a key. */
static bool wants_key(const struct yaml_node *map)
{
	return map && map->kind == YAML_MAP && map->nr_kids % 2 == 0;
}

static struct yaml_node *innermost(const struct builder *b)
{
	return b->depth ? b->open[b->depth - 1] : NULL;
}

/* Adds a node at the next position: the root, an item, a key, or a key's value. */
static int place(struct builder *b, struct yaml_node *node)
{
	struct yaml_node *in = innermost(b);

	if (!in) {
		b->y->root = node;
		return 0;
	}
	if (in->kind == YAML_MAP && !wants_key(in))
		node->key = in->kids[in->nr_kids - 1];
	return add_kid(b->y, in, node);
}

static int check_node(struct builder *b, const yaml_event_t *event,
		      const void *anchor, const void *tag)
{
	const yaml_mark_t *at = &event->start_mark;
	const char *what = NULL;

	if (anchor)
		what = "anchors ('&name') are not allowed";
	else if (tag)
		what = "tags ('!name') are not allowed";
	else if (wants_key(innermost(b)) && event->type != YAML_SCALAR_EVENT)
		what = "a key must be a single value";
	if (what)
		return yaml_bad_at(b->y, at->line + 1, at->column + 1, "%s", what);
	if (b->y->nr_nodes < YAML_NODES)
		return 0;
	return yaml_bad_at(b->y, at->line + 1, at->column + 1,
			   "the file has more than %d keys and values", YAML_NODES);
}

static int begin(struct builder *b, const yaml_event_t *event,
		 enum yaml_kind kind)
{
	const yaml_mark_t *at = &event->start_mark;
	struct yaml_node *node;
	int err;

	if (b->depth == YAML_DEPTH)
		return yaml_bad_at(b->y, at->line + 1, at->column + 1,
				   "more than %d lists and mappings within each other",
				   YAML_DEPTH);
	node = new_node(b->y, kind, at);
	if (!node)
		return no_memory(b->y);
	err = place(b, node);
	b->open[b->depth++] = node;
	return err;
}

/* ---- values ---- */

/* Checks that a value is one line of printable text, also the result of its escapes. */
static int check_value(struct builder *b, const struct yaml_node *node,
		       size_t len)
{
	unsigned int c;
	size_t n;

	for (size_t at = 0; at < len; at += n) {
		n = text_char(node->text + at, len - at, &c);
		if (!n && c == '\n')
			return yaml_bad_at(b->y, node->line, node->column,
					   "a value must be one line of text; '>-' folds several lines into one");
		if (!n)
			return yaml_bad_at(b->y, node->line, node->column,
					   "the control character U+%04X is not allowed in a value",
					   c);
	}
	return 0;
}

static int check_key(struct builder *b, const struct yaml_node *node)
{
	if (!node->text[0])
		return yaml_bad_at(b->y, node->line, node->column,
				   "a key must not be empty");
	if (!strcmp(node->text, "<<"))
		return yaml_bad_at(b->y, node->line, node->column,
				   "merge keys ('<<') are not allowed");
	return 0;
}

static int add_value(struct builder *b, const yaml_event_t *event)
{
	const char *text = (const char *)event->data.scalar.value;
	yaml_scalar_style_t style = event->data.scalar.style;
	bool is_key = wants_key(innermost(b));
	size_t len = event->data.scalar.length;
	struct yaml_node *node;
	int err;

	node = new_node(b->y, YAML_VALUE, &event->start_mark);
	if (!node)
		return no_memory(b->y);
	/* the line break that ends a block is not part of the text */
	if (style == YAML_LITERAL_SCALAR_STYLE ||
	    style == YAML_FOLDED_SCALAR_STYLE)
		while (len && text[len - 1] == '\n')
			len--;
	node->quoted = style != YAML_PLAIN_SCALAR_STYLE;
	node->text = malloc(len + 1);
	if (!node->text)
		return no_memory(b->y);
	memcpy(node->text, text, len);
	node->text[len] = '\0';
	err = check_value(b, node, len);
	if (!err && is_key)
		err = check_key(b, node);
	return err ?: place(b, node);
}

/* ---- duplicate keys ---- */

/* Sorts by text; equal keys by their position in the file. */
static int compare_keys(const void *a, const void *b)
{
	const struct yaml_node *x = *(struct yaml_node *const *)a;
	const struct yaml_node *y = *(struct yaml_node *const *)b;
	int order = strcmp(x->text, y->text);

	if (order)
		return order;
	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	return x->column < y->column ? -1 : x->column > y->column;
}

static int check_duplicates(struct builder *b, const struct yaml_node *map)
{
	unsigned int n = map->nr_kids / 2;
	struct yaml_node **keys = reallocarray(NULL, n + 1, sizeof(*keys));
	int err = 0;

	if (!keys)
		return no_memory(b->y);
	for (unsigned int i = 0; i < n; i++)
		keys[i] = map->kids[2 * i];
	qsort(keys, n, sizeof(*keys), compare_keys);
	for (unsigned int i = 1; !err && i < n; i++)
		if (!strcmp(keys[i - 1]->text, keys[i]->text))
			err = yaml_bad_at(b->y, keys[i]->line, keys[i]->column,
					  "duplicate key '%.64s', first in line %u",
					  keys[i]->text, keys[i - 1]->line);
	free(keys);
	return err;
}

static int end(struct builder *b)
{
	const struct yaml_node *node = b->open[--b->depth];

	return node->kind == YAML_MAP ? check_duplicates(b, node) : 0;
}

/* ---- events ---- */

static int begin_document(struct builder *b, const yaml_event_t *event)
{
	return !b->documents++ ? 0 : second_document(b->y, &event->start_mark);
}

static int end_stream(struct builder *b)
{
	const struct yaml_node *root = b->y->root;

	if (root && (root->kind != YAML_VALUE || root->text[0] || root->quoted))
		return 0;
	return fail(b->y->h, BX_FAULT_REJECTED, EINVAL, "%s: the file is empty",
		    b->y->path);
}

static int take_event(struct builder *b, const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		return begin_document(b, event);
	case YAML_DOCUMENT_END_EVENT:
		b->ended = true;
		return 0;
	case YAML_ALIAS_EVENT:
		return yaml_bad_at(b->y, event->start_mark.line + 1,
				   event->start_mark.column + 1,
				   "aliases ('*name') are not allowed");
	case YAML_SCALAR_EVENT:
		return check_node(b, event, event->data.scalar.anchor,
				  event->data.scalar.tag) ?:
			add_value(b, event);
	case YAML_SEQUENCE_START_EVENT:
		return check_node(b, event, event->data.sequence_start.anchor,
				  event->data.sequence_start.tag) ?:
			begin(b, event, YAML_LIST);
	case YAML_MAPPING_START_EVENT:
		return check_node(b, event, event->data.mapping_start.anchor,
				  event->data.mapping_start.tag) ?:
			begin(b, event, YAML_MAP);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		return end(b);
	case YAML_STREAM_END_EVENT:
		return end_stream(b);
	default:
		return 0;
	}
}

/**
 * yaml_build() - make the nodes of a file
 * @y: the file, with @h and @path; takes the nodes
 * @text: its text
 * @len: the length of @text
 *
 * Return: 0; with a message -EINVAL when the text is not acceptable, -ENOMEM.  Then, too,
 * yaml_close() releases what there is.
 */
int yaml_build(struct yaml *y, const char *text, size_t len)
{
	struct builder b = { .y = y };
	yaml_parser_t parser;
	yaml_event_t event;
	bool ended = false;
	int err;

	err = check_text(y, text, len);
	if (err)
		return err;
	if (!yaml_parser_initialize(&parser))
		return no_memory(y);
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
	while (!err && !ended) {
		if (!yaml_parser_parse(&parser, &event)) {
			err = syntax_error(&b, &parser);
			break;
		}
		err = take_event(&b, &event);
		ended = event.type == YAML_STREAM_END_EVENT;
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&parser);
	return err;
}

void yaml_close(struct yaml *y)
{
	struct yaml_node *node, *next;

	for (node = y->nodes; node; node = next) {
		next = node->next;
		free(node->text);
		free(node->kids);
		free(node);
	}
	y->root = NULL;
	y->nodes = NULL;
	y->nr_nodes = 0;
}
