#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Writes the sources of the kernel modules for only one kernel, without kernel/compat.mk and
# kernel/compat.h: as they would be in that kernel's tree.
#
#   strip-compat.sh HEADERS DIR
#     HEADERS   the build directory of the kernel's headers, or a kernel's tree
#     DIR       a new directory, for kernel/, include/ and selftests/modules/
#
# Of each #ifdef of a macro of compat.mk the form for this kernel is left; macros of compat.h are
# replaced by their texts. Its functions are left, in kernel/helpers.h.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
[ $# = 2 ] || die "expected HEADERS DIR, got $# arguments"
[ ! -e "$2" ] || die "'$2' exists; expected a new directory"
headers=$(realpath "$1") dir=$2

# Debian has the headers that all flavours of a kernel share in another directory.
srctree=$headers
[ -e "$srctree/include/linux/device.h" ] ||
	srctree=$headers/../$(sed -nE 's|^include .*/([^/]+)/Makefile$|\1|p' "$headers/Makefile")
[ -e "$srctree/include/linux/device.h" ] || die "'$headers' has no include/linux/device.h"

# detected: the macros that compat.mk defines for these headers, as -DMACRO
detected() {
	make -s -f - srctree="$srctree" <<-END
		include $top/kernel/compat.mk
		all: ; @echo \$(bx-compat)
	END
}

mkdir -p "$dir/selftests"
for part in kernel include selftests/modules; do
	cp -r "$top/$part" "$dir/$part"
done
found=" $(detected) "
options=()
mapfile -t macros < <(compat_macros "$top/kernel/compat.mk")
for macro in "${macros[@]}"; do
	case $found in
	*" -D$macro "*) options+=("-D$macro") ;;
	*) options+=("-U$macro") ;;
	esac
done
mapfile -t sources < <(find "$dir" -name '*.[ch]')
mapfile -t makefiles < <(find "$dir" -name Kbuild)
unifdef -B -x 2 -m "${options[@]}" "${sources[@]}"
rm "$dir/kernel/compat.mk"
mv "$dir/kernel/compat.h" "$dir/kernel/helpers.h"
mapfile -t sources < <(find "$dir" -name '*.[ch]')
perl "$top/scripts/strip-compat.pl" "$dir/kernel/helpers.h" "${sources[@]}" "${makefiles[@]}"
