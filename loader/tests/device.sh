#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# bxctl and devices: the deciding policy, the reason, and another driver on request. Runs
# in the VM with an NVMe controller that has virtual functions and a disk, and a network card
# (in-use).
cd "$(dirname "$0")/../.." || exit 1
. loader/tests/says.sh
pf=0000:01:00.0
disk=/dev/nvme0n1
work=/tmp/bus_ext-device

cleanup() {
	"$bxctl" detach --all >/dev/null 2>&1
	exec 3<&-
	swapoff "$disk" 2>/dev/null
	umount "$work" 2>/dev/null
	rmdir "$work"
	override "$pf" ''
	override "$nic" ''
	echo 0 >"/sys/bus/pci/devices/$pf/sriov_numvfs"
} 2>/dev/null

override() {
	echo "$2" >"/sys/bus/pci/devices/$1/driver_override"
}

bound() {
	basename "$(readlink "/sys/bus/pci/devices/$1/driver")" 2>/dev/null
}

ktap_plan 60
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
says "a device on a bus that is not there" 8 "no bus 'nope' that policies decide on" explain nope/x
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
bpftool prog loadall build/bpf/hook.bpf.o /sys/fs/bpf/elsewhere autoattach
says "a hook of another program is shown" 0 "hook keep_vfs_free \(link [0-9]+, attached by another program\)" policies
says "and detached" 0 "detached hook keep_vfs_free" detach keep_vfs_free
check_equal "it is gone" "" "$("$bxctl" policies | grep ^hook)"
rmdir /sys/fs/bpf/elsewhere
says "re-election is for known buses" 8 "there is no bus 'nope'" reelect nope
says "re-election of all" 0 "elected again for the unbound devices of every bus" reelect

# ---- bound before the policy ----

says "a policy for a bound device" 0 "applied no_nvme to pci" apply --allow-unsigned build/loader/tests/objects/no-nvme.bpf.o
says "the device is not as decided" 0 "$pf +1b36:0010 +nvme +policy no_nvme \(select\) +bound before the policy: has nvme, decided none \(refused\)" devices
says "status says so" 6 "device pci/$pf is not as decided: bound before the policy: has nvme, decided none \(refused\); try" status
says "without the policy it is" 0 "detached policy no_nvme" detach no_nvme
check_equal "and it is not listed" "" "$("$bxctl" devices | grep "$pf")"

# ---- in use ----

echo 0 >"/sys/bus/pci/devices/$pf/sriov_numvfs"
wait_until 20 test -b "$disk"
mkdir -p "$work"
exec 3</dev/nvme0
says "apply --rebind names a device in use" 10 "applied no_nvme.*'pci/$pf' is in use: /dev/nvme0 is open in process $$ .*0 of 1 device moved, 1 in use" \
	apply --rebind --allow-unsigned build/loader/tests/objects/no-nvme.bpf.o
exec 3<&-
check_equal "it keeps its driver" nvme "$(bound "$pf")"
says "a free one is moved" 0 "pci/$pf: nvme -> none \(refused\).1 of 1 device moved" rebind --policy no_nvme
check_equal "it has no driver then" "" "$(bound "$pf")"
says "without the policy it is bound again" 0 "detached policy no_nvme" detach no_nvme
wait_until 20 test -b "$disk"
override "$pf" vfio-pci

# used NAME REGEX: the device is refused, and stays as it is
used() {
	says "$1" 10 "'pci/$pf' is in use: $2.*; 'bxctl rebind --force pci/$pf' rebinds" rebind "$pf"
	check_equal "$1: the driver stays" nvme "$(bound "$pf")"
}

if mkfs.ext4 -q "$disk" 2>/dev/null && mount -t ext4 "$disk" "$work" 2>/dev/null; then
	used "a mounted disk is in use" "$disk is mounted on '$work'"
	check_equal "it is not that of the root file system" "mount false false" \
		"$("$bxctl" devices --all --bus pci --facts --json | jq -r ".devices[] | select(.name == \"$pf\") |
			\"\(.holders[0].kind) \(.holds_root) \(.holds_console)\"")"
	umount "$work"
else
	ktap_skip "a mounted disk is in use" "no ext4 here"
	ktap_skip "a mounted disk is in use: the driver stays" "no ext4 here"
	ktap_skip "it is not that of the root file system" "no ext4 here"
fi
if mkswap "$disk" >/dev/null 2>&1 && swapon "$disk" 2>/dev/null; then
	used "swap space is in use" "$disk is swap space"
	swapoff "$disk"
else
	ktap_skip "swap space is in use" "no swap here"
	ktap_skip "swap space is in use: the driver stays" "no swap here"
fi
exec 3<"$disk"
used "an open disk is in use" "$disk is open in process $$ \("
says "JSON names the process" 10 "\"code\": 10.*\"kind\": \"process\",[[:space:]]*\"node\": \"$disk\",[[:space:]]*\"by\": \"[^\"]*\",[[:space:]]*\"pid\": $$" rebind "$pf" --json
says "so does a list with facts" 0 "pci/$pf +path +0000:00:.*pci/$pf +in use +$disk is open in process $$ .*machine +command line +.*console=" \
	devices --all --bus pci --facts
says "a plan names it" 2 "pci/$pf +nvme +vfio-pci.*DEVICE +IN USE.*pci/$pf +$disk is open in process $$" plan --allow-unsigned build/bpf/first.bpf.o
says "in JSON too" 2 "\"holders\": \[[^]]*\"pid\": $$" plan --json --allow-unsigned build/bpf/first.bpf.o
exec 3</dev/nvme0
used "so is an open controller" "/dev/nvme0 is open in process $$ \("
exec 3<&-
says "a free device is rebound" 0 "pci/$pf: nvme -> vfio-pci \(bound\)" rebind "$pf"
override "$pf" nvme
says "and back, as VFIO's group is free" 0 "pci/$pf: vfio-pci -> nvme \(bound\)" rebind "$pf"
wait_until 20 test -b "$disk"
override "$pf" vfio-pci
exec 3<"$disk"
says "a device in use is rebound by force" 0 "pci/$pf: nvme -> vfio-pci \(bound\)" rebind --force "$pf"
exec 3<&-

modprobe virtio_net
wait_until 20 test -e /sys/class/net/eth0
nic=$(basename "$(realpath /sys/class/net/eth0/device/..)")
driver=$(bound "$nic")
override "$nic" vfio-pci
ip link set eth0 up
says "an interface that is up is in use" 10 "'pci/$nic' is in use: eth0 is up" rebind "$nic"
ip route add default dev eth0
says "so is that with the default route" 10 "eth0 is up and has a default route" rebind "$nic"
ip link set eth0 down
says "one that is down is free" 0 "pci/$nic: $driver -> vfio-pci \(bound\)" rebind "$nic"
override "$nic" not-there
says "a driver that is not registered is a failure" 6 "has no driver now: 'not-there' was elected, which is not registered" rebind "$nic"
says "a device without a driver may wait" 0 "$nic .*waiting for not-there" devices
override "$nic" "$driver"
says "until it comes" 0 "pci/$nic: none -> $driver \(bound\)" rebind "$nic"
