#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# bxctl with the module: attach, upgrade, conflicts, ejection, roll-back, and
# leftovers of a killed process. Runs in the VM; policies are asked about the host
# bridge, which no driver takes, at every attach.
cd "$(dirname "$0")/../.." || exit 1
. loader/tests/says.sh
objects=${BUILD:-build}/loader/tests/objects
pins=/sys/fs/bpf/bus_ext/policies
other_pins=/sys/fs/bpf/bus_ext_test
device=pci/0000:00:00.0
work=$(mktemp -d)

cleanup() {
	"$bxctl" detach --all >/dev/null 2>&1
	rm -rf "$work" "$other_pins"
}

applies() {
	says "$1" "$3" "$4" apply --allow-unsigned "$objects/$2.bpf.o"
}

# map_id NAME: the map that is pinned
map_id() {
	bpftool -j map show pinned "$pins/$1/map" | grep -o '"id":[0-9]*' |
		head -n 1 | cut -d: -f2
}

directory() {
	rm -rf "$work/dir"
	mkdir "$work/dir"
	local n=0 object
	for object; do
		n=$((n + 1))
		cp "$objects/$object.bpf.o" "$work/dir/$n-$object.bpf.o"
	done
}

ktap_plan 80
modprobe bus_ext || ktap_diag "modprobe failed"

# --- attach, upgrade, detach
applies "a policy is attached" good 0 "^applied loader_test to pci \(vendor any, priority 0, version 1\): 0 devices decided$"
check_equal "the kernel has it" "loader_test:1" "$(attached)"
says "it is listed" 0 "loader_test +pci +any +0 +1 +enforce" policies
before=$(map_id loader_test)
applies "a newer version replaces it" good2 0 "^upgraded loader_test on pci .*version 1 -> 2"
check_equal "the kernel has only the newer one" "loader_test:2" "$(attached)"
check "the pinned map is the new one" test "$before" != "$(map_id loader_test)"
check_fails "nothing staged is left" compgen -G "$pins/loader_test/*-*"
says "status finds nothing wrong" 0 "1 policy attached" status
check_equal "and speaks of no pins" "" "$("$bxctl" status | grep pinned)"
applies "a name with a dot is attached" other 0 "^applied other.v1 to pci"
check "its pins have a colon" test -e "$pins/other:v1/link"
says "it is detached by its name" 0 "^detached policy other.v1$" detach other.v1
says "a policy is detached" 0 "^detached policy loader_test$" detach loader_test
check_equal "the kernel has none" "" "$(attached)"
check_fails "no pins are left" test -e "$pins/loader_test"
says "there is nothing to detach" 8 "no policy and no hook has that name" detach loader_test

# --- rejections
applies "a bus that does not exist" no-such-bus 4 "there is no such bus for policies; there are: .*pci"
applies "the verifier's reason is told" unsafe 4 "verifier rejects program 'unsafe': R[0-9] invalid mem access"
says "the verifier's log is told on request" 4 "BEGIN PROG LOAD LOG" -v apply --allow-unsigned "$objects/unsafe.bpf.o"
applies "init() refuses" no-init 4 "init\(\) returned -17"
applies "staging is for loaders" staged 4 "it has BX_F_STAGED"
applies "unknown flags" bad-flags 4 "flags that this version of the library does not know"
check_equal "none of them is attached" "" "$(attached)"

# --- policies that would be ejected
ejections() { "$bxctl" --json status | jq '.ejections | length'; }
before=$(ejections)
applies "a policy that would be ejected is refused" ejected 4 \
	"^bxctl: cannot activate 'loader_test': it would be ejected on device 'pci/.*': select\(\) returned 77, which is invalid; everything is as it was before$"
check_equal "it is not attached" "" "$(attached)"
check_fails "nor pinned" test -e "$pins/loader_test"
check_equal "nothing was ejected" "$before" "$(ejections)"
# --- drivers that are absent
applies "a policy that names a driver that is not there is none of them" missing 0 "applied loader_test"
says "the device waits" 0 "$(basename "$device") .*waiting for missing, whose module was not found" devices
says "explain tells the remedy" 0 \
	"missing, which is not registered; the device waits.*modprobe needs the alias 'bus_ext:pci:missing'" explain "$device"
