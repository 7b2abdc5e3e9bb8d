#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A canary: a new version of an installed bundle in shadow mode beside the enforced one.
# Runs on the host, with the tests' own kernel (native/bxctl.c).
cd "$(dirname "$0")/../.." || exit 1
. loader/tests/says.sh
on_fake_kernel
state=$work/var/bundles

cleanup() {
	rm -rf "$work"
}

active() { "$bxctl" !active; }
quietly() { "$@" >/dev/null 2>&1; }
# has DESCRIPTION ACTIVE: these are the active policies
has() { check_equal "$1" "$2" "$(active)"; }
of() { sed -n "s/^$1: //p" "$state/x/state.yaml"; }
canary() { "$bxctl" --json status | jq -r ".bundles[0].canary | if . then $1 else \"none\" end"; }

# make VERSION POLICY... [-- LINE...]: $work/x, with lines of the manifest
make() {
	rm -rf "$work/x"
	mkdir -p "$work/x"
	printf '%s\n' "bundle: x" "version: $1" 'vendor: v' 'summary: s' \
		'claims: [ { bus: pci } ]' 'policies:' >"$work/x/bundle.yaml"
	shift
	while [ $# -gt 0 ] && [ "$1" != -- ]; do
		echo "- $1.bpf.o" >>"$work/x/bundle.yaml"
		cp "$objects/$1.bpf.o" "$work/x/"
		shift
	done
	[ $# = 0 ] || printf '%s\n' "${@:2}" >>"$work/x/bundle.yaml"
}
# upgrade VERSION POLICY... [OPTION...]: of $work/x as it is
upgrade() { "$bxctl" upgrade --allow-unsigned "$work/x" "$@"; }
# Version 1.0 is enforced, with 'good' and 'other', and 2.0 is its canary.
start() {
	quietly "$bxctl" remove x
	make 1.0 good other
	quietly "$bxctl" install --allow-unsigned "$work/x"
	make 2.0 good2
	quietly upgrade --mode shadow
}
both="loader_test:1 loader_test:2(shadow) other.v1:0"

ktap_plan 79
mkdir -p "$work"/{etc/keys,etc/bundles.d,tmp,kernel,lib/bundles}

# --- a canary
make 1.0 good other
quietly "$bxctl" install --allow-unsigned "$work/x"
make 2.0 good2
says "a new version in shadow mode" 0 \
	"canary of x, in shadow mode beside the enforced version: 2.0 .generation 2, not signed" \
	upgrade --allow-unsigned "$work/x" --mode shadow
has "is active beside the enforced one" "$both"
check_equal "which is the current one still" "1 2 enforce" "$(of current) $(of canary) $(of mode)"
says "status shows both" 0 \
	"x +1.0 +1 of 2 +enforce +active .*canary +2.0 +2 of 2 +shadow +active +- +0 +-" status
check_equal "and so does JSON" "2.0 2 active 1 null" \
	"$(canary '"\(.version) \(.generation) \(.state) \(.active) \(.problem)"')"
says "verify checks both" 0 "ok +x 1.0 .generation 1, current.*ok +x 2.0 .generation 2, canary" verify --installed
says "policies tells which is which" 0 "loader_test +pci.*enforce.*loader_test@shadow +pci.*shadow" policies
says "the same again" 0 "already the canary: x 2.0" upgrade --allow-unsigned "$work/x" --mode shadow
make 3.0 good2 other
says "another one replaces it" 0 "canary of x.*3.0 .generation 3" \
	upgrade --allow-unsigned "$work/x" --mode shadow
has "and only it" "loader_test:1 loader_test:2(shadow) other.v1:0 other.v1:0(shadow)"
check "its files are gone" test ! -e "$state/x/generation-2"
says "plan of a canary changes nothing" 0 "0 of [0-9]+ devices in scope would change" \
	plan --allow-unsigned "$work/x"
has "also in the kernel" "loader_test:1 loader_test:2(shadow) other.v1:0 other.v1:0(shadow)"

# --- promoted
start
says "mode enforce promotes it" 0 "upgraded loader_test.*detached loader_test version 2, shadow.*enforced: x 2.0 .generation 2" \
	mode enforce x
has "in its place, and with all that goes" "loader_test:2"
check_equal "the state has no canary any more" "2  enforce" "$(of current) $(of canary) $(of mode)"
check_equal "nor has status" none "$(canary .version)"
says "the version before is there for rollback" 0 "rolled back x to 1.0" rollback x
has "and comes back" "loader_test:1 other.v1:0"

# --- dropped
start
says "rollback drops the canary" 0 "detached loader_test version 2, shadow.*dropped the canary of x, whose enforced version is 1.0" \
	rollback x
has "and nothing else" "loader_test:1 other.v1:0"
check_equal "also from the disk" "1 " "$(of current) $(of canary)"
check "with its files" test ! -e "$state/x/generation-2"
says "the next rollback has nothing to go to" 4 "no generation before 1" rollback x
start
says "the number of the canary is not one to go back to" 8 \
	"generation 2 of bundle 'x' is its canary; use 'bxctl mode enforce x'" rollback -g 2 x
says "that of another one drops it as well" 0 "rolled back x to 1.0" rollback -g 1 x
has "and it is gone" "loader_test:1 other.v1:0"
start
says "shadow mode of the bundle drops it" 0 "dropping the canary 2.0 of bundle 'x'.*in shadow mode: x 1.0" \
	mode shadow x
has "nothing is beside shadow mode" "loader_test:1(shadow) other.v1:0(shadow)"
make 3.0 good2
says "an upgrade there is in its place" 0 "upgraded x to 3.0" upgrade --allow-unsigned "$work/x" --mode shadow
has "as before" "loader_test:2(shadow)"
start
make 2.5 good2
says "an enforcing upgrade drops it" 0 "upgraded x to 2.5" upgrade --allow-unsigned "$work/x"
has "and replaces the enforced one" "loader_test:2"
check_equal "on disk as well" "" "$(of canary)"

# --- the whole bundle
start
says "disable" 0 "disabled x 1.0" disable x
has "deactivates both" ""
check_equal "and forgets neither" "1 2 false" "$(of current) $(of canary) $(of enabled)"
check_equal "status says so" disabled "$(canary .state)"
says "enable" 0 "enabled x 1.0" enable x
has "activates both" "$both"
says "remove" 0 "removed x" remove x
has "removes both" ""
start
"$bxctl" !boot
says "boot" 0 "x 1.0 .generation 1. is active.*x 2.0 .generation 2, canary. is active" boot
has "activates both as well" "$both"
says "once" 0 "x 1.0 .generation 1. is active already.*2, canary. is active already" boot
check_match "an initramfs needs both" "generation-1/good.bpf.o.*generation-2/good2.bpf.o" \
	"$("$bxctl" boot --files | sort | xargs)"
quietly "$bxctl" rollback --offline x
has "offline nothing changes in the kernel" "$both"
says "and boot makes it so" 0 "x 1.0" boot
has "without a canary" "loader_test:1 other.v1:0"
start
quietly "$bxctl" mode --offline enforce x
says "a canary that was promoted offline" 0 "x 2.0 .generation 2. is active" boot
has "is enforced by boot" "loader_test:2"

# --- accepted upgrades
start
make 0.9 good2
says "a lower version than the enforced one is not an upgrade" 4 "from 1.0 to the lower version 0.9" \
	upgrade --allow-unsigned "$work/x" --mode shadow
has "and leaves the canary" "$both"
make 1.5 good2
says "one below the canary may be" 0 "canary of x.*1.5" upgrade --allow-unsigned "$work/x" --mode shadow
certificate acme -addext "subjectAltName=URI:bus-ext:pci"
certificate other -addext "subjectAltName=URI:bus-ext:pci"
cp "$work"/{acme,other}.pem "$work/etc/keys/"
sign() { "$bxctl" sign --key "$work/$1.key" --cert "$work/$1.pem" "$work/x" >/dev/null; }
quietly "$bxctl" remove x
make 1.0 good
sign acme
quietly "$bxctl" install "$work/x"
make 2.0 good2
sign other
says "another signer than that of the enforced one" 4 "use '--change-signer'" upgrade "$work/x" --mode shadow
has "is not a canary" "loader_test:1"
sign acme
quietly "$bxctl" upgrade "$work/x" --mode shadow
has "the same one is" "loader_test:1 loader_test:2(shadow)"
cp "$objects/good.bpf.o" "$state/x/generation-2/good2.bpf.o"
says "a damaged canary is not promoted" 4 "have changed|was changed" mode enforce x
has "and the enforced one stays" "loader_test:1 loader_test:2(shadow)"
says "verify finds it" 4 "ok +x 1.0.*FAILED x 2.0 .generation 2, canary" verify --installed
says "status as well" 6 "canary of bundle x: .*; try 'bxctl rollback x'" status
"$bxctl" !boot
says "boot activates what is good" 6 "the canary of bundle x is not active: generation 2.*x 1.0 .generation 1. is active" boot
has "without the canary" "loader_test:1"
quietly "$bxctl" disable x
says "so does enable" 0 "canary is not as it must be: .*enabled x 1.0" enable x
has "the enforced one" "loader_test:1"
says "which can be dropped" 0 "dropped the canary of x" rollback x

# --- settings
quietly "$bxctl" remove x
settings='settings: { size4: { type: int, min: 0, max: 9, default: 1, help: x } }'
make 1.0 settings -- "$settings"
quietly "$bxctl" install --allow-unsigned "$work/x" --set size4=7
make 2.0 settings -- "$settings"
says "a canary keeps the settings, and has its own" 0 "canary of x.*2.0" \
	upgrade --allow-unsigned "$work/x" --mode shadow --set size4=3
check_equal "of each generation" "size4=7 size4=3" "$(sed -n 's/.*"\(.*=.*\)"/\1/p' "$state/x/state.yaml" | xargs)"

# --- faults
quietly "$bxctl" remove x
make 1.0 good other
quietly "$bxctl" install --allow-unsigned "$work/x"
make 2.0 ejected other
says "a canary that would be ejected" 4 "it would be ejected" upgrade --allow-unsigned "$work/x" --mode shadow
has "is not activated" "loader_test:1 other.v1:0"
make 2.0 late other
says "one that is ejected at once" 6 "was ejected from pci.*everything is as it was before" \
	upgrade --allow-unsigned "$work/x" --mode shadow
has "does not touch the enforced version" "loader_test:1 other.v1:0"
check_equal "and is not a canary" "1 " "$(of current) $(of canary)"
start
says "what is detached by hand" 0 "detached policy loader_test@shadow" detach loader_test@shadow
has "is only that" "loader_test:1 other.v1:0"
says "status tells" 6 "canary +2.0 .*not active.*canary of bundle x: .*try 'bxctl rollback x'" status
says "and enable brings it back" 0 "enabled x 1.0" enable x
has "beside the enforced one" "$both"
sed -i 's/^mode: .*/mode: shadow/' "$state/x/state.yaml"
says "a state with a canary beside shadow mode is refused" 4 "state.yaml.*the canary must be" enable x
