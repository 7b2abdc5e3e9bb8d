#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# bxctl and devices: the deciding policy, the reason, and another driver on request. Runs
# in the VM with an NVMe controller that has virtual functions (nvme-sriov).
cd "$(dirname "$0")/../.." || exit 1
. loader/tests/says.sh
pf=0000:01:00.0

cleanup() {
	"$bxctl" detach --all >/dev/null 2>&1
	echo 0 >"/sys/bus/pci/devices/$pf/sriov_numvfs"
}

bound() {
	basename "$(readlink "/sys/bus/pci/devices/$1/driver")" 2>/dev/null
}

ktap_plan 24
modprobe bus_ext
modprobe nvme
modprobe vfio-pci
wait_until 20 test -e "/sys/bus/pci/drivers/nvme/$pf"

says "nothing is decided yet" 0 "nothing was decided on any device" devices
says "all devices are listed on request" 0 "$pf +1b36:0010 +nvme +kernel +bound" devices --all
says "another bus has other devices" 0 "platform" devices --all --bus platform
says "a policy for virtual functions" 0 "applied first to pci" apply --allow-unsigned build/bpf/first.bpf.o
echo 2 >"/sys/bus/pci/devices/$pf/sriov_numvfs"
vf=$(basename "$(readlink "/sys/bus/pci/devices/$pf/virtfn0")")
wait_until 10 test -e "/sys/bus/pci/drivers/vfio-pci/$vf"
says "devices names the decider" 0 "$vf +1b36:0010 +vfio-pci +policy first \(select\) +bound" devices
says "so does tree" 0 "driver vfio-pci.*$vf .*bound, by policy first" tree --bus pci
says "and JSON" 0 "\"name\": \"$vf\".*\"driver\": \"vfio-pci\".*\"by\": \"select\"" devices --json
says "explain knows the function" 0 "function VF 0 of $pf \(driver nvme\)" explain "$vf"
says "and every opinion" 0 "policy first +select +vfio-pci +decides.*id table +claims +nvme +decided above.*decision: vfio-pci, by policy first" explain "$vf"
says "a device on a named bus" 0 "device +pci/$vf" explain "pci/$vf"
says "the bus as an option" 0 "device +pci/$vf" explain "$vf" --bus pci
says "a device on the wrong bus" 8 "no device '$vf' on the bus 'platform'" explain "platform/$vf"
says "a device that is not there" 8 "no device 'nope'; 'bxctl devices --all'" explain nope
says "a device without a name" 8 "is not a device" explain pci/
says "a name that is too long" 8 "too long for a device" explain "$(printf 'x%.0s' {1..64})"

says "what is right is left alone" 0 "pci/$vf: vfio-pci, as before \(bound\)" rebind "$vf"
says "a hook overrules the policy" 0 "attached hook keep_vfs_free" apply --allow-unsigned build/bpf/hook.bpf.o
says "a bound device is left alone" 0 "but vfio-pci is bound: 'bxctl rebind pci/$vf'" explain "$vf"
says "until it is rebound" 0 "pci/$vf: vfio-pci -> none \(refused\)" rebind "$vf"
check_equal "it has no driver then" "" "$(bound "$vf")"
says "without the hook the policy decides" 0 "detached hook" detach keep_vfs_free
wait_until 10 test -e "/sys/bus/pci/drivers/vfio-pci/$vf"
check_equal "and the device is bound again" "vfio-pci" "$(bound "$vf")"
says "re-election is for known buses" 8 "there is no bus 'nope'" reelect nope
says "re-election of all" 0 "elected again for the unbound devices of every bus" reelect
