#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Everything that can be said about the sources without running them; warnings
# are errors.
#
#   check.sh KERNEL_DIR VERSION
set -euo pipefail
. "$(dirname "$0")/lib.sh"
kdir=$1 version=$2
cd "$top"
failed=()

# try NAME COMMAND...: all of them run, and the end says which failed
try() {
	step CHECK "$1"
	logged "check-$1" "${@:2}" || failed+=("$1")
}

sources() {
	git ls-files -- "$@"
}

# Not asked of BPF programs and user space, and why:
#   SPLIT_STRING           a long message stays within 100 columns
#   PREFER_KERNEL_TYPES, PREFER_DEFINED_ATTRIBUTE_MACRO, PREFER_FALLTHROUGH,
#   STRCPY                 what it recommends exists in the kernel alone
#   AVOID_EXTERNS          a kfunc is declared extern, with __ksym
#   NEW_TYPEDEFS           function types
checkpatch_ignored=SPLIT_STRING,PREFER_KERNEL_TYPES,PREFER_DEFINED_ATTRIBUTE_MACRO
checkpatch_ignored+=,PREFER_FALLTHROUGH,STRCPY,AVOID_EXTERNS,NEW_TYPEDEFS

checkpatch_on() {
	xargs -r perl "$build/tools/source/scripts/checkpatch.pl" --strict \
		--no-tree --quiet --terse --show-types --no-summary \
		--max-line-length=100 "$@" -f
}

checkpatch() {
	local status=0
	sources 'kernel/*.[ch]' 'include/*.h' ':!include/bpf' | checkpatch_on || status=1
	sources '*.[ch]' ':!kernel' ':!include/linux' ':!include/uapi' |
		checkpatch_on --ignore "$checkpatch_ignored" || status=1
	return $status
}

# A second mirror: the objects of the normal build stay as they are.
modules_w1() {
	MODULES_DIR=$build/check/modules NO_MODINST=1 \
		"$top/scripts/modules.sh" "$kdir" "$version" \
		W=1 C=2 CF="-Wsparse-error" KCFLAGS=-Werror
}

shell() {
	# by their first line: many have no extension
	sources | while read -r file; do
		if [[ $file == *.sh ]] || head -n 1 "$file" | grep -qE '^#!.*\b(ba)?sh$'; then
			echo "$file"
		fi
	done | xargs -r shellcheck -x -P SCRIPTDIR
}

spdx() {
	local file status=0
	while read -r file; do
		head -n 3 "$file" | grep -q 'SPDX-License-Identifier:' && continue
		echo "$file: no SPDX-License-Identifier in its first lines"
		status=1
	done < <(sources '*.c' '*.h' '*.sh' '*.mk' '*Makefile' '*Kbuild' '*.S')
	return $status
}

try checkpatch checkpatch
if [ -e kernel/Kbuild ]; then try modules modules_w1; fi
try shell shell
try spdx spdx
[ ${#failed[@]} = 0 ] || die "failed: ${failed[*]}; see $build/log/check-*.log"
