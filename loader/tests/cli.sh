#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# bxctl on a machine without bus_ext: the command line, and messages about objects
# that it must not accept. Runs on the host.
cd "$(dirname "$0")/../.." || exit 1
. loader/tests/says.sh
objects=${BUILD:-build}/loader/tests/objects
work=$(mktemp -d)
export BXCTL_SYSFS=$work/sys

cleanup() {
	rm -rf "$work"
}

# As a process without capabilities
unprivileged() {
	if [ "$(id -u)" = 0 ]; then
		setpriv --reuid 65534 --clear-groups "$@"
	else
		"$@"
	fi
}

rejects() {
	says "$1" 4 "$3" apply --allow-unsigned "$objects/$2.bpf.o"
}

ktap_plan 58

says "no command is an error" 8 "a command is missing"
says "an unknown command is named" 8 "unknown command 'aply'" aply x
says "commands are not abbreviated" 8 "unknown command 'stat'" stat
says "an unknown option is named" 8 "'status' has no option '--foo'" status --foo
says "an option of another command is unknown" 8 "'status' has no option '--all'" status --all
says "options are not abbreviated" 8 "no option '--jso'" status --jso
says "a short option is checked too" 8 "no option '-x'" status -x
says "an option before any command is checked" 8 "unknown option '--foo'" --foo status
says "a missing argument is named" 8 "'apply' needs an argument: FILE" apply
says "an argument too many is named" 8 "'y' is too many" explain x y
says "an argument where none belongs" 8 "'status' takes no argument, but there is 'x'" status x
says "an option without its value" 8 "option '--timeout' needs a value: SECONDS" apply x --timeout
says "a timeout is a number" 8 "'soon' of option '--timeout'" apply x --timeout soon
says "a timeout is not zero" 8 "'0' of option '--timeout'" apply x --timeout=0
says "a timeout is not negative" 8 "'-5' of option '--timeout'" apply x --timeout=-5
says "a timeout has no unit" 8 "'5s' of option '--timeout'" apply x --timeout 5s
says "a flag takes no value" 8 "option '--json' takes no value" status --json=yes
says "a bus is short enough" 8 "too long for a bus" devices --bus "$(printf 'x%.0s' {1..32})"
says "an empty value is refused" 8 "option '--bus' has an empty value" devices --bus=
says "an empty argument is refused" 8 "the argument of 'apply' is empty" apply ""
says "detach wants one of two" 8 "either a NAME or '--all'" detach
says "detach wants one of two only" 8 "either a NAME or '--all'" detach x --all
says "a word after -- is not an option" 1 "cannot open '--json'" apply -- --json
says "an error in JSON has its code" 8 '"code": 8' status --foo --json
says "flags may share a word" 3 '"code": 3' -jv status
says "behind the command, too" 3 '"code": 3' status -vj
says "each of them is checked" 8 '"error": ".status. has no option .-x.' status -jx
says "a value follows the last of them" 8 "too long for a bus" devices -ab "$(printf 'x%.0s' {1..32})"
says "and only the last" 8 "option '-b' needs a value: write it last in '-ba'" devices -ba pci
says "an error in JSON has the notes" 8 '"notes": \[\]' status --foo --json
says "names of commands are JSON as well" 0 '"words": \[.*"apply",.*"notes": \[\]' help --words --json
says "and options of one" 0 '"words": \[.*"--allow-unsigned",.*"--json"' help --words --json apply
says "help needs no kernel" 0 "Exit status:" help
says "help of a command" 0 "usage: bxctl apply" apply --help
says "version needs no kernel" 0 "bus_ext not loaded" --version

says "bus_ext is not loaded" 3 "run 'modprobe bus_ext'" status
says "a good object needs the module" 3 "run 'modprobe bus_ext'" apply --allow-unsigned "$objects/good.bpf.o"
says "a hook needs the module" 3 "run 'modprobe bus_ext'" apply --allow-unsigned "$objects/hook.bpf.o"

says "a file that is not there" 1 "cannot open '.*': No such file" apply --allow-unsigned "$work/none"
echo "not an object" >"$work/text.bpf.o"
says "a file that is not an object" 4 "is not a BPF object" apply --allow-unsigned "$work/text.bpf.o"
says "one bad object spoils a directory" 4 "is not a BPF object" apply --allow-unsigned "$work"
mkdir "$work/empty"
says "a directory without objects" 4 "there is no \*.bpf.o in it" apply --allow-unsigned "$work/empty"
mkdir "$work/twice"
cp "$objects/good.bpf.o" "$objects/good2.bpf.o" "$work/twice"
says "a name twice in a directory" 4 "has 'loader_test' too" apply --allow-unsigned "$work/twice"

rejects "a name without an end" long-name ".name is too long: 31"
rejects "a name with a slash" bad-name "'acme/nvme' is not a valid name"
rejects "a policy without a name" no-name "it has no name: set .name"
rejects "a policy without a bus" no-bus "it has no bus: set .bus"
rejects "a policy that does nothing" no-program "it implements nothing"
rejects "a policy without a link" no-link "put it into .struct_ops.link"
rejects "another subsystem's struct_ops" foreign "it is a struct other_ops"
rejects "an object with nothing to attach" nothing "contains: program 'lonely' \(syscall\)"

# --- with a sysfs that shows a loaded bus_ext
mkdir -p "$work/sys/kernel/bus_ext"
chmod 755 "$work"
cp "$bxctl" "$work/bxctl"
check_status 7 "a missing capability has a status of its own" \
	unprivileged "$work/bxctl" status
check_status 7 "also that of boot" unprivileged "$work/bxctl" boot
check_match "and is named" "CAP_SYS_ADMIN" \
	"$(unprivileged "$work/bxctl" status 2>&1)"
mkdir -p "$work/sys/kernel/bus_ext/buses/pci"
for command in devices drivers tree; do
	if [ "$(id -u)" = 0 ]; then
		says "an unknown bus is an error: $command" 8 "there is no bus 'nosuch' that" \
			"$command" --bus nosuch
	else
		ktap_skip "an unknown bus is an error: $command" "only root may ask"
	fi
done
check_status 1 "output that cannot be written is an error" \
	sh -c "'$work/bxctl' help >/dev/full"
