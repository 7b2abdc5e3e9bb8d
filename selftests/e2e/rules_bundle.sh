#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A signed bundle of rules, on qemu's devices with the kernel's drivers: installed before the
# drivers are there, changed by the difference, rolled back, booted, removed. Claims limit it:
# in bxctl, and, with a table that was forged, in the kernel.
# shellcheck disable=SC2016 # $NAME is a setting
set -euo pipefail
cd "$(dirname "$0")/../.."
. selftests/lib/ktap.sh
. selftests/lib/devices.sh
. selftests/lib/probes.sh

pci=/sys/bus/pci/devices
left=0000:01:00.0 right=0000:02:00.0	# NVMe, behind 00:08.0 and 00:09.0
card=0000:00:0d.0			# e1000e, of another vendor
work=$(mktemp -d)
bundle=$work/acme
state=/var/lib/bus_ext/bundles
tables=/sys/fs/bpf/bus_ext/rules

cleanup() {
	bxctl detach --all >/dev/null 2>&1 || true
	probes_end
	rm -rf "$work" /etc/bus_ext "$state"
	unload nvme vfio_pci e1000e
}
replug() {
	local dev
	for dev; do echo 1 >"$pci/$dev/remove"; done
	echo 1 >/sys/bus/pci/rescan
}
pins() { (cd $tables 2>/dev/null && find . -mindepth 2 -maxdepth 2 -printf '%P ') || true; }
policies() { bxctl --json policies | jq -r '[.policies[] | "\(.name):\(.version)"] | join(" ")'; }
decided() { bxctl explain --json "pci/$1" | jq -r '.decision | "\(.driver) \(.outcome) \(.policy)"'; }

# make VERSION VENDOR LINE...: $bundle, signed
make() {
	rm -rf "$bundle"
	mkdir -p "$bundle/tests"
	cat >"$bundle/bundle.yaml" <<-END
		bundle: acme
		version: $1
		vendor: Acme
		summary: rules
		claims: [ { bus: pci, vendor: $2 } ]
		rules: [ t.rules ]
		drivers: [ vfio-pci, nvme ]
		settings:
		  guests: { type: list, max_items: 4, default: [ "0000:00:09.0/00.0" ], help: paths }
	END
	printf '%s\n' "${@:3}" 'pci:v00001B36d00000010*  path=$guests  driver=vfio-pci' >"$bundle/t.rules"
	cat >"$bundle/tests/t.yaml" <<-END
		- name: a guest's
		  device: { bus: pci, vendor: 0x1b36, device: 0x0010, facts: { path: '0000:00:09.0/00.0' } }
		  drivers: [ nvme, vfio-pci ]
		  expect: { driver: vfio-pci, by: select, policy: acme.pci.1b36 }
		- name: the host's
		  device: { bus: pci, vendor: 0x1b36, device: 0x0010, facts: { path: '0000:00:08.0/00.0' } }
		  drivers: [ nvme, vfio-pci ]
		  expect: { driver: nvme, by: kernel }
	END
	bxctl sign --key "$work/k" --cert "$work/c" "$bundle" >/dev/null
}
# many N: rules that no device matches
many() { for ((i = 1; i <= $1; i++)); do printf 'pci:v00001B36d%08X*  pass\n' $((i + 4096)); done; }
mapfile -t filler < <(many 300)

command -v openssl >/dev/null || ktap_skip_all "openssl is not installed"
needs_modules nvme vfio-pci e1000e
probes_watch pci || ktap_skip_all "$probes_why"
ktap_plan 42
rm -rf /etc/bus_ext "$state"
unload nvme vfio_pci e1000e	# another test may have loaded them
modprobe bus_ext
mkdir -p /etc/bus_ext/keys
printf '[req]\ndistinguished_name = dn\n[dn]\n' >"$work/cnf"	# the VM has none
openssl req -config "$work/cnf" -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=acme \
	-addext extendedKeyUsage=codeSigning -addext subjectAltName=URI:bus-ext:pci/0x1b36 \
	-keyout "$work/k" -out "$work/c" 2>"$work/log" || cat "$work/log"
cp "$work/c" /etc/bus_ext/keys/acme.pem
ejected=$(cat /sys/kernel/bus_ext/nr_ejected)

make 1.0 0x1b36 "${filler[@]}"
check cases_pass bxctl test "$bundle"
check_equal they_leave_nothing " " "$(policies) $(pins)"
check verify bxctl verify "$bundle"
check_fails plan_has_changes bxctl plan "$bundle"
check_equal and_changes_nothing " " "$(policies) $(pins)"

# before the drivers are there
check install bxctl install "$bundle"
check_equal one_policy_of_its_scope "acme.pci.1b36:1 0x1b36" \
	"$(policies) $(bxctl --json policies | jq -r '.policies[0].vendor')"
