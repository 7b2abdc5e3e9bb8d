# SPDX-License-Identifier: GPL-2.0-only
# The way into the project: 'make help' lists what it can do. This file says
# what depends on what; the work is in scripts/. Everything downloaded or built
# goes under build/, and what is there is not made again.

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

.PHONY: all
all:

##@ Commands
.PHONY: help
help: ## this list
	@awk -f scripts/help.awk $(firstword $(MAKEFILE_LIST))

.PHONY: clean distclean
clean: ## remove what was built, keep what was downloaded
	$(Q)shopt -s extglob nullglob; rm -rf $(BUILD)/!(kernel|source|tools|config*) \
		$(BUILD)/kernel/*/root/lib/modules/*/updates

distclean: ## remove everything that is not in the sources
	$(Q)rm -rf $(BUILD)

# What follows needs packages and the kernel's version, which are looked up
# once, for the first goal that builds something, and written to this file.
# What the goals need later is asked for at once.
PACKAGES := build \
	$(if $(filter vm quick test test-full test-packages test-debug bench demo,$(MAKECMDGOALS)),vm) \
	$(if $(filter test-debug,$(MAKECMDGOALS)),debug) \
	$(if $(filter test test-full test-packages,$(MAKECMDGOALS)),debian) \
	$(if $(filter deb test test-full test-packages,$(MAKECMDGOALS)),deb) \
	$(filter check,$(MAKECMDGOALS))
ifneq ($(filter-out help clean distclean,$(or $(MAKECMDGOALS),all)),)
CONFIG := $(BUILD)/config$(addprefix -,$(KERNEL)).mk
include $(CONFIG)
endif

$(CONFIG): scripts/config.sh scripts/packages.sh
	$(Q)KERNEL=$(KERNEL) scripts/config.sh $@ $(PACKAGES)

