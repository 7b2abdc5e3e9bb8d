# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# The tests that an edit touches: selftests/touches.list has lines 'PATH TEST...', where
# PATH is a glob; a changed test touches itself. The tests of the set 'quick' that run on
# the host are always among them. The edited files are those that differ from the last
# commit, and if none does, those of that commit. Sourced by the runner.

# the runner's list of tests
list=''
declare -A touched=()
touched_devices=''

changed_files() {
	local changed
	changed=$(git diff --name-only HEAD 2>/dev/null
		git ls-files --others --exclude-standard 2>/dev/null)
	[ -n "$changed" ] || changed=$(git diff --name-only HEAD~1 HEAD 2>/dev/null)
	echo "$changed"
}

# touch_by FILE: adds the tests that the list has for it, and the test itself
touch_by() {
	local path tests test name=${1%.c}
	touched[$1]=1
	touched[${name#selftests/}]=1
	while read -r path tests; do
		# shellcheck disable=SC2053 # a glob
		[[ $path != '#'* && $1 == $path ]] || continue
		for test in $tests; do touched[$test]=1; done
	done <selftests/touches.list
}

# All of them share one VM, which has the devices of all.
find_touched() {
	local file name where devices _
	for file in $(changed_files); do touch_by "$file"; done
	while read -r name where devices _; do
		case $where in
		vm | stock) [ -z "${touched[$name]:-}" ] || touched_devices+=",$devices" ;;
		esac
	done <"$list"
	touched_devices=$(tr ',' '\n' <<<"$touched_devices" | grep . | sort -u | xargs | tr ' ' ,) || true
}

# is_touched NAME WHERE SET
is_touched() {
	[ -n "${touched[$1]:-}" ] || [ "$2 $3" = "host quick" ]
}
