# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Run one test program and judge its output. Sourced by the runner for tests
# on the host and by its other half in the VM; both print the same lines:
#
#	NAME: ok 1 description
#	NAME: # the test's diagnostics of the failure that follows
#	NAME: not ok 2 description
#
# A fault of the program itself is another such 'not ok' without a number. The runner
# counts these lines.

judge_fail() {
	echo "$1: not ok - $2"
}

# judge_lines NAME: read KTAP, print results and their diagnostics. These are shown
# with the failure they belong to: those before it, and those right after it.
# The status is 0 when the plan was kept.
judge_lines() {
	local name=$1 line planned='' seen=0 failing='' pending=()
	while IFS= read -r line; do
		case $line in
		"ok "* | "not ok "*)
			seen=$((seen + 1))
			failing=
			if [[ $line == not* ]]; then
				failing=1
				[ ${#pending[@]} = 0 ] || printf "$name: # %s\n" "${pending[@]}"
			fi
			pending=()
			echo "$name: $line"
			;;
		1..[0-9]*)
			planned=${line#1..}
			[[ $planned != 0*SKIP* ]] || echo "$name: ok - # SKIP ${planned#*SKIP }"
			planned=${planned%%[!0-9]*}
			;;
		"TAP version "* | "KTAP version "*) ;;
		*)
			line=${line#\# }
			if [ "$failing" ] || [ "${V:-0}" = 1 ]; then
				echo "$name: # $line"
			else
				pending+=("$line")
				# the last ones tell why a program died
				[ ${#pending[@]} -le 40 ] || pending=("${pending[@]:1}")
			fi
			;;
		esac
	done
	if [ -z "$planned" ]; then
		judge_fail "$name" "no plan (1..N)"
	elif [ "$planned" != "$seen" ]; then
		judge_fail "$name" "planned $planned results, gave $seen"
	else
		return 0
	fi
	[ ${#pending[@]} = 0 ] || printf "$name: # %s\n" "${pending[@]}"
	return 1
}

# judge NAME PROGRAM SECONDS: SECONDS is passed to the program, too
judge() {
	local name=$1 program=$2 seconds=$3 result status lines
	if [ ! -x "$program" ]; then
		judge_fail "$name" "there is no executable $program"
		return
	fi
	# The results are read through a pipe, so the status takes another way.
	result=$(mktemp)
	{
		status=0
		BX_TEST_SECONDS=$seconds timeout -k 5 "$seconds" "$program" \
			</dev/null 2>&1 || status=$?
		echo "$status" >"$result"
	} | tee "$result.lines" | judge_lines "$name" && lines=good || lines=bad
	status=$(<"$result")
	if [ "$status" = 124 ] || [ "$status" = 137 ]; then
		judge_fail "$name" "no end after $seconds seconds"
	elif [ "$status" -gt 128 ]; then
		judge_fail "$name" "killed by signal $((status - 128))"
	elif [ "$status" != 0 ] && [ "$lines" = good ] &&
		! grep -q '^not ok ' "$result.lines"; then
		# a failed result is reason enough for a status; otherwise:
		judge_fail "$name" "exit status $status, though no result failed"
	elif [ "$status" = 0 ] && grep -q '^not ok ' "$result.lines"; then
		judge_fail "$name" "exit status 0 in spite of a failed result"
	fi
	rm -f "$result" "$result.lines"
}
