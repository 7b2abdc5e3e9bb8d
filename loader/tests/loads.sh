#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# No verb loads anything before it is trusted, and checks of a bundle that need no loading
# are made without a kernel. Where a verb would need the kernel next, it says that bus_ext
# is not loaded (3). Runs on the host.
cd "$(dirname "$0")/../.." || exit 1
. loader/tests/says.sh
bxctl=$(realpath "$bxctl")
objects=$(realpath "${BUILD:-build}/loader/tests/objects")
work=$(mktemp -d)
export BXCTL_SYSFS=$work/sys BXCTL_CONF_DIR=$work/etc BXCTL_STATE_DIR=$work/var TMPDIR=$work/tmp
bundle=$work/acme

cleanup() {
	rm -rf "$work"
}

# make_bundle [LINE...]: with these lines in the manifest
make_bundle() {
	write_bundle "$bundle" acme 1.0 good -- 'claims: [ { bus: pci } ]' \
		'vendor: Acme' 'drivers: [ vfio-pci ]' "$@"
	mkdir "$bundle/tests"
	printf -- '- name: x\n  device: { bus: pci }\n  expect: { outcome: none }\n' >"$bundle/tests/x.yaml"
}

sign() { "$bxctl" sign --key "$work/$1.key" --cert "$work/$1.pem" "$bundle" >/dev/null 2>&1; }

# each_verb NAME STATUS REGEX PATH [OPTION...]: each verb that loads programs
each_verb() {
	local verb
	for verb in apply plan verify test; do
		says "$verb: $1" "$2" "$3" "$verb" "${@:4}"
	done
}

# As a process without capabilities, that may read the bundle
unprivileged() {
	if [ "$(id -u)" = 0 ]; then
		setpriv --reuid 65534 --clear-groups "$@"
	else
		"$@"
	fi
}

# field FILTER ARGUMENT...: of the JSON that bxctl writes
field() { "$bxctl" --json "${@:2}" 2>/dev/null | jq -r "$1"; }

ktap_plan 113
mkdir -p "$work/etc/keys" "$TMPDIR"
certificate acme -addext "subjectAltName=URI:bus-ext:pci"
certificate narrow -addext "subjectAltName=URI:bus-ext:pci/0x1234"
certificate other -addext "subjectAltName=URI:bus-ext:pci"
cp "$work"/{acme,narrow}.pem "$work/etc/keys/"
unsigned="not signed; .*'--allow-unsigned'"

# --- objects, and bundles
says "an object has no signature" 4 "is not a signed bundle; .*'--allow-unsigned'" \
	apply "$objects/good.bpf.o"
says "it goes to the kernel when it is allowed" 3 "not loaded" \
	apply --allow-unsigned "$objects/good.bpf.o"
for verb in apply plan; do
	says "the message has the verb: $verb" 4 "cannot $verb '.*good.bpf.o': it is not a signed bundle" \
		"$verb" "$objects/good.bpf.o"
done
make_bundle
each_verb "an unsigned bundle is refused" 4 "$unsigned" "$bundle"
each_verb "it goes to the kernel when it is allowed" 3 "not loaded" --allow-unsigned "$bundle"
"$bxctl" pack -o "$work/acme.tar.zst" "$bundle" >/dev/null
each_verb "so is its archive" 4 "$unsigned" "$work/acme.tar.zst"
cp "$work/acme.tar.zst" "$work/archive.bin"
each_verb "an archive is told by what is in it" 4 "$unsigned" "$work/archive.bin"
each_verb "whatever its name is" 3 "not loaded" --allow-unsigned "$work/archive.bin"
mkfifo "$work/pipe"
each_verb "a pipe is refused" 4 "pipe' is neither a regular file nor a directory; save" \
	--allow-unsigned "$work/pipe"
says "by install as well" 4 "pipe' is neither a regular file nor a directory" \
	install --offline --allow-unsigned "$work/pipe"
