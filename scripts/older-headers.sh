#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Checks that a kernel without the generic driver_override is refused, with a sentence.
#
# Two sets of headers are made from current ones: without the function that sets the
# generic one; and with that function, while struct pci_dev still has its own field.
#
#   older-headers.sh HEADERS MODULES
#     HEADERS   the build directory of the kernel's headers
#     MODULES   the build tree of the modules (kernel/ and include/)
set -euo pipefail
headers=$1
modules=$2
# the common headers of all flavours are beside those of this flavour
common=$(realpath "$headers")/../$(sed -nE 's|^include .*/([^/]+)/Makefile$|\1|p' "$headers/Makefile")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cp -rL "$modules/kernel" "$modules/include" "$work/"
find "$work" \( -name '*.o' -o -name '.*.cmd' \) -delete
sed -i '/^obj-m += contracts/d' "$work/kernel/Kbuild"
mkdir -p "$work/current/device"
# those that kernel/compat.mk searches, and more
cp "$common"/include/linux/*.h "$work/current/"
cp "$common"/include/linux/device/*.h "$work/current/device/"
cp -r "$work/current" "$work/older"
cp -r "$work/current" "$work/mixed"
sed -i '/__device_set_driver_override/d' "$work/older/device.h"
perl -0pi -e 's/(struct pci_dev \{\n)/$1\tconst char *driver_override;\n/' "$work/mixed/pci.h"

# compile HEADERS: one object of the core, which Kbuild takes for a kernel with these
compile() {
	make -s -C "$headers" M="$work/kernel" bx-headers="$work/$1" kind.o 2>&1
}

compile current
for set in older mixed; do
	if output=$(compile $set) ||
	   ! grep -q 'needs a kernel that keeps driver_override in struct device' <<<"$output"; then
		echo "$0: $set headers are not refused:" >&2
		echo "$output" >&2
		exit 1
	fi
done
