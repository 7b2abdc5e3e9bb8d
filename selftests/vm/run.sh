#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Boot the VM: an interactive root shell, or with RUN= one command whose output
# and status become this script's. The checkout is at /bus_ext in the guest
# (read-only; the working directory), and a directory that both sides may write
# at /vm. 'make vm' builds all that this needs and calls it.
#
#   RUN=        a shell command, or a script of the checkout
#   KERNEL=     a kernel of another architecture, for which 'make KERNEL=' has built
#   DEVICES=    device sets, see the file devices beside this (default none)
#   TIMEOUT=    seconds until the VM is given up (default 300; a shell: none), 0: none
#   MEM= SMP=   memory and processors (768M, which a scan for leaks has to read; 2)
#   APPEND=     more kernel parameters
#   ICOUNT=1    count instructions instead of time: repeatable measurements
#   ACCEL=      kvm, tcg, or tcg-multi, which is faster and less sound; by default
#               kvm where a test boot shows that it works, else tcg
#   VM_KERNEL_DIR=  the kernel to boot, laid out as scripts/kernel.sh says
#   VM_LOG=     a directory for console.log, dmesg and the files that the guest left in /vm
#   PIDFILE=    where qemu writes its process number
#   V=1         show the kernel's console
# Variables named BX_*, and V, are passed on to the command.
#
# Exit status: that of the command, or
#   124  no end within TIMEOUT
#   125  the guest died (a panic, say), or gave no status
#   126  the kernel's log has a warning, an oops or the like (see splats)
# With one of these three, stderr says so.
set -euo pipefail
. "$(dirname "$0")/qemu.sh"
here=$top/selftests/vm

kernel_dir() {
	local dir=${VM_KERNEL_DIR:-}
	if [ -z "$dir" ]; then
		dir=$build/kernel/$(sed -n 's/^KVER := //p' \
			"$build/config${arch:+-$KERNEL}.mk" 2>/dev/null)
	fi
	[ -e "$dir/vmlinuz" ] || die "no kernel in '$dir': run 'make vm' once"
	realpath "$dir"
}

# share TAG PATH [OPTION]
share() {
	if [ "$share_type" = 9p ]; then
		qemu_args+=(-virtfs "local,path=$2,mount_tag=$1,security_model=none,multidevs=remap$3")
		return
	fi
	share_by_virtiofs "$1" "$2"
}

# The guest mounts it read-only if it must not write. The server ends with qemu.
share_by_virtiofs() {
	local socket=$run/$1.socket sandbox=namespace
	[ "$(id -u)" != 0 ] || sandbox=chroot
	setpriv --pdeathsig KILL "$(virtiofsd)" --socket-path="$socket" -o source="$2" \
		-o cache=auto -o sandbox=$sandbox >>"$run/virtiofsd.log" 2>&1 </dev/null &
	servers+=($!)
	sockets+=("$socket")
	qemu_args+=(-chardev "socket,id=$1,path=$socket,reconnect=0"
		-device "vhost-user-fs-pci,chardev=$1,tag=$1")
}

# virtiofs accesses the guest's memory.
share_memory() {
	[ "$share_type" = virtiofs ] || return 0
	qemu_args+=(-object "memory-backend-memfd,id=ram,size=${MEM:-768M},share=on"
		-machine memory-backend=ram)
}

# A server makes its socket when it is ready.
wait_for_servers() {
	local i
	for i in "${!servers[@]}"; do
		while [ ! -S "${sockets[i]}" ]; do
			kill -0 "${servers[i]}" 2>/dev/null ||
				die "virtiofsd does not work here: $(tail -n 3 "$run/virtiofsd.log")"
			sleep 0.05
		done
	done
}

# Writes the guest's orders to files in /vm.
describe_run() {
	mkdir -p "$run/share"
	echo "$top" >"$run/share/repo"
	[ -z "$arch" ] || echo "${build#"$top"/}" >"$run/share/build"
	if [ -n "${RUN:-}" ]; then
		{
			export -p | grep -E '^declare -x (BX_.*|V)=' || true
			echo "$RUN"
		} >"$run/share/command"
	else
		stty size >"$run/share/size"
		echo "${TERM:-linux}" >"$run/share/term"
	fi
}

