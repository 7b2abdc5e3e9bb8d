#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Build bpftool and a static libbpf from Debian's kernel source package, with
# the project's patches (loader/patches/) applied: the distribution's own are
# too old on Debian 12, and bpftool does not know struct_ops types of modules.
#
#   tools.sh fetch VERSION   the few directories needed, into build/tools/source
#   tools.sh build VMLINUX   bpftool and libbpf, into build/tools
set -euo pipefail
. "$(dirname "$0")/lib.sh"
tools=$build/tools

# The source of the kernel that is used, else what the release has.
source_package() {
	local version=$1 name
	version=$(cut -d. -f1-2 <<<"$version")
	for name in "linux-source-$version" linux-source-6.12; do
		if apt_lists "$name"; then
			echo "$name"
			return
		fi
	done
	die "apt knows no linux-source-$version: add the release's main or security source"
}

extract() {
	local tar=$1 name=$2 to=$3
	tar xJf "$tar" -C "$to" --strip-components=1 --wildcards \
		"$name"/tools/{Makefile,arch,build,include,lib,scripts,bpf/bpftool} \
		"$name"/tools/testing/selftests/kselftest{,_harness}.h \
		"$name"/scripts "$name"/kernel/bpf "$name"/include/uapi
}

download() {
	(cd "$1" && apt-get -q -o APT::Sandbox::User="$(id -un)" download "$2")
}

fetch() {
	local name tmp=$tools/source.tmp
	name=$(source_package "$1")
	rm -rf "$tmp"
	mkdir -p "$tmp/deb" "$tmp/src"
	step TOOLS "fetching $name"
	logged tools-fetch download "$tmp/deb" "$name"
	step TOOLS "unpacking what bpftool and libbpf need"
	dpkg-deb -x "$tmp"/deb/*.deb "$tmp/deb"
	logged tools-unpack extract "$tmp/deb/usr/src/$name.tar.xz" "$name" "$tmp/src"
	rm -rf "$tools/source"
	mv "$tmp/src" "$tools/source"
	rm -rf "$tmp"
}

# The disassemblers and libcap are left out so that bpftool runs in the VM with
# libelf and zlib alone.
make_bpftool() {
	make -C "$tools/patched/tools/bpf/bpftool" -j"$(nproc)" \
		OUTPUT="$tools/obj/" VMLINUX_BTF="$1" \
		CLANG="${CLANG:-clang-19}" LLVM_STRIP="${LLVM_STRIP:-llvm-strip-19}" \
		feature-libcap=0 feature-llvm=0 feature-libbfd=0 \
		feature-libbfd-liberty=0 feature-libbfd-liberty-z=0 &&
		make -C "$tools/patched/tools/lib/bpf" DESTDIR="$tools/libbpf" prefix= \
			OUTPUT="$tools/obj/libbpf/" install_headers
}

build_tools() {
	local patch
	rm -rf "$tools"/{patched,obj,libbpf}
	cp -a "$tools/source" "$tools/patched"
	for patch in "$top"/loader/patches/*.patch; do
		[ -e "$patch" ] || continue
		step PATCH "${patch##*/}"
		logged patch patch -d "$tools/patched" -p1 -i "$patch"
	done
	step TOOLS "building bpftool and libbpf"
	mkdir -p "$tools/obj" "$tools/libbpf/lib"
	logged bpftool make_bpftool "$(realpath "$1")"
	install -m 644 "$tools/obj/libbpf/libbpf.a" "$tools/libbpf/lib/"
	install -m 755 "$tools/obj/bpftool" "$tools/"
	rm -rf "$tools/obj"
}

# Two at once in one checkout take turns.
mkdir -p "$tools"
exec 9>"$tools/.lock"
flock 9
case ${1:-} in
fetch) fetch "$2" ;;
build) build_tools "$2" ;;
*) die "usage: tools.sh fetch VERSION | build VMLINUX" ;;
esac