says "upgrade of what is not installed" 8 "'acme' is not installed; use 'bxctl install'" \
	upgrade --offline --allow-unsigned "$bundle"
sign acme
each_verb "a trusted signature needs no option" 3 "not loaded" "$bundle"
"$bxctl" pack -o "$work/acme.tar.zst" "$bundle" >/dev/null
each_verb "nor does a signed archive" 3 "not loaded" "$work/acme.tar.zst"
rm "$bundle/bundle.sig"
each_verb "without its signature it is not easier" 4 "$unsigned" "$bundle"
sign acme
rm "$bundle/bundle.yaml"
says "nor without its manifest" 4 "is not a signed bundle" apply "$bundle"
says "nor is one object of it" 4 "is not a signed bundle" apply "$bundle/good.bpf.o"
make_bundle
sign acme
echo '# x' >>"$bundle/bundle.yaml"
each_verb "a changed file is refused, whatever is allowed" 4 "was changed after" \
	--allow-unsigned "$bundle"
make_bundle
sign other
each_verb "a signer that is not trusted, too" 4 "not trusted" --allow-unsigned "$bundle"
make_bundle
sign narrow
each_verb "a signer that must not claim this, too" 4 "claims bus pci, any vendor" \
	--allow-unsigned "$bundle"
check_equal "no copy stays" "" "$(ls -A "$TMPDIR")"

# --- a bundle without its object
make_bundle
rm "$bundle/good.bpf.o"
each_verb "a missing object is named, with the remedy" 4 \
	"has no 'good.bpf.o', which its manifest names; run 'bxctl build .*acme'" --allow-unsigned "$bundle"
says "pack refuses it as well" 4 "has no 'good.bpf.o'" pack -o "$work/x.tar.zst" "$bundle"

# --- a bare name is never a file of the current directory
make_bundle
cd "$work" || exit 1
each_verb "a name is not a directory" 8 "'acme' is neither installed nor in .*for the file of that name, write './acme'" \
	--allow-unsigned acme
each_verb "a path with a dot is" 3 "not loaded" --allow-unsigned ./acme
says "but for what works in a directory it is that" 0 "nothing to build" build acme
says "sign, too" 0 "signed 'acme'" sign -k acme.key -c acme.pem acme
says "and pack" 0 "wrote x.tar.zst" pack -o x.tar.zst acme
rm acme/bundle.sig
says "an archive without a slash is one" 3 "not loaded" verify x.tar.zst
says "an unknown name" 8 "bundle 'nope' is neither installed nor in '/usr/lib" info nope
says "a name that looks like an option" 1 "cannot open '--help'" info -- --help
says "for what takes the name of an installed bundle, too" 8 "'--all' is not a valid name of a bundle" enable -- --all
"$bxctl" install --offline --allow-unsigned ./acme >/dev/null 2>&1
says "the name of an installed one is taken, and trusted" 3 "not loaded" verify acme
says "by plan, too" 3 "not loaded" plan acme
says "info says where it differs from a package's" 0 "bundle +acme 1.0 of Acme" info --installed acme
says "and names one that is not there" 8 "bundle 'nope' is not installed" info --installed nope
check_equal "status without the module lists it" "acme not_active 3 false" \
	"$(field '"\(.bundles[0].name) \(.bundles[0].state) \(.code) \(.as_chosen)"' status)"
says "and says what is the matter" 3 "bundle acme: not all of its policies are active; try 'bxctl enable acme'" status
check_match "before the error" "^bxctl: bus_ext is not loaded" "$("$bxctl" status 2>&1 | tail -n 1)"
cd - >/dev/null || exit 1

