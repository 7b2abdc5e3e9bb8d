# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Killing bxctl before each step: what kill.sh and killinstall.sh have in common.
# Sourced; the script has n, the step, and in_force, what is in force.
. loader/tests/says.sh
n=0 wrong='' seen='' status=0

# killed N COMMAND...: whether it was killed before step N
killed() {
	status=0
	build/loader/tests/killat "$1" "$bxctl" "${@:2}" >/dev/null 2>&1 || status=$?
	[ "$status" = 99 ]
}

# in_between STEP BEFORE AFTER: one of them is in force
in_between() {
	local now
	now=$(in_force)
	case $now in
	"$2") seen+=b ;;
	"$3") seen+=a ;;
	*) wrong=${wrong:-"in force before step $1: '$now'"} ;;
	esac
}

# whole NAME: every step was as it should be, before and after were seen
whole() {
	ktap_diag "$((n - 1)) steps"
	check_equal "$1: whole at each step" "0, yes yes, " "$status, $(
		[[ $seen != *b* ]] || echo yes) $([[ $seen != *a* ]] || echo yes), $wrong"
	n=0 wrong='' seen=''
}
