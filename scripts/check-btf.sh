#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Refuses modules without BTF: they can be loaded, but no policy can attach to them. So it
# does modules with copies of the kernel's types, whose policies would be of other types than
# those that the kernel has: libbpf 1.5.0, with which pahole of Debian 13 is linked, makes them
# for 7.3 with PREEMPT_RT.
# Used by the build here and by DKMS on other machines.
#
#   check-btf.sh HEADERS MODULE...
#
# Exit status 3 for such copies
headers=$1
shift

# Whether the module has a struct task_struct of its own, by the name of a member
has_copies() {
	readelf -p .BTF "$1" | grep -w ptrace_entry >/dev/null
}

for ko; do
	if ! readelf -SW "$ko" | grep >/dev/null ' \.BTF '; then
		echo "bus_ext: ${ko##*/} has no BTF: check that pahole (package dwarves) is" \
			"installed, and that $headers/vmlinux has a .BTF section" >&2
		exit 1
	fi
	if has_copies "$ko"; then
		echo "bus_ext: the BTF of ${ko##*/} has copies of the kernel's types: pahole" \
			"must be linked with a newer libbpf than 1.5.0" >&2
		exit 3
	fi
done
