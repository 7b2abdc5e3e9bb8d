#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Definitions of devices that are created again after a boot: their files, and mistakes. Runs on
# the host, with the tests' own kernel (native/bxctl.c); create.sh has the real one.
cd "$(dirname "$0")/../.." || exit 1
. loader/tests/says.sh
on_fake_kernel
# shellcheck disable=SC2154 # of on_fake_kernel
types=$work/kernel/sys/kernel/bus_ext/parents/p0/bx_types
guid=6a4c1c2e-6b0a-4e5e-9d4f-000000000001
other=6a4c1c2e-6b0a-4e5e-9d4f-000000000002
dir=$work/etc/devices.d

cleanup() {
	rm -rf "$work"
}
file() { cat "$dir/$guid.yaml"; }
names() { "$bxctl" --json defined | jq -r '.defined[].guid' | xargs; }
# definition LINE...: as an editor has left it
definition() { printf '%s\n' "$@" >"$dir/$guid.yaml"; }

ktap_plan 32
rm -rf "$work/kernel"
mkdir -p "$work"/{etc,tmp,kernel,lib} "$types/small/devices"
"$bxctl" !boot >/dev/null
echo "rate number 1 1000 1 10" >"$types/small/settings"
: >"$types/small/create"

says "none is defined" 0 "no device is defined" defined
says "a device is defined" 0 "^$guid$" define --guid ${guid^^} --set rate=20 p0 small
check_equal "in a file of its own" 'parent: "p0"
type: "small"
auto: false
settings:
  rate: "20"' "$(file)"
check_equal "that others can read and not write" 644 "$(stat -c %a "$dir/$guid.yaml")"
says "once" 5 "device '$guid' is defined already" define --guid $guid p0 small
says "it is listed" 0 "$guid +p0 +small +manual +not started" defined
check_equal "as JSON" '["p0","small",false,false,["rate=20"]]' "$("$bxctl" --json defined |
	jq -c '.defined[0] | [.parent, .type, .auto, .started, .settings]')"
check_equal "nothing is created" "" "$(cat "$types/small/create")"
says "one that starts by itself" 0 "^$other$" define --auto --guid $other p0 small
says "is shown as such" 0 "$other .*auto" defined
check_match "a random GUID" '^[0-9a-f]{8}-[0-9a-f]{4}-4' "$("$bxctl" define p0 small)"
says "it is forgotten" 0 "$other: not defined any more" undefine $other
says "once, too" 8 "device '$other' is not defined" undefine $other

# what can be checked is checked
says "an unknown type" 8 "parent 'p0' has no type 'large'; it has: small" define p0 large
says "an unknown setting" 8 "type 'small' of parent 'p0' has no setting 'speed'" \
	define --set speed=1 p0 small
says "a parent that is not there yet" 0 "parent 'p9' is not there: type and settings were not checked" \
	define --auto --guid $other p9 any
says "a name that is a path" 8 "'../p0' is not the name of a parent" define ../p0 small
says "a value with a space" 8 "must consist of printable ASCII" define --set "rate=1 2" p0 small
says "not a GUID" 8 "'x' is not a GUID" define --guid x p0 small

# starting
"$bxctl" !device $guid nvme select:driver:nvme:p
says "it is started" 0 "$guid: started" start $guid
check_equal "with its settings" "$guid rate=20" "$(cat "$types/small/create")"
says "an unknown one is not" 8 "device '6a4c1c2e-6b0a-4e5e-9d4f-00000000000a' is not defined" \
	start 6a4c1c2e-6b0a-4e5e-9d4f-00000000000a
says "the parent of another one is not there" 0 "nothing to start" start --all
says "neither is that" 0 "nothing to start" start --parent p9
says "either a GUID or all" 8 "needs a GUID, '--parent' or '--all'" start

# files that an editor has left
definition 'parent: p0' 'type: small' 'speed: 1'
says "an unknown key has its line" 4 "$guid.yaml:3.*speed" defined
definition 'parent: p0'
says "a type is needed" 4 "$guid.yaml.*type" start $guid
definition 'parent: p0' 'type: small' 'auto: maybe'
says "auto is true or false" 4 "$guid.yaml:3.*auto" defined
definition 'parent: p0' 'type: small' 'settings: { rate: 5 }'
: >"$types/small/create"
says "a number needs no quotes" 0 "$guid: started" start $guid
check_equal "and is taken as it is" "$guid rate=5" "$(cat "$types/small/create")"
chmod 666 "$dir/$guid.yaml"
says "a file that others can write is refused" 7 "$guid.yaml.*chmod" start $guid
rm "$dir/$guid.yaml"
check_equal "what is left" 2 "$(names | wc -w)"
