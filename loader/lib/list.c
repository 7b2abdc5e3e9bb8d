// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: settings that are lists of texts
 *
 * The value is one text, with commas between its items, as the command line and the state
 * of an installed bundle have it; in YAML it is a list.
 */
#include <stdio.h>
#include <string.h>

#include "bundle.h"

/* Returns why a text cannot be an item of a list, or NULL. */
static const char *item_fault(const char *item, size_t len)
{
	if (!len)
		return "an item is empty";
	if (len >= MAX_VALUE_LEN)
		return "an item is too long";
	for (; len; item++, len--)
		if (*item <= ' ' || *item > '~' || *item == ',')
			return "an item has a blank, a comma or a character beyond ASCII";
	return NULL;
}

/* Finds the end of an item. */
static size_t item_len(const char *item)
{
	return strcspn(item, ",");
}

/* Returns the place of an item in a list, or NULL. */
static char *find_item(char *list, const char *item, size_t len)
{
	for (char *at = list; *at; at += *at == ',') {
		size_t n = item_len(at);

		if (n == len && !strncmp(at, item, len))
			return at;
		at += n;
	}
	return NULL;
}

bool list_has(const struct setting *s, const char *item)
{
	return find_item((char *)s->value, item, strlen(item));
}

static unsigned int count_items(const char *list)
{
	unsigned int n = *list != '\0';

	for (; *list; list++)
		n += *list == ',';
	return n;
}

static int refuse(struct bx_bundle *b, const struct setting *s, const char *list,
		  const char *why)
{
	return fail(b->h, BX_FAULT_REJECTED, EINVAL,
		    "invalid value '%.256s' for the setting '%s' of bundle '%s': %s; it must be %s",
		    list, s->about.name, b->about.name, why, s->allowed);
}

/* Adds the items of @list, which may be empty, to the value. */
static int add_items(struct bx_bundle *b, struct setting *s, const char *list)
{
	char value[MAX_LIST_LEN];
	const char *item, *why;
	size_t len, used;

	strcpy(value, s->value);
	for (item = list; *list; item += len + 1) {
		len = item_len(item);
		why = item_fault(item, len);
		if (!why && find_item(value, item, len))
			why = "an item is there twice";
		used = strlen(value);
		if (!why && count_items(value) == s->about.max_items)
			why = "there are too many items";
		if (!why && used + len + 2 > sizeof(value))
			why = "the list is too long";
		if (why)
			return refuse(b, s, list, why);
		sprintf(value + used, "%s%.*s", used ? "," : "", (int)len, item);
		if (!item[len])
			break;
	}
	strcpy(s->value, value);
	return 0;
}

static int remove_items(struct bx_bundle *b, struct setting *s, const char *list)
{
	char value[MAX_LIST_LEN], *at;
	const char *item, *end;
	size_t len;

	strcpy(value, s->value);
	for (item = list; ; item += len + 1) {
		len = item_len(item);
		at = len ? find_item(value, item, len) : NULL;
		if (!at)
			return fail(b->h, BX_FAULT_REJECTED, ENOENT,
				    "cannot remove '%.*s' from the setting '%s' of bundle '%s': it is not in the list",
				    (int)len, item, s->about.name, b->about.name);
		end = at + len;
		if (*end)
			end++;			/* the comma behind it */
		else if (at > value)
			at--;			/* or before it */
		memmove(at, end, strlen(end) + 1);
		if (!item[len])
			break;
	}
	strcpy(s->value, value);
	return 0;
}

int list_set(struct bx_bundle *b, struct setting *s, const char *list)
{
	char before[MAX_LIST_LEN];
	int err;

	strcpy(before, s->value);
	s->value[0] = '\0';
	err = add_items(b, s, list);
	if (err)
		strcpy(s->value, before);
	s->about.value = s->value;
	return err;
}

int list_change(struct bx_bundle *b, struct setting *s, char how, const char *list)
{
	if (s->about.type != BX_SETTING_LIST)
		return fail(b->h, BX_FAULT_USAGE, EINVAL,
			    "'%c=' is for settings of type list, and '%s' of bundle '%s' has another type",
			    how, s->about.name, b->about.name);
	return how == '+' ? add_items(b, s, list) : remove_items(b, s, list);
}

int list_read(struct bx_bundle *b, const struct yaml *y, struct yaml_node *node,
	      struct setting *s)
{
	char list[MAX_LIST_LEN] = "";
	struct yaml_node *item;
	const char *text, *why;
	size_t used = 0;
	int err;

	if (!yaml_is_list(node))
		return yaml_bad(y, node, "the setting '%s' is a list, as in [ A, B ]",
				s->about.name);
	for (unsigned int i = 0; (item = yaml_item(node, i)); i++) {
		err = yaml_scalar(y, item, &text);
		if (err)
			return err;
		why = item_fault(text, strlen(text));
		if (!why && used + strlen(text) + 2 > sizeof(list))
			why = "the list is too long";
		if (why)
			return yaml_bad(y, item, "invalid item of the setting '%s': %s",
					s->about.name, why);
		used += sprintf(list + used, "%s%s", used ? "," : "", text);
	}
	return list_set(b, s, list);
}