modprobe -a nvme vfio-pci e1000e
check left_is_the_hosts becomes pci $left nvme
check right_is_a_guests becomes pci $right vfio-pci
check the_hosts_driver_was_not_probed_there probes_none $right nvme
check_equal explain_names_the_policy "vfio-pci driver acme.pci.1b36" "$(decided $right)"
check the_rule_is_explained eval "bxctl rules explain acme $right | grep >/dev/null 't.rules:301 *driver=vfio-pci *wins'"

# another version, by the difference: the same maps
used() { bpftool -j map dump pinned "$tables/+acme/1/node" | jq '[.[] | select(.value | any(. != "0x00"))] | length'; }
nodes=$(used)
few_changed() { [ $(($(used) - nodes)) -le 2 ]; }
make 2.0 0x1b36 "${filler[@]:0:299}" 'pci:v00001B36d00000010*  path=0000:00:08.0/00.0  driver=vfio-pci'
check upgrade bxctl upgrade "$bundle"
check_equal a_new_generation "acme.pci.1b36:2" "$(policies)"
check_equal in_the_same_maps "+acme/1 " "$(pins)"
check few_entries_changed few_changed
check_equal it_decides "vfio-pci driver acme.pci.1b36" "$(decided $left)"
check bound_one_keeps_its_driver driver_is pci $left nvme
# status 6: a device is not as decided
check_equal status_knows_both "2.0 2 active" "$({ bxctl --json status || true; } |
	jq -r '.bundles[0] | "\(.version) \(.generations) \(.state)"')"
check rollback bxctl rollback acme
check_equal the_host_has_it_again "null acme.pci.1b36:3" "$(decided $left | cut -d' ' -f3) $(policies)"

# a setting
check setting_is_changed bxctl enable acme --set 'guests+=0000:00:08.0/00.0'
probes_clear
replug $left
check left_is_a_guests becomes pci $left vfio-pci
check without_a_wrong_probe probes_none $left nvme

# as after a boot
bxctl detach --all >/dev/null
check_equal nothing_is_active " " "$(policies) $(pins)"
check boot bxctl boot
check_equal the_rules_are_active "acme.pci.1b36 vfio-pci driver acme.pci.1b36" \
	"$(bxctl --json policies | jq -r '.policies[].name') $(decided $left)"
check an_initramfs_has_the_rules eval "bxctl boot --files | grep >/dev/null '/t.rules'"

# a failure
make 3.0 0x1b36 'pci:v00001B36d00000010*  refuse'
sed -i 's/refuse/pass/' "$bundle/t.rules"
check_fails changed_rules_are_not_signed bxctl upgrade "$bundle"
before="$(policies) $(pins)"
make 3.0 0x1b36 'pci:v00008086*  refuse'
check_match rule_outside_of_the_claims_is_refused "t.rules:1:1: the rule is for vendor 0x8086 on bus 'pci', which the manifest does not claim" \
	"$(bxctl upgrade "$bundle" 2>&1 || true)"
make 3.0 0x8086 'pci:v00008086*  refuse'
check_fails claim_that_the_signer_may_not_make bxctl upgrade "$bundle"
check_equal nothing_changed "$before" "$(policies) $(pins)"

# A table that was forged: the maps get the contents of another one, which refuses devices of
# another vendor, so that the policy would refuse them. The kernel does not ask it.
make 4.0 0x1b36 "pci:v00001B36d000010D3*  refuse"
bxctl remove acme >/dev/null
check a_small_table bxctl install "$bundle"
check_equal that_decides "vfio-pci driver acme.pci.1b36" "$(decided $right)"
other=$work/other
cp -r "$bundle" "$other"
sed -i 's/^bundle: .*/bundle: other/; s/1b36/8086/; /^settings/,$d' "$other/bundle.yaml"
printf '%s\n' 'pci:v00008086d000010D3*  refuse' 'pci:v00008086d00000010*  path=0000:00:09.0/00.0  driver=vfio-pci' >"$other/t.rules"
rm "$other/bundle.sig"
check other_table bxctl install --allow-unsigned "$other"
base() { basename "$(echo $tables/"$1"/*)"; }
# copy TABLE: entries of its maps, as arguments of bpftool
entries() {
	bpftool -j map dump pinned "$1" | jq -r '.[] | select(.value | any(. != "0x00")) |
		"key \(.key | join(" ")) value \(.value | join(" "))"'
}
forge() {
	local map entry
	for map in shape vendor bucket node check text name head; do
		while read -r entry; do
			# shellcheck disable=SC2086 # words
			bpftool map update pinned "$tables/+acme/$(base +acme)/$map" $entry
		done < <(entries "$tables/+other/$(base +other)/$map")
	done
}
check_equal the_other_bundle_refuses_the_card "null refused other.pci.8086" "$(decided $card)"
check forged_table eval "forge >/dev/null"
check_equal its_own_rule_is_gone "null" "$(decided $right | cut -d' ' -f3)"
check remove_the_other bxctl remove other
check_equal the_rule_of_the_other_has_no_effect "null" "$(decided $card | cut -d' ' -f3)"
check remove bxctl remove acme
check_equal leaves_nothing " $ejected" "$(policies)$(pins) $(cat /sys/kernel/bus_ext/nr_ejected)"
