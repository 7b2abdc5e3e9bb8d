#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Refuses modules without BTF: they can be loaded, but no policy can attach to them.
# Used by the build here and by DKMS on other machines.
#
#   check-btf.sh HEADERS MODULE...
headers=$1
shift
for ko; do
	readelf -SW "$ko" | grep >/dev/null ' \.BTF ' && continue
	echo "bus_ext: ${ko##*/} has no BTF: check that pahole (package dwarves) is" \
		"installed, and that $headers/vmlinux has a .BTF section" >&2
	exit 1
done