# --- the settings of an installed one
cp -r bpf/bundles/qemu-nvme "$work/"
cp "${BUILD:-build}"/bpf/bundles/qemu-nvme/*.bpf.o "$work/qemu-nvme/"
says "check takes settings" 0 "valid" check --allow-unsigned --set first_vf=4 "$work/qemu-nvme"
says "and refuses those that are not allowed" 4 "'-1'" check --allow-unsigned --set first_vf=-1 "$work/qemu-nvme"
"$bxctl" install --offline --allow-unsigned --set first_vf=4 "$work/qemu-nvme" >/dev/null 2>&1
says "status shows settings" 3 "qemu-nvme: first_vf = 4 \(default 0\)" status
check_equal "in JSON, too, as numbers" "4 0 number" "$(field '.bundles[] | select(.name == "qemu-nvme") |
	.settings[] | select(.name == "first_vf") | "\(.value) \(.default) \(.value | type)"' status)"
says "and info" 0 "setting +first_vf = 4 \(default 0" info --installed qemu-nvme
says "what is installed can be checked" 0 "qemu-nvme .*valid and trusted" check --installed qemu-nvme
mkdir -p "$work/etc/bundles.d"
echo 'nosuch: 1' >"$work/etc/bundles.d/qemu-nvme.yaml"
says "status says why it cannot be activated" 3 \
	"bundle qemu-nvme: .*bundles.d/qemu-nvme.yaml.* 'nosuch'.*; try 'bxctl enable qemu-nvme'" status
says "check as well" 4 "'nosuch'" check --installed qemu-nvme

# --- info and check: no kernel, no capability
make_bundle 'settings: { on: { type: bool, default: yes, help: x } }'
sed -i 's/default: yes/default: true/' "$bundle/bundle.yaml"
says "info of an unsigned bundle says so" 0 "signature not trusted: .* is not signed" info "$bundle"
says "a setting that has no effect is found" 4 "the setting 'on' .* has no effect" \
	check --allow-unsigned "$bundle"
make_bundle
says "check wants what install wants" 4 "$unsigned" check "$bundle"
says "or the same option" 0 "not signed: its files are valid and trusted" \
	check --allow-unsigned "$bundle"
sign acme
says "check of a signed bundle" 0 "acme 1.0, signed by .*acme" check "$bundle"
says "info has the policies, the claims and the files" 0 \
	"claim +bus pci, vendor any.*policy +loader_test in good.bpf.o: bus pci.*file +bundle.sig" info "$bundle"
check_equal "and JSON with numbers as numbers" "acme vfio-pci pci null true number 4" \
	"$(field '"\(.bundle.name) \(.bundle.drivers[0]) \(.claims[0].bus) \(.claims[0].vendor
		) \(.signature.trusted) \(.policies[0].version | type) \(.files | length)"' info "$bundle")"
chmod -R a+rX "$work"
chmod 1777 "$TMPDIR"
cp "$bxctl" "$work/bxctl"
check_status 0 "check needs no capability" unprivileged "$work/bxctl" check "$bundle"
check_status 0 "nor does info" unprivileged "$work/bxctl" info "$bundle"
chmod 0700 "$work/etc/keys"
if [ "$(id -u)" = 0 ]; then
	check_status 7 "so are keys that may not be read" unprivileged "$work/bxctl" check "$bundle"
else
	ktap_skip "so are keys that may not be read" "only root can take it"
fi
chmod 0755 "$work/etc/keys"
chmod 0700 "$bundle" "$work/var"
if [ "$(id -u)" = 0 ]; then
	for command in "info $bundle" "check $bundle" "sign -k $work/acme.key -c $work/acme.pem $bundle" \
		"pack $bundle" status "disable acme" "remove acme" "install --offline $bundle" \
		"new $work/other"; do
		# shellcheck disable=SC2086
		check_status 7 "permission denied has one status: ${command%% *}" \
			unprivileged "$work/bxctl" $command
	done
else
	for command in info check sign pack status disable remove install new; do
		ktap_skip "permission denied has one status: $command" "only root can take it"
	done
fi
chmod 0755 "$bundle" "$work/var"
sign other
says "check refuses what install refuses" 4 "not trusted" check "$bundle"
says "info says why, and shows the rest" 0 "signature not trusted: .*policy +loader_test" info "$bundle"
