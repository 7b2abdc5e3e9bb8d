#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Differences between kernels are only in kernel/compat.h (scripts/compat.sh), and can be stripped
# (scripts/strip-compat.sh): the sources for one kernel have one form each, and build.
# shellcheck disable=SC2016 # scripts for sed, with makefiles
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh
. selftests/lib/ktap.sh
version=$(sed -n 's/^KVER := //p' "$build/config.mk")
kdir=$build/kernel/$version
# below the checkout, which a build in a system of another release can see
work=$(mktemp -d "$build/compat.XXXXXX")
cleanup() { rm -rf "$work"; }

# A copy of the sources, to break the rule in
mkdir "$work/copy"
cp -r kernel bpf include loader selftests scripts Makefile "$work/copy/"

# refused PATTERN FILE SED: a change of the file is refused with a message
refused() {
	local output status=0
	cp "$work/copy/$2" "$work/saved"
	sed -i "$3" "$work/copy/$2"
	output=$(scripts/compat.sh "$work/copy" 2>&1) || status=$?
	mv "$work/saved" "$work/copy/$2"
	echo "$status: $output"
	[ "$status" = 1 ] && grep -qE "$1" <<<"$output"
}

# headers NAME [FILE TEXT]...: headers that look like those of a kernel with these texts
headers() {
	local dir=$work/$1/include/linux
	shift
	mkdir -p "$dir/device"
	touch "$dir/device.h"
	while [ $# -gt 0 ]; do
		echo "$2" >"$dir/$1"
		shift 2
	done
}


# stripped DIR: nothing of the differences is left
stripped() {
	local pattern='compat\.(h|mk)|bx-compat|bx_bin_const|BX_VFIO_REGION_INFO_OP|BX_OLD_HOOK_ID'
	pattern+="|\\b($(grep -oE '\bBX_[A-Z_]{6,}' kernel/compat.mk | sort -u | paste -sd'|'))\\b"
	pattern+='|^ \* (Detect|Old|New):'
	! grep -rnE "$pattern" "$1" || return
	[ ! -e "$1/kernel/compat.h" ] && [ ! -e "$1/kernel/compat.mk" ] || return
	[ "$(grep -E '^#' "$1/kernel/helpers.h" | grep -cvE '^#include|_BX_HELPERS_H')" = 0 ]
}

ktap_plan 16
check "the sources depend on versions only in compat.h" scripts/compat.sh
check "so does their copy" scripts/compat.sh "$work/copy"
check "a version of the kernel in another file is refused" refused "part.c:1:#if LINUX_VERSION" \
	kernel/part.c '1s/^/#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)\n#endif\n/'
check "one of libbpf" refused "loader/lib/files.c:1:#if LIBBPF" \
	loader/lib/files.c '1s/^/#if LIBBPF_MINOR_VERSION < 6\n#endif\n/'
check "one of a C library" refused "loader/cmd/main.c:1:#if __GLIBC" \
	loader/cmd/main.c '1s/^/#if __GLIBC_PREREQ(2, 38)\n#endif\n/'
check "a program's question about the kernel" refused "bpf/veto.bpf.c:1:.*ksym_exists" \
	bpf/veto.bpf.c '1s/^/static int f(void) { return bpf_ksym_exists(bx_part); }\n/'
check "a macro of compat.mk in another file" refused "kernel/sysfs.c:1:.*BX_CONST_BIN" \
	kernel/sysfs.c '1s/^/#ifdef BX_CONST_BIN_ATTRIBUTE\n#endif\n/'
check "an entry without a version" refused "BX_HRTIMER_INIT has no entry with 'New:'" \
	kernel/compat.h '/^ \* New: hrtimer_setup/d'
check "a detection without an entry" refused "BX_UNSAID has no entry" \
	kernel/compat.mk '$a bx-compat += $(call bx-has,BX_UNSAID,x,y.h)'
check "a form that nothing detects" refused "does not detect BX_UNKNOWN" \
	kernel/compat.h '$a #ifdef BX_UNKNOWN\n#endif'

headers old btf.h "#define KF_TRUSTED_ARGS" device/bus.h "bool need_parent_lock;" \
	pci.h "unsigned int match_driver:1;"
headers new device.h "__create_dev_flag_accessors(ready_to_probe)" \
	hrtimer.h "void hrtimer_setup()" vfio.h get_region_info_caps \
	sysfs.h "ssize_t (*read)(struct file *, struct kobject *, const struct bin_attribute *"
scripts/strip-compat.sh "$work/old" "$work/old.out"
scripts/strip-compat.sh "$work/new" "$work/new.out"
# the old ones are refused where driver_override is not in struct device
check_equal "older headers leave only the error" "#error" \
	"$(grep -oE '^#(if |ifdef|error)' "$work/old.out/kernel/helpers.h")"
check "and the old forms" sh -c "cd '$work/old.out' && grep -q 'dev->bus->need_parent_lock' \
	kernel/helpers.h && grep -q 'return pdev->match_driver' kernel/helpers.h &&
	grep -q 'hrtimer_init' kernel/helpers.h && grep -q '^BTF_ID_FLAGS(func, bx_select_driver)' \
	kernel/kfunc.c && ! grep -q get_region_info_caps kernel/contracts/bx_vfio_drv.c"
check "newer ones the new forms" sh -c "cd '$work/new.out' && grep -q 'dev->type->need_parent_lock' \
	kernel/helpers.h && grep -q 'pm_runtime_enabled' kernel/helpers.h &&
	grep -q '[^_]hrtimer_setup(&' selftests/modules/bxcheck.c && ! grep -q hrtimer kernel/helpers.h &&
	! grep -rq KF_TRUSTED_ARGS kernel &&
	grep -q '^BTF_ID_FLAGS(func, bx_call_data, KF_RET_NULL)' kernel/kfunc.c && grep -q '^	.get_region_info_caps = bx_vfio' \
	kernel/contracts/bx_vfio_drv.c && grep -q ' const struct bin_attribute \*attr, char' kernel/sysfs.c"

scripts/strip-compat.sh "$kdir/build" "$work/kernel"
check "of $version nothing of the differences is left" stripped "$work/kernel"
check "but of the unstripped sources" sh -c "grep -rq BX_VFIO_REGION_INFO_OP '$work/copy/kernel'"
check "the stripped sources build without a warning" env MODULES_DIR="$work/modules" \
	NO_MODINST=1 SOURCES="$work/kernel" scripts/modules.sh "$kdir" "$version" KCFLAGS=-Werror
