# SPDX-License-Identifier: GPL-2.0-only
# The entry to the project: 'make help' lists the goals. This file has the
# dependencies; the scripts in scripts/ do the work. Downloads and build results are
# in build/, and existing ones are not made again.

MAKEFLAGS += --no-builtin-rules
# As many jobs as there are processors, unless -j says otherwise.
ifeq ($(MAKELEVEL)$(filter -j%,$(MAKEFLAGS)),0)
MAKEFLAGS += -j$(shell nproc)
endif
SHELL := /bin/bash
.DELETE_ON_ERROR:
.SECONDARY:

V      ?= 0
Q      := $(if $(filter 1,$(V)),,@)
BUILD  := build
export V

# A kernel of another architecture, by its name or version, has a build directory of its own;
# scripts/lib.sh knows it, too. Programs for it are cross-built, and only run in the VM.
ARCH := $(if $(filter %-arm64,$(KERNEL)),arm64)
ifdef ARCH
HOST_BUILD := $(BUILD)
BUILD      := $(BUILD)/$(ARCH)
SYSROOT    := $(BUILD)/system
CROSS      := aarch64-linux-gnu-
endif
unexport ARCH

.PHONY: all
all:

##@ Commands
.PHONY: help
help: ## print this list
	@awk -f scripts/help.awk $(firstword $(MAKEFILE_LIST))

.PHONY: clean distclean
clean: ## remove build results, keep downloads
	$(Q)shopt -s extglob nullglob; rm -rf $(BUILD)/!(kernel|source|tools|config*) \
		$(BUILD)/kernel/*/root/lib/modules/*/updates

distclean: ## remove everything but the sources
	$(Q)rm -rf $(BUILD)

# The goals below need packages and the kernel's version. The first goal that builds
# something looks them up once and writes them to this file. Packages that the goals
# need later are requested at once.
PACKAGES := build $(ARCH) \
	$(if $(filter vm quick test test-full test-packages test-debug test-debug-drivers test-clang bench demo,$(MAKECMDGOALS)),vm) \
	$(if $(filter test-debug test-debug-drivers,$(MAKECMDGOALS)),debug) \
	$(if $(filter test test-full test-packages,$(MAKECMDGOALS)),debian) \
	$(if $(filter deb test test-full test-packages,$(MAKECMDGOALS)),deb) \
	$(filter check,$(MAKECMDGOALS))
ifneq ($(filter-out help clean distclean,$(or $(MAKECMDGOALS),all)),)
CONFIG_MK := $(BUILD)/config$(addprefix -,$(KERNEL)).mk
include $(CONFIG_MK)
endif

$(CONFIG_MK): scripts/config.sh scripts/packages.sh
	$(Q)KERNEL=$(KERNEL) scripts/config.sh $@ $(PACKAGES)

# BPF objects are built with the types of one kernel, this one unless BPF_KERNEL= names
# another. They run on all kernels (CO-RE), so the sanitizer kernel does not need its own.
ifdef BPF_KERNEL
BPF_KVER   := $(shell KERNEL=$(BPF_KERNEL) scripts/kernel.sh version)
else
BPF_KVER   := $(KVER)
endif

