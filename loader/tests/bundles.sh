#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Faults of a bundle are reported without a kernel: manifests, names, settings; and
# bxctl new and build. Runs on the host.
cd "$(dirname "$0")/../.." || exit 1
. loader/tests/says.sh
bxctl=$(realpath "$bxctl")
work=$(mktemp -d)
export BXCTL_SYSFS=$work/sys CLANG=${CLANG:-clang-19}
bundle=$work/acme

cleanup() {
	rm -rf "$work"
}

# manifest [LINE...]: a good one, with lines replaced (KEY: ...) or added
manifest() {
	write_manifest "$bundle" 'bundle: acme' 'version: 1.2.0' 'vendor: Acme' \
		'summary: nothing' 'claims: [ { bus: pci, vendor: 0x1234 } ]' \
		'policies: [ acme.bpf.o ]' "$@"
}

# refuses DESCRIPTION REGEXP LINE...
refuses() {
	manifest "${@:3}"
	says "$1" 4 "$2" verify --allow-unsigned "$bundle"
}

# setting TEXT: a manifest with the setting x of these keys
setting() { echo "settings: { x: { help: x, $1 } }"; }

ktap_plan 93

# --- new, build
says "a bundle is written" 0 "wrote the bundle" new "$bundle"
check "with its three files" test -e "$bundle/bundle.yaml" -a \
	-e "$bundle/acme.bpf.c" -a -e "$bundle/tests/acme.yaml"
says "not over what is there" 1 "cannot create '.*acme': File exists" new "$bundle"
check "which stays" test -e "$bundle/bundle.yaml"
says "a name is checked" 8 "'a b' is not a valid name of a bundle: use up to 31" new "$work/a b"
says "a name is not an option" 8 "'-b' is not a valid name" new "$work/-b"
for name in a.b 9p _x; do
	says "a name of a manifest is one of new: $name" 0 "wrote the bundle" new "$work/$name"
	says "and what it wrote builds" 0 "built .*$name.bpf.o" build "$work/$name"
done
says "an impossible place" 1 "cannot create" new "$work/none/x"
says "it builds" 0 "built .*acme.bpf.o" build "$bundle"
check_equal "and leaves nothing else" "acme.bpf.c acme.bpf.o bundle.yaml tests" \
	"$(cd "$bundle" && echo *)"
says "only a kernel verifies it" 3 "bus_ext is not loaded" verify --allow-unsigned "$bundle"
says "only a kernel tests it" 3 "bus_ext is not loaded" test --allow-unsigned "$bundle"
echo 'int x = ;' >>"$bundle/acme.bpf.c"
before=$(sha256sum <"$bundle/acme.bpf.o")
says "what does not compile" 1 "does not compile" build "$bundle"
check_equal "leaves the object as it was" "$before" "$(sha256sum <"$bundle/acme.bpf.o")"
CLANG=/none says "a compiler that is not there" 1 "cannot run clang: .*CLANG=PROGRAM" build "$bundle"
rm "$bundle/acme.bpf.c"
says "without a source there is nothing to build" 0 "nothing to build" build "$bundle"

# --- the file
says "no bundle" 1 "cannot open '.*none'" verify --allow-unsigned "$work/none"
: >"$bundle/bundle.yaml"
says "an empty manifest" 4 "bundle.yaml: the file is empty" verify --allow-unsigned "$bundle"
printf 'bundle: [' >"$bundle/bundle.yaml"
says "what is no YAML, with its line" 4 "bundle.yaml:[0-9]+:[0-9]+: invalid YAML: " verify --allow-unsigned "$bundle"
printf 'bundle: a\0b\n' >"$bundle/bundle.yaml"
says "a file that is not text" 4 "bundle.yaml:1: the byte 0x00 is not part of printable UTF-8" verify --allow-unsigned "$bundle"
printf 'bundle: x\nvendor: \303\050\n' >"$bundle/bundle.yaml"
says "what is no UTF-8" 4 "bundle.yaml:2: the byte 0xc3 is not part of printable UTF-8" verify --allow-unsigned "$bundle"
printf '%%YAML 1.2\n---\nbundle: x\n' >"$bundle/bundle.yaml"
says "a directive" 4 "bundle.yaml:1:1: directives .* are not allowed" verify --allow-unsigned "$bundle"
head -c 1100000 /dev/zero | tr '\0' '#' >"$bundle/bundle.yaml"
says "what is too long" 4 "not a file of at most 262144 bytes" verify --allow-unsigned "$bundle"
rm "$bundle/bundle.yaml"
mkfifo "$bundle/bundle.yaml"
says "a special file" 4 "is neither a file nor a directory" verify --allow-unsigned "$bundle"
rm "$bundle/bundle.yaml"
echo '- bundle' >"$bundle/bundle.yaml"
says "a list" 4 "a manifest must be a mapping" verify --allow-unsigned "$bundle"
{ manifest; printf 'bundle: twice\n' >>"$bundle/bundle.yaml"; }
says "a key that is there twice" 4 "bundle.yaml:7:1: duplicate key 'bundle', first in line 1" verify --allow-unsigned "$bundle"
printf '[%.0s' {1..200} >"$bundle/bundle.yaml"
says "what is nested too deeply" 4 "bundle.yaml:1:33: more than 32 lists" verify --allow-unsigned "$bundle"
manifest 'vendor: &v Acme' 'summary: *v'
says "an alias" 4 "bundle.yaml:[0-9]+:9: anchors .* are not allowed" verify --allow-unsigned "$bundle"

