# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Write a test in shell: each check becomes one KTAP result line, and one that
# fails says what it expected and what it got. Sourced by tests:
#
#	. "$(dirname "$0")/../lib/ktap.sh"
#	ktap_plan 2
#	check "module loads" modprobe bus_ext
#	check_equal "no device yet" 0 "$(count_devices)"
#
# The exit status is 1 when a check failed, and when there were more or fewer
# than planned.

ktap_planned=
ktap_count=0
ktap_failed=0

# A test that ends early must not look like one that passed.
ktap_exit() {
	local status=$?
	trap - EXIT
	if declare -F cleanup >/dev/null; then
		cleanup || ktap_diag "cleanup failed with status $?"
	fi
	if [ "$status" = 0 ] && { [ "$ktap_failed" != 0 ] ||
		[ "${ktap_planned:-0}" != "$ktap_count" ]; }; then
		status=1
	fi
	exit "$status"
}
trap ktap_exit EXIT

# ktap_plan N: how many results will follow. A function named cleanup, if the
# test has one, runs when the test ends, however it ends.
ktap_plan() {
	ktap_planned=$1
	echo "TAP version 13"
	echo "1..$1"
}

# ktap_diag LINE...: diagnostics for the reader of a failure
ktap_diag() {
	printf '%s\n' "$@" | sed 's/^/# /'
}

ktap_ok() {
	ktap_count=$((ktap_count + 1))
	echo "ok $ktap_count $1"
}

# ktap_not_ok NAME [DIAGNOSTIC...]
ktap_not_ok() {
	ktap_count=$((ktap_count + 1))
	ktap_failed=$((ktap_failed + 1))
	[ $# -lt 2 ] || ktap_diag "${@:2}"
	echo "not ok $ktap_count $1"
}

# ktap_skip NAME REASON
ktap_skip() {
	ktap_count=$((ktap_count + 1))
	echo "ok $ktap_count $1 # SKIP $2"
}

# ktap_skip_all REASON: nothing here can run on this machine
ktap_skip_all() {
	ktap_planned=0
	echo "TAP version 13"
	echo "1..0 # SKIP $1"
	exit 0
}

# needs_modules NAME...: nothing here can run on a kernel that lacks one, or has it built in
needs_modules() {
	local name found
	for name in "$@"; do
		found=$(modprobe --show-depends "$name" 2>/dev/null) ||
			ktap_skip_all "this kernel has no $name"
		[[ "${found##*$'\n'}" != builtin* ]] || ktap_skip_all "$name is built in"
	done
}

# check NAME COMMAND...: it succeeds
check() {
	check_status 0 "$@"
}

# check_status STATUS NAME COMMAND...: it exits with just this status
check_status() {
	local expected=$1 name=$2 output status=0
	shift 2
	output=$("$@" 2>&1) || status=$?
	if [ "$status" = "$expected" ]; then
		ktap_ok "$name"
	else
		ktap_not_ok "$name" "command:  $*" \
			"expected: status $expected" "actual:   status $status" "$output"
	fi
}

# check_fails NAME COMMAND...: it fails, with whatever status
check_fails() {
	local name=$1 output
	shift
	if output=$("$@" 2>&1); then
		ktap_not_ok "$name" "command:  $*" "expected: a failure" \
			"actual:   status 0" "$output"
	else
		ktap_ok "$name"
	fi
}

# check_equal NAME EXPECTED ACTUAL
check_equal() {
	if [ "$2" = "$3" ]; then
		ktap_ok "$1"
	else
		ktap_not_ok "$1" "expected: $2" "actual:   $3"
	fi
}

# check_match NAME REGEX ACTUAL: a bash (extended) regular expression
check_match() {
	if [[ $3 =~ $2 ]]; then
		ktap_ok "$1"
	else
		ktap_not_ok "$1" "expected: /$2/" "actual:   $3"
	fi
}

# wait_until SECONDS COMMAND...: until it succeeds; fails at the deadline. That is not
# before half of the time that the runner gives the test, which knows how slow the
# machine may be.
wait_until() {
	local seconds=$((${BX_TEST_SECONDS:-0} / 2)) deadline
	[ "$seconds" -gt "$1" ] || seconds=$1
	deadline=$((${EPOCHREALTIME/[.,]/} + seconds * 1000000))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "${EPOCHREALTIME/[.,]/}" -lt "$deadline" ] || return 1
		sleep 0.05
	done
}
