#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Checks the patches for the kernel: that they apply, are in the kernel's style, and compile.
#
#   check.sh                     with the source in build/tools/source
#   check.sh SOURCE [HEADERS]    with another kernel's source, and its headers to compile with
#
# Nothing but the patched files of drivers/base is compiled, with the headers of the stock
# kernel; scripts/debug-kernel.sh builds a whole kernel with PATCHES=upstream.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh
. selftests/lib/ktap.sh

source=${1:-$build/tools/source}
version=$(sed -n 's/^KVER := //p' "$build/config.mk" 2>/dev/null || true)
headers=${2:-$build/kernel/$version/build}
[ $# != 1 ] || headers=
work=$(mktemp -d)
cleanup() { rm -rf "$work"; }

apply() {
	local patch
	for patch in upstream/000[1-9]-*.patch; do
		patch -d "$work" -p1 -F0 -s <"$patch" || return
	done
}

# There is no Signed-off-by before a patch is posted, nor a change of MAINTAINERS, which
# covers both directories.
style() {
	local patch status=0
	# From stdin: checkpatch takes a file of a repository for source.
	for patch in upstream/000[1-9]-*.patch; do
		perl "$source/scripts/checkpatch.pl" --no-tree --strict --no-signoff \
			--ignore FILE_PATH_CHANGES - <"$patch" || status=1
	done
	return $status
}

# compile OBJECT...: the files that the patches change, as a module that is not linked
compile() {
	local dir=$work/drivers/base flags="-I$work/include"
	case $* in *match.o*) flags+=" -DCONFIG_DRIVER_MATCH_HOOK=1" ;; esac
	echo "ccflags-y += $flags" >"$dir/Kbuild"
	make -s -C "$(realpath "$headers")" M="$dir" KCFLAGS=-Werror clean "$@"
}

[ -e "$source/drivers/base/base.h" ] ||
	ktap_skip_all "$source has no drivers/base; for build/tools/source: scripts/tools.sh fetch"
mkdir -p "$work"/{drivers,include/linux}
cp -r "$source/drivers/base" "$work/drivers/"

ktap_plan 4
check patches_apply apply
check patches_are_in_the_style_of_the_kernel style
if [ -d "$headers" ]; then
	check driver_core_compiles_with_the_hook \
		compile bus.o dd.o match.o test/driver-match-hook-test.o
	check driver_core_compiles_without_it compile bus.o dd.o
else
	ktap_skip driver_core_compiles_with_the_hook "no headers of that kernel"
	ktap_skip driver_core_compiles_without_it "no headers of that kernel"
fi
