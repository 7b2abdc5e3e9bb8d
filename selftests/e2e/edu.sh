#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A device of several functions on one of our own buses: qemu's edu, whose
# sub-functions compute, copy and interrupt only through the contract.
set -euo pipefail
cd "$(dirname "$0")/../.."
. selftests/lib/ktap.sh

sf=/sys/bus/bx-sf/devices
trace=/sys/kernel/tracing
# of one device, if there are several
parent() { compgen -G "$sf/edu-*-fact" | head -n 1 | sed 's|.*/||; s|-fact$||'; }
driver_is() {
	[ "$(basename "$(readlink "$sf/$1/driver" || echo /none)")" = "$2" ]
}

cleanup() {
	echo 0 >$trace/events/enable
	echo >$trace/kprobe_events
}

ktap_plan 19
modprobe bx_edu
edu=$(parent)
fact=$edu-fact dma=$edu-dma irq=$edu-irq
check_equal parent_makes_three_functions 3 "$(compgen -G "$sf/$edu-*" | wc -l)"
check_equal function_has_ids '0x00001234 0x000011e8' \
	"$(cat "$sf/$fact/vendor" "$sf/$fact/device" | xargs)"
guid=$(cat "$sf/$fact/guid")
check_match function_has_a_guid '^[0-9a-f]{8}-[0-9a-f]{4}-' "$guid"
check driver_loads_by_modalias modprobe "$(cat "$sf/$dma/modalias")"
check id_table_binds_factorial driver_is "$fact" edu-fact
check id_table_binds_dma driver_is "$dma" edu-dma
check id_table_binds_irq driver_is "$irq" edu-irq

echo 10 >"$sf/$fact/factorial"
check_equal the_device_computes 3628800 "$(cat "$sf/$fact/factorial")"
check_equal the_device_copies 'ok 4096' "$(cat "$sf/$dma/dma_test")"
before=$(cat "$sf/$irq/irqs")
echo 1 >"$sf/$irq/irqs"
check_equal the_device_interrupts $((before + 1)) "$(cat "$sf/$irq/irqs")"

check_fails a_bound_driver_pins_its_bus rmmod bx_sf
rmmod bx_edu_sf
check driver_loads_by_its_name modprobe bus_ext:bx-sf:edu-dma
rmmod bx_edu_sf
rmmod bx_edu
check_equal functions_go_with_their_parent 0 \
	"$(find $sf/ -mindepth 1 | wc -l)"
modprobe bx_edu
check_equal guid_is_stable "$guid" "$(cat "$sf/$fact/guid")"

# A card behind a port that forwards nothing to it is one that was pulled: its drivers
# must not wait for it when they are unbound.
modprobe bx_edu_sf
card=$(compgen -G "$sf/edu-0000:0[1-9]:*-fact" | sed 's|.*/edu-||; s|-fact$||')
check card_behind_a_port_works wait_until 10 driver_is "edu-$card-fact" edu-fact
requested=6a4c1c2e-6b0a-4e5e-9d4f-000000000001
echo $requested >"/sys/bus/pci/devices/$card/bx_types/fact/create"
check function_on_request_works wait_until 10 driver_is $requested edu-fact
port=$(realpath "/sys/bus/pci/devices/$card/..")
echo 'p:unplug bx_device_unplug' >$trace/kprobe_events
echo 1 >$trace/events/kprobes/unplug/enable
echo 1 >$trace/events/bus_ext/bx_unbind/enable
printf '\xf0\xf0' | dd of="$port/config" bs=1 seek=25 conv=notrunc status=none
echo 1 >"/sys/bus/pci/devices/$card/remove"
check_match pulled_card_is_unplugged_before_its_drivers_are_unbound \
	'^(unplug ){5}bx_unbind ' \
	"$(grep -oE ' unplug:|bx_unbind: .*edu-' "$trace/trace" | sed 's/:.*//' | xargs) "
check_equal its_functions_are_gone '' "$(compgen -G "$sf/edu-$card-*" || true)"
check_fails and_that_on_request test -e $sf/$requested
