#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Calls on a real device's sub-function, through its contract: seen, denied,
# redirected to the same function of another device (bpf/sf-sibling.bpf.c).
set -euo pipefail
cd "$(dirname "$0")/../.."
. selftests/lib/ktap.sh

sf=/sys/bus/bx-sf/devices
one=$sf/edu-0000:00:01.0 two=$sf/edu-0000:00:02.0
trace=/sys/kernel/tracing
bundle=$(mktemp -d)/sibling
cleanup() {
	echo 0 >$trace/events/bus_ext/bx_call/enable
	bxctl detach --all >/dev/null 2>&1 || true
	rm -rf "${bundle%/*}"
}
irqs() { cat "$1-irq/irqs"; }
interrupt() { echo 1 >"$1-irq/irqs"; }
ready() { [ -e $one-irq/irqs ] && [ -e $two-irq/irqs ]; }

ktap_plan 17
modprobe -a bx_edu bx_edu_sf
wait_until 10 ready
interrupt $one
check_equal the_first_device_interrupts "1 0" "$(irqs $one) $(irqs $two)"

# The same policy as a bundle, and its plan
mkdir -p "$bundle"
cp build/bpf/sf-sibling.bpf.o "$bundle/"
printf '%s\n' 'bundle: sibling' 'version: 1' 'vendor: v' 'summary: s' \
	'claims: [ { bus: bx-sf } ]' 'policies: [ sf-sibling.bpf.o ]' >"$bundle/bundle.yaml"
plan() { bxctl plan --allow-unsigned "$bundle" || echo "status $?"; }
check_match plan_shows_calls \
	"edu-0000:00:01.0-irq exec.. +pass +redirect to edu-0000:00:02.0-irq +sibling +at once.*1 of [0-9]+ devices .*status 2" \
	"$(plan | xargs -n 1000)"
check_equal with_now_and_then "exec pass redirect edu-0000:00:02.0-irq sibling" \
	"$({ bxctl --json plan --allow-unsigned "$bundle" || true; } | jq -r '.devices[].calls[] |
		"\(.op) \(.now.verdict) \(.then.verdict) \(.then.to) \(.then.policy)"')"
interrupt $one
check_equal and_changes_nothing "2 0" "$(irqs $one) $(irqs $two)"

check policy_applies bxctl apply --allow-unsigned build/bpf/sf-sibling.bpf.o
check_match then_nothing_would_change "0 of [0-9]+ devices" "$(plan | xargs -n 1000)"
check_equal the_sibling_is_asked 0 "$(irqs $one)"
interrupt $one
interrupt $one
check_equal the_sibling_interrupts 2 "$(irqs $two)"
echo 10 >$one-fact/factorial
check_equal other_functions_are_not_concerned 3628800 "$(cat $one-fact/factorial)"
check_equal calls_are_counted 3 \
	"$(cat /sys/kernel/bus_ext/policies/sibling/redirected)"

echo 1 >$trace/events/bus_ext/bx_call/enable
interrupt $one
check_match the_trace_shows_both_calls \
	'edu-0000:00:02.0-irq op=exec policy= verdict=pass ret=0 .*edu-0000:00:01.0-irq op=exec policy=sibling verdict=redirect ret=0 ' \
	"$(xargs <$trace/trace)"
echo 0 >$trace/events/bus_ext/bx_call/enable

check sibling_can_go sh -c 'echo 1 >/sys/bus/pci/devices/0000:00:02.0/remove'
interrupt $one
check_equal then_the_first_works_on_its_own 3 "$(irqs $one)"
check_equal and_the_policy_stays true "$(bxctl policies --json |
	jq '.policies[] | select(.name == "sibling") | .ejected | not')"
check_match bxctl_shows_the_calls call "$(bxctl policies --json | jq -c '.policies[].ops')"
bxctl detach sibling >/dev/null
interrupt $one
check_equal detached_and_all_is_as_before 4 "$(irqs $one)"
check driver_can_go rmmod bx_edu_sf
