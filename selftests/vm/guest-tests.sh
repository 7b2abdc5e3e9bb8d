#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The runner's half inside the VM: run tests one after the other and judge their
# results, and what they leave in the kernel.
#
#   guest-tests.sh NAME=PROGRAM=SECONDS...
#
# In a sanitizer kernel, objects that nothing refers to after all tests are a failure,
# and so is a lock checker that has switched itself off.
#
# '@begin NAME SECONDS' and '@end NAME' around a test tell the runner how far it got;
# '@splat NAME' that it saw a kernel complaint and has counted it. Ends with 75
# when a test leaves a kernel that no other test should run on: the runner then
# boots a new one for the rest.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib/judge.sh"

kernel_log_since() {
	dmesg | sed "1,\|# test $1\$|d"
}

# Reads a log; see splats() in qemu.sh for the reason why it is not at the end of a pipe.
first_splat() {
	grep -E -m 1 -A 25 -f <(grep -v '^#' "$here/splats") "$1"
}

leftover_modules() {
	awk '$1 ~ /^(bus_ext|bx.*)$/ { print $1 }' /proc/modules | xargs
}

# Unloads the modules that a test has loaded, unless something still holds them: a policy,
# a leaked reference. The kernel frees BPF maps after its own grace period, so this may
# take a third of the test's time limit, at least 20 seconds.
unload_modules() {
	local deadline=$((SECONDS + ($1 > 60 ? $1 / 3 : 20))) module
	while [ -n "$(leftover_modules)" ]; do
		for module in $(leftover_modules); do
			rmmod "$module" 2>/dev/null || true
		done
		[ $SECONDS -lt "$deadline" ] || return 1
		sleep 0.05
	done
}

# Whether lockdep is active: it stops with its first report, and with some taints.
lockdep_is_off() {
	[ -e /proc/lockdep_stats ] && ! grep -q 'debug_locks: *1$' /proc/lockdep_stats
}

# kmemleak ignores objects younger than 5 seconds, hence the wait; an object is
# reported when a second scan finds no reference either. The file must be read:
# its size is 0 whatever is in it.
leaks() {
	local leaks=/sys/kernel/debug/kmemleak
	[ -e $leaks ] || return 1
	sleep 6
	echo scan >$leaks
	echo scan >$leaks
	unknown_leaks <$leaks | grep .
}

# The reports of kmemleak, without leaks of the kernel itself
unknown_leaks() {
	KNOWN=$(grep -v '^#' "$here/known-leaks" | tr '\n' '|' | sed 's/|$//') awk '
		/^unreferenced object/ { flush() }
		{ object = object $0 "\n" }
		END { flush() }
		function flush() {
			if (object !~ ENVIRON["KNOWN"]) printf "%s", object
			object = ""
		}'
}

# The kernel would scan by itself, too, in the middle of a test, and judge nothing.
if [ -e /sys/kernel/debug/kmemleak ]; then
	echo scan=off >/sys/kernel/debug/kmemleak
fi
number=0
for test in "$@"; do
	IFS='=' read -r name program seconds <<<"$test"
	number=$((number + 1))
	mark="$number $name"
	spoilt=
	echo "@begin $name $seconds"
	echo "# test $mark" >/dev/kmsg
	judge "$name" "$program" "$seconds"
	if lines=$(first_splat <(kernel_log_since "$mark")); then
		judge_fail "$name" "the kernel complained:"
		printf "%s\n" "$lines" | sed "s|^|$name: # |"
		echo "@splat $name"
		spoilt=1
	fi
	if lockdep_is_off && [ -z "$spoilt" ]; then
		judge_fail "$name" "lockdep is off, without a report"
		spoilt=1
	fi
	if ! unload_modules "$seconds"; then
		judge_fail "$name" "left modules in use: $(leftover_modules)"
		spoilt=1
	fi
	echo "# test $mark ended" >/dev/kmsg
	echo "@end $name"
	[ -z "$spoilt" ] || exit 75
done
# The kernel is intact at this point: its log must have no further complaint, also
# from the ends of tests.
if lines=$(first_splat <(dmesg)); then
	judge_fail "$name" "the kernel complained afterwards:"
	printf "%s\n" "$lines" | sed "s|^|$name: # |"
fi
if lines=$(leaks); then
	judge_fail kmemleak "what $# tests left behind:"
	printf "%s\n" "$lines" | sed "s|^|kmemleak: # |"
elif [ -e /sys/kernel/debug/kmemleak ]; then
	echo "kmemleak: ok - nothing is left of $# tests"
fi
# The scan's message in the log has been judged, object by object.
[ -z "$(cat /sys/kernel/debug/kmemleak 2>/dev/null)" ] || echo "@splat kmemleak"
