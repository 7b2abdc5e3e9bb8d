#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Flags of policies. Ejections that fail closed: the flag from a manifest and from the operator, the shown
# quarantine, and its end. Runs on the host, with the tests' own kernel (native/bxctl.c);
# selftests/kernel/quarantine.c tests the real one.
cd "$(dirname "$0")/../.." || exit 1
. loader/tests/says.sh
on_fake_kernel
bundle=$work/b

cleanup() {
	rm -rf "$work"
}

active() { "$bxctl" !active; }
# flags: the values of each policy in the kernel
flags() {
	"$bxctl" --json policies | jq -c '.policies[] | [.fail_closed, .quarantined, .reason]'
}
ejected() { "$bxctl" !eject >/dev/null; }

ktap_plan 33
mkdir -p "$work"/{etc,tmp,kernel,lib}
"$bxctl" !boot

# --- objects
says "an object without the flag" 0 "applied loader_test" apply --allow-unsigned "$objects/good.bpf.o"
check_equal "is not marked" '[false,false,null]' "$(flags)"
ejected
check_equal "and is detached when it is ejected" "" "$(active)"
says "the operator asks for it" 0 "applied loader_test" apply --fail-closed --allow-unsigned "$objects/good.bpf.o"
check_equal "the kernel has the flag" '[true,false,null]' "$(flags)"
ejected
check_equal "it is quarantined" "loader_test:1(quarantined)" "$(active)"
check_equal "with its reason" '[true,true,"select() returned 77"]' "$(flags)"
says "policies shows it" 0 "loader_test .* quarantined" policies
says "status does, and its exit status" 6 "policy loader_test is quarantined, and refuses devices: select\(\) returned 77" status
says "a working version replaces it" 0 "upgraded loader_test .*1 -> 2" apply --allow-unsigned "$objects/good2.bpf.o"
check_equal "and is not quarantined" "loader_test:2" "$(active)"
says "nor marked, since the operator did not ask again" 0 '"fail_closed": false' --json policies
says "the flag again" 0 "upgraded" apply --fail-closed --allow-unsigned "$objects/good.bpf.o"
ejected
says "detach ends a quarantine" 0 "detached policy loader_test" detach loader_test
check_equal "nothing is left" "" "$(active)"

# --- another flag of a manifest
write_bundle "$bundle" b 0.9 good -- "next_best: 1"
says "next_best is a boolean, too" 4 "next_best" info "$bundle"
write_bundle "$bundle" b 0.9 good -- "next_best: true"
says "info shows it" 0 "probes +after a failed one, the next driver is tried" info "$bundle"
says "and in JSON" 0 '"next_best": true' --json info "$bundle"
says "the policies of the bundle" 0 "installed b 0.9" install --allow-unsigned "$bundle"
check_equal "get the flag" 'true' "$("$bxctl" --json policies | jq -c '.policies[].next_best')"
says "and no others" 0 "removed b" remove b

# --- bundles
write_bundle "$bundle" b 1.0 good -- "fail_closed: maybe"
says "the key is a boolean" 4 "fail_closed" info "$bundle"
write_bundle "$bundle" b 1.0 good -- "fail_closed: true"
says "info shows it" 0 "fails closed" info "$bundle"
says "and in JSON" 0 '"fail_closed": true' --json info "$bundle"
says "a bundle that asks for it" 0 "installed b 1.0" install --allow-unsigned "$bundle"
ejected
says "a boot does not release it" 0 "b 1.0 .*is active already" boot
check_equal "it stays quarantined" "loader_test:1(quarantined)" "$(active)"
write_bundle "$bundle" b 2.0 good2
says "an upgrade does" 0 "upgraded b to 2.0" upgrade --allow-unsigned "$bundle"
check_equal "with the flag of the new manifest" '[false,false,null]' "$(flags)"
write_bundle "$bundle" b 3.0 good
says "the operator's option" 0 "upgraded b to 3.0" upgrade --fail-closed --allow-unsigned "$bundle"
write_bundle "$bundle" b 4.0 good2
says "is kept" 0 "upgraded b to 4.0" upgrade --allow-unsigned "$bundle"
check_equal "by later versions" '[true,false,null]' "$(flags)"
ejected
says "enable starts the policies again" 0 "enabled" enable b
