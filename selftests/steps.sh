#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A step of the build whose command fails, fails: see logged() in scripts/lib.sh.
set -euo pipefail
cd "$(dirname "$0")/.."
. selftests/lib/ktap.sh

work=$(mktemp -d)
cleanup() { rm -rf "$work"; }

# step V COMMAND...: what a script with that step prints, and its status
step() {
	local status=0
	V=$1 bash -c '
		set -euo pipefail
		. scripts/lib.sh
		build=$1
		shift
		several() { "$@"; echo continued; }
		logged step "$@"
		echo done' bash "$work" "${@:2}" 2>/dev/null || status=$?
	echo "$status"
}

ktap_plan 6
check_equal "a command that succeeds" $'done\n0' "$(step 0 true)"
check_equal "a command that fails" 1 "$(step 0 false)"
check_equal "a function with commands behind one that fails" 1 "$(step 0 several false)"
check_fails "and none of these is run" grep continued "$work/log/step.log"
check_equal "a function that exits" 1 "$(step 0 several exit 3)"
check_match "with V=1, too" '^[^0]' "$(step 1 several false)"
