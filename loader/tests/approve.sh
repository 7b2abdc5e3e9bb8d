#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Approvals as changes of a setting: which bundle takes them, errors that change nothing, and
# what is said. Runs on the host, with the tests' own kernel (native/bxctl.c).
cd "$(dirname "$0")/../.." || exit 1
. loader/tests/says.sh
on_fake_kernel
state=$work/var/bundles
dev=pci/0000:00:00.0

cleanup() {
	rm -rf "$work"
}

quietly() { "$@" >/dev/null 2>&1; }
print() { printf "$1%.0s" {1..64}; }
# make NAME POLICY SETTINGS: an installed bundle
make() {
	claims='[ { bus: pci } ]' write_bundle "$work/$1" "$1" 1.0 "$2" -- "settings: { $3 }"
	quietly "$bxctl" install --allow-unsigned "$work/$1"
}
list() { sed -n 's/.*- "\(approved=.*\)"/\1/p' "$state/$1/state.yaml"; }
# refused POLICY [NOW]: as the device is now, and after the next election
refused() { "$bxctl" !decide '' "select:refused::$1" "${2:-id_table:driver:nvme}"; }

ktap_plan 61
mkdir -p "$work"/{etc/bundles.d,tmp,kernel,lib/bundles}
"$bxctl" !boot >/dev/null
list='{ type: list, max_items: 2, default: [], help: x }'

# no bundle
refused loader_test
says "without a fingerprint" 4 "cannot approve device '$dev': it has no fingerprint" approve "$dev"
"$bxctl" !fingerprint "$(print a)"
says "without a bundle" 4 "it is refused by policy 'loader_test', which is not of an enabled bundle" approve "$dev"
"$bxctl" !decide '' "kernel:none:" "kernel:none:"
says "a device that is not refused" 4 "no enabled bundle has a list of approved devices on bus 'pci'" approve "$dev"

# a bundle without such a list
make s settings "list: $list"
check_equal "a bundle is active" "loader_test:0" "$("$bxctl" !active)"
refused loader_test
says "a list of another name is not for approvals" 4 "refused by policy 'loader_test', which is not of" approve "$dev"
quietly "$bxctl" remove s

# the bundle that has refused the device

make a approved "approved: $list"
check_equal "the bundle is active" "approved_test:1" "$("$bxctl" !active)"
refused approved_test
"$bxctl" !decide '' kernel:none: select:refused::approved_test
says "explain names the command" 0 "it waits for an approval: 'bxctl approve $dev'" explain "$dev"
check_equal "so does JSON" true "$("$bxctl" --json explain "$dev" | jq .approvable)"
refused approved_test
says "--list shows what waits" 0 "waits +$dev +a +$(print a) +Disk" approve --list
says "another fingerprint is refused" 6 "its fingerprint is $(print a), and not $(print b): it is another device" \
	approve "$dev" --fingerprint "$(print b)"
says "one that is too short" 8 "'aa' is not a fingerprint" approve "$dev" --fingerprint aa
says "one that is too long" 8 "is not a fingerprint" approve "$dev" --fingerprint "$(print a)a"
says "one of other characters" 8 "is not a fingerprint" approve "$dev" --fingerprint "$(print g)"
says "an unknown device" 8 "no device 'nope'" approve pci/nope
check_equal "nothing is approved" "" "$(list a)"
says "the device is approved" 0 "$dev: Disk.fingerprint $(print a).approved in bundle a: nvme" \
	approve "$dev" --fingerprint "$(print A)"
check_equal "and kept" "approved=$(print a)" "$(list a)"
says "again, nothing changes" 0 "already approved in bundle a: nvme" approve "$dev"
check_equal "in the list either" "approved=$(print a)" "$(list a)"
says "JSON" 0 '"changed": false.*"bundle": "a".*"approved": true.*"product": "Disk".*"serial": null' --json approve "$dev"
says "--list shows it" 0 "approved +$dev +a +$(print a) +Disk" approve --list
says "JSON lists it" 0 '"approvals": .*"approved": true.*"name": "0000:00:00.0"' --json approve --list
"$bxctl" !fingerprint "$(print c)"
says "without its device, too" 0 "approved +- +a +$(print a) +-" approve --list

