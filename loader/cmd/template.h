/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * bxctl: the bundle that 'bxctl new' writes; @NAME@ is its name, @IDENT@ the same
 * as a variable in C
 */
#ifndef _BXCTL_TEMPLATE_H
#define _BXCTL_TEMPLATE_H

static const char template_manifest[] =
"# The manifest of the bundle: see bus_ext's docs/bundle.md\n"
"bundle: @NAME@\n"
"version: 0.1.0\n"
"vendor: (who makes it)\n"
"summary: virtual functions go to vfio-pci\n"
"requires: 0.1.0\n"
"\n"
"# The devices that its policies may decide about\n"
"claims:\n"
"  - bus: pci\n"
"    vendor: 0x1b36\n"
"\n"
"policies:\n"
"  - @NAME@.bpf.o\n"
"\n"
"# The drivers that they may name; an initramfs gets their modules\n"
"drivers: [ vfio-pci ]\n"
"\n"
"# Settings for the operator: variables of the policies\n"
"settings:\n"
"  first_vf:\n"
"    type: int\n"
"    min: 0\n"
"    max: 65535\n"
"    default: 0\n"
"    help: virtual functions from this one on go to vfio-pci\n";

static const char template_policy[] =
"// SPDX-License-Identifier: GPL-2.0-only\n"
"#include <bpf/bus_ext.bpf.h>\n"
"\n"
"/* A setting: see bundle.yaml. */\n"
"const volatile s32 first_vf = 0;\n"
"\n"
"static s32 BX_OP(@IDENT@_select, struct bx_select_ctx *ctx)\n"
"{\n"
"\tif (!(ctx->dev.flags & BX_DEV_VF) || ctx->dev.vf_index < first_vf)\n"
"\t\treturn BX_PASS;\n"
"\treturn bx_select(ctx, \"vfio-pci\");\n"
"}\n"
"\n"
"BX_POLICY(@IDENT@,\n"
"\t.bus = \"pci\",\n"
"\t.vendor = 0x1b36,\n"
"\t.version = 1,\n"
"\t.select = (void *)@IDENT@_select,\n"
");\n";

static const char template_cases[] =
"- name: a virtual function goes to vfio-pci\n"
"  device: { bus: pci, vendor: 0x1b36, device: 0x0010, vf_index: 0 }\n"
"  drivers: [ nvme, vfio-pci ]\n"
"  expect: { driver: vfio-pci, policy: @IDENT@ }\n"
"\n"
"- name: the physical function stays with its own driver\n"
"  device: { bus: pci, vendor: 0x1b36, device: 0x0010, pf: true }\n"
"  drivers: [ nvme, vfio-pci ]\n"
"  expect: { driver: nvme, by: kernel }\n"
"\n"
"- name: other vendors are left alone\n"
"  device: { bus: pci, vendor: 0x8086, device: 0x0001, vf_index: 0 }\n"
"  drivers: [ igbvf, vfio-pci ]\n"
"  expect: { driver: igbvf, by: kernel }\n";

/* ---- a bundle with only rules ---- */

static const char template_rules_manifest[] =
"# The manifest of the bundle: see bus_ext's docs/bundle.md\n"
"bundle: @NAME@\n"
"version: 0.1.0\n"
"vendor: (who makes it)\n"
"summary: virtual functions go to vfio-pci\n"
"requires: 0.1.0\n"
"\n"
"# The devices that its rules may decide about\n"
"claims:\n"
"  - bus: pci\n"
"    vendor: 0x1b36\n"
"\n"
"rules:\n"
"  - @NAME@.rules\n"
"\n"
"# The drivers that they may name; an initramfs gets their modules\n"
"drivers: [ vfio-pci ]\n"
"\n"
"# Settings for the operator: $first_vf in the rules\n"
"settings:\n"
"  first_vf:\n"
"    type: int\n"
"    min: 0\n"
"    max: 65535\n"
"    default: 0\n"
"    help: virtual functions from this one on go to vfio-pci\n";

static const char template_rules[] =
"# PATTERN  CONDITIONS  VERDICT: see bus_ext's docs/rules.md\n"
"pci:v00001B36d*  virtfn vf-index=$first_vf-65535  driver=vfio-pci\n";

static const char template_rules_cases[] =
"- name: a virtual function goes to vfio-pci\n"
"  device: { bus: pci, vendor: 0x1b36, device: 0x0010, vf_index: 0 }\n"
"  drivers: [ nvme, vfio-pci ]\n"
"  expect: { driver: vfio-pci, policy: @NAME@.pci.1b36 }\n"
"\n"
"- name: the physical function stays with its own driver\n"
"  device: { bus: pci, vendor: 0x1b36, device: 0x0010, pf: true }\n"
"  drivers: [ nvme, vfio-pci ]\n"
"  expect: { driver: nvme, by: kernel }\n"
"\n"
"- name: other vendors are left alone\n"
"  device: { bus: pci, vendor: 0x8086, device: 0x0001, vf_index: 0 }\n"
"  drivers: [ igbvf, vfio-pci ]\n"
"  expect: { driver: igbvf, by: kernel }\n";

#endif /* _BXCTL_TEMPLATE_H */
