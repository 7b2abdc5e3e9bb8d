#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Compiles the core as for kernels without the generic driver_override.
#
# No archive has such a 6.12 any more, so its three headers are made from
# current ones: the field moves from struct device back into struct pci_dev and
# struct platform_device. Objects are compiled, not linked or loaded.
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

mkdir -p "$work/older/linux"
perl -0pe 's/\tstruct \{\s*const char\s*\*name;\s*spinlock_t\s*lock;\s*\} driver_override;\n//;
	s/^int __device_set_driver_override.*?(?=\/\*\*\n \* device_iommu_mapped)//ms' \
	"$common/include/linux/device.h" >"$work/older/linux/device.h"
perl -0pe 's/(struct pci_dev \{\n)/$1\tconst char *driver_override;\n/' \
	"$common/include/linux/pci.h" >"$work/older/linux/pci.h"
perl -0pe 's/(struct platform_device \{\n)/$1\tconst char *driver_override;\n/' \
	"$common/include/linux/platform_device.h" \
	>"$work/older/linux/platform_device.h"
if grep -q '__device_set_driver_override' "$work/older/linux/device.h"; then
	echo "$0: cannot make the older device.h from $common" >&2
	exit 1
fi

objects=$(sed -n '/^bus_ext-y/,/[^\\]$/p' "$work/kernel/Kbuild" |
	sed 's/.*:=//; s/\\$//')
# shellcheck disable=SC2086
make -s -C "$headers" M="$work/kernel" W=1 bx-generic-override= \
	NOSTDINC_FLAGS="-nostdinc -I$work/older" KCFLAGS=-Werror \
	$objects
