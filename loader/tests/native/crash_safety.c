// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * bxctl survives a fault at any step
 *
 * Each command that changes something is run with a fault at its first step, at its
 * second, and so on until it ends without one.  After each run
 *
 *	- the active policies are those before or those after, all of them;
 *	- a command that reports success has made the state after, and one that fails
 *	  names the failed object;
 *	- the next command recovers: the same one makes the state after, the opposite
 *	  one makes the state before, and nothing is left over.
 *
 * The kernel is that of fake_kernel.h.
 *
 * Under the name crash_safety it injects signals, under crash_safety_errors errors of calls:
 * two tests that can run at the same time.  With the name of a command, all faults of that.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crash_verbs.h"
#include "world.h"

#define SANITIZER	77	/* exit status of a process with a report */

/**
 * struct run - a verb with one kind of fault
 * @v: the verb
 * @fault: the fault
 * @at: the step of the fault
 * @what: the call at that step
 * @steps: number of faults so far
 * @before: the state before
 * @after: the state after
 * @wrong: the first thing that is wrong; empty while there is none
 * @seen_before: the state before was seen after a fault
 * @seen_after: the state after was seen after a fault
 */
struct run {
	const struct verb	*v;
	enum fault		fault;
	unsigned long		at;
	char			what[128];
	unsigned int		steps;
	struct world		before;
	struct world		after;
	char			wrong[8192];
	bool			seen_before;
	bool			seen_after;
};

/* Each process is short, and there are thousands of them. */
const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
	return "exitcode=77:detect_leaks=0:malloc_context_size=1:"
		"max_malloc_fill_size=0:quarantine_size_mb=1:"
		"thread_local_quarantine_size_kb=16";
}

static unsigned int results, failures;

static void report(bool ok, const char *name, const char *what)
{
	failures += !ok;
	printf("%sok %u %s: %s\n", ok ? "" : "not ", ++results, name, what);
}

static void diag(const char *text)
{
	char *copy = strdup(text), *save;

	for (char *line = strtok_r(copy, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save))
		printf("# %s\n", line);
	free(copy);
}

static void wrong(struct run *run, const char *what, const char *expected,
		  const char *actual, const struct result *r)
{
	if (run->wrong[0])
		return;
	snprintf(run->wrong, sizeof(run->wrong),
		 "%s at step %lu (%s): %s\nexpected: %s\nactual:   %s\nstatus %d: %.1000s",
		 fault_name(run->fault), run->at, run->what, what,
		 expected, actual, r->status, r->said);
}

/* Commands without a fault, separated by ';' */
static void run_all(const char *commands, struct result *r)
{
	char *copy = strdup(commands ?: ""), *save;

	for (char *one = strtok_r(copy, ";", &save); one;
	     one = strtok_r(NULL, ";", &save))
		world_run(one, FAULT_NONE, 0, r);
	free(copy);
}

/* Checks that a command without a fault makes the right state. */
static void expect(struct run *run, const char *commands,
		   const struct world *state)
{
	struct result r = {};
	struct world now;

	run_all(commands, &r);
	world_read(run->v->product, &now);
	if (strcmp(now.all, state->all))
		wrong(run, commands, state->all, now.all, &r);
	else if (r.status == SANITIZER)
		wrong(run, commands, "no report of a sanitizer", "", &r);
}

/* The two states, from runs without a fault */
static void learn(struct run *run)
{
	const struct verb *v = run->v;
	struct result r = {};

	world_reset();
	run_all(v->setup, &r);
	world_read(v->product, &run->before);
	world_run(v->command, FAULT_NONE, 0, &r);
	world_read(v->product, &run->after);
	if (r.status != v->status)
		wrong(run, "without a fault", "success", "a failure", &r);
	if (v->says && !strstr(r.said, v->says) && !strstr(r.printed, v->says))
		wrong(run, "it says", v->says, r.printed, &r);
	if (v->status && strcmp(run->before.all, run->after.all))
		wrong(run, "after a failure", run->before.all, run->after.all,
		      &r);
	if (v->before && strcmp(run->before.active, v->before))
		wrong(run, "before", v->before, run->before.active, &r);
	if (v->after && strcmp(run->after.active, v->after))
		wrong(run, "after", v->after, run->after.active, &r);
	expect(run, v->back, &run->before);
}

/*
 * It names something: a file or a policy in quotes, the module, or the output.  A boot continues
 * after a failure, which is a note.
 */
static bool names_thing(const struct verb *v, const char *said)
{
	const char *line = strstr(said, "bxctl: ");

	while (strncmp(v->name, "boot", 4) && line && !strncmp(line, "bxctl: note: ", 13))
		line = strstr(line + 1, "bxctl: ");
	return line && (strchr(line, '\'') || strstr(line, "bus_ext") ||
			strstr(line, "cannot write the output"));
}

/* A state other than the one before is mentioned, or documented. */
static bool is_told(const struct verb *v, const char *said)
{
	return strstr(said, "the next command recovers") ||
		strstr(said, "not everything is as it was before") ||
		strstr(said, "is written, but may be lost in a crash") ||
		strstr(said, "was detached") || steps_last()->output ||
		/* each device by itself, and its output names those that were moved */
		!strncmp(v->name, "rebind", 6) ||
		!strncmp(v->name, "boot", 4);
}

/*
 * After a signal that can be handled no temporary file is there.  After SIGKILL some are,
 * and after an error some that cannot be removed.
 */
