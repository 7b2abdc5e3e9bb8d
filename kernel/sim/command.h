/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The commands of the simulated devices: one line of words that is written to an
 * attribute in sysfs
 *
 *	NAME [WORD...] [KEY=VALUE...]
 *
 * bx_cmd_run() calls a command with a copy of the line, and the command takes the
 * words off it in order: bx_cmd_name(), bx_cmd_word(), then bx_cmd_options() with
 * its table of keys, or bx_cmd_end().  A command reads its whole line before it
 * changes anything.  The log has the reason for each error, with the prefix of
 * the module that includes this file.
 *
 * These are inline functions because each module needs them for itself: bus_ext
 * has no use for them, and they are too few for a module of their own.
 */
#ifndef _BXSIM_COMMAND_H
#define _BXSIM_COMMAND_H

#include <asm/page.h>
#include <linux/bits.h>
#include <linux/bug.h>
#include <linux/cleanup.h>
#include <linux/ctype.h>
#include <linux/kstrtox.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <uapi/linux/bus_ext.h>

/* Characters of a number, leading zeros included */
#define BX_CMD_DIGITS	24

#define bx_cmd_err(fmt, ...) pr_err_ratelimited(fmt, ##__VA_ARGS__)

/**
 * struct bx_cmd_key - an option KEY=VALUE of a command
 * @name: KEY
 * @expects: valid values, for the log
 * @parse: reads the value into what the command passed to bx_cmd_options();
 *	returns 0, -EINVAL, -ERANGE or another errno
 */
struct bx_cmd_key {
	const char	*name;
	const char	*expects;
	int		(*parse)(const char *value, void *to);
};

/* Takes the next word off a line; NULL at its end. */
static inline char *bx_cmd_word(char **line)
{
	char *word;

	do {
		word = strsep(line, " \t");
	} while (word && !*word);
	return word;
}

/**
 * bx_cmd_end() - check that a line has no more words
 * @line: the rest of the line
 *
 * Return: 0, or -EINVAL.
 */
static inline int bx_cmd_end(char **line)
{
	const char *word = bx_cmd_word(line);

	if (!word)
		return 0;
	bx_cmd_err("unexpected '%s': expected the end of the line\n", word);
	return -EINVAL;
}

/**
 * bx_cmd_name() - take the name of a device or of a driver off a line
 * @line: the rest of the line
 * @name: the name, which is also that of a directory in sysfs
 * @size: bytes of @name
 *
 * Return: 0, -EINVAL if the name is missing or invalid, -ENAMETOOLONG.
 */
static inline int bx_cmd_name(char **line, char *name, size_t size)
{
	const char *word = bx_cmd_word(line), *c;

	if (!word) {
		bx_cmd_err("expected a name, got an empty line\n");
		return -EINVAL;
	}
	for (c = word; *c; c++)
		if (!isascii(*c) || !isgraph(*c) || *c == '/' || *c == '!')
			break;
	if (*c || *word == '.') {
		bx_cmd_err("invalid name '%s': expected printable ASCII characters except '/' and '!', and no '.' first\n",
			   word);
		return -EINVAL;
	}
	if (strscpy(name, word, size) < 0) {
		bx_cmd_err("name '%.16s...' too long: expected at most %zu bytes\n",
			   word, size - 1);
		return -ENAMETOOLONG;
	}
	return 0;
}

/* Reads a line that is only a name; the errors are those of bx_cmd_name(). */
static inline int bx_cmd_only_name(char *line, char *name, size_t size)
{
	return bx_cmd_name(&line, name, size) ?: bx_cmd_end(&line);
}

/**
 * bx_cmd_number() - read a number
 * @text: its first digit
 * @len: bytes of the number, which need not end there
 * @base: 10 or 16
 * @max: the highest valid number
 * @number: the number; unchanged on an error
 *
 * Return: 0, -EINVAL if it is not a number, -ERANGE if it is above @max.
 */
static inline int bx_cmd_number(const char *text, size_t len, unsigned int base,
				u32 max, u32 *number)
{
	char digits[BX_CMD_DIGITS + 1];
	u32 value;
	int err;

	if (!len || len > BX_CMD_DIGITS || !isxdigit(*text))
		return -EINVAL;
	memcpy(digits, text, len);
	digits[len] = '\0';
	err = kstrtou32(digits, base, &value);
	if (err)
		return err;
	if (value > max)
		return -ERANGE;
	*number = value;
	return 0;
}

/* Reads a value that is one hexadecimal number of 32 bits. */
static inline int bx_cmd_hex(const char *value, u32 *number)
{
	return bx_cmd_number(value, strlen(value), 16, U32_MAX, number);
}

