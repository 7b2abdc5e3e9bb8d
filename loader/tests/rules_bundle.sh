#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Bundles of rules: the manifest, claims, drivers and settings of rules, and what becomes
# active; e2e/rules_bundle.sh has devices. Runs on the host, with the tests' own kernel
# (native/bxctl.c).
# shellcheck disable=SC2016 # $NAME is a setting
cd "$(dirname "$0")/../.." || exit 1
. loader/tests/says.sh
on_fake_kernel
bundle=$work/acme
nvme=pci:v00001234d0000A824sv00001028sd00002084bc01sc08i02

cleanup() {
	rm -rf "$work"
}

quietly() { "$@" >/dev/null 2>&1; }
# has DESCRIPTION ACTIVE: these are the active policies
has() { check_equal "$1" "$2" "$("$bxctl" !active)"; }
# Sets of maps that are pinned
tables() { (cd "$work/kernel/sys/fs/bpf/bus_ext/rules" 2>/dev/null && find . -mindepth 2 -maxdepth 2 -printf '%P ') || true; }

# manifest [LINE...]: a good one, with lines replaced (KEY: ...) or added
manifest() {
	mkdir -p "$bundle"
	write_manifest "$bundle" 'bundle: acme' 'version: 1.0' 'vendor: Acme' 'summary: s' \
		'claims: [ { bus: pci, vendor: 0x1234 } ]' 'rules: [ t.rules ]' \
		'drivers: [ nvme, vfio-pci ]' "$@"
}
# rules LINE...: the only file of rules of the bundle
rules() { printf '%s\n' "$@" >"$bundle/t.rules"; }
# checks DESCRIPTION STATUS REGEX [OPTION...]
checks() { says "$1" "$2" "$3" check --allow-unsigned "$bundle" "${@:4}"; }
# one DESCRIPTION REGEX RULE: the only rule, which is refused; REGEX begins with the column
one() {
	rules "$3"
	checks "$1" 4 "/acme/t.rules:1:$2"
}
# setting NAME TEXT...: a manifest with these settings
settings() {
	local name text=''
	while [ $# -gt 0 ]; do
		name=$1 text+="${text:+, }$name: { help: x, $2 }"
		shift 2
	done
	manifest "settings: { $text }"
}
# explains DESCRIPTION REGEX [OPTION...]: the rules of the bundle on a described device
explains() { says "$1" 0 "$2" rules explain "$bundle" --modalias $nvme "${@:3}"; }

ktap_plan 111
mkdir -p "$work"/{etc/keys,etc/bundles.d,tmp,kernel,lib/bundles}
"$bxctl" !boot

# --- the template
says "a bundle of rules is written" 0 "wrote the bundle '.*/made'; try 'bxctl test" new --rules "$work/made"
check_equal "with its three files" "bundle.yaml made.rules tests/made.yaml" \
	"$(cd "$work/made" && find . -type f -printf '%P\n' | sort | xargs)"
says "it has nothing to build" 0 "^nothing to build: the bundle has only rules" build "$work/made"
says "it is valid as it is" 0 "its files are valid" check --allow-unsigned "$work/made"
says "its rules are in canonical form" 0 "^$" rules fmt --check "$work/made/made.rules"
says "a long name is refused" 8 "its policy would be 'a{23}.pci.1b36'" new --rules "$work/$(printf 'a%.0s' {1..23})"
says "one that just fits is not" 0 "wrote" new --rules "$work/$(printf 'a%.0s' {1..22})"
says "info counts its rules" 0 "policy    made.pci.1b36 in made.rules: bus pci, vendor 0x1b36.*rules     1 on bus pci" info "$work/made"
check_equal "in JSON, too" '[{"bus":"pci","rules":1}]' "$("$bxctl" --json info "$work/made" | jq -c .rules)"

# --- the manifest
manifest
rules "pci:v00001234*  driver=nvme"
checks "policies are not needed" 0 "valid"
manifest 'policies: []' 'rules: []'
checks "but one of both" 4 "a bundle needs a policy or rules"
manifest 'rules: [ ../t.rules ]'
checks "a file elsewhere" 4 "'../t.rules' is not a file of rules of a bundle: it must be a file beside bundle.yaml, called NAME.rules"
manifest 'rules: [ t.txt ]'
checks "a file of another sort" 4 "'t.txt' is not a file of rules"
manifest 'rules: [ t.rules, t.rules ]'
checks "a file twice" 4 "'t.rules' is there twice"
manifest 'rules: [ none.rules ]'
checks "a missing file" 4 "has no 'none.rules', which its manifest names"
manifest
rules "# nothing"
checks "no rule" 4 "bundle 'acme' has no rule"
rules "pci:v00001234* driver=nvme frob" "pci:v00001234* frub"
checks "all errors are told" 4 "t.rules:2:16: unknown word 'frub'.*bxctl: .*t.rules:1:28: unknown word 'frob'"

# --- claims
one "another bus" "1: the rule is for any vendor on bus 'usb', which the manifest does not claim; expected the claim \{ bus: usb \}$" "usb:* refuse"
one "another vendor" "1: the rule is for vendor 0x8086 on bus 'pci', .*expected the claim \{ bus: pci, vendor: 0x8086 \}" "pci:v00008086d* refuse"
one "any vendor" "1: the rule is for any vendor on bus 'pci', .*\{ bus: pci \}, or a pattern or condition with a claimed vendor" "pci:* refuse"
one "a set of vendors" "1: the rule is for any vendor" "pci:v0000123[45]d* refuse"
one "a vendor that may be elsewhere" "1: the rule is for any vendor" "pci:*v00001234* refuse"
one "the vendor of another function" "1: the rule is for any vendor" "pci:v*d*sv00001234sd* refuse"
one "a vendor that is not one" "1: the rule is for any vendor" "pci:* vendor!=1234 refuse"
one "a range of vendors" "1: the rule is for any vendor" "pci:* vendor=1234-1235 refuse"
one "two vendors, of which one is claimed" "1: the rule is for vendor 0x1235" "pci:* vendor=1234,1235 refuse"
rules "pci:* vendor=1234 refuse"
checks "a condition tells the vendor" 0 "valid"
rules "pci:v00001234* class=nvme refuse" "pci:v00001234*bc01* refuse" "pci:v00001234d0000A*-* refuse"
checks "so do patterns that are vague behind it" 0 "valid"
manifest 'claims: [ { bus: usb, vendor: 0x403 }, { bus: hid, vendor: 0x46d }, { bus: virtio, vendor: 0x1af4 }, { bus: bx-sf, vendor: 0x1234 } ]'
rules "usb:v0403p6001* refuse" "hid:b*g*v0000046Dp* refuse" "virtio:d*v00001AF4 refuse" "bus_ext:bx-sf:v00001234d* refuse"
checks "and patterns of other buses" 0 "valid"
check_equal "each has a policy of this scope" "acme.usb.0403 acme.hid.046d acme.virtio.1af4 acme.bx-sf.1234" \
	"$("$bxctl" --json info "$bundle" | jq -r '[.policies[].name] | join(" ")')"
manifest 'claims: [ { bus: pci }, { bus: pci, vendor: 0x1234 }, { bus: usb } ]'
rules "pci:v00001234* refuse" "pci:* refuse" "usb:* refuse"
check_equal "a whole bus has one policy" "acme.pci null acme.usb null" \
	"$("$bxctl" --json info "$bundle" | jq -r '[.policies[] | .name, .vendor] | map(tostring) | join(" ")')"
manifest 'bundle: a-name-of-22-characters' 'claims: [ { bus: surface_aggregator } ]'
rules "ssam:* refuse"
checks "a name that would be too long" 4 "the policy 'a-name-of-22-characters.surface_aggregator' would be longer than 31 characters; a bundle of rules needs a shorter name"

# --- drivers
manifest
one "a driver that is not listed" "24: driver 'xhci' is not listed in 'drivers' of the manifest; expected one of nvme, vfio-pci" "pci:v00001234*  driver=xhci,nvme"
one "also as the second" "29: driver 'xhci' is not listed" "pci:v00001234*  driver=nvme,xhci"
one "also in a score" "23: driver 'xhci' is not listed" "pci:v00001234*  score=xhci:5"
manifest 'drivers: []'
one "no driver at all" "24: driver 'nvme' is not listed .*expected 'drivers: \[ nvme \]' there" "pci:v00001234*  driver=nvme"

# --- include
manifest
mkdir -p "$bundle/more"
echo "pci:v00001234d0000A824*  refuse" >"$bundle/more/one.rules"
echo "include one.rules" >"$bundle/more/two.rules"
rules "include more/two.rules"
checks "a file of the bundle" 0 "valid"
explains "is part of the table" "result +refuse, by .*acme/more/one.rules:1"
echo "pci:v00001234* refuse" >"$work/out.rules"
one "a file outside" "9: '../out.rules' is not a file of the bundle" "include ../out.rules"
one "a file outside, through a folder" "9: 'more/../../out.rules' is not a file" "include more/../../out.rules"
one "an absolute path" "9: '/.*' is not a file of the bundle" "include $work/out.rules"
one "a hidden file" "9: '.x.rules' is not a file of the bundle" "include .x.rules"
echo "pci:v00008086* refuse" >"$bundle/more/one.rules"
rules "include more/two.rules"
checks "what it has is checked" 4 "acme/more/one.rules:1:1: the rule is for vendor 0x8086"
rm -r "$bundle/more"

# --- settings
settings first 'type: int, min: 0, max: 99, default: 1' last 'type: int, min: 0, max: 99, default: 3' \
	ids 'type: list, max_items: 4, default: []' who 'type: string, default: nvme' \
	on 'type: bool, default: false'
rules 'pci:v00001234* vf-index=$first-$last driver=$who' 'pci:v00001234* serial=$ids $on refuse' \
	'pci:v00001234* $who=vfio-pci serial!=$ids vf-index=$first pass' 'pci:v00001234* untrusted=$on pass'
checks "settings in rules" 0 "valid"
explains "a range of two" "result +driver=nvme, by" --set vf-index=3
explains "a device that is not in it" "result +none" --set vf-index=4 --set untrusted=1
says "rules check does not know them" 4 "t.rules:1:25: error: '\\\$first' is a setting; only the rules of a bundle have settings" \
	rules check "$bundle/t.rules"
says "rules fmt keeps them" 0 "t.rules: formatted" rules fmt "$bundle/t.rules"
check_equal "as they are" 'pci:v00001234* vf-index=$first-$last driver=$who' "$(head -n 1 "$bundle/t.rules" | tr -s ' ')"
says "and again" 0 "^$" rules fmt --check "$bundle/t.rules"
checks "they mean the same" 0 "valid"
check_equal "a rule that a setting excludes is not counted" 2 "$("$bxctl" --json info "$bundle" | jq '.rules[0].rules')"
check_equal "with another setting it is" 4 \
	"$("$bxctl" --json info "$bundle" --set on=true --set who=vfio-pci | jq '.rules[0].rules')"
checks "a chosen driver is checked" 4 "t.rules:1:.*driver 'xhci' is not listed" --set who=xhci
checks "an empty range" 4 "t.rules:1:.*the range '\\\$first-\\\$last' is 9-3, which is empty" --set first=9
rules 'pci:v00001234* vf-index=$first,$last,7 driver=$who' 'pci:v00001234* $first=1 $last=2-4 serial=$ids pass' \
	'pci:v00001234* !$on refuse' 'pci:v00001234* $ids=a,b* refuse'
checks "other forms" 0 "valid"
check_equal "a condition on each" 3 "$("$bxctl" --json info "$bundle" | jq '.rules[0].rules')"
check_equal "that does not hold, or does" "2 4" "$(for i in first=2 ids=bb; do
	"$bxctl" --json info "$bundle" --set $i | jq '.rules[0].rules'; done | xargs)"