# VM_KERNEL_DIR= is the directory of another kernel, laid out as described in
# scripts/kernel.sh: modules are built for this kernel, and the VM boots it.
ifdef VM_KERNEL_DIR
KDIR       := $(VM_KERNEL_DIR)
KVER       := $(notdir $(wildcard $(KDIR)/root/lib/modules/*))
else
KDIR       := $(BUILD)/kernel/$(KVER)
endif
ifdef ARCH
CC         := $(CROSS)gcc --sysroot=$(SYSROOT)
AR         := $(CROSS)ar
else
CC         := gcc
endif
OBJCOPY    := $(CROSS)objcopy
CLANG      ?= clang-19
LLVM_STRIP ?= llvm-strip-19
# This machine's bpftool writes skeletons; the VM has its own.
BPFTOOL    := $(or $(HOST_BUILD),$(BUILD))/tools/bpftool
BPF_KDIR   := $(if $(filter %-arm64,$(BPF_KVER)),$(BUILD),$(or $(HOST_BUILD),$(BUILD)))/kernel/$(BPF_KVER)
VMLINUX_H  := $(BPF_KDIR)/include/vmlinux.h
CFLAGS     ?= -O2 -g
WARNINGS   := -Wall -Wextra -Wno-unused-parameter -Wno-missing-field-initializers
CPPFLAGS   += -I include -I include/uapi -I $(BUILD) $(LIBBPF_CFLAGS)
# The types of newer kernels have anonymous members with a name (-fms-extensions).
BPF_CFLAGS := -O2 -g -Wall -Werror -target bpf -mcpu=v3 -fms-extensions \
	-Wno-microsoft-anon-tag -I include -I include/uapi -I $(BPF_KDIR)/include $(LIBBPF_CFLAGS)
export CLANG LLVM_STRIP

# Prints one short line per step, over the line of a log that another step may be showing.
# With V=1 make prints the command.
say = @[ ! -t 1 ] || printf '\r\e[K'; printf '  %-7s %s\n' $(1) $(2)

##@ Kernel and tools
$(BUILD)/kernel/%/vmlinuz:
	$(Q)scripts/kernel.sh fetch $*

TOOLS := scripts/tools.sh $(wildcard loader/patches/*.patch)
ifdef ARCH
# Sources, bpftool and the types of this machine's kernels are made as for any of them.
NATIVE := $(patsubst %,$(HOST_BUILD)/tools/%,bpftool source) $(filter $(HOST_BUILD)/kernel/%-amd64/vmlinuz,$(BPF_KDIR)/vmlinuz)
$(NATIVE) &: $(TOOLS)
	$(Q)$(MAKE) --no-print-directory KERNEL= BPF_KERNEL= $(NATIVE)

$(BUILD)/tools/source: | $(HOST_BUILD)/tools/source
	$(Q)mkdir -p $(@D) && ln -sfn ../../tools/source $@

$(BUILD)/tools/bpftool: $(TOOLS) | $(BUILD)/tools/source
	$(Q)scripts/tools.sh build
else
# tools.sh lists what is unpacked.
$(BUILD)/tools/source: scripts/tools.sh
	$(Q)scripts/tools.sh fetch $(KVER)

$(BPFTOOL): $(TOOLS) | $(BUILD)/tools/source
	$(Q)scripts/tools.sh build
endif

$(VMLINUX_H): | $(BPFTOOL) $(BPF_KDIR)/vmlinuz
	$(call say,GEN,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(BPFTOOL) btf dump file $(BPF_KDIR)/vmlinux format c >$@

# Changes when the objects are built for another kernel than before.
BPF_TYPES := $(BUILD)/bpf-types
$(BPF_TYPES): FORCE | $(VMLINUX_H)
	$(Q)cmp -s $@ - <<<"$(BPF_KVER)" || echo "$(BPF_KVER)" >$@
.PHONY: FORCE
FORCE:

##@ Kernel modules
MODULES   := $(patsubst kernel/Kbuild,$(BUILD)/modules/$(KVER)/.built,$(wildcard kernel/Kbuild))
K_SOURCES := $(shell find kernel include selftests/modules -type f 2>/dev/null)

.PHONY: modules
modules: $(MODULES) ## the kernel modules, ready for the VM
$(MODULES): $(K_SOURCES) scripts/modules.sh scripts/check-btf.sh | $(KDIR)/vmlinuz $(BUILD)/tools/source
	$(Q)scripts/modules.sh $(KDIR) $(KVER)
	$(Q)touch $@

##@ BPF objects and their skeletons, of the whole tree
BPF_SOURCES := $(shell find bpf loader selftests -name '*.bpf.c' 2>/dev/null)
BPF_OBJECTS := $(BPF_SOURCES:%.bpf.c=$(BUILD)/%.bpf.o)

# A static pattern, so that a folder's own rule for %.o does not match these.
$(BPF_OBJECTS): $(BUILD)/%.bpf.o: %.bpf.c $(BPF_TYPES) | $(VMLINUX_H) $(LIBBPF_READY)
	$(call say,BPF,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -I $(<D) -MMD -MP -c $< -o $@

$(BUILD)/%.skel.h: $(BUILD)/%.bpf.o | $(BPFTOOL)
	$(call say,SKEL,$@)
	$(Q)$(BPFTOOL) gen skeleton $< name $(subst -,_,$(notdir $*)) >$@

-include $(BPF_OBJECTS:.o=.d)

.PHONY: bpf
bpf: $(BPF_OBJECTS) ## the BPF programs and policies

# The loader, tests and policies add their own targets to ALL and TEST_PROGS,
# and those of 'make install' to INSTALL_TARGETS.
ALL             :=
TEST_PROGS      :=
INSTALL_TARGETS :=
-include loader/build.mk bpf/build.mk selftests/build.mk

##@ Goals
all: $(MODULES) $(BPF_OBJECTS) $(ALL) ## build everything (the default)

VM := VM_KERNEL_DIR=$(KDIR) selftests/vm/run.sh
.PHONY: vm-ready
vm-ready: $(KDIR)/vmlinuz $(BPFTOOL) $(BUILD)/tools/bpftool
	$(Q)scripts/packages.sh vm

.PHONY: vm
vm: vm-run ## open a shell in the VM; RUN="command" runs a command; DEVICES=edu|nvme-sriov|... adds devices
	@$(call end_with,$(shell cat $(VM_STATUS); rm $(VM_STATUS)))

# make ends with 2 for any failure, but the status of RUN= must be passed on. make
# expands a recipe just before it runs, so 'vm' sees the file that 'vm-run' wrote.
ifneq ($(filter vm,$(MAKECMDGOALS)),)
VM_STATUS := $(BUILD)/vm/status.$(shell echo $$PPID)
end_with  = $(if $(filter-out 0,$(1)),$(exit-with $(1)))exit $(1)
-load $(BUILD)/make-exit.so(make_exit_gmk_setup)
endif
$(BUILD)/make-exit.so: scripts/make-exit.c
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -O2 -fPIC -shared -o $@ $<

.PHONY: vm-run
vm-run: all vm-ready
	@mkdir -p $(BUILD)/vm; status=0; $(VM) || status=$$?; echo $$status >$(VM_STATUS)

# Everything that is installed but the modules, for the packages: debian/rules makes
# this goal in a copy of the sources.
.PHONY: programs deb
programs: $(ALL) $(filter $(BUILD)/bpf/bundles/%,$(BPF_OBJECTS))
DEB := $(BUILD)/deb/.built
deb: $(DEB) ## build the Debian packages, in build/deb/

# The packages' test also needs the next version, to upgrade to it.
DEB_NEXT := $(BUILD)/deb-next/.built
DEB_SOURCES := Makefile $(shell find boot bpf debian docs include kernel loader scripts -type f)
$(DEB) $(DEB_NEXT): $(DEB_SOURCES) | $(VMLINUX_H) $(LIBBPF_READY) $(BUILD)/tools/source
	$(Q)scripts/packages.sh deb debian
	$(Q)scripts/deb.sh $(dir $(DEB)) $(filter-out $(dir $(DEB)),$(@D)/)
	$(Q)touch $(DEB) $@

# For the packages' test, unless TESTS= or WHERE= excludes it; not with the sanitizer kernel,
# which is not Debian's, nor for another architecture.
TEST_PACKAGES := $(if $(VM_KERNEL_DIR)$(ARCH)$(if $(WHERE),$(if $(filter host,$(WHERE)),,no)),,$(if $(if $(TESTS),$(strip $(foreach word,$(TESTS), \
	$(findstring $(word),e2e/packages.sh) $(findstring *,$(word)))),all),$(DEB_NEXT)))

.PHONY: test test-full quick
test: all $(TEST_PROGS) $(TEST_PACKAGES) vm-ready ## run the tests; TESTS="pattern" picks some, JOBS=1 runs one VM at a time
	@MAKE_PID=$$PPID VM_KERNEL_DIR=$(KDIR) selftests/run

# The time limits in tests.list are for the default set.
test-full: ## run all tests, also the long ones, and each fuzz target for 30 s: hours
	@$(MAKE) --no-print-directory fuzz
	@SET=full SLOWER=$(or $(SLOWER),5) IN_VM=1 BX_KILL_STEPS=all BX_FAULT_STRIDE=1 BX_ORDERS=20 STRESS_SECONDS=3600 $(MAKE) --no-print-directory test

quick: all $(TEST_PROGS) vm-ready ## after an edit: run the quick tests on the host, and the affected tests in one VM
	@MAKE_PID=$$PPID TOUCHED=1 VM_KERNEL_DIR=$(KDIR) selftests/run

# In 'make test', the packages' test compiles on this machine if possible.
.PHONY: test-packages
test-packages: ## run the packages' test with everything in the VM: an hour
	@IN_VM=1 TESTS=e2e/packages SLOWER=4 $(MAKE) --no-print-directory test

# Makes the same goals again, for the sanitizer kernel.
.PHONY: test-debug
test-debug: ## run the kernel tests in a sanitizer kernel (built once, or from KERNEL_CACHE=DIR)
	$(Q)scripts/packages.sh debug
	$(Q)scripts/debug-kernel.sh build $(KVER)
	@WHERE="vm debug debug-host" SLOWER=5 $(MAKE) --no-print-directory test \
		VM_KERNEL_DIR=$$(scripts/debug-kernel.sh dir $(KVER))

# The kernel's own drivers on the buses that are adopted by name, which debug.config lacks.
DRIVERS_CONFIG = $(shell grep -h '^CONFIG_' selftests/vm/debug-drivers.config)
.PHONY: test-debug-drivers
test-debug-drivers: ## run the end-to-end tests of adopted buses in a sanitizer kernel of their own, which is built
	$(Q)scripts/packages.sh debug
	$(Q)CONFIG="$(DRIVERS_CONFIG)" scripts/debug-kernel.sh build $(KVER)
	@WHERE="vm stock" SLOWER=5 TESTS="$(or $(TESTS),e2e/usb e2e/buses e2e/orders e2e/cases e2e/approve kernel/vfio)" \
		$(MAKE) --no-print-directory test VM_KERNEL_DIR=$$(CONFIG="$(DRIVERS_CONFIG)" \
		scripts/debug-kernel.sh dir $(KVER))

.PHONY: debug-kernel-pack
debug-kernel-pack: ## pack the sanitizer kernel, for KERNEL_CACHE=DIR of other checkouts
	$(Q)scripts/packages.sh debug
	$(Q)scripts/debug-kernel.sh build $(KVER)
	$(Q)scripts/debug-kernel.sh pack $(KVER)

# With one set of BPF objects
.PHONY: test-matrix
test-matrix: all ## run the tests in VMs on all supported kernels (KERNELS="NAME..."): hours
	+$(Q)scripts/matrix.sh run $(KVER)

.PHONY: test-clang
test-clang: ## compile the policies with each clang of this Debian release, and load them in the VM
	$(Q)scripts/packages.sh clang
	@TESTS=e2e/clang $(MAKE) --no-print-directory test

.PHONY: fuzz
fuzz: $(BXCTL) $(BPF_OBJECTS) ## fuzz the readers of bundles and rules; FUZZ_SECONDS=30 for each
	$(Q)scripts/packages.sh fuzz
	$(Q)$(MAKE) --no-print-directory $(FUZZ_PROGS)
	@FUZZ="$(FUZZ_NAMES)" scripts/fuzz.sh

.PHONY: bench
bench: all $(TEST_PROGS) vm-ready ## run the benchmarks in the VM, counting instructions; BENCH="rules hooks" picks some
	@VM_KERNEL_DIR=$(KDIR) scripts/bench.sh

.PHONY: bundle-test
bundle-test: all vm-ready ## run the test cases of BUNDLE= in the VM
	@scripts/bundle-test.sh "$(BUNDLE)" $(if $(SET),$(SET:%=--set %))

.PHONY: demo
demo: all vm-ready ## run the demonstration in the VM
	@DEVICES=$(or $(DEVICES),nvme-sriov) RUN=scripts/demo.sh $(VM)

.PHONY: check
check: all $(TEST_PROGS) ## run checkpatch, sparse, W=1, shellcheck, licences, words
	$(Q)scripts/packages.sh check
	$(Q)scripts/check.sh $(KDIR) $(KVER)

.PHONY: install
install: all $(INSTALL_TARGETS) ## install for the kernel KERNEL= on this machine (DESTDIR=)
	$(Q)scripts/install.sh $(KDIR) $(KVER)
