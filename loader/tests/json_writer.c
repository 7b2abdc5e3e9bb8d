// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * The JSON writer: punctuation, escapes, and bytes that are not text
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../cmd/json_writer.h"

static int count, failed;

static void check(const char *name, const char *expected, const char *actual)
{
	int bad = strcmp(expected, actual);

	if (bad) {
		printf("# expected: %s\n# actual:   %s\n", expected, actual);
		failed++;
	}
	printf("%sok %d %s\n", bad ? "not " : "", ++count, name);
}

/* Returns a string as the writer writes it, without its quotes. */
static void check_string(const char *name, const char *expected,
			 const char *in)
{
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	struct json j;

	json_start(&j, out);
	json_string(&j, NULL, in);
	fclose(out);
	text[size - 1] = '\0';
	check(name, expected, text + 1);
	free(text);
}

static void check_document(void)
{
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	struct json j;

	json_start(&j, out);
	json_object(&j, NULL);
	json_int(&j, "int", -5);
	json_uint(&j, "uint", ~0ULL);
	json_hex(&j, "hex", 4, 0x1b36);
	json_bool(&j, "bool", true);
	json_null(&j, "null");
	json_string_or_null(&j, "empty", "");
	json_array(&j, "none");
	json_end_array(&j);
	json_array(&j, "two");
	json_int(&j, NULL, 1);
	json_object(&j, NULL);
	json_end_object(&j);
	json_end_array(&j);
	json_end_object(&j);
	fclose(out);
	check("a document of every kind",
	      "{\n  \"int\": -5,\n  \"uint\": 18446744073709551615,\n"
	      "  \"hex\": \"0x1b36\",\n  \"bool\": true,\n  \"null\": null,\n"
	      "  \"empty\": null,\n  \"none\": [],\n  \"two\": [\n    1,\n"
	      "    {}\n  ]\n}\n", text);
	free(text);
}

int main(void)
{
	printf("TAP version 13\n1..11\n");
	check_document();
	check_string("quotes and backslashes", "a\\\"b\\\\c", "a\"b\\c");
	check_string("control characters", "\\n\\t\\u0001\\u001b\\u007f",
		     "\n\t\1\33\177");
	check_string("control characters beyond ASCII, and of direction",
		     "\\u009b\\u202e\\u2066",
		     "\xc2\x9b\xe2\x80\xae\xe2\x81\xa6");
	check_string("an empty string", "", "");
	check_string("UTF-8 of two, three and four bytes",
		     "\xc3\xa9\xe2\x82\xac\xf0\x9f\x90\xa7",
		     "\xc3\xa9\xe2\x82\xac\xf0\x9f\x90\xa7");
	check_string("a byte that is no UTF-8", "a\\ufffdz", "a\xffz");
	check_string("UTF-8 that is cut off", "a\\ufffd", "a\xc3");
	check_string("UTF-8 that is longer than it must be",
		     "\\ufffd\\ufffd", "\xc0\x80");
	check_string("a surrogate", "\\ufffd\\ufffd\\ufffd", "\xed\xa0\x80");
	check_string("beyond Unicode", "\\ufffd\\ufffd\\ufffd\\ufffd",
		     "\xf4\x90\x80\x80");
	return failed ? 1 : 0;
}
