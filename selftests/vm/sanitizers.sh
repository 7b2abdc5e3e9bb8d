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

# The runner's half in the guest judges leaks: the leaking module unloads itself.
cat >"$work/leaks" <<'SCRIPT'
#!/bin/sh
modprobe kmemleak_test && rmmod kmemleak_test
printf '1..1\nok 1 leaks\n'
SCRIPT
chmod +x "$work/leaks"

# One boot for all bugs, since a boot costs more than the tests. Leaks come first, because
# the runner does not look for them in a kernel that has complained; then lockdep, because
# it stops with any report. The shell that keeps the lock continues in atomic context, which
# is the next bug.
crash='echo %s >/sys/kernel/debug/provoke-crash/DIRECT; '
commands=$(
	# shellcheck disable=SC2059 # it is a format
	printf "modprobe lkdtm; ($crash) & wait; " SPINLOCKUP
	# shellcheck disable=SC2059
	printf "$crash" WRITE_AFTER_FREE ARRAY_BOUNDS CORRUPT_LIST_ADD
)
status=0
RUN="selftests/vm/guest-tests.sh leaks=$work/leaks=60; $commands dmesg" DEVICES=none \
	APPEND=kasan_multi_shot TIMEOUT=$((300 * ${SLOWER:-1})) \
	selftests/vm/run.sh >"$work/out" 2>"$work/err" || status=$?

# complains REGEX: the kernel printed this, in words that by themselves fail the run
complains() {
	grep -E "$1" "$work/out" | grep >/dev/null -E -f <(grep -v '^#' selftests/vm/splats)
}
# reports NAME REGEX
reports() {
	check "$1" complains "$2"
}

ktap_plan 7
check_equal "what is reported fails the run" 126 "$status"
reports use_after_free 'BUG: KASAN: slab-use-after-free'
reports array_bounds 'UBSAN: array-index-out-of-bounds'
reports list_corruption 'list_add corruption'
reports a_lock_that_is_kept 'lock held when returning to user space'
reports sleep_while_atomic \
	'sleeping function called from invalid context|scheduling while atomic'
check_match a_leak_fails_the_test 'kmemleak: not ok .*unreferenced object 0x' \
	"$(<"$work/out")"