one "a setting that is not there" '23: unknown setting .\$nope' 'pci:v00001234* serial=$nope refuse'
one "a name that is not one" "23: '\\\$a-b' is not the name of a setting" 'pci:v00001234* serial=$a-b refuse'
one "a number for a text" "23: the setting 'first' has another type than 'serial'; expected one of type string or list" 'pci:v00001234* serial=$first refuse'
one "a bool for a number" "25: the setting 'on' has another type than 'vf-index'" 'pci:v00001234* vf-index=$on refuse'
one "a text for a switch" "26: the setting 'who' has another type than 'untrusted'; expected one of type bool" 'pci:v00001234* untrusted=$who refuse'
one "a text in a range" "25: the setting 'who' has another type|25: the setting 'who' is not a number" 'pci:v00001234* vf-index=$who-3 refuse'
one "a number as a driver" "23: the setting 'first' is not a text" 'pci:v00001234* driver=$first'
one "an empty list as a driver" "23: the list of drivers is empty" 'pci:v00001234* driver=$ids'
one "a flag that is not a bool" "16: the setting 'who' is not of type bool; expected \\\$who=VALUE" 'pci:v00001234* $who refuse'
one "a bool with a value" "16: the setting 'on' is of type bool; expected \\\$on or !\\\$on" 'pci:v00001234* $on=true refuse'
one "a number that is not one" "23: invalid value 'x' of a setting of type int" 'pci:v00001234* $first=x refuse'
rules 'pci:v00001234* serial="$nope",\$x,a$b refuse'
settings
checks "a dollar in quotes is one" 0 "valid"
settings extra 'type: int, default: 1'
checks "a setting that no rule has" 4 "the setting 'extra' .* has no effect: .*and no rule has \\\$extra"

