#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The sanitizer kernel reports bugs: each is committed on purpose, by modules of
# the kernel that exist for that, and the run must fail and say what it was.
# Runs on the host, with VM_KERNEL_DIR= the sanitizer kernel.
set -euo pipefail
. "$(dirname "$0")/../lib/ktap.sh"
cd "$(dirname "$0")/../.."

mkdir -p build/vm
work=$(mktemp -d "$PWD/build/vm/sanitizers.XXXXXX")
cleanup() {
	rm -rf "$work"
}

# boot NAME COMMAND: leaves NAME.out, the kernel's log, and NAME.status
boot() {
	local status=0
	RUN="$2; dmesg" DEVICES=none APPEND=kasan_multi_shot TIMEOUT=200 \
		selftests/vm/run.sh >"$work/$1.out" 2>"$work/$1.err" || status=$?
	echo "$status" >"$work/$1.status"
}

crash='echo %s >/sys/kernel/debug/provoke-crash/DIRECT; '
boot others "$(
	echo 'modprobe lkdtm;'
	# shellcheck disable=SC2059 # it is a format
	printf "$crash" WRITE_AFTER_FREE ARRAY_BOUNDS CORRUPT_LIST_ADD
	echo 'modprobe kmemleak_test; rmmod kmemleak_test; sleep 6;'
	echo 'for i in 1 2; do echo scan >/sys/kernel/debug/kmemleak; done;'
	echo 'cat /sys/kernel/debug/kmemleak'
)" &
# A boot of its own: lockdep ends with its first report. The shell that keeps the
# lock goes on in atomic context, which is the next.
boot lockdep "modprobe lkdtm; (${crash/\%s/SPINLOCKUP}) & wait; sleep 1" &
wait

# What the runner makes of a leak: the module that leaks is gone by itself.
cat >"$work/leaks" <<'SCRIPT'
#!/bin/sh
modprobe kmemleak_test && rmmod kmemleak_test
printf '1..1\nok 1 leaks\n'
SCRIPT
chmod +x "$work/leaks"
echo "$work/leaks debug none 60" >"$work/list"
runner_status=0
env -u TESTS -u APPEND WHERE=debug SLOWER=1 TESTS_LIST="$work/list" \
	selftests/run >"$work/runner.out" 2>&1 || runner_status=$?

# reports NAME BOOT REGEX
reports() {
	check "$1" grep -qE "$3" "$work/$2.out"
}

ktap_plan 10
check_equal "what is reported fails the run" 126 "$(<"$work/others.status")"
reports use_after_free others 'BUG: KASAN: slab-use-after-free'
reports array_bounds others 'UBSAN: array-index-out-of-bounds'
reports list_corruption others 'list_add corruption'
reports leak others 'unreferenced object 0x'
reports a_lock_that_is_kept lockdep 'lock held when returning to user space'
reports sleep_while_atomic lockdep \
	'sleeping function called from invalid context|scheduling while atomic'
check_equal "and fails the run" 126 "$(<"$work/lockdep.status")"
check_match the_runner_counts_a_leak 'kmemleak: not ok .*unreferenced object' \
	"$(<"$work/runner.out")"
check_equal "and fails" 1 "$runner_status"
