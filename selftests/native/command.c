// SPDX-License-Identifier: GPL-2.0-only
/*
 * The commands of the simulated devices, natively: the values that
 * kernel/sim/command.h reads from a line, and its errors
 */
#include "native.h"
#include "sim/command.h"

#define NAME_SIZE	8

/* The values that a command has read */
struct spec {
	char	name[NAME_SIZE];
	u32	class;
	u32	delay;
	bool	has_word;
	char	word[16];
};

static struct spec got;
static unsigned int calls;

static int parse_class(const char *value, void *to)
{
	struct spec *spec = to;

	return bx_cmd_hex(value, &spec->class);
}

static int parse_delay(const char *value, void *to)
{
	struct spec *spec = to;

	return bx_cmd_number(value, strlen(value), 10, 60000, &spec->delay);
}

static int parse_taken(const char *value, void *to)
{
	return -EBUSY;
}

static const struct bx_cmd_key keys[] = {
	{ "class", "a hexadecimal number", parse_class },
	{ "delay", "0 to 60000", parse_delay },
	{ "taken", "nothing", parse_taken },
};

/* NAME [KEY=VALUE...] */
static int with_options(char *line)
{
	calls++;
	got = (struct spec) {};
	return bx_cmd_name(&line, got.name, sizeof(got.name)) ?:
	       bx_cmd_options(&line, keys, ARRAY_SIZE(keys), &got);
}

/* NAME [WORD] */
static int with_word(char *line)
{
	const char *word;
	int err;

	calls++;
	got = (struct spec) {};
	err = bx_cmd_name(&line, got.name, sizeof(got.name));
	if (err)
		return err;
	word = bx_cmd_word(&line);
	got.has_word = word;
	if (word)
		strscpy(got.word, word, sizeof(got.word));
	return bx_cmd_end(&line);
}

static int run(int (*cmd)(char *line), const char *text)
{
	ssize_t ret = bx_cmd_run(cmd, text, strlen(text));

	if (ret >= 0 && ret != (ssize_t)strlen(text))
		native_failed("'%s': %zd bytes were taken", text, ret);
	return ret < 0 ? ret : 0;
}

/* Runs a command, and compares its error and the line that it logged. */
static void expect(int (*cmd)(char *line), const char *text, int err,
		   const char *logged)
{
	int ret;

	native_log("nothing");
	ret = run(cmd, text);
	if (ret != err)
		native_failed("'%s': %d, expected %d", text, ret, err);
	if (!strstr(native_last_log(), err ? logged : "nothing"))
		native_failed("'%s': logged '%s', expected '%s'", text,
			      native_last_log(), err ? logged : "nothing");
}

static void words_are_split_at_blanks(void)
{
	expect(with_word, "one", 0, NULL);
	EXPECT(!strcmp(got.name, "one") && !got.has_word);
	expect(with_word, "one two\n", 0, NULL);
	EXPECT(!strcmp(got.name, "one") && !strcmp(got.word, "two"));
	expect(with_word, " \t one \t\t two \t", 0, NULL);
	EXPECT(!strcmp(got.name, "one") && !strcmp(got.word, "two"));
}

static void empty_line_has_no_name(void)
{
	static const char *const lines[] = { "", "\n", " ", " \t ", "\t\n" };

	for (u32 i = 0; i < ARRAY_SIZE(lines); i++)
		expect(with_options, lines[i], -EINVAL, "expected a name");
}

static void too_many_words_are_refused(void)
{
	expect(with_word, "one two three", -EINVAL, "unexpected 'three'");
	expect(with_word, "one two three four", -EINVAL, "unexpected 'three'");
}

static int only_name(char *line)
{
	return bx_cmd_only_name(line, got.name, sizeof(got.name));
}

static void line_may_be_only_a_name(void)
{
	expect(only_name, " one", 0, NULL);
	EXPECT(!strcmp(got.name, "one"));
	expect(only_name, "", -EINVAL, "expected a name");
	expect(only_name, "one two", -EINVAL, "unexpected 'two'");
}

static void name_is_a_file_name(void)
{
	static const char *const bad[] = {
		".", "..", ".a", "/", "a/b", "a!b", "a\x01", "a\x7f", "\xc3\xa4",
	};

	for (u32 i = 0; i < ARRAY_SIZE(bad); i++)
		expect(with_options, bad[i], -EINVAL, "invalid name");
	expect(with_options, "a.b-_:=", 0, NULL);
	expect(with_options, "-", 0, NULL);
}

