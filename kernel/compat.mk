# SPDX-License-Identifier: GPL-2.0-only
# Looks in the headers for the differences between kernels, because a version number does not
# tell about backports. For each macro, an entry of compat.h says what it means and since which
# version it is needed.

bx-headers := $(srctree)/include/linux
# $(call bx-has,MACRO,PATTERN,FILE): defines the macro if the file has the pattern
bx-has = $(shell grep -qsE '$(2)' $(bx-headers)/$(3) && echo -D$(1))
# The same if the file does not have it
bx-lacks = $(shell grep -qsE '$(2)' $(bx-headers)/$(3) || echo -D$(1))

bx-compat := $(shell grep -qs __device_set_driver_override $(bx-headers)/device.h && \
	! grep -qsE 'char[[:space:]]*\*driver_override;' \
	  $(bx-headers)/pci.h $(bx-headers)/platform_device.h && \
	echo -DBX_GENERIC_DRIVER_OVERRIDE)
bx-compat += $(call bx-has,BX_READY_TO_PROBE,accessors.ready_to_probe,device.h)
bx-compat += $(call bx-has,BX_PCI_MATCH_DRIVER,bool[[:space:]]+match_driver;|match_driver:1;,pci.h)
bx-compat += $(call bx-lacks,BX_TYPE_PARENT_LOCK,need_parent_lock,device/bus.h)
bx-compat += $(call bx-has,BX_CONST_BIN_ATTRIBUTE,ssize_t .*read.*struct file.*const struct bin_attribute,sysfs.h)
bx-compat += $(call bx-has,BX_UNTRUSTED_ARGS,define KF_TRUSTED_ARGS,btf.h)
bx-compat += $(call bx-lacks,BX_HRTIMER_INIT,void hrtimer_setup\b,hrtimer.h)
bx-compat += $(call bx-has,BX_VFIO_REGION_INFO,get_region_info_caps,vfio.h)
