// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: globs of rules
 *
 * '*', '?', sets and '\', and nothing else; a glob of a modalias compares as modprobe does.
 */
#include <string.h>

#include "rules.h"

/* '-' and '_' are one character in names of modules and in what leads to them. */
static unsigned char folded(char c, bool alias)
{
	return alias && c == '-' ? '_' : c;
}

/* Returns the end of the set that begins at @set, past its ']'; NULL if it has none. */
static const char *set_end(const char *set)
{
	const char *s = set + 1;

	if (*s == '!' || *s == '^')
		s++;
	for (const char *first = s; *s && (*s != ']' || s == first); s++)
		if (*s == '\\' && s[1])
			s++;
	return *s ? s + 1 : NULL;
}

/* Reads a member of a set, and moves behind it. */
static unsigned char set_char(const char **s)
{
	if (**s == '\\' && (*s)[1])
		(*s)++;
	return *(*s)++;
}

/* Whether the set from @s to @end, past its ']', has the character */
static bool set_has(const char *s, const char *end, unsigned char c)
{
	bool negated = s[1] == '!' || s[1] == '^', found = false;
	unsigned char low, high;

	s += 1 + negated;
	for (end--; s < end;) {
		low = set_char(&s);
		high = low;
		if (s < end && *s == '-' && s + 1 < end) {
			s++;
			high = set_char(&s);
		}
		found |= c >= low && c <= high;
	}
	return found != negated;
}

/*
 * Compares one character, which is not the end of the text, with what stands at *@glob; moves
 * *@glob behind that if they match.
 */
static bool one_matches(const char **glob, char c, bool alias)
{
	const char *g = *glob, *end = *g == '[' ? set_end(g) : NULL;

	if (end) {
		if (!set_has(g, end, folded(c, alias)))
			return false;
		*glob = end;
		return true;
	}
	if (*g == '\\' && g[1])
		g++;
	else if (*g == '?')
		c = '?';
	if (!*g || folded(*g, alias) != folded(c, alias))
		return false;
	*glob = g + 1;
	return true;
}

/* After a mismatch, only the last '*' need take one character more. */
static bool matches(const char *glob, const char *text, bool alias)
{
	const char *star = NULL, *from = NULL;

	while (*text) {
		if (*glob == '*') {
			star = ++glob;
			from = text;
		} else if (one_matches(&glob, *text, alias)) {
			text++;
		} else if (star) {
			glob = star;
			text = ++from;
		} else {
			return false;
		}
	}
	while (*glob == '*')
		glob++;
	return !*glob;
}

bool rules_glob(const char *glob, const char *text)
{
	return matches(glob, text, false);
}

bool rules_glob_alias(const char *glob, const char *text)
{
	return matches(glob, text, true);
}

unsigned int rules_glob_fixed(const char *glob)
{
	unsigned int n = 0;
	const char *end;

	for (; *glob; glob++) {
		end = *glob == '[' ? set_end(glob) : NULL;
		if (end) {
			glob = end - 1;
			continue;
		}
		if (*glob == '\\' && glob[1])
			glob++;
		else if (*glob == '*' || *glob == '?')
			continue;
		n++;
	}
	return n;
}

const char *rules_glob_set_end(const char *set)
{
	return set_end(set);
}
