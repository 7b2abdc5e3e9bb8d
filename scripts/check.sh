#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs all checks of the sources that do not run the code; warnings are errors.
#
#   check.sh KERNEL_DIR VERSION
set -euo pipefail
. "$(dirname "$0")/lib.sh"
kdir=$1 version=$2
cd "$top"
failed=()

# try NAME COMMAND...: run a check; all checks run, and the script ends with a list of failed
# ones
try() {
	step CHECK "$1"
	logged "check-$1" "${@:2}" || failed+=("$1")
}

sources() {
	git -c safe.directory="$top" ls-files -- "$@"
}

# Findings of checkpatch that are ignored: a reason, and below it extended regular
# expressions for lines 'FILE:LINE: LEVEL:TYPE: TEXT'.
not_asked() {
	grep -v '^#' <<'END'
# has the layout of all trace events
^kernel/trace\.h:.*:(PARENTHESIS_ALIGNMENT|OPEN_ENDED_LINE):
# registering a bus writes to its bus_type
:CONST_STRUCT: struct bus_type
# the name of a member can be neither evaluated twice nor put in parentheses
:MACRO_ARG_(REUSE|PRECEDENCE): Macro argument .*'field'
# a variant of a macro for older kernels has no use for its argument
^kernel/compat\.h:.*:MACRO_ARG_UNUSED: Argument '(fn|name)'
# a kernel without userfaultfd() returns it
^selftests/kernel/election\.c:.*:ENOSYS:
# older kernels return it for openat2()
^loader/lib/files\.c:.*:ENOSYS:
# checkpatch takes a function with for_each in its name for a loop
^kernel/(kind|own|adopt)\.c:.*:OPEN_BRACE:
# a macro that declares functions takes whole arguments
^kernel/kfunc\.h:.*:FUNCTION_ARGUMENTS:
# macros for BPF take types, names and loop variables; such a loop ends in '; )'
^include/bpf/.*:(MACRO_ARG_(REUSE|PRECEDENCE|UNUSED)|SPACING):
# checkpatch takes the type tag of a pointer in a map for a factor
^selftests/bpf/refused\.bpf\.c:.*:SPACING:
# a kfunc is declared extern, and checkpatch takes the text after its ')' for a cast
^(include/bpf|bpf|loader|selftests)/.*:AVOID_EXTERNS:
# attributes, pragmas and shims of the engine of rules cannot stand in parentheses
^(bpf/rules_(state|engine|device|maps\.bpf)|loader/tests/native/rules_engine)\.[ch]:.*:(COMPLEX_MACRO|MACRO_ARG_(REUSE|PRECEDENCE|UNUSED)|MACRO_WITH_FLOW_CONTROL|SPACING|OPEN_BRACE|CAMELCASE):
^(bpf/rules_table\.h|selftests/bench/rules-engine\.bpf\.c):.*:MACRO_ARG_(REUSE|UNUSED):
^bpf/rules_maps\.bpf\.h:[0-9]+: WARNING:VOLATILE:
# checkpatch takes the dimension of an array for an argument
^loader/lib/rules_table\.h:.*:FUNCTION_ARGUMENTS:
# a result that the compiler must not leave out
^selftests/bench/rules\.c:.*:VOLATILE:
# names of USB's descriptors
^(kernel/fact_usb\.c|selftests/native/include/linux/usb(/cdc)?\.h|selftests/e2e/usbdev\.c):.*:CAMELCASE:
# lists of bytes cannot stand in parentheses; the texts are replaced by those of the command line
^selftests/e2e/usbdev\.c:.*:(COMPLEX_MACRO|STATIC_CONST_CHAR_ARRAY):
# OpenSSL's and LLVM's names
^loader/(lib/(sign|signature|trust|elf)|tests/(fuzz|objects|native)/[a-z.]*)\.[ch]:.*:CAMELCASE:
# mkdtemp() writes into the array
^loader/tests/(fuzz/fuzz\.h|native/text\.c):.*:STATIC_CONST_CHAR_ARRAY:
# the arguments of a policy's macros are initializers
^(bpf|selftests/e2e)/.*:PARENTHESIS_ALIGNMENT:
# programs that differ in only a type and a word
^loader/bxctl\.bpf\.h:.*:MACRO_WITH_FLOW_CONTROL:
# declarations of functions, and lists of their names, cannot stand in parentheses
^(include/bpf/bus_ext_ctl\.bpf\.h|loader/bxctl\.bpf\.h|loader/lib/kfuncs\.[ch]):.*:(COMPLEX_MACRO|MACRO_ARG_REUSE|SPACING):
# the template of 'bxctl new' has its own tag
^loader/cmd/template\.h:.*:SPDX_LICENSE_TAG:
# libbpf's convention for a constant that the loader may set
\.bpf\.c:[0-9]+: WARNING:VOLATILE:
# messages name a kfunc or a file of sysfs
^(kernel/kfunc|selftests/kernel/.*)\.c:.*:EMBEDDED_FUNCTION_NAME:
# SEC("syscall") programs run inside RCU-tasks-trace read sections
^kernel/iter\.c:.*:RCU_TASKS_TRACE:
# the driver core takes a positive errno of activate() for one driver's failure
^kernel/veto\.c:.*:USE_NEGATIVE_ERRNO:
# a keyword of C
^(include/bpf/bus_ext(_cmdline)?\.bpf|selftests/native/include/linux/types)\.h:.*:CAMELCASE:
# the size of an argument, which sizeof does not evaluate
^(kernel/contracts/bx_virtio_dev\.c|loader/lib/yaml\.h):.*:MACRO_ARG_REUSE:
# the actions of a step are an initializer
^selftests/kernel/faults(_policy|_any)?\.c:.*:PARENTHESIS_ALIGNMENT:
# tests have macros that are statements with declarations, as their harness has
^selftests/.*:(MACRO_ARG_REUSE|MACRO_WITH_FLOW_CONTROL):
# a macro outside of functions has definitions, which 'do' cannot enclose
^selftests/.*:MULTISTATEMENT_MACRO_USE_DO_WHILE:
# the recommended names exist only in the kernel
^(include/bpf|bpf|loader|selftests|scripts|docs)/.*:(PREFER_KERNEL_TYPES|PREFER_DEFINED_ATTRIBUTE_MACRO|PREFER_FALLTHROUGH|STRCPY|STRNCPY):
# messages that a command must print
^loader/tests/native/crash_(safety\.c|verbs\.h):.*:LONG_LINE_STRING:
# long messages are split at 100 columns, and function types get names
^(include/bpf|bpf|loader|selftests|scripts|docs)/.*:(SPLIT_STRING|NEW_TYPEDEFS):
END
}

