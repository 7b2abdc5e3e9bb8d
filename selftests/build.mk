# SPDX-License-Identifier: GPL-2.0-only
# The kernel tests: C programs with the kernel's own harness, run in the VM.
# Each selftests/kernel/NAME.c becomes build/selftests/kernel/NAME.

KSELFTEST_DIR := $(BUILD)/tools/source/tools/testing/selftests
KTEST_SOURCES := $(wildcard selftests/kernel/*.c)
KTEST_PROGS   := $(KTEST_SOURCES:%.c=$(BUILD)/%)
KTEST_LIB     := $(patsubst %,$(BUILD)/selftests/lib/%.o,bxtest oracle vfio_client)
KTEST_OBJECTS := $(KTEST_PROGS:=.o) $(KTEST_LIB)
KTEST_SKELS   := $(patsubst %.bpf.c,$(BUILD)/%.skel.h, \
	$(wildcard selftests/bpf/*.bpf.c))
# include/uapi first: <linux/bus_ext.h> is the shared one here. The harness is
# the kernel's, warnings and all.
KTEST_CFLAGS   = $(CFLAGS) -std=gnu11 -D_GNU_SOURCE $(WARNINGS) -Werror \
	-I include/uapi $(CPPFLAGS) -isystem $(KSELFTEST_DIR) \
	-isystem $(BUILD)/tools/source/tools/include/uapi

# A tree that was unpacked before there were tests lacks it.
$(KSELFTEST_DIR)/kselftest_harness.h: | $(BUILD)/tools/source
	$(Q)[ -e $@ ] || scripts/tools.sh fetch $(KVER)

$(KTEST_OBJECTS): $(BUILD)/%.o: %.c | $(KTEST_SKELS) $(LIBBPF_READY) \
		$(KSELFTEST_DIR)/kselftest_harness.h
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(KTEST_CFLAGS) -MMD -MP -c $< -o $@

$(KTEST_PROGS): %: %.o $(KTEST_LIB)
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBBPF_LIBS) -lpthread

-include $(KTEST_OBJECTS:.o=.d)

# To see that such a module is refused: bus_ext without its type information,
# for each kernel that modules are built for.
KTEST_NO_BTF := $(BUILD)/modules/$(KVER)/bus_ext-no-btf.ko
$(KTEST_NO_BTF): $(MODULES)
	$(call say,OBJCOPY,$@)
	$(Q)objcopy --remove-section=.BTF \
		$(KDIR)/root/lib/modules/$(KVER)/updates/bus_ext.ko $@

# The contract that the documentation builds, for each kernel.
KTEST_LAMP := $(abspath $(BUILD))/modules/$(KVER)/lamp/bx_lamp.ko
$(KTEST_LAMP): docs/contract.md scripts/doc-contract.sh $(MODULES)
	$(Q)scripts/doc-contract.sh $(KDIR) $(KVER) $(@D)

TEST_PROGS += $(KTEST_PROGS) $(KTEST_NO_BTF) $(KTEST_LAMP)

# The benchmark's own program; its policies are BPF objects as any other.
BENCH_CHURN := $(BUILD)/selftests/bench/churn
$(BENCH_CHURN): selftests/bench/churn.c
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(WARNINGS) -Werror -o $@ $<

TEST_PROGS += $(BENCH_CHURN)
