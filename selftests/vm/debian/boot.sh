#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Boot a copy of the Debian that image.sh made, with the kernel and the initramfs
# that are in its /boot now, and run one job in it; then it switches off. So the next
# call is a reboot. The job's output and status become this script's.
#
#   boot.sh DISK JOB_DIR     JOB_DIR has the program 'job', and the files that it needs
#
# One processor: the emulator has one thread for all, and a second one only costs.
#
#   INITRD=     another file in /boot than the initramfs of that kernel
#   DEVICES= TIMEOUT= MEM= SMP= APPEND= ACCEL= VM_LOG= and the exit status are as
#   for ../run.sh
set -euo pipefail
. "$(dirname "$0")/../qemu.sh"
disk=$1 job=$2

# from_boot NAME FILE: the newest /boot/NAME-VERSION of the disk, or just NAME; no
# mount, no root
from_boot() {
	local name
	name=$(debugfs -R 'ls -p /boot' "$disk" 2>/dev/null | cut -d/ -f6 |
		grep -E "^$1(-[0-9].*)?$" | grep -vE '\.(old|new|bak)' | sort -V | tail -n 1)
	[ -n "$name" ] || die "no $1 in /boot of $disk"
	debugfs -R "dump /boot/$name $2" "$disk" 2>/dev/null
	[ -s "$2" ] || die "cannot read /boot/$name of $disk"
}

# shellcheck disable=SC2317 # called by the trap
cleanup() {
	local status=$?
	trap - EXIT INT TERM HUP
	kill "${qemu_pid:-}" 2>/dev/null || true
	wait "${qemu_pid:-}" 2>/dev/null || true
	kill "${reader:-}" 2>/dev/null || true
	if [ -n "${VM_LOG:-}" ]; then
		mkdir -p "$VM_LOG"
		cp "$run"/{console.log,dmesg} "$VM_LOG" 2>/dev/null || true
	fi
	rm -rf "$run"
	exit "$status"
}

mkdir -p "$build/vm"
run=$(mktemp -d "$build/vm/run.XXXXXX")
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
from_boot vmlinuz "$run/vmlinuz"
from_boot "${INITRD:-initrd.img}" "$run/initrd"
tar -C "$job" -cf "$run/job.tar" .

accelerator
for set in ${DEVICES:-none}; do device_set "$set"; done
qemu_args+=(-device "virtio-serial-pci,max_ports=8")
mkfifo "$run/stdout"
cat <"$run/stdout" &
reader=$!
port stdout "file,path=$run/stdout"
port status "file,path=$run/status"
port dmesg "file,path=$run/dmesg"

timeout=${TIMEOUT:-300}
setpriv --pdeathsig TERM timeout --foreground -k 5 "$timeout" \
	setpriv --pdeathsig KILL qemu-system-x86_64 \
	-M q35 -m "${MEM:-2G}" -smp "${SMP:-1}" "${qemu_args[@]}" \
	-nodefaults -no-user-config -display none -no-reboot \
	-drive "file=$disk,format=raw,if=virtio,cache=unsafe" \
	-drive "file=$run/job.tar,format=raw,if=virtio,readonly=on" \
	-chardev "file,id=console,path=$run/console.log" -serial chardev:console \
	-kernel "$run/vmlinuz" -initrd "$run/initrd" \
	-append "root=/dev/vda rw $common_args$kernel_args ${APPEND:-}" </dev/null &
qemu_pid=$!
qemu_status=0
wait $qemu_pid || qemu_status=$?
qemu_pid=
wait "$reader"

verdict "$qemu_status" "$timeout"
