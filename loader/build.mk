# SPDX-License-Identifier: GPL-2.0-only
# libbusext and bxctl. The rules in the Makefile compile their BPF programs
# (bxctl_*.bpf.c), which are linked in as skeletons.

LOADER_SKEL := $(BUILD)/loader/bxctl_change.skel.h $(BUILD)/loader/bxctl_query.skel.h \
	$(BUILD)/bpf/rules.skel.h
LIBBUSEXT   := $(BUILD)/lib/libbusext.a
BXCTL       := $(BUILD)/bin/bxctl
# include/uapi comes first: here <linux/bus_ext.h> is the shared header, as in an
# installation, not the header for kernel drivers. <linux/bpf.h> is that of libbpf's
# source: the distribution's may be too old.
LOADER_CFLAGS = $(CFLAGS) -std=gnu11 -D_GNU_SOURCE $(WARNINGS) -Werror \
	-I include/uapi $(CPPFLAGS) $(LOADER_EXTRA_CFLAGS) \
	-isystem $(BUILD)/tools/source/tools/include/uapi

# The flags of Debian's packages, also if no flags are set. Not for programs that are built
# with sanitizers.
HARDEN_CFLAGS = $(if $(findstring _FORTIFY_SOURCE,$(CFLAGS) $(CPPFLAGS)),,-D_FORTIFY_SOURCE=2) \
	-fstack-protector-strong -Wformat -Wformat-security
HARDEN_LDFLAGS := -Wl,-z,relro -Wl,-z,now

LOADER_LIBS = $(LIBBPF_LIBS) -lelf -lyaml -lcrypto -lkmod

