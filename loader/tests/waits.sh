#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# bxctl while it waits for the kernel: the timeout, signals, and requests that the kernel
# does not accept or whose result it has dropped. Runs on the host, with the tests' own
# kernel (native/bxctl.c); selftests/kernel/requests.c tests the real one.
cd "$(dirname "$0")/../.." || exit 1
. loader/tests/says.sh
on_fake_kernel

cleanup() {
	rm -rf "$work"
}

waits() { [ "$("$bxctl" !waits)" -gt 0 ]; }
# ends SIGNAL COMMAND...: the exit status of a command that gets the signal while it waits.
# A process in the background ignores SIGINT, unless it is told not to.
ends() {
	local status=0
	"$bxctl" !wait
	env --default-signal=INT "$bxctl" "${@:2}" >/dev/null 2>&1 &
	wait_until 10 waits
	kill -"$1" $!
	wait $! || status=$?
	"$bxctl" !end
	echo "$status"
}

ktap_plan 15
mkdir -p "$work"/{etc,tmp,kernel,lib}
"$bxctl" !boot >/dev/null

"$bxctl" !wait
says "a timeout has its own status" 6 "not done after 1 s" reelect --timeout 1
says "and ends in JSON, too" 6 '"code": 6' --json reelect --timeout 1
says "that of a commit tells that its result is not known" 6 "not done after 1 s" \
	apply --timeout 1 --allow-unsigned "$objects/good.bpf.o"
"$bxctl" !end
says "the next command works" 0 "" reelect
says "and so does a change" 0 "" apply --allow-unsigned "$objects/good.bpf.o"
"$bxctl" detach --all >/dev/null 2>&1

check_equal "SIGINT ends a wait" 130 "$(ends INT reelect --timeout 600)"
check_equal "SIGTERM does" 143 "$(ends TERM reelect --timeout 600)"
check_equal "SIGHUP does" 129 "$(ends HUP reelect --timeout 600)"
check_equal "during a change, SIGTERM waits for the timeout" 143 \
	"$(ends TERM apply --timeout 1 --allow-unsigned "$objects/good.bpf.o")"
"$bxctl" detach --all >/dev/null 2>&1

"$bxctl" !full
says "a full kernel is not waited for" 6 "too many requests wait in the kernel" reelect
says "and is not changed" 6 "too many requests" apply --allow-unsigned "$objects/good.bpf.o"
check_equal "nothing is active" "" "$("$bxctl" !active)"
"$bxctl" !end

"$bxctl" !lost
says "a dropped result is not one" 6 "result is not known" reelect
says "nor one of a commit" 6 "result is not known" apply --allow-unsigned "$objects/good.bpf.o"
"$bxctl" !end
says "the next change works" 0 "" apply --allow-unsigned "$objects/good.bpf.o"