# --- its keys
refuses "an unknown key" "bundle.yaml:7: unknown key 'polices' \(did you mean 'policies'\?\); known keys: bundle," 'polices: []'
for key in version vendor summary claims; do
	manifest
	sed -i "/^$key:/d" "$bundle/bundle.yaml"
	says "$key is missing" 4 "the key '$key' is missing" verify --allow-unsigned "$bundle"
done
refuses "a name with a slash" "'a/b' is not a valid name of a bundle" 'bundle: a/b'
refuses "a name that is an option" "'--help' is not a valid name of a bundle" 'bundle: --help'
refuses "a driver that is an option" "'-r' is not a valid name of a driver" 'drivers: [ -r ]'
refuses "a bus that is an option" "'-b' is not a valid name of a bus" 'claims: [ { bus: -b } ]'
refuses "a version with letters" "'version' must be a version" 'version: 1.0beta'
refuses "a version of four numbers" "'version' must be a version" 'version: 1.2.3.4'
refuses "an object elsewhere" "'../x.bpf.o' is not an object of a bundle" 'policies: [ ../x.bpf.o ]'
refuses "an object of another sort" "'x.ko' is not an object of a bundle" 'policies: [ x.ko ]'
refuses "neither policies nor rules" "a bundle needs a policy or rules" 'policies: []'
refuses "a policy without an object" "at least one object" 'policies: [ [] ]'
refuses "a claim without a bus" "the key 'bus' is missing" 'claims: [ { vendor: 1 } ]'
refuses "a claim of an invalid vendor" "'vendor' must be an id in hexadecimal" 'claims: [ { bus: pci, vendor: acme } ]'

# --- settings
refuses "a setting without a type" "the key 'type' is missing" "$(setting 'default: 1')"
refuses "a setting of an unknown type" "must be int, bool, string or list" "$(setting 'type: float, default: 1')"
refuses "a setting without a default" "the key 'default' is missing" "$(setting 'type: int')"
refuses "a default out of range" "the default of 'x' must be a number from 1 to 3, not '4'" "$(setting 'type: int, min: 1, max: 3, default: 4')"
refuses "an invalid range" "'max' must be a number from 3" "$(setting 'type: int, min: 3, max: 1, default: 2')"
refuses "a default that is not allowed" "the default of 'x' must be a or b, not 'c'" "$(setting 'type: string, values: [ a, b ], default: c')"
refuses "a default of another type" "must be a number from .*, not 'foo'" "$(setting 'type: int, default: foo')"
refuses "a bool that is yes" "must be true or false, not 'yes'" "$(setting 'type: bool, default: yes')"
refuses "values of a bool" "'values' is for settings of type int or string, not bool" "$(setting 'type: bool, values: [ yes, no ], default: yes')"
refuses "a value of another type" "a value of 'x' must be a number from .*, not 'foo'" "$(setting 'type: int, values: [ 0, foo ], default: foo')"
refuses "a value out of the range beside it" "a value of 'x' must be a number from 0 to 3, not '4'" \
	"$(setting 'type: int, min: 0, max: 3, values: [ 0, 4 ], default: 0')"
