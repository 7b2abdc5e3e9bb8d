// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * killat N COMMAND...: kill COMMAND right before the N-th system call that changes
 * something others can see, or sees to it that it stays: BPF links, pins, files
 *
 * What BPF programs change when they are run, a commit, say, is done before the next
 * of these.
 *
 * Exit status: 99 when it was killed, else that of COMMAND, which then had no more
 * of these.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <linux/bpf.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define KILLED	99

static int changes(const struct __ptrace_syscall_info *call)
{
	switch (call->entry.nr) {
	case SYS_bpf:
		switch (call->entry.args[0]) {
		case BPF_OBJ_PIN:
		case BPF_LINK_CREATE:
		case BPF_LINK_UPDATE:
		case BPF_LINK_DETACH:
			return 1;
		}
		return 0;
	case SYS_openat:
		return !!(call->entry.args[2] & O_CREAT);
#ifdef SYS_rename
	case SYS_rename:
	case SYS_unlink:
	case SYS_mkdir:
	case SYS_rmdir:
#endif
	case SYS_renameat2:
	case SYS_unlinkat:
	case SYS_mkdirat:
	case SYS_fsync:
	case SYS_syncfs:
	case SYS_exit_group:
		return 1;
	}
	return 0;
}

static int follow(pid_t pid, long left)
{
	struct __ptrace_syscall_info call;
	int status;

	while (waitpid(pid, &status, 0) == pid) {
		if (WIFEXITED(status))
			return WEXITSTATUS(status);
		if (WIFSIGNALED(status))
			return WTERMSIG(status) == SIGKILL ? KILLED :
				128 + WTERMSIG(status);
		if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(call),
			   &call) > 0 &&
		    call.op == PTRACE_SYSCALL_INFO_ENTRY && changes(&call) &&
		    !--left)
			kill(pid, SIGKILL);
		ptrace(PTRACE_SYSCALL, pid, NULL, NULL);
	}
	return 1;
}

int main(int argc, char **argv)
{
	int status;
	pid_t pid;

	if (argc < 3 || atol(argv[1]) < 1) {
		fprintf(stderr, "usage: killat N COMMAND...\n");
		return 2;
	}
	pid = fork();
	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		execvp(argv[2], argv + 2);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return 1;
	ptrace(PTRACE_SETOPTIONS, pid, NULL,
	       PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
	ptrace(PTRACE_SYSCALL, pid, NULL, NULL);
	return follow(pid, atol(argv[1]));
}