# it is still refused after the change
refused approved_test select:refused::approved_test
says "a device that is still refused" 6 "is approved in bundle 'a', but still refused" approve "$dev"
check_equal "is approved" "approved=$(print a),$(print c)" "$(list a)"
"$bxctl" !fingerprint "$(print d)"
refused approved_test
says "a full list" 4 "there are too many items; it must be a list of up to 2" approve "$dev"
check_equal "stays as it is" "approved=$(print a),$(print c)" "$(list a)"

# revoke
says "a fingerprint is revoked" 0 "no longer approved: $(print c)" approve --revoke "$(print C)"
check_equal "and no other" "approved=$(print a)" "$(list a)"
says "once" 0 "$(print c) is not approved" approve --revoke "$(print c)"
"$bxctl" !fingerprint "$(print a)"
says "a device is revoked" 0 "no longer approved: $(print a).*'bxctl rebind $dev' unbinds it" approve --revoke "$dev"
check_equal "nothing is left" "approved=" "$(list a)"
says "an empty list" 0 "STATE" approve --list

# disabled bundles, and the command line
quietly "$bxctl" disable a
refused approved_test
says "a disabled bundle is not enabled by this" 4 "not of an enabled bundle" approve "$dev"
check_equal "at all" "enabled: false" "$(grep '^enabled' "$state/a/state.yaml")"
says "a device or a list" 8 "needs either a DEVICE or '--list'" approve
says "not both" 8 "needs either a DEVICE or '--list'" approve --list "$dev"
says "a list of all" 8 "'--list' takes no other option" approve --list --revoke
says "--revoke takes no fingerprint beside" 8 "exclude each other" approve --revoke --fingerprint "$(print a)" "$dev"

# rules of the machine
file=$work/etc/approved
mkdir -p "$work/etc/rules.d"
rules() { printf '%s\n' "$@" >"$work/etc/rules.d/test.rules"; }
approved() { sed -n 's/^approved //p' "$work/kernel/table"; }
rules 'pci:* refuse until=approved'
"$bxctl" !decide '' kernel:none: select:refused::machine-pci
says "explain names the command for a rule" 0 "it waits for an approval: 'bxctl approve $dev'" explain "$dev"
refused machine-pci
says "--list shows what a rule refuses" 0 "waits +$dev +- +$(print a) +Disk" approve --list
says "a device that a rule refuses is approved" 0 "approved in the list of the machine: nvme" approve "$dev"
check_equal "in a file" "$(print a)	# $dev Disk" "$(grep -v '^#' "$file")"
check_equal "the rules have it" "$(print a)" "$(approved)"
says "once, for a rule" 0 "already approved in the list of the machine" approve "$dev"
check_equal "not again in the file" 1 "$(grep -c -v '^#' "$file")"
says "JSON of a rule's device" 0 '"changed": false,.*"bundle": null' --json approve "$dev"
says "--list shows the machine's" 0 "approved +$dev +- +$(print a)" approve --list
says "a rule does not match it" 0 "approved" rules explain "$work/etc/rules.d/test.rules" "$dev"
sed -i '1a abc\n# remark\n' "$file"
"$bxctl" !fingerprint "$(print c)"
refused machine-pci
chmod 666 "$file"
says "others must not change it" 4 "note: others can write to .$file." approve "$dev"
chmod 644 "$file"
rm "$work/kernel/table"
mkdir "$work/kernel/table"
says "rules that cannot be applied" 1 "cannot write .$work/kernel/table" approve "$dev"
rmdir "$work/kernel/table"
check_equal "leave the file as it was" "$(print a)" "$(grep -v '^#' "$file" | sed -n 's/\t.*//; /^a\{64\}/p')"
says "a bad line is told" 0 "approved:2: expected a fingerprint of 64 digits .*approves nothing" approve "$dev"
check_equal "a second one is added" "$(print a) $(print c)" "$(approved | paste -sd ' ')"
says "a list of the machine is revoked" 0 "no longer approved: $(print c)" approve --revoke "$dev"
check_equal "of one" "$(print a)" "$(approved)"
check_equal "other lines stay" "abc # remark " "$(sed -n 2,4p "$file" | paste -sd ' ')"
says "the file is copied into an initramfs" 0 "file $file" boot --files
rules 'pci:* refuse'
refused machine-pci
says "a rule without until=approved" 4 "refused by policy 'machine-pci', which is not" approve "$dev"
rules
says "without rules, an approval can be revoked" 0 "no longer approved: $(print a)" approve --revoke "$(print a)"
check_equal "and is gone" "" "$(grep -o '^a*$' "$file" || true)"
