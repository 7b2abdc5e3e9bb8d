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

# Other kernels may work; no test has run on them.
supported() {
	awk -v series="$1" '/^[^#]/ && $5 == series { found = 1 } END { exit !found }' \
		"$top/scripts/kernels.list"
}
supported "$(cut -d. -f1-2 <<<"$version")" ||
	step CONFIG "kernel $version is of a series that is not in scripts/kernels.list: untested"

# Skeletons with a policy need libbpf 1.5; the one that is built here is 1.5, too. Programs for
# another architecture get one that is built for it.
if [ -z "$arch" ] && pkg-config --atleast-version=1.5 libbpf 2>/dev/null; then
	cflags=$(pkg-config --cflags libbpf)
	libs=$(pkg-config --libs libbpf)
	static_libs=$(pkg-config --static --libs libbpf)
	own=
else
	cflags="-I \$(BUILD)/tools/libbpf/include"
	libs="\$(BUILD)/tools/libbpf/lib/libbpf.a -lelf -lz"
	static_libs="\$(BUILD)/tools/libbpf/lib/libbpf.a $(pkg-config --static --libs libelf)"
	own="\$(BUILD)/tools/bpftool"
fi

# A static program is cheaper to fork: it has a third of the mappings, and each costs
# allocations that a sanitizer kernel tracks.
static="-static $static_libs"
cc=(gcc)
if [ -n "$arch" ]; then
	[ -e "$build/system" ] || "$top/scripts/sysroot.sh" "$arch"
	cc=(aarch64-linux-gnu-gcc --sysroot="$build/system")
fi
read -ra elf <<<"$(pkg-config --static --libs libelf 2>/dev/null)"
# Debian 13's libelf.a lacks what elf_begin() needs.
echo 'void *elf_begin(int, int, void *); int main(void) { return !elf_begin(0, 0, 0); }' |
	"${cc[@]}" -x c -o /dev/null - -static "${elf[@]}" 2>/dev/null || static=$libs

mkdir -p "$(dirname "$1")"
cat >"$1" <<END
KVER := $version
LIBBPF_CFLAGS := $cflags
LIBBPF_LIBS := $libs
LIBBPF_TEST_LIBS := $static
# built together with bpftool: a prerequisite of programs that use libbpf
LIBBPF_READY := $own
END
step CONFIG "kernel $version"
