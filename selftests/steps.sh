#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# What fails, fails: a step of the build whose command fails, see logged() in scripts/lib.sh;
# a run whose kernel has complained, however long its log is, see verdict() in vm/qemu.sh.
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

# judged LOG: the status of a run whose command has succeeded
judged() {
	local status=0
	cp "$1" "$work/console.log"
	echo 0 >"$work/status"
	bash -c '
		set -euo pipefail
		. scripts/lib.sh
		. selftests/vm/qemu.sh
		run=$1
		verdict 0 0' bash "$work" 2>/dev/null || status=$?
	echo $status
}

ktap_plan 9
check_equal "a command that succeeds" $'done\n0' "$(step 0 true)"
check_equal "a command that fails" 1 "$(step 0 false)"
check_equal "a function with commands behind one that fails" 1 "$(step 0 several false)"
check_fails "and none of these is run" grep continued "$work/log/step.log"
check_equal "a function that exits" 1 "$(step 0 several exit 3)"
check_match "with V=1, too" '^[^0]' "$(step 1 several false)"
seq 500000 >"$work/quiet"
{ echo "BUG: of the kernel"; cat "$work/quiet"; } >"$work/long"
check_equal "a run without a complaint" 0 "$(judged "$work/quiet")"
check_equal "a complaint at the begin of a long log" 126 "$(judged "$work/long")"
# With pipefail, a pipe fails if its writer has more to say than the reader wants to know.
check_equal "no pipe of a script ends at the first match" "" \
	"$(grep -rnE --include='*.sh' --include=run '\| *grep -[a-zA-Z]*[qm]' \
		.ci boot loader scripts selftests || true)"
