#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The commands for files of rules. native/rules_text.c and native/rules_eval.c test the language,
# native/rules_import.c the imported rules.
# Runs on the host, with the tests' own kernel (native/bxctl.c).
cd "$(dirname "$0")/../.." || exit 1
. loader/tests/says.sh
on_fake_kernel
device=0000:00:00.0
nvme=pci:v0000144Dd0000A824sv00001028sd00002084bc01sc08i02

cleanup() {
	rm -rf "$work"
}

# json FILTER COMMAND...
json() { "$bxctl" --json "${@:2}" | jq -c "$1"; }
# rules LINE...: a file of rules
rules() { printf '%s\n' "$@" >"$work/t.rules"; }

ktap_plan 61
mkdir -p "$work"/{etc,tmp,kernel,lib}
"$bxctl" !boot
file=$work/t.rules

# --- two words
says "a second word is needed" 8 "'rules' needs a second word: fmt, check, .*; see 'bxctl help rules'" rules
says "an unknown one is named" 8 "unknown command 'rules frob'; see 'bxctl help rules'" rules frob
says "it needs its argument" 8 "'rules fmt' needs an argument: FILE; see 'bxctl help rules fmt'" rules fmt
says "help lists them" 0 "rules fmt FILE .*rules ambiguous \[FILE\]" help rules
says "also as an option" 0 "usage: bxctl rules COMMAND" rules --help
says "help of one" 0 "usage: bxctl rules fmt .*--check" help rules fmt
says "an option before the second word is a common one" 8 "unknown option '--check'" rules --check fmt x
check_equal "help in JSON has them" '["rules fmt"]' "$(json '[.commands[].name]' help rules fmt)"
check_equal "words of the completion" "fmt check lint explain stats import ambiguous apply" \
	"$("$bxctl" help --words rules | grep -v ^- | xargs)"

# --- fmt
rules '#  one' '' '' 'pci:*   refuse  serial=1  #  why' 'pci:v0* driver=a'
says "a file that is not canonical is told" 2 "t.rules: not in canonical form" rules fmt --check "$file"
check_equal "in JSON, too" '[false,false]' "$(json '[.canonical, .changed]' rules fmt --check "$file")"
check_equal "and not changed" '#  one' "$(head -n 1 "$file")"
chmod 640 "$file"
says "without --check it is formatted" 0 "t.rules: formatted" rules fmt "$file"
check_equal "comments stay" $'#  one\n\npci:*    serial=1  refuse  #  why\npci:v0*            driver=a' "$(cat "$file")"
check_equal "the mode stays" 640 "$(stat -c %a "$file")"
says "again nothing changes" 0 "^$" rules fmt "$file"
says "nor is anything to change" 0 "^$" rules fmt --check "$file"
check_equal "nothing is left behind" "t.rules" "$(find "$work" -maxdepth 1 -name '*rules*' -printf '%f\n')"
rules 'pci:* frob' 'pci:*    pass'
says "a file with errors is told" 4 "t.rules:1:7: error: unknown word 'frob'" rules fmt "$file"
check_equal "and not changed, either" $'pci:* frob\npci:*    pass' "$(cat "$file")"
says "a file that is not there" 1 "cannot open '.*none': No such file" rules fmt "$work/none"
says "a directory" 4 "is not a file" rules fmt "$work"
mkfifo "$work/fifo"
says "nor does a pipe keep it waiting" 4 "is not a file" rules check "$work/fifo"
if [ -e "/lib/modules/$(uname -r)/modules.alias" ]; then
	says "the aliases are those of the running kernel" 0 "driver=" rules import
else
	says "the aliases are those of the running kernel" 1 "cannot open '/.*/$(uname -r)/modules.alias'" rules import
fi

# --- check
rules 'pci:* pass frob' 'usb:* serial=' 'pci:* refuse'
says "each error has its line and column" 4 \
	"t.rules:1:12: error: .*t.rules:2:14: error: 'serial' lacks a value" rules check "$file"
check_equal "in JSON, too" '[["error",1,12],["error",2,14]]' \
	"$(json '[.problems[] | [.kind, .line, .column]]' rules check "$file")"
check_equal "with their number" '[0,2,0]' "$(json '[.rules, .errors, .warnings]' rules check "$file")"
rules 'pci:* pass' '' 'pci:* refuse' 'usb:* slot=4 pass'
says "a rule that never wins is told, with both lines" 9 \
	"t.rules:3:1: warning: contradicts .*t.rules:1, which wins" rules check "$file"
says "so is one that nothing matches" 9 "t.rules:4:1: warning: no device matches: devices on bus 'usb' have no 'slot'" \
	rules check "$file"
check_equal "in JSON, too" '[["contradictory",3,1],["unreachable",4,0]]' \
	"$(json '[.problems[] | [.kind, .line, .other_line]]' rules check "$file")"
rules 'pci:* pass' 'pci:v0* refuse'
says "good rules are counted" 0 "t.rules: 2 rules, 0 warnings" rules check "$file"
rules "include part" 'pci:* pass'
echo 'pci:* frob' >"$work/part"
says "an included file is checked" 4 "/part:1:7: error: " rules check "$file"
says "other commands tell the first error" 4 "^bxctl: .*/part:1:7: unknown word" rules stats "$file"
says "JSON has it" 4 '"error": ".*/part:1:7: unknown word' rules explain --json "$file" --bus pci

