# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Functions that the tests of bxctl share. Sourced from the top of the checkout.
. selftests/lib/ktap.sh
bxctl=${BUILD:-build}/bin/bxctl

# attached: names and versions in the kernel, with '(shadow)' where that is the mode.
# Starts no process, since processes are slow in the VM.
attached() {
	local dir version flags all=()
	for dir in /sys/kernel/bus_ext/policies/*/; do
		{ read -r version <"$dir/version" && read -r flags <"$dir/flags"; } 2>/dev/null || continue
		((flags & 1)) && version+='(shadow)'
		dir=${dir%/} dir=${dir%@shadow}
		all+=("${dir##*/}:$version")
	done
	echo "${all[*]}"
}

# says NAME STATUS REGEX ARGUMENT...: bxctl ends with STATUS and says REGEX
says() {
	local name=$1 expected=$2 regex=$3 output status=0
	shift 3
	output=$("$bxctl" "$@" 2>&1) || status=$?
	if [ "$status" = "$expected" ] && [[ $output =~ $regex ]]; then
		ktap_ok "$name"
	else
		ktap_not_ok "$name" "command:  bxctl $*" \
			"expected: status $expected and /$regex/" \
			"actual:   status $status" "$output"
	fi
}

# write_manifest DIR LINE...: a line replaces one before it with the same key
write_manifest() {
	local line before lines=() kept
	for line in "${@:2}"; do
		kept=()
		for before in "${lines[@]}"; do
			[[ $before == "${line%%:*}:"* ]] || kept+=("$before")
		done
		lines=("${kept[@]}" "$line")
	done
	printf '%s\n' "${lines[@]}" >"$1/bundle.yaml"
}

# write_bundle DIR NAME VERSION POLICY... [-- LINE...]: make one of the tests' objects, each
# with alternatives (a|b), for $claims, else the bus pci and one that does not exist; with
# these lines in its manifest
write_bundle() {
	local dir=$1 name=$2 version=$3 policies='' object
	shift 3
	rm -rf "$dir"
	mkdir -p "$dir"
	while [ $# -gt 0 ] && [ "$1" != -- ]; do
		policies+="${policies:+, }[ ${1//|/.bpf.o, }.bpf.o ]"
		for object in ${1//|/ }; do
			cp "${BUILD:-build}/loader/tests/objects/$object.bpf.o" "$dir/"
		done
		shift
	done
	write_manifest "$dir" "bundle: $name" "version: $version" 'vendor: v' 'summary: s' \
		"claims: ${claims:-[ { bus: pci \}, { bus: no-such-bus \} ]}" \
		"policies: [ $policies ]" "${@:2}"
}

# shellcheck disable=SC2154 # of the test
# make_bundle [LINE...]: $bundle, with lines of the manifest and a file of cases
make_bundle() {
	write_bundle "$bundle" acme 1.0 good -- 'vendor: Acme' 'summary: nothing' \
		'claims: [ { bus: pci } ]' "$@"
	mkdir "$bundle/tests"
	echo '[]' >"$bundle/tests/x.yaml"
}

# shellcheck disable=SC2154 # $work is the test's
# certificate NAME [OPENSSL ARGUMENT...]: a key and a certificate that signs code,
# self-signed, of CN=NAME or CN=$subject, in $work
certificate() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
		-subj "/CN=${subject:-$1}" -addext extendedKeyUsage=codeSigning \
		-keyout "$work/$1.key" -out "$work/$1.pem" \
		"${@:2}" 2>"$work/openssl.log" || cat "$work/openssl.log"
}

# on_fake_kernel: bxctl with the tests' own kernel, which keeps its state below the new
# directory $work
# shellcheck disable=SC2034 # the caller's
on_fake_kernel() {
	bxctl=$(realpath "${BUILD:-build}/loader/tests/native/bxctl")
	objects=$(realpath "${BUILD:-build}/loader/tests/objects")
	work=$(mktemp -d)
	export BXCTL_FAKE=$work/kernel BXCTL_CONF_DIR=$work/etc BXCTL_STATE_DIR=$work/var \
		BXCTL_BUNDLE_DIR=$work/lib/bundles TMPDIR=$work/tmp
}
