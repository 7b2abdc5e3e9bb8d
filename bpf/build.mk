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
