#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The sanitizer kernel reports bugs: modules of the kernel provoke each on purpose, and
# the run must fail and name the bug.
# Runs on the host, with VM_KERNEL_DIR= the sanitizer kernel.
set -euo pipefail
. "$(dirname "$0")/../lib/ktap.sh"
cd "$(dirname "$0")/../.."

mkdir -p build/vm
work=$(mktemp -d "$PWD/build/vm/sanitizers.XXXXXX")
cleanup() {
	rm -rf "$work"
}

# boot COMMAND: leaves its output with the kernel's log, and its status
boot() {
	local status=0
	RUN="$1; dmesg" DEVICES=none APPEND=kasan_multi_shot TIMEOUT=$((300 * ${SLOWER:-1})) \
		selftests/vm/run.sh >"$work/out" 2>"$work/err" || status=$?
	echo "$status" >"$work/status"
}

# One boot for all bugs, since a boot costs more than the tests. Lockdep comes first,
# because it stops with any report. The shell that keeps the lock continues in atomic
# context, which is the next bug.
crash='echo %s >/sys/kernel/debug/provoke-crash/DIRECT; '
boot "$(
	# shellcheck disable=SC2059 # it is a format
	printf "modprobe lkdtm; ($crash) & wait; " SPINLOCKUP
	# shellcheck disable=SC2059
	printf "$crash" WRITE_AFTER_FREE ARRAY_BOUNDS CORRUPT_LIST_ADD
	echo true
)" &

# The runner's verdict on a leak: the leaking module unloads itself.
cat >"$work/leaks" <<'SCRIPT'
#!/bin/sh
modprobe kmemleak_test && rmmod kmemleak_test
printf '1..1\nok 1 leaks\n'
SCRIPT
chmod +x "$work/leaks"
echo "$work/leaks debug none 6 default" >"$work/list"
runner_status=0
env -u TESTS -u SET -u APPEND WHERE=debug TESTS_LIST="$work/list" TIMES="$work/times" \
	selftests/run >"$work/runner.out" 2>&1 || runner_status=$?
wait

# complains REGEX: the kernel printed this, in words that by themselves fail the run
complains() {
	grep -E "$1" "$work/out" | grep -qE -f <(grep -v '^#' selftests/vm/splats)
}
# reports NAME REGEX
reports() {
	check "$1" complains "$2"
}

ktap_plan 8
check_equal "what is reported fails the run" 126 "$(<"$work/status")"
reports use_after_free 'BUG: KASAN: slab-use-after-free'
reports array_bounds 'UBSAN: array-index-out-of-bounds'
reports list_corruption 'list_add corruption'
reports a_lock_that_is_kept 'lock held when returning to user space'
reports sleep_while_atomic \
	'sleeping function called from invalid context|scheduling while atomic'
check_match the_runner_counts_a_leak 'kmemleak: not ok .*unreferenced object 0x' \
	"$(<"$work/runner.out")"
check_equal "and fails" 1 "$runner_status"