# checkpatch writes a list of the CamelCase names of include/ where it runs.
trap 'rm -f "$top"/.checkpatch-camelcase.*' EXIT

# Every remaining line is a finding, independent of the exit status.
checkpatch() {
	local findings
	findings=$(sources '*.[ch]' |
		xargs perl "$build/tools/source/scripts/checkpatch.pl" --strict \
			--no-tree --quiet --terse --show-types --no-summary \
			--max-line-length=100 -f 2>&1 | grep -vE -f <(not_asked)) || true
	[ -z "$findings" ] || { echo "$findings"; return 1; }
}

# Uses a second mirror, so that the objects of the normal build stay unchanged.
modules_w1() {
	MODULES_DIR=$build/check/modules NO_MODINST=1 \
		"$top/scripts/modules.sh" "$kdir" "$version" \
		W=1 C=2 CF="-Wsparse-error" KCFLAGS=-Werror
}

shell() {
	# also by the first line, because many scripts have no extension
	sources | while read -r file; do
		if [[ $file == *.sh ]] || head -n 1 "$file" | grep >/dev/null -E '^#!.*\b(ba)?sh$'; then
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
		if ! line=$(grep -m 1 'SPDX-License-Identifier:' <(head -n 3 "$file")); then
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
try compat "$top/scripts/compat.sh"
try shell shell
try spdx spdx
try maintainers maintainers
try words "$top/scripts/words.sh"
[ ${#failed[@]} = 0 ] || die "failed: ${failed[*]}; see $build/log/check-*.log"