refuses "a value twice" "the value '0x10' of 'x' is there twice" "$(setting 'type: int, values: [ 16, 0x10 ], default: 16')"
refuses "an empty list of values" "'values' of 'x' is empty" "$(setting 'type: int, values: [], default: 1')"
refuses "a range of text" "'min' is for settings of type int, and 'x' is of type string" "$(setting 'type: string, min: 1, default: a')"
refuses "a setting with an impossible name" "is not a valid name for a setting" 'settings: { "a-b": { type: int, default: 1, help: x } }'
manifest "$(setting 'type: int, min: 0, max: 7, default: 1')"
says "a value that is allowed" 3 "not loaded" verify --allow-unsigned "$bundle" --set x=7
says "hexadecimal is a number, too" 3 "not loaded" verify --allow-unsigned "$bundle" --set x=0x7
says "a value out of range" 4 "invalid value '8' for the setting 'x' .*a number from 0 to 7" verify --allow-unsigned "$bundle" --set x=8
says "an invalid value" 4 "invalid value '7a'" verify --allow-unsigned "$bundle" -s x=7a
manifest "$(setting 'type: int, values: [ 0, 400 ], default: 0x0')"
says "numbers are compared as numbers" 3 "not loaded" verify --allow-unsigned "$bundle" --set x=0x190
says "others are refused" 4 "invalid value '0x191' .*: it must be 0 or 400" verify --allow-unsigned "$bundle" --set x=0x191
says "an unknown setting" 8 "has no setting 'y'; there are: x" verify --allow-unsigned "$bundle" --set y=1
says "no value at all" 8 "write NAME=VALUE" verify --allow-unsigned "$bundle" --set x
says "settings are for bundles" 8 "'--set' needs a bundle" apply "$bundle/acme.bpf.o" --set x=1

# --- lists
refuses "a list without a limit" "the key 'max_items' is missing" "$(setting 'type: list, default: []')"
refuses "a list that is too long to be one" "'max_items' must be a number from 1 to 64" "$(setting 'type: list, max_items: 65, default: []')"
refuses "a limit of items of a number" "'max_items' is for settings of type list, and 'x' is of type int" \
	"$(setting 'type: int, max_items: 2, default: 1')"
refuses "values of a list" "'values' is for settings of type int or string, and 'x' is of type list" \
	"$(setting 'type: list, max_items: 2, values: [ a ], default: []')"
refuses "a default that is a text" "'default' must be a list" "$(setting 'type: list, max_items: 2, default: a')"
refuses "a default with a comma in an item" "bundle.yaml:7:.* invalid item of the setting 'x': an item has a blank, a comma" \
	"$(setting 'type: list, max_items: 2, default: [ "a,b" ]')"
refuses "a default with too many items" "invalid value 'a,b,c' for the setting 'x' .*too many items; it must be a list of up to 2 texts" \
	"$(setting 'type: list, max_items: 2, default: [ a, b, c ]')"
manifest "$(setting 'type: list, max_items: 3, default: [ a ]')"
list() { "$bxctl" --json info "$@" "$bundle" | jq -c '.settings[0] | [.value, .default, .max_items]'; }
check_equal "a list is one in JSON" '[["a"],["a"],3]' "$(list)"
check_equal "--set replaces it" '[["b","c"],["a"],3]' "$(list --set x=b,c)"
check_equal "also by nothing" '[[],["a"],3]' "$(list --set x=)"
check_equal "items are added" '[["a","b","c"],["a"],3]' "$(list --set x+=b,c)"
check_equal "and removed, at each place" '[["c"],["a"],3]' "$(list --set x+=b,c --set x-=a --set x-=b)"
check_equal "the last one, too" '[["b"],["a"],3]' "$(list --set x+=b,c --set x-=c,a)"
says "one too many" 4 "invalid value 'b,c,d' .*: there are too many items; it must be a list of up to 3" info "$bundle" --set x+=b,c,d
says "one that is there" 4 "invalid value 'a' .*: an item is there twice" info "$bundle" --set x+=a
says "one that is not there" 4 "cannot remove 'b' from the setting 'x' of bundle 'acme': it is not in the list" info "$bundle" --set x-=b
says "an empty one" 4 "invalid value 'b,' .*: an item is empty" info "$bundle" --set x=b,
says "one that is too long" 4 "an item is too long" info "$bundle" --set "x+=$(printf 'b%.0s' {1..128})"
manifest "$(setting 'type: string, default: a')"
says "only lists have items" 8 "'.=' is for settings of type list, and 'x' of bundle 'acme' has another type" info "$bundle" --set x+=b
