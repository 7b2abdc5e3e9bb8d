#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Prints the packages of the libraries that libbusext is linked with, for debian/rules. The
# libraries are those in libbusext.pc.
set -euo pipefail

libraries() {
	sed -n 's/^Libs: //p' build/loader/libbusext.pc | grep -o -- '-l[a-z0-9]*' |
		sed 's/^-l//' | grep -vx busext
}

package_of() {
	dpkg -S "$(realpath -s "$(gcc -print-file-name="lib$1.so")")" | cut -d: -f1
}

packages=
for library in $(libraries); do
	# our own libbpf, if the system's is too old
	[ "$library" = bpf ] && [ -e build/tools/libbpf/lib/libbpf.a ] &&
		grep -q /bus_ext build/loader/libbusext.pc && continue
	packages+="${packages:+, }$(package_of "$library")"
done
echo "busext:Depends=$packages, linux-libc-dev"
