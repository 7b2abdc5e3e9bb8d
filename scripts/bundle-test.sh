#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs the test cases of a bundle in the VM, by 'make bundle-test': for bundles that this
# machine's kernel must not load, and for machines without bus_ext. The bundle need not be
# signed, since the VM is thrown away.
#
#   bundle-test.sh BUNDLE [OPTION...]	options of 'bxctl test', for example --set NAME=VALUE
#
# Exit status: that of 'bxctl test' in the VM, or that of selftests/vm/run.sh.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
[ -n "${1:-}" ] || die "missing bundle; use 'make bundle-test BUNDLE=DIR'"
[ -e "$1" ] || die "cannot find '$1'"
bundle=$(realpath "$1")
shift
bxctl=$build/bin/bxctl
mkdir -p "$build/vm"
copy=$(mktemp "$build/vm/bundle-test.XXXXXX.tar.zst")
trap 'rm -f "$copy"' EXIT

# The guest sees the checkout only: it gets a packed copy.
if [ -d "$bundle" ]; then
	"$bxctl" pack --output "$copy" "$bundle" >/dev/null
else
	cp "$bundle" "$copy"
fi
printf -v command ' %q' test --allow-unsigned "$@" "${copy/#"$top/"/}"
DEVICES=none RUN="modprobe -a bus_ext bx_composite bx_sf bx_virtio bx_vfio usbcore && exec build/bin/bxctl$command" \
	"$top/selftests/vm/run.sh"