/**
 * bx_cmd_ids() - read hexadecimal numbers with colons between them
 * @text: the first of them; afterwards the ',' or the end behind the last
 * @wild: '*' is BX_ANY
 * @number: the numbers; unchanged from the returned count on
 * @max: how many there may be
 *
 * Return: how many there are, -EINVAL if one is not a number or there are too
 * many, -ERANGE if one has more than 32 bits.
 */
static inline int bx_cmd_ids(const char **text, bool wild, u32 *number, int max)
{
	int n = 0, err;
	size_t len;

	do {
		if (n == max)
			return -EINVAL;
		len = strcspn(*text, ":,");
		if (wild && len == 1 && **text == '*') {
			number[n] = BX_ANY;
		} else {
			err = bx_cmd_number(*text, len, 16, U32_MAX, &number[n]);
			if (err)
				return err;
		}
		n++;
		*text += len;
	} while (*(*text)++ == ':');
	(*text)--;
	return n;
}

static inline const struct bx_cmd_key *
bx_cmd_find(const struct bx_cmd_key *keys, size_t nkeys, const char *name)
{
	for (size_t i = 0; i < nkeys; i++)
		if (!strcmp(keys[i].name, name))
			return &keys[i];
	return NULL;
}

static inline int bx_cmd_option(char *word, const struct bx_cmd_key *keys,
				size_t nkeys, unsigned long *seen, void *to)
{
	const struct bx_cmd_key *key;
	char *value = word;
	int err;

	strsep(&value, "=");
	key = bx_cmd_find(keys, nkeys, word);
	if (!key) {
		bx_cmd_err("unknown option '%s'\n", word);
		return -EINVAL;
	}
	if (*seen & BIT(key - keys)) {
		bx_cmd_err("option '%s' given twice\n", word);
		return -EINVAL;
	}
	*seen |= BIT(key - keys);
	err = value ? key->parse(value, to) : -EINVAL;
	if (err && err != -ENOMEM)
		bx_cmd_err("invalid %s=%s: expected %s\n", word, value ?: "",
			   key->expects);
	return err;
}

/**
 * bx_cmd_options() - read the rest of a line, which is options
 * @line: the rest of the line
 * @keys: valid options; each may be given once
 * @nkeys: how many, at most BITS_PER_LONG
 * @to: for the functions of @keys
 *
 * Return: 0, -EINVAL for an unknown option or a second one of a key, or what
 * bx_cmd_key.parse() returned.  On an error some options have been read into
 * @to.
 */
static inline int bx_cmd_options(char **line, const struct bx_cmd_key *keys,
				 size_t nkeys, void *to)
{
	unsigned long seen = 0;
	char *word;
	int err = 0;

	if (WARN_ON_ONCE(nkeys > BITS_PER_LONG))
		return -EINVAL;
	while (!err && (word = bx_cmd_word(line)))
		err = bx_cmd_option(word, keys, nkeys, &seen, to);
	return err;
}

/**
 * bx_cmd_run() - run a command on what was written to its attribute
 * @cmd: the command; it may change the line
 * @buf: the written text
 * @count: bytes of @buf
 *
 * Return: @count, -E2BIG if the text does not fit a page, -EINVAL if it is not
 * one line of text, -ENOMEM, or the error of the command.
 */
static inline ssize_t bx_cmd_run(int (*cmd)(char *line), const char *buf,
				 size_t count)
{
	char *line __free(kfree) = NULL;
	size_t len = count;

	/* a full page is the first part of a longer write */
	if (count >= PAGE_SIZE) {
		bx_cmd_err("line too long: expected less than %lu bytes\n",
			   PAGE_SIZE);
		return -E2BIG;
	}
	if (len && buf[len - 1] == '\n')
		len--;
	if (memchr(buf, '\0', len) || memchr(buf, '\n', len)) {
		bx_cmd_err("expected one line of text\n");
		return -EINVAL;
	}
	line = kstrndup(buf, len, GFP_KERNEL);
	if (!line)
		return -ENOMEM;
	return cmd(line) ?: count;
}

/* Defines the attribute _name, which runs a command. */
#define BX_CMD_ATTR(_name, _cmd)					\
static ssize_t _name##_store(struct device *dev,			\
			     struct device_attribute *attr,		\
			     const char *buf, size_t count)		\
{									\
	return bx_cmd_run(_cmd, buf, count);				\
}									\
static DEVICE_ATTR_WO(_name)

#endif /* _BXSIM_COMMAND_H */
