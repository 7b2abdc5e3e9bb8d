# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Functions of the scripts that boot a VM: sets of devices, the accelerator, ports, and
# messages of the kernel that must fail a run. Sourced; includes scripts/lib.sh.
. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"

vm_dir=$top/selftests/vm
vm_arch=${arch:-amd64}
# the arguments for qemu, and the directory with this VM's files
sets_seen='' kernel_args='' qemu_args=() run=''

# The machine: programs of another architecture are in a system of their own.
# shellcheck disable=SC2034 # of the scripts that boot a VM
case ${arch:-$(uname -m)} in
arm64) qemu=qemu-system-aarch64 machine=virt,gic-version=3 console=ttyAMA0 ;;
*) qemu=qemu-system-x86_64 machine=q35 console=ttyS0 ;;
esac
# shellcheck disable=SC2034 # of initramfs.sh
system=${arch:+$build/system}

# Kernel parameters of every VM. A quarter of an emulated boot would be tests of
# cryptographic algorithms, and modprobe processes that look for those which encrypted
# keys, key derivation and the jitter entropy source want; nothing here uses any of them.
# norandmaps: the emulator translates code for the address at which a process has it, so with
# random addresses the libraries are translated again for each process, most of its cost.
# A busy machine may stop the emulator for longer than the 20 s after which the kernel speaks of
# a stall or a lockup.
# shellcheck disable=SC2034 # of the scripts that boot a VM
common_args="console=$console loglevel=5 panic=-1 mitigations=off nokaslr norandmaps log_buf_len=4M \
cryptomgr.notests initcall_blacklist=init_encrypted,crypto_kdf108_init,jent_mod_init \
rcupdate.rcu_cpu_stall_timeout=60 watchdog_thresh=30"

say() {
	echo "vm: $*" >&2
}

# qemu_has DEVICE: whether this version of qemu has such a device
qemu_has() {
	local list
	list=$("$qemu" -device help 2>/dev/null)
	case $list in
	*"name \"$1\""*) ;;
	*) return 1 ;;
	esac
}

# device_set NAME: append to qemu_args and kernel_args
device_set() {
	local name=$1 found='' line
	case " $sets_seen " in *" $name "*) return ;; esac
	sets_seen+=" $name"
	while IFS= read -r line; do
		case $line in
		'' | '#'*) ;;
		$'\t'*)
			[ "$found" ] || continue
			line=${line#$'\t'}
			case $line in
			+*) device_set "${line#+}" ;;
			'qemu '* | "qemu-$vm_arch "*)
				read -ra words <<<"${line#* }"
				qemu_args+=("${words[@]}")
				;;
			'qemu-if '*)
				read -ra words <<<"${line#* }"
				! qemu_has "${words[0]}" || qemu_args+=("${words[@]:1}")
				;;
			'kernel '* | "kernel-$vm_arch "*) kernel_args+=" ${line#* }" ;;
			qemu-* | kernel-*) ;;
			*) die "$vm_dir/devices: cannot read '$line'" ;;
			esac
			;;
		*)
			[ -z "$found" ] || return 0
			[ "${line%% *}" != "$name" ] || found=1
			;;
		esac
	done <"$vm_dir/devices"
	[ "$found" ] || die "no device set '$name'; there are:" \
		"$(sed -n 's/^\([a-z][a-z0-9-]*\) .*/\1/p' "$vm_dir/devices" | xargs)"
}

# That /dev/kvm can be opened proves nothing: there are hosts where the guest
# then hangs. So a small boot decides, once for each kernel of the host.
kvm_works() {
	local verdict
	verdict=$build/vm/kvm-$(uname -r)
	[ -z "$arch" ] && [ -r /dev/kvm ] && [ -w /dev/kvm ] || return
	if [ ! -e "$verdict" ]; then
		say "trying KVM once, for up to 10 seconds"
		if ACCEL=kvm TIMEOUT=10 RUN=true DEVICES=none APPEND='' VM_LOG='' \
			"$vm_dir/run.sh" >/dev/null 2>&1; then
			echo yes >"$verdict"
		else
			echo no >"$verdict"
		fi
	fi
	[ "$(<"$verdict")" = yes ]
}

