#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The documents agree with the tree: the README's policy is the one in bpf/, its
# clang command builds it with nothing but include/, the targets of links exist. The
# tutorial's programs have their own test, in the VM.
set -euo pipefail
cd "$(dirname "$0")/.."
. selftests/lib/ktap.sh

work=$(mktemp -d)
cleanup() { rm -rf "$work"; }
clang=${CLANG:-clang-19}

link_targets() { grep -oE '\]\(([^)#]+)' "$1" | sed 's/](//' | grep -v '^http'; }
links_hold() {
	local file target status=0
	for file in *.md docs/*.md docs/cookbook/*.md; do
		for target in $(link_targets "$file"); do
			[ -e "$(dirname "$file")/$target" ] && continue
			echo "$file: $target does not exist"
			status=1
		done
	done
	return $status
}

# unlisted: scripts that are tests, and programs in selftests/kernel, without a line in
# tests.list: 'make test' would never run them
unlisted() {
	local test
	for test in loader/tests/*.sh selftests/e2e/*.sh; do
		[ -x "$test" ] || continue
		case $test in *-guest.sh) continue ;; esac
		grep -q "^${test#selftests/} " selftests/tests.list || echo "$test"
	done
	for test in selftests/kernel/*.c; do
		test=${test#selftests/}
		grep -q "^${test%.c} " selftests/tests.list || echo "$test"
	done
}

# pages_without_index: those of the cookbook that no table lists, or no test runs
pages_without_index() {
	local page
	for page in docs/cookbook/*.md; do
		grep -qF "](${page#docs/})" docs/cookbook.md || echo "$page is not in docs/cookbook.md"
		grep -qxE '<!-- devices: (cases|in-use) -->' "$page" || echo "$page names no devices"
	done
}

# oldest_clang: compiles each policy with the oldest clang of docs/tutorial.md; a function
# that it calls instead of expanding it is one that programs do not have
oldest_clang() {
	local file status=0
	for file in bpf/*.bpf.c; do
		clang-14 -O2 -g -Wall -Werror -target bpf -I include -c "$file" \
			-o "$work/oldest.o" || status=1
		! nm "$work/oldest.o" | grep -E ' U mem(cmp|cpy|set|move)$' || { echo "in $file"; status=1; }
	done
	return $status
}

ktap_plan 7
mkdir "$work/bpf"
cp -r include "$work/"
cp bpf/first.bpf.c "$work/bpf/"
check_equal readme_shows_the_first_policy "$(cat bpf/first.bpf.c)" \
	"$(awk -f selftests/lib/doc-block.awk README.md)"
command=$(sed -n 's/^    clang \(.*\)/\1/p' README.md)
check readme_command_builds_it \
	bash -c "cd '$work' && '$clang' -Wall -Werror $command && test -s first.bpf.o"
check links_lead_somewhere links_hold
check_equal readme_lists_the_supported_kernels "$(scripts/matrix.sh readme)" \
	"$(sed -n '/^<!-- scripts\/matrix.sh readme/,/^<!-- end/{/^<!--/d;p}' README.md)"
check_equal every_test_is_listed "" "$(unlisted)"
check_equal cookbook_has_each_page "" "$(pages_without_index)"
if type -P clang-14 >/dev/null; then
	check oldest_clang_compiles_each_policy oldest_clang
else
	ktap_skip oldest_clang_compiles_each_policy "clang-14 is not installed"
fi
