#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Checks that the sources depend on versions only in kernel/compat.h:
#
# - no other file looks at the version of the kernel, of a library or of a compiler, or asks
#   whether the kernel has a type, a member or a function, in C, BPF programs and makefiles;
# - each macro of kernel/compat.mk has one entry in compat.h, with all fields, and no other file
#   has it, but for the headers of the native tests, which stand for a kernel.
#
#   compat.sh [DIR]    of another checkout than this one
#
# Exit status 1 if it finds any.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
cd "${1:-$top}"

# Extended regular expressions: versions of the kernel, of libbpf, of C libraries and compilers,
# of other libraries; questions of BPF programs, which CO-RE answers when they are loaded, and
# types with another name for another kernel (___old).
versions() {
	cat <<-'END'
		\b(LINUX_VERSION_CODE|LINUX_VERSION_MAJOR|KERNEL_VERSION|RHEL_RELEASE_CODE)\b
		\bLIBBPF_(MAJOR|MINOR)_VERSION\b|\blibbpf_((major|minor)_version|version_string)\b
		\b__GLIBC(__|_MINOR__|_PREREQ)\b|\bgnu_get_libc_version\b|\b__clang_(major|minor)__\b
		\b__GNUC(_MINOR)?__\b|\b__has_(include|builtin|attribute|feature)\b
		\b(OPENSSL_VERSION_(NUMBER|MAJOR|MINOR|PREREQ)|ARCHIVE_VERSION_NUMBER|YAML_VERSION)
		\bbpf_core_(type|field|enum_value)_(exists|matches|size)\b|\bbpf_ksym_exists\b
		\b__builtin_preserve_(type_info|enum_value)\b
		\bstruct [a-z_]+___[a-z0-9_]+
		\bHAVE_[A-Z_]+\b
		\b(uname|libbpf_probe_bpf_[a-z_]+)\(
	END
}

# Files that may have them, and why
allowed() {
	grep -v '^#' <<-'END'
		# the costs of the verifier depend on the series
		^selftests/kernel/cost\.c:.*uname\(
		# other subsystems' operations, as far as the benchmark declares them
		^selftests/bench/[a-z-]+(\.bpf)?\.[ch]:.*___bench\b
		# directories of modules have the release as their name
		^selftests/(kernel/mdev|lib/(guest|bxtest))\.c:.*uname\(
	END
}

# Neither the files that may depend on versions, nor what is built
sources() {
	find Makefile kernel include bpf loader selftests scripts -type f \
		\( -name '*.[ch]' -o -name '*.mk' -o -name Kbuild -o -name Makefile \) \
		! -path kernel/compat.h ! -path kernel/compat.mk
}

# found PATTERNS [EXCEPT]: lines of sources with one of the patterns; not of files whose names
# begin with EXCEPT
found() {
	sources | { [ $# = 1 ] && cat || grep -v "^$2"; } |
		xargs grep -nHE -f <(echo "$1") || true
}

# entry_has MACRO NAME: the entry of the macro has the field
entry_has() {
	awk -v macro="$1" -v field=" * $2: " '
		/^\/\*/ { text = "" }
		{ text = text $0 "\n" }
		/\*\// && index(text, " * Detect: " macro ":") { found = index(text, field) }
		END { exit !found }' kernel/compat.h
}

status=0
lines=$(found "$(versions)" | grep -vE -f <(allowed)) || true
[ -z "$lines" ] || {
	echo "$lines"
	echo "only kernel/compat.h may depend on a version (CONTRIBUTING.md)"
	status=1
}

mapfile -t macros < <(compat_macros kernel/compat.mk)
[ ${#macros[@]} -gt 0 ] || die "kernel/compat.mk detects nothing"
for macro in "${macros[@]}"; do
	for field in Detect Old New; do
		entry_has "$macro" "$field" && continue
		echo "kernel/compat.h: $macro has no entry with '$field:'"
		status=1
	done
	lines=$(found "\\b$macro\\b" selftests/native/include/)
	[ -z "$lines" ] || {
		echo "$lines"
		echo "$macro must be in no file but kernel/compat.h"
		status=1
	}
done
mapfile -t used < <(sed -nE 's/^ \* Detect: (\w+):.*/\1/p; s/^#if(n?def| )[ ]*(BX_\w+).*/\2/p' \
	kernel/compat.h)
for macro in "${used[@]}"; do
	[[ " ${macros[*]} " != *" $macro "* ]] || continue
	echo "kernel/compat.h: kernel/compat.mk does not detect $macro"
	status=1
done
exit $status