# --- the documentation
# block LANGUAGE: the first block of it in the section on bundles
block() {
	sed -n '/^## The rules of a bundle/,/^## A kernel/p' docs/rules.md |
		sed -n "/^\`\`\`$1\$/,/^\`\`\`\$/p" | grep -v '^```'
}
{
	printf '%s\n' 'bundle: acme-vf' 'version: 1.0' 'vendor: Acme' 'summary: s'
	block yaml
} >"$bundle/bundle.yaml"
block rules-of-bundle >"$bundle/acme-vf.rules"
checks "the bundle of the documentation is valid" 0 "bundle acme-vf 1.0, .*valid"
check_equal "its rules are in the table that the settings say" "3 4" "$(for i in strict=false strict=true; do
	"$bxctl" --json info "$bundle" --set $i | jq '.rules[0].rules'; done | xargs)"

# --- approval
settings approved 'type: list, max_items: 4, default: []'
rules 'pci:v00001234* until=approved refuse'
explains "a device that is not approved" "result +refuse"
explains "an approved one" "result +none" --set approved=1
checks "the list has fingerprints" 0 "valid" --set approved="$(printf '%064d' 1)"
checks "and nothing else" 4 "has 'ab', which is not a fingerprint; expected 64" --set approved=ab
manifest
one "without a list" "1: unknown setting '\\\$approved'" 'pci:v00001234* until=approved refuse'