check_equal "and JSON the state" '"absent"' \
	"$("$bxctl" --json explain "$device" | jq .decision.driver_state)"
check_equal "nothing was ejected for it" "$before" "$(ejections)"
says "it is detached" 0 "detached policy loader_test" detach loader_test

# --- plans
says "plan shows it" 4 "$device +- +\(ejected\) +policy loader_test .*select\(\) returned 77, which is invalid" \
	plan --allow-unsigned "$objects/ejected.bpf.o"
check_equal "as JSON, too" "loader_test select() returned 77, which is invalid" \
	"$("$bxctl" --json plan --allow-unsigned "$objects/ejected.bpf.o" | jq -r '.devices[] |
		select(.device.name == "0000:00:00.0") | .invalid | "\(.policy) \(.message)"')"
says "plan of an object tells what apply would do" 2 \
	"$device +- +\(refused\) +select of loader_test +at once.*1 of [0-9]+ devices in scope would change" \
	plan --allow-unsigned "$objects/guard.bpf.o"
directory good other
says "of a directory as well" 0 "0 of [0-9]+ devices in scope would change" plan --allow-unsigned "$work/dir"
directory good hook
says "of a hook it does not" 0 "the hook 'loader_hook' is not part of the plan" plan --allow-unsigned "$work/dir"
check_equal "nothing of them stays" "" "$(attached)$(ls "$pins")"

# --- ejection
applies "an ejected policy is told" late 6 "'loader_test' was ejected from pci, on device .*impossible value"
check_equal "it is not attached" "" "$(attached)"
check_fails "its pins are gone" test -e "$pins/loader_test"
says "its reason stays readable" 0 "ejected [0-9]+ s ago: loader_test version 5 from pci" status
"$bxctl" apply --allow-unsigned "$objects/good.bpf.o" >/dev/null
applies "an ejected upgrade is told" late 6 "was ejected .*everything is as it was before"
check_equal "the previous version is back" "loader_test:1" "$(attached)"
check "and pinned" test -e "$pins/loader_test/link"
applies "and can be upgraded" good2 0 "version 1 -> 2"

