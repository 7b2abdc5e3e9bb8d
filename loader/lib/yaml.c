// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: the subset of YAML that bundles use: values of keys, and their errors
 */
#include <assert.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>

#include "internal.h"
#include "yaml.h"

/* ---- files ---- */

static int read_bytes(int fd, char *text, size_t size, size_t *len)
{
	ssize_t n;

	for (*len = 0; *len < size; *len += n) {
		n = read(fd, text + *len, size - *len);
		if (n < 0)
			return -errno;
		if (!n)
			break;
	}
	return 0;
}

static int read_whole(struct bx_handle *h, int fd, const char *shown,
		      char **text, size_t *len)
{
	struct stat st;
	int err;

	if (fstat(fd, &st))
		return fail(h, BX_FAULT_FAILED, errno, "cannot read '%s': %s",
			    shown, strerror(errno));
	if (!S_ISREG(st.st_mode) || st.st_size > YAML_MAX)
		return fail(h, BX_FAULT_REJECTED, EINVAL,
			    "'%s' is not a file of at most %d bytes", shown,
			    YAML_MAX);
	*text = malloc(st.st_size + 1);
	err = *text ? read_bytes(fd, *text, st.st_size, len) : -ENOMEM;
	if (err) {
		free(*text);
		*text = NULL;
		return fail(h, BX_FAULT_FAILED, err, "cannot read '%s': %s",
			    shown, strerror(-err));
	}
	(*text)[*len] = '\0';
	return 0;
}

/* Parses and frees @text. */
int yaml_parse(struct bx_handle *h, const char *path, char *text, size_t len,
	       struct yaml *y)
{
	int err;

	*y = (struct yaml) { .h = h, .path = path };
	err = yaml_build(y, text, len);
	free(text);
	if (err)
		yaml_close(y);
	return err;
}

int yaml_open_fd(struct bx_handle *h, int fd, const char *shown,
		 struct yaml *y)
{
	char *text = NULL;
	size_t len = 0;
	int err;

	*y = (struct yaml) {};
	err = read_whole(h, fd, shown, &text, &len);
	return err ?: yaml_parse(h, shown, text, len, y);
}

int yaml_open(struct bx_handle *h, const char *path, const char *shown,
	      struct yaml *y)
{
	int fd, err;

	*y = (struct yaml) {};
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return fail(h, BX_FAULT_FAILED, errno, "cannot open '%s': %s",
			    shown, strerror(errno));
	err = yaml_open_fd(h, fd, shown, y);
	close(fd);
	return err;
}

/* ---- nodes ---- */

static int bad(const struct yaml *y, unsigned int line, unsigned int column,
	       const char *fmt, va_list args)
{
	char text[512], at[32] = "";

	vsnprintf(text, sizeof(text), fmt, args);
	if (line && column)
		snprintf(at, sizeof(at), ":%u:%u", line, column);
	else if (line)
		snprintf(at, sizeof(at), ":%u", line);
	return fail(y->h, BX_FAULT_REJECTED, EINVAL, "%s%s: %s", y->path, at,
		    text);
}

int yaml_bad_at(const struct yaml *y, unsigned int line, unsigned int column,
		const char *fmt, ...)
{
	va_list args;
	int err;

	va_start(args, fmt);
	err = bad(y, line, column, fmt, args);
	va_end(args);
	return err;
}

int yaml_bad(const struct yaml *y, const struct yaml_node *node,
	     const char *fmt, ...)
{
	va_list args;
	int err;

	if (node && node->key)
		node = node->key;
	va_start(args, fmt);
	err = bad(y, node ? node->line : 0, 0, fmt, args);
	va_end(args);
	return err;
}

struct yaml_node *yaml_root(const struct yaml *y)
{
	return y->root;
}

bool yaml_is_map(const struct yaml_node *node)
{
	return node && node->kind == YAML_MAP;
}

bool yaml_is_list(const struct yaml_node *node)
{
	return node && node->kind == YAML_LIST;
}

struct yaml_node *yaml_item(struct yaml_node *list, unsigned int i)
{
	return i < list->nr_kids ? list->kids[i] : NULL;
}

