// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * killat N COMMAND...: kill COMMAND right before the N-th system call that changes
 * something others can see, or makes it durable: BPF links, pins, files
 *
 * killat count COMMAND...: write the number of these to standard output; the output of
 * COMMAND goes to standard error
 *
 * Changes by BPF programs that are run, a commit for example, are done before the next
 * of these.
 *
 * Exit status: 99 when it was killed, else that of COMMAND, which then had no more
 * of these.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define KILLED	99
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/* Some of these change something with some arguments only. */
static const int calls[] = {
	SYS_bpf, SYS_openat,
#ifdef SYS_rename
	SYS_rename, SYS_unlink, SYS_mkdir, SYS_rmdir,
#endif
	SYS_renameat2, SYS_unlinkat, SYS_mkdirat, SYS_fsync, SYS_syncfs,
	SYS_exit_group,
};

static int changes(const struct __ptrace_syscall_info *call)
{
	switch (call->seccomp.nr) {
	case SYS_bpf:
		switch (call->seccomp.args[0]) {
		case BPF_OBJ_PIN:
		case BPF_LINK_CREATE:
		case BPF_LINK_UPDATE:
		case BPF_LINK_DETACH:
			return 1;
		}
		return 0;
	case SYS_openat:
		return !!(call->seccomp.args[2] & O_CREAT);
	}
	return 1;
}

/* A stop at each system call would take longer than COMMAND itself. */
static int stop_at_calls(void)
{
	struct sock_filter code[2 * ARRAY_SIZE(calls) + 2];
	struct sock_fprog prog = { ARRAY_SIZE(code), code };
	struct sock_filter *at = code;

	*at++ = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
					     offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		*at++ = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
						     calls[i], 0, 1);
		*at++ = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
						     SECCOMP_RET_TRACE);
	}
	*at = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ?:
		prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog);
}

/* @at: the step to kill at; 0 to count them */
static int follow(pid_t pid, long at)
{
	struct __ptrace_syscall_info call;
	long count = 0;
	int status;

	while (waitpid(pid, &status, 0) == pid) {
		if (WIFEXITED(status)) {
			if (!at)
				printf("%ld\n", count);
			return WEXITSTATUS(status);
		}
		if (WIFSIGNALED(status))
			return WTERMSIG(status) == SIGKILL ? KILLED :
				128 + WTERMSIG(status);
		if (status >> 8 == (SIGTRAP | PTRACE_EVENT_SECCOMP << 8) &&
		    ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(call),
			   &call) > 0 &&
		    changes(&call) && ++count == at)
			kill(pid, SIGKILL);
		ptrace(PTRACE_CONT, pid, NULL, NULL);
	}
	return 1;
}

int main(int argc, char **argv)
{
	bool counts = argc > 2 && !strcmp(argv[1], "count");
	int status;
	pid_t pid;

	if (argc < 3 || (!counts && atol(argv[1]) < 1)) {
		fprintf(stderr, "usage: killat N|count COMMAND...\n");
		return 2;
	}
	pid = fork();
	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		if (counts)
			dup2(STDERR_FILENO, STDOUT_FILENO);
		if (stop_at_calls()) {
			perror("killat: seccomp");
			_exit(127);
		}
		execvp(argv[2], argv + 2);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return 1;
	ptrace(PTRACE_SETOPTIONS, pid, NULL,
	       PTRACE_O_TRACESECCOMP | PTRACE_O_EXITKILL);
	ptrace(PTRACE_CONT, pid, NULL, NULL);
	return follow(pid, counts ? 0 : atol(argv[1]));
}
