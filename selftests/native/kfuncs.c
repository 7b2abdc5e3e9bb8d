// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kfuncs, natively: names in memory that changes after each read, which a map that
 * user space has mapped may do, and the flags by which the verifier checks arguments
 *
 * kernel/kfunc.c is included, between readers that change what they have read and
 * functions that record what the kfuncs hand on.
 */
#include <stdlib.h>
#include "native.h"

#define SIZE	48	/* bytes that a program has; more than any name */

static char *memory;		/* the program's, with nothing behind it */
static char handed[SIZE];	/* the name that a kfunc handed on */
static struct bx_run run;
static struct bx_run *running;

/* As another processor may do right after a read: there is no NUL any more. */
static void memory_changes(const char *from)
{
	if (from == memory)
		memset(memory, 'x', SIZE);
}

#define READ_THEN_CHANGE(reader, type, from, ...) ({ \
	type got_ = reader(__VA_ARGS__); \
	memory_changes(from); \
	got_; \
})
#define strscpy(to, from, size) \
	READ_THEN_CHANGE(strscpy, ssize_t, from, to, from, size)
#define strlen(from)		READ_THEN_CHANGE(strlen, size_t, from, from)
#define strnlen(from, max)	READ_THEN_CHANGE(strnlen, size_t, from, from, max)
#define strchr(from, c)		READ_THEN_CHANGE(strchr, char *, from, from, c)

static int take(const char *name)
{
	snprintf(handed, sizeof(handed), "%s", name);
	return 0;
}

static struct bx_run *running_select(const struct bx_select_ctx *ctx)
{
	return running;
}

static int take_choice(struct bx_select_ctx *ctx, const char *name)
{
	return take(name);
}

static enum bx_driver_state take_state(struct bx_election *e, const char *name)
{
	take(name);
	return BX_DRIVER_REGISTERED;
}

static const char *fact;	/* the text of a fact, NULL without one */

static int read_fact(const struct bx_election *e, u32 number, char *buf)
{
	strcpy(buf, fact ?: "");
	return fact ? (int)strlen(fact) : -ENODATA;
}

static int read_device_fact(struct device *dev, u32 number, char *buf)
{
	return read_fact(NULL, number, buf);
}

static int take_target(struct bx_call *call, const char *name)
{
	return take(name);
}

#define bx_select_run		running_select
#define bx_choice_add		take_choice
#define bx_choice_state		take_state
#define bx_call_set_target	take_target
#define bx_election_fact	read_fact
#define bx_device_fact		read_device_fact
#include "kfunc.c"
#undef strscpy
#undef strlen
#undef strnlen
#undef strchr

/* ---- names in memory that changes ---- */

/* Each kfunc that takes a name in memory */
enum taker { SELECT, STATE, REDIRECT, NR_TAKERS };

/* Calls a kfunc with a name in the last of @SIZE bytes, of which it may read @size. */
static int call_kfunc(enum taker taker, const char *name, u32 size)
{
	struct bx_select_ctx ctx = {};
	struct bx_call call = {};
	struct bx_inst inst = {};
	int ret = 0;

	memory = malloc(SIZE);
	if (!memory)
		abort();
	memset(memory, 'x', SIZE);
	memcpy(memory, name, strnlen(name, SIZE - 1) + 1);
	handed[0] = '\0';
	run = (struct bx_run) { .inst = &inst };
	running = &run;
	switch (taker) {
	case SELECT:
		ret = bx_select_driver_mem(&ctx, memory, size);
		break;
	case STATE:
		ret = bx_driver_state_mem(&ctx, memory, size);
		break;
	case REDIRECT:
		ret = bx_call_redirect_mem(&call, memory, size);
		break;
	case NR_TAKERS:
		break;
	}
	free(memory);
	memory = NULL;
	return ret;
}

static void name_is_read_once(void)
{
	for (u32 t = 0; t < NR_TAKERS; t++) {
		EXPECT(call_kfunc(t, "vfio-pci", SIZE) >= 0);
		EXPECT(!strcmp(handed, "vfio-pci"));
		EXPECT(!run.failed);
	}
}

/* A name whose last byte is the last that may be read, and one that has no end there */
static void name_without_end_is_refused(void)
{
	for (u32 t = 0; t < NR_TAKERS; t++) {
		EXPECT(call_kfunc(t, "abc", 4) >= 0);
		EXPECT(!strcmp(handed, "abc"));
		EXPECT(call_kfunc(t, "abcd", 4) == -EINVAL);
		EXPECT(!*handed);
		EXPECT(run.failed == (t == SELECT));
	}
}

static void overlong_name_is_refused(void)
{
	char name[SIZE] = {};

	memset(name, 'a', BX_NAME_LEN - 1);
	EXPECT(!call_kfunc(SELECT, name, SIZE) && !strcmp(handed, name));
	name[BX_NAME_LEN - 1] = 'a';
	EXPECT(call_kfunc(SELECT, name, SIZE) == -EINVAL && !*handed);
	EXPECT(run.failed && run.kind == BX_EXIT_BAD_NAME &&
	       run.code == -ENAMETOOLONG);
	EXPECT(strstr(run.error, "more than 31 bytes"));
	EXPECT(strstr(run.error, "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'"));
	EXPECT(call_kfunc(STATE, name, SIZE) == -EINVAL && !run.failed);
}

static void name_with_a_slash_is_refused(void)
{
	EXPECT(call_kfunc(SELECT, "../nvme", SIZE) == -EINVAL && !*handed);
	EXPECT(run.failed && run.kind == BX_EXIT_BAD_NAME &&
	       run.code == -EINVAL);
	EXPECT(strstr(run.error, "'../nvme'"));
	EXPECT(call_kfunc(STATE, "a\nb", SIZE) == -EINVAL && !*handed);
}

