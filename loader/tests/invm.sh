#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Where bus_ext is not loaded, 'bxctl test' starts the VM. Runs on the host.
cd "$(dirname "$0")/../.." || exit 1
. loader/tests/says.sh
work=$(mktemp -d)
bundle=$work/qemu-nvme

cleanup() {
	rm -rf "$work"
}

ktap_plan 6
cp -r bpf/bundles/qemu-nvme "$work/"
cp build/bpf/bundles/qemu-nvme/*.bpf.o "$bundle/"
status=0
json=$("$bxctl" --json test "$bundle" 2>/dev/null) || status=$?
check_equal "the cases run in the VM, and give JSON" "0 qemu-nvme 1" \
	"$status $(jq -r '"\(.bundle.name) \(.cases | length | if . > 0 then 1 else 0 end)"' <<<"$json")"
cat >"$bundle/tests/wrong.yaml" <<-END
	- name: it isn't so
	  device: { bus: pci, vendor: 0x1b36, device: 0x0010, class: 0x010802, vf_index: 0 }
	  drivers: [ nvme ]
	  expect: { driver: nope }
END
status=0
said=$("$bxctl" test "$bundle" --set first_vf=1 2>&1) || status=$?
check_match "one that holds and one that fails are named" "testing in the VM.*ok +tests/host.yaml: .*FAILED tests/wrong.yaml: it isn't so" "$said"
check_match "a setting arrives there, and fails another" \
	"^9 .*FAILED tests/vfs.yaml: a virtual function goes to vfio-pci" "$status $said"
says "a setting is checked before" 8 "has no setting 'y'" test "$bundle" --set y=1
rm "$bundle/qemu-nvme.bpf.o"
says "an object that is missing, too" 4 "run 'bxctl build .*qemu-nvme'" test "$bundle"
check_equal "nothing stays" "" "$(ls build/vm/test-*.tar.zst 2>/dev/null)"
