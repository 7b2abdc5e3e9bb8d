#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The kernel's own virtio drivers on devices of bx-virtio: random numbers, and two
# network interfaces in two namespaces. Then what policies do to them: a feature
# masked, an address rewritten, resets refused, calls counted, everything
# garbled; and traffic when a device is removed.
set -euo pipefail
cd "$(dirname "$0")/../.."
. selftests/lib/ktap.sh

sim=/sys/devices/bxvirtio
bx=/sys/bus/bx-virtio/devices
net=/sys/bus/virtio/drivers/virtio_net
data=/tmp/data

# A process in the second namespace keeps it. Background processes must not hold the
# output open: a server may outlive its signal while TCP gives up.
unshare -n sleep infinity >/dev/null 2>&1 &
holder=$!
inside() { nsenter -t $holder -n "$@"; }

cleanup() {
	bxctl detach --all >/dev/null || true
	kill $holder "${servers[@]}" 2>/dev/null || true
	rmmod bxvirtio 2>/dev/null || true
	modprobe -r virtio_rng 2>/dev/null || true	# gives qemu's back when it is loaded
}
servers=()

separated() {
	[ "$(readlink /proc/$holder/ns/net)" != "$(readlink /proc/self/ns/net)" ]
}
create() { echo "$*" >$sim/create; }
destroy() { echo "$1" >$sim/destroy; }
policy() { bxctl apply --allow-unsigned "build/bpf/virtio-$1.bpf.o" >/dev/null; }
virtio_of() { basename "$(compgen -G "$bx/$1/virtio*")"; }
interface_of() { basename "$(compgen -G "$bx/$1/virtio*/net/*")"; }
mac_of() { cat $bx/"$1"/virtio*/net/*/address; }
bits_of() { cut -c "$2" $bx/"$1"/virtio*/features; }
has_interface() { compgen -G "$bx/$1/virtio*/net/*"; }
# stat NAME FIELD: a number of the simulated device
stat() { sed -n "s/^$1 .* $2=\([0-9a-f]*\).*/\1/p" $sim/devices; }
sent_more_than() { [ "$(stat "$1" sent)" -gt "$2" ]; }

carrier() { cat $bx/"$1"/virtio*/net/*/carrier; }
address_of() { ip link set "$(interface_of "$1")" address "$2"; }
has_carrier() { [ "$(carrier "$1")" = 1 ]; }
lacks_carrier() { [ "$(carrier "$1")" = 0 ]; }
in_log() { dmesg | grep >/dev/null "$1"; }
bound_after_create() {
	create "$1" net "$2"
	[ -e "$bx/$1/driver" ]
}
bind_virtio() {
	virtio_of "$1" >$net/bind && has_interface "$1"
}

# again NAME: unbind the virtio driver of a network device, and bind it
again() {
	local virtio
	virtio=$(virtio_of "$1")
	echo "$virtio" >$net/unbind
	echo "$virtio" >$net/bind
}

# wire A B: addresses for both, B in the other namespace
wire() {
	local here there
	here=$(interface_of "$1") there=$(interface_of "$2")
	ip link set "$there" netns $holder
	ip addr add 10.0.0.1/24 dev "$here"
	ip link set "$here" up
	inside ip addr add 10.0.0.2/24 dev "$there"
	inside ip link set "$there" up
	wait_until 20 ping -c 1 -W 1 10.0.0.2
}

# counts: calls so far, in order of their operations
counts() {
	bpftool -j map dump name virtio_c.bss |
		jq -r '.[0].formatted.value[".bss"][0].calls | join(" ")'
}
operation() {
	sed -n "s/^\([0-9]*\) $1 .*/\1/p" /sys/kernel/bus_ext/buses/bx-virtio/contract
}
# counted BEFORE OPERATION...: calls of these since the counts BEFORE
counted() {
	local before after op i line=
	read -ra before <<<"$1"
	read -ra after <<<"$(counts)"
	shift
	for op; do
		i=$(operation "$op")
		line+=" $op=$((after[i] - before[i]))"
	done
	echo "${line# }"
}
kicked_at_least() { [ "$(counted "$2" kick | cut -d= -f2)" -ge "$1" ]; }

