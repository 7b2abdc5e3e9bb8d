#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# kernel/vfio, with the devices' own files and iommufd instead of groups and containers;
# kernel/vfio_iommufd tests what only such a user can do.
cd "$(dirname "$0")/../.." || exit 1
. selftests/lib/ktap.sh
[ -e /dev/iommu ] || modprobe -q iommufd || ktap_skip_all "this kernel has no iommufd"
trap - EXIT
BX_VFIO_CDEV=1 exec build/selftests/kernel/vfio
