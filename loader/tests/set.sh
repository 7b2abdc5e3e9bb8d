#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The rules of this machine: which rule 'set' and 'refuse' write for a device, by which of its
# names, what happens to the file, and what is taken back after an error. Runs on the host, with
# the tests' own kernel (native/bxctl.c).
cd "$(dirname "$0")/../.." || exit 1
. loader/tests/says.sh
on_fake_kernel
# shellcheck disable=SC2154 # of on_fake_kernel
sys=$work/kernel/sys
file=$work/etc/rules.d/bxctl.rules
device=0000:02:00.0

cleanup() {
	rm -rf "$work"
}
# rules: those of the file, without comments
rules() { grep -v '^#' "$file"; }
# device NAME
device() {
	"$bxctl" !device "$1" nvme "$2"
	mkdir -p "$sys/devices/pci0/$1" "$sys/bus/pci/devices"
	ln -sfn "../../../devices/pci0/$1" "$sys/bus/pci/devices/$1"
	ln -sfn ../../../bus/pci "$sys/devices/pci0/$1/subsystem"
}
# behind CLASS NAME DEVICE: an entry of a class, of this device
behind() {
	mkdir -p "$sys/devices/pci0/$3/$1/$2" "$sys/class/$1"
	ln -sfn "../../../../../class/$1" "$sys/devices/pci0/$3/$1/$2/subsystem"
	ln -sfn "../../devices/pci0/$3/$1/$2" "$sys/class/$1/$2"
}
vfio=select:driver:vfio-pci:loader_test
rule='pci:acme path=0000:02:00.0'

ktap_plan 58
rm -rf "$work/kernel"
mkdir -p "$work"/{etc,tmp,kernel,lib}
"$bxctl" !boot >/dev/null
device $device $vfio
device 0000:03:00.0 kernel:none:
mkdir -p "$sys"/bus/pci/drivers/{vfio-pci,nvme}
says "a driver that nothing can bring is a mistake" 8 \
	"driver 'vfio-pcj' is not registered on bus 'pci', and no module can bring it; did you mean 'vfio-pci'" \
	set $device vfio-pcj
check "and nothing was written" test ! -e "$file"
behind net enp2s0 $device
behind block nvme1n1 0000:03:00.0

# --- a dry run
says "a dry run tells the rule" 2 "path=$device +driver=vfio-pci.*has nvme; nothing was changed" \
	set --dry-run $device vfio-pci
check_fails "and writes no file" test -e "$file"
check_equal "JSON has what it matches" "path $device" \
	"$("$bxctl" --json set --dry-run $device vfio-pci | jq -r '"\(.by) \(.matches[].name)"')"

# --- names that people use
says "a PCI address as lspci prints it" 2 "path=$device" set --dry-run 02:00.0 vfio-pci
says "a network interface" 2 "path=$device" set --dry-run enp2s0 vfio-pci
says "a disk" 2 "path=0000:03:00.0" set --dry-run nvme1n1 vfio-pci
# a disk of a subsystem of controllers
subsystem=$sys/devices/virtual/nvme-subsystem/nvme-subsys0
mkdir -p "$subsystem/nvme0n1"
ln -s ../../nvme-subsys0 "$subsystem/nvme0n1/device"
ln -s ../../../../class/block "$subsystem/nvme0n1/subsystem"
ln -s "../../devices/virtual/nvme-subsystem/nvme-subsys0/nvme0n1" "$sys/class/block/nvme0n1"
behind nvme nvme3 0000:03:00.0
ln -s "../../../pci0/0000:03:00.0/nvme/nvme3" "$subsystem/nvme3"
says "a disk of a subsystem with one controller" 2 "path=0000:03:00.0" set --dry-run nvme0n1 vfio-pci
behind nvme nvme4 $device
ln -s "../../../pci0/$device/nvme/nvme4" "$subsystem/nvme4"
says "with two, it is not clear" 8 "'nvme0n1'" set --dry-run nvme0n1 vfio-pci
says "an unknown one is named" 8 "'enp9s0'" set enp9s0 vfio-pci

# --- what the rule names
says "by its address" 2 " name=$device +driver" set --dry-run --by name $device vfio-pci
says "by the model only, and what else that is" 2 \
	"pci:acme driver=vfio-pci.*also matches pci/0000:03:00.0" set --dry-run --by id $device vfio-pci
says "a fact that the device lacks" 8 "has no serial .*bxctl explain" \
	set --dry-run --by serial $device vfio-pci
says "another word" 8 "'colour' does not tell devices apart; expected path" \
	set --dry-run --by colour $device vfio-pci
says "an invalid driver" 4 "driver" set --dry-run $device a/b
says "several drivers" 2 "driver=vfio-pci,nvme" set --dry-run $device vfio-pci,nvme
says "a group" 2 "pci:\* path=0000:02:00.\* driver=vfio-pci" set --dry-run --group $device vfio-pci
says "by an address" 2 " name=$device group +driver=vfio-pci" set --dry-run --group --by name $device vfio-pci

# --- set, refuse, unset
says "it is written, and the device rebound" 0 "pci/$device: vfio-pci" set $device vfio-pci
check_equal "into the file" "$rule driver=vfio-pci" "$(rules)"
check_equal "and active" "$rule driver=vfio-pci" "$(cat "$work/kernel/table")"
says "another driver replaces it" 0 "" set $device vfio-pci,nvme
check_equal "in one line" "$rule driver=vfio-pci,nvme" "$(rules)"
echo "pci:*  name=0000:09:*  refuse  # by hand" >>"$file"
says "refuse replaces it, too" 0 "refuse" refuse $device
check_equal "and keeps what people wrote" "pci:*  name=0000:09:*  refuse  # by hand|$rule refuse" \
	"$(rules | paste -sd '|')"