# traffic: start traffic that does not end, and wait until it flows. The reader comes after
# all others on the processor, and as soon as it does not read, TCP does not send.
traffic() {
	local before
	while :; do
		inside timeout 5 nice -n 19 nc 10.0.0.1 99 || true
	done </dev/null >/dev/null 2>&1 &
	reader=$!
	servers+=("$reader")
	before=$(stat a sent)
	wait_until 20 sent_more_than a $((before + 200))
}
traffic_ends() {
	kill $reader 2>/dev/null || true
	wait $reader 2>/dev/null || true
}
# listening PROCESS: whether a server listens in its namespace, at port 99
listening() {
	grep -q ':0063 0*:0000 0A' "/proc/$1/net/tcp" "/proc/$1/net/tcp6"
}
summary() { echo "$(wc -c <"$1") $(sha256sum <"$1")"; }
# fetch ADDRESS [COMMAND...]: length and checksum of the data from there
fetch() {
	"${@:2}" timeout 300 nc "10.0.0.$1" 99 </dev/null >$data.got || true
	summary $data.got
}

ktap_plan 57
modprobe -a bxvirtio virtio_rng virtio_net
# The kernel asks one source only: not that of qemu.
for device in /sys/bus/virtio/drivers/virtio_rng/virtio*; do
	[ ! -e "$device" ] || echo "${device##*/}" >/sys/bus/virtio/drivers/virtio_rng/unbind
done
wait_until 10 separated
check_equal contract_has_17_operations 17 \
	"$(grep -c '^[0-9]' /sys/kernel/bus_ext/buses/bx-virtio/contract)"

# random numbers
create rng rng
check_match virtio_rng_is_the_current_source '^virtio_rng' \
	"$(cat /sys/class/misc/hw_random/rng_current)"
before=$(stat rng sent)
check_equal hwrng_gives_what_is_asked_for 256 "$(head -c 256 /dev/hwrng | wc -c)"
check hwrng_is_filled_by_the_device sent_more_than rng "$before"
check_fails hwrng_does_not_repeat_itself test \
	"$(head -c 64 /dev/hwrng | sha256sum)" = "$(head -c 64 /dev/hwrng | sha256sum)"

# a wire
create a net mac=02:00:00:00:00:0a
check_equal mac_is_the_devices 02:00:00:00:00:0a "$(mac_of a)"
ip link set "$(interface_of a)" up
check_equal without_a_peer_there_is_no_carrier 0 "$(carrier a)"
create b net mac=02:00:00:00:00:0b peer=a
check a_peer_brings_the_carrier wait_until 10 has_carrier a
check_fails a_peer_is_taken create x net peer=a
check_fails a_name_is_taken create a net
check_fails rng_has_no_peer create x rng peer=a
check_fails an_option_is_given_once create x net vendor=1 vendor=1
check_fails mac_has_no_junk create x net mac=02:00:00:00:00:0cx
check_fails refused_devices_are_not_created grep '^x ' $sim/devices
wire a b
check ping_passes ping -c 5 -W 2 10.0.0.2
# Under a sanitizer a packet takes 30 times as long; an eighth of them still goes around
# the rings.
size=4194304
[ ! -e /sys/kernel/debug/kmemleak ] || size=524288
head -c $size /dev/urandom >$data
sum=$(summary $data)
inside nc -ll -p 99 -e cat $data >/dev/null 2>&1 &
servers+=($!)
nc -ll -p 99 -e cat $data >/dev/null 2>&1 &
servers+=($!)
dropped="$(stat a dropped) $(stat b dropped)"
wait_until 20 listening self
wait_until 20 listening $holder
check_equal bulk_copy_arrives_as_it_was_sent "$sum" "$(fetch 2)"
check_equal and_in_the_other_direction "$sum" "$(fetch 1 inside)"
check_equal nothing_of_it_was_dropped "$dropped" "$(stat a dropped) $(stat b dropped)"

# a bound device, and a policy that refuses what it no longer needs
create c net vendor=1d1d mac=02:00:00:00:00:0c
check no_reset_applies policy no-reset
check_fails an_unbound_device_cannot_be_bound bound_after_create d vendor=1d1d
check other_vendors_devices_can bound_after_create e vendor=2d2d
again a
check other_vendors_are_reset has_interface a
check_fails driver_is_refused_after_it_left again c
check log_says_why in_log 'cannot reset the device for its driver'
check_fails so_it_has_no_interface has_interface c
bxctl detach virtio_no_reset >/dev/null
check detached_it_binds_again bind_virtio c
check_equal it_works_as_before 02:00:00:00:00:0c "$(mac_of c)"
for name in c d e; do destroy $name; done