# --- a device that is bound while neither version is active
bridge=/sys/bus/pci/devices/${device#pci/}
modprobe pci-stub 2>/dev/null
"$bxctl" apply --allow-unsigned "$objects/guard.bpf.o" >/dev/null
id="$(cut -c 3- "$bridge/vendor") $(cut -c 3- "$bridge/device")"
echo "$id" >/sys/bus/pci/drivers/pci-stub/new_id
check_fails "a refused device is not bound" test -e "$bridge/driver"
applies "a policy that would be ejected" ejected 4 "it would be ejected .*everything is as it was before"
check_fails "does not free it" test -e "$bridge/driver"
if [ -e /sys/bus/pci/drivers/pci-stub ]; then
	applies "one that is ejected frees it, and that is told" late 6 \
		"was ejected .*not everything is as it was before: device '$device' has the driver 'pci-stub' \(before: none\)$"
else
	"$bxctl" apply --allow-unsigned "$objects/late.bpf.o" >/dev/null 2>&1
	ktap_skip "one that is ejected frees it, and that is told" "this kernel has no pci-stub"
fi
check_equal "the previous version is back nevertheless" "loader_test:4" "$(attached)"
echo "${device#pci/}" >/sys/bus/pci/drivers/pci-stub/unbind
echo "$id" >/sys/bus/pci/drivers/pci-stub/remove_id
"$bxctl" apply --allow-unsigned "$objects/good2.bpf.o" >/dev/null

# --- all or nothing
directory good other hook
says "a directory is applied in order" 0 "upgraded loader_test .*applied other.v1 .*attached hook loader_hook to bx_hook_select" apply --allow-unsigned "$work/dir"
says "hooks are listed" 0 "hook loader_hook \(link [0-9]+\)" policies
says "a hook is detached by its program" 0 "detached hook loader_hook" detach loader_hook
"$bxctl" detach other.v1 >/dev/null
directory good2 other hook no-such-bus
says "one failure undoes a directory" 4 "no such bus .*everything is as it was before" apply --allow-unsigned "$work/dir"
check_equal "the upgrade was undone, the rest detached" "loader_test:1" "$(attached)"
check_equal "their pins are gone" "loader_test" "$(ls "$pins")"
check_equal "the hook is gone" "" "$(ls "$pins/../hooks")"
directory good2 unsafe
says "a rejected object stops a directory" 4 "verifier rejects" apply --allow-unsigned "$work/dir"
check_equal "before anything is attached" "loader_test:1" "$(attached)"

# --- conflicts
says "a name in use elsewhere" 5 "the name is in use \(link [0-9]+, version 1\)" apply --allow-unsigned "$objects/good2.bpf.o" --pin-dir "$other_pins"
check_equal "stays as it was" "loader_test:1" "$(attached)"
bpftool map create /sys/fs/bpf/foreign type array key 4 value 4 entries 1 name foreign
mv /sys/fs/bpf/foreign "$pins/loader_test/map"
applies "a policy that another process replaced is not overwritten" good2 5 "another process replaced it"
check_equal "and stays" "loader_test:1" "$(attached)"
says "detach resolves it" 0 "detached policy loader_test" detach loader_test
exec 9<"${pins%/*}"
flock 9
says "a lock that is held" 5 "has held the lock on .* for 1 s" apply --allow-unsigned "$objects/good.bpf.o" --timeout 1
exec 9<&-
says "pins elsewhere work" 0 "^applied" apply --allow-unsigned "$objects/good.bpf.o" --pin-dir "$other_pins"
says "a policy that is not pinned here is detached too" 0 "was not pinned.*detaching link [0-9]+.*detached policy" detach loader_test

# --- leftovers of a killed process
"$bxctl" apply --allow-unsigned "$objects/good.bpf.o" >/dev/null
rm "$pins/loader_test/link"
says "status shows a stale pin, and its exit status tells" 6 "policy loader_test is pinned, but not attached" status
applies "apply cleans stale pins" good 0 "removing the stale pins of 'loader_test'.*applied"
rm "$pins/loader_test/map"
applies "a missing map is made up for" good2 0 "is made again.*version 1 -> 2"
mv "$pins/loader_test/link" "$pins/loader_test/next-link"
mv "$pins/loader_test/map" "$pins/loader_test/next-map"
applies "an upgrade that took effect is ended" good 0 "ending an interrupted upgrade.*version 2 -> 1"
mv "$pins/loader_test/link" "$pins/loader_test/back-link"
applies "so is one that was taken back" good2 0 "ending an interrupted upgrade.*version 1 -> 2"
bpftool struct_ops register "$objects/staged.bpf.o" /sys/fs/bpf/staged >/dev/null
mv /sys/fs/bpf/staged/loader_test "$pins/loader_test/next-link"
applies "one that did not is forgotten" good 0 "interrupted before it took effect.*version 2 -> 1"
"$bxctl" apply --allow-unsigned "$objects/good2.bpf.o" >/dev/null
check_equal "and what was staged is gone" 1 "$("$bxctl" --json policies | jq '.policies | length')"
for delay in 05 1 15 2 25 3 35 4; do
	"$bxctl" apply --allow-unsigned "$objects/good.bpf.o" >/dev/null 2>&1 &
	sleep "0.$delay"
	kill -9 $! 2>/dev/null
	wait $! 2>/dev/null
	"$bxctl" apply --allow-unsigned "$objects/good2.bpf.o" >/dev/null 2>&1 || break
done
check_equal "a killed apply never stops the next" "loader_test:2" "$(attached)"
says "everything is detached" 0 "detached policy loader_test" detach --all

# --- a device
"$bxctl" apply --allow-unsigned "$objects/refuse-hook.bpf.o" >/dev/null
says "a hook decides as soon as it is attached" 0 "hook +refuse.*decision: no driver, all are refused, by hook" explain "$device"
"$bxctl" detach loader_hook >/dev/null
says "and no longer when it is gone" 0 "decision: left to the kernel" explain "$device"
