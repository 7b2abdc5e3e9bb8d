/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Native tests: one fault at one step of a process
 *
 * A step is a system call of the process on a file of the test's directory, or a
 * call of the fake kernel.  A seccomp filter stops the process at those system
 * calls, so steps inside of libc and of other libraries count as well.
 *
 * A fault happens before its step: a signal, or the call fails and changes nothing,
 * but for close(), which fails and closes.  Each kind of fault counts only the steps
 * at which it is possible.
 */
#ifndef _NATIVE_STEPS_H
#define _NATIVE_STEPS_H

enum fault {
	FAULT_NONE,
	FAULT_KILL,
	FAULT_TERM,
	FAULT_PIPE,
	FAULT_ENOSPC,
	FAULT_EROFS,
	FAULT_EIO,
	FAULT_EINTR,
	NR_FAULTS,
};

#define ON(fault)	(1U << (fault))
#define ON_SIGNAL	(ON(FAULT_KILL) | ON(FAULT_TERM))

/**
 * struct step - the step of the fault, as the parent process sees it
 * @hit: the fault happened
 * @output: at a write to the standard output
 * @closing: at a close()
 * @count: steps so far at which it could have happened
 * @what: the call and its file
 */
struct step {
	int		hit;
	int		output;
	int		closing;
	unsigned long	count;
	char		what[512];
};

/**
 * steps_init() - before the first process
 * @dir: the test's directory
 * @except: a directory below @dir whose files do not count
 *
 * Return: 0, or -1 when this machine has no seccomp filters.
 */
int steps_init(const char *dir, const char *except);

/**
 * steps_begin() - count steps from here on, in a child process
 * @fault: the fault
 * @at: it happens at this step, from 1
 */
void steps_begin(enum fault fault, unsigned long at);

/**
 * steps_last() - the step of the fault of the last process
 *
 * Return: the step, until the next steps_begin().
 */
const struct step *steps_last(void);

/**
 * steps_call() - count a step that is not a system call
 * @what: the call
 * @of: the object of the call
 * @faults: ON() the possible faults
 *
 * Return: 0, or the negative errno that it fails with.
 */
int steps_call(const char *what, const char *of, unsigned int faults);

/* steps_pause() - count no steps until steps_resume() */
void steps_pause(void);
void steps_resume(void);

/* A fault's name, and the signal that ends the process; 0 for an errno */
const char *fault_name(enum fault fault);
int fault_signal(enum fault fault);

#endif /* _NATIVE_STEPS_H */