struct yaml_node *yaml_pair(struct yaml_node *map, unsigned int i,
			    const char **key)
{
	*key = NULL;
	if (i >= map->nr_kids / 2)
		return NULL;
	*key = map->kids[2 * i]->text;
	return map->kids[2 * i + 1];
}

static struct yaml_node *lookup(struct yaml_node *map, const char *key)
{
	for (unsigned int i = 0; i + 1 < map->nr_kids; i += 2)
		if (!strcmp(map->kids[i]->text, key))
			return map->kids[i + 1];
	return NULL;
}

struct yaml_node *yaml_at(struct yaml_node *map, const char *key)
{
	return lookup(map, key) ?: map;
}

static int unknown_key(const struct yaml *y, const struct yaml_node *key,
		       const char *const *known)
{
	const char *meant = text_nearest(key->text, known);
	char list[512] = "";
	size_t len = 0;

	for (int k = 0; known[k] && len < sizeof(list); k++)
		len += snprintf(list + len, sizeof(list) - len, "%s%s",
				len ? ", " : "", known[k]);
	return yaml_bad(y, key, "unknown key '%.64s'%s%s%s; known keys: %s",
			key->text, meant ? " (did you mean '" : "",
			meant ?: "", meant ? "'?)" : "", list);
}

int yaml_keys(const struct yaml *y, struct yaml_node *map,
	      const char *const *known)
{
	int k;

	for (unsigned int i = 0; i < map->nr_kids; i += 2) {
		for (k = 0; known[k] && strcmp(known[k], map->kids[i]->text); k++)
			;
		if (!known[k])
			return unknown_key(y, map->kids[i], known);
	}
	return 0;
}

/* ---- values ---- */

int yaml_scalar(const struct yaml *y, struct yaml_node *node, const char **out)
{
	if (!node || node->kind != YAML_VALUE)
		return yaml_bad(y, node, "expected a single value");
	if (!node->text[0] && !node->quoted)
		return yaml_bad(y, node, "a value is missing");
	*out = node->text;
	return 0;
}

/* Returns 1 with a node, 0 without an optional one, or an errno. */
static int find(const struct yaml *y, struct yaml_node *map, const char *key,
		enum yaml_need need, struct yaml_node **out)
{
	*out = lookup(map, key);
	if (*out)
		return 1;
	if (need == YAML_OPTIONAL)
		return 0;
	yaml_bad(y, map, "the key '%s' is missing", key);
	return -ENOENT;
}

int yaml_text(const struct yaml *y, struct yaml_node *map, const char *key,
	      enum yaml_need need, const char **out)
{
	struct yaml_node *node;
	int ret = find(y, map, key, need, &node);

	if (ret <= 0)
		return ret;
	if (node->kind != YAML_VALUE)
		return yaml_bad(y, node, "'%s' must be a single value", key);
	if (!node->text[0] && !node->quoted)
		return yaml_bad(y, node, "'%s' has no value", key);
	*out = node->text;
	return 0;
}

bool number_from(const char *text, int64_t *out)
{
	const char *digits = text + (*text == '-' || *text == '+');
	char *end;

	if (*digits < '0' || *digits > '9')
		return false;
	errno = 0;
	*out = strtoll(text, &end, strncmp(digits, "0x", 2) ? 10 : 16);
	return !*end && end > digits && !errno;
}

int yaml_number(const struct yaml *y, struct yaml_node *map, const char *key,
		enum yaml_need need, int64_t min, int64_t max, int64_t *out)
{
	const char *text = NULL;
	int64_t n;
	int ret = yaml_text(y, map, key, need, &text);

	if (ret || !text)
		return ret;
	if (!number_from(text, &n) || n < min || n > max)
		return yaml_bad(y, yaml_at(map, key),
				"'%s' must be a number from %lld to %lld, not '%.64s'",
				key, (long long)min, (long long)max, text);
	*out = n;
	return 0;
}

