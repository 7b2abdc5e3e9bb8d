#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs the fuzz targets that make has built, each for some time, starting from the bundles
# of the tree. Findings are kept in build/fuzz/found, and the run fails.
#
#   FUZZ=          the targets
#   FUZZ_SECONDS=  seconds for each (30)
set -euo pipefail
. "$(dirname "$0")/lib.sh"

seconds=${FUZZ_SECONDS:-30}
found=$build/fuzz/found
bxctl=$build/bin/bxctl

# seed_rules DIR: the files of the tests, and some lines of a kernel's aliases
seed_rules() {
	local file
	for file in "$top"/loader/tests/rules/*/*; do
		cp "$file" "$1/$(basename "$(dirname "$file")")-$(basename "$file")"
	done
	{
		printf 'pci:* pass\n\n---\n'
		printf 'alias pci:v00008086d%s*sv*sd*bc*sc*i* %s\n' 0000A a 0000A b
		printf 'alias usb:v13FDp3940d0[0-2]*dc*dsc*dp*ic*isc*ip*in* uas\n'
	} >"$1/aliases"
}

# seeds TARGET: write the files that the target starts from
seeds() {
	local dir=$build/fuzz/corpus/$1 work bundle name
	mkdir -p "$dir"
	work=$(mktemp -d "$build/fuzz/seeds.XXXXXX")
	for bundle in "$top"/bpf/bundles/*/; do
		name=$(basename "$bundle")
		case $1 in
		manifest)
			cp "$bundle/bundle.yaml" "$dir/$name"
			{ cat "$bundle/bundle.yaml"; printf -- '---\nfirst_vf=1'; } >"$dir/$name-set"
			;;
		cases)
			cat "$bundle"/tests/*.yaml >"$dir/$name"
			;;
		archive)
			cp -r "$bundle" "$work/"
			# small archives get further
			: >"$work/$name/$name.bpf.o"
			"$bxctl" pack -o "$dir/$name" "$work/$name" >/dev/null
			tar -C "$work" -cf "$dir/$name.tar" "$name"
			;;
		signature)
			openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 9 \
				-subj "/CN=$name" -addext "subjectAltName=URI:bus-ext:pci" \
				-keyout "$work/key" -out "$work/cert" 2>/dev/null
			printf '# bus_ext bundle 1\n' >"$work/list"
			openssl cms -sign -binary -nodetach -in "$work/list" -signer "$work/cert" \
				-inkey "$work/key" -outform PEM -out "$dir/$name"
			;;
		certificate)
			printf 'bus-ext:pci/0x1234' >"$dir/uri"
			openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 9 \
				-subj "/CN=$name" -addext "subjectAltName=URI:bus-ext:pci/10de,DNS:$name" \
				-addext extendedKeyUsage=codeSigning -keyout "$work/key" \
				-outform DER -out "$dir/$name" 2>/dev/null
			;;
		state)
			BXCTL_STATE_DIR=$work/var "$bxctl" install --offline --allow-unsigned \
				--set first_vf=1 "$bundle" >/dev/null 2>&1 || true
			cp "$work"/var/bundles/*/state.yaml "$dir/$name" 2>/dev/null || true
			;;
		esac
	done
	case $1 in
	manifest | cases | state)
		# nested keys: a YAML library once wrote through a wild pointer on them
		printf '  ? ? ? ? ? ?$?:\t ?2' >"$dir/keys"
		;;
	esac
	[ "$1" != rules ] || seed_rules "$dir"
	[ "$1" != object ] || cp "$build"/bpf/bundles/*/*.bpf.o "$build"/loader/tests/objects/*.bpf.o "$dir/"
	rm -rf "$work"
}

passed=0 failed=0
mkdir -p "$found"
for target in $FUZZ; do
	seeds "$target"
	step FUZZ "$target, $seconds s"
	if logged "fuzz-$target" "$build/fuzz/$target" -max_total_time="$seconds" \
		-rss_limit_mb=2048 -timeout=20 -print_final_stats=1 \
		-artifact_prefix="$found/$target-" "$build/fuzz/corpus/$target"; then
		passed=$((passed + 1))
		awk '/stat::number_of_executed_units/ { print "          " $2 " inputs" }' \
			"$build/log/fuzz-$target.log"
	else
		failed=$((failed + 1))
		echo "fuzz: the findings of '$target' are in $found" >&2
	fi
	rm -rf /dev/shm/bus_ext-fuzz.*
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
