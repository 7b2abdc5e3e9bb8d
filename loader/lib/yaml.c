// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: YAML, as bundles have it; on top of libfyaml
 */
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>
#include <libfyaml.h>

#include "internal.h"
#include "yaml.h"

static int read_whole(struct bx_handle *h, const char *path, const char *shown,
		      char **text, size_t *len)
{
	struct stat st;
	ssize_t n;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st)) {
		int err = errno;

		if (fd >= 0)
			close(fd);
		return fail(h, BX_FAULT_FAILED, err, "cannot open '%s': %s",
			    shown, strerror(err));
	}
	if (!S_ISREG(st.st_mode) || st.st_size > YAML_MAX) {
		close(fd);
		return fail(h, BX_FAULT_REJECTED, EINVAL,
			    "'%s' is not a file of at most %d bytes", shown,
			    YAML_MAX);
	}
	*text = malloc(st.st_size + 1);
	n = *text ? read(fd, *text, st.st_size) : -1;
	close(fd);
	if (n < 0) {
		free(*text);
		*text = NULL;
		return fail(h, BX_FAULT_FAILED, EIO, "cannot read '%s'", shown);
	}
	(*text)[n] = '\0';
	*len = n;
	return 0;
}

static int syntax_error(struct bx_handle *h, const char *path,
			struct fy_diag *diag)
{
	struct fy_diag_error *e;
	void *iter = NULL;

	e = diag ? fy_diag_errors_iterate(diag, &iter) : NULL;
	if (!e)
		return fail(h, BX_FAULT_REJECTED, EINVAL,
			    "%s: this is not YAML", path);
	return fail(h, BX_FAULT_REJECTED, EINVAL, "%s:%d:%d: %s", path,
		    e->line, e->column, e->msg);
}