static void overlong_name_is_refused(void)
{
	expect(with_options, "1234567", 0, NULL);
	EXPECT(!strcmp(got.name, "1234567"));
	expect(with_options, "12345678", -ENAMETOOLONG, "at most 7 bytes");
	expect(with_options, "1234567890 class=1", -ENAMETOOLONG, "too long");
	EXPECT(!got.class);
}

static void options_are_read_in_any_order(void)
{
	expect(with_options, "a", 0, NULL);
	EXPECT(!got.class && !got.delay);
	expect(with_options, "a class=10 delay=10", 0, NULL);
	EXPECT(got.class == 0x10 && got.delay == 10);
	expect(with_options, "a delay=60000 class=0xFFFFFFFF\n", 0, NULL);
	EXPECT(got.class == U32_MAX && got.delay == 60000);
}

static void unknown_key_is_refused(void)
{
	expect(with_options, "a speed=1", -EINVAL, "unknown option 'speed'");
	expect(with_options, "a class=1 junk", -EINVAL, "unknown option 'junk'");
	expect(with_options, "a clas=1", -EINVAL, "unknown option 'clas'");
	expect(with_options, "a classy=1", -EINVAL, "unknown option 'classy'");
	expect(with_options, "a Class=1", -EINVAL, "unknown option 'Class'");
	expect(with_options, "a =1", -EINVAL, "unknown option ''");
}

static void key_needs_a_value(void)
{
	expect(with_options, "a class", -EINVAL, "invalid class=:");
	expect(with_options, "a class=", -EINVAL, "invalid class=:");
	expect(with_options, "a class= 1", -EINVAL, "invalid class=:");
}

static void key_is_given_once(void)
{
	expect(with_options, "a class=1 class=1", -EINVAL, "'class' given twice");
	expect(with_options, "a delay=1 class=1 delay=2", -EINVAL,
	       "'delay' given twice");
}

static void number_has_no_junk(void)
{
	static const char *const bad[] = {
		"x", "1x", "1-", "-1", "+1", "1.0", "1=", "=1", "1,", "0x",
		"0x1g", "1_000",
		/* longer than any number */
		"000000000000000000000000000000000000000000000000000001",
	};
	char line[80];

	for (u32 i = 0; i < ARRAY_SIZE(bad); i++) {
		scnprintf(line, sizeof(line), "a class=%s", bad[i]);
		expect(with_options, line, -EINVAL, "expected a hexadecimal");
		scnprintf(line, sizeof(line), "a delay=%s", bad[i]);
		expect(with_options, line, -EINVAL, "expected 0 to 60000");
	}
	expect(with_options, "a delay=f", -EINVAL, "expected 0 to 60000");
	expect(with_options, "a delay=0x1", -EINVAL, "expected 0 to 60000");
	expect(with_options, "a delay=00000001", 0, NULL);
	EXPECT(got.delay == 1);
}

static void number_out_of_range_is_refused(void)
{
	expect(with_options, "a delay=60001", -ERANGE, "invalid delay=60001");
	expect(with_options, "a delay=4294967297", -ERANGE, "invalid delay=");
	expect(with_options, "a class=100000000", -ERANGE, "invalid class=");
	expect(with_options, "a class=fffffffffffffffffff", -ERANGE, "invalid");
}

static void number_ends_where_it_is_told(void)
{
	u32 number = 7;

	EXPECT(!bx_cmd_number("123 text", 3, 10, U32_MAX, &number));
	EXPECT(number == 123);
	EXPECT(bx_cmd_number("123 text", 4, 10, U32_MAX, &number) == -EINVAL);
	EXPECT(bx_cmd_number("", 0, 10, U32_MAX, &number) == -EINVAL);
	EXPECT(bx_cmd_number("124", 3, 10, 123, &number) == -ERANGE);
	EXPECT(number == 123);
}

static void error_of_a_value_is_returned(void)
{
	expect(with_options, "a taken=b", -EBUSY, "invalid taken=b");
	expect(with_options, "a taken=b delay=1", -EBUSY, "invalid taken=b");
	EXPECT(!got.delay);
}