bool id_from(const char *text, uint32_t *id)
{
	size_t digits;

	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
		text += 2;
	digits = strspn(text, "0123456789abcdefABCDEF");
	if (!digits || digits > 8 || text[digits])
		return false;
	*id = strtoul(text, NULL, 16);
	return true;
}

int yaml_id(const struct yaml *y, struct yaml_node *map, const char *key,
	    uint32_t *id)
{
	const char *text = NULL;
	int ret = yaml_text(y, map, key, YAML_OPTIONAL, &text);

	if (ret || !text || id_from(text, id))
		return ret;
	return yaml_bad(y, yaml_at(map, key),
			"'%s' must be an id in hexadecimal (0x10de or 10de), got '%.64s'",
			key, text);
}

int yaml_bool(const struct yaml *y, struct yaml_node *map, const char *key,
	      enum yaml_need need, bool *out)
{
	const char *text = NULL;
	int ret = yaml_text(y, map, key, need, &text);

	if (ret || !text)
		return ret;
	if (strcmp(text, "true") && strcmp(text, "false"))
		return yaml_bad(y, yaml_at(map, key),
				"'%s' must be true or false, not '%.64s'", key,
				text);
	*out = text[0] == 't';
	return 0;
}

int yaml_map(const struct yaml *y, struct yaml_node *map, const char *key,
	     enum yaml_need need, struct yaml_node **out)
{
	struct yaml_node *node;
	int ret = find(y, map, key, need, &node);

	if (ret <= 0)
		return ret;
	if (!yaml_is_map(node))
		return yaml_bad(y, node, "'%s' must be a mapping ('key: value')",
				key);
	*out = node;
	return 0;
}

int yaml_list(const struct yaml *y, struct yaml_node *map, const char *key,
	      enum yaml_need need, struct yaml_node **out)
{
	struct yaml_node *node;
	int ret = find(y, map, key, need, &node);

	if (ret <= 0)
		return ret;
	if (!yaml_is_list(node))
		return yaml_bad(y, node, "'%s' must be a list ('- item')", key);
	*out = node;
	return 0;
}

/* ---- tables of keys ---- */

int yaml_read_text(const struct yaml *y, struct yaml_node *map,
		   const struct yaml_key *k)
{
	return yaml_text(y, map, k->key, k->need, k->to);
}

int yaml_read_chars(const struct yaml *y, struct yaml_node *map,
		    const struct yaml_key *k)
{
	const char *text = NULL;
	int err = yaml_text(y, map, k->key, k->need, &text);

	if (err || !text)
		return err;
	if (strlen(text) >= k->size)
		return yaml_bad(y, yaml_at(map, k->key),
				"'%s' has more than %zu characters", k->key,
				k->size - 1);
	memset(k->to, 0, k->size);
	strcpy(k->to, text);
	return 0;
}

int yaml_read_number(const struct yaml *y, struct yaml_node *map,
		     const struct yaml_key *k)
{
	return yaml_number(y, map, k->key, k->need, k->min, k->max, k->to);
}

int yaml_read_id(const struct yaml *y, struct yaml_node *map,
		 const struct yaml_key *k)
{
	return yaml_id(y, map, k->key, k->to);
}

int yaml_read_bool(const struct yaml *y, struct yaml_node *map,
		   const struct yaml_key *k)
{
	return yaml_bool(y, map, k->key, k->need, k->to);
}

int yaml_read_list(const struct yaml *y, struct yaml_node *map,
		   const struct yaml_key *k)
{
	return yaml_list(y, map, k->key, k->need, k->to);
}

int yaml_read_keys(const struct yaml *y, struct yaml_node *map,
		   const struct yaml_key *keys, size_t nr_keys)
{
	const char *known[32];
	int err;

	assert(nr_keys < sizeof(known) / sizeof(*known));
	for (size_t i = 0; i < nr_keys; i++)
		known[i] = keys[i].key;
	known[nr_keys] = NULL;
	err = yaml_keys(y, map, known);
	for (size_t i = 0; !err && i < nr_keys; i++)
		if (keys[i].read)
			err = keys[i].read(y, map, &keys[i]);
	return err;
}
