#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The library itself refuses an unsigned bundle: see unasked.c. Runs on the host.
cd "$(dirname "$0")/../.." || exit 1
. loader/tests/says.sh
work=$(mktemp -d)

cleanup() {
	rm -rf "$work"
}

write_bundle "$work/b" b 1 good
"${BUILD:-build}/loader/tests/unasked" "$work/b" "$work/b/good.bpf.o"
