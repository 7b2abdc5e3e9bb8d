#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The pages of the cookbook, command by command, on qemu's devices with the kernel's drivers:
# each command prints what its page says, and no device is probed by a driver that it must
# not have.
#
#   cookbook.sh [SET [PAGE...]]     the pages for a set of devices (cases)
#
# In docs/cookbook/*.md:
#
#   ```console ...          after '# ' a command, below it what it prints, where '…' stands
#                           for any text in a line and, on a line of its own, for any lines
#   ```rules FILE           the contents of this file
#   <!-- devices: SET -->   the set of devices that the page needs
#   <!-- test: COMMAND -->  a command of the test that must succeed
#   <!-- status: N -->      the exit status of the next command of the page
#
# With BX_RECORD=1, pages with the output of this run are written to /vm: compare them with
# those in docs/ and copy what is right.
set -euo pipefail
cd "$(dirname "$0")/../.."
. selftests/lib/ktap.sh
. selftests/lib/devices.sh
. selftests/lib/probes.sh

set=${1:-cases}
[ $# = 0 ] || shift
rules_d=/etc/bus_ext/rules.d
# In the order of their unloading
modules=(8139cp 8139too uas usb_storage uio_pci_generic cdc_subset cdc_ether usbnet ftdi_sio usbserial
	wacom usbhid hid_generic xhci_pci xhci_hcd ehci_pci uhci_hcd ehci_hcd nvme e1000e vfio_pci)

cleanup() {
	fresh
	probes_end
}

# As after a boot without rules
fresh() {
	bxctl detach --all >/dev/null 2>&1 || true
	rm -rf "$rules_d" /etc/bus_ext/approved
	umount /mnt 2>/dev/null || true
	unload "${modules[@]}"
	modprobe bus_ext
	probes_clear
}

pages() {
	local page
	for page in docs/cookbook/*.md; do
		grep -qxF "<!-- devices: $set -->" "$page" || continue
		[ $# = 0 ] || [[ " $* " == *" $(basename "$page" .md) "* ]] || continue
		echo "$page"
	done
}

# The number of commands of pages and of the test
nr_checks() {
	awk '/^```/ { console = !console && $0 == "```console" }
		console && /^# / || /^<!-- test: / { n++ }
		END { print n + 0 }' "$@"
}

# pattern LINE: for a comparison with [[ ]]
pattern() {
	local text=${1//\\/\\\\} c
	for c in '*' '?' '[' ']'; do text=${text//"$c"/\\$c}; done
	echo "${text//…/*}"
}

# matches EXPECTED ACTUAL: line by line
matches() {
	local expected actual i=0 j=0
	mapfile -t expected < <([ -z "$1" ] || printf '%s\n' "$1")
	mapfile -t actual < <([ -z "$2" ] || printf '%s\n' "$2")
	for ((; i < ${#expected[@]}; i++)); do
		if [ "${expected[i]}" = … ]; then
			# up to the line that comes next, or to the end
			[ $((i + 1)) -lt ${#expected[@]} ] || return 0
			while [ $j -lt ${#actual[@]} ] &&
				! line_matches "${expected[i + 1]}" "${actual[j]}"; do j=$((j + 1)); done
			continue
		fi
		[ $j -lt ${#actual[@]} ] && line_matches "${expected[i]}" "${actual[j]}" || return
		j=$((j + 1))
	done
	[ $j = ${#actual[@]} ]
}
# shellcheck disable=SC2053 # a pattern
line_matches() { [[ $2 == $(pattern "$1") ]]; }

record() {
	[ -z "${BX_RECORD:-}" ] || printf '%s\n' "$@" >>"/vm/$name.md"
}

# try COMMAND EXPECTED: a command of the page
try() {
	local output result=0
	output=$(eval "$1" 2>&1) || result=$?
	[ -z "$output" ] || record "$output"
	if [ "$result" = "$status" ] && matches "$2" "$output"; then
		ktap_ok "$name: $1"
	else
		ktap_not_ok "$name: $1" "expected: status $status" "$2" "actual: status $result" "$output"
	fi
	status=0
}

# page FILE: reads a line at a time; 'block' is what the line is in
page() {
	local name line block='' command='' output='' status=0 file=''
	name=$(basename "$1" .md)
	fresh
	while IFS= read -r line; do
		case $block$line in
		'```console' | '```rules '*)
			block=${line#'```'} block=${block%% *}:
			file=${line#'```rules'} file=${file# }
			output='' command=''
			[ "$block" != rules: ] || { mkdir -p "$rules_d" && : >"$file"; }
			;;
		*:'```')
			[ -z "$command" ] || try "$command" "$output"
			block='' command=''
			;;
		'console:# '*)
			[ -z "$command" ] || try "$command" "$output"
			command=${line#'# '} output=''
			;;
		console:*)
			output+=${output:+$'\n'}$line
			continue
			;;
		rules:*) echo "$line" >>"$file" ;;
		'<!-- test: '*)
			line=${line#'<!-- test: '}
			check "$name: test: ${line%' -->'}" eval "${line%' -->'}"
			line="<!-- test: $line"
			;;
		'<!-- status: '*)
			status=${line#'<!-- status: '}
			status=${status%' -->'}
			;;
		esac
		record "$line"
	done <"$1"
}

needs_modules "${modules[@]}"
probes_watch pci usb hid || ktap_skip_all "$probes_why"
mapfile -t files < <(pages "$@")
ktap_plan "$(nr_checks "${files[@]}")"
for file in "${files[@]}"; do page "$file"; done