static void expect_ids(const char *text, bool wild, int expected, char next)
{
	const char *at = text;
	u32 number[4] = {};
	int n = bx_cmd_ids(&at, wild, number, 4);

	if (n != expected)
		native_failed("'%s': %d, expected %d", text, n, expected);
	else if (n >= 0 && *at != next)
		native_failed("'%s': ends at '%s'", text, at);
	for (int i = 0; i < n; i++)
		EXPECT(number[i] == (u32)i + 1 || number[i] == BX_ANY);
}

static void ids_are_numbers_with_colons(void)
{
	expect_ids("1", false, 1, '\0');
	expect_ids("1:2", false, 2, '\0');
	expect_ids("1:2:3:4", false, 4, '\0');
	expect_ids("1:2,3:4", false, 2, ',');
	expect_ids("1:2,", false, 2, ',');
	expect_ids("*:2:*", true, 3, '\0');
	expect_ids("", false, -EINVAL, 0);
	expect_ids("*:2", false, -EINVAL, 0);
	expect_ids("**:2", true, -EINVAL, 0);
	expect_ids("1:", false, -EINVAL, 0);
	expect_ids(":1", false, -EINVAL, 0);
	expect_ids("1::2", false, -EINVAL, 0);
	expect_ids("1:2:3:4:5", false, -EINVAL, 0);
	expect_ids("1:2x", false, -EINVAL, 0);
	expect_ids("1:-2", false, -EINVAL, 0);
	expect_ids("1:100000000", false, -ERANGE, 0);
}

static void only_one_line_of_text_is_run(void)
{
	calls = 0;
	expect(with_word, "a\nb", -EINVAL, "one line");
	expect(with_word, "a\n\n", -EINVAL, "one line");
	EXPECT(bx_cmd_run(with_word, "a\0b", 3) == -EINVAL);
	EXPECT(bx_cmd_run(with_word, "a\0\n", 3) == -EINVAL);
	EXPECT(bx_cmd_run(with_word, "a\0", 2) == -EINVAL);
	EXPECT(!calls);
}

static void overlong_line_is_refused(void)
{
	static char line[PAGE_SIZE + 1];

	memset(line, 'a', PAGE_SIZE);
	calls = 0;
	expect(with_word, line, -E2BIG, "line too long");
	EXPECT(!calls);
	line[PAGE_SIZE - 1] = '\0';
	expect(with_word, line, -ENAMETOOLONG, "too long");
	EXPECT(calls == 1);
}

static void line_is_copied(void)
{
	static const char text[] = "a class=1 delay=2\n";
	char buf[sizeof(text)];

	memcpy(buf, text, sizeof(text));
	EXPECT(bx_cmd_run(with_options, buf, strlen(buf)) ==
	       (ssize_t)strlen(text));
	EXPECT(!memcmp(buf, text, sizeof(text)));
}

static void no_memory_runs_nothing(void)
{
	calls = 0;
	native_fail_allocation(1);
	EXPECT(run(with_word, "a b") == -ENOMEM);
	EXPECT(!calls);
}

static const struct native_test tests[] = {
	NATIVE_TEST(words_are_split_at_blanks),
	NATIVE_TEST(empty_line_has_no_name),
	NATIVE_TEST(too_many_words_are_refused),
	NATIVE_TEST(line_may_be_only_a_name),
	NATIVE_TEST(name_is_a_file_name),
	NATIVE_TEST(overlong_name_is_refused),
	NATIVE_TEST(options_are_read_in_any_order),
	NATIVE_TEST(unknown_key_is_refused),
	NATIVE_TEST(key_needs_a_value),
	NATIVE_TEST(key_is_given_once),
	NATIVE_TEST(number_has_no_junk),
	NATIVE_TEST(number_out_of_range_is_refused),
	NATIVE_TEST(number_ends_where_it_is_told),
	NATIVE_TEST(error_of_a_value_is_returned),
	NATIVE_TEST(ids_are_numbers_with_colons),
	NATIVE_TEST(only_one_line_of_text_is_run),
	NATIVE_TEST(overlong_line_is_refused),
	NATIVE_TEST(line_is_copied),
	NATIVE_TEST(no_memory_runs_nothing),
};

int main(void)
{
	return native_main(tests, ARRAY_SIZE(tests));
}
