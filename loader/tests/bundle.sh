#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Bundles with the module: the cases of those in the tree, verify, plan, and apply
# as one. Runs in the VM; qemu's NVMe controller has virtual functions.
cd "$(dirname "$0")/../.." || exit 1
. loader/tests/says.sh
pci=/sys/bus/pci/devices
pf=$pci/0000:01:00.0
work=$(mktemp -d)
bundle=$work/two

cleanup() {
	"$bxctl" detach --all >/dev/null 2>&1
	echo 0 >$pf/sriov_numvfs
	rm -rf "$work"
}

# tree NAME: a bundle of the tree, with its objects
tree() {
	cp -r "bpf/bundles/$1" "$work/"
	! ls build/bpf/bundles/"$1"/*.bpf.o >/dev/null 2>&1 ||
		cp build/bpf/bundles/"$1"/*.bpf.o "$work/$1/"
}

# make_bundle POLICY...: make one of the tests' objects, each with alternatives (a|b)
make_bundle() {
	write_bundle "$bundle" two 1 "$@"
	mkdir "$bundle/tests"
}

case_file() { cat >"$bundle/tests/$1.yaml"; }

listed() { "$bxctl" --json policies | jq '.policies | length'; }
vf_driver() { basename "$(readlink "$pci/0000:01:00.$1/driver" || echo /none)"; }
vf_has() { [ "$(vf_driver "$1")" = "$2" ]; }

bundles=(bpf/bundles/*/)
ktap_plan $((43 + ${#bundles[@]}))
modprobe -a bus_ext nvme bx_sf usbcore
wait_until 30 test -e /sys/bus/pci/drivers/nvme/0000:01:00.0

# --- bundles of the tree
for dir in "${bundles[@]}"; do
	name=$(basename "$dir")
	tree "$name"
	says "the cases of $name pass" 0 " passed, 0 failed" test --allow-unsigned "$work/$name"
done
check_equal "nothing of them stays" 0 "$(listed)"
says "verify shows scope and settings" 0 \
	"setting first_vf = 0 .*policy qemu_nvme: bus pci, vendor 0x1b36, .* instructions verified" \
	verify --allow-unsigned "$work/qemu-nvme"

# --- with a device
echo 0 >$pf/sriov_numvfs
echo 0 >$pf/sriov_drivers_autoprobe
echo 2 >$pf/sriov_numvfs
check_equal "a virtual function without a policy" none "$(vf_driver 1)"
says "plan shows what would change" 2 \
	"0000:01:00.1 +- +vfio-pci +select of qemu_nvme +at once.*2 of [0-9]+ devices in scope would change" \
	plan --allow-unsigned "$work/qemu-nvme"
check_equal "and changes nothing" "none 0" "$(vf_driver 1) $(listed)"
says "with a setting it is another plan" 2 "0000:01:00.1 +- +nvme .*0000:01:00.2 +- +vfio-pci" \
	plan --allow-unsigned "$work/qemu-nvme" --set first_vf=1
check_equal "JSON has it all" "vfio-pci select qemu_nvme true" \
	"$("$bxctl" --json plan --allow-unsigned "$work/qemu-nvme" | jq -r '.devices[] |
		select(.device.name == "0000:01:00.1") |
		"\(.driver) \(.by) \(.policy) \(.differs)"')"
echo 0 >$pf/sriov_numvfs
echo 1 >$pf/sriov_drivers_autoprobe
says "apply activates it" 0 "applied qemu_nvme to pci" apply --allow-unsigned "$work/qemu-nvme"
echo 2 >$pf/sriov_numvfs
check "a new virtual function goes to vfio-pci" wait_until 30 vf_has 1 vfio-pci
says "now nothing would change" 0 "0 of [0-9]+ devices in scope would change" plan --allow-unsigned "$work/qemu-nvme"
says "a bound device would change when it is bound again" 2 \
	"0000:01:00.1 +vfio-pci +\(refused\) +select of qemu_nvme +when bound again" \
	plan --allow-unsigned "$work/qemu-nvme" --set first_vf=9 --set host_driver=none
says "another setting is an upgrade" 0 "upgraded qemu_nvme .*version 2 -> 2" \
	apply --allow-unsigned "$work/qemu-nvme" --set first_vf=1
"$bxctl" detach --all >/dev/null
echo 0 >$pf/sriov_numvfs

# --- cases
make_bundle good
says "a bundle without cases" 4 "has no test case" test --allow-unsigned "$bundle"
case_file wrong <<-END
	- name: as it is not
	  device: { bus: pci, vendor: 1, device: 2 }
	  drivers: [ a, b ]
	  expect: { driver: b }
	- name: as it is
	  device: { bus: pci, vendor: 1, device: 2 }
	  drivers: [ a, b ]
	  expect: { driver: a }
END
says "a case that fails is named, with a status of its own" 9 \
	"FAILED tests/wrong.yaml: as it is not.*expected: driver b.*actual: +driver a.*1 passed, 1 failed" \
	test --allow-unsigned "$bundle"
# bad_case DESCRIPTION REGEXP TEXT
bad_case() {
	case_file wrong <<<"$3"
	says "$1" 4 "tests/wrong.yaml:[0-9]+: .*$2" test --allow-unsigned "$bundle"
}
on="device: { bus: pci }"
bad_case "nothing is expected" "nothing is expected" "- { name: x, $on, expect: {} }"
bad_case "an unknown key" "unknown key 'drivr' .did you mean 'driver'" "- { name: x, $on, expect: { drivr: a } }"
bad_case "an unknown outcome" "one of none, driver" "- { name: x, $on, expect: { outcome: bound } }"
bad_case "a bus that is not there" "there is no bus 'bx-none'" \
	"- { name: x, device: { bus: bx-none }, expect: { driver: a } }"
bad_case "an invalid id" "'vendor' must be an id in hexadecimal" \
	"- { name: x, device: { bus: pci, vendor: acme }, expect: { driver: a } }"
bad_case "an invalid modalias" "is not the modalias" \
	"- { name: x, device: { bus: pci, modalias: 'pci:v1' }, expect: { driver: a } }"
bad_case "an unknown fact" "unknown key 'serail' .did you mean 'serial'" \
	"- { name: x, device: { bus: pci, facts: { serail: S2 } }, expect: { driver: a } }"
bad_case "a fact without a similar name" "known keys: path, slot, .*dmi.sys_vendor, .*, boot" \
	"- { name: x, device: { bus: pci, facts: { color: red } }, expect: { driver: a } }"
bad_case "a fact that is too long" "'serial' .*127" \
	"- { name: x, device: { bus: pci, facts: { serial: $(printf '%0128d' 0) } }, expect: { driver: a } }"
bad_case "a setting that the bundle has not" "has no setting 'y'" \
	"{ settings: { y: 1 }, cases: [ { name: x, $on, expect: { driver: a } } ] }"
bad_case "a call on a bus without" "has no calls" \
	"- { name: x, $on, call: { op: exec }, expect: { verdict: pass } }"
claims='[ { bus: bx-sf } ]' make_bundle
cp build/bpf/sf-sibling.bpf.o "$bundle"
sed -i '/^policies/c policies: [ sf-sibling.bpf.o ]' "$bundle/bundle.yaml"
case_file calls <<-END
	- name: a request goes to the sibling
	  device: { bus: bx-sf, vendor: 0x1234, name: "edu-0000:00:01.0-irq" }
	  call: { op: exec, data: "0100000000000000aabb" }
	  expect: { verdict: redirect, to: "edu-0000:00:02.0-irq", policy: sibling }
	- name: of others it does not
	  device: { bus: bx-sf, vendor: 0x1234, name: "edu-0000:00:02.0-irq" }
	  call: { op: exec, data: "0100000000000000", ret: -EIO }
	  expect: { verdict: pass, ret: -EIO, data: "0100000000000000" }
	- name: a reset is not looked at
	  device: { bus: bx-sf, vendor: 0x1234, name: "edu-0000:00:01.0-irq" }
	  call: { op: reset }
	  expect: { verdict: pass, ret: 0 }
END
says "cases of calls" 0 "3 passed, 0 failed" test --allow-unsigned "$bundle"
bad_case "an operation that is not there" "has no operation 'jump'" \
	"- { name: x, device: { bus: bx-sf }, call: { op: jump }, expect: { verdict: pass } }"
bad_case "an argument of another size" "another size than 1 bytes" \
	"- { name: x, device: { bus: bx-sf }, call: { op: exec, data: '00' }, expect: { verdict: pass } }"

make_bundle facts -- 'drivers: [ b ]'
case_file serial <<-END
	- name: the device with the serial number
	  device: { bus: pci, facts: { serial: S2, dmi.sys_vendor: ACME } }
	  drivers: [ a, b ]
	  expect: { driver: b, by: select }
	- name: another one
	  device: { bus: pci, facts: { serial: S22 } }
	  drivers: [ a, b ]
	  expect: { driver: a, by: kernel }
	- name: one without a serial number, for the facts of a case end with it
	  device: { bus: pci }
	  drivers: [ a, b ]
	  expect: { driver: a, by: kernel }
END
says "a policy sees the facts of a case" 0 "3 passed, 0 failed" test --allow-unsigned "$bundle"

# --- as one
make_bundle good other
says "two policies are applied" 0 "applied loader_test .*applied other.v1" apply --allow-unsigned "$bundle"
make_bundle good2 other
says "and upgraded" 0 "upgraded loader_test .*1 -> 2.*upgraded other.v1" apply --allow-unsigned "$bundle"
make_bundle good no-such-bus
says "one that is refused" 4 "there is no such bus" apply --allow-unsigned "$bundle"
check_equal "takes the others along" "loader_test:2 other.v1:0" "$(attached)"
make_bundle good ejected
says "two of one name" 4 "has 'loader_test' too" apply --allow-unsigned "$bundle"
make_bundle ejected other
says "one that would be ejected" 4 "it would be ejected .*everything is as it was before" apply --allow-unsigned "$bundle"
make_bundle late other
says "one that is ejected" 6 "was ejected .*everything is as it was before" apply --allow-unsigned "$bundle"
check_equal "takes the upgrade of the others back" "loader_test:2 other.v1:0 2" \
	"$(attached) $(listed)"
make_bundle 'unsafe|good2'
says "an older object where the newer does not load" 0 \
	"verifier rejects.*trying 'good2.bpf.o'.*policy loader_test: .* version 2:" verify --allow-unsigned "$bundle"
make_bundle 'unsafe|unsafe'
says "none that loads" 4 "verifier rejects program 'unsafe'" verify --allow-unsigned "$bundle"
claims='[ { bus: pci, vendor: 0x1234 } ]' make_bundle good
says "more than it claims" 4 "which its manifest does not claim" apply --allow-unsigned "$bundle"
make_bundle hook
says "a hook cannot be part of a bundle" 4 "hooks are not allowed in a bundle" apply --allow-unsigned "$bundle"
make_bundle good
echo 'settings: { x: { type: int, default: 1, help: x } }' >>"$bundle/bundle.yaml"
says "a setting that no policy has" 4 "the setting 'x' .* has no effect" verify --allow-unsigned "$bundle"
check_equal "after all of this, the two" "loader_test:2 other.v1:0 2" "$(attached) $(listed)"
