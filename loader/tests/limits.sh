#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The drivers that the policies of a bundle may name: those in its manifest, and no others; and
# the number of policies in a commit, and hooks of other programs.
# Runs on the host, with the tests' own kernel (native/bxctl.c). Tests of the list in the
# kernel itself are in selftests/native and selftests/kernel/commit.c.
cd "$(dirname "$0")/../.." || exit 1
. loader/tests/says.sh
on_fake_kernel
bundle=$work/b

cleanup() {
	rm -rf "$work"
}

# may_name [DRIVER...]: a bundle whose policy selects the driver 'missing'
may_name() {
	write_bundle "$bundle" b 1.0 missing
	[ $# = 0 ] || echo "drivers: [ $(printf "%s, " "$@")]" >>"$bundle/bundle.yaml"
}
# on_bundle DESCRIPTION STATUS REGEX COMMAND: the unsigned bundle
on_bundle() { says "$1" "$2" "$3" "$4" --allow-unsigned "$bundle"; }
# The kernel has one device, which is not bound.
# drivers: the kernel's list for the active policy
drivers() { "$bxctl" --json policies | jq -c '.policies[].drivers'; }

ktap_plan 29
mkdir -p "$work"/{etc,tmp,kernel,lib}
"$bxctl" !boot
unlisted="select\(\) named driver 'missing', which 'drivers' in the bundle's manifest does not list"

# --- drivers that are not listed
may_name
for command in apply install; do
	on_bundle "$command: a list that is missing lists no driver" 4 "would be ejected on device.*$unlisted" "$command"
done
check_equal "nothing is active" "" "$("$bxctl" !active)"
check_fails "and nothing installed" test -e "$work/var/bundles/b"
on_bundle "plan tells as well" 4 "$unlisted" plan
may_name vfio-pci nvme
on_bundle "a list of others" 4 "$unlisted" install
may_name missing-too MISSING missin
on_bundle "names are compared as a whole" 4 "$unlisted" install

# --- listed drivers
may_name vfio-pci missing
on_bundle "a driver that is listed is the policy's choice" 0 "installed b 1.0" install
says "info shows the list" 0 $'driver    vfio-pci\ndriver    missing' info "$bundle"
says "remove it" 0 "removed b" remove b

# --- listed or not, a driver that cannot be loaded
waits="policy 'loader_test': device 'pci/.*' waits for driver 'missing', whose module was not found"
objects=${BUILD:-build}/loader/tests/objects
says "an operator's object has no manifest; the driver is told" 0 \
	"$waits.*applied loader_test" apply --allow-unsigned "$objects/missing.bpf.o"
says "detach it" 0 "detached" detach --all
may_name missing
on_bundle "install tells it as well" 0 "$waits.*installed b 1.0" install
says "remove that" 0 "removed b" remove b
check_fails "no other policy waits" grep -q waits \
	<<<"$("$bxctl" apply --allow-unsigned "$objects/good.bpf.o" 2>&1)"
"$bxctl" detach --all >/dev/null

# --- the list in the kernel
write_bundle "$bundle" b 1.0 good
echo "drivers: [ a, b.c ]" >>"$bundle/bundle.yaml"
on_bundle "a policy that names no driver" 0 "installed b 1.0" install
check_equal "its limit is in the kernel" '["a","b.c"]' "$(drivers)"
write_bundle "$bundle" b 2.0 good
on_bundle "a new version" 0 "upgraded b to 2.0" upgrade
check_equal "has a limit of its own" '[]' "$(drivers)"
says "remove" 0 "removed b" remove b
says "an object has none" 0 "applied" apply --allow-unsigned "${BUILD:-build}/loader/tests/objects/good.bpf.o"
check_equal "which is null" 'null' "$(drivers)"

# --- many policies
"$bxctl" detach --all >/dev/null
says "an object may have more policies than a bundle" 0 "applied many_10 .*applied many_49 " \
	apply --allow-unsigned "${BUILD:-build}/loader/tests/objects/many.bpf.o"
check_equal "and all are active" 40 "$("$bxctl" !active | wc -w)"
says "they are replaced together" 0 "upgraded many_10 .*upgraded many_49 " \
	apply --allow-unsigned "${BUILD:-build}/loader/tests/objects/many.bpf.o"
"$bxctl" detach --all >/dev/null

# --- hooks of other programs
says "a hook" 0 "attached hook loader_hook" apply --allow-unsigned "${BUILD:-build}/loader/tests/objects/hook.bpf.o"
mv "$work"/kernel/sys/fs/bpf/bus_ext/hooks/loader_hook "$work"/kernel/sys/fs/bpf/elsewhere
says "a hook is listed wherever it is pinned" 0 \
	"hook loader_hook \(link [0-9]+, attached by another program\)" policies
says "and detached" 0 "detached hook loader_hook" detach loader_hook
check_equal "it is gone" "" "$("$bxctl" !active)"
