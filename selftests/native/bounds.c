// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sections with interrupts off, natively: the entries of lists that they walk over with one
 * program running and with many, and that no text is formatted in them. See "With interrupts
 * off" in docs/design-notes.md.
 */
#include "native.h"

#define MANY	1024

static struct bx_select_ctx ctx[MANY];
static struct bx_run run[MANY];

/* Most entries that one of @n running programs walks over, when each looks for itself */
static u32 longest_search(u32 n)
{
	u32 most, found = 0;

	for (u32 i = 0; i < n; i++)
		bx_select_begin(&ctx[i], &run[i]);
	native_longest_walk();
	for (u32 i = 0; i < n; i++)
		found += bx_select_run(&ctx[i]) == &run[i];
	most = native_longest_walk();
	for (u32 i = 0; i < n; i++)
		bx_select_end(&ctx[i]);
	EXPECT(found == n);
	return most;
}

static void search_for_one_program_is_one_entry(void)
{
	EXPECT(longest_search(1) == 1);
}

/* 64 lists: an even spread would be 16 entries in each */
static void search_among_many_programs_is_short(void)
{
	EXPECT(longest_search(MANY) <= 64);
}

static void ended_program_is_not_found(void)
{
	bx_select_begin(&ctx[0], &run[0]);
	bx_select_end(&ctx[0]);
	EXPECT(!bx_select_run(&ctx[0]));
}

/* The shim does not allow it with interrupts off. */
static void refusals_are_formatted_with_interrupts_on(void)
{
	char text[4096];

	for (int i = 0; i < 10; i++)
		bx_refuse("policy", -EINVAL, "number %d", i);
	bx_refused_show(text);
	EXPECT(!strncmp(text, "policy: number 2\n", 17));
	EXPECT(!strcmp(strstr(text, "policy: number 9"), "policy: number 9\n"));
}

static const struct native_test tests[] = {
	NATIVE_TEST(search_for_one_program_is_one_entry),
	NATIVE_TEST(search_among_many_programs_is_short),
	NATIVE_TEST(ended_program_is_not_found),
	NATIVE_TEST(refusals_are_formatted_with_interrupts_on),
};

int main(void)
{
	return native_main(tests, ARRAY_SIZE(tests));
}
