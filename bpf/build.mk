# SPDX-License-Identifier: GPL-2.0-only
# The tutorial's programs, for the test that attaches them. They are compiled with only
# include/ and clang, as a reader would do.

TUTORIAL := $(shell sed -n 's/^<!-- test: \(.*\) -->$$/\1/p' docs/tutorial.md)
TUTORIAL_OBJECTS := $(TUTORIAL:%=$(BUILD)/docs/%.bpf.o)

$(TUTORIAL_OBJECTS): $(BUILD)/docs/%.bpf.o: docs/tutorial.md \
		selftests/lib/doc-block.awk $(wildcard include/*/*.h include/uapi/*/*.h)
	$(call say,BPF,$@)
	$(Q)mkdir -p $(@D)
	$(Q)awk -v want=$* -f selftests/lib/doc-block.awk $< >$(@:.o=.c)
	$(Q)$(CLANG) -O2 -g -Wall -Werror -target bpf -I include -c $(@:.o=.c) -o $@

TEST_PROGS += $(TUTORIAL_OBJECTS)

# All policies of this directory and those of the tutorial by each compiler that is installed, for
# e2e/clang.sh; 'make test-clang' installs those that this Debian release has. A source that does
# not compile leaves a file that cannot be loaded: it fails that test, not all of them.
CLANGS := $(foreach v,14 16 17 19,$(if $(shell command -v clang-$(v)),$(v)))
CLANG_SOURCES := $(wildcard bpf/*.bpf.c bpf/bundles/*/*.bpf.c)

# $(1): the version
define clang_rules
CLANG_OBJECTS += $(CLANG_SOURCES:bpf/%.bpf.c=$(BUILD)/clang/$(1)/%.bpf.o) \
	$(TUTORIAL_OBJECTS:$(BUILD)/docs/%=$(BUILD)/clang/$(1)/docs/%)

$(CLANG_SOURCES:bpf/%.bpf.c=$(BUILD)/clang/$(1)/%.bpf.o): $(BUILD)/clang/$(1)/%.bpf.o: \
		bpf/%.bpf.c $(BPF_TYPES) | $(VMLINUX_H) $(LIBBPF_READY)
	$(call say,BPF,$$@)
	$(Q)mkdir -p $$(@D)
	$(Q)clang-$(1) $(BPF_CFLAGS) -I $$(<D) -MMD -MP -c $$< -o $$@ || \
		echo "clang-$(1) failed" >$$@

$(BUILD)/clang/$(1)/docs/%.bpf.o: $(BUILD)/docs/%.bpf.o
	$(call say,BPF,$$@)
	$(Q)mkdir -p $$(@D)
	$(Q)clang-$(1) -O2 -g -Wall -Werror -target bpf -I include -c $$(<:.o=.c) -o $$@ || \
		echo "clang-$(1) failed" >$$@
endef
$(foreach v,$(CLANGS),$(eval $(call clang_rules,$(v))))

-include $(CLANG_OBJECTS:.o=.d)

TEST_PROGS += $(CLANG_OBJECTS)
