#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A system of this machine's Debian release for another architecture, in build/ARCH/system: the
# headers and libraries that programs are cross-built with, and the programs of the VM. Packages
# are only unpacked, since nothing of it can run here.
#
#   sysroot.sh ARCH
set -euo pipefail
. "$(dirname "$0")/lib.sh"
dir=$build/system

# Libraries that programs are linked with, and selftests/vm/tools
libraries=libc6-dev,linux-libc-dev,libelf-dev,zlib1g-dev,libyaml-dev,libssl-dev,libarchive-dev,libkmod-dev
programs=bash,busybox-static,kmod,util-linux,coreutils,findutils,grep,sed,tar,zstd,gojq,openssl
programs+=,ncurses-base,strace,e2fsprogs,iproute2,mdevctl,udev

[ "$arch" = "${1:-}" ] || die "usage: KERNEL=NAME-ARCH sysroot.sh ARCH"
release=$("$top/scripts/release.sh" host)
step SYSROOT "unpacking packages of $release for $arch, once"
mkdir -p "$build"
# build/ARCH takes the place of build/ in the VM, where paths of both kinds are used.
ln -sfn . "$build/$arch"
archive "$release" main,security >"$build/system.list"
as_root rm -rf "$dir.tmp"
logged sysroot as_root mmdebstrap --mode=root --variant=extract --architectures="$arch" \
	--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr --include="$libraries,$programs" \
	--dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
	--dpkgopt='path-exclude=/usr/share/locale/*' \
	"$release" "$dir.tmp" "$build/system.list"
mv "$dir.tmp" "$dir"
