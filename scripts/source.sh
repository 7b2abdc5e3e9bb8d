#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Downloads Debian's kernel source package, once:
#
#   source.sh VERSION   for the kernel of this version; prints the path of
#                       build/source/linux-source-X.Y_PACKAGE-VERSION.tar.xz
set -euo pipefail
. "$(dirname "$0")/lib.sh"
dir=$build/source
link=$dir/$1

# The source package of the kernel, otherwise that of the release.
package() {
	local name
	for name in "linux-source-$(cut -d. -f1-2 <<<"$1")" linux-source-6.12; do
		if apt_lists "$name"; then
			echo "$name"
			return
		fi
	done
	die "apt has no $name: add the release's main or security source"
}

fetch() {
	local name deb tar tmp=$dir/tmp
	name=$(package "$1")
	rm -rf "$tmp"
	mkdir -p "$tmp"
	step SOURCE "fetching $name"
	logged source-fetch download "$tmp" "$name"
	deb=$(echo "$tmp"/*.deb)
	dpkg-deb -x "$deb" "$tmp"
	deb=${deb##*/}
	tar=${deb%_*}.tar.xz
	mv "$tmp/usr/src/$name.tar.xz" "$dir/$tar"
	ln -sfn "$tar" "$link"
	rm -rf "$tmp"
}

# Concurrent runs in one checkout wait for each other.
mkdir -p "$dir"
exec 9>"$dir/.lock"
flock 9
[ -e "$link" ] || fetch "$1" >&2
realpath "$link"