# shellcheck disable=SC2317 # called by the trap
stop() {
	say "stopped; the kernel's last messages:"
	last_words
	exit 143
}

# shellcheck disable=SC2317 # called by the trap
cleanup() {
	local status=$?
	trap - EXIT INT TERM HUP
	# qemu first: the readers end when it closes their pipes
	kill "${qemu_pid:-}" 2>/dev/null || true
	wait "${qemu_pid:-}" 2>/dev/null || true
	kill "${readers[@]}" "${servers[@]}" 2>/dev/null || true
	if [ -n "${VM_LOG:-}" ]; then
		mkdir -p "$VM_LOG"
		cp -r "$run"/{console.log,dmesg,share} "$VM_LOG" 2>/dev/null || true
	fi
	rm -rf "$run"
	exit "$status"
}

kdir=$(kernel_dir)
version=$(basename "$kdir"/root/lib/modules/*)
share_type=$(share_type "$kdir")
case $share_type in
9p) ;;
virtiofs)
	virtiofsd >/dev/null || die "kernel $version has no 9p, and virtiofsd, which serves" \
		"virtiofs instead, was not found: install the package virtiofsd"
	;;
*) die "kernel $version has neither 9p nor virtiofs: the VM cannot mount the checkout" ;;
esac
mkdir -p "$build/vm"
initramfs=$build/vm/initramfs-$version.cpio
# Two processes may make it at the same time.
flock "$build/vm" "$here/initramfs.sh" "$kdir" "$version" "$initramfs" >&2

readers=() servers=() sockets=()
accelerator
for set in ${DEVICES:-none}; do device_set "$set"; done

run=$(mktemp -d "$build/vm/run.XXXXXX")
trap cleanup EXIT
trap 'exit 130' INT
trap stop TERM HUP
describe_run

# The virtual serial bus is on PCI, where the kernel has its driver built in.
qemu_args+=(-device "virtio-serial-pci,max_ports=8")
if [ -n "${RUN:-}" ]; then
	mkfifo "$run/stdout" "$run/stderr"
	cat <"$run/stdout" &
	readers+=($!)
	cat <"$run/stderr" >&2 &
	readers+=($!)
	port stdout "file,path=$run/stdout"
	port stderr "file,path=$run/stderr"
	timeout=${TIMEOUT:-300}
else
	# signal=off: Ctrl-C goes to the guest
	qemu_args+=(-chardev "stdio,id=tty,signal=off" -device "virtconsole,chardev=tty")
	timeout=${TIMEOUT:-0}
fi
port status "file,path=$run/status"
port dmesg "file,path=$run/dmesg"
if [ "${V:-0}" = 1 ] && [ -n "${RUN:-}" ]; then
	touch "$run/console.log"
	tail -f "$run/console.log" >&2 &
	readers+=($!)
fi

[ -z "${PIDFILE:-}" ] || qemu_args+=(-pidfile "$PIDFILE")
share repo "$top" ,readonly=on
share modules "$kdir/root/lib/modules" ,readonly=on
share vm "$run/share" ''
share_memory
wait_for_servers

# If this shell is killed, nothing of it may stay: hence pdeathsig, twice.
setpriv --pdeathsig TERM timeout --foreground -k 5 "$timeout" \
	setpriv --pdeathsig KILL "$qemu" \
	-M "$machine" -m "${MEM:-768M}" -smp "${SMP:-2}" "${qemu_args[@]}" \
	-nodefaults -no-user-config -display none -no-reboot \
	-chardev "file,id=console,path=$run/console.log" -serial chardev:console \
	-kernel "$kdir/vmlinuz" -initrd "$initramfs" \
	-append "$common_args$kernel_args $(cat "$kdir/cmdline" 2>/dev/null) ${APPEND:-}" <&0 &
qemu_pid=$!
qemu_status=0
wait $qemu_pid || qemu_status=$?
qemu_pid=

# All output must be out before the verdict, and readers end with their pipe.
[ -z "${RUN:-}" ] || wait "${readers[@]:0:2}"

verdict "$qemu_status" "$timeout"
