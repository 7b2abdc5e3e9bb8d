#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Install on this machine: modules for the running kernel, bxctl with its man page
# and completion, the library, and the headers for policies and drivers.
#
#   KERNEL=   another kernel of the archive instead of the running one
#   DESTDIR=  a directory to install into, for packages
#   PREFIX=   where programs go (default /usr/local)
#
#   install.sh KERNEL_DIR VERSION   what make built for; used with KERNEL=
set -euo pipefail
. "$(dirname "$0")/lib.sh"

prefix=${DESTDIR:-}${PREFIX:-/usr/local}
if [ -n "${KERNEL:-}" ]; then
	kdir=$1 version=$2
else
	version=$(uname -r)
	kdir=/lib/modules/$version
	[ -e "$kdir/build/Makefile" ] ||
		die "no headers of the running kernel in $kdir/build: install" \
			"linux-headers-$version, or name a kernel with KERNEL=VERSION"
fi

NO_MODINST=1 "$top/scripts/modules.sh" "$kdir" "$version"
updates=${DESTDIR:-}/lib/modules/$version/updates/bus_ext
step INSTALL "$updates"
mkdir -p "$updates"
find "$build/modules/$version/kernel" -name '*.ko' \
	-exec install -m 644 -t "$updates" {} +
[ -n "${DESTDIR:-}" ] || depmod "$version"

step INSTALL "$prefix"
[ ! -d "$build/bin" ] || install -D -t "$prefix/bin" "$build"/bin/*
[ ! -d "$build/lib" ] || install -D -m 644 -t "$prefix/lib" "$build"/lib/*
for dir in linux bpf uapi/linux; do
	install -D -m 644 -t "$prefix/include/bus_ext/$dir" "$top/include/$dir"/*.h
done
# for modules that use bus_ext's symbols
install -D -m 644 -t "$prefix/include/bus_ext/$version" \
	"$build/modules/$version/kernel/Module.symvers"
install -D -m 644 -t "$prefix/include" "$top/loader/busext.h"
install -D -m 644 -t "$prefix/share/man/man8" "$top"/docs/man/*.8
install -D -m 644 "$top/loader/bxctl.bash-completion" \
	"$prefix/share/bash-completion/completions/bxctl"
