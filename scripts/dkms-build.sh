#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# dkms runs this script, in a copy of the sources, to build the modules for one kernel.
# The output is in dkms's make.log.
#
#   dkms-build.sh VERSION HEADERS
set -e
version=$1 headers=$2

fail() {
	echo "bus_ext: $*" >&2
	exit 1
}

command -v pahole >/dev/null ||
	fail "pahole not found: without it the modules have no BTF, and no policy" \
		"can attach; install the package dwarves"
[ -e "$headers/vmlinux" ] ||
	fail "$headers/vmlinux not found: without it the modules have no BTF, and no" \
		"policy can attach; install linux-headers-$version of the distribution"

make -C "$headers" M="$PWD/kernel" KERNELRELEASE="$version" -j"$(nproc)" modules
find kernel -name '*.ko' -exec ./check-btf.sh "$headers" {} +
