// SPDX-License-Identifier: GPL-2.0-only
/* A policy that does nothing */
#include <bpf/bus_ext.bpf.h>

BX_POLICY(no_program, .bus = "pci");