/* The name is shown in a message of one line. */
static void name_in_a_message_is_printable(void)
{
	EXPECT(call_kfunc(SELECT, "a\nb\x1b\xff", SIZE) == -EINVAL);
	EXPECT(strstr(run.error, "'a?b?\?'"));
}

/* ---- facts ---- */

/* Reads a fact into @size bytes, which nothing follows. */
static int give_fact(const char *text, char **buf, u32 size)
{
	static struct bx_election e;

	fact = text;
	free(*buf);
	*buf = malloc(size);
	if (!*buf)
		abort();
	memset(*buf, 'x', size);
	running = &run;
	e.ctx.election = &e;
	return bx_select_fact(&e.ctx, BX_FACT_SERIAL, *buf, size);
}

static void fact_is_never_cut(void)
{
	char *buf = NULL;

	EXPECT(give_fact("abc", &buf, 4) == 3 && !strcmp(buf, "abc"));
	EXPECT(give_fact("abc", &buf, BX_FACT_LEN) == 3 && !strcmp(buf, "abc"));
	EXPECT(give_fact("abc", &buf, 3) == -ENAMETOOLONG);
	EXPECT(!memcmp(buf, "xxx", 3));
	EXPECT(give_fact("abc", &buf, 0) == -ENAMETOOLONG);
	EXPECT(give_fact(NULL, &buf, 4) == -ENODATA && !memcmp(buf, "xxxx", 4));
	free(buf);
}

static void fact_for_another_program_is_not_read(void)
{
	struct bx_select_ctx ctx = {};
	char buf[4];

	running = NULL;
	EXPECT(bx_select_fact(&ctx, BX_FACT_SERIAL, buf, sizeof(buf)) == -EINVAL);
}

static void fact_of_match_is_that_of_its_election(void)
{
	struct bx_election e = {};
	char buf[4];

	fact = "abc";
	EXPECT(bx_match_fact(&e.match, BX_FACT_SERIAL, buf, sizeof(buf)) == 3);
	EXPECT(!strcmp(buf, "abc"));
}

/* ---- the verifier's checks ---- */

static bool has(const struct native_kfunc *set, const char *name,
		unsigned long flags)
{
	for (; set->name; set++) {
		if (!strcmp(set->name, name))
			return (set->flags & flags) == flags;
	}
	return false;
}

/*
 * A context that is not trusted could be that of another program: the one that a
 * timer's callback has kept, or none.
 */
static void each_kfunc_of_a_policy_trusts_its_context(void)
{
	for (const struct native_kfunc *k = bx_policy_kfuncs; k->name; k++) {
		if (!(k->flags & (KF_ITER_NEXT | KF_ITER_DESTROY)) &&
		    !(k->flags & KF_TRUSTED_ARGS))
			native_failed("%s takes any pointer", k->name);
	}
	EXPECT(has(bx_policy_kfuncs, "bx_call_data", KF_RET_NULL));
	EXPECT(has(bx_policy_kfuncs, "bx_select_fact", KF_SLEEPABLE));
	EXPECT(has(bx_policy_kfuncs, "bx_match_fact", KF_SLEEPABLE));
	EXPECT(has(bx_hook_kfuncs, "bx_select_fact", KF_SLEEPABLE));
}

static void control_may_sleep_and_takes_no_null(void)
{
	static const char *const structures[] = {
		"bx_device_get", "bx_rebind", "bx_reelect", "bx_commit",
		"bpf_iter_bx_fact_new", "bpf_iter_bx_opinion_new",
		"bpf_iter_bx_trial_new",
		"bx_trial_call",
	};

	for (const struct native_kfunc *k = bx_control_kfuncs; k->name; k++) {
		if (!(k->flags & (KF_ITER_NEXT | KF_ITER_DESTROY)) &&
		    !(k->flags & KF_SLEEPABLE))
			native_failed("%s may be called where nothing sleeps",
				      k->name);
	}
	for (u32 i = 0; i < ARRAY_SIZE(structures); i++) {
		if (!has(bx_control_kfuncs, structures[i], KF_TRUSTED_ARGS))
			native_failed("%s takes NULL", structures[i]);
	}
}

/* Other struct_ops types, and tracing programs, are programs of the same types. */
static void filters_know_their_programs(void)
{
	struct bpf_prog_aux aux = { .attach_btf = (const struct btf *)&run };
	struct bpf_prog prog = { .aux = &aux,
				 .expected_attach_type = BPF_MODIFY_RETURN };

	EXPECT(bx_policy_filter(&prog, 0) && bx_hook_filter(&prog, 0));
	aux.attach_btf = bx_btf;
	EXPECT(!bx_policy_filter(&prog, 0) && !bx_hook_filter(&prog, 0));
	prog.expected_attach_type++;
	EXPECT(bx_hook_filter(&prog, 0));
	EXPECT(!bx_kfunc_init());
}

static const struct native_test tests[] = {
	NATIVE_TEST(name_is_read_once),
	NATIVE_TEST(name_without_end_is_refused),
	NATIVE_TEST(overlong_name_is_refused),
	NATIVE_TEST(name_with_a_slash_is_refused),
	NATIVE_TEST(name_in_a_message_is_printable),
	NATIVE_TEST(fact_is_never_cut),
	NATIVE_TEST(fact_for_another_program_is_not_read),
	NATIVE_TEST(fact_of_match_is_that_of_its_election),
	NATIVE_TEST(each_kfunc_of_a_policy_trusts_its_context),
	NATIVE_TEST(control_may_sleep_and_takes_no_null),
	NATIVE_TEST(filters_know_their_programs),
};

int main(void)
{
	return native_main(tests, ARRAY_SIZE(tests));
}
