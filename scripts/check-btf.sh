#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# A module without BTF loads, and then no policy can attach to it: refuse it. Used
# by the build here and by DKMS on other machines.
#
#   check-btf.sh HEADERS MODULE...
headers=$1
shift
for ko; do
	readelf -SW "$ko" | grep -q ' \.BTF ' && continue
	echo "bus_ext: ${ko##*/} has no BTF: is pahole (package dwarves) installed," \
		"and has $headers/vmlinux a .BTF section?" >&2
	exit 1
done