/* Bytes of the character at @p, 0 when it is none of UTF-8 that is printable. */
static size_t character(const unsigned char *p, size_t left)
{
	static const unsigned int least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t len = *p < 0x80 ? 1 : *p >> 5 == 6 ? 2 : *p >> 4 == 14 ? 3 :
		*p >> 3 == 30 ? 4 : 0;
	unsigned int c;

	if (!len || len > left)
		return 0;
	if (len == 1)
		return (*p >= ' ' && *p != 0x7f) ||
			(*p && strchr("\n\r\t", *p));
	c = *p & (0x7f >> len);
	for (size_t i = 1; i < len; i++) {
		if (p[i] >> 6 != 2)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	return c >= least[len] && c >= 0xa0 && c <= 0x10ffff &&
		(c < 0xd800 || c > 0xdfff) && c != 0xfeff && c != 0x2028 &&
		c != 0x2029 ? len : 0;
}

/*
 * Not everything that is YAML: libfyaml 0.7 does not come back from some directives
 * and from bytes that are not UTF-8.
 */
static int check_text(struct bx_handle *h, const char *path, const char *text,
		      size_t len)
{
	const unsigned char *p = (const unsigned char *)text;
	unsigned int line = 1;
	size_t n;

	for (size_t at = 0; at < len; at += n) {
		n = character(p + at, len - at);
		if (!n)
			return fail(h, BX_FAULT_REJECTED, EINVAL,
				    "%s:%u: this is not text: it has the byte 0x%02x, which is not printable UTF-8",
				    path, line, p[at]);
		if (p[at] == '%' && (!at || strchr("\n\r", p[at - 1])))
			return fail(h, BX_FAULT_REJECTED, EINVAL,
				    "%s:%u: a line may not start with '%%': directives of YAML are not for bundles",
				    path, line);
		line += p[at] == '\n';
	}
	return 0;
}

/* Takes @text over. */
int yaml_parse(struct bx_handle *h, const char *path, char *text, size_t len,
	       struct yaml *y)
{
	struct fy_parse_cfg cfg = { .flags = FYPCF_QUIET | FYPCF_JSON_NONE };
	struct fy_diag_cfg diag_cfg;
	int err = 0;

	*y = (struct yaml) { .h = h, .path = path, .text = text };
	err = check_text(h, path, text, len);
	if (err) {
		yaml_close(y);
		return err;
	}
	fy_diag_cfg_default(&diag_cfg);
	diag_cfg.fp = NULL;
	cfg.diag = fy_diag_create(&diag_cfg);
	if (cfg.diag)
		fy_diag_set_collect_errors(cfg.diag, true);
	y->doc = fy_document_build_from_string(&cfg, text, len);
	if (!y->doc)
		err = syntax_error(h, path, cfg.diag);
	if (cfg.diag)
		fy_diag_destroy(cfg.diag);
	if (err)
		yaml_close(y);
	return err;
}

int yaml_open(struct bx_handle *h, const char *path, const char *shown,
	      struct yaml *y)
{
	char *text = NULL;
	size_t len = 0;
	int err;

	*y = (struct yaml) {};
	err = read_whole(h, path, shown, &text, &len);
	return err ?: yaml_parse(h, shown, text, len, y);
}

void yaml_close(struct yaml *y)
{
	if (y->doc)
		fy_document_destroy(y->doc);
	free(y->text);
	y->doc = NULL;
	y->text = NULL;
}

static int line_of(struct fy_node *node)
{
	const struct fy_mark *mark = NULL;
	struct fy_token *token = NULL;
	struct fy_node_pair *pair;
	struct fy_node *first = NULL;

	if (!node)
		return 0;
	if (fy_node_is_scalar(node)) {
		token = fy_node_get_scalar_token(node);
	} else if (fy_node_is_mapping(node)) {
		pair = fy_node_mapping_get_by_index(node, 0);
		first = pair ? fy_node_pair_key(pair) : NULL;
	} else if (fy_node_is_sequence(node)) {
		first = fy_node_sequence_get_by_index(node, 0);
	}
	if (first)
		return line_of(first);
	mark = token ? fy_token_start_mark(token) : NULL;
	return mark ? mark->line + 1 : 0;
}

int yaml_bad(const struct yaml *y, struct fy_node *node, const char *fmt, ...)
{
	int line = line_of(node);
	char text[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (!line)
		return fail(y->h, BX_FAULT_REJECTED, EINVAL, "%s: %s", y->path,
			    text);
	return fail(y->h, BX_FAULT_REJECTED, EINVAL, "%s:%d: %s", y->path, line,
		    text);
}

struct fy_node *yaml_root(const struct yaml *y)
{
	return fy_document_root(y->doc);
}

bool yaml_is_map(struct fy_node *node)
{
	return node && fy_node_is_mapping(node);
}

bool yaml_is_list(struct fy_node *node)
{
	return node && fy_node_is_sequence(node);
}

struct fy_node *yaml_item(struct fy_node *list, unsigned int i)
{
	return fy_node_sequence_get_by_index(list, i);
}

struct fy_node *yaml_pair(struct fy_node *map, unsigned int i,
			  const char **key)
{
	struct fy_node_pair *pair = fy_node_mapping_get_by_index(map, i);
	struct fy_node *name = pair ? fy_node_pair_key(pair) : NULL;

	/* fy_node_mapping_get_by_index() takes -1 for the last */
	*key = "?";
	if (!pair || (int)i < 0)
		return NULL;
	if (name && fy_node_is_scalar(name) && !fy_node_is_alias(name))
		*key = fy_node_get_scalar0(name) ?: "?";
	return fy_node_pair_value(pair);
}

int yaml_keys(const struct yaml *y, struct fy_node *map,
	      const char *const *known)
{
	char list[256] = "";
	const char *key;
	size_t len = 0;
	int k;

	for (int i = 0; i < fy_node_mapping_item_count(map); i++) {
		yaml_pair(map, i, &key);
		for (k = 0; known[k] && strcmp(known[k], key); k++)
			;
		if (known[k])
			continue;
		for (k = 0; known[k] && len < sizeof(list); k++)
			len += snprintf(list + len, sizeof(list) - len, "%s%s",
					len ? ", " : "", known[k]);
		return yaml_bad(y, map, "there is no key '%s' here; there are: %s",
				key, list);
	}
	return 0;
}

int yaml_scalar(const struct yaml *y, struct fy_node *node, const char **out)
{
	if (!node || !fy_node_is_scalar(node))
		return yaml_bad(y, node, "a single value is expected here");
	if (fy_node_is_alias(node))
		return yaml_bad(y, node, "aliases ('*name') are not for bundles");
	*out = fy_node_get_scalar0(node);
	return *out ? 0 : yaml_bad(y, node, "this value cannot be read");
}

/* 1 with a node, 0 without it where that may be, or an errno. */
static int find(const struct yaml *y, struct fy_node *map, const char *key,
		enum yaml_need need, struct fy_node **out)
{
	*out = fy_node_mapping_lookup_value_by_simple_key(map, key, -1);
	if (*out)
		return 1;
	if (need == YAML_OPTIONAL)
		return 0;
	yaml_bad(y, map, "the key '%s' is missing", key);
	return -ENOENT;
}

int yaml_text(const struct yaml *y, struct fy_node *map, const char *key,
	      enum yaml_need need, const char **out)
{
	struct fy_node *node;
	int ret = find(y, map, key, need, &node);

	if (ret <= 0)
		return ret;
	if (!fy_node_is_scalar(node) || fy_node_is_alias(node))
		return yaml_bad(y, node, "'%s' is to be a single value", key);
	return yaml_scalar(y, node, out);
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

int yaml_number(const struct yaml *y, struct fy_node *map, const char *key,
		enum yaml_need need, int64_t min, int64_t max, int64_t *out)
{
	struct fy_node *node;
	const char *text;
	int64_t n;
	int ret;

	ret = find(y, map, key, need, &node);
	if (ret <= 0)
		return ret;
	ret = yaml_text(y, map, key, need, &text);
	if (ret)
		return ret;
	if (!number_from(text, &n) || n < min || n > max)
		return yaml_bad(y, node,
				"'%s' is to be a number from %lld to %lld, and is '%s'",
				key, (long long)min, (long long)max, text);
	*out = n;
	return 0;
}

int yaml_bool(const struct yaml *y, struct fy_node *map, const char *key,
	      enum yaml_need need, bool *out)
{
	const char *text = NULL;
	int ret = yaml_text(y, map, key, need, &text);

	if (ret || !text)
		return ret;
	if (strcmp(text, "true") && strcmp(text, "false"))
		return yaml_bad(y, map, "'%s' is to be true or false, and is '%s'",
				key, text);
	*out = text[0] == 't';
	return 0;
}

int yaml_map(const struct yaml *y, struct fy_node *map, const char *key,
	     enum yaml_need need, struct fy_node **out)
{
	struct fy_node *node;
	int ret = find(y, map, key, need, &node);

	if (ret <= 0)
		return ret;
	if (!yaml_is_map(node))
		return yaml_bad(y, node, "'%s' is to be a mapping ('key: value')",
				key);
	*out = node;
	return 0;
}

int yaml_list(const struct yaml *y, struct fy_node *map, const char *key,
	      enum yaml_need need, struct fy_node **out)
{
	struct fy_node *node;
	int ret = find(y, map, key, need, &node);

	if (ret <= 0)
		return ret;
	if (!yaml_is_list(node))
		return yaml_bad(y, node, "'%s' is to be a list ('- item')", key);
	*out = node;
	return 0;
}
