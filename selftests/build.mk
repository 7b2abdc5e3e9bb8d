# SPDX-License-Identifier: GPL-2.0-only
# The kernel tests: C programs with the kernel's own harness, run in the VM.
# Each selftests/kernel/NAME.c becomes build/selftests/kernel/NAME.

KSELFTEST_DIR := $(BUILD)/tools/source/tools/testing/selftests
KTEST_SOURCES := $(wildcard selftests/kernel/*.c)
KTEST_PROGS   := $(KTEST_SOURCES:%.c=$(BUILD)/%)
KTEST_LIB     := $(patsubst %,$(BUILD)/selftests/lib/%.o,bxtest guest failslab oracle vfio_client)
KTEST_OBJECTS := $(KTEST_PROGS:=.o) $(KTEST_LIB) $(BUILD)/selftests/stress/policies.o
KTEST_SKELS   := $(patsubst %.bpf.c,$(BUILD)/%.skel.h, \
	$(wildcard selftests/bpf/*.bpf.c))
# include/uapi comes first: here <linux/bus_ext.h> is the shared header. The harness
# is the kernel's; its warnings are not checked. Its macros make several functions of each
# test: their optimization takes longer than it saves, so only KTEST_LIB and the stress
# test's programs are optimized.
KTEST_CFLAGS   = $(CFLAGS) $(KTEST_OPTIMIZE) -fno-var-tracking -std=gnu11 -D_GNU_SOURCE $(WARNINGS) -Werror \
	-I include/uapi $(CPPFLAGS) -isystem $(KSELFTEST_DIR) \
	-isystem $(BUILD)/selftests/uapi -isystem $(BUILD)/tools/source/tools/include/uapi

# Headers that older systems lack, or have an older version of, as the kernel installs them
KTEST_UAPI := $(patsubst %,$(BUILD)/selftests/uapi/linux/%.h,vfio iommufd)
$(KTEST_UAPI): $(BUILD)/selftests/uapi/%: | $(BUILD)/tools/source
	$(Q)mkdir -p $(@D)
	$(Q)sed 's/ __user / /' $(BUILD)/tools/source/include/uapi/$* >$@

# Trees that were unpacked by older versions lack this file.
$(KSELFTEST_DIR)/kselftest_harness.h: | $(BUILD)/tools/source
	$(Q)[ -e $@ ] || scripts/tools.sh fetch $(KVER)

$(KTEST_OBJECTS): KTEST_OPTIMIZE := -O1
$(KTEST_PROGS:=.o): KTEST_OPTIMIZE := -O0
$(KTEST_OBJECTS): $(BUILD)/%.o: %.c | $(KTEST_SKELS) $(LIBBPF_READY) $(KTEST_UAPI) \
		$(KSELFTEST_DIR)/kselftest_harness.h
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(KTEST_CFLAGS) -MMD -MP -c $< -o $@

$(BUILD)/selftests/kernel/stress: $(BUILD)/selftests/stress/policies.o
$(KTEST_PROGS): %: %.o $(KTEST_LIB)
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBBPF_TEST_LIBS) -lpthread

-include $(KTEST_OBJECTS:.o=.d)

# bus_ext without its type information, for each kernel that modules are built for: a
# test checks that such a module is refused.
KTEST_NO_BTF := $(BUILD)/modules/$(KVER)/bus_ext-no-btf.ko
$(KTEST_NO_BTF): $(MODULES)
	$(call say,OBJCOPY,$@)
	$(Q)$(OBJCOPY) --remove-section=.BTF \
		$(KDIR)/root/lib/modules/$(KVER)/updates/bus_ext.ko $@

# The modules of docs/contract.md, for each kernel.
KTEST_LAMP := $(abspath $(BUILD))/modules/$(KVER)/lamp/bx_lamp.ko
$(KTEST_LAMP): docs/contract.md scripts/doc-contract.sh $(MODULES)
	$(Q)scripts/doc-contract.sh $(KDIR) $(KVER) $(@D)

TEST_PROGS += $(KTEST_PROGS) $(KTEST_NO_BTF) $(KTEST_LAMP)

# The benchmarks' programs; their policies are BPF objects like all others.
BENCH_PROGS := $(patsubst %,$(BUILD)/selftests/bench/%,churn create functions)
$(BENCH_PROGS): $(BUILD)/%: %.c selftests/bench/clock.h
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(WARNINGS) -Werror -o $@ $<

# This one reads the library's own headers: it writes tables and runs the engine by itself.
BENCH_RULES := $(BUILD)/selftests/bench/rules
$(BENCH_RULES): selftests/bench/rules.c selftests/bench/clock.h $(BUILD)/selftests/bench/rules-engine.skel.h $(LIBBUSEXT)
	$(call say,CC,$@)
	$(Q)$(CC) $(LOADER_CFLAGS) -o $@ $< $(LIBBUSEXT) $(LOADER_LIBS)

# This one attaches to hooks of the kernel, without bus_ext.
BENCH_HOOKS := $(BUILD)/selftests/bench/hooks
$(BENCH_HOOKS): selftests/bench/hooks.c selftests/bench/clock.h $(BUILD)/selftests/bench/hid-event.skel.h \
		$(BUILD)/selftests/bench/scheduler.skel.h | $(LIBBPF_READY)
	$(call say,CC,$@)
	$(Q)$(CC) $(CFLAGS) -std=gnu11 -D_GNU_SOURCE $(WARNINGS) -Werror $(CPPFLAGS) -o $@ $< \
		$(LIBBPF_TEST_LIBS)

TEST_PROGS += $(BENCH_PROGS) $(BENCH_RULES) $(BENCH_HOOKS)

# The processes behind a vdpa device, for e2e/buses.sh, and behind a USB device, for
# e2e/approve.sh.
E2E_DEVICES := $(BUILD)/selftests/e2e/vduse $(BUILD)/selftests/e2e/usbdev
$(E2E_DEVICES): $(BUILD)/selftests/e2e/%: selftests/e2e/%.c
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(WARNINGS) -Werror -static -o $@ $<

TEST_PROGS += $(E2E_DEVICES)

# Native tests of the core: files of kernel/ in user space, with the headers in
# selftests/native/include instead of the kernel's, and with sanitizers. The program
# index_collide has an index.c in which all bus names have the same hash.
NATIVE_OUT     := $(BUILD)/selftests/native
NATIVE_NAMES   := index publish election rules trial contract command \
	kfuncs facts defer bounds
NATIVE_PROGS   := $(NATIVE_NAMES:%=$(NATIVE_OUT)/%)
NATIVE_COLLIDE := $(NATIVE_OUT)/index_collide
NATIVE_KERNEL  := $(patsubst %,$(NATIVE_OUT)/kernel/%.o, \
	counts names refuse expect index eject run notes defer contract cands ask choice shadow elect \
	trial call policy commit struct_ops)
NATIVE_LIB     := $(patsubst %,$(NATIVE_OUT)/%.o, \
	shim module world case model ktap)
NATIVE_WEAK    := $(NATIVE_OUT)/weak/index.o
NATIVE_OBJECTS := $(NATIVE_PROGS:=.o) $(NATIVE_LIB)
NATIVE_SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all \
	-fno-omit-frame-pointer
NATIVE_CFLAGS   = -O1 -g -fno-var-tracking -std=gnu11 -D_GNU_SOURCE $(WARNINGS) \
	-Wno-sign-compare -Werror $(NATIVE_SANITIZE) \
	-D'EXPORT_SYMBOL_GPL(symbol)=' \
	-I selftests/native/include -I include -I kernel -I selftests/native

define native_compile
$(call say,CC,$@)
$(Q)mkdir -p $(@D)
$(Q)$(CC) $(NATIVE_CFLAGS) $(1) -MMD -MP -c $< -o $@
endef

$(NATIVE_OBJECTS): $(NATIVE_OUT)/%.o: selftests/native/%.c
	$(call native_compile)

$(NATIVE_KERNEL): $(NATIVE_OUT)/kernel/%.o: kernel/%.c
	$(call native_compile)

$(NATIVE_WEAK): kernel/index.c
	$(call native_compile,-DNATIVE_WEAK_HASH)

$(NATIVE_OUT)/facts: NATIVE_LIBS := -lcrypto

$(NATIVE_PROGS): %: %.o $(NATIVE_LIB) $(NATIVE_KERNEL)
	$(call say,LINK,$@)
	$(Q)$(CC) $(NATIVE_SANITIZE) -o $@ $^ $(NATIVE_LIBS)

$(NATIVE_COLLIDE): $(NATIVE_OUT)/index.o $(NATIVE_LIB) $(NATIVE_WEAK) \
		$(filter-out %/index.o,$(NATIVE_KERNEL))
	$(call say,LINK,$@)
	$(Q)$(CC) $(NATIVE_SANITIZE) -o $@ $^

-include $(NATIVE_OBJECTS:.o=.d) $(NATIVE_KERNEL:.o=.d) $(NATIVE_WEAK:.o=.d)

ifndef ARCH
TEST_PROGS += $(NATIVE_PROGS) $(NATIVE_COLLIDE)
endif