# --- lint
modules() { printf '%s\n' "$@" >"$work/kernel/modules"; }
modules "bus_ext:pci:acme acme"
rules 'pci:* serial=AB driver=acme' 'pci:* slot=4 driver=nope'
says "check does not look at the machine" 0 "2 rules, 0 warnings" rules check "$file"
says "lint tells ties" 9 "t.rules:2:1: warning: only the order of lines decides between this and .*t.rules:1" rules lint "$file"
says "and suspect values" 9 "t.rules:1:1: warning: the serial number of a PCI device is 16 " rules lint "$file"
says "and drivers that cannot be had" 9 "t.rules:2:1: warning: driver 'nope' is not registered on bus 'pci'" rules lint "$file"
check_fails "but not those that can" grep -q acme <("$bxctl" rules lint "$file")

# --- explain
rules 'pci:* class=nvme pass' 'pci:v0000144D* virtfn driver=vfio-pci' 'usb:* refuse' \
	'pci:v0000144D* serial=a refuse' 'pci:* score=nvme:5 priority=1'
says "a described device" 0 "modalias $nvme.result   driver=vfio-pci, by .*t.rules:2.*t.rules:2 +driver=vfio-pci +wins" \
	rules explain "$file" --modalias $nvme --set virtfn=1
says "another rule says why it lost" 0 "t.rules:1 +pass +.*t.rules:2 is more specific .fixed characters: 13, conditions: 1. than this .4, 1." \
	rules explain "$file" --modalias $nvme --set virtfn=1
says "or why it does not match" 0 "t.rules:4 +refuse +'serial=a' does not hold: serial is 'b'" \
	rules explain "$file" --modalias $nvme --set serial=b
check_equal "only those whose pattern matches" "5 2 4 1" \
	"$("$bxctl" --json rules explain "$file" --modalias $nvme | jq -r '[.rules[].line] | map(tostring) | join(" ")')"
check_equal "or all of them" 5 "$(json '.rules | length' rules explain --all "$file" --modalias $nvme)"
check_equal "the reasons, in JSON" '["scores","condition","wins","specificity"]' \
	"$(json '[.rules[].why]' rules explain "$file" --modalias $nvme --set serial=a)"
check_equal "and the winner" "[\"$file:4\",\"refuse\"]" \
	"$(json '[.winner, .verdict]' rules explain "$file" --modalias $nvme --set serial=a)"
says "no rule may decide" 0 "result   none: no rule decides" rules explain "$file" -b i2c
rules 'pci:* score=nvme:5'
says "scores may" 0 "result   none: scores decide.*its score counts" rules explain "$file" --modalias $nvme
says "a device is needed" 8 "needs a DEVICE, or '--modalias'" rules explain "$file"
says "one of both" 8 "exclude each other" rules explain "$file" "pci/$device" --modalias $nvme
says "an unknown fact is refused" 8 "a device has no 'frob'" rules explain "$file" -b pci --set frob=1
says "a value is checked" 8 "invalid value 'x' of 'vf-index'" rules explain "$file" -b pci --set vf-index=x
rules "* bus=pci path=$device refuse"
says "a device of the machine has its facts" 0 "device   pci/$device.*result   refuse" rules explain "$file" "pci/$device"
says "--set replaces them" 0 "'path=$device' does not hold: path is 'x'" rules explain "$file" "pci/$device" --set path=x

# --- import, ambiguous, stats
cat >"$work/modules.alias" <<'END'
# Aliases extracted from modules themselves.
alias pci:v00008086d000027B8sv*sd*bc*sc*i* intel_rng
alias pci:v00008086d000027B8sv*sd*bc*sc*i* lpc_ich
alias pci:v00008086d*sv*sd*bc0Csc03i30* xhci_pci
alias usb:v13FDp3940d0[0-2]*dc*dsc*dp*ic*isc*ip*in* uas
alias of:N*T*Cacme acme
END
"$bxctl" rules import "$work/modules.alias" >"$file"
check_equal "imported rules" "3 pci:v00008086d000027B8sv*sd*bc*sc*i* driver=intel_rng,lpc_ich any-order" \
	"$(grep -c : "$file") $(grep 27B8 "$file")"
says "have no warnings" 0 "3 rules, 0 warnings" rules check "$file"
check_equal "only of one bus" '[1,1]' "$(json '[.patterns, .skipped]' rules import -b usb "$work/modules.alias")"
rules 'pci:v00008086d000027B8* driver=lpc_ich'
check_equal "who wins" "[[\"pci:v00008086d000027B8*\",[\"intel_rng\",\"lpc_ich\"],\"driver=lpc_ich\",1]]" \
	"$(json '[.ambiguous[] | [.pattern, .drivers, .verdict, .line]]' rules ambiguous --aliases "$work/modules.alias" "$file")"
check_equal "the rules of the documentation are rules" 0 \
	"$(awk '/^```/ { on = /^```rules$/; next } on' docs/rules.md >"$file"
	"$bxctl" --json rules check "$file" | jq '.errors + .warnings + (.rules == 0 | if . then 1 else 0 end)')"
says "in canonical form" 0 "^$" rules fmt --check "$file"
rules 'pci:v00008086d000027B8* driver=lpc_ich'
says "stats count" 0 "total +rules +1.*bus +pci +1.*verdict +driver +1" rules stats "$file"