accelerator() {
	local accel=${ACCEL:-}
	# Where strings have to be fast, the kernel clears and copies pages byte by byte,
	# as one instruction of a processor: the emulator runs a loop over the bytes.
	# After cmpxchg16b, which the kernel's allocators use, qemu 7.2 may have an address in the
	# flags, and an interrupt at that moment makes it trace: 'WARNING: ... exc_debug_kernel'.
	local cpu=max,-erms,-fsrm,-cx16
	# The architecture's own cipher of pointer authentication takes most of the time.
	[ "$arch" != arm64 ] || cpu=max,pauth-impdef=on
	if [ "${ICOUNT:-0}" = 1 ]; then
		qemu_args+=(-accel "tcg,thread=single" -cpu max -icount "shift=0,sleep=off")
		return
	fi
	[ -n "$accel" ] || { kvm_works && accel=kvm || accel=tcg; }
	case $accel in
	kvm) qemu_args+=(-accel kvm -cpu host) ;;
	# One thread for all processors: with several, a processor may still run
	# code that another has just patched (static keys, trampolines), which
	# ends in 'Oops: int3' once in some thirty boots.
	tcg) qemu_args+=(-accel "tcg,thread=single" -cpu "$cpu") ;;
	tcg-multi) qemu_args+=(-accel "tcg,thread=multi" -cpu "$cpu") ;;
	*) die "ACCEL=$accel: it is kvm, tcg or tcg-multi" ;;
	esac
}

# share_type KERNEL_DIR: the file system of shares that the kernel has, 9p or virtiofs; nothing
# if it has neither. Debian's kernels for virtual machines have no 9p.
share_type() {
	local version type
	version=$(basename "$1"/root/lib/modules/*)
	for type in 9p virtiofs; do
		if modprobe -d "$1/root" -S "$version" -n -q "$type"; then
			echo "$type"
			return
		fi
	done
}

# The program that serves virtiofs: a package's, or in older releases of qemu its own
virtiofsd() {
	local path
	for path in /usr/libexec/virtiofsd /usr/lib/qemu/virtiofsd; do
		if [ -x "$path" ]; then
			echo "$path"
			return
		fi
	done
	return 1
}

# port NAME CHARDEV-ARGUMENTS: a byte stream that the guest finds by its name
port() {
	qemu_args+=(-chardev "$2,id=$1" -device "virtserialport,chardev=$1,name=vm.$1")
}

# Not at the end of a pipe: the writer of a long log would die of SIGPIPE when the first fault
# has been found, and with it the status of the pipe.
splats() {
	grep -E -m 1 -A 25 -f <(grep -v '^#' "$vm_dir/splats") \
		<(cat "$run/console.log" "$run/dmesg" 2>/dev/null | tr -d '\r')
}

# Prints why the kernel died, or its last messages.
last_words() {
	splats >&2 || tail -n 25 "$run/console.log" >&2
}

# verdict STATUS TIMEOUT: the result of a run as an exit status, when qemu's is known;
# prints the fault
verdict() {
	if [ "$1" = 124 ] || [ "$1" = 137 ]; then
		say "no end after $2 seconds (TIMEOUT=); the kernel's last messages:"
		last_words
		return 124
	fi
	if [ ! -s "$run/status" ]; then
		say "the guest died without a status (qemu: $1); the kernel's last messages:"
		last_words
		return 125
	fi
	if splats >"$run/splat"; then
		say "the kernel complained (the command's own status was $(<"$run/status")):"
		cat "$run/splat" >&2
		return 126
	fi
	return "$(<"$run/status")"
}
