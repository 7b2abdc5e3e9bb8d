#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# 'make bundle-test' runs the test cases of a bundle in the VM. Runs on the host.
cd "$(dirname "$0")/../.." || exit 1
. loader/tests/says.sh
work=$(mktemp -d)
bundle=$work/qemu-nvme

cleanup() {
	rm -rf "$work"
}

# in_vm OPTION...: of 'bxctl test'
in_vm() { scripts/bundle-test.sh "$bundle" "$@"; }

ktap_plan 6
cp -r bpf/bundles/qemu-nvme "$work/"
cp build/bpf/bundles/qemu-nvme/*.bpf.o "$bundle/"
status=0
json=$(in_vm --json 2>/dev/null) || status=$?
check_equal "an unsigned bundle passes there, and gives JSON" "0 qemu-nvme 1" \
	"$status $(jq -r '"\(.bundle.name) \(.cases | length | if . > 0 then 1 else 0 end)"' <<<"$json")"
cat >"$bundle/tests/wrong.yaml" <<-END
	- name: it isn't so
	  device: { bus: pci, vendor: 0x1b36, device: 0x0010, class: 0x010802, vf_index: 0 }
	  drivers: [ nvme ]
	  expect: { driver: nope }
END
status=0
said=$(in_vm --set first_vf=1 2>&1) || status=$?
check_match "a failed case is named, and gives the exit status" \
	"^9 .*ok +tests/host.yaml: .*FAILED tests/wrong.yaml: it isn't so" "$status $said"
check_match "a setting arrives there, and fails another case" \
	"FAILED tests/vfs.yaml: a virtual function goes to vfio-pci" "$said"
rm "$bundle/qemu-nvme.bpf.o"
check_match "without an object the VM is not started" "run 'bxctl build .*qemu-nvme'" "$(in_vm 2>&1)"
check_match "nor without a bundle" "missing bundle; use 'make bundle-test BUNDLE=DIR'" \
	"$(scripts/bundle-test.sh "" 2>&1)"
check_equal "nothing stays" "" "$(ls build/vm/bundle-test.* 2>/dev/null)"
