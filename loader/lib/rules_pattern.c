// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: patterns of rules for the engine: the ids that a hash covers, and globs
 *
 * The ids of a bus are at fixed places of its modaliases, so characters of a pattern before
 * its first '*' are at known places.  Those after it are, if the pattern has all
 * separators: these are small letters, which ids do not have, so each matches itself.
 */
#include <stdio.h>
#include <string.h>

#include "internal.h"
#include "rules_table.h"

enum bx_rt_format rt_format_of(const char *bus)
{
	static const struct {
		const char		*bus;
		enum bx_rt_format	format;
	} known[] = {
		{ "pci", BX_RT_PCI }, { "usb", BX_RT_USB }, { "hid", BX_RT_HID },
		{ "virtio", BX_RT_VIRTIO },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (!strcmp(bus, known[i].bus))
			return known[i].format;
	return !strncmp(bus, "bx-", 3) ? BX_RT_OWN : BX_RT_TEXT_ONLY;
}

/* ---- globs ---- */

static void set_parse(struct rt_token *t, const char *set, size_t len, bool alias)
{
	char glob[RULES_PATTERN + 2], text[2] = "";

	t->kind = RT_SET;
	memset(t->bits, 0, sizeof(t->bits));
	if (len >= sizeof(glob))
		return;
	memcpy(glob, set, len);
	glob[len] = '\0';
	for (unsigned int c = 1; c < 256; c++) {
		text[0] = c;
		if (alias ? rules_glob_alias(glob, text) : rules_glob(glob, text))
			t->bits[c / 8] |= 1 << c % 8;
	}
}

/* Reads the token at @text; returns its length. */
static size_t token_parse(struct rt_token *t, const char *text, bool alias)
{
	const char *end = *text == '[' ? rules_glob_set_end(text) : NULL;
	size_t len = 1;

	if (end) {
		set_parse(t, text, end - text, alias);
		return end - text;
	}
	if (*text == '*' || *text == '?') {
		t->kind = *text == '*' ? RT_ANY_TEXT : RT_ANY_CHAR;
		return 1;
	}
	if (*text == '\\' && text[1])
		len = 2;
	t->kind = RT_CHAR;
	t->c = text[len - 1];
	if (alias && t->c == '-')
		t->c = '_';
	return len;
}

void rt_glob_parse(struct rt_glob *glob, const char *text, bool alias)
{
	glob->n = 0;
	while (*text && glob->n < RT_TOKENS) {
		struct rt_token *t = &glob->token[glob->n];

		text += token_parse(t, text, alias);
		if (t->kind != RT_ANY_TEXT || !glob->n || t[-1].kind != RT_ANY_TEXT)
			glob->n++;
	}
}

/* A character that is not plain in the text of a glob is a set of its own. */
static bool needs_set(const struct rt_token *t)
{
	return t->kind == RT_SET ||
		(t->kind == RT_CHAR && (t->c >= BX_RT_CLASS || t->c <= BX_RT_ONE));
}

static void write_set(const struct rt_token *t, char *to)
{
	if (t->kind == RT_SET)
		memcpy(to, t->bits, sizeof(t->bits));
	else
		to[t->c / 8] |= 1 << t->c % 8;
}

/* No text of the device has BX_RT_TEXT characters, so a glob that needs them never matches. */
static bool is_too_long(const struct rt_glob *glob)
{
	size_t chars = 0;

	for (size_t i = 0; i < glob->n; i++)
		chars += glob->token[i].kind != RT_ANY_TEXT;
	return chars >= BX_RT_TEXT;
}

size_t rt_glob_write(const struct rt_glob *glob, char (*text)[BX_RT_TEXT], size_t room)
{
	unsigned int sets = 0;
	size_t n = 1;

	if (is_too_long(glob) || glob->n >= BX_RT_TEXT)
		return 0;
	memset(text, 0, room * sizeof(*text));
	for (size_t i = 0; i < glob->n; i++) {
		const struct rt_token *t = &glob->token[i];

		if (needs_set(t)) {
			n = 2 + sets / BX_RT_CLASSES;
			write_set(t, &text[n - 1][sets % BX_RT_CLASSES * 32]);
			text[0][i] = BX_RT_CLASS + sets++;
		} else {
			text[0][i] = t->kind == RT_ANY_TEXT ? BX_RT_STAR :
				t->kind == RT_ANY_CHAR ? BX_RT_ONE : (char)t->c;
		}
	}
	return n;
}

size_t rt_glob_texts(const char *text)
{
	size_t sets = 0;

	for (; *text; text++)
		if ((unsigned char)*text >= BX_RT_CLASS)
			sets++;
	return 1 + (sets + BX_RT_CLASSES - 1) / BX_RT_CLASSES;
}

__u64 rt_hash_text(const char *text, unsigned int words)
{
	char padded[BX_RT_TEXT] = "";
	__u64 h = 0, word;

	memcpy(padded, text, strnlen(text, sizeof(padded)));
	for (unsigned int i = 0; i < words; i++) {
		memcpy(&word, padded + 8 * i, sizeof(word));
		h = BX_RT_MIX(h, word);
	}
	return h;
}

/* ---- ids ---- */

/* Characters of ids, or of one that a description leaves open; all others separate them. */
static bool is_id(unsigned char c)
{
	return c != ':' && !(c >= 'a' && c <= 'z');
}

/*
 * Whether the tokens have all separators of the template, in order: then each of them is
 * that of the modalias, and nothing else in the pattern can match one.
 */
static bool is_complete(const struct rt_token *t, size_t n, const char *template)
{
	for (size_t i = 0; i < n; i++) {
		if (t[i].kind != RT_CHAR || is_id(t[i].c))
			continue;
		template += strspn(template, "#");
		if (*template++ != t[i].c)
			return false;
	}
	return !template[strspn(template, "#")];
}

/* A place in the tokens and in the template */
struct walk {
	const struct rt_token	*t;
	const struct rt_token	*end;
	const char		*template;
	unsigned int		ids;
	bool			complete;
	struct rt_pattern	*p;
};

static bool is_char(const struct walk *w, unsigned char c)
{
	return w->t < w->end && w->t->kind == RT_CHAR && w->t->c == c;
}

static bool at_star(const struct walk *w)
{
	return w->t < w->end && w->t->kind == RT_ANY_TEXT;
}

/* Compares an id of @len characters, all of which the pattern has. */
static void compare_id(struct walk *w, unsigned int len)
{
	for (unsigned int i = 0; i < len; i++) {
		unsigned int at = w->ids + i;

		w->p->word[at / 8] |= (__u64)w->t[i].c << at % 8 * 8;
		w->p->mask[at / 8] |= 0xffULL << at % 8 * 8;
	}
}

/*
 * Walks over an id; returns whether the next tokens are at a known place, or @done, if the
 * pattern ends with '*'.
 */
static bool walk_id(struct walk *w, bool *done)
{
	unsigned int len = strspn(w->template, "#"), n = 0;

	while (w->t + n < w->end && n < len && w->t[n].kind == RT_CHAR && is_id(w->t[n].c))
		n++;
	if (n == len)
		compare_id(w, len);
	else if (n || !at_star(w))
		w->p->exact = false;
	w->t += n;
	w->template += len;
	w->ids += len;
	if (at_star(w) && w->t + 1 == w->end) {
		*done = true;
		return false;
	}
	if (!at_star(w))
		return n == len;
	w->t++;
	/* what follows in the id is left to the glob */
	while (w->t < w->end && w->complete && !is_char(w, *w->template)) {
		w->p->exact = false;
		w->t++;
	}
	return w->complete;
}

/* Walks over characters that separate ids. */
static bool walk_separators(struct walk *w)
{
	for (; *w->template && *w->template != '#'; w->template++, w->t++) {
		if (!is_char(w, *w->template))
			return false;
		w->p->separators++;
	}
	return true;
}

static void walk(struct walk *w)
{
	bool done = false;

	while (*w->template && w->t < w->end) {
		if (*w->template == '#') {
			if (!walk_id(w, &done))
				break;
		} else if (!walk_separators(w)) {
			/* "sv*", and nothing else */
			done = at_star(w) && w->t + 1 == w->end;
			break;
		}
	}
	if (!done && !*w->template && w->t == w->end)
		w->p->separators++;
	else if (!done)
		w->p->exact = false;
}

/* Skips "bus_ext:BUS:"; returns whether the pattern begins like this. */
static bool skip_own(struct walk *w, const char *bus)
{
	char prefix[16 + BX_NAME_LEN];

	snprintf(prefix, sizeof(prefix), "bus_ext:%s:", bus);
	for (const char *c = prefix; *c; c++, w->t++)
		if (!is_char(w, *c == '-' ? '_' : *c))
			return false;
	return true;
}

static void parse_text(struct rt_pattern *p, const struct rt_glob *glob)
{
	char text[RT_TOKENS + 1] = "";
	size_t n = 0;

	while (n < glob->n && glob->token[n].kind == RT_CHAR) {
		text[n] = glob->token[n].c;
		n++;
	}
	p->exact = glob->n == 1 && !n && glob->token[0].kind == RT_ANY_TEXT;
	if (n == glob->n)
		p->prefix = BX_RT_WHOLE;
	else
		p->prefix = n / 8 < BX_RT_WHOLE ? n / 8 : BX_RT_WHOLE - 1;
	if (!p->prefix)
		return;
	p->mask[0] = ~0ULL;
	p->word[0] = rt_hash_text(text, p->prefix);
}

void rt_pattern_parse(struct rt_pattern *p, const struct rt_glob *glob, const char *bus)
{
	enum bx_rt_format format = rt_format_of(bus);
	struct walk w = {
		.t = glob->token, .end = glob->token + glob->n,
		.template = bx_rt_template[format], .p = p,
	};

	*p = (struct rt_pattern) { .exact = true };
	if (format == BX_RT_TEXT_ONLY) {
		parse_text(p, glob);
		return;
	}
	if (glob->n == 1 && at_star(&w))
		return;
	if (format == BX_RT_OWN && !skip_own(&w, bus)) {
		p->exact = false;
		return;
	}
	w.complete = is_complete(w.t, w.end - w.t, w.template);
	walk(&w);
}
