#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Packs of the sanitizer kernel: written, used when the version, the configuration and the
# sum fit, and refused with a message otherwise. With files that only look like a kernel.
set -euo pipefail
cd "$(dirname "$0")/../.."
. selftests/lib/ktap.sh
work=$(mktemp -d)
cleanup() { rm -rf "$work"; }
unset KERNEL_CACHE CONFIG V

# build_dir NAME: with an invalid source, so that a build fails at once
build_dir() {
	mkdir -p "$work/$1/source"
	echo none >"$work/$1/source/linux-source-6.1_6.1.2-3.tar.xz"
	ln -s linux-source-6.1_6.1.2-3.tar.xz "$work/$1/source/6.1"
}

# cached BUILD COMMAND [VARIABLE=value...]
cached() {
	local name=$1 command=$2
	shift 2
	env BUILD="$work/$name" "$@" scripts/debug-kernel.sh "$command" 6.1
}

# built BUILD [VARIABLE=value...]: the output of the build
built() { cached "$1" build "${@:2}" 2>&1 || true; }

for name in a b c d e; do build_dir $name; done
kernel=$(cached a dir)
release=${kernel##*/}
cache=$work/a/kernel-cache
modules=$kernel/root/lib/modules/$release
mkdir -p "$kernel/build" "$modules/updates"
echo image >"$kernel/vmlinuz"
echo ours >"$modules/updates/bus_ext.ko"
cp "$(type -P true)" "$kernel/build/tool"

ktap_plan 9
check "a pack is written" cached a pack
check "with its sum" sh -c "cd '$cache' && sha256sum --check --status SHA256SUMS"
before=$(sha256sum <"$cache/$release.tar.zst")
cached a pack >/dev/null
check_equal "the same again is the same" "$before" "$(sha256sum <"$cache/$release.tar.zst")"
check "it is used" cached b build KERNEL_CACHE="$cache"
there=$work/b/kernel/$release
check_equal "wholly, but for the project's own modules" "image build/tool " \
	"$(cat "$there/vmlinuz") $(cd "$there" && ls build/tool) $(find "$there" -name '*.ko')"
check "its tools run" "$there/build/tool"
check_match "another configuration needs another" "has no 6.1.2-debug-" \
	"$(built c KERNEL_CACHE="$cache" CONFIG=CONFIG_X=y)"
echo more >>"$cache/$release.tar.zst"
said=$(built d KERNEL_CACHE="$cache")
check_match "one with another sum is refused, and the kernel is built" \
	"not used: $release.tar.zst .*unpacking the source" "$(tr '\n' ' ' <<<"$said")"
: >"$cache/SHA256SUMS"
check_match "so is one without a sum" "not used: $release.tar.zst" "$(built e KERNEL_CACHE="$cache")"
