#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The administrator's override: where it is written, and what is refused. Runs on the host,
# with the tests' own kernel (native/bxctl.c).
cd "$(dirname "$0")/../.." || exit 1
. loader/tests/says.sh
on_fake_kernel
# shellcheck disable=SC2154 # of on_fake_kernel
sys=$work/kernel/sys
own=$sys/kernel/bus_ext/buses/pci/override
core=$sys/bus/pci/devices/02/driver_override

cleanup() {
	rm -rf "$work"
}

ktap_plan 12
rm -rf "$work/kernel"
mkdir -p "$work"/{etc,tmp,kernel,lib}
"$bxctl" !boot >/dev/null
"$bxctl" !device 02 nvme select:driver:vfio-pci:loader_test
mkdir -p "$(dirname "$own")" "$(dirname "$core")"

# a bus with driver_override
echo >"$core"
says "a driver is set, and the rebind named" 0 \
	"pci/02: only driver 'nvme' gets it.*'bxctl rebind pci/02'" override pci/02 nvme
check_equal "in driver_override" nvme "$(cat "$core")"
says "no driver at all" 0 "pci/02: no driver gets it" override pci/02 none
: >"$core"
says "it is removed" 0 "pci/02: no override; policies decide" override --clear pci/02
check_equal "by an empty line" "" "$(cat "$core")"
rm "$core"

# a bus without
says "a bus without the file is told" 1 "cannot override the driver of device 'pci/02'" \
	override pci/02 nvme
echo >"$own"
"$bxctl" override pci/02 nvme >/dev/null
check_equal "else in the file of the bus" "02 nvme" "$(cat "$own")"
: >"$own"
"$bxctl" override --clear 02 >/dev/null
check_equal "where the device by itself removes it" "02 " "$(cat "$own")"
check_equal "as JSON" '["pci","02","nvme"]' \
	"$("$bxctl" --json override 02 nvme | jq -c '[.bus, .name, .override]')"

# mistakes
says "either a driver or --clear" 8 "needs either a DRIVER .* or '--clear'" override pci/02
says "a name with a slash" 8 "'a/b' is not the name of a driver" override pci/02 a/b
says "an unknown device" 8 "no device '09'" override pci/09 nvme
