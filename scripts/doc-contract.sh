#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Builds the code in docs/contract.md, as a reader would: only its files, against the
# headers that 'make install' installs.
#
#   doc-contract.sh KERNEL_DIR VERSION OUTPUT
set -euo pipefail
. "$(dirname "$0")/lib.sh"
kdir=$(realpath "$1") version=$2 output=$3

block() {
	awk -v want="$1" -f "$top/selftests/lib/doc-block.awk" "$top/docs/contract.md"
}

module() {
	in_release "$kdir" make -C "$kdir/build" --no-print-directory M="$output" \
		KBUILD_EXTRA_SYMBOLS="$build/modules/$version/kernel/Module.symvers" \
		KCFLAGS="-I$top/include -Werror" modules
}

policy() {
	"${CLANG:-clang-19}" -O2 -g -Wall -Werror -target bpf -I "$top/include" \
		-c "$output/night.bpf.c" -o "$output/night.bpf.o"
}

mkdir -p "$output"
block bx_lamp.h >"$output/bx_lamp.h"
block bx_lamp.c >"$output/bx_lamp.c"
block night >"$output/night.bpf.c"
echo 'obj-m := bx_lamp.o' >"$output/Kbuild"
step DOC "docs/contract.md"
logged doc-contract module
logged doc-contract-policy policy
