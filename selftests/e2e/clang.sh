#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The verifier accepts the policies of bpf/ and those of the tutorial as each version of clang
# compiles them that is installed here: bpf/build.mk compiles them, 'make test-clang' installs more.
set -euo pipefail
cd "$(dirname "$0")/../.."
. selftests/lib/ktap.sh

ktap_plan 4
for version in 14 16 17 19; do
	name=policies_by_clang_${version}_load
	if [ -e build/clang/$version/first.bpf.o ]; then
		check $name build/selftests/kernel/cost load build/clang/$version
	else
		ktap_skip $name "clang-$version is not installed"
	fi
done
