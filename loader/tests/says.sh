# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# What the tests of bxctl have in common. Sourced from the top of the checkout.
. selftests/lib/ktap.sh
bxctl=${BUILD:-build}/bin/bxctl

# attached: names and versions in the kernel, with '(shadow)' where that is the mode.
# Starts no process: they are what takes time in the VM.
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

# write_bundle DIR NAME VERSION POLICY...: of objects of the tests, for the bus pci and
# one that there is not
write_bundle() {
	local policy
	rm -rf "$1"
	mkdir -p "$1"
	{
		printf '%s\n' "bundle: $2" "version: $3" 'vendor: v' 'summary: s' \
			'claims: [ { bus: pci }, { bus: no-such-bus } ]' 'policies:'
		for policy in "${@:4}"; do echo "- $policy.bpf.o"; done
	} >"$1/bundle.yaml"
	for policy in "${@:4}"; do
		cp "${BUILD:-build}/loader/tests/objects/$policy.bpf.o" "$1/"
	done
}

# certificate NAME [OPENSSL ARGUMENT...]: a key and a certificate that signs code,
# self-signed, of CN=NAME or CN=$subject, in $work
certificate() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
		-subj "/CN=${subject:-$1}" -addext extendedKeyUsage=codeSigning \
		-keyout "$work/$1.key" -out "$work/$1.pem" \
		"${@:2}" 2>"$work/openssl.log" || cat "$work/openssl.log"
}
