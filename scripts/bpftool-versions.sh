#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Tries bpftool of each Debian release on a policy and a hook:
#
#   bpftool-versions.sh        download them, run each in one VM, print a table
#
# They are unpacked with their libraries into build/bpftool/, and run with these; nothing
# is installed. selftests/bpftool-versions is the part in the VM.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

sets='bookworm-main bookworm-backports trixie-main trixie-backports'

# Packages whose libraries bpftool is linked with
libraries() {
	local release=$1
	echo libc6 zlib1g libcap2 libzstd1
	case $release in
	bookworm) echo libelf1 ;;
	*) echo libelf1t64 libssl3t64 ;;
	esac
}

unpack() {
	local set=$1 dir=$build/bpftool/$1 deb
	local release=${set%%-*}
	[ ! -e "$dir/made" ] || return 0
	use_archive "$release" "$(echo main "${set#*-}" | tr ' ' '\n' | sort -ur | paste -sd,)"
	step BPFTOOL "fetching that of $set"
	rm -rf "$dir"
	mkdir -p "$dir/root"
	# shellcheck disable=SC2046 # a list of words
	logged "bpftool-$set" download "$dir" "bpftool/$(suite "$set")" $(libraries "$release")
	for deb in "$dir"/*.deb; do
		dpkg-deb -x "$deb" "$dir/root"
	done
	rm "$dir"/*.deb
	touch "$dir/made"
}

suite() {
	case $1 in
	*-main) echo "${1%-main}" ;;
	*) echo "$1" ;;
	esac
}

for set in $sets; do
	unpack "$set"
done
mkdir -p "$build/selftests"
RUN=selftests/bpftool-versions make --no-print-directory -C "$top" vm
