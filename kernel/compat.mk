# SPDX-License-Identifier: GPL-2.0-only
# Differences between kernels, for compat.h: each is looked for in the headers, because a
# version number does not tell about backports. compat.h says what each one means.
#
# The versions are those in which a difference was seen: of Debian's kernels 6.12.117 has the
# old form of all, 7.2.6 the new one.

bx-headers := $(srctree)/include/linux
# $(call bx-has,MACRO,PATTERN,FILE): defines the macro if the file has the pattern
bx-has = $(shell grep -qsE '$(2)' $(bx-headers)/$(3) && echo -D$(1))
# The same if the file does not have it
bx-lacks = $(shell grep -qsE '$(2)' $(bx-headers)/$(3) || echo -D$(1))

# Kernels have driver_override in struct device, or, older ones, in the structures of each
# bus, or in both: 6.12.117 and 7.1.
bx-compat := $(shell grep -qs __device_set_driver_override $(bx-headers)/device.h && \
	! grep -qsE 'char[[:space:]]*\*driver_override;' \
	  $(bx-headers)/pci.h $(bx-headers)/platform_device.h && \
	echo -DBX_GENERIC_DRIVER_OVERRIDE)
# in 6.12.117
bx-compat += $(call bx-has,BX_READY_TO_PROBE,accessors.ready_to_probe,device.h)
# until 7.3.4 at least
bx-compat += $(call bx-lacks,BX_TYPE_PARENT_LOCK,need_parent_lock,device/bus.h)
# in 7.2.6
bx-compat += $(call bx-has,BX_CONST_BIN_ATTRIBUTE,ssize_t .*read.*struct file.*const struct bin_attribute,sysfs.h)
# until 6.12
bx-compat += $(call bx-has,BX_PCI_MATCH_DRIVER,match_driver:1,pci.h)
# until 6.12; hrtimer_setup() is newer
bx-compat += $(call bx-lacks,BX_HRTIMER_INIT,void hrtimer_setup\b,hrtimer.h)
# in 7.2.6
bx-compat += $(call bx-has,BX_VFIO_REGION_INFO,get_region_info_caps,vfio.h)