# VM_KERNEL_DIR= is a kernel that somebody else put together, laid out as
# scripts/kernel.sh says: modules are built for it, and it is booted.
ifdef VM_KERNEL_DIR
KDIR       := $(VM_KERNEL_DIR)
KVER       := $(notdir $(wildcard $(KDIR)/root/lib/modules/*))
else
KDIR       := $(BUILD)/kernel/$(KVER)
endif
CC         := gcc
CLANG      ?= clang-19
LLVM_STRIP ?= llvm-strip-19
BPFTOOL    := $(BUILD)/tools/bpftool
VMLINUX_H  := $(KDIR)/include/vmlinux.h
CFLAGS     ?= -O2 -g
WARNINGS   := -Wall -Wextra -Wno-unused-parameter -Wno-missing-field-initializers
CPPFLAGS   += -I include -I include/uapi -I $(BUILD) $(LIBBPF_CFLAGS)
BPF_CFLAGS := -O2 -g -Wall -Werror -target bpf -mcpu=v3 -I include -I include/uapi \
	-I $(KDIR)/include $(LIBBPF_CFLAGS)
export CLANG LLVM_STRIP

# One short line per step, in place of the line of a log that another step may be showing;
# the command itself with V=1.
say = @[ ! -t 1 ] || printf '\r\e[K'; printf '  %-7s %s\n' $(1) $(2)

##@ Kernel and tools
$(KDIR)/vmlinuz:
	$(Q)scripts/kernel.sh fetch $(KVER)

$(BUILD)/tools/source:
	$(Q)scripts/tools.sh fetch $(KVER)

$(BPFTOOL): scripts/tools.sh $(wildcard loader/patches/*.patch) | $(BUILD)/tools/source
	$(Q)scripts/tools.sh build

$(VMLINUX_H): | $(BPFTOOL) $(KDIR)/vmlinuz
	$(call say,GEN,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(BPFTOOL) btf dump file $(KDIR)/vmlinux format c >$@

##@ Kernel modules
MODULES   := $(patsubst kernel/Kbuild,$(BUILD)/modules/$(KVER)/.built,$(wildcard kernel/Kbuild))
K_SOURCES := $(shell find kernel include -type f 2>/dev/null)

.PHONY: modules
modules: $(MODULES) ## the kernel modules, ready for the VM
$(MODULES): $(K_SOURCES) scripts/modules.sh | $(KDIR)/vmlinuz
	$(Q)scripts/modules.sh $(KDIR) $(KVER)
	$(Q)touch $@

##@ BPF objects and their skeletons, from anywhere in the tree
BPF_SOURCES := $(shell find bpf loader selftests -name '*.bpf.c' 2>/dev/null)
BPF_OBJECTS := $(BPF_SOURCES:%.bpf.c=$(BUILD)/%.bpf.o)

# A static pattern: a folder's own rule for %.o must not take these.
$(BPF_OBJECTS): $(BUILD)/%.bpf.o: %.bpf.c | $(VMLINUX_H) $(LIBBPF_READY)
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
# and what 'make install' does to INSTALL_TARGETS.
ALL             :=
TEST_PROGS      :=
INSTALL_TARGETS :=
-include loader/build.mk bpf/build.mk selftests/build.mk

##@ Goals
all: $(MODULES) $(BPF_OBJECTS) $(ALL) ## build everything (the default)

VM := VM_KERNEL_DIR=$(KDIR) selftests/vm/run.sh
.PHONY: vm-ready
vm-ready: $(KDIR)/vmlinuz $(BPFTOOL)
	$(Q)scripts/packages.sh vm

.PHONY: vm
vm: vm-run ## a shell in the VM; RUN="command" runs that; DEVICES=edu|nvme-sriov|... adds devices
	@$(call end_with,$(shell cat $(VM_STATUS); rm $(VM_STATUS)))

# make would end with 2 for any failure; the status of RUN= is to get through.
# A recipe is expanded when it is about to run, so 'vm' sees what 'vm-run' left.
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

# Packages need all that is installed but the modules: debian/rules makes this goal
# in a copy of the sources.
.PHONY: programs deb
programs: $(ALL) $(filter $(BUILD)/bpf/bundles/%,$(BPF_OBJECTS))
DEB := $(BUILD)/deb/.built
deb: $(DEB) ## the Debian packages, in build/deb/

# For their test there is the version after this one as well, to be upgraded to.
DEB_NEXT := $(BUILD)/deb-next/.built
DEB_SOURCES := Makefile $(shell find boot bpf debian docs include kernel loader scripts -type f)
$(DEB) $(DEB_NEXT): $(DEB_SOURCES) | $(VMLINUX_H) $(LIBBPF_READY) $(BUILD)/tools/source
	$(Q)scripts/packages.sh deb debian
	$(Q)scripts/deb.sh $(dir $(DEB)) $(filter-out $(dir $(DEB)),$(@D)/)
	$(Q)touch $(DEB) $@

# For their test, unless TESTS= leaves it out; the sanitizer kernel is not Debian's.
TEST_PACKAGES := $(if $(VM_KERNEL_DIR),,$(if $(if $(TESTS),$(strip $(foreach word,$(TESTS), \
	$(findstring $(word),e2e/packages.sh) $(findstring *,$(word)))),all),$(DEB_NEXT)))

.PHONY: test test-full quick
test: all $(TEST_PROGS) $(TEST_PACKAGES) vm-ready ## run the tests; TESTS="pattern" picks some, JOBS=1 runs one VM at a time
	@MAKE_PID=$$PPID VM_KERNEL_DIR=$(KDIR) selftests/run

# The limits of tests.list are for the default set.
test-full: ## the tests, those that take long, and each fuzz target for 30 s: hours
	@$(MAKE) --no-print-directory fuzz
	@SET=full SLOWER=$(or $(SLOWER),5) IN_VM=1 BX_KILL_STEPS=all STRESS_SECONDS=3600 $(MAKE) --no-print-directory test

quick: all $(TEST_PROGS) vm-ready ## after an edit: the quick tests on the host, and in one VM those that it touches
	@MAKE_PID=$$PPID TOUCHED=1 VM_KERNEL_DIR=$(KDIR) selftests/run

# Its test in 'make test' compiles on this machine, where that is possible.
.PHONY: test-packages
test-packages: ## the test of the packages with nothing outside of the VM: an hour
	@IN_VM=1 TESTS=e2e/packages SLOWER=4 $(MAKE) --no-print-directory test

# The same goals once more, for the other kernel.
.PHONY: test-debug
test-debug: ## the tests for the kernel in a sanitizer kernel (built once, or from KERNEL_CACHE=DIR)
	$(Q)scripts/packages.sh debug
	$(Q)scripts/debug-kernel.sh build $(KVER)
	@WHERE="vm debug debug-host" SLOWER=5 $(MAKE) --no-print-directory test \
		VM_KERNEL_DIR=$$(scripts/debug-kernel.sh dir $(KVER))

.PHONY: debug-kernel-pack
debug-kernel-pack: ## the sanitizer kernel as a file, for KERNEL_CACHE=DIR of other checkouts
	$(Q)scripts/packages.sh debug
	$(Q)scripts/debug-kernel.sh build $(KVER)
	$(Q)scripts/debug-kernel.sh pack $(KVER)

.PHONY: fuzz
fuzz: $(BXCTL) $(BPF_OBJECTS) ## feed the readers of bundles with nonsense; FUZZ_SECONDS=30 for each
	$(Q)scripts/packages.sh fuzz
	$(Q)$(MAKE) --no-print-directory $(FUZZ_PROGS)
	@FUZZ="$(FUZZ_NAMES)" scripts/fuzz.sh

.PHONY: bench
bench: all $(TEST_PROGS) vm-ready ## measure, in the VM, counting instructions
	@[ -e selftests/bench/run ] || { echo "there is no selftests/bench/run" >&2; exit 1; }
	@ICOUNT=1 RUN=selftests/bench/run $(VM)

.PHONY: demo
demo: all vm-ready ## see what it does, in the VM
	@DEVICES=$(or $(DEVICES),nvme-sriov) RUN=scripts/demo.sh $(VM)

.PHONY: check
check: all $(TEST_PROGS) ## checkpatch, sparse, W=1, shellcheck
	$(Q)scripts/packages.sh check
	$(Q)scripts/check.sh $(KDIR) $(KVER)

.PHONY: install
install: all $(INSTALL_TARGETS) ## install for the kernel KERNEL= on this machine (DESTDIR=)
	$(Q)scripts/install.sh $(KDIR) $(KVER)
