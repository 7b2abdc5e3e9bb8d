#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Installs the packages of the given groups (see packages.sh), and writes the properties of
# this machine and of the kernel to build for, for make:
#
#   config.sh build/config.mk GROUP...
set -euo pipefail
. "$(dirname "$0")/lib.sh"

"$top/scripts/packages.sh" "${@:2}"
version=$("$top/scripts/kernel.sh" version)
[ -n "$version" ] || die "apt has no kernel image; set KERNEL=VERSION"

# struct_ops types that live in a module need libbpf 1.4.
if pkg-config --atleast-version=1.4 libbpf 2>/dev/null; then
	cflags=$(pkg-config --cflags libbpf)
	libs=$(pkg-config --libs libbpf)
	own=
else
	cflags="-I \$(BUILD)/tools/libbpf/include"
	libs="\$(BUILD)/tools/libbpf/lib/libbpf.a -lelf -lz"
	own="\$(BUILD)/tools/bpftool"
fi

mkdir -p "$(dirname "$1")"
cat >"$1" <<END
KVER := $version
LIBBPF_CFLAGS := $cflags
LIBBPF_LIBS := $libs
# built together with bpftool: a prerequisite of programs that use libbpf
LIBBPF_READY := $own
END
step CONFIG "kernel $version"
