#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Builds bpftool and a static libbpf from Debian's kernel source package, with
# the project's patches (loader/patches/). The distribution's versions are too old
# on Debian 12, and its bpftool does not support struct_ops types of modules.
#
#   tools.sh fetch VERSION   unpack the needed directories into build/tools/source
#   tools.sh build           build bpftool and libbpf into build/tools
#   tools.sh shared          build libbpf as a shared library into build/tools/shared, for a
#                            pahole that is linked with one that it does not work with
set -euo pipefail
. "$(dirname "$0")/lib.sh"
tools=$build/tools
cross=()
[ -z "$arch" ] || cross=(ARCH="$arch" CROSS_COMPILE=aarch64-linux-gnu-
	CC="aarch64-linux-gnu-gcc --sysroot=$build/system")

extract() {
	local tar=$1 name=$2 to=$3
	tar xJf "$tar" -C "$to" --strip-components=1 --wildcards \
		"$name"/tools/{Makefile,arch,build,include,lib,scripts,bpf/bpftool} \
		"$name"/tools/testing/selftests/kselftest{,_harness}.h \
		"$name"/scripts "$name"/kernel/bpf "$name"{,/arch/arm64}/include/uapi \
		"$name"/drivers/base "$name"/include/linux/device	# for upstream/check.sh
}

fetch() {
	local tar name tmp=$tools/source.tmp
	tar=$("$top/scripts/source.sh" "$1")
	name=${tar##*/}
	rm -rf "$tmp"
	mkdir -p "$tmp"
	step TOOLS "unpacking the sources of bpftool and libbpf"
	logged tools-unpack extract "$tar" "${name%%_*}" "$tmp"
	rm -rf "$tools/source"
	touch "$tmp"
	mv "$tmp" "$tools/source"
}

# Builds without the disassemblers and libcap, so that bpftool runs in the VM with
# only libelf and zlib, and without bpftool's own BPF programs ('prog profile', the names of
# processes), since libbpf and bpftool would be compiled twice for them. libbpf has no debug
# information, which each program of the tests would be linked with.
make_bpftool() {
	make -C "$tools/patched/tools/bpf/bpftool" -j"$(nproc)" "${cross[@]}" \
		OUTPUT="$tools/obj/" EXTRA_CFLAGS=-O2 \
		feature-clang-bpf-co-re=0 feature-libcap=0 feature-llvm=0 \
		feature-libbfd=0 feature-libbfd-liberty=0 feature-libbfd-liberty-z=0 &&
		make -C "$tools/patched/tools/lib/bpf" "${cross[@]}" DESTDIR="$tools/libbpf" prefix= \
			OUTPUT="$tools/obj/libbpf/" install_headers
}

build_tools() {
	local patch
	rm -rf "$tools"/{patched,obj,libbpf}
	cp -a "$tools/source/." "$tools/patched"
	for patch in "$top"/loader/patches/*.patch; do
		[ -e "$patch" ] || continue
		step PATCH "${patch##*/}"
		logged patch patch -d "$tools/patched" -p1 -i "$patch"
	done
	step TOOLS "building bpftool and libbpf"
	mkdir -p "$tools/obj" "$tools/libbpf/lib"
	logged bpftool make_bpftool
	install -m 644 "$tools/obj/libbpf/libbpf.a" "$tools/libbpf/lib/"
	install -m 755 "$tools/obj/bpftool" "$tools/"
	rm -rf "$tools/obj"
}

make_shared() {
	make -C "$tools/shared.tmp/tools/lib/bpf" -j"$(nproc)" EXTRA_CFLAGS=-O2 \
		OUTPUT="$tools/shared.tmp/" "$tools/shared.tmp/libbpf.so"
}

build_shared() {
	[ ! -e "$tools/shared" ] || return 0
	rm -rf "$tools/shared.tmp"
	cp -a "$tools/source/." "$tools/shared.tmp"
	step TOOLS "building a shared libbpf for pahole"
	logged libbpf-shared make_shared
	mkdir "$tools/shared.new"
	cp -L "$tools/shared.tmp/libbpf.so" "$tools/shared.new/libbpf.so.1"
	mv "$tools/shared.new" "$tools/shared"
	rm -rf "$tools/shared.tmp"
}

# Concurrent runs in one checkout wait for each other.
mkdir -p "$tools"
exec 9>"$tools/.lock"
flock 9
case ${1:-} in
fetch) fetch "$2" ;;
build) build_tools ;;
shared) build_shared ;;
*) die "usage: tools.sh fetch VERSION | build | shared" ;;
esac