says "list shows both, and their devices" 0 \
	"bxctl.rules:[34] +pci:\* name=0000:09:\* refuse +-.*bxctl.rules:[45] .*refuse +$device" list
check_equal "as JSON" "[] [\"$device\"]" \
	"$("$bxctl" --json list | jq -c '.rules[].devices' | paste -sd ' ')"
says "unset removes that of the device" 0 "pci/$device" unset $device
check_equal "and no other" "pci:*  name=0000:09:*  refuse  # by hand" "$(rules)"
check_equal "and is active" "pci:* name=0000:09:* refuse" "$(cat "$work/kernel/table")"
says "a device without one is told" 8 "no rule of 'bxctl set' is for device" unset $device

# --- at the same time
for i in 1 2 3 4 5 6; do device 0000:1$i:00.0 kernel:none:; done
for i in 1 2 3 4 5 6; do "$bxctl" set 0000:1$i:00.0 nvme >/dev/null 2>&1 & done
wait
check_equal "no rule is lost" 6 "$(rules | grep -c ':1[1-6]:00.0 driver=nvme')"
for i in 1 2 3 4 5 6; do "$bxctl" unset 0000:1$i:00.0 >/dev/null; done

# --- errors
device 0000:04:00.0 $vfio
behind net bxtest0 0000:04:00.0
echo 0x1003 >"$sys/devices/pci0/0000:04:00.0/net/bxtest0/flags"
says "a device in use is refused" 10 "is in use: .*bxtest0" set bxtest0 vfio-pci
check_equal "and the file is as before" "pci:*  name=0000:09:*  refuse  # by hand" "$(rules)"
check_equal "and the active table" "pci:* name=0000:09:* refuse" "$(cat "$work/kernel/table")"
chmod o+w "$file"
says "a file that others can change is refused" 7 "bxctl.rules" list
chmod o-w "$file"
echo "pci:* drivr=x" >"$work/etc/rules.d/00.rules"
says "an error in another file is named, and nothing becomes active" 4 "00.rules:1:7" \
	set $device vfio-pci --force

# --- a machine as rules
rm "$work/etc/rules.d/00.rules"
"$bxctl" learn >"$work/learned.rules"
check_equal "learn has a rule for each device" \
	"pci:acme path=0000:03:00.0 driver=nvme  # pci/0000:03:00.0" "$(grep 03:00 "$work/learned.rules")"
says "the machine is as it was learned" 0 "as expected" expect "$work/learned.rules"
sed -i 's/\(03:00.0 driver=\)nvme/\1vfio-pci/' "$work/learned.rules"
echo "pci:acme path=0000:77:00.0 driver=nvme" >>"$work/learned.rules"
says "differences are told, one in a line" 2 \
	"learned.rules:[0-9]+: pci/0000:03:00.0 has nvme; expected vfio-pci.*learned.rules:[0-9]+: no device; expected one with nvme" \
	expect "$work/learned.rules"
check_equal "as JSON" "0000:03:00.0 nvme vfio-pci;null null nvme;" \
	"$("$bxctl" --json expect "$work/learned.rules" |
		jq -r '.differences[] | "\(.name) \(.driver) \(.expected);"' | tr -d '\n')"

# --- after a boot
rm "$work/kernel/table"
says "they are active after a boot" 0 "rules of this machine are active" boot
check_equal "as they were" "pci:* name=0000:09:* refuse" "$(cat "$work/kernel/table")"
check_equal "an initramfs gets the file" "file $file" "$("$bxctl" boot --files | grep rules.d)"
rm -r "${work:?}/lib"
says "no bundle need ever have been installed" 0 "rules of this machine are active" boot
echo "pci:* drivr=x" >"$work/etc/rules.d/00.rules"
rm "$work/kernel/table"
says "an error in a file is told, and the boot fails" 6 "00.rules:1:7.* rules that were active before are active" boot
check_equal "with the rules that were active last" "pci:* name=0000:09:* refuse" "$(cat "$work/kernel/table")"
check_equal "as in an initramfs, with the bad file" "$(printf 'file %s\n' "$work/etc/rules.d/00.rules" "$file" "$work/var/active.rules")" \
	"$("$bxctl" boot --files 2>/dev/null | grep rules)"
rm "$work/var/active.rules"
says "without these, none are" 6 "nor are the former rules: no rules were active before" boot
rm "$work/etc/rules.d/00.rules"
says "the mended files are used" 0 "rules of this machine are active" boot
rm "$work"/etc/rules.d/*.rules
says "files that are gone have no rules" 0 "" boot
check_equal "none is active any more" "" "$(cat "$work/kernel/table")"
check_fails "nor kept" test -e "$work/var/active.rules"

# --- waiting
says "wait ends when the device has the driver" 0 "pci/0000:03:00.0 has nvme" \
	wait nvme1n1 --driver nvme
says "any driver" 0 "has nvme" wait 0000:03:00.0
says "and after the timeout" 6 "has driver nvme after 1 s" \
	wait 0000:03:00.0 --driver vfio-pci --timeout 1
says "a device that does not come" 6 "device '0000:99:00.0' is not there after 1 s" \
	wait 0000:99:00.0 --timeout 1
