/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * bus_ext: the kernel command line, for policies
 *
 * A module cannot read it, but a program can: libbpf writes the address of the kernel's
 * variable into the program when it loads the object.  That reads all of /proc/kallsyms,
 * once for each object.  A call reads the line byte by byte, a helper for each; a policy that
 * needs it in each election reads it in init() and keeps the result in a global variable.
 *
 * The functions may be called in all programs of a policy.  Test cases of a bundle cannot
 * describe a command line: they see that of the machine on which they run.  The fact "boot"
 * can be described (docs/buses.md).
 */
#ifndef _BPF_BUS_EXT_CMDLINE_BPF_H
#define _BPF_BUS_EXT_CMDLINE_BPF_H

#include <bpf/bus_ext.bpf.h>

#define BX_CMDLINE_MAX	4096	/* bytes of the line that are read */
#define BX_CMDLINE_KEY	64	/* a word to look for, with its NUL; a power of two */

/* NULL in a kernel without it in /proc/kallsyms */
extern const void saved_command_line __ksym __weak;

/**
 * struct bx_cmdline - the search for a word, for the functions below
 * @text: address of the line
 * @key: the word
 * @len: its length
 * @matched: number of bytes of @key that the current word of the line begins with; -1
 *	if it is another one
 * @quoted: the current byte is between quotes
 * @in_value: the current word is @key and a value
 * @start: where that value begins
 * @quote: where the byte after the last quote is
 * @found: the word is in the line
 * @has_value: it is there with a value, the last of which is at @value
 * @value: where the last value begins
 * @value_len: its length
 */
struct bx_cmdline {
	u64	text;
	char	key[BX_CMDLINE_KEY];
	s32	len;
	s32	matched;
	u32	quoted;
	u32	in_value;
	u32	start;
	u32	quote;
	u32	found;
	u32	has_value;
	u32	value;
	u32	value_len;
};

static long (*const bx_loop)(u32 n, void *callback, void *ctx, u64 flags)
	__attribute__((unused)) = (void *)181;

static inline __attribute__((always_inline)) int bx_cmdline_same(char a, char b)
{
	return (a == '-' ? '_' : a) == (b == '-' ? '_' : b);
}

static inline __attribute__((always_inline)) void
bx_cmdline_end_word(struct bx_cmdline *c, u32 at)
{
	u32 end = c->quote == at ? at - 1 : at;

	if (c->in_value) {
		c->has_value = 1;
		c->value = c->start;
		c->value_len = end > c->start ? end - c->start : 0;
	} else if (c->matched == c->len) {
		c->found = 1;
	}
	c->matched = 0;
	c->in_value = 0;
}

/* Reads the byte at @at; returns 1 at the end of the line. */
static __attribute__((noinline, unused)) long bx_cmdline_byte(u32 at, struct bx_cmdline *c)
{
	char byte = 0;

	if (bx_probe_read(&byte, 1, (const void *)(c->text + at)))
		return 1;
	if (byte == '"') {
		c->quoted = !c->quoted;
		c->quote = at + 1;
		if (c->in_value && c->start == at)
			c->start++;
	} else if (!byte || (!c->quoted && (byte == ' ' || byte == '\t'))) {
		bx_cmdline_end_word(c, at);
	} else if (!c->in_value && byte == '=' && c->matched == c->len) {
		c->in_value = 1;
		c->start = at + 1;
	} else if (!c->in_value) {
		c->matched = c->matched >= 0 && c->matched < c->len &&
			bx_cmdline_same(byte, c->key[c->matched & (BX_CMDLINE_KEY - 1)]) ?
			c->matched + 1 : -1;
	}
	return !byte;
}

/* Returns 0, or -ENOENT (-2) if the line cannot be read. */
static inline __attribute__((always_inline, unused)) int bx_cmdline_read(struct bx_cmdline *c)
{
	if (!&saved_command_line ||
	    bx_probe_read(&c->text, sizeof(c->text), &saved_command_line))
		return -2;
	return bx_loop(BX_CMDLINE_MAX, (void *)bx_cmdline_byte, c, 0) < 0 ? -2 : 0;
}

#define BX_CMDLINE(c, word) \
	struct bx_cmdline c = { .len = sizeof(word) - 1 }; \
	_Static_assert(sizeof(word) > 1 && sizeof(word) <= BX_CMDLINE_KEY, \
		       "a word of 1 to 63 characters"); \
	__builtin_memcpy(c.key, "" word, sizeof(word))

/*
 * bx_cmdline_has(word): returns 1 if the literal @word is a whole word of the line, with its
 * value if it has one: "quiet", "console=ttyS0"; 0 if it is not; -ENOENT (-2) if the line
 * cannot be read: in a kernel without it in /proc/kallsyms, or that is locked down for
 * confidentiality.  '-' and '_' are equal.
 */
#define bx_cmdline_has(word) ({ \
	BX_CMDLINE(___c, word); \
	bx_cmdline_read(&___c) ?: (int)___c.found; \
})

/*
 * bx_cmdline_value(name, buf): copies the value of the parameter @name, a literal, into the
 * array @buf, without quotes around it, and returns its length.  The last one counts.
 * -ENODATA (-61) if there is none; -ENAMETOOLONG (-36) if it does not fit; -ENOENT as above.
 */
#define bx_cmdline_value(name, buf) ({ \
	BX_CMDLINE(___c, name); \
	bx_cmdline_read(&___c) ?: bx_cmdline_copy(&___c, buf, sizeof(buf)); \
})

static inline __attribute__((always_inline, unused)) int
bx_cmdline_copy(const struct bx_cmdline *c, char *buf, u32 size)
{
	u32 len = c->value_len;

	if (!c->has_value)
		return -61;
	if (len >= size)
		return -36;
	if (bx_probe_read(buf, len, (const void *)(c->text + c->value)))
		return -2;
	buf[len] = '\0';
	return len;
}

#endif /* _BPF_BUS_EXT_CMDLINE_BPF_H */