# a vendor's features masked; checksums are completed on the way
check_equal features_without_a_policy 11 "$(bits_of a 1-2)"
destroy b
policy mask-feature
create b net vendor=1d1d mac=02:00:00:00:00:0b peer=a
check_equal masked_features_are_gone 00 "$(bits_of b 1-2)"
again a
check_equal other_vendors_keep_them 11 "$(bits_of a 1-2)"
check interfaces_still_fit wire a b
check_equal bulk_copy_without_offload "$sum" "$(fetch 2)"
check_equal and_without_offload_in_the_other_direction "$sum" "$(fetch 1 inside)"
bxctl detach virtio_mask_feature >/dev/null
again b
check_equal detached_they_are_back 11 "$(bits_of b 1-2)"

# the address rewritten
policy mac
again a
again b
check_equal mac_has_the_operators_prefix 02:b0:05:00:00:0b "$(mac_of b)"
check_equal other_vendors_keep_theirs 02:00:00:00:00:0a "$(mac_of a)"
bxctl detach virtio_mac >/dev/null
check_equal detaching_changes_no_bound_driver 02:b0:05:00:00:0b "$(mac_of b)"
again b
check_equal a_new_driver_sees_the_devices_mac 02:00:00:00:00:0b "$(mac_of b)"

# an older device, whose driver writes the address to the configuration
bxctl apply --allow-unsigned build/selftests/e2e/virtio-legacy.bpf.o >/dev/null
again b
check_equal no_version_1 0 "$(bits_of b 33)"
check_fails set_of_a_wrong_address address_of b 01:00:00:00:00:00
check address_is_written address_of b 02:00:00:00:00:bb
again b
check_equal and_is_the_devices 02:00:00:00:00:bb "$(mac_of b)"
wire a b
check_equal headers_have_another_length "$sum" "$(fetch 2)"
check_equal and_in_the_other_direction_too "$sum" "$(fetch 1 inside)"
bxctl detach virtio_legacy >/dev/null
again a
again b

# every call counted
policy count
before=$(counts)
again b
check_equal a_rebind_is_these_calls \
	'reset=1 find_vqs=1 setup_vq=2 del_vqs=1 get_features=1 finalize_features=1 set=0 set_vq_affinity=4' \
	"$(counted "$before" reset find_vqs setup_vq del_vqs get_features \
		finalize_features set set_vq_affinity)"
wire a b
before=$(counts)
ping -c 5 -W 2 10.0.0.2 >/dev/null
check every_packet_is_a_kick wait_until 10 kicked_at_least 10 "$before"
bxctl detach virtio_count >/dev/null

# devices that go, under traffic
traffic
destroy b
check destroyed_under_traffic wait_until 10 lacks_carrier a
traffic_ends
create b net peer=a
check a_new_one_takes_its_place wire a b
traffic
echo b >$sim/unplug
check unplugged_under_traffic wait_until 10 lacks_carrier a
traffic_ends
destroy b
check_fails and_gone test -e $bx/b

# results for which a driver has a BUG()
bxctl apply --allow-unsigned build/selftests/e2e/virtio-announce.bpf.o >/dev/null
create b net peer=a
check no_announcement_that_was_not_negotiated wait_until 10 has_carrier a
destroy b
check so_the_driver_lives wait_until 10 lacks_carrier a
bxctl detach virtio_announce >/dev/null

# the hostile policy
check hostile_applies bxctl apply --allow-unsigned build/selftests/e2e/virtio-hostile.bpf.o
for i in {1..15}; do
	create b net peer=a
	again a || bind_virtio a || true
	timeout 2 ping -c 1 -W 1 10.0.0.2 || true
	ip link set "$(interface_of a || echo none)" up || true
	destroy b
done >/dev/null 2>&1
for i in {1..5}; do
	create "r$i" rng || true
	timeout 1 head -c 64 /dev/hwrng || true
	destroy "r$i"
done >/dev/null 2>&1
bxctl detach --all >/dev/null
destroy a
create a net
create b net peer=a
check and_after_it_all_is_well wire a b

check rmmod_takes_the_devices rmmod bxvirtio
check_equal nothing_is_left 'none' "$(compgen -G "$bx/*" || echo none)"
check rmmod_of_the_bus rmmod bx_virtio
