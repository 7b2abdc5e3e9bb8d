#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Installed bundles, with the module: the installed policies are active after each
# command, and after a failed one. Runs in the VM; qemu's NVMe controller has virtual
# functions.
cd "$(dirname "$0")/../.." || exit 1
. loader/tests/says.sh
pf=/sys/bus/pci/devices/0000:01:00.0
state=/var/lib/bus_ext/bundles
work=$(mktemp -d)
bundle=$work/two

cleanup() {
	local dir
	for dir in "$state"/*/; do "$bxctl" remove "$(basename "$dir")"; done >/dev/null 2>&1
	"$bxctl" detach --all >/dev/null 2>&1
	echo 0 >$pf/sriov_numvfs
	rm -rf "$work" "$state" /etc/bus_ext
}

make_bundle() { write_bundle "$bundle" "${name:-two}" "$@"; }
change() { says "$1" "$2" "$3" "$4" --allow-unsigned "$bundle" "${@:5}"; }
# of BUNDLE KEY...: values of the bundle in the output of status
of() { "$bxctl" --json status | jq -r ".bundles[] | select(.name == \"$1\") | \"$2\""; }
two() { of two '\(.version) \(.generation)/\(.generations) \(.mode) \(.state)'; }
files() { (cd "$state/$1" && shopt -s dotglob && echo *); }
pins() { (cd /sys/fs/bpf/bus_ext/policies && echo *); }
vf_driver() { basename "$(readlink "/sys/bus/pci/devices/0000:01:00.$1/driver" || echo /none)"; }
vf_has() { [ "$(vf_driver "$1")" = "$2" ]; }

ktap_plan 87
modprobe -a bus_ext nvme
wait_until 30 test -e /sys/bus/pci/drivers/nvme/0000:01:00.0

# --- active, all or nothing
make_bundle 1.0 good other
change "a bundle is installed" 0 "applied loader_test .*applied other.v1 .*installed .*two" install
check_equal "and active" "1.0 1/1 enforce active, loader_test:1 other.v1:0" "$(two), $(attached)"
make_bundle 2.0 good2
change "an upgrade that has one policy less" 0 "upgraded loader_test .*1 -> 2.*detached other.v1" upgrade
check_equal "takes that along" "2.0 2/2 enforce active, loader_test:2, loader_test" "$(two), $(attached), $(pins)"
says "rollback brings both back" 0 "upgraded loader_test .*2 -> 1.*applied other.v1" rollback two
check_equal "as they were" "1.0 1/2 enforce active, loader_test:1 other.v1:0" "$(two), $(attached)"
unchanged="1.0 1/2 enforce active, loader_test:1 other.v1:0, generation-1 generation-2 state.yaml"
make_bundle 3.0 ejected other
change "a version that would be ejected" 4 "it would be ejected .*everything is as it was before" upgrade
check_equal "changes nothing" "$unchanged" "$(two), $(attached), $(files two)"
make_bundle 3.0 late other
change "a version that is ejected" 6 "was ejected .*everything is as it was before" upgrade
check_equal "leaves the one before active" "$unchanged" "$(two), $(attached), $(files two)"
change "one that is ejected in shadow mode" 6 "was ejected .*everything is as it was before" upgrade --mode shadow
check_equal "leaves it enforced" "$unchanged" "$(two), $(attached), $(files two)"
says "its policies are changed with it only" 5 "belongs to the installed bundle 'two'; use 'bxctl upgrade'" \
	apply --allow-unsigned build/loader/tests/objects/good2.bpf.o
check_equal "they stay" "$unchanged" "$(two), $(attached), $(files two)"
check_equal "but status knows of it" "loader_test return" \
	"$(of two '\(.last_ejection.name) \(.last_ejection.kind)')"
says "in a line as well" 0 "two +1.0 .* loader_test, [0-9]+ s ago" status
make_bundle 3.0 late
change "one less, and ejected" 6 "was ejected .*everything is as it was before" upgrade
check_equal "brings the one that was to go back, too" "loader_test:1 other.v1:0" "$(attached)"
make_bundle 3.0 good2 no-such-bus
change "a version that is refused" 4 "there is no such bus" upgrade
check_equal "changes nothing either" "loader_test:1 other.v1:0, loader_test other:v1" "$(attached), $(pins)"
make_bundle 3.0 unsafe
change "nor does one that the verifier rejects" 4 "verifier rejects" upgrade
check_equal "nothing is left over" "generation-1 generation-2 state.yaml" "$(files two)"
name=none make_bundle 1.0 ejected
change "an installation that fails" 5 "bundle 'none' has the policy 'loader_test'" install
name=none make_bundle 1.0 no-such-bus
change "or is refused" 4 "no such bus" install
check_equal "leaves nothing" "two two" "$(ls -A $state) $(ls /sys/fs/bpf/bus_ext/bundles)"

# --- on and off
says "disable" 0 "detached loader_test .*detached other.v1 .*disabled two" disable two
check_equal "takes all of it out" "1.0 1/2 enforce disabled, , " "$(two), $(attached), $(pins | tr -d '*')"
says "boot leaves it alone" 0 '^$' boot
make_bundle 4.0 good
change "an upgrade of what is disabled" 0 "upgraded two to 4.0" upgrade
check_equal "is only on disk" "4.0 3/3 enforce disabled, " "$(two), $(attached)"
says "back to the first" 0 "rolled back" rollback -g 1 two
says "enable" 0 "applied loader_test .*applied other.v1 .*enabled two" enable two
says "a policy detached by hand" 0 "detached" detach other.v1
check_equal "shows" "1.0 1/3 enforce partly_active" "$(two)"
says "boot brings it back" 0 "bundle two 1.0 .*is active" boot
check_equal "with the others" "active, loader_test:1 other.v1:0" "$(of two '\(.state)'), $(attached)"
says "and leaves it alone the next time" 0 "is active already" boot
exec 9<$state
flock 9
says "another process is waited for" 5 "has held the lock on '$state' for 1 s" disable two --timeout 1
exec 9<&-

# --- modes
says "shadow" 0 "applied loader_test .*shadow.*applied other.v1 .*shadow.*detached loader_test.*in shadow mode: two" mode shadow two
check_equal "is that of all policies" "loader_test:1(shadow) other.v1:0(shadow), 1.0 1/3 shadow active" "$(attached), $(two)"
says "enforce" 0 "enforced: two" mode enforce two
check_equal "is none of them" "loader_test:1 other.v1:0, 1.0 1/3 enforce active" "$(attached), $(two)"
name="sh" make_bundle 1 shadow
change "made for shadow mode" 4 "cannot be enforced: it is made for shadow mode" install
change "it is taken as that" 0 "installed" install --mode shadow
says "and cannot be enforced" 4 "the policy 'shadow' of bundle 'sh' cannot be enforced" mode enforce sh
check_equal "so it stays" "shadow active, loader_test:1 other.v1:0 shadow:0(shadow)" "$(of sh '\(.mode) \(.state)'), $(attached)"
"$bxctl" remove sh >/dev/null

# --- the first boot
"$bxctl" --json policies | jq -r '.policies[].name' | xargs -n 1 "$bxctl" detach >/dev/null
umount /sys/fs/bpf
# links end some time after their last descriptor
wait_until 30 rmmod bus_ext 2>/dev/null
says "boot loads the module" 0 "bundle two 1.0 .generation 1. is active" boot
check_equal "and activates it" "active, loader_test:1 other.v1:0" "$(of two '\(.state)'), $(attached)"
"$bxctl" detach --all >/dev/null
name=broken make_bundle 1 no-such-bus
says "a bundle that cannot be activated" 0 "installed .*for the next boot" install --offline --allow-unsigned "$bundle"
says "is reported" 6 "bundle broken is not active: .*there is no such bus" boot
check_equal "and does not keep the others" "active not_active" "$(of two '\(.state)') $(of broken '\(.state)')"
check_equal "JSON says so, too" 'broken true, two false' "$("$bxctl" --json boot |
	jq -r '[.bundles[] | "\(.name) \(.error != null)"] | join(", ")')"
"$bxctl" remove broken >/dev/null
# as after a removal with an older initramfs
mv $state/two "$work/removed"
says "active policies of a removed bundle" 0 \
	"bundle two is not enabled: it was deactivated" boot
check_equal "are deactivated" "" "$(attached)"
says "once" 0 '^$' boot
mv "$work/removed" $state/two
says "a bundle that is" 0 "bundle two 1.0 .generation 1. is active" boot
"$bxctl" remove two >/dev/null
check_equal "nothing of them is left" ",  " "$(ls -A $state), $(attached) $(find /sys/fs/bpf/bus_ext/policies /sys/fs/bpf/bus_ext/bundles -mindepth 1)"

# --- with devices
mkdir -p /etc/bus_ext/bundles.d
cp -r bpf/bundles/qemu-nvme "$work/"
cp build/bpf/bundles/qemu-nvme/*.bpf.o "$work/qemu-nvme/"
bundle=$work/qemu-nvme
change "in shadow mode" 0 installed install --mode shadow
echo 2 >$pf/sriov_numvfs
echo 0 >$pf/sriov_numvfs
check "what it would have done is counted" test "$(of qemu-nvme '\(.diverged)')" -ge 2
check_equal "and not done" 0 "$(of qemu-nvme '\(.hits)')"
echo 'first_vf: 1' >/etc/bus_ext/bundles.d/qemu-nvme.yaml
check_equal "that has changed shows" other_active "$(of qemu-nvme '\(.state)')"
says "it is enforced" 0 "enforced" mode enforce qemu-nvme
check_equal "with the setting" active "$(of qemu-nvme '\(.state)')"
echo 2 >$pf/sriov_numvfs
check "which counts: the second goes to vfio-pci" wait_until 30 vf_has 2 vfio-pci
check "and the first does not" test "$(vf_driver 1)" != vfio-pci
check_equal "hits are counted" 2 "$(of qemu-nvme '\(.hits)')"
# qemu gives the first no device behind it: its probe fails, and status says so
says "in the table as well" 6 "qemu-nvme +1.0.0 +1 of 1 +enforce +active +2 " status
echo 0 >$pf/sriov_numvfs
says "what is given with enable is above the file" 0 "enabled" enable qemu-nvme --set first_vf=0
echo 1 >$pf/sriov_numvfs
check "the first goes, too" wait_until 30 vf_has 1 vfio-pci
says "plan keeps what was given" 0 "0 of [0-9]+ devices in scope would change" plan --allow-unsigned "$bundle"
says "unless it is given again" 2 "0000:01:00.1 +vfio-pci +nvme .*when bound again" plan --allow-unsigned "$bundle" --set first_vf=1
# another version beside it, which leaves the first one to the host
cp -r "$bundle" "$work/next"
sed -i 's/^version: .*/version: 2.0/' "$work/next/bundle.yaml"
says "a canary" 0 "canary of qemu-nvme.*2.0" \
	upgrade --allow-unsigned "$work/next" --mode shadow --set first_vf=1
check_equal "has a directory of its own in sysfs" "qemu_nvme qemu_nvme@shadow" \
	"$(cd /sys/kernel/bus_ext/policies && echo *)"
echo 0 >$pf/sriov_numvfs
echo 1 >$pf/sriov_numvfs
check "the enforced version decides" wait_until 30 vf_has 1 vfio-pci
check "what the canary would do is counted" test "$(of qemu-nvme '\(.canary.diverged)')" -ge 1
check_equal "where it belongs" "1.0.0 0 2.0" \
	"$(of qemu-nvme '\(.version) \(.diverged) \(.canary.version)')"
check_match "explain tells one from the other" "policy qemu_nvme@shadow .*policy qemu_nvme " \
	"$("$bxctl" explain 0000:01:00.1 | xargs -0)"
says "it is promoted" 0 "enforced: qemu-nvme 2.0" mode enforce qemu-nvme
check_equal "which leaves one policy" "qemu_nvme" "$(cd /sys/kernel/bus_ext/policies && echo *)"
echo 0 >$pf/sriov_numvfs
echo 2 >$pf/sriov_numvfs
check "and decides" wait_until 30 vf_has 2 vfio-pci
check "differently" test "$(vf_driver 1)" != vfio-pci
says "the one before is there still" 0 "rolled back qemu-nvme to 1.0.0" rollback qemu-nvme
echo 0 >$pf/sriov_numvfs
echo 1 >$pf/sriov_numvfs
check "and decides again" wait_until 30 vf_has 1 vfio-pci
# a version that does not know it any more
sed 's/^version: .*/version: 9/; s/qemu-nvme.bpf.o/good.bpf.o/; /^settings:/,$d' "$bundle/bundle.yaml" >"$work/m"
mkdir "$work/less"
rm /etc/bus_ext/bundles.d/qemu-nvme.yaml
cp "$work/m" "$work/less/bundle.yaml"
cp build/loader/tests/objects/good.bpf.o "$work/less/"
sed -i 's/^    vendor: .*//' "$work/less/bundle.yaml"
says "plan tells what goes with a policy that a new version has not" 2 \
	"0000:01:00.1 +vfio-pci +nvme +kernel +when bound again" plan --allow-unsigned "$work/less"
# undocumented: keys of the JSON on stdin that the man page lacks, but for names of facts
undocumented() {
	local key
	for key in $(jq -r '[paths | map(strings) | select(.[-2] != "facts") | .[-1] // empty] |
			unique[]'); do
		grep -qE "^\.(Li|Pq Li|Cm) (.*[ ,(])?$key([ ,.;)]|\$)" docs/man/bxctl.8 || echo "$key"
	done
}
check_equal "JSON is documented" "" "$({
	for command in status policies devices drivers tree version 'explain 0000:01:00.1' \
		'reelect pci' boot 'boot --files' "plan --allow-unsigned $work/less" "verify --allow-unsigned $bundle" "test --allow-unsigned $bundle" \
		'mode enforce qemu-nvme'; do
		# shellcheck disable=SC2086
		"$bxctl" --json $command || true
	done
} | jq -s . | undocumented | xargs)"
says "remove" 0 "detached qemu_nvme .*removed" remove qemu-nvme
check "and the function is left alone" vf_has 1 vfio-pci
