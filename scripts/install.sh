#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Installs on this machine: modules for the running kernel, bxctl with its man page and
# completion, units and initramfs scripts that attach policies at boot, the aliases of
# drivers, the bundles, the library, and the headers for policies and drivers.
#
#   KERNEL=   another kernel of the archive instead of the running one
#   DESTDIR=  a directory to install into, for packages
#   PREFIX=   directory for programs (default /usr/local)
#   LIBDIR= UNITDIR=  directories for libraries and systemd's units (below PREFIX)
#
#   install.sh KERNEL_DIR VERSION   the kernel that make built for; used with KERNEL=
#   install.sh programs             everything but modules, for the packages
set -euo pipefail
. "$(dirname "$0")/lib.sh"

prefix=${PREFIX:-/usr/local}
libdir=${LIBDIR:-$prefix/lib}
unitdir=${UNITDIR:-$prefix/lib/systemd/system}
root=${DESTDIR:-}

install_modules() {
	local kdir version updates
	if [ -n "${KERNEL:-}" ]; then
		kdir=$1 version=$2
	else
		version=$(uname -r)
		kdir=/lib/modules/$version
		[ -e "$kdir/build/Makefile" ] ||
			die "headers of the running kernel not found in $kdir/build: install" \
				"linux-headers-$version, or name a kernel with KERNEL=VERSION"
	fi
	NO_MODINST=1 TEST_MODULES=0 "$top/scripts/modules.sh" "$kdir" "$version"
	updates=$root/lib/modules/$version/updates/bus_ext
	step INSTALL "$updates"
	mkdir -p "$updates"
	find "$build/modules/$version/kernel" -name '*.ko' \
		-exec install -m 644 -t "$updates" {} +
	[ -n "$root" ] || depmod "$version"
	# for modules that use bus_ext's symbols
	install -D -m 644 -t "$root$prefix/include/bus_ext/$version" \
		"$build/modules/$version/kernel/Module.symvers"
}

install_command() {
	install -D -t "$root$prefix/bin" "$build/bin/bxctl"
	install -D -m 644 -t "$root$prefix/share/man/man8" "$top"/docs/man/*.8
	install -D -m 644 "$top/loader/bxctl.bash-completion" \
		"$root$prefix/share/bash-completion/completions/bxctl"
}

# Installs the bundles without their sources: bxctl uses the objects, and rules as they are.
install_bundles() {
	local bundle to file
	for bundle in "$top"/bpf/bundles/*/; do
		bundle=$(basename "$bundle")
		to=$root$prefix/lib/bus_ext/bundles/$bundle
		install -D -m 644 -t "$to" "$top/bpf/bundles/$bundle/bundle.yaml"
		install -D -m 644 -t "$to/tests" "$top/bpf/bundles/$bundle"/tests/*
		for file in "$build/bpf/bundles/$bundle"/*.bpf.o "$top/bpf/bundles/$bundle"/*.rules; do
			[ ! -e "$file" ] || install -m 644 -t "$to" "$file"
		done
	done
}

install_units() {
	local unit
	mkdir -p "$root$unitdir"
	for unit in "$top"/boot/*.service.in; do
		sed "s|@BINDIR@|$prefix/bin|" "$unit" \
			>"$root$unitdir/$(basename "$unit" .in)"
	done
}

# udev's rule; packages install into /lib, an administrator into /etc.
install_rules() {
	local dir=/etc/udev/rules.d
	[ "$prefix" != /usr ] || dir=/lib/udev/rules.d
	mkdir -p "$root$dir"
	sed "s|@BINDIR@|$prefix/bin|" "$top/boot/60-bus_ext.rules.in" >"$root$dir/60-bus_ext.rules"
}

# Packages install into /usr/share, an administrator into /etc.
install_initramfs() {
	local dir=/etc/initramfs-tools
	[ "$prefix" != /usr ] || dir=/usr/share/initramfs-tools
	install -D "$top/boot/initramfs-hook" "$root$dir/hooks/bus_ext"
	install -D "$top/boot/initramfs-script" "$root$dir/scripts/init-top/bus_ext"
}

# modprobe reads this directory below /usr and below /usr/local.
install_aliases() {
	install -D -m 644 "$top/boot/modprobe.conf" \
		"$root$prefix/lib/modprobe.d/bus_ext.conf"
}

install_library() {
	local dir
	install -D -m 644 -t "$root$libdir" "$build/lib/libbusext.a"
	mkdir -p "$root$libdir/pkgconfig"
	sed -e "s|@PREFIX@|$prefix|" -e "s|@LIBDIR@|$libdir|" \
		"$build/loader/libbusext.pc" >"$root$libdir/pkgconfig/libbusext.pc"
	# our own libbpf, if the system's is too old
	if grep -q '/bus_ext ' "$build/loader/libbusext.pc"; then
		install -D -m 644 -t "$root$libdir/bus_ext" "$build/tools/libbpf/lib/libbpf.a"
	fi
	for dir in linux bpf uapi/linux; do
		install -D -m 644 -t "$root$prefix/include/bus_ext/$dir" \
			"$top/include/$dir"/*.h
	done
	install -D -m 644 -t "$root$prefix/include" "$top/loader/busext.h"
	install -D -m 644 -t "$root$prefix/share/man/man3" "$top"/docs/man/*.3
}

[ "$1" = programs ] || install_modules "$@"
step INSTALL "$root$prefix"
install_command
install_bundles
install_units
install_rules
install_initramfs
install_aliases
install_library
