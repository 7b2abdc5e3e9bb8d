#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Installs the missing Debian packages of a command.
#
#   packages.sh GROUP...     GROUP: build, arm64, vm, deb, debian, release, debug, fuzz, clang, check
#
# With NO_INSTALL=1, and for an ordinary user without sudo, it only lists them and
# exits with 1.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

# The compiler that the kernel's headers require. It depends on the release:
# linux-headers-VERSION has 'gcc = gcc-12' or later.
kernel_cc() {
	case $(sed -n 's/^VERSION_ID="\?\([0-9]*\).*/\1/p' /etc/os-release) in
	12) echo gcc-12 ;;
	*) echo gcc-14 ;;
	esac
}

group() {
	case $1 in
	build)
		# compiler, kernel modules and their BTF, bpftool and libbpf
		echo make gcc "$(kernel_cc)" libc6-dev patch bc bison flex
		echo dwarves kmod python3 clang-19 llvm-19
		echo libelf-dev zlib1g-dev libssl-dev libyaml-dev pkg-config
		echo libarchive-dev libkmod-dev xz-utils zstd
		# the loader is linked with the system's libbpf if that can load
		# struct_ops types of modules; Debian 12's (1.1) cannot
		[ "$(kernel_cc)" = gcc-12 ] || echo libbpf-dev
		;;
	arm64)
		# cross compilers and the machine, for kernels of that architecture
		echo gcc-aarch64-linux-gnu "$(kernel_cc)-aarch64-linux-gnu" mmdebstrap
		echo qemu-system-arm
		;;
	vm)
		echo qemu-system-x86 busybox-static kmod cpio util-linux
		echo gojq jq ncurses-base openssl mdevctl udev iproute2 e2fsprogs mount
		echo unifdef
		;;
	deb)
		echo debhelper dh-dkms dpkg-dev
		;;
	debian)
		# a guest with Debian
		echo mmdebstrap e2fsprogs mount util-linux
		;;
	release)
		# a system of another release of Debian
		echo mmdebstrap mount util-linux
		;;
	debug)
		# additional packages for building a whole kernel
		echo lz4
		;;
	clang)
		# compilers of policies: the oldest that is supported, and those of the release
		case $(kernel_cc) in
		gcc-12) echo clang-14 clang-16 ;;
		*) echo clang-17 ;;
		esac
		;;
	fuzz)
		echo libfuzzer-19-dev libclang-rt-19-dev openssl
		;;
	check)
		echo sparse shellcheck perl git
		;;
	*)
		die "invalid package group '$1' (expected build, arm64, vm, deb, debian, release, debug, fuzz, clang or check)"
		;;
	esac
}

installed() {
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

missing=()
for word in $(for g in "$@"; do group "$g"; done | tr ' ' '\n' | sort -u); do
	installed "$word" || missing+=("$word")
done
[ ${#missing[@]} -gt 0 ] || exit 0

if [ "${NO_INSTALL:-0}" = 1 ] || ! can_be_root; then
	echo "missing packages: ${missing[*]}" >&2
	echo "install them with: apt-get install --no-install-recommends ${missing[*]}" >&2
	exit 1
fi

# Neither a package nor dpkg (about changed files in /etc, when a dependency is
# upgraded) may ask a question. The script waits for a running update of the machine.
install_missing() {
	as_root env DEBIAN_FRONTEND=noninteractive APT_LISTCHANGES_FRONTEND=none \
		apt-get install -y --no-install-recommends \
		-o DPkg::Lock::Timeout=600 -o Dpkg::Options::=--force-confdef \
		-o Dpkg::Options::=--force-confold "${missing[@]}"
}

step APT "installing for '$*': ${missing[*]}"
# Old lists name files that the archive does not have any more, so a failed installation
# is tried again with new lists.
if ! apt_lists "${missing[0]}" || ! logged apt install_missing 2>/dev/null; then
	logged apt-update as_root apt-get update
	logged apt install_missing
fi
