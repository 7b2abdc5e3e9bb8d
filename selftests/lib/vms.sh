# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# The runner's half of tests in a VM: boot as often as needed, pass results on, and
# count faults that only the host can see. Its other half is vm/guest-tests.sh. Sourced by
# the runner, which has report(), program() and the settings.

# Set by the runner: its directory, and the seconds that a boot, and a test that cannot be
# killed, may take
work='' boot_limit=0 grace=0

# The process number of the running qemu, which writes this file
qemu_ms() {
	local pid
	pid=$(cat "$group/qemu" 2>/dev/null) || pid=none
	processor_ms "$pid"
}

# Notes that a test begins or has ended; the time between is counted for it.
vm_test_begins() {
	began=$(now_ms)
	began_used=$(qemu_ms)
}

vm_test_ends() {
	local wall=$(($(now_ms) - began)) used=$(($(qemu_ms) - began_used))
	times_add $wall $used "$where" "$1"
	tests_wall=$((tests_wall + wall)) tests_used=$((tests_used + used))
	echo "$1: # took $((wall / 1000)) s" | report
}

# vm_lines VM: pass on results, note the progress of the guest; stop the VM when a test
# does not end in time, although the guest ends those that it can end
vm_lines() {
	local vm=$1 line name seconds left deadline=$((SECONDS + boot_limit))
	local began=0 began_used=0
	while left=$((deadline - SECONDS)); do
		if ! IFS= read -r -t "$((left > 0 ? left : 1))" line; then
			[ $SECONDS -ge $deadline ] || break
			touch "$group/stuck"
			kill "$vm" 2>/dev/null || true
			break
		fi
		case $line in
		@begin\ *)
			read -r _ name seconds <<<"$line"
			echo "$name" >"$group/current"
			deadline=$((SECONDS + seconds + grace))
			vm_test_begins
			;;
		@end\ *)
			echo "${line#@end }" >>"$group/ended"
			rm -f "$group/current"
			deadline=$((SECONDS + grace))
			vm_test_ends "${line#@end }"
			;;
		@splat\ *) touch "$group/splat" ;;
		*) echo "$line" | report ;;
		esac
	done
}

# vm_verdict STATUS: count faults that only the host can see
vm_verdict() {
	local status=$1 culprit=
	[ ! -e "$group/current" ] || culprit=$(<"$group/current")
	[ ! -e "$group/stuck" ] || status="$status: stuck, and given up"
	case $status in
	0 | 75) [ -z "$culprit" ] && return ;;
	126) [ -z "$culprit" ] && [ -e "$group/splat" ] && return ;;
	esac
	{
		judge_fail "${culprit:-vm}" "the VM ended with status $status"
		sed "s|^|${culprit:-vm}: # |" "$group/stderr"
	} | report
	[ -z "$culprit" ] || echo "$culprit" >>"$group/ended"
}

# vm_boot ARGUMENTS: one VM, from its start to its verdict; time outside of tests is
# counted for the VM
vm_boot() {
	local self=$BASHPID vm status=0 wall used tests_wall=0 tests_used=0
	rm -f "$group"/{splat,current,stuck,qemu}
	wall=$(now_ms) used=$(processor_ms "$self")
	# which must not outlive this shell
	DEVICES=${where//,/ } TIMEOUT=0 PIDFILE=$group/qemu \
		RUN="selftests/vm/guest-tests.sh $1" \
		setpriv --pdeathsig TERM selftests/vm/run.sh \
		>"$group/stdout" 2>"$group/stderr" &
	vm=$!
	vm_lines $vm <"$group/stdout"
	wait $vm || status=$?
	vm_verdict "$status"
	times_add $(($(now_ms) - wall - tests_wall)) \
		$(($(processor_ms "$self") - used - tests_used)) "$where" boot
}

# run_in_vm DEVICES NAME=SECONDS...: boot as often as needed
run_in_vm() {
	local where=$1 group tests=() arguments names test name before=-1
	shift
	group=$(mktemp -d "$work/group.XXXXXX")
	tests=("$@")
	: >"$group/ended"
	mkfifo "$group/stdout"
	while true; do
		arguments='' names=''
		for test in "${tests[@]}"; do
			name=${test%=*}
			grep -qxF -- "$name" "$group/ended" && continue
			arguments+=" $name=$(program "$name")=${test##*=}"
			names+=" $name"
		done
		[ -n "$arguments" ] || return 0
		if [ "$before" = "$(wc -l <"$group/ended")" ]; then
			judge_fail vm "a boot got nowhere; not run:$names" | report
			return
		fi
		before=$(wc -l <"$group/ended")
		vm_boot "$arguments"
	done
}