LOADER_LIB_OBJS := $(patsubst %.c,$(BUILD)/%.o,$(wildcard loader/lib/*.c))
LOADER_CMD_OBJS := $(patsubst %.c,$(BUILD)/%.o,$(wildcard loader/cmd/*.c))

$(LOADER_LIB_OBJS) $(LOADER_CMD_OBJS): $(BUILD)/%.o: %.c | $(LOADER_SKEL) $(LIBBPF_READY)
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(HARDEN_CFLAGS) $(LOADER_CFLAGS) -MMD -MP -c $< -o $@

# The skeletons are generated: the only file that includes them depends on them.
$(BUILD)/loader/lib/control.o: $(LOADER_SKEL)

$(LIBBUSEXT): $(LOADER_LIB_OBJS)
	$(call say,AR,$@)
	$(Q)mkdir -p $(@D)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(BXCTL): $(LOADER_CMD_OBJS) $(LIBBUSEXT)
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(HARDEN_LDFLAGS) $(LDFLAGS) $(LOADER_EXTRA_CFLAGS) -o $@ $^ $(LOADER_LIBS)

-include $(LOADER_LIB_OBJS:.o=.d) $(LOADER_CMD_OBJS:.o=.d)

# For programs that are linked with the library; install.sh fills in its directory. A
# libbpf of our own is installed beside the library.
LIBBUSEXT_PC := $(BUILD)/loader/libbusext.pc
BX_VERSION   := $(shell sed -n 's/^.define BXCTL_VERSION\s*"\(.*\)"/\1/p' loader/cmd/bxctl.h)
$(LIBBUSEXT_PC): loader/libbusext.pc.in loader/build.mk loader/cmd/bxctl.h $(CONFIG_MK)
	$(Q)mkdir -p $(@D)
	$(Q)sed -e 's|@VERSION@|$(BX_VERSION)|' -e 's|@LIBS@|$(strip $(patsubst \
		%/libbpf.a,-L$${libdir}/bus_ext -lbpf,$(LOADER_LIBS)))|' $< >$@

ALL += $(BXCTL) $(LIBBUSEXT_PC)

# Tests in C; the others are scripts (loader/tests/*.sh).
JSON_TEST := $(BUILD)/loader/tests/json_writer
RING_TEST := $(BUILD)/loader/tests/ring
UNASKED   := $(BUILD)/loader/tests/unasked
STORAGE_TEST := $(BUILD)/loader/tests/storage
SIGNER    := $(BUILD)/loader/tests/signer

$(JSON_TEST): loader/tests/json_writer.c $(BUILD)/loader/cmd/json_writer.o
$(RING_TEST): loader/tests/ring.c $(LIBBUSEXT)
$(STORAGE_TEST): loader/tests/storage.c $(LIBBUSEXT)
$(SIGNER): loader/tests/signer.c $(LIBBUSEXT)
$(UNASKED): loader/tests/unasked.c $(LIBBUSEXT)
$(JSON_TEST) $(RING_TEST) $(SIGNER) $(UNASKED) $(STORAGE_TEST):
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(LOADER_CFLAGS) $(LDFLAGS) -o $@ $^ $(LOADER_LIBS)

# killat uses no code of this project.
KILLAT := $(BUILD)/loader/tests/killat
$(KILLAT): loader/tests/killat.c
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) -std=gnu11 -D_GNU_SOURCE $(WARNINGS) -Werror $(LDFLAGS) -o $@ $<

# bxctl with faults at its steps: all files but kernel.c and control.c, with sanitizers
# and a fake kernel. Each test is linked with all of these files.
LOADER_NATIVE := rules_engine crash_safety objects text yaml holders bxctl rules_text rules_eval rules_import
NATIVE_TESTS  := $(LOADER_NATIVE:%=$(BUILD)/loader/tests/native/%)
NATIVE_SOURCES := $(wildcard loader/tests/native/*.c loader/cmd/*.c) \
	$(filter-out %/kernel.c %/control.c,$(wildcard loader/lib/*.c))
NATIVE_OBJS   := $(NATIVE_SOURCES:%.c=$(BUILD)/loader/tests/native/%.o)
NATIVE_MAINS  := $(LOADER_NATIVE:%=$(BUILD)/loader/tests/native/loader/tests/native/%.o)
# Tables of rules: a text in the tests of bxctl, the maps of the tests' kernel in the others
NATIVE_TEXT   := $(BUILD)/loader/tests/native/loader/tests/native/fake_rules.o
NATIVE_TABLES := $(BUILD)/loader/tests/native/loader/lib/rules_apply.o
NATIVE_SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=undefined

$(NATIVE_OBJS): $(BUILD)/loader/tests/native/%.o: %.c | $(LIBBPF_READY)
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(LOADER_CFLAGS) -O1 -fno-var-tracking $(NATIVE_SANITIZE) -I loader -MMD -MP -c $< -o $@

$(BUILD)/loader/tests/native/loader/tests/native/fake_kernel.o: $(BUILD)/bpf/rules.skel.h
$(BUILD)/loader/tests/native/loader/cmd/main.o: LOADER_CFLAGS += -Dmain=bxctl_main
# The headers that come with libbpf lack <linux/compiler.h>, which one of them includes.
$(BUILD)/loader/tests/native/loader/tests/native/steps.o: LOADER_CFLAGS = $(CFLAGS) -std=gnu11 \
	-D_GNU_SOURCE $(WARNINGS) -Werror

# The test counts these calls: the cost of a file, independent of the machine.
$(BUILD)/loader/tests/native/yaml: NATIVE_LDFLAGS := -Wl,--wrap=yaml_parser_parse,--wrap=strcmp

$(NATIVE_TESTS): $(BUILD)/loader/tests/native/%: \
		$(BUILD)/loader/tests/native/loader/tests/native/%.o \
		$(filter-out $(NATIVE_MAINS) $(NATIVE_TEXT) $(NATIVE_TABLES),$(NATIVE_OBJS))
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS) $(NATIVE_LDFLAGS) $(NATIVE_SANITIZE) -Wl,-z,now -o $@ $^ \
		$(LOADER_LIBS)

$(BUILD)/loader/tests/native/bxctl: $(NATIVE_TEXT)
$(filter-out %/bxctl,$(NATIVE_TESTS)): $(NATIVE_TABLES)

# It knows its half of the faults by its name.
NATIVE_ERRORS := $(BUILD)/loader/tests/native/crash_safety_errors
$(NATIVE_ERRORS): $(BUILD)/loader/tests/native/crash_safety
	$(Q)ln -f $< $@

-include $(NATIVE_OBJS:.o=.d)

TEST_PROGS += $(BXCTL) $(JSON_TEST) $(RING_TEST) $(SIGNER) $(UNASKED) $(STORAGE_TEST) $(KILLAT) \
	$(if $(ARCH),,$(NATIVE_TESTS) $(NATIVE_ERRORS))

# Fuzz targets: the readers of untrusted files, with stubs for the kernel.
FUZZ_NAMES   := $(filter-out stubs,$(basename $(notdir $(wildcard loader/tests/fuzz/*.c))))
FUZZ_PROGS   := $(FUZZ_NAMES:%=$(BUILD)/fuzz/%)
FUZZ_SOURCES := loader/tests/fuzz/stubs.c $(filter-out %/control.c %/contract.c %/activate.c %/install.c %/rules_apply.c \
	%/site_set.c %/installed.c %/changes.c %/canary.c %/listing.c %/owners.c %/boot.c,$(wildcard loader/lib/*.c))
FUZZ_CFLAGS   = $(subst -Werror,,$(LOADER_CFLAGS)) -O1 -fno-omit-frame-pointer \
	-fsanitize=address,undefined -fno-sanitize-recover=undefined
FUZZ_OBJS    := $(FUZZ_SOURCES:%.c=$(BUILD)/fuzz/%.o)

$(FUZZ_OBJS): $(BUILD)/fuzz/%.o: %.c | $(LIBBPF_READY)
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(FUZZ_CFLAGS) -fsanitize=fuzzer-no-link -MMD -MP -c $< -o $@

# An archive, not the objects: unused functions of a target need no stub.
$(BUILD)/fuzz/lib.a: $(FUZZ_OBJS)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(FUZZ_PROGS): $(BUILD)/fuzz/%: loader/tests/fuzz/%.c loader/tests/fuzz/fuzz.h $(BUILD)/fuzz/lib.a
	$(call say,LINK,$@)
	$(Q)$(CLANG) $(FUZZ_CFLAGS) -fsanitize=fuzzer -o $@ $< $(BUILD)/fuzz/lib.a $(LOADER_LIBS)

-include $(FUZZ_OBJS:.o=.d)