static void check_files(struct run *run, const struct world *now,
			const struct result *r)
{
	if (run->fault == FAULT_TERM &&
	    (strstr(now->all, " tmp/") || strstr(now->all, ".part")))
		wrong(run, "temporary files", "none", now->all, r);
	else if (run->fault != FAULT_KILL && strstr(now->all, " tmp/") &&
		 !strstr(r->said, "cannot be removed"))
		wrong(run, "of temporary files", "a word", now->all, r);
	if (run->v->scratch)
		world_clear_temporary();
}

/* A policy can be deactivated although the disk of the state cannot be written. */
static void check_advice(struct run *run, const struct result *r)
{
	if ((run->fault == FAULT_ENOSPC || run->fault == FAULT_EROFS) &&
	    strstr(r->said, "state.yaml': ") && !strstr(r->said, "bxctl detach"))
		wrong(run, "it names no way out", "bxctl detach", "", r);
}

static void check_status(struct run *run, const struct result *r,
			 bool is_before, bool is_after)
{
	if (fault_signal(run->fault)) {
		if (r->status != 128 + fault_signal(run->fault))
			wrong(run, "it ended", "by the signal", "", r);
	} else if (!r->status && run->fault != FAULT_EINTR &&
		   (steps_last()->output || steps_last()->closing)) {
		wrong(run, "it said success",
		      "a failure: what was written may be lost", "", r);
	} else if (r->status == run->v->status &&
		   !strstr(r->said, "not everything is as it was before")) {
		if (!is_after)
			wrong(run, "it said success",
			      run->after.active, "something else", r);
	} else if (!names_thing(run->v, r->said)) {
		wrong(run, "its message", "what failed", "nothing", r);
	} else if (!is_before && !is_told(run->v, r->said)) {
		wrong(run, "it failed", run->before.active,
		      "another state, and no word of it", r);
	}
}

/* Whether there are leftovers to recover from */
static bool check(struct run *run, const struct result *r)
{
	const struct verb *v = run->v;
	struct world now;
	bool is_before, is_after;

	world_read(v->product, &now);
	is_before = !strcmp(now.active, run->before.active);
	is_after = !strcmp(now.active, run->after.active);
	if (!is_before && !is_after &&
	    (!v->between || strcmp(now.active, v->between)) &&
	    (!v->stranded || strcmp(now.active, v->stranded) || !r->status))
		wrong(run, "it is neither before nor after", run->after.active,
		      now.active, r);
	if (r->status == SANITIZER)
		wrong(run, "it ended", "without a report", "", r);
	check_status(run, r, is_before, is_after);
	check_files(run, &now, r);
	check_advice(run, r);
	world_read(v->product, &now);
	run->seen_before |= is_before;
	run->seen_after |= v->between ? !strcmp(now.active, v->between) :
		is_after;
	if (getenv("VERBOSE") && !fault_signal(run->fault))
		printf("# %s %s: %s %d%s: %s\n", v->name,
		       fault_name(run->fault), steps_last()->what, r->status,
		       is_after && r->status && !is_before ? " AFTER" : "",
		       r->said);
	return strcmp(now.all, run->before.all);
}

/* Another command that finds what is left over makes it the state before or after. */
static void expect_either(struct run *run, const char *command)
{
	struct result r = {};
	struct world now;

	world_run(command, FAULT_NONE, 0, &r);
	world_read(run->v->product, &now);
	if (strcmp(now.all, run->before.all) && strcmp(now.all, run->after.all))
		wrong(run, command, run->before.all, now.all, &r);
}

/* The next command, by turns: another one, the same one, or the one back */
static void recover(struct run *run)
{
	const struct verb *v = run->v;

	if (run->at % 3 == 1 && v->recover)
		expect_either(run, v->recover);
	else if (run->at % 3 && !v->only_back)
		expect(run, v->command, &run->after);
	expect(run, v->back, &run->before);
}

static void run_verb(const struct verb *v, enum fault fault)
{
	struct run *run = calloc(1, sizeof(*run));
	struct result r;
	unsigned int step = fault == FAULT_TERM && !v->scratch ? 5 : 1;
	char text[64];

	run->v = v;
	run->fault = fault;
	learn(run);
	/* SIGTERM differs from SIGKILL only in temporary files: a sample is enough */
	for (run->at = 1; !run->wrong[0]; run->at += step) {
		world_run(v->command, fault, run->at, &r);
		if (!steps_last()->hit)
			break;
		run->steps++;
		snprintf(run->what, sizeof(run->what), "%.120s",
			 steps_last()->what);
		if (check(run, &r))
			recover(run);
	}
	if (!run->wrong[0])
		expect(run, "", &run->after);
	if (fault == FAULT_KILL && !run->wrong[0] &&
	    (!run->seen_before || !run->seen_after))
		wrong(run, "the states that were seen", "before and after",
		      run->seen_before ? "before" : "after", &r);
	diag(run->wrong);
	printf("# %u steps\n", run->steps);
	snprintf(text, sizeof(text), "%s at %s step", fault_name(fault),
		 step == 1 ? "each" : "each fifth");
	report(!run->wrong[0], v->name, text);
	free(run);
}

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

int main(int argc, char **argv)
{
	const char *build = getenv("BUILD") ?: "build";
	bool errors = strstr(argv[0], "_errors");
	int first = errors && argc < 2 ? FAULT_ENOSPC : FAULT_KILL;
	int last = errors || argc > 1 ? FAULT_EINTR : FAULT_PIPE;
	char objects[4096];

	snprintf(objects, sizeof(objects), "%s/loader/tests/objects", build);
	if (!world_begin(objects, ARRAY_SIZE(verbs) * (last - first + 1)))
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		for (int fault = first; fault <= last; fault++)
			if (argc < 2 || !strcmp(argv[1], verbs[i].name))
				run_verb(&verbs[i], fault);
	world_close();
	return failures ? 1 : 0;
}