# --- active
manifest
rules "pci:v00001234* refuse"
says "apply" 0 "applied acme.pci.1234 to pci" apply --allow-unsigned "$bundle"
has "a policy of the scope" "acme.pci.1234:1rules"
quietly "$bxctl" detach acme.pci.1234
says "plan" 0 "0 of [0-9]+ devices in scope" plan --allow-unsigned "$bundle"
has "activates nothing" ""
manifest 'claims: [ { bus: pci, vendor: 0x1234 }, { bus: no-such-bus } ]'
echo '* bus=no-such-bus refuse' >>"$bundle/t.rules"
says "an installation that fails" 4 "there is no such bus" install --allow-unsigned "$bundle"
check_equal "leaves nothing" " " "$("$bxctl" !active) $(tables)"
manifest
rules "pci:v00001234* refuse"
says "install" 0 "applied acme.pci.1234 to pci.*installed acme 1.0" install --allow-unsigned "$bundle"
check_equal "the table is pinned" "+acme/1 " "$(tables)"
manifest 'version: 2.0'
rules "pci:v00001234* refuse" "pci:v00001234d0000A824* driver=nvme"
says "upgrade" 0 "upgraded acme.pci.1234 .*version 1 -> 2.*upgraded acme to 2.0" upgrade --allow-unsigned "$bundle"
has "has both" "acme.pci.1234:2rules"
check_equal "in the same maps" "+acme/1 " "$(tables)"
says "explain by name" 0 "result +driver=nvme, by .*/generation-2/t.rules:2" rules explain acme --modalias $nvme
says "rollback" 0 "rolled back acme to 1.0" rollback acme
has "has the first one again" "acme.pci.1234:1rules"
says "shadow mode" 0 "in shadow mode" mode shadow acme
has "is another table" "acme.pci.1234:1rules(shadow)"
check_equal "and the other one is gone" "+acme@shadow/1 " "$(tables)"
quietly "$bxctl" mode enforce acme
manifest 'version: 3.0'
says "a canary" 0 "canary" upgrade --allow-unsigned --mode shadow "$bundle"
has "is beside" "acme.pci.1234:1rules acme.pci.1234:2rules(shadow)"
quietly "$bxctl" mode enforce acme
has "and promoted" "acme.pci.1234:2rules"
quietly "$bxctl" disable acme
has "disable" ""
check_equal "leaves no table" "" "$(tables)"
quietly "$bxctl" enable acme
says "status" 0 "acme +3.0 +enforce|acme +3.0" status
says "verify --installed" 0 "acme" verify --installed
"$bxctl" !boot
quietly "$bxctl" boot
has "boot" "acme.pci.1234:2rules"
says "needs names the files" 0 "generation-[0-9]+/t.rules" boot --files
mkdir -p "$work/other"
sed 's/^bundle: .*/bundle: acme.pci/; s/^claims: .*/claims: [ { bus: "1234" } ]/' "$bundle/bundle.yaml" >"$work/other/bundle.yaml"
echo '* bus=1234 refuse' >"$work/other/t.rules"
says "a policy of another bundle" 5 "bundle 'acme.pci' has the policy 'acme.pci.1234', and so has generation" install --allow-unsigned "$work/other"
manifest 'version: 4.0' 'claims: [ { bus: no-such-bus } ]'
rules "* bus=no-such-bus refuse"
says "a version that fails" 4 "there is no such bus" upgrade --allow-unsigned "$bundle"
has "leaves the one before" "acme.pci.1234:2rules"
check_equal "and no table of its own" "+acme/1 " "$(tables)"
says "remove" 0 "removed acme" remove acme
has "leaves nothing" ""
check_equal "nor a table" "" "$(tables)"
