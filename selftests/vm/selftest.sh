#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Test the test harness itself: every way a run can go wrong must show in its
# exit status, and the runner must count it. Runs on the host, one VM at a time, since
# other tests run beside it; one boot shows as much as it can.
set -euo pipefail
. "$(dirname "$0")/../lib/ktap.sh"
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."

# below build/, which the guest can read
mkdir -p build/vm
work=$(mktemp -d "$PWD/build/vm/selftest.XXXXXX")
# The caller's settings have no effect on the tests of the harness.
slower=${SLOWER:-1}
unset TESTS TESTS_LIST TOUCHED SET WHERE SLOWER LIMIT JOBS DEVICES APPEND ICOUNT RUN V
# a second processor of an emulated machine only costs
export SMP=1

cleanup() {
	rm -rf "$work"
}

# vm NAME [VARIABLE=value...]: boot; leaves NAME.out, NAME.err and NAME.status
vm() {
	local name=$1 status=0
	shift
	env "$@" selftests/vm/run.sh >"$work/$name.out" 2>"$work/$name.err" || status=$?
	echo "$status" >"$work/$name.status"
}

# fixture NAME: a test program from stdin
fixture() {
	cat - >"$work/$1"
	chmod +x "$work/$1"
}

# list WHERE NAME...: a tests.list of fixtures
list() {
	local where=$1 name
	shift
	for name in "$@"; do
		echo "$work/$name $where none 1 default"
	done
}

# runner NAME: run the list of that name; leaves NAME.out and NAME.status
runner() {
	local status=0
	TESTS_LIST=$work/$1.list TIMES=$work/$1.json selftests/run >"$work/$1.out" 2>&1 || status=$?
	echo "$status" >"$work/$1.status"
}

# stopped NAME: as runner, but it is stopped at the first result
stopped() {
	local status=0
	TESTS_LIST=$work/$1.list TIMES=$work/$1.json setsid selftests/run >"$work/$1.out" 2>&1 &
	session=$!
	wait_until 120 grep -q ' ok 1 ' "$work/$1.out"
	kill $session
	wait $session || status=$?
	echo "$status" >"$work/$1.status"
}

# Whether no process is left in the session of the stopped run
session_is_over() {
	# a process may be gone by the time that it is looked at
	{ sed 's/.*) //' /proc/[0-9]*/stat 2>/dev/null || true; } |
		awk -v session="$session" '$4 == session && $1 != "Z" { found = 1 } END { exit found }'
}

check_vm() {
	local name=$1 status=$2
	[ "$(<"$work/$name.status")" = "$status" ] || ktap_diag "$(<"$work/$name.err")"
	check_equal "$3" "$status" "$(<"$work/$name.status")"
}

check_runner() {
	local name=$1 status=$2 totals=$3
	[ "$(tail -n 1 "$work/$name.out")" = "$totals" ] || ktap_diag "$(<"$work/$name.out")"
	check_equal "$4" "$status, $totals" \
		"$(<"$work/$name.status"), $(tail -n 1 "$work/$name.out")"
}

fixture passes <<'END'
#!/bin/sh
printf 'TAP version 13\n1..2\nok 1 a\nok 2 b # SKIP no hardware\n'
END
fixture no-plan <<'END'
#!/bin/sh
echo ok 1 a
END
fixture too-few <<'END'
#!/bin/sh
printf '1..2\nok 1 a\n'
END
fixture fails <<'END'
#!/bin/sh
printf '1..1\nnot ok 1 a\n'; exit 1
END
fixture dies <<'END'
#!/bin/sh
printf '1..1\nok 1 a\n'; kill -SEGV $$
END
fixture liar <<'END'
#!/bin/sh
printf '1..1\nnot ok 1 a\n'
END
fixture spoils <<'END'
#!/bin/sh
echo 'WARNING: CPU: 0 PID: 1 at x' >/dev/kmsg
modprobe bus_ext
bpftool struct_ops register build/bpf/first.bpf.o /sys/fs/bpf/left >&2
printf '1..1\nok 1 a\n'
END
fixture panics <<'END'
#!/bin/sh
printf '1..1\n'; echo c >/proc/sysrq-trigger
END
# Its judge in the guest will not end it.
fixture stuck <<'END'
#!/bin/sh
printf '1..2\nok 1 a\n'; kill -STOP $PPID; sleep 600
END
fixture sleeps <<'END'
#!/bin/sh
printf '1..2\nok 1 a\n'; exec sleep 600
END
for name in no-plan too-few fails dies liar; do
	list host $name >"$work/$name.list"
done
list host passes >"$work/passes.list"
: >"$work/nothing.list"
# One VM each for what spoils a kernel; the test after it runs in the next.
list vm spoils passes panics stuck >"$work/vm.list"
list vm sleeps >"$work/sleeps.list"

ktap_plan 21

vm status RUN='echo out; su user -c "bxctl help >/dev/null" && echo user; echo err >&2; exit 3'
vm hang TIMEOUT=12 RUN='sleep 600'
# the time for the last test, which cannot even be killed
LIMIT=$((10 * slower)) GRACE=$((15 * slower)) runner vm

check_vm status 3 "the command's status is passed on"
check_equal "stdout is only the command's" out "$(head -n 1 "$work/status.out")"
check_equal "an ordinary user can run programs" user "$(tail -n +2 "$work/status.out")"
check_equal "stderr too" err "$(tail -n 1 "$work/status.err")"
check_vm hang 124 "a hang is 124"

for name in passes no-plan too-few fails dies liar nothing; do runner $name; done
check_runner passes 0 "1 passed, 0 failed, 1 skipped" "results and skips are counted"
check_runner no-plan 1 "1 passed, 1 failed, 0 skipped" "a missing plan is a failure"
check_runner too-few 1 "1 passed, 1 failed, 0 skipped" "fewer results than planned is a failure"
check_runner fails 1 "0 passed, 1 failed, 0 skipped" "a failed result is counted once"
check_runner dies 1 "1 passed, 1 failed, 0 skipped" "a signal is a failure"
check_runner liar 1 "0 passed, 2 failed, 0 skipped" "status 0 in spite of a failure is a failure"
check_runner nothing 1 "0 passed, 0 failed, 0 skipped" "nothing run is a failure"
check_runner vm 1 "3 passed, 4 failed, 1 skipped" \
	"what spoils a kernel is counted, and the tests after it still run"
said=$(<"$work/vm.out")
check_match "a warning is laid to the test" "spoils: not ok - the kernel complained" "$said"
check_match "modules left in use too" "spoils: not ok - left modules in use: bus_ext" "$said"
check_match "a panic too" "panics: not ok - the VM ended with status 125" "$said"
check_match "a test that cannot be killed is named" \
	"stuck: not ok - the VM ended with status 143: stuck" "$said"
check_match "what it said before arrives" "stuck: ok 1 a" "$said"
check "times are kept" gojq -e \
	'[.rows[] | select(.where == "none") | .processor_s] | length == 5 and add > 0' "$work/vm.json"
stopped sleeps
check_runner sleeps 143 "1 passed, 1 failed, 0 skipped" "a run that is stopped says how far it got"
check "and leaves nothing behind" wait_until 30 session_is_over
