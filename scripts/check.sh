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
	git -c safe.directory="$top" ls-files -- "$@"
}

# What checkpatch says and is not asked: a reason, and below it extended regular
# expressions for lines 'FILE:LINE: LEVEL:TYPE: TEXT'.
not_asked() {
	grep -v '^#' <<'END'
# laid out as all trace events are
^kernel/trace\.h:.*:(PARENTHESIS_ALIGNMENT|OPEN_ENDED_LINE):
# registering a bus writes to its bus_type
:CONST_STRUCT: struct bus_type
# the name of a member can be neither evaluated twice nor put in parentheses
:MACRO_ARG_(REUSE|PRECEDENCE): Macro argument .*'field'
# what an older kernel answers to openat2()
^loader/lib/files\.c:.*:ENOSYS:
# a function with for_each in its name is taken for a loop
^kernel/(kind|own|override)\.c:.*:OPEN_BRACE:
# a macro that declares functions takes whole arguments
^kernel/kfunc\.h:.*:FUNCTION_ARGUMENTS:
# macros for BPF take types, names and loop variables; such a loop ends in '; )'
^include/bpf/.*:(MACRO_ARG_(REUSE|PRECEDENCE|UNUSED)|SPACING):
# a kfunc is declared extern, and what follows its ')' is taken for a cast
^(include/bpf|bpf|loader|selftests)/.*:AVOID_EXTERNS:
# OpenSSL's and LLVM's names
^loader/(lib/(sign|signature|trust|elf)|tests/(fuzz|objects|native)/[a-z.]*)\.[ch]:.*:CAMELCASE:
# mkdtemp() writes into it
^loader/tests/(fuzz/fuzz\.h|native/text\.c):.*:STATIC_CONST_CHAR_ARRAY:
# the macros of a policy hold initializers
^(bpf|selftests/e2e)/.*:PARENTHESIS_ALIGNMENT:
# programs that differ in a type and a word
^loader/bxctl\.bpf\.h:.*:MACRO_WITH_FLOW_CONTROL:
# declarations of functions, and lists of their names, cannot stand in parentheses
^(include/bpf/bus_ext_ctl\.bpf\.h|loader/bxctl\.bpf\.h|loader/lib/kfuncs\.[ch]):.*:(COMPLEX_MACRO|MACRO_ARG_REUSE|SPACING):
# the policy that 'bxctl new' writes has a tag of its own
^loader/cmd/template\.h:.*:SPDX_LICENSE_TAG:
# libbpf's way to say: a constant that the loader may set
\.bpf\.c:[0-9]+: WARNING:VOLATILE:
# a kfunc, or a file of sysfs, is named in a message, and means just that
^(kernel/kfunc|selftests/kernel/.*)\.c:.*:EMBEDDED_FUNCTION_NAME:
# what a step does is listed in it, as an initializer
^selftests/kernel/faults\.c:.*:PARENTHESIS_ALIGNMENT:
# tests have macros that are statements with names in them, as their harness has
^selftests/.*:(MACRO_ARG_REUSE|MACRO_WITH_FLOW_CONTROL):
# a macro outside of functions defines things, and no 'do' can go around those
^selftests/.*:MULTISTATEMENT_MACRO_USE_DO_WHILE:
# what it recommends exists in the kernel alone
^(include/bpf|bpf|loader|selftests|scripts|docs)/.*:(PREFER_KERNEL_TYPES|PREFER_DEFINED_ATTRIBUTE_MACRO|PREFER_FALLTHROUGH|STRCPY|STRNCPY):
# messages that a command must print
^loader/tests/native/crash_safety\.c:.*:LONG_LINE_STRING:
# a long message stays within 100 columns, and function types get names
^(include/bpf|bpf|loader|selftests|scripts|docs)/.*:(SPLIT_STRING|NEW_TYPEDEFS):
END
}

# checkpatch writes a list of the CamelCase names of include/ where it runs.
trap 'rm -f "$top"/.checkpatch-camelcase.*' EXIT

# Every line that is left is a finding, whatever the status was.
checkpatch() {
	local findings
	findings=$(sources '*.[ch]' |
		xargs perl "$build/tools/source/scripts/checkpatch.pl" --strict \
			--no-tree --quiet --terse --show-types --no-summary \
			--max-line-length=100 -f 2>&1 | grep -vE -f <(not_asked)) || true
	[ -z "$findings" ] || { echo "$findings"; return 1; }
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

# Each licence that a file names has its text in LICENSES/, and each text has a file.
spdx() {
	local file line name status=0
	local -a names
	local -A used=()
	while read -r file; do
		if ! line=$(head -n 3 "$file" | grep -m 1 'SPDX-License-Identifier:'); then
			echo "$file: no SPDX-License-Identifier in its first lines"
			status=1
			continue
		fi
		line=$(sed 's/.*SPDX-License-Identifier://; s|\*/||; s/[()]/ /g' <<<"$line")
		read -ra names <<<"$line"
		for name in "${names[@]}"; do
			case $name in AND | OR | WITH) continue ;; esac
			used[$name]=1
			[ -e "LICENSES/$name.txt" ] && continue
			echo "$file: LICENSES/$name.txt not found"
			status=1
		done
	done < <(sources '*.c' '*.h' '*.sh' '*.mk' '*.awk' '*Makefile' '*Kbuild' '*.S' '*.[1-9]' \
		.clang-format .editorconfig .gitignore)
	for file in LICENSES/*; do
		name=${file#LICENSES/}
		[ -z "${used[${name%.txt}]:-}" ] || continue
		echo "$file: no file has this licence"
		status=1
	done
	return $status
}

# Each pattern of MAINTAINERS matches a file, and each file belongs to a part.
maintainers() {
	local pattern missing status=0
	local -a patterns
	mapfile -t patterns < <(sed -n 's/^[FX]:\t//p' MAINTAINERS)
	for pattern in "${patterns[@]}"; do
		[ -z "$(sources ":(glob)$pattern")" ] || continue
		echo "MAINTAINERS: '$pattern' matches no file"
		status=1
	done
	mapfile -t patterns < <(sed -n 's/^F:\t/:(glob)/p' MAINTAINERS)
	missing=$(comm -23 <(sources | sort) <(sources "${patterns[@]}" | sort))
	[ -z "$missing" ] || { echo "MAINTAINERS: no part has $missing"; status=1; }
	return $status
}

try checkpatch checkpatch
try modules modules_w1
try older-headers "$top/scripts/older-headers.sh" "$kdir/build" "$build/modules/$version"
try layers "$top/scripts/layers.sh" "$build/modules/$version/kernel"
try shell shell
try spdx spdx
try maintainers maintainers
[ ${#failed[@]} = 0 ] || die "failed: ${failed[*]}; see $build/log/check-*.log"
